"""pytorch_transformers 1.2, the predecessor of transformers, with its schedules as classes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from lrlab.schedules.base import Array, Mark, Schedule, inside
from lrlab.schedules.params import Total, Warmup


class PytorchTransformersSchedule(Schedule):
    """A schedule of pytorch_transformers: a LambdaLR whose horizon t_total includes the warmup."""

    framework: ClassVar[str] = "pytorch_transformers"


class WarmupLinearSchedule(PytorchTransformersSchedule):
    """Rises in a straight line from 0 to the base LR in warmup_steps, falls in one to 0 at t_total and stays there.

    Source: pytorch_transformers.optimization.WarmupLinearSchedule.
    """

    warmup_steps: Warmup
    t_total: Total

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        left = xp.maximum((self.t_total - tick) / max(1, self.t_total - self.warmup_steps), 0.0)
        return base_lr * xp.where(tick < self.warmup_steps, tick / max(1, self.warmup_steps), left)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = (int(np.ceil(self.warmup_steps)), "warmup ends"), (int(np.ceil(self.t_total or 0)), "decay ends")
        return inside(ticks, limit, *(Mark(*end) for end in ends))
