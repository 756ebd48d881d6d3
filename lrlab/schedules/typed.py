"""Schedules with an expression that a person typed: where it comes to its end, and how the curve goes on from there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrlab.schedules.base import Array
from lrlab.schedules.params import RAISES
from lrlab.schedules.recurrence import BEYOND
from lrlab.trees.ends import Ends, at, ends
from lrlab.trees.parse import parse


def by_tick(text: str, argument: str, ticks: int, begin: int = 0) -> Ends:
    """What becomes of a function of the tick alone in a run of so many ticks, from the tick on that asks it first."""
    return ends(parse(text, argument), begin, max(ticks, 1) + BEYOND)


def by_cycle(text: str, argument: str, ticks: int, length: float) -> Ends:
    """The same of a function of the number of the cycle, from 1, each so many ticks long: its ticks, not its cycles."""
    last = math.floor((max(ticks, 1) + BEYOND) / length) + 2
    found = ends(parse(text, argument), 1, last + 1)
    raises, breaks = (_begins(number - 1, length) for number in (found.raises, found.breaks))
    return found._replace(raises=raises, breaks=breaks)


def _begins(cycles: float, length: float) -> float:
    """The first tick at which so many cycles are over."""
    if math.isinf(cycles):
        return cycles
    tick = math.floor(cycles * length)
    while math.floor(tick / length) < cycles:
        tick += 1
    return float(tick)


def held(tick: Array, raises: float, xp: Any) -> Array:
    """The tick whose rate is used: where native code raises, the rate of the tick before stays."""
    return tick if math.isinf(raises) else xp.minimum(tick, raises - 1.0)


def factors(text: str, ticks: int, raises: float) -> NDArray[np.float64]:
    """The products of a function's values at tick 1, at 1 and 2, ...: `ticks` of them, fewer where it raises."""
    at = np.arange(1.0, min(ticks, raises))
    return np.concatenate([[1.0], np.cumprod(np.broadcast_to(parse(text, "epoch")(np, at), at.shape))])


def check_start(name: str, text: str, arguments: tuple[str, ...], first: int, *given: float) -> None:
    """ValueError where an expression raises in the scheduler's constructor, which asks for the rate of tick 0."""
    if at(parse(text, *arguments), first, *given).raises == first:
        msg = f"{name}: {RAISES}"
        raise ValueError(msg)
