"""transformers.optimization, version 5.23. Every schedule is a LambdaLR: the base LR times a factor of the tick."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lrlab.schedules import plateau, shapes
from lrlab.schedules.base import Array, Mark, Place, Schedule, every, inside
from lrlab.schedules.facts import Waiting
from lrlab.schedules.likeness import CLIMBS, Like, Only, Unlike
from lrlab.schedules.params import (
    MAX_COUNT,
    Control,
    Cycles,
    Mode,
    Patience,
    Power,
    Rate,
    Threshold,
    Total,
    Warmup,
    per_group,
)
from lrlab.schedules.recurrence import MetricDriven


class TransformersSchedule(Schedule):
    """A schedule of Hugging Face transformers; the horizon includes the warmup."""

    framework = "transformers"
    also_called = "hugging face"
    module = "transformers.optimization"
    documentation = "https://huggingface.co/docs/transformers/main_classes/optimizer_schedules#transformers.{native}"

    made_with_last_epoch = "by the tick"
    warmup_shares = True

    def default_lr(self, base_lr: Array) -> Array:
        """The optimizer's default rate: that of the first parameter group, whichever is driven."""
        return base_lr if self.place.group == 0 else self.place.base_rates[0]

    def counted_by_trainer(self) -> tuple[float | None, float]:
        """What the Trainer works out itself: the steps of the run, and those of the warmup; None and 0 where the
        schedule has no such argument.
        """
        arguments = dict(self)
        return arguments.get("num_training_steps"), arguments.get("num_warmup_steps", 0)


class Constant(TransformersSchedule, native="get_constant_schedule"):
    """Level at the base LR, for ever.

    Source: transformers.get_constant_schedule.
    """

    family = Like("Constant")

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr


