"""deepspeed.runtime.lr_schedules, as of DeepSpeed 0.19.8. Called once per optimizer step."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Schedule, every, inside
from lrlab.schedules.likeness import Like, Only, Unlike
from lrlab.schedules.params import LOW_RATE, MAX_COUNT, Control, Momentum, Rate, Steps, Total, Warmup, per_group

_LATE = "The first two ticks both use the low rate, so it runs one tick late."


class DeepSpeedSchedule(Schedule):
    """A scheduler of DeepSpeed. Those that warm up use their first rate twice: the constructor's, and the first
    step()'s.
    """

    framework = "deepspeed"
    module = "deepspeed.runtime.lr_schedules"
    documentation = "https://deepspeed.readthedocs.io/en/latest/schedulers.html"
    rises_straight = False
    sets_rate = True


class LRRangeTest(DeepSpeedSchedule):
    """A straight line upwards from lr_range_test_min_lr, steeper the higher lr_range_test_step_rate, for ever; or a
    staircase along it.

    After lr_range_test_step_size steps the rate has grown by lr_range_test_step_rate times its start. It never ends by
    itself.

    Source: deepspeed.runtime.lr_schedules.LRRangeTest; Smith 2018 (arXiv 1803.09820).
    """

    family = Unlike("Range test", "It never ends by itself.")
    find_rate = True

    lr_range_test_min_lr: per_group(Annotated[Rate, LOW_RATE]) = 1e-3  # type: ignore[valid-type]
    lr_range_test_step_size: Annotated[Steps, Control("ticks", low=1, start=0.05, help="in optimizer steps")] = 2000
    lr_range_test_step_rate: Annotated[float, Control("number", low=0.0, high=20.0)] = 1.0
    lr_range_test_staircase: bool = False

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        stretches = tick / self.lr_range_test_step_size
        return self.lr_range_test_min_lr * (
            1 + self.lr_range_test_step_rate * (xp.floor(stretches) if self.lr_range_test_staircase else stretches)
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(self.lr_range_test_step_size, ticks, limit, "step") if self.lr_range_test_staircase else []


class OneCycle(DeepSpeedSchedule):
    """A straight line from cycle_min_lr up to cycle_max_lr in cycle_first_step_size steps, one down again in
    cycle_second_step_size; then level for ever, or falling as 1 / steps.

    Stair counts make staircases of the two slopes. With decay_step_size 0 (or decay_lr_rate 0) the rate stays at
    cycle_min_lr; else the decay starts a step late. Momentum (Adam's beta1) starts at cycle_min_mom for one step, then
    runs against the rate.

    Source: deepspeed.runtime.lr_schedules.OneCycle; Smith 2018 (arXiv 1803.09820).
    """

    family = Unlike("One cycle", "A triangle, then level or decaying as 1 / t; see the family of cyclic schedules.")
    also = (
        Like(
            "Cyclic",
            "One cycle only.",
            Only(last="up + down"),
            cycle_min_lr="floor",
            cycle_max_lr="peak",
            cycle_first_step_size="up",
            cycle_second_step_size="down",
        ),
    )

    cycle_min_lr: per_group(Annotated[Rate, LOW_RATE])  # type: ignore[valid-type]
    cycle_max_lr: per_group(Rate)  # type: ignore[valid-type]
    decay_lr_rate: Annotated[float, Field(ge=0), Control("number", low=0.0, high=2.0)] = 0.0
    cycle_first_step_size: Annotated[
        int | float, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.3, help="in optimizer steps")
    ] = 2000
    cycle_second_step_size: Annotated[Warmup, Control("ticks", start=0.3, help="in optimizer steps")] | None = None
    cycle_first_stair_count: Annotated[int, Field(ge=0, le=MAX_COUNT), Control("number", low=0, high=20)] = 0
    cycle_second_stair_count: (
        Annotated[int, Field(ge=0, le=MAX_COUNT), Control("number", low=0, high=20, start=0)] | None
    ) = None
    decay_step_size: Annotated[Warmup, Control("ticks", start=0.1, help="in optimizer steps")] = 0
    cycle_momentum: bool = True
    cycle_min_mom: per_group(Momentum) = 0.8  # type: ignore[valid-type]
    cycle_max_mom: per_group(Momentum) = 0.9  # type: ignore[valid-type]
    decay_mom_rate: Annotated[float, Field(ge=0, le=1e9), Control("number", low=0.0, high=2.0)] = 0.0

    def _sizes(self) -> tuple[Array, Array]:
        return (
            self.cycle_first_step_size,
            self.cycle_first_step_size if self.cycle_second_step_size is None else self.cycle_second_step_size,
        )

    def _height(self, tick: Array, xp: Any) -> Array:
        """0 at the low end, 1 at the high one, in the one cycle."""
        up, down = self._sizes()
        stairs = self.cycle_first_stair_count
        later = stairs if self.cycle_second_stair_count is None else self.cycle_second_stair_count
        since = tick - (up + down) * xp.floor(tick / (up + down))
        rise, fall = since / up, 0.0 if down == 0 else (up + down - since) / down
        if stairs > 0:
            rise = xp.floor(since * stairs / up) / stairs
        if later > 0 and down > 0:
            fall = xp.floor((up + down - since) * later / down) / later
        return xp.where(since <= up, rise, fall)

    def _after(self, tick: Array, rate: Array) -> Array:
        """What the decay divides the rate by, counted from the end of the cycle."""
        return 1.0 + rate * (tick - sum(self._sizes())) / self.decay_step_size

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        cycle = shapes.linear(self._height(tick, xp), self.cycle_min_lr, self.cycle_max_lr)
        decays = self.decay_step_size > 0 and self.decay_lr_rate != 0
        after = (
            self.cycle_min_lr / self._after(xp.maximum(tick, sum(self._sizes())), self.decay_lr_rate)
            if decays
            else self.cycle_min_lr
        )
        return xp.where(tick - 1 < sum(self._sizes()), cycle, after)

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        if not self.cycle_momentum:
            return None
        cycle = shapes.linear(self._height(tick, xp), self.cycle_max_mom, self.cycle_min_mom)
        decays = self.decay_step_size > 0 and self.decay_mom_rate != 0
        after = self.cycle_max_mom * self._after(tick, self.decay_mom_rate) if decays else self.cycle_max_mom
        return xp.where(tick == 0, self.cycle_min_mom, xp.where(tick - 1 < sum(self._sizes()), cycle, after))

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        up, down = self._sizes()
        return inside(ticks, limit, Mark(int(np.ceil(up)), "peak"), Mark(int(np.ceil(up + down)), "cycle ends"))


class WarmupLR(DeepSpeedSchedule):
    """Rises from warmup_min_lr to warmup_max_lr in warmup_num_steps, as a logarithm (fast, then slowly) or a straight
    line, then stays there.

    The first two steps both use the low rate, so the target comes at step warmup_num_steps + 1. A warmup_num_steps of 1
    counts as 2. warmup_max_lr null is the base LR.

    Source: deepspeed.runtime.lr_schedules.WarmupLR.
    """

    family = Like(
        "Warmup, then level",
        f"By default the line is a logarithm. {_LATE}",
        Only(shift=1),
        warmup_min_lr="start",
        warmup_max_lr="peak",
        warmup_num_steps="warmup",
        warmup_type="'linear'",
    )

    warmup_min_lr: per_group(Annotated[Rate, Control("rate", low=1e-8, high=10.0, log=True)]) = 0.0  # type: ignore[valid-type]
    warmup_max_lr: per_group(Rate, optional=True) = None  # type: ignore[valid-type]
    warmup_num_steps: Annotated[
        int, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.05, help="in optimizer steps")
    ] = 1000
    warmup_type: Literal["log", "linear"] = "log"

    @property
    def own_rate(self) -> bool:
        """Its own, unless that is null."""
        return self.warmup_max_lr is not None

    def _after(self, since: Array, xp: Any) -> Array:
        """The share of the way from low to high, once the warmup is over; `since` counts from the first step()."""
        return 1.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        since = xp.maximum(tick - 1.0, 0.0)
        share = _warmup(since, self.warmup_num_steps, self.warmup_type, self._after(since, xp), xp)
        high = base_lr if self.warmup_max_lr is None else self.warmup_max_lr
        return shapes.linear(xp.where(tick < 1, 0.0, share), self.warmup_min_lr, high)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(max(self.warmup_num_steps, 2) + 1, "warmup ends"))

    @property
    def rises_as_log(self) -> str:
        return "warmup_type" if self.warmup_type == "log" else ""


class WarmupDecayLR(WarmupLR):
    """Rises from warmup_min_lr to warmup_max_lr in warmup_num_steps, as a logarithm or a straight line, then falls in a
    straight line to warmup_min_lr at total_num_steps and stays there.

    It falls to warmup_min_lr, not to 0. Everything comes one step late: the first two steps both use the low rate.

    Source: deepspeed.runtime.lr_schedules.WarmupDecayLR.
    """

    family = Like(
        "Linear warmup, linear decay",
        f"By default the rise is a logarithm, and it falls to warmup_min_lr. {_LATE}",
        Only(shift=1),
        total_num_steps="warmup + T",
        warmup_max_lr="peak",
        warmup_num_steps="warmup",
        warmup_type="'linear'",
    )

    total_num_steps: Total
    warmup_max_lr: per_group(Rate, optional=True) = 0.001  # type: ignore[valid-type]

    def _after(self, since: Array, xp: Any) -> Array:
        return xp.maximum(
            (self.total_num_steps - since) / max(1.0, self.total_num_steps - max(2, self.warmup_num_steps)), 0.0
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        warm = max(self.warmup_num_steps, 2)
        return inside(
            ticks,
            limit,
            Mark(warm + 1, "warmup ends"),
            Mark(int(np.ceil(max(self.total_num_steps, warm))) + 1, "decay ends"),
        )


class WarmupCosineLR(DeepSpeedSchedule):
    """Rises from warmup_min_ratio of the base LR to all of it in warmup_num_steps, as a logarithm or a straight line,
    falls as half a cosine to cos_min_ratio of it at total_num_steps and stays there.

    The first step uses a rate of 0 whatever warmup_min_ratio says, the second the low rate. The cosine starts one step
    down its way.

    Source: deepspeed.runtime.lr_schedules.WarmupCosineLR.
    """

    family = Like(
        "Cosine behind a warmup",
        "Equal after the warmup only, which runs one tick late and misses the peak; by default it is a "
        "logarithm. The floors are shares.",
        Only(first="warmup + 1"),
        total_num_steps="warmup + T",
        warmup_num_steps="warmup",
        cos_min_ratio="floor / peak",
        warmup_type="'linear'",
    )

    sets_rate = False

    total_num_steps: Total
    warmup_min_ratio: Annotated[float, Control("factor", low=0.0, high=1.0)] = 0.0
    warmup_num_steps: Annotated[
        int, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.05, help="in optimizer steps")
    ] = 1000
    cos_min_ratio: Annotated[float, Control("factor", low=0.0, high=1.0)] = 0.0001
    warmup_type: Literal["log", "linear"] = "log"

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        since, warm = xp.maximum(tick - 1.0, 0.0), max(2, self.warmup_num_steps)
        progress = xp.minimum((since - warm + 1.0) / max(1, self.total_num_steps - warm), 1.0)
        after = xp.maximum(shapes.cosine(progress, 1.0, self.cos_min_ratio, xp), 0.0)
        low = self.warmup_min_ratio
        rise = shapes.linear(_warmup(since, self.warmup_num_steps, self.warmup_type, 1.0, xp), low, 1.0)
        return base_lr * xp.where(tick < 1, 0.0, xp.where(since < warm, rise, after))

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        warm = max(self.warmup_num_steps, 2)
        return inside(
            ticks,
            limit,
            Mark(warm + 1, "warmup ends"),
            Mark(max(int(np.ceil(self.total_num_steps)), warm + 1), "decay ends"),
        )

    @property
    def rises_as_log(self) -> str:
        return "warmup_type" if self.warmup_type == "log" else ""


def _warmup(since: Array, steps: Array, how: str, after: Array, xp: Any) -> Array:
    """0 to 1 in `steps` (2 at least), as log(since + 1) / log(steps) or as a straight line, then `after`."""
    steps = max(2, steps)
    rise = xp.log(since + 1.0) / xp.log(steps) if how == "log" else since / steps
    return xp.where(since < steps, rise, after)


SCHEDULES: tuple[type[Schedule], ...] = (
    LRRangeTest,
    OneCycle,
    WarmupLR,
    WarmupDecayLR,
    WarmupCosineLR,
)
