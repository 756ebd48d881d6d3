"""torch.optim.lr_scheduler, as of PyTorch 2.13."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, Strict, field_validator, model_validator

from lrlab.schedules import combine, shapes
from lrlab.schedules.base import Array, Mark, Schedule, every, inside
from lrlab.schedules.expression import parse
from lrlab.schedules.params import (
    LOW_RATE,
    MAX_PARTS,
    Control,
    Decay,
    Divisor,
    Epochs,
    Factor,
    Fraction,
    Horizon,
    Iters,
    Milestones,
    Momentum,
    Multiple,
    Power,
    Rate,
    Steps,
    expression,
    per_group,
)

if TYPE_CHECKING:
    from lrlab.schedules import AnySchedule


class TorchSchedule(Schedule):
    """A scheduler of PyTorch. A tick is a call of `scheduler.step()`; arguments called epochs are ticks."""

    framework: ClassVar[str] = "torch"
    rewrites_initial_lr: ClassVar[bool] = False
    """True where the constructor takes the rate from its own arguments and overwrites the optimizer's, which later schedulers start from."""

    @property
    def own_rate(self) -> bool:
        """Whether the trial's base_lr is not used."""
        return self.rewrites_initial_lr

    def raises_at(self) -> float:
        """The first tick at which the genuine code raises (bound schedules only); infinity where it never does."""
        return np.inf

    def entered(self) -> Schedule:
        """This schedule as SequentialLR enters it at a milestone, by the closed form; ValueError where torch divides by zero."""
        return self


class LambdaLR(TorchSchedule):
    """The base LR times a factor that a function of the tick gives.

    Source: torch.optim.lr_scheduler.LambdaLR.
    """

    lr_lambda: per_group(expression("epoch", start="1 / (1 + 0.001 * epoch)"))  # type: ignore[valid-type]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * parse(self.lr_lambda, "epoch")(xp, tick)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:  # noqa: ARG002
        return None


class StepLR(TorchSchedule):
    """A staircase: the LR is multiplied by gamma after every step_size ticks, for ever.

    Source: torch.optim.lr_scheduler.StepLR.
    """

    step_size: Steps
    gamma: Factor = 0.1

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * self.gamma ** shapes.steps_done(tick, self.step_size, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(self.step_size, ticks, limit, "step")


class MultiStepLR(TorchSchedule):
    """A staircase: the LR is multiplied by gamma at each milestone, in whatever order they are given; twice where one stands twice.

    A milestone of 0 counts before the first step; a negative one never comes.

    Source: torch.optim.lr_scheduler.MultiStepLR.
    """

    milestones: Milestones
    gamma: Factor = 0.1

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        borders = tuple(float(m) for m in sorted(self.milestones) if m >= 0)
        return base_lr * self.gamma ** shapes.passed(tick, borders, xp) if borders else base_lr

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, *(Mark(m, "milestone") for m in sorted(set(self.milestones))))

    def entered(self) -> Schedule:
        return self.model_copy(update={"milestones": tuple(max(m, 0) for m in self.milestones)})


class ConstantLR(TorchSchedule):
    """The base LR times factor for total_iters ticks, then the base LR; with total_iters 0 the factor stays for ever.

    A factor of 0 stays too: torch would divide by it at total_iters.

    Source: torch.optim.lr_scheduler.ConstantLR.
    """

    factor: Fraction = 1.0 / 3.0
    total_iters: Iters = 5

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.total_iters == 0 or self.factor == 0:
            return base_lr * self.factor
        return base_lr * xp.where(tick < self.total_iters, self.factor, 1.0)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = self.total_iters if self.factor > 0 else 0
        return inside(ticks, limit, Mark(ends, "factor ends"))

    def raises_at(self) -> float:
        return self.total_iters if self.factor == 0 and self.total_iters > 0 else np.inf

    def entered(self) -> Schedule:
        return self if self.total_iters else self.model_copy(update={"factor": 1.0})


class LinearLR(TorchSchedule):
    """A straight line from start_factor to end_factor times the base LR in total_iters ticks, then level; with total_iters 0 start_factor stays.

    Source: torch.optim.lr_scheduler.LinearLR.
    """

    start_factor: Annotated[float, Field(gt=0, le=1), Control("factor", low=0.001, high=1.0, start=0.01)] = 1.0 / 3.0
    end_factor: Fraction = 1.0
    total_iters: Iters = 5

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.total_iters == 0:
            return base_lr * self.start_factor
        return base_lr * shapes.linear(shapes.ramp(tick, self.total_iters, xp), self.start_factor, self.end_factor)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(self.total_iters, "warmup ends" if self.end_factor > self.start_factor else "decay ends"))

    def entered(self) -> Schedule:
        return _needs_iters(self, self.total_iters)


