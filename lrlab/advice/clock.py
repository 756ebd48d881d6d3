"""Units: who calls scheduler.step(), how often, and what the schedule's arguments count."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from lrlab.advice import fit
from lrlab.advice.base import (
    CALLED,
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
from lrlab.advice.decay import milestones
from lrlab.document.run import UNITS, Clock, ticks_per_epoch
from lrlab.schedules import cycles, spans
from lrlab.schedules.spans import Length

COSINE = "torch.CosineAnnealingLR"
MANY = 10  # with so many steps an epoch, a duration of at most as many ticks as there are epochs counts epochs
CYCLES = 50  # more than anybody restarts on purpose
FALLEN = 0.5  # of the peak: a staircase that counts epochs, but is stepped per batch, is soon below it
SMALL = 1e-3
"""A rate below this share of the peak hardly trains."""


class _Unit(Rule):
    """What the rules on a horizon in another unit share."""

    severity = "error"
    unit = True

    def meant(self, case: Case) -> tuple[Length, Clock] | None:
        """The first length that counts in another unit than the clock, and that unit."""
        for length in case.lengths:
            if length.last and fit.misfit(case, length) == "unit":
                return length, fit.unit_meant(case, length)
        return None


def rescaled(case: Case, unit: Clock) -> tuple[str, dict[Any, Any]]:
    """The fix that gives every duration in the clock's ticks in place of `unit`."""
    factor = ticks_per_epoch(case.run, case.trial.clock) / ticks_per_epoch(case.run, unit)
    by = f"times {shown(factor)}" if factor > 1 else f"divided by {shown(1 / factor)}"
    return setting(refitted(case, spans.scaled(case.schedule, factor), 2.0, 0.005), by)


class EpochClock(_Unit):
    """The scheduler is stepped once per epoch, but its horizon counts optimizer steps.

    Why: Only the first sliver of the curve runs: the rate stays where it began, and a warmup never ends.

    Instead: Call scheduler.step() after every optimizer step (Lightning: "interval": "step"; its default is "epoch").

    Source: Lightning-AI/pytorch-lightning#6948, Lightning-AI/pytorch-lightning#5631, pytorch/pytorch#65417.
    """

    code = "LR101"
    bad = example(run_of(5, 1000), {"kind": COSINE, "T_max": 5000}, clock="epoch")
    good = example(run_of(5, 1000), {"kind": COSINE, "T_max": 5000})

    def check(self, case: Case) -> Finding | None:
        found = self.meant(case)
        if case.trial.clock != "epoch":
            return None
        first = first_cycle(case)
        if found is None and first and max(case.calls, case.run.updates - 1) < first[1] <= case.run.steps:
            says = (
                f"Only {percent(case.calls / first[1])} of the first cycle runs: {first[0]} = {shown(first[1])} "
                "counts optimizer steps, but "
                f"step() is called once per epoch, {number_of(case.calls, 'time')} in all."
            )
            return self.found(case, says, fix=stepping("step"))
        if found is None:
            return None
        length, unit = found
        says = (
            f"Only {percent(case.calls / fit.end(case, length))} of the curve runs: "
            f"{length.name} = {shown(length.value)} counts "
            f"{UNITS[unit]}, but step() is called once per epoch, {number_of(case.calls, 'time')} in all."
        )
        title, changes = stepping("step")
        if unit != "step":
            factor = ticks_per_epoch(case.run, "step") / ticks_per_epoch(case.run, unit)
            also, durations_ = setting(spans.scaled(case.schedule, factor))
            title, changes = f"{title}, and {also[0].lower()}{also[1:]}", changes | durations_
        return self.found(case, says, fix=(title, changes))


