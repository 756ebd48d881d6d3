"""Widgets that show one value: of the document, or of a lesson's settings.

`offer` puts the value into a widget before it is drawn; `commit` takes what the person chose to the document.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from lrlab.schedules.spans import Path, dotted
from lrlab.ui import memory, state


def key_of(path: Path, what: str) -> str:
    """The key of a widget for the value at a path."""
    return f"{dotted(path)}/{what}"


def offer(key: str, value: Any) -> None:
    """Let a widget show the document's value, unless it holds a value that was just refused."""
    st.session_state.callback_ran = False
    if key in _refused() or st.session_state.get(key) == value:
        return
    _shown()[key] = [*_shown().get(key, ())[-16:], st.session_state.get(key), value]
    st.session_state[key] = value


def heard(key: str) -> bool:
    """Whether a change that comes in was made by the person.

    When keys are pressed at a slider, the field beside it changes too, and with the next press the browser sends an
    older number of that field once more. So the second change in one run of the script is not taken for the person's,
    where it is a value that the page itself has shown there.
    """
    sent_along = memory.recall("callback_ran") and st.session_state.get(key) in _shown().get(key, ())
    st.session_state.callback_ran = True  # Streamlit calls all callbacks of a run before it draws the page
    return not sent_along


def commit(key: str, path: Path, value: Any) -> None:
    """Put what the person chose into the document. Where it is refused, the document keeps its value and the widget
    what was typed.
    """
    if (
        st.session_state.get("undo") or st.session_state.get("redo") or not heard(key)
    ):  # somebody clicked faster than the page was drawn, and the browser sends an old value
        return
    problem = state.set_value(path, value)
    _refused().clear()
    if problem is not None:
        _refused()[key] = problem


def refuse(key: str, problem: str) -> None:
    """Say why the document cannot take what is in a widget; both keep what they have."""
    st.session_state.problem = problem
    _refused().clear()
    _refused()[key] = problem


WHOLE = "%.16g"
"""The format of whole numbers in a field of floats; Streamlit's own field of integers reads 1e5 as 1."""


def counted(value: float) -> int | float:
    """The value as a whole number where it is one; else unchanged, for the document to refuse."""
    return int(value) if float(value).is_integer() else value


def ask_whole(label: str, least: float, most: float, start: float, key: str) -> int:
    """A field for a whole number that no document holds."""
    return int(st.number_input(label, float(least), float(most), float(start), step=1.0, key=key, format=WHOLE))


def accept() -> None:
    """Forget what was refused before: the person has gone on."""
    st.session_state.problem = None
    _refused().clear()


def said(key: str, more: str = "") -> None:
    """Below a widget: why what is in it was refused, followed by `more`."""
    if key in _refused():
        st.caption(f":red[{escape(_refused()[key] + more)}]")


def escape(text: str) -> str:
    """The text with every sign escaped that Streamlit would read as Markdown."""
    return "".join("\\" + c if c in r"\`*_{}[]()#+-.!|<>~:$&" else c for c in " ".join(text.split()))


def _shown() -> dict[str, list[Any]]:
    """For each widget the values that the page itself showed in it lately."""
    shown: dict[str, list[Any]] = memory.recall("shown")
    return shown


def _refused() -> dict[str, str]:
    refused: dict[str, str] = memory.recall("refused")
    return refused
