"""What is wrong with the trials and what mends it: beside the trial being shaped, in a tab for all, and as markers in
the chart.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from lrlab import advice, charts, engine
from lrlab.ui import state
from lrlab.ui.panel import Panel, controls
from lrlab.ui.tune import calculators
from lrlab.ui.widgets import escape

if TYPE_CHECKING:
    from lrlab.document import Experiment, Trial
    from lrlab.ui.panel.panel import Node

ICONS = {"error": ":material/error:", "warning": ":material/warning:", "note": ":material/info:"}
COLOURS = {"error": "red", "warning": "orange", "note": "gray"}
SIGNS = {"error": "✖", "warning": "▲"}
MOST_BESIDE = 2  # findings beside the trial; the tab has all
_ISSUE = re.compile(r"\b([A-Za-z0-9][\w-]*/[\w.-]+)#(\d+)")
_PAPER = re.compile(r"arXiv (\d{4}\.\d{4,5})")


def sign(trial: Trial) -> str:
    """How many errors and warnings a trial has, for its chip."""
    found = advice.open_on(state.experiment().run, trial)
    counts = {severity: sum(f.severity == severity for f in found) for severity in SIGNS}
    return "".join(f" {SIGNS[severity]}{count}" for severity, count in counts.items() if count)


def flags(experiment: Experiment) -> list[charts.Flag]:
    """A marker for every error and warning that has a place in the run."""
    return [
        charts.Flag(index, finding.step, finding.rate, finding.severity, f"{finding.code}: {finding.message}")
        for index, trial in enumerate(experiment.trials)
        if not trial.hidden
        for finding in advice.open_on(experiment.run, trial)
        if finding.step is not None and finding.rate is not None and finding.severity in SIGNS
    ]


def intended(experiment: Experiment) -> dict[int, engine.Curve]:
    """The curve that was meant, of every shown trial whose schedule counts in another unit than its clock."""
    meant = {i: advice.intended(experiment.run, trial) for i, trial in enumerate(experiment.trials) if not trial.hidden}
    return {
        i: engine.curve(experiment.run, found)
        for i, found in meant.items()
        if found is not None and engine.failure(experiment.run, found) is None
    }


def beside(panel: Panel[Experiment]) -> list[Node]:
    """The errors and warnings on the trial being shaped, each with its fix."""
    experiment = state.experiment()
    found = [f for f in advice.open_on(experiment.run, state.trial()) if f.severity in SIGNS]
    nodes = [_finding(panel, finding) for finding in found[:MOST_BESIDE]]
    if len(found) > MOST_BESIDE:
        nodes.append(controls.caption("findings/more", f"{len(found) - MOST_BESIDE} more in the Advice tab."))
    return [{"is": "findings", "id": "findings", "label": "What is wrong with this trial", "nodes": nodes}]


def _finding(panel: Panel[Experiment], finding: advice.Finding) -> Node:
    name = f"finding/{finding.code}"
    meant = " The faint line is what was meant." if finding.rule.unit and finding.fix is not None else ""
    tools = [controls.a_button(panel, f"{name}/dismiss", partial(_dismiss, finding), "Dismiss")]
    if finding.fix is not None:
        fix = controls.a_button(panel, f"{name}/fix", partial(state.mend, finding.fix), finding.fix.title, icon="build")
        tools.insert(0, fix)
    return {
        "is": "finding", "id": name, "severity": finding.severity, "code": finding.code,
        "text": finding.message + meant, "nodes": tools,
    }  # fmt: skip


def tab() -> None:
    """Every finding on every trial, notes too, with its reasons; what was dismissed; and what no document can tell."""
    experiment = state.experiment()
    quiet = True
    for index, trial in enumerate(experiment.trials):
        found = advice.open_on(experiment.run, trial)
        dismissed = [f for f in advice.findings(experiment.run, trial) if f.code in trial.dismissed]
        reason = engine.failure(experiment.run, trial)
        if not found and not dismissed and reason is None:
            continue
        quiet = False
        st.markdown(f"**{escape(trial.name[:80])}**")
        if reason is not None:
            st.info(f"{escape(reason)}.")
        for finding in found:
            _row(finding, index)
            with st.expander(escape(finding.rule.title())):
                st.markdown(_text(finding.rule))
        for finding in dismissed:
            _dismissed(finding, index)
    if quiet:
        st.caption("Nothing to say: no rule found anything on these trials.")
    calculators.show()


def _row(finding: advice.Finding, index: int) -> None:
    """One finding: what it is, and what can be done."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"finding.tab.{index}.{finding.code}"):
        st.badge(f"{finding.severity} {finding.code}", icon=ICONS[finding.severity], color=COLOURS[finding.severity])  # type: ignore[arg-type]
        st.markdown(escape(finding.message), width="stretch")
        if finding.fix is not None:
            st.button(
                escape(finding.fix.title),
                key=f"fix.tab.{index}.{finding.code}",
                icon=":material/build:",
                on_click=state.mend,
                args=(finding.fix,),
            )
        st.button(
            "Dismiss",
            key=f"dismiss.tab.{index}.{finding.code}",
            type="tertiary",
            on_click=_dismiss,
            args=(finding,),
        )


def _dismissed(finding: advice.Finding, index: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{finding.code} is dismissed: {escape(finding.rule.title())}")
        st.button(
            "Take back", key=f"back.{index}.{finding.code}", type="tertiary", on_click=_take_back, args=(finding,)
        )


def _dismiss(finding: advice.Finding) -> None:
    index = state.experiment().place(finding.trial)
    if index is not None:
        state.set_value(("trials", index, "dismissed"), [*state.experiment().trials[index].dismissed, finding.code])


def _take_back(finding: advice.Finding) -> None:
    index = state.experiment().place(finding.trial)
    if index is not None:
        kept = [code for code in state.experiment().trials[index].dismissed if code != finding.code]
        state.set_value(("trials", index, "dismissed"), kept)


def _text(rule: advice.Rule) -> str:
    """Why it hurts, what to do instead, and where to read on."""
    source = _ISSUE.sub(r"[\1#\2](https://github.com/\1/issues/\2)", _escaped(rule.text("source")))
    source = _PAPER.sub(r"[arXiv \1](https://arxiv.org/abs/\1)", source)
    why, instead = escape(rule.text("why")), escape(rule.text("instead"))
    return f"**Why it hurts.** {why}\n\n**Instead.** {instead}\n\n**Source.** {source}"


def _escaped(text: str) -> str:
    """Source lines hold names with underscores and stars, but links must stay what they are."""
    return text.replace("*", r"\*").replace("_", r"\_")
