"""The engine against the genuine schedulers of PyTorch and transformers, constructed here from the document and stepped."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import oracle
import pytest
import strategies
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import optimization

import lrlab
from lrlab.schedules import KINDS

pytestmark = pytest.mark.torch

LONGEST = strategies.TICKS
GENUINE = [kind for kind in KINDS if kind.startswith(("torch.", "transformers."))]
HORIZONS = ("T_max", "total_steps", "num_training_steps")
CALLABLES = {"lr_lambda": "epoch", "scale_fn": "x"}


def function(text: str, argument: str) -> Any:
    source = text if text.startswith("lambda") else f"lambda {argument}: {text}"
    return eval(source, {"math": math, "np": np})  # noqa: S307 (Python's own reading of the tests' expressions is the oracle)


def genuine(optimizer: torch.optim.Optimizer, schedule: dict[str, Any], ticks: int) -> Any:
    """The native scheduler of a document's schedule; null horizons are the ticks left."""
    framework, native = schedule["kind"].split(".", 1)
    arguments = {name: value for name, value in schedule.items() if name != "kind"}
    for name, value in arguments.items():
        if name in HORIZONS and value is None and not (arguments.get("epochs") and arguments.get("steps_per_epoch")):
            arguments[name] = max(ticks, 1)
        if name in CALLABLES and value is not None:
            argument = CALLABLES[name]
            arguments[name] = [function(v, argument) for v in value] if isinstance(value, list) else function(value, argument)
    if native == "SequentialLR":
        begins = [0, *(max(m, 0) for m in arguments["milestones"])]
        ends = [min(end, ticks) for end in [*begins[1:], ticks]]
        parts = zip(arguments["schedulers"], begins, ends, strict=True)
        arguments["schedulers"] = [genuine(optimizer, part, end - begin) for part, begin, end in parts]
    return getattr(torch.optim.lr_scheduler if framework == "torch" else optimization, native)(optimizer, **arguments)


def sgd(rates: float | list[float]) -> torch.optim.Optimizer:
    groups = rates if isinstance(rates, list) else [rates]
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in groups], momentum=0.9)


def follow(document: dict[str, Any], ticks: int) -> tuple[list[list[float]], list[list[float]], bool]:
    """Rates and momenta of the genuine scheduler at ticks 0, 1, ... for each group, and whether it raised before the last."""
    trial = document["trials"][0]
    optimizer = sgd(trial["base_lr"])
    scheduler = genuine(optimizer, trial["schedule"], ticks)
    lr, momentum, raised = [], [], False
    for tick in range(ticks + 3):
        lr.append([float(group["lr"]) for group in optimizer.param_groups])
        momentum.append([float(group["momentum"]) for group in optimizer.param_groups])
        optimizer.step()
        try:
            scheduler.step()
        except (ValueError, ZeroDivisionError):
            raised = True
            break
        del tick
    return np.transpose(lr).tolist(), np.transpose(momentum).tolist(), raised


def check(document: dict[str, Any]) -> None:
    """The engine gives the rates (and momenta, where it says that they are cycled) of the genuine scheduler, up to where that raises."""
    ticks = document["run"]["total_steps"]
    lr, momentum, raised = follow(document, ticks)
    experiment = lrlab.experiment.parse(document)
    run, trial = experiment.run, experiment.trials[0]
    steps = np.arange(len(lr[0]))
    oracle.same(np.atleast_2d(lrlab.engine.lr(run, trial, steps)), lr, f"{document['trials'][0]}")
    cycled = lrlab.engine.momentum(run, trial, steps)
    oracle.same(np.atleast_2d(cycled if cycled is not None else np.full((len(lr), steps.size), 0.9)), momentum, f"momentum of {document['trials'][0]}")
    if hasattr(trial.bound(run)[0], "raises_at"):
        raises_at = min(schedule.raises_at() for schedule in trial.bound(run))
        assert (steps.size == raises_at) if raised else (raises_at >= steps.size), f"{document['trials'][0]} raises at {raises_at}, torch: {raised} {steps.size}"


@pytest.mark.parametrize("kind", GENUINE)
@given(data=st.data())
def test_the_engine_gives_the_rates_and_momenta_of_the_genuine_scheduler(kind: str, data: st.DataObject) -> None:
    check(data.draw(strategies.documents(kind, "step")))
