"""PaddleVideo's custom_lr, as of commit ed245e9ce5: rates by fractions of an epoch, moved on by 1 / num_iters at every
tick.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Schedule, inside
from lrlab.schedules.likeness import CLIMBS, Like, Only, Unlike
from lrlab.schedules.paddle import PiecewiseDecay
from lrlab.schedules.params import LOW_RATE, MAX_COUNT, Control, Factor, Milestones, Rate, Steps, list_of

Iterations = Annotated[Steps, Control("updates", low=1, high=10_000)]
WarmupEpochs = Annotated[int | float, Field(ge=0, le=MAX_COUNT), Control("epochs", start=0.05)]
AllEpochs = Annotated[int | float, Field(gt=0, le=MAX_COUNT), Control("epochs", low=1, start=1.0)]
EpochBorders = Annotated[Milestones, Control("epochs", help="epochs, in brackets: [30, 60]")]

_FAR = 2.0**60  # no run is so long


@lru_cache(maxsize=4096)
def first_tick(epoch: float, num_iters: float) -> float:
    """The first tick at which the sum 1 / num_iters + 1 / num_iters + ... has reached `epoch`.

    Rounding makes some epochs begin a tick late.

    Between two powers of two every addition is rounded to the same amount, so a long stretch of them is one
    multiplication, and exact.
    """
    step, goal = 1.0 / float(num_iters), float(epoch)
    tick, here = 0.0, 0.0
    while here < goal:
        tick, here = tick + 1, here + step
        amount = (here + step) - here
        if amount == 0:
            return _FAR
        room = min(goal, 2.0 ** math.frexp(here)[1]) - here
        # two less than fit: additions near a power of two, or after a tie in rounding, are done one by one
        many = math.floor(room / amount) - 2
        if many > 0 and (here + step + step) - (here + step) == amount:
            tick, here = tick + many, here + many * amount
    return tick


class PaddleVideoSchedule(Schedule):
    """A schedule of PaddleVideo. A tick is an iteration; epochs are num_iters of them. The rate is an argument of its
    own.
    """

    framework = "paddlevideo"
    module = "paddlevideo.solver.custom_lr"
    imported_whole = False  # where the curve is paddle's, too
    takes_optimizer = False
    documentation = "https://github.com/PaddlePaddle/PaddleVideo/blob/develop/paddlevideo/solver/custom_lr.py"
    sets_rate = True


class CustomWarmupCosineDecay(PaddleVideoSchedule):
    """Rises in a straight line from warmup_start_lr in warmup_epochs to meet a cosine, which runs from cosine_base_lr
    at tick 0 to 0 at max_epoch, and follows it from there: down, and up again, for ever.

    The cosine runs from epoch 0 behind the warmup, so the peak lies below cosine_base_lr.

    Source: PaddleVideo, paddlevideo/solver/custom_lr.py.
    """

    family = Unlike(
        "Cosine behind a warmup",
        "The cosine runs from the start of training; the warmup meets it on its way, below cosine_base_lr.",
    )
    also = (
        Like(
            "Cosine",
            f"Ends at 0. {CLIMBS} Counts epochs of num_iters iterations.",
            Only(given={"floor": 0}),
            warmup_start_lr=0,
            warmup_epochs=0,
            cosine_base_lr="peak",
            max_epoch="T",
            num_iters=1,
        ),
    )

    warmup_start_lr: Annotated[Rate, LOW_RATE]
    warmup_epochs: WarmupEpochs
    cosine_base_lr: Rate
    max_epoch: AllEpochs
    num_iters: Iterations

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        epoch = tick / self.num_iters
        after = shapes.cosine(epoch / self.max_epoch, self.cosine_base_lr, 0.0, xp)
        if self.warmup_epochs == 0:
            return after
        peak = shapes.cosine(self.warmup_epochs / self.max_epoch, self.cosine_base_lr, 0.0, xp)
        rise = shapes.linear(epoch / self.warmup_epochs, self.warmup_start_lr, peak)
        return xp.where(epoch < self.warmup_epochs, rise, after)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = int(np.ceil(self.warmup_epochs * self.num_iters)), int(np.ceil(self.max_epoch * self.num_iters))
        return inside(ticks, limit, Mark(ends[0], "warmup ends"), Mark(ends[1], "turning point"))


class CustomWarmupPiecewiseDecay(PaddleVideoSchedule):
    """Rises in a straight line from warmup_start_lr in warmup_epochs to the level of a staircase: step_base_lr times
    lrs[k] from epoch steps[k] on, the last of them for ever.

    Before the first of steps the last of lrs is used: begin steps with 0. Without a warmup the first iteration still
    uses warmup_start_lr. gamma and max_epoch are asked for and change nothing. Rounding makes some steps an iteration
    late (epoch 4 of 30 iterations: at 121).

    Source: PaddleVideo, paddlevideo/solver/custom_lr.py.
    """

    family = Unlike("Milestones", "Behind a warmup; levels are those of the last step.")

    warmup_start_lr: Annotated[Rate, LOW_RATE]
    warmup_epochs: WarmupEpochs
    step_base_lr: Rate
    lrs: Annotated[list_of(float), Field(min_length=1), Control("factor", help="factors, in brackets: [1, 0.1]")]  # type: ignore[valid-type]
    gamma: Factor
    steps: EpochBorders
    max_epoch: AllEpochs
    num_iters: Iterations

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth after a third and after two thirds of the run."""
        return super().example(ticks, epochs, updates) | {
            "lrs": [1.0, 0.1, 0.01],
            "steps": [0, epochs // 3, epochs * 2 // 3],
        }

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.lrs) < len(self.steps):
            msg = f"lrs: must have one value for each of steps ({len(self.steps)}), not {len(self.lrs)}"
            raise ValueError(msg)
        return self

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        factors = (self.lrs[-1], *self.lrs[: len(self.steps)])
        borders = tuple(first_tick(s, self.num_iters) for s in accumulate(self.steps, max))
        after = self.step_base_lr * shapes.levels(tick, borders, factors, xp)
        if self.warmup_epochs == 0:
            return xp.where(tick < 1, self.warmup_start_lr, after)
        peak = self.step_base_lr * factors[bisect_right(list(accumulate(self.steps, max)), self.warmup_epochs)]
        rise = shapes.linear(tick / self.num_iters / self.warmup_epochs, self.warmup_start_lr, peak)
        return xp.where(tick < first_tick(self.warmup_epochs, self.num_iters), rise, after)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        steps = [Mark(max(_whole_tick(s, self), 1), "step") for s in sorted(set(self.steps)) if s >= self.warmup_epochs]
        return inside(ticks, limit, Mark(max(_whole_tick(self.warmup_epochs, self), 1), "warmup ends"), *steps)


