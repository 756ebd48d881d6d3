"""Targets whose code is compiled by XLA and computes in single precision, and how far off they are.

Curves are written in a form that is safe in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from lrlab import engine
from lrlab.document import Experiment, Trial
from lrlab.document.run import Run
from lrlab.exporters import module
from lrlab.exporters.base import Job, compared
from lrlab.schedules import Schedule
from lrlab.trees.evaluate import evaluate
from lrlab.trees.prepare import INTEGERS, prepared
from lrlab.trees.python import Flavour, Writer
from lrlab.trees.trace import symbol
from lrlab.trees.tree import depends

CLOSE = 1e-5
"""The largest error of single precision that is accepted, as a share of the largest rate."""
WHOLE = 2**24
"""From here on single precision cannot hold every whole number."""
MOST_JUMPS = 10**6
"""At most so many jumps of a staircase are looked at."""
PRECISIONS: tuple[Any, ...] = (np.float32, np.float64)
LEAST, MOST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
_QUOTIENT = '''
def quotient(a, b):
    """a / b, rounded once: where the compiler knows b it multiplies by 1 / b, and a jump may come a step late."""
    return a / (b + 0 * a)
'''


class Compiled(module.Module):
    """Defines `schedule`, which counts optimizer steps and works the clock in."""

    by_step = True
    doubles: ClassVar[str]
    """What switches double precision on."""

    def write(self, job: Job) -> str:
        largest = max((abs(rate) for rates in job.expected(by_step=True).values() for rate in rates), default=0.0)
        if largest > MOST or 0 < largest < LEAST or not math.isfinite(self.off(job)):
            msg = (
                f"single precision, in which {self.title} computes, does not hold its rates (the largest is "
                f"{largest:.3g}) or what they are made of"
            )
            raise ValueError(msg)
        return super().write(job)

    def off(self, job: Job) -> float:
        """How far it is off in single precision, as a share of the largest rate."""
        return deviation(job.run, job.trial, self.flavour, native=job.native, groups=self.groups)

    def prefers_portable(self, run: Run, trial: Trial) -> str:
        native, portable = (
            deviation(run, trial, self.flavour, native=native, groups=self.groups) for native in (True, False)
        )
        return (
            f"in single precision its own is off by up to {_percent(native)} of the largest rate"
            if native > CLOSE and portable < native / 2
            else ""
        )

    def lost(self, job: Job) -> list[str]:
        beyond = f"steps from {INTEGERS:,} on: {self.title} counts them in integers of 32 bits"
        return super().lost(job) + [beyond] * (job.run.steps > INTEGERS)

    def unit(self, job: Job) -> str:
        """What is counted, and the error of single precision where that is more than rounding."""
        off = self.off(job)
        cure = "" if job.native else f"; not so with {self.doubles}"
        return super().unit(
            job
        ) + f"\nIn single precision some steps are off by up to {_percent(off)} of the largest rate{cure}." * (
            off > CLOSE
        )

    def tolerance(self, job: Job) -> str:
        """What the self-check lets pass, as a share of the largest rate."""
        return f"{max(CLOSE, 4 * self.off(job)):.1g}".replace("e-0", "e-")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def statements(job: Job, writer: Writer, *, groups: bool = True) -> tuple[list[str], list[str], list[str]]:
    """A curve over arrays, in three parts: functions that it needs, the lines that make `tick`, and the last lines.

    Lines that make `tick` from `step` are there where the two differ. With a list of base rates there is a function for
    each distinct group, and the last statements stack them.
    """
    argument, start, trees = module.over_steps(
        job, writer, groups=groups, prepared=lambda tree: prepared(tree, writer.flavour)
    )
    if not (job.several and groups):
        functions, last = [], _body(writer, trees[0], argument)
    else:
        names = ["rate"] if len(trees) == 1 else [f"rate_{i}" for i in range(len(trees))]
        says = f"The rate of one parameter group at each {argument}."
        pairs = zip(names, trees, strict=True)
        functions = [
            module.function(f"def {name}({argument}, base):", says, _body(writer, tree, argument))
            for name, tree in pairs
        ]
        each = (
            "for base in BASE_LR"
            if len(trees) == 1
            else f"for rate, base in zip([{', '.join(names)}], BASE_LR, strict=True)"
        )
        last = [f"return {writer.arrays}.stack([rate({argument}, base) {each}])"]
    return [_QUOTIENT.strip("\n")] * ("quotient" in writer.called) + functions, start, last


def _body(writer: Writer, tree: Any, argument: str) -> list[str]:
    whole = "{}" if depends(tree, argument) else f"{writer.arrays}.full_like({argument}, {{}})"
    return writer.body(tree).ending(f"return {whole}")


# --- how far off single precision is


@lru_cache(maxsize=64)
def deviation(run: Run, trial: Trial, flavour: Flavour, *, native: bool, groups: bool = True) -> float:
    """How far the curve in single precision is from the engine's, as a share of the largest rate.

    Infinity where it is not finite there.
    """
    steps = compared(run, trial, by_step=True)
    wanted = np.atleast_2d(engine.lr(run, trial, steps))[: None if groups else 1]
    job = Job(Experiment.model_construct(run=run, trials=(trial,)), trial)
    tick = evaluate(module.tick_tree(run, trial), {"step": steps.astype(np.float32)}, np.float32)
    trees = module.curve_trees(job, symbol("tick"), groups=groups)
    trees = trees if native else [prepared(tree, flavour) for tree in trees]
    rows = trees * len(wanted) if len(trees) == 1 else trees
    pairs = zip(rows, trial.base_rates, strict=False)
    got = [evaluate(tree, {"tick": tick, "base": base}, np.float32) for tree, base in pairs]
    with np.errstate(all="ignore"):
        off = max(float(np.abs(row - want).max()) for row, want in zip(got, wanted, strict=True))
    largest = float(np.abs(wanted).max())
    return (off / largest if largest else off) if math.isfinite(off) else math.inf


# --- where the framework's own code jumps late


@lru_cache(maxsize=64)
def late(size: float, ticks: int, *, after: bool = False) -> int:
    """A tick at which a compiled staircase of this step size is on the wrong level; 0 where there is none.

    Only the first `ticks` are looked at. The compiler multiplies by 1 / size: 41 * (1 / 41) is less than 1 in single
    precision. `after`: levels begin behind their borders.
    """
    count = np.arange(1, min(ticks // size, MOST_JUMPS) + 1)
    border = np.ceil(count * size)
    at = (border[:, None] + [-1, 0, 1]).ravel()
    at = at[(at >= 0) & (at <= min(ticks, WHOLE))]
    whole = np.ceil if after else np.floor
    for dtype in PRECISIONS:
        x = at.astype(dtype)
        for got in (x * (dtype(1) / dtype(size)), x / dtype(size)):
            wrong = at[whole(got) != whole(at / size)]
            if wrong.size:
                return int(wrong[0])
    return 0


def late_says(size: float, ticks: int, *, after: bool = False) -> str:
    """The sentence about such a tick; nothing where there is none."""
    tick = late(size, ticks, after=after)
    return (
        f"compiled by XLA, which multiplies by 1 / {size:g} instead of dividing, it jumps at another tick than {tick:,}"
        if tick
        else ""
    )


def below_zero(power: float) -> str:
    """Why a fractional power of 1 - progress fails at the end, where progress is 1; nothing for whole powers."""
    return (
        f"compiled by XLA, 1 - progress is rounded to less than 0 at its end, whose power {power:g} is not a number"
        if power % 1
        else ""
    )


def first_reason(schedule: Schedule, reason: Callable[[Any], str]) -> str:
    """The reason that a schedule gives, or one nested in it."""
    return reason(schedule) or next(
        filter(None, (first_reason(child, reason) for child in schedule.children().values())), ""
    )


def too_large(schedule: Schedule, ticks: int) -> str:
    """Why the framework's own code cannot count that far; nothing where it can."""
    numbers = [ticks, *_numbers(schedule.model_dump())]
    return f"{max(numbers):,} is more than its integers of 32 bits hold" if max(numbers) >= INTEGERS else ""


def _numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _numbers(item)]
    return [abs(value)] if isinstance(value, int) else []
