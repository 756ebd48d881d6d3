"""The chart: one living Plotly figure, because st.plotly_chart mounts a new one at every slider move and so loses zoom.

`chart.js` and `player.js` beside this file are its browser half, sent as one script with the loader of plotly.js
(library.py).
"""

from __future__ import annotations

import functools
import importlib.resources
import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from lrlab.charts import still
from lrlab.engine import NoCurve
from lrlab.ui import library, memory
from lrlab.ui.widgets import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamlit.components.v2.types import ComponentRenderer

    from lrlab.charts import Figure
    from lrlab.engine import Curve


AHEAD = 0.02
"""Seconds that the script rests after the chart: the browser draws it before it is handed the widgets that follow,
which cost it as much again.
"""


SCRIPTS = (library.LOADER, "player.js", "chart.js")
FONT = 14
"""Pixels of the type in charts, as chart.js sets it."""
SIZES = ("size", "l", "r", "t", "b")
"""What grows with the type: a font's size, and the margins."""
PLAYER = 44
"""Pixels of the player beneath a figure with frames."""
PRESENTED_SCALE = 1.35
"""How much larger all is that a class reads from the back rows."""


def show(
    figure: Figure,
    *,
    key: str,
    height: int,
    alt: str,
    on_toggle: Callable[[int], None] | None = None,
    on_frame: Callable[[int], None] | None = None,
    frame: int = 0,
) -> None:
    """Draw a figure, `height` pixels high; larger where the page is presented.

    `on_toggle` gets the place of the trial whose legend entry was clicked, before the page runs anew; without it the
    browser hides the line by itself. A figure with "frames" has a player beneath it, which begins at `frame`;
    `on_frame` gets the frame where it was halted.

    Where plotly.js cannot be laid beside app.py, Streamlit's own chart stands in: lines are hidden by the page's
    buttons only, nothing moves.
    """
    scale = PRESENTED_SCALE if memory.recall("presenting") else 1.0
    height = round(height * scale)
    if scale != 1.0:
        figure = enlarged(figure, scale)
    address = library.address()
    if address is None:
        seen = still(figure, frame) if figure.get("frames") else figure
        st.plotly_chart(
            {**seen, "layout": {**seen["layout"], "height": height}}, key=key, config={"displaylogo": False}, alt=alt
        )
        return
    player = round(PLAYER * scale) if figure.get("frames") else 0
    data = {
        "key": key,
        "figure": figure,
        "height": height,
        "player": player,
        "alt": alt,
        "library": address,
        "frame": frame,
        "toggles": on_toggle is not None,
        "reports": on_frame is not None,
    }
    _component()(
        key=key,
        data=data,
        height=height + player,
        on_toggle_change=_told(key, "toggle", on_toggle),
        on_frame_change=_told(key, "frame", on_frame),
    )
    time.sleep(AHEAD)


def reasons(curves: Sequence[Curve | NoCurve]) -> bool:
    """Say, in the chart's place, why shown trials cannot be drawn; whether there is still a chart to draw."""
    missing = [found for found in curves if isinstance(found, NoCurve)]
    for found in missing:
        if not found.trial.hidden:
            st.warning(f"Not drawn: {escape(found.reason)}.", icon=":material/error:")
    return len(missing) < len(curves) or not curves


def enlarged(figure: Figure, scale: float) -> Figure:
    """The figure with all its type, and the margins around it, larger."""
    data = [
        trace | {"textfont": _scaled(trace["textfont"], scale)} if "textfont" in trace else trace
        for trace in figure["data"]
    ]
    return figure | {"data": data, "layout": _larger(figure["layout"] | {"font": {"size": FONT}}, scale)}


def _larger(part: Any, scale: float) -> Any:
    if isinstance(part, list):
        return [_larger(each, scale) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _scaled(each, scale) if name.endswith("font") or name == "margin" else _larger(each, scale)
        for name, each in part.items()
    }


def _scaled(sizes: dict[str, Any], scale: float) -> dict[str, Any]:
    return {
        name: value * scale if isinstance(value, (int, float)) and name in SIZES else value
        for name, value in sizes.items()
    }


def _told(key: str, event: str, listener: Callable[[int], None] | None) -> Callable[[], None]:
    """What Streamlit calls when the browser reports an event: the listener gets its number."""

    def told() -> None:
        number = st.session_state[key].get(event)
        if listener is not None and isinstance(number, str) and number.isdecimal():
            listener(int(number))

    return told


@functools.cache
def _component() -> ComponentRenderer:
    """Registered once per process. Plotly puts its style sheet into the document's head, where a shadow root is blind
    to it.
    """
    folder = importlib.resources.files("lrlab.ui")
    script = "\n".join((folder / part).read_text(encoding="utf-8") for part in SCRIPTS)
    return st.components.v2.component("lrlab_chart", js=script, isolate_styles=False)
