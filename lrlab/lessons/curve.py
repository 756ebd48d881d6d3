"""SGDR or cosine: the settings of the section, the experiment made from them, what is measured on it, and the
exercises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from lrlab import engine
from lrlab.document import Experiment, Trial, parse
from lrlab.document.run import StepRun
from lrlab.lessons import paper
from lrlab.lessons.exercises import Checked, Exercise
from lrlab.schedules.params import Control
from lrlab.schedules.torch.simple import CosineAnnealingWarmRestarts
from lrlab.settings import Settings, Wording

SGDR, ONE, STEP, SHORT = "SGDR", "one cosine", "step decay", "other T_max"
NO_PI, OFF_BY_ONE = "without pi", "step - 1"
START_FACTOR = 0.01  # the warmup begins at this share of the peak
MOST_LOOKED_AT = 2**13  # two curves are compared at so many steps at most
SAME = 1e-12  # as a share of the way from eta_min to the peak: differences up to this are rounding
ARRIVED = 0.01  # as a share of the way from eta_min to the peak: a rate this close to one of them has reached it


class CurveSettings(Settings):
    """The curves that are laid over each other; lengths in epochs."""

    key: ClassVar[str] = "curve"

    T_0: Annotated[int, Field(ge=1, le=10_000), Control("epochs", label="T_0", help="the first cycle", high=200)] = 10
    T_mult: Annotated[
        int,
        Field(ge=1, le=10),
        Control("number", label="T_mult", help="each next cycle is so many times as long", high=4),
    ] = 2
    eta_min: Annotated[
        float,
        Field(ge=0, le=10),
        Control("rate", label="eta_min", help="where the annealing ends", high=0.1, log=True),
    ] = 0.0
    epochs: Annotated[
        int,
        Field(ge=1, le=2_000),
        Control("epochs", label="epochs", help="of the whole run, warmup included", high=400),
    ] = 200
    warmup: Annotated[
        int,
        Field(ge=0, le=1_000),
        Control("epochs", label="warmup", help="a line up to the peak, in front of every curve", high=30),
    ] = 0
    peak: Annotated[float, Field(gt=0, le=10), Control("rate", label="peak rate", low=1e-4, high=1.0, log=True)] = 0.05
    steps: Annotated[
        int,
        Field(ge=1, le=100_000),
        Control(
            "number",
            label="steps per epoch",
            help="optimizer steps: 391 are CIFAR's 50,000 images in batches of 128",
            high=1_000,
        ),
    ] = 391
    T_max: Annotated[
        int,
        Field(ge=1, le=10_000),
        Control("epochs", label="T_max", help="of the CosineAnnealingLR with a T_max of its own", high=400),
    ] = 150
    sgdr: Annotated[bool, Wording(SGDR)] = True
    cosine: Annotated[bool, Wording(ONE, "CosineAnnealingLR with T_max = all epochs")] = True
    step: Annotated[bool, Wording(STEP, "times 0.2 at 30, 60 and 80 % of the run, as in the SGDR paper")] = True
    short: Annotated[bool, Wording(SHORT, "CosineAnnealingLR with a T_max of your own")] = False
    no_pi: Annotated[bool, Wording(NO_PI, "a wrong formula: 1 + cos(t / T)")] = False
    off_by_one: Annotated[bool, Wording(OFF_BY_ONE, "a wrong formula: cos(pi (t - 1) / (T - 1))")] = False

    @model_validator(mode="after")
    def _leaves_something_to_anneal(self) -> Self:
        if self.warmup >= self.epochs:
            msg = f"warmup: {self.warmup:,} epochs leave nothing of a run of {self.epochs:,}"
            raise ValueError(msg)
        if self.eta_min >= self.peak:
            msg = f"eta_min: {self.eta_min:g} is not below the peak rate of {self.peak:g}"
            raise ValueError(msg)
        return self

    @property
    def begin(self) -> int:
        """The optimizer step at which the warmup is over."""
        return self.warmup * self.steps

    @property
    def left(self) -> int:
        """Optimizer steps from there to the run's end."""
        return (self.epochs - self.warmup) * self.steps


def run(settings: CurveSettings) -> StepRun:
    """The run."""
    return StepRun(total_steps=settings.epochs * settings.steps, steps_per_epoch=settings.steps)


def experiment(settings: CurveSettings) -> Experiment:
    """The curves that are switched on, on one run."""
    shown = {
        SGDR: settings.sgdr,
        ONE: settings.cosine,
        STEP: settings.step,
        SHORT: settings.short,
        NO_PI: settings.no_pi,
    }
    names = [name for name, on in (shown | {OFF_BY_ONE: settings.off_by_one}).items() if on]
    document = {
        "lrlab": 1,
        "run": run(settings).model_dump(),
        "trials": [_trial(settings, name) for name in names],
        "view": {"x": "epoch"},
    }
    return parse(document)


