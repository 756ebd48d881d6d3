"""The section of the warmup's length and shape: all shapes with the same decay after them, their first steps, and what
each costs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from lrlab import charts, engine
from lrlab.document import Experiment, View
from lrlab.lessons import shape
from lrlab.lessons.shape import Shape, Totals
from lrlab.ui import chart
from lrlab.ui.lessons import fields, frame, home
from lrlab.ui.lessons.numbers import number
from lrlab.ui.panel import Preview
from lrlab.ui.widgets import escape

CHART = "shape.chart"
STEPS_DRAWN = 30
"""The small chart shows so many steps."""


def show() -> None:
    """The whole section."""
    frame.text("warmup", "shape")
    settings = frame.at_hand(Shape)
    shown = shape.experiment(settings)
    found = shape.numbers(shown)
    fields.drawing(Shape, CHART, _chart)
    st.caption(_length(settings))
    fields.show(Shape, "length", "start", "form", "decay", "steps", "epoch", "peak", "overlay", chart=CHART)
    said = shape.remarks(settings)
    if said:
        st.info("  \n".join(map(escape, said)), icon=":material/info:")
    _start(shown)
    _costs(settings, found)
    place = [trial.name for trial in shown.trials].index(settings.form)
    home.tune(shown, "shape", place=place)
    home.as_code(shown, "shape", place=place)
    frame.text("warmup", "shape_formulas")
    frame.text("warmup", "shape_intro")


def _length(settings: Shape) -> str:
    """How long the warmup is in steps, in epochs and as a share, and how much it leaves of the run."""
    length, left = settings.length, max(settings.steps - settings.length, 0)
    share, rest = shares(length, settings.steps)
    use = "at the peak" if settings.decay == "none" else "for the decay"
    remains = (
        f"{_counted(left, 'step')} ({rest}) {'is' if left == 1 else 'are'} left {use}"
        if left
        else f"nothing is left {use}"
    )
    said = (
        f"A warmup of {_counted(length, 'step')} is {_counted(length / settings.epoch, 'epoch')}, {share} of "
        f"the run; {remains}."
    )
    return escape(said)


def shares(part: int, whole: int) -> tuple[str, str]:
    """A part and the rest in percent. They add up to 100, and have so many digits that a part is never shown as nothing
    or as all.
    """
    share = part / whole
    digits = next((digits for digits in range(3, 7) if 0 < round(share, digits) < 1), 3)
    told = round(share, digits)
    form = f".{digits - 2}%"
    return number(told, form), number(max(1 - told, 0), form)


def _counted(amount: float, noun: str) -> str:
    return f"{amount:{',.6g' if amount % 1 else ',.0f'}} {noun}{'s' * (amount != 1)}"


def _chart(settings: Shape, asked: Preview[Shape] | None) -> None:
    """Every trial over the whole run, with a line where the warmup ends."""
    shown = shape.experiment(settings)
    curves = engine.curves(shown)
    figure = charts.overlay(shown.run, curves, View(marks=False))
    if settings.overlay:  # after the warmup the curves lie on each other, and so would their names
        figure["layout"]["annotations"] = []
    if 0 < settings.length < settings.steps:
        side = (
            "left" if settings.length < settings.steps / 2 else "right"
        )  # on the side where the chart's edge does not cut the words off
        at = {
            "x": settings.length,
            "text": "warmup ends",
            "yref": "paper",
            "y": 0,
            "yanchor": "bottom",
            "xanchor": side,
            "showarrow": False,
        }
        figure["layout"]["shapes"] = [charts.upright(settings.length)]
        figure["layout"]["annotations"].append(at)
    alt = f"{charts.description(shown.run, curves)}. The warmup ends at step {settings.length:,}"
    fields.draw(figure, asked, key=CHART, height=400, alt=alt)


def _start(shown: Experiment) -> None:
    """The first steps as points, and the first ten of them in a table."""
    steps = np.arange(min(STEPS_DRAWN, shown.run.steps))
    rates = [engine.lr(shown.run, trial, steps) for trial in shown.trials]
    lines = [
        charts.Line(trial.name, steps.astype(np.float64), rate, place, markers=True)
        for place, (trial, rate) in enumerate(zip(shown.trials, rates, strict=True))
    ]
    title = f"Learning rate of the first {steps.size} steps"
    figure = charts.panels([charts.Panel(title, lines)], "optimizer step", filename="lrlab-first-steps")
    figure["layout"]["showlegend"] = False  # the names stand at the ends
    alt = f"{title}, a point each. " + "; ".join(
        f"{line.name}: from {line.y[0]:.3g} to {line.y[-1]:.3g}" for line in lines
    )
    chart.show(figure, key="shape.first", height=300, alt=alt)
    listed = steps[: shape.STEPS_LISTED]
    rows = [
        {"rate at step": trial.name, **{str(step): f"{rate[step]:.3g}" for step in listed}}
        for trial, rate in zip(shown.trials, rates, strict=True)
    ]
    st.table(pd.DataFrame(rows).set_index("rate at step"))


def _costs(settings: Shape, found: list[Totals]) -> None:
    """What each trial costs, as a table."""
    lost = [round(1 - one.relative, 4) + 0.0 for one in found]  # no -0
    rows = [
        {
            "trial": one.name,
            "area": f"{one.area:.5g}",
            "in steps at the peak": f"{one.area / settings.peak:,.1f}",
            "area lost": number(share, ".2%"),
            "updates at rate 0": f"{one.idle:,}",
            "highest rate": f"{one.highest:.4g}",
            "rate at the last step": f"{one.last:.3g}",
        }
        for one, share in zip(found, lost, strict=True)
    ]
    st.table(pd.DataFrame(rows).set_index("trial"))
    said = "The area is the sum of the rates of all steps. Area lost: how much less that is than without a warmup."
    if min(lost) < 0:
        said += (
            " Less than nothing is lost where the mean rate of the warmup is above half of the peak, which "
            "is about the mean of a decay to 0."
        )
    st.caption(said)