class HorizonInEpochs(_Unit):
    """The scheduler is stepped more often than once per epoch, but its horizon counts epochs.

    Why: The curve is over after a few hundred steps; a cosine then climbs and falls again and again, and most epochs
    run at a random place of it.

    Instead: Give the horizon in the calls that are made: epochs times steps per epoch. Or call step() once per epoch.

    Source: ScrollPrize/villa#1495, crowsonkb/k-diffusion#50, hustvl/YOLOS#19.
    """

    code = "LR102"
    bad = example(run_of(1000, 250), {"kind": COSINE, "T_max": 1000})
    good = example(run_of(1000, 250), {"kind": COSINE, "T_max": 250_000})

    def check(self, case: Case) -> Finding | None:
        found = self.meant(case)
        if case.trial.clock == "epoch" or case.schedule.counts_batches:  # on batches there is another rule
            return None
        first = first_cycle(case)
        if found is None and first and in_epochs(case, first):
            says = (
                f"The first cycle is over after {percent(first[1] / case.calls)} of the run: "
                f"{first[0]} = {shown(first[1])} counts epochs, but "
                f"step() is called {CALLED[case.trial.clock]}, {shown(case.calls)} times."
            )
            return self.found(case, says, step=case.step(first[1]), fix=rescaled(case, "epoch"))
        if found is None or found[1] != "epoch":
            return None
        length = found[0]
        troughs = bottoms(case, length)
        says = (
            f"The curve is over after {percent(fit.end(case, length) / case.calls)} of the run"
            f"{f', and reaches its minimum {shown(troughs)} times' if troughs > 1 else ''}: "
            f"{length.name} = {shown(length.value)} counts epochs, but "
            f"step() is called {CALLED[case.trial.clock]}, {shown(case.calls)} times."
        )
        return self.found(case, says, step=case.step(fit.end(case, length)), fix=rescaled(case, "epoch"))


def first_cycle(case: Case) -> tuple[str, float, int] | None:
    """The first cycle of the part that restarts at the end of the run; None where no part does, or its text says how
    it is counted.

    Given are the name of its argument, its length in ticks, and how many cycles the run begins.
    """
    for _, schedule, bound, last in case.nodes():
        given, found = schedule.restarts(), bound.restarts()
        if last and given and found and given.first is not None and not schedule.text(given.length):
            length = float(found.first)
            return found.length, length, cycles.cycle_at(case.calls - 1, length, found.times)[2] + 1
    return None


def in_epochs(case: Case, first: tuple[str, float, int]) -> bool:
    """Whether the length of a first cycle can only be meant in epochs.

    The run has that many epochs, and as ticks the cycle would end within an epoch or restart far too often.
    """
    _, ticks, cycles = first
    often = ticks < case.run.updates or cycles > CYCLES
    return often and ticks <= case.epochs > 1 and case.run.updates >= MANY


def bottoms(case: Case, length: Length) -> int:
    """How often the curve reaches its minimum in the run, if it climbs again after the first time; else 0.

    It is floor((passed / span + 1) / 2) for half a wave in a span.
    """
    owner = length.owner
    ticks = owner.ticks_left
    own = float(getattr(owner, owner.rises_by)) if owner.rises_by and owner.rises_by != length.name else 0.0
    includes = own > 0 and length.fits >= ticks
    span, passed = length.value - own * includes, ticks - 1 - own
    if span <= 0 or case.calls >= case.bound.raises_at() or not climbs(case, length, span):
        return 0
    waves = 2 * getattr(owner, owner.waves_by) if owner.waves_by else 1
    return math.floor((waves * passed / span + 1) / 2)


def climbs(case: Case, length: Length, span: float) -> bool:
    """Whether the curve rises again after its end."""
    end = fit.end(case, length)
    return case.rate(end + span / 2) > case.rate(end) + SMALL * case.peak


class StepsPerProcess(_Unit):
    """The horizon does not fit how Accelerate steps a prepared scheduler: once per process.

    Why: With P processes the whole curve is over after 1 / P of the run; a cosine climbs back to its peak in the next
    part.

    Instead: Give horizon and warmup times the number of processes, or build the Accelerator with
    step_scheduler_with_optimizer=False.

    Source: huggingface/accelerate#1382, huggingface/accelerate#2142, huggingface/transformers#26827,
    huggingface/diffusers#3954.
    """

    code = "LR107"
    bad = example(
        run_of(1, 1000, devices=4),
        {"kind": "transformers.get_cosine_schedule_with_warmup", "num_warmup_steps": 100, "num_training_steps": 1000},
        clock="process",
    )
    good = example(
        run_of(1, 1000, devices=4),
        {"kind": "transformers.get_cosine_schedule_with_warmup", "num_warmup_steps": 400, "num_training_steps": 4000},
        clock="process",
    )

    def check(self, case: Case) -> Finding | None:
        found = self.meant(case)
        clock = case.trial.clock
        if found is None or "process" not in {clock, found[1]} or "epoch" in {clock, found[1]}:
            return None
        length, unit = found
        end = case.step(fit.end(case, length))
        if clock == "process":
            says = (
                f"The curve is over at step {shown(end)} of {shown(case.run.steps)}: "
                f"{length.name} = {shown(length.value)} counts {UNITS[unit]}, but "
                f"{number_of(case.run.devices, 'process', 'processes')} move the scheduler on {case.run.devices} "
                "ticks a step; the last step uses "
                f"{shown(case.last)}, {percent(case.last / case.peak if case.peak else 0)} of the peak."
            )
        else:
            says = (
                f"Only {percent(case.calls / length.value)} of the curve runs: "
                f"{length.name} = {shown(length.value)} is multiplied by the "
                f"{case.run.devices} processes, but step() is called {CALLED[clock]}, {shown(case.calls)} times."
            )
        return self.found(case, says, step=end, fix=rescaled(case, unit))