def trial(settings: CurveSettings, name: str) -> Trial:
    """One curve, whether it is switched on or not."""
    return Trial.model_validate(_trial(settings, name))


def _trial(settings: CurveSettings, name: str) -> dict[str, Any]:
    warm = {"kind": "torch.LinearLR", "start_factor": START_FACTOR, "total_iters": settings.begin}
    schedule = _schedule(settings, name)
    if settings.warmup:
        schedule = {"kind": "torch.SequentialLR", "schedulers": [warm, schedule], "milestones": [settings.begin]}
    return {"name": name, "base_lr": settings.peak, "schedule": schedule}


def _schedule(settings: CurveSettings, name: str) -> dict[str, Any]:
    left, floor = settings.left, settings.eta_min
    if name == SGDR:
        return {
            "kind": "torch.CosineAnnealingWarmRestarts",
            "T_0": settings.T_0 * settings.steps,
            "T_mult": settings.T_mult,
            "eta_min": floor,
        }
    if name == STEP:
        return paper.step_decay(left)
    if name in (ONE, SHORT):
        return {
            "kind": "torch.CosineAnnealingLR",
            "T_max": left if name == ONE else settings.T_max * settings.steps,
            "eta_min": floor,
        }
    angle = f"epoch / {left}" if name == NO_PI else f"math.pi * (epoch - 1) / {max(left - 1, 1)}"
    low = floor / settings.peak
    return {
        "kind": "torch.LambdaLR",
        "lr_lambda": f"lambda epoch: {f'{low!r} + {1 - low!r} * ' if low else ''}0.5 * (1 + math.cos({angle}))",
    }


# ---------------------------------------------------------------- what is measured


class Annealing(NamedTuple):
    """A curve's annealing in numbers: its first rate, the one half-way, the last one used, the mean, and `off`, the
    largest difference from one cosine.
    """

    first: float
    half: float
    last: float
    mean: float
    off: float


def rates(settings: CurveSettings, name: str, steps: Any) -> engine.Floats:
    """The rates of one curve at optimizer steps of the run."""
    return engine.lr(run(settings), trial(settings, name), steps)


