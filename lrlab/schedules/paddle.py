"""paddle.optimizer.lr, as of PaddlePaddle 3.3."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from lrlab.schedules import AnySchedule, plateau, shapes
from lrlab.schedules.base import Array, Mark, Place, Schedule, every, inside
from lrlab.schedules.facts import Waiting
from lrlab.schedules.likeness import CLIMBS, Like, Only
from lrlab.schedules.params import (
    LOW_RATE,
    POINT,
    BaseRate,
    Control,
    Decay,
    Divisor,
    Factor,
    Fraction,
    Milestones,
    Mode,
    Multiple,
    Patience,
    Rate,
    Steps,
    Threshold,
    Values,
    WholeHorizon,
    expression,
)
from lrlab.schedules.recurrence import MetricDriven, Recurrence
from lrlab.schedules.torch import simple as torch
from lrlab.schedules.typed import by_cycle, by_tick, check_start, factors, held
from lrlab.trees.ends import Ends
from lrlab.trees.parse import parse

_DECAY = Control("number", low=1e-6, high=1.0, log=True, start=0.001)


class PaddleSchedule(Schedule):
    """A scheduler of PaddlePaddle, which holds the rate itself: one for all parameters. A tick is a call of
    `scheduler.step()`; epochs are ticks.
    """

    framework = "paddle"
    also_called = "paddlepaddle 飞桨"
    module = "paddle.optimizer.lr"
    imported_whole = True
    takes_optimizer = False
    documentation = "https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/optimizer/lr/{native}_en.html"
    reads_groups = False
    sets_rate = True


class NoamDecay(PaddleSchedule):
    """Rises in a straight line from 0 for warmup_steps ticks, then falls as 1 / sqrt(tick), for ever.

    learning_rate only scales it: the peak is learning_rate / sqrt(d_model * warmup_steps). The first step uses a rate
    of 0.

    Source: paddle.optimizer.lr.NoamDecay; Vaswani et al. 2017 (arXiv 1706.03762).
    """

    family = Like(
        "Inverse square root",
        "The peak is learning_rate / sqrt(d_model * warmup_steps).",
        d_model=1,
        warmup_steps="warmup",
        learning_rate="peak * sqrt(warmup)",
    )

    d_model: Annotated[Steps, Control("number", low=1, high=4096, start=512)]
    warmup_steps: Annotated[Steps, Control("ticks", low=1, start=0.05, help="in scheduler.step() calls")]
    learning_rate: BaseRate = 1.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        height = xp.minimum(xp.maximum(tick, 1.0) ** -0.5, tick * self.warmup_steps**-1.5)
        return self.learning_rate * self.d_model**-0.5 * height

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(self.warmup_steps, "peak"))


class PiecewiseDecay(PaddleSchedule):
    """A staircase: the first of values until the first of boundaries, then the next one until the next, and the last
    one for ever.

    The order of boundaries is not checked: the first one above the tick counts, so one below an earlier one is skipped
    with its value.

    Source: paddle.optimizer.lr.PiecewiseDecay.
    """

    family = Like(
        "Milestones",
        "Levels are rates, not factors.",
        boundaries=["first", "second"],
        values=["peak", "peak * factor", "peak * factor ** 2"],
    )

    boundaries: Annotated[Milestones, Field(min_length=1)]
    values: Values

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth at each boundary."""
        document = super().example(ticks, epochs, updates)
        return document | {"values": [0.1 / 10**k for k in range(len(document["boundaries"]) + 1)]}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.values) <= len(self.boundaries):
            msg = f"values: must have one more than boundaries ({len(self.boundaries)}), not {len(self.values)}"
            raise ValueError(msg)
        return self

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return shapes.until_above(tick, self.boundaries, self.values, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, *(Mark(b, "boundary") for b in sorted(set(accumulate(self.boundaries, max)))))


