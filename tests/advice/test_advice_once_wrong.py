"""What the advice once got wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_tables import cosine, s, sequence, warmup

import lrlab
from lrlab import advice
from lrlab.document import Experiment, parse


def document(run: dict[str, Any], clock: str, base_lr: float, schedule: dict[str, Any]) -> Experiment:
    return parse(
        {"lrlab": 1, "run": run, "trials": [{"name": "t", "base_lr": base_lr, "clock": clock, "schedule": schedule}]}
    )


def codes(
    run: dict[str, Any], schedule: dict[str, Any], clock: str = "step", base_lr: float = 0.1
) -> dict[str, advice.Finding]:
    experiment = document(run, clock, base_lr, schedule)
    return {finding.code: finding for finding in advice.check(experiment) if finding.severity != "note"}


def test_a_wave_that_is_low_at_a_tenth_and_at_the_end_is_no_decay() -> None:
    waves = s("torch.CyclicLR", base_lr=1e-5, max_lr=0.1, step_size_up=2000, cycle_momentum=False)
    assert not codes({"total_steps": 40_000, "steps_per_epoch": 4000}, waves)


def test_what_is_far_from_the_epochs_does_not_count_them() -> None:
    found = codes({"total_steps": 4000, "steps_per_epoch": 1000}, cosine(63))
    assert set(found) == {"LR103"}, "63 is no number of 4 epochs"


def test_a_partial_last_epoch_does_not_shorten_the_others() -> None:
    found = codes({"total_steps": 1000, "steps_per_epoch": 300}, cosine(4))
    assert found["LR102"].fix
    assert found["LR102"].fix.changes == ((("schedule", "T_max"), 1200),)


def test_every_climb_is_seen_however_often_it_climbs() -> None:
    message = codes({"total_steps": 6501}, cosine(100))["LR103"].message
    assert "climbs again, to 0.1, 100 % of the peak" in message


def test_where_it_raises_nothing_climbs() -> None:
    found = codes({"total_steps": 2000}, s("torch.OneCycleLR", max_lr=0.1, total_steps=1000))
    assert set(found) == {"LR110"}


def test_a_part_that_is_never_reached_is_not_fitted_into_nothing() -> None:
    found = codes({"total_steps": 80}, sequence([100], warmup(100), cosine(900)))
    assert "LR104" not in found
    assert all("T_max" not in str(finding.fix) for finding in found.values())


def test_an_interpolation_arrives_at_the_end_of_the_run() -> None:
    corners = s(
        "optax.piecewise_interpolate_schedule",
        interpolate_type="linear",
        init_value=0.1,
        boundaries_and_scales={"1000": 0.0},
    )
    assert not codes({"total_steps": 1000}, corners)


def test_the_end_of_a_one_cycle_is_its_last_tick() -> None:
    message = codes(
        {"total_steps": 500}, s("torch.OneCycleLR", max_lr=0.1, total_steps=1000, anneal_strategy="linear")
    )["LR104"].message
    assert message.endswith("above the end at 4e-07.")


@pytest.mark.parametrize("steps", [1001, 1003, 1234])
def test_an_optimizer_at_the_peak_is_not_said_to_be_unused(steps: int) -> None:
    experiment = document({"total_steps": steps}, "step", 0.1, s("torch.OneCycleLR", max_lr=0.1, total_steps=steps))
    assert "LR111" not in {finding.code for finding in advice.check(experiment)}


def test_minima_of_more_waves_are_counted_as_they_are() -> None:
    schedule = s(
        "transformers.get_cosine_schedule_with_warmup", num_warmup_steps=0, num_training_steps=90, num_cycles=1.5
    )
    run = {"total_steps": 9000, "steps_per_epoch": 100}
    experiment = document(run, "step", 0.1, schedule)
    rates = lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(9000))
    minima = np.count_nonzero((rates[1:-1] < rates[:-2]) & (rates[1:-1] <= rates[2:]))
    assert f"reaches its minimum {minima} times" in codes(run, schedule)["LR102"].message


def test_a_middle_part_that_climbs_again_is_found() -> None:
    found = codes(
        {"total_steps": 1000},
        sequence([100, 800], warmup(100), cosine(300), s("torch.ConstantLR", factor=0.1, total_iters=1000)),
    )
    assert found["LR121"].fix
    assert found["LR121"].fix.changes == ((("schedule", "schedulers", 1, "T_max"), 700),)


def test_a_long_rest_at_nothing_is_found_however_the_length_was_given() -> None:
    stable = s("transformers.get_wsd_schedule", num_warmup_steps=100, num_decay_steps=100, num_stable_steps=300)
    assert "50 % of the run) run at a rate of 0" in codes({"total_steps": 1000}, stable)["LR103"].message


def test_cycles_without_number_are_counted_at_once() -> None:
    endless = s("keras.CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=1, t_mul=1.000000001)
    advice.check(document({"total_steps": 10**12}, "step", 0.1, endless))


def test_a_staircase_whose_first_step_is_beyond_the_run_is_found() -> None:
    stairs = s("torch.StepLR", step_size=100)
    found = codes({"total_steps": 6000, "steps_per_epoch": 100}, stairs, clock="epoch")
    assert "step_size lies beyond the 60 ticks of the run: 100." in found["LR202"].message
    assert not codes({"total_steps": 12_000, "steps_per_epoch": 100}, stairs, clock="epoch")


@pytest.mark.parametrize("base_lr", [0.5, 1.0])
def test_a_run_of_one_call_is_advised_at_every_base_rate(base_lr: float) -> None:
    run = {"total_steps": 1000, "steps_per_epoch": 1000}
    assert codes(run, cosine(1000), "epoch", base_lr)["LR101"].severity == "error"
