"""The SGDR lesson through Streamlit's own test harness: its settings in the address, presenting, exercises, and the way
to Tune.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from oracle import ROOT
from streamlit.testing.v1 import AppTest

from lrlab.document import parse
from lrlab.lessons import curve as sgdr
from lrlab.lessons import paper
from lrlab.lessons.curve import Curve
from lrlab.ui import address, state
from lrlab.ui.lessons.sgdr import LESSON

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

SECTIONS = len(LESSON.sections)
NAMES = [section.title for section in LESSON.sections]


def opened(**asked: str) -> AppTest:
    """The page, opened fresh under an address."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/sgdr.py")
    for name, text in asked.items():
        app.query_params[name.replace("__", ".")] = text
    return seen(app.run())


def seen(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def own(app: AppTest) -> dict[str, str]:
    """What the address says beside the experiment."""
    params = {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}
    return {name: value for name, value in params.items() if name != state.LINK}


def curve(app: AppTest) -> Any:
    return app.session_state["lesson.at_hand"]["curve"] if "lesson.at_hand" in app.session_state else Curve()


def at(app: AppTest, entries: dict[str, Any]) -> AppTest:
    """The page under another address, not run yet."""
    app.query_params.clear()
    app.query_params.update(entries)
    return app


def titles(app: AppTest) -> list[str]:
    return [subheader.value for subheader in app.subheader]


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.caption, *app.warning, *app.success))


def test_it_opens_on_every_section_in_order() -> None:
    app = opened()
    assert app.header[0].value == LESSON.title
    assert [title for title in titles(app) if title in NAMES] == NAMES
    assert not own(app)
    assert state.LINK in app.query_params


def test_a_slider_is_in_the_address_and_a_link_shows_the_same() -> None:
    app = opened()
    seen(app.slider(key="curve.T_0/slider").set_value(40).run())
    seen(app.number_input(key="curve.eta_min/number").set_value(1e-5).run())
    seen(app.toggle(key="curve.short").set_value(True).run())
    assert own(app) == {"curve.T_0": "40", "curve.eta_min": "1e-05", "curve.short": "true"}
    again = opened(**{name.replace(".", "__"): text for name, text in own(app).items()})
    assert curve(again) == curve(app) == Curve(T_0=40, eta_min=1e-5, short=True)
    assert again.slider(key="curve.T_0/slider").value == 40
    assert again.toggle(key="curve.short").value is True
    assert own(again) == own(app)


def test_a_default_is_not_in_the_address() -> None:
    app = opened(curve__T_0="40")
    seen(app.slider(key="curve.T_0/slider").set_value(Curve().T_0).run())
    assert not own(app)


def test_what_is_wrong_in_an_address_is_said_and_left_at_its_default() -> None:
    app = opened(curve__T_0="0", curve__epochs="210", curve__x="1", present="99")
    said = app.warning[0].value.replace("\\", "")
    assert "curve.T_0: must be at least 1" in said
    assert "curve.x: is no setting of this page" in said
    assert f"present: must be the number of a section, from 1 to {SECTIONS}" in said
    assert curve(app) == Curve(epochs=210)
    assert own(app) == {"curve.epochs": "210"}, "the address no longer says it"


def test_what_a_field_refuses_is_said_and_what_was_there_stays() -> None:
    app = opened(curve__epochs="3")
    seen(app.slider(key="curve.warmup/slider").set_value(3).run())
    assert curve(app) == Curve(epochs=3)
    assert "leave nothing of a run of 3" in texts(app).replace("\\", "")
    seen(app.slider(key="curve.warmup/slider").set_value(2).run())
    assert curve(app) == Curve(epochs=3, warmup=2)
    assert "leave nothing" not in texts(app)


def test_another_page_and_back_loses_nothing() -> None:
    app = opened(curve__T_0="40", paper__data="CIFAR-100")
    app.switch_page("pages/gallery.py")
    seen(at(app, {}).run())
    assert not {name for name in own(app) if "." in name}, "only a lesson's page has its entries"
    app.switch_page("pages/sgdr.py")
    seen(at(app, {}).run())
    assert own(app) == {"curve.T_0": "40", "paper.data": "CIFAR-100"}
    assert app.slider(key="curve.T_0/slider").value == 40


def test_an_earlier_address_brings_its_settings_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "LAG", 0.0)
    app = opened(curve__T_0="40")
    before = dict(app.query_params)
    seen(app.slider(key="curve.T_0/slider").set_value(50).run())
    seen(at(app, before).run())
    assert curve(app) == Curve(T_0=40)
    del app.query_params["curve.T_0"]
    seen(app.run())
    assert curve(app) == Curve()


