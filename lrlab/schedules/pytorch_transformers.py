"""pytorch_transformers 1.2, the predecessor of transformers, with its schedules as classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Schedule, every, inside
from lrlab.schedules.likeness import CLIMBS, Like, Only
from lrlab.schedules.params import Cycles, Total, Warmup


class PytorchTransformersSchedule(Schedule):
    """A schedule of pytorch_transformers: a LambdaLR whose horizon t_total includes the warmup."""

    framework = "pytorch_transformers"
    module = "pytorch_transformers"
    documentation = "https://github.com/huggingface/transformers/tree/1.2.0"
    made_with_last_epoch = "by the tick"


class ConstantLRSchedule(PytorchTransformersSchedule):
    """Level at the base LR, for ever.

    Source: pytorch_transformers.optimization.ConstantLRSchedule.
    """

    family = Like("Constant")

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr


class WarmupConstantSchedule(PytorchTransformersSchedule):
    """Rises in a straight line from 0 to the base LR in warmup_steps, then stays level; the first step uses a rate of
    0.

    Source: pytorch_transformers.optimization.WarmupConstantSchedule.
    """

    family = Like("Warmup, then level", "Starts at 0.", Only(given={"start": 0}), warmup_steps="warmup")

    warmup_steps: Warmup

    def _warmed(self, tick: Array, after: Array, xp: Any) -> Array:
        """From 0 in a straight line towards 1, and `after` from the tick warmup_steps on."""
        return xp.where(tick < self.warmup_steps, tick / max(1, self.warmup_steps), after)

    def _warmup_ends(self) -> Mark:
        return Mark(int(np.ceil(self.warmup_steps)), "warmup ends")

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * self._warmed(tick, 1.0, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, self._warmup_ends())


class WarmupLinearSchedule(WarmupConstantSchedule):
    """Rises in a straight line from 0 to the base LR in warmup_steps, falls in another to 0 at t_total and stays there.

    Source: pytorch_transformers.optimization.WarmupLinearSchedule.
    """

    family = Like(
        "Linear warmup, linear decay", "The horizon includes the warmup.", warmup_steps="warmup", t_total="warmup + T"
    )

    t_total: Total

    def _span(self) -> Array:
        return max(1, self.t_total - self.warmup_steps)

    def _decay_ends(self) -> Mark:
        return Mark(max(int(np.ceil(self.t_total)), self._warmup_ends().tick), "decay ends")

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        left = xp.maximum((self.t_total - tick) / self._span(), 0.0)
        return base_lr * self._warmed(tick, left, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, self._warmup_ends(), self._decay_ends())


class WarmupCosineSchedule(WarmupLinearSchedule):
    """Rises in a straight line from 0 to the base LR in warmup_steps, falls as half a cosine (`cycles` 0.5) to 0 at
    t_total, then climbs again: the wave goes on for ever.

    After t_total the wave goes on: with the default half wave the LR climbs again.

    Source: pytorch_transformers.optimization.WarmupCosineSchedule.
    """

    family = Like(
        "Cosine behind a warmup",
        f"The horizon includes the warmup; starts and ends at 0. {CLIMBS}",
        Only(given={"start": 0, "floor": 0}),
        warmup_steps="warmup",
        t_total="warmup + T",
    )
    also = (Like("Cosine", f"Ends at 0. {CLIMBS}", Only(given={"floor": 0}), warmup_steps=0, t_total="T"),)
    waves_by = "cycles"

    cycles: Cycles = 0.5

    def _turns(self, tick: Array) -> Array:
        """How many of the cycles have passed since the warmup."""
        return self.cycles * ((tick - self.warmup_steps) / self._span())

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        wave = shapes.cosine(2.0 * self._turns(tick), 1.0, 0.0, xp)
        return base_lr * self._warmed(tick, xp.maximum(wave, 0.0), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = self._warmup_ends()
        if self.cycles == 0:
            return inside(ticks, limit, ends)
        turns = every(self._span() / (2.0 * abs(self.cycles)), ticks - ends.tick, limit, "turning point")
        return (
            None if turns is None else inside(ticks, limit, ends, *(Mark(ends.tick + m.tick, m.label) for m in turns))
        )


class WarmupCosineWithHardRestartsSchedule(WarmupCosineSchedule):
    """Rises in a straight line from 0 to the base LR in warmup_steps, then `cycles` half cosines of equal length from
    the base LR to 0; 0 from t_total on.

    With the default of 1 it never restarts; negative cycles rise. Rounding can make a restart come one tick late, as in
    the genuine code (22 cycles in 220 steps do).

    Source: pytorch_transformers.optimization.WarmupCosineWithHardRestartsSchedule.
    """

    family = Like(
        "Cosine with restarts",
        "Takes the number of cycles, all of one length, and no floor; 0 after the last. The horizon includes a warmup.",
        Only(given={"mult": 1, "floor": 0}, last="length * cycles - 1"),
        warmup_steps=0,
        t_total="length * cycles",
        cycles="cycles",
    )
    hard_restarts = True

    cycles: Cycles = 1.0

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Three cycles: the default of one does not restart."""
        return super().example(ticks, epochs, updates) | {"cycles": 3}

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        turns = self._turns(tick)
        cycle = shapes.cosine(turns - xp.floor(turns), 1.0, 0.0, xp)
        over = (tick - self.warmup_steps) / self._span() >= 1.0
        return base_lr * self._warmed(tick, xp.where(over, 0.0, cycle), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        begin, end = self._warmup_ends(), self._decay_ends()
        if self.cycles == 0:
            return inside(ticks, limit, begin, end)
        turns = every(self._span() / abs(self.cycles), min(ticks, end.tick) - begin.tick, limit, "restart")
        if turns is None:
            return None
        restarts = (Mark(begin.tick + m.tick, f"restart {k}") for k, m in enumerate(turns, 1))
        return inside(ticks, limit, begin, *restarts, end)


SCHEDULES: tuple[type[Schedule], ...] = (
    ConstantLRSchedule,
    WarmupConstantSchedule,
    WarmupLinearSchedule,
    WarmupCosineSchedule,
    WarmupCosineWithHardRestartsSchedule,
)
