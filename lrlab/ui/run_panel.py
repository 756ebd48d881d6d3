"""The run in the side bar: its data, and the optimizer steps that they come to."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lrlab.run import DataRun, Run
from lrlab.ui import state
from lrlab.ui.widgets import WHOLE, commit, counted, offer, said

_BY_DATA = ("samples", "batch_size", "devices", "accumulate", "epochs")
_LABELS = {
    "samples": "samples in the data set",
    "batch_size": "batch size per device",
    "devices": "devices",
    "accumulate": "accumulated micro-batches",
    "epochs": "epochs",
    "total_steps": "optimizer steps",
    "steps_per_epoch": "steps per epoch",
}


def show() -> None:
    """The fields of the run and its arithmetic."""
    run = state.experiment().run
    st.subheader("Run", anchor=False)
    forms = ("data", "steps")
    offer("form", forms[not isinstance(run, DataRun)])
    st.segmented_control(
        "Given by its", forms, key="form", format_func={"data": "data", "steps": "steps"}.__getitem__, required=True,
        on_change=lambda: commit("form", ("run",), _as(st.session_state.form, run)),
    )  # fmt: skip
    if isinstance(run, DataRun):
        for name in _BY_DATA:
            _count(name, getattr(run, name))
        offer("drop_last", run.drop_last)
        st.toggle("drop_last", key="drop_last", on_change=lambda: commit("drop_last", ("run", "drop_last"), st.session_state.drop_last))
    else:
        _count("total_steps", run.total_steps)
        _count("steps_per_epoch", run.updates)
    st.caption(arithmetic(run))


def _count(name: str, value: int) -> None:
    key = f"run.{name}"
    offer(key, float(value))

    def changed() -> None:
        if st.session_state[key] is not None:  # an emptied field gets back what it had
            commit(key, ("run", name), counted(st.session_state[key]))

    st.number_input(_LABELS[name], value=None, key=key, step=1.0, format=WHOLE, on_change=changed)
    said(key)


def _as(form: str, run: Run) -> dict[str, Any]:
    """The same number of steps in the other form."""
    if form == "steps":
        return {"total_steps": run.steps, "steps_per_epoch": run.updates}
    return {"samples": run.updates * 128, "batch_size": 128, "epochs": max(run.steps // run.updates, 1)}


def arithmetic(run: Run) -> str:
    """How the run comes to its optimizer steps, in words and numbers."""
    if not isinstance(run, DataRun):
        return f"{run.steps:,} optimizer steps, {run.updates:,} in an epoch"
    round_ = "floor" if run.drop_last else "ceil"
    batches = f"{round_}({run.samples:,} / {run.batch_size * run.devices:,}) = {run.micro_batches:,} micro-batches"
    second = f"{'ceil' if run.leftover == 'step' else 'floor'}({run.micro_batches:,} / {run.accumulate:,}) = {run.updates:,} steps"
    middle = f", {second}" if run.accumulate > 1 else ""
    return f"{batches}{middle} per epoch, x {run.epochs:,} = **{run.steps:,} optimizer steps**"
