"""What every lesson's page has: its sections with their settings, the address that carries these, exercises, and the
presenter's view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import streamlit as st

from lrlab.lessons import prose
from lrlab.lessons.exercises import Exercise
from lrlab.settings import Settings
from lrlab.ui import address, memory, state
from lrlab.ui.lessons import presenter
from lrlab.ui.tune import view
from lrlab.ui.widgets import escape

PRESENT = "present"
PRESENTED, SOLVED = "lesson.presented", "lesson.solved"

at_hand, put = memory.at_hand, memory.put


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
    """The whole page: all sections, or only the one that is presented."""
    problems = _take(lesson)
    number = _presented(lesson)
    st.session_state.presenting = number is not None
    if number:
        presenter.bar(number, [section.title for section in lesson.sections], partial(present, lesson))
    else:
        _head(lesson)
    _say(problems)
    for section in lesson.sections[number - 1 : number] if number else lesson.sections:
        _section(lesson, section)


def _head(lesson: Lesson) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(lesson.title, anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            st.button(
                "Present", icon=":material/present_to_all:", key="lesson.present", on_click=present, args=(lesson, 1)
            )
            _link(lesson)


def _say(problems: Sequence[str]) -> None:
    """Say what was refused; the page shows the values that it had."""
    view.problem()
    view.not_taken(problems)


@st.fragment
def _section(lesson: Lesson, section: Section) -> None:
    """One section; moving its sliders runs only this section again. On a slide the presenter's bar shows its title."""
    if not st.session_state.presenting:
        st.subheader(section.title, anchor=section.key, divider=False)
    section.show()
    _exercises(lesson, [exercise for exercise in lesson.exercises if exercise.settings is section.settings])
    address.write(state.ADDRESS, _address(lesson))


def text(lesson: str, section: str, **numbers: object) -> None:
    """The Markdown of a section with numbers in its places. On a slide it is folded, so that the figure has room."""
    words = prose.fill(prose.read(lesson, section), **numbers)
    if st.session_state.presenting:
        with st.expander("Text", icon=":material/notes:"):
            st.markdown(words)
    else:
        st.markdown(words)


def present(lesson: Lesson, number: int | None) -> None:
    """Show only the section of this number, the first being 1; None: the whole page again."""
    st.session_state[PRESENTED] = memory.recall(PRESENTED) | {lesson.name: number}


def _presented(lesson: Lesson) -> int | None:
    number: int | None = memory.recall(PRESENTED).get(lesson.name)
    return number


# ---------------------------------------------------------------- the address


def _address(lesson: Lesson) -> address.Part:
    """The part of the address that is this lesson's."""
    shown = [section.settings for section in lesson.sections if section.settings]
    keys = {settings.key for settings in shown}

    def entries() -> dict[str, str]:
        number = _presented(lesson)
        found = {PRESENT: str(number)} if number else {}
        return {name: text for settings in shown for name, text in at_hand(settings).written().items()} | found

    return address.Part(lesson.name, lambda name: name == PRESENT or name.partition(".")[0] in keys, entries)


def _take(lesson: Lesson) -> list[str]:
    """Take over the settings in the address where a person has gone to it, and return what is wrong in it. An address
    without settings, as in the menu's links, leaves them as they are.
    """
    part = _address(lesson)
    if not part.gone_to():
        return []
    problems: list[str] = []
    asked = part.asked()
    if asked or state.LINK in st.query_params:
        problems = memory.read(asked, {section.settings for section in lesson.sections if section.settings})
        problems += _take_presented(lesson, asked.get(PRESENT))
    else:
        present(lesson, None)
    part.taken()
    return problems


def _take_presented(lesson: Lesson, text: str | None) -> list[str]:
    numbers = {str(number): number for number in range(1, len(lesson.sections) + 1)}
    present(lesson, numbers.get(text or ""))
    return (
        []
        if text is None or text in numbers
        else [f"{PRESENT}: must be the number of a section, from 1 to {len(numbers)}"]
    )


def _link(lesson: Lesson) -> None:
    popover = st.popover("Link to this page", icon=":material/link:", key="lesson.link", on_change="rerun")
    if popover.open:
        with popover:
            view.link(state.ADDRESS.entries() | _address(lesson).entries())


# ---------------------------------------------------------------- exercises


def _exercises(lesson: Lesson, exercises: Sequence[Exercise]) -> None:
    """The exercises of a section, and whether its settings solve them."""
    if not exercises:
        return
    verdicts = [exercise.check(at_hand(exercise.settings)) for exercise in exercises]
    solved: set[str] = memory.recall(SOLVED)
    solved |= {exercise.key for exercise, (done, _) in zip(exercises, verdicts, strict=True) if done}
    with st.expander("Exercises", icon=":material/school:", key=f"exercises.{exercises[0].settings.key}"):
        st.caption(f"{sum(exercise.key in solved for exercise in exercises)} of {len(exercises)} solved.")
        for exercise, (done, said) in zip(exercises, verdicts, strict=True):
            st.markdown(f"**{escape(exercise.title)}**  \n{exercise.text(lesson.name)}")
            icon = "check_circle" if done else "task_alt" if exercise.key in solved else "radio_button_unchecked"
            before = "Solved before. With the settings above: " * (not done and exercise.key in solved)
            st.markdown(f":{'green' if done else 'gray'}[:material/{icon}: {before}{escape(said)}]")
