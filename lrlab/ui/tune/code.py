"""The Code tab: the chosen trial in any target's form, what of it could not be carried over, and how well that form was
proven.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import streamlit as st

from lrlab import engine
from lrlab.document import DocumentError, Trial
from lrlab.document.run import Run
from lrlab.exporters import EXPORTERS, export, job
from lrlab.exporters.base import Exporter, Form, Loop
from lrlab.exporters.proof import NOT_RUN, proof
from lrlab.schedules import KINDS
from lrlab.ui import state
from lrlab.ui.panel import Panel
from lrlab.ui.tune import choices, view
from lrlab.ui.widgets import escape, offer

MOST_ROWS = 2_000_000
"""Steps of a file of every step made for the browser; the command line writes longer ones."""
EVERY_STEP = ("csv", "npy")
T = TypeVar("T", Form, Loop)

FORMS: dict[Form, str] = {"native": "Native", "portable": "Portable"}
LOOPS: dict[Loop, str] = {"plain": "Plain", "accelerate": "Accelerate"}


def tab() -> None:
    """The whole tab."""
    experiment = state.experiment()
    if not experiment.trials:
        st.caption("No trial yet.")
        return
    trial = state.trial()
    target = str(
        st.segmented_control(
            "As",
            list(EXPORTERS),
            required=True,
            format_func=lambda t: EXPORTERS[t].title,
            **choices.show("target", "target", choices.chosen().target),
        )
    )
    if target == "json" or not view.no_rates():
        _target(target, trial)
    _proof(trial)


def _target(target: str, trial: Trial) -> None:
    """The trial in this target's form: what can be chosen of it, the code and its file."""
    experiment, exporter = state.experiment(), EXPORTERS[target]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        form, loop = _choices(exporter, experiment.run, trial)
    code, problem = _written(target, trial, form, loop)
    file = f"{slug(trial.name)}{exporter.suffix}" if target != "json" else "schedules.json"  # which holds every trial
    with row:
        st.download_button(
            f"Download {file}", data=lambda: code or export(experiment, target, trial.name), file_name=file,
            key="download",
            icon=":material/download:", on_click="ignore", disabled=bool(problem),
        )  # fmt: skip
    if problem:
        st.info(f"{escape(problem)}.")
    elif target in EVERY_STEP:
        st.caption(
            f"{experiment.run.steps:,} steps: the learning rate that each optimizer step uses, in full precision."
        )
    else:
        st.caption(_said(target, trial, form, loop))
        # Streamlit's own button for this cannot be reached by keyboard
        Panel[None]("code", lambda _: None, label="The code").show([
            {"is": "copy", "id": "copy", "label": "Copy the code", "of": ".st-key-code_shown code"}
        ])  # fmt: skip
        with st.container(key="code_shown"):
            st.code(code, language=exporter.language, height=420)


def _choices(exporter: Exporter, run: Run, trial: Trial) -> tuple[Form | None, Loop | None]:
    """The form and the loop, where there is something to choose."""
    form: Form | None = None
    loop: Loop | None = None
    if len(exporter.loops) > 1:
        usual: Loop = "accelerate" if trial.clock == "process" else "plain"
        loop = _choice("Training loop", exporter.loops, "loop", usual, LOOPS)
    if len(exporter.forms) > 1:
        form = _form(exporter, run, trial)
    return form, loop


def _form(exporter: Exporter, run: Run, trial: Trial) -> Form | None:
    reason = exporter.not_native(run, trial)
    if reason:
        st.segmented_control(
            "Form",
            ["portable"],
            default="portable",
            required=True,
            format_func=FORMS.__getitem__,
            key="form/only",
            help=escape(f"{reason}."),
        )
        return None
    first: Form = "portable" if exporter.prefers_portable(run, trial) else "native"
    return _choice("Form", tuple(FORMS), "form", first, FORMS)


def _choice(label: str, options: tuple[T, ...], name: str, first: T, titles: Mapping[T, str]) -> T:
    """A choice that is remembered under a name, where it is not the one that is made by itself."""
    key, known = f"{name}/{first}", getattr(choices.chosen(), name)
    offer(key, known if known in options else first)

    def changed() -> None:
        chosen = st.session_state[key]
        choices.choose(**{name: None if chosen == first else chosen})

    chosen: Any = st.segmented_control(
        label, options, key=key, required=True, format_func=titles.__getitem__, on_change=changed
    )
    return cast("T", chosen)


def _written(target: str, trial: Trial, form: Form | None, loop: Loop | None) -> tuple[str, str]:
    """The code (of every step: none before it is asked for), or why there is none."""
    experiment = state.experiment()
    if target in EVERY_STEP:
        return "", _not_in_browser(experiment.run, trial)
    try:
        return export(experiment, target, trial.name, form=form, loop=loop), ""
    except DocumentError as error:
        return "", f"{error}. Another target will do"


def _not_in_browser(run: Run, trial: Trial) -> str:
    """Why the browser gets no file of every step; nothing where it gets one."""
    if run.steps > MOST_ROWS:
        return f"{run.steps:,} rows are more than a browser should hold: python -m lrlab curve writes them"
    try:
        engine.summary(run, trial)
    except DocumentError as error:  # at a step that the chart does not show
        return str(error)
    return ""


def _said(target: str, trial: Trial, form: Form | None, loop: Loop | None) -> str:
    """How the code is made, why, and how near it was to the curve when it was last run."""
    exporter, experiment = EXPORTERS[target], state.experiment()
    if not exporter.forms:
        return "The whole experiment, every trial of it."
    chosen = job(experiment, target, trial, form, loop)
    reason = exporter.not_native(experiment.run, trial) or exporter.prefers_portable(experiment.run, trial)
    seen = proof(trial.schedule.kind).seen
    cases, off = seen.get(target, {}).get(chosen.form, (0, 0.0))
    ran = f" With recorded cases of this schedule: {NOT_RUN}." if target not in seen else ""
    if cases:
        ran = f" Run with {cases} recorded cases of this schedule it was off by {off:.1g} of the largest rate at most."
    why = f" ({reason})" if reason else ""
    made = (
        "Native: the framework's own constructor."
        if chosen.native
        else f"Portable: a plain function written from the curve{why}."
    )
    return escape(f"{made}{ran}")


def _proof(trial: Trial) -> None:
    """The matrix of all schedules and targets."""
    title = "Proof: every schedule in every target, run in the genuine frameworks"
    panel = st.expander(title, icon=":material/verified:", on_change="rerun", key="proof")
    if not panel.open:
        return
    with panel:
        st.caption(
            "The largest deviation from the curve over all recorded cases, as a share of the largest rate; "
            "the form written by itself first."
        )
        rows = map(proof, sorted(KINDS, key=lambda kind: kind != trial.schedule.kind))
        table = [
            {"schedule": found.kind, "cases": found.cases}
            | {exporter.title: found.cell(target) for target, exporter in EXPORTERS.items()}
            for found in rows
        ]
        import pandas as pd  # noqa: PLC0415 (takes longer to load than all of lrlab; the chart comes first)

        st.dataframe(pd.DataFrame(table).set_index("schedule"), height=420)


def slug(name: str) -> str:
    """A file name from a trial's name: letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "schedule"