def test_a_quick_hand_is_not_taken_for_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the browser does not yet know the new address, it still sends the one before."""
    monkeypatch.setattr(address, "LAG", 60.0)
    app = opened(curve__T_0="40")
    before = dict(app.query_params)
    seen(app.slider(key="curve.T_0/slider").set_value(50).run())
    seen(at(app, before).run())
    assert curve(app) == Curve(T_0=50)


def test_presenting_shows_one_section_and_goes_through_them() -> None:
    app = opened()
    seen(app.button(key="lesson.present").click().run())
    shown = []
    for number in range(1, SECTIONS + 1):
        assert own(app) == {"present": str(number)}
        shown += titles(app)
        assert not app.header, "neither title nor menu"
        if number < SECTIONS:
            seen(app.button(key="present.next").click().run())
    assert shown == [f"{number} / {SECTIONS} · {title}" for number, title in enumerate(NAMES, start=1)]
    assert app.button(key="present.next").disabled
    seen(app.button(key="present.previous").click().run())
    assert own(app) == {"present": str(SECTIONS - 1)}
    seen(app.button(key="present.close").click().run())
    assert not own(app)
    assert app.header


def test_closing_stands_however_late_the_browser_sends_the_address_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "LAG", 0.0)
    app = opened(present="2")
    before = dict(app.query_params)
    seen(app.button(key="present.previous").click().run())
    at(app, before)
    seen(app.button(key="present.close").click().run())
    assert app.header
    assert not own(app)


def test_each_lesson_presents_its_own_section() -> None:
    app = opened(present="2")
    presented = dict(app.query_params)
    app.switch_page("pages/warmup.py")
    seen(at(app, {}).run())
    assert app.header, "the other lesson is not presented"
    app.switch_page("pages/sgdr.py")
    seen(at(app, presented).run())
    assert own(app) == {"present": "2"}
    assert not app.header


def test_a_slide_says_what_its_address_got_wrong() -> None:
    app = opened(present="2", landscape__noise="loud")
    assert any("landscape" in warning.value for warning in app.warning)


def test_the_presenters_charts_are_larger() -> None:
    def height(app: AppTest) -> Any:
        return app.get("bidi_component")[0].proto.json

    assert height(opened(present="1")) != height(opened())


def test_exercises_know_when_they_are_done() -> None:
    app = opened()
    count = sum(exercise.settings is Curve for exercise in LESSON.exercises)
    assert f"0 of {count} solved" in texts(app)
    seen(app.slider(key="curve.T_0/slider").set_value(40).run())
    seen(app.slider(key="curve.T_mult/slider").set_value(4).run())
    assert f"1 of {count} solved" in texts(app)
    assert "2 whole cycles, and the last step uses" in texts(app)


def test_budgets_and_lengths_make_whole_cycles() -> None:
    app = opened()
    assert any("77.8% of the way above the minimum" in warning.value for warning in app.warning)
    seen(app.button(key="curve.budget.below").click().run())
    assert curve(app) == Curve(epochs=150)
    assert any("none is cut" in success.value for success in app.success)
    app = opened(curve__T_mult="1", curve__T_0="30")
    seen(app.button(key="curve.cycles.4").click().run())
    assert curve(app) == Curve(T_mult=1, T_0=50)


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
    assert len(app.get("bidi_component")) == 1


def test_the_chart_marks_snapshots_and_the_cut_cycle() -> None:
    """Ten, 30, 70 and 150 epochs, behind 5 of warmup; at each the last step before, whose rate is next to nothing; then
    a band to the end.
    """
    figure = json.loads(opened(curve__warmup="5", present="1").get("bidi_component")[0].proto.json)["figure"]
    stars = next(trace for trace in figure["data"] if trace["name"] == "snapshots")
    x, y = (np.frombuffer(base64.b64decode(stars[axis]["bdata"]), "<f8") for axis in "xy")
    assert x == pytest.approx(np.array([15, 35, 75, 155]) - 1 / 391)
    assert y.max() < 1e-8
    (band,) = figure["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (155, 200)
    whole = json.loads(opened(curve__epochs="150", present="1").get("bidi_component")[0].proto.json)["figure"]
    assert not whole["layout"].get("shapes")


def test_snapshots_beyond_those_that_are_listed_are_counted_and_the_cut_cycle_is_drawn() -> None:
    """Of 2,000 epochs in cycles of 3 there are 666 whole ones, and the last two epochs are cut."""
    app = opened(curve__T_0="3", curve__T_mult="1", curve__epochs="2000", present="1")
    shown = json.loads(app.get("bidi_component")[0].proto.json)
    (band,) = shown["figure"]["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (1998, 2000)
    assert "the first 200 of 666; the last cycle is cut" in shown["alt"]
    assert "Stars mark the first 200 of 666 snapshots." in texts(app)
    few = opened(present="1")
    assert (
        "Snapshots of SGDR at its cycles' ends: 4; the last cycle is cut"
        in json.loads(few.get("bidi_component")[0].proto.json)["alt"]
    )
    assert "Stars mark" not in texts(few)


def test_a_run_cut_in_its_first_cycle_is_marked_from_the_end_of_its_warmup() -> None:
    figure = json.loads(opened(curve__T_0="300", curve__warmup="5", present="1").get("bidi_component")[0].proto.json)[
        "figure"
    ]
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
    assert app.session_state["experiment"] == sgdr.experiment(Curve(T_0=40))
    seen(app.button(key="undo").click().run())
    assert app.session_state["experiment"] == parse(state.DEFAULT)


def test_the_link_holds_what_is_shown() -> None:
    app = opened(curve__T_0="40", curve__sgdr="false")
    app.session_state["lesson.link"] = True
    seen(app.run())
    shown = next(code.value for code in app.code if "curve" in code.value)
    assert "curve.T_0=40" in shown
    assert "curve.sgdr=false" in shown
    assert f"{state.LINK}={app.session_state['experiment'].link()}" in shown


def test_the_papers_chart_shows_the_papers_numbers() -> None:
    app = opened(paper__data="CIFAR-100", present=str(SECTIONS))
    table: Any = app.table[0].value
    tables = paper.tables()
    for schedule, row in tables.singles.items():
        place = next(label for label in table.index if label.replace("\\", "").startswith(schedule))
        assert table.loc[place, "WRN-28-10, CIFAR-100"] == f"{row['WRN-28-10']['CIFAR-100']:.2f}"
    assert "48 models" in texts(app)
    assert "0.40 points" in texts(app)
    assert "78 % of its peak" in texts(app)
