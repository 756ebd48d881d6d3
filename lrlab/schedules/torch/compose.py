"""The schedules of torch.optim.lr_scheduler that are made of others."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Annotated, Any, Self, cast

import numpy as np
from pydantic import Field, Strict, model_validator

from lrlab.schedules import AnySchedule, combine
from lrlab.schedules.base import Array, Mark, Place, Schedule, inside
from lrlab.schedules.likeness import CLIMBS, Like, Unlike
from lrlab.schedules.params import MAX_PARTS, Milestones
from lrlab.schedules.recurrence import MetricDriven, Recurrence
from lrlab.schedules.torch.simple import SWALR, CosineAnnealingLR, Floats, LinearLR, MultiplicativeLR, TorchSchedule


class SequentialLR(TorchSchedule):
    """One schedule after the other: each milestone begins the next, which counts its ticks from there and starts from
    the base LR; the last one goes on, to its end and past it.

    A part that is not finished at its milestone leaves a jump; T_max and the like of a later part do not include the
    parts before it.

    Source: torch.optim.lr_scheduler.SequentialLR.
    """

    family = Like(
        "Made of other schedules",
        "Each part counts from its own milestone and starts at the base LR.",
        schedulers=[
            {"kind": "torch.LinearLR", "start_factor": "start / peak", "total_iters": "warmup"},
            {"kind": "torch.CosineAnnealingLR", "T_max": "T", "eta_min": "floor"},
        ],
        milestones=["warmup"],
    )
    also = (
        Like(
            "Cosine behind a warmup",
            f"The start must be above 0. {CLIMBS}",
            schedulers=[
                {"kind": "torch.LinearLR", "start_factor": "start / peak", "total_iters": "warmup"},
                {"kind": "torch.CosineAnnealingLR", "T_max": "T", "eta_min": "floor"},
            ],
            milestones=["warmup"],
        ),
    )
    in_turn = True
    joined_by = "milestones"

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
            checked = _check_part(where, i, part)
            if isinstance(part, (SequentialLR, ChainedScheduler)):
                msg = (
                    f"{where}: torch cannot drive a {part.native} inside a SequentialLR; put its schedulers "
                    "into this one"
                )
                raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
            if i > self._initial():
                try:
                    checked.entered()
                except ValueError as error:
                    msg = f"{where}.{error}"
                    raise ValueError(msg) from None
        _check_swa(self)
        return self

    def _initial(self) -> int:
        """The part that makes the first step: the first one, or the last whose milestone is not after the start."""
        return bisect_right(self.milestones, 0)

    def bind(self, place: Place) -> Self:
        """Bind each part to the ticks between its milestones."""
        parts = [p.entered() if i > self._initial() else p for i, p in enumerate(_parts(self))]
        bound = super().bind(place)
        return bound.model_copy(
            update={"schedulers": combine.bind_parts(parts, combine.starts(self.milestones), place)}
        )

    @property
    def own_rate(self) -> bool:
        """The first part's: later ones start from what it set."""
        return self.schedulers[0].own_rate

    def raises_at(self) -> float:
        begins = combine.starts(self.milestones)
        ends = [*begins[1:], np.inf]
        raising = (
            b + p.raises_at() for p, b, e in zip(self.schedulers, begins, ends, strict=True) if b + p.raises_at() < e
        )
        return min(raising, default=np.inf)

    def _rates(self, base_lr: Array, xp: Any) -> list[Array]:
        """The rate from which each part starts: the base LR that the first one set, or the rate at its milestone."""
        begins, rates = combine.starts(self.milestones), [base_lr]
        for i, part in enumerate(_parts(self)[1:], 1):
            before = begins[i] - 1.0
            found = part.continues and i > self._initial()
            rates.append(
                combine.curve(self.schedulers[:i], begins[:i], rates, before, xp) if found else self.initial_lr(base_lr)
            )
        return rates

    def is_factor(self, ticks: int) -> bool:
        return False

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        """Each part's own way between its milestones; the constructor and, mostly, a milestone make the rate anew."""
        begins = combine.starts(self.milestones)
        scale, offset = np.zeros(ticks.size), np.zeros(ticks.size)
        for i, (part, begin) in enumerate(zip(_parts(self), begins, strict=True)):
            left = ticks[: max(ticks.size - begin, 0)]
            if left.size == 0:
                continue
            rate = base_lr if i == 0 else self.initial_lr(base_lr)
            scale[begin:], offset[begin:] = part.advance(left, rate)
            if begin == 0:
                scale[0], offset[0] = 0.0, scale[0] * rate + offset[0]
            elif not part.continues:
                scale[begin], offset[begin] = 0.0, float(part.curve(np.float64(0.0), rate))
        return scale, offset

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return combine.curve(self.schedulers, combine.starts(self.milestones), self._rates(base_lr, xp), tick, xp)

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        """The first part's while it lasts; later parts leave it where it was."""
        last = max(self.milestones[0] - 1, 0) if self.milestones else np.inf
        return self.schedulers[0].momentum(xp.minimum(tick, last), xp)

    def initial_lr(self, base_lr: Array) -> Array:
        return self.schedulers[0].initial_lr(base_lr)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return combine.marks(self.schedulers, combine.starts(self.milestones), ticks, limit)

    def joints(self) -> list[int]:
        return list(self.milestones)


