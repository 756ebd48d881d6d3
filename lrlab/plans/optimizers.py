"""Answers that need more than a document holds: the optimizer, skipped steps, a library's version.

Each function takes numbers, and gives numbers and one sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lrlab.schedules import Schedule

CYCLED = {
    **dict.fromkeys(("SGD", "RMSprop", "Muon"), "momentum"),
    **dict.fromkeys(("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "SparseAdam"), "beta1"),
    **dict.fromkeys(("Adagrad", "Adadelta", "Adafactor", "ASGD", "LBFGS", "Rprop"), ""),
}
"""What cycle_momentum cycles in each optimizer of torch; an empty name where torch raises."""
NO_RATIO = (5, 15)
"""The first version of transformers whose TrainingArguments have no warmup_ratio."""


@dataclass(frozen=True)
class CycledMomentum:
    """The momentum (or beta1) at step 0, and the two values between which it then moves.

    `raises`: torch refuses the optimizer.
    """

    first: float
    low: float
    high: float
    raises: bool
    sentence: str


@dataclass(frozen=True)
class Drift:
    """How many steps the schedule is ahead of the optimizer, and what share of all steps that is."""

    ahead: int
    share: float
    sentence: str


@dataclass(frozen=True)
class WarmupArgument:
    """How many steps a run warms up; None where that version refuses the argument."""

    steps: int | None
    sentence: str


def momentum_cycled(schedule: Schedule, optimizer: str, momentum: float) -> CycledMomentum:
    """What a schedule that cycles momentum does with the momentum (or beta1) given to an optimizer of torch.

    The schedule has `momentum_between` and is bound to its run. ValueError for an optimizer that torch has not. Source:
    pytorch/pytorch#73910, #19003.
    """
    if optimizer not in CYCLED:
        msg = f"optimizer: must be one of {', '.join(CYCLED)}"
        raise ValueError(msg)
    name = CYCLED[optimizer]
    what = f"{optimizer}'s {name}" if name else optimizer
    at_start = schedule.momentum(np.float64(0.0))
    if at_start is None:
        return CycledMomentum(
            momentum, momentum, momentum, raises=False, sentence=f"cycle_momentum is off: {what} is left as it is."
        )
    if not name:
        lacks = f"{optimizer} has neither momentum nor betas"
        sentence = f"{schedule.native} raises ValueError: {lacks}; give cycle_momentum=False."
        return CycledMomentum(momentum, momentum, momentum, raises=True, sentence=sentence)
    low, high = sorted(float(getattr(schedule, name)) for name in schedule.momentum_between or ())
    first = float(at_start)
    kept = "as it was" if math.isclose(first, momentum) else f"not {momentum:g}"
    sentence = (
        f"Step 0 uses {first:.6g} for {what}, {kept}; then it moves between {low:g} and {high:g} against the rate."
    )
    return CycledMomentum(first, low, high, raises=False, sentence=sentence)


def amp_drift(steps: int, skipped: int) -> Drift:
    """How far a schedule runs ahead when GradScaler skipped some of the steps of the optimizer.

    In `steps` rounds of the loop scheduler.step() was called each time, but optimizer.step() `skipped` times less.
    ValueError where more are skipped than there are. Source: pytorch/pytorch#44511, #55585.
    """
    if not 0 <= skipped <= steps or steps == 0:
        msg = f"skipped: must be between 0 and steps ({steps:,}), of which there must be one"
        raise ValueError(msg)
    if not skipped:
        return Drift(0, 0.0, f"After {steps:,} steps, none skipped, the schedule stands where the optimizer does.")
    sentence = (
        f"The optimizer made {steps - skipped:,} steps and the schedule stands at {steps:,}, "
        f"{skipped:,} ({skipped / steps:.2%}) ahead; "
        "call scheduler.step() only where scaler.update() did not lower scaler.get_scale()."
    )
    return Drift(skipped, skipped / steps, sentence)


def warmup_argument(
    name: Literal["warmup_steps", "warmup_ratio"], value: float, steps: int, version: str
) -> WarmupArgument:
    """How many of `steps` optimizer steps TrainingArguments(name=value) warms up.

    `version` is that of transformers, such as "4.57" or "5.23.0". A whole number given as a float (1.0) is a float here
    too. Source: transformers' training_args.py, 4.46 to 5.23; huggingface/transformers#41326.
    """
    try:
        release = tuple(int(part) for part in f"{version}.0".split(".")[:2])
    except ValueError:
        msg = f'version: must be a version such as "4.57" or "5.23.0", not {version!r}'
        raise ValueError(msg) from None
    said = f"{name}={value} of {steps:,} steps"
    if name == "warmup_ratio" and release >= NO_RATIO:
        instead = f"{value}, which below 1 is a share" if value < 1 else f"{math.ceil(steps * value)}"
        return WarmupArgument(None, f"transformers {version} has no warmup_ratio: write warmup_steps={instead}.")
    if value < 0 or (name == "warmup_ratio" and release < (5, 0) and value > 1):
        return WarmupArgument(
            None,
            f"transformers {version} refuses {name}={value}: "
            f"it must be {'between 0 and 1' if value > 1 else 'at least 0'}.",
        )
    if release < (5, 0):
        if name == "warmup_steps" and not isinstance(value, int):
            instead = f"warmup_ratio={value}" if value < 1 else f"warmup_steps={int(value)}"
            return WarmupArgument(
                None,
                f"transformers {version} refuses warmup_steps={value}, which must be a whole number: write {instead}.",
            )
        warmup = math.ceil(steps * value) if name == "warmup_ratio" else int(value)
        return WarmupArgument(warmup, f"{said} is {_many(warmup)} of warmup in transformers {version}.")
    warmup = int(value) if value >= 1 else math.ceil(steps * value)
    trap = ": from 1 on it counts steps and is no share" if isinstance(value, float) and value >= 1 else ""
    return WarmupArgument(warmup, f"{said} is {_many(warmup)} of warmup in transformers {version}{trap}.")


def _many(steps: int) -> str:
    return f"{steps:,} step{'s' * (steps != 1)}"
