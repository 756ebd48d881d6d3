"""Resumed runs against the genuine schedulers of PyTorch and transformers, made here with last_epoch, or from saved
state, and stepped.
"""

from __future__ import annotations

import copy
from typing import Any

import budget
import frameworks
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lrlab
from lrlab.plans import resume
from lrlab.schedules import KINDS
from lrlab.schedules.recurrence import MetricDriven

REBUILT = [
    k for k, kind in KINDS.items() if kind.framework in ("torch", "transformers") and not issubclass(kind, MetricDriven)
]
KEPT = [k for k in KINDS if k.startswith(("torch.", "transformers."))]
COUNT = 3
"""How far past the end of the run the rates are followed."""

LAMBDA = {"kind": "torch.LambdaLR", "lr_lambda": "0.95 ** epoch"}
CYCLIC = {"kind": "torch.CyclicLR", "base_lr": 0.2, "max_lr": 0.6, "step_size_up": 4}
ONE_CYCLE = {
    "kind": "torch.SequentialLR",
    "milestones": [12],
    "schedulers": [{"kind": "torch.OneCycleLR", "max_lr": 0.3, "total_steps": 15}, LAMBDA],
}
COSINE_OF_ONE = {
    "kind": "torch.SequentialLR",
    "milestones": [3],
    "schedulers": [LAMBDA, {"kind": "torch.CosineAnnealingLR", "T_max": 1}],
}


def with_last_epoch(schedule: dict[str, Any], last_epoch: int) -> dict[str, Any]:
    """The arguments of a scheduler made anew: a chain has no such argument, its parts have it; the parts of a sequence
    are as at the start.
    """
    if schedule["kind"] == "torch.ChainedScheduler":
        return schedule | {"schedulers": [with_last_epoch(part, last_epoch) for part in schedule["schedulers"]]}
    return schedule | {"last_epoch": last_epoch}


def made(optimizer: Any, schedule: dict[str, Any], ticks: int) -> Any:
    maker = frameworks.torch_scheduler if schedule["kind"].startswith("torch.") else frameworks.transformers_scheduler
    return maker(optimizer, schedule, ticks)


def check(document: dict[str, Any], step: int) -> None:
    """lrlab gives the rates of the scheduler made with last_epoch = step - 1 over a new optimizer, and refuses where
    that raises.
    """
    trial, ticks = document["trials"][0], document["run"]["total_steps"]
    experiment = lrlab.document.parse(document)
    steps = np.arange(step, ticks + COUNT)

    def ours() -> Any:
        return np.atleast_2d(resume.after(experiment.run, experiment.trials[0], step, "last_epoch", steps))

    optimizer = frameworks.sgd(trial["base_lr"])
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    try:
        scheduler = made(optimizer, with_last_epoch(trial["schedule"], step - 1), ticks)
    except (KeyError, ZeroDivisionError, ValueError):
        if step < min(schedule.raises_at() for schedule in experiment.trials[0].bound(experiment.run)):
            with pytest.raises(ValueError, match=r"."):
                pytest.fail(f"{trial} at {step}: no genuine scheduler, but {ours()}")
        return
    followed = frameworks._stepped(optimizer, lambda _: scheduler.step(), steps.size)  # noqa: SLF001 (one loop for all)
    try:
        got = ours()
    except ValueError as error:
        assert "CyclicLR" in str(error) or not np.isfinite(followed.lr).all(), f"{trial} at {step}: {error}"  # noqa: PT017 (what is allowed)
        return
    oracle.same(got[:, : len(followed.lr[0])], followed.lr, f"{trial} at {step}")


@pytest.mark.parametrize("kind", REBUILT)
@budget.share("genuine", 600, len(REBUILT))
@given(data=st.data())
def test_last_epoch_alone_gives_the_rates_of_the_genuine_scheduler(kind: str, data: st.DataObject) -> None:
    check(data.draw(strategies.documents(kind, "step")), data.draw(st.integers(1, strategies.TICKS - 2)))


