"""The genuine schedulers, made from lrlab's documents and stepped as their frameworks say: what the engine is compared
with.
"""

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
from unittest import mock

import numpy as np
import torch

HORIZONS = ("T_max", "total_steps", "num_training_steps")
ARGUMENTS = {
    "torch": {"lr_lambda": "epoch", "scale_fn": "x"},
    "paddle": {"lr_lambda": "epoch", "scale_fn": "x"},
    "keras": {"schedule": "epoch, lr"},
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
    return torch.optim.Adam(
        [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates], lr=rates[0]
    )


def _stepped(
    optimizer: torch.optim.Optimizer, step: Callable[[int], Any], count: int, *, betas: bool = False
) -> Followed:
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


def _with_metrics(
    schedule: dict[str, Any], step: Callable[[float], Any], otherwise: Callable[[], Any] = lambda: None
) -> Callable[[int], Any]:
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
        found["schedulers"] = [
            torch_scheduler(optimizer, part, span) for part, span in zip(found["schedulers"], spans, strict=True)
        ]
    elif native == "ChainedScheduler":
        return torch.optim.lr_scheduler.ChainedScheduler(
            [torch_scheduler(optimizer, part, ticks) for part in found["schedulers"]], optimizer
        )
    module = torch.optim.swa_utils if native == "SWALR" else torch.optim.lr_scheduler
    return getattr(module, native)(optimizer, **found)


def _torch(trial: dict[str, Any], ticks: int) -> Followed:
    schedule, optimizer = trial["schedule"], sgd(trial["base_lr"])
    scheduler = torch_scheduler(optimizer, schedule, ticks)
    shown = schedule["kind"].endswith("ReduceLROnPlateau")
    return _stepped(
        optimizer, _with_metrics(schedule, scheduler.step) if shown else lambda _: scheduler.step(), ticks + 3
    )


def transformers_scheduler(optimizer: torch.optim.Optimizer, schedule: dict[str, Any], ticks: int) -> Any:
    """What the native function makes."""
    optimization = importlib.import_module("transformers.optimization")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which of two arguments wins
        return getattr(optimization, schedule["kind"].partition(".")[2])(optimizer, **arguments(schedule, ticks))


def _transformers(trial: dict[str, Any], ticks: int) -> Followed:
    schedule, optimizer = trial["schedule"], sgd(trial["base_lr"])
    scheduler = transformers_scheduler(optimizer, schedule, ticks)
    shown = schedule["kind"].endswith(("get_reduce_on_plateau_schedule", "get_greedy_schedule"))
    return _stepped(
        optimizer, _with_metrics(schedule, scheduler.step) if shown else lambda _: scheduler.step(), ticks + 3
    )


@functools.cache
def timm_schedulers() -> Any:
    """timm.scheduler alone: timm itself wants torchvision, of which its schedulers need nothing."""
    package = types.ModuleType("timm")
    spec = importlib.util.find_spec("timm")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec  # others look whether it is there
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
        scheduler = getattr(timm_schedulers(), schedule["kind"].partition(".")[2])(optimizer, **found)
    if schedule["kind"].endswith("PlateauLRScheduler"):
        shown = metrics(schedule)
        return _stepped(optimizer, lambda t: scheduler.step(t, metric=next(shown, None)), ticks + 3)
    return _stepped(optimizer, scheduler.step if found.get("t_in_epochs", True) else scheduler.step_update, ticks + 3)


@functools.cache
def deepspeed_schedulers() -> Any:
    """DeepSpeed's module of schedulers alone, from its source distribution: all of it wants a compiler and a GPU."""
    source = next(Path(os.environ["LRLAB_DEEPSPEED"]).glob("deepspeed-*.tar.gz"))
    with tarfile.open(source) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith("deepspeed/runtime/lr_schedules.py"))
        text = archive.extractfile(member).read().decode()  # type: ignore[union-attr]
    utils = types.ModuleType("deepspeed.utils")
    utils.logger = types.SimpleNamespace(warning=lambda *_: None, info=lambda *_: None)  # type: ignore[attr-defined]
    module = types.ModuleType("lr_schedules")
    with mock.patch.dict(
        sys.modules, {"deepspeed": types.ModuleType("deepspeed"), "deepspeed.utils": utils}
    ):  # others look whether it is there
        exec(compile(text, str(source), "exec"), module.__dict__)  # noqa: S102 (the genuine code)
    return module


