"""Above the chart: its switches, and the sentence that says what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from lrlab import engine
from lrlab.ui import memory, state
from lrlab.ui.widgets import accept, commit, escape, offer

MOST_PROBLEMS = 5  # of an address that are said


def problem() -> None:
    """Why the last thing asked for was refused, the page showing what it had; and when the address can no longer carry
    the page.
    """
    sentence = memory.recall("problem")
    if sentence:
        st.error(f"{escape(sentence)}. The page keeps what it had.", icon=":material/error:")
    too_long = state.link_problem()
    if too_long:
        st.warning(
            f"{escape(too_long)}: it stands in the Code tab. A reload would lose this page.", icon=":material/warning:"
        )


def no_rates() -> bool:
    """Say why the trial being shaped has no rates, where that is so; whether it is."""
    reason = engine.failure(state.experiment().run, state.trial())
    if reason is not None:
        st.info(f"{escape(reason)}.")
    return reason is not None


def not_taken(problems: Sequence[str]) -> None:
    """What of an address was not taken."""
    if problems:
        listed = "".join(f"\n- {escape(problem)}" for problem in problems[:MOST_PROBLEMS])
        st.warning(f"Not taken from the address, so left at its default:\n{listed}", icon=":material/link_off:")
    if len(problems) > MOST_PROBLEMS:
        st.caption(f"{len(problems) - MOST_PROBLEMS} more settings of the address were refused likewise.")


def link(entries: dict[str, str]) -> None:
    """The address with these entries, to copy."""
    st.caption(
        f"The address bar always carries this page, but not {memory.missed()}. "
        "Opened elsewhere, this link shows the same:"
    )
    st.code(f"{(st.context.url or '').split('?')[0]}?{urlencode(entries)}", language=None, wrap_lines=True)


def switches() -> None:
    """X in steps or epochs, y linear or log, marks shown or not."""
    view = state.experiment().view
    with st.container(horizontal=True, vertical_alignment="center"):
        _choice("x", view.x, {"step": "steps", "epoch": "epochs"})
        _choice("y", view.y, {"linear": "linear", "log": "log"})
        offer("marks", view.marks)
        st.toggle("marks", key="marks", on_change=lambda: commit("marks", ("view", "marks"), st.session_state.marks))
        with st.container(horizontal=True, key="tools.history", width="content"):
            _travel("Undo", "past", "future", "Alt+Z")
            _travel("Redo", "future", "past", "Alt+Y")


def _travel(label: str, back: str, forth: str, shortcut: str) -> None:
    """A button that takes back the last change, or makes it again."""

    def go() -> None:
        accept()
        state.travel(back, forth)

    icon = f":material/{label.lower()}:"
    st.button(
        label,
        key=label.lower(),
        icon=icon,
        help=f"{label} ({shortcut})",
        disabled=not st.session_state[back],
        on_click=go,
        shortcut=shortcut,
    )


def _choice(name: str, value: str, labels: dict[str, str]) -> None:
    offer(f"view.{name}", value)
    st.segmented_control(
        f"{name} axis", list(labels), key=f"view.{name}", format_func=labels.__getitem__,
        label_visibility="collapsed", required=True,
        on_change=lambda: commit(f"view.{name}", ("view", name), st.session_state[f"view.{name}"]),
    )  # fmt: skip
