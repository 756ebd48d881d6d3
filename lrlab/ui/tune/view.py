"""Above the chart: its switches, and the sentence that says what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from lrlab import engine
from lrlab.document import Experiment
from lrlab.ui import memory, state
from lrlab.ui.panel import Panel, controls
from lrlab.ui.panel.panel import Node
from lrlab.ui.widgets import escape

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
    """X in steps or epochs, y linear or log, marks shown or not; Undo and Redo."""
    view = state.experiment().view
    panel: Panel[Experiment] = Panel("view", state.put, label="The chart")

    def choice(name: str, value: str, labels: dict[str, str]) -> Node:
        begin = panel.control(f"view.{name}", partial(state.changed, ("view", name)), keep=state.put)
        return controls.a_choice(begin, value, labels, label=f"{name} axis", quiet=True)

    marks = panel.control("view.marks", partial(state.changed, ("view", "marks")), keep=state.put)
    panel.show([
        controls.row("view", [
            choice("x", view.x, {"step": "steps", "epoch": "epochs"}),
            choice("y", view.y, {"linear": "linear", "log": "log"}),
            controls.a_switch(marks, on=view.marks, label="marks"),
            _travel(panel, "Undo", "past", "future", "Alt+Z"),
            _travel(panel, "Redo", "future", "past", "Alt+Y"),
        ])
    ])  # fmt: skip


def _travel(panel: Panel[Experiment], label: str, back: str, forth: str, shortcut: str) -> Node:
    """A button that takes back the last change, or makes it again."""
    return controls.a_button(
        panel, label.lower(), lambda: state.travel(back, forth), label, icon=label.lower(), shortcut=shortcut,
        bare=True, disabled=not st.session_state[back],
    )  # fmt: skip
