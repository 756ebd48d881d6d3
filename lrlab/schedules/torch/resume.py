"""Torch schedulers made anew with last_epoch, and nothing loaded: the rates that they then give, which are mostly not
those of the run before.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from typing import Any

import numpy as np

from lrlab.schedules.recurrence import Recurrence
from lrlab.schedules.torch.compose import ChainedScheduler, SequentialLR
from lrlab.schedules.torch.cycles import CyclicLR, OneCycleLR
from lrlab.schedules.torch.simple import (
    SWALR,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    Floats,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
    TorchSchedule,
)
from lrlab.trees.parse import parse


def with_last_epoch(given: TorchSchedule, bound: TorchSchedule, base_lr: float, done: int, last: int) -> Floats:
    """The rates at ticks `done` to `last` of a scheduler made with last_epoch = done - 1 (done > 0) over an optimizer
    at its base LR, its initial_lr.

    A SequentialLR is made so itself, of parts as at the start; of a ChainedScheduler, which has no such argument, each
    part is. `given` is the schedule before it was bound. ValueError, one sentence, where torch raises, or the run is
    too long to be followed.
    """
    if last >= Recurrence.most_ticks:
        msg = f"each rate follows from the one before, which lrlab follows for up to {Recurrence.most_ticks:,} ticks, not {last + 1:,}"
        raise ValueError(msg)
    with np.errstate(all="ignore"):
        scale, offset = _made(given, bound, base_lr, done, last + 1 - done)
        steps = zip(scale.tolist(), offset.tolist(), strict=True)
        found = np.array(list(accumulate(steps, lambda lr, step: lr * step[0] + step[1], initial=base_lr)))[1:]
    if not np.isfinite(found).all():
        msg = f"the learning rate is not finite at tick {done + int(np.argmin(np.isfinite(found))):,}"
        raise ValueError(msg)
    return found


def _made(given: Any, bound: TorchSchedule, base: float, done: int, count: int) -> tuple[Floats, Floats]:
    """Scale and offset, as of TorchSchedule.advance, of the constructor with last_epoch = done - 1 and of `count` - 1
    calls of step().

    `given` is the schedule before it was bound, `base` its initial_lr.
    """
    tick = np.arange(done + count, dtype=np.float64)
    onward = tick[done:]
    match bound:
        case OneCycleLR():
            msg = "torch.OneCycleLR raises KeyError when it is made with last_epoch over a new optimizer: its rates are in the optimizer's state"
            raise ValueError(msg)
        case SequentialLR():
            return _sequence(given, bound, base, done, count)
        case ChainedScheduler():
            scale, offset = np.ones(count), np.zeros(count)
            for i, (unbound, part) in enumerate(zip(given.schedulers, bound.schedulers, strict=True)):
                its_scale, its_offset = _made(unbound, part, _left_by(bound, base) if i else base, done, count)  # type: ignore[arg-type]
                scale, offset = its_scale * scale, its_scale * offset + its_offset
            return scale, offset
        case SWALR():  # counts its own calls
            return bound.advance(tick[:count], base)
        case CyclicLR():  # its constructor still takes the optimizer's rate for its low end
            first = bound.model_copy(update={"base_lr": base}).curve(onward[:1], base)
            return np.zeros(count), np.concatenate([first, bound.curve(onward[1:], base)])
        case CosineAnnealingWarmRestarts():  # takes the cycle for the first or the second one
            return np.zeros(count), bound.curve(onward - bound.T_0 * max(done // bound.T_0 - 1, 0), base)
        case MultiplicativeLR():
            scale, offset = np.broadcast_to(parse(bound.lr_lambda, "epoch")(np, onward), count).copy(), np.zeros(count)
        case _:
            scale, offset = (found[done:].copy() for found in bound.advance(tick, base))
    if not (bound.absolute or isinstance(bound, (StepLR, MultiStepLR, ConstantLR))):
        scale[0], offset[0] = 1.0, 0.0  # the constructor leaves the rate that it finds
    return scale, offset


def _left_by(chain: ChainedScheduler, base: float) -> float:
    """The initial_lr that the first of a chain leaves to the others: only a OneCycleLR in a sequence, made as at the
    start, overwrites it.
    """
    first: Any = chain
    while isinstance(first, ChainedScheduler):
        first = first.schedulers[0]
    return base if isinstance(first, CyclicLR) else float(first.initial_lr(base))


def _sequence(given: SequentialLR, bound: SequentialLR, base: float, done: int, count: int) -> tuple[Floats, Floats]:
    """The rate of its very start; then the part in force, as if it began here and not at its milestone; from the next
    milestone on, all is well.
    """
    if isinstance(bound.schedulers[0], CyclicLR):
        msg = "what follows a CyclicLR in a torch.SequentialLR made with last_epoch hangs on the initial_lr that the new optimizer was given"
        raise ValueError(msg)  # noqa: TRY004 (a schedule that is right elsewhere)
    tick = np.arange(done + count, dtype=np.float64)
    scale, offset = (found[done:].copy() for found in bound.advance(tick, base))
    scale[0], offset[0] = 0.0, float(bound.curve(np.float64(0.0), base))
    place, initial = bisect_right(bound.milestones, done + 1), bisect_right(bound.milestones, 0)
    until = min([m - done for m in bound.milestones if m > done] + [count])
    part: Any = given.schedulers[place].bind(bound.schedulers[place].place)  # not as a milestone would enter it
    rate = float(bound.initial_lr(base)) if place else base
    skipped = 1 if place == initial or isinstance(part, SWALR) else 0  # its tick 0 is behind it
    its_scale, its_offset = part.advance(tick[:until], rate)
    scale[1:until], offset[1:until] = (
        its_scale[skipped : until - 1 + skipped],
        its_offset[skipped : until - 1 + skipped],
    )
    if until > 1 and not skipped:
        scale[1:2], offset[1:2] = _to_zero(part, rate, (its_scale[0], its_offset[0]))
    return scale, offset


def _to_zero(part: TorchSchedule, base: float, constructor: tuple[float, float]) -> tuple[float, float]:
    """Scale and offset of a step() to tick 0, where only the constructor or a milestone should lead."""
    match part:
        case ExponentialLR():
            return part.gamma, 0.0
        case PolynomialLR():
            return 1.0 / float(part.curve(-1.0, 1.0)), 0.0
        case CosineAnnealingLR():
            climb = (1.0 - math.cos(math.pi / part.T_max)) / 2.0
            if (-1 - part.T_max) % (2 * part.T_max) == 0:
                return 1.0, (base - part.eta_min) * climb
            return 1.0 / (1.0 - climb), part.eta_min * (1.0 - 1.0 / (1.0 - climb))
    return constructor
