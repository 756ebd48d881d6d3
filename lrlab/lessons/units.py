"""One warmup in different units: how many optimizer steps it is, how frameworks want it written, and how it is often
written by mistake.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, TypeAlias

import numpy as np
from pydantic import Field, ValidationError, model_validator

from lrlab import engine
from lrlab.document import Experiment, Trial, parse, sentence
from lrlab.document.run import Clock, DataRun, calls, first_step
from lrlab.lessons.exercises import Checked, Exercise
from lrlab.schedules.params import Control
from lrlab.settings import Settings, Wording

WarmupUnit: TypeAlias = Literal["steps", "epochs", "samples", "ratio", "micro-batches"]
Target: TypeAlias = Literal["pytorch", "transformers", "timm", "optax", "keras", "paddle"]
MOST_COMPARED = 200_000
"""Two curves are compared at so many steps. In a longer run these are spread evenly, with the steps around the warmup's
end added.
"""
START_FACTOR = 1e-8
"""LinearLR starts at this share of the peak, as it refuses 0."""
MEANT = "as meant"
STROKES = 400  # so many lines can be told apart beside each other in a chart
LOOK_AHEAD = 1000  # so many steps after a cosine's end are looked at
_MANY = 10**7


class Units(Settings):
    """A run over data, and its warmup as an `amount` of a `unit`."""

    key: ClassVar[str] = "units"

    samples: Annotated[
        int,
        Field(ge=1, le=10**9),
        Control("number", label="Samples", help="Of the data set.", low=1000, high=2_000_000, log=True),
    ] = 50_000
    batch_size: Annotated[
        int,
        Field(ge=1, le=_MANY),
        Control("number", label="Batch size", help="On one device, at a time.", low=1, high=512),
    ] = 32
    devices: Annotated[int, Field(ge=1, le=10_000), Control("number", label="Devices", low=1, high=64)] = 1
    accumulate: Annotated[
        int,
        Field(ge=1, le=10_000),
        Control("number", label="Accumulation", help="Micro-batches that make one optimizer step.", low=1, high=64),
    ] = 4
    epochs: Annotated[int, Field(ge=1, le=10_000), Control("epochs", label="Epochs", low=1, high=300)] = 30
    amount: Annotated[float, Field(gt=0, le=1e12), Control("number", label="Warmup", low=0.01, high=1e6, log=True)] = (
        5.0
    )
    unit: Annotated[WarmupUnit, Wording("counted in", "A ratio is a share of the whole run.")] = "epochs"
    peak: Annotated[float, Field(ge=1e-8, le=10), Control("rate", label="Peak rate", low=1e-5, high=1.0, log=True)] = (
        0.001
    )
    target: Annotated[
        Target, Wording("Code for", names=("PyTorch", "transformers", "timm", "optax", "Keras", "Paddle"))
    ] = "pytorch"

    @model_validator(mode="after")
    def _has_a_run(self) -> Self:
        try:
            self.run  # noqa: B018 (a run that is too long is none)
        except ValidationError as error:
            msg = f"epochs: {sentence(error).removeprefix(': ')}"
            raise ValueError(msg) from None
        return self

    @property
    def run(self) -> DataRun:
        """The run. The micro-batches that are left over at an epoch's end make a step of their own, as in transformers
        5.
        """
        return DataRun(
            samples=self.samples,
            batch_size=self.batch_size,
            devices=self.devices,
            accumulate=self.accumulate,
            epochs=self.epochs,
        )


class Counts(NamedTuple):
    """One warmup in every unit."""

    steps: int
    epochs: float
    ratio: float
    samples: int
    micro_batches: int


class Argument(NamedTuple):
    """One argument of native code: its value, and what it counts."""

    name: str
    value: int | float
    counts: str


@dataclass(frozen=True)
class Written:
    """The warmup as one framework wants it.

    `off`: the largest difference from t / W and a cosine, as a share of the peak, and the step where it is.
    """

    title: str
    target: str
    """The exporter that writes it; empty where this is only for comparison."""
    trial: Trial
    arguments: tuple[Argument, ...]
    off: float
    at: int
    note: str = ""


@dataclass(frozen=True)
class Mistake:
    """The warmup written in a wrong unit, or with a scheduler that is called at the wrong times: how long it becomes,
    how high the rate gets, and where it ends.
    """

    title: str
    arithmetic: str
    trial: Trial
    length: int | None
    """In optimizer steps; None where it does not end in the run."""
    highest: float
    """The highest rate, as a share of the peak."""
    last: float
    """The rate of the run's last step, as a share of the peak."""


