"""The presenter's view: one section, large, with the keyboard to go through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from lrlab.charts import Figure
from lrlab.ui.widgets import escape

LARGER = 1.3
TALLER = 1.35
FONT = 18  # pixels of a chart's type

_STYLE = f"""<style>
html {{ font-size: {LARGER:.0%}; }}
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"], header[data-testid="stHeader"] {{ display: none; }}
.stMainBlockContainer {{ padding: 0.6rem 2rem 1rem; }}
</style>"""


def bar(number: int, titles: Sequence[str], go: Callable[[int | None], None]) -> None:
    """Where one is, and buttons to the section before, the one after, and out; Left, Right and Escape press them."""
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", key="presenter"):
        st.caption(f"{number} / {len(titles)} · {escape(titles[number - 1])}")
        to_press = (
            ("Previous", "arrow_back", max(number - 1, 1), "Left"),
            ("Next", "arrow_forward", min(number + 1, len(titles)), "Right"),
            ("Close", "close", None, "Esc"),
        )
        for label, icon, to, key in to_press:
            st.button(
                label, icon=f":material/{icon}:", key=f"present.{label.lower()}", type="tertiary", disabled=to == number, on_click=go, args=(to,),
                shortcut=key,
            )  # fmt: skip


def enlarged(figure: Figure, height: int) -> tuple[Figure, int]:
    """The figure in larger type, and its height on a projector."""
    layout = figure["layout"]
    labels = [label | {"font": label.get("font", {}) | {"size": FONT}} for label in layout.get("annotations", [])]
    large = {"font": {"size": FONT}, "annotations": labels, "legend": layout.get("legend", {}) | {"font": {"size": FONT}}}
    axes = {name: _titled(axis) for name, axis in layout.items() if name.startswith(("xaxis", "yaxis"))}
    return figure | {"layout": layout | large | axes}, round(height * TALLER)


def _titled(axis: Figure) -> Figure:
    title = axis.get("title", {})
    return axis | {"title": title | {"font": title.get("font", {}) | {"size": FONT}}}
