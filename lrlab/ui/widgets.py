"""Widgets that show one value of the document: offered before they are drawn, committed when they change."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import streamlit as st

from lrlab.schedules.spans import Path
from lrlab.ui import memory, state


def key_of(path: Path, what: str) -> str:
    """The key of a widget for the value at a path."""
    return f"{'.'.join(map(str, path))}/{what}"


def offer(key: str, value: Any) -> None:
    """Let a widget show the document's value, unless it holds what was just refused."""
    st.session_state.callback_ran = False
    if key in _refused() or st.session_state.get(key) == value:
        return
    _shown()[key] = [*_shown().get(key, ())[-16:], st.session_state.get(key), value]
    st.session_state[key] = value


def heard(key: str) -> bool:
    """Whether a widget's change was made by the person, and not by the page itself.

    A key pressed at a slider changes the number in the field beside it. With the next key the browser may send that
    field's earlier number along, as if the person had typed it. So of two changes in one run the second one does not
    count where its value is one that the page itself has lately shown in that field.
    """
    sent_along = memory.recall("callback_ran") and st.session_state.get(key) in _shown().get(key, ())
    st.session_state.callback_ran = True  # Streamlit calls all callbacks of a run before it draws the page
    return not sent_along


def commit(key: str, path: Path, value: Any) -> None:
    """Put what the person chose into the document; where it is refused, keep both the document and what stands in the
    widget.
    """
    if (
        st.session_state.get("undo") or st.session_state.get("redo") or not heard(key)
    ):  # a quick hand: the browser still sends what was
        return
    problem = state.set_value(path, value)
    _refused().clear()
    if problem is not None:
        _refused()[key] = problem


def refuse(key: str, problem: str) -> None:
    """Say why what stands in a widget is nothing that the document could hold; both keep what they have."""
    st.session_state.problem = problem
    _refused().clear()
    _refused()[key] = problem


@cache
def stops(low: float, high: float, *, zero: bool) -> tuple[float, ...]:
    """The stops of a logarithmic slider: zero, then twelve to a decade."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = (float(f"{m}e{e}") for e in decades for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9))
    return (*([0.0] if zero else []), *(stop for stop in found if low <= stop <= high))


def nearest(offered: tuple[float, ...], number: float) -> float:
    """The stop nearest to a number, by their ratio."""
    return min(filter(None, offered), key=lambda stop: abs(math.log(stop / number))) if number > 0 else offered[0]


WHOLE = "%.16g"
"""How a field shows whole numbers: one of floats, because Streamlit's of integers reads 1e5 as 1."""


def counted(value: float) -> int | float:
    """A whole number where it is one; else as it is, for the document to refuse."""
    return int(value) if float(value).is_integer() else value


def ask_whole(label: str, least: float, most: float, start: float, key: str) -> int:
    """A field for a whole number that is in no document."""
    return int(st.number_input(label, float(least), float(most), float(start), step=1.0, key=key, format=WHOLE))


def accept() -> None:
    """What was refused before is forgotten: the person has gone on."""
    st.session_state.problem = None
    _refused().clear()


def said(key: str, more: str = "") -> None:
    """Beneath a widget: why what stands in it was refused, and `more` to that."""
    if key in _refused():
        st.caption(f":red[{escape(_refused()[key] + more)}]")


def escape(text: str) -> str:
    """Text as it is, where Streamlit reads Markdown."""
    return "".join("\\" + c if c in r"\`*_{}[]()#+-.!|<>~:$&" else c for c in " ".join(text.split()))


def _shown() -> dict[str, list[Any]]:
    """What was lately shown in each widget without the person's doing."""
    shown: dict[str, list[Any]] = memory.recall("shown")
    return shown


def _refused() -> dict[str, str]:
    refused: dict[str, str] = memory.recall("refused")
    return refused
