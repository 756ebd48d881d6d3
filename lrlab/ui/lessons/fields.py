"""A field of a lesson's settings -> its widget, made from the field's annotations."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from pydantic import ValidationError

from lrlab.document import sentence
from lrlab.lessons.settings import Settings, Slide
from lrlab.schedules.params import Described
from lrlab.ui.fields import FIELD
from lrlab.ui.lessons import frame
from lrlab.ui.widgets import WHOLE, accept, counted, heard, nearest, offer, refuse, said, stops

MOST_PILLS = 4  # choices beside each other; more go into a list
ROW, NARROWEST = 4, 240  # fields beside each other, and pixels that each has at least


def row(settings: type[Settings], *names: str) -> None:
    """Several fields beside each other."""
    with st.grid(ROW, min_column_width=NARROWEST):
        for name in names:
            with st.container():
                field(settings, name)


def field(settings: type[Settings], name: str) -> None:
    """The widget of one field: a switch, a text, a choice, or a slider with an exact number beside it; what is chosen
    is the settings at once.
    """
    about, slide = settings.about(name), settings.slide(name)
    value = getattr(frame.at_hand(settings), name)
    key = f"{settings.key}.{name}"
    if isinstance(value, bool):
        offer(key, value)
        st.toggle(
            slide.label,
            key=key,
            help=slide.help or None,
            on_change=lambda: _commit(settings, name, key, st.session_state[key]),
        )
    elif isinstance(value, str) and not about.choices:
        _text(settings, name, key, value)
    elif about.choices:
        _choice(settings, name, key, value)
    else:
        with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="small"):
            _slider(settings, name, value, about, slide)
            _exact(settings, name, value, about, slide)
        said(f"{key}/number")


def _commit(settings: type[Settings], name: str, key: str, value: Any) -> None:
    """Put what the person chose into the settings; where it is refused, keep both them and what stands in the widget."""
    accept()
    try:
        frame.put(frame.at_hand(settings).replaced(**{name: value}))
    except ValidationError as error:
        refuse(key, sentence(error).removeprefix(": "))
        st.session_state.problem = None  # it is said beside the field


def _text(settings: type[Settings], name: str, key: str, value: str) -> None:
    slide = settings.slide(name)
    offer(key, value)
    st.text_input(
        slide.label,
        key=key,
        help=slide.help or None,
        on_change=lambda: _commit(settings, name, key, st.session_state[key]),
    )
    said(key, f"; what holds is still {value}")


def _choice(settings: type[Settings], name: str, key: str, value: Any) -> None:
    choices, slide = settings.about(name).choices, settings.slide(name)
    names = dict(zip(choices, slide.names, strict=True)) if slide.names else {}
    offer(key, value)
    shown: dict[str, Any] = {
        "key": key, "help": slide.help or None, "format_func": lambda choice: names.get(choice, str(choice)),
        "on_change": lambda: _commit(settings, name, key, st.session_state[key]),
    }  # fmt: skip
    if len(choices) > MOST_PILLS:
        st.selectbox(slide.label, choices, **shown)
    else:
        st.segmented_control(slide.label, choices, required=True, **shown)
    said(key)


def _slider(settings: type[Settings], name: str, value: float, about: Described, slide: Slide) -> None:
    key = f"{settings.key}.{name}/slider"
    changed = partial(_slid, settings, name, key)
    low, high = _range(value, about, slide)
    if slide.log:
        offered = stops(low or high * 1e-8, high, zero=low == 0)
        offer(key, nearest(offered, value))
        st.select_slider(
            slide.label, offered, key=key, format_func=lambda v: f"{v:g}", help=slide.help or None, on_change=changed
        )
        return
    kind = int if about.integer else float
    step = kind(slide.step or (1 if about.integer else (high - low) / 200))
    bounds = kind(low), kind(high), step
    offer(key, kind(value))
    if (
        st.session_state.get(f"{key}/range") != bounds
    ):  # Streamlit makes another slider of it, which would begin at its low end
        st.session_state[f"{key}/range"], st.session_state[key] = bounds, kind(value)
    form = "%d" if about.integer else "%.5g"
    st.slider(
        slide.label, bounds[0], bounds[1], step=step, key=key, format=form, help=slide.help or None, on_change=changed
    )


def _slid(settings: type[Settings], name: str, key: str) -> None:
    """A slider gives numbers of its own kind; the field says which it holds."""
    value = st.session_state[key]
    if heard(key):
        _commit(
            settings,
            name,
            f"{settings.key}.{name}/number",
            counted(value) if settings.about(name).integer else float(value),
        )


def _range(value: float, about: Described, slide: Slide) -> tuple[float, float]:
    """The slider's softer range, which always reaches the value."""
    low = slide.low if slide.low is not None else about.low if about.low is not None else 0.0
    high = slide.high if slide.high is not None else about.high if about.high is not None else max(value, 1.0)
    return min(low, value), max(high, value)


def _exact(settings: type[Settings], name: str, value: float, about: Described, slide: Slide) -> None:
    key = f"{settings.key}.{name}/number"
    offer(key, float(value))

    def changed() -> None:
        typed = st.session_state[key]
        if typed is not None and heard(key):
            _commit(settings, name, key, counted(typed) if about.integer else typed)

    step = 1.0 if about.integer else float(10.0 ** np.floor(np.log10(value)) / 10) if value > 0 else 0.01
    st.number_input(
        f"{slide.label}, exact", value=None, key=key, step=step, format=WHOLE if about.integer else "%.8g", label_visibility="collapsed",
        width=FIELD, on_change=changed,
    )  # fmt: skip
