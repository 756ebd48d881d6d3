"""What is drawn while something is dragged: as exact as the whole drawing, one preview at a time, the last value last;
and what becomes of it when messages are lost.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import count, drawn, settled
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from test_panel import field, middle, restarts, slider

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocketRoute

WATCH = """() => {
  const chart = document.querySelector('.lrlab-chart');
  window.seen = [];
  const look = () => {
    if (chart.dataset.whole === 'later') window.seen.push(chart.querySelector('path.js-line').getAttribute('d'));
  };
  new MutationObserver(look).observe(chart, { attributes: true, subtree: true, attributeFilter: ['d'] });
}"""
"""Every quick drawing's first line is remembered."""
LINE = "document.querySelector('.lrlab-chart path.js-line').getAttribute('d')"
SIZE = "(({ xaxis, yaxis }) => [xaxis._length, yaxis._length])(document.querySelector('.js-plotly-plot')._fullLayout)"
PIXEL = 0.1
PATIENCE = 4.0
"""Seconds after which the browser gives a preview up."""


def vertices(path: str) -> list[tuple[float, float]]:
    """The points of a line, in pixels."""
    return [tuple(map(float, point.split(","))) for point in re.split("[ML]", path)[1:]]  # type: ignore[misc]


def distance(point: tuple[float, float], line: Any) -> float:
    """How far a point is from a line through points (N, 2). Plotly may begin and end a line where it leaves the chart,
    between two points.
    """
    begin, along = line[:-1], np.diff(line, axis=0)
    share = ((np.array(point) - begin) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12)
    nearest = begin + np.clip(share, 0, 1)[:, None] * along
    return float(np.hypot(*(np.array(point) - nearest).T).min())


def held(page: Page, name: str, by: float, share: float = 0.065) -> None:
    """Take hold of a slider and drag it; it stays held."""
    x, y = middle(slider(page, name), share)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y)


@pytest.mark.parametrize("view", ["linear", "log", "zoomed"])
def test_what_is_drawn_at_once_is_what_plotly_draws(page: Page, view: str) -> None:
    if view == "log":
        n = count(page)
        page.get_by_role("radio", name="log").check()
        drawn(page, n)
    if view == "zoomed":
        chart = page.locator(".lrlab-chart").bounding_box()
        assert chart is not None
        page.mouse.move(chart["x"] + 0.15 * chart["width"], chart["y"] + 0.35 * chart["height"])
        page.mouse.down()
        page.mouse.move(chart["x"] + 0.45 * chart["width"], chart["y"] + 0.7 * chart["height"], steps=5)
        page.mouse.up()
        page.wait_for_timeout(300)
        assert page.evaluate("document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[0]") > 0
    page.evaluate(WATCH)
    before = vertices(page.evaluate(LINE))
    held(page, "T_0", 12)
    page.wait_for_function("window.seen.length && document.querySelector('.lrlab-chart').dataset.whole === 'now'")
    quick, whole = vertices(page.evaluate("window.seen.at(-1)")), vertices(page.evaluate(LINE))
    page.mouse.up()
    width, height = page.evaluate(SIZE)
    inside = [(x, y) for x, y in whole if 0 < x < width and 0 < y < height]
    assert len(inside) > 50
    assert whole != before
    assert max(distance(point, np.array(quick)) for point in inside) < PIXEL


def test_marks_move_with_the_line_at_once(page: Page) -> None:
    page.evaluate(
        "() => { const look = () => { if (chart.dataset.whole !== 'later') return;"
        " window.marks = [...chart.querySelectorAll('.trace path.point')].map((m) => m.getAttribute('transform')) };"
        " const chart = document.querySelector('.lrlab-chart'); window.marks = null;"
        " new MutationObserver(look).observe(chart, { attributes: true, attributeFilter: ['data-whole'] }) }"
    )
    held(page, "T_0", 12)
    page.wait_for_function("window.marks && document.querySelector('.lrlab-chart').dataset.whole === 'now'")
    whole = page.evaluate(
        "[...document.querySelectorAll('.lrlab-chart .trace path.point')].map((m) => m.getAttribute('transform'))"
    )
    quick = page.evaluate("window.marks")
    page.mouse.up()

    def numbers(said: list[str]) -> list[float]:
        return [float(number) for mark in said for number in re.findall(r"-?[\d.]+", mark)]

    assert len(numbers(whole)) >= 8
    assert numbers(quick)[: len(numbers(whole))] == pytest.approx(numbers(whole), abs=PIXEL)


