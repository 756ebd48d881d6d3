"""PaddlePaddle: its own scheduler where that gives the curve over the whole run, else a LambdaDecay.

The LambdaDecay calls the curve, written as a plain function.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from lrlab.document import Trial
from lrlab.document.run import Run
from lrlab.exporters import loop, module, plain
from lrlab.exporters.base import EXACT, Job, compared
from lrlab.exporters.pytorch import raises
from lrlab.schedules import Schedule
from lrlab.schedules.paddle import CosineAnnealingWarmRestarts, MultiplicativeDecay, PaddleSchedule
from lrlab.schedules.rates import rates
from lrlab.trees.python import Flavour, Writer

_CHECKPOINT = '''
def save(path, epoch, model, optimizer, scheduler):
    """Write a checkpoint: a schedule goes on where it was only if its scheduler is saved too."""
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    state = {name: part.state_dict() for name, part in parts.items()}
    paddle.save(state | {"epoch": epoch<more>}, path)


def load(path, model, optimizer, scheduler):
    """Put a checkpoint back into all three; the epoch to go on with."""
    saved = paddle.load(path)
    for name, part in {"model": model, "optimizer": optimizer, "scheduler": scheduler}.items():
        part.set_state_dict(saved[name])
    <cycle>
    return saved["epoch"]
'''
_CHECK = '''
def check():
    """Print how far the scheduler's rates are from EXPECTED; whether that is too far."""
    scheduler = make_scheduler()
    <metrics>
    largest = 0.0
    <loop>
    print(f"largest deviation: {largest:.3g}")
    return largest > 1e-9 * max(map(abs, EXPECTED.values()))
