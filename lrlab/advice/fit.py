"""Whether an argument that says when a schedule ends fits its run, and if not, why.

It is decided here once, for all rules that ask.
"""

from __future__ import annotations

import math
from typing import Literal, cast

from lrlab.advice.base import NOTICED, Case
from lrlab.document.run import Clock, DataRun, Run, calls
from lrlab.schedules.spans import Length

FAR_OFF = 10.0  # two units lie far apart where the run has more than so many times as many of one as of the other
NEAR_ENOUGH = 3.0  # in the unit that is meant, a horizon is at most so many times longer, or shorter, than the run
Misfit = Literal["fits", "rounding", "unit", "warmup", "short", "long"]


def misfit(case: Case, length: Length) -> Misfit:
    """Why a length does not fit its run; the likeliest reason is tried first.

    The reasons are another rounding, another unit, and a warmup counted twice; else it is too short or too long.
    """
    slack = length.value - length.fits
    if not length.reached:
        return "fits" if unit_meant(case, length) == case.trial.clock else "unit"
    if abs(slack) <= 1:
        return "fits"
    if other_rounding(case, length):
        return "rounding"
    if unit_meant(case, length) != case.trial.clock:
        return "unit"
    warmup = warmup_of(case, length)
    margin = max(1.0, NOTICED * length.fits)
    if warmup > margin and abs(abs(slack) - warmup) <= min(margin, warmup / 2):
        return "warmup"
    return "short" if slack < 0 else "long"


def end(case: Case, length: Length) -> float:
    """The tick at which the curve of that length is over; beyond the run where it is too long."""
    return case.calls + length.value - length.fits


def counts_otherwise(case: Case) -> bool:
    """Whether a horizon counts in another unit than the clock, a mistake for which there is a rule of its own."""
    return any(length.last and misfit(case, length) == "unit" for length in case.lengths)


def warmup_of(case: Case, length: Length) -> float:
    """The ticks of the warmup before it."""
    return case.rise.value if case.rise and case.rise.path != length.path else 0.0


def totals(run: Run) -> dict[Clock, int]:
    """How much there is of each unit in the run; a run of one epoch has nothing to count in epochs."""
    found: dict[Clock, int] = {
        clock: calls(run, clock) for clock in cast("list[Clock]", ["step", "epoch", "micro_batch", "process"])
    }
    return {clock: total for clock, total in found.items() if clock != "epoch" or total > 1}


def unit_meant(case: Case, length: Length) -> Clock:
    """The unit in which the value would fit best; the clock's own unless another is clearly nearer.

    Where two units lie far apart, as steps and epochs do, the nearer one is meant. Where they are small factors, such
    as processes and micro-batches, the other must be twice as near. Text says its unit itself.
    """
    own: Clock = case.trial.clock
    if length.text:
        return own
    best, nearest = own, _distance(length.value, length.fits)
    for unit, total in totals(case.run).items():
        if total == case.calls:
            continue
        distance = _distance(length.value, length.fits * total / case.calls)
        far = "epoch" in {unit, own} and abs(math.log(total / case.calls)) > math.log(FAR_OFF)
        if distance < min(nearest, math.log(NEAR_ENOUGH)) and (
            far or distance < _distance(length.value, length.fits) / 2
        ):
            best, nearest = unit, distance
    return best


def _distance(value: float, other: float) -> float:
    return abs(math.log(max(value, 1.0) / max(other, 1.0)))


def other_rounding(case: Case, length: Length) -> Run | None:
    """The same run as a loop that rounds in another way would count it, if the value fits that; else None."""
    run = case.run
    if not isinstance(run, DataRun) or length.text:
        return None
    for drop_last in (run.drop_last, not run.drop_last):
        for leftover in ("step", "drop"):
            other = run.model_copy(update={"drop_last": drop_last, "leftover": leftover})
            slack = calls(other, case.trial.clock) - case.calls if other.updates else 0
            if slack and length.value == length.fits + slack:
                return other
    return None
