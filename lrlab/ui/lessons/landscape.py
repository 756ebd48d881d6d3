"""The section on the landscape: particles under three schedules, where they end, and what the seeds show about that."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from lrlab import charts
from lrlab.lessons import landscape
from lrlab.lessons.intervals import Interval, interval, verdict
from lrlab.lessons.landscape import (
    BASINS,
    DIVERGED_BEYOND,
    FRAMES,
    LOST,
    NAMES,
    NARROW,
    PRESETS,
    REACH,
    WIDE,
    Floats,
    Landscape,
    Scene,
    Simulation,
)
from lrlab.ui import chart
from lrlab.ui.lessons import fields, frame, home
from lrlab.ui.lessons.numbers import mean, number
from lrlab.ui.widgets import escape, offer

HEIGHT, PRESENTED, COURSE = 470, 360, 330
"""Heights in pixels: of the animation; of the animation on a slide, so that the main sliders fit below it; of the
shares over the run.
"""
GRID_POINTS = 810
"""How many points the curve has, and how many pixels the picture of the contours is wide."""
PRESET = "landscape.preset"
WITH_INTERVALS = "with its 95 % interval, cut at what is possible; where all seeds agree, that gives no interval"
SHARE, LOSS = 2, 3
"""How many decimals means and differences have. Both have the same number, so that who subtracts means gets the shown
difference up to rounding.
"""
UNBOUNDED = "without an interval: one seed does not tell how seeds differ"


def show() -> None:
    """The whole section."""
    scene = frame.at_hand(Scene)
    land = Landscape(scene.dimension, scene.width)
    presenting = st.session_state.presenting
    if not presenting:
        _text(scene, land)
    with st.spinner("The particles are on their way"):
        found = landscape.simulate(scene)
    _animation(scene, land, found, PRESENTED if presenting else HEIGHT)
    _settings(scene)
    st.caption(_dots(scene, found))
    for said in remarks(scene, found):
        st.info(escape(said), icon=":material/info:")
    if diverged := divergences(found):
        st.warning("  \n".join(map(escape, diverged)), icon=":material/trending_up:")
    st.markdown("\n".join(f"- {escape(said)}" for said in sentences(found)))
    _course(found)
    table = pd.DataFrame(rows(land, found)).set_index("schedule")
    st.table(table)
    st.caption(
        f"Mean over the seeds, {UNBOUNDED if scene.seeds == 1 else WITH_INTERVALS}. "
        "A particle leaves the narrow basin each time that it goes over the watershed. The loss is that "
        "of the particles that have not diverged."
    )
    if presenting:
        _text(scene, land)
    _away(scene, found)


def _settings(scene: Scene) -> None:
    """The fields of the settings; those that are used in front of a class come first."""
    with st.container(horizontal=True):
        _presets(scene)
        with st.container(width="content"):
            fields.show(Scene, switches=("dimension",))
    fields.show(Scene, "noise", "peak", "T_0", "T_mult", "width", "steps", "particles", "seeds")


def _text(scene: Scene, land: Landscape) -> None:
    """The section's Markdown with the numbers of this landscape."""
    at = f"x = {number(float(land.saddle[0]), '.3g')}" + (", y = 0, a saddle" if scene.dimension > 1 else "")
    beside = (
        " (for a dot on the first axis; beside the curved border the odd step crosses it at any rate)"
        if scene.dimension > 1
        else ""
    )
    frame.text(
        "sgdr", "landscape",
        narrow=f"{land.loss(land.minima)[NARROW]:.{LOSS}f}", pass_=at,
        curvature=f"{land.sharpness:.3g}", limit=f"{2 / land.sharpness:.3g}",
        escape=f"{land.escape:.3g}{beside}", above=_above(scene, land),
        presets=", ".join(f"{preset.scene.peak:g}" for preset in PRESETS),
        dimensions=("one dimension", "two dimensions")[scene.dimension - 1],
    )  # fmt: skip


def _above(scene: Scene, land: Landscape) -> str:
    """Whether the rates are ever so high that dots leave by the rate alone. All schedules begin at the peak, and none
    goes above it.
    """
    if scene.peak > land.escape:
        return (
            f"Here every schedule begins above that, at {scene.peak:g}; the table says when each is above it "
            "for the last time."
        )
    noise = (
        "and there is no noise"
        if scene.noise == 0
        else "and it is the noise together with the rate that carries dots over"
    )
    return f"Here the peak rate is {scene.peak:g}: no schedule is ever above {land.escape:.3g}, {noise}."


def _presets(scene: Scene) -> None:
    """Buttons for settings with a known outcome; the one with the present settings is marked."""
    titles = [preset.title for preset in PRESETS]
    now = scene.replaced(frame=FRAMES)
    offer(PRESET, next((preset.title for preset in PRESETS if preset.scene == now), None))

    def chosen() -> None:
        title = st.session_state[PRESET]
        if title is not None:
            frame.put(PRESETS[titles.index(title)].scene)

    st.pills(
        "Settings: with restarts, against one cosine, the wide basin gets",
        titles,
        key=PRESET,
        on_change=chosen,
        wrap=True,
    )


