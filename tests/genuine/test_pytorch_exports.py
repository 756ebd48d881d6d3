"""The PyTorch module, run in PyTorch."""

from __future__ import annotations

import ast
import json
from typing import Any

import budget
import frameworks
import numpy as np
import oracle
import pytest
import strategies
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lrlab
from lrlab.document.run import ticks
from lrlab.exporters import export
from lrlab.schedules import KINDS

CLOCKS = ("step", "epoch", "micro_batch", "process")
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
ONE_CYCLE = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 9}
TORCH = [kind for kind in KINDS if kind.startswith("torch.")]
OTHERS = [kind for kind in KINDS if kind not in TORCH]
OWN_RATE = {
    "kind": "paddlevideo.CustomWarmupCosineDecay",
    "warmup_start_lr": 0.0,
    "warmup_epochs": 2,
    "cosine_base_lr": 0.2,
    "max_epoch": 9,
    "num_iters": 3,
}
NOT_TORCH = {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 3, "num_training_steps": None}


def sgd(rates: float | list[float]) -> torch.optim.Optimizer:
    groups = rates if isinstance(rates, list) else [rates]
    return torch.optim.SGD(
        [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in groups], momentum=0.9
    )


def drive(
    optimizer: torch.optim.Optimizer, scheduler: Any, experiment: lrlab.Experiment
) -> tuple[list[list[float]], list[list[float]]]:
    """Rates and momenta that each optimizer step of the run uses, for each group; the scheduler is stepped as its clock
    says.
    """
    run, clock = experiment.run, experiment.trials[0].clock
    before = ticks(run, clock, np.arange(run.steps))
    lr, momentum, done = [], [], 0
    shown = frameworks.metrics(experiment.document()["trials"][0]["schedule"])
    for wanted in before.tolist():
        for _ in range(wanted - done):
            optimizer._opt_called = True  # noqa: SLF001 (micro-batches are counted before the first optimizer step, which torch warns about)
            if not isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
                scheduler.step()
            elif (value := next(shown, None)) is not None:
                scheduler.step(value)
        done = wanted
        lr.append([float(group["lr"]) for group in optimizer.param_groups])
        momentum.append([float(group["momentum"]) for group in optimizer.param_groups])
        optimizer.step()
    return np.transpose(lr).tolist(), np.transpose(momentum).tolist()


def module(experiment: lrlab.Experiment) -> dict[str, Any]:
    return oracle.exported(experiment, "pytorch")


def native(code: str) -> bool:
    """Whether the scheduler is torch's own of the schedule's name, and no LambdaLR over a function of ours."""
    return "def learning_rate" not in code


def check(experiment: lrlab.Experiment) -> None:
    run, trial = experiment.run, experiment.trials[0]
    made = module(experiment)
    optimizer = sgd(made["BASE_LR"])
    lr, momentum = drive(optimizer, made["make_scheduler"](optimizer), experiment)
    steps = np.arange(run.steps)
    oracle.same(lr, np.atleast_2d(lrlab.engine.lr(run, trial, steps)), f"{trial}")
    cycled = lrlab.engine.momentum(run, trial, steps)
    code = export(experiment, "pytorch")
    if cycled is not None and native(code):
        oracle.same(momentum, np.atleast_2d(cycled), f"momentum of {trial}")
    assert ("# - the momentum that this schedule cycles\n" in code) == (cycled is not None and not native(code)), code


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_the_scheduler_gives_the_rates_of_every_recorded_document(row: dict[str, Any]) -> None:
    check(lrlab.loads(json.dumps(row["document"])))


@pytest.mark.parametrize("kind", KINDS)
@budget.share("genuine", 2_500, len(KINDS))
@given(data=st.data())
def test_the_scheduler_gives_the_rates_of_drawn_documents(kind: str, data: st.DataObject) -> None:
    check(lrlab.document.parse(data.draw(strategies.documents(kind))))


@pytest.mark.parametrize("schedule", [COSINE, NOT_TORCH], ids=["native", "portable"])
@pytest.mark.parametrize("clock", CLOCKS)
@settings(max_examples=10)
@given(run=strategies.data_runs(), lists=st.booleans())
def test_every_clock_is_carried_over(clock: str, schedule: dict[str, Any], run: dict[str, Any], lists: bool) -> None:
    check(oracle.experiment(schedule, run=run, clock=clock, base_lr=[0.1, 0.5] if lists else 0.1))


