"""What every lesson's page has: its sections and their settings, the address that carries them, exercises, and the presenter's view."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

import streamlit as st

from lrlab.experiment import DocumentError
from lrlab.lessons import prose
from lrlab.lessons.exercises import Exercise
from lrlab.lessons.settings import Settings
from lrlab.ui import state, view
from lrlab.ui.lessons import presenter
from lrlab.ui.widgets import escape

PRESENT = "present"
AT_HAND, WRITTEN, LEFT, SOLVED = "lesson.at_hand", "lesson.written", "lesson.left", "lesson.solved"
MOST_PROBLEMS = 5  # of an address that are said

S = TypeVar("S", bound=Settings)


class Section(NamedTuple):
    """A part of a lesson: `show` draws it below its title."""

    key: str
    title: str
    show: Callable[[], None]
    settings: type[Settings] | None = None


@dataclass(frozen=True)
class Lesson:
    """A page of sections; `name` is the folder of its texts."""

    name: str
    title: str
    sections: tuple[Section, ...]
    exercises: tuple[Exercise, ...] = ()


def show(lesson: Lesson) -> None:
    """The whole page: the sections under each other, or the one that is presented."""
    problems = _take(lesson)
    number = _presented(lesson)
    st.session_state.presenting = number is not None
    if number:
        presenter.bar(number, [section.title for section in lesson.sections], present)
        _section(lesson, lesson.sections[number - 1])
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(lesson.title, anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            st.button("Present", icon=":material/present_to_all:", key="lesson.present", on_click=present, args=(1,))
            _link(lesson)
    view.problem()
    if problems:
        listed = "".join(f"\n- {escape(problem)}" for problem in problems[:MOST_PROBLEMS])
        st.warning(f"Not taken from the address, so left at its default:\n{listed}", icon=":material/link_off:")
    if len(problems) > MOST_PROBLEMS:
        st.caption(f"{len(problems) - MOST_PROBLEMS} more settings of the address were refused likewise.")
    for section in lesson.sections:
        _section(lesson, section)


@st.fragment
def _section(lesson: Lesson, section: Section) -> None:
    """One section; a move of its sliders runs it alone."""
    st.subheader(section.title, anchor=section.key, divider=False)
    section.show()
    _exercises(lesson, [exercise for exercise in lesson.exercises if exercise.settings is section.settings])
    _write(lesson)


def at_hand(settings: type[S]) -> S:
    """The settings of a section as they are now."""
    found: S | None = st.session_state.get(AT_HAND, {}).get(settings.key)
    return found or settings()


def put(new: Settings) -> None:
    """Make these the settings of their section; the address follows."""
    st.session_state[AT_HAND] = st.session_state.get(AT_HAND, {}) | {new.key: new}


def text(lesson: str, section: str, **numbers: object) -> None:
    """The Markdown of a section, its places filled with numbers; folded where it is presented, so that the figure is on the slide."""
    words = prose.fill(prose.read(lesson, section), **numbers)
    if st.session_state.get(PRESENT):
        with st.expander("Text", icon=":material/notes:"):
            st.markdown(words)
    else:
        st.markdown(words)


def present(number: int | None) -> None:
    """Show this section only, the first being 1; None: the whole page again."""
    st.session_state[PRESENT] = number


def _presented(lesson: Lesson) -> int | None:
    number: int | None = st.session_state.get(PRESENT)
    return None if number is None else max(1, min(number, len(lesson.sections)))


# ---------------------------------------------------------------- the address


def _asked(lesson: Lesson) -> dict[str, str]:
    """What the address says of this lesson."""
    keys = {section.settings.key for section in lesson.sections if section.settings}
    return {name: text for name, text in st.query_params.to_dict().items() if name == PRESENT or name.partition(".")[0] in keys}


def _take(lesson: Lesson) -> list[str]:
    """Take up the settings in the address where it is another one than the page has written; what is wrong in it.

    A bare address, as the menu's links have it, leaves what is at hand.
    """
    asked, written = _asked(lesson), st.session_state.setdefault(WRITTEN, {})
    if asked == written.get(lesson.name) or _lags(asked):
        return []
    problems: list[str] = []
    if asked or state.LINK in st.query_params:
        for settings in {section.settings for section in lesson.sections if section.settings}:
            new, wrong = settings.read(asked)
            put(new)
            problems += wrong
        problems += _take_presented(asked.get(PRESENT), len(lesson.sections))
    else:
        present(None)
    written[lesson.name] = asked
    return problems


def _take_presented(text: str | None, sections: int) -> list[str]:
    known = text is not None and text in {str(number) for number in range(1, sections + 1)}
    present(int(text) if text is not None and known else None)
    return [] if known or text is None else [f"{PRESENT}: must be the number of a section, from 1 to {sections}"]


def _lags(asked: dict[str, str]) -> bool:
    """Whether the page has just left this address behind: a quick hand is ahead of the browser, which still sends it."""
    left, when = st.session_state.get(LEFT, ([], 0.0))
    return asked in left and time.monotonic() - when < state.LAG


def _entries(lesson: Lesson) -> dict[str, str]:
    """What the address should say of this lesson."""
    found: dict[str, str] = {}
    for section in lesson.sections:
        found |= at_hand(section.settings).written() if section.settings else {}
    number = _presented(lesson)
    return found | ({PRESENT: str(number)} if number else {})


def _write(lesson: Lesson) -> None:
    """Let the address carry the page, in one go with the experiment, so that Back meets one address for each change."""
    wanted, asked, written = _entries(lesson), _asked(lesson), st.session_state.setdefault(WRITTEN, {})
    if wanted != asked:
        others = {name: value for name, value in st.query_params.to_dict().items() if name not in asked}
        st.query_params.from_dict(_experiment() | others | wanted)
    if wanted != written.get(lesson.name):
        left, _ = st.session_state.get(LEFT, ([], 0.0))
        st.session_state[LEFT] = [*left[-8:], written.get(lesson.name, {})], time.monotonic()
    written[lesson.name] = wanted


def _experiment() -> dict[str, str]:
    """The experiment at hand, as the address of every page carries it."""
    try:
        return {state.LINK: state.experiment().link()}
    except DocumentError:  # too long for one: the page says so
        return {}


def _link(lesson: Lesson) -> None:
    popover = st.popover("Link to this page", icon=":material/link:", key="lesson.link", on_change="rerun")
    if popover.open:
        with popover:
            view.link(urlencode(_experiment() | _entries(lesson)))


# ---------------------------------------------------------------- exercises


def _exercises(lesson: Lesson, exercises: Sequence[Exercise]) -> None:
    """The exercises of a section, with what its settings have come to."""
    if not exercises:
        return
    verdicts = [exercise.check(at_hand(exercise.settings)) for exercise in exercises]
    solved: set[str] = st.session_state.setdefault(SOLVED, set())
    solved |= {exercise.key for exercise, (done, _) in zip(exercises, verdicts, strict=True) if done}
    with st.expander("Exercises", icon=":material/school:", key=f"exercises.{exercises[0].settings.key}"):
        st.caption(f"{sum(exercise.key in solved for exercise in exercises)} of {len(exercises)} solved.")
        for exercise, (done, said) in zip(exercises, verdicts, strict=True):
            st.markdown(f"**{escape(exercise.title)}**  \n{exercise.text(lesson.name)}")
            icon = "check_circle" if done else "task_alt" if exercise.key in solved else "radio_button_unchecked"
            before = "Solved before. With the settings above: " * (not done and exercise.key in solved)
            st.markdown(f":{'green' if done else 'gray'}[:material/{icon}: {before}{escape(said)}]")
