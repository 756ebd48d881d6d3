"""PaddleVideo's custom_lr, as of commit ed245e9ce5: rates by fractions of an epoch, moved on by 1 / num_iters at every tick."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Schedule, inside
from lrlab.schedules.params import LOW_RATE, MAX_COUNT, Control, Rate, Steps


class PaddleVideoSchedule(Schedule):
    """A schedule of PaddleVideo. A tick is an iteration; epochs are num_iters of them. The rate is an argument of its own."""

    framework: ClassVar[str] = "paddlevideo"

    @property
    def own_rate(self) -> bool:
        """The trial's base_lr is not used."""
        return True


class CustomWarmupCosineDecay(PaddleVideoSchedule):
    """Rises in a straight line from warmup_start_lr onto a cosine from cosine_base_lr to 0 at max_epoch, which climbs again after.

    The cosine runs from epoch 0 behind the warmup, so the peak lies below cosine_base_lr.

    Source: PaddleVideo, paddlevideo/solver/custom_lr.py.
    """

    warmup_start_lr: Annotated[Rate, LOW_RATE]
    warmup_epochs: Annotated[int | float, Field(ge=0, le=MAX_COUNT), Control("epochs", start=0.05)]
    cosine_base_lr: Rate
    max_epoch: Annotated[int | float, Field(gt=0, le=MAX_COUNT), Control("epochs", low=1, start=1.0)]
    num_iters: Annotated[Steps, Control("updates", low=1, high=10_000)]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:  # noqa: ARG002
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
