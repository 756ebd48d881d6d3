"""The mathematics, once: the shapes that schedules of every framework are made of, over an array namespace `xp`."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, count, takewhile
from typing import Any

from lrlab.schedules.base import Array
from lrlab.trees.tree import Restarts

_FAR = 2.0**60  # no run comes here: the table of restarts may end
_ROUNDING = 1e-12  # what a quotient of logarithms may be off by


def cosine(progress: Array, start: Array, end: Array, xp: Any) -> Array:
    """Half a cosine from start to end while progress goes from 0 to 1; beyond 1 it comes back, with period 2."""
    return end + (start - end) * (1.0 + xp.cos(xp.pi * progress)) / 2.0


def linear(progress: Array, start: Array, end: Array) -> Array:
    """A straight line from start to end while progress goes from 0 to 1, and on."""
    return start + (end - start) * progress


def polynomial(progress: Array, start: Array, end: Array, power: Array, xp: Any) -> Array:
    """From start to end as (1 - progress) ** power, held at end from progress 1 on."""
    return end + (start - end) * (1.0 - xp.minimum(progress, 1.0)) ** power


def ramp(tick: Array, length: Array, xp: Any) -> Array:
    """0 to 1 in `length` ticks, then 1; 1 throughout where length is 0."""
    return xp.minimum(tick, length) / length if length > 0 else 1.0


def steps_done(tick: Array, size: Array, xp: Any) -> Array:
    """How many whole stretches of `size` ticks have passed, where native code rounds the quotient down."""
    return xp.floor(tick / size)


def steps_within(tick: Array, size: Array) -> Array:
    """The same where native code divides with //: exact, so 11 // 2.2 is 4, though the quotient is rounded to 5."""
    return tick // size


def passed(tick: Array, borders: tuple[float, ...], xp: Any) -> Array:
    """How many of the borders (sorted) lie at or before the tick."""
    return xp.searchsorted(borders, tick, side="right")


def bisected(borders: tuple[float, ...], value: Array, xp: Any) -> Array:
    """What bisect_right answers, for a list that may not be sorted: it is asked at the borders, between which nothing
    changes.
    """
    if list(borders) == sorted(borders):
        return passed(value, borders, xp) if borders else 0.0
    cuts = tuple(sorted(set(borders)))
    return levels(value, cuts, tuple(float(bisect_right(borders, cut)) for cut in (-math.inf, *cuts)), xp)


@lru_cache(maxsize=256)
def _restart_table(first: float, factor: float) -> Restarts:
    lengths = takewhile(lambda length: length < _FAR, (first * factor**k for k in count()))
    return Restarts(accumulate(lengths))


def restarts(tick: Array, first: float, factor: float, xp: Any) -> tuple[Array, Array]:
    """Ticks since the last restart and the length of that cycle, for cycles that grow by `factor` >= 1.

    The cycle is looked up in a table of restarts: a logarithm misses some by one tick (torch's own `step(epoch)` does).
    """
    since, length, _ = cycles(tick, first, factor, xp)
    return since, length


def cycles(tick: Array, first: float, factor: float, xp: Any) -> tuple[Array, Array, Array]:
    """Ticks since the last restart, the length of that cycle and its number, from 0; see `restarts`."""
    done = _cycles_over(tick, first, factor, xp)
    if factor == 1:
        return tick - first * done, first, done
    length = first * factor**done
    return tick - (length - first) / (factor - 1), length, done


def _cycles_over(tick: Array, first: float, factor: float, xp: Any) -> Array:
    """How many cycles of first, first * factor, ... ticks are over.

    Only whole numbers have a table of restarts: from a factor near 1 it would be endless. A logarithm is rounded up
    where it is all but whole.
    """
    if factor == 1:
        return xp.floor(tick / first)
    if factor > 1 and factor % 1 == 0 and first % 1 == 0:
        return xp.searchsorted(_restart_table(float(first), float(factor)).of(first, factor), tick, side="right")
    return xp.floor(xp.log(1.0 + tick / first * (factor - 1)) / xp.log(factor) + _ROUNDING)


def levels(tick: Array, borders: tuple[float, ...], values: tuple[float, ...], xp: Any) -> Array:
    """A staircase: values[k] between border k - 1 and border k (borders sorted; a border belongs to the level after
    it).
    """
    return xp.take(values, passed(tick, borders, xp)) if borders else values[0]


def exponential(progress: Array, start: Array, rate: Array, xp: Any, *, staircase: bool = False) -> Array:
    """The rate-th part of start each time that progress grows by 1, in one sweep or at whole numbers only."""
    return start * rate ** (xp.floor(progress) if staircase else progress)


def choose(tick: Array, borders: Sequence[float], pieces: Sequence[Array], xp: Any) -> Array:
    """Piece k between border k - 1 and border k (borders rise; a border belongs to the piece after it)."""
    outcome = pieces[-1]
    for border, piece in zip(reversed(borders), reversed(pieces[:-1]), strict=True):
        outcome = xp.where(tick < border, piece, outcome)
    return outcome


def triangle(tick: Array, up: Array, down: Array, xp: Any) -> tuple[Array, Array]:
    """A wave from 0 up to 1 in `up` ticks and back in `down`, and the number of the wave, from 0."""
    wave = xp.floor(tick / (up + down))
    since = tick - wave * (up + down)
    return xp.where(since <= up, since / up, (up + down - since) / down), wave


def until_above(tick: Array, borders: Iterable[float], values: tuple[float, ...], xp: Any) -> Array:
    """The value of the first border above the tick, as a loop over borders finds it, in whatever order they are; the
    last value behind them.
    """
    reached = tuple(accumulate(map(float, borders), max))
    return levels(tick, reached, (*values[: len(reached)], values[-1]), xp)


def cycle_share(tick: Array, first: float, factor: float, xp: Any) -> tuple[Array, Array]:
    """How many cycles of first, first * factor, ... ticks are over, and what share of the running one is; factor > 0,
    fractions too.
    """
    done = _cycles_over(tick, first, factor, xp)
    if factor == 1:
        return done, tick / first - done
    grown = factor**done
    return done, (tick / first - (grown - 1) / (factor - 1)) / grown
