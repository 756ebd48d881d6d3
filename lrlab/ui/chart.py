"""The chart: one living Plotly figure, because st.plotly_chart mounts a new one at every slider move and so loses zoom.

Its browser half is `chart.js` and what lies beside it in the folder `browser`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from lrlab.charts import still
from lrlab.engine import NoCurve
from lrlab.ui import browser, memory
from lrlab.ui.widgets import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lrlab.charts import Figure
    from lrlab.engine import Curve
    from lrlab.ui.panel import Preview

FONT = 14
"""Pixels of the type in charts, as chart.js sets it."""
SIZES = ("size", "l", "r", "t", "b")
"""What grows with the type: a font's size, and the margins."""
WORTH_NAMING = 400  # characters of an array below which a name saves nothing
MOST_NAMED = 200  # arrays that a browser is thought to remember; chart.js remembers more
SIXTY_FOUR_BITS = 2**64 - 1
MOST_DIGITS = 9  # of the number of a trial, or of a frame
PLAYER = 44
"""Pixels of the player beneath a figure with frames."""
PRESENTED_SCALE = 1.35
"""How much larger all is that a class reads from the back rows."""


def show(
    figure: Figure | None,
    *,
    key: str,
    height: int,
    alt: str,
    on_toggle: Callable[[int], None] | None = None,
    on_frame: Callable[[int], None] | None = None,
    frame: int = 0,
    preview: Preview[Any] | None = None,
    previews: bool = False,
    handles: dict[str, Any] | None = None,
) -> None:
    """Draw a figure, `height` pixels high; larger where the page is presented.

    `on_toggle` gets the place of the trial whose legend entry was clicked, before the page runs anew; without it the
    browser hides the line by itself. A figure with "frames" has a player beneath it, which begins at `frame`;
    `on_frame` gets the frame where it was halted. With `previews` a panel may ask for one; `preview` is the one that
    the figure shows, and without a figure the browser keeps the last one. `handles` is what can be taken hold of.

    Where plotly.js cannot be laid beside app.py, Streamlit's own chart stands in: lines are hidden by the page's
    buttons only, nothing moves.
    """
    scale = PRESENTED_SCALE if memory.recall("presenting") else 1.0
    height = round(height * scale)
    if figure is not None and scale != 1.0:
        figure = enlarged(figure, scale)
    library = browser.plotly()
    if library is None:
        _fallen_back(figure, key, height, alt, frame)
        return
    player = round(PLAYER * scale) if figure is not None and figure.get("frames") else 0
    data = {
        "is": "chart",
        "key": key,
        "figure": _unsent(figure) if figure is not None else None,
        "height": height,
        "player": player,
        "alt": alt,
        "library": library,
        "frame": frame,
        "toggles": on_toggle is not None,
        "reports": on_frame is not None,
        "previews": previews,
        "preview": {"n": preview.number, "error": preview.error} if preview is not None else None,
        "handles": handles,
    }
    browser.component()(
        key=key,
        data=data,
        height=height + player,
        on_toggle_change=_told(key, "toggle", on_toggle, whole=previews),
        on_frame_change=_told(key, "frame", on_frame),
        on_preview_change=lambda: _asked(key),
        on_missing_change=_missing,
    )


def _fallen_back(figure: Figure | None, key: str, height: int, alt: str, frame: int) -> None:
    if figure is not None:
        seen = still(figure, frame) if figure.get("frames") else figure
        drawn = {**seen, "layout": {**seen["layout"], "height": height}}
        st.plotly_chart(drawn, key=key, config={"displaylogo": False}, alt=alt)


def _unsent(figure: Figure) -> Figure:
    """The figure, with a name in place of every array that this browser was sent before: of some lines, a move changes
    one.
    """
    sent: dict[str, None] = memory.recall("sent")

    def named(array: Any) -> Any:
        if not isinstance(array, dict) or "bdata" not in array or len(array["bdata"]) < WORTH_NAMING:
            return array
        name = f"{hash(array['bdata']) & SIXTY_FOUR_BITS:x}"
        known = name in sent
        sent.pop(name, None)
        sent[name] = None  # the last one that was used
        while len(sent) > MOST_NAMED:
            del sent[next(iter(sent))]
        return {"known": name} if known else array | {"name": name}

    return figure | {"data": [trace | {at: named(trace[at]) for at in "xy" if at in trace} for trace in figure["data"]]}


def _missing() -> None:
    """The browser lacks an array that it was sent: a message was overtaken, or the page was left. All are sent anew."""
    memory.recall("sent").clear()


def _asked(key: str) -> None:
    """Remember the preview that a panel asks this chart for; the chart is drawn with it, once."""
    memory.recall("previews")[key] = st.session_state[key].get("preview")


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


def whole() -> None:
    """Run the whole page, where what the chart was told concerns more than the chart: only its part runs by itself."""
    if memory.recall("whole"):
        st.session_state.whole = False
        st.rerun()


def _told(key: str, event: str, listener: Callable[[int], None] | None, *, whole: bool = False) -> Callable[[], None]:
    """What Streamlit calls when the browser reports an event: the listener gets its number."""

    def told() -> None:
        number = st.session_state[key].get(event)
        if listener is not None and isinstance(number, str) and number.isdecimal() and len(number) <= MOST_DIGITS:
            listener(int(number))
            st.session_state.whole = whole

    return told