class NaturalExpDecay(PaddleSchedule):
    """Falls from learning_rate as e ** (-gamma * tick), for ever: by the same share at every tick.

    Source: paddle.optimizer.lr.NaturalExpDecay.
    """

    family = Like("Exponential decay", "Falls as exp(-gamma * t).", learning_rate="peak", gamma="-log(factor) / every")

    learning_rate: BaseRate
    gamma: Annotated[float, Field(gt=0), _DECAY]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * xp.exp(-self.gamma * tick)


class InverseTimeDecay(PaddleSchedule):
    """Falls from learning_rate as 1 / (1 + gamma * tick), for ever: to the half at tick 1 / gamma, steeply first and
    ever more slowly.

    Source: paddle.optimizer.lr.InverseTimeDecay.
    """

    family = Like("Inverse time", "gamma is the rate of one tick.", learning_rate="peak", gamma="rate / every")

    learning_rate: BaseRate
    gamma: Annotated[float, Control("number", low=1e-6, high=10.0, log=True, start=0.01)]

    def bind(self, place: Place) -> Self:
        """ValueError where a negative gamma makes paddle divide by 0 in this place."""
        tick = -1.0 / self.gamma if self.gamma < 0 else np.inf
        if tick < place.ticks and 1.0 + self.gamma * round(tick) == 0:
            msg = f"gamma: {self.gamma:g} makes paddle divide by 0 at tick {round(tick):,}"
            raise ValueError(msg)
        return super().bind(place)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate / (1.0 + self.gamma * tick)


