"""Resuming a run that stopped before a step, as it was or longer: the rates that it gets, and their jump."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import ValidationError

from lrlab import engine
from lrlab.document import Trial, assign, sentence
from lrlab.document.run import Clock, DataRun, Run, ticks
from lrlab.engine import Floats
from lrlab.schedules import Schedule
from lrlab.schedules.rates import rates
from lrlab.schedules.spans import lengths
from lrlab.schedules.torch.resume import with_last_epoch

How = Literal["state", "last_epoch", "nothing"]
Stretch = Literal["re-horizon", "hold", "restart"]
UNNOTICED = (0.9, 1.1)
"""What a rate may be multiplied by without a warning."""


@dataclass(frozen=True)
class Jump:
    """The rate of the uninterrupted run at a step, and the one that is used there instead.

    Of several groups, it is the one where they differ most.
    """

    step: int
    before: float
    after: float

    @property
    def ratio(self) -> float:
        """By what the rate is multiplied: infinity where it was 0 and is not any more."""
        if self.before == 0:
            return 1.0 if self.after == 0 else math.copysign(math.inf, self.after)
        return self.after / self.before

    @property
    def warning(self) -> str:
        """One sentence with the numbers, or nothing where nobody would notice."""
        if UNNOTICED[0] <= self.ratio <= UNNOTICED[1]:
            return ""
        times = f": {self.ratio:,.4g} times the rate" if math.isfinite(self.ratio) else ", from no rate at all"
        return f"Step {self.step:,} uses {self.after:.4g} where the uninterrupted run uses {self.before:.4g}{times}."


@dataclass(frozen=True)
class Extension:
    """A run made longer or shorter at a step: the new run, the trial on it, and the jump at that step.

    The trial has the horizons that belong to the new run.
    """

    run: Run
    trial: Trial
    jump: Jump
    _groups: tuple[Schedule, ...]
    _origin: int

    def lr(self, steps: ArrayLike) -> Floats:
        """The rate that each optimizer step of the new run uses, from the jump on; shaped like `engine.lr`."""
        at = ticks(self.run, self.trial.clock, _whole(steps, self.jump.step))
        return _evaluated(self.trial, self._groups, at - self._origin)


def after(run: Run, trial: Trial, step: int, how: How, steps: ArrayLike) -> Floats:
    """The rates that `steps` use when training is resumed just before `step`: float64, shaped like `engine.lr`.

    "state": optimizer and scheduler state loaded. "last_epoch": nothing loaded, an optimizer at the base LR with
    initial_lr set, and the scheduler made with last_epoch = calls so far - 1 (a SequentialLR itself, its parts as at
    the start; the parts of a ChainedScheduler each). "nothing": neither loaded, the schedule begins anew. ValueError,
    one sentence, where the genuine code has no such resume.
    """
    if not 0 <= step < run.steps:
        msg = f"step: must be between 0 and {run.steps - 1:,}, the run's last"
        raise ValueError(msg)
    at, done = _whole(steps, step), _done(run, trial.clock, step)
    if how == "state" or done == 0:
        return engine.lr(run, trial, at)
    tick = ticks(run, trial.clock, at)
    groups = trial.bound(run)
    if how == "nothing":
        return _evaluated(trial, [schedule.anew(done) for schedule in groups], tick - done)
    rows = [
        _made_anew(trial.schedule, schedule, base, done, tick)
        for schedule, base in zip(groups, trial.base_rates, strict=True)
    ]
    return np.array(rows) if isinstance(trial.base_lr, tuple) else rows[0]


def jump(run: Run, trial: Trial, step: int, how: How) -> Jump:
    """What the resume does to the rate at `step`; ValueError as `after`."""
    return _jump(step, engine.lr(run, trial, [step]), after(run, trial, step, how, [step]))


def extended(run: Run, trial: Trial, step: int, length: int, how: Stretch) -> Extension:
    """The run taken up before `step` and made `length` epochs long (a run given by its steps: as many steps).

    "re-horizon": the curve of the new length, from where the run is in it; null horizons follow by themselves, given
    ones keep their proportion. (torch's load_state_dict brings a saved T_max back: it must be set after loading.)
    "hold": the old curve, past its end too. "restart": the same schedule anew, over the steps that are left.
    ValueError, one sentence, where that is no run.
    """
    longer = _of_length(run, length)
    if not 0 <= step <= min(run.steps, longer.steps - 1):
        msg = (
            f"step: must be between 0 and {min(run.steps, longer.steps - 1):,}, where both the old run and "
            "the new one can be"
        )
        raise ValueError(msg)
    origin = _done(run, trial.clock, step) if how == "restart" else 0
    before = trial.bound(run)
    changed, groups = trial, before
    if how != "hold":
        changed = _rescaled(run, longer, trial, origin)
        groups = tuple(schedule.anew(origin) for schedule in changed.bound(longer, origin))
    at = ticks(longer, trial.clock, np.array([step])) - origin
    return Extension(
        longer, changed, _jump(step, engine.lr(run, trial, [step]), _evaluated(changed, groups, at)), groups, origin
    )


def _whole(steps: ArrayLike, step: int) -> Any:
    at = np.asarray(steps, dtype=np.int64)
    if np.min(at, initial=step) < step:
        msg = f"steps: must be at least {step:,}, where training is resumed"
        raise ValueError(msg)
    return at


def _done(run: Run, clock: Clock, step: int) -> int:
    """How often the scheduler was called when training stopped before `step`.

    The micro-batches of that step are still to come.
    """
    if clock != "micro_batch":
        return int(ticks(run, clock, step))
    epochs, rest = divmod(step, run.updates)
    return epochs * run.micro_batches + min(rest * run.accumulate, run.micro_batches)


def _jump(step: int, before: Floats, now: Floats) -> Jump:
    jumps = [Jump(step, float(b), float(n)) for b, n in zip(before.ravel(), now.ravel(), strict=True)]
    return max(jumps, key=lambda j: abs(math.log(j.ratio)) if 0 < j.ratio < math.inf else math.inf)


def _of_length(run: Run, length: int) -> Run:
    document = run.model_dump() | (
        {"epochs": length} if isinstance(run, DataRun) else {"total_steps": length, "steps_per_epoch": run.updates}
    )
    try:
        return type(run).model_validate(document)
    except ValidationError as error:
        raise ValueError(sentence(error, document)) from None


def _rescaled(run: Run, longer: Run, trial: Trial, origin: int) -> Trial:
    """The trial with every horizon that is set as long, in proportion to what would fit, as it was.

    One that is text stays text where it comes to that by itself, as a share of the run does.
    """
    before, now = trial.on(run), trial.on(longer)
    document = trial.model_dump(mode="json", exclude_unset=True)
    for was, becomes in zip(
        lengths(before.schedule, before.bound(run)[0]),
        lengths(now.schedule, now.bound(longer, origin)[0]),
        strict=True,
    ):
        wanted = max(round(was.value * becomes.fits / was.fits), 1)
        fine = abs(becomes.value - wanted) <= 1 if becomes.text else was.fits == becomes.fits
        if not fine:
            assign(document["schedule"], was.path, wanted)
    return Trial.read(document, longer)


def _evaluated(trial: Trial, groups: Iterable[Schedule], tick: Any) -> Floats:
    rows = [
        rates(schedule, base, tick.astype(np.float64)) for schedule, base in zip(groups, trial.base_rates, strict=True)
    ]
    return np.array(rows) if isinstance(trial.base_lr, tuple) else rows[0]


def _made_anew(given: Any, bound: Any, base: float, done: int, tick: Any) -> Floats:
    """The rates of a scheduler made with last_epoch = done - 1, at ticks from `done` on."""
    if bound.made_with_last_epoch == "never" or bound.watches:
        msg = (
            f"{bound.kind} is not made with last_epoch: of all frameworks' schedules those of torch and "
            "transformers are that watch no metric"
        )
        raise ValueError(msg)
    if bound.made_with_last_epoch == "by the tick":
        return rates(bound, base, tick.astype(np.float64))
    last = int(np.max(tick, initial=done))
    return np.asarray(with_last_epoch(given, bound, base, done, last)[tick - done])
