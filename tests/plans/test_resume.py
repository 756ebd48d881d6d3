"""Resuming and extending a run: small tables worked out by hand, and what must hold for every schedule."""

from __future__ import annotations

import math
from typing import Any

import budget
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lrlab
from lrlab.document.run import calls
from lrlab.plans import resume
from lrlab.schedules import KINDS

HUNDRED = np.arange(50, 100)
LOST = [
    {"kind": "torch.StepLR", "step_size": 30},
    {"kind": "torch.MultiStepLR", "milestones": [30, 80]},
    {"kind": "torch.ExponentialLR", "gamma": 0.95},
    {"kind": "torch.LinearLR", "start_factor": 1.0, "end_factor": 0.1, "total_iters": 100},
    {"kind": "torch.PolynomialLR", "total_iters": 100},
    {"kind": "torch.CosineAnnealingLR", "T_max": 100},
]
KEPT = [
    {"kind": "torch.LambdaLR", "lr_lambda": "0.95 ** epoch"},
    {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 20},
    {"kind": "transformers.get_cosine_schedule_with_warmup", "num_warmup_steps": 10, "num_training_steps": None},
]


def after(schedule: dict[str, Any], step: int, how: resume.How, at: Any, **about: Any) -> list[float]:
    experiment = oracle.experiment(schedule, **{"steps": 100} | about)
    return [float(rate) for rate in resume.after(experiment.run, experiment.trials[0], step, how, at)]


def extended(schedule: dict[str, Any], step: int, length: int, how: resume.Stretch, **about: Any) -> resume.Extension:
    experiment = oracle.experiment(schedule, **{"steps": 100} | about)
    return resume.extended(experiment.run, experiment.trials[0], step, length, how)


def uninterrupted(schedule: dict[str, Any], steps: Any, **about: Any) -> list[float]:
    experiment = oracle.experiment(schedule, **{"steps": 100} | about)
    return [float(rate) for rate in lrlab.engine.lr(experiment.run, experiment.trials[0], steps)]


@pytest.mark.parametrize("schedule", LOST, ids=lambda s: s["kind"])
def test_last_epoch_alone_puts_a_chainable_schedule_back_to_the_base_rate(schedule: dict[str, Any]) -> None:
    assert after(schedule, 50, "last_epoch", [50]) == [0.1]
    experiment = oracle.experiment(schedule, steps=100)
    jump = resume.jump(experiment.run, experiment.trials[0], 50, "last_epoch")
    assert jump.ratio == pytest.approx(0.1 / uninterrupted(schedule, [50])[0])
    assert "Step 50 uses 0.1 where the uninterrupted run uses " in jump.warning


@pytest.mark.parametrize("schedule", KEPT, ids=lambda s: s["kind"])
def test_last_epoch_is_all_that_a_function_of_it_needs(schedule: dict[str, Any]) -> None:
    assert after(schedule, 50, "last_epoch", HUNDRED) == pytest.approx(uninterrupted(schedule, HUNDRED), rel=1e-12)
    experiment = oracle.experiment(schedule, steps=100)
    assert resume.jump(experiment.run, experiment.trials[0], 50, "last_epoch").warning == ""


