"""timm: its own schedulers, or one that follows the plain function.

Both are told the count of epochs, or of updates.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from lrlab.document import Trial
from lrlab.document.run import Run, calls
from lrlab.exporters import loop, module, plain, torch_like
from lrlab.exporters.base import Job
from lrlab.exporters.pytorch import raises
from lrlab.schedules.timm import Cycled, PlateauLRScheduler, TimmSchedule
from lrlab.trees.python import Writer

_PORTABLE = '''
class CurveScheduler(Scheduler):
    """A scheduler of timm that follows the curve."""

    def __init__(self, optimizer):
        super().__init__(optimizer, param_group_field="lr", t_in_epochs=<in_epochs>)
        self.update_groups(self._get_lr(0))

    def _get_lr(self, t):
        return <rates>
'''
_STATE = "state = scheduler.lr_scheduler  # torch's within, whose state timm does not save"


class Timm(torch_like.TorchLike):
    """`BASE_LR` and `make_scheduler(optimizer)`: a scheduler of timm."""

    target = "timm"
    title = "timm"
    suffix = "_timm.py"
    versions: ClassVar = {"timm": "1.0.31", "torch": "2.13.0"}

    def not_native(self, run: Run, trial: Trial) -> str:
        return (
            raises(run, trial) or _slip(run, trial)
            if isinstance(trial.schedule, TimmSchedule)
            else super().not_native(run, trial)
        )

    def how(self, job: Job) -> str:
        return "its own scheduler" if job.native else "a scheduler of timm that follows the curve"

    def unit(self, job: Job) -> str:
        each = module.UNITS[job.trial.clock]
        return f"A tick is one call of {_call(job, 't')} with t counted from 1, made once per {each}."

    def lost(self, job: Job) -> list[str]:
        return super().lost(job) + loop.alone(job)

    def imports(self, job: Job) -> set[str]:
        return super().imports(job) | (set() if job.native else {"from timm.scheduler.scheduler import Scheduler"})

    def run_constants(self, job: Job) -> dict[str, str]:
        """The constants, with how much one epoch counts for where the loop begins at a later one."""
        counted = {"epoch": {}, "micro_batch": {"MICRO_BATCHES_PER_EPOCH": str(job.run.micro_batches)}}
        return super().run_constants(job) | counted.get(job.trial.clock, {"STEPS_PER_EPOCH": str(job.run.updates)})

    def defines(self, job: Job, writer: Writer) -> list[str]:
        unit = module.UNITS[job.trial.clock]
        says = f"The scheduler; call {_call(job, 't')} once per {unit}, with t = 1 after the first."
        if job.native:
            made = [
                module.function("def make_scheduler(optimizer):", says, [f"return {module.native_call(job, writer)}"])
            ]
        else:
            made = [
                *_follower(job, writer),
                module.function("def make_scheduler(optimizer):", says, ["return CurveScheduler(optimizer)"]),
            ]
        clock, metric = job.trial.clock, "evaluate(model)"
        if clock == "epoch":
            step, counted = _call(job, "epoch + 1", metric), ""
        else:
            each = "PROCESSES" if clock == "process" else "1"
            epoch = {"micro_batch": "MICRO_BATCHES_PER_EPOCH", "process": "STEPS_PER_EPOCH * PROCESSES"}.get(
                clock, "STEPS_PER_EPOCH"
            )
            step, counted = f"t += {each}\n{_call(job, 't', metric)}", f"t = start * {epoch}"
        return [
            *made,
            torch_like.make_optimizer(job),
            *torch_like.training(
                job,
                step,
                counted=counted,
                state=_STATE * (job.native and isinstance(job.trial.schedule, PlateauLRScheduler)),
            ),
        ]

    def check(self, job: Job) -> str:
        return torch_like.check(job, _call(job, "tick + 1", "metrics[tick] if tick < len(metrics) else None"))


_MOST_CYCLES = 10_000


def _slip(run: Run, trial: Trial) -> str:
    """Where the rounding of timm's logarithm misses a restart, in words; nothing where it misses none in the run."""
    schedule = trial.bound(run)[0]
    if not isinstance(schedule, Cycled):
        return ""
    factor, begin = schedule.cycle_mul, schedule.warmup_t if schedule.warmup_prefix else 0
    cycle = t = 0
    while factor != 1 and begin + t < calls(run, trial.clock) and cycle < schedule.cycle_limit:
        if cycle == _MOST_CYCLES:
            known = f"after the first {_MOST_CYCLES:,}"
            return f"whether the rounding of its logarithm misses one of its restarts is not known {known}"
        cycle, t = cycle + 1, t + schedule.t_initial * factor**cycle
        if float(t).is_integer() and math.floor(math.log(1 - t / schedule.t_initial * (1 - factor), factor)) != cycle:
            return f"the rounding of its logarithm misses the restart at tick {begin + t:,.0f}"
    return ""


def _call(job: Job, count: str, metric: str = "") -> str:
    """The call that moves the scheduler on.

    It is another method for native schedulers that count updates, and for ours on every clock but that of epochs.
    """
    schedule: Any = job.trial.schedule
    in_epochs = job.trial.clock == "epoch"
    if job.native:
        in_epochs = isinstance(schedule, PlateauLRScheduler) or schedule.t_in_epochs
    shown = f", metric={metric}" if metric and loop.watches(job) else ""
    return f"scheduler.{'step' if in_epochs else 'step_update'}({count}{shown})"


def _follower(job: Job, writer: Writer) -> list[str]:
    """The curve, and the class that follows it."""
    functions = plain.curve_functions(job, writer)
    names = [f"learning_rate_{i}" for i in range(len(functions))]
    if not job.several:
        rates = "[learning_rate(t)] * len(self.base_values)"
    elif len(functions) == 1:
        rates = "[learning_rate(t, base) for base in BASE_LR]"
    else:
        rates = f"[rate(t, base) for rate, base in zip([{', '.join(names)}], BASE_LR, strict=True)]"
    return [*functions, module.fill(_PORTABLE, in_epochs=str(job.trial.clock == "epoch"), rates=rates)]