def _deepspeed(trial: dict[str, Any], ticks: int) -> Followed:
    schedule, optimizer = trial["schedule"], adam(trial["base_lr"])
    found = arguments(schedule, ticks)
    if found.get("total_num_steps", 0) is None:
        found["total_num_steps"] = max(ticks, 1)
    scheduler = getattr(deepspeed_schedulers(), schedule["kind"].partition(".")[2])(optimizer, **found)
    followed = _stepped(optimizer, lambda _: scheduler.step(), ticks + 3, betas=True)
    if not (schedule["kind"].endswith("OneCycle") and found.get("cycle_momentum", True)):
        followed.momentum = None
    return followed


# --- functions of the count


def optax_schedule(schedule: dict[str, Any], ticks: int) -> Any:
    """The native function; null horizons are the ticks left, less a warmup that they exclude."""
    native = schedule["kind"].partition(".")[2]
    found = arguments(schedule, ticks)
    if native == "join_schedules":
        begins = [0, *(max(b, 0) for b in found["boundaries"])]
        spans = [min(end, ticks) - begin for begin, end in zip(begins, [*begins[1:], ticks], strict=True)]
        found["schedules"] = [optax_schedule(part, span) for part, span in zip(found["schedules"], spans, strict=True)]
    for name in ("decay_steps", "transition_steps"):
        if found.get(name, 0) is None:
            warmup = found.get("warmup_steps", 0)
            left = max(ticks, 1)
            found[name] = max(left, warmup + 1) if name == "decay_steps" and warmup else max(left - warmup, 1)
    if found.get("boundaries_and_scales"):
        found["boundaries_and_scales"] = {int(tick): factor for tick, factor in found["boundaries_and_scales"].items()}
    return getattr(importlib.import_module("optax.schedules"), native)(**found)


