"""The row of trials under the chart: choose, add, and what can be done with the one that is chosen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from lrlab import charts, docstring
from lrlab.document.run import calls
from lrlab.schedules import KINDS, Schedule
from lrlab.schedules.spans import Path
from lrlab.ui import fields, state
from lrlab.ui.tune import advice, choices, groups
from lrlab.ui.widgets import commit, escape, offer, said

if TYPE_CHECKING:
    from lrlab.document import Trial

_STROKES = ("━━━", "╺╸╺╸", "┄┄┄", "━┄━┄", "━╸━╸", "━┄┄━")
_CALLERS = tuple(choices.CALLERS)


def chips() -> None:
    """One chip a trial, with its stroke and colour, and the way to another one."""
    trials = state.experiment().trials
    with st.container(horizontal=True, vertical_alignment="center"):
        if trials:
            offer("chip", state.chosen())
            labels = [_chip(i, trial) for i, trial in enumerate(trials)]
            with st.container(key="chips", width="content"):
                st.segmented_control(
                    "Trial to shape", range(len(trials)), format_func=labels.__getitem__, key="chip", required=True,
                    label_visibility="collapsed",
                    on_change=lambda: state.choose(st.session_state.chip),
                )  # fmt: skip
        adding = st.popover("Add a trial", icon=":material/add:", key="adding", on_change="rerun")
        if adding.open:
            with adding:
                _add()


def _chip(index: int, trial: Trial) -> str:
    name = escape(trial.name if len(trial.name) <= charts.LABEL else trial.name[: charts.LABEL - 1] + "…")
    return f"**{_STROKES[index % len(_STROKES)]}** {name}{' (hidden)' * trial.hidden}{advice.sign(trial)}"


def _add() -> None:
    kinds = sorted(KINDS, key=str.lower)
    kind = KINDS[
        st.selectbox(
            "Schedule, by framework (type to search)",
            kinds,
            key="add_kind",
            format_func=lambda k: k.replace(".", " · ", 1),
        )
    ]
    st.caption(escape(docstring.read(kind).first))
    st.button("Add", type="primary", key="add", on_click=_added, args=(kind,))


def _added(kind: type[Schedule]) -> None:
    state.add(kind)
    st.session_state.adding = False


def shaping() -> None:
    """The chosen trial: its sliders, and what can be done with it."""
    if not state.experiment().trials:
        st.info("No trial yet. Add one: its curve is drawn at once.")
        return
    index, trial, run = state.chosen(), state.trial(), state.experiment().run
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{escape(trial.schedule.kind)}**", width="content", help=escape(docstring.read(trial.schedule).first)
        )
        offer("caller", _CALLERS.index(choices.caller(trial.name, trial.clock)))
        st.selectbox(
            "scheduler.step() is called", range(len(_CALLERS)), key="caller",
            format_func=[text for _, text in choices.CALLERS.values()].__getitem__,
            label_visibility="collapsed", width=270, on_change=_call,
        )  # fmt: skip
        renaming = st.popover("Rename", type="tertiary", icon=":material/edit:", key="renaming", on_change="rerun")
        if renaming.open:
            with renaming:
                offer("name", trial.name)
                st.text_input(
                    "name",
                    key="name",
                    max_chars=200,
                    on_change=_rename,
                )
                said("name")
        groups.show()
        _actions(index, hidden=trial.hidden, last=len(state.experiment().trials) - 1)
    advice.beside()
    with st.container(key="fields"):
        fields.show(trial, _chosen(), calls(run, trial.clock))


def _rename() -> None:
    """Give the chosen trial the name that was typed; who calls its step() stays."""
    before = state.trial()
    caller = choices.caller(before.name, before.clock)
    commit("name", (*_chosen(), "name"), st.session_state.name)
    choices.set_caller(state.trial().name, caller)


def _call() -> None:
    caller = _CALLERS[st.session_state.caller]
    choices.set_caller(state.trial().name, caller)
    commit("caller", (*_chosen(), "clock"), choices.CALLERS[caller][0])


def _chosen() -> Path:
    """Where the chosen trial stands now: a quick hand may be ahead of the buttons that it sees."""
    return ("trials", state.chosen())


def _actions(index: int, *, hidden: bool, last: int) -> None:
    button = partial(st.button, type="tertiary")
    with st.container(horizontal=True, key="tools.trial", width="content"):
        button("Duplicate", key="duplicate", icon=":material/content_copy:", on_click=state.duplicate, help="Duplicate")
        button(
            "Earlier",
            key="earlier",
            icon=":material/arrow_back:",
            disabled=index == 0,
            on_click=state.move,
            args=(-1,),
            help="Earlier",
        )
        button(
            "Later",
            key="later",
            icon=":material/arrow_forward:",
            disabled=index == last,
            on_click=state.move,
            args=(1,),
            help="Later",
        )
    show, eye = ("Show", ":material/visibility:") if hidden else ("Hide", ":material/visibility_off:")
    button(show, key="hide", icon=eye, on_click=state.toggle)
    button("Remove", key="remove", icon=":material/delete:", on_click=state.remove)
