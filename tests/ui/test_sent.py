"""What a browser has is not sent again: the script of the page, and lines that did not change."""

from __future__ import annotations

from typing import Any

import pytest
from panels import components, raw, slide
from test_page import opened

from lrlab.ui import browser

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.named]  # Streamlit's own


def lines(app: Any) -> list[dict[str, Any]]:
    found = components(app, "chart")["chart"][1]["figure"]["data"]
    return [line for line in found if line["mode"] == "lines"]


def test_of_two_lines_a_move_sends_the_one_that_changed() -> None:
    app = opened()
    first = lines(app)
    assert all("bdata" in line[at] and "name" in line[at] for line in first for at in "xy")
    slide(app, "trials.0.base_lr", 0.06)
    changed, same = lines(app)
    assert changed["x"] == {"known": first[0]["x"]["name"]}, "its steps are what they were"
    assert "bdata" in changed["y"]
    assert same["x"] == {"known": first[1]["x"]["name"]}
    assert same["y"] == {"known": first[1]["y"]["name"]}
    slide(app, "trials.0.base_lr", 0.05)
    assert lines(app)[0]["y"] == {"known": first[0]["y"]["name"]}, "what was seen before is known too"


def test_a_browser_that_lacks_an_array_gets_all_anew() -> None:
    app = opened()
    slide(app, "trials.0.base_lr", 0.06)
    raw(app, components(app, "chart")["chart"][0], "missing", 1)
    assert all("bdata" in line[at] for line in lines(app) for at in "xy")


def test_components_come_without_the_script() -> None:
    """Streamlit sends a component's code with every message."""
    app = opened()
    sent = {each.proto.js_content for each in app.get("bidi_component")}
    assert max(map(len, sent)) < len(browser.script()) / 20