@pytest.mark.parametrize(
    ("schedule", "step", "rates"),
    [
        (
            {"kind": "torch.StepLR", "step_size": 2, "gamma": 0.5},
            4,
            [0.05, 0.05, 0.025, 0.025],
        ),  # the constructor takes the step due at 4
        ({"kind": "torch.MultiStepLR", "milestones": [3, 7], "gamma": 0.5}, 5, [0.1, 0.1, 0.05, 0.05]),
        (
            {"kind": "torch.ConstantLR", "factor": 0.25, "total_iters": 6},
            5,
            [0.1, 0.4, 0.4],
        ),  # undoes a factor that was never there
        ({"kind": "torch.LinearLR", "start_factor": 0.5, "total_iters": 5}, 3, [0.1, 0.1 * 0.9 / 0.8, 0.125, 0.125]),
        ({"kind": "torch.PolynomialLR", "total_iters": 4}, 2, [0.1, 0.05, 0.0, 0.0]),
        ({"kind": "torch.PolynomialLR", "total_iters": 4}, 4, [0.1, 0.1, 0.1]),  # never comes down
        (
            {"kind": "torch.CosineAnnealingLR", "T_max": 2},
            2,
            [0.1, 0.15, 0.3],
        ),  # adds at the bottom, then doubles its way up
        (
            {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 2, "T_mult": 2},
            6,
            [0.1, 0.05 * (1 + math.sqrt(0.5)), 0.05],
        ),  # 4 ticks, not 8
        (
            {"kind": "torch.SWALR", "swa_lr": 0.5, "anneal_epochs": 2, "anneal_strategy": "linear"},
            9,
            [0.1, 0.3, 0.5, 0.5],
        ),
        ({"kind": "torch.CyclicLR", "base_lr": 0.2, "max_lr": 0.6, "step_size_up": 2}, 4, [0.1, 0.4, 0.6]),
        (
            {
                "kind": "torch.SequentialLR",
                "schedulers": [
                    {"kind": "torch.ConstantLR", "factor": 0.5, "total_iters": 9},
                    {"kind": "torch.ExponentialLR", "gamma": 0.5},
                ],
                "milestones": [3],
            },
            10,
            [0.05, 0.025, 0.0125],  # the first part's start, then the second one's factors on it
        ),
    ],
    ids=lambda x: x["kind"] if isinstance(x, dict) else None,
)
def test_last_epoch_alone_by_hand(schedule: dict[str, Any], step: int, rates: list[float]) -> None:
    assert after(schedule, step, "last_epoch", np.arange(step, step + len(rates))) == pytest.approx(rates, rel=1e-12)


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ({"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": None}, "torch.OneCycleLR raises KeyError"),
        ({"kind": "torch.ReduceLROnPlateau"}, "torch.ReduceLROnPlateau is not made with last_epoch"),
        (
            {"kind": "keras.CosineDecay", "initial_learning_rate": 0.1, "decay_steps": None},
            "keras.CosineDecay is not made with last_epoch",
        ),
        (
            {
                "kind": "torch.SequentialLR",
                "schedulers": [{"kind": "torch.CyclicLR", "base_lr": 0.1, "max_lr": 0.2}],
                "milestones": [],
            },
            "initial_lr",
        ),
    ],
    ids=lambda x: x["kind"] if isinstance(x, dict) else None,
)
def test_what_cannot_be_made_with_last_epoch_is_refused_with_the_reason(schedule: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        after(schedule, 50, "last_epoch", [50])


def test_before_the_first_call_there_is_nothing_to_lose() -> None:
    schedule = {"kind": "torch.LinearLR", "start_factor": 0.1, "total_iters": 2}
    assert after(schedule, 0, "last_epoch", [0, 1, 2]) == pytest.approx([0.01, 0.055, 0.1])


@pytest.mark.parametrize("kind", KINDS)
@budget.share("plans", 400, len(KINDS))
@given(data=st.data())
def test_every_schedule_can_be_resumed_with_its_state_begun_anew_and_extended(kind: str, data: st.DataObject) -> None:
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind)))
    run, trial = experiment.run, experiment.trials[0]
    step = data.draw(st.integers(0, run.steps - 1))
    steps = np.arange(step, run.steps)
    whole = lrlab.engine.lr(run, trial, steps)
    oracle.same(resume.after(run, trial, step, "state", steps), whole)
    assert resume.jump(run, trial, step, "state").ratio == 1.0
    assert resume.after(run, trial, step, "nothing", steps).shape == whole.shape
    epochs = getattr(run, "epochs", run.steps)
    for how in ("hold", "re-horizon"):  # no longer than it was
        oracle.same(resume.extended(run, trial, step, epochs, how).lr(steps), whole, f"{how} {trial}")
    for how in ("hold", "re-horizon", "restart"):
        longer = resume.extended(run, trial, step, 2 * epochs, how)
        assert longer.lr(np.arange(step, longer.run.steps)).shape[-1] == longer.run.steps - step
        assert how != "hold" or longer.jump.ratio == 1.0


