"""A field of a lesson's settings -> its widget, made from the field's annotated type."""

from __future__ import annotations

from typing import Any

import streamlit as st
from pydantic import ValidationError

from lrlab.document import sentence
from lrlab.schedules.params import Described
from lrlab.settings import Settings
from lrlab.ui.lessons import frame
from lrlab.ui.widgets import accept, counted, exact, heard, offer, refuse, said, slider

MOST_PILLS = 4  # choices beside each other; more go into a list
ROW, NARROWEST = 4, 240  # fields beside each other, and pixels that each has at least


def row(settings: type[Settings], *names: str) -> None:
    """Several fields beside each other."""
    with st.grid(ROW, min_column_width=NARROWEST):
        for name in names:
            with st.container():
                field(settings, name)


def field(settings: type[Settings], name: str) -> None:
    """The widget of one field: a switch, a text, a choice, or a slider with an exact field beside it. What is chosen is
    in the settings at once.
    """
    about, wording = settings.about(name), settings.wording(name)
    value = getattr(frame.at_hand(settings), name)
    key = f"{settings.key}.{name}"
    if isinstance(value, bool):
        offer(key, value)
        st.toggle(
            wording.label,
            key=key,
            help=wording.help or None,
            on_change=lambda: _commit(settings, name, key, st.session_state[key]),
        )
    elif isinstance(value, str) and not about.choices:
        _text(settings, name, key, value)
    elif about.choices:
        _choice(settings, name, key, value)
    else:
        with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="small"):
            _slider(settings, name, value, about)
            _exact(settings, name, value, about)
        said(f"{key}/number")


def _commit(settings: type[Settings], name: str, key: str, value: Any) -> None:
    """Put what the person chose into the settings. Where it is refused, the settings keep their value and the widget
    what was typed.
    """
    accept()
    try:
        frame.put(frame.at_hand(settings).replaced(**{name: value}))
    except ValidationError as error:
        refuse(key, sentence(error).removeprefix(": "))
        st.session_state.problem = None  # it is said beside the field


def _text(settings: type[Settings], name: str, key: str, value: str) -> None:
    wording = settings.wording(name)
    offer(key, value)
    st.text_input(
        wording.label,
        key=key,
        help=wording.help or None,
        on_change=lambda: _commit(settings, name, key, st.session_state[key]),
    )
    said(key, f"; what holds is still {value}")


def _choice(settings: type[Settings], name: str, key: str, value: Any) -> None:
    choices, wording = settings.about(name).choices, settings.wording(name)
    names = dict(zip(choices, wording.names, strict=True)) if wording.names else {}
    offer(key, value)
    shown: dict[str, Any] = {
        "key": key, "help": wording.help or None, "format_func": lambda choice: names.get(choice, str(choice)),
        "on_change": lambda: _commit(settings, name, key, st.session_state[key]),
    }  # fmt: skip
    if len(choices) > MOST_PILLS:
        st.selectbox(wording.label, choices, **shown)
    else:
        st.segmented_control(wording.label, choices, required=True, **shown)
    said(key)


def _slider(settings: type[Settings], name: str, value: float, about: Described) -> None:
    key = f"{settings.key}.{name}/slider"

    def changed() -> None:
        chosen = st.session_state[key]
        if heard(key):
            _commit(
                settings, name, f"{settings.key}.{name}/number", counted(chosen) if about.integer else float(chosen)
            )

    offered = about.stops(reach=value) or about.slider(value)
    slider(about.label(name), key, value, offered, changed, help_=about.offered.help)


def _exact(settings: type[Settings], name: str, value: float, about: Described) -> None:
    key = f"{settings.key}.{name}/number"

    def changed() -> None:
        typed = st.session_state[key]
        if typed is not None and heard(key):
            _commit(settings, name, key, counted(typed) if about.integer else typed)

    exact(about.label(name), key, value, about, changed)
