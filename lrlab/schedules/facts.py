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
    """The name of the argument that gives the first cycle's length."""
    factor: str
    """The name of the argument that gives the factor from each cycle to the next."""
    first: float
    """The value of `length`; only of a bound schedule, as it may follow the run."""
    times: float
    """The value of `factor`."""
    begin: float = 0
    """The tick at which the first cycle begins."""
    most: float = math.inf
    """How many there are; the floor comes after them."""


@dataclass(frozen=True)
class Waiting:
    """How a schedule waits for a metric to get better."""

    patience: int
    """The value of its argument."""
    bad: int
    """How many bad values in a row reduce the rate."""
    rest: int
    """How many values are not counted after that: the cooldown."""
    calls: int = 1
    """How many calls are needed for one value."""


@dataclass(frozen=True)
class TwiceDivided:
    """A peak, the tick at which it is reached, and the two numbers that divide it on the way to the last rate."""

    peak: float
    tick: int
    first: float
    second: float


class Facts(BaseModel):
    """The facts with the values that most schedules share; a class gives its own value by a plain assignment."""

    # how code writes it
    imported_whole: ClassVar[bool] = False
    """Whether code imports its package alone and calls it by its whole path."""
    variable: ClassVar[str] = "scheduler"
    """The name of the variable that holds it."""
    made_with_last_epoch: ClassVar[LastEpoch] = "never"
    """Whether it can be made anew with last_epoch, and how step() then goes on.

    It goes on by the tick alone, or from the rate that it finds.
    """

    # its rates
    rewrites_initial_lr: ClassVar[bool] = False
    """Whether its constructor overwrites the optimizer's rate with one from its own arguments.

    Later schedulers on the same optimizer then start from that.
    """
    rises_between: ClassVar[tuple[str, str] | None] = None
    """The arguments that give the rate at which its warmup begins, and the rate to which it leads."""
    falls_between: ClassVar[tuple[str, str] | None] = None
    """The arguments that give the rate from which it falls (an empty name: the base LR), and its floor."""
    momentum_between: ClassVar[tuple[str, str] | None] = None
    """The arguments between which it moves the momentum that the optimizer was given, low and high."""
    find_rate: ClassVar[bool] = False
    """Whether it is a test to find a rate, and no schedule to train with."""

    # its durations
    restarts_by: ClassVar[tuple[str, str] | None] = None
    """The two arguments of a schedule that restarts: the length of its first cycle, and the factor.

    Each cycle is by that factor longer than the one before.
    """
    waves_by: ClassVar[str] = ""
    """The argument that says how many waves a cosine makes up to its end; it is half a wave where there is none."""
    hard_restarts: ClassVar[bool] = False
    """Whether each of those waves begins anew at the peak, so that a single wave restarts nothing."""
    falls_every: ClassVar[str] = ""
    """The argument that says after how many ticks the rate falls again, each time."""
    has_corners: ClassVar[bool] = False
    """Whether it arrives at a rate at each tick that it lists; others begin to change there."""
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
        """How high it is between the floor (0) and the peak (1) of a cycle, `since` ticks after its begin.

        The cycle has `length` ticks. It is a cosine, unless the class says otherwise.
        """
        return (1 + math.cos(math.pi * min(since / length, 1.0))) / 2

    def twice_divided(self) -> TwiceDivided | None:
        """Its peak and the two numbers that divide it, where the last rate is made so (bound schedules only)."""
        return None

    def get_lr_factor(self) -> float | None:
        """By what get_lr() multiplies the rate once more when it is asked at a milestone; None where it does not."""
        return None
