"""The rates of a bound schedule, checked to be finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lrlab.schedules.base import Schedule

BLOCK = 2**14  # ticks that are worked out together: so many fit into the processor's cache, which halves the time


def rates(schedule: Schedule, base_lr: float, tick: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bound schedule's rate at each tick (float64 of the same shape); ValueError naming the first tick at which it is
    not finite.
    """
    flat = tick.ravel()
    found = np.empty(flat.size)
    with np.errstate(all="ignore"):
        for begin in range(0, flat.size, BLOCK):
            try:
                found[begin : begin + BLOCK] = schedule.curve(flat[begin : begin + BLOCK], base_lr)
            except ArithmeticError as error:  # Python itself cannot calculate with these numbers
                msg = f"its arguments are beyond what can be calculated with ({error})"
                raise ValueError(msg) from None
    bad = ~np.isfinite(found)
    if np.any(bad):
        msg = f"the learning rate is not finite at tick {int(flat[bad][0]):,}"
        raise ValueError(msg)
    return found.reshape(tick.shape)
