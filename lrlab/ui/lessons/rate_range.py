"""The section of the range test: the loss over the rate, which rates the rules suggest, and how far the seeds agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from lrlab.charts.panels import Line, Panel, UprightLine, panels
from lrlab.lessons.network import Floats
from lrlab.lessons.rate_range import Ramp, Range, Suggestion, lowest, range_test, smoothed, steepest, tenth
from lrlab.ui import chart
from lrlab.ui.lessons import fields, frame, jobs
from lrlab.ui.widgets import escape

RANGE_RULES = (
    ("Smith: up to the rate of the lowest loss, from a quarter of it", lowest),
    ("a tenth of the rate of the lowest loss", tenth),
    ("steepest descent", steepest),
)
RULE_NAMES = ("Smith", "tenth", "steepest")
HEIGHT = 420
CUT_ABOVE = 3.0
"""As a multiple of the loss at the start: a mean above that is cut off, as it would fill the chart."""


def show() -> None:
    """The whole section."""
    settings = frame.at_hand(Range)
    frame.text("warmup", "rate_range", steps=f"{settings.steps:,}", low=f"{settings.low:g}", high=f"{settings.high:g}")
    fields.show(Range, "low", "high", "steps", "rise", "optimizer", "batch", "seeds", "smoothing")

    def draw(ramp: Ramp, finished: bool) -> None:  # noqa: FBT001 (the panel's form)
        _draw(ramp, settings.smoothing, finished=finished)

    jobs.panel(
        settings,
        lambda: range_test(settings),
        draw,
        label=f"Raise the rate over {settings.seeds} network{'s' * (settings.seeds > 1)}",
        cost=f"{settings.steps:,} steps",
        seconds=settings.seconds,
    )


def _draw(ramp: Ramp, keep: float, *, finished: bool) -> None:
    found = [(name, rule(*_mean(ramp, keep))) for name, rule in RANGE_RULES] if finished else []
    chart.show(_curves(ramp, keep, found), key="range.curves", height=HEIGHT, alt=_in_words(ramp, found))
    broken = np.flatnonzero(ramp.diverged >= 0)
    if broken.size:
        step = int(ramp.diverged[broken].min())
        count = f"{broken.size} of {ramp.diverged.size} networks diverged"
        after = (
            f", after an update at a rate of {ramp.rates[step - 1]:.3g}" if step else ""
        )  # each loss is measured before the update of its step
        st.warning(f"{count}, first at step {step:,}{after}: the mean ends there.", icon=":material/trending_up:")
    if not finished:
        return
    _suggestions(ramp, keep, found)
    frame.text("warmup", "rate_range_weaknesses")
    csv = pd.DataFrame(
        {"rate": ramp.rates} | {f"seed {seed}": _cut(ramp, seed) for seed in range(len(ramp.loss))}
    ).to_csv(index_label="step")
    st.download_button(
        "CSV", csv, "lrlab-range.csv", "text/csv", icon=":material/download:", key="range.csv", on_click="ignore"
    )


def _cut(ramp: Ramp, seed: int) -> Floats:
    """The losses of a seed, with a gap from where it diverged."""
    step = int(ramp.diverged[seed])
    return np.where((step < 0) | (np.arange(ramp.rates.size) < step), ramp.loss[seed], np.nan)


def _mean(ramp: Ramp, keep: float) -> tuple[Floats, Floats]:
    """The mean over the seeds of the smoothed losses, at which the rules look."""
    rates, curves = ramp.curves(keep)
    return rates, curves.mean(axis=0)


def _curves(ramp: Ramp, keep: float, found: list[tuple[str, Suggestion]]) -> dict[str, object]:
    """The mean and the seeds over the rate, with the suggested rates as upright lines."""
    each = smoothed(ramp.loss[:, : ramp.sound], keep)
    rates = ramp.rates[: ramp.sound]
    lines = []
    if rates.size:
        mean = each.mean(axis=0)
        far = np.flatnonzero(mean > CUT_ABOVE * mean[0])
        end = int(far[0]) if far.size else mean.size
        top = np.minimum(each.max(axis=0), CUT_ABOVE * mean[0])
        lines = [Line("mean of the seeds", rates[:end], mean[:end], 0, each.min(axis=0)[:end], top[:end])]
    marks = [
        mark for short, (_, suggestion) in zip(RULE_NAMES, found, strict=False) for mark in _marks(short, suggestion)
    ]
    panel = Panel("training loss, smoothed; band: all seeds", lines)
    return panels([panel], "learning rate", filename="lrlab-range", marks=marks, x_log=True)


def _marks(short: str, suggestion: Suggestion) -> list[UprightLine]:
    """The rates of a suggestion as the table shows them."""
    low, high = suggestion.low, suggestion.high
    if low is None or high is None:
        return []
    if low == high:
        return [UprightLine(low, f"{short} {low:.3g}")]
    return [UprightLine(low, f"{short} from {low:.3g}"), UprightLine(high, f"{short} to {high:.3g}")]


def _range(suggestion: Suggestion) -> str:
    """The rates of a suggestion, or that there is none."""
    if suggestion.low is None or suggestion.high is None:
        return "no suggestion"
    return (
        f"{suggestion.low:.3g}"
        if suggestion.low == suggestion.high
        else f"{suggestion.low:.3g} to {suggestion.high:.3g}"
    )


def alone(ramp: Ramp, keep: float, rule: Callable[[Floats, Floats], Suggestion]) -> list[float]:
    """The upper rate that a rule suggests for each seed alone, for the seeds for which it suggests one; the other seeds
    may have diverged before.
    """
    found = [rule(*_mean(ramp.alone(seed), keep)).high for seed in range(len(ramp.loss))]
    return [rate for rate in found if rate is not None]


def untried(name: str, mean: Suggestion, seeds: list[float], first: float) -> str:
    """A sentence where a rule suggests rates below the first one of the test, for the mean or for a seed alone; empty
    where none does.
    """
    least = min(seeds, default=first)
    if mean.low is not None and mean.high is not None and mean.low < first:
        what = f"{_range(mean)} {'is' if mean.high < first else 'begins'}"
    elif least < first:
        what = f"for a seed alone {least:.3g} is"
    else:
        return ""
    return f"{name}: {what} below {first:.3g}, the first rate of this test, which shows nothing of it."


def _suggestions(ramp: Ramp, keep: float, found: list[tuple[str, Suggestion]]) -> None:
    """What each rule suggests from the mean, and from each seed alone."""
    rows, below = [], []
    for short, (name, suggestion), (_, rule) in zip(RULE_NAMES, found, RANGE_RULES, strict=True):
        rates = alone(ramp, keep, rule)
        below.append(untried(short, suggestion, rates, float(ramp.rates[0])))
        spread = f"{min(rates):.3g} to {max(rates):.3g}" if rates else "no suggestion"
        rows.append({
            "rule": name, "the mean suggests": _range(suggestion), "each seed alone, the upper rate": spread,
            "seeds with a suggestion": f"{len(rates)} of {len(ramp.loss)}",
        })  # fmt: skip
    st.table(pd.DataFrame(rows).set_index("rule"))
    if any(below):
        st.warning(escape(" ".join(filter(None, below))), icon=":material/vertical_align_bottom:")
    for reason in dict.fromkeys(suggestion.why_none for _, suggestion in found if suggestion.why_none):
        st.info(f"No suggestion: {escape(reason[:1].lower() + reason[1:])}.", icon=":material/help:")


def _in_words(ramp: Ramp, found: list[tuple[str, Suggestion]]) -> str:
    low = f"Training loss while the learning rate rises from {ramp.rates[0]:.3g} to {ramp.rates[-1]:.3g}"
    return ". ".join([low, *(f"{name}: {_range(suggestion)}" for name, suggestion in found)])
