"""The genuine schedulers, made from lrlab's documents and stepped as their frameworks say: what the engine is compared with."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import os
import sys
import tarfile
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

HORIZONS = ("T_max", "total_steps", "num_training_steps")
ARGUMENTS = {
    "torch": {"lr_lambda": "epoch", "scale_fn": "x"},
    "paddle": {"lr_lambda": "epoch", "scale_fn": "x"},
    "keras": {"schedule": "epoch"},
}
RAISED = (ValueError, ZeroDivisionError, RuntimeError)


@dataclass
class Followed:
    """Rates and momenta at ticks 0, 1, ... for each group, and whether the genuine code raised before the last."""

    lr: list[list[float]]
    momentum: list[list[float]] | None
    raised: bool


def follow(document: dict[str, Any], ticks: int) -> Followed:
    """The genuine scheduler of the only trial, followed for a few ticks more than the run has."""
    trial = document["trials"][0]
    framework = trial["schedule"]["kind"].partition(".")[0]
    return FRAMEWORKS[framework](trial, ticks)


def function(text: Any, argument: str) -> Any:
    """Python's own reading of an expression."""
    if isinstance(text, list):
        return [function(item, argument) for item in text]
    source = text if text.startswith("lambda") else f"lambda {argument}: {text}"
    return eval(source, {"math": math, "np": np})  # noqa: S307 (the oracle)


def arguments(schedule: dict[str, Any], ticks: int) -> dict[str, Any]:
    """The native arguments: null horizons are the ticks left, expressions are functions."""
    framework = schedule["kind"].partition(".")[0]
    found = {name: value for name, value in schedule.items() if name not in ("kind", "metrics")}
    for name, value in found.items():
        if name in HORIZONS and value is None and not (found.get("epochs") and found.get("steps_per_epoch")):
            found[name] = max(ticks, 1)
        argument = ARGUMENTS.get(framework, {}).get(name)
        if argument is not None and value is not None:
            found[name] = function(value, argument)
    return found


def metrics(schedule: dict[str, Any]) -> Iterator[float]:
    """What a metric-driven schedule is shown."""
    return iter([math.nan if value == "nan" else float(value) for value in schedule.get("metrics") or ()])


def groups(base_lr: float | list[float]) -> list[float]:
    return base_lr if isinstance(base_lr, list) else [base_lr]


def sgd(base_lr: float | list[float]) -> torch.optim.Optimizer:
    rates = groups(base_lr)
    named = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(named, lr=rates[0], momentum=0.9)


def adam(base_lr: float | list[float]) -> torch.optim.Optimizer:
    rates = groups(base_lr)
    return torch.optim.Adam([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates], lr=rates[0])


def _stepped(optimizer: torch.optim.Optimizer, step: Callable[[int], Any], count: int, *, betas: bool = False) -> Followed:
    """The optimizer's rates before and after each call of step."""
    lr, momentum, raised = [], [], False
    for tick in range(count):
        lr.append([float(group["lr"]) for group in optimizer.param_groups])
        momentum.append([float(group["betas"][0] if betas else group["momentum"]) for group in optimizer.param_groups])
        optimizer.step()
        try:
            step(tick + 1)
        except RAISED:
            raised = True
            break
    return Followed(np.transpose(lr).tolist(), np.transpose(momentum).tolist(), raised)


def _with_metrics(schedule: dict[str, Any], step: Callable[[float], Any], otherwise: Callable[[], Any] = lambda: None) -> Callable[[int], Any]:
    shown = metrics(schedule)

    def call(_: int) -> None:
        value = next(shown, None)
        otherwise() if value is None else step(value)

    return call


# --- PyTorch and what is built on it


def torch_scheduler(optimizer: torch.optim.Optimizer, schedule: dict[str, Any], ticks: int) -> Any:
    """The native scheduler, those nested in it first."""
    native = schedule["kind"].partition(".")[2]
    found = arguments(schedule, ticks)
    if native == "SequentialLR":
        begins = [0, *(max(m, 0) for m in found["milestones"])]
        spans = [min(end, ticks) - begin for begin, end in zip(begins, [*begins[1:], ticks], strict=True)]
        found["schedulers"] = [torch_scheduler(optimizer, part, span) for part, span in zip(found["schedulers"], spans, strict=True)]
    elif native == "ChainedScheduler":
        return torch.optim.lr_scheduler.ChainedScheduler([torch_scheduler(optimizer, part, ticks) for part in found["schedulers"]], optimizer)
    module = torch.optim.swa_utils if native == "SWALR" else torch.optim.lr_scheduler
    return getattr(module, native)(optimizer, **found)


