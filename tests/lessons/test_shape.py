"""The warmup's shapes against their formulas, and the lesson's exercises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab import engine
from lrlab.lessons import prose, shape, units
from lrlab.lessons.exercises import Exercise
from lrlab.lessons.shape import FORMS, Shape
from lrlab.lessons.units import Units

EXERCISES = {exercise.key: exercise for exercise in (*shape.EXERCISES, *units.EXERCISES)}


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Runs of up to 400 steps that have at least one left after the warmup."""
    steps = draw(st.integers(2, 400))
    return Shape(
        steps=steps,
        length=draw(st.integers(1, steps - 1)),
        start=draw(st.sampled_from([0.0, 1.0]) | st.floats(1e-6, 1.0)),
        peak=draw(st.sampled_from([1e-4, 0.1, 3.0])),
        decay=draw(st.sampled_from(["cosine", "linear", "none"])),
    )


def factor(form: str, s: float, t: int, w: int) -> float:
    """The share of the peak at step t of a warmup of w steps, by the formula."""
    return {
        "linear": lambda: s + (1 - s) * t / w,
        "cosine": lambda: s + (1 - s) * (1 - math.cos(math.pi * t / w)) / 2,
        "exponential": lambda: s ** (1 - t / w),
        "constant": lambda: s,
        "logarithmic": lambda: s + (1 - s) * math.log1p(t) / math.log1p(w),
    }[form]()


def summed(form: str, s: float, w: int) -> float:
    """The sum of the factors of a whole warmup, in closed form."""
    if s == 1 or form == "constant":
        return s * w
    return {
        "linear": lambda: s * w + (1 - s) * (w - 1) / 2,
        "cosine": lambda: s * w + (1 - s) * (w - 1) / 2,
        "exponential": lambda: (1 - s) / math.expm1(-math.log(s) / w),
        "logarithmic": lambda: s * w + (1 - s) * math.lgamma(w + 1) / math.log1p(w),
    }[form]()


@given(shapes())
def test_every_shape_starts_at_its_factor_rises_and_is_at_the_peak_when_the_warmup_is_over(settings: Shape) -> None:
    shown, length = shape.experiment(settings), settings.length
    assert [trial.name for trial in shown.trials] == [*FORMS, shape.NONE]
    for trial in shown.trials[:-1]:
        rates = engine.lr(shown.run, trial, np.arange(length + 1)) / settings.peak
        start = shape.started(trial.name, settings.start)  # type: ignore[arg-type]
        assert rates == pytest.approx(
            [*(factor(trial.name, start, t, length) for t in range(length)), 1.0], rel=1e-12, abs=1e-14
        )
        assert rates[0] == pytest.approx(start, rel=1e-12)
        assert (np.diff(rates) >= -1e-14).all()
        assert rates[:-1].max() < 1 or start == 1


@given(shapes())
def test_the_area_is_that_of_the_closed_forms(settings: Shape) -> None:
    found = {one.name: one for one in shape.numbers(shape.experiment(settings))}
    total, length = settings.steps, settings.length

    def decayed(steps: int) -> float:
        return steps if settings.decay == "none" else (steps + 1) / 2

    for form in FORMS:
        start = shape.started(form, settings.start)
        want = summed(form, start, length) + decayed(total - length)
        assert found[form].area == pytest.approx(want * settings.peak, rel=1e-9)
        assert found[form].relative == pytest.approx(want / decayed(total), rel=1e-9)
    assert found[shape.NONE].relative == 1


@given(shapes())
def test_updates_that_change_nothing_are_counted(settings: Shape) -> None:
    found = {one.name: one for one in shape.numbers(shape.experiment(settings))}
    at_start = {"linear": 1, "cosine": 1, "exponential": 0, "constant": settings.length, "logarithmic": 1}
    for form, idle in at_start.items():
        assert found[form].idle == (idle if settings.start == 0 else 0)
    assert found[shape.NONE].idle == 0


def test_what_torch_has_is_torchs_own() -> None:
    kinds = {form: shape.warmup(form, 0.1, 10)["kind"].removeprefix("torch.") for form in FORMS}
    assert (kinds.pop("linear"), kinds.pop("constant")) == ("LinearLR", "ConstantLR")
    assert set(kinds.values()) == {"LambdaLR"}
    assert shape.warmup("linear", 0.0, 10)["kind"] == "torch.LambdaLR", "LinearLR refuses 0"


def test_the_chosen_shape_alone_stands_beside_no_warmup() -> None:
    shown = shape.experiment(Shape(form="logarithmic", overlay=False))
    assert [trial.name for trial in shown.trials] == ["logarithmic", shape.NONE]


