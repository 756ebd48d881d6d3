"""Planning restarts: where the cycles of a schedule end in the run, and which lengths and budgets fit.

It also says how far a last cycle comes that the run cuts.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any

from lrlab import engine
from lrlab.document import Trial
from lrlab.document.run import MAX_STEPS, Clock, DataRun, Run, calls, first_step, ticks
from lrlab.schedules.base import Schedule
from lrlab.schedules.cycles import ROUNDING, first_length, geometric, plain
from lrlab.schedules.facts import Cycles
from lrlab.schedules.spans import Path, nested

MOST_LISTED = 200
"""Cycles whose ends are listed; beyond them they are counted only."""
MOST_CHOICES = 50
"""Cycles that a first length is offered for."""
_FAR = 2**62  # a tick that no run comes to


@dataclass(frozen=True)
class End:
    """The end of a cycle: the first tick and optimizer step after it, which may be the end of the run.

    `lr` is the rate of the last step before it, after which the snapshot is taken.
    """

    tick: int
    step: int
    lr: float

    @property
    def snapshot(self) -> int:
        """The cycle's last optimizer step: the weights after it are those to keep."""
        return self.step - 1


@dataclass(frozen=True)
class Budget:
    """How long a run of whole cycles is, in ticks, in steps and, where they are whole, in epochs.

    What comes before the first cycle is included.
    """

    cycles: int
    ticks: int
    steps: int
    epochs: int | None


@dataclass(frozen=True)
class Choice:
    """The length of the first cycle with which a number of cycles fill the run.

    `exact` is the quotient, and `length` the whole number to take.
    """

    cycles: int
    exact: float
    length: int


@dataclass(frozen=True)
class Plan:
    """What the restarts of a trial come to in a run. Rates are those of the first parameter group."""

    path: Path
    """The schedule that restarts, below the trial's; empty where it is the trial's own."""
    length: str
    """The name of the argument that gives the first cycle's length."""
    factor: str
    """The name of the argument that gives the factor from each cycle to the next."""
    first: float
    """The value of `length`."""
    times: float
    """The value of `factor`."""
    begin: float
    """The trial's tick at which the first cycle begins."""
    left: float
    """The ticks from there to the run's end."""
    ends: tuple[End, ...]
    """The ends of whole cycles in the run; where several fall on one optimizer step, only the first."""
    complete: bool
    """Whether `ends` lists all of them."""
    whole: int
    """How many cycles come to their end in the run."""
    share: float
    """How far the last cycle has come, in optimizer steps: 1 where it is whole."""
    last_lr: float
    height: float
    """How high the last step still is between the floor (0) and the peak of its cycle (1).

    Of cosine cycles it is (1 + cos(pi r / T)) / 2 at tick r of T.
    """
    below: Budget | None
    above: Budget | None
    """The nearest shorter and longer budgets of whole cycles; both are the run itself where its cycles are whole.

    None where there is none, and where a run of that length would change the cycles: a first one of `10%` is longer in
    a longer run.
    """
    choices: tuple[Choice, ...]

    @property
    def cut(self) -> bool:
        """Whether the run ends before its last cycle does."""
        return self.share < 1


def plan(run: Run, trial: Trial) -> Plan | None:
    """The plan of the schedule that restarts until the run ends; None where none does.

    None too where the run ends before the first cycle begins. A timm schedule restarts where its cycle_limit is 2 or
    more: with the default of 1 it stays at lr_min. DocumentError as from engine.lr.
    """
    for path, owner, last in nested(trial.bound(run)[0]):
        about = owner.restarts() if last else None
        if about and about.most > 1:
            return _planned(run, trial, path, owner, about)
    return None


def with_first_length(planned: Plan, length: int) -> dict[Path, Any]:
    """What to change for another first cycle: the value, by its path in the trial."""
    return {("schedule", *planned.path, planned.length): length}


def with_budget(run: Run, clock: Clock, ticks: int) -> Run | None:
    """The run made as long as a budget of so many ticks.

    None where the run is counted in epochs and the budget does not make whole ones.
    """
    steps = first_step(run, clock, ticks)
    if isinstance(run, DataRun):
        epochs, rest = divmod(steps, run.updates)
        return None if rest else run.model_copy(update={"epochs": epochs})
    # without steps_per_epoch the epoch would grow with the run, and a tick of this clock with it
    epoch = {"steps_per_epoch": run.updates} if clock == "epoch" else {}
    return run.model_copy(update={"total_steps": steps} | epoch)