def numbers(settings: CurveSettings, name: str) -> Annealing:
    """One curve from the end of the warmup on, in numbers."""
    plain = settings.replaced(warmup=0, epochs=settings.epochs - settings.warmup)
    first, half, last = rates(plain, name, [0, plain.left // 2, plain.left - 1]).tolist()
    steps = _looked_at(0, plain.left)
    off = _apart(rates(plain, name, steps), rates(plain, ONE, steps))
    return Annealing(first, half, last, engine.summary(run(plain), trial(plain, name)).mean, off)


def restarts(first: int, factor: int, length: int) -> list[int]:
    """Where SGDR restarts within so many ticks, as the schedule itself marks it. The end is among them where a restart
    would follow right after it.
    """
    marks = CosineAnnealingWarmRestarts(T_0=first, T_mult=factor).marks(length + 1, length)
    return [mark.tick for mark in marks or ()]


def cycle_ends(settings: CurveSettings) -> list[int]:
    """The optimizer steps before which SGDR's cycles end."""
    return [
        settings.begin + epoch * settings.steps
        for epoch in restarts(settings.T_0, settings.T_mult, settings.epochs - settings.warmup)
    ]


def cycle_difference(settings: CurveSettings) -> tuple[float, int]:
    """The largest difference between SGDR and CosineAnnealingLR with T_max = T_0 over SGDR's first cycle, or its part
    that lies within the run; and over how many steps.
    """
    first = min(settings.T_0 * settings.steps, settings.left)
    steps = _looked_at(settings.begin, settings.begin + first)
    return _apart(rates(settings, SGDR, steps), rates(settings.replaced(T_max=settings.T_0), SHORT, steps)), steps.size


def whole_difference(settings: CurveSettings) -> tuple[float, int]:
    """The largest difference between one cosine over the run and SGDR with T_0 = all epochs (after the warmup), and
    over how many steps.
    """
    steps = _looked_at(0, run(settings).steps)
    uncut = settings.replaced(T_0=settings.epochs - settings.warmup)
    return _apart(rates(settings, ONE, steps), rates(uncut, SGDR, steps)), steps.size


def difference(settings: CurveSettings) -> float:
    """The largest difference between one cosine and SGDR with these settings."""
    steps = _looked_at(0, run(settings).steps)
    return _apart(rates(settings, ONE, steps), rates(settings, SGDR, steps))


def _looked_at(begin: int, end: int) -> engine.Steps:
    return np.rint(np.linspace(begin, end - 1, min(end - begin, MOST_LOOKED_AT))).astype(np.int64)


def _apart(one: engine.Floats, other: engine.Floats) -> float:
    return float(np.abs(one - other).max())


def jump(settings: CurveSettings) -> tuple[float, float] | None:
    """The rates right after the first cycle, of SGDR and of CosineAnnealingLR with T_max = T_0; None where the run ends
    before that step.
    """
    step = settings.begin + settings.T_0 * settings.steps
    if step >= run(settings).steps:
        return None
    return rates(settings, SGDR, [step]).item(), rates(settings.replaced(T_max=settings.T_0), SHORT, [step]).item()


def climbed(settings: CurveSettings) -> tuple[float, float]:
    """The last rate that CosineAnnealingLR with the other T_max uses, and which share of the way from eta_min up to the
    peak that is.
    """
    last = rates(settings, SHORT, [run(settings).steps - 1]).item()
    return last, _share(settings, last)


def _share(settings: CurveSettings, rate: float) -> float:
    """Which share of the way from eta_min up to the peak a rate is."""
    return (rate - settings.eta_min) / (settings.peak - settings.eta_min)


# ---------------------------------------------------------------- exercises


def _in_200(settings: CurveSettings) -> Checked:
    if settings.epochs != 200:  # noqa: PLR2004 (what the exercise asks for)
        return False, f"The run has {settings.epochs:,} epochs, not 200."
    return _whole_cycles(settings)


def _whole_cycles(settings: CurveSettings) -> Checked:
    """Whether the run has several cycles and ends just where one of them does."""
    total = run(settings).steps
    ends = cycle_ends(settings)
    last = rates(settings, SGDR, [total - 1]).item()
    cycles, up = (
        _counted(len(ends), "whole cycle"),
        f"its last step uses {last:.3g}, {_share(settings, last):.1%} of the way above eta_min.",
    )
    if not ends or ends[-1] != total:
        return False, f"{cycles}, then the run cuts the next one: {up}"
    if _share(settings, last) > ARRIVED:
        return False, f"{cycles}, but the last is too few steps long to come down: {up}"
    if len(ends) == 1:
        return False, f"It ends at {last:.3g}, but without a restart: T_0 is the whole run."
    return True, f"{cycles}, and the last step uses {last:.3g}."


def _warm(settings: CurveSettings) -> Checked:
    if settings.warmup != 5:  # noqa: PLR2004 (what the exercise asks for)
        return False, f"The warmup lasts {_counted(settings.warmup, 'epoch')}, not 5."
    return _in_200(settings)


def _same(settings: CurveSettings) -> Checked:
    apart = difference(settings)
    if apart <= SAME * (settings.peak - settings.eta_min):
        return True, f"At every step looked at the two rates differ by {apart:.2g} at most."
    ends = [step // settings.steps for step in cycle_ends(settings)]
    where = (
        f"SGDR restarts after epoch {ends[0]:,}"
        if ends and ends[0] < settings.epochs
        else f"SGDR takes {settings.T_0:,} epochs to come down"
    )
    return (
        False,
        f"They differ by up to {apart:.3g}: {where}, the one cosine takes {settings.epochs - settings.warmup:,}.",
    )


def _three(settings: CurveSettings) -> Checked:
    ends, total = cycle_ends(settings), run(settings).steps
    said = f"{_counted(len(ends), 'snapshot')}" + (
        f", the last after epoch {ends[-1] // settings.steps:,} of {settings.epochs:,}" if ends else ""
    )
    return len(ends) == 3 and ends[-1] == total, f"{said}."  # noqa: PLR2004 (what the exercise asks for)


def _back(settings: CurveSettings) -> Checked:
    last, share = climbed(settings)
    if share < 1 - ARRIVED:
        return (
            False,
            (
                f"With T_max = {settings.T_max:,} epochs the last step uses {last:.3g}, {share:.1%} of the "
                f"way up to {settings.peak:g}."
            ),
        )
    if settings.T_max >= settings.epochs - settings.warmup:
        return (
            False,
            f"It ends near its peak because it never comes down: the run ends at {last:.4g}, before it could turn.",
        )
    low = rates(settings, SHORT, [settings.begin + settings.T_max * settings.steps]).item()
    return True, f"It comes down to {low:.2g} and ends at {last:.4g}, {share:.1%} of the way up."


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


EXERCISES: Sequence[Exercise] = (
    Exercise("minimum", "Make SGDR end at its minimum in 200 epochs", CurveSettings, _in_200),
    Exercise("same", "Make the one cosine and SGDR the same curve", CurveSettings, _same),
    Exercise("three", "Three snapshots, the last at the run's end", CurveSettings, _three),
    Exercise("back", "Find a T_max with which CosineAnnealingLR ends back at its peak", CurveSettings, _back),
    Exercise("warm", "End at the minimum in 200 epochs behind 5 epochs of warmup", CurveSettings, _warm),
)
