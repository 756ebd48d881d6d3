"""Where a typed expression comes to its end: the first tick at which Python raises, or at which it is not finite.

The ticks are halved until interval arithmetic shows that a piece holds no such tick, or until it is short enough to be
worked out tick by tick. So the answer is exact wherever BUDGET ticks worked out that way are enough: always in runs up
to that length, and in longer ones mostly. Beyond them SAMPLES ticks, evenly spaced, are looked at, and the ticks
between a good one and the bad one behind it are halved: what is bad for fewer ticks than lie between two of them may
be missed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrlab.trees.bounds import bounds
from lrlab.trees.parse import Parsed
from lrlab.trees.plain import FLOAT, WHOLE, Plain, raised

PIECE = 2**13
"""So many ticks are worked out at once."""
BUDGET = 2**20
"""So many ticks are worked out one by one."""
MOST_PIECES = 2**12
"""So many pieces are looked at by interval arithmetic."""
SAMPLES = 2**14


class Ends(NamedTuple):
    """What becomes of an expression in so many ticks."""

    raises: float = math.inf
    """The first tick at which Python raises; infinity where it never does."""
    breaks: float = math.inf
    """The first tick before it at which the value is not finite."""
    most: float = 0.0
    """No value before either is further from 0."""

    @property
    def span(self) -> float:
        """No value before Python raises is further from 0."""
        return self.most if math.isinf(self.breaks) else math.inf

    @property
    def first(self) -> float:
        """The first of both ticks."""
        return min(self.raises, self.breaks)


Given = tuple[float, ...]
"""The values of the arguments behind the first one, which counts."""


@lru_cache(maxsize=512)
def ends(parsed: Parsed, begin: int, end: int, given: Given = ()) -> Ends:
    """What becomes of an expression whose first argument is the tick, from `begin` to before `end`."""
    most, worked, pieces = 0.0, 0, [_block(begin, end)]
    for _ in range(MOST_PIECES):
        if not pieces:
            return Ends(most=most)
        low, high = pieces.pop()
        first, last = max(low, begin), min(high, end) - 1
        if first > last:
            continue
        kept = _bounds(parsed, first, last, given)
        if kept is not None:
            most = max(most, abs(kept[0]), abs(kept[1]))
        elif high - low > PIECE:
            middle = (low + high) // 2
            pieces += [(middle, high), (low, middle)]
        elif worked >= BUDGET:
            pieces.append((low, high))
            break
        else:
            found, worked = _worked_out(parsed, first, last + 1, given), worked + last + 1 - first
            most = max(most, found.most)
            if found.first < math.inf:
                return found._replace(most=most)
    found = _sampled(parsed, max(pieces[-1][0], begin), end, given)
    return found._replace(most=max(most, found.most))


def at(parsed: Parsed, tick: int, *given: float) -> Ends:
    """What it comes to at one tick."""
    return _worked_out(parsed, tick, tick + 1, given)


def _block(begin: int, end: int) -> tuple[int, int]:
    """The ticks that are halved: pieces of two runs begin at the same ticks, so that a longer run looks at the new ones
    alone.
    """
    size, origin = PIECE, min(begin, 0)
    while (begin - origin) // size * size + size < end - origin:
        size *= 2
    first = (begin - origin) // size * size + origin
    return first, first + size


@lru_cache(maxsize=4096)
def _bounds(parsed: Parsed, first: int, last: int, given: Given) -> tuple[float, float] | None:
    values = [(float(first), float(last)), *((value, value) for value in given)]
    return bounds(parsed.tree, dict(zip(parsed.names, values, strict=True)))


@lru_cache(maxsize=2048)
def _worked_out(parsed: Parsed, begin: int, end: int, given: Given) -> Ends:
    return _first(parsed, np.arange(begin, end, dtype=np.float64), given)


def _first(parsed: Parsed, ticks: NDArray[np.float64], given: Given) -> Ends:
    """What becomes of it at these ticks, which rise."""
    symbols = [Plain(ticks, WHOLE), *(Plain(np.float64(value), FLOAT) for value in given)]
    values, fails = raised(parsed.tree, dict(zip(parsed.names, symbols, strict=True)))
    bad = fails | ~np.isfinite(values)
    place = int(np.argmax(bad)) if bad.any() else ticks.size
    most = float(np.abs(values[:place]).max(initial=0.0))
    if place == ticks.size:
        return Ends(most=most)
    tick = float(ticks[place])
    return Ends(raises=tick, most=most) if fails[place] else Ends(breaks=tick, most=most)


def _sampled(parsed: Parsed, begin: int, end: int, given: Given) -> Ends:
    ticks = np.unique(np.linspace(begin, end - 1, SAMPLES).astype(np.int64)).astype(np.float64)
    found = _first(parsed, ticks, given)
    if found.first == math.inf or found.first == ticks[0]:
        return found
    good, bad = int(ticks[np.searchsorted(ticks, found.first) - 1]), int(found.first)
    while bad - good > PIECE:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if at(parsed, middle, *given).first == math.inf else (good, middle)
    near = _worked_out(parsed, good, bad + 1, given)
    return near._replace(most=max(found.most, near.most))