'''
_WALK = """
for tick in range(max(EXPECTED) + 1):
    if tick in EXPECTED:
        largest = max(largest, abs(scheduler() - EXPECTED[tick]))
    <step>
"""
_JUMP = """
for tick, lr in EXPECTED.items():
    scheduler.step(tick)  # at once: call by call, it would multiply all its factors anew each time
    largest = max(largest, abs(scheduler() - lr))
"""


class Paddle(module.Module):
    """`make_scheduler()`: a scheduler of PaddlePaddle, which holds the rate itself."""

    target = "paddle"
    title = "PaddlePaddle"
    suffix = "_paddle.py"
    versions: ClassVar = {"paddlepaddle": "3.3.1"}
    groups = False

    def not_native(self, run: Run, trial: Trial) -> str:
        if trial.schedule.module != PaddleSchedule.module:  # which excludes PaddleVideo's classes too
            return super().not_native(run, trial)
        return raises(run, trial) or _misses(trial.bound(run)[0])

    def written_in(self, job: Job) -> Flavour:
        return plain.written_in(_first_group(job))

    def how(self, job: Job) -> str:
        return "its own scheduler" if job.native else "one LambdaDecay over the curve"

    def lost(self, job: Job) -> list[str]:
        return super().lost(_first_group(job) if _scales(job.run, job.trial) else job) + loop.alone(job)

    def imports(self, job: Job) -> set[str]:
        return {"import paddle"} | loop.imports(job)

    def run_constants(self, job: Job) -> dict[str, str]:
        """The constants of its loop, and the factors from the scheduler's rate to the rates of the groups."""
        scales = {"GROUP_SCALES": repr(list(_scales(job.run, job.trial)))} if _grouped(job) else {}
        return super().run_constants(job) | loop.constants(job) | scales

    def defines(self, job: Job, writer: Writer) -> list[str]:
        grouped = _grouped(job)
        job = job if grouped else _first_group(job)
        step = "scheduler.step(evaluate(model))" if loop.watches(job) else "scheduler.step()"
        if job.trial.clock == "process":
            step = f"for _ in range(PROCESSES):\n    {step}"
        parameters = "parameters" if grouped else "model.parameters()"
        made = f"scheduler = make_scheduler()\noptimizer = make_optimizer({parameters}, scheduler)"
        return [
            *_scheduler(job, writer),
            _optimizer(grouped=grouped),
            loop.train(job, step, made, path="checkpoint.pdparams", zero_grad="optimizer.clear_grad()"),
            _checkpoint(job),
        ]

    def check(self, job: Job) -> str:
        step = loop.checked_step(job)
        walk = _JUMP if job.native and _multiplies(job.trial.schedule) else module.fill(_WALK, step=step)
        return module.fill(_CHECK, metrics=loop.metrics(job), loop=walk.strip("\n"))


def _optimizer(*, grouped: bool) -> str:
    """The function that builds an optimizer over the scheduler."""
    says, lines = "An optimizer that asks the scheduler for its rate; any other will do as well.", []
    if grouped:
        says = "An optimizer that asks the scheduler for its rate, `parameters` being a list for each of GROUP_SCALES."
        lines = [
            "pairs = zip(parameters, GROUP_SCALES, strict=True)",
            'parameters = [{"params": params, "learning_rate": scale} for params, scale in pairs]',
        ]
    lines.append("return paddle.optimizer.Momentum(learning_rate=scheduler, momentum=0.9, parameters=parameters)")
    return module.function("def make_optimizer(parameters, scheduler):", says, lines)


def _first_group(job: Job) -> Job:
    """The first parameter group alone: the framework has one rate."""
    return replace(job, trial=job.trial.model_copy(update={"base_lr": job.trial.base_rates[0]}))


def _grouped(job: Job) -> bool:
    """Whether groups need, and can have, a scale of their own."""
    return any(scale != 1 for scale in _scales(job.run, job.trial))


@lru_cache(maxsize=64)
def _scales(run: Run, trial: Trial) -> tuple[float, ...]:
    """The factor from the first group's rate to that of each group; nothing where it changes during the run."""
    ticks = compared(run, trial, by_step=False).astype(np.float64)
    table = np.array(
        [rates(schedule, base, ticks) for schedule, base in zip(trial.bound(run), trial.base_rates, strict=True)]
    )
    top = np.abs(table[0]).argmax()
    if table[0, top] == 0:
        return ()
    with np.errstate(all="ignore"):
        scales = [float(f"{scale:.12g}") for scale in table[:, top] / table[0, top]]
        fits = np.abs(table - np.outer(scales, table[0])) <= EXACT * np.abs(table).max()
    return tuple(scales) if fits.all() else ()


def _scheduler(job: Job, writer: Writer) -> list[str]:
    """`make_scheduler`, after the curve where paddle has no scheduler of its own."""
    head, says = "def make_scheduler():", f"The scheduler; call its step() once per {module.UNITS[job.trial.clock]}."
    if job.native:
        return [module.function(head, says, [f"return {module.native_call(job, writer)}"])]
    curve = plain.curve_functions(_first_group(job), writer)
    return [*curve, module.function(head, says, ["return paddle.optimizer.lr.LambdaDecay(1.0, learning_rate)"])]


def _checkpoint(job: Job) -> str:
    """Saving and loading, with what paddle leaves out of a scheduler's state."""
    cycles = job.native and isinstance(job.trial.schedule, CosineAnnealingWarmRestarts)
    return module.fill(
        _CHECKPOINT,
        more=', "cycle": [scheduler.T_cur, scheduler.T_i]' if cycles else "",
        cycle='scheduler.T_cur, scheduler.T_i = saved["cycle"]  # which are not in its state_dict' if cycles else "",
    )


def _multiplies(schedule: Schedule) -> bool:
    return isinstance(schedule, MultiplicativeDecay) or any(map(_multiplies, schedule.children().values()))


def _misses(schedule: Schedule, *, asked: bool = False) -> str:
    """Why paddle restarts a tick late under a warmup; nothing where it does not.

    `asked`: a warmup asks it for a tick. It then counts the cycles so far by a logarithm, which may fall short.
    """
    if asked and isinstance(schedule, CosineAnnealingWarmRestarts) and schedule.T_mult > 1:
        first, factor = schedule.T_0, schedule.T_mult
        begin, cycle = first, 1
        while begin <= schedule.ticks_left:
            if int(math.log(begin / first * (factor - 1) + 1, factor)) != cycle:
                return f"under a warmup its restart {cycle} comes a tick late"
            begin, cycle = begin + first * factor**cycle, cycle + 1
    return next(filter(None, (_misses(child, asked=True) for child in schedule.children().values())), "")
