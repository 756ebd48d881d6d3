"""The learning-rate range test: raise the rate from step to step over a fresh network, and read a range off the loss.

Sources: Smith, Cyclical learning rates for training neural networks (arXiv 1506.01186, section 3.3); Smith & Topin,
Super-convergence (arXiv 1708.07120); Gugger, How do you find a good learning rate (2018), and fastai's lr_find, for
steepest descent and the smoothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from lrlab.lessons.network import DIVERGED_ABOVE, Counts, Floats, Named, Networks, Setup, optimizer
from lrlab.schedules.params import Control
from lrlab.settings import Trained, Wording

FALL = 0.1
"""A curve counts as falling, or as rising again, where it does so by this share of its start: of its first value, or of
the mean of its first tenth where that is less.
"""
WINDOW = 20
"""A slope is measured between two points, each 1 / WINDOW of all steps away: from one step to the next it would be
noise.
"""
YIELDS = 20
"""How many times the test yields what it has so far."""


class Range(Trained):
    """The settings of the range test: the network, and how the rate rises."""

    key: ClassVar[str] = "range"
    drawn: ClassVar[frozenset[str]] = frozenset({"smoothing"})

    low: Annotated[float, Field(ge=1e-8, le=1), Control("rate", label="Lowest rate", low=1e-6, high=0.1, log=True)] = (
        1e-4
    )
    high: Annotated[
        float, Field(ge=1e-7, le=100), Control("rate", label="Highest rate", low=1e-3, high=100.0, log=True)
    ] = 10.0
    steps: Annotated[int, Field(ge=10, le=3000), Control("number", label="Steps", low=20, high=1000, step=10)] = 300
    rise: Annotated[
        Literal["exponential", "linear"], Wording("The rate rises", names=("exponentially", "linearly"))
    ] = "exponential"
    optimizer: Annotated[Named, Wording("Optimizer")] = "SGD"
    batch: Annotated[int, Field(ge=4, le=256), Control("number", label="Batch size", low=8, high=128, step=4)] = 32
    seeds: Annotated[int, Field(ge=1, le=20), Control("number", label="Seeds")] = 5
    smoothing: Annotated[
        float,
        Field(ge=0, le=0.99),
        Control(
            "number",
            label="Smoothing",
            help="What the running mean of the loss keeps of itself a step. Needs no new test.",
            step=0.01,
        ),
    ] = 0.9

    @model_validator(mode="after")
    def _rises(self) -> Range:
        if self.low >= self.high:
            msg = f"low: the lowest rate, {self.low:g}, must be below the highest, {self.high:g}"
            raise ValueError(msg)
        return self

    @property
    def setup(self) -> Setup:
        """The network to test: one hidden layer, all labels right."""
        return Setup(batch_size=self.batch, optimizer=optimizer(self.optimizer), label_noise=0.0)

    @property
    def seconds(self) -> float:
        """About how long a core takes for the test."""
        return self.seeds * self.steps * self.setup.step_seconds

    @property
    def rates(self) -> Floats:
        """The rate of each step, the first at `low` and the last at `high`."""
        return (
            np.geomspace(self.low, self.high, self.steps)
            if self.rise == "exponential"
            else np.linspace(self.low, self.high, self.steps)
        )


@dataclass(frozen=True)
class Ramp:
    """The test so far: n of its steps, S seeds."""

    rates: Floats
    """(n,)."""
    loss: Floats
    """(S, n): the loss of each step's batch, before the step; DIVERGED_ABOVE from the step at which a seed diverged."""
    diverged: Counts
    """(S,): the first step whose loss was above DIVERGED_ABOVE; -1 where there was none."""

    @property
    def sound(self) -> int:
        """How many steps there are before any seed diverges: these can be drawn."""
        return int(self.diverged[self.diverged >= 0].min(initial=self.rates.size))

    def alone(self, seed: int) -> Ramp:
        """The test of one seed alone, which ends where this seed diverges."""
        return Ramp(self.rates, self.loss[seed : seed + 1], self.diverged[seed : seed + 1])

    def curves(self, keep: float) -> tuple[Floats, Floats]:
        """The rates (m,) and smoothed losses (S, m) that a rule looks at: up to the first step at which a seed
        diverged, which counts as a rise.
        """
        end = min(self.sound + 1, self.rates.size)
        return self.rates[:end], smoothed(self.loss[:, :end], keep)


