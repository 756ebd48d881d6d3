"""What can be concluded from a few seeds: a mean and the t-interval around it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Verdict = Literal["higher", "lower", "no difference seen", "all seeds agree"]

ROUNDING = 1e-9
"""Two values count as equal up to this difference, as a share of the largest value that is compared."""


class Interval(NamedTuple):
    """A mean over `n` seeds and the ends of its interval. All are arrays in the shape of the values, without the axis
    of seeds.

    One seed says nothing about the spread: the ends are then minus and plus infinity, and `bounded` is False. Seeds
    that all agree say nothing about it either: the width is then 0, and `agreed` True.
    """

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int

    @property
    def bounded(self) -> bool:
        """Whether the ends are finite, which they are from two seeds on."""
        return self.n > 1

    @property
    def agreed(self) -> NDArray[np.bool_]:
        """Whether all of several seeds have the same value, in the shape of the mean."""
        return np.asarray(self.low == self.high)

    @property
    def told(self) -> NDArray[np.bool_]:
        """Whether a difference differs from zero, in the shape of the mean: there is an interval, and all of it is on
        one side of zero.
        """
        return np.asarray(~self.agreed & ((self.low > 0) | (self.high < 0)))

    def clipped(self, least: float, most: float) -> Interval:
        """The same with its ends moved to the lowest and highest values that are possible at all."""
        return self._replace(low=np.clip(self.low, least, most), high=np.clip(self.high, least, most))


def interval(values: ArrayLike, axis: int = -1, level: float = 0.95) -> Interval:
    """The t-interval of the mean along an axis of independent seeds; ValueError where there are no values or one is not
    finite.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 (starting the app must load nothing heavy)

    seeds = _seeds(values, axis)
    n = len(seeds)
    same = (seeds == seeds[0]).all(axis=0)  # equal values would get a small spread by rounding
    mean = np.where(same, seeds[0], seeds.mean(axis=0))
    if n == 1:
        return Interval(mean, np.full_like(mean, -np.inf), np.full_like(mean, np.inf), n)
    half = np.where(same, 0.0, stdtrit(n - 1, (1 + level) / 2) * seeds.std(axis=0, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def difference(one: ArrayLike, other: ArrayLike) -> Interval:
    """The interval of `one` minus `other`, seed by seed, along the last axis. A difference within rounding counts as 0,
    and differences that are equal within rounding have no spread.
    """
    first, second = (_seeds(values, -1) for values in np.broadcast_arrays(one, other))
    rounding = ROUNDING * max(np.abs(first).max(initial=0), np.abs(second).max(initial=0))
    found = first - second
    found = np.where(np.abs(found) > rounding, found, 0.0)
    equal = (np.abs(found - found[0]) <= rounding).all(axis=0)
    return interval(np.where(equal, found[0], found), axis=0)


def _seeds(values: ArrayLike, axis: int) -> NDArray[np.float64]:
    """The values with the axis of seeds in front; ValueError where there are none, or one is not finite."""
    seeds = np.moveaxis(np.asarray(values, dtype=np.float64), axis, 0)
    if len(seeds) == 0 or not np.isfinite(seeds).all():
        msg = "an interval needs at least one seed, and finite values"
        raise ValueError(msg)
    return seeds


def verdict(difference: Interval) -> Verdict:
    """What the interval of one paired difference says: whether all of it is above zero, or below, or neither.

    Where all seeds have the same difference, other than zero, there is no interval: then that is said.
    """
    if difference.agreed and difference.mean != 0:
        return "all seeds agree"
    if not difference.told:
        return "no difference seen"
    return "higher" if difference.mean > 0 else "lower"