def test_without_a_length_there_is_no_warmup() -> None:
    shown = shape.experiment(Shape(length=0))
    lines = [engine.lr(shown.run, trial, np.arange(2000)) for trial in shown.trials]
    assert all((line == lines[-1]).all() for line in lines)


@pytest.mark.parametrize("length", [10, 11, 1000])
def test_a_warmup_as_long_as_the_run_is_said_with_how_far_it_gets(length: int) -> None:
    settings = Shape(length=length, steps=10, start=0.0)
    said = shape.remarks(settings)[0]
    assert "takes the whole run of 10" in said
    assert f"{900 / length:.6g} % of the peak" in said


def test_a_rise_that_comes_near_the_peak_is_not_told_as_at_it() -> None:
    said = shape.remarks(Shape(length=20_000, steps=20_000, decay="none"))[0]
    assert "nothing is left at the peak, and the rate comes to 0.099995, 99.995 % of the peak." in said


def test_a_power_of_nothing_is_said_where_it_is_shown() -> None:
    assert any("cannot start at 0" in said for said in shape.remarks(Shape()))
    assert not any("cannot start at 0" in said for said in shape.remarks(Shape(overlay=False)))
    assert not any("cannot start at 0" in said for said in shape.remarks(Shape(start=0.1)))


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.key)
def test_no_exercise_is_done_before_it_is_begun(exercise: Exercise) -> None:
    done, said = exercise.check(exercise.settings())
    assert not done
    assert any(letter.isdigit() for letter in said), "a refusal has numbers"
    assert not prose.places(exercise.text("warmup"))


@pytest.mark.parametrize(("key", "settings"), [
    ("awake", Shape(start=0.01)),
    ("awake", Shape(form="exponential")),
    ("awake", Shape(form="logarithmic", start=0.1, length=1999)),
    ("cheap", Shape(form="logarithmic", length=150, decay="none")),
    ("cheap", Shape(form="logarithmic", start=0.01, length=100, decay="none", peak=1e-3)),
    ("doubled", Units(accumulate=8)),
    ("doubled", Units(accumulate=8, unit="steps", amount=980)),
    ("doubled", Units(accumulate=8, unit="steps", amount=978)),
    ("doubled", Units(accumulate=8, unit="samples", amount=250_000)),
    ("doubled", Units(accumulate=8, unit="micro-batches", amount=7815)),
    ("tenth", Units(samples=105_344, epochs=15, unit="micro-batches", amount=4938)),
    ("tenth", Units(samples=105_344, epochs=15, unit="micro-batches", amount=4940)),
    ("tenth", Units(samples=105_344, epochs=15, unit="micro-batches", amount=4936)),
    ("tenth", Units(samples=12_345 * 4, batch_size=1, epochs=1, unit="micro-batches", amount=4938)),
])  # fmt: skip
def test_a_right_answer_is_right_however_it_is_arrived_at(key: str, settings: Any) -> None:
    done, said = EXERCISES[key].check(settings)
    assert done, said


@pytest.mark.parametrize(("key", "settings", "why"), [
    ("awake", Shape(length=99, start=0.1), "4.95 %"),
    ("awake", Shape(start=0.2), "20 %"),
    ("awake", Shape(form="constant"), "200 of 2,000"),
    ("awake", Shape(length=2000, start=0.1), "100 %"),
    ("cheap", Shape(length=100, decay="none"), "2.5"),
    ("cheap", Shape(form="logarithmic", start=0.5, decay="none"), "50 %"),
    ("cheap", Shape(length=10, decay="none"), "0.5 %"),
    ("cheap", Shape(form="logarithmic", decay="cosine"), "decay"),
    ("doubled", Units(accumulate=4), "is 4, not 8"),
    ("doubled", Units(accumulate=8, unit="steps", amount=1955), "1,955 steps see"),
    ("doubled", Units(accumulate=8, unit="steps", amount=1000), "1,000 steps see 255,120 samples, not 250,000"),
    ("doubled", Units(accumulate=8, batch_size=16), "batch_size at 32"),
    ("tenth", Units(), "11,730"),
    ("tenth", Units(samples=105_344, epochs=15, unit="steps", amount=1235), "counted in steps"),
    ("tenth", Units(samples=105_344, epochs=15, unit="micro-batches", amount=1235), "309"),
])  # fmt: skip
def test_a_wrong_answer_is_told_what_it_comes_to(key: str, settings: Any, why: str) -> None:
    done, said = EXERCISES[key].check(settings)
    assert not done
    assert why in said


@given(shapes())
def test_an_address_carries_a_shape(settings: Shape) -> None:
    assert Shape.read(settings.written()) == (settings, [])
