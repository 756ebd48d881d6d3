"""Cycles that grow: how many fit, where they begin, and how far one has come."""

from __future__ import annotations

import math
from bisect import bisect_right

ROUNDING = 1e-13
"""The largest rounding error of a sum of fractions, as a share of it; the curves have such errors, too."""


def plain(number: float) -> float:
    """A whole number as an int, with which sums are exact."""
    return int(number) if number == int(number) else number


def geometric(factor: float, cycles: int) -> float:
    """1 + factor + factor ** 2 + ... of so many terms, also where factor is almost 1."""
    if factor == 1:
        return cycles
    if isinstance(factor, int):
        return (int(factor**cycles) - 1) // (factor - 1)
    try:
        return math.expm1(cycles * math.log(factor)) / (factor - 1)
    except OverflowError:
        return math.inf


def first_length(ticks: float, cycles: int, factor: float) -> tuple[float, int]:
    """The first of so many cycles that fill so many ticks: the exact quotient, and it rounded up.

    Rounded down, one cycle more would begin before the end and leave the rate near its peak; rounded up, the last one
    is cut by a little.
    """
    total = geometric(plain(factor), cycles)
    slack = ROUNDING if isinstance(total, float) else 0
    return ticks / total, int(-(-ticks * (1 - slack) // total))


def cycle_at(tick: float, first: float, factor: float) -> tuple[float, float, int]:
    """How far its cycle has come at a tick, how long that cycle is, and its number from 0.

    It is found by bisection, since there may be 1e12 cycles.
    """
    first, factor = plain(first), plain(factor)
    slack = ROUNDING if isinstance(factor, float) else 0

    def begin(number: int) -> float:
        return first * geometric(factor, number) * (1 - slack)

    most = 1
    while begin(most) <= tick and most < tick + 1:
        most *= 2
    number = bisect_right(range(1, most + 1), tick, key=begin)
    return max(tick - first * geometric(factor, number), 0.0), float(first * factor**number), number