def _torch(trial: dict[str, Any], ticks: int) -> Followed:
    schedule, optimizer = trial["schedule"], sgd(trial["base_lr"])
    scheduler = torch_scheduler(optimizer, schedule, ticks)
    shown = schedule["kind"].endswith("ReduceLROnPlateau")
    return _stepped(optimizer, _with_metrics(schedule, scheduler.step) if shown else lambda _: scheduler.step(), ticks + 3)


def _transformers(trial: dict[str, Any], ticks: int) -> Followed:
    from transformers import optimization  # noqa: PLC0415 (heavy)

    schedule, optimizer = trial["schedule"], sgd(trial["base_lr"])
    native = schedule["kind"].partition(".")[2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which of two arguments wins
        scheduler = getattr(optimization, native)(optimizer, **arguments(schedule, ticks))
    shown = native in ("get_reduce_on_plateau_schedule", "get_greedy_schedule")
    return _stepped(optimizer, _with_metrics(schedule, scheduler.step) if shown else lambda _: scheduler.step(), ticks + 3)


@functools.cache
def _timm_schedulers() -> Any:
    """timm.scheduler alone: timm itself wants torchvision, of which its schedulers need nothing."""
    package = types.ModuleType("timm")
    spec = importlib.util.find_spec("timm")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["timm"] = package
    return importlib.import_module("timm.scheduler")


def _timm(trial: dict[str, Any], ticks: int) -> Followed:
    schedule, optimizer = trial["schedule"], sgd(trial["base_lr"])
    found = arguments(schedule, ticks)
    warmup = found.get("warmup_t", 0)
    if found.get("t_initial", 0) is None:
        excluded = warmup if found.get("warmup_prefix") or "decay_t" in found else 0
        found["t_initial"] = max(ticks - excluded, found.get("decay_t", 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # timm's own deprecation
        scheduler = getattr(_timm_schedulers(), schedule["kind"].partition(".")[2])(optimizer, **found)
    if schedule["kind"].endswith("PlateauLRScheduler"):
        shown = metrics(schedule)
        return _stepped(optimizer, lambda t: scheduler.step(t, metric=next(shown, None)), ticks + 3)
    return _stepped(optimizer, scheduler.step if found.get("t_in_epochs", True) else scheduler.step_update, ticks + 3)


@functools.cache
def _deepspeed_schedulers() -> Any:
    """DeepSpeed's module of schedulers alone, from its source distribution: the whole of it wants a compiler and a GPU."""
    source = next(Path(os.environ["LRLAB_DEEPSPEED"]).glob("deepspeed-*.tar.gz"))
    with tarfile.open(source) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith("deepspeed/runtime/lr_schedules.py"))
        text = archive.extractfile(member).read().decode()  # type: ignore[union-attr]
    utils = types.ModuleType("deepspeed.utils")
    utils.logger = types.SimpleNamespace(warning=lambda *_: None, info=lambda *_: None)  # type: ignore[attr-defined]
    sys.modules |= {"deepspeed": types.ModuleType("deepspeed"), "deepspeed.utils": utils}
    module = types.ModuleType("lr_schedules")
    exec(compile(text, str(source), "exec"), module.__dict__)  # noqa: S102 (the genuine code)
    return module


def _deepspeed(trial: dict[str, Any], ticks: int) -> Followed:
    schedule, optimizer = trial["schedule"], adam(trial["base_lr"])
    found = arguments(schedule, ticks)
    if found.get("total_num_steps", 0) is None:
        found["total_num_steps"] = max(ticks, 1)
    scheduler = getattr(_deepspeed_schedulers(), schedule["kind"].partition(".")[2])(optimizer, **found)
    followed = _stepped(optimizer, lambda _: scheduler.step(), ticks + 3, betas=True)
    if not (schedule["kind"].endswith("OneCycle") and found.get("cycle_momentum", True)):
        followed.momentum = None
    return followed


FRAMEWORKS: dict[str, Callable[[dict[str, Any], int], Followed]] = {
    "torch": _torch,
    "transformers": _transformers,
    "timm": _timm,
    "deepspeed": _deepspeed,
}