@pytest.mark.parametrize("base_lr", [0.5, 1.0])
def test_a_run_of_one_call_is_extended_at_every_base_rate(base_lr: float) -> None:
    """One epoch, stepped once an epoch: the horizon keeps its proportion to the calls, of which there are then two."""
    run = {"total_steps": 1000, "steps_per_epoch": 1000}
    schedule = {"kind": "torch.CosineAnnealingLR", "T_max": 1000}
    longer = extended(schedule, 0, 2000, "re-horizon", run=run, base_lr=base_lr, clock="epoch")
    assert longer.trial.schedule.model_dump()["T_max"] == 2000


def test_begun_anew_a_nested_plateau_sees_only_the_metrics_to_come() -> None:
    """With multiplier 1 and a warmup of one call, begun anew after ten: the metric is best at once, then stalls."""
    schedule = {
        "kind": "warmup_scheduler.GradualWarmupScheduler", "multiplier": 1.0, "total_epoch": 1,
        "after_scheduler": {"kind": "torch.ReduceLROnPlateau", "patience": 0},
    }  # fmt: skip
    stalls = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, *[0.05] * 10]
    found = after(schedule | {"metrics": stalls}, 10, "nothing", np.arange(10, 20), steps=20)
    alone = uninterrupted(schedule | {"metrics": stalls[10:]}, np.arange(10))
    assert found == pytest.approx(alone)
    assert found[-1] < 1e-6


def test_nothing_loaded_begins_the_schedule_again() -> None:
    schedule = {"kind": "torch.LinearLR", "start_factor": 0.1, "total_iters": 10}
    assert after(schedule, 50, "nothing", np.arange(50, 70)) == pytest.approx(uninterrupted(schedule, np.arange(20)))


def test_nothing_loaded_begins_again_by_the_clock() -> None:
    """Ten steps of four micro-batches an epoch, 39 in all: stopped before step 13, after 39 + 12 calls."""
    run = {"samples": 39, "batch_size": 1, "accumulate": 4, "epochs": 5}
    schedule = {"kind": "torch.LambdaLR", "lr_lambda": "epoch"}
    assert after(schedule, 13, "state", [13, 19], run=run, base_lr=1.0, clock="micro_batch") == [39 + 15, 39 + 38]
    assert after(schedule, 13, "nothing", [13, 19], run=run, base_lr=1.0, clock="micro_batch") == [3, 26]
    assert after(schedule, 13, "nothing", [13, 20], run=run, base_lr=1.0, clock="epoch") == [0, 1]


def test_nothing_loaded_shows_a_plateau_only_the_metrics_to_come() -> None:
    schedule = {"kind": "torch.ReduceLROnPlateau", "patience": 0, "factor": 0.5, "metrics": [1.0, 2.0, 3.0, 5.0, 4.0]}
    assert after(schedule, 3, "state", [3, 4, 5]) == [0.025, 0.0125, 0.00625]
    assert after(schedule, 3, "nothing", [3, 4, 5]) == [0.1, 0.1, 0.1]


def test_the_jump_of_several_groups_is_the_greatest() -> None:
    schedule = {"kind": "torch.LambdaLR", "lr_lambda": ["1 - epoch / 100", "1"]}
    experiment = oracle.experiment(schedule, steps=100, base_lr=[0.1, 0.2])
    jump = resume.jump(experiment.run, experiment.trials[0], 50, "nothing")
    assert (jump.before, jump.after, jump.ratio) == (0.05, 0.1, 2.0)


