"""Schedules that watch a metric."""

from __future__ import annotations

from lrlab.advice.base import Case, Finding, Rule, example, number_of, run_of, shown, stepping
from lrlab.document.run import ticks_per_epoch
from lrlab.schedules.facts import Waiting

PLATEAU = "torch.ReduceLROnPlateau"


def waiting(case: Case) -> Waiting | None:
    """How the schedule waits that watches the metric, if one does."""
    return next((found for _, given, _, _ in case.nodes() if (found := given.waiting())), None)


class PatiencePlusOne(Rule):
    """A plateau scheduler with patience p acts at bad call p + 1 (Keras, optax: p): a run may have fewer drops.

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
        waits = waiting(case)
        if not waits or not waits.patience:
            return None
        seen = case.calls // waits.calls
        most = max((seen - 1 - waits.bad) // (waits.bad + waits.rest) + 1, 0)  # the first value is the best so far
        says = (
            f"patience = {shown(waits.patience)} reduces at bad call {shown(waits.bad)}: "
            f"at most {number_of(most, 'reduction')} in {number_of(seen, 'call')}."
        )
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
        found = waiting(case)
        if found is None or case.epochs < 2 or case.calls <= case.epochs:  # noqa: PLR2004
            return None
        waits = found.patience * found.calls
        if waits * case.epochs >= case.calls:  # it waits for an epoch or longer, so it is meant to count batches
            return None
        often = ticks_per_epoch(case.run, case.trial.clock)
        says = (
            f"step() is called {shown(often)} times an epoch: patience = {shown(waits)} is over within "
            f"{number_of(waits, 'call')}."
        )
        return self.found(case, says, fix=stepping("epoch"))


RULES = (PatiencePlusOne(), PlateauPerStep())