@pytest.mark.parametrize("kind", TORCH)
@budget.share("genuine", 400, len(TORCH))
@given(data=st.data())
def test_torch_s_own_scheduler_is_taken_exactly_where_it_does_not_raise(kind: str, data: st.DataObject) -> None:
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind)))
    run, trial = experiment.run, experiment.trials[0]
    raises_at = min(schedule.raises_at() for schedule in trial.bound(run))
    assert native(export(experiment, "pytorch")) == (lrlab.document.run.calls(run, trial.clock) < raises_at)


@pytest.mark.parametrize("kind", OTHERS)
@budget.share("genuine", 250, len(OTHERS))
@given(data=st.data())
def test_schedules_of_others_are_functions(kind: str, data: st.DataObject) -> None:
    assert not native(export(lrlab.document.parse(data.draw(strategies.documents(kind))), "pytorch"))


@pytest.mark.parametrize(("steps", "own"), [(9, True), (10, True), (11, False), (40, False)])
def test_one_cycle_is_native_within_its_steps_only(steps: int, own: bool) -> None:
    """After the last of its steps torch allows one call of step() more, which a run of as many steps makes; then it
    raises.
    """
    experiment = oracle.experiment({"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 10}, steps=steps)
    code = export(experiment, "pytorch")
    assert native(code) == own
    assert ("OneCycleLR(" in code) == own
    made = module(experiment)
    optimizer = sgd(made["BASE_LR"])
    scheduler = made["make_scheduler"](optimizer)
    for _ in range(steps):
        optimizer.step()
        scheduler.step()


def test_torch_s_own_constructor_gets_the_given_arguments_only() -> None:
    code = export(oracle.experiment(COSINE, steps=70), "pytorch")
    assert "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=T_max)" in code
    assert "\nT_max = 70\n" in code


@pytest.mark.parametrize(
    ("schedule", "base_lr", "want"),
    [
        (COSINE, 0.3, 0.3),
        (COSINE, [0.3, 0.2], [0.3, 0.2]),
        (COSINE, [0.3], [0.3]),
        (COSINE, 0.0, 0.0),
        (NOT_TORCH, 0.0, 0.0),
        (NOT_TORCH, [0.0, 0.2], [0.0, 0.2]),
        ({"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": None}, 0.0, 1.0),
        ({"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": None}, 0.3, 0.3),
        ({"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 5}, 0.0, 1.0),
        ({"kind": "torch.CyclicLR", "base_lr": 0.01, "max_lr": 0.1}, [0.0, 0.3], [1.0, 0.3]),
        ({"kind": "torch.SequentialLR", "milestones": [9], "schedulers": [ONE_CYCLE, COSINE]}, 0.0, 1.0),
        (OWN_RATE, 0.0, 1.0),
    ],
    ids=str,
)  # fmt: skip
def test_base_lr_is_what_the_optimizer_is_built_with(schedule: dict[str, Any], base_lr: Any, want: Any) -> None:
    """A number or a list, as in the document; 1.0 in place of 0 where the schedule has a rate of its own."""
    experiment = oracle.experiment(schedule, base_lr=base_lr)
    assert module(experiment)["BASE_LR"] == want
    assert type(module(experiment)["BASE_LR"]) is type(want)
    check(experiment)


@pytest.mark.parametrize("form", ["native", "portable"])
@pytest.mark.parametrize(
    ("clock", "unit"),
    [("step", "optimizer step"), ("epoch", "epoch"), ("micro_batch", "micro-batch"), ("process", "process")],
)
def test_how_often_to_step_is_said(clock: str, unit: str, form: str) -> None:
    experiment = oracle.experiment(COSINE, run={"samples": 10, "batch_size": 2, "epochs": 3, "devices": 2}, clock=clock)
    tree = ast.parse(export(experiment, "pytorch", form=form))
    made = next(s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == "make_scheduler")
    for said in (ast.get_docstring(tree) or "", ast.get_docstring(made) or ""):
        assert f"{unit}." in said.split("once per ")[1].partition("\n")[0], said