def test_a_jump_from_nothing_is_infinite() -> None:
    assert resume.Jump(7, 0.0, 0.1).ratio == math.inf
    assert resume.Jump(7, 0.0, 0.0).ratio == 1.0
    assert resume.Jump(7, 0.1, 0.0).ratio == 0.0
    assert (
        resume.Jump(7, 0.0, 0.1).warning == "Step 7 uses 0.1 where the uninterrupted run uses 0, from no rate at all."
    )
    assert (
        resume.Jump(7000, 0.1, 0.12).warning
        == "Step 7,000 uses 0.12 where the uninterrupted run uses 0.1: 1.2 times the rate."
    )


COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}


@pytest.mark.parametrize("horizon", [None, 100])
def test_a_longer_horizon_lifts_the_rate(horizon: int | None) -> None:
    longer = extended(COSINE | {"T_max": horizon}, 50, 200, "re-horizon")
    assert longer.run.steps == 200
    assert longer.trial.schedule.T_max == (horizon and 200)  # type: ignore[union-attr]
    assert longer.jump.ratio == pytest.approx((1 + math.sqrt(0.5)) / 1)
    assert longer.jump.warning
    assert longer.lr([200])[()] == pytest.approx([0.0])


def test_the_old_schedule_goes_on_past_its_end() -> None:
    longer = extended(COSINE, 100, 200, "hold")
    assert longer.lr([100, 150, 200]) == pytest.approx([0.0, 0.05, 0.1])
    assert longer.jump == resume.Jump(100, pytest.approx(0.0), pytest.approx(0.0))


@pytest.mark.parametrize("horizon", [None, 100])
def test_a_restart_lasts_as_long_as_what_is_left(horizon: int | None) -> None:
    longer = extended(COSINE | {"T_max": horizon}, 50, 200, "restart")
    assert longer.lr([50, 125, 200]) == pytest.approx([0.1, 0.05, 0.0])
    assert longer.jump.ratio == pytest.approx(2.0)


def test_a_horizon_after_a_warmup_grows_by_the_steps_added_and_the_warmup_stays() -> None:
    warmup = {"kind": "torch.LinearLR", "start_factor": 0.1, "total_iters": 10}
    schedule = {"kind": "torch.SequentialLR", "schedulers": [warmup, COSINE | {"T_max": 90}], "milestones": [10]}
    document = extended(schedule, 50, 200, "re-horizon").trial.schedule.model_dump(mode="json", exclude_unset=True)
    assert document == {**schedule, "schedulers": [warmup, COSINE | {"T_max": 190}]}


def test_a_run_over_data_grows_by_epochs_whatever_the_clock() -> None:
    run = {"samples": 100, "batch_size": 10, "epochs": 10}
    longer = extended(COSINE | {"T_max": 10}, 50, 20, "re-horizon", run=run, clock="epoch")
    assert calls(longer.run, "epoch") == longer.trial.schedule.T_max == 20  # type: ignore[union-attr]
    assert longer.jump.ratio == pytest.approx(1 + math.sqrt(0.5))


def test_a_run_of_steps_grows_by_steps_and_its_epochs_stay_as_long() -> None:
    longer = extended({"kind": "torch.LambdaLR", "lr_lambda": "epoch"}, 50, 250, "hold", clock="epoch", base_lr=1.0)
    assert longer.lr([99, 100, 249]).tolist() == [0, 1, 2]


@pytest.mark.parametrize("step", [-1, 100])
def test_a_step_outside_the_run_is_refused(step: int) -> None:
    with pytest.raises(ValueError, match="step: must be between 0 and 99"):
        after(COSINE, step, "state", [step])


def test_steps_before_the_resume_and_runs_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="steps: must be at least 50"):
        after(COSINE, 50, "state", [49, 50])
    with pytest.raises(ValueError, match="step: must be between 0 and 39"):
        extended(COSINE, 50, 40, "hold")
    with pytest.raises(ValueError, match="total_steps: must be at least 1"):
        extended(COSINE, 0, 0, "hold")
    with pytest.raises(ValueError, match="up to 10,000,000 ticks"):
        after(COSINE, 50, "last_epoch", [10**8], steps=10**9)
