"""The section of the curve: SGDR, one cosine and step decay on one run, SGDR's cycles and snapshots, and how the curves
are related.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lrlab import charts, engine
from lrlab.charts.cycles import with_cycles
from lrlab.lessons import curve
from lrlab.lessons.curve import NO_PI, OFF_BY_ONE, ONE, SGDR, CurveSettings
from lrlab.plans import restarts
from lrlab.ui.lessons import fields, frame, home
from lrlab.ui.panel import Preview
from lrlab.ui.widgets import escape

CHART = "curve_chart"
HEIGHT = 380
MOST_CHOICES = 6  # for so many numbers of cycles a first length is offered
MOST_ROWS = 12  # snapshots in the table
LINES = ("sgdr", "cosine", "step", "short", "no_pi", "off_by_one")


def show() -> None:
    """The whole section."""
    settings = frame.at_hand(CurveSettings)
    experiment = curve.experiment(settings)
    plan = restarts.plan(experiment.run, curve.trial(settings, SGDR))
    fields.drawing(CurveSettings, CHART, _chart)
    if plan is not None and settings.sgdr and not plan.complete:
        st.caption(f"Stars mark the first {len(plan.ends)} of {plan.whole:,} snapshots.")
    if not experiment.trials:
        st.caption("Every line is switched off.")
    short = ["T_max"] if settings.short else []
    names = ("T_0", "T_mult", "eta_min", "peak", "epochs", "warmup", "steps", *short)
    fields.show(CurveSettings, *names, switches=LINES, chart=CHART)
    if plan is not None:
        _cycles(settings, plan)
    frame.text("sgdr", "curve", short=curve.SHORT)
    _relations(settings)
    _formulas(settings)
    home.tune(experiment, "curve", disabled=not experiment.trials)
    home.as_code(experiment, "curve")


def _chart(settings: CurveSettings, asked: Preview[CurveSettings] | None) -> None:
    experiment = curve.experiment(settings)
    plan = restarts.plan(experiment.run, curve.trial(settings, SGDR))
    curves = engine.curves(experiment)
    figure = charts.overlay(experiment.run, curves, experiment.view)
    alt = charts.description(experiment.run, curves)
    if plan is not None and settings.sgdr:
        figure = with_cycles(
            figure,
            [end.snapshot / settings.steps for end in plan.ends],
            [end.lr for end in plan.ends],
            _cut(settings, plan),
        )
        starred = f"{len(plan.ends)}" if plan.complete else f"the first {len(plan.ends)} of {plan.whole:,}"
        alt += f". Snapshots of SGDR at its cycles' ends: {starred}" + ("; the last cycle is cut" if plan.cut else "")

    def toggled(place: int) -> None:
        shown = [name for name in LINES if getattr(settings, name)]
        if place < len(shown):
            frame.put(settings.replaced(**{shown[place]: False}))

    fields.draw(figure, asked, key=CHART, height=HEIGHT, alt=alt, on_toggle=toggled)


def _cut(settings: CurveSettings, plan: restarts.Plan) -> tuple[float, float, str] | None:
    """Where the unfinished last cycle begins and ends, in epochs, and a text on it."""
    if not plan.cut:
        return None
    begin = plan.below.steps if plan.below else settings.begin
    return begin / settings.steps, settings.epochs, f"cut after {plan.share:.0%}"


# ---------------------------------------------------------------- cycles


def _cycles(settings: CurveSettings, plan: restarts.Plan) -> None:
    """How the run's end cuts the cycles, and which lengths and budgets fit."""
    cycles = f"{plan.whole:,} whole cycle{'s' * (plan.whole != 1)}"
    up = f"its last step uses {plan.last_lr:.4g}, {plan.height:.1%} of the way above the minimum"
    left = settings.epochs - settings.warmup
    if left < settings.T_0:
        longer = f"T_0 = {settings.T_0:,} epochs are longer than the {left:,} that the run has for them"
        st.warning(
            f"{longer}: SGDR never restarts, and the run cuts its first cycle: {up}.", icon=":material/content_cut:"
        )
    elif plan.cut:
        st.warning(
            f"SGDR: {cycles}, and one that the run cuts after {plan.share:.1%}: {up}.", icon=":material/content_cut:"
        )
    else:
        st.success(f"SGDR: {cycles}, none is cut: the run ends at {plan.last_lr:.4g}.", icon=":material/check:")
    sizes, snapshots = st.columns(2)
    with sizes:
        _lengths(settings, plan)
        _budgets(settings, plan)
    with snapshots:
        _snapshots(settings, plan)


def _lengths(settings: CurveSettings, plan: restarts.Plan) -> None:
    """For each number of cycles a button with the T_0, in whole epochs, with which they fill the run."""
    st.markdown(f"**T_0 for {settings.epochs - settings.warmup:,} epochs** with T_mult = {settings.T_mult}")
    apart = []
    with st.container(horizontal=True):
        for choice in plan.choices[:MOST_CHOICES]:
            epochs = choice.exact / settings.steps
            cycles = f"{choice.cycles} cycle{'s' * (choice.cycles != 1)}"
            if not epochs.is_integer():
                apart.append(f"{cycles}: {epochs:.4g}")
            elif epochs <= (CurveSettings.about("T_0").high or epochs):
                new = settings.replaced(T_0=int(epochs))
                st.button(
                    f"{cycles}: T_0 = {int(epochs):,}",
                    key=f"curve.cycles.{choice.cycles}",
                    on_click=frame.put,
                    args=(new,),
                )
    if apart:
        st.caption(f"No whole number of epochs: {', '.join(apart)}.")