def test_one_preview_is_on_its_way_and_the_last_value_is_drawn(page: Page) -> None:
    ahead: list[int] = [0]
    started: list[int] = []

    def sent(data: bytes | str) -> None:
        if isinstance(data, bytes) and BackMsg.FromString(data).WhichOneof("type") == "rerun_script":
            started.append(1)
            ahead.append(ahead[-1] + 1)

    def came(data: bytes | str) -> None:
        if chart_in(data) is not None:
            ahead.append(ahead[-1] - 1)

    page.on("websocket", lambda socket: (socket.on("framesent", sent), socket.on("framereceived", came)))
    page.reload()
    drawn(page)
    x, y = middle(slider(page, "T_0"), 0.065)
    page.mouse.move(x, y)
    page.mouse.down()
    del ahead[:-1], started[:]
    assert ahead == [0]
    for place in range(1, 90):
        page.mouse.move(x + place / 2, y)
        page.wait_for_timeout(5)
    page.wait_for_function("document.querySelector('.lrlab-chart').dataset.whole === 'now'")
    settled(page)
    assert max(ahead) == 1, "one at a time"
    assert 1 < len(started) < 60, "of those that wait, the last"
    assert restarts(page)[0] == 1955 + int(field(page, "T_0").input_value())
    page.mouse.up()


def chart_in(data: bytes | str) -> dict[str, Any] | None:
    """What a message tells the chart of Tune; None of any other message."""
    message = ForwardMsg.FromString(data) if isinstance(data, bytes) else ForwardMsg()
    element = message.delta.new_element
    if element.WhichOneof("type") != "bidi_component" or not element.bidi_component.json:
        return None
    found = json.loads(element.bidi_component.json)
    return found if found.get("key") == "chart" else None


class Wire:
    """What the server says passes here. While it is `slow` nothing comes; while it is `stale` the chart is told once
    more what it was told before.
    """

    def __init__(self) -> None:
        self.slow = self.stale = False
        self.waiting: list[bytes | str] = []
        self.told: list[dict[str, Any]] = []
        self.asked: list[float] = []
        self.last = ""
        self.browser: WebSocketRoute | None = None

    def between(self, browser: WebSocketRoute) -> None:
        server, self.browser = browser.connect_to_server(), browser

        def up(data: bytes | str) -> None:
            self.asked.append(time.monotonic())
            server.send(data)

        def down(data: bytes | str) -> None:
            chart = chart_in(data)
            if chart is not None and isinstance(data, bytes):
                self.told.append(chart)
                message = ForwardMsg.FromString(data)
                component = message.delta.new_element.bidi_component
                if self.stale:
                    component.json = self.last
                    data = message.SerializeToString()
                self.last = component.json
            if self.slow:
                self.waiting.append(data)
            else:
                browser.send(data)

        browser.on_message(up)
        server.on_message(down)

    def hurry(self) -> None:
        """All that waits comes now."""
        self.slow = False
        for data in self.waiting:
            assert self.browser
            self.browser.send(data)
        self.waiting.clear()


@pytest.fixture
def wire(page: Page) -> Wire:
    """Tune once more, with a wire of our own."""
    made = Wire()
    page.route_web_socket(re.compile("_stcore/stream"), made.between)
    page.reload()
    drawn(page)
    made.told.clear()
    made.asked.clear()
    return made


def test_a_preview_that_is_not_answered_for_long_is_given_up(page: Page, wire: Wire) -> None:
    wire.slow = True
    held(page, "T_0", 6)
    x, y = middle(slider(page, "T_0"), 0.065)
    page.mouse.move(x + 12, y)
    page.wait_for_timeout(1000)
    assert len(wire.asked) == 1, "the first one is awaited"
    page.wait_for_timeout(PATIENCE * 1e3)
    assert len(wire.asked) == 2, "the next one is asked for all the same"
    assert wire.asked[1] - wire.asked[0] == pytest.approx(PATIENCE, rel=0.2)
    wire.hurry()
    page.wait_for_timeout(1000)
    page.wait_for_function("document.querySelector('.lrlab-chart').dataset.whole === 'now'")
    settled(page)
    assert restarts(page)[0] == 1955 + int(field(page, "T_0").input_value()) > 1955 + 3910
    page.mouse.up()


def test_an_array_that_the_browser_never_got_is_asked_for(page: Page, wire: Wire) -> None:
    slider(page, "T_0").focus()
    wire.stale = True
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(PATIENCE * 1e3 / 4)
    settled(page)
    wire.stale = False
    lost = {line["y"].get("name") for told in wire.told for line in told["figure"]["data"]} - {None}
    assert lost
    assert restarts(page)[0] == 1955 + 3910, "the chart was not told"
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(PATIENCE * 1e3 / 4)
    settled(page)
    wire.told.clear()
    n = count(page)
    page.keyboard.press("ArrowRight")
    drawn(page, n)
    known = {line["y"].get("known") for told in wire.told for line in told["figure"]["data"]}
    assert lost & known, "it came by name"
    assert restarts(page)[0] == 1955 + int(field(page, "T_0").input_value()) > 1955 + 3910
