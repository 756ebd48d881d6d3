"""torch.optim.lr_scheduler, as of PyTorch 2.13."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lrlab.schedules import plateau, shapes
from lrlab.schedules.base import Array, Mark, Schedule, every, inside
from lrlab.schedules.likeness import CLIMBS, HOLDS, Like, Only
from lrlab.schedules.params import (
    Control,
    Decay,
    Factor,
    Fraction,
    Horizon,
    Iters,
    Milestones,
    Multiple,
    Power,
    Rate,
    Steps,
    expression,
    per_group,
)
from lrlab.schedules.recurrence import Recurrence
from lrlab.schedules.typed import by_tick, factors, held
from lrlab.trees.parse import parse

Floats = NDArray[np.float64]


class TorchSchedule(Schedule):
    """A scheduler of PyTorch. A tick is a call of `scheduler.step()`; arguments called epochs are ticks."""

    framework = "torch"
    also_called = "pytorch"
    module = "torch.optim.lr_scheduler"
    documentation = "https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.{native}.html"
    imported_whole = True
    made_with_last_epoch = "by the rate"
    absolute: ClassVar[bool] = False
    """True where step() makes the rate from the base LR; elsewhere it makes it from the rate that it finds."""
    continues: ClassVar[bool] = False
    """True where it goes on from the rate that it finds when its turn comes, and not from the base LR."""

    @property
    def own_rate(self) -> bool:
        """Whether the trial's base_lr is not used."""
        return self.rewrites_initial_lr

    def entered(self) -> Schedule:
        """The schedule that SequentialLR really runs when it starts this one at a milestone, with step(0).

        ValueError where torch divides by zero there.
        """
        return self

    def is_factor(self, ticks: int) -> bool:
        """Whether it only multiplies a rate that other schedulers change as well, by its own curve, in all of `ticks`
        ticks.
        """
        return not self.absolute

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        """How each call makes the next rate from the present one: as scale * rate + offset.

        Entry 0 is the call of the constructor, each later entry a call of step(); ticks are 0, 1, 2, ...
        """
        if self.absolute:
            return np.zeros(ticks.size), np.broadcast_to(self.curve(ticks, base_lr), ticks.shape)
        height = np.broadcast_to(np.asarray(self.curve(ticks, 1.0), dtype=np.float64), ticks.shape)
        before = np.concatenate([[1.0], height[:-1]])
        return np.divide(height, before, out=np.ones(ticks.size), where=before != 0), np.zeros(ticks.size)

    def driven(self, tick: Array, base_lr: Array, base_lrs: Array, xp: Any = np) -> Array:
        """The curve of a scheduler that was built over the rate base_lr, and whose attribute `base_lrs` was replaced by
        another scheduler before its first step().
        """
        if not self.absolute:
            return self.curve(tick, base_lr, xp)
        return xp.where(tick > 0, self.curve(tick, base_lrs, xp), self.curve(tick, base_lr, xp))


class LambdaLR(TorchSchedule):
    """At every tick, for ever, the base LR times the factor that a function of the tick returns.

    Source: torch.optim.lr_scheduler.LambdaLR.
    """

    family = Like(
        "A function of your own",
        "The function gives a factor of the base LR.",
        lr_lambda="'lambda epoch: 1 / (1 + 0.1 * epoch)'",
    )

    absolute = True

    lr_lambda: per_group(expression("epoch", start="1 / (1 + 0.001 * epoch)", first=0))  # type: ignore[valid-type]

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * parse(self.lr_lambda, "epoch")(xp, held(tick, self.raises_at(), xp))

    def raises_at(self) -> float:
        return by_tick(self.lr_lambda, "epoch", self.ticks_left).raises

    @property
    def most(self) -> float:
        return by_tick(self.lr_lambda, "epoch", self.ticks_left).span

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return None


class StepLR(TorchSchedule):
    """A staircase from the base LR: multiplied by gamma after every step_size ticks, for ever.

    Source: torch.optim.lr_scheduler.StepLR.
    """

    family = Like("Step decay", step_size="every", gamma="factor")
    falls_every = "step_size"

    step_size: Steps
    gamma: Factor = 0.1

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * self.gamma ** shapes.steps_done(tick, self.step_size, xp)

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        """Nothing but at a step: a gamma of 0 does not undo what others do in between."""
        return np.where((ticks > 0) & (ticks % self.step_size == 0), self.gamma, 1.0), np.zeros(ticks.size)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(self.step_size, ticks, limit, "step")

    def get_lr_factor(self) -> float:
        return self.gamma


