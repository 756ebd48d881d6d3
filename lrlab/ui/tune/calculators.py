"""What no document can tell: the optimizer's momentum, skipped steps, a library's version. Numbers are put in here and
answered at once.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from lrlab.plans import optimizers
from lrlab.schedules.spans import nested
from lrlab.ui import state
from lrlab.ui.widgets import ask_whole, escape


def show() -> None:
    """The calculators, closed until they are asked for."""
    with st.expander("Momentum: what a cycling schedule does to the optimizer's"):
        _momentum()
    with st.expander("Mixed precision: steps that the gradient scaler skipped"):
        _skipped()
    with st.expander("transformers: warmup_steps and warmup_ratio by version"):
        _warmup()


def _momentum() -> None:
    run, trials = state.experiment().run, state.experiment().trials
    found = (schedule for _, schedule, _ in nested(state.trial().bound(run)[0])) if trials else iter(())
    cycling = next((schedule for schedule in found if schedule.momentum_between), None)
    if cycling is None:
        st.caption("The trial being shaped is no torch.OneCycleLR or torch.CyclicLR: it leaves the momentum alone.")
        return
    optimizer = st.selectbox("optimizer", list(optimizers.CYCLED), key="momentum.optimizer")
    momentum = st.number_input("its momentum, or beta1", 0.0, 1.0, 0.9, step=0.01, key="momentum.value", format="%.4g")
    st.markdown(escape(optimizers.momentum_cycled(cycling, optimizer, momentum).sentence))


def _skipped() -> None:
    steps = state.experiment().run.steps
    skipped = ask_whole("optimizer steps skipped in this run", 0, steps, min(10, steps), "skipped")
    st.markdown(escape(optimizers.amp_drift(steps, skipped).sentence))


def _warmup() -> None:
    name: Any = st.segmented_control(
        "argument", ("warmup_steps", "warmup_ratio"), key="warmup.name", default="warmup_steps", required=True
    )
    typed = st.text_input("value", "0.1", key="warmup.value", help="1 is a whole number, 1.0 is not")
    version = st.text_input("version of transformers", "5.23.0", key="warmup.version")
    try:
        value = float(typed) if not typed.strip().isdecimal() else int(typed)
        st.markdown(escape(optimizers.warmup_argument(name, value, state.experiment().run.steps, version).sentence))
    except (ValueError, OverflowError) as error:
        st.caption(f":red[{escape(str(error))}]")
