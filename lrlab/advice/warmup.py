"""Warmups: too long, from nothing, logarithmic, or a share where steps are meant."""

from __future__ import annotations

import math
from typing import Any

from lrlab.advice import fit
from lrlab.advice.base import (
    Case,
    Finding,
    Rule,
    example,
    number_of,
    percent,
    refitted,
    run_of,
    setting,
    shown,
    stepping,
)
from lrlab.advice.joints import joints

LONG = 0.3
"""A share of the run that a warmup hardly ever takes."""
CLAMPED = 0.1
"""The share of the run that the fix gives it."""


class WarmupTooLong(Rule):
    """The warmup is longer than the run, or takes most of it.

    Why: A warmup of W steps in a run of N reaches N / W of the peak; short fine-tuning runs with a default of 1,000
    steps never train at their rate.

    Instead: 1 to 10 % of the run is usual. DeepSpeed only logs a warning here, optax raises.

    Source: salesforce/LAVIS#72, EuroEval/EuroEval#1877.
    """

    code = "LR119"
    severity = "error"
    _LINEAR = "transformers.get_linear_schedule_with_warmup"
    bad = example(run_of(2, 50), {"kind": _LINEAR, "num_warmup_steps": 500, "num_training_steps": None})
    good = example(run_of(20, 500), {"kind": _LINEAR, "num_warmup_steps": 500, "num_training_steps": None})

    def check(self, case: Case) -> Finding | None:
        rise = case.rise
        if rise is None or rise.value <= max(LONG * case.calls, 1.0):  # one call is the shortest warmup there is
            return None
        if fit.counts_otherwise(case):
            return None
        in_epochs = any(fit.misfit(case, length) == "fits" for length in case.lengths)
        counted = case.trial.clock == "epoch" and not in_epochs and not rise.text
        if counted and case.calls < rise.value <= LONG * case.run.steps:
            mend = stepping("step")
        else:
            short = max(int(CLAMPED * case.calls), 1)
            changes: dict[tuple[str | int, ...], Any] = {rise.path: short}
            joint, milestones = joints(case)
            if rise.path[1:2] == (0,) and len(rise.path) == 3 and milestones[:1] == [rise.value]:  # noqa: PLR2004 (the first part's own)
                changes[joint, 0] = short
            mend = setting(refitted(case, changes), f"{percent(CLAMPED)} of the run")
        where = f"{rise.name} = {shown(rise.value)} of {number_of(case.calls, 'call')}"
        if rise.value >= case.calls:
            top = case.rate(rise.value)
            reached = case.calls / rise.value if rise.owner.rises_straight or top <= 0 else case.last / top
            return self.found(
                case, f"{where}: the warmup ends after the run, and reaches {percent(reached)} of its way.", fix=mend
            )
        says = f"{where}: the warmup takes {percent(rise.value / case.calls)} of the run."
        return self.found(case, says, step=case.step(rise.value), fix=mend, severity="warning")


class ZeroRate(Rule):
    """The first step, or the last one, runs at a rate of 0.

    Why: It moves nothing: a whole batch, and the averages of Adam, are spent on an update that changes no weight. Every
    step1 checkpoint of Pythia equals its step0.

    Instead: Start the warmup at 1 / (W + 1) of the peak, as nanoGPT does now. One step is a small loss: a note.

    Source: karpathy/nanoGPT#443, EleutherAI/gpt-neox#1373, google-research/bert#1293, pytorch/torchtitan#1261.
    """

    code = "LR120"
    severity = "note"
    _WARM = "optax.warmup_cosine_decay_schedule"
    bad = example(
        run_of(10, 100), {"kind": _WARM, "init_value": 0.0, "peak_value": 0.1, "warmup_steps": 100, "decay_steps": 1000}
    )
    good = example(
        run_of(10, 100),
        {"kind": _WARM, "init_value": 0.001, "peak_value": 0.1, "warmup_steps": 100, "decay_steps": 1000},
    )

    def check(self, case: Case) -> Finding | None:
        if case.peak <= 0 or case.run.steps < 2 or (case.first != 0 and case.last != 0):  # noqa: PLR2004
            return None
        if case.first != 0:
            return self.found(
                case, "The last step runs at a rate of 0: its update changes nothing.", step=case.run.steps - 1
            )
        rise, fix = case.rise, None
        if rise and rise.owner.rises_between:
            low, high = rise.owner.rises_between
            start, top = getattr(rise.owner, low), getattr(rise.owner, high)
            if start == 0 and top:
                fix = setting({(*rise.path[:-1], low): float(f"{top / (rise.value + 1):.6g}")})
        epoch = (
            f", and so does every step of the first epoch ({shown(case.run.updates)})"
            if case.trial.clock == "epoch"
            else ""
        )
        return self.found(
            case, f"The first step runs at a rate of 0{epoch}: its update changes nothing.", step=0, fix=fix
        )