def remarks(scene: Scene, found: Simulation) -> list[str]:
    """What is special about these settings."""
    said = []
    if scene.steps < scene.T_0:
        end = f"{found.rates[landscape.SGDR, -1] / scene.peak:.0%}"
        said.append(
            f"T_0 of {scene.T_0:,} is longer than the run of {scene.steps:,} steps: nothing restarts, and "
            f"SGDR ends at {end} of its peak."
        )
    elif scene.steps == scene.T_0:
        said.append(f"T_0 is the whole run of {scene.steps:,} steps: nothing restarts, and SGDR is one cosine.")
    if scene.noise == 0:
        said.append(
            "Without noise, particles that begin at one place do the same: the seeds differ in their starts only, "
            "and the intervals say how far the outcome hangs on these."
        )
    if scene.particles == 1:
        said.append(
            "With one particle the share of a seed is 0 or 100 %: the intervals are wide, and rough "
            "where nearly all seeds agree."
        )
    if scene.seeds == 1:
        said.append("One seed does not tell how seeds differ: there is no interval, and nothing can be concluded.")
    return said


def divergences(found: Simulation) -> list[str]:
    """For each schedule under which particles diverged: how many, and from which step on."""
    said = []
    for name, shares, steps in zip(NAMES, found.shares, found.diverged, strict=True):
        if (steps >= 0).any():
            first, share = steps[steps >= 0].min(), number(float(shares[:, LOST].mean()), f".{SHARE}%")
            said.append(
                f"{name}: diverged at step {first:,}. In the end {share} of all particles had gone beyond "
                f"{DIVERGED_BEYOND:,.0f}."
            )
    return said


# ---------------------------------------------------------------- the figures


def _animation(scene: Scene, land: Landscape, found: Simulation, height: int) -> None:
    """The particles of the first seed over the landscape, the rates below."""

    def halted(at: int) -> None:
        frame.put(frame.at_hand(Scene).replaced(frame=min(at, FRAMES)))

    figure = charts.animated(
        _ground(land),
        found.paths,
        found.rates,
        found.frames,
        names=NAMES,
        places=range(len(NAMES)),
        filename="lrlab-landscape",
    )
    at = min(scene.frame, len(found.frames) - 1)
    chart.show(figure, key="landscape.chart", height=height, alt=_in_words(found, at), on_frame=halted, frame=at)


def _dots(scene: Scene, found: Simulation) -> str:
    """What the dots are, and what they are not."""
    count = found.paths.shape[2]
    dots = f"{count:,} particle{'s' * (count != 1)} of the first of {scene.seeds:,} seed{'s' * (scene.seeds != 1)}"
    piled = " Those that would lie over each other are piled up: their height above the curve is not their loss." * (
        scene.dimension == 1
    )
    return f"The dots are {dots}; what follows counts all.{piled}"


