"""DeepSpeed: the part of its JSON configuration that gives this curve, where one of its own five schedulers does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lrlab import engine
from lrlab.document import Trial
from lrlab.document.run import DataRun, Run, calls
from lrlab.exporters import module
from lrlab.exporters.base import EXACT, Exporter, Job, compared
from lrlab.schedules.base import is_horizon
from lrlab.schedules.deepspeed import DeepSpeedSchedule, OneCycle, WarmupCosineLR, WarmupLR
from lrlab.schedules.params import MAX_COUNT

LEVEL = 1e-6
"""What share is as good as nothing where the lengths of lines are measured."""
_NONE = (
    "a configuration names one of DeepSpeed's own five schedulers, and none of them gives this curve; "
    "export to pytorch instead, and pass its make_scheduler to deepspeed.initialize(lr_scheduler=make_scheduler)"
)


class DeepSpeed(Exporter):
    """A block of ds_config.json; DeepSpeed looks up the keys that it knows, so that `lrlab` may stand among them."""

    target = "deepspeed"
    title = "DeepSpeed"
    language = "json"
    suffix = "_deepspeed.json"
    forms = ("native",)
    versions: ClassVar = {"deepspeed": "0.19.8"}

    def not_native(self, run: Run, trial: Trial) -> str:
        return "" if _same(run, trial) else _NONE

    def write(self, job: Job) -> str:
        schedule = _same(job.run, job.trial)
        if schedule is None:
            raise ValueError(_NONE)
        batches = {"train_micro_batch_size_per_gpu": job.run.batch_size} if isinstance(job.run, DataRun) else {}
        accumulated = {"gradient_accumulation_steps": job.run.accumulate} if isinstance(job.run, DataRun) else {}
        durations = module.durations(job)
        about = {
            "unit": "A step is an optimizer step: DeepSpeed's engine steps the scheduler once after each.",
            "checked_with": module.checked_with(self),
            "not_carried_over": _lost(job, schedule) + module.ends_of_epochs(job, self.title),
            **({"durations": durations} if durations else {}),
            "document": module.document(job),
        }
        block = {
            **batches,
            **accumulated,
            "optimizer": {"type": "AdamW", "params": {"lr": module.starting_rates(job)[0]}},
            "scheduler": {"type": schedule.native, "params": _params(schedule)},
            "lrlab": about,
        }
        return json.dumps(block, indent=2, allow_nan=False) + "\n"


def _params(schedule: DeepSpeedSchedule) -> dict[str, Any]:
    return {
        name: value for name, value in schedule.model_dump(mode="json", exclude_unset=True).items() if name != "kind"
    }


def _lost(job: Job, schedule: DeepSpeedSchedule) -> list[str]:
    """What of the trial is not in the block, a phrase each."""
    trial, found = job.trial, []
    made = trial.model_copy(update={"schedule": schedule}).bound(job.run)[0]
    if job.bound.momentum(0.0) is not None and made.momentum(0.0) is None:
        found.append("the momentum that this schedule cycles")
    if trial.clock != "step":
        found.append(
            f"the clock: one step() per {module.UNITS[trial.clock]} comes to the same rates as DeepSpeed's one "
            "per optimizer step"
        )
    if isinstance(schedule, WarmupCosineLR) and len(set(trial.base_rates)) > 1:
        rates = ", ".join(map(repr, trial.base_rates))
        found.append(
            "the rates of the parameter groups, which this scheduler scales: give them their own in "
            f"model_parameters ({rates})"
        )
    return found


def _same(run: Run, trial: Trial) -> DeepSpeedSchedule | None:
    """The scheduler of DeepSpeed that gives every optimizer step of the run, and the one past it, the trial's rate."""
    if trial.schedule.watches:
        return None
    steps = compared(run, trial, by_step=True)
    wanted, momenta = np.atleast_2d(engine.lr(run, trial, steps)), engine.momentum(run, trial, steps)
    with np.errstate(all="ignore"):
        return next(
            (
                schedule
                for schedule in _candidates(run, trial, wanted, steps)
                if _gives(run, trial, schedule, steps, wanted, momenta)
            ),
            None,
        )


def _gives(run: Run, trial: Trial, schedule: DeepSpeedSchedule, steps: Any, wanted: Any, momenta: Any) -> bool:
    """Whether a schedule, stepped after every optimizer step, has these rates, and these momenta if it cycles any."""
    other = trial.model_copy(update={"clock": "step", "schedule": schedule})
    try:
        lr, cycled = engine.lr(run, other, steps), engine.momentum(run, other, steps)
    except ValueError:  # not finite
        return False
    return _close(lr, wanted) and (cycled is None or _close(cycled, momenta))


def _close(got: Any, wanted: Any) -> bool:
    return bool(np.all(np.abs(got - wanted) <= EXACT * np.abs(wanted).max()))


def _candidates(
    run: Run, trial: Trial, wanted: NDArray[np.float64], steps: NDArray[np.int64]
) -> Iterator[DeepSpeedSchedule]:
    """The schedules of DeepSpeed that may have these rates.

    They are the trial's own, a level, a straight line, and two lines: up and back down, or down and back up.
    """
    if isinstance(trial.schedule, DeepSpeedSchedule):
        yield _filled(trial.schedule.in_numbers(), run, trial)
    first = _rates(wanted[:, 0])
    yield WarmupLR(warmup_min_lr=first, warmup_max_lr=first, warmup_num_steps=1)
    rates = wanted[np.abs(wanted).max(axis=1).argmax()]  # of the group that tells most
    turn = int(np.abs(rates - rates[0]).argmax())
    lines = {"cycle_min_lr": first, "cycle_max_lr": _rates(wanted[:, turn]), "cycle_momentum": False}
    if turn == 0:
        return
    up = int(steps[turn])
    if turn == len(steps) - 1:
        yield OneCycle(**lines, cycle_first_step_size=up)
        return
    above = np.abs(rates - rates[0]) > LEVEL * np.abs(rates[turn] - rates[0])
    last = max(int(np.flatnonzero(above)[-1]), turn + 1)  # on the way back
    down = float((rates[turn] - rates[0]) / (rates[turn] - rates[last]) * (steps[last] - steps[turn]))
    if 0 < down <= min(up / LEVEL, MAX_COUNT):  # DeepSpeed counts in shares: a shorter rise would be lost in rounding
        yield OneCycle(**lines, cycle_first_step_size=up, cycle_second_step_size=_whole(down))


def _filled(schedule: DeepSpeedSchedule, run: Run, trial: Trial) -> DeepSpeedSchedule:
    """With the numbers that stand for null: of horizons, and of the rate that is the base rate."""
    ticks = max(calls(run, trial.clock), 1)
    update: dict[str, Any] = {
        name: schedule.horizon(ticks)
        for name, field in type(schedule).model_fields.items()
        if is_horizon(field) and getattr(schedule, name) is None
    }
    if isinstance(schedule, WarmupLR) and schedule.warmup_max_lr is None:
        update["warmup_max_lr"] = _rates(np.array(trial.base_rates))
    return schedule.model_copy(update=update)


def _rates(values: NDArray[np.float64]) -> Any:
    """One rate for all groups where they share it, else a rate for each."""
    return tuple(values.tolist()) if len(set(values.tolist())) > 1 else float(values[0])


def _whole(size: float) -> int | float:
    """The whole number that it is but for rounding."""
    return round(size) if abs(size - round(size)) < LEVEL + EXACT * size else size
