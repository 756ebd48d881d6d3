"""Schedules in which each rate follows from the one before: run once, kept as a table, looked up by tick."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar, Self, get_args

import numpy as np
from numpy.typing import NDArray

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Place, Schedule, described, inside
from lrlab.schedules.params import Metrics, Mode
from lrlab.trees.tree import Expr

BEYOND = 64  # exported code has rates for so many ticks past the run, as one step may be several ticks
MOST_LEVELS = 5_000
"""Code with a longer table is refused, because nobody could read it."""


class Recurrence(Schedule):
    """A schedule in which each rate follows from the one before. A subclass gives `table`; the rest is done here."""

    reads_groups = True
    reason: ClassVar[str]
    """Why there is no formula."""
    most_ticks: ClassVar[int] = 10**7
    """Longer runs are refused, because their table would take too much time and memory."""

    @property
    def no_formula(self) -> str:
        """Why there is no formula."""
        return self.reason

    def table(self, base_lr: float, ticks: int) -> NDArray[np.float64]:
        """The rates at ticks 0, 1, ...: `ticks` of them, or fewer where the last one holds from there on."""
        raise NotImplementedError

    def with_names(self, owner: str = "") -> Self:
        """A schedule without a formula is calculated tick by tick from its plain numbers, and needs no names."""
        return self if self.no_formula else super().with_names(owner)

    def bind(self, place: Place) -> Self:
        """Refuse a run that is too long to be followed."""
        self.check_length(place.ticks)
        return super().bind(place)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        known = self.place.ticks + BEYOND
        if isinstance(tick, Expr):
            table = followed(self, float(base_lr), known)
            finite = np.isfinite(table)  # in the run it is; what comes after stays where it was
            table = table if finite.all() else table[: int(np.argmin(finite))]
            starts = [0, *(np.flatnonzero(np.diff(table)) + 1).tolist()]
            if len(starts) > MOST_LEVELS:
                msg = (
                    f"its rate changes at {len(starts) - 1:,} ticks, each time from the one before: more than "
                    f"{MOST_LEVELS:,} are not written out"
                )
                raise ValueError(msg)
            return shapes.levels(tick, tuple(map(float, starts[1:])), tuple(table[starts].tolist()), xp)
        if xp is not np:  # numbers of another library get the table as far as the run needs it
            table = followed(self, float(base_lr), known)
            return xp.take(table, xp.minimum(tick, table.size - 1))
        last = int(np.max(tick, initial=0))
        if last < BEYOND:  # only the first ticks are asked for
            known = BEYOND
        elif last >= known:  # the length is a power of two, so that slightly later ticks need no new table
            self.check_length(last)
            known = 1 << last.bit_length()
        table = followed(self, float(base_lr), known)
        return table[np.minimum(tick, table.size - 1).astype(np.int64)]

    def check_length(self, ticks: int) -> None:
        """ValueError where there are too many ticks to be followed."""
        if ticks > self.most_ticks:
            msg = (
                f"each rate follows from the one before, which lrlab keeps for up to {self.most_ticks:,} ticks, "
                f"not {ticks:,}"
            )
            raise ValueError(msg)


@lru_cache(maxsize=8)
def followed(schedule: Recurrence, base_lr: float, ticks: int) -> NDArray[np.float64]:
    """The table of a schedule; the last ones are kept in memory."""
    with np.errstate(all="ignore"):
        table = np.asarray(schedule.table(base_lr, ticks), dtype=np.float64)
    table.setflags(write=False)
    return table


class MetricDriven(Recurrence):
    """A schedule that looks at a metric at every call. Without metrics, and after the last one, the rate stays."""

    per_epoch = True  # a metric is measured once an epoch
    metric_driven = True
    takes_metrics = True
    reason = "It follows the metric: the rate changes when the metric tells it to."

    metrics: Metrics = None

    @property
    def wants_high(self) -> bool:
        """Where its mode says so."""
        modes = (name for name, about in described(type(self)).items() if about.choices == get_args(Mode))
        return any(getattr(self, name) == "max" for name in modes)

    @property
    def shown(self) -> tuple[float | str, ...] | None:
        return self.metrics

    def anew(self, calls: int) -> Self:
        return self.model_copy(update={"metrics": self.metrics[calls:]}) if self.metrics else self

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        """The rate at tick 0, then the rate after each call with a metric."""
        raise NotImplementedError

    def table(self, base_lr: float, ticks: int) -> NDArray[np.float64]:
        return np.array(
            self.follow(base_lr, [math.nan if m == "nan" else float(m) for m in self.metrics or ()][: ticks - 1])
        )

    def bind(self, place: Place) -> Self:
        """Its table is as long as its metrics are, so that a long run is not refused."""
        return Schedule.bind(self, place)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        """The table ends where the metrics do."""
        if isinstance(tick, Expr):
            return super().curve(tick, base_lr, xp)
        return super().curve(xp.minimum(tick, len(self.metrics or ())), base_lr, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        """Where the rate changes."""
        last = min(ticks, len(self.metrics or ()) + 1)
        rates = np.atleast_1d(self.curve(np.arange(last, dtype=np.float64), self.place.base_rates[self.place.group]))
        changes = np.flatnonzero(np.diff(rates))
        if changes.size > limit:
            return None
        return inside(
            ticks, limit, *(Mark(int(t) + 1, "reduced" if rates[t + 1] < rates[t] else "raised") for t in changes)
        )


def has_table(schedule: Schedule) -> bool:
    """Whether it, or one in it, is a recurrence: a table made for one base rate."""
    return isinstance(schedule, Recurrence) or any(map(has_table, schedule.children().values()))