@dataclass(frozen=True)
class _Cycles:
    """Cycles of first, first * factor, ... ticks in a run, by how many of them are over."""

    run: Run
    clock: Clock
    begin: float
    first: float
    factor: float
    limit: float

    def total(self, cycles: int) -> float:
        return self.first * geometric(self.factor, cycles)

    def tick(self, cycles: int) -> int:
        try:
            total = self.total(cycles)
        except OverflowError:
            return _FAR
        return math.ceil(min(self.begin + (total * (1 - ROUNDING) if isinstance(self.factor, float) else total), _FAR))

    def step(self, cycles: int) -> int:
        return first_step(self.run, self.clock, self.tick(cycles))

    def over(self, step: int) -> int:
        """How many cycles are over when an optimizer step begins; found by bisection, since there may be 1e12."""
        most = 1
        while most < self.limit and self.step(most) <= step:
            most *= 2
        return bisect_right(range(1, int(min(most, self.limit)) + 1), step, key=self.step)

    def budget(self, cycles: int) -> Budget | None:
        tick, step = self.tick(cycles), self.step(cycles)
        has_rate = self.factor >= 1 or tick < self.first / (1 - self.factor)  # cycles that get shorter come to an end
        if not (0 < cycles <= self.limit and 0 < step <= MAX_STEPS and has_rate):
            return None
        epochs, rest = divmod(step, self.run.updates)
        return Budget(cycles, tick, step, None if rest else epochs)


def _planned(run: Run, trial: Trial, path: Path, owner: Schedule, about: Cycles) -> Plan | None:
    room = owner.ticks_left
    left = room - about.begin
    begin = calls(run, trial.clock) - left
    cycles = _Cycles(run, trial.clock, begin, plain(about.first), plain(about.times), about.most)
    if cycles.step(0) >= run.steps or (owner.rises_by and getattr(owner, owner.rises_by) > room - 1):
        return None
    over, whole = cycles.over(run.steps - 1), cycles.over(run.steps)
    past = over == cycles.limit
    borders = {cycles.step(k): cycles.tick(k) for k in range(min(whole, MOST_LISTED), 0, -1) if cycles.step(k) > 0}
    at = sorted(borders)
    *rates, last_lr = engine.first_group(engine.lr(run, trial, [*(step - 1 for step in at), run.steps - 1])).tolist()
    since = float(ticks(run, trial.clock, run.steps - 1)) - begin - cycles.total(over)
    begun = cycles.step(over)
    return Plan(
        path, about.length, about.factor, cycles.first, cycles.factor, begin, left,
        ends=tuple(End(borders[step], step, lr) for step, lr in zip(at, rates, strict=True)),
        complete=whole <= MOST_LISTED,
        whole=whole,
        share=1.0 if past else (run.steps - begun) / (cycles.step(over + 1) - begun),
        last_lr=last_lr,
        height=0.0 if past else owner.height(max(since, 0.0), cycles.first * cycles.factor**over),
        below=_kept(run, trial, cycles.budget(whole)),
        above=None if past else _kept(run, trial, cycles.budget(max(over + 1, whole))),
        choices=_choices(cycles, left),
    )  # fmt: skip


def _kept(run: Run, trial: Trial, budget: Budget | None) -> Budget | None:
    """The budget; None where a run of it has other cycles, because they are a share of the run."""
    other = None if budget is None else with_budget(run, trial.clock, budget.ticks)
    if other is None:
        return budget
    try:
        same = trial.on(other).schedule.in_numbers() == trial.on(run).schedule.in_numbers()
    except ValueError:
        return None
    return budget if same else None


def _choices(cycles: _Cycles, left: float) -> tuple[Choice, ...]:
    """For each number of cycles, the whole first length with which the run ends in the last of them.

    Some numbers have no such length, and are left out.
    """
    found = []
    for k in range(1, int(min(cycles.limit, MOST_CHOICES)) + 1):
        exact, length = first_length(left, k, cycles.factor)
        if exact < 1:
            break
        if replace(cycles, first=length).step(k - 1) < cycles.run.steps:
            found.append(Choice(k, exact, length))
    return tuple(found)
