"""I stopped at step k: what the rate does when the run is taken up again, as it was or longer."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from lrlab import charts, engine, resume
from lrlab.run import DataRun
from lrlab.ui import chart, state
from lrlab.ui.widgets import WHOLE, escape

HOWS: dict[str, str] = {
    "state": "optimizer and scheduler state loaded",
    "last_epoch": "last_epoch only, nothing loaded",
    "nothing": "nothing: the schedule begins anew",
}
STRETCHES: dict[str, str] = {"re-horizon": "horizon of the new length", "hold": "old horizon, past its end", "restart": "begun anew for the rest"}
ABOUT: dict[str, str] = {
    "state": "optimizer.load_state_dict() and scheduler.load_state_dict(): the curve goes on as if nothing had been.",
    "last_epoch": "A fresh optimizer begins at its base rate; a scheduler that multiplies the rate it finds goes on from there. Load both states.",
    "nothing": "A new optimizer and a new scheduler: warmup and all come once more.",
    "re-horizon": "Loading a scheduler's state can bring its old horizon back (torch's T_max does): set the new one after loading.",
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
    run, trial = experiment.run, state.trial()
    left, right = st.columns([1, 2])
    with left:
        step = int(
            st.number_input("stopped before step", 0.0, float(run.steps - 1), float(run.steps // 2), step=1.0, key="resume.step", format=WHOLE)
        )
        how: Any = st.selectbox(
            "resumed with", [*HOWS, "longer"], key="resume.how", format_func=(HOWS | {"longer": "another length of the run"}).__getitem__
        )
        try:
            jump, steps, rates = _longer(run, trial, step) if how == "longer" else _same(run, trial, step, how)
        except ValueError as error:
            st.info(f"{escape(str(error))}.")
            return
        ratio = f"{jump.ratio:.4g}" if np.isfinite(jump.ratio) else "from nothing"
        st.caption(ABOUT[st.session_state["resume.stretch"] if how == "longer" else how])
        st.metric("the rate is multiplied by", ratio, border=True)
        st.markdown(f"Step {step:,}: {jump.before:.4g} uninterrupted, **{jump.after:.4g}** resumed.")
        if jump.warning:
            st.caption(":red[More than a tenth: the run will feel it.]")
    with right:
        old = np.unique(np.linspace(max(0, step - run.steps // 10), run.steps - 1, POINTS).astype(np.int64))
        figure = charts.resumed(run, (old, _first(engine.lr(run, trial, old))), (steps, _first(rates)), step, experiment.view)
        alt = f"From step {step:,}: {jump.after:.3g} where the uninterrupted run uses {jump.before:.3g}"
        chart.show(figure, key="resume.chart", height=HEIGHT, alt=alt, on_toggle=lambda _: None)


def _first(rates: Any) -> Any:
    return rates[0] if rates.ndim > 1 else rates


def _same(run: Any, trial: Any, step: int, how: Any) -> tuple[resume.Jump, Any, Any]:
    steps = np.unique(np.linspace(step, run.steps - 1, POINTS).astype(np.int64))
    return resume.jump(run, trial, step, how), steps, resume.after(run, trial, step, how, steps)


def _longer(run: Any, trial: Any, step: int) -> tuple[resume.Jump, Any, Any]:
    unit, length = ("epochs", run.epochs) if isinstance(run, DataRun) else ("optimizer steps", run.steps)
    new = int(st.number_input(f"new length in {unit}", 1.0, 1e12, min(2.0 * length, 1e12), step=1.0, key="resume.length", format=WHOLE))
    how: Any = st.selectbox("with the", list(STRETCHES), key="resume.stretch", format_func=STRETCHES.__getitem__)
    extension = resume.extended(run, trial, step, new, how)
    steps = np.unique(np.linspace(step, extension.run.steps - 1, POINTS).astype(np.int64))
    return extension.jump, steps, extension.lr(steps)