class ConstantWithWarmup(TransformersSchedule, native="get_constant_schedule_with_warmup"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, then stays level; the first step uses a rate
    of 0.

    Source: transformers.get_constant_schedule_with_warmup.
    """

    family = Like("Warmup, then level", "Starts at 0.", Only(given={"start": 0}), num_warmup_steps="warmup")

    num_warmup_steps: Warmup

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * _warmup(tick, self.num_warmup_steps, 1.0, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, _warmup_ends(self.num_warmup_steps))


class LinearWithWarmup(TransformersSchedule, native="get_linear_schedule_with_warmup"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, falls in another to 0 at num_training_steps
    and stays there.

    Source: transformers.get_linear_schedule_with_warmup.
    """

    family = Like(
        "Linear warmup, linear decay",
        "The horizon includes the warmup.",
        num_warmup_steps="warmup",
        num_training_steps="warmup + T",
    )

    num_warmup_steps: Warmup
    num_training_steps: Total

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        left = (self.num_training_steps - tick) / max(1, self.num_training_steps - self.num_warmup_steps)
        return base_lr * _warmup(tick, self.num_warmup_steps, xp.maximum(left, 0.0), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(
            ticks, limit, _warmup_ends(self.num_warmup_steps), Mark(_whole(self.num_training_steps), "decay ends")
        )


class CosineWithWarmup(TransformersSchedule, native="get_cosine_schedule_with_warmup"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, falls as half a cosine (num_cycles 0.5) to 0
    at num_training_steps, then climbs again: the wave goes on for ever.

    After num_training_steps the wave goes on: with the default half wave the LR climbs again.

    Source: transformers.get_cosine_schedule_with_warmup.
    """

    family = Like(
        "Cosine behind a warmup",
        f"The horizon includes the warmup; starts and ends at 0. {CLIMBS}",
        Only(given={"start": 0, "floor": 0}),
        num_warmup_steps="warmup",
        num_training_steps="warmup + T",
    )
    also = (
        Like("Cosine", f"Ends at 0. {CLIMBS}", Only(given={"floor": 0}), num_warmup_steps=0, num_training_steps="T"),
    )
    waves_by = "num_cycles"

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
        return (
            None if turns is None else inside(ticks, limit, ends, *(Mark(ends.tick + m.tick, m.label) for m in turns))
        )


class CosineWithHardRestartsWithWarmup(
    TransformersSchedule, native="get_cosine_with_hard_restarts_schedule_with_warmup"
):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, then num_cycles half cosines of equal length
    from the base LR to 0; 0 from num_training_steps on.

    With the default num_cycles of 1 it never restarts. Rounding can make a restart come one tick late, as in the
    genuine code (22 cycles in 220 steps do).

    Source: transformers.get_cosine_with_hard_restarts_schedule_with_warmup.
    """

    family = Like(
        "Cosine with restarts",
        "Takes the number of cycles, all of one length, and no floor; 0 after the last. The horizon includes a warmup.",
        Only(given={"mult": 1, "floor": 0}, last="length * cycles - 1"),
        num_warmup_steps=0,
        num_training_steps="length * cycles",
        num_cycles="cycles",
    )
    waves_by = "num_cycles"
    hard_restarts = True

    num_warmup_steps: Warmup
    num_training_steps: Total
    num_cycles: Cycles = 1

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Three cycles: the default of one does not restart."""
        return super().example(ticks, epochs, updates) | {"num_cycles": 3}

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


class PolynomialDecayWithWarmup(TransformersSchedule, native="get_polynomial_decay_schedule_with_warmup"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, falls as (remaining share) ** power to lr_end
    at num_training_steps and stays there.

    lr_end is a rate for the first parameter group only: the others end at the same share of their own.

    Source: transformers.get_polynomial_decay_schedule_with_warmup.
    """

    family = Like(
        "Linear and polynomial decay",
        "The horizon includes the warmup; lr_end is a rate for the first parameter group only.",
        num_warmup_steps=0,
        num_training_steps="T",
        lr_end="floor",
        power="power",
    )
    also = (
        Like(
            "Linear warmup, linear decay",
            "By default it ends at 1e-7.",
            num_warmup_steps="warmup",
            num_training_steps="warmup + T",
            lr_end=0,
        ),
    )

    reads_groups = True

    num_warmup_steps: Warmup
    num_training_steps: Total
    lr_end: Rate = 1e-7
    power: Power = 1.0

    @model_validator(mode="after")
    def _can_begin(self) -> Self:
        if self.num_training_steps == 0 and self.num_warmup_steps == 0:
            msg = "num_training_steps: must be greater than 0 without a warmup, where it is divided by"
            raise ValueError(msg)
        return self

    def bind(self, place: Place) -> Self:
        """ValueError where lr_end is no lower than where the decay begins."""
        if self.lr_end >= place.base_rates[0]:
            msg = f"lr_end: must be less than base_lr ({place.base_rates[0]:g})"
            raise ValueError(msg)
        return super().bind(place)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        start = self.default_lr(base_lr)
        span = self.num_training_steps - self.num_warmup_steps
        if span <= 0:
            return base_lr * _warmup(tick, self.num_warmup_steps, self.lr_end / start, xp)
        progress = xp.maximum(tick - self.num_warmup_steps, 0.0) / span
        level = shapes.polynomial(progress, start, self.lr_end, self.power, xp)
        if self.power == 0:  # then it stays level to the last tick
            level = xp.where(tick > self.num_training_steps, self.lr_end, level)
        return base_lr * _warmup(tick, self.num_warmup_steps, level / start, xp)

    def raises_at(self) -> float:
        """Where no tick is left to decay in, it divides by zero."""
        total = float(self.num_training_steps)
        return total if total == self.num_warmup_steps and total.is_integer() else np.inf

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        total = max(_whole(self.num_training_steps), _whole(self.num_warmup_steps))
        after = int(np.floor(self.num_training_steps or 0)) + 1 if self.power == 0 else total
        return inside(ticks, limit, _warmup_ends(self.num_warmup_steps), Mark(after, "decay ends"))


class InverseSqrt(TransformersSchedule, native="get_inverse_sqrt_schedule"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, then falls as 1 / sqrt(steps), ever more
    slowly, for ever.

    timescale is num_warmup_steps if not set; with no warmup either it is 10,000, so that the rate hardly falls at
    first.

    Source: transformers.get_inverse_sqrt_schedule.
    """

    family = Like(
        "Inverse square root", "A timescale other than the warmup shifts the fall.", num_warmup_steps="warmup"
    )

    num_warmup_steps: Warmup
    timescale: Annotated[int | float, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.05)] | None = None

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        scale = self.timescale if self.timescale is not None else self.num_warmup_steps or 10_000
        since = xp.maximum(tick - self.num_warmup_steps, 0.0)
        return base_lr * _warmup(tick, self.num_warmup_steps, 1.0 / xp.sqrt((since + scale) / scale), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, _warmup_ends(self.num_warmup_steps))


class _WithMinLr(TransformersSchedule):
    """The two ways of saying where the cosine ends."""

    reads_groups = True
    waves_by = "num_cycles"
    falls_between = ("", "min_lr")

    num_warmup_steps: Warmup
    num_training_steps: Total
    num_cycles: Cycles = 0.5
    min_lr: Annotated[Rate, Control("rate", low=1e-8, high=10.0, log=True, start=1e-5)] | None = None
    min_lr_rate: Annotated[float, Control("factor", low=0.0, high=1.0, start=0.1)] | None = None

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Down to a tenth of the base LR, whatever that is."""
        return super().example(ticks, epochs, updates) | {"min_lr_rate": 0.1}

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.min_lr is None) == (self.min_lr_rate is None):
            msg = f"min_lr: {'only ' if self.min_lr is not None else ''}one of min_lr and min_lr_rate must be set"
            raise ValueError(msg)
        return self

    def bind(self, place: Place) -> Self:
        """ValueError where min_lr would be a share of nothing."""
        if self.min_lr is not None and place.base_rates[0] == 0:
            msg = "min_lr: is divided by base_lr, which must not be 0"
            raise ValueError(msg)
        return super().bind(place)

    def _share(self, base_lr: Array) -> Array:
        """The floor as a share of the base LR."""
        return self.min_lr / self.default_lr(base_lr) if self.min_lr is not None else self.min_lr_rate

    def _wave(self, progress: Array, base_lr: Array, xp: Any) -> Array:
        return xp.maximum(shapes.cosine(2.0 * self.num_cycles * progress, 1.0, self._share(base_lr), xp), 0.0)

    def _span(self) -> float:
        return max(1, (self.num_training_steps or 0) - self.num_warmup_steps)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = _warmup_ends(self.num_warmup_steps)
        if self.num_cycles == 0:
            return inside(ticks, limit, ends)
        turns = every(self._span() / (2.0 * abs(self.num_cycles)), ticks - ends.tick, limit, "turning point")
        return (
            None if turns is None else inside(ticks, limit, ends, *(Mark(ends.tick + m.tick, m.label) for m in turns))
        )


class CosineWithMinLrWithWarmup(_WithMinLr, native="get_cosine_with_min_lr_schedule_with_warmup"):
    """Rises in a straight line from 0 to the base LR in num_warmup_steps, falls as half a cosine (num_cycles 0.5) to
    the floor at num_training_steps, then climbs again: the wave goes on for ever.

    After num_training_steps the wave goes on: the LR climbs again. min_lr is a rate for the first parameter group only:
    the others end at the same share of their own.

    Source: transformers.get_cosine_with_min_lr_schedule_with_warmup.
    """

    family = Like(
        "Cosine behind a warmup",
        f"The horizon includes the warmup; starts at 0. {CLIMBS}",
        Only(given={"start": 0}),
        num_warmup_steps="warmup",
        num_training_steps="warmup + T",
        min_lr="floor",
    )
    also = (
        Like(
            "Cosine",
            f"Takes the floor as a rate or as a share. {CLIMBS}",
            num_warmup_steps=0,
            num_training_steps="T",
            min_lr="floor",
        ),
    )

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        progress = (tick - self.num_warmup_steps) / self._span()
        return base_lr * _warmup(tick, self.num_warmup_steps, self._wave(progress, base_lr, xp), xp)


class CosineWithMinLrWithWarmupLrRate(_WithMinLr, native="get_cosine_with_min_lr_schedule_with_warmup_lr_rate"):
    """Rises in a straight line to the base LR at tick num_warmup_steps - 1, falls as half a cosine (num_cycles 0.5) to
    the floor at num_training_steps - 1, then climbs again: the wave goes on for ever.

    Everything is one step early: the warmup starts at 1 / num_warmup_steps (or at warmup_lr_rate), not 0, and reaches
    the base LR at its last step; the floor comes at num_training_steps - 1, after which the LR climbs again.

    Source: transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate.
    """

    family = Like(
        "Cosine behind a warmup",
        "One tick early throughout: the first rate is a part of the peak, not 0, and the floor comes one tick "
        "before the end.",
        Only(given={"start": 0}, first="1", shift=-1),
        num_warmup_steps="warmup",
        num_training_steps="warmup + T",
        min_lr="floor",
    )

    warmup_lr_rate: Annotated[float, Control("factor", low=0.0, high=1.0, start=0.01)] | None = None

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        wave = self._wave((tick - self.num_warmup_steps + 1.0) / self._span(), base_lr, xp)
        if self.warmup_lr_rate is None:
            rise = (tick + 1.0) / max(1, self.num_warmup_steps)
        else:
            rise = shapes.linear(tick / max(1, self.num_warmup_steps - 1), self.warmup_lr_rate, 1.0)
        return base_lr * xp.where(tick < self.num_warmup_steps, rise, wave)


_Ramp = Literal["linear", "cosine", "1-sqrt"]


class WarmupStableDecay(TransformersSchedule, native="get_wsd_schedule"):
    """Rises from min_lr_ratio of the base LR to all of it in num_warmup_steps, stays level, falls to min_lr_ratio of it
    again in the last num_decay_steps, and stays there.

    The warmup starts at min_lr_ratio, not 0. num_stable_steps wins over num_training_steps; where warmup and decay are
    longer than num_training_steps the decay starts part of the way down.

    Source: transformers.get_wsd_schedule; Hu et al. 2024 (arXiv 2404.06395).
    """

    family = Like(
        "Warmup, stable, decay",
        "By default the decay is half a cosine; the warmup starts at the floor.",
        num_warmup_steps="warmup",
        num_stable_steps="stable",
        num_decay_steps="decay",
        min_lr_ratio="floor / peak",
        decay_type="'linear'",
    )
    waves_by = "num_cycles"

    num_warmup_steps: Warmup
    num_decay_steps: Annotated[Warmup, Control("ticks", start=0.2)]
    num_training_steps: Total = None
    num_stable_steps: Annotated[int | float, Field(le=MAX_COUNT, ge=-MAX_COUNT), Control("ticks", start=0.5)] | None = (
        None
    )
    warmup_type: _Ramp = "linear"
    decay_type: _Ramp = "cosine"
    min_lr_ratio: Annotated[float, Control("factor", low=0.0, high=1.0)] = 0.0
    num_cycles: Cycles = 0.5

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A run of which the last fifth decays."""
        return super().example(ticks, epochs, updates) | {"num_training_steps": None}

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if "num_training_steps" not in self.model_fields_set and self.num_stable_steps is None:
            msg = "num_training_steps (or num_stable_steps) is missing"
            raise ValueError(msg)
        return self

    def _rise(self, share: Array, xp: Any) -> Array:
        if self.warmup_type == "linear":
            return share
        return shapes.cosine(share, 0.0, 1.0, xp) if self.warmup_type == "cosine" else 1.0 - xp.sqrt(1.0 - share)

    def _fall(self, share: Array, xp: Any) -> Array:
        if self.decay_type == "linear":
            return 1.0 - share
        return (
            shapes.cosine(2.0 * self.num_cycles * share, 1.0, 0.0, xp)
            if self.decay_type == "cosine"
            else 1.0 - xp.sqrt(share)
        )

    def _floored(self, factor: Array, xp: Any) -> Array:
        return xp.maximum(shapes.linear(factor, self.min_lr_ratio, 1.0), 0.0)

    def _decay_begins(self) -> Array:
        stable = self.num_stable_steps
        return self.num_training_steps - self.num_decay_steps if stable is None else self.num_warmup_steps + stable

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        begin = self._decay_begins()
        rise = self._floored(self._rise(xp.minimum(tick / max(1, self.num_warmup_steps), 1.0), xp), xp)
        fall = self._floored(self._fall(xp.maximum(tick - begin, 0.0) / max(1, self.num_decay_steps), xp), xp)
        late = xp.where(tick < begin, 1.0, xp.where(tick < begin + self.num_decay_steps, fall, self.min_lr_ratio))
        return base_lr * xp.where(tick < self.num_warmup_steps, rise, late)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        warm, begin = _whole(self.num_warmup_steps), float(self._decay_begins())
        end = Mark(max(_whole(begin + self.num_decay_steps), warm), "decay ends")
        return inside(ticks, limit, Mark(warm, "warmup ends"), Mark(max(_whole(begin), warm), "decay begins"), end)


class ReduceOnPlateau(TransformersSchedule, plateau.ReduceOnPlateau, native="get_reduce_on_plateau_schedule"):
    """Level at the base LR, multiplied by factor each time the metric has brought no new best for more than patience
    calls, never below min_lr; level after the last metric.

    It is torch's ReduceLROnPlateau: patience 3 reduces at the fourth bad call, NaN is bad, a change of eps or less is
    not made.

    Source: transformers.get_reduce_on_plateau_schedule.
    """

    family = Like("Plateau", "It is torch's.", factor="factor", patience="patience")


class Greedy(TransformersSchedule, MetricDriven, native="get_greedy_schedule"):
    """Level at the base LR, divided by factor after more than patience good calls in a row (up to max_lr), multiplied
    by it after as many bad ones (down to min_lr); level after the last metric.

    Unlike a plateau schedule it also raises the rate. With every group at min_lr, reset_start more reductions start it
    anew at the base LR. The default min_lr of 0.001 is above many an Adam rate: then a reduction leaves the rate where
    it is.

    Source: transformers.get_greedy_schedule (GreedyLR).
    """

    family = Unlike("Plateau", "Raises the rate as well, after good values.")
    falls_between = ("", "min_lr")

    mode: Mode = "min"
    factor: Annotated[float, Field(gt=0, lt=1), Control("factor", low=0.01, high=0.99)] = 0.95
    patience: Patience = 10
    threshold: Threshold = 1e-6
    threshold_mode: Literal["rel", "abs"] = "abs"
    cooldown: Patience = 0
    warmup: Patience = 0
    min_lr: per_group(Rate) = 1e-3  # type: ignore[valid-type]
    max_lr: per_group(Rate) = 1.0  # type: ignore[valid-type]
    eps: Annotated[Rate, Control("rate", low=1e-8, high=0.1, log=True)] = 1e-8
    smooth: bool = False
    window_size: Annotated[int, Field(gt=0, le=MAX_COUNT), Control("number", low=1, high=200)] = 50
    reset_start: Annotated[int, Field(ge=0, le=MAX_COUNT), Control("number", low=0, high=1000)] = 500

    def waiting(self) -> Waiting:
        return Waiting(self.patience, self.patience + 1, self.cooldown)

    def bind(self, place: Place) -> Self:
        """All groups' lists are kept: whether it starts anew hangs on every group."""
        bound = self.model_copy()
        bound._place = place  # noqa: SLF001 (its own)
        return bound

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        group = self.place.group
        first = [base_lr if i == group else rate for i, rate in enumerate(self.place.base_rates)]
        lows, highs = (v if isinstance(v, tuple) else (v,) * len(first) for v in (self.min_lr, self.max_lr))
        better = plateau.better(self.mode, self.threshold, relative=self.threshold_mode == "rel")
        lrs, rates = list(first), [base_lr]
        best, good, bad, resting, warming, left = plateau.worst(self.mode), 0, 0, 0, 0, self.reset_start
        window: deque[float] = deque()
        total = 0.0  # a running sum as in the genuine code, so that its rounding errors and NaN stay in it
        for metric in metrics:
            window.append(metric)
            total += metric
            if len(window) > self.window_size:
                total -= window.popleft()
            value = total / len(window) if self.smooth else metric
            if resting > 0 or warming > 0:
                resting, warming = (resting - 1, warming) if resting > 0 else (resting, warming - 1)
                good = bad = 0
            else:
                good, bad = (good + 1, 0) if better(value, best) else (0, bad + 1)
                best = value if good else best
                if good > self.patience:
                    raised = [min(lr / self.factor, high) for lr, high in zip(lrs, highs, strict=True)]
                    lrs = [new if new - lr > self.eps else lr for lr, new in zip(lrs, raised, strict=True)]
                    good, warming, left = 0, self.warmup, self.reset_start
                elif bad > self.patience:
                    lrs = [plateau.Reduce(self.factor, low, self.eps)(lr) for lr, low in zip(lrs, lows, strict=True)]
                    bad, resting = 0, self.cooldown
                    if all(lr <= low for lr, low in zip(lrs, lows, strict=True)):
                        left -= 1
                        if left <= 0:
                            lrs, best, resting, left = (
                                list(first),
                                plateau.worst(self.mode),
                                self.cooldown,
                                self.reset_start,
                            )
                            window.clear()
                            total = 0.0
            rates.append(lrs[group])
        return rates


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


SCHEDULES: tuple[type[Schedule], ...] = (
    Constant,
    ConstantWithWarmup,
    LinearWithWarmup,
    CosineWithWarmup,
    CosineWithHardRestartsWithWarmup,
    PolynomialDecayWithWarmup,
    InverseSqrt,
    CosineWithMinLrWithWarmup,
    CosineWithMinLrWithWarmupLrRate,
    WarmupStableDecay,
    ReduceOnPlateau,
    Greedy,
)
