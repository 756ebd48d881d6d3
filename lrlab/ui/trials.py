"""The row of trials under the chart: choose, add, and what can be done with the one that is chosen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from lrlab import charts
from lrlab.run import calls
from lrlab.schedules import KINDS, Schedule
from lrlab.ui import fields, state
from lrlab.ui.widgets import Path, commit, escape, offer, said

if TYPE_CHECKING:
    from lrlab.experiment import Trial

_STROKES = ("━━━", "╺╸╺╸", "┄┄┄", "━┄━┄", "━╸━╸", "━┄┄━")
_CLOCKS = {
    "step": "step() per optimizer step",
    "epoch": "step() per epoch",
    "micro_batch": "step() per micro-batch",
    "process": "step() per process (Accelerate)",
}


def chips() -> None:
    """One chip a trial, with its stroke and colour, and the way to another one."""
    trials = state.experiment().trials
    with st.container(horizontal=True, vertical_alignment="center"):
        if trials:
            offer("chip", state.chosen())
            labels = [_chip(i, trial) for i, trial in enumerate(trials)]
            with st.container(key="chips", width="content"):
                st.segmented_control(
                    "Trial to shape", range(len(trials)), format_func=labels.__getitem__, key="chip", required=True, label_visibility="collapsed",
                    on_change=lambda: state.choose(st.session_state.chip),
                )  # fmt: skip
        adding = st.popover("Add a trial", icon=":material/add:", key="adding", on_change="rerun")
        if adding.open:
            with adding:
                _add()


def _chip(index: int, trial: Trial) -> str:
    name = escape(trial.name if len(trial.name) <= charts.LABEL else trial.name[: charts.LABEL - 1] + "…")
    return f"**{_STROKES[index % len(_STROKES)]}** {name}{' (hidden)' * trial.hidden}"


def _add() -> None:
    kinds = sorted(KINDS, key=str.lower)
    kind = KINDS[st.selectbox("Schedule, by framework (type to search)", kinds, key="add_kind", format_func=lambda k: k.replace(".", " · ", 1))]
    st.caption(escape(shape_of(kind)))
    st.button("Add", type="primary", key="add", on_click=_added, args=(kind,))


def _added(kind: type[Schedule]) -> None:
    state.add(kind)
    st.session_state.adding = False


def shape_of(kind: type[Schedule]) -> str:
    """The first sentence of a schedule's description: its shape."""
    return " ".join((kind.__doc__ or "").split("\n\n", maxsplit=1)[0].split())


def shaping() -> None:
    """The chosen trial: its sliders, and what can be done with it."""
    if not state.experiment().trials:
        st.info("No trial yet. Add one: its curve is drawn at once.")
        return
    index, trial, run = state.chosen(), state.trial(), state.experiment().run
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escape(trial.schedule.kind)}**", width="content", help=escape(shape_of(type(trial.schedule))))
        offer("clock", trial.clock)
        st.selectbox(
            "scheduler.step() is called", list(_CLOCKS), key="clock", format_func=_CLOCKS.__getitem__, label_visibility="collapsed", width=260,
            on_change=lambda: commit("clock", (*_chosen(), "clock"), st.session_state.clock),
        )  # fmt: skip
        renaming = st.popover("Rename", type="tertiary", icon=":material/edit:", key="renaming", on_change="rerun")
        if renaming.open:
            with renaming:
                offer("name", trial.name)
                st.text_input("name", key="name", max_chars=200, on_change=lambda: commit("name", (*_chosen(), "name"), st.session_state.name))
                said("name")
        _actions(index, hidden=trial.hidden, last=len(state.experiment().trials) - 1)
    with st.container(key="fields"):
        fields.show(trial, _chosen(), calls(run, trial.clock))


def _chosen() -> Path:
    """Where the chosen trial stands now: a quick hand may be ahead of the buttons that it sees."""
    return ("trials", state.chosen())


def _actions(index: int, *, hidden: bool, last: int) -> None:
    button = partial(st.button, type="tertiary")
    button("Duplicate", key="duplicate", icon=":material/content_copy:", on_click=state.duplicate)
    button("Earlier", key="earlier", icon=":material/arrow_back:", disabled=index == 0, on_click=state.move, args=(-1,))
    button("Later", key="later", icon=":material/arrow_forward:", disabled=index == last, on_click=state.move, args=(1,))
    show, eye = ("Show", ":material/visibility:") if hidden else ("Hide", ":material/visibility_off:")
    button(show, key="hide", icon=eye, on_click=state.toggle)
    button("Remove", key="remove", icon=":material/delete:", on_click=state.remove)