def warmup_steps(settings: Units) -> int:
    """After how many optimizer steps the run has seen what was asked for, rounded up, so that the warmup is not
    shorter.
    """
    run, value = settings.run, Fraction(repr(settings.amount))
    if settings.unit == "samples":
        return _through(value, run.samples, run.step_samples, run.updates)
    if settings.unit == "micro-batches":
        return _through(value, run.micro_batches, run.accumulate, run.updates)
    return math.ceil(value * {"steps": 1, "epochs": run.updates, "ratio": run.steps}[settings.unit])


def _through(value: Fraction, epoch: int, step: int, updates: int) -> int:
    """How many steps it takes to see `value` of something of which an epoch has so many; the last step of an epoch may
    see less than the others.
    """
    whole, rest = divmod(value, epoch)
    return int(whole) * updates + math.ceil(rest / step)


def counts(settings: Units) -> Counts:
    """The same warmup in every unit, worked out from its whole optimizer steps."""
    run, steps = settings.run, warmup_steps(settings)
    whole, rest = divmod(steps, run.updates)
    samples, micro = whole * run.samples + rest * run.step_samples, whole * run.micro_batches + rest * run.accumulate
    return Counts(steps, steps / run.updates, steps / run.steps, samples, micro)


def refused(settings: Units) -> str:
    """Why nothing can be written: the warmup takes the whole run. Empty where it does not."""
    steps, run = warmup_steps(settings), settings.run
    if steps < run.steps:
        return ""
    return (
        f"The warmup comes to {steps:,} optimizer steps, and the run has {run.steps:,}: nothing is left to "
        "decay in, and optax raises."
    )


def same_warmup(settings: Units) -> tuple[Written, ...]:
    """The same warmup from 0, followed by a cosine to 0, in each framework of TARGETS.

    ValueError (with the sentence of `refused`) where the warmup takes the whole run.
    """
    steps, left, total = _spans(settings)
    peak = settings.peak
    cosine = {"kind": "torch.CosineAnnealingLR", "T_max": None}
    line = {"kind": "torch.LinearLR", "start_factor": START_FACTOR, "total_iters": steps}
    updates, excludes, includes = (
        "optimizer steps",
        "optimizer steps, without the warmup",
        "optimizer steps, with the warmup",
    )
    by_micro_batch = (
        "With gradient_accumulation_steps Keras counts micro-batches: the code divides."
        if settings.accumulate > 1
        else ""
    )
    torch = {"kind": "torch.SequentialLR", "schedulers": [line, cosine], "milestones": [steps]}
    return (
        _written(
            settings,
            "PyTorch, SequentialLR",
            "pytorch",
            torch,
            (
                Argument("LinearLR.total_iters", steps, updates),
                Argument("milestones[0]", steps, updates),
                Argument("CosineAnnealingLR.T_max", left, excludes),
            ),
            note=f"LinearLR refuses a start of 0: it starts at {START_FACTOR:g} of the peak.",
        ),
        _written(
            settings,
            "transformers, get_scheduler",
            "transformers",
            _transformers(steps),
            (Argument("num_warmup_steps", steps, updates), Argument("num_training_steps", total, includes)),
        ),
        _written(
            settings,
            "timm, updates",
            "timm",
            {
                "kind": "timm.CosineLRScheduler",
                "t_initial": None,
                "warmup_t": steps,
                "warmup_prefix": True,
                "t_in_epochs": False,
            },
            (
                Argument("warmup_t", steps, "updates, with t_in_epochs=False"),
                Argument("t_initial", left, "updates, without the warmup (warmup_prefix)"),
            ),
        ),
        _written(
            settings,
            "optax",
            "optax",
            {
                "kind": "optax.warmup_cosine_decay_schedule",
                "init_value": 0.0,
                "peak_value": peak,
                "warmup_steps": steps,
                "decay_steps": None,
            },
            (Argument("warmup_steps", steps, updates), Argument("decay_steps", total, includes)),
        ),
        _written(
            settings,
            "Keras",
            "keras",
            {
                "kind": "keras.CosineDecay",
                "initial_learning_rate": 0.0,
                "warmup_target": peak,
                "warmup_steps": steps,
                "decay_steps": None,
            },
            (Argument("warmup_steps", steps, updates), Argument("decay_steps", left, excludes)),
            note=by_micro_batch,
        ),
        _written(
            settings,
            "Paddle, LinearWarmup",
            "paddle",
            {
                "kind": "paddle.LinearWarmup",
                "start_lr": 0.0,
                "end_lr": peak,
                "warmup_steps": steps,
                "learning_rate": {"kind": "paddle.CosineAnnealingDecay", "learning_rate": peak, "T_max": None},
            },
            (Argument("warmup_steps", steps, updates), Argument("CosineAnnealingDecay.T_max", left, excludes)),
        ),
    )


