"""What the pages remember, declared once: its name, what it is at first, and whether the link carries it.

Settings (a frozen value for each section of a lesson, and one for Tune) are in the link, field by field; a field at its
default is not written. The rest is in `TABLE`, under the name that it has in st.session_state. Widgets that are named
in neither show a value of the document, or of the settings, and remember nothing by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from lrlab.settings import Settings

AT_HAND = "lesson.at_hand"

S = TypeVar("S", bound=Settings)


class Remembered(NamedTuple):
    """One row: what it is at first (none: the page puts it there when it begins), what of the address carries it, and
    what a reader of the link would miss of it.
    """

    first: Callable[[], Any] | None
    link: str = ""
    missed: str = ""


TABLE: dict[str, Remembered] = {
    "experiment": Remembered(None, "s"),
    "trial": Remembered(lambda: 0, "trial"),
    AT_HAND: Remembered(dict, "an entry for each setting that is not at its default"),
    "callers": Remembered(dict, "tune.callers"),
    "lesson.presented": Remembered(dict, "present"),
    "past": Remembered(list, missed="what Undo brings back"),
    "future": Remembered(list),  # what Redo brings back
    "sketches": Remembered(dict, missed="the sliders of a sketched metric, whose values it carries"),
    "lesson.solved": Remembered(set, missed="which exercises were solved"),
    "gallery_whole": Remembered(lambda: False),
    "run_forms": Remembered(dict),  # the run as it was given before by data, or by steps
    "import_said": Remembered(lambda: None),
    "giving": Remembered(lambda: None),  # the metric in place of which a person is about to give another
    "table": Remembered(lambda: None),  # a metric's file of several columns, until one is chosen
    "jobs": Remembered(dict),  # trainings; a lesson's setting `ran` starts them again
    "jobs_refused": Remembered(dict),
    "problem": Remembered(lambda: None),
    "refused": Remembered(dict),
    "panels": Remembered(dict),  # each panel as it was drawn last, so that its events find what they mean
    "acks": Remembered(dict),  # the number of the last event that was taken from each panel
    "unfolded": Remembered(lambda: None),  # the list or form in a panel that is open
    "whole": Remembered(lambda: False),  # whether a chart was told something that concerns the whole page
    "page": Remembered(lambda: ""),  # the page that was open last
    "more": Remembered(lambda: False),  # whether a change goes on with the one before
    "sent": Remembered(dict),  # the names of arrays that the browser has
    "previews": Remembered(dict),  # what each chart is asked to draw while a control is dragged
    "overtaken": Remembered(lambda: False),  # whether a change came since a preview was looked for
    "presenting": Remembered(lambda: False),
    "run_shown": Remembered(lambda: None),
    "packed": Remembered(lambda: (None, {}, None)),
    "address": Remembered(dict),
}

TYPED: dict[str, tuple[str, ...]] = {
    "the numbers typed into calculators": (
        "plan.cycles", "momentum.optimizer", "momentum.value", "skipped", "warmup.name", "warmup.value",
        "warmup.version",
    ),
    "": (
        "pasted", "upload", "gallery_search", "gallery_family", "gallery_framework", "form/only",
    ),
}  # fmt: skip
"""Fields that Streamlit itself remembers while they are on screen, by what a reader of the link would miss of them; the
link carries none of them. Nothing is missed of what was only begun, nor of a choice between one thing.
"""


def recall(name: str) -> Any:
    """What is remembered under a name of the table, or what it is at first."""
    first = TABLE[name].first
    if name not in st.session_state and first is not None:
        st.session_state[name] = first()
    return st.session_state[name]


def at_hand(settings: type[S]) -> S:
    """The settings of a section, or of Tune, as they are now."""
    found: S | None = recall(AT_HAND).get(settings.key)
    return found or settings()


def replaced(settings: type[S], name: str, value: Any) -> S:
    """The settings at hand with another value of a field; ValidationError where these are no valid settings."""
    return at_hand(settings).replaced(**{name: value})


def put(new: Settings) -> None:
    """Make these the settings at hand; the address follows."""
    st.session_state[AT_HAND] = recall(AT_HAND) | {new.key: new}


def read(asked: Mapping[str, str], settings: Iterable[type[Settings]]) -> list[str]:
    """Make the settings that the entries of an address ask for those at hand; what is wrong in it, a sentence each, is
    at its default.
    """
    problems: list[str] = []
    for kind in settings:
        new, wrong = kind.read(asked)
        put(new)
        problems += wrong
    return problems


def missed() -> str:
    """What a reader of the link would miss, as a list in words."""
    *most, last = [*filter(None, (row.missed for row in TABLE.values())), *filter(None, TYPED)]
    return f"{', '.join(most)} or {last}"
