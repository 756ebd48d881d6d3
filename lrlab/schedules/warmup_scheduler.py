"""warmup_scheduler (ildoonet), as of commit 7021d63a49."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from lrlab.schedules import AnySchedule, shapes
from lrlab.schedules.base import Array, Mark, Place, Schedule, inside
from lrlab.schedules.likeness import Like, Only
from lrlab.schedules.params import MAX_COUNT, Control, Metrics
from lrlab.schedules.torch.compose import ChainedScheduler, SequentialLR
from lrlab.schedules.torch.simple import CosineAnnealingLR, ReduceLROnPlateau, TorchSchedule


class GradualWarmupScheduler(Schedule):
    """A straight line in total_epoch calls from 0 to the base LR (multiplier 1) or from it to multiplier times it; then
    level for ever, or after_scheduler's curve from its start to its end and past it.

    after_scheduler's first value is used twice, so the decay starts a call late. With a multiplier above 1 most of them
    go on from the base LR, not from the height that the warmup reached: the rate drops. Before a ReduceLROnPlateau
    there is no warmup with multiplier 1, the first two calls' rates are one, and metrics are looked at once the warmup
    is over. Without after_scheduler the height stays.

    Source: github.com/ildoonet/pytorch-gradual-warmup-lr, warmup_scheduler/scheduler.py; Goyal et al. 2017 (arXiv
    1706.02677).
    """

    family = Like(
        "Made of other schedules",
        "The inner schedule begins one tick late: equal from there on, one tick later.",
        Only(given={"start": 0}, first="warmup + 1", shift=1),
        multiplier=1,
        total_epoch="warmup",
        after_scheduler={"kind": "torch.CosineAnnealingLR", "T_max": "T", "eta_min": "floor"},
    )
    also = (
        Like(
            "Warmup, then level",
            "With multiplier 1 it starts at 0, else at the base LR. Can go on with another schedule.",
            Only(given={"start": 0}),
            multiplier=1,
            total_epoch="warmup",
        ),
    )

    framework = "warmup_scheduler"
    module = "warmup_scheduler"
    documentation = "https://github.com/ildoonet/pytorch-gradual-warmup-lr"
    takes_metrics = True

    multiplier: Annotated[float, Field(ge=1), Control("number", low=1.0, high=32.0, start=1.0)]
    total_epoch: Annotated[
        int | float, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.05, help="in scheduler.step() calls")
    ]
    after_scheduler: AnySchedule | None = None
    metrics: Metrics = None

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A warmup from 0 over a twentieth of the run, then one cosine."""
        return super().example(ticks, epochs, updates) | {
            "after_scheduler": CosineAnnealingLR.example(ticks, epochs, updates)
        }

    @model_validator(mode="after")
    def _fits(self) -> Self:
        after = self.after_scheduler
        if after is not None and not isinstance(after, TorchSchedule):
            msg = f"after_scheduler: {after.kind} is not a torch schedule"
            raise ValueError(msg)
        if not isinstance(after, ReduceLROnPlateau):
            if self.metrics is not None:
                msg = "metrics: only a ReduceLROnPlateau as after_scheduler looks at them"
                raise ValueError(msg)
        elif after.metrics is not None:
            msg = "after_scheduler.metrics: belong to the GradualWarmupScheduler, which is called with them"
            raise ValueError(msg)
        elif self.total_epoch < 1:
            msg = "total_epoch: must be at least 1 before a ReduceLROnPlateau"
            raise ValueError(msg)
        return self

    @property
    def rises_by(self) -> str:
        return "total_epoch"

    @property
    def shown(self) -> tuple[float | str, ...] | None:
        return self.metrics

    def anew(self, calls: int) -> Self:
        """The metrics are those of what comes after, once it is bound."""
        after = self.after_scheduler
        return self if after is None else self.model_copy(update={"after_scheduler": after.anew(calls)})

    def joints(self) -> list[int]:
        """A call late, with what comes after it."""
        return [self._last() + 1] if self.after_scheduler else []

    def _last(self) -> int:
        """The last call of the warmup."""
        return int(self.total_epoch)

    def bind(self, place: Place) -> Self:
        """What comes after is bound to the calls that are left to it, and gets the metrics that are."""
        bound, after = super().bind(place), self.after_scheduler
        if after is None:
            return bound
        if isinstance(after, ReduceLROnPlateau):
            after = after.model_copy(update={"metrics": (self.metrics or ())[self._last() :]})
        return bound.model_copy(
            update={"after_scheduler": after.bind(replace(place, ticks=max(place.ticks - self._last() - 1, 0)))}
        )

    @property
    def own_rate(self) -> bool:
        """That of what comes after, which was made first."""
        return self.after_scheduler is not None and self.after_scheduler.own_rate

    def initial_lr(self, base_lr: Array) -> Array:
        return base_lr if self.after_scheduler is None else self.after_scheduler.initial_lr(base_lr)

    def raises_at(self) -> float:
        """It hands step() an epoch, which schedulers made of others do not take."""
        after, begin = self.after_scheduler, self._last() + 1
        if after is None:
            return np.inf
        return begin + 1 if isinstance(after, (SequentialLR, ChainedScheduler)) else begin + after.raises_at()

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        base_lr, after, last = self.initial_lr(base_lr), self.after_scheduler, self._last()
        if isinstance(after, ReduceLROnPlateau):
            reached = self._rise(last, base_lr, grows=True)
            later = after.curve(xp.maximum(tick - last, 0.0), reached, xp)
            return xp.where(tick <= last, self._rise(xp.maximum(tick, 1.0), base_lr, grows=True), later)
        high = base_lr * self.multiplier
        later = (
            after.driven(xp.maximum(tick - (last + 1), 0.0), base_lr, high, xp)
            if isinstance(after, TorchSchedule)
            else high
        )
        return xp.where(tick <= self.total_epoch, self._rise(tick, base_lr, grows=self.multiplier != 1), later)

    def _rise(self, tick: Array, base_lr: Array, *, grows: bool) -> Array:
        """From the base LR to multiplier times it, or from 0 to it."""
        share = tick / self.total_epoch
        return base_lr * (shapes.linear(share, 1.0, self.multiplier) if grows else share)

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        """That of what comes after, which holds its first value until then."""
        return (
            None
            if self.after_scheduler is None
            else self.after_scheduler.momentum(xp.maximum(tick - (self._last() + 1), 0.0), xp)
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        begin = self._last() + (0 if isinstance(self.after_scheduler, ReduceLROnPlateau) else 1)
        later = self.after_scheduler.marks(max(ticks - begin, 1), limit) if self.after_scheduler is not None else []
        if later is None:
            return None
        return inside(ticks, limit, Mark(self._last(), "warmup ends"), *(Mark(begin + m.tick, m.label) for m in later))


SCHEDULES: tuple[type[Schedule], ...] = (GradualWarmupScheduler,)
