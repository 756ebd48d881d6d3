"""How numbers are offered, those of every schedule and of every lesson: what a slider reaches, and its stops."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from lrlab.lessons import curve, landscape, limit, network, rate_range, shape, sweep, units
from lrlab.schedules import KINDS
from lrlab.schedules.base import described
from lrlab.schedules.params import COUNTED, Control, Described, Slider

LESSONS = (
    curve.CurveSettings,
    landscape.Scene,
    network.Training,
    sweep.Grid,
    shape.Shape,
    limit.Limit,
    rate_range.Range,
    units.Units,
)
NUMBERS = {
    **{f"{kind}.{name}": about for kind, cls in KINDS.items() for name, about in described(cls).items()},
    **{f"{cls.key}.{name}": cls.about(name) for cls in LESSONS for name in cls.model_fields},
}
NUMBERS = {
    name: about
    for name, about in NUMBERS.items()
    if about.control and about.control.unit in COUNTED | {"rate", "factor", "number"}
}
RUN, EPOCH = 10_000, 100


def admitted(about: Described, value: float) -> bool:
    """Whether the hard bounds admit a value."""
    low, high = about.low if about.low is not None else -math.inf, about.high if about.high is not None else math.inf
    return low <= value <= high and not (about.positive and value == low) and not (about.below and value == high)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_slider_keeps_its_hard_bounds_and_reaches_every_value(name: str) -> None:
    about = NUMBERS[name]
    for value in (v for v in (0, 1, 7, 0.5, 123_456.5, -3) if admitted(about, v)):
        if about.integer and isinstance(value, float):
            continue
        lasts = RUN if about.offered.unit in COUNTED else None
        slider = about.slider(value, lasts, EPOCH)
        assert slider.low <= value <= slider.high, value
        assert slider.step > 0
        assert about.low is None or min(about.low, 0) <= slider.low, "from the hard bound; counted ones from 0"
        assert about.high is None or slider.high <= about.high
        if about.whole(value):
            assert {type(part) for part in slider} == {int}, value


@pytest.mark.parametrize("name", [name for name, about in NUMBERS.items() if about.offered.log])
def test_stops_rise_within_the_range_and_begin_at_zero_where_that_is_admitted(name: str) -> None:
    about = NUMBERS[name]
    stops = about.stops()
    assert list(stops) == sorted(set(stops))
    assert (stops[0] == 0) == admitted(about, 0)
    assert all(admitted(about, stop) for stop in stops)
    high = about.offered.high or about.high or 1.0
    assert max(stops) <= high < max(stops) * 1.26, "twelve stops to a decade: neighbours differ by at most a quarter"
    ratios = [after / before for before, after in pairwise(stops[1:])]
    assert 1 < min(ratios) <= max(ratios) < 1.34


def test_every_rate_is_offered_by_its_logarithm() -> None:
    assert [name for name, about in NUMBERS.items() if about.offered.unit == "rate" and not about.offered.log] == []


def test_a_slider_that_ends_at_zero_does_so() -> None:
    assert NUMBERS["timm.TanhLRScheduler.lb"].slider(-7.0) == Slider(-10.0, 0.0, 0.05)


def test_ticks_go_by_epochs_where_there_are_enough_of_them() -> None:
    about = Described(Control("ticks", low=1), low=0, positive=True)
    assert about.slider(300, RUN, EPOCH) == Slider(0, RUN, EPOCH)
    assert about.slider(300, 1000, EPOCH) == Slider(0, 1000, 5)
    assert about.slider(300, RUN) == Slider(0, RUN, 50)
    assert about.slider(20_000, RUN, EPOCH).high == 20_000
    assert about.slider(300.5, RUN, EPOCH) == Slider(1.0, float(RUN), (RUN - 1) / 200)


def test_a_range_that_is_not_said_ends_at_the_hard_bound() -> None:
    assert Described(Control("number"), integer=True, low=1, high=20).slider(5) == Slider(1, 20, 1)
    assert Described(Control("epochs"), integer=True, low=1, high=20).slider(5) == Slider(1, 20, 1)