class PolynomialDecay(PaddleSchedule):
    """Falls from learning_rate to end_lr as (1 - tick / decay_steps) ** power and stays there; with cycle it jumps up
    and falls again, less high each time, for ever.

    With cycle the decay lasts the next multiple of decay_steps, so restart k begins k / (k + 1) of the way down and a
    tick late, at k * decay_steps + 1. The default end_lr is 0.0001, not 0.

    Source: paddle.optimizer.lr.PolynomialDecay.
    """

    family = Like(
        "Linear and polynomial decay",
        "The default floor is 0.0001; cycle=True restarts, lower each time.",
        learning_rate="peak",
        decay_steps="T",
        end_lr="floor",
        power="power",
    )
    falls_between = ("learning_rate", "end_lr")

    learning_rate: BaseRate
    decay_steps: WholeHorizon
    end_lr: Rate = 0.0001
    power: Annotated[float, Field(gt=0), Control("number", high=5.0)] = 1.0
    cycle: bool = False

    @property
    def ends_by(self) -> str:
        return "" if self.cycle else super().ends_by

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        steps = self.decay_steps * xp.maximum(xp.ceil(tick / self.decay_steps), 1.0) if self.cycle else self.decay_steps
        return shapes.polynomial(tick / steps, self.learning_rate, self.end_lr, self.power, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        if not self.cycle:
            return inside(ticks, limit, Mark(self.decay_steps, "decay ends"))
        ends = every(self.decay_steps, max(ticks - 1, 1), limit, "")
        return None if ends is None else [Mark(m.tick + 1, f"restart {k}") for k, m in enumerate(ends, 1)]


def _number_or_schedule(value: Any) -> str:
    return "schedule" if isinstance(value, (dict, Schedule)) else "number"


class LinearWarmup(PaddleSchedule):
    """A straight line from start_lr to end_lr in warmup_steps ticks; after it level at learning_rate for ever or, where
    that is a schedule, that schedule's curve from its tick 0 on, to its end and past it.

    An end_lr that is not the rate at which learning_rate begins leaves a jump. paddle asks the inner schedule by
    step(epoch), which makes a CosineAnnealingWarmRestarts miss some restarts by a tick (T_mult 3: the fifth); lrlab
    does not.

    Source: paddle.optimizer.lr.LinearWarmup.
    """

    family = Like(
        "Made of other schedules",
        "The inner schedule counts from the end of the warmup; an end_lr other than its first rate gives a jump.",
        learning_rate={
            "kind": "paddle.CosineAnnealingDecay",
            "learning_rate": "peak",
            "T_max": "T",
            "eta_min": "floor",
        },
        warmup_steps="warmup",
        start_lr="start",
        end_lr="peak",
    )
    also = (
        Like(
            "Warmup, then level",
            "Can go on with another schedule.",
            learning_rate="peak",
            warmup_steps="warmup",
            start_lr="start",
            end_lr="peak",
        ),
    )
    rises_between = ("start_lr", "end_lr")

    learning_rate: Annotated[
        Annotated[Rate, Tag("number")] | Annotated[AnySchedule, Tag("schedule")], Discriminator(_number_or_schedule)
    ]
    warmup_steps: Annotated[Steps, Control("ticks", low=1, start=0.05, help="in scheduler.step() calls")]
    start_lr: Annotated[BaseRate, LOW_RATE]
    end_lr: Rate

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A warmup over a twentieth of the run, from 0, then one cosine."""
        document = super().example(ticks, epochs, updates)
        return document | {"start_lr": 0.0, "learning_rate": CosineAnnealingDecay.example(ticks, epochs, updates)}

    @field_validator("learning_rate")
    @classmethod
    def _can_be_driven(cls, value: float | Schedule) -> float | Schedule:
        if isinstance(value, Schedule) and value.framework != cls.framework:
            msg = f"{value.kind} is not a paddle schedule"
            raise ValueError(msg)
        if isinstance(value, MetricDriven):
            msg = f"the step() of {value.native} needs a metric, and a warmup hands none on"
            raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
        return value

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.end_lr <= self.start_lr:
            msg = f"end_lr: must be greater than start_lr ({self.start_lr:g})"
            raise ValueError(msg)
        return self

    def bind(self, place: Place) -> Self:
        """Bind what comes after to the ticks that the warmup leaves."""
        bound = super().bind(place)
        return bound.model_copy(
            update={
                n: s.bind(replace(place, ticks=place.ticks - self.warmup_steps)) for n, s in self.children().items()
            }
        )

    def joints(self) -> list[int]:
        return [self.warmup_steps] if self.children() else []

    def raises_at(self) -> float:
        return min((self.warmup_steps + s.raises_at() for s in self.children().values()), default=np.inf)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        rise = shapes.linear(tick / self.warmup_steps, self.start_lr, self.end_lr)
        after: Array = self.learning_rate
        if isinstance(self.learning_rate, Schedule):
            after = self.learning_rate.curve(xp.maximum(tick - self.warmup_steps, 0.0), base_lr, xp)
        return xp.where(tick < self.warmup_steps, rise, after)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        begin = self.warmup_steps
        found = [s.marks(max(ticks - begin, 1), limit) for s in self.children().values()]
        inner = (Mark(begin + m.tick, m.label) for marks in found for m in marks or ())
        return None if None in found else inside(ticks, limit, Mark(begin, "warmup ends"), *inner)


class ExponentialDecay(PaddleSchedule):
    """Starts at learning_rate and is multiplied by gamma at every tick, for ever.

    Source: paddle.optimizer.lr.ExponentialDecay.
    """

    family = Like(
        "Exponential decay",
        "gamma is the factor of one tick, below 1.",
        learning_rate="peak",
        gamma="factor ** (1 / every)",
    )

    learning_rate: BaseRate
    gamma: Annotated[Decay, Field(gt=0, lt=1)]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * self.gamma**tick


class MultiStepDecay(PaddleSchedule):
    """A staircase from learning_rate: multiplied by gamma at each milestone, and level after the last.

    The milestones must rise. A negative one has passed before the first step, where torch's MultiStepLR leaves it out.

    Source: paddle.optimizer.lr.MultiStepDecay.
    """

    family = Like(
        "Milestones", "Milestones must rise.", learning_rate="peak", milestones=["first", "second"], gamma="factor"
    )

    learning_rate: BaseRate
    milestones: Milestones
    gamma: Annotated[Factor, Field(lt=1)] = 0.1

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Each milestone once, in short runs too."""
        document = super().example(ticks, epochs, updates)
        return document | {"milestones": sorted(set(document["milestones"]))}

    @field_validator("milestones")
    @classmethod
    def _rise(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(a >= b for a, b in pairwise(value)):
            msg = "each must be greater than the one before"
            raise ValueError(msg)
        return value

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        borders = tuple(float(m) for m in self.milestones)
        return self.learning_rate * self.gamma ** shapes.passed(tick, borders, xp) if borders else self.learning_rate

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, *(Mark(m, "milestone") for m in self.milestones))


class StepDecay(PaddleSchedule):
    """A staircase from learning_rate: multiplied by gamma after every step_size ticks, for ever.

    Source: paddle.optimizer.lr.StepDecay.
    """

    family = Like("Step decay", "gamma must be below 1.", learning_rate="peak", step_size="every", gamma="factor")
    falls_every = "step_size"

    learning_rate: BaseRate
    step_size: Steps
    gamma: Annotated[Factor, Field(lt=1)] = 0.1

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * self.gamma ** shapes.steps_done(tick, self.step_size, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(self.step_size, ticks, limit, "step")


class LambdaDecay(PaddleSchedule):
    """At every tick, for ever, learning_rate times the factor that a function of the tick returns.

    Source: paddle.optimizer.lr.LambdaDecay.
    """

    family = Like(
        "A function of your own",
        "The function gives a factor of learning_rate.",
        learning_rate="peak",
        lr_lambda="'lambda epoch: 1 / (1 + 0.1 * epoch)'",
    )

    learning_rate: BaseRate
    lr_lambda: expression("epoch", start="1 / (1 + 0.001 * epoch)", first=0)  # type: ignore[valid-type]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * parse(self.lr_lambda, "epoch")(xp, held(tick, self.raises_at(), xp))

    def raises_at(self) -> float:
        return by_tick(self.lr_lambda, "epoch", self.ticks_left).raises

    @property
    def most(self) -> float:
        return self.learning_rate * by_tick(self.lr_lambda, "epoch", self.ticks_left).span

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return None


class MultiplicativeDecay(PaddleSchedule, Recurrence):
    """Starts at learning_rate and is multiplied at every tick by what a function of the tick returns, for ever, so that
    the factors accumulate: with 0.95 it is ExponentialDecay.

    The factor of tick 0 is never used. paddle multiplies all of them anew at every step, so a long run grows slow.

    Source: paddle.optimizer.lr.MultiplicativeDecay.
    """

    family = Like(
        "A product of factors",
        "The factor of tick 0 is not used.",
        learning_rate="peak",
        lr_lambda="'lambda epoch: 1 - 0.001 * epoch'",
    )

    reason = (
        "Each rate is the one before times a factor: the product of lr_lambda(1), lr_lambda(2), ... up to the tick."
    )

    learning_rate: BaseRate
    lr_lambda: expression("epoch", start="0.9999")  # type: ignore[valid-type]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return super().curve(tick, self.learning_rate, xp)

    def table(self, base_lr: float, ticks: int) -> NDArray[np.float64]:
        return base_lr * factors(self.lr_lambda, ticks, self.raises_at())

    def raises_at(self) -> float:
        return by_tick(self.lr_lambda, "epoch", self.ticks_left, begin=1).raises

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return None


class ReduceOnPlateau(PaddleSchedule, MetricDriven):
    """Level at learning_rate, multiplied by factor each time the metric has brought no new best for more than patience
    calls, never below min_lr; level after the last metric.

    Unlike torch's it does not look at the metric during the cooldown at all: a new best there is lost. The first value
    is the best whatever it is; after a NaN there, nothing is better. A change of epsilon or less is not made, so that a
    tiny rate freezes.

    Source: paddle.optimizer.lr.ReduceOnPlateau.
    """

    family = Like(
        "Plateau",
        "During the cooldown it does not look at the metric at all.",
        learning_rate="peak",
        factor="factor",
        patience="patience",
    )
    falls_between = ("learning_rate", "min_lr")

    learning_rate: Rate
    mode: Mode = "min"
    factor: Annotated[Factor, Field(lt=1)] = 0.1
    patience: Patience = 10
    threshold: Threshold = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: Patience = 0
    min_lr: Rate = 0.0
    epsilon: Annotated[Rate, Control("rate", low=1e-8, high=0.1, log=True)] = 1e-8

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return super().curve(tick, self.learning_rate, xp)

    def waiting(self) -> Waiting:
        return Waiting(self.patience, self.patience + 1, self.cooldown)

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        reduce = plateau.Reduce(self.factor, self.min_lr, self.epsilon)
        best: float | None = None
        lr, bad, resting = base_lr, 0, 0
        rates = [lr]
        for value in metrics:
            if resting > 0:
                resting -= 1
            elif best is None or self._is_better(value, best):
                best, bad = value, 0
            else:
                bad += 1
            if bad > self.patience:
                lr, bad, resting = reduce(lr), 0, self.cooldown
            rates.append(lr)
        return rates

    def _is_better(self, value: float, best: float) -> bool:
        margin = best * self.threshold if self.threshold_mode == "rel" else self.threshold
        return value < best - margin if self.mode == "min" else value > best + margin


class CosineAnnealingDecay(PaddleSchedule):
    """Half a cosine from learning_rate down to eta_min at T_max; after T_max it climbs again, with period 2 * T_max.

    Source: paddle.optimizer.lr.CosineAnnealingDecay; Loshchilov & Hutter 2017 (arXiv 1608.03983), eq. 5 without
    restarts.
    """

    family = Like("Cosine", CLIMBS, learning_rate="peak", T_max="T", eta_min="floor")
    falls_between = ("learning_rate", "eta_min")

    learning_rate: BaseRate
    T_max: WholeHorizon
    eta_min: Rate = 0.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return shapes.cosine(tick / self.T_max, self.learning_rate, self.eta_min, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(self.T_max, ticks, limit, "turning point")


class OneCycleLR(PaddleSchedule):
    """Rises as half a cosine from max_learning_rate / divide_factor to max_learning_rate at tick phase_pct *
    total_steps - 1, falls as another to end_learning_rate at tick total_steps - 1; past it, that wave goes on.

    It ends at the last tick, total_steps - 1; one step too many extrapolates the last phase (with "linear" below zero),
    the next raises in paddle. three_phase falls back to the start in as many ticks as it rose. end_learning_rate is a
    rate, where torch's final_div_factor is a divisor.

    Source: paddle.optimizer.lr.OneCycleLR; Smith & Topin 2018 (arXiv 1708.07120), of which the default is the two-phase
    variant.
    """

    family = Like(
        "One cycle",
        "The end is a rate (0.0001 by default), not a share.",
        max_learning_rate="peak",
        total_steps="total",
        phase_pct="rise / total",
        divide_factor="divide",
        end_learning_rate="peak / divide / final",
    )
    raises_past = "total_steps"

    max_learning_rate: BaseRate
    total_steps: WholeHorizon
    divide_factor: Divisor = 25.0
    end_learning_rate: BaseRate = 0.0001
    phase_pct: Annotated[Fraction, POINT] = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    three_phase: bool = False

    @model_validator(mode="after")
    def _phases_have_length(self) -> Self:
        if self.three_phase and self.phase_pct >= 0.5:  # noqa: PLR2004 (paddle's)
            msg = "phase_pct: must be less than 0.5 with three_phase"
            raise ValueError(msg)
        return self._check_rise()

    def _check_rise(self) -> Self:
        if self.total_steps is not None and self.phase_pct * self.total_steps == 1.0:
            msg = (
                f"phase_pct: {self.phase_pct:g} of {self.total_steps:,} steps ends at step 0, where paddle "
                "divides by zero"
            )
            raise ValueError(msg)
        return self

    def bind(self, place: Place) -> Self:
        """ValueError where the rise has no length in this place."""
        return super().bind(place)._check_rise()  # noqa: SLF001 (its own)

    def _phases(self) -> list[tuple[Array, Array, Array, Array]]:
        """First and last tick of each phase, first and last rate."""
        low, high, end = self.max_learning_rate / self.divide_factor, self.max_learning_rate, self.end_learning_rate
        rise, last = self.phase_pct * self.total_steps - 1, self.total_steps - 1
        if not self.three_phase:
            falls: list[tuple[Array, Array, Array, Array]] = [(rise, last, high, end)]
        else:
            back = 2 * self.phase_pct * self.total_steps - 2
            falls = [(rise, back, high, low), (back, last, low, end)]
        # a phase without length is left out: paddle divides by zero in it only after the last tick
        return [(0.0, rise, low, high), *(phase for phase in falls if phase[0] != phase[1])]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        outcome: Array = None
        for first, last, start, end in reversed(self._phases()):
            progress = (tick - first) / (last - first)
            piece = (
                shapes.cosine(progress, start, end, xp)
                if self.anneal_strategy == "cos"
                else shapes.linear(progress, start, end)
            )
            outcome = piece if outcome is None else xp.where(tick <= last, piece, outcome)
        return outcome

    def raises_at(self) -> float:
        total: float = self.total_steps
        return total + 1 if len(self._phases()) > 1 else total

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = [int(np.floor(last)) for _, last, _, _ in self._phases()]
        labels = ["peak", "back at the start", "minimum"] if self.three_phase else ["peak", "minimum"]
        past = Mark(int(self.total_steps), "past the last step")
        return inside(ticks, limit, *(Mark(*end) for end in zip(ends, labels, strict=False)), past)


class CyclicLR(PaddleSchedule):
    """A triangle wave, for ever: from base_learning_rate straight up to max_learning_rate in step_size_up ticks and
    straight down again in step_size_down.

    "triangular2" halves the height each cycle (paddle overflows after 1024 of them), "exp_range" multiplies it by
    exp_gamma ** tick, scale_fn by what it returns for the number of the cycle, from 1, or for the tick.

    Source: paddle.optimizer.lr.CyclicLR; Smith 2017 (arXiv 1506.01186).
    """

    family = Like(
        "Cyclic",
        "No momentum.",
        base_learning_rate="floor",
        max_learning_rate="peak",
        step_size_up="up",
        step_size_down="down",
    )

    base_learning_rate: Annotated[BaseRate, LOW_RATE]
    max_learning_rate: BaseRate
    step_size_up: Steps
    step_size_down: Steps | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    exp_gamma: Annotated[Decay, POINT] = 1.0
    scale_fn: expression("x", start="1 / 2 ** (x - 1)") | None = None  # type: ignore[valid-type]
    scale_mode: Literal["cycle", "iterations"] = "cycle"

    @model_validator(mode="after")
    def _starts(self) -> Self:
        if self.scale_fn is not None:
            check_start("scale_fn", self.scale_fn, ("x",), 1 if self.scale_mode == "cycle" else 0)
        return self

    def _ends(self) -> Ends:
        """What becomes of scale_fn, by tick."""
        if self.scale_fn is None:
            return Ends(most=1.0)
        if self.scale_mode == "iterations":
            return by_tick(self.scale_fn, "x", self.ticks_left)
        return by_cycle(self.scale_fn, "x", self.ticks_left, float(sum(self._sizes())))

    def _sizes(self) -> tuple[int, int]:
        return self.step_size_up, self.step_size_up if self.step_size_down is None else self.step_size_down

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        tick = held(tick, self._ends().raises, xp)
        height, done = shapes.triangle(tick, *self._sizes(), xp)
        if self.scale_fn is not None:
            height = height * parse(self.scale_fn, "x")(xp, done + 1.0 if self.scale_mode == "cycle" else tick)
        elif self.mode == "triangular2":
            height = height * 0.5**done
        elif self.mode == "exp_range":
            height = height * self.exp_gamma**tick
        return shapes.linear(height, self.base_learning_rate, self.max_learning_rate)

    def raises_at(self) -> float:
        if self.scale_fn is not None:
            return self._ends().raises
        return 1024 * sum(self._sizes()) if self.mode == "triangular2" else np.inf

    @property
    def most(self) -> float:
        return self._ends().span * max(1.0, self.max_learning_rate, self.base_learning_rate)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        up, down = self._sizes()
        cycles = ticks // (up + down) + 1
        if 2 * cycles > limit:
            return None
        begins = [k * (up + down) for k in range(cycles)]
        return inside(ticks, limit, *(m for b in begins for m in (Mark(b, "cycle ends"), Mark(b + up, "peak"))))


class LinearLR(PaddleSchedule):
    """A straight line from start_factor to end_factor times learning_rate in total_steps ticks, then level.

    Source: paddle.optimizer.lr.LinearLR.
    """

    family = Like(
        "Warmup, then level",
        "Goes down as well as up; the start is a share, by default a third.",
        learning_rate="peak",
        total_steps="warmup",
        start_factor="start / peak",
    )
    also = (
        Like(
            "Linear and polynomial decay",
            "A straight line.",
            Only(given={"power": 1}),
            learning_rate="peak",
            total_steps="T",
            start_factor=1,
            end_factor="floor / peak",
        ),
    )

    learning_rate: BaseRate
    total_steps: WholeHorizon
    start_factor: Annotated[float, Field(gt=0, le=1), Control("factor", low=0.001, high=1.0, start=0.01)] = 1.0 / 3
    end_factor: Fraction = 1.0

    @property
    def rises_by(self) -> str:
        return "total_steps" if self.end_factor > self.start_factor else ""

    @property
    def ends_by(self) -> str:
        return "" if self.rises_by else "total_steps"

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * shapes.linear(
            shapes.ramp(tick, self.total_steps, xp), self.start_factor, self.end_factor
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(
            ticks, limit, Mark(self.total_steps, "warmup ends" if self.end_factor > self.start_factor else "decay ends")
        )


class CosineAnnealingWarmRestarts(PaddleSchedule):
    """Half cosines from learning_rate down towards eta_min, one after the other for ever: the first takes T_0 ticks,
    each next one is T_mult times as long and begins at learning_rate again.

    SGDR. The last tick of a cycle of T ticks is not at eta_min but (pi / 2T) ** 2 of the way above it: step every batch
    to come near.

    Source: paddle.optimizer.lr.CosineAnnealingWarmRestarts, driven by step(); Loshchilov & Hutter 2017 (arXiv
    1608.03983).
    """

    family = Like(
        "Cosine with restarts", "Restarts for ever.", learning_rate="peak", T_0="length", T_mult="mult", eta_min="floor"
    )

    restarts_by = ("T_0", "T_mult")
    falls_between = ("learning_rate", "eta_min")

    learning_rate: BaseRate
    T_0: Steps
    T_mult: Multiple = 1
    eta_min: Rate = 0.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        since, length = shapes.restarts(tick, self.T_0, self.T_mult, xp)
        return shapes.cosine(since / length, self.learning_rate, self.eta_min, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return torch.CosineAnnealingWarmRestarts(T_0=self.T_0, T_mult=self.T_mult).marks(ticks, limit)


SCHEDULES: tuple[type[Schedule], ...] = (
    NoamDecay,
    PiecewiseDecay,
    NaturalExpDecay,
    InverseTimeDecay,
    PolynomialDecay,
    LinearWarmup,
    ExponentialDecay,
    MultiStepDecay,
    StepDecay,
    LambdaDecay,
    ReduceOnPlateau,
    CosineAnnealingDecay,
    MultiplicativeDecay,
    OneCycleLR,
    CyclicLR,
    LinearLR,
    CosineAnnealingWarmRestarts,
)
