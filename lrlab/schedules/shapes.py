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

_FAR = 2.0**60  # no run is so long, so the table of restarts may end here
_ROUNDING = 1e-12  # the largest rounding error of a quotient of two logarithms


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
    """A straight line from 0 to 1 in `length` ticks, then 1; with length 0 it is 1 at all ticks."""
    return xp.minimum(tick, length) / length if length > 0 else 1.0


def steps_done(tick: Array, size: Array, xp: Any) -> Array:
    """How many times `size` ticks have passed, for native code that divides and rounds the quotient down."""
    return xp.floor(tick / size)


def steps_within(tick: Array, size: Array) -> Array:
    """How many times `size` ticks have passed, for native code that divides with //, which is exact.

    11 // 2.2 is 4, although 11 / 2.2 is rounded to 5.0.
    """
    return tick // size


def passed(tick: Array, borders: tuple[float, ...], xp: Any) -> Array:
    """How many of the borders (sorted) lie at or before the tick."""
    return xp.searchsorted(borders, tick, side="right")


def bisected(borders: tuple[float, ...], value: Array, xp: Any) -> Array:
    """What Python's bisect_right returns for a list of borders that may not be sorted.

    Its answer changes only at the borders, so it is worked out once for each of them.
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

    Only whole numbers use a table of restarts, because with a factor near 1 the table would be too long. Elsewhere a
    logarithm counts the cycles; one that is below a whole number by a rounding error is taken as that number.
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
    """start, multiplied by rate each time that progress grows by 1: smoothly, or only at whole numbers."""
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
    """The value of the first border above the tick, as a loop over the borders in their given order finds it.

    The last value, where no border is above the tick.
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
