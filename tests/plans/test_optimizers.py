"""The calculators: the facts that their sources state, by hand."""

from __future__ import annotations

import pytest

from lrlab.plans import optimizers
from lrlab.schedules.torch.cycles import CyclicLR, OneCycleLR

ONE_CYCLE = OneCycleLR(max_lr=0.1, total_steps=100)
CYCLIC = CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=10)


@pytest.mark.parametrize(
    ("schedule", "optimizer", "momentum", "first"),
    [
        (ONE_CYCLE, "SGD", 0.99, 0.95),
        (ONE_CYCLE, "Adam", 0.9, 0.95),
        (CYCLIC, "SGD", 0.0, 0.9),
        (CYCLIC, "AdamW", 0.9, 0.9),
    ],
)
def test_momentum_is_what_the_schedule_says(
    schedule: OneCycleLR | CyclicLR, optimizer: str, momentum: float, first: float
) -> None:
    cycled = optimizers.momentum_cycled(schedule, optimizer, momentum)
    assert (cycled.first, cycled.low, cycled.high) == (first, schedule.base_momentum, schedule.max_momentum)
    assert not cycled.raises
    assert ("as it was" in cycled.sentence) == (first == momentum)
    assert ("beta1" in cycled.sentence) == optimizer.startswith("Adam")


def test_an_optimizer_without_momentum_raises_unless_it_is_not_cycled() -> None:
    assert optimizers.momentum_cycled(ONE_CYCLE, "Adagrad", 0.0).raises
    kept = optimizers.momentum_cycled(OneCycleLR(max_lr=0.1, total_steps=100, cycle_momentum=False), "Adagrad", 0.0)
    assert (kept.raises, kept.first) == (False, 0.0)
    with pytest.raises(ValueError, match="optimizer: must be one of SGD, "):
        optimizers.momentum_cycled(ONE_CYCLE, "Lion", 0.9)


def test_the_schedule_runs_ahead_of_the_optimizer_by_the_skipped_steps() -> None:
    drift = optimizers.amp_drift(1000, 30)
    assert (drift.ahead, drift.share) == (30, 0.03)
    assert drift.sentence.startswith("The optimizer made 970 steps and the schedule stands at 1,000, 30 (3.00%) ahead")
    assert optimizers.amp_drift(1000, 0).ahead == 0
    for steps, skipped in ((10, 11), (10, -1), (0, 0)):
        with pytest.raises(ValueError, match="skipped: must be between 0 and steps"):
            optimizers.amp_drift(steps, skipped)


@pytest.mark.parametrize(
    ("name", "value", "version", "steps"),
    [
        ("warmup_ratio", 0.1, "4.57.1", 100),
        ("warmup_ratio", 0.0004, "4.57", 1),
        ("warmup_ratio", 1.0, "4.57", 1000),
        ("warmup_ratio", 1.5, "4.57", None),
        ("warmup_steps", 500, "4.57", 500),
        ("warmup_steps", 0.1, "4.57", None),
        ("warmup_steps", 1.0, "4.57", None),
        ("warmup_steps", -1, "4.57", None),
        ("warmup_steps", 0.1, "5.23.0", 100),
        ("warmup_steps", 0.0004, "5.23.0", 1),
        ("warmup_steps", 1.0, "5.23.0", 1),
        ("warmup_steps", 500, "5", 500),
        ("warmup_steps", 0, "5", 0),
        ("warmup_steps", -0.1, "5", None),
        ("warmup_ratio", 0.1, "5.14.1", 100),
        ("warmup_ratio", 1.0, "5.0", 1),
        ("warmup_ratio", 0.1, "5.15.0", None),
    ],
)
def test_a_warmup_is_counted_as_that_version_does(name: str, value: float, version: str, steps: int | None) -> None:
    said = optimizers.warmup_argument(name, value, 1000, version)  # type: ignore[arg-type]
    assert said.steps == steps
    assert f"transformers {version}" in said.sentence


def test_the_trap_of_one_whole_share_is_told() -> None:
    assert "1 step of warmup" in optimizers.warmup_argument("warmup_steps", 1.0, 1000, "5.23.0").sentence
    assert "is no share" in optimizers.warmup_argument("warmup_steps", 1.0, 1000, "5.23.0").sentence
    assert "write warmup_steps=0.1" in optimizers.warmup_argument("warmup_ratio", 0.1, 1000, "5.23.0").sentence
    assert optimizers.warmup_argument("warmup_ratio", 1.0, 1000, "5.23.0").sentence.endswith("write warmup_steps=1000.")
    with pytest.raises(ValueError, match="version: must be a version"):
        optimizers.warmup_argument("warmup_steps", 1, 1000, "latest")
