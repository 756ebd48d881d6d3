"""The SGDR lesson as a whole: its settings in the address, presenting, exercises, and its link."""

from __future__ import annotations

from typing import Any

import pytest
from oracle import ROOT
from panels import complaint, components, nodes, slide, switch, write
from streamlit.testing.v1 import AppTest

from lrlab.lessons.curve import CurveSettings
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


def chosen(app: AppTest) -> Any:
    return app.session_state["lesson.at_hand"]["curve"] if "lesson.at_hand" in app.session_state else CurveSettings()


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
    seen(slide(app, "curve.T_0", 40))
    seen(write(app, "curve.eta_min", "1e-5"))
    seen(switch(app, "curve.short", on=True))
    assert own(app) == {"curve.T_0": "40", "curve.eta_min": "1e-05", "curve.short": "true"}
    again = opened(**{name.replace(".", "__"): text for name, text in own(app).items()})
    assert chosen(again) == chosen(app) == CurveSettings(T_0=40, eta_min=1e-5, short=True)
    assert nodes(again)["curve.T_0"]["at"] == 40
    assert nodes(again)["curve.short"]["on"] is True
    assert own(again) == own(app)


def test_a_default_is_not_in_the_address() -> None:
    app = opened(curve__T_0="40")
    seen(slide(app, "curve.T_0", CurveSettings().T_0))
    assert not own(app)


def test_what_is_wrong_in_an_address_is_said_and_left_at_its_default() -> None:
    app = opened(curve__T_0="0", curve__epochs="210", curve__x="1", present="99")
    said = app.warning[0].value.replace("\\", "")
    assert "curve.T_0: must be at least 1" in said
    assert "curve.x: is no setting of this page" in said
    assert f"present: must be the number of a section, from 1 to {SECTIONS}" in said
    assert chosen(app) == CurveSettings(epochs=210)
    assert own(app) == {"curve.epochs": "210"}, "the address no longer says it"


def test_what_a_field_refuses_is_said_and_what_was_there_stays() -> None:
    app = opened(curve__epochs="3")
    seen(slide(app, "curve.warmup", 3))
    assert chosen(app) == CurveSettings(epochs=3)
    assert "leave nothing of a run of 3" in complaint(app, "curve.warmup")
    seen(slide(app, "curve.warmup", 2))
    assert chosen(app) == CurveSettings(epochs=3, warmup=2)
    assert not complaint(app, "curve.warmup")


def test_another_page_and_back_loses_nothing() -> None:
    app = opened(curve__T_0="40", paper__data="CIFAR-100")
    app.switch_page("pages/gallery.py")
    seen(at(app, {}).run())
    assert not {name for name in own(app) if "." in name}, "only a lesson's page has its entries"
    app.switch_page("pages/sgdr.py")
    seen(at(app, {}).run())
    assert own(app) == {"curve.T_0": "40", "paper.data": "CIFAR-100"}
    assert nodes(app)["curve.T_0"]["at"] == 40


def test_an_earlier_address_brings_its_settings_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "LAG", 0.0)
    app = opened(curve__T_0="40")
    before = dict(app.query_params)
    seen(slide(app, "curve.T_0", 50))
    seen(at(app, before).run())
    assert chosen(app) == CurveSettings(T_0=40)
    del app.query_params["curve.T_0"]
    seen(app.run())
    assert chosen(app) == CurveSettings()


def test_a_quick_hand_is_not_taken_for_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the browser does not yet know the new address, it still sends the one before."""
    monkeypatch.setattr(address, "LAG", 60.0)
    app = opened(curve__T_0="40")
    before = dict(app.query_params)
    seen(slide(app, "curve.T_0", 50))
    seen(at(app, before).run())
    assert chosen(app) == CurveSettings(T_0=50)


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
        return components(app, "chart")["curve_chart"][1]["height"]

    assert height(opened(present="1")) > height(opened())


def test_exercises_know_when_they_are_done() -> None:
    app = opened()
    count = sum(exercise.settings is CurveSettings for exercise in LESSON.exercises)
    assert f"0 of {count} solved" in texts(app)
    seen(slide(app, "curve.T_0", 40))
    seen(slide(app, "curve.T_mult", 4))
    assert f"1 of {count} solved" in texts(app)
    assert "2 whole cycles, and the last step uses" in texts(app)


def test_the_link_holds_what_is_shown() -> None:
    app = opened(curve__T_0="40", curve__sgdr="false")
    app.session_state["lesson.link"] = True
    seen(app.run())
    shown = next(code.value for code in app.code if "curve" in code.value)
    assert "curve.T_0=40" in shown
    assert "curve.sgdr=false" in shown
    assert f"{state.LINK}={app.session_state['experiment'].link()}" in shown
