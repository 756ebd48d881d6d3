"""From a run and a trial to learning rates: at any steps, as a chart needs them, and as a few numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrlab.document import DocumentError, Experiment, Trial
from lrlab.document.run import Run, calls, first_step, ticks
from lrlab.schedules.base import Mark
from lrlab.schedules.rates import rates

Floats = NDArray[np.float64]
Steps = NDArray[np.int64]

GRID = 1000  # evenly spaced steps of a chart: a point every pixel or two
MOST_MARKS = 250  # marks of one line; denser ones become an envelope
PROBES = 64  # steps looked at in each pixel column of an envelope
EXACT = 2**17  # runs up to here are summed step by step
CHUNK = 2**18
NAMELESS = ""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Curve:
    """One trial as a chart draws it: `lr` (and `momentum`, if it is cycled) at `steps`.

    Where base_lr is a list there is a row for each group.
    """

    trial: Trial
    steps: Steps
    lr: Floats
    momentum: Floats | None
    marks: list[Mark] = field(default_factory=list)
    """Marks by optimizer step."""


@dataclass(frozen=True)
class NoCurve:
    """A trial whose curve cannot be drawn, and the sentence that says why."""

    trial: Trial
    reason: str


@dataclass(frozen=True)
class Summary:
    """A trial in numbers, those of its first parameter group.

    `exact` is False where the mean and the share come from a sample.
    """

    first: float
    peak: float
    peak_step: int
    last: float
    mean: float
    above_half: float
    exact: bool


def lr(run: Run, trial: Trial, steps: ArrayLike) -> Floats:
    """The rate that each optimizer step (0-based) uses: float64 of the shape of `steps`.

    Where base_lr is a list, groups are a leading axis. DocumentError names the tick where a rate is not finite.
    """
    at = _ticks(run, trial, steps)
    groups = trial.bound(run)
    rows = np.empty((len(groups), *at.shape))
    for i, (schedule, base_lr) in enumerate(zip(groups, trial.base_rates, strict=True)):
        try:
            rows[i] = rates(schedule, base_lr, at)
        except ValueError as error:
            raise _refused(trial, error) from None
    return rows if isinstance(trial.base_lr, tuple) else rows[0]


def momentum(run: Run, trial: Trial, steps: ArrayLike) -> Floats | None:
    """The momentum (or beta1) that each optimizer step uses, shaped like `lr`; None where it is not cycled."""
    at = _ticks(run, trial, steps)
    with np.errstate(all="ignore"):
        rows: list[Any] = [schedule.momentum(at) for schedule in trial.bound(run)]
    if any(row is None for row in rows):
        return None
    full = np.array([np.broadcast_to(row, at.shape) for row in rows])
    if not np.isfinite(full).all():
        raise _refused(trial, "the momentum is not finite at every step")
    return full if isinstance(trial.base_lr, tuple) else full[0]


def _refused(trial: Trial, reason: object) -> DocumentError:
    """The error that says why a trial has no rates, by its name where it has one."""
    return DocumentError(f"{trial.name}: {reason}" if trial.name != NAMELESS else str(reason))


def _ticks(run: Run, trial: Trial, steps: ArrayLike) -> Floats:
    return np.asarray(ticks(run, trial.clock, np.asarray(steps, dtype=np.int64)), dtype=np.float64)


def chunks(run: Run, trial: Trial) -> Iterator[tuple[Steps, Floats]]:
    """Every step of the run with its rate, in pieces that fit into memory."""
    for begin in range(0, run.steps, CHUNK):
        steps = np.arange(begin, min(begin + CHUNK, run.steps))
        yield steps, lr(run, trial, steps)


def curves(experiment: Experiment) -> list[Curve]:
    """What the chart draws: each trial at about 2,000 steps at most, whatever the run's length, its jumps exact.

    DocumentError where one of them cannot be drawn.
    """
    return [curve(experiment.run, trial) for trial in experiment.trials]


def drawn(experiment: Experiment) -> list[Curve | NoCurve]:
    """Every trial's curve, or why it has none: for a page that shows the others all the same."""
    found: list[Curve | NoCurve] = []
    for trial in experiment.trials:
        reason = failure(experiment.run, trial)
        found.append(curve(experiment.run, trial) if reason is None else NoCurve(trial, reason))
    return found


def failure(run: Run, trial: Trial) -> str | None:
    """Why a trial's curve cannot be drawn, in one sentence; None where it can.

    A valid document may hold such a trial: when it is read, only the first two ticks and the last are looked at.
    """
    found = _curve(run, _bare(trial))
    return None if isinstance(found, Curve) else str(_refused(trial, found))


def curve(run: Run, trial: Trial) -> Curve:
    """One trial at the steps that show its shape; DocumentError where it cannot be drawn.

    They are an even grid, every mark and the step before it, or the envelope of what is denser.
    """
    found = _curve(run, _bare(trial))
    if not isinstance(found, Curve):
        raise _refused(trial, found)
    return Curve(trial, found.steps, found.lr, found.momentum, found.marks)


def _bare(trial: Trial) -> Trial:
    """The trial with only that on which its rates depend: no name, and nothing else that only the page shows."""
    return trial.model_copy(update={"name": NAMELESS, "hidden": False, "dismissed": ()})