class MultiStepLR(TorchSchedule):
    """A staircase from the base LR: multiplied by gamma at each milestone (twice where one stands twice), in whatever
    order they are given, and level after the last.

    A milestone of 0 counts before the first step; a negative one never comes.

    Source: torch.optim.lr_scheduler.MultiStepLR.
    """

    family = Like("Milestones", milestones=["first", "second"], gamma="factor")

    milestones: Milestones
    gamma: Factor = 0.1

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        borders = tuple(float(m) for m in sorted(self.milestones) if m >= 0)
        return base_lr * self.gamma ** shapes.passed(tick, borders, xp) if borders else base_lr

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        """Nothing but at a milestone: a gamma of 0 does not undo what others do in between."""
        places = np.array([m for m in self.milestones if 0 <= m < ticks.size], dtype=np.int64)
        return np.asarray(self.gamma ** np.bincount(places, minlength=ticks.size), dtype=np.float64), np.zeros(
            ticks.size
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, *(Mark(m, "milestone") for m in sorted(set(self.milestones))))

    def entered(self) -> Schedule:
        return self.model_copy(update={"milestones": tuple(max(m, 0) for m in self.milestones)})

    def get_lr_factor(self) -> float:
        return self.gamma


class ConstantLR(TorchSchedule):
    """The base LR times factor for total_iters ticks, then the base LR; with total_iters 0 the factor stays for ever.

    A factor of 0 stays too: torch would divide by it at total_iters.

    Source: torch.optim.lr_scheduler.ConstantLR.
    """

    family = Like(
        "Constant",
        "With a factor below 1 it begins that much lower, and jumps up to the base LR at total_iters.",
        factor=1,
    )

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
    """A straight line from start_factor to end_factor times the base LR in total_iters ticks, then level; with
    total_iters 0 start_factor stays.

    Source: torch.optim.lr_scheduler.LinearLR.
    """

    family = Like(
        "Warmup, then level",
        "Goes down as well as up; the start is a share, above 0, by default a third.",
        start_factor="start / peak",
        total_iters="warmup",
    )
    also = (
        Like(
            "Linear and polynomial decay",
            "A straight line.",
            Only(given={"power": 1}),
            start_factor=1,
            end_factor="floor / peak",
            total_iters="T",
        ),
    )

    start_factor: Annotated[float, Field(gt=0, le=1), Control("factor", low=0.001, high=1.0, start=0.01)] = 1.0 / 3.0
    end_factor: Fraction = 1.0
    total_iters: Iters = 5

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.total_iters == 0:
            return base_lr * self.start_factor
        return base_lr * shapes.linear(shapes.ramp(tick, self.total_iters, xp), self.start_factor, self.end_factor)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(
            ticks, limit, Mark(self.total_iters, "warmup ends" if self.end_factor > self.start_factor else "decay ends")
        )

    def entered(self) -> Schedule:
        return _needs_iters(self, self.total_iters)

    @property
    def rises_by(self) -> str:
        return "total_iters" if self.end_factor > self.start_factor else ""

    @property
    def ends_by(self) -> str:
        return "total_iters" if self.end_factor < self.start_factor else ""


class ExponentialLR(TorchSchedule):
    """Starts at the base LR and is multiplied by gamma at every tick, for ever.

    Source: torch.optim.lr_scheduler.ExponentialLR.
    """

    family = Like("Exponential decay", "gamma is the factor of one tick.", gamma="factor ** (1 / every)")

    gamma: Decay

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return base_lr * self.gamma**tick

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        """A gamma of 0 undoes at every tick what others do."""
        return np.where(ticks > 0, self.gamma, 1.0), np.zeros(ticks.size)


