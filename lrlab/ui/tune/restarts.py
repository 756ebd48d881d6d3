"""The restart planner: where the cycles of the chosen trial end in this run, and which lengths and budgets fit."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from lrlab.document import DocumentError
from lrlab.plans import restarts
from lrlab.ui import state
from lrlab.ui.tune import view
from lrlab.ui.widgets import escape

MOST_ROWS = 12  # cycles in the table; more would be scrolled past


def tab() -> None:
    """The plan of the trial being shaped, or what it would need."""
    experiment = state.experiment()
    if experiment.trials and view.no_rates():
        return
    try:
        plan = restarts.plan(experiment.run, state.trial()) if experiment.trials else None
    except DocumentError as error:
        st.info(f"{escape(str(error))}.")
        return
    if plan is None:
        st.caption(
            "The trial being shaped does not restart up to the end of the run. "
            "SGDR does: torch.CosineAnnealingWarmRestarts, and its kin."
        )
        return
    _state_of(plan)
    left, right = st.columns(2)
    with left:
        _lengths(plan)
    with right:
        _budgets(plan)
    _snapshots(plan)


def _state_of(plan: restarts.Plan) -> None:
    cycles = f"{plan.whole:,} whole cycle{'s' * (plan.whole != 1)}"
    if plan.cut:
        end = f"the last step uses {plan.last_lr:.4g}, {plan.height:.1%} of the way above the minimum"
        st.warning(f"{cycles}, and one that is cut after {plan.share:.1%}: {end}.", icon=":material/content_cut:")
    else:
        st.success(f"{cycles}, none is cut: the run ends at {plan.last_lr:.4g}.", icon=":material/check:")


def _lengths(plan: restarts.Plan) -> None:
    """The first cycle's length for so many cycles, and a button that sets it."""
    if not plan.choices:
        return
    st.markdown(f"**Choose {escape(plan.length)} for this run** of {plan.left:,.0f} ticks")
    cycles = [choice.cycles for choice in plan.choices]
    default = min(plan.choices, key=lambda choice: abs(math.log(choice.length / plan.first))).cycles
    chosen = st.select_slider("cycles", cycles, default, key="plan.cycles") if len(cycles) > 1 else cycles[0]
    choice = plan.choices[cycles.index(chosen)]
    st.caption(
        f"{plan.left:,.0f} ticks hold {chosen} cycles of {choice.exact:,.6g} and longer ones; "
        "rounded up, so that no other begins before the end."
    )

    name = state.trial().name

    def use() -> None:
        index = state.experiment().place(name)
        for below, value in restarts.with_first_length(plan, choice.length).items() if index is not None else ():
            state.set_value(("trials", index or 0, *below), value)

    st.button(
        f"Set {escape(plan.length)} to {choice.length:,}", key="plan.length", icon=":material/build:", on_click=use
    )


def _budgets(plan: restarts.Plan) -> None:
    """The whole-cycle budgets on both sides of the run, and buttons that take them."""
    st.markdown(
        f"**Or choose the run for {escape(plan.length)}** = {plan.first:,.6g}, "
        f"{escape(plan.factor)} = {plan.times:,.6g}"
    )
    run, clock = state.experiment().run, state.trial().clock
    for name, budget in (("below", plan.below), ("above", plan.above)):
        if budget is None or (name == "above" and budget == plan.below):
            continue
        size = (
            f"{budget.epochs:,} epoch{'s' * (budget.epochs != 1)}"
            if budget.epochs and run.updates < run.steps
            else f"{budget.steps:,} steps"
        )
        text = f"{budget.cycles} cycle{'s' * (budget.cycles != 1)}: {size}"
        longer = restarts.with_budget(run, clock, budget.ticks)
        if longer is None:
            st.caption(f"{text}: no whole number of epochs.")
        elif longer == run:
            st.caption(f"{text}: this run.")
        else:
            form = longer.model_dump(exclude_unset=True)
            st.button(text, key=f"plan.{name}", icon=":material/schedule:", on_click=_take, args=(form,))


def _take(run: dict[str, Any]) -> None:
    state.set_value(("run",), run)


def _snapshots(plan: restarts.Plan) -> None:
    """The steps whose weights are the cycles' best."""
    if not plan.ends:
        return
    st.markdown("**Snapshots**: the last step of each cycle, one before its boundary")
    rows = [
        {"step": f"{end.snapshot:,}", "learning rate": f"{end.lr:.4g}", "cycle ends at step": f"{end.step:,}"}
        for end in plan.ends[:MOST_ROWS]
    ]
    import pandas as pd  # noqa: PLC0415 (takes longer to load than all of lrlab; the chart comes first)

    st.table(pd.DataFrame(rows).set_index("step"))
    if len(plan.ends) > MOST_ROWS or not plan.complete:
        st.caption(f"The first {MOST_ROWS} of {plan.whole:,}.")
