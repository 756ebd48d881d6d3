"""Why warm up: one warmup in five shapes, before one decay, as trials; and what each costs, read off the engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
from pydantic import Field

from lrlab import engine
from lrlab.document import Experiment, Trial, parse
from lrlab.document.run import Run
from lrlab.lessons.exercises import Checked, Exercise
from lrlab.schedules.params import Control
from lrlab.settings import Settings, Wording

Form: TypeAlias = Literal["linear", "cosine", "exponential", "constant", "logarithmic"]
FORMS: tuple[Form, ...] = get_args(Form)
MOST_STEPS = 1_000_000
"""The longest run here: every one of its steps is summed."""
SMALLEST = 0.001
"""An exponential warmup that is asked to start at 0 starts here: no factor leads away from 0."""
NONE = "no warmup"
STEPS_LISTED = 10
"""So many of the first steps are listed."""


class Shape(Settings):
    """A warmup of `length` steps in front of a decay that fits the rest of a run of `steps`."""

    key: ClassVar[str] = "shape"

    length: Annotated[
        int, Field(ge=0, le=MOST_STEPS), Control("number", label="Warmup, in steps", low=0, high=1000, step=1)
    ] = 200
    form: Annotated[Form, Wording("Shape")] = "linear"
    start: Annotated[
        float,
        Field(ge=0, le=1),
        Control(
            "number", label="Start factor", help="The first rate, as a share of the peak.", low=0.0, high=1.0, step=0.01
        ),
    ] = 0.0
    steps: Annotated[
        int, Field(ge=1, le=MOST_STEPS), Control("number", label="Steps of the run", low=100, high=20_000, step=1)
    ] = 2000
    epoch: Annotated[
        int, Field(ge=1, le=MOST_STEPS), Control("number", label="Steps of an epoch", low=10, high=2000, step=1)
    ] = 100
    peak: Annotated[float, Field(ge=1e-8, le=10), Control("rate", label="Peak rate", low=1e-5, high=1.0, log=True)] = (
        0.1
    )
    decay: Annotated[
        Literal["cosine", "linear", "none"], Wording("Decay after it", "It fits what the warmup leaves of the run.")
    ] = "cosine"
    overlay: Annotated[
        bool, Wording("All shapes", "Lay all five over each other, or the chosen one over a run without a warmup.")
    ] = True


@dataclass(frozen=True)
class Totals:
    """What one trial comes to, summed over every step."""

    name: str
    area: float
    """The sum of the rates of all steps."""
    relative: float
    """The area as a share of the area without a warmup."""
    first: tuple[float, ...]
    """The rates of the first steps, ten at most."""
    idle: int
    """How many updates have a rate of exactly 0: they change nothing."""
    highest: float
    last: float


def warmup(form: Form, start: float, length: int) -> dict[str, Any]:
    """The first `length` >= 1 steps, rising from `start` times the peak to the peak at step `length`; torch's own
    schedule where it has one.

    As shares of the peak, with t the step and W the length: linear s + (1 - s) t / W; cosine s + (1 - s) (1 - cos(pi t
    / W)) / 2; exponential s ** (1 - t / W); constant s; logarithmic s + (1 - s) log(1 + t) / log(1 + W). LinearLR
    refuses s = 0, so that line is a LambdaLR.
    """
    low = started(form, start)
    rest = f"{low!r} + {1.0 - low!r} * "
    if form == "constant":
        return {"kind": "torch.ConstantLR", "factor": low, "total_iters": length}
    if form == "linear" and low > 0:
        return {"kind": "torch.LinearLR", "start_factor": low, "total_iters": length}
    body = {
        "linear": f"epoch / {length}",
        "cosine": f"{rest}(1 - math.cos(math.pi * epoch / {length})) / 2",
        "exponential": f"{low!r} ** (1 - epoch / {length})",
        "logarithmic": f"{rest}math.log(1 + epoch) / math.log({length + 1})",
    }[form]
    return {"kind": "torch.LambdaLR", "lr_lambda": f"lambda epoch: {body}"}


def started(form: Form, start: float) -> float:
    """The start factor that a shape is drawn with: the given one, but above 0 for an exponential one."""
    return SMALLEST if form == "exponential" and start == 0 else start


def after(settings: Shape, steps: int) -> dict[str, Any]:
    """The decay from the peak over the last `steps` of the run: to 0, or none at all."""
    if settings.decay == "cosine":
        return {"kind": "torch.CosineAnnealingLR", "T_max": None}
    if settings.decay == "linear":
        return {"kind": "torch.LinearLR", "start_factor": 1.0, "end_factor": 0.0, "total_iters": max(steps, 1)}
    return {"kind": "torch.ConstantLR", "factor": 1.0, "total_iters": 0}


def trial(settings: Shape, form: Form | None) -> dict[str, Any]:
    """The document of one trial: this shape and then the decay, or the decay alone over the whole run."""
    schedule = after(settings, settings.steps)
    if form and settings.length:
        rest = after(settings, settings.steps - settings.length)
        parts = [warmup(form, settings.start, settings.length), rest]
        schedule = {"kind": "torch.SequentialLR", "schedulers": parts, "milestones": [settings.length]}
    return {"name": form or NONE, "base_lr": settings.peak, "schedule": schedule}


def experiment(settings: Shape) -> Experiment:
    """All five shapes, or only the chosen one, and at the end the run without a warmup, as real trials."""
    forms = FORMS if settings.overlay else (settings.form,)
    run = {"total_steps": settings.steps, "steps_per_epoch": min(settings.epoch, settings.steps)}
    return parse({"lrlab": 1, "run": run, "trials": [trial(settings, form) for form in (*forms, None)]})


def numbers(shown: Experiment) -> list[Totals]:
    """The numbers of every trial, in their order; all are compared with the last one."""
    sums = [_summed(shown.run, line) for line in shown.trials]
    return [
        Totals(line.name, area, area / sums[-1][0], tuple(first.tolist()), idle, highest, last)
        for line, (area, first, idle, highest, last) in zip(shown.trials, sums, strict=True)
    ]


@lru_cache(maxsize=64)
def _summed(run: Run, line: Trial) -> tuple[float, engine.Floats, int, float, float]:
    rates = np.concatenate([piece for _, piece in engine.chunks(run, line)])
    return (
        float(rates.sum()),
        rates[:STEPS_LISTED],
        int(np.count_nonzero(rates == 0)),
        float(rates.max()),
        float(rates[-1]),
    )


def chosen(settings: Shape) -> Totals:
    """The numbers of the chosen shape."""
    return next(found for found in numbers(experiment(settings)) if found.name == settings.form)


def remarks(settings: Shape) -> list[str]:
    """What a reader should know about these settings: sentences with numbers."""
    length, steps, found = settings.length, settings.steps, chosen(settings)
    said = []
    if length >= steps:
        reached = f"the rate comes to {found.highest:.6g}, {100 * found.highest / settings.peak:.6g} % of the peak"
        use = "at the peak" if settings.decay == "none" else "for the decay"
        said.append(
            f"The warmup of {length:,} steps takes the whole run of {steps:,}: nothing is left {use}, and {reached}."
        )
    if settings.start == 0 and length and (settings.overlay or settings.form == "exponential"):
        said.append(
            "An exponential warmup cannot start at 0, from where no factor leads away: it starts at "
            f"{SMALLEST:g} of the peak here."
        )
    if found.idle:
        them = "The first update runs" if found.idle == 1 else f"{found.idle:,} updates run"
        said.append(f"{them} at a rate of exactly 0: a batch is read and a gradient computed, and no weight changes.")
    return said


# ---------------------------------------------------------------- exercises

LEAST, LOW, RISE, COST = 0.05, 0.01, 0.1, 0.02
"""What the exercises ask for, as shares: a warmup of at least LEAST of the run, a first rate of at most LOW or RISE of
the peak, and at most COST of the area lost.
"""


def _percent(share: float) -> str:
    """A share in percent, with four digits."""
    return f"{100 * share:.4g} %".replace("-", "\N{MINUS SIGN}")


def _too_short(settings: Shape) -> str:
    share = settings.length / settings.steps
    return (
        ""
        if LEAST <= share < 1
        else f"The warmup is {_percent(share)} of the run, not {_percent(LEAST)} or more with something left after it."
    )


def _awake(settings: Shape) -> Checked:
    found = chosen(settings)
    first = started(settings.form, settings.start)
    if wrong := _too_short(settings):
        return False, wrong
    if first > RISE:
        return (
            False,
            f"The first rate is {_percent(first)} of the peak, more than {_percent(RISE)}: that is hardly a warmup.",
        )
    if found.idle:
        return False, f"{found.idle:,} of {settings.steps:,} updates run at a rate of exactly 0."
    return True, f"All {settings.steps:,} updates move; the first one at {first:.3g} of the peak."


def _cheap(settings: Shape) -> Checked:
    found = chosen(settings)
    first, cost = started(settings.form, settings.start), 1 - found.relative
    if wrong := _too_short(settings):
        return False, wrong
    if settings.decay != "none":
        return (
            False,
            f"The decay hides the cost ({_percent(cost)} of the area here), because it fits what is left: choose none.",
        )
    if first > LOW:
        return False, f"The first rate is {_percent(first)} of the peak, more than {_percent(LOW)}."
    if cost > COST:
        return False, f"The {settings.form} warmup loses {_percent(cost)} of the area, more than {_percent(COST)}."
    return (
        True,
        (
            f"{settings.form.capitalize()}, over {_percent(settings.length / settings.steps)} of the run: it "
            f"loses {_percent(cost)} of the area."
        ),
    )


EXERCISES = (
    Exercise("awake", "No update at a rate of 0", Shape, _awake),
    Exercise("cheap", "A warmup that loses 2 % of the area at most", Shape, _cheap),
)
