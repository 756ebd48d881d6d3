"""The curve of the SGDR lesson: its cycles and snapshots on the page, and its way to Tune."""

from __future__ import annotations

import base64
from typing import Any

import lesson_pages
import numpy as np
import pytest
from panels import press
from streamlit.testing.v1 import AppTest

from lrlab.document import parse
from lrlab.lessons import curve
from lrlab.lessons.curve import CurveSettings
from lrlab.ui import state

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def opened(**asked: str) -> AppTest:
    return lesson_pages.opened("pages/sgdr.py", {name.replace("__", "."): text for name, text in asked.items()})


def drawn(app: AppTest) -> Any:
    """The chart's data."""
    return lesson_pages.charts(app)["curve_chart"]


def seen(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.caption, *app.warning, *app.success))


def test_budgets_and_lengths_make_whole_cycles() -> None:
    app = opened()
    assert any("77.8% of the way above the minimum" in warning.value for warning in app.warning)
    seen(app.button(key="curve.budget.below").click().run())
    assert lesson_pages.at_hand(app, CurveSettings) == CurveSettings(epochs=150)
    assert any("none is cut" in success.value for success in app.success)
    app = opened(curve__T_mult="1", curve__T_0="30")
    seen(app.button(key="curve.cycles.4").click().run())
    assert lesson_pages.at_hand(app, CurveSettings) == CurveSettings(T_mult=1, T_0=50)


@pytest.mark.parametrize("address", [
    {"curve__T_0": "10000"}, {"curve__T_0": "300", "curve__warmup": "199"},
    {"curve__epochs": "1", "curve__steps": "1", "curve__T_0": "1"},
    {"curve__T_0": "1", "curve__T_mult": "1", "curve__epochs": "2000"},
    {"curve__steps": "100000", "curve__epochs": "2000"},
    dict.fromkeys(("curve__sgdr", "curve__cosine", "curve__step"), "false"), {"curve__peak": "1e-300"},
    {"curve__epochs": "1", "curve__steps": "1", "curve__T_0": "1", "curve__no_pi": "true", "curve__off_by_one": "true"},
])  # fmt: skip
def test_odd_settings_are_shown_without_a_nan(address: dict[str, str]) -> None:
    app = opened(**address, present="1")
    tables = " ".join(table.value.to_string() for table in app.table)
    assert "nan" not in (texts(app) + tables).lower()
    assert list(lesson_pages.charts(app)) == ["curve_chart"]


def test_the_chart_marks_snapshots_and_the_cut_cycle() -> None:
    """Ten, 30, 70 and 150 epochs, behind 5 of warmup; at each the last step before, whose rate is next to nothing; then
    a band to the end.
    """
    figure = drawn(opened(curve__warmup="5", present="1"))["figure"]
    stars = next(trace for trace in figure["data"] if trace["name"] == "snapshots")
    x, y = (np.frombuffer(base64.b64decode(stars[axis]["bdata"]), "<f8") for axis in "xy")
    assert x == pytest.approx(np.array([15, 35, 75, 155]) - 1 / 391)
    assert y.max() < 1e-8
    (band,) = figure["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (155, 200)
    whole = drawn(opened(curve__epochs="150", present="1"))["figure"]
    assert not whole["layout"].get("shapes")


def test_snapshots_beyond_those_that_are_listed_are_counted_and_the_cut_cycle_is_drawn() -> None:
    """Of 2,000 epochs in cycles of 3 there are 666 whole ones, and the last two epochs are cut."""
    app = opened(curve__T_0="3", curve__T_mult="1", curve__epochs="2000", present="1")
    shown = drawn(app)
    (band,) = shown["figure"]["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (1998, 2000)
    assert "the first 200 of 666; the last cycle is cut" in shown["alt"]
    assert "Stars mark the first 200 of 666 snapshots." in texts(app)
    few = opened(present="1")
    assert "Snapshots of SGDR at its cycles' ends: 4; the last cycle is cut" in drawn(few)["alt"]
    assert "Stars mark" not in texts(few)


def test_a_run_cut_in_its_first_cycle_is_marked_from_the_end_of_its_warmup() -> None:
    figure = drawn(opened(curve__T_0="300", curve__warmup="5", present="1"))["figure"]
    (band,) = figure["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (5, 200)


def test_a_first_cycle_longer_than_the_run_is_said() -> None:
    app = opened(curve__T_0="300")
    assert any("longer than the 200 that the run has" in warning.value for warning in app.warning)


@pytest.mark.parametrize(
    ("first", "said"),
    [("200", "epoch 200: not in this run, which ends before it"), ("199", "epoch 199: SGDR 0.05, Cosine")],
)
def test_a_jump_is_measured_where_the_run_has_it(first: str, said: str) -> None:
    relations = next(
        table.value for table in opened(curve__T_0=first, present="1").table if "Measured here" in table.value.columns
    )
    assert said in " ".join(relations["Measured here"]).replace("\\", "")


def test_open_in_tune_takes_the_curves_along_and_undo_brings_the_earlier_back() -> None:
    app = opened(curve__T_0="40")
    seen(app.button(key="curve.open").click().run())
    assert app.session_state["experiment"] == curve.experiment(CurveSettings(T_0=40))
    app.switch_page("app.py")  # where the harness is, it does not follow by itself
    seen(press(app, "undo"))
    assert app.session_state["experiment"] == parse(state.DEFAULT)
