from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from figures import read
from hypothesis import given
from hypothesis import strategies as st

from lrlab.charts import Line, Panel, UprightLine, panels
from lrlab.charts.panels import apart

X = np.arange(1.0, 7.0)
Y = X**2


def test_a_line_is_drawn_as_given_in_the_panel_it_belongs_to() -> None:
    drawn = read(
        panels([Panel("loss", [Line("a", X, Y, 0)]), Panel("rate", [Line("a", X, -Y, 0)])], "epoch", filename="x")
    )
    assert [trace.yaxis for trace in drawn.data] == ["y", "y2"]
    assert drawn.data[0].x.tolist() == X.tolist()
    assert drawn.data[1].y.tolist() == (-Y).tolist()
    assert [trace.showlegend for trace in drawn.data] == [True, False], "a name stands in the legend once"
    assert drawn.layout.xaxis.anchor == "y2"
    assert drawn.layout.yaxis.domain[0] > drawn.layout.yaxis2.domain[1], "the first panel is the upper one"


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_panels_share_the_height_as_asked(count: int) -> None:
    drawn = read(
        panels([Panel(str(i), [Line("a", X, Y, 0)], share=i + 1) for i in range(count)], "epoch", filename="x")
    )
    domains = [drawn.layout["yaxis" + (str(i + 1) if i else "")].domain for i in range(count)]
    heights = [top - foot for foot, top in domains]
    assert heights == pytest.approx([heights[0] * (i + 1) for i in range(count)])
    assert all(0 <= foot < top < 1 for foot, top in domains)
    assert all(upper[0] > lower[1] for upper, lower in pairwise(domains))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_a_gap(bad: float) -> None:
    broken = Y.copy()
    broken[2] = bad
    drawn = read(panels([Panel("loss", [Line("a", X, broken, 0)])], "epoch", filename="x"))
    assert [trace.x.tolist() for trace in drawn.data] == [[1, 2], [4, 5, 6]]
    assert [trace.showlegend for trace in drawn.data] == [True, False]


def test_a_band_without_numbers_is_a_gap_too_and_a_single_point_is_seen() -> None:
    low = np.array([0, np.nan, 1, 1, np.nan, np.nan])
    drawn = read(panels([Panel("loss", [Line("a", X, Y, 0, low, Y + 1)])], "epoch", filename="x"))
    bands, lines = drawn.data[::2], drawn.data[1::2]
    assert [line.x.tolist() for line in lines] == [[1], [3, 4]]
    assert "markers" in lines[0].mode
    assert bands[1].x.tolist() == [3, 4, 4, 3]
    assert bands[1].y.tolist() == [1, 1, 17, 10]


def test_on_a_log_axis_what_is_not_positive_lies_at_the_bottom() -> None:
    drawn = read(
        panels(
            [Panel("loss", [Line("a", X, np.array([4, 2, 1, 0, -1, 1]), 0, X - 9, X)], log=True)], "epoch", filename="x"
        )
    )
    band, line = drawn.data
    assert line.y.tolist() == [4, 2, 1, 0.5, 0.5, 1]
    assert band.y.min() == 0.5


def test_on_a_log_x_axis_what_is_not_positive_is_left_out_and_marks_are_placed_by_their_power() -> None:
    x = np.array([0, 1e-3, 1e-2, 1e-1])
    drawn = read(
        panels(
            [Panel("loss", [Line("a", x, x, 0)])], "rate", filename="x", x_log=True, marks=[UprightLine(1e-2, "here")]
        )
    )
    assert drawn.data[0].x.tolist() == x[1:].tolist()
    assert drawn.layout.shapes[0].x0 == 1e-2
    assert drawn.layout.annotations[-1].x == -2
    assert drawn.layout.xaxis.range[0] == pytest.approx(-3, abs=0.1)


def test_nothing_to_draw_is_an_empty_panel() -> None:
    nothing = np.full(3, np.nan)
    for given_panels in ([Panel("loss", [])], [Panel("loss", [Line("a", nothing, nothing, 0)], log=True)]):
        assert read(panels(given_panels, "epoch", filename="x")).data == ()


def test_names_are_no_markup() -> None:
    text = str(
        panels(
            [Panel("<i>", [Line("<b>a", X, Y, 0), Line("<b>b", X, Y, 1)])],
            "epoch",
            filename="x",
            marks=[UprightLine(2, "<u>")],
        )
    )
    assert not any(markup in text for markup in ("<i>", "<b>", "<u>"))


