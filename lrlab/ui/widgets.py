"""What is left of Streamlit's own widgets beside the panels: each shows one value, of the document or of settings."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lrlab.schedules.spans import Path, dotted
from lrlab.ui import memory


def key_of(path: Path, what: str) -> str:
    """The key of a widget for the value at a path."""
    return f"{dotted(path)}/{what}"


def offer(key: str, value: Any) -> None:
    """Let a widget show the document's value, unless it holds a value that was just refused."""
    if key not in _refused() and st.session_state.get(key) != value:
        st.session_state[key] = value


def refuse(key: str, problem: str) -> None:
    """Say why the document cannot take what is in a widget; both keep what they have."""
    st.session_state.problem = problem
    _refused().clear()
    _refused()[key] = problem


WHOLE = "%.16g"
"""The format of whole numbers in a field of floats; Streamlit's own field of integers reads 1e5 as 1."""


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


def _refused() -> dict[str, str]:
    refused: dict[str, str] = memory.recall("refused")
    return refused