class Accumulation(_Unit):
    """With gradient accumulation, the horizon and the calls of step() count different things.

    Why: The curve runs too fast by the accumulation (and is over early), or too slowly (and only its beginning runs).

    Instead: Call step() only where the optimizer steps, and count optimizer steps: ceil(micro-batches / accumulation)
    an epoch.

    Source: Lightning-AI/pytorch-lightning#1476, huggingface/accelerate#963, huggingface/accelerate#1170,
    huggingface/diffusers#4387.
    """

    code = "LR108"
    bad = example(run_of(1, 1000, accumulate=4), {"kind": COSINE, "T_max": 4000})
    good = example(run_of(1, 1000, accumulate=4), {"kind": COSINE, "T_max": 1000})

    def check(self, case: Case) -> Finding | None:
        found = self.meant(case)
        clock = case.trial.clock
        if found is None or "micro_batch" not in {clock, found[1]} or {"epoch", "process"} & {clock, found[1]}:
            return None
        length, unit = found
        if clock == "step":
            says = (
                f"Only {percent(case.calls / length.value)} of the curve runs, and the last step still uses "
                f"{percent(case.last / (case.peak or 1))} "
                f"of the peak: {length.name} = {shown(length.value)} counts micro-batches, "
                f"but step() is called {shown(case.calls)} times, "
                f"once for {case.run.accumulate} of them."
            )
            return self.found(case, says, fix=rescaled(case, unit))
        end = case.step(fit.end(case, length))
        says = (
            f"The curve is over at step {shown(end)} of {shown(case.run.steps)}: "
            f"{length.name} = {shown(length.value)} counts optimizer steps, but "
            f"step() is called for each of {shown(case.calls)} micro-batches."
        )
        return self.found(case, says, step=end, fix=stepping("step"))


class OtherRounding(Rule):
    """The horizon belongs to a loop that rounds an incomplete batch, or accumulation, the other way.

    Why: The schedule ends a few steps early or late, up to one an epoch; OneCycleLR raises at the first step too many.

    Instead: Take len(loader) of the loader that trains, and ceil or floor as the loop does.

    Source: NVIDIA/NeMo#7822, huggingface/accelerate#385, Lightning-AI/pytorch-lightning#19684.
    """

    code = "LR109"
    severity = "note"
    bad = example({"samples": 1005, "batch_size": 10, "epochs": 50}, {"kind": COSINE, "T_max": 5000})
    good = example({"samples": 1005, "batch_size": 10, "epochs": 50}, {"kind": COSINE, "T_max": 5050})

    def check(self, case: Case) -> Finding | None:
        for length in case.lengths:
            other = fit.other_rounding(case, length)
            if other is not None and length.last and abs(length.value - length.fits) > 1:
                slack = int(length.fits - length.value)
                how = (
                    f"{'floor' if other.updates < case.run.updates else 'ceil'} in place of "
                    f"{'ceil' if slack > 0 else 'floor'}"
                )
                says = (
                    f"{length.name} = {shown(length.value)} is {number_of(abs(slack), 'call')} "
                    f"{'short' if slack > 0 else 'long'}: it counts "
                    f"{number_of(other.updates, 'step')} an epoch ({how}), this run makes {shown(case.run.updates)}."
                )
                step = case.step(case.calls - slack) if slack > 0 else None
                return self.found(case, says, step=step, fix=setting({length.path: int(length.fits)}))
        return None


