"""Schedules that watch a metric."""

from __future__ import annotations

from typing import Any

from lrlab.advice.base import Case, Finding, Rule, example, many, run_of, shown, stepping
from lrlab.document.run import ticks_per_epoch
from lrlab.schedules import Schedule
from lrlab.schedules.recurrence import MetricDriven

PLATEAU = "torch.ReduceLROnPlateau"
AT_ONCE = ("keras", "optax")  # whose patience p reduces at bad call p


def watching(case: Case) -> Any:
    """The schedule that watches the metric, if one does."""
    return next(
        (given for _, given, _, _ in case.nodes() if isinstance(given, MetricDriven) and patience(given) is not None),
        None,
    )


def patience(schedule: Schedule) -> int | None:
    """How many bad calls it bears, as its framework counts them."""
    found = getattr(schedule, "patience", getattr(schedule, "patience_t", None))
    return found if isinstance(found, int) else None


class PatiencePlusOne(Rule):
    """A plateau scheduler with patience p reduces at bad call p + 1 (Keras, optax: p), so a run can have fewer drops
    than expected, or none.

    Why: Patience 10 bears ten bad epochs and reduces at the eleventh: in a run of 10 epochs the rate cannot fall at
    all.

    Instead: At most floor((calls - 1) / (patience + 1)) reductions fit into the run, fewer with a cooldown; choose
    patience for that.

    Source: pytorch/pytorch#2545, pytorch/pytorch#119763, pytorch/pytorch#11305.
    """

    code = "LR122"
    severity = "note"
    bad = example(run_of(10, 100), {"kind": PLATEAU, "patience": 10}, clock="epoch")
    good = example(run_of(10, 100), {"kind": PLATEAU, "patience": 0}, clock="epoch")

    def check(self, case: Case) -> Finding | None:
        schedule = watching(case)
        waits = patience(schedule) if schedule is not None else None
        if not waits:
            return None
        bad = waits if schedule.framework in AT_ONCE else waits + 1
        rest = getattr(schedule, "cooldown", getattr(schedule, "cooldown_t", 0))
        if schedule.framework == "keras":  # counts the cooldown's last call as a bad one
            rest = max(rest - 1, 0)
        seen = case.calls // max(getattr(schedule, "accumulation_size", 1), 1)
        most = max((seen - 1 - bad) // (bad + rest) + 1, 0)  # the first value is the best so far
        says = f"patience = {shown(waits)} reduces at bad call {shown(bad)}: at most {many(most, 'reduction')} in {many(seen, 'call')}."
        return self.found(case, says, severity="warning" if most == 0 else "note")


class PlateauPerStep(Rule):
    """A plateau scheduler is stepped after every optimizer step.

    Why: Its patience counts calls: 10 bad batches, not 10 bad epochs; and the loss of a batch is noise.

    Instead: Call step(metric) once per evaluation, usually once per epoch.

    Source: torch.optim.lr_scheduler.ReduceLROnPlateau; ildoonet/pytorch-gradual-warmup-lr#19,
    huggingface/transformers#29417.
    """

    code = "LR208"
    severity = "warning"
    bad = example(run_of(10, 100), {"kind": PLATEAU, "patience": 10})
    good = example(run_of(30, 100), {"kind": PLATEAU, "patience": 10}, clock="epoch")

    def check(self, case: Case) -> Finding | None:
        schedule = watching(case)
        if schedule is None or case.epochs < 2 or case.calls <= case.epochs:  # noqa: PLR2004
            return None
        waits = (patience(schedule) or 0) * getattr(schedule, "accumulation_size", 1)
        if waits * case.epochs >= case.calls:  # as long as an epoch: it counts batches, and is meant to
            return None
        often = ticks_per_epoch(case.run, case.trial.clock)
        says = f"step() is called {shown(often)} times an epoch: patience = {shown(waits)} is over within {many(waits, 'call')}."
        return self.found(case, says, fix=stepping("epoch"))
