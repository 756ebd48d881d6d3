"""The rates of a bound schedule, checked to be finite."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lrlab.schedules.base import Schedule
from lrlab.schedules.recurrence import has_table

BLOCK = 2**14  # ticks that are worked out together: so many fit into the processor's cache, which halves the time
WALKED = 2**20
"""A run of up to so many ticks is looked at tick by tick; a longer one at SAMPLES ticks, evenly spaced."""
SAMPLES = 2**14
SAFE = 1e200
"""What expressions make of a base rate below this stays finite in everything that is calculated from it."""


def rates(schedule: Schedule, base_lr: float, tick: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bound schedule's rate at each tick: float64 of the same shape.

    ValueError naming the first of these ticks at which it is not finite.
    """
    flat = tick.ravel()
    found = np.empty(flat.size)
    for begin in range(0, flat.size, BLOCK):
        found[begin : begin + BLOCK] = _values(schedule, base_lr, flat[begin : begin + BLOCK])
    bad = ~np.isfinite(found)
    if np.any(bad):
        raise ValueError(_says(flat[bad][0]))
    return found.reshape(tick.shape)


@lru_cache(maxsize=1024)
def check(schedule: Schedule, base_lr: float, ticks: int) -> None:
    """ValueError naming the first of so many ticks at which a bound schedule's rate is not finite.

    Curves without expressions and tables are looked at only where they begin and end, unless something is wrong there.
    """
    ends = np.array([0.0, 1.0, max(ticks, 1) - 1.0])
    plain = not has_table(schedule) and abs(base_lr) * schedule.most < SAFE
    if plain and np.isfinite(_values(schedule, base_lr, ends)).all():
        return
    tick = _first_bad(schedule, base_lr, max(ticks, 2))
    if tick is not None:
        raise ValueError(_says(tick))
    rates(schedule, base_lr, ends)


def _values(schedule: Schedule, base_lr: float, tick: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        with np.errstate(all="ignore"):
            return np.broadcast_to(schedule.curve(tick, base_lr), tick.shape)
    except ArithmeticError as error:  # numbers that Python itself cannot count with
        msg = f"its arguments are beyond what can be calculated with ({error})"
        raise ValueError(msg) from None


def _says(tick: float) -> str:
    return f"the learning rate is not finite at tick {int(tick):,}"


def _first_bad(schedule: Schedule, base_lr: float, ticks: int) -> float | None:
    """The first of so many ticks at which its rate is not finite."""
    if ticks > WALKED:
        sample = np.unique(np.linspace(0, ticks - 1, SAMPLES).astype(np.int64)).astype(np.float64)
        return _narrowed(schedule, base_lr, sample)
    for begin in range(0, ticks, BLOCK):
        tick = np.arange(begin, min(begin + BLOCK, ticks), dtype=np.float64)
        bad = ~np.isfinite(_values(schedule, base_lr, tick))
        if bad.any():
            return float(tick[np.argmax(bad)])
    return None


def _narrowed(schedule: Schedule, base_lr: float, sample: NDArray[np.float64]) -> float | None:
    """The first bad tick between the first bad one of a sample and the good one before it, found by halving."""
    bad = ~np.isfinite(_values(schedule, base_lr, sample))
    if not bad.any():
        return None
    place = int(np.argmax(bad))
    low, high = (int(sample[place - 1]) if place else -1), int(sample[place])
    while high - low > 1:
        middle = (low + high) // 2
        good = np.isfinite(_values(schedule, base_lr, np.array([float(middle)]))).all()
        low, high = (middle, high) if good else (low, middle)
    return float(high)
