"""What an exporter is: a target, and how a job (one trial, in one form) becomes its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lrlab.document import Experiment, Trial
from lrlab.document.run import Run, calls, first_step, ticks
from lrlab.schedules import Schedule
from lrlab.schedules.rates import rates

Form = Literal["native", "portable"]
"""The framework's own constructor, or a plain function written from the curve."""
Loop = Literal["plain", "accelerate"]
MOST_MARKS = 6
MOST_CALLS = 100_000
"""A self-check calls step() at most so often."""
MOST_COMPARED = 250_000
"""A run of up to so many rates is compared at every step; a longer one at scattered steps."""
EXACT = 1e-9
"""Curves that differ by at most this share of the largest rate count as the same."""
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Job:
    """What is to be written: one trial of an experiment, in a form, for a training loop."""

    experiment: Experiment
    trial: Trial
    form: Form = "portable"
    loop: Loop = "plain"

    @property
    def run(self) -> Run:
        """The run."""
        return self.experiment.run

    @property
    def native(self) -> bool:
        """Whether the framework's own constructor is called."""
        return self.form == "native"

    @property
    def several(self) -> bool:
        """Whether rates come as a list, one per parameter group."""
        return isinstance(self.trial.base_lr, tuple)

    @property
    def bound(self) -> Schedule:
        """The schedule of the first parameter group, its horizons filled in."""
        return self.trial.bound(self.run)[0]

    @property
    def metrics(self) -> tuple[float | str, ...]:
        """The metrics that the preview shows the schedule, those of one nested in it too."""
        return self.trial.schedule.shown or ()

    @property
    def watched(self) -> bool:
        """Whether a metric moves the rate."""
        return self.trial.schedule.watches

    def expected(self, *, by_step: bool) -> dict[int, list[float]]:
        """The rate of every group at some ticks, or optimizer steps: what the self-check compares with.

        They are the first one, the peak, some marks and the one before each, and the last.
        """
        run, trial = self.run, self.trial
        count = run.steps if by_step else calls(run, trial.clock)
        last = min(count, MOST_CALLS) - 1
        known = [place for place in marked(run, trial, by_step=by_step) if place <= last]
        chosen = {known[i] for i in np.linspace(0, len(known) - 1, MOST_MARKS).astype(int)} if known else {last // 2}
        highest = np.abs(self._rates(np.arange(last + 1), by_step=by_step)).max(axis=0)
        peak = int(highest.argmax())  # deviations are shares of its rate
        at = np.array(sorted({0, peak, last} | {c for place in chosen for c in (place - 1, place) if c > 0}))
        return {int(c): column.tolist() for c, column in zip(at, self._rates(at, by_step=by_step).T, strict=True)}

    def _rates(self, at: NDArray[np.int64], *, by_step: bool) -> NDArray[np.float64]:
        """The rate of every group at ticks, or optimizer steps: groups x ticks."""
        run, trial = self.run, self.trial
        tick = np.asarray(ticks(run, trial.clock, at) if by_step else at, dtype=np.float64)
        return np.array(
            [rates(schedule, base, tick) for schedule, base in zip(trial.bound(run), trial.base_rates, strict=True)]
        )


def marked(run: Run, trial: Trial, *, by_step: bool) -> list[int]:
    """The ticks of the marks, or the optimizer steps that meet them."""
    marks = trial.bound(run)[0].marks(calls(run, trial.clock), 10**3) or []
    return [first_step(run, trial.clock, mark.tick) if by_step else mark.tick for mark in marks]


def compared(run: Run, trial: Trial, *, by_step: bool) -> NDArray[np.int64]:
    """The ticks, or optimizer steps, at which curves are compared: every one of the run, and the next.

    Of a long run some are taken, and those around the marks. They are scattered, one in each cell of a grid, so that no
    period is missed.
    """
    count, most = (run.steps if by_step else calls(run, trial.clock)) + 1, MOST_COMPARED // len(trial.base_rates)
    if count <= most:
        return np.arange(count)
    cells = np.arange(most)
    scattered = ((cells + cells * _GOLDEN % 1.0) * (count / most)).astype(np.int64)
    beside = [place + by for place in marked(run, trial, by_step=by_step) for by in (-1, 0, 1)]
    return np.unique(np.clip([0, count - 1, *scattered, *beside], 0, count - 1))


class Exporter:
    """Writes one trial of an experiment in one form."""

    target: ClassVar[str]
    title: ClassVar[str]
    language: ClassVar[str]
    suffix: ClassVar[str]
    forms: ClassVar[tuple[Form, ...]] = ()
    """The forms that it may have; none where there is nothing to choose."""
    loops: ClassVar[tuple[Loop, ...]] = ("plain",)
    versions: ClassVar[dict[str, str]] = {}
    """The packages that what it writes was checked with."""

    def write(self, job: Job) -> str | bytes:
        """The whole file; ValueError with a reason where there can be none."""
        raise NotImplementedError

    def not_native(self, run: Run, trial: Trial) -> str:
        """Why the framework's own constructor would not give this curve at every step; nothing where it does."""
        return f"{self.title} has no {trial.schedule.kind} of its own"

    def prefers_portable(self, run: Run, trial: Trial) -> str:
        """Why the portable form is chosen where both forms are possible and none was asked for.

        Nothing where the native one is chosen.
        """
        return ""