def _budgets(settings: CurveSettings, plan: restarts.Plan) -> None:
    """A button for the nearest shorter and the nearest longer run that ends with a cycle."""
    st.markdown(f"**Epochs for T_0 = {settings.T_0:,}, T_mult = {settings.T_mult}**")
    most = CurveSettings.about("epochs").high or settings.epochs
    with st.container(horizontal=True):
        for name, budget in (("below", plan.below), ("above", plan.above)):
            if budget is None or budget.epochs is None or (name == "above" and budget == plan.below):
                continue
            text = f"{budget.cycles} cycle{'s' * (budget.cycles != 1)}: {budget.epochs:,} epochs"
            if budget.epochs > most:
                st.caption(f"{text}, more than this page shows.")
            elif budget.epochs == settings.epochs:
                st.caption(f"{text}: this run.")
            else:
                new = settings.replaced(epochs=budget.epochs)
                st.button(text, key=f"curve.budget.{name}", icon=":material/schedule:", on_click=frame.put, args=(new,))


def _snapshots(settings: CurveSettings, plan: restarts.Plan) -> None:
    """The steps at whose weights each cycle is best."""
    st.markdown("**Snapshots**: the weights after the last step of each whole cycle")
    if not plan.ends:
        st.caption("None: no cycle comes to its end.")
        return
    rows = [
        {
            "after epoch": f"{end.step // settings.steps:,}",
            "after step": f"{end.snapshot:,}",
            "learning rate": f"{end.lr:.4g}",
        }
        for end in plan.ends[:MOST_ROWS]
    ]
    st.table(pd.DataFrame(rows).set_index("after epoch"))
    if plan.whole > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS} of {plan.whole:,}.")


# ---------------------------------------------------------------- relations


def _relations(settings: CurveSettings) -> None:
    """How the curves are related, measured with these settings."""
    first, steps = curve.cycle_difference(settings)
    whole, all_steps = curve.whole_difference(settings)
    jump = curve.jump(settings)
    jumped = f"SGDR {jump[0]:.4g}, CosineAnnealingLR {jump[1]:.4g}" if jump else "not in this run, which ends before it"
    last, up = curve.climbed(settings)
    rows = [
        (
            "CosineAnnealingLR is SGDR's annealing without its restarts: with T_max = T_0 the first cycles are equal",
            f"largest difference in {steps:,} steps of it: {first:.2g}",
        ),
        (
            "then SGDR jumps back to the peak, and CosineAnnealingLR climbs back slowly",
            f"the step after epoch {settings.warmup + settings.T_0:,}: {jumped}",
        ),
        (
            "CosineAnnealingLR with T_max = all epochs is SGDR's first cycle with T_0 = all epochs",
            f"largest difference in {all_steps:,} steps: {whole:.2g}",
        ),
        (
            f"with T_max = {settings.T_max:,} of {settings.epochs - settings.warmup:,} epochs it {_ends(settings)}",
            f"last step: {last:.4g}, {up:.1%} of the way up",
        ),
    ]
    st.table(pd.DataFrame(rows, columns=["Relation", "Measured here"]).map(escape), hide_index=True)


def _ends(settings: CurveSettings) -> str:
    left = settings.epochs - settings.warmup
    if settings.T_max < left:
        return "comes down, turns, and climbs back smoothly"
    return "comes down once, just to the run's end" if settings.T_max == left else "is cut before it is down"


def _formulas(settings: CurveSettings) -> None:
    """The right formula beside two wrong ones that are often copied."""
    st.markdown("**The formula, and two that are often copied wrong**, after the warmup")
    written = {
        ONE: r"$\frac{1}{2}\left(1 + \cos(\pi t / T)\right)$, right",
        NO_PI: r"$\frac{1}{2}\left(1 + \cos(t / T)\right)$, without $\pi$",
        OFF_BY_ONE: r"$\frac{1}{2}\left(1 + \cos(\pi (t - 1) / (T - 1))\right)$",
    }
    rows = [{"factor": text} | _named(curve.numbers(settings, name)) for name, text in written.items()]
    st.table(pd.DataFrame(rows), hide_index=True)
    st.caption(
        "Steps are counted from 0. Counted from 1, the last formula gives the last step eta_min itself: "
        "with eta_min = 0 an update that does nothing."
    )


def _named(found: curve.Annealing) -> dict[str, str]:
    shown = {"first": found.first, "half-way": found.half, "last used": found.last, "mean": found.mean}
    return {name: f"{value:.4g}" for name, value in shown.items()} | {"off by at most": f"{found.off:.2g}"}