class PolynomialLR(TorchSchedule):
    """Falls from the base LR to 0 as (1 - tick / total_iters) ** power, then stays at 0; power 0 or total_iters 0 leave
    it level.

    Source: torch.optim.lr_scheduler.PolynomialLR.
    """

    family = Like("Linear and polynomial decay", "Ends at 0.", Only(given={"floor": 0}), total_iters="T", power="power")

    total_iters: Annotated[Iters, Control("ticks", start=1.0, help="in scheduler.step() calls")] = 5
    power: Power = 1.0

    @property
    def ends_by(self) -> str:
        return "total_iters"

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

    Source: torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov & Hutter 2017 (arXiv 1608.03983), eq. 5 without
    restarts.
    """

    family = Like("Cosine", CLIMBS, T_max="T", eta_min="floor")
    falls_between = ("", "eta_min")

    T_max: Horizon
    eta_min: Rate = 0.0

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return shapes.cosine(tick / self.T_max, base_lr, self.eta_min, xp)

    def is_factor(self, ticks: int) -> bool:
        return bool(self.eta_min == 0 and ticks <= self.T_max)

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        """Multiplies its distance to eta_min; at the bottom, where that is 0, it adds instead, and so climbs to the
        base LR whatever others did.
        """
        height = 1.0 + np.cos(np.pi * ticks / self.T_max)
        before = np.concatenate([[height[0]], height[:-1]])
        bottom = (ticks > 0) & ((ticks - 1 - self.T_max) % (2 * self.T_max) == 0)
        scale = np.where(bottom, 1.0, height / np.where(bottom, 1.0, before))
        climb = (base_lr - self.eta_min) * (1.0 - np.cos(np.pi / self.T_max)) / 2.0
        return scale, np.where(bottom, climb, self.eta_min * (1.0 - scale))

    def driven(self, tick: Array, base_lr: Array, base_lrs: Array, xp: Any = np) -> Array:
        """Down from base_lr, and up again to base_lrs if a tick meets the bottom, where the climb is added."""
        if self.T_max != int(self.T_max):
            return self.curve(tick, base_lr, xp)
        return xp.where(tick <= self.T_max, self.curve(tick, base_lr, xp), self.curve(tick, base_lrs, xp))

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return every(float(self.T_max or 1), ticks, limit, "turning point")


class CosineAnnealingWarmRestarts(TorchSchedule):
    """Half cosines from the base LR down towards eta_min, one after the other for ever: the first takes T_0 ticks, each
    next one is T_mult times as long and begins at the base LR again.

    SGDR. The last tick of a cycle of T ticks is not at eta_min but (pi / 2T) ** 2 of the way above it: step every batch
    to come near.

    Source: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, driven by step(); Loshchilov & Hutter 2017 (arXiv
    1608.03983).
    """

    family = Like("Cosine with restarts", "Restarts for ever.", T_0="length", T_mult="mult", eta_min="floor")

    absolute = True
    restarts_by = ("T_0", "T_mult")
    falls_between = ("", "eta_min")

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


class MultiplicativeLR(TorchSchedule, Recurrence):
    """Starts at the base LR and is multiplied at every tick by what a function of the tick returns, for ever, so that
    the factors accumulate: with 0.95 it is ExponentialLR.

    The factor of tick 0 is never used. One factor of 0 and the LR stays 0 for ever.

    Source: torch.optim.lr_scheduler.MultiplicativeLR.
    """

    family = Like(
        "A product of factors", "The factor of tick 0 is not used.", lr_lambda="'lambda epoch: 1 - 0.001 * epoch'"
    )

    reason = (
        "Each rate is the one before times a factor: the product of lr_lambda(1), lr_lambda(2), ... up to the tick."
    )

    lr_lambda: per_group(expression("epoch", start="0.9999"))  # type: ignore[valid-type]

    def table(self, base_lr: float, ticks: int) -> Floats:
        return base_lr * factors(self.lr_lambda, ticks, self.raises_at())

    def raises_at(self) -> float:
        return by_tick(self.lr_lambda, "epoch", self.ticks_left, begin=1).raises

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return None


class SWALR(TorchSchedule):
    """Goes from the base LR to swa_lr in anneal_epochs ticks, by half a cosine or a straight line, up or down, and
    stays there.

    With anneal_epochs 0 it is at swa_lr from the first step. Behind another scheduler it starts from the rate that it
    finds.

    Source: torch.optim.swa_utils.SWALR; Izmailov et al. 2018 (arXiv 1803.05407).
    """

    family = Like("Cosine", f"{HOLDS} The floor may be above the base LR.", swa_lr="floor", anneal_epochs="T")

    documentation = "https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html"
    module = "torch.optim.swa_utils"
    continues = True

    swa_lr: per_group(Rate)  # type: ignore[valid-type]
    anneal_epochs: Annotated[Iters, Control("ticks", start=0.25, help="in scheduler.step() calls")] = 10
    anneal_strategy: Literal["cos", "linear"] = "cos"

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if not self.anneal_epochs:
            return self.swa_lr
        progress = shapes.ramp(tick, self.anneal_epochs, xp)
        return (
            shapes.cosine(progress, base_lr, self.swa_lr, xp)
            if self.anneal_strategy == "cos"
            else shapes.linear(progress, base_lr, self.swa_lr)
        )

    def is_factor(self, ticks: int) -> bool:
        return False

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        """Works out from the rate that it finds where that came from, and goes on from there."""
        if not self.anneal_epochs:
            return np.zeros(ticks.size), np.full(ticks.size, self.swa_lr)
        progress = shapes.ramp(ticks, self.anneal_epochs, np)
        # the share of the way to swa_lr that is still left
        left = shapes.cosine(progress, 1.0, 0.0, np) if self.anneal_strategy == "cos" else 1.0 - progress
        before = np.concatenate([[1.0], left[:-1]])
        scale = np.divide(left, before, out=np.zeros(ticks.size), where=before != 0)
        return scale, self.swa_lr * (1.0 - scale)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(self.anneal_epochs, "at swa_lr"))


class ReduceLROnPlateau(TorchSchedule, plateau.ReduceOnPlateau):
    """Level at the base LR, multiplied by factor each time the metric has brought no new best for more than patience
    calls, never below min_lr; level after the last metric.

    patience 3 reduces at the fourth bad call. NaN is a bad value. With threshold_mode "rel" and a negative loss
    everything is a new best, so the rate never falls. A change of eps or less is not made, so that a tiny rate freezes.
    During the cooldown bad calls do not count.

    Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
    """

    family = Like("Plateau", "Reduces at bad value number patience + 1.", factor="factor", patience="patience")


def _needs_iters(schedule: Schedule, total_iters: float) -> Schedule:
    if total_iters == 0:
        msg = "total_iters: must be greater than 0 after a milestone, where torch divides by it"
        raise ValueError(msg)
    return schedule


SCHEDULES: tuple[type[Schedule], ...] = (
    LambdaLR,
    StepLR,
    MultiStepLR,
    ConstantLR,
    LinearLR,
    ExponentialLR,
    PolynomialLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    MultiplicativeLR,
    SWALR,
    ReduceLROnPlateau,
)