class CustomPiecewiseDecay(PaddleVideoSchedule, PiecewiseDecay):
    """A staircase: the first of values until the first of boundaries, then the next one until the next, and the last
    one for ever.

    paddle's PiecewiseDecay: boundaries are iterations, not epochs, and num_iters changes nothing.

    Source: PaddleVideo, paddlevideo/solver/custom_lr.py.
    """

    family = Like(
        "Milestones",
        "Counts epochs in parts of 1 / num_iters, whose rounding can make a border come one iteration late.",
        boundaries=["first", "second"],
        values=["peak", "peak * factor", "peak * factor ** 2"],
        num_iters=1,
    )

    num_iters: Iterations


class CustomWarmupCosineStepDecay(PaddleVideoSchedule):
    """Half a cosine from the base LR to min_lr at max_epoch, in steps of an epoch, climbing again after that; all times
    a straight line from warmup_ratio to 1 in warmup_iters epochs, which then stays at 1.

    warmup_iters counts epochs, in spite of its name. base_lr is the trial's.

    Source: PaddleVideo, paddlevideo/solver/custom_lr.py.
    """

    family = Unlike("Cosine behind a warmup", "The cosine changes once an epoch, and the warmup multiplies it.")
    falls_between = ("", "min_lr")

    warmup_iters: WarmupEpochs
    warmup_ratio: Annotated[float, Control("factor", high=1.0)] = 0.1
    min_lr: Rate = 0.0
    max_epoch: AllEpochs = 30
    num_iters: Iterations

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """As long as the run."""
        return super().example(ticks, epochs, updates) | {"max_epoch": epochs}

    sets_rate = False

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        after = shapes.cosine(shapes.steps_done(tick, self.num_iters, xp) / self.max_epoch, base_lr, self.min_lr, xp)
        if self.warmup_iters == 0:
            return after
        return after * shapes.linear(shapes.ramp(tick, self.warmup_iters * self.num_iters, xp), self.warmup_ratio, 1.0)

    def jumps(self, ticks: int, limit: int) -> list[int]:
        """It falls once an epoch."""
        epochs = range(self.num_iters, ticks, self.num_iters)
        return list(epochs) if len(epochs) <= limit else []

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = math.ceil(self.warmup_iters * self.num_iters), math.ceil(self.max_epoch) * self.num_iters
        return inside(ticks, limit, Mark(ends[0], "warmup ends"), Mark(ends[1], "turning point"))


class CustomWarmupAdjustDecay(PaddleVideoSchedule):
    """Rises in a straight line from step_base_lr / warmup_epochs in warmup_epochs, then a staircase from step_base_lr:
    times lr_decay_rate at each boundary, and level after the last.

    Made for one step an epoch: driven by iterations the warmup rises an epoch too far, up to nearly 1 + 1 /
    warmup_epochs times step_base_lr, and drops to it. Rounding makes some boundaries an iteration late.

    Source: PaddleVideo, paddlevideo/solver/custom_lr.py.
    """

    family = Unlike("Milestones", "Behind a warmup that overshoots the base rate.")

    step_base_lr: Rate
    warmup_epochs: WarmupEpochs
    lr_decay_rate: Factor
    boundaries: EpochBorders
    num_iters: Iterations

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth after a third and after two thirds of the run."""
        return super().example(ticks, epochs, updates) | {"boundaries": [epochs // 3, epochs * 2 // 3]}

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        borders = tuple(first_tick(b, self.num_iters) for b in sorted(self.boundaries))
        after = (
            self.step_base_lr * self.lr_decay_rate ** shapes.passed(tick, borders, xp) if borders else self.step_base_lr
        )
        if self.warmup_epochs == 0:
            return after
        rise = self.step_base_lr * (tick / self.num_iters + 1.0) / self.warmup_epochs
        return xp.where(tick < first_tick(self.warmup_epochs, self.num_iters), rise, after)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        steps = [Mark(_whole_tick(b, self), "boundary") for b in sorted(set(self.boundaries)) if b > self.warmup_epochs]
        return inside(ticks, limit, Mark(_whole_tick(self.warmup_epochs, self), "warmup ends"), *steps)


def _whole_tick(epoch: float, schedule: CustomWarmupPiecewiseDecay | CustomWarmupAdjustDecay) -> int:
    return int(first_tick(epoch, schedule.num_iters))


SCHEDULES: tuple[type[Schedule], ...] = (
    CustomWarmupCosineDecay,
    CustomWarmupPiecewiseDecay,
    CustomPiecewiseDecay,
    CustomWarmupCosineStepDecay,
    CustomWarmupAdjustDecay,
)
