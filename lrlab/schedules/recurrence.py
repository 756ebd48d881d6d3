"""Schedules in which each rate follows from the one before: run once, kept as a table, looked up by tick."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Place, Schedule, inside
from lrlab.schedules.params import Metrics
from lrlab.trees.tree import Expr

BEYOND = 64  # ticks past the end of the run that written code knows: a clock may pass several at once
MOST_LEVELS = 5_000
"""A longer table is no code that anybody would read."""


class Recurrence(Schedule):
    """A schedule that is no function of the tick alone. It owes `table`; the rest of a schedule follows."""

    reads_groups = True
    reason: ClassVar[str]
    """Why there is no formula."""
    most_ticks: ClassVar[int] = 10**7
    """A longer run is refused: its table would neither be fast nor fit."""

    @property
    def no_formula(self) -> str:
        """Why there is none."""
        return self.reason

    def table(self, base_lr: float, ticks: int) -> NDArray[np.float64]:
        """The rates at ticks 0, 1, ...: `ticks` of them, or fewer where the last one stays for ever."""
        raise NotImplementedError

    def with_names(self, owner: str = "") -> Self:
        """One whose table is followed tick by tick has no use for names, and counts with its numbers."""
        return self if self.no_formula else super().with_names(owner)

    def bind(self, place: Place) -> Self:
        """Refuse a run that is too long to be followed."""
        self.check_length(place.ticks)
        return super().bind(place)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        known = self._place.ticks + BEYOND
        if isinstance(tick, Expr):
            table = followed(self, float(base_lr), known)
            finite = np.isfinite(table)  # in the run it is; what comes after stays where it was
            table = table if finite.all() else table[: int(np.argmin(finite))]
            starts = [0, *(np.flatnonzero(np.diff(table)) + 1).tolist()]
            if len(starts) > MOST_LEVELS:
                msg = f"its rate changes at {len(starts) - 1:,} ticks, each time from the one before: more than {MOST_LEVELS:,} are not written out"
                raise ValueError(msg)
            return shapes.levels(tick, tuple(map(float, starts[1:])), tuple(table[starts].tolist()), xp)
        if xp is not np:  # another library's numbers: what the run needs of the table
            table = followed(self, float(base_lr), known)
            return xp.take(table, xp.minimum(tick, table.size - 1))
        last = int(np.max(tick, initial=0))
        if last < BEYOND:  # a look at the beginning
            known = BEYOND
        elif last >= known:  # in powers of two, so that looking a little further does not make a new table each time
            self.check_length(last)
            known = 1 << last.bit_length()
        table = followed(self, float(base_lr), known)
        return table[np.minimum(tick, table.size - 1).astype(np.int64)]

    def check_length(self, ticks: int) -> None:
        """ValueError where there are too many ticks to be followed."""
        if ticks > self.most_ticks:
            msg = f"each rate follows from the one before, which lrlab keeps for up to {self.most_ticks:,} ticks, not {ticks:,}"
            raise ValueError(msg)


@lru_cache(maxsize=8)
def followed(schedule: Recurrence, base_lr: float, ticks: int) -> NDArray[np.float64]:
    """Its table, kept for the next look."""
    with np.errstate(all="ignore"):
        table = np.asarray(schedule.table(base_lr, ticks), dtype=np.float64)
    table.setflags(write=False)
    return table


class MetricDriven(Recurrence):
    """A schedule that looks at a metric at every call; without one, and past its end, the rate holds."""

    per_epoch: ClassVar[bool] = True  # a metric comes with the evaluation
    reason = "It follows the metric: the rate changes when the metric tells it to."

    metrics: Metrics = None

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        """The rate at tick 0, then the rate after each call with a metric."""
        raise NotImplementedError

    def table(self, base_lr: float, ticks: int) -> NDArray[np.float64]:
        return np.array(
            self.follow(base_lr, [math.nan if m == "nan" else float(m) for m in self.metrics or ()][: ticks - 1])
        )

    def bind(self, place: Place) -> Self:
        """As long as its metrics are, whatever the run."""
        return Schedule.bind(self, place)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        """The table ends where the metrics do."""
        if isinstance(tick, Expr):
            return super().curve(tick, base_lr, xp)
        return super().curve(xp.minimum(tick, len(self.metrics or ())), base_lr, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        """Where the rate changes."""
        last = min(ticks, len(self.metrics or ()) + 1)
        rates = np.atleast_1d(self.curve(np.arange(last, dtype=np.float64), self._place.base_rates[self._place.group]))
        changes = np.flatnonzero(np.diff(rates))
        if changes.size > limit:
            return None
        return inside(
            ticks, limit, *(Mark(int(t) + 1, "reduced" if rates[t + 1] < rates[t] else "raised") for t in changes)
        )


def has_table(schedule: Schedule) -> bool:
    """Whether it, or one in it, is a recurrence: a table made for one base rate."""
    return isinstance(schedule, Recurrence) or any(map(has_table, schedule.children().values()))
