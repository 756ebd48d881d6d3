"""A trial: one line of the chart, bound to a run by its clock."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from lrlab.document.run import Clock, Run, calls
from lrlab.schedules import AnySchedule, Place, Schedule
from lrlab.schedules.params import BaseRate

MAX_GROUPS = 256  # of one trial; twice as many of all


class Part(BaseModel):
    """A part of the document: frozen, and with no keys but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Trial(Part):
    """One line of the chart: a schedule, its base rate (a list: one per parameter group), and its clock."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    base_lr: (
        BaseRate | Annotated[tuple[BaseRate, ...], Strict(strict=False), Field(min_length=1, max_length=MAX_GROUPS)]
    )
    clock: Clock = "step"
    schedule: AnySchedule
    hidden: bool = False
    dismissed: Annotated[tuple[str, ...], Strict(strict=False)] = ()

    @property
    def base_rates(self) -> tuple[float, ...]:
        """The base rate of every parameter group."""
        return self.base_lr if isinstance(self.base_lr, tuple) else (self.base_lr,)

    @model_validator(mode="after")
    def _lists_fit_the_groups(self) -> Self:
        groups = len(self.base_rates)
        for path, length in self.schedule.lists().items():
            if length != groups:
                has = f"has {length} value{'s' * (length != 1)}"
                msg = f"schedule.{path}: {has} for {groups} parameter group{'s' * (groups > 1)} (base_lr)"
                raise ValueError(msg)
        return self

    def bound(self, run: Run) -> tuple[Schedule, ...]:
        """The schedule of every parameter group, with its horizons filled in from the run.

        ValueError where that makes no schedule.
        """
        return _bound(self.schedule, calls(run, self.clock), self.base_rates)


@lru_cache(maxsize=512)
def _bound(schedule: Schedule, ticks: int, base_rates: tuple[float, ...]) -> tuple[Schedule, ...]:
    if not schedule.by_group:
        return (schedule.bind(Place(ticks, 0, base_rates)),) * len(base_rates)
    return tuple(schedule.bind(Place(ticks, group, base_rates)) for group in range(len(base_rates)))
