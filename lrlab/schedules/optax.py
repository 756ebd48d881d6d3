"""optax.schedules and optax.contrib.reduce_on_plateau, as of optax 0.2.8."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field, Strict, WithJsonSchema, WrapSerializer, field_validator, model_validator

from lrlab.schedules import AnySchedule, combine, shapes
from lrlab.schedules.base import Array, Mark, Place, Schedule, described, every, inside, or_text
from lrlab.schedules.facts import Waiting
from lrlab.schedules.likeness import HOLDS, Like, Only, Unlike
from lrlab.schedules.params import (
    MAX_COUNT,
    MAX_PARTS,
    Control,
    Divisor,
    Factor,
    Horizon,
    Milestones,
    Pairs,
    Power,
    Rate,
)
from lrlab.schedules.recurrence import MetricDriven

_ANY = Field(ge=-MAX_COUNT, le=MAX_COUNT)

if TYPE_CHECKING:  # a curve only sees numbers, because it is bound to its run first
    Transition: TypeAlias = Any
else:
    Transition = Annotated[
        int | float | None, _ANY, Control("ticks", low=1, help="in updates; follow the run: as long as the run lasts")
    ]
    """A horizon whose native code takes 0 and less as well."""

Warmup: TypeAlias = Annotated[int | float, _ANY, Control("ticks", start=0.05, help="in updates")]
Begin: TypeAlias = Annotated[int | float, _ANY, Control("ticks", start=0.0, help="in updates")]
Calls: TypeAlias = Annotated[int, _ANY, Control("number", low=0, high=50, help="in updates")]
ZeroRate: TypeAlias = Annotated[Rate, Control("rate", low=1e-8, high=10.0, log=True, start=0.0)]


class OptaxSchedule(Schedule):
    """A schedule of optax: a function of the count of updates, its rate an argument of its own. A tick is an update."""

    framework = "optax"
    module = "optax"
    imported_whole = True
    variable = "schedule"
    takes_optimizer = False
    documentation = "https://optax.readthedocs.io/en/latest/api/optimizer_schedules.html"
    sets_rate = True


class ConstantSchedule(OptaxSchedule, native="constant_schedule"):
    """Level at value, for ever.

    Source: optax.schedules.constant_schedule.
    """

    family = Like("Constant", "The rate is its own argument; the optimizer's is not used.", value="peak")

    value: Rate

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.value


class _Transition(OptaxSchedule):
    """One way from init_value to end_value in transition_steps, from transition_begin on; its classes say in which
    order their arguments stand.
    """

    @property
    def rises_by(self: Any) -> str:
        return "transition_steps" if self.end_value > self.init_value else ""

    @property
    def ends_by(self) -> str:
        return "" if self.rises_by else "transition_steps"

    def fitting(self: Any, ticks: int) -> float:
        """Less what comes before its transition."""
        return float(max(ticks - self.transition_begin, 1))

    def marks(self: Any, ticks: int, limit: int) -> list[Mark] | None:
        if self.transition_steps <= 0:
            return []
        first = max(self.transition_begin, 0)
        return inside(
            ticks,
            limit,
            Mark(math.ceil(first), "transition begins"),
            Mark(math.ceil(first + self.transition_steps), "transition ends"),
        )


class LinearSchedule(_Transition, native="linear_schedule"):
    """Level at init_value until transition_begin, then a straight line to end_value in transition_steps, then level.

    With transition_steps of 0 or less it stays at init_value and never comes to end_value.

    Source: optax.schedules.linear_schedule.
    """

    family = Like(
        "Warmup, then level",
        "Goes down as well as up; can begin later.",
        init_value="start",
        end_value="peak",
        transition_steps="warmup",
    )
    also = (
        Like(
            "Linear and polynomial decay",
            "A straight line.",
            Only(given={"power": 1}),
            init_value="peak",
            end_value="floor",
            transition_steps="T",
        ),
    )

    init_value: Rate
    end_value: ZeroRate
    transition_steps: Transition
    transition_begin: Begin = 0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.transition_steps <= 0:
            return self.init_value
        progress = shapes.ramp(_since(tick, self.transition_begin, xp), self.transition_steps, xp)
        return shapes.linear(progress, self.init_value, self.end_value)


class PolynomialSchedule(_Transition, native="polynomial_schedule"):
    """Level at init_value until transition_begin, then to end_value in transition_steps as (1 - progress) ** power,
    then level.

    With transition_steps of 0 or less, or power 0, it stays at init_value.

    Source: optax.schedules.polynomial_schedule.
    """

    family = Like(
        "Linear and polynomial decay", init_value="peak", end_value="floor", power="power", transition_steps="T"
    )

    init_value: Rate
    end_value: ZeroRate
    power: Annotated[Power, Control("number", low=0.0, high=5.0, start=2.0)]
    transition_steps: Transition
    transition_begin: Begin = 0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.transition_steps <= 0:
            return self.init_value
        progress = _since(tick, self.transition_begin, xp) / self.transition_steps
        return shapes.polynomial(progress, self.init_value, self.end_value, self.power, xp)


class CosineDecaySchedule(OptaxSchedule, native="cosine_decay_schedule"):
    """Half a cosine, to the power of exponent, from init_value down to alpha times it in decay_steps, then level.

    alpha is a share of init_value and no rate.

    Source: optax.schedules.cosine_decay_schedule; Loshchilov & Hutter 2017 (arXiv 1608.03983), without restarts.
    """

    family = Like("Cosine", f"The floor is a share. {HOLDS}", init_value="peak", decay_steps="T", alpha="floor / peak")

    init_value: Rate
    decay_steps: Horizon
    alpha: Factor = 0.0
    exponent: Power = 1.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return _cosine(tick, self.decay_steps, self.init_value, self.alpha * self.init_value, self.exponent, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(math.ceil(self.decay_steps), "decay ends"))


class ExponentialDecay(OptaxSchedule, native="exponential_decay"):
    """Level at init_value until transition_begin, then multiplied by decay_rate every transition_steps, smoothly or in
    steps, for ever or until it comes to end_value, where it stays.

    Without end_value it goes on for ever; where decay_rate is 1 or more end_value is a ceiling. It holds from the first
    update on. With transition_steps of 0 or less, or decay_rate 0, it stays at init_value, whatever end_value is.

    Source: optax.schedules.exponential_decay.
    """

    family = Like(
        "Exponential decay",
        "Can hold at an end_value.",
        init_value="peak",
        transition_steps="every",
        decay_rate="factor",
    )
    also = (
        Like(
            "Step decay",
            "The staircase of a schedule that else falls smoothly.",
            init_value="peak",
            transition_steps="every",
            decay_rate="factor",
            staircase=True,
        ),
    )

    goes_on = True

    init_value: Rate
    transition_steps: Transition
    decay_rate: Factor
    transition_begin: Begin = 0
    staircase: bool = False
    end_value: Rate | None = None

    @model_validator(mode="after")
    def _has_real_powers(self) -> Self:
        _check_rate(self)
        return self

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return _exponential(self, tick, self.init_value, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return _exponential_marks(self, 0, ticks, limit)


class PiecewiseConstantSchedule(OptaxSchedule, native="piecewise_constant_schedule"):
    """A staircase: init_value, multiplied by each scale from its boundary on, in the order of the boundaries; then
    level.

    The scales accumulate: {"30": 0.1, "60": 0.1} ends at a hundredth. A boundary of 0 or less counts from the start.

    Source: optax.schedules.piecewise_constant_schedule.
    """

    family = Like(
        "Milestones",
        "Each border has a factor of its own.",
        init_value="peak",
        boundaries_and_scales=(("first", "factor"), ("second", "factor")),
    )

    init_value: Rate
    boundaries_and_scales: Pairs | None = None

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth at 60 % of the run, and again at 80 %."""
        steps = {str(ticks * 6 // 10): 0.1, str(ticks * 8 // 10): 0.1}
        return super().example(ticks, epochs, updates) | {"boundaries_and_scales": steps}

    @field_validator("boundaries_and_scales")
    @classmethod
    def _not_negative(cls, value: Any) -> Any:
        return _check_scales(value)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        pairs = sorted(self.boundaries_and_scales or ())
        values = accumulate((scale for _, scale in pairs), mul, initial=self.init_value)
        return shapes.levels(tick, tuple(border for border, _ in pairs), tuple(values), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(
            ticks, limit, *(Mark(border, "boundary") for border, _ in sorted(self.boundaries_and_scales or ()))
        )


class PiecewiseInterpolateSchedule(OptaxSchedule, native="piecewise_interpolate_schedule"):
    """Straight lines or half cosines from corner to corner: init_value at update 0, then at each boundary the corner
    before times the boundary's scale; level after the last corner.

    The scales accumulate, as those of piecewise_constant_schedule.

    Source: optax.schedules.piecewise_interpolate_schedule.
    """

    family = Unlike("Through given points", "Each point is the one before times its factor.")
    has_corners = True

    interpolate_type: Literal["linear", "cosine"]
    init_value: Rate
    boundaries_and_scales: Annotated[Pairs, Field(max_length=MAX_PARTS)] | None = None

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Up to ten times the start at 10 % of the run, down to a hundredth of that at its end."""
        corners = {str(ticks // 10): 10.0, str(ticks): 0.01}
        start = {"interpolate_type": "linear", "init_value": 0.01, "boundaries_and_scales": corners}
        return super().example(ticks, epochs, updates) | start

    @field_validator("boundaries_and_scales")
    @classmethod
    def _not_negative(cls, value: Any) -> Any:
        return _check_scales(value)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return _interpolated(
            tick, self.init_value, self.boundaries_and_scales or (), xp, straight=self.interpolate_type == "linear"
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(
            ticks, limit, *(Mark(border, "boundary") for border, _ in sorted(self.boundaries_and_scales or ()))
        )


class LinearOnecycleSchedule(OptaxSchedule, native="linear_onecycle_schedule"):
    """Straight lines: from peak_value / div_factor up to peak_value at pct_start of transition_steps, back by pct_final
    of them, on down to the start / final_div_factor at their end, then level.

    The corners are at whole updates: pct_start and pct_final of transition_steps, rounded down. The end is
    final_div_factor below peak_value / div_factor.

    Source: optax.schedules.linear_onecycle_schedule; Smith & Topin 2018 (arXiv 1708.07120).
    """

    family = Unlike("One cycle", "Straight lines: up, down as slowly, then on down to the end.")

    transition_steps: Horizon
    peak_value: Rate
    pct_start: Factor = 0.3
    pct_final: Factor = 0.85
    div_factor: Divisor = 25.0
    final_div_factor: Divisor = 1e4

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        corners = {
            xp.trunc(self.pct_start * self.transition_steps): self.div_factor,
            xp.trunc(self.pct_final * self.transition_steps): 1.0 / self.div_factor,
            self.transition_steps: 1.0 / self.final_div_factor,
        }  # of two corners at the same update the later one counts
        return _interpolated(tick, self.peak_value / self.div_factor, corners.items(), xp, straight=True)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        peak, start = (int(share * self.transition_steps) for share in (self.pct_start, self.pct_final))
        end = Mark(math.ceil(self.transition_steps), "minimum")
        return inside(ticks, limit, Mark(peak, "peak"), Mark(start, "back at the start"), end)


class CosineOnecycleSchedule(OptaxSchedule, native="cosine_onecycle_schedule"):
    """Half a cosine from peak_value / div_factor up to peak_value at pct_start of transition_steps, another down to the
    start / final_div_factor at their end, then level.

    The peak is at a whole update, pct_start of transition_steps rounded down, and the minimum one past the last of
    them: torch's OneCycleLR, with the same arguments, has both one earlier.

    Source: optax.schedules.cosine_onecycle_schedule; Smith & Topin 2018 (arXiv 1708.07120).
    """

    family = Like(
        "One cycle",
        "The peak is at tick pct_start * transition_steps and the end at transition_steps: with torch's own "
        "numbers it is one tick late.",
        transition_steps="total - 1",
        peak_value="peak",
        pct_start="(rise - 1) / (total - 1)",
        div_factor="divide",
        final_div_factor="final",
    )

    transition_steps: Horizon
    peak_value: Rate
    pct_start: Factor = 0.3
    div_factor: Divisor = 25.0
    final_div_factor: Divisor = 1e4

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        corners = {
            xp.trunc(self.pct_start * self.transition_steps): self.div_factor,
            xp.trunc(self.transition_steps): 1.0 / (self.div_factor * self.final_div_factor),
        }
        return _interpolated(tick, self.peak_value / self.div_factor, corners.items(), xp, straight=False)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(
            ticks,
            limit,
            Mark(int(self.pct_start * self.transition_steps), "peak"),
            Mark(int(self.transition_steps), "minimum"),
        )


class WarmupConstantSchedule(OptaxSchedule, native="warmup_constant_schedule"):
    """A straight line from init_value to peak_value in warmup_steps, then level.

    With warmup_steps of 0 or less it stays at init_value and never comes to peak_value.

    Source: optax.schedules.warmup_constant_schedule.
    """

    family = Like("Warmup, then level", init_value="start", peak_value="peak", warmup_steps="warmup")
    rises_between = ("init_value", "peak_value")

    init_value: ZeroRate
    peak_value: Rate
    warmup_steps: Warmup

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.warmup_steps <= 0:
            return self.init_value
        return shapes.linear(shapes.ramp(tick, self.warmup_steps, xp), self.init_value, self.peak_value)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(math.ceil(self.warmup_steps), "warmup ends"))


class WarmupCosineDecaySchedule(OptaxSchedule, native="warmup_cosine_decay_schedule"):
    """A straight line from init_value to peak_value in warmup_steps, half a cosine down to end_value at decay_steps,
    then level.

    decay_steps includes the warmup. With a peak_value of 0 end_value is not used. exponent is the cosine's power.

    Source: optax.schedules.warmup_cosine_decay_schedule.
    """

    family = Like(
        "Cosine behind a warmup",
        f"decay_steps includes the warmup. {HOLDS}",
        init_value="start",
        peak_value="peak",
        warmup_steps="warmup",
        decay_steps="warmup + T",
        end_value="floor",
    )
    rises_between = ("init_value", "peak_value")

    init_value: ZeroRate
    peak_value: Rate
    warmup_steps: Warmup
    decay_steps: Transition
    end_value: Rate = 0.0
    exponent: Power = 1.0

    @model_validator(mode="after")
    def _leaves_a_decay(self) -> Self:
        if self.decay_steps is not None and self.decay_steps <= self.warmup_steps:
            msg = f"decay_steps: must be greater than warmup_steps ({self.warmup_steps}), which it includes"
            raise ValueError(msg)
        return self

    def horizon(self, ticks: int) -> float:
        """The run, and at least one update after the warmup."""
        return max(ticks, self.warmup_steps + 1)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        end = self.end_value if self.peak_value != 0 else 0.0
        since = _since(tick, self.warmup_steps, xp) if self.warmup_steps > 0 else tick - self.warmup_steps
        decay = _cosine(since, self.decay_steps - self.warmup_steps, self.peak_value, end, self.exponent, xp)
        return _warmed_up(self, tick, decay, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(
            ticks,
            limit,
            Mark(math.ceil(self.warmup_steps), "warmup ends"),
            Mark(math.ceil(self.decay_steps), "decay ends"),
        )


class WarmupExponentialDecaySchedule(OptaxSchedule, native="warmup_exponential_decay_schedule"):
    """A straight line from init_value to peak_value in warmup_steps, then multiplied by decay_rate every
    transition_steps, for ever or until it comes to end_value, where it stays.

    transition_steps and transition_begin count from the end of the warmup. Without end_value the decay goes on for
    ever; else as in exponential_decay.

    Source: optax.schedules.warmup_exponential_decay_schedule.
    """

    family = Like(
        "Exponential decay",
        "Begins with a straight warmup; the decay counts from its end.",
        init_value=0,
        peak_value="peak",
        warmup_steps=0,
        transition_steps="every",
        decay_rate="factor",
    )
    rises_between = ("init_value", "peak_value")

    goes_on = True

    init_value: ZeroRate
    peak_value: Rate
    warmup_steps: Warmup
    transition_steps: Transition
    decay_rate: Factor
    transition_begin: Begin = 0
    staircase: bool = False
    end_value: Rate | None = None

    @model_validator(mode="after")
    def _has_real_powers(self) -> Self:
        _check_rate(self)
        return self

    def horizon(self, ticks: int) -> float:
        """The run less the warmup."""
        return max(ticks - self.warmup_steps, 1)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        since = _since(tick, self.warmup_steps, xp) if self.warmup_steps > 0 else tick - self.warmup_steps
        return _warmed_up(self, tick, _exponential(self, since, self.peak_value, xp), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        found = _exponential_marks(self, self.warmup_steps, ticks, limit)
        return (
            None if found is None else inside(ticks, limit, Mark(math.ceil(self.warmup_steps), "warmup ends"), *found)
        )


class JoinSchedules(OptaxSchedule, native="join_schedules"):
    """One schedule after the other: each boundary begins the next, which counts its updates from there; the last goes
    on.

    A boundary of 0 skips the schedule before it, a negative one also the first updates of the one after it. Where
    boundaries do not rise, the schedules between them have no turn.

    Source: optax.schedules.join_schedules.
    """

    family = Like(
        "Made of other schedules",
        "Each part counts from its own boundary.",
        schedules=[
            {"kind": "optax.linear_schedule", "init_value": "start", "end_value": "peak", "transition_steps": "warmup"},
            {"kind": "optax.cosine_decay_schedule", "init_value": "peak", "decay_steps": "T", "alpha": "floor / peak"},
        ],
        boundaries=["warmup"],
    )
    also = (
        Like(
            "Linear warmup, linear decay",
            schedules=[
                {"kind": "optax.linear_schedule", "init_value": 0, "end_value": "peak", "transition_steps": "warmup"},
                {"kind": "optax.linear_schedule", "init_value": "peak", "end_value": 0, "transition_steps": "T"},
            ],
            boundaries=["warmup"],
        ),
    )
    in_turn = True
    joined_by = "boundaries"

    schedules: Annotated[tuple[AnySchedule, ...], Strict(strict=False), Field(max_length=MAX_PARTS)]
    boundaries: Milestones

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A linear warmup over a twentieth of the run, then one cosine."""
        warmup = WarmupConstantSchedule.example(ticks, epochs, updates)
        decay = CosineDecaySchedule.example(ticks, epochs, updates)
        return {"kind": cls.kind, "schedules": [warmup, decay], "boundaries": [warmup["warmup_steps"]]}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.schedules:
            msg = "schedules: must hold at least one schedule"
            raise ValueError(msg)
        if len(self.boundaries) != len(self.schedules) - 1:
            msg = f"boundaries: must have one less than schedules ({len(self.schedules)}), not {len(self.boundaries)}"
            raise ValueError(msg)
        for i, part in enumerate(self.schedules):
            if not isinstance(part, OptaxSchedule) or isinstance(part, MetricDriven):
                why = (
                    "not an optax schedule"
                    if not isinstance(part, OptaxSchedule)
                    else "a transformation of gradients, no function of the count"
                )
                msg = f"schedules.{i}: {part.kind} is {why}"
                raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
        return self

    def bind(self, place: Place) -> Self:
        """Bind each part to the updates between its boundaries."""
        parts = combine.bind_parts(self.schedules, combine.turns([0, *self.boundaries]), place)
        return super().bind(place).model_copy(update={"schedules": parts})

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return combine.curve(
            self.schedules, combine.turns([0, *self.boundaries]), [base_lr] * len(self.schedules), tick, xp
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        found = combine.marks(self.schedules, combine.turns([0, *self.boundaries]), ticks, limit)
        return None if found is None else inside(ticks, limit, *found)

    def joints(self) -> list[int]:
        return list(self.boundaries)


def _bare(data: Any) -> Any:
    """The arguments of a schedule whose kind goes without saying."""
    if isinstance(data, dict) and "kind" in data:
        msg = "kind: is no argument here: every cycle is a warmup_cosine_decay_schedule"
        raise ValueError(msg)
    return data


Cycle: TypeAlias = Annotated[
    WarmupCosineDecaySchedule,
    BeforeValidator(_bare),
    WrapSerializer(lambda cycle, handler: {name: value for name, value in handler(cycle).items() if name != "kind"}),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {
                name: or_text({"type": "number"}) if about.unit == "ticks" else {"type": "number"}
                for name, about in described(WarmupCosineDecaySchedule).items()
            },
            "required": [name for name, field in WarmupCosineDecaySchedule.model_fields.items() if field.is_required()],
            "additionalProperties": False,
        }
    ),
]


class SgdrSchedule(OptaxSchedule, native="sgdr_schedule"):
    """Cycles one after the other, each decay_steps long: a straight warmup to peak_value, then half a cosine down to
    end_value; after the last cycle, level at its end.

    Each cycle has its own arguments, those of warmup_cosine_decay_schedule.

    Source: optax.schedules.sgdr_schedule; Loshchilov & Hutter 2017 (arXiv 1608.03983).
    """

    family = Like(
        "Cosine with restarts",
        "Every cycle has its own length, height and warmup; after the last one it stays.",
        cosine_kwargs=[
            {"init_value": "peak", "peak_value": "peak", "warmup_steps": 0, "decay_steps": cycle, "end_value": "floor"}
            for cycle in ("length", "length * mult", "length * mult ** 2")
        ],
    )
    in_turn = True

    cosine_kwargs: Annotated[tuple[Cycle, ...], Strict(strict=False), Field(max_length=MAX_PARTS)]

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Three cycles of a third of the run, each half as high as the one before."""
        length = max(ticks // 3, 1)
        cycle = {"init_value": 0.0, "warmup_steps": length // 10, "decay_steps": length}
        return {"kind": cls.kind, "cosine_kwargs": [cycle | {"peak_value": peak} for peak in (0.1, 0.05, 0.025)]}

    @field_validator("cosine_kwargs")
    @classmethod
    def _have_lengths(cls, cycles: tuple[WarmupCosineDecaySchedule, ...]) -> tuple[WarmupCosineDecaySchedule, ...]:
        if not cycles:
            msg = "must hold at least one cycle"
            raise ValueError(msg)
        for i, cycle in enumerate(cycles):
            if cycle.decay_steps is None:
                msg = f"{i}.decay_steps: must be a number: it says when the next cycle begins"
                raise ValueError(msg)
        return cycles

    def _begins(self) -> list[Any]:
        return combine.turns(accumulate((cycle.decay_steps for cycle in self.cosine_kwargs[:-1]), initial=0))

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return combine.curve(self.cosine_kwargs, self._begins(), [base_lr] * len(self.cosine_kwargs), tick, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        begins = self._begins()
        found = [Mark(math.ceil(begin), f"restart {i}") for i, begin in enumerate(begins[1:], 1)]
        found += [
            Mark(math.ceil(b + c.warmup_steps), "warmup ends")
            for b, c in zip(begins, self.cosine_kwargs, strict=True)
            if c.warmup_steps > 0
        ]
        return inside(
            ticks, limit, *sorted(found), Mark(math.ceil(begins[-1] + self.cosine_kwargs[-1].decay_steps), "decay ends")
        )


class ReduceOnPlateau(OptaxSchedule, MetricDriven, native="contrib.reduce_on_plateau"):
    """Level at the base LR, multiplied by factor each time the metric has brought no new best in patience updates,
    never below min_scale of the base LR; level after the last metric.

    patience 3 reduces at the third bad value, and patience 0 at every new best. The metric is to fall, by rtol of the
    best plus atol. With accumulation_size above 1 it is averaged over that many updates, of which patience and cooldown
    then count one each.

    Source: optax.contrib.reduce_on_plateau.
    """

    family = Like(
        "Plateau",
        "Reduces at bad value number patience: one earlier than torch for the same number.",
        factor="factor",
        patience="patience + 1",
    )

    documentation = "https://optax.readthedocs.io/en/latest/api/contrib.html"
    module = "optax.contrib"

    @classmethod
    def called(cls) -> str:
        return cls.native.removeprefix("contrib.")

    factor: Annotated[float, Field(gt=0, lt=1), Control("factor", low=0.01, high=0.99, start=0.1)] = 0.1
    patience: Calls = 10
    rtol: Annotated[float, Field(ge=0, le=1), Control("number", low=0.0, high=0.1)] = 1e-4
    atol: Annotated[float, Field(ge=0), Control("number", low=0.0, high=0.1)] = 0.0
    cooldown: Calls = 0
    accumulation_size: Annotated[Calls, Control("number", low=1, high=1000, help="in updates")] = 1
    min_scale: Factor = 0.0

    sets_rate = False

    @model_validator(mode="after")
    def _has_a_tolerance(self) -> Self:
        if self.rtol == 0 and self.atol == 0:
            msg = "rtol: must be greater than 0 where atol is 0"
            raise ValueError(msg)
        return self

    def waiting(self) -> Waiting:
        return Waiting(self.patience, self.patience, self.cooldown, max(self.accumulation_size, 1))

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        scale, best, bad, resting = 1.0, math.inf, 0, 0
        mean, count = 0.0, 0
        rates = [base_lr]
        for value in metrics:
            mean, count = (count * mean + value) / (count + 1), count + 1
            if count == self.accumulation_size:
                improved = mean < (1.0 - self.rtol) * best - self.atol
                best, bad = (mean, 0) if improved else (best, bad + 1)
                if resting > 0:
                    resting, bad = resting - 1, 0
                else:
                    if bad == self.patience:
                        scale, bad, resting = scale * self.factor, 0, self.cooldown
                    scale = max(scale, self.min_scale)
                mean, count = 0.0, 0
            rates.append(base_lr * scale)
        return rates


def _since(tick: Array, begin: float, xp: Any) -> Array:
    """The updates since `begin`, 0 before it; one that is not after the start is none."""
    return xp.maximum(tick - begin, 0.0) if begin > 0 else tick


def _cosine(tick: Array, length: Any, start: Any, end: Any, exponent: Any, xp: Any) -> Array:
    height = shapes.cosine(xp.minimum(tick, length) / length, 1.0, 0.0, xp)
    return end + (start - end) * (
        height if exponent == 1 else height**exponent
    )  # a power takes longer to compute than the cosine


def _exponential(
    schedule: ExponentialDecay | WarmupExponentialDecaySchedule, tick: Array, start: Any, xp: Any
) -> Array:
    if schedule.transition_steps <= 0 or schedule.decay_rate == 0:
        return start
    progress = _since(tick, schedule.transition_begin, xp) / schedule.transition_steps
    rate = shapes.exponential(progress, start, schedule.decay_rate, xp, staircase=schedule.staircase)
    if schedule.end_value is None:
        return rate
    return xp.maximum(rate, schedule.end_value) if schedule.decay_rate < 1 else xp.minimum(rate, schedule.end_value)


def _interpolated(tick: Array, start: Any, corners: Iterable[tuple[Any, Any]], xp: Any, *, straight: bool) -> Array:
    """From start at 0 to start times the product of the scales up to each corner, then level."""
    begin: Any = 0.0
    borders, pieces = [], []
    for border, scale in sorted(corners):
        progress, end = (tick - begin) / max(border - begin, 1.0), start * scale
        pieces.append(shapes.linear(progress, start, end) if straight else shapes.cosine(progress, start, end, xp))
        borders.append(border)
        begin, start = border, end
    return shapes.choose(tick, borders, [*pieces, start], xp)


def _warmed_up(
    schedule: WarmupCosineDecaySchedule | WarmupExponentialDecaySchedule, tick: Array, after: Array, xp: Any
) -> Array:
    """A straight line from init_value to peak_value, then what comes after."""
    if schedule.warmup_steps <= 0:
        return after
    rise = shapes.linear(tick / schedule.warmup_steps, schedule.init_value, schedule.peak_value)
    return xp.where(tick < schedule.warmup_steps, rise, after)


def _exponential_marks(
    schedule: ExponentialDecay | WarmupExponentialDecaySchedule, warmup: float, ticks: int, limit: int
) -> list[Mark] | None:
    if schedule.transition_steps <= 0 or schedule.decay_rate == 0:
        return []
    first = warmup + max(schedule.transition_begin, 0)
    steps = every(schedule.transition_steps, math.ceil(ticks - first), limit, "step") if schedule.staircase else []
    if steps is None:
        return None
    begins = Mark(math.ceil(first), "decay begins") if first > max(warmup, 0) else Mark(0, "start")
    return inside(ticks, limit, begins, *(Mark(math.ceil(first + m.tick), m.label) for m in steps))


def _check_scales(pairs: Sequence[tuple[int, float]] | None) -> Sequence[tuple[int, float]] | None:
    for border, scale in pairs or ():
        if scale < 0:
            msg = f"{border}: must be at least 0"
            raise ValueError(msg)
    return pairs


def _check_rate(schedule: ExponentialDecay | WarmupExponentialDecaySchedule) -> None:
    whole = schedule.staircase or (
        schedule.transition_steps is not None and (schedule.transition_steps <= 0 or schedule.transition_steps == 1)
    )
    if schedule.decay_rate < 0 and not whole:
        msg = "decay_rate: must be at least 0 without staircase: a negative number has no real power of a fraction"
        raise ValueError(msg)


SCHEDULES: tuple[type[Schedule], ...] = (
    ConstantSchedule,
    LinearSchedule,
    PolynomialSchedule,
    CosineDecaySchedule,
    ExponentialDecay,
    PiecewiseConstantSchedule,
    PiecewiseInterpolateSchedule,
    LinearOnecycleSchedule,
    CosineOnecycleSchedule,
    WarmupConstantSchedule,
    WarmupCosineDecaySchedule,
    WarmupExponentialDecaySchedule,
    SgdrSchedule,
    JoinSchedules,
    ReduceOnPlateau,
)