def nearly(settings: Units) -> tuple[Written, ...]:
    """Native schedules that are close and yet not equal: a staircase of epochs, a start at 1 / W, a logarithm;
    ValueError as in `same_warmup`.
    """
    steps, _, total = _spans(settings)
    epochs = steps / settings.run.updates
    return (
        _written(
            settings,
            "timm, epochs (its default)",
            "",
            {
                "kind": "timm.CosineLRScheduler",
                "t_initial": None,
                "warmup_t": epochs,
                "warmup_prefix": True,
            },
            (Argument("warmup_t", epochs, "epochs: one rate for a whole epoch, the first one at 0"),),
            "epoch",
        ),
        _written(
            settings,
            "transformers, cosine_warmup_with_min_lr",
            "",
            {
                "kind": "transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
                "num_warmup_steps": steps,
                "num_training_steps": None,
                "min_lr_rate": 0.0,
            },
            (Argument("num_warmup_steps", steps, "optimizer steps, all of it one step early: it starts at 1 / W"),),
        ),
        _written(
            settings,
            "DeepSpeed, WarmupCosineLR",
            "",
            {
                "kind": "deepspeed.WarmupCosineLR",
                "total_num_steps": None,
                "warmup_num_steps": steps,
                "cos_min_ratio": 0.0,
            },
            (
                Argument("warmup_num_steps", steps, "optimizer steps, as a logarithm unless warmup_type says linear"),
                Argument("total_num_steps", total, "optimizer steps, with the warmup"),
            ),
        ),
    )


def experiment(settings: Units, written: tuple[Written, ...]) -> Experiment:
    """The run with these lines laid over each other."""
    return Experiment(run=settings.run, trials=tuple(one.trial for one in written))


def mistakes(settings: Units) -> tuple[Mistake, ...]:
    """The same warmup in units that are often taken by mistake, for transformers' cosine over the run's optimizer
    steps, whenever its scheduler is called.

    A unit that in this run gives what was meant, to less than a step, is left out.
    """
    run, found = settings.run, counts(settings)
    steps, of = found.steps, f"num_warmup_steps wants {found.steps:,} optimizer steps"
    written: tuple[tuple[str, float, Clock, str], ...] = (
        (
            "micro-batches as steps",
            found.micro_batches,
            "step",
            f"{of}; they are {found.micro_batches:,} micro-batches, {run.accumulate} a step",
        ),
        (
            "stepped every micro-batch",
            steps,
            "micro_batch",
            f"{run.accumulate} calls of scheduler.step() an optimizer step",
        ),
        ("epochs as steps", found.epochs, "step", f"{of}: {found.epochs:.4g} epochs x {run.updates:,} steps an epoch"),
        (
            "stepped every epoch",
            steps,
            "epoch",
            f"one call an epoch: {steps:,} epochs of warmup in a run of {run.epochs:,}",
        ),
        (
            "samples as steps",
            found.samples,
            "step",
            f"{of}; they see {found.samples:,} samples, {run.step_samples:,} a step",
        ),
        ("a ratio as steps", found.ratio, "step", f"{of}: {found.ratio:.4g} x {run.steps:,} steps of the run"),
        ("stepped by every process", steps, "process", f"{run.devices} calls of scheduler.step() an optimizer step"),
    )
    changed = [one for one in written if (math.ceil(one[1]), calls(run, one[2])) != (steps, run.steps)]
    return tuple(_mistake(settings, *one) for one in changed)


def alike(settings: Units, found: Sequence[Mistake]) -> list[list[str]]:
    """Groups of trials that look the same in a chart of the run: the same cosine after warmups whose lengths differ by
    less than the width of a line.
    """
    ends = [(one.length, one.title) for one in found if one.trial.clock == "step" and one.length is not None]
    groups: list[list[tuple[int, str]]] = []
    for end in sorted([(warmup_steps(settings), MEANT), *ends]):
        if groups and end[0] - groups[-1][-1][0] < settings.run.steps / STROKES:
            groups[-1].append(end)
        else:
            groups.append([end])
    return [[title for _, title in group] for group in groups if len(group) > 1]


def _mistake(settings: Units, title: str, value: float, clock: Clock, arithmetic: str) -> Mistake:
    run = settings.run
    line = _line(settings, title, _transformers(value, run.steps), clock)
    length, found = first_step(run, clock, math.ceil(value)), engine.summary(run, line)
    said = f"{arithmetic}{_over(run, line)}"
    return Mistake(
        title,
        said,
        line,
        length if length < run.steps else None,
        found.peak / settings.peak,
        found.last / settings.peak,
    )