@pytest.mark.parametrize("later", strategies.LATER)
@budget.share("genuine", 250, len(strategies.LATER))
@given(data=st.data())
def test_last_epoch_alone_of_a_sequence(later: str, data: st.DataObject) -> None:
    schedule = data.draw(strategies.sequences(None, None, later))
    document = oracle.document(schedule, steps=strategies.TICKS, base_lr=data.draw(strategies.rates))
    check(document, data.draw(st.integers(1, strategies.TICKS - 1)))


@pytest.mark.parametrize(
    ("schedule", "step"),
    [
        ({"kind": "torch.StepLR", "step_size": 5}, 10),
        ({"kind": "torch.MultiStepLR", "milestones": [4, 10, 10]}, 10),
        ({"kind": "torch.ConstantLR", "factor": 0.25, "total_iters": 10}, 10),
        ({"kind": "torch.ConstantLR", "factor": 0.0, "total_iters": 10}, 10),
        ({"kind": "torch.LinearLR", "start_factor": 1.0, "end_factor": 0.0, "total_iters": 10}, 10),
        ({"kind": "torch.PolynomialLR", "total_iters": 10, "power": 2.0}, 10),
        ({"kind": "torch.CosineAnnealingLR", "T_max": 10, "eta_min": 0.01}, 10),
        ({"kind": "torch.CosineAnnealingLR", "T_max": 10, "eta_min": 0.01}, 11),
        ({"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 3, "T_mult": 2}, 14),
        ({"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 30}, 10),
        ({"kind": "torch.MultiplicativeLR", "lr_lambda": "0 if epoch == 7 else 0.9"}, 10),
        (COSINE_OF_ONE, 10),
        (ONE_CYCLE, 10),
        ({"kind": "torch.ChainedScheduler", "schedulers": [ONE_CYCLE, LAMBDA]}, 10),
        (
            {
                "kind": "torch.ChainedScheduler",
                "schedulers": [{"kind": "torch.ChainedScheduler", "schedulers": [ONE_CYCLE]}, LAMBDA],
            },
            10,
        ),
        ({"kind": "torch.ChainedScheduler", "schedulers": [CYCLIC, LAMBDA]}, 10),
    ],
    ids=str,
)
def test_last_epoch_at_the_turning_points(schedule: dict[str, Any], step: int) -> None:
    check(oracle.document(schedule, steps=30), step)


@pytest.mark.parametrize("kind", KEPT)
@budget.share("genuine", 700, len(KEPT))
@given(data=st.data())
def test_with_all_state_loaded_the_run_goes_on_as_if_it_had_not_stopped(kind: str, data: st.DataObject) -> None:
    document = data.draw(strategies.documents(kind, "step"))
    step = data.draw(st.integers(0, strategies.TICKS - 2))
    trial, ticks = document["trials"][0], document["run"]["total_steps"]
    shown = frameworks.metrics(trial["schedule"])

    def call(scheduler: Any) -> None:
        if not issubclass(KINDS[kind], MetricDriven):
            scheduler.step()
        elif (value := next(shown, None)) is not None:
            scheduler.step(value)

    optimizer = frameworks.sgd(trial["base_lr"])
    scheduler = made(optimizer, trial["schedule"], ticks)
    try:
        for _ in range(step):
            optimizer.step()
            call(scheduler)
    except frameworks.RAISED:
        return
    saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    optimizer = frameworks.sgd(trial["base_lr"])
    scheduler = made(optimizer, trial["schedule"], ticks)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    steps = np.arange(step, ticks + COUNT)
    followed = frameworks._stepped(optimizer, lambda _: call(scheduler), steps.size)  # noqa: SLF001 (one loop for all)
    experiment = lrlab.document.parse(document)
    got = np.atleast_2d(resume.after(experiment.run, experiment.trials[0], step, "state", steps))
    oracle.same(got[:, : len(followed.lr[0])], followed.lr, f"{trial} at {step}")
