"""A trial: one line of the chart, bound to a run by its clock."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from lrlab.document.run import Clock, Run, calls, measured, ticks_per_epoch
from lrlab.document.sentences import sentence, with_ticks
from lrlab.schedules import AnySchedule, Place, Schedule
from lrlab.schedules.measure import Reading
from lrlab.schedules.params import BaseRate

MAX_GROUPS = 256  # of one trial; twice as many of all
_RUN: ContextVar[Run | None] = ContextVar("_RUN", default=None)
"""The run on which trials are read: their durations that are text are parts of it."""


def read_on(run: Run, read: Callable[[Any], Any], document: Any) -> Any:
    """What `read` makes of a document of trials on a run."""
    token = _RUN.set(run)
    try:
        return read(document)
    finally:
        _RUN.reset(token)


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

    @classmethod
    def read(cls, document: dict[str, Any], run: Run) -> Self:
        """The trial of a document, on a run; ValueError with a sentence where there is none."""
        try:
            made: Self = read_on(run, cls.model_validate, document)
        except ValidationError as error:
            raise ValueError(sentence(error, document)) from None
        return made

    @field_validator("schedule", mode="wrap")
    @classmethod
    def _durations_are_those_of_the_run(
        cls, schedule: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """What is wrong with a number that a text came to is said with both."""
        run, clock = _RUN.get(), info.data.get("clock")
        if run is None or clock is None:
            return handler(schedule)
        with Reading(measured(run, clock)) as now:
            try:
                return handler(schedule)
            except ValidationError as error:
                if not now.found:
                    raise
                says = sentence(error, schedule).lstrip(".: ")
                raise ValueError(with_ticks(says, schedule, now.found)) from None

    def on(self, run: Run) -> Trial:
        """This trial with its durations that are text counted on another run; itself where they stay what they are.

        ValueError where that makes no schedule.
        """
        texts = self.schedule.texts()
        if not texts:
            return self
        measure = measured(run, self.clock)
        same = all(measure.ticks(typed.text) == typed.ticks for typed in texts.values())
        return self if same else _on(self, run)

    def bound(self, run: Run, origin: int = 0) -> tuple[Schedule, ...]:
        """The schedule of every parameter group in numbers: horizons are filled in from the run, texts counted on it.

        It has the ticks from `origin` on. ValueError where that makes no schedule.
        """
        ticks, epoch = calls(run, self.clock), ticks_per_epoch(run, self.clock)
        place = Place(ticks - origin, 0, self.base_rates, epoch, ticks, run.step_samples)
        return _bound(self.on(run).schedule, place)


@lru_cache(maxsize=256)
def _on(trial: Trial, run: Run) -> Trial:
    return Trial.read(trial.model_dump(mode="json", exclude_unset=True), run)


@lru_cache(maxsize=512)
def _bound(given: Schedule, place: Place) -> tuple[Schedule, ...]:
    schedule, groups = given.in_numbers(), range(len(place.base_rates))
    if not schedule.by_group:
        return (schedule.bind(place),) * len(groups)
    return tuple(schedule.bind(replace(place, group=group)) for group in groups)
