"""The engine against the genuine schedulers of PyTorch and transformers, constructed here from the document and
stepped.
"""

from __future__ import annotations

import json
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
from lrlab.schedules import KINDS

GENUINE = [kind for kind, schedule in KINDS.items() if schedule.framework in frameworks.FRAMEWORKS]


def check(document: dict[str, Any]) -> None:
    """The engine gives the rates (and momenta, where it says that they are cycled) of the genuine scheduler, up to
    where that raises.
    """
    ticks = document["run"]["total_steps"]
    followed = frameworks.follow(document, ticks)
    experiment = lrlab.document.parse(document)
    run, trial = experiment.run, experiment.trials[0]
    steps = np.arange(len(followed.lr[0]))
    oracle.same(np.atleast_2d(lrlab.engine.lr(run, trial, steps)), followed.lr, f"{document['trials'][0]}")
    cycled = lrlab.engine.momentum(run, trial, steps)
    if followed.momentum is not None:
        want = f"momentum of {document['trials'][0]}"
        oracle.same(
            np.atleast_2d(cycled if cycled is not None else np.full((len(followed.lr), steps.size), 0.9)),
            followed.momentum,
            want,
        )
    raises_at = min(schedule.raises_at() for schedule in trial.bound(run))
    assert (steps.size == raises_at) if followed.raised else (raises_at >= steps.size), (
        f"{document['trials'][0]} raises at {raises_at}, the genuine code: {followed.raised} {steps.size}"
    )


@pytest.mark.parametrize("kind", GENUINE)
@budget.share("genuine", 2_000, len(GENUINE))
@given(data=st.data())
def test_the_engine_gives_the_rates_and_momenta_of_the_genuine_scheduler(kind: str, data: st.DataObject) -> None:
    check(data.draw(strategies.documents(kind, "step")))


@pytest.mark.parametrize("later", strategies.LATER)
@pytest.mark.parametrize("first", strategies.FIRST)
@budget.share("genuine", 780, len(strategies.FIRST) * len(strategies.LATER))
@given(data=st.data())
def test_every_pair_in_a_sequence_is_as_in_torch(first: str, later: str, data: st.DataObject) -> None:
    schedule = data.draw(strategies.sequences(None, first, later))
    check(oracle.document(schedule, steps=strategies.TICKS, base_lr=data.draw(strategies.rates)))


