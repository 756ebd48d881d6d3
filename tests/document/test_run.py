"""The run's arithmetic against a training loop that is really walked through."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lrlab.document.duration import duration
from lrlab.document.run import AnyRun, Clock, DataRun, Run, StepRun, calls, first_step, ticks

CLOCKS = ("step", "epoch", "micro_batch", "process")
RUNS: TypeAdapter[Run] = TypeAdapter(AnyRun)


def loader(samples: int, batch: int, *, drop_last: bool) -> list[int]:
    """The sizes of the batches of one epoch."""
    sizes = []
    while samples > 0:
        sizes.append(min(batch, samples))
        samples -= batch
    return [size for size in sizes if size == batch or not drop_last]


def walk(about: dict[str, Any]) -> tuple[dict[str, list[int]], dict[str, int], int]:
    """Train: by clock, the calls of scheduler.step() before each optimizer step, the calls in all; and the batches of
    an epoch.
    """
    accumulate, devices = about.get("accumulate", 1), about.get("devices", 1)
    batches = loader(about["samples"], about["batch_size"] * devices, drop_last=about.get("drop_last", False))
    before: dict[str, list[int]] = {clock: [] for clock in CLOCKS}
    called = dict.fromkeys(CLOCKS, 0)
    for _ in range(about["epochs"]):
        waiting = 0
        for i in range(len(batches)):
            waiting += 1
            leftover = i + 1 == len(batches) and about.get("leftover", "step") == "step"
            if waiting == accumulate or leftover:
                for clock in CLOCKS:
                    before[clock].append(called[clock])
                called["step"] += 1
                called["process"] += devices
                waiting = 0
            called["micro_batch"] += 1
        called["epoch"] += 1
    return before, called, len(batches)


any_runs = strategies.data_runs()
step_runs = st.builds(
    lambda total, per: {"total_steps": total} | ({"steps_per_epoch": per} if per else {}),
    st.integers(1, 60),
    st.integers(0, 20),
)


@settings(max_examples=200)
@given(about=any_runs)
def test_a_run_over_data_counts_as_the_loop_does(about: dict[str, Any]) -> None:
    run = RUNS.validate_python(about)
    before, called, batches = walk(about)
    assert isinstance(run, DataRun)
    assert run.steps == len(before["step"])
    assert run.updates * about["epochs"] == run.steps
    assert run.micro_batches == batches
    for clock in CLOCKS:
        assert ticks(run, clock, np.arange(run.steps)).tolist() == before[clock], clock
        assert calls(run, clock) == called[clock], clock


@settings(max_examples=100)
@given(about=step_runs)
def test_a_run_of_steps_is_a_loop_of_one_batch_a_step(about: dict[str, int]) -> None:
    """Its last epoch may be cut short; it still ends with an epoch's call of scheduler.step()."""
    run = RUNS.validate_python(about)
    per_epoch = about.get("steps_per_epoch", about["total_steps"])
    assert isinstance(run, StepRun)
    assert (run.steps, run.updates, run.micro_batches) == (about["total_steps"], per_epoch, per_epoch)
    epochs = [sum((step + 1) % per_epoch == 0 for step in range(i)) for i in range(run.steps)]
    for clock in CLOCKS:
        want = epochs if clock == "epoch" else list(range(run.steps))
        assert ticks(run, clock, np.arange(run.steps)).tolist() == want, clock
        assert calls(run, clock) == want[-1] + 1, clock


@settings(max_examples=200)
@given(about=any_runs | step_runs, clock=st.sampled_from(CLOCKS))
def test_the_first_step_of_a_tick_is_the_smallest_with_as_many_calls_before_it(
    about: dict[str, Any], clock: str
) -> None:
    run = RUNS.validate_python(about)
    seen = ticks(run, clock, np.arange(run.steps)).tolist()
    for tick in range(seen[-1] + 1):
        assert first_step(run, clock, tick) == next(i for i, before in enumerate(seen) if before >= tick), tick
    assert first_step(run, clock, calls(run, clock) + run.micro_batches) >= run.steps, (
        "a tick after the run is met in it"
    )