class ChainedScheduler(TorchSchedule, Recurrence):
    """Several schedules at once, for ever: at each tick each of them changes the rate that the one before it left, so
    that the curve is mostly the product of theirs.

    Not the product where one adds instead of multiplying: CosineAnnealingLR with an eta_min, or past T_max; nor where
    one makes the rate anew from the base LR (LambdaLR, CosineAnnealingWarmRestarts) and so undoes those before it.

    Source: torch.optim.lr_scheduler.ChainedScheduler.
    """

    family = Unlike("Made of other schedules", "All parts at once: their factors are multiplied.")

    takes_optimizer = False
    at_once = True
    reason = (
        "The schedulers act on each other's rates, one adding where the other multiplies: each rate follows "
        "from the one before."
    )

    schedulers: Annotated[tuple[AnySchedule, ...], Strict(strict=False), Field(max_length=MAX_PARTS)]

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A linear warmup over a twentieth of the run, as a factor of one cosine."""
        sequence = SequentialLR.example(ticks, epochs, updates)
        return {"kind": cls.kind, "schedulers": sequence["schedulers"]}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.schedulers:
            msg = "schedulers: must hold at least one schedule"
            raise ValueError(msg)
        for i, part in enumerate(self.schedulers):
            _check_part(f"schedulers.{i}", i, part)
        _check_swa(self)
        return self

    def bind(self, place: Place) -> Self:
        """Bind each of them to the whole of it; only what must be followed tick by tick may be too long."""
        bound = Schedule.bind(self, place).model_copy(
            update={"schedulers": tuple(part.bind(place) for part in self.schedulers)}
        )
        return bound if bound.is_factor(place.ticks) else Recurrence.bind(bound, place)

    @property
    def no_formula(self) -> str:
        """None where they are factors of one product."""
        return (
            next((p.no_formula for p in self.schedulers if p.no_formula), "")
            if self.is_factor(self.place.ticks)
            else self.reason
        )

    @property
    def own_rate(self) -> bool:
        """The first one's: the others start from what it set."""
        return self.schedulers[0].own_rate

    def raises_at(self) -> float:
        return min(part.raises_at() for part in self.schedulers)

    def initial_lr(self, base_lr: Array) -> Array:
        return self.schedulers[0].initial_lr(base_lr)

    def is_factor(self, ticks: int) -> bool:
        return all(part.is_factor(ticks) for part in _parts(self))

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if not self.is_factor(int(np.max(tick, initial=0)) if xp is np else self.place.ticks):
            return super().curve(tick, base_lr, xp)
        for part in self.schedulers:
            base_lr = part.curve(tick, base_lr, xp)
        return base_lr

    def advance(self, ticks: Floats, base_lr: float) -> tuple[Floats, Floats]:
        scale, offset = np.ones(ticks.size), np.zeros(ticks.size)
        for i, part in enumerate(_parts(self)):
            its_scale, its_offset = part.advance(ticks, base_lr if i == 0 else self.initial_lr(base_lr))
            scale, offset = its_scale * scale, its_scale * offset + its_offset
        return scale, offset

    def table(self, base_lr: float, ticks: int) -> Floats:
        scale, offset = self.advance(np.arange(ticks, dtype=np.float64), base_lr)
        steps = zip(scale[1:].tolist(), offset[1:].tolist(), strict=True)
        first = float(scale[0] * base_lr + offset[0])
        return np.array(list(accumulate(steps, lambda lr, step: lr * step[0] + step[1], initial=first)))

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        """The first one's: the others leave it where it is."""
        return self.schedulers[0].momentum(tick, xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        found = [part.marks(ticks, limit) for part in self.schedulers]
        return (
            None
            if any(f is None for f in found)
            else inside(ticks, limit, *sorted({m for f in found for m in f or ()}))
        )


def _parts(schedule: SequentialLR | ChainedScheduler) -> tuple[TorchSchedule, ...]:
    """Its schedulers, checked to be torch's when it was made."""
    return cast("tuple[TorchSchedule, ...]", schedule.schedulers)


def _all(schedule: Schedule) -> list[Schedule]:
    """The schedule and all that are nested in it."""
    return [schedule, *(inner for child in schedule.children().values() for inner in _all(child))]


def _check_swa(schedule: SequentialLR | ChainedScheduler) -> None:
    if sum(isinstance(inner, SWALR) for inner in _all(schedule)) > 1:
        msg = (
            "schedulers: only one may be a SWALR: they share the optimizer's swa_lr, and the last one's would "
            "be all of theirs"
        )
        raise ValueError(msg)


def _check_part(where: str, place: int, part: Schedule) -> TorchSchedule:
    """ValueError where torch refuses a scheduler in this place, or its rates would hang on what no document shows."""
    if not isinstance(part, TorchSchedule):
        msg = f"{where}: {part.kind} is not a torch schedule"
        raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
    if isinstance(part, MetricDriven):
        msg = f"{where}: torch refuses {part.native} here, whose step() needs a metric"
        raise ValueError(msg)  # noqa: TRY004 (likewise)
    if place > 0 and part.own_rate:
        msg = f"{where}: {part.native} overwrites the rate that the schedulers before it start from; only the first may"
        raise ValueError(msg)
    if place > 0 and any(isinstance(inner, MultiplicativeLR) for inner in _all(part)):
        msg = f"{where}: MultiplicativeLR goes on from the rate that another scheduler left; only the first may be one"
        raise ValueError(msg)
    return part


SCHEDULES: tuple[type[Schedule], ...] = (
    SequentialLR,
    ChainedScheduler,
)