def range_test(settings: Range) -> Iterator[tuple[float, Ramp]]:
    """Raise the rate over `settings.seeds` fresh networks at once; from time to time yield the share done and the curve
    so far.
    """
    networks, rates = Networks(settings.setup, 1, settings.seeds), settings.rates
    loss = np.full((settings.seeds, rates.size), DIVERGED_ABOVE)
    every = -(-rates.size // YIELDS)
    batches = _batches(networks)
    for step in range(rates.size):
        found = networks.step(next(batches), rates[step : step + 1])[0]
        loss[:, step] = np.where(networks.diverged[0] < 0, found, DIVERGED_ABOVE)
        if (step + 1) % every == 0 or step + 1 == rates.size:
            yield (
                (step + 1) / rates.size,
                Ramp(rates[: step + 1], loss[:, : step + 1].copy(), networks.diverged[0].copy()),
            )


def _batches(networks: Networks) -> Iterator[Counts]:
    """Whole batches in each seed's own order, epoch after epoch. A smaller last batch is left out: it would be noisier
    than the rest.
    """
    size = networks.setup.batch_size
    while True:
        order = networks.order()
        for at in range(0, order.shape[1] - size + 1, size):
            yield order[:, at : at + size]


def smoothed(loss: Floats, keep: float) -> Floats:
    """The running mean along the last axis: m = keep * m + (1 - keep) * loss, starting at 0, divided by 1 - keep **
    (step + 1), so that the start has its full weight.
    """
    means, mean = np.empty_like(loss), np.zeros(loss.shape[:-1])
    for step in range(loss.shape[-1]):
        mean = keep * mean + (1 - keep) * loss[..., step]
        means[..., step] = mean / (1 - keep ** (step + 1))
    return means


class Suggestion(NamedTuple):
    """Rates from `low` to `high`, which may be equal; or None, and a sentence that says why there are none."""

    low: float | None
    high: float | None
    why_none: str = ""


def lowest(rates: Floats, loss: Floats) -> Suggestion:
    """The range that ends where the smoothed loss (n,) is lowest, and begins at a quarter of that rate.

    Smith 2015 takes as maximum the rate from which the accuracy stops rising or gets ragged, and as minimum a third or
    a quarter of it (2017). There is no range where the loss does not fall by a tenth of its start, or does not rise by
    as much again: then the test did not go far enough.
    """
    at, why_none = _bottom(loss)
    return Suggestion(None, None, why_none) if why_none else Suggestion(float(rates[at]) / 4, float(rates[at]))


def tenth(rates: Floats, loss: Floats) -> Suggestion:
    """One rate: a tenth of the rate at which the smoothed loss (n,) is lowest (Gugger 2018). There is none where
    `lowest` gives none.
    """
    at, why_none = _bottom(loss)
    return Suggestion(None, None, why_none) if why_none else Suggestion(float(rates[at]) / 10, float(rates[at]) / 10)


def steepest(rates: Floats, loss: Floats) -> Suggestion:
    """One rate: the one at which the smoothed loss (n,) falls fastest over the logarithm of the rate, before it is
    lowest (fastai's lr_find).

    The slope is measured over a tenth of the steps around it. There is none where the loss does not fall by a tenth of
    its start, or where it falls within fewer steps.
    """
    at, why_none = _bottom(loss, rises=False)
    if why_none:
        return Suggestion(None, None, why_none)
    half = max(loss.size // WINDOW, 1)
    if at < 2 * half:
        return Suggestion(None, None, f"The loss falls within {at} steps, too few for a slope")
    logs = np.log(rates[: at + 1])
    slopes = (loss[2 * half : at + 1] - loss[: at + 1 - 2 * half]) / (logs[2 * half :] - logs[: -2 * half])
    rate = float(rates[half + int(slopes.argmin())])
    return Suggestion(rate, rate)


def _bottom(loss: Floats, *, rises: bool = True) -> tuple[int, str]:
    """Where the curve is lowest, and why no rate can be suggested from that; empty where one can."""
    start = min(float(loss[0]), float(loss[: max(loss.size // 10, 1)].mean()))
    at = int(loss.argmin())
    fall, rise = 1 - loss[at] / start, (loss[at:].max() - loss[at]) / start
    if fall < FALL:
        return at, f"The loss falls by {100 * max(fall, 0):.3g} % of its start, less than {100 * FALL:g} %"
    if rises and rise < FALL:
        return (
            at,
            (
                f"Beyond its lowest the loss rises by {100 * rise:.3g} % of its start, less than "
                f"{100 * FALL:g} %: the test does not go far enough"
            ),
        )
    return at, ""