class ExponentialLR(TorchSchedule):
    """The LR is multiplied by gamma at every tick, for ever.

    Source: torch.optim.lr_scheduler.ExponentialLR.
    """

    gamma: Decay

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:  # noqa: ARG002
        return base_lr * self.gamma**tick


class PolynomialLR(TorchSchedule):
    """Falls from the base LR to 0 as (1 - tick / total_iters) ** power, then stays at 0; power 0 or total_iters 0 leave it level.

    Source: torch.optim.lr_scheduler.PolynomialLR.
    """

    total_iters: Annotated[Iters, Control("ticks", start=1.0, help="in scheduler.step() calls")] = 5
    power: Power = 1.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.total_iters == 0:
            return base_lr
        return shapes.polynomial(tick / self.total_iters, base_lr, 0.0, self.power, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(self.total_iters, "decay ends"))

    def entered(self) -> Schedule:
        return _needs_iters(self, self.total_iters)


class CosineAnnealingLR(TorchSchedule):
    """Half a cosine from the base LR down to eta_min at T_max; after T_max it climbs again, with period 2 * T_max.

    Source: torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov & Hutter 2017 (arXiv 1608.03983), eq. 5 without restarts.
    """

    T_max: Horizon
    eta_min: Rate = 0.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return shapes.cosine(tick / self.T_max, base_lr, self.eta_min, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(float(self.T_max or 1), ticks, limit, "turning point")


class CosineAnnealingWarmRestarts(TorchSchedule):
    """Cosines from the base LR towards eta_min that restart after T_0 ticks, then T_0 * T_mult, T_0 * T_mult ** 2, ...

    SGDR. The last tick of a cycle of T ticks is not at eta_min but (pi / 2T) ** 2 of the way above it: step every batch to come near.

    Source: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, driven by step(); Loshchilov & Hutter 2017 (arXiv 1608.03983).
    """

    T_0: Steps
    T_mult: Multiple = 1
    eta_min: Rate = 0.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        since, length = shapes.restarts(tick, self.T_0, self.T_mult, xp)
        return shapes.cosine(since / length, base_lr, self.eta_min, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        found: list[Mark] = []
        place, length = self.T_0, self.T_0
        while place < ticks:
            if len(found) == limit:
                return None
            found.append(Mark(place, f"restart {len(found) + 1}"))
            length *= self.T_mult
            place += length
        return found


class OneCycleLR(TorchSchedule):
    """Rises from max_lr / div_factor to max_lr by tick pct_start * total_steps - 1, then falls to that start / final_div_factor by the last tick.

    One step too many extrapolates the last phase (with "linear" below zero), the next raises in torch; the optimizer's own LR is not used.
    three_phase falls back to the start in as many ticks as it rose. Momentum runs the other way, from max_momentum to base_momentum.

    Source: torch.optim.lr_scheduler.OneCycleLR; Smith & Topin 2018 (arXiv 1708.07120), of which the default is the two-phase variant.
    """

    rewrites_initial_lr: ClassVar[bool] = True

    max_lr: per_group(Rate)  # type: ignore[valid-type]
    total_steps: Horizon = None
    epochs: Epochs | None = None
    steps_per_epoch: Annotated[Steps, Control("updates", low=1, high=10_000)] | None = None
    pct_start: Fraction = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: per_group(Momentum) = 0.85  # type: ignore[valid-type]
    max_momentum: per_group(Momentum) = 0.95  # type: ignore[valid-type]
    div_factor: Divisor = 25.0
    final_div_factor: Divisor = 1e4
    three_phase: bool = False

    @field_validator("total_steps")
    @classmethod
    def _whole(cls, value: float | None) -> float | None:
        if isinstance(value, float):
            msg = "must be a whole number"
            raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
        return value

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if "total_steps" not in self.model_fields_set and (self.epochs is None or self.steps_per_epoch is None):
            msg = "total_steps (or epochs and steps_per_epoch) is missing"
            raise ValueError(msg)
        return self._check_rise(self._length())

    def _length(self) -> Any:
        """Its steps, also from epochs and steps_per_epoch; None where they are the run's."""
        if self.total_steps is None and self.epochs is not None and self.steps_per_epoch is not None:
            return self.epochs * self.steps_per_epoch
        return self.total_steps

    def _check_rise(self, length: float | None) -> Self:
        if length is not None and self.pct_start * length == 1.0:
            msg = f"pct_start: {self.pct_start:g} of {length} steps ends at step 0, where torch divides by zero"
            raise ValueError(msg)
        return self

    def bind(self, ticks: int, group: int = 0) -> Self:
        """Fill `total_steps`, from epochs and steps_per_epoch first; ValueError where the rise has no length."""
        length = self._length()
        bound = super().bind(ticks if length is None else length, group)
        return self._check_rise(bound.total_steps) and bound

    def _phases(self) -> list[tuple[Array, Array, int, int]]:
        """First and last tick of each phase, and whether it starts and ends low (0), high (1) or at the minimum (2)."""
        total = self.total_steps or 1
        rise = self.pct_start * total - 1
        if not self.three_phase:
            phases: list[tuple[Array, Array, int, int]] = [(0.0, rise, 0, 1), (rise, total - 1, 1, 2)]
        else:
            fall = 2 * self.pct_start * total - 2
            phases = [(0.0, rise, 0, 1), (rise, fall, 1, 0), (fall, total - 1, 0, 2)]
        return [p for i, p in enumerate(phases) if p[0] != p[1] or i == 0]  # torch divides by an empty last phase one step too late

    def _follow(self, tick: Array, levels: tuple[Array, Array, Array], xp: Any) -> Array:
        outcome: Array = None
        for first, last, here, there in reversed(self._phases()):
            progress = (tick - first) / (last - first)
            start, end = levels[here], levels[there]
            piece = shapes.linear(progress, start, end) if self.anneal_strategy == "linear" else shapes.cosine(progress, start, end, xp)
            outcome = piece if outcome is None else xp.where(tick <= last, piece, outcome)
        return outcome

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        low = self.initial_lr(base_lr)
        return self._follow(tick, (low, self.max_lr, low / self.final_div_factor), xp)

    def raises_at(self) -> float:
        total = self.total_steps or 1
        return total + 1 if len(self._phases()) == (3 if self.three_phase else 2) else total

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        if not self.cycle_momentum:
            return None
        return self._follow(tick, (self.max_momentum, self.base_momentum, self.max_momentum), xp)

    def initial_lr(self, base_lr: Array) -> Array:  # noqa: ARG002
        return self.max_lr / self.div_factor

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = [int(np.floor(last)) for _, last, _, _ in self._phases()]
        labels = ["peak", "back at the start", "minimum"] if self.three_phase else ["peak", "minimum"]
        past = Mark(int(self.total_steps or 1), "past the last step")
        return inside(ticks, limit, *(Mark(*end) for end in zip(ends, labels, strict=False)), past)


class CyclicLR(TorchSchedule):
    """A triangle wave between base_lr and max_lr, up in step_size_up ticks and down in step_size_down, for ever.

    "triangular2" halves the height each cycle, "exp_range" multiplies it by gamma ** tick, scale_fn by what it returns.
    The optimizer's own LR is not used. Momentum, cycled by default, runs the other way.

    Source: torch.optim.lr_scheduler.CyclicLR; Smith 2017 (arXiv 1506.01186).
    """

    rewrites_initial_lr: ClassVar[bool] = True

    base_lr: per_group(Annotated[Rate, LOW_RATE])  # type: ignore[valid-type]
    max_lr: per_group(Rate)  # type: ignore[valid-type]
    step_size_up: Steps = 2000
    step_size_down: Iters | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: Decay = 1.0
    scale_fn: expression("x", start="1 / 2 ** (x - 1)") | None = None  # type: ignore[valid-type]
    scale_mode: Literal["cycle", "iterations"] = "cycle"
    cycle_momentum: bool = True
    base_momentum: per_group(Momentum) = 0.8  # type: ignore[valid-type]
    max_momentum: per_group(Momentum) = 0.9  # type: ignore[valid-type]

    def _sizes(self) -> tuple[Array, Array]:
        return self.step_size_up, self.step_size_up if self.step_size_down is None else self.step_size_down

    def _height(self, tick: Array, xp: Any) -> Array:
        """0 at base_lr, 1 at max_lr, scaled as the mode says."""
        up, down = self._sizes()
        done = xp.floor(tick / (up + down))
        since = tick - done * (up + down)
        rising = since / up
        height = rising if down == 0 else xp.where(since <= up, rising, (up + down - since) / down)
        if self.scale_fn is not None:
            return height * parse(self.scale_fn, "x")(xp, done + 1.0 if self.scale_mode == "cycle" else tick)
        if self.mode == "triangular2":
            return height * 0.5**done
        return height * self.gamma**tick if self.mode == "exp_range" else height

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:  # noqa: ARG002
        return shapes.linear(self._height(tick, xp), self.base_lr, self.max_lr)

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        if not self.cycle_momentum:
            return None
        return shapes.linear(self._height(tick, xp), self.max_momentum, self.base_momentum)

    def initial_lr(self, base_lr: Array) -> Array:  # noqa: ARG002
        return self.base_lr

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        up, down = self._sizes()
        cycles = ticks // (up + down) + 1
        if 2 * cycles > limit:
            return None
        begins = [k * (up + down) for k in range(cycles)]
        found = [m for b in begins for m in (Mark(b, "cycle ends"), Mark(b + up, "peak"))]
        return inside(ticks, limit, *found)


class SequentialLR(TorchSchedule):
    """One schedule after the other: each milestone begins the next, which counts its ticks from there and starts from the base LR.

    A part that is not finished at its milestone leaves a jump; T_max and the like of a later part do not include the parts before it.

    Source: torch.optim.lr_scheduler.SequentialLR.
    """

    schedulers: Annotated[tuple[AnySchedule, ...], Strict(strict=False), Field(max_length=MAX_PARTS)]
    milestones: Milestones

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A linear warmup over a twentieth of the run, then one cosine."""
        warmup = LinearLR.example(ticks, epochs, updates) | {"start_factor": 0.01}
        rest = CosineAnnealingLR.example(ticks, epochs, updates)
        return {"kind": cls.kind, "schedulers": [warmup, rest], "milestones": [warmup["total_iters"]]}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        parts = self.schedulers
        if not parts:
            msg = "schedulers: must hold at least one schedule"
            raise ValueError(msg)
        if len(self.milestones) != len(parts) - 1:
            msg = f"milestones: must have one less than schedulers ({len(parts)}), not {len(self.milestones)}"
            raise ValueError(msg)
        if list(self.milestones) != sorted(self.milestones):
            msg = "milestones: must not decrease"
            raise ValueError(msg)
        for i, part in enumerate(parts):
            where = f"schedulers.{i}"
            if not isinstance(part, TorchSchedule):
                msg = f"{where}: {part.kind} is not a torch schedule"
                raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
            if isinstance(part, SequentialLR):
                msg = f"{where}: torch cannot drive a SequentialLR inside another; put its schedulers into this one"
                raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
            if i > 0 and part.rewrites_initial_lr:
                msg = f"{where}: {part.native} overwrites the rate that the schedulers before it start from; only the first may"
                raise ValueError(msg)
            if i > self._initial():
                try:
                    part.entered()
                except ValueError as error:
                    msg = f"{where}.{error}"
                    raise ValueError(msg) from None
        return self

    def _initial(self) -> int:
        """The part that makes the first step: the first one, or the last whose milestone is not after the start."""
        return bisect_right(self.milestones, 0)

    def bind(self, ticks: int, group: int = 0) -> Self:
        """Bind each part to the ticks between its milestones."""
        parts = tuple(p.entered() if i > self._initial() and isinstance(p, TorchSchedule) else p for i, p in enumerate(self.schedulers))
        return self.model_copy(update={"schedulers": combine.bind_parts(parts, combine.starts(self.milestones), ticks, group)})

    @property
    def own_rate(self) -> bool:
        """The first part's: later ones start from what it set."""
        return self.schedulers[0].own_rate

    def raises_at(self) -> float:
        begins = combine.starts(self.milestones)
        ends = [*begins[1:], np.inf]
        raising = (
            b + p.raises_at() for p, b, e in zip(self.schedulers, begins, ends, strict=True) if isinstance(p, TorchSchedule) and b + p.raises_at() < e
        )
        return min(raising, default=np.inf)

    def _rates(self, base_lr: Array) -> list[Array]:
        return [base_lr, *[self.initial_lr(base_lr)] * len(self.milestones)]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return combine.curve(self.schedulers, combine.starts(self.milestones), self._rates(base_lr), tick, xp)

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        """The first part's while it lasts; later parts leave it where it was."""
        last = max(self.milestones[0] - 1, 0) if self.milestones else np.inf
        return self.schedulers[0].momentum(xp.minimum(tick, last), xp)

    def initial_lr(self, base_lr: Array) -> Array:
        return self.schedulers[0].initial_lr(base_lr)

    def lists(self) -> dict[str, int]:
        return {f"schedulers.{i}.{name}": n for i, part in enumerate(self.schedulers) for name, n in part.lists().items()}

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return combine.marks(self.schedulers, combine.starts(self.milestones), ticks, limit)


def _needs_iters(schedule: Schedule, total_iters: float) -> Schedule:
    if total_iters == 0:
        msg = "total_iters: must be greater than 0 after a milestone, where torch divides by it"
        raise ValueError(msg)
    return schedule
