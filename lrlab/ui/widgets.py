"""Widgets that show one value: of the document, or of a lesson's settings.

`offer` puts the value into a widget before it is drawn; `commit` takes what the person chose to the document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lrlab.schedules.params import Described, Slider, nearest
from lrlab.schedules.spans import Path
from lrlab.ui import state

FIELD_WIDTH = 118  # pixels of an exact field beside its slider


def key_of(path: Path, what: str) -> str:
    """The key of a widget for the value at a path."""
    return f"{'.'.join(map(str, path))}/{what}"


HEARD = "heard"
"""Whether this run of the script has heard of a change already: its callbacks come before all else."""


def offer(key: str, value: Any) -> None:
    """Let a widget show the document's value, unless it holds what was just refused."""
    st.session_state[HEARD] = False
    if key in _refused() or st.session_state.get(key) == value:
        return
    _shown()[key] = [*_shown().get(key, ())[-16:], st.session_state.get(key), value]
    st.session_state[key] = value


def heard(key: str) -> bool:
    """Whether a change that comes in is the person's.

    Keys pressed at a slider change the field beside it, and with the next press the browser sends an earlier number of
    that field again: the second change in one run is an echo, where it is what the page itself has shown there.
    """
    echo = st.session_state.get(HEARD, False) and st.session_state.get(key) in _shown().get(key, ())
    st.session_state[HEARD] = True
    return not echo


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


WHOLE = "%.16g"
"""How a field shows whole numbers: one of floats, because Streamlit's of integers reads 1e5 as 1."""


def counted(value: float) -> int | float:
    """A whole number where it is one; else as it is, for the document to refuse."""
    return int(value) if float(value).is_integer() else value


def ask_whole(label: str, least: float, most: float, start: float, key: str) -> int:
    """A field for a whole number that is in no document."""
    return int(st.number_input(label, float(least), float(most), float(start), step=1.0, key=key, format=WHOLE))


def slider(
    label: str,
    key: str,
    value: float,
    offered: Slider | tuple[float, ...],
    changed: Callable[[], None],
    *,
    disabled: bool = False,
    help_: str = "",
) -> None:
    """A slider for one number: over even steps, or over the given stops, where it stands at the one nearest."""
    if not isinstance(offered, Slider):
        offer(key, nearest(offered, value))
        st.select_slider(
            label,
            offered,
            key=key,
            format_func=lambda stop: f"{stop:g}",
            help=help_ or None,
            disabled=disabled,
            on_change=changed,
        )
        return
    number = type(offered.low)(value)
    offer(key, number)
    if st.session_state.get(f"{key}/range") != offered:
        # with another range it is another slider for Streamlit, which would begin at its low end
        st.session_state[f"{key}/range"], st.session_state[key] = offered, number
    st.slider(
        label,
        offered.low,
        offered.high,
        step=offered.step,
        key=key,
        format="%d" if isinstance(offered.low, int) else "%.5g",
        help=help_ or None,
        disabled=disabled,
        on_change=changed,
    )


def exact(
    label: str, key: str, value: float, about: Described, changed: Callable[[], None], *, disabled: bool = False
) -> None:
    """The exact field beside a number's slider."""
    offer(key, float(value))
    st.number_input(
        f"{label}, exact",
        value=None,  # so that an emptied field is nothing, and not the least number there is
        key=key,
        step=about.typing_step(value),
        format=WHOLE if about.whole(value) else "%.8g",
        label_visibility="collapsed",
        disabled=disabled,
        width=FIELD_WIDTH,
        on_change=changed,
    )


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
    shown: dict[str, list[Any]] = st.session_state.setdefault("shown", {})
    return shown


def _refused() -> dict[str, str]:
    refused: dict[str, str] = st.session_state.setdefault("refused", {})
    return refused