class KerasCountsBatches(Rule):
    """decay_steps of a Keras schedule counts batches, and this number looks like epochs.

    Why: Keras asks the schedule with the optimizer's iterations: 50 epochs' worth of decay is over after 50 batches.

    Instead: decay_steps = epochs * steps per epoch, less warmup_steps, which come before it.

    Source: keras-team/keras#21772, keras-team/keras#22290, tensorflow/tensorflow#52529.
    """

    code = "LR123"
    severity = "warning"
    unit = True
    bad = example(run_of(50, 400), {"kind": "keras.CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 50})
    good = example(run_of(50, 400), {"kind": "keras.CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 20_000})

    def check(self, case: Case) -> Finding | None:
        name = case.schedule.lasts_by
        steps = getattr(case.schedule, name) if name else None
        if not case.schedule.counts_batches or steps is None or case.schedule.text(name):
            return None
        if case.calls <= case.epochs or case.epochs < 2:  # noqa: PLR2004
            return None
        ends, first = bool(case.schedule.ends_by), first_cycle(case)
        if first:
            early = in_epochs(case, first)
        elif ends:
            early = steps <= max(case.epochs, case.run.updates) or fit.counts_otherwise(case)
        else:  # 1 is a decay at each batch, which is meant so
            early = 1 < steps <= case.epochs and case.rate(case.run.updates) < FALLEN * case.peak
        if not early:
            return None
        says = (
            f"{'The decay is over' if ends else 'One decay has passed'} after {percent(steps / case.calls)} of "
            f"the run: {name} = {shown(steps)} "
            f"counts batches, and an epoch has {shown(case.run.updates)} of them ({number_of(case.epochs, 'epoch')})."
        )
        fix = (
            rescaled(case, "epoch")
            if steps <= case.epochs
            else setting({length.path: int(length.fits) for length in case.lengths})
        )
        return self.found(case, says, step=steps, fix=fix)


class GoneEarly(Rule):
    """A decay is over at the very start of the run: its durations are epochs, but it is stepped per batch.

    Why: step_size = 30 at 5,004 batches an epoch makes 166 drops in the first epoch; nothing is learned after it.

    Instead: Call step() once per epoch, or multiply the durations by the steps per epoch.

    Source: torch.optim.lr_scheduler.StepLR, whose rate is gamma ** floor(ticks / step_size) of the first.
    """

    code = "LR204"
    severity = "error"
    unit = True
    bad = example(run_of(90, 5004), {"kind": "torch.StepLR", "step_size": 30})
    good = example(run_of(90, 5004), {"kind": "torch.StepLR", "step_size": 30}, clock="epoch")
    TENTH: ClassVar[float] = 0.1

    def check(self, case: Case) -> Finding | None:
        early = max(int(self.TENTH * case.run.steps), min(case.run.updates, case.run.steps - 1))
        ended = any(given.ends_by for _, given, _, last in case.nodes() if last)
        if case.epochs < 2 or case.calls <= case.epochs or ended or case.bound.no_formula or case.peak <= 0:  # noqa: PLR2004
            return None
        own = [schedule for _, schedule, _, last in case.nodes() if last and not schedule.children()]
        if any(schedule.own_texts for schedule in own):  # which say their unit themselves
            return None
        tick = int(self.TENTH * case.calls)
        places = [place for schedule in own for place in milestones(schedule)[1]]
        in_epochs = (
            bool(places)
            and 0 < max(places) <= case.epochs
            and case.run.updates >= MANY
            and case.rate(tick) < FALLEN * case.peak
        )
        if not in_epochs and max(case.rate(tick), case.highest(early)) >= SMALL * case.peak:
            return None
        fix = rescaled(case, "epoch") if spans.scaled(case.schedule, 1.0) else stepping("epoch")
        says = (
            f"After a tenth of the run the rate is {shown(case.rate(tick))}, "
            f"{percent(case.rate(tick) / case.peak)} of its peak: step() is called "
            f"{shown(ticks_per_epoch(case.run, case.trial.clock))} times an epoch."
        )
        return self.found(case, says, step=early, fix=fix)


RULES = (
    EpochClock(),
    HorizonInEpochs(),
    StepsPerProcess(),
    Accumulation(),
    OtherRounding(),
    KerasCountsBatches(),
    GoneEarly(),
)
