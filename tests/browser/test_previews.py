"""While a slider is dragged: one preview is on its way at a time, a lost one or a lost line is made good, and what is
drawn quickly lies where Plotly draws it.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import count, drawn, link, settled, zoom
from test_panel import at_hand, field, middle, slider

from lrlab.document import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, WebSocketRoute

PATIENCE = 4
"""Seconds after which an answer is not waited for any more."""
WARMUP, BEGIN, STOP = 1955, 3910, 391
"""Where the first cycle of the first trial begins, how long it is, and what an arrow key adds."""
RESTART = f"""value => {{
  const points = document.querySelector('.lrlab-chart').calcdata[0];
  const jump = points.findIndex((p, i) => i && p.y > points[i - 1].y + 0.01 && p.x > {WARMUP});
  return points[jump].x === {WARMUP} + value;
}}"""
"""Whether the first line restarts where a T_0 of this value says, as Plotly has drawn it."""


NUMBER = rb'"preview",?\W*(?:"value": ?)?\{"n": ?(\d+)'
"""The number of a preview, in a message that asks for it and in one that answers."""
NAME = rb'(?<="name": ")[0-9a-f]{8,16}(?=")'
"""The name of an array, under which the browser is to remember it."""


class Wire:
    """What goes over the websocket: previews by number, in the order in which they pass, and what goes wrong there."""

    def __init__(self) -> None:
        self.passed: list[tuple[str, int]] = []
        self.asked_at: list[float] = []
        self.missing = 0
        self.losing = False
        """The next preview that is asked for is lost."""
        self.dropping = False
        """The next change is lost, as it is where Streamlit is busy and another one comes."""
        self.misnaming = False
        """Arrays come under another name: they are drawn, but not remembered under the one that the server knows."""

    def __call__(self, browser: WebSocketRoute) -> None:
        """Stand between the browser and the server."""
        server = browser.connect_to_server()

        def asks(message: str | bytes) -> None:
            said = self._noted("asked", message)
            self.missing += b'"event":"missing"' in said
            if self.losing and re.search(NUMBER, said):
                self.losing = False
                return
            if self.dropping and b'"event":"change"' in said:
                self.dropping = False
                return
            server.send(said)

        def answers(message: str | bytes) -> None:
            said = self._noted("answered", message)
            browser.send(re.sub(NAME, lambda name: name[0][::-1], said) if self.misnaming else said)

        browser.on_message(asks)
        server.on_message(answers)

    def _noted(self, what: str, message: str | bytes) -> bytes:
        said = message if isinstance(message, bytes) else message.encode()
        if found := re.search(NUMBER, said):
            self.passed.append((what, int(found[1])))
            if what == "asked":
                self.asked_at.append(time.monotonic())
        return said


@pytest.fixture
def wire(page: Page, server: str) -> Iterator[Wire]:
    """The page, opened anew with its websocket under our eyes."""
    found = Wire()
    page.route_web_socket(re.compile(r"/_stcore/stream"), found)
    page.goto(server)
    drawn(page)
    return found


def grab(page: Page, name: str = "T_0", share: float = 0.065) -> tuple[float, float]:
    """Press the mouse on a slider; where that is."""
    x, y = middle(slider(page, name), share)
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y


def value(page: Page, name: str = "T_0") -> int:
    return int(field(page, name).input_value())


def test_one_preview_is_on_its_way_and_the_last_value_is_drawn(page: Page, wire: Wire) -> None:
    before = link(page)
    x, y = grab(page)
    for i in range(1, 61):
        page.mouse.move(x + 2 * i, y)
        page.wait_for_timeout(5)
    page.wait_for_function(RESTART, arg=value(page))
    settled(page)
    assert link(page) == before, "nothing is kept yet"
    asked = [number for what, number in wire.passed if what == "asked"]
    assert 3 < len(asked) < 60, "of those that come meanwhile, the last"
    assert wire.passed == [(what, number) for number in asked for what in ("asked", "answered")]
    page.mouse.up()


def test_a_preview_without_an_answer_is_given_up_after_a_while(page: Page, wire: Wire) -> None:
    x, y = grab(page)
    wire.losing = True
    for i in range(1, 6):
        page.mouse.move(x + 8 * i, y)
        page.wait_for_timeout(60)
    assert len(wire.asked_at) == 1, "it is waited for"
    page.wait_for_function(RESTART, arg=value(page))
    lost, later = wire.asked_at
    assert PATIENCE - 0.5 < later - lost < PATIENCE + 3
    last = value(page)
    page.mouse.move(x + 60, y)
    page.wait_for_function(RESTART, arg=value(page))
    assert value(page) > last
    page.mouse.up()


def test_a_line_that_the_browser_lacks_is_asked_for(page: Page, wire: Wire) -> None:
    slider(page, "T_0").focus()
    for key, misnamed, now in (("ArrowRight", True, BEGIN + STOP), ("ArrowLeft", False, BEGIN)):
        wire.misnaming = misnamed
        page.keyboard.press(key)
        page.wait_for_function(RESTART, arg=now)
        settled(page)
    assert wire.missing == 0
    page.keyboard.press("ArrowRight")
    page.wait_for_function(RESTART, arg=BEGIN + STOP)
    settled(page)
    assert wire.missing == 1
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(RESTART, arg=BEGIN)
    settled(page)
    assert wire.missing == 1, "all came anew"


def test_a_line_that_the_browser_lacks_is_drawn_while_the_slider_is_held(page: Page, wire: Wire) -> None:
    before = link(page)
    x, y = grab(page)
    for moved, misnamed in ((12, True), (24, False)):
        wire.misnaming = misnamed
        page.mouse.move(x + moved, y)
        page.wait_for_function(RESTART, arg=value(page))
    assert wire.missing == 0
    page.mouse.move(x + 12, y)
    assert value(page) != BEGIN
    page.wait_for_function(RESTART, arg=value(page))
    assert wire.missing == 1
    assert link(page) == before, "it is a preview still"
    page.wait_for_timeout(1000)
    assert page.evaluate(RESTART, value(page)), "and it stays"
    page.mouse.up()


SPY = """() => {
  const host = document.querySelector('.lrlab-chart');
  const seen = () => [...host.querySelectorAll('.scatterlayer .trace')]
    .flatMap((trace) => [...trace.querySelectorAll('path.js-line')].map((path) => path.getAttribute('d')));
  const axes = () => ['xaxis', 'yaxis'].map((name) => host._fullLayout[name].range.map(String).join());
  const { react } = window.Plotly;
  window.drawings = [];
  window.Plotly.react = async (...given) => {
    const quick = { lines: seen(), axes: axes() };
    await react(...given);
    const { xaxis, yaxis } = host._fullLayout;
    window.drawings.push({ quick, whole: { lines: seen(), axes: axes() }, size: [xaxis._length, yaxis._length] });
  };
}"""
"""Write down how the lines lie before and after each whole drawing."""


def points(line: str) -> np.ndarray[Any, Any]:
    return np.array([float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", line)]).reshape(-1, 2)


@pytest.mark.parametrize("name", ["T_0", "base_lr"])
@pytest.mark.parametrize("view", ["linear", "log", "zoomed"])
def test_what_is_drawn_quickly_lies_where_plotly_draws_it(page: Page, server: str, name: str, view: str) -> None:
    """Within a tenth of a pixel. Plotly leaves out what lies beyond a zoomed axis: there, every point in sight."""
    if view == "log":
        document = at_hand(page).document()
        page.goto(f"{server}/?s={parse(document | {'view': {'y': 'log'}}).link()}")
        drawn(page)
    if view == "zoomed":
        zoom(page)
    page.evaluate(SPY)
    x, y = grab(page, name, 0.065 if name == "T_0" else 0.5)
    for moved in (8, 16):
        n = page.evaluate("window.drawings.length")
        page.mouse.move(x + (moved if name == "T_0" else -moved), y)
        page.wait_for_function("n => window.drawings.length > n", arg=n)
    before, after = page.evaluate("window.drawings.slice(-2)")
    page.mouse.up()
    quick, whole, size = after["quick"], after["whole"], np.array(after["size"])
    assert quick["lines"][0] != before["whole"]["lines"][0], "it was moved before Plotly drew it"
    assert quick["axes"] == whole["axes"]
    for one, other in zip(quick["lines"], whole["lines"], strict=True):
        ours, theirs = points(one), points(other)
        if view == "zoomed":
            ours, theirs = (found[((found > -0.05) & (found < size + 0.05)).all(axis=1)] for found in (ours, theirs))
        assert len(ours) > 100
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.1)


def test_marks_move_with_the_line_at_once(page: Page) -> None:
    page.evaluate(
        "() => { const look = () => { if (chart.dataset.whole !== 'later') return;"
        " window.marks = [...chart.querySelectorAll('.trace path.point')].map((m) => m.getAttribute('transform')) };"
        " const chart = document.querySelector('.lrlab-chart'); window.marks = null;"
        " new MutationObserver(look).observe(chart, { attributes: true, attributeFilter: ['data-whole'] }) }"
    )
    x, y = grab(page)
    page.mouse.move(x + 12, y)
    page.wait_for_function("window.marks && document.querySelector('.lrlab-chart').dataset.whole === 'now'")
    whole = page.evaluate(
        "[...document.querySelectorAll('.lrlab-chart .trace path.point')].map((m) => m.getAttribute('transform'))"
    )
    quick = page.evaluate("window.marks")
    page.mouse.up()

    def numbers(said: list[str]) -> list[float]:
        return [float(number) for mark in said for number in re.findall(r"-?[\d.]+", mark)]

    assert len(numbers(whole)) >= 8
    assert numbers(quick)[: len(numbers(whole))] == pytest.approx(numbers(whole), abs=0.1)


def test_an_axis_that_stayed_while_dragged_fits_the_curve_once_let_go(page: Page) -> None:
    axis = "(({ autorange, range }) => [autorange, range])(document.querySelector('.lrlab-chart')._fullLayout.yaxis)"
    x, y = grab(page, "base_lr", 0.5)
    n = count(page)
    page.mouse.move(x - 20, y)
    n = drawn(page, n)
    before = link(page)
    page.mouse.up()
    page.wait_for_function("old => location.href !== old", arg=before)
    page.wait_for_function("n => Number(document.querySelector('.lrlab-chart').dataset.drawn) > n", arg=n)
    settled(page)
    after = page.evaluate(axis)
    page.goto(link(page))
    page.reload()
    drawn(page)
    assert after[0] is True
    assert after[1] == pytest.approx(page.evaluate(axis)[1])


def test_who_zooms_before_the_whole_is_drawn_sees_the_new_lines(page: Page) -> None:
    """Plotly draws by itself then, from the lines that it knows: the whole must not wait for a rest."""
    page.evaluate(
        "() => { const chart = document.querySelector('.lrlab-chart'); window.zoomed = (async () => {"
        " while (chart.dataset.whole !== 'later') await new Promise(requestAnimationFrame);"
        " await Plotly.relayout(chart, { 'xaxis.range': [0, 30000] });"
        " await new Promise((then) => setTimeout(then));"
        " return chart.dataset.whole })() }"
    )
    x, y = grab(page)
    page.mouse.move(x + 12, y)
    assert page.evaluate("window.zoomed") == "now"
    page.wait_for_function(RESTART, arg=value(page))
    page.mouse.up()


@pytest.mark.parametrize("then", ["a trial is hidden", "the theme is changed"])
def test_what_comes_before_the_whole_is_drawn_is_drawn_with_it(page: Page, then: str) -> None:
    slider(page, "T_0").focus()
    page.evaluate(
        "() => { const chart = document.querySelector('.lrlab-chart'); window.resting = (async () => {"
        " while (chart.dataset.whole !== 'later') await new Promise(requestAnimationFrame); })() }"
    )
    before = link(page)
    page.keyboard.press("ArrowRight")
    page.evaluate("window.resting")
    if then == "a trial is hidden":
        page.locator(".lrlab-chart .legendtoggle").nth(1).dispatch_event("mousedown")
        page.locator(".lrlab-chart .legendtoggle").nth(1).dispatch_event("mouseup")
    else:
        page.emulate_media(color_scheme="dark")
    page.wait_for_function("old => location.href !== old", arg=before)
    page.wait_for_function(RESTART, arg=BEGIN + STOP)
    if then == "a trial is hidden":
        page.wait_for_function("document.querySelector('.lrlab-chart')._fullData.some((t) => t.visible !== true)")
    settled(page)
    seen = (
        "[...document.querySelectorAll('.lrlab-chart .scatterlayer path.js-line')]"
        ".map((line) => [line.getAttribute('d'), line.style.stroke])"
    )
    after = page.evaluate(seen)
    page.goto(link(page))
    page.reload()
    drawn(page)
    assert after == page.evaluate(seen)


def test_a_change_that_was_lost_is_made_with_the_next_one_and_undone_by_itself(page: Page, wire: Wire) -> None:
    """Also where the next one is a key that is held down: what it begins is a step of undo of its own."""
    before, first = link(page), at_hand(page)
    wire.dropping = True
    field(page, "base_lr").fill("0.07")
    field(page, "base_lr").press("Enter")
    slider(page, "T_0").focus()
    for _ in range(3):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    page.wait_for_function("old => location.href !== old", arg=before)
    page.wait_for_function(RESTART, arg=BEGIN + 3 * STOP)
    settled(page)
    assert not wire.dropping
    now = at_hand(page)
    assert now.trials[0].base_lr == 0.07
    assert now.trials[0].schedule.schedulers[1].T_0 == BEGIN + 3 * STOP
    changed = link(page)
    page.keyboard.press("Alt+z")
    page.wait_for_function("old => location.href !== old", arg=changed)
    assert at_hand(page).trials[0].base_lr == 0.07
    assert at_hand(page).trials[0].schedule == first.trials[0].schedule
