"""The player beneath a figure with frames: keyboard, playing, and what a rerun must leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import ROOT, serving, settled
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

APP = """
import numpy as np
import streamlit as st
from lrlab import charts
from lrlab.ui import chart

def halted(frame):
    st.query_params["frame"] = str(frame)
    st.session_state.told = st.session_state.get("told", 0) + 1

st.session_state.presenting = st.toggle("Present")
far = st.toggle("Further")
frames = 40 if st.toggle("Shorter") else 200
x = np.linspace(-1, 1, 50)
positions = (np.arange(frames) / 1000 + 0.1 * far)[None, :, None, None]
rates = np.linspace(1, 0, 2000)[None]
steps = np.arange(frames) * 10
figure = charts.animated(charts.LossCurve(x, x**2), positions, rates, steps, names=["one"], places=[0], filename="x")
frame = int(st.query_params.get("frame", 0))
chart.show(figure, key="moving", height=400, alt="A particle", on_frame=halted, frame=frame)
lines = [charts.Line(n, x, x**2 + i, i) for i, n in enumerate("ab")]
still = charts.panels([charts.Panel("y", lines)], "x", filename="x")
chart.show(still, key="still", height=300, alt="Two lines")
st.text(f"told {st.session_state.get('told', 0)}, at {st.query_params.get('frame', 'the start')}")
"""
AT = "Number(document.querySelector('.lrlab-player input').value)"
PARTICLE = "document.querySelector('.lrlab-chart').calcdata.find(t => t[0].trace.marker?.size === 6)[0].x"
CURSOR = "document.querySelector('.lrlab-chart').calcdata.at(-2)[0].x"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("player")
    (folder / "app.py").write_text(APP)
    with serving(folder) as url:
        yield url


@pytest.fixture
def page(chromium: Browser, app: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1000, "height": 1000}, reduced_motion="reduce")
    opened = context.new_page()
    thrown: list[str] = []
    opened.on("pageerror", lambda error: thrown.append(str(error)))
    opened.on("console", lambda message: thrown.append(message.text) if "lrlab" in message.text else None)
    begin(opened, app)
    yield opened
    context.close()
    assert not thrown


def begin(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function("document.querySelectorAll('.lrlab-chart[data-drawn]').length === 2")
    settled(page)


def told(page: Page, times: int, where: str) -> None:
    expect(page.get_by_text(f"told {times}, at {where}", exact=True)).to_be_visible()


def flip(page: Page, toggle: str) -> None:
    """Run the script anew, and wait until the chart has followed."""
    drawn = page.evaluate("document.querySelector('.lrlab-chart').dataset.drawn")
    page.get_by_text(toggle, exact=True).click()
    page.wait_for_function("n => document.querySelector('.lrlab-chart').dataset.drawn !== n", arg=drawn)


def test_nothing_moves_before_somebody_plays(page: Page) -> None:
    page.wait_for_timeout(500)
    assert page.evaluate(AT) == 0
    assert page.locator(".lrlab-player").count() == 1, "a figure without frames has no player"
    told(page, 0, "the start")


def test_arrow_keys_move_the_particles_and_the_cursor_and_python_is_told_once(page: Page) -> None:
    slider = page.get_by_role("slider", name="Frame")
    slider.focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    assert page.evaluate(AT) == 7
    expect(slider).to_have_attribute("aria-valuetext", "step 70")
    page.wait_for_function(f"Math.abs({PARTICLE} - 0.007) < 1e-6 && {CURSOR} === 70")
    told(page, 1, "7")
    expect(slider).to_be_focused()
    page.keyboard.press("ArrowRight")
    told(page, 2, "8")
    assert page.evaluate(AT) == 8


def test_what_python_answers_late_does_not_undo_a_move_made_meanwhile(chromium: Browser) -> None:
    page = chromium.new_page()
    page.add_script_tag(path=ROOT / "lrlab" / "ui" / "browser" / "player.js")
    places = page.evaluate("""async () => {
        const told = [], names = ['a', 'b', 'c', 'd'];
        const player = makePlayer(() => {}, (index) => told.push(index));
        const range = player.element.querySelector('input');
        const move = (index) => { range.value = index; range.dispatchEvent(new Event('input')); };
        const until = async (count) => {
            for (let i = 0; i < 200 && told.length < count; i++) await new Promise((wake) => setTimeout(wake, 20));
        };
        const seen = [];
        const answer = (frame) => { player.set(names, frame); seen.push(player.at); };
        answer(1);                    // the link's
        move(2); await until(1);
        move(3); answer(1);           // of a run that began before
        answer(2); await until(2);    // what it was told, when the person is further already
        answer(3); answer(1);         // the echo; and one that Python chose by itself
        return [seen, told];
    }""")
    page.close()
    assert places == [[1, 3, 3, 3, 1], [2, 3]]


def test_the_button_plays_and_halts_without_the_server(page: Page) -> None:
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{AT} >= 5")
    told(page, 0, "the start")
    page.keyboard.press("Space")
    at = page.evaluate(AT)
    told(page, 1, str(at))
    page.wait_for_function(f"Math.abs({PARTICLE} - {at} / 1000) < 1e-6")
    assert page.evaluate(AT) == at
    expect(page.get_by_role("button", name="Play")).to_be_focused()


def test_playing_ends_with_the_last_frame_and_begins_anew_from_there(page: Page) -> None:
    slider = page.get_by_role("slider", name="Frame")
    slider.press("End")
    slider.press("ArrowLeft")
    page.get_by_role("button", name="Play").click()
    told(page, 1, "199")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"{AT} > 0 && {AT} < 100")


def test_a_rerun_leaves_playing_and_place_alone(page: Page) -> None:
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"{AT} >= 3")
    before = page.evaluate(AT)
    flip(page, "Present")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert page.evaluate(AT) >= before
    page.wait_for_function(f"{AT} >= {before} + 10")
    page.get_by_role("button", name="Pause").click()
    at = page.evaluate(AT)
    told(page, 1, str(at))
    flip(page, "Present")
    assert page.evaluate(AT) == at


def test_other_frames_keep_the_place_as_far_as_they_reach(page: Page) -> None:
    page.get_by_role("slider", name="Frame").press("End")
    told(page, 1, "199")
    flip(page, "Further")
    page.wait_for_function(f"{AT} === 199 && Math.abs({PARTICLE} - 0.299) < 1e-6")
    flip(page, "Shorter")
    page.wait_for_function(f"{AT} === 39 && Math.abs({PARTICLE} - 0.139) < 1e-6 && {CURSOR} === 390")


def test_a_link_begins_at_its_frame(page: Page, app: str) -> None:
    begin(page, f"{app}/?frame=33")
    assert page.evaluate(AT) == 33
    page.wait_for_function(f"Math.abs({PARTICLE} - 0.033) < 1e-6")
    begin(page, f"{app}/?frame=999")
    assert page.evaluate(AT) == 199


def test_presented_charts_are_larger(page: Page) -> None:
    size = (
        "[document.querySelector('.lrlab-chart').clientHeight, "
        "document.querySelector('.lrlab-chart')._fullLayout.xaxis2.title.font.size]"
    )
    height, type_size = page.evaluate(size)
    flip(page, "Present")
    page.wait_for_function(f"{size}[0] > {height}")
    assert page.evaluate(size) == [round(height * 1.35), pytest.approx(type_size * 1.35)]


def test_a_legend_without_a_listener_hides_the_line_by_itself(page: Page) -> None:
    lines = page.locator(".lrlab-chart").nth(1)
    lines.locator(".legendtoggle").first.click()
    page.wait_for_function(
        "document.querySelectorAll('.lrlab-chart')[1]._fullData.map(t => t.visible).join() === 'legendonly,true'"
    )
    flip(page, "Further")
    assert (
        page.evaluate("document.querySelectorAll('.lrlab-chart')[1]._fullData.map(t => t.visible).join()")
        == "legendonly,true"
    )
