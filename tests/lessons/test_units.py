"""The same warmup in other units: the frameworks' curves against each other, and each mistake against the rate that the
run gets.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from lrlab import engine
from lrlab.document.run import ticks
from lrlab.lessons import units
from lrlab.lessons.units import Units

TARGETS = get_args(units.Target)


@st.composite
def runs(draw: st.DrawFn, unit: units.WarmupUnit | None = None) -> Units:
    """Small runs, leftovers of every kind among them."""
    chosen: Any = unit or draw(st.sampled_from(["steps", "epochs", "samples", "ratio", "micro-batches"]))
    amount = draw(
        st.floats(0.001, 1.0) if chosen == "ratio" else st.integers(1, 60).map(float) | st.floats(0.01, 200.0)
    )
    return Units(
        samples=draw(st.integers(1, 300)),
        batch_size=draw(st.integers(1, 9)),
        devices=draw(st.integers(1, 4)),
        accumulate=draw(st.integers(1, 6)),
        epochs=draw(st.integers(1, 12)),
        amount=amount,
        unit=chosen,
        target=draw(st.sampled_from(TARGETS)),
    )


def counted(settings: Units, steps: int) -> tuple[int, int]:
    """Samples and micro-batches seen after so many optimizer steps, by a loop over the data that goes on past the run's
    end.
    """
    seen = micro = made = 0
    while made < steps:
        left, waiting = settings.samples, 0
        while left and made < steps:
            seen, micro, waiting = seen + min(left, settings.batch_size * settings.devices), micro + 1, waiting + 1
            left -= min(left, settings.batch_size * settings.devices)
            if waiting == settings.accumulate or not left:
                made, waiting = made + 1, 0
    return seen, micro


@given(runs())
def test_a_warmup_has_just_as_many_steps_as_see_what_was_asked_for(settings: Units) -> None:
    steps, amount = units.warmup_steps(settings), Fraction(repr(settings.amount))
    found, fewer = counted(settings, steps), counted(settings, steps - 1)
    have = {
        "steps": (steps, steps - 1),
        "epochs": (Fraction(steps, settings.run.updates), Fraction(steps - 1, settings.run.updates)),
        "ratio": (Fraction(steps, settings.run.steps), Fraction(steps - 1, settings.run.steps)),
        "samples": (found[0], fewer[0]),
        "micro-batches": (found[1], fewer[1]),
    }[settings.unit]
    assert have[1] < amount <= have[0]
    counts = units.counts(settings)
    assert (counts.steps, counts.samples, counts.micro_batches) == (steps, *found)
    assert (counts.epochs, counts.ratio) == pytest.approx((steps / settings.run.updates, steps / settings.run.steps))


def meant(settings: Units) -> np.ndarray[Any, Any]:
    """The warmup from 0 and the cosine to 0, at every step."""
    steps, total = units.warmup_steps(settings), settings.run.steps
    t = np.arange(total)
    fall = (1 + np.cos(np.pi * (t - steps) / (total - steps))) / 2
    return np.asarray(settings.peak * np.where(t < steps, t / steps, fall))


@given(runs())
def test_six_frameworks_have_the_same_curve_or_none(settings: Units) -> None:
    if units.warmup_steps(settings) >= settings.run.steps:
        assert f"{settings.run.steps:,}" in units.refused(settings)
        with pytest.raises(ValueError, match="nothing is left to decay in"):
            units.same_warmup(settings)
        return
    want, every = meant(settings), np.arange(settings.run.steps)
    written = units.same_warmup(settings)
    assert tuple(one.target for one in written) == TARGETS
    for one in written:
        off = np.abs(engine.lr(settings.run, one.trial, every) - want).max() / settings.peak
        assert off <= (units.START_FACTOR * 1.0001 if one.target == "pytorch" else 1e-12), one.title
        assert one.off == pytest.approx(off, abs=1e-12)


@given(runs())
def test_what_is_near_is_as_far_as_is_said(settings: Units) -> None:
    if units.refused(settings):
        return
    want, every = meant(settings), np.arange(settings.run.steps)
    for one in units.nearly(settings):
        away = np.abs(engine.lr(settings.run, one.trial, every) - want) / settings.peak
        assert one.off == pytest.approx(away.max(), abs=1e-12), one.title
        assert away[one.at] == pytest.approx(away.max(), abs=1e-12), one.title


@given(runs())
def test_the_arguments_that_are_told_are_those_that_run(settings: Units) -> None:
    if units.refused(settings):
        return
    for one in (*units.same_warmup(settings), *units.nearly(settings)):
        bound = one.trial.bound(settings.run)[0]
        for argument in one.arguments:
            assert argument.value in values(bound, argument.name.split("[")[0].split(".")[-1]), (one.title, argument)


def values(schedule: Any, name: str) -> list[Any]:
    """What stands under a name in a schedule and in those that it holds."""
    found = getattr(schedule, name, ())
    own = list(found) if isinstance(found, tuple) else [found]
    return own + [value for child in schedule.children().values() for value in values(child, name)]


def stepped(settings: Units, warmup: float, clock: str) -> list[float]:
    """Each optimizer step's share of the peak: transformers' lambda over the run's optimizer steps, stepped by a loop
    over the data.
    """
    total, tick, shares = settings.run.steps, 0, []
    for _ in range(settings.epochs):
        left, waiting = settings.samples, 0
        while left > 0:
            left, waiting = left - settings.batch_size * settings.devices, waiting + 1
            updates = waiting == settings.accumulate or left <= 0
            if updates:
                progress = (tick - warmup) / max(1, total - warmup)
                fall = max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress)))
                shares.append(tick / max(1, warmup) if tick < warmup else fall)
                waiting = 0
            tick += {"micro_batch": 1, "step": updates, "process": updates * settings.devices, "epoch": left <= 0}[
                clock
            ]
    return shares


def named(settings: Units) -> dict[str, tuple[float, str]]:
    """What each mistake writes for the warmup, and what steps it."""
    steps = units.warmup_steps(settings)
    samples, micro = counted(settings, steps)
    return {
        "micro-batches as steps": (micro, "step"), "stepped every micro-batch": (steps, "micro_batch"),
        "epochs as steps": (steps / settings.run.updates, "step"), "stepped every epoch": (steps, "epoch"),
        "samples as steps": (samples, "step"), "a ratio as steps": (steps / settings.run.steps, "step"),
        "stepped by every process": (steps, "process"),
    }  # fmt: skip


@given(runs())
@example(Units(samples=640, devices=8, accumulate=1, epochs=10, amount=1, unit="steps"))
def test_a_wrong_warmup_is_what_the_run_gets(settings: Units) -> None:
    """Its whole curve, and what is said of it; the clock may be wrong, the written length of the run is right."""
    if units.refused(settings):
        return
    run, every = settings.run, np.arange(settings.run.steps)
    shown = {one.title: one for one in units.mistakes(settings)}
    for title, (written, clock) in named(settings).items():
        want = stepped(settings, written, clock)
        if title not in shown:
            assert written <= units.warmup_steps(settings) < written + 1, title
            np.testing.assert_allclose(want, stepped(settings, written, "step"), err_msg=title)
            continue
        one = shown[title]
        np.testing.assert_allclose(engine.lr(run, one.trial, every) / settings.peak, want, atol=1e-9, err_msg=title)
        over = np.flatnonzero(ticks(run, one.trial.clock, every) >= written)
        assert one.length == (over[0] if over.size else None), title
        assert (one.highest, one.last) == pytest.approx((max(want), want[-1]), abs=1e-9), title


@pytest.mark.parametrize(("settings", "title", "end"), [
    (Units(), "stepped every micro-batch", 2934), (Units(devices=8), "stepped by every process", 184),
])  # fmt: skip
def test_a_clock_that_is_too_fast_ends_the_cosine_within_the_run_and_it_climbs_again(
    settings: Units, title: str, end: int
) -> None:
    found = {one.title: one for one in units.mistakes(settings)}[title]
    assert f"over at step {end:,} of {settings.run.steps:,}" in found.arithmetic
    shares = stepped(settings, units.warmup_steps(settings), found.trial.clock)
    assert max(shares[end - 1], shares[end]) < 1e-4
    assert shares[end] < shares[end + 1] < shares[end + 2]
    assert found.last == pytest.approx(shares[-1])
    assert found.last > 0.3


@pytest.mark.parametrize(("samples", "amount", "expected"), [
    (1_000, 5.0, [["a ratio as steps", "epochs as steps"]]), (10, 5.0, []),
    (1_000, 0.002, [["a ratio as steps", "epochs as steps", "as meant"]]),
    (1_000, 60.0, [["a ratio as steps", "epochs as steps"]]), (10, 60.0, []),
])  # fmt: skip
def test_warmups_that_a_chart_cannot_tell_apart_are_named(
    samples: int, amount: float, expected: list[list[str]]
) -> None:
    """Runs of 10 epochs, or 100 of those with 60 of warmup: what differs by less than a four-hundredth of the run lies
    on each other.
    """
    settings = Units(
        samples=samples, batch_size=1, accumulate=1, epochs=100 if amount > 10 else 10, amount=amount, unit="epochs"
    )
    found = units.mistakes(settings)
    assert units.alike(settings, found) == expected
    rates = {
        one.title: engine.lr(settings.run, one.trial, np.arange(settings.run.steps))
        for one in found
        if one.trial.clock == "step"
    }
    for titles in expected:
        shown = [rates[title] for title in titles if title in rates]
        assert all(
            np.count_nonzero(np.abs(other - shown[0]) > 0.01 * settings.peak) < settings.run.steps / 200
            for other in shown
        )


@pytest.mark.parametrize(("settings", "climbs"), [
    (Units(), True),
    (Units(samples=1000, batch_size=128, devices=2, accumulate=4, epochs=3, amount=1, unit="steps"), False),
])  # fmt: skip
def test_a_cosine_is_said_to_climb_again_only_where_it_does(settings: Units, climbs: bool) -> None:
    (one,) = [one for one in units.mistakes(settings) if one.title == "stepped every micro-batch"]
    assert ("climb again" in one.arithmetic) == climbs
    over = int(one.arithmetic.partition("over at step ")[2].split()[0].replace(",", ""))
    after = stepped(settings, units.warmup_steps(settings), one.trial.clock)[over:]
    assert (max(after) > after[0]) == climbs


def test_accumulation_makes_a_warmup_that_many_times_too_long_or_too_short() -> None:
    found = {
        one.title: one
        for one in units.mistakes(
            Units(samples=1600, batch_size=1, accumulate=16, epochs=200, amount=800, unit="steps")
        )
    }
    assert found["micro-batches as steps"].length == 800 * 16
    assert found["stepped every micro-batch"].length == 800 // 16


def test_a_long_run_is_compared_around_the_end_of_its_warmup() -> None:
    settings = Units(samples=10**7, batch_size=1, accumulate=1, epochs=10, amount=3, unit="epochs")
    steps = units.compared(settings)
    assert steps.size <= units.MOST_COMPARED + 5
    assert {0, 3 * 10**7 - 1, 3 * 10**7, 10**8 - 1} <= set(steps.tolist())


@given(runs())
def test_an_address_carries_units(settings: Units) -> None:
    assert Units.read(settings.written()) == (settings, [])


def test_a_run_that_is_too_long_is_refused_with_its_steps() -> None:
    with pytest.raises(ValidationError, match=r"epochs: .*10,000,000,000,000 optimizer steps are more than 1e12"):
        Units(samples=10**9, batch_size=1, accumulate=1, epochs=10_000)
