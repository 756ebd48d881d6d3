"""The schedules of torch.optim.lr_scheduler that cycle momentum against the rate."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Place, inside
from lrlab.schedules.facts import TwiceDivided
from lrlab.schedules.likeness import Like
from lrlab.schedules.params import (
    CALLS,
    LOW_RATE,
    MAX_COUNT,
    POINT,
    Control,
    Decay,
    Divisor,
    Epochs,
    Fraction,
    Momentum,
    Rate,
    Steps,
    WholeHorizon,
    expression,
    per_group,
)
from lrlab.schedules.torch.simple import TorchSchedule
from lrlab.schedules.typed import by_cycle, by_tick, check_start, held
from lrlab.trees.ends import Ends
from lrlab.trees.parse import parse


class OneCycleLR(TorchSchedule):
    """Rises as half a cosine from max_lr / div_factor to max_lr at tick pct_start * total_steps - 1, falls as another
    to that start / final_div_factor at tick total_steps - 1; past it, that wave goes on.

    One step too many extrapolates the last phase (with "linear" below zero), the next raises in torch; the optimizer's
    own LR is not used. three_phase falls back to the start in as many ticks as it rose. Momentum runs the other way,
    from max_momentum to base_momentum.

    Source: torch.optim.lr_scheduler.OneCycleLR; Smith & Topin 2018 (arXiv 1708.07120), of which the default is the
    two-phase variant.
    """

    family = Like(
        "One cycle",
        "The peak is at tick pct_start * total_steps - 1 and the end at total_steps - 1; momentum runs the other way.",
        max_lr="peak",
        total_steps="total",
        pct_start="rise / total",
        div_factor="divide",
        final_div_factor="final",
    )

    rewrites_initial_lr = True
    absolute = True
    momentum_between = ("base_momentum", "max_momentum")
    raises_past = "total_steps"

    max_lr: per_group(Rate)  # type: ignore[valid-type]
    total_steps: WholeHorizon = None
    epochs: Epochs | None = None
    steps_per_epoch: Annotated[Steps, Control("updates", low=1, high=10_000)] | None = None
    pct_start: Annotated[Fraction, POINT] = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: per_group(Momentum) = 0.85  # type: ignore[valid-type]
    max_momentum: per_group(Momentum) = 0.95  # type: ignore[valid-type]
    div_factor: Divisor = 25.0
    final_div_factor: Divisor = 1e4
    three_phase: bool = False

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

    def horizon(self, ticks: int) -> float:
        """From epochs and steps_per_epoch first."""
        return int(self._length() or ticks)

    def fitting(self, ticks: int) -> float:
        """As many, whatever epochs and steps_per_epoch make."""
        return ticks

    @property
    def follows_run(self) -> bool:
        """Also where epochs and steps_per_epoch do not say its length."""
        return self._length() is None

    def twice_divided(self) -> TwiceDivided:
        peak = max(math.floor(self.pct_start * self.total_steps) - 1, 0)
        return TwiceDivided(self.max_lr, peak, self.div_factor, self.final_div_factor)

    def bind(self, place: Place) -> Self:
        """ValueError where the rise has no length in this place."""
        bound = super().bind(place)
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
        # a last phase without length is left out: torch divides by zero in it only after the last tick
        return [p for i, p in enumerate(phases) if p[0] != p[1] or i == 0]

    def _follow(self, tick: Array, levels: tuple[Array, Array, Array], xp: Any) -> Array:
        outcome: Array = None
        for first, last, here, there in reversed(self._phases()):
            progress = (tick - first) / (last - first)
            start, end = levels[here], levels[there]
            piece = (
                shapes.linear(progress, start, end)
                if self.anneal_strategy == "linear"
                else shapes.cosine(progress, start, end, xp)
            )
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

    def initial_lr(self, base_lr: Array) -> Array:
        return self.max_lr / self.div_factor

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends = [int(np.floor(last)) for _, last, _, _ in self._phases()]
        labels = ["peak", "back at the start", "minimum"] if self.three_phase else ["peak", "minimum"]
        past = Mark(int(self.total_steps or 1), "past the last step")
        return inside(ticks, limit, *(Mark(*end) for end in zip(ends, labels, strict=False)), past)


class CyclicLR(TorchSchedule):
    """A triangle wave, for ever: from base_lr straight up to max_lr in step_size_up ticks and straight down again in
    step_size_down.

    "triangular2" halves the height each cycle, "exp_range" multiplies it by gamma ** tick, scale_fn by what it returns.
    The optimizer's own LR is not used. Momentum, cycled by default, runs the other way.

    Source: torch.optim.lr_scheduler.CyclicLR; Smith 2017 (arXiv 1506.01186).
    """

    family = Like(
        "Cyclic",
        "Momentum, cycled by default, runs the other way.",
        base_lr="floor",
        max_lr="peak",
        step_size_up="up",
        step_size_down="down",
    )

    rewrites_initial_lr = True
    absolute = True
    momentum_between = ("base_momentum", "max_momentum")

    base_lr: per_group(Annotated[Rate, LOW_RATE])  # type: ignore[valid-type]
    max_lr: per_group(Rate)  # type: ignore[valid-type]
    step_size_up: Annotated[int | float, Field(gt=0, le=MAX_COUNT), Control("ticks", low=1, start=0.1, help=CALLS)] = (
        2000
    )
    step_size_down: (
        Annotated[int | float, Field(ge=0, le=MAX_COUNT), Control("ticks", start=0.1, help=CALLS)] | None
    ) = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: Decay = 1.0
    scale_fn: expression("x", start="1 / 2 ** (x - 1)") | None = None  # type: ignore[valid-type]
    scale_mode: Literal["cycle", "iterations"] = "cycle"
    cycle_momentum: bool = True
    base_momentum: per_group(Momentum) = 0.8  # type: ignore[valid-type]
    max_momentum: per_group(Momentum) = 0.9  # type: ignore[valid-type]

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

    def raises_at(self) -> float:
        return self._ends().raises

    @property
    def most(self) -> float:
        highest: float = max(1.0, abs(self.max_lr), abs(self.base_lr))
        return self._ends().span * highest

    def _sizes(self) -> tuple[Array, Array]:
        return self.step_size_up, self.step_size_up if self.step_size_down is None else self.step_size_down

    def _height(self, tick: Array, xp: Any) -> Array:
        """0 at base_lr, 1 at max_lr, scaled as the mode says."""
        up, down = self._sizes()
        tick = held(tick, self._ends().raises, xp)
        done = xp.floor(tick / (up + down))
        since = tick - done * (up + down)
        rising = since / up
        height = rising if down == 0 else xp.where(since <= up, rising, (up + down - since) / down)
        if self.scale_fn is not None:
            return height * parse(self.scale_fn, "x")(xp, done + 1.0 if self.scale_mode == "cycle" else tick)
        if self.mode == "triangular2":
            return height * 0.5**done
        return height * self.gamma**tick if self.mode == "exp_range" else height

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return shapes.linear(self._height(tick, xp), self.base_lr, self.max_lr)

    def driven(self, tick: Array, base_lr: Array, base_lrs: Array, xp: Any = np) -> Array:
        """What is overwritten is its own low end."""
        return xp.where(
            tick > 0,
            self.model_copy(update={"base_lr": base_lrs}).curve(tick, base_lr, xp),
            self.curve(tick, base_lr, xp),
        )

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        if not self.cycle_momentum:
            return None
        return shapes.linear(self._height(tick, xp), self.max_momentum, self.base_momentum)

    def initial_lr(self, base_lr: Array) -> Array:
        return self.base_lr

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        up, down = self._sizes()
        if 2 * ticks > limit * (up + down):
            return None
        begins = [k * (up + down) for k in range(int(ticks // (up + down)) + 1)]
        found = [m for b in begins for m in (Mark(int(np.ceil(b)), "cycle ends"), Mark(int(np.ceil(b + up)), "peak"))]
        return inside(ticks, limit, *found)


SCHEDULES: tuple[type[TorchSchedule], ...] = (
    OneCycleLR,
    CyclicLR,
)
