"""timm.scheduler, as of version 1.0.31. A tick is the t that it is called with: an epoch, or an update with
t_in_epochs=False.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lrlab.schedules import plateau, shapes
from lrlab.schedules.base import Array, Mark, Schedule, every, inside
from lrlab.schedules.facts import Cycles, Waiting
from lrlab.schedules.likeness import HOLDS, Like, Unlike
from lrlab.schedules.params import (
    MAX_COUNT,
    Control,
    Factor,
    Horizon,
    Milestones,
    Mode,
    Patience,
    Rate,
    Threshold,
    per_group,
)
from lrlab.schedules.recurrence import MetricDriven

Floor = Annotated[Rate, Field(ge=0)]


class TimmSchedule(Schedule):
    """A scheduler of timm: called with epoch + 1 at the end of each epoch, or with the count of updates after each."""

    framework = "timm"
    module = "timm.scheduler"
    per_epoch = True
    cools_down = True
    documentation = "https://huggingface.co/docs/timm/reference/schedulers#timm.scheduler.{native}"

    warmup_t: Annotated[
        int | float, Field(ge=0, le=MAX_COUNT), Control("ticks", start=0.05, help="in epochs, or updates")
    ] = 0
    warmup_lr_init: Annotated[Rate, Control("rate", low=1e-8, high=10.0, log=True)] = 0.0

    def joints(self) -> list[int]:
        return [int(self.warmup_t)] if self.warmup_t else []

    def _warmed_up(self) -> Mark:
        return Mark(int(np.ceil(self.warmup_t)), "warmup ends")

    def _begins_at_base(self) -> bool:
        """Whether its own first value is the base LR, which without a warmup is used first in any case: the constructor
        does not look.
        """
        return False

    def _warmed(self, tick: Array, base_lr: Array, target: Array, after: Array, xp: Any) -> Array:
        """A straight line from warmup_lr_init towards target in warmup_t ticks, then `after`."""
        if self.warmup_t == 0:
            return after if self._begins_at_base() else xp.where(tick < 1, base_lr, after)
        return xp.where(tick < self.warmup_t, shapes.linear(tick / self.warmup_t, self.warmup_lr_init, target), after)


class Cycled(TimmSchedule):
    """What repeats: cycles of t_initial ticks, each cycle_mul times as long and cycle_decay times as high as the one
    before.
    """

    t_initial: Horizon
    lr_min: Floor = 0.0
    cycle_mul: Annotated[float, Field(ge=1, le=1e6), Control("number", low=1.0, high=4.0)] = 1.0
    cycle_decay: Factor = 1.0
    cycle_limit: Annotated[int, Field(ge=0, le=MAX_COUNT), Control("number", low=1, high=10)] = 1
    warmup_prefix: bool = False
    t_in_epochs: bool = True

    restarts_by = ("t_initial", "cycle_mul")
    falls_between = ("", "lr_min")

    def restarts(self) -> Cycles | None:
        """Of one cycle there is no second."""
        found = super().restarts()
        if found is None or self.cycle_limit == 1:
            return None
        return replace(found, begin=self.warmup_t if self.warmup_prefix else 0, most=self.cycle_limit)

    def height(self, since: float, length: float) -> float:
        """Of its own fall, which need not be a cosine."""
        bare = self.model_copy(update={"t_initial": length, "lr_min": 0.0, "warmup_t": 0, "cycle_mul": 1.0})
        return float(bare.curve(np.float64(min(since, length)), 1.0))

    def horizon(self, ticks: int) -> float:
        """With a prefix, t_initial counts from the end of the warmup."""
        return max(ticks - self.warmup_t, 1) if self.warmup_prefix else ticks

    def _fall(self, share: Array, high: Array, xp: Any) -> Array:
        """From high to lr_min within a cycle, of which `share` has passed."""
        raise NotImplementedError

    def _share(self, since: Array, length: Array) -> Array:
        return since / length

    def _cycles(self, t: Array, base_lr: Array, xp: Any) -> Array:
        if self.cycle_mul == 1:
            length, cycle = self.t_initial, shapes.steps_within(t, self.t_initial)
            since = t - length * cycle
        else:
            since, length, cycle = shapes.cycles(t, self.t_initial, self.cycle_mul, xp)
        if self.cycle_mul != int(self.cycle_mul):
            since = xp.maximum(since, 0.0)  # rounding can make it slightly negative, which has no root
        high = base_lr if self.cycle_decay == 1 else base_lr * self.cycle_decay**cycle
        return xp.where(cycle < self.cycle_limit, self._fall(self._share(since, length), high, xp), self.lr_min)

    def _target(self, base_lr: Array, xp: Any) -> Array:
        """What the warmup aims at."""
        return base_lr

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        begin = self.warmup_t if self.warmup_prefix else 0
        after = self._cycles(xp.maximum(tick - begin, 0.0), base_lr, xp)
        return self._warmed(tick, base_lr, self._target(base_lr, xp), after, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        begin = self.warmup_t if self.warmup_prefix else 0
        found = [self._warmed_up()] if 0 < self.warmup_t < ticks else []
        place, length = float(begin), float(self.t_initial or 1)
        for cycle in range(1, self.cycle_limit + 1):
            place, length = place + length, length * self.cycle_mul
            if place >= ticks:
                break
            if len(found) > limit:
                return None
            found.append(Mark(int(np.ceil(place)), f"restart {cycle}" if cycle < self.cycle_limit else "decay ends"))
        return inside(ticks, limit, *found)


class _KDecayed(Cycled):
    """k_decay bends the share that has passed: below 1 the fall begins sooner, above 1 later."""

    k_decay: Annotated[float, Field(gt=0), Control("number", low=0.25, high=4.0)] = 1.0

    def _begins_at_base(self) -> bool:
        return self.cycle_limit > 0

    def _share(self, since: Array, length: Array) -> Array:
        return since / length if self.k_decay == 1 else since**self.k_decay / length**self.k_decay


class CosineLRScheduler(_KDecayed):
    """A straight warmup from warmup_lr_init in warmup_t, half a cosine from the base LR to lr_min at t_initial,
    restarted cycle_limit - 1 times; then lr_min for ever.

    Without warmup_prefix (the class default) the cosine runs from 0 behind the warmup, so the base LR is never reached
    and the rate jumps at warmup_t; with it the whole is warmup_t longer. Stepped per epoch the last epoch is one short
    of lr_min.

    Source: timm.scheduler.CosineLRScheduler; Loshchilov & Hutter 2017 (arXiv 1608.03983); k-decay: Zhang & Li 2020
    (arXiv 2004.05909).
    """

    family = Like(
        "Cosine",
        f"{HOLDS} Its warmup cuts the start off the cosine unless warmup_prefix is true; can restart (cycle_limit).",
        t_initial="T",
        lr_min="floor",
    )
    also = (
        Like(
            "Cosine behind a warmup",
            "Only with warmup_prefix does t_initial exclude the warmup.",
            t_initial="T",
            lr_min="floor",
            warmup_t="warmup",
            warmup_lr_init="start",
            warmup_prefix=True,
        ),
        Like(
            "Cosine with restarts",
            "After cycle_limit cycles it stays at the floor; cycle_decay lowers each cycle.",
            t_initial="length",
            lr_min="floor",
            cycle_mul="mult",
            cycle_limit="cycles",
        ),
    )

    def _fall(self, share: Array, high: Array, xp: Any) -> Array:
        return shapes.cosine(share, high, self.lr_min, xp)


class PolyLRScheduler(_KDecayed):
    """A straight warmup from warmup_lr_init in warmup_t, then from the base LR down to lr_min at t_initial as (1 -
    share) ** power; then lr_min for ever.

    The default power of 0.5 falls slowly first and steeply at the end, where other frameworks' default is a straight
    line. Without warmup_prefix the fall runs from 0 behind the warmup and the rate jumps at warmup_t.

    Source: timm.scheduler.PolyLRScheduler; k-decay: Zhang & Li 2020 (arXiv 2004.05909).
    """

    family = Like(
        "Linear and polynomial decay",
        "The default power is 0.5; has a warmup of its own.",
        t_initial="T",
        lr_min="floor",
        power="power",
    )

    power: Annotated[float, Field(ge=0), Control("number", low=0.0, high=5.0)] = 0.5

    def _fall(self, share: Array, high: Array, xp: Any) -> Array:
        return shapes.polynomial(share, high, self.lr_min, self.power, xp)


class TanhLRScheduler(Cycled):
    """A straight warmup from warmup_lr_init in warmup_t, then an S from nearly the base LR down to nearly lr_min at
    t_initial: tanh between lb and ub; then lr_min for ever.

    With lb -7 and ub 3 it stays high for half of the cycle and jumps the last 0.25 % of the way. Without warmup_prefix
    the warmup aims at the tanh's value at warmup_t, and the tanh runs from 0 behind it.

    Source: timm.scheduler.TanhLRScheduler; Hsueh et al. 2018 (arXiv 1806.01593).
    """

    family = Unlike("Tanh", "Begins a little below the peak and ends a little above the floor.")

    warmup_lr_init: Annotated[Floor, Control("rate", low=1e-8, high=10.0, log=True)] = 0.0
    lb: Annotated[float, Control("number", low=-10.0, high=0.0)] = -7.0
    ub: Annotated[float, Control("number", low=0.0, high=10.0)] = 3.0

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> Self:
        if self.lb >= self.ub:
            msg = f"lb: must be less than ub ({self.ub:g})"
            raise ValueError(msg)
        return self

    def _fall(self, share: Array, high: Array, xp: Any) -> Array:
        return self.lr_min + 0.5 * (high - self.lr_min) * (1.0 - xp.tanh(shapes.linear(share, self.lb, self.ub)))

    def _target(self, base_lr: Array, xp: Any) -> Array:
        return base_lr if self.warmup_prefix else self._cycles(float(self.warmup_t), base_lr, xp)


class StepLRScheduler(TimmSchedule):
    """A straight warmup from warmup_lr_init in warmup_t, then a staircase: the base LR times decay_rate after every
    decay_t ticks, for ever.

    The class counts the stairs from the end of the warmup (warmup_prefix true), timm's factory from 0.

    Source: timm.scheduler.StepLRScheduler.
    """

    family = Like(
        "Step decay",
        "Has a warmup of its own; the default decay_rate is 1: no decay.",
        decay_t="every",
        decay_rate="factor",
    )

    decay_t: Annotated[int | float, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.2)]
    decay_rate: Factor = 1.0
    warmup_prefix: bool = True
    t_in_epochs: bool = True

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth after each fifth of the run: the default rate of 1 decays nothing."""
        return super().example(ticks, epochs, updates) | {"decay_rate": 0.1}

    def _begin(self) -> float:
        return self.warmup_t if self.warmup_prefix else 0

    def _begins_at_base(self) -> bool:
        return True

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        stairs = shapes.steps_within(xp.maximum(tick - self._begin(), 0.0), self.decay_t)
        return self._warmed(tick, base_lr, base_lr, base_lr * self.decay_rate**stairs, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        steps = every(self.decay_t, max(int(np.ceil(ticks - self._begin())), 1), limit, "step")
        shifted = [Mark(int(np.ceil(m.tick + self._begin())), m.label) for m in steps or ()]
        kept = [m for m in shifted if m.tick > self.warmup_t]
        return None if steps is None else inside(ticks, limit, self._warmed_up(), *kept)


class MultiStepLRScheduler(TimmSchedule):
    """A straight warmup from warmup_lr_init in warmup_t, then a staircase: the base LR, times decay_rate one tick
    before each milestone, and level after the last.

    Milestone 30 is in force from t = 29. Milestone 1 would be in force at once, but the constructor does not look:
    epoch 0 runs at the base LR. The list must be sorted: timm bisects it as it is. The class counts from the end of the
    warmup (warmup_prefix true), timm's factory from 0.

    Source: timm.scheduler.MultiStepLRScheduler.
    """

    family = Like(
        "Milestones",
        "The same number changes the rate one tick earlier than in torch; the list must be sorted; the default "
        "decay_rate is 1.",
        decay_t=["first + 1", "second + 1"],
        decay_rate="factor",
    )

    decay_t: Milestones
    decay_rate: Factor = 1.0
    warmup_prefix: bool = True
    t_in_epochs: bool = True

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth at each milestone: the default rate of 1 decays nothing."""
        return super().example(ticks, epochs, updates) | {
            "decay_t": [ticks * 3 // 10, ticks * 6 // 10, ticks * 8 // 10],
            "decay_rate": 0.1,
        }

    def _begin(self) -> float:
        return self.warmup_t if self.warmup_prefix else 0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        found = shapes.bisected(tuple(float(m) for m in self.decay_t), xp.maximum(tick - self._begin(), 0.0) + 1.0, xp)
        return self._warmed(tick, base_lr, base_lr, base_lr * self.decay_rate**found, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        first = max(self.warmup_t, 1)
        places = {int(np.ceil(max(m - 1 + self._begin(), first))) for m in self.decay_t}
        return inside(ticks, limit, self._warmed_up(), *(Mark(p, "milestone") for p in sorted(places)))


class PlateauLRScheduler(TimmSchedule, MetricDriven):
    """A straight warmup from warmup_lr_init in warmup_t, then level at the base LR, multiplied by decay_rate each time
    the metric brought no new best for more than patience_t calls; level after the last metric.

    The metric is one to be maximised (mode "max") unless mode says "min". While the warmup lasts nobody looks at it; it
    never ends below lr_min. timm calls it deprecated: it keeps its state out of checkpoints.

    Source: timm.scheduler.PlateauLRScheduler.
    """

    family = Like("Plateau", "The default mode is max.", decay_rate="factor", patience_t="patience", mode="'min'")
    falls_between = ("", "lr_min")

    warmup_t: Annotated[int, Field(ge=0, le=MAX_COUNT), Control("ticks", start=0.05, help="in epochs")] = 0
    decay_rate: Annotated[float, Field(lt=1), Control("factor", low=0.0, high=1.0, start=0.1)] = 0.1
    patience_t: Patience = 10
    threshold: Threshold = 1e-4
    cooldown_t: Patience = 0
    lr_min: per_group(Rate) = 0.0  # type: ignore[valid-type]
    mode: Mode = "max"

    def waiting(self) -> Waiting:
        return Waiting(self.patience_t, self.patience_t + 1, self.cooldown_t)

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        better = plateau.better(self.mode, self.threshold, relative=True)
        reduce = plateau.Reduce(self.decay_rate, self.lr_min, 1e-8)
        return plateau.watched(base_lr, metrics, better, self.mode, self.patience_t, self.cooldown_t, reduce)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.warmup_t == 0:
            return super().curve(tick, base_lr, xp)
        after = self.model_copy(update={"warmup_t": 0, "metrics": (self.metrics or ())[int(self.warmup_t) :]})
        return self._warmed(tick, base_lr, base_lr, after.curve(xp.maximum(tick - self.warmup_t, 0.0), base_lr, xp), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        """Where the rate changes, and where the warmup ends."""
        found = super().marks(ticks, limit + self.warmup_t)
        kept = [m for m in found or () if m.tick > self.warmup_t]
        return None if found is None else inside(ticks, limit, self._warmed_up(), *kept)


class WSDLRScheduler(TimmSchedule):
    """A straight warmup from warmup_lr_init in warmup_t, then level at the base LR (or falling as a root), then a decay
    to lr_min over the last decay_t of t_initial ticks; lr_min from there on.

    t_initial always counts from the end of the warmup. The decay multiplies what the stable function gives, so a
    falling one goes on falling; stepped per epoch the last epoch is one decay step short of lr_min.

    Source: timm.scheduler.WSDLRScheduler; Hu et al. 2024 (arXiv 2404.06395), Haegele et al. 2024 (arXiv 2405.18392).
    """

    family = Like(
        "Warmup, stable, decay",
        "t_initial excludes the warmup, which has a start of its own; by default the decay is 1 - sqrt.",
        t_initial="stable + decay",
        decay_t="decay",
        lr_min="floor",
        warmup_t="warmup",
        warmup_lr_init="floor",
        decay_fn="'linear'",
    )
    falls_between = ("", "lr_min")

    t_initial: Horizon
    decay_t: Annotated[int | float, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.2)]
    lr_min: Floor = 0.0
    stable_fn: Literal["constant", "rsqrt", "power"] = "constant"
    stable_timescale: Annotated[float, Field(le=MAX_COUNT), Control("ticks", low=1, start=0.1)] | None = None
    stable_power: Annotated[float, Field(gt=0), Control("number", low=0.1, high=2.0)] = 0.5
    decay_fn: Literal["linear", "1-sqrt", "cosine", "power", "exp"] = "1-sqrt"
    decay_power: Annotated[float, Field(gt=0), Control("number", low=0.1, high=4.0)] = 0.5
    decay_ratio: Annotated[float, Field(gt=0, lt=1), Control("factor", low=0.01, high=0.99)] = 0.1
    t_in_epochs: bool = True

    def horizon(self, ticks: int) -> float:
        """The warmup comes before it; the decay needs its room."""
        return max(ticks - self.warmup_t, self.decay_t)

    @model_validator(mode="after")
    def _phases_have_room(self) -> Self:
        if self.t_initial is not None and self.decay_t > self.t_initial:
            msg = f"decay_t: must be at most t_initial ({self.t_initial:g})"
            raise ValueError(msg)
        if self.stable_fn != "constant" and self._timescale() <= 0:
            unset = " (it is warmup_t if not set)" * (self.stable_timescale is None)
            msg = f"stable_timescale: must be greater than 0 for stable_fn {self.stable_fn!r}{unset}"
            raise ValueError(msg)
        return self

    def _timescale(self) -> float:
        return self.warmup_t if self.stable_timescale is None else self.stable_timescale

    def _decay(self, share: Array, xp: Any) -> Array:
        match self.decay_fn:
            case "linear":
                return 1.0 - share
            case "1-sqrt":
                return 1.0 - xp.sqrt(share)
            case "cosine":
                return shapes.cosine(share, 1.0, 0.0, xp)
            case "power":
                return 1.0 - share**self.decay_power
        return (self.decay_ratio**share - self.decay_ratio) / (1.0 - self.decay_ratio)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        since = xp.maximum(tick - self.warmup_t, 0.0)
        level = base_lr
        if self.stable_fn != "constant":
            power = 0.5 if self.stable_fn == "rsqrt" else self.stable_power
            level = base_lr * (1.0 + since / self._timescale()) ** -power
        level = xp.maximum(level, self.lr_min)
        begin = self.t_initial - self.decay_t
        share = xp.minimum(xp.maximum(since - begin, 0.0) / self.decay_t, 1.0)
        after = xp.where(since <= begin, level, self.lr_min + (level - self.lr_min) * self._decay(share, xp))
        return self._warmed(tick, base_lr, base_lr, after, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        end = self.warmup_t + float(self.t_initial or 1)
        begins = Mark(int(np.ceil(end - self.decay_t)), "decay begins")
        return inside(ticks, limit, self._warmed_up(), begins, Mark(int(np.ceil(end)), "decay ends"))


SCHEDULES: tuple[type[Schedule], ...] = (
    CosineLRScheduler,
    TanhLRScheduler,
    PolyLRScheduler,
    StepLRScheduler,
    MultiStepLRScheduler,
    WSDLRScheduler,
    PlateauLRScheduler,
)