@lru_cache(maxsize=256)
def _curve(run: Run, trial: Trial) -> Curve | str:
    """The curve of a trial without a name, or why there is none; a reason is kept like a curve."""
    try:
        return _sampled(run, trial)
    except (ValueError, ArithmeticError) as error:
        return str(error)


def _sampled(run: Run, trial: Trial) -> Curve:
    found = marks(run, trial)
    if run.steps <= GRID:
        steps = np.arange(run.steps)
    else:
        jumps = (
            _tick_borders(run, trial)
            if found is None
            else sorted({*(m.tick for m in found), *_tick_borders(run, trial)})
        )
        steps = _with_neighbours(np.linspace(0, run.steps - 1, GRID).astype(np.int64), jumps, run.steps)
        if found is None:
            steps = np.union1d(steps, _envelope(run, trial))
    return Curve(trial, steps, lr(run, trial, steps), momentum(run, trial, steps), found or [])


def marks(run: Run, trial: Trial) -> list[Mark] | None:
    """The schedule's marks by optimizer step, those at one step joined.

    None where they are denser than a chart can show, or not known.
    """
    try:
        raw = trial.bound(run)[0].marks(calls(run, trial.clock), MOST_MARKS)
    except (ArithmeticError, ValueError):  # at numbers beyond counting there is nothing to label
        return None
    if raw is None:
        return None
    labels: dict[int, dict[str, None]] = {}
    for mark in sorted(raw):
        step = first_step(run, trial.clock, mark.tick)
        if step < run.steps:
            labels.setdefault(step, {})[mark.label] = None
    return [Mark(step, ", ".join(names)) for step, names in labels.items()]


def _tick_borders(run: Run, trial: Trial) -> list[int]:
    """The steps where the curve jumps without a mark, if a chart can show so many.

    It jumps at every tick of a clock of epochs, or where the schedule says so.
    """
    epochs = run.steps // run.updates
    if trial.clock == "epoch":
        return [e * run.updates for e in range(1, epochs + 1)] if epochs <= MOST_MARKS else []
    return [
        first_step(run, trial.clock, tick) for tick in trial.bound(run)[0].jumps(calls(run, trial.clock), MOST_MARKS)
    ]


def _with_neighbours(grid: Steps, at: list[int], steps: int) -> Steps:
    extra = np.array(at, dtype=np.int64)
    every = np.unique(np.concatenate([grid, extra - 1, extra]))
    return every[(every >= 0) & (every < steps)]


def _envelope(run: Run, trial: Trial) -> Steps:
    """The lowest and the highest of some steps in each column of the chart.

    Some of these steps are neighbours and some are scattered, so that no period is missed.
    """
    columns = GRID // 4
    begins = np.linspace(0, run.steps, columns + 1)
    width = run.steps / columns
    scattered = ((np.arange(PROBES) * _GOLDEN) % 1.0 * width).astype(np.int64)
    probes = begins[:-1, None].astype(np.int64) + np.concatenate([np.arange(PROBES), scattered])
    probes = np.minimum(probes, np.minimum(begins[1:, None].astype(np.int64), run.steps - 1))
    rate = first_group(lr(run, trial, probes.ravel())).reshape(probes.shape)
    rows = np.arange(columns)
    return np.concatenate([probes[rows, rate.argmin(axis=1)], probes[rows, rate.argmax(axis=1)]])


def summary(run: Run, trial: Trial) -> Summary:
    """First rate, peak and its step, last rate, mean, and the share of steps above half of the peak.

    It is exact up to about 131,000 steps. DocumentError, the same as from `curve`, where it cannot be drawn.
    """
    curve(run, trial)
    try:
        return _summary(run, _bare(trial))
    except ValueError as error:  # at a step that the chart does not show
        raise _refused(trial, error) from None


@lru_cache(maxsize=256)
def _summary(run: Run, trial: Trial) -> Summary:
    exact = run.steps <= EXACT
    cell = run.steps / EXACT  # beyond: one step of each cell, scattered, so that no period hides
    sample = (
        np.arange(run.steps)
        if exact
        else ((np.arange(EXACT) + np.arange(EXACT) * _GOLDEN % 1.0) * cell).astype(np.int64)
    )
    rate = first_group(lr(run, trial, sample))
    line = curve(run, trial)
    shown = first_group(line.lr)
    peak_at = int(np.argmax(rate))
    peak, peak_step = float(rate[peak_at]), int(sample[peak_at])
    if not exact and shown.max() >= peak:
        peak, peak_step = float(shown.max()), int(line.steps[np.argmax(shown)])
    ends = first_group(lr(run, trial, [0, run.steps - 1]))
    with np.errstate(over="ignore"):
        mean = float(rate.mean())
    if np.isinf(mean):  # the sum is, beyond every float
        mean = float((rate / rate.size).sum())
    return Summary(float(ends[0]), peak, peak_step, float(ends[1]), mean, float(np.mean(rate > peak / 2)), exact)


def first_group(rates: Floats) -> Floats:
    """The rates of the first parameter group, of those that `lr` or a curve gives at a line of steps."""
    return rates[0] if rates.ndim > 1 else rates
