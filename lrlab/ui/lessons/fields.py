"""The controls of a lesson's settings: one panel, made from the annotated types of their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import streamlit as st

from lrlab.charts import Figure
from lrlab.settings import Settings
from lrlab.ui import chart as charts
from lrlab.ui import memory
from lrlab.ui.lessons import frame
from lrlab.ui.panel import Panel, Preview, controls, preview
from lrlab.ui.panel.panel import Node

S = TypeVar("S", bound=Settings)


def show(settings: type[Settings], *names: str, switches: Sequence[str] = (), chart: str = "") -> None:
    """The controls of these fields in one panel, `switches` in a row before the others. What is chosen is in the
    settings at once; `chart` is where it is drawn while a slider is dragged.
    """
    at_hand = frame.at_hand(settings)
    key = f"{settings.key}.{[*switches, *names][0]}"
    panel: Panel[Settings] = Panel(f"{key}/panel", memory.put, chart, "Settings")

    def node(name: str) -> Node:
        return controls.of_settings(
            panel, f"{settings.key}.{name}", at_hand, name, partial(memory.replaced, settings, name)
        )

    row = [controls.row("switches", [node(name) for name in switches])] if switches else []
    panel.show([*row, controls.columns("fields", [node(name) for name in names])])


@st.fragment
def drawing(settings: type[S], key: str, draw: Callable[[S, Preview[S] | None], None]) -> None:
    """A chart of settings that follows a dragged slider: `draw` gets what to draw, and the preview that was asked for.
    Where that makes no settings it gets those at hand, and the chart keeps what it shows.
    """
    charts.whole()
    asked: Preview[S] | None = preview(key)
    whole = asked.whole if asked is not None else None
    draw(frame.at_hand(settings) if whole is None else whole, asked)


def draw(figure: Figure, asked: Preview[Any] | None, **how: Any) -> None:
    """Draw the figure of such a chart, or nothing new where the preview makes no settings."""
    kept = asked is not None and asked.whole is None
    charts.show(None if kept else figure, previews=True, preview=asked, **how)
