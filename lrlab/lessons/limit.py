"""The largest peak rate with which a deep network still trains, by the length of the warmup: a grid of trainings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lrlab.lessons.digits import CLASSES
from lrlab.lessons.network import Counts, Floats, Named, Outcome, Setup, optimizer, train
from lrlab.schedules.params import Control
from lrlab.settings import Trained, Wording

TRAINED_BELOW = 0.25 * math.log(CLASSES)
"""A network counts as trained where the mean loss of its last epoch is below this: a quarter of ln 10, which is the
loss of a network that knows nothing.
"""
SHARES = (0.0, 0.02, 0.07, 0.25, 0.5)
"""The lengths of the warmups, as shares of all steps."""
PEAKS = 8
"""The number of peaks, each twice the one before."""
LOWEST_PEAK: dict[Named, float] = {"SGD": 0.01, "SGD, Nesterov": 0.01, "Adam": 0.002}
"""The lowest peak for each optimizer."""
BATCH, WIDTH = 128, 32


class Limit(Trained):
    """The settings of the grid: the network, and what follows the warmup."""

    key: ClassVar[str] = "limit"

    optimizer: Annotated[Named, Wording("Optimizer")] = "SGD"
    gain: Annotated[
        float,
        Field(ge=0.1, le=4),
        Control("number", label="First weights", help="Times those of He's rule.", low=0.5, high=3.0, step=0.1),
    ] = 2.0
    depth: Annotated[
        int, Field(ge=1, le=8), Control("number", label="Hidden layers", help=f"Of {WIDTH} units each.")
    ] = 4
    epochs: Annotated[
        int, Field(ge=2, le=60), Control("epochs", label="Epochs", help="Of 11 steps each.", low=5, high=40)
    ] = 20
    seeds: Annotated[int, Field(ge=2, le=10), Control("number", label="Seeds", help="Networks in each cell.")] = 3
    after: Annotated[
        Literal["cosine", "constant"], Wording("After the warmup", names=("cosine to 0", "the peak, held"))
    ] = "cosine"

    @property
    def setup(self) -> Setup:
        """The network to train: all samples, all labels right."""
        return Setup(
            (WIDTH,) * self.depth, BATCH, self.epochs, optimizer(self.optimizer), label_noise=0.0, gain=self.gain
        )


@dataclass(frozen=True)
class Limits:
    """The results of the grid: W warmups x P peaks."""

    warmups: Counts
    """(W,): in steps."""
    peaks: Floats
    """(P,)."""
    loss: Floats
    """(W, P): the median over the seeds of the last epoch's mean training loss; infinite where half of them diverged.
    """
    trained: Floats
    """(W, P): the share of seeds that trained: not diverged, and the loss below TRAINED_BELOW."""
    broken: Counts
    """(W, P): how many seeds diverged."""
    diverged: Counts
    """(W, P): the first step at which a seed diverged; -1 where none did."""
    seeds: int

    @property
    def largest(self) -> list[int | None]:
        """For each warmup the place of the last peak before one fails: with it, and with every peak from the smallest
        such one on, every seed trained.

        None where with no peak every seed trained. Peaks below the smallest one that trains do not count as failures:
        they are too low to train in time, which says nothing of what is too large.
        """
        return [int(unbroken[-1]) if unbroken.size else None for unbroken, _ in map(_parted, self.trained)]

    @property
    def again(self) -> list[list[int]]:
        """For each warmup the places of peaks beyond a failing one with which every seed trained nevertheless."""
        return [beyond.tolist() for _, beyond in map(_parted, self.trained)]


def _parted(trained: Floats) -> tuple[Counts, Counts]:
    """The places of a row where every seed trained, in two parts: those next to each other from the first one on, and
    those after a gap.
    """
    places = np.flatnonzero(trained == 1)
    unbroken = places - places[:1] == np.arange(places.size)
    return places[unbroken], places[~unbroken]


def limit(settings: Limit) -> Iterator[tuple[float, Limits | None]]:
    """Train the grid. From time to time it yields the share done and what the cells show after the epochs so far; None
    before the first epoch is over.
    """
    warmups, peaks = axes(settings)
    cells = np.array([schedule(settings, int(warmup), float(peak)) for warmup in warmups for peak in peaks])
    for share, outcome in train(settings.setup, cells, settings.seeds):
        yield share, judged(warmups, peaks, outcome) if outcome else None


def axes(settings: Limit) -> tuple[Counts, Floats]:
    """The warmups in steps, each once, and the peaks."""
    warmups: Counts = np.unique(np.rint(np.array(SHARES) * settings.setup.steps).astype(np.int64))
    peaks: Floats = np.array([LOWEST_PEAK[settings.optimizer] * 2.0**doubled for doubled in range(PEAKS)])
    return warmups, peaks


def schedule(settings: Limit, warmup: int, peak: float) -> Floats:
    """The rate of each step: at step t of a warmup of W, peak * (t + 1) / (W + 1); from step W on the peak, held or
    falling to 0 by a cosine.
    """
    step = np.arange(settings.setup.steps)
    rise = (step + 1) / (warmup + 1)
    if settings.after == "constant":
        return peak * np.minimum(rise, 1.0)
    fall = (1 + np.cos(np.pi * (step - warmup) / (step.size - warmup))) / 2
    return peak * np.where(step < warmup, rise, fall)


def judged(warmups: Counts, peaks: Floats, outcome: Outcome) -> Limits:
    """The cells of the grid from the outcome of its trainings, which come row by row of the warmups."""
    shape = (warmups.size, peaks.size)
    broken: NDArray[np.bool_] = outcome.diverged >= 0
    loss = np.where(broken, np.inf, outcome.loss[..., -1])
    first = np.where(broken, outcome.diverged, np.iinfo(np.int64).max).min(axis=1)
    return Limits(
        warmups, peaks,
        np.median(loss, axis=1).reshape(shape),
        (loss < TRAINED_BELOW).mean(axis=1).reshape(shape),
        broken.sum(axis=1).reshape(shape),
        np.where(broken.any(axis=1), first, -1).reshape(shape),
        broken.shape[1],
    )  # fmt: skip
