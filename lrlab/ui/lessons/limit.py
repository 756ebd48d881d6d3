"""The section of the largest peak rate: a grid of warmups and peaks, trained while one watches, as a heat map."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from lrlab.charts.heat import heat
from lrlab.lessons.limit import PEAKS, TRAINED_BELOW, Limit, Limits, axes, limit
from lrlab.ui import chart
from lrlab.ui.lessons import fields, frame, jobs

HEIGHT = 420
OUT = "\N{DAGGER}"
"""The sign before the number of seeds of a cell that diverged."""


def show() -> None:
    """The whole section."""
    settings = frame.at_hand(Limit)
    setup, (warmups, peaks) = settings.setup, axes(settings)
    networks = warmups.size * peaks.size * settings.seeds
    frame.text(
        "warmup",
        "limit",
        layers=settings.depth,
        units=setup.hidden[0],
        batch=setup.batch_size,
        steps=setup.steps,
        bound=f"{TRAINED_BELOW:.2f}",
    )
    fields.show(Limit, "optimizer", "after", "gain", "depth", "epochs", "seeds")

    def draw(found: Limits, finished: bool) -> None:  # noqa: FBT001 (the panel's form)
        _draw(found, settings, finished=finished)

    jobs.panel(
        settings,
        lambda: limit(settings),
        draw,
        label=f"Train {warmups.size} warmups x {peaks.size} peaks from {settings.seeds} seeds",
        cost=f"{networks} networks of {setup.steps:,} steps each",
        seconds=setup.seconds(networks),
    )


def _draw(found: Limits, settings: Limit, *, finished: bool) -> None:
    """The map with the warmups from left to right and the peaks upwards, as far as it is done."""
    figure = heat(
        found.loss.T,
        [f"{warmup:,}" for warmup in found.warmups],
        [f"{peak:.3g}" for peak in found.peaks],
        x_title="warmup, steps",
        y_title="peak rate",
        z_title="training loss",
        text=cells(found).T.tolist(),
        steps=found.largest,
        steps_name="largest peak up to which every seed trains",
        filename="lrlab-limit",
        reverse=True,
    )
    chart.show(figure, key="limit.map", height=HEIGHT, alt=_in_words(found))
    st.caption(signs(found, finished=finished))
    if finished:
        st.markdown(verdict(found, settings))
        frame.text("warmup", "limit_reading")
        st.download_button(
            "CSV",
            csv(found),
            "lrlab-limit.csv",
            "text/csv",
            icon=":material/download:",
            key="limit.csv",
            on_click="ignore",
        )


def cells(found: Limits) -> np.ndarray:
    """The text of each cell (warmups, peaks): the loss, and below it how many seeds diverged and when the first one
    did.
    """
    words = np.empty(found.loss.shape, dtype=object)
    for place in np.ndindex(found.loss.shape):
        value = f"{found.loss[place]:.2f}" if np.isfinite(found.loss[place]) else ""
        words[place] = f"{value} {_out(found, place)}".strip(" ")
    return words


def _out(found: Limits, place: tuple[int, ...]) -> str:
    """How many seeds of a cell diverged, and when the first one did, in one word."""
    return f"{OUT}{found.broken[place]},\N{NO-BREAK SPACE}t={found.diverged[place]}" if found.broken[place] else ""


def signs(found: Limits, *, finished: bool) -> str:
    """What the signs in the cells of this map mean, and why a low number may stand above the border."""
    said = [
        (
            f"In each cell: the median over {found.seeds} seeds of the mean training loss of the last "
            f"epoch{'' if finished else ' so far'}."
        )
    ]
    if found.broken.any():
        one = tuple(np.argwhere(found.broken)[0])
        count, step = found.broken[one], found.diverged[one]
        those = "one seed diverged, at step" if count == 1 else f"{count} seeds diverged, the first at step"
        marks = f"The dagger {OUT} counts seeds that diverged, and t is the first step at which one did"
        said.append(f"{marks}; `{_out(found, one)}` means that {those} {step}.")
    if np.isinf(found.loss).any():
        said.append("Grey: at least half of the seeds diverged.")
    for warmup, place in enumerate(found.largest):
        failing = np.flatnonzero((found.loss[warmup] < TRAINED_BELOW) & (found.trained[warmup] < 1))
        above = failing[failing > (-1 if place is None else place)]
        if above.size:
            seeds = round(found.seeds * (1 - found.trained[warmup, above[0]]))
            where = (
                f"{found.loss[warmup, above[0]]:.2f} at a peak of {_peak(found, int(above[0]))} after "
                f"{found.warmups[warmup]:,} steps"
            )
            fails = f"{seeds} of the {found.seeds} seeds {'does' if seeds == 1 else 'do'} not train there"
            said.append(
                f"The border asks for every seed, so a median below {TRAINED_BELOW:.2f} may stand above "
                f"it: {where}, because {fails}."
            )
            break
    return " ".join(said)


def _peak(found: Limits, place: int | None) -> str:
    return "none" if place is None else f"{found.peaks[place]:.3g}"


def verdict(found: Limits, settings: Limit) -> str:
    """What the map shows for this optimizer and this network: the largest peaks, and whether a warmup raises them."""
    largest = found.largest
    each = ", ".join(
        f"{_peak(found, place)} ({warmup:,} steps)" for warmup, place in zip(found.warmups, largest, strict=True)
    )
    said = f"**{settings.optimizer}**: the largest peak up to which every seed trains, by warmup: {each}.{_gaps(found)}"
    without, best = largest[0], max((place for place in largest if place is not None), default=None)
    if best is None:
        below = (
            f"In no cell did the loss of every seed come below {TRAINED_BELOW:.2f} in {settings.setup.steps:,} steps"
        )
        return f"{said} {below}; {found.broken.sum():,} of {found.loss.size * found.seeds:,} networks diverged."
    among = f"the best of the {len(largest) - 1} warmups, {settings.seeds} seeds a cell,"
    if without is None:
        return f"{said} Without a warmup no peak trains every seed; with {among} {_peak(found, best)} does."
    if best == PEAKS - 1:
        said += " The grid ends there: larger peaks may train as well."
    ratio = found.peaks[best] / found.peaks[without]
    if ratio <= 1:
        return f"{said} Here with {among} the peak may be no larger than without one."
    cell = f"one cell of this grid, which {settings.seeds} seeds can hardly tell from chance"
    chance = cell if best == without + 1 else "chance favours the best of several"
    return f"{said} With {among} the peak may be {ratio:.0f} times as large as without one: {chance}."


def _gaps(found: Limits) -> str:
    """Sentences on warmups with which every seed trains at a peak above one that fails."""
    rows = zip(found.warmups, found.again, strict=True)
    above = [
        f"{', '.join(_peak(found, place) for place in places)} ({warmup:,} steps)" for warmup, places in rows if places
    ]
    return (
        f" Above a peak that fails, every seed trains again with {'; '.join(above)}: the border is not sharp there."
        if above
        else ""
    )


def _in_words(found: Limits) -> str:
    pairs = "; ".join(
        f"{_peak(found, place)} after {warmup:,} steps"
        for warmup, place in zip(found.warmups, found.largest, strict=True)
    )
    grid = f"{found.warmups.size} warmups and {found.peaks.size} peaks"
    return f"Heat map of the training loss over {grid}. Largest peak up to which every seed trains: {pairs}"


def csv(found: Limits) -> str:
    """A line for each cell in full precision; the loss is empty where at least half of its seeds diverged."""
    rows = [
        {
            "warmup_steps": int(found.warmups[w]),
            "peak": float(found.peaks[p]),
            "training_loss": found.loss[w, p] if np.isfinite(found.loss[w, p]) else None,
            "seeds_trained": found.trained[w, p],
            "seeds_diverged": int(found.broken[w, p]),
            "first_diverged_at_step": int(found.diverged[w, p]) if found.broken[w, p] else None,
        }
        for w, p in np.ndindex(found.loss.shape)
    ]
    return pd.DataFrame(rows).astype({"first_diverged_at_step": "Int64"}).to_csv(index=False)
