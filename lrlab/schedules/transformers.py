"""transformers.optimization, as of version 5.23. Every schedule is a LambdaLR: the base LR times a factor of the tick."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Schedule, every, inside
from lrlab.schedules.params import Cycles, Total, Warmup


class TransformersSchedule(Schedule):
    """A schedule of Hugging Face transformers; the horizon includes the warmup."""

    framework: ClassVar[str] = "transformers"


class Constant(TransformersSchedule, native="get_constant_schedule"):
    """Level at the base LR, for ever.

    Source: transformers.get_constant_schedule.
    """

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:  # noqa: ARG002
        return base_lr


class ConstantWithWarmup(TransformersSchedule, native="get_constant_schedule_with_warmup"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, then stays level; the first step uses a rate of 0.

    Source: transformers.get_constant_schedule_with_warmup.
    """

    num_warmup_steps: Warmup

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * _warmup(tick, self.num_warmup_steps, 1.0, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, _warmup_ends(self.num_warmup_steps))


class LinearWithWarmup(TransformersSchedule, native="get_linear_schedule_with_warmup"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, falls in one to 0 at num_training_steps and stays there.

    Source: transformers.get_linear_schedule_with_warmup.
    """

    num_warmup_steps: Warmup
    num_training_steps: Total

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        left = (self.num_training_steps - tick) / max(1, self.num_training_steps - self.num_warmup_steps)
        return base_lr * _warmup(tick, self.num_warmup_steps, xp.maximum(left, 0.0), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, _warmup_ends(self.num_warmup_steps), Mark(_whole(self.num_training_steps), "decay ends"))


class CosineWithWarmup(TransformersSchedule, native="get_cosine_schedule_with_warmup"):
    """Rises in a straight line from 0 in num_warmup_steps, then follows num_cycles waves of a cosine (0.5: down to 0) until num_training_steps.

    After num_training_steps the wave goes on: with the default half wave the LR climbs again.

    Source: transformers.get_cosine_schedule_with_warmup.
    """

    num_warmup_steps: Warmup
    num_training_steps: Total
    num_cycles: Cycles = 0.5

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        wave = shapes.cosine(2.0 * self.num_cycles * _progress(self, tick), 1.0, 0.0, xp)
        return base_lr * _warmup(tick, self.num_warmup_steps, xp.maximum(wave, 0.0), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = _warmup_ends(self.num_warmup_steps)
        if self.num_cycles == 0:
            return inside(ticks, limit, ends)
        turns = every(_span(self) / (2.0 * abs(self.num_cycles)), ticks - ends.tick, limit, "turning point")
        return None if turns is None else inside(ticks, limit, ends, *(Mark(ends.tick + m.tick, m.label) for m in turns))


class CosineWithHardRestartsWithWarmup(TransformersSchedule, native="get_cosine_with_hard_restarts_schedule_with_warmup"):
    """Rises in a straight line from 0 in num_warmup_steps, then num_cycles cosines of equal length from the base LR to 0; 0 after num_training_steps.

    With the default num_cycles of 1 it never restarts. Rounding can make a restart come one tick late, as in the genuine code (22 cycles
    in 220 steps do).

    Source: transformers.get_cosine_with_hard_restarts_schedule_with_warmup.
    """

    num_warmup_steps: Warmup
    num_training_steps: Total
    num_cycles: Cycles = 1

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        progress = _progress(self, tick)
        turns = self.num_cycles * progress
        cycle = shapes.cosine(turns - xp.floor(turns), 1.0, 0.0, xp)
        return base_lr * _warmup(tick, self.num_warmup_steps, xp.where(progress >= 1.0, 0.0, cycle), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends, total = _warmup_ends(self.num_warmup_steps), _whole(self.num_training_steps)
        if self.num_cycles == 0:
            return inside(ticks, limit, ends, Mark(total, "decay ends"))
        turns = every(_span(self) / abs(self.num_cycles), min(ticks, total) - ends.tick, limit, "restart")
        if turns is None:
            return None
        restarts = (Mark(ends.tick + m.tick, f"restart {k}") for k, m in enumerate(turns, 1))
        return inside(ticks, limit, ends, *restarts, Mark(max(total, ends.tick), "decay ends"))


def _warmup(tick: Array, length: float, after: Array, xp: Any) -> Array:
    """From 0 in a straight line towards 1, and `after` from the tick `length` on."""
    return xp.where(tick < length, tick / max(1, length), after)


def _span(schedule: LinearWithWarmup | CosineWithWarmup | CosineWithHardRestartsWithWarmup) -> float:
    return max(1, (schedule.num_training_steps or 0) - schedule.num_warmup_steps)


def _progress(schedule: CosineWithWarmup | CosineWithHardRestartsWithWarmup, tick: Array) -> Array:
    """0 where the warmup ends, 1 at num_training_steps."""
    return (tick - schedule.num_warmup_steps) / _span(schedule)


def _whole(ticks: float | None) -> int:
    return int(np.ceil(ticks or 0))


def _warmup_ends(length: float) -> Mark:
    return Mark(_whole(length), "warmup ends")