@settings(max_examples=100)
@given(about=any_runs, clock=st.sampled_from(CLOCKS))
def test_ticks_go_on_past_the_run_as_if_it_were_longer(about: dict[str, Any], clock: str) -> None:
    run, longer = RUNS.validate_python(about), RUNS.validate_python(about | {"epochs": about["epochs"] + 2})
    steps = np.arange(longer.steps)
    assert ticks(run, clock, steps).tolist() == walk(about | {"epochs": about["epochs"] + 2})[0][clock]


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_longest_run_is_counted_exactly(clock: str) -> None:
    run = RUNS.validate_python({"samples": 10**12, "batch_size": 1, "devices": 1, "epochs": 1})
    last = ticks(run, clock, np.array([10**12 - 1], dtype=np.int64))
    assert last.dtype == np.int64
    assert last.tolist() == [0 if clock == "epoch" else 10**12 - 1]
    wide = RUNS.validate_python({"samples": 10**12, "batch_size": 1, "devices": 10**6, "epochs": 10**6})
    assert ticks(wide, "process", np.array([10**12 - 1], dtype=np.int64)).tolist() == [(10**12 - 1) * 10**6]
    assert calls(wide, "process") == 10**18


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"samples": 9, "batch_size": 10, "epochs": 1, "drop_last": True}, "no optimizer step"),
        ({"samples": 30, "batch_size": 10, "accumulate": 4, "epochs": 1, "leftover": "drop"}, "no optimizer step"),
        ({"samples": 10**12, "batch_size": 1, "epochs": 2}, "more than 1e12"),
        ({"total_steps": 10**12 + 1}, "less than or equal to 1000000000000"),
        ({"samples": 10, "batch_size": 1, "epochs": 1, "devices": 10**6 + 1}, "less than or equal to 1000000"),
        ({"samples": 10, "batch_size": 1, "epochs": 1, "steps_per_epoch": 10}, "steps_per_epoch"),
        ({"total_steps": 10, "batch_size": 1}, "batch_size"),
        ({"total_steps": 10, "epochs": 1}, "total_steps"),
    ],
    ids=str,
)
def test_a_run_without_steps_or_with_too_many_is_refused(about: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        RUNS.validate_python(about)


def test_the_examples_of_the_contract() -> None:
    run = RUNS.validate_python(
        {"samples": 50000, "batch_size": 128, "devices": 1, "accumulate": 1, "epochs": 150, "drop_last": False}
    )
    assert (run.micro_batches, run.updates, run.steps) == (391, 391, 58650)
    dropped = RUNS.validate_python(
        {"samples": 50000, "batch_size": 128, "epochs": 150, "drop_last": True, "accumulate": 4}
    )
    assert (dropped.micro_batches, dropped.updates, dropped.steps) == (390, 98, 14700)
    floor = RUNS.validate_python(
        {"samples": 50000, "batch_size": 128, "epochs": 150, "drop_last": True, "accumulate": 4, "leftover": "drop"}
    )
    assert (floor.updates, floor.steps) == (97, 14550)


EPOCHS = DataRun(
    samples=1000, batch_size=10, accumulate=4, devices=2, epochs=8
)  # 50 micro-batches and 13 steps an epoch


@pytest.mark.parametrize(("typed", "clock", "want"), [
    ("500", "step", 500), ("1e3", "epoch", 1000), ("3,910", "step", 3910), ("1_000", "step", 1000),
    ("2.5", "step", 2.5), ("-3", "step", -3), ("5ep", "step", 65), ("5 epochs", "epoch", 5),
    ("5ep", "micro_batch", 250), ("5ep", "process", 130), ("0.5 epoch", "micro_batch", 25), ("26 steps", "epoch", 2),
    ("26 steps", "process", 52), ("26st", "micro_batch", 100), ("50%", "step", 52), ("50 %", "epoch", 4),
    ("10%", "micro_batch", 40), ("100%", "process", 208),
])  # fmt: skip
def test_a_duration_is_ticks_however_it_is_typed(typed: str, clock: Clock, want: float) -> None:
    found = duration(typed, EPOCHS, clock)
    assert found == want
    assert isinstance(found, int) or not float(want).is_integer(), "whole numbers stay whole, as documents want them"


@pytest.mark.parametrize("typed", [
    "", "  ", "ten", "5 apples", "5ep ep", "1,5", "1e", "--5", "nan", "inf", "1e999", "%", "ep", "5ep%", "0x10", "٣",
    "1" * 100_000 + "x y",
], ids=lambda typed: typed[:10])  # fmt: skip
def test_what_is_no_duration_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match="is no duration, such as 500, 5ep or 10%"):
        duration(typed, EPOCHS, "step")