MULTI = {"kind": "torch.MultiStepLR", "milestones": [4, 7, 4], "gamma": 0.5}
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None, "eta_min": 0.001}
ONE_CYCLE = {"kind": "torch.OneCycleLR", "max_lr": 0.3, "total_steps": 15}
CYCLIC = {"kind": "torch.CyclicLR", "base_lr": 0.01, "max_lr": 0.3, "step_size_up": 4, "step_size_down": 3}
LINEAR = {"kind": "torch.LinearLR", "start_factor": 0.1, "total_iters": 6}


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "torch.LinearLR", "total_iters": 0},
        {"kind": "torch.ConstantLR", "total_iters": 0},
        {"kind": "torch.ConstantLR", "factor": 0.0, "total_iters": 0},
        {"kind": "torch.ConstantLR", "factor": 0.0, "total_iters": 4},
        {"kind": "torch.PolynomialLR", "total_iters": 0},
        {"kind": "torch.PolynomialLR", "total_iters": 5, "power": 0.0},
        {"kind": "torch.StepLR", "step_size": 1, "gamma": 0.0},
        {"kind": "torch.StepLR", "step_size": 3, "gamma": -0.5},
        {"kind": "torch.ExponentialLR", "gamma": 0.0},
        {"kind": "torch.ExponentialLR", "gamma": -0.9},
        {"kind": "torch.MultiStepLR", "milestones": []},
        {"kind": "torch.MultiStepLR", "milestones": [9, -1, 0, 3, 3]},
        {"kind": "torch.CosineAnnealingLR", "T_max": 1},
        {"kind": "torch.CosineAnnealingLR", "T_max": 2, "eta_min": 0.5},
        {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 1, "T_mult": 3},
        {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 1, "T_mult": 1},
        {"kind": "torch.CyclicLR", "base_lr": 0.1, "max_lr": 0.01, "step_size_up": 1, "step_size_down": 0},
        {
            "kind": "torch.CyclicLR",
            "base_lr": 0.1,
            "max_lr": 0.2,
            "step_size_up": 3,
            "scale_fn": "x / 2",
            "scale_mode": "iterations",
            "mode": "triangular2",
        },
        {
            "kind": "torch.CyclicLR",
            "base_lr": 0.1,
            "max_lr": 0.2,
            "step_size_up": 3,
            "scale_mode": "iterations",
            "mode": "triangular2",
        },
        {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 1},
        {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 20, "pct_start": 0.0},
        {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 20, "pct_start": 1.0},
        {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 20, "pct_start": 1.0, "three_phase": True},
        {
            "kind": "torch.OneCycleLR",
            "max_lr": 0.1,
            "total_steps": 21,
            "pct_start": 0.525,
            "three_phase": True,
            "anneal_strategy": "linear",
        },
        {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": None, "epochs": None, "steps_per_epoch": None},
        {"kind": "torch.OneCycleLR", "max_lr": -0.1, "epochs": 4, "steps_per_epoch": 3, "cycle_momentum": False},
        {"kind": "torch.SequentialLR", "schedulers": [COSINE], "milestones": []},
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, COSINE], "milestones": [0]},
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, COSINE], "milestones": [-4]},
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, COSINE], "milestones": [1]},
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, COSINE], "milestones": [1000]},
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, MULTI, COSINE], "milestones": [6, 6]},
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, MULTI, COSINE], "milestones": [0, 0]},
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, MULTI, COSINE], "milestones": [-2, 5]},
        {"kind": "torch.SequentialLR", "schedulers": [MULTI, MULTI | {"milestones": [-3, 0, 2]}], "milestones": [5]},
        {
            "kind": "torch.SequentialLR",
            "schedulers": [MULTI, {"kind": "torch.ConstantLR", "total_iters": 0}],
            "milestones": [5],
        },
        {
            "kind": "torch.SequentialLR",
            "schedulers": [MULTI, {"kind": "torch.ConstantLR", "factor": 0.0, "total_iters": 3}],
            "milestones": [5],
        },
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, MULTI | {"milestones": [-3, 0, 2]}], "milestones": [0]},
        {
            "kind": "torch.SequentialLR",
            "schedulers": [LINEAR, {"kind": "torch.ConstantLR", "total_iters": 0}],
            "milestones": [0],
        },
        {
            "kind": "torch.SequentialLR",
            "schedulers": [LINEAR, {"kind": "torch.LinearLR", "total_iters": 0}],
            "milestones": [0],
        },
        {
            "kind": "torch.SequentialLR",
            "schedulers": [LINEAR, {"kind": "torch.PolynomialLR", "total_iters": 0}],
            "milestones": [-1],
        },
        {"kind": "torch.SequentialLR", "schedulers": [ONE_CYCLE, COSINE], "milestones": [15]},
        {"kind": "torch.SequentialLR", "schedulers": [ONE_CYCLE, COSINE], "milestones": [0]},
        {"kind": "torch.SequentialLR", "schedulers": [ONE_CYCLE, COSINE], "milestones": [20]},
        {"kind": "torch.SequentialLR", "schedulers": [CYCLIC, MULTI, LINEAR], "milestones": [5, 9]},
        {"kind": "torch.SequentialLR", "schedulers": [CYCLIC, COSINE], "milestones": [-1]},
        {"kind": "transformers.get_cosine_schedule_with_warmup", "num_warmup_steps": 30, "num_training_steps": 10},
        {
            "kind": "transformers.get_cosine_schedule_with_warmup",
            "num_warmup_steps": 0.5,
            "num_training_steps": 0,
            "num_cycles": -2,
        },
        {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 20, "num_training_steps": 20},
        {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 2.5, "num_training_steps": 17.5},
        {"kind": "transformers.get_constant_schedule_with_warmup", "num_warmup_steps": 0},
        {
            "kind": "transformers.get_cosine_with_hard_restarts_schedule_with_warmup",
            "num_warmup_steps": 0,
            "num_training_steps": 220,
            "num_cycles": 22,
        },
        {
            "kind": "transformers.get_cosine_with_hard_restarts_schedule_with_warmup",
            "num_warmup_steps": 2,
            "num_training_steps": 23,
            "num_cycles": -3,
        },
    ],
    ids=str,
)
def test_unusual_arguments_do_what_they_do_in_the_genuine_code(schedule: dict[str, Any]) -> None:
    check(oracle.document(schedule, steps=25))


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "timm.StepLRScheduler", "decay_t": 2.2, "decay_rate": 0.9},
        {"kind": "timm.StepLRScheduler", "decay_t": 3, "decay_rate": 0.5, "warmup_t": 2.5},
        {"kind": "timm.CosineLRScheduler", "t_initial": 1.1, "cycle_limit": 60, "cycle_decay": 0.9},
        {"kind": "timm.CosineLRScheduler", "t_initial": 9.3, "warmup_t": 2.5, "warmup_prefix": True},
        {"kind": "timm.TanhLRScheduler", "t_initial": 2.2, "cycle_limit": 7, "warmup_t": 1.5},
        {"kind": "timm.MultiStepLRScheduler", "decay_t": [60, 20, 40], "decay_rate": 0.5, "warmup_t": 1.5},
        {
            "kind": "timm.PlateauLRScheduler",
            "lr_min": [0.01, 0.02],
            "mode": "min",
            "patience_t": 1,
            "metrics": [1.0] * 20,
        },
        {
            "kind": "deepspeed.WarmupLR",
            "warmup_min_lr": [0.01, 0.02],
            "warmup_max_lr": [0.1, 0.2],
            "warmup_num_steps": 7,
        },
        {"kind": "deepspeed.WarmupLR", "warmup_max_lr": None, "warmup_num_steps": 7},
        {
            "kind": "deepspeed.WarmupDecayLR",
            "total_num_steps": 20,
            "warmup_max_lr": None,
            "warmup_num_steps": 7,
            "warmup_type": "linear",
        },
        {"kind": "torch.CyclicLR", "base_lr": 0.01, "max_lr": [0.1, 0.2], "step_size_up": 2.5, "step_size_down": 4.0},
        {"kind": "torch.SWALR", "swa_lr": [0.05, 0.3], "anneal_epochs": 6},
    ],
    ids=str,
)
def test_fractions_and_lists_do_what_they_do_in_the_genuine_code(schedule: dict[str, Any]) -> None:
    check(oracle.document(schedule, steps=40, base_lr=[0.1, 0.4]))