def _ground(land: Landscape) -> charts.LossCurve | charts.Contours:
    x = np.linspace(-REACH, REACH, GRID_POINTS)
    if land.dimension == 1:
        return charts.LossCurve(x, land.loss(x[None]))
    y = np.linspace(-REACH / 2, REACH / 2, GRID_POINTS // 2)
    return charts.Contours(x, y, land.loss(np.stack(np.meshgrid(x, y))))


def _in_words(found: Simulation, at: int) -> str:
    """What the animation shows at its present frame, in words."""
    shares = "; ".join(
        f"{name} {share:.0%}" for name, share in zip(NAMES, found.course[:, :, at].mean(axis=1), strict=True)
    )
    return (
        f"Particles on the loss under three schedules side by side, after {found.frames[at]:,} steps. In the "
        f"wide basin, of all seeds: {shares}"
    )


def _course(found: Simulation) -> None:
    """The share in the wide basin over the run, with intervals, and the rates below."""
    over = interval(100 * found.course, axis=1).clipped(0, 100)
    steps = found.frames.astype(np.float64)
    shares = [
        charts.Line(name, steps, over.mean[k], k, *((over.low[k], over.high[k]) if over.bounded else ()))
        for k, name in enumerate(NAMES)
    ]
    every = np.arange(found.rates.shape[1], dtype=np.float64)
    rates = [charts.Line(name, every, found.rates[k], k) for k, name in enumerate(NAMES)]
    panels = [
        charts.Panel("In the wide basin, % of all particles", shares, zero=True),
        charts.Panel("Rate", rates, share=0.4, zero=True),
    ]
    figure = charts.panels(panels, "optimizer step", filename="lrlab-landscape-shares")
    ends = "; ".join(f"{name} {mean(_share(found, k, WIDE), f'.{SHARE}%')}" for k, name in enumerate(NAMES))
    chart.show(
        figure, key="landscape.course", height=COURSE, alt=f"Share in the wide basin over the run. At the end: {ends}"
    )


# ---------------------------------------------------------------- the numbers


def _share(found: Simulation, place: int, basin: int) -> Interval:
    """The share of one schedule's particles that ends in a basin."""
    return interval(found.shares[place, :, basin]).clipped(0, 1)


def sentences(found: Simulation) -> list[str]:
    """SGDR minus one cosine, and step decay minus one cosine, which has no restarts either: two sentences each, or one
    where there is nothing to compare.
    """
    control = f"{NAMES[landscape.STEP_DECAY].capitalize()}, which has no restarts,"
    return [*_compared(found, landscape.SGDR, NAMES[landscape.SGDR]), *_compared(found, landscape.STEP_DECAY, control)]


def _compared(found: Simulation, place: int, who: str) -> list[str]:
    """A schedule minus one cosine, in the share that ends in the wide basin and in the final loss: the difference, its
    interval, what that says.
    """
    both = [place, landscape.COSINE]
    if (found.shares[both, :, LOST] == 1).all():
        return [f"Every particle diverged, under {NAMES[place]} and under one cosine: there is nothing to compare."]
    share = f"{who} minus one cosine, share that ends in the wide basin: "
    return [
        share + worded(landscape.apart(found, place), SHARE, " points"),
        f"{who} minus one cosine, {_losses(found, place)}",
    ]


def _losses(found: Simulation, place: int) -> str:
    """The difference of the final losses, where nothing diverged. Elsewhere the means would be over the particles that
    are left, which are no random part of all.
    """
    both = [place, landscape.COSINE]
    if not np.isfinite(found.loss[both]).all():
        return "mean loss at the end: there are seeds of which no particle is left to compare."
    if found.shares[both, :, LOST].any():
        return (
            "mean loss at the end: no fair comparison, since particles diverged, and the means are over "
            "those that are left."
        )
    return "mean loss at the end: " + worded(landscape.difference(found.loss, place), LOSS, "")


def worded(found: Interval, decimals: int, unit: str) -> str:
    """A difference, its interval and what that says."""
    mean, low, high = (_signed(float(end), decimals) for end in (found.mean, found.low, found.high))
    if not found.bounded:
        return f"{mean}{unit}. One seed, no interval."
    if found.agreed:
        return f"{mean}{unit}. All {found.n} seeds agree; that gives no interval."
    return f"{mean}{unit}, 95 % interval {low} to {high} over {found.n} seeds: {verdict(found)}."


def _signed(value: float, decimals: int) -> str:
    """A difference with so many decimals, or with one significant digit where it would read as zero beside "higher" or
    "lower".
    """
    said = f"{value:+.{decimals}f}"
    return number(value, f"+.{decimals}f" if value == 0 or float(said) else "+.1g")


def rows(land: Landscape, found: Simulation) -> list[dict[str, str]]:
    """The table: a row for each schedule."""
    lasts = landscape.last_above(found.rates, land.escape)
    ends = {WIDE: "ends in the wide basin", NARROW: "ends in the narrow basin"} | (
        {LOST: "diverged"} if found.shares[..., LOST].any() else {}
    )
    return [
        {
            "schedule": name,
            **{title: mean(_share(found, k, basin), f".{SHARE}%") for basin, title in ends.items()},
            "leaves the narrow basin, times a particle": mean(interval(found.leaves[k]).clipped(0, np.inf), ".2f"),
            "mean loss at the end": _loss(found.loss[k]),
            **({f"last step above {land.escape:.3g}": f"{lasts[k]:,}"} if max(lasts) >= 0 else {}),
        }
        for k, name in enumerate(NAMES)
    ]


def _loss(values: Floats) -> str:
    """The loss of the seeds (S,), which is nowhere below 0."""
    there = np.isfinite(values)
    if there.all():
        return mean(interval(values).clipped(0, np.inf), f".{LOSS}f")
    return "not of every seed" if there.any() else "nothing is left"


def _away(scene: Scene, found: Simulation) -> None:
    """Ways to take the schedules to Tune, and the numbers of every seed as a file."""
    with st.container(horizontal=True):
        home.tune(landscape.experiment(scene), "landscape")
        st.download_button(
            "CSV of every seed",
            csv(found),
            "lrlab-landscape.csv",
            "text/csv",
            icon=":material/download:",
            key="landscape.csv",
        )


def csv(found: Simulation) -> str:
    """A line for each schedule and seed; the diverged step and the loss are empty where there is none."""
    lines = [["schedule", "seed", *BASINS, "leaves", "loss", "first_divergence"]]
    for k, name in enumerate(NAMES):
        for seed, (shares, leaves, loss, step) in enumerate(
            zip(found.shares[k], found.leaves[k], found.loss[k], found.diverged[k], strict=True)
        ):
            end = f"{loss:.17g}" if np.isfinite(loss) else ""
            lines.append(
                [name, str(seed), *(f"{s:.17g}" for s in shares), f"{leaves:.17g}", end, str(step) if step >= 0 else ""]
            )
    return "".join(",".join(line) + "\n" for line in lines)