class LogarithmicWarmup(Rule):
    """DeepSpeed's warmup is logarithmic unless warmup_type says "linear".

    Why: It is at two thirds of the peak after a tenth of the warmup: close to no warmup at all, where a straight line
    was expected. A warmup of less than 2 steps counts as 2.

    Instead: Write warmup_type: "linear" into the configuration, or keep "log" knowingly.

    Source: deepspeedai/DeepSpeed#1298, deepspeedai/DeepSpeed#771, deepspeedai/DeepSpeed#633.
    """

    code = "LR124"
    severity = "note"
    bad = example(run_of(10, 1000), {"kind": "deepspeed.WarmupLR", "warmup_max_lr": 0.001, "warmup_num_steps": 1000})
    good = example(
        run_of(10, 1000),
        {"kind": "deepspeed.WarmupLR", "warmup_max_lr": 0.001, "warmup_num_steps": 1000, "warmup_type": "linear"},
    )

    def check(self, case: Case) -> Finding | None:
        schedule = case.schedule
        if not schedule.rises_as_log:
            return None
        steps = max(getattr(schedule, schedule.rises_by), 2)
        tenth = max(int(steps / 10), 1)
        says = (
            f"After {number_of(tenth, 'step')} of {shown(steps)} the warmup is at "
            f"{percent(math.log(tenth + 1) / math.log(steps))} of its way, "
            "not at a tenth: it goes as log(step + 1) / log(warmup_num_steps)."
        )
        return self.found(case, says, step=case.step(tenth), fix=setting({(schedule.rises_as_log,): "linear"}))


class WarmupAsShare(Rule):
    """num_warmup_steps is a fraction, or 1.0: a share of the run in TrainingArguments, and steps here.

    Why: transformers 5 reads warmup_steps below 1 as a share and 1.0 as one step, and has no warmup_ratio any more;
    get_scheduler takes steps only.

    Instead: Give whole steps: ceil(share * steps of the run).

    Source: huggingface/transformers#41326, huggingface/peft#2949, huggingface/trl#4983.
    """

    code = "LR125"
    severity = "warning"
    _LINEAR = "transformers.get_linear_schedule_with_warmup"
    bad = example(run_of(10, 100), {"kind": _LINEAR, "num_warmup_steps": 0.1, "num_training_steps": None})
    good = example(run_of(10, 100), {"kind": _LINEAR, "num_warmup_steps": 100, "num_training_steps": None})

    def check(self, case: Case) -> Finding | None:
        name = case.schedule.rises_by if case.schedule.warmup_shares else ""
        value = getattr(case.schedule, name) if name else None
        if not isinstance(value, float) or not 0 < value <= 1:
            return None
        steps = math.ceil(value * case.calls) if value < 1 else 1
        what = (
            f"{percent(value)} of this run would be {number_of(steps, 'step')}"
            if value < 1
            else "1.0 is one step, not the whole run"
        )
        return self.found(
            case,
            f"{name} = {value:g} counts steps here: {what}.",
            fix=setting({(name,): steps}),
        )


RULES = (WarmupTooLong(), ZeroRate(), LogarithmicWarmup(), WarmupAsShare())
