"""What is true of a schedule besides its curve: what advice, plans, exporters and pages ask of it.

Each fact has the value here that most schedules share; a framework's base class, or the class itself, says otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import BaseModel

LastEpoch = Literal["never", "by the tick", "by the rate"]


@dataclass(frozen=True)
class Cycles:
    """Cycles of which each is by a factor longer than the one before."""

    length: str
    factor: str
    """The arguments' names; `first` and `times` are their values."""
    first: float
    """The first cycle's length; bound schedules only, where it may follow the run."""
    times: float
    begin: float = 0
    """The tick at which the first cycle begins."""
    most: float = math.inf
    """How many there are; the floor comes after them."""


@dataclass(frozen=True)
class Waiting:
    """How a schedule waits for a metric to get better."""

    patience: int
    """As its argument counts it."""
    bad: int
    """The bad value in a row at which the rate is reduced."""
    rest: int
    """How many values of the cooldown after it do not count."""
    calls: int = 1
    """How many calls make one value."""


@dataclass(frozen=True)
class TwiceDivided:
    """A peak, the tick at which it is reached, and the two numbers that divide it on the way to the last rate."""

    peak: float
    tick: int
    first: float
    second: float


class Facts(BaseModel):
    """The facts with the values that most schedules share; a class gives its own value by a plain assignment."""

    # in code
    imported_whole: ClassVar[bool] = False
    """Whether code imports its package alone and calls it by its whole path."""
    variable: ClassVar[str] = "scheduler"
    """What the variable is called that holds it."""
    made_with_last_epoch: ClassVar[LastEpoch] = "never"
    """Whether it can be made anew with last_epoch, and how step() then goes on: by the tick alone, or from the rate
    that it finds.
    """

    # its rates
    rewrites_initial_lr: ClassVar[bool] = False
    """Whether the constructor takes the rate from its own arguments and overwrites the optimizer's, which later
    schedulers start from.
    """
    rises_between: ClassVar[tuple[str, str] | None] = None
    """The arguments of the rate at which its warmup begins, and of the one to which that leads."""
    falls_between: ClassVar[tuple[str, str] | None] = None
    """The arguments of the rate from which it falls (an empty name: the base LR), and of its floor."""
    momentum_between: ClassVar[tuple[str, str] | None] = None
    """The arguments between which it moves the momentum that the optimizer was given, low and high."""
    find_rate: ClassVar[bool] = False
    """Whether it is a test to find a rate, and no schedule to train with."""

    # its durations
    restarts_by: ClassVar[tuple[str, str] | None] = None
    """Where it restarts: the arguments that say how long the first cycle is, and by what factor each next one is
    longer.
    """
    waves_by: ClassVar[str] = ""
    """The argument that says how many waves a cosine makes up to its end; it is half a wave where there is none."""
    hard_restarts: ClassVar[bool] = False
    """Whether those waves are cosines of which each begins anew at the peak, so that one of them restarts nothing."""
    falls_every: ClassVar[str] = ""
    """The argument that says after how many ticks the rate falls again, each time."""
    has_corners: ClassVar[bool] = False
    """Whether it comes to a rate at the ticks that it lists, where others begin to change."""
    raises_past: ClassVar[str] = ""
    """The argument that says how many calls of step() it takes, past which the genuine code raises."""
    rises_straight: ClassVar[bool] = True
    """Whether its warmup is a straight line from tick 0 on."""
    warmup_shares: ClassVar[bool] = False
    """Whether its framework's own trainer takes a warmup below 1 for a share of the run; the schedule does not."""
    counts_batches: ClassVar[bool] = False
    """Whether its framework asks it once a batch, whatever the training code calls."""
    cools_down: ClassVar[bool] = False
    """Whether its framework's own training goes on for some epochs after its end, on purpose."""

    # those nested in it
    in_turn: ClassVar[bool] = False
    """Whether they run one after the other."""
    at_once: ClassVar[bool] = False
    """Whether they all act on one rate at the same time, mostly as factors."""
    joined_by: ClassVar[str] = ""
    """The argument that lists the ticks at which each next one begins."""

    # the metric
    metric_driven: ClassVar[bool] = False
    """Whether it looks at a metric at every call."""
    takes_metrics: ClassVar[bool] = False
    """Whether its document has `metrics`: for itself, or for what is nested in it."""

    @property
    def rises_as_log(self) -> str:
        """The argument that makes its warmup a logarithm and no straight line; nothing where it is none."""
        return ""

    @property
    def wants_high(self) -> bool:
        """Whether the metric that it watches is good when it is high."""
        return False

    def joints(self) -> list[int]:
        """The ticks at which one part of it hands over to the next, where the rate may jump."""
        return []

    def waiting(self) -> Waiting | None:
        """How it waits for a metric to get better; None where it watches none."""
        return None

    def height(self, since: float, length: float) -> float:
        """How far up from the floor to its cycle's peak it still is, `since` ticks after the begin of a cycle of
        `length`: a cosine, unless the class says otherwise.
        """
        return (1 + math.cos(math.pi * min(since / length, 1.0))) / 2

    def twice_divided(self) -> TwiceDivided | None:
        """Its peak and the two numbers that divide it, where the last rate is made so (bound schedules only)."""
        return None

    def get_lr_factor(self) -> float | None:
        """By what get_lr() multiplies the rate once more when it is asked at a milestone; None where it does not."""
        return None
