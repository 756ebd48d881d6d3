"""What a few seeds say: a mean and the t-interval around it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Verdict = Literal["higher", "lower", "no difference seen", "all seeds agree"]

ROUNDING = 1e-9
"""What two values may be off by and count as equal, as a share of the largest that is compared."""


class Interval(NamedTuple):
    """A mean over `n` seeds and the ends of its interval: arrays of the shape of what was averaged, its axis of seeds
    gone.

    One seed says nothing about the spread: the ends are then minus and plus infinity, and `bounded` is False. Nor do
    seeds that all agree: the width is then 0, and `agreed` True.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int

    @property
    def bounded(self) -> bool:
        """Whether the ends are finite: from two seeds on."""
        return self.n > 1

    @property
    def agreed(self) -> NDArray[np.bool_]:
        """Whether all of several seeds have the same value, in the shape of the mean."""
        return np.asarray(self.low == self.high)

    @property
    def told(self) -> NDArray[np.bool_]:
        """Whether a difference is told from zero, in the shape of the mean: the interval is one, and lies on one side
        as a whole.
        """
        return np.asarray(~self.agreed & ((self.low > 0) | (self.high < 0)))

    def clipped(self, least: float, most: float) -> Interval:
        """The same with its ends brought within what values can be at all."""
        return self._replace(low=np.clip(self.low, least, most), high=np.clip(self.high, least, most))


def interval(values: ArrayLike, axis: int = -1, level: float = 0.95) -> Interval:
    """The t-interval of the mean along an axis of independent seeds; ValueError where that is empty or holds what is no
    finite number.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 (starting the app must load nothing heavy)

    seeds = _seeds(values, axis)
    n = len(seeds)
    same = (seeds == seeds[0]).all(axis=0)  # rounding would give equal values a spread
    mean = np.where(same, seeds[0], seeds.mean(axis=0))
    if n == 1:
        return Interval(mean, np.full_like(mean, -np.inf), np.full_like(mean, np.inf), n)
    half = np.where(same, 0.0, stdtrit(n - 1, (1 + level) / 2) * seeds.std(axis=0, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def difference(one: ArrayLike, other: ArrayLike) -> Interval:
    """The interval of one less the other, seed by seed, along the last axis; what is but rounding is no difference, and
    no spread of equal ones.
    """
    first, second = (_seeds(values, -1) for values in np.broadcast_arrays(one, other))
    rounding = ROUNDING * max(np.abs(first).max(initial=0), np.abs(second).max(initial=0))
    found = first - second
    found = np.where(np.abs(found) > rounding, found, 0.0)
    equal = (np.abs(found - found[0]) <= rounding).all(axis=0)
    return interval(np.where(equal, found[0], found), axis=0)


def _seeds(values: ArrayLike, axis: int) -> NDArray[np.float64]:
    """The values with the axis of seeds in front; ValueError where there are none, or one is no finite number."""
    seeds = np.moveaxis(np.asarray(values, dtype=np.float64), axis, 0)
    if len(seeds) == 0 or not np.isfinite(seeds).all():
        msg = "an interval needs at least one seed, and finite values"
        raise ValueError(msg)
    return seeds


def verdict(difference: Interval) -> Verdict:
    """What the interval of one paired difference says: on which side of zero it lies as a whole, if on one.

    Seeds that all have the same difference, other than zero, are no ground for an interval: that is said instead.
    """
    if difference.agreed and difference.mean != 0:
        return "all seeds agree"
    if not difference.told:
        return "no difference seen"
    return "higher" if difference.mean > 0 else "lower"