def _optax(trial: dict[str, Any], ticks: int) -> Followed:
    import jax  # noqa: PLC0415 (heavy)
    import jax.numpy as jnp  # noqa: PLC0415

    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 (jax's signature)
    schedule = trial["schedule"]
    if schedule["kind"] == "optax.contrib.reduce_on_plateau":
        return _optax_plateau(trial, ticks)
    rate = optax_schedule(schedule, ticks)
    values = jax.vmap(lambda count: jnp.asarray(rate(count), dtype=jnp.float64))(jnp.arange(ticks + 3, dtype=jnp.int64))
    return Followed(
        [np.broadcast_to(np.asarray(values, dtype=np.float64), ticks + 3).tolist()] * len(groups(trial["base_lr"])),
        None,
        raised=False,
    )


def _optax_plateau(trial: dict[str, Any], ticks: int) -> Followed:
    import jax.numpy as jnp  # noqa: PLC0415 (heavy)
    from optax import contrib  # noqa: PLC0415

    schedule = trial["schedule"]
    transform = contrib.reduce_on_plateau(**arguments(schedule, ticks))
    parameters = jnp.zeros((), dtype=jnp.float64)
    state, shown, scales = transform.init(parameters), metrics(schedule), []
    for _ in range(ticks + 3):
        scales.append(float(state.scale))
        value = next(shown, None)
        if value is not None:
            _, state = transform.update(parameters, state, value=jnp.asarray(value, dtype=jnp.float64))
    return Followed([[rate * scale for scale in scales] for rate in groups(trial["base_lr"])], None, raised=False)


@functools.cache
def keras() -> Any:
    """Keras over torch, the only backend that keeps double precision in its cosine."""
    os.environ["KERAS_BACKEND"] = "torch"
    genuine = importlib.import_module("keras")
    genuine.backend.set_floatx("float64")
    return genuine


def _keras_rates(trial: dict[str, Any], ticks: int) -> Followed:
    genuine, schedule = keras(), trial["schedule"]
    native, found = schedule["kind"].partition(".")[2], arguments(schedule, ticks)
    many = len(groups(trial["base_lr"]))
    if native == "ReduceLROnPlateau":
        lr = []
        if found.get("mode", "auto") == "auto" and "loss" not in found.get("monitor", "val_loss"):
            found["mode"] = "max"  # what keras finds out from the compiled metrics, of which there are none here
        for rate in groups(trial["base_lr"]):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an unknown mode is taken for "auto"
                callback, shown = genuine.callbacks.ReduceLROnPlateau(**found), metrics(schedule)
            model = types.SimpleNamespace(optimizer=types.SimpleNamespace(learning_rate=rate))
            lr.append(_keras_callback(callback, model, lambda c, e, shown=shown: _shown(c, e, shown), ticks))
        return Followed(lr, None, raised=False)
    if native == "LearningRateScheduler":
        lr = []
        for rate in groups(trial["base_lr"]):
            model = types.SimpleNamespace(optimizer=types.SimpleNamespace(learning_rate=rate))
            lr.append(
                _keras_callback(
                    genuine.callbacks.LearningRateScheduler(**found),
                    model,
                    lambda c, e: c.on_epoch_begin(e),
                    ticks,
                    before=True,
                )
            )
        return Followed(lr, None, raised=False)
    if found.get("decay_steps", 0) is None:
        excluded = found.get("warmup_steps", 0) if found.get("warmup_target") is not None else 0
        found["decay_steps"] = max(max(ticks, 1) - excluded, 1)
    rate = getattr(genuine.optimizers.schedules, native)(**found)
    return Followed([[float(rate(tick)) for tick in range(ticks + 3)]] * many, None, raised=False)


def _shown(callback: Any, epoch: int, values: Iterator[float]) -> None:
    value = next(values, None)
    if value is not None:
        callback.on_epoch_end(epoch, {callback.monitor: value})


def _keras_callback(
    callback: Any, model: Any, call: Callable[[Any, int], Any], ticks: int, *, before: bool = False
) -> list[float]:
    """The model's rate in each epoch, the callback called before it or after it."""
    callback.set_model(model)
    callback.on_train_begin()
    lr = []
    for epoch in range(ticks + 3):
        if before:
            call(callback, epoch)
        lr.append(float(model.optimizer.learning_rate))
        if not before:
            call(callback, epoch)
    return lr


def paddle_scheduler(schedule: dict[str, Any], ticks: int) -> Any:
    """The native scheduler, one nested in it first."""
    found = arguments(schedule, ticks)
    if isinstance(found.get("learning_rate"), dict):
        found["learning_rate"] = paddle_scheduler(found["learning_rate"], ticks - found["warmup_steps"])
    if found.get("decay_steps", 0) is None:
        found["decay_steps"] = max(ticks, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of compilers that are not there
        module = importlib.import_module("paddle.optimizer.lr")
    return getattr(module, schedule["kind"].partition(".")[2])(**found)


def _paddle(trial: dict[str, Any], ticks: int) -> Followed:
    schedule = trial["schedule"]
    scheduler = paddle_scheduler(schedule, ticks)
    shown = schedule["kind"].endswith("ReduceOnPlateau")
    step = _with_metrics(schedule, scheduler.step) if shown else lambda _: scheduler.step()
    lr, raised = [], False
    for tick in range(ticks + 3):
        lr.append(float(scheduler()))
        try:
            step(tick + 1)
        except RAISED:
            raised = True
            break
    return Followed([lr] * len(groups(trial["base_lr"])), None, raised)


FRAMEWORKS: dict[str, Callable[[dict[str, Any], int], Followed]] = {
    "torch": _torch,
    "transformers": _transformers,
    "timm": _timm,
    "deepspeed": _deepspeed,
    "optax": _optax,
    "keras": _keras_rates,
    "paddle": _paddle,
}
