"""The SGDR lesson's curves against the formula of the paper, its exercises against all settings that solve them, and
the paper's numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lrlab import engine
from lrlab.lessons import curve, paper
from lrlab.lessons.curve import EXERCISES, NO_PI, OFF_BY_ONE, ONE, SGDR, SHORT, STEP, CurveSettings
from lrlab.plans import restarts

ALL: dict[str, Any] = {"short": True, "no_pi": True, "off_by_one": True}


def anneal(share: float, settings: CurveSettings) -> float:
    """Equation 5 of the paper."""
    return settings.eta_min + 0.5 * (settings.peak - settings.eta_min) * (1 + math.cos(math.pi * share))


def by_the_paper(settings: CurveSettings, step: int) -> float:
    """Equation 5 of the paper, cycle by cycle."""
    since, cycle = step - settings.begin, settings.T_0 * settings.steps
    while since >= cycle:
        since, cycle = since - cycle, cycle * settings.T_mult
    return anneal(since / cycle, settings)


any_curve = st.builds(
    CurveSettings, T_0=st.integers(1, 60), T_mult=st.integers(1, 3), eta_min=st.sampled_from([0.0, 1e-3]),
    epochs=st.integers(21, 120),
    warmup=st.integers(0, 20), peak=st.floats(0.01, 1.0), steps=st.integers(1, 5), T_max=st.integers(1, 150),
)  # fmt: skip


@given(any_curve)
def test_the_curves_are_what_the_text_says(settings: CurveSettings) -> None:
    experiment = curve.experiment(settings.replaced(**ALL))
    steps = np.arange(settings.begin, experiment.run.steps)
    share, left = (steps - settings.begin) / settings.left, settings.left
    assert [trial.name for trial in experiment.trials] == [SGDR, ONE, STEP, SHORT, NO_PI, OFF_BY_ONE]
    high, low = settings.peak, settings.eta_min
    want = {
        SGDR: [by_the_paper(settings, int(step)) for step in steps],
        ONE: [anneal(x, settings) for x in share],
        STEP: [high * 0.2 ** sum(step - settings.begin >= round(x * left) for x in (0.3, 0.6, 0.8)) for step in steps],
        SHORT: [anneal((step - settings.begin) / (settings.T_max * settings.steps), settings) for step in steps],
        NO_PI: low + (high - low) * 0.5 * (1 + np.cos(share)),
        OFF_BY_ONE: low + (high - low) * 0.5 * (1 + np.cos(np.pi * (steps - settings.begin - 1) / max(left - 1, 1))),
    }
    for trial in experiment.trials:
        np.testing.assert_allclose(
            engine.lr(experiment.run, trial, steps), want[trial.name], rtol=1e-9, atol=1e-12, err_msg=trial.name
        )


@given(any_curve)
def test_the_warmup_goes_up_to_the_peak_in_a_line(settings: CurveSettings) -> None:
    for trial in curve.experiment(settings).trials:
        steps = np.arange(settings.begin)
        want = settings.peak * (0.01 + 0.99 * steps / max(settings.begin, 1))
        np.testing.assert_allclose(engine.lr(curve.run(settings), trial, steps), want, rtol=1e-9)


@given(any_curve)
def test_cycles_end_where_counting_says(settings: CurveSettings) -> None:
    ends, at, length = [], settings.warmup, settings.T_0
    while at + length <= settings.epochs:
        at += length
        ends.append(at * settings.steps)
        length *= settings.T_mult
    assert curve.cycle_ends(settings) == ends
    planned = restarts.plan(
        curve.run(settings), curve.trial(settings, SGDR)
    )  # what the chart beside the exercises shows
    assert planned
    assert [end.step for end in planned.ends] == ends


@pytest.mark.parametrize("narrow", [1e-13, 1e-15])
def test_a_narrow_way_down_ends_no_cycle_and_makes_no_two_curves_one(narrow: float) -> None:
    """An eta_min so near the peak that all rates are the peak to rounding."""
    settings = CurveSettings(eta_min=0.05 * (1 - narrow), epochs=3, T_0=7)
    assert settings.eta_min < settings.peak
    assert curve.cycle_ends(settings) == []
    assert not CHECKS["three"](settings)[0]
    assert not CHECKS["same"](settings)[0]
    assert CHECKS["same"](settings.replaced(T_0=3))[0]
    assert curve.cycle_ends(settings.replaced(T_0=1, T_mult=1)) == [391, 782, 1173]


@given(any_curve)
def test_the_relations_hold(settings: CurveSettings) -> None:
    assert curve.cycle_difference(settings)[0] <= 1e-12
    assert curve.whole_difference(settings)[0] <= 1e-12
    jump = curve.jump(settings)
    if settings.epochs - settings.warmup <= settings.T_0:
        assert jump is None, "the run has no step after the first cycle"
        return
    restarted, annealed = jump
    assert restarted == pytest.approx(settings.peak)
    assert annealed == pytest.approx(settings.eta_min, abs=1e-12)


@given(any_curve)
def test_numbers_are_sums_over_the_steps(settings: CurveSettings) -> None:
    plain = settings.replaced(warmup=0, epochs=settings.epochs - settings.warmup, **ALL)
    experiment = curve.experiment(plain)
    every = {
        trial.name: engine.lr(experiment.run, trial, np.arange(experiment.run.steps)) for trial in experiment.trials
    }
    for name in (ONE, NO_PI, OFF_BY_ONE):
        rates, found = every[name], curve.numbers(settings, name)
        off = np.abs(rates - every[ONE]).max()
        np.testing.assert_allclose(
            found, [rates[0], rates[rates.size // 2], rates[-1], rates.mean(), off], rtol=1e-9, atol=1e-15
        )


def test_a_cosine_in_numbers() -> None:
    """Mean (1 + 1/N) / 2 of the peak, last (1 + cos(pi (N - 1) / N)) / 2; without pi it ends at (1 + cos 1) / 2."""
    settings = CurveSettings(epochs=200, steps=1, peak=1.0)
    right = curve.numbers(settings, ONE)
    assert right.mean == pytest.approx(0.5 * (1 + 1 / 200))
    assert right.last == pytest.approx((math.pi / 400) ** 2, rel=1e-4)
    assert right.half == pytest.approx(0.5)
    assert curve.numbers(settings.replaced(steps=100), NO_PI).last == pytest.approx((1 + math.cos(1)) / 2, rel=1e-4)
    assert curve.numbers(settings, OFF_BY_ONE).first < 1.0


@pytest.mark.parametrize(("changes", "said"), [
    ({"warmup": 200}, "warmup: 200 epochs leave nothing of a run of 200"),
    ({"eta_min": 0.05}, "eta_min: 0.05 is not below the peak rate of 0.05"),
])  # fmt: skip
def test_what_leaves_no_curve_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CurveSettings(**changes)
    assert CurveSettings.read({f"curve.{name}": str(value) for name, value in changes.items()}) == (
        CurveSettings(),
        [f"curve.{said}"],
    )


# ---------------------------------------------------------------- exercises

CHECKS = {exercise.key: exercise.check for exercise in EXERCISES}


def solved(key: str, **changes: Any) -> bool:
    done, said = CHECKS[key](CurveSettings(**changes))
    assert said.endswith(".")
    assert done or any(letter.isdigit() for letter in said), f"{said} says nothing in numbers"
    return done


def test_no_exercise_is_done_at_the_start_and_each_has_its_text() -> None:
    for exercise in EXERCISES:
        assert not solved(exercise.key)
        assert len(exercise.text("sgdr")) > 80


def test_every_whole_number_of_cycles_ends_at_the_minimum() -> None:
    """All T_0 and T_mult whose cycles add up to 200 epochs, and no others; a single cycle has no restart."""
    for factor in (1, 2, 3, 4):
        fits = {
            first for k in range(2, 9) for first in range(1, 200) if first * sum(factor**i for i in range(k)) == 200
        }
        found = {first for first in range(1, 221) if solved("minimum", T_0=first, T_mult=factor)}
        few = {first for first in range(1, 21) if factor == 1 and 200 % first == 0}
        assert found | few == fits | few, f"T_mult = {factor}"
        assert 200 not in found
    assert not solved("minimum", T_0=70, T_mult=2, epochs=210), "another run"
    assert not solved("minimum", T_0=5, T_mult=1, steps=1), "five steps do not come down to 1 %"
    assert solved("minimum", T_0=1, T_mult=1)


def test_the_same_curve() -> None:
    assert {first for first in range(1, 300) if solved("same", T_0=first)} == {200}
    assert {first for first in range(1, 300) if solved("same", T_0=first, warmup=5)} == {195}


def test_three_snapshots() -> None:
    assert solved("three", T_0=30, T_mult=2, epochs=210)
    assert solved("three", T_0=1, T_mult=1, epochs=3)
    assert not solved("three", T_0=30, T_mult=2, epochs=211)
    assert not solved("three", T_0=30, T_mult=2, epochs=209)
    assert not solved("three", T_0=10, T_mult=2, epochs=150)


def test_back_at_the_peak() -> None:
    found = {length for length in range(20, 400) if solved("back", T_max=length)}
    assert {20, 25, 50, 100} <= found
    for length in found:  # an even number of half waves, to the 6 % of one that cos takes to fall by 1 %
        waves = 200 / (2 * length)
        assert round(waves) >= 1
        assert abs(waves - round(waves)) < 0.033
    assert not solved("back", T_max=10_000), "never left the peak"


@given(any_curve)
def test_back_at_the_peak_is_to_have_been_at_the_bottom(settings: CurveSettings) -> None:
    """By the rates of every step."""
    rates = [anneal(step / (settings.T_max * settings.steps), settings) for step in range(settings.left)]
    share = (np.array(rates) - settings.eta_min) / (settings.peak - settings.eta_min)
    assume(abs(share[-1] - 0.99) > 1e-9)
    assert CHECKS["back"](settings)[0] == (share[-1] > 0.99 and bool(share.min() < 1e-9))


def test_back_at_the_peak_of_a_run_with_more_steps_than_are_looked_at() -> None:
    """A cosine that comes down and back every other epoch, of 400 million steps in all; and one that has begun to come
    down when the run ends.
    """
    assert solved("back", T_max=1, epochs=2000, steps=100_000)
    assert not solved("back", T_max=2000, epochs=10, steps=100_000)
    assert not solved("back", T_max=1, epochs=1, steps=1), "a single step, at the peak"


def test_behind_a_warmup() -> None:
    """Takes about 4 seconds: each of 597 answers is tried."""
    found = {
        (first, factor)
        for first in range(1, 200)
        for factor in (1, 2, 3)
        if solved("warm", T_0=first, T_mult=factor, warmup=5)
    }
    fits = {
        (first, f)
        for first in range(1, 195)
        for f in (1, 2, 3)
        for k in range(2, 196)
        if first * sum(f**i for i in range(k)) == 195
    }
    assert found == fits
    assert not solved("warm", T_0=40, T_mult=1)


# ---------------------------------------------------------------- the paper


def test_the_papers_tables_bear_what_the_text_claims() -> None:
    tables = paper.tables()
    for network in tables.networks:
        assert tables.best(network, "CIFAR-10") == paper.COSINE
        assert tables.best(network, "CIFAR-100") == paper.RESTARTS
    gains = [
        tables.singles[paper.COSINE][n]["CIFAR-100"] - tables.singles[paper.RESTARTS][n]["CIFAR-100"]
        for n in (paper.WIDE, paper.WIDER)
    ]
    assert gains == pytest.approx([0.40, 0.99])
    assert [e.models for e in tables.ensembles] == [1, 3, 9, 48]
    for data in paper.DATA:
        errors = [e.errors[data] for e in tables.ensembles]
        assert errors == sorted(errors, reverse=True), "more models err less"
        assert errors[-1] < min(row[n][data] for row in tables.singles.values() for n in row)
        for schedule, row in tables.singles.items():
            assert row[paper.WIDER][data] < row[paper.WIDE][data], f"{schedule}: the wider network errs less"
    assert tables.ensembles[-1].errors == {"CIFAR-10": 3.14, "CIFAR-100": 16.21}
    assert tables.singles[paper.COSINE][paper.WIDE] == {"CIFAR-10": 3.86, "CIFAR-100": 19.98}
    assert len(tables.singles) == 7