ODD = [0, -1, 1, 2, 0.5, 1.5, -0.5, 0.0, 1.0, "", "cos", [], [1], [0.5, 0.5], [3, 1], None, True]


@pytest.mark.parametrize("kind", GENUINE)
@budget.share("genuine", 2_000, len(GENUINE))
@given(data=st.data())
def test_what_the_genuine_code_refuses_to_construct_is_refused(kind: str, data: st.DataObject) -> None:
    groups = data.draw(st.sampled_from([None, 2]))
    schedule = data.draw(strategies.schedules(kind, groups))
    name = data.draw(
        st.sampled_from([field for field in KINDS[kind].model_fields if field != "cycle_momentum"] or ["nothing"])
    )
    if data.draw(st.booleans()):
        schedule.pop(name, None)
    else:
        schedule[name] = data.draw(st.sampled_from(ODD))
    document = oracle.document(schedule, base_lr=[0.1, 0.2] if groups else 0.1)
    try:
        frameworks.follow(document, 0)
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        NameError,
        RuntimeError,
        SyntaxError,
        TypeError,
        ValueError,
    ) as error:
        with pytest.raises(lrlab.DocumentError):
            pytest.fail(
                f"{schedule} raises {error!r} in the genuine code, lrlab reads {lrlab.loads(json.dumps(document))}"
            )
