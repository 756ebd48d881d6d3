"""keras.optimizers.schedules and the callbacks that set a learning rate, as of Keras 3.15."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Place, Schedule, every, inside
from lrlab.schedules.facts import Waiting
from lrlab.schedules.likeness import HOLDS, Like, Unlike
from lrlab.schedules.params import MAX_COUNT, Control, Factor, Horizon, Milestones, Power, Rate, Values
from lrlab.schedules.recurrence import BEYOND, MetricDriven, Recurrence
from lrlab.schedules.typed import check_start, held
from lrlab.trees.ends import Ends, ends
from lrlab.trees.parse import read
from lrlab.trees.plain import WHOLE, Plain, raised

Warmup: TypeAlias = Annotated[
    int | float, Field(ge=-MAX_COUNT, le=MAX_COUNT), Control("ticks", start=0.05, help="in optimizer steps")
]
First: TypeAlias = Annotated[
    int | float, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.1, help="in optimizer steps")
]
Calls: TypeAlias = Annotated[
    int, Field(ge=-MAX_COUNT, le=MAX_COUNT), Control("number", low=0, high=50, help="in epochs")
]
Name: TypeAlias = Annotated[str, Control("text", help="of the operation; the rates do not depend on it")]


class KerasSchedule(Schedule):
    """A LearningRateSchedule of Keras: a function of the optimizer's step, its rate an argument of its own. A tick is a
    step.
    """

    framework = "keras"
    module = "keras.optimizers.schedules"
    imported_whole = True
    variable = "schedule"
    counts_batches = True
    takes_optimizer = False
    documentation = "https://keras.io/api/optimizers/learning_rate_schedules/"
    sets_rate = True


class ExponentialDecay(KerasSchedule):
    """Starts at initial_learning_rate and is multiplied by decay_rate every decay_steps, smoothly or in steps, for
    ever.

    Source: keras.optimizers.schedules.ExponentialDecay.
    """

    family = Like("Exponential decay", initial_learning_rate="peak", decay_steps="every", decay_rate="factor")
    also = (
        Like(
            "Step decay",
            "The staircase of a schedule that else falls smoothly.",
            initial_learning_rate="peak",
            decay_steps="every",
            decay_rate="factor",
            staircase=True,
        ),
    )

    goes_on = True

    initial_learning_rate: Rate
    decay_steps: Horizon
    decay_rate: Factor
    staircase: bool = False
    name: Name = "ExponentialDecay"

    @model_validator(mode="after")
    def _has_real_powers(self) -> Self:
        if self.decay_rate < 0 and not self.staircase and self.decay_steps != 1:
            msg = "decay_rate: must be at least 0 without staircase: a negative number has no real power of a fraction"
            raise ValueError(msg)
        return self

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return shapes.exponential(
            tick / self.decay_steps, self.initial_learning_rate, self.decay_rate, xp, staircase=self.staircase
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(self.decay_steps, ticks, limit, "step") if self.staircase else []


class PiecewiseConstantDecay(KerasSchedule):
    """A staircase of the given values: each up to its boundary, that step included, the next one from the step after it
    on; the last for ever.

    Boundary 30 changes the rate at step 31. Where boundaries do not rise keras adds up the values of overlapping
    stretches.

    Source: keras.optimizers.schedules.PiecewiseConstantDecay.
    """

    family = Like(
        "Milestones",
        "A border belongs to the level before it: the same number changes the rate one tick later than in torch.",
        boundaries=["first - 1", "second - 1"],
        values=["peak", "peak * factor", "peak * factor ** 2"],
    )

    boundaries: Milestones
    values: Values
    name: Name = "PiecewiseConstant"

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth at 60 % of the run, and again at 80 %."""
        return {"kind": cls.kind, "boundaries": [ticks * 6 // 10, ticks * 8 // 10], "values": [0.1, 0.01, 0.001]}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.boundaries:
            msg = "boundaries: must hold at least one step"
            raise ValueError(msg)
        if len(self.boundaries) != len(self.values) - 1:
            msg = f"boundaries: must have one less than values ({len(self.values)}), not {len(self.boundaries)}"
            raise ValueError(msg)
        return self

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        borders = sorted(set(self.boundaries))
        return shapes.levels(tick, tuple(border + 1.0 for border in borders), self._levels(borders), xp)

    def _levels(self, borders: list[int]) -> Values:
        """The rate up to each border and after the last: the sum of all values whose stretch the step is in."""
        if borders == list(self.boundaries):
            return self.values
        low, high = np.array([-np.inf, *self.boundaries]), np.array([*self.boundaries, np.inf])
        values = np.array(self.values)
        return tuple(float(values[(low < step) & (step <= high)].sum()) for step in [*borders, borders[-1] + 1])

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, *(Mark(border + 1, "boundary") for border in sorted(set(self.boundaries))))


class PolynomialDecay(KerasSchedule):
    """Falls from initial_learning_rate to end_learning_rate in decay_steps as (1 - progress) ** power, then stays
    there; with cycle it jumps up and falls again, less high each time, for ever.

    With cycle the decay is stretched to the next multiple of decay_steps at each of them, so that restart k begins at
    about 1 / k of the way up, the step after the multiple. end_learning_rate is 0.0001 unless given, and no share of
    the start.

    Source: keras.optimizers.schedules.PolynomialDecay.
    """

    family = Like(
        "Linear and polynomial decay",
        "The default floor is 0.0001; cycle=True restarts, lower each time.",
        initial_learning_rate="peak",
        decay_steps="T",
        end_learning_rate="floor",
        power="power",
    )
    falls_between = ("initial_learning_rate", "end_learning_rate")

    initial_learning_rate: Rate
    decay_steps: Horizon
    end_learning_rate: Rate = 0.0001
    power: Power = 1.0
    cycle: bool = False
    name: Name = "PolynomialDecay"

    @property
    def ends_by(self) -> str:
        return "" if self.cycle else super().ends_by

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        length = (
            self.decay_steps * xp.maximum(xp.ceil(tick / self.decay_steps), 1.0) if self.cycle else self.decay_steps
        )
        return shapes.polynomial(tick / length, self.initial_learning_rate, self.end_learning_rate, self.power, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        if not self.cycle:
            return inside(ticks, limit, Mark(math.ceil(self.decay_steps), "decay ends"))
        ends = every(self.decay_steps, ticks - 1, limit, "restart")
        return (
            None
            if ends is None
            else [Mark(math.floor(k * self.decay_steps) + 1, f"restart {k}") for k in range(1, len(ends) + 1)]
        )


class InverseTimeDecay(KerasSchedule):
    """Falls from initial_learning_rate as 1 / (1 + decay_rate * step / decay_steps), smoothly or in steps, ever more
    slowly, for ever.

    Source: keras.optimizers.schedules.InverseTimeDecay.
    """

    family = Like("Inverse time", initial_learning_rate="peak", decay_steps="every", decay_rate="rate")

    goes_on = True

    initial_learning_rate: Rate
    decay_steps: Horizon
    decay_rate: Annotated[float, Control("number", low=0.0, high=10.0, start=1.0)]
    staircase: bool = False
    name: Name = "InverseTimeDecay"

    def bind(self, place: Place) -> Self:
        """ValueError where the run, or the step after it, comes to one at which 1 + decay_rate * step / decay_steps is
        0.
        """
        bound = super().bind(place)
        if bound.decay_rate < 0:
            zero = -bound.decay_steps / bound.decay_rate
            for step in (math.floor(zero), math.ceil(zero)):
                if step <= place.ticks and _inverse(bound, float(step), np) == 0:
                    msg = f"decay_rate: {bound.decay_rate:g} makes keras divide by zero at step {step:,}"
                    raise ValueError(msg)
        return bound

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.initial_learning_rate / _inverse(self, tick, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(self.decay_steps, ticks, limit, "step") if self.staircase else []


def _inverse(schedule: InverseTimeDecay, tick: Array, xp: Any) -> Array:
    progress = tick / schedule.decay_steps
    return 1.0 + schedule.decay_rate * (xp.floor(progress) if schedule.staircase else progress)


class CosineDecay(KerasSchedule):
    """A straight line from initial_learning_rate to warmup_target in warmup_steps, if that target is given, then half a
    cosine down to alpha times where it begins in decay_steps, then level.

    Without warmup_target the cosine begins at initial_learning_rate at once, and warmup_steps is not used. decay_steps
    excludes the warmup. alpha is a share of where the cosine begins, and no rate.

    Source: keras.optimizers.schedules.CosineDecay; Loshchilov & Hutter 2017 (arXiv 1608.03983), without restarts.
    """

    family = Like(
        "Cosine",
        f"The floor is a share. {HOLDS} A warmup comes on top of decay_steps, and is ignored without warmup_target.",
        initial_learning_rate="peak",
        decay_steps="T",
        alpha="floor / peak",
    )
    also = (
        Like(
            "Cosine behind a warmup",
            "decay_steps excludes the warmup; the floor is a share of the target.",
            initial_learning_rate="start",
            decay_steps="T",
            alpha="floor / peak",
            warmup_target="peak",
            warmup_steps="warmup",
        ),
    )
    rises_between = ("initial_learning_rate", "warmup_target")

    initial_learning_rate: Rate
    decay_steps: Horizon
    alpha: Factor = 0.0
    name: Name = "CosineDecay"
    warmup_target: Rate | None = None
    warmup_steps: Warmup = 0

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """With a warmup."""
        return super().example(ticks, epochs, updates) | {"initial_learning_rate": 0.0, "warmup_target": 0.1}

    @property
    def rises_by(self) -> str:
        return "" if self.warmup_target is None else super().rises_by

    def horizon(self, ticks: int) -> float:
        """The run less the warmup."""
        return max(ticks - self._warmup(), 1)

    def _warmup(self) -> float:
        return 0 if self.warmup_target is None else self.warmup_steps

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        warmup = self._warmup()
        since = xp.maximum(tick - warmup, 0.0) if warmup > 0 else tick - warmup
        peak = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        decay = shapes.cosine(xp.minimum(since, self.decay_steps) / self.decay_steps, peak, self.alpha * peak, xp)
        return (
            xp.where(tick < warmup, shapes.linear(tick / warmup, self.initial_learning_rate, peak), decay)
            if warmup > 0
            else decay
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        warmup = self._warmup()
        return inside(
            ticks,
            limit,
            Mark(math.ceil(warmup), "warmup ends"),
            Mark(math.ceil(warmup + self.decay_steps), "decay ends"),
        )


class CosineDecayRestarts(KerasSchedule):
    """Half cosines from initial_learning_rate down to alpha times it, one after the other for ever: the first takes
    first_decay_steps, each next one is t_mul times as long and m_mul times as high.

    The floor is the same share of initial_learning_rate in every cycle. With t_mul below 1 the cycles get shorter and
    come to an end, where keras has no rate.

    Source: keras.optimizers.schedules.CosineDecayRestarts; Loshchilov & Hutter 2017 (arXiv 1608.03983).
    """

    family = Like(
        "Cosine with restarts",
        "The default t_mul is 2; the floor is a share; m_mul lowers each cycle.",
        initial_learning_rate="peak",
        first_decay_steps="length",
        t_mul="mult",
        alpha="floor / peak",
    )

    restarts_by = ("first_decay_steps", "t_mul")

    initial_learning_rate: Rate
    first_decay_steps: First
    t_mul: Annotated[float, Field(gt=0), Control("number", low=1.0, high=4.0)] = 2.0
    m_mul: Annotated[float, Control("factor", low=0.0, high=1.0)] = 1.0
    alpha: Factor = 0.0
    name: Name = "SGDRDecay"

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Three cycles, each twice as long as the one before: a seventh of the run for the first."""
        return super().example(ticks, epochs, updates) | {"first_decay_steps": -(-ticks // 7)}

    def bind(self, place: Place) -> Self:
        """ValueError where the run goes on behind cycles that get shorter."""
        if self.t_mul < 1 and place.ticks >= self.first_decay_steps / (1.0 - self.t_mul):
            msg = (
                f"t_mul: must be at least 1 in {place.ticks:,} steps: the cycles of {self.first_decay_steps:g} "
                "steps and less are over before"
            )
            raise ValueError(msg)
        return super().bind(place)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        done, progress = shapes.cycle_share(tick, self.first_decay_steps, self.t_mul, xp)
        low = self.alpha * self.initial_learning_rate
        return low + shapes.cosine(progress, (self.initial_learning_rate - low) * self.m_mul**done, 0.0, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        found: list[Mark] = []
        place = length = float(self.first_decay_steps)
        while place <= ticks - 1:
            if len(found) == limit:
                return None
            found.append(Mark(math.ceil(place), f"restart {len(found) + 1}"))
            length *= self.t_mul
            place += length
        return found


class KerasCallback(Recurrence):
    """A callback that sets the optimizer's rate. A tick is an epoch."""

    framework = "keras"
    module = "keras.callbacks"
    imported_whole = True
    variable = "schedule"
    takes_optimizer = False
    per_epoch = True


class ReduceLROnPlateau(KerasCallback, MetricDriven):
    """Level at the base LR, multiplied by factor each time the monitored metric has brought no new best in patience
    epochs, never below min_lr; level after the last metric.

    A tick is an epoch. patience 3 reduces at the third bad epoch, one before torch's; 0 and 1 are the same. min_delta
    is an amount, no share. Mode "auto" goes by the metric's name: it falls for a loss and rises for an accuracy.

    Source: keras.callbacks.ReduceLROnPlateau.
    """

    family = Like(
        "Plateau",
        "Reduces at bad value number patience: one earlier than torch for the same number. min_delta is an "
        "amount, not a share.",
        factor="factor",
        patience="patience + 1",
    )

    documentation = "https://keras.io/api/callbacks/reduce_lr_on_plateau/"
    falls_between = ("", "min_lr")

    monitor: Annotated[str, Control("text", help="the metric's name, such as val_loss")] = "val_loss"
    factor: Annotated[float, Field(lt=1), Control("factor", low=0.0, high=0.99, start=0.1)] = 0.1
    patience: Calls = 10
    mode: Literal["auto", "min", "max"] = "auto"
    min_delta: Annotated[float, Control("number", low=0.0, high=0.1)] = 1e-4
    cooldown: Calls = 0
    min_lr: Rate = 0.0

    @model_validator(mode="after")
    def _knows_what_is_better(self) -> Self:
        if self.mode == "auto" and _direction(self.monitor) is None:
            msg = (
                f'mode: must be "min" or "max" where monitor is {self.monitor[:40]!r}: '
                "its name does not tell which is better"
            )
            raise ValueError(msg)
        return self

    @property
    def wants_high(self) -> bool:
        return (_direction(self.monitor) if self.mode == "auto" else self.mode) == "max"

    def waiting(self) -> Waiting:
        """The cooldown's last call counts as a bad one."""
        return Waiting(self.patience, self.patience, max(self.cooldown - 1, 0))

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        sign = -1.0 if self.wants_high else 1.0
        lr, best, waited, resting = base_lr, None, 0, 0
        rates = [lr]
        for metric in metrics:
            value = sign * metric
            if resting > 0:
                resting, waited = resting - 1, 0
            if best is None or value + abs(self.min_delta) < best:
                best, waited = value, 0
            elif resting <= 0:
                waited += 1
                if waited >= self.patience and np.float32(lr) > np.float32(
                    self.min_lr
                ):  # keras compares them as 32-bit floats
                    lr, resting, waited = max(lr * self.factor, self.min_lr), self.cooldown, 0
            rates.append(lr)
        return rates


_RISING = (
    "acc",
    "accuracy",
    "auc",
    "precision",
    "recall",
    "sensitivity",
    "specificity",
    "score",
    "iou",
    "similarity",
    "correlation",
)
_FALLING = ("mse", "mae", "mape", "msle", "bce", "error", "crossentropy", "hinge", "divergence", "poisson", "logcosh")


def _direction(monitor: str) -> str | None:
    """Whether the metric of that name is good when it is low ("min") or high ("max"), as keras' own metrics say; None
    for other names.
    """
    name = monitor.removeprefix("val_")
    plain = re.sub(r"_\d+$", "", name).replace("_", "").lower()  # keras calls a second metric auc "auc_1"
    if name == "loss" or plain.endswith(_FALLING):
        return "min"
    return "max" if plain.endswith(_RISING) else None


_ARGUMENTS = ("epoch", "lr")
"""A function of the epoch, or of the epoch and the rate before."""


def _checked(text: str) -> str:
    read(text, _ARGUMENTS)
    return text


@lru_cache(maxsize=8)
def _followed(text: str, base_lr: float, ticks: int) -> tuple[NDArray[np.float64], float]:
    """The rates of a function of the rate before, and the first tick at which Python raises."""
    parsed, rates, lr = read(text, _ARGUMENTS), np.empty(ticks), np.float64(base_lr)
    for tick in range(ticks):
        rates[tick] = lr = np.float64(parsed(np, np.float64(tick), lr))
    before = np.concatenate([[base_lr], rates[:-1]])
    symbols = zip(parsed.names, [Plain(np.arange(ticks, dtype=np.float64), WHOLE), Plain(before)], strict=True)
    _, fails = raised(parsed.tree, dict(symbols))
    return rates, float(np.argmax(fails)) if fails.any() else np.inf


class LearningRateScheduler(KerasCallback):
    """At every epoch, for ever, the rate that a function returns: a function of the epoch alone, or of the epoch and
    the rate before it, which is the base LR at first.

    A tick is an epoch, the first one 0. A function of both is called at epoch 0 too, with the base LR: `lr * 0.9`
    starts at 0.9 of it.

    Source: keras.callbacks.LearningRateScheduler.
    """

    family = Unlike(
        "A function of your own", "The function gives the rate itself: the base LR times what it is elsewhere."
    )

    documentation = "https://keras.io/api/callbacks/learning_rate_scheduler/"
    reason = "Each rate is made from the one before: lr is the rate of the epoch before."
    most_ticks = 10**5  # the expression is evaluated at one tick after the other

    schedule: Annotated[
        str,
        AfterValidator(_checked),
        Control(
            "expression", start="0.1 / (1 + 0.05 * epoch)", help="an expression of epoch, lr", arguments=_ARGUMENTS
        ),
    ]

    def _reads_rate(self) -> bool:
        parsed = read(self.schedule, _ARGUMENTS)
        return bool(parsed.reads.intersection(parsed.names[1:]))

    @property
    def own_rate(self) -> bool:
        """The base LR is not used by a function of the epoch alone."""
        return not self._reads_rate()

    @property
    def no_formula(self) -> str:
        """None where it reads the rate before."""
        return self.reason if self._reads_rate() else Schedule.no_formula.fget(self)  # type: ignore[attr-defined]

    def bind(self, place: Place) -> Self:
        """Only a function of the rate before may be too long; ValueError where the first call raises."""
        names = read(self.schedule, _ARGUMENTS).names
        check_start("schedule", self.schedule, names, 0, *(place.base_rates[place.group],)[: len(names) - 1])
        return super().bind(place) if self._reads_rate() else Schedule.bind(self, place)

    def _ends(self) -> Ends:
        """What becomes of the function, by tick."""
        parsed = read(self.schedule, _ARGUMENTS)
        if not self._reads_rate():
            return ends(parsed, 0, max(self.ticks_left, 1) + BEYOND, (1.0,) * (len(parsed.names) - 1))
        known = self.ticks_left + BEYOND
        return Ends(raises=_followed(self.schedule, self.place.base_rates[self.place.group], known)[1])

    def raises_at(self) -> float:
        """The last call is that of the last epoch."""
        tick = self._ends().raises
        return tick if tick < self.ticks_left else np.inf

    @property
    def most(self) -> float:
        return 1.0 if self._reads_rate() else self._ends().span

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self._reads_rate():
            return super().curve(tick, base_lr, xp)
        parsed = read(self.schedule, _ARGUMENTS)
        return parsed(xp, *(held(tick, self._ends().raises, xp), base_lr)[: len(parsed.names)])

    def table(self, base_lr: float, ticks: int) -> NDArray[np.float64]:
        rates, raises = _followed(self.schedule, base_lr, ticks)
        return rates[: int(min(raises, ticks))]

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return None


SCHEDULES: tuple[type[Schedule], ...] = (
    ExponentialDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    InverseTimeDecay,
    CosineDecay,
    CosineDecayRestarts,
    ReduceLROnPlateau,
    LearningRateScheduler,
)