def test_names_at_line_ends_lie_apart_in_the_order_of_the_lines() -> None:
    lines = [Line(str(i), X, Y + 0.01 * i, i) for i in range(3)]
    drawn = read(panels([Panel("loss", lines)], "epoch", filename="x"))
    heights = [note.y for note in drawn.layout.annotations[1:]]
    assert np.diff(heights).min() > 0.04 * np.ptp(Y)
    assert {note.x for note in drawn.layout.annotations[1:]} == {6}


def names_and_axis(panel: Panel) -> tuple[np.ndarray, tuple[float, float] | None, str | None]:
    """The heights of the names at the line ends, the upright axis' range and what else is said of it."""
    drawn = read(panels([panel], "epoch", filename="x"))
    return (
        np.array([note.y for note in drawn.layout.annotations[1:]]),
        drawn.layout.yaxis.range,
        drawn.layout.yaxis.rangemode,
    )


@pytest.mark.parametrize(("value", "log", "zero"), [
    (0.0, False, False), (0.0, False, True), (0.2, False, False), (-3.0, False, False), (1e-6, False, False),
    (0.2, True, False), (50.0, True, True),
])  # fmt: skip
def test_names_of_lines_that_are_all_level_at_one_value_lie_apart_within_an_axis_around_it(
    *, value: float, log: bool, zero: bool
) -> None:
    heights, axis, _ = names_and_axis(
        Panel("share", [Line(str(i), X, np.full(X.size, value), i) for i in range(3)], log=log, zero=zero)
    )
    assert axis is not None
    low, high = axis
    assert np.diff(heights).min() > 0.04 * (high - low)
    assert (low <= heights).all()
    assert (heights <= high).all()
    level = np.log10(value) if log else value
    assert low <= level < high
    assert high - low <= max(2 * abs(level), 2), "no axis from -1 to 1 around a small rate"
    assert low >= 0 or log or not (value > 0 or zero), "nothing below zero is offered to what is not"


def test_the_axis_of_what_is_never_negative_begins_at_zero_and_no_name_lies_below_it() -> None:
    lines = [Line(str(i), X, np.array([60, 70, 30, 20, 5, 0.1 * i]), i) for i in range(3)]
    heights, _, mode = names_and_axis(Panel("share", lines, zero=True))
    assert mode == "tozero", "which Plotly takes for 0 whatever the data; nonnegative begins near them"
    assert heights.min() >= 0
    assert np.diff(heights).min() > 0.04 * 30
    assert names_and_axis(Panel("share", lines))[1:] == (None, None), "else Plotly chooses"


def test_names_lie_apart_on_an_axis_that_bands_make_longer() -> None:
    flat = np.zeros(X.size)
    heights, axis, _ = names_and_axis(Panel("share", [Line(str(i), X, flat, i, flat - 5, flat + 5) for i in range(3)]))
    assert axis is None
    assert np.diff(heights).min() > 0.04 * 10


def test_a_panel_without_points_leaves_its_axis_to_plotly() -> None:
    assert names_and_axis(Panel("loss", []))[1] is None
    assert names_and_axis(Panel("loss", [Line("a", X, np.full(X.size, np.nan), 0)], log=True))[1] is None


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.floats(0, 3), st.floats(-12, 12))
def test_with_a_least_height_order_and_distance_stay_and_only_the_low_are_raised(
    values: list[float], gap: float, least: float
) -> None:
    free, raised = apart(np.array(values), gap), apart(np.array(values), gap, least)
    order = np.argsort(values, kind="stable")
    assert (np.diff(raised[order]) >= gap - 1e-9).all()
    assert raised.min() >= least - 1e-9
    assert (raised >= free).all()
    if free.min() >= least:
        assert raised == pytest.approx(free)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.floats(0, 3))
def test_apart_keeps_order_distance_and_mean(values: list[float], gap: float) -> None:
    given_values = np.array(values)
    moved = apart(given_values, gap)
    order = np.argsort(given_values, kind="stable")
    assert (np.diff(moved[order]) >= gap - 1e-9).all()
    assert moved.mean() == pytest.approx(given_values.mean(), abs=1e-9)


def test_who_is_in_nobodys_way_is_not_moved() -> None:
    assert apart(np.array([5.0, 0.0, 0.1, 9.0]), 1.0).tolist() == pytest.approx([5, -0.45, 0.55, 9])