def _over(run: DataRun, line: Trial) -> str:
    """A sentence on what happens to a cosine over the run's optimizer steps when its scheduler is called too often;
    empty where it is not.
    """
    over = first_step(run, line.clock, run.steps)
    if over >= run.steps:
        return ""
    after = engine.lr(run, line, np.unique(np.linspace(over, run.steps - 1, LOOK_AHEAD).astype(np.int64)))
    climbs = ", and transformers lets it climb again" if after.max() > after[0] else ""
    return f": the cosine is over at step {over:,} of {run.steps:,}{climbs}"


def _spans(settings: Units) -> tuple[int, int, int]:
    """Steps of the warmup, of the rest, and of the whole run."""
    reason = refused(settings)
    if reason:
        raise ValueError(reason)
    steps, total = warmup_steps(settings), settings.run.steps
    return steps, total - steps, total


def _transformers(steps: float, total: int | None = None) -> dict[str, Any]:
    return {
        "kind": "transformers.get_cosine_schedule_with_warmup",
        "num_warmup_steps": steps,
        "num_training_steps": total,
    }


def _line(settings: Units, title: str, schedule: dict[str, Any], clock: Clock = "step") -> Trial:
    entry = {"name": title, "base_lr": settings.peak, "clock": clock, "schedule": schedule}
    return parse({"lrlab": 1, "run": settings.run.model_dump(), "trials": [entry]}).trials[0]


def _written(
    settings: Units,
    title: str,
    target: str,
    schedule: dict[str, Any],
    arguments: tuple[Argument, ...],
    clock: Clock = "step",
    note: str = "",
) -> Written:
    line = _line(settings, title, schedule, clock)
    run, steps = settings.run, compared(settings)
    meant = engine.lr(run, _line(settings, title, _transformers(warmup_steps(settings))), steps)
    away = np.abs(engine.lr(run, line, steps) - meant)
    at = int(away.argmax())
    return Written(title, target, line, arguments, float(away[at]) / settings.peak, int(steps[at]), note)


def compared(settings: Units) -> engine.Steps:
    """The steps at which curves are compared: all steps, or an even grid and the steps around the warmup's end."""
    total, end = settings.run.steps, warmup_steps(settings)
    if total <= MOST_COMPARED:
        return np.arange(total)
    near = np.arange(max(end - 2, 0), min(end + 3, total))
    return np.union1d(np.linspace(0, total - 1, MOST_COMPARED).astype(np.int64), near)


# ---------------------------------------------------------------- exercises

TOLERANCE = 0.01
"""An answer may differ by this share from the number of samples asked for: whole steps cannot always give it exactly.
"""
TARGET_STEPS, TARGET_ACCUMULATE, TARGET_RATIO = 12_345, 4, Fraction(1, 10)


def _doubled(settings: Units) -> Checked:
    first = Units()
    want, double = counts(first).samples, 2 * first.accumulate
    if settings.accumulate != double:
        return False, f"The accumulation is {settings.accumulate}, not {double}."
    changed = [
        name
        for name in ("samples", "batch_size", "devices", "epochs")
        if getattr(settings, name) != getattr(first, name)
    ]
    if changed:
        return False, f"Leave {changed[0]} at {getattr(first, changed[0]):,}: it is {getattr(settings, changed[0]):,}."
    found = counts(settings)
    said = f"{found.steps:,} steps see {found.samples:,} samples"
    if abs(found.samples - want) > TOLERANCE * want:
        return False, f"{said}, not {want:,}."
    return True, f"{said} of the {want:,} meant; before it took {warmup_steps(first):,} steps."


def _tenth(settings: Units) -> Checked:
    run = settings.run
    if (run.steps, run.accumulate) != (TARGET_STEPS, TARGET_ACCUMULATE):
        meant = f"{TARGET_STEPS:,} steps with accumulation {TARGET_ACCUMULATE}"
        return False, f"The run has {run.steps:,} steps with accumulation {run.accumulate}, not {meant}."
    if settings.unit != "micro-batches":
        return False, f"The warmup is counted in {settings.unit}."
    steps, want = warmup_steps(settings), TARGET_RATIO * run.steps
    said = f"{settings.amount:,.8g} micro-batches are {steps:,} optimizer steps"
    if not math.floor(want) <= steps <= math.ceil(want):
        return False, f"{said}, {100 * steps / run.steps:.4g} % of the run."
    return True, f"{said}: a tenth of the run, {float(want):,g}, in whole steps."


EXERCISES = (
    Exercise("doubled", "The same warmup after doubling the accumulation", Units, _doubled),
    Exercise("tenth", "A tenth of 12,345 steps, in micro-batches", Units, _tenth),
)
