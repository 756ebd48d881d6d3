"""I stopped at step k: what the rate does when the run is taken up again, as it was or longer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import streamlit as st

from lrlab import charts, engine
from lrlab.document.run import MAX_STEPS, DataRun, Run
from lrlab.plans import resume
from lrlab.ui import chart, state
from lrlab.ui.tune import choices, view
from lrlab.ui.widgets import escape

HOWS: dict[str, str] = {
    "state": "optimizer and scheduler state loaded",
    "last_epoch": "last_epoch only, nothing loaded",
    "nothing": "nothing: the schedule begins anew",
}
STRETCHES: dict[str, str] = {
    "re-horizon": "horizon of the new length",
    "hold": "old horizon, past its end",
    "restart": "begun anew for the rest",
}
ABOUT: dict[str, str] = {
    "state": "optimizer.load_state_dict() and scheduler.load_state_dict(): the curve goes on as if nothing had been.",
    "last_epoch": (
        "A fresh optimizer begins at its base rate; a scheduler that multiplies the rate it finds goes on from there. "
        "Load both states."
    ),
    "nothing": "A new optimizer and a new scheduler: warmup and all come once more.",
    "re-horizon": (
        "Loading a scheduler's state can bring its old horizon back (torch's T_max does): "
        "set the new one after loading."
    ),
    "hold": "What the old schedule does past its end: some hold, some climb again, some raise.",
    "restart": "A new scheduler over the steps that are left, from the first rate of its curve.",
}
POINTS = 600
HEIGHT = 240


def tab() -> None:
    """Where it stopped and how it goes on; the jump as a number, and both curves from there."""
    experiment = state.experiment()
    if not experiment.trials:
        st.caption("No trial yet.")
        return
    if view.no_rates():
        return
    run, trial = experiment.run, state.trial()
    left, right = st.columns([1, 2])
    with left:
        step = choices.ask_whole("stopped before step", 0, run.steps - 1, "resume.step", "resume_step", run.steps // 2)
        how: Any = st.selectbox(
            "resumed with",
            [*HOWS, "longer"],
            **choices.show("resume.how", "resume_how", choices.chosen().resume_how),
            format_func=(HOWS | {"longer": "another length of the run"}).__getitem__,
        )
        old = _points(max(0, step - run.steps // 10), run)
        try:
            jump, steps, rates = _longer(run, trial, step) if how == "longer" else _same(run, trial, step, how)
            before = engine.lr(run, trial, old)
        except ValueError as error:
            st.info(f"{escape(str(error))}.")
            return
        ratio = f"{jump.ratio:.4g}" if np.isfinite(jump.ratio) else "from nothing"
        st.caption(ABOUT[choices.chosen().resume_stretch if how == "longer" else how])
        st.metric("the rate is multiplied by", ratio, border=True)
        st.markdown(f"Step {step:,}: {jump.before:.4g} uninterrupted, **{jump.after:.4g}** resumed.")
        if jump.warning:
            st.caption(":red[More than a tenth: the run will feel it.]")
    with right:
        figure = charts.resumed(
            run,
            (old, engine.first_group(before)),
            (steps, engine.first_group(rates)),
            step,
            experiment.view,
        )
        alt = f"From step {step:,}: {jump.after:.3g} where the uninterrupted run uses {jump.before:.3g}"
        chart.show(figure, key="resume.chart", height=HEIGHT, alt=alt)


def _points(begin: int, run: Run) -> Any:
    return np.unique(np.linspace(begin, run.steps - 1, POINTS).astype(np.int64))


def _same(run: Any, trial: Any, step: int, how: Any) -> tuple[resume.Jump, Any, Any]:
    steps = _points(step, run)
    return resume.jump(run, trial, step, how), steps, resume.after(run, trial, step, how, steps)


def _longer(run: Any, trial: Any, step: int) -> tuple[resume.Jump, Any, Any]:
    unit, length = ("epochs", run.epochs) if isinstance(run, DataRun) else ("optimizer steps", run.steps)
    new = choices.ask_whole(
        f"new length in {unit}", 1, MAX_STEPS, "resume.length", "resume_length", math.ceil(2 * length)
    )
    known = choices.chosen().resume_stretch
    remembered = choices.show("resume.stretch", "resume_stretch", known)
    how: Any = st.selectbox("with the", list(STRETCHES), format_func=STRETCHES.__getitem__, **remembered)
    extension = resume.extended(run, trial, step, new, how)
    steps = _points(step, extension.run)
    return extension.jump, steps, extension.lr(steps)
