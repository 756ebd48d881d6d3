"""CosineAnnealingWithWarmBoot (CAWB), as of commit 542f86da57."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Schedule, inside
from lrlab.schedules.likeness import Like, Unlike
from lrlab.schedules.params import MAX_PARTS, Control, Epochs, Factor, Milestones, expression
from lrlab.schedules.recurrence import BEYOND
from lrlab.schedules.typed import check_start, held
from lrlab.trees.ends import Ends, ends
from lrlab.trees.parse import parse


class CosineAnnealingWarmbootingLR(Schedule):
    """Half cosines from the base LR towards eta_min times it, begun anew after each of `steps`, step_scale times as
    high each time; after `epochs` a wave, scaled once more, that goes on for ever.

    epoch_scale is added to the length of every segment but the last, which so ends above its floor; a segment begins
    one epoch after its step, past its peak. After `epochs` all scales apply and the cosine goes on from the start of
    the run. With batchs = 0 a tick is an epoch (`step()` before each). With batchs > 0 a tick is a batch:
    `step_batch()` warms up from 0, `step()` at the end of each epoch sets the rate of the next, so the curve is an
    epoch late.

    Source: github.com/DingHB/CosineAnnealingWarmbooting, CAWB.py.
    """

    family = Unlike(
        "Cosine with restarts",
        "Restarts at epochs of your choice, lower each time; a cycle begins one epoch past its peak and, "
        "unless last, ends above its floor.",
    )
    also = (Like("Cosine", "Without steps; the floor is a share.", epochs="T", eta_min="floor / peak"),)

    framework = "cawb"
    also_called = "warmboot"
    module = "CAWB"
    documentation = "https://github.com/DingHB/CosineAnnealingWarmbooting"

    epochs: Epochs
    eta_min: Annotated[float, Control("factor", high=1.0)] = 0.05
    steps: Annotated[
        Milestones, Field(max_length=MAX_PARTS), Control("epochs", help="epochs, in brackets: [30, 60]")
    ] = ()
    step_scale: Factor = 0.8
    lf: expression("x", "y", start="((1 + cos(x * pi / y)) / 2) * 0.8 + 0.2") | None = None  # type: ignore[valid-type]
    batchs: Annotated[int, Field(ge=0, le=10**12), Control("updates", high=10_000)] = 0
    warmup_epoch: Annotated[int, Field(ge=0, le=10**12), Control("epochs")] = 0
    epoch_scale: Annotated[float, Control("number", low=0.0, high=20.0)] = 1.0

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Three segments, driven batch by batch."""
        return super().example(ticks, epochs, updates) | {"steps": [epochs // 3, epochs * 2 // 3], "batchs": updates}

    @model_validator(mode="after")
    def _segments_have_length(self) -> Self:
        if self.warmup_epoch == self.epochs:
            msg = f"warmup_epoch: must not equal epochs ({self.epochs}): the last segment would have no length"
            raise ValueError(msg)
        borders = self._borders()
        for begin, end in pairwise(borders[:-1]):
            if end - begin + self.epoch_scale == 0:
                msg = f"epoch_scale: {self.epoch_scale:g} takes away the whole segment from epoch {begin} to {end}"
                raise ValueError(msg)
        return self

    def _borders(self) -> list[int]:
        inner = sorted(s for s in self.steps if self.warmup_epoch < s < self.epochs)
        return [self.warmup_epoch, *inner, self.epochs]

    def _gaps(self) -> list[float]:
        """The length of every segment."""
        pairs = list(pairwise(self._borders()))
        return [end - begin + (self.epoch_scale if i < len(pairs) - 1 else 0) for i, (begin, end) in enumerate(pairs)]

    @model_validator(mode="after")
    def _starts(self) -> Self:
        if self.lf is not None and self.batchs == 0:
            check_start("lf", self.lf, ("x", "y"), -self.warmup_epoch, self._gaps()[0])
        return self

    def _ends(self) -> Ends:
        """What becomes of lf, by epoch."""
        if self.lf is None:
            return Ends(most=1.0)
        borders, gaps = self._borders(), self._gaps()
        after = (max(self.ticks_left, 1) + BEYOND) // (self.batchs or 1) + 1
        begins = [0, *(border + 1 for border in borders[1:])]
        starts, found = [*borders[:-1], 0], Ends()
        for begin, end, start, gap in zip(begins, [*begins[1:], after], starts, [*gaps, gaps[-1]], strict=True):
            piece = ends(parse(self.lf, "x", "y"), begin - start, min(end, after) - start, (float(gap),))
            most = max(found.most, piece.most)
            found = Ends(piece.raises + start, piece.breaks + start, most)
            if found.first < np.inf:
                return found
        return found

    def raises_at(self) -> float:
        epoch = self._ends().raises
        return (epoch + 1) * self.batchs if self.batchs else epoch

    @property
    def most(self) -> float:
        return self._ends().span * max(1.0, abs(self.step_scale)) ** len(self._gaps())

    def _cosine(self, x: Array, y: Array, xp: Any) -> Array:
        if self.lf is not None:
            return parse(self.lf, "x", "y")(xp, x, y)
        return shapes.cosine(x / y, 1.0, self.eta_min, xp)

    def _by_epoch(self, epoch: Array, xp: Any) -> Array:
        """The factor that the epoch-th call of step() sets; a segment's last epoch belongs to it."""
        borders, gaps = self._borders(), self._gaps()
        last = len(gaps) - 1
        outcome = self.step_scale ** (last + 1) * self._cosine(epoch, gaps[-1], xp)
        for i in range(last, -1, -1):
            segment = self.step_scale**i * self._cosine(epoch - borders[i], gaps[i], xp)
            outcome = xp.where(epoch <= borders[i + 1], segment, outcome)
        return outcome

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        tick = held(tick, self.raises_at(), xp)
        if self.batchs == 0:
            return base_lr * self._by_epoch(tick, xp)
        epoch = xp.floor(tick / self.batchs)
        stepped = xp.where(epoch >= 1.0, self._by_epoch(xp.maximum(epoch - 1.0, 0.0), xp), 1.0)
        warmup = self.batchs * self.warmup_epoch
        if warmup == 0:
            return base_lr * stepped
        return base_lr * xp.where(tick < warmup, tick / warmup, stepped)

    def jumps(self, ticks: int, limit: int) -> list[int]:
        """Driven batch by batch, it changes once an epoch."""
        epochs = range(self.batchs, ticks, self.batchs) if self.batchs else ()
        return list(epochs) if len(epochs) <= limit else []

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        scale, late = (self.batchs, 1) if self.batchs else (1, 0)
        inner = [Mark((b + 1 + late) * scale, f"restart {k}") for k, b in enumerate(self._borders()[1:-1], 1)]
        end = Mark((self.epochs + 1 + late) * scale, "past the last epoch")
        warm = [Mark(self.warmup_epoch * scale, "warmup ends")] if self.batchs else []
        return inside(ticks, limit, *warm, *inner, end)


SCHEDULES: tuple[type[Schedule], ...] = (CosineAnnealingWarmbootingLR,)
