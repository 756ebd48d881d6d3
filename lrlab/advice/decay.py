"""Floors and milestones, and what scheduler objects say of themselves."""

from __future__ import annotations

from lrlab.advice import fit
from lrlab.advice.base import Case, Finding, Rule, example, number_of, run_of, setting, shown, stepping
from lrlab.schedules import Schedule
from lrlab.schedules.base import described

COSINE = "torch.CosineAnnealingLR"
SCALED = 0.75  # share of the run at which a fix puts the last milestone, where all of them lay beyond the run
NAMED = 3  # milestones that a message names


class FloorAboveStart(Rule):
    """The floor is at or above the rate from which the schedule starts, so that it rises or stays level.

    Why: The frameworks take it without a word: eta_min = 0.1 with a base LR of 0.01 makes a cosine upwards.

    Instead: eta_min is an absolute rate, to be set below the base LR of every group.

    Source: torch.optim.lr_scheduler.CosineAnnealingLR, run with eta_min above lr.
    """

    code = "LR201"
    severity = "warning"
    bad = example(run_of(10, 100), {"kind": COSINE, "T_max": 1000, "eta_min": 0.5})
    good = example(run_of(10, 100), {"kind": COSINE, "T_max": 1000, "eta_min": 0.0001})

    def check(self, case: Case) -> Finding | None:
        for path, schedule, _, _ in case.nodes():
            if schedule.falls_between is None:
                continue
            start, name = schedule.falls_between
            begins = getattr(schedule, start) if start else min(case.trial.base_rates)
            floor = getattr(schedule, name)
            if isinstance(floor, float) and floor > 0 and floor >= begins:
                where = f"{'at' if floor == begins else 'above'} the {shown(begins)}"
                says = f"{name} = {shown(floor)} is {where} from which {schedule.native} starts."
                return self.found(case, says, fix=setting({(*path, name): 0.0}))
        return None


def milestones(schedule: Schedule) -> tuple[str, list[int]]:
    """The argument that lists the ticks at which the rate, or the part of a sequence, changes; and these ticks."""
    for name in type(schedule).model_fields:
        value = getattr(schedule, name)
        if isinstance(value, tuple) and value and described(type(schedule))[name].unit in {"ticks", "pairs"}:
            return name, [v[0] if isinstance(v, tuple) else v for v in value]
    return "", []


def falls(schedule: Schedule) -> tuple[str, list[int]]:
    """The milestones and their argument; of a rate that falls at regular times, the first tick at which it does."""
    name, ticks = milestones(schedule)
    every = schedule.falls_every
    return (every, [getattr(schedule, every)]) if every and not ticks else (name, ticks)


class MilestonesBeyond(Rule):
    """Milestones lie beyond the end of the run, where they never come.

    Why: The rate is not reduced: a schedule copied from a longer run, or one in steps that is stepped per epoch, stays
    at its start.

    Instead: Scale the milestones with the run, or step as often as they count.

    Source: facebookresearch/detectron2#1238, facebookresearch/detectron2#3520 (STEPS not scaled with MAX_ITER).
    """

    code = "LR202"
    severity = "warning"
    bad = example(run_of(60, 100), {"kind": "torch.MultiStepLR", "milestones": [80, 120]}, clock="epoch")
    good = example(run_of(160, 100), {"kind": "torch.MultiStepLR", "milestones": [80, 120]}, clock="epoch")

    def check(self, case: Case) -> Finding | None:
        if fit.counts_otherwise(case):
            return None
        for path, schedule, bound, _ in case.nodes():
            name, ticks = falls(schedule)
            repeats = name == schedule.falls_every
            left = bound.ticks_left
            beyond = [tick for tick in ticks if tick > left or (tick == left and not schedule.has_corners)]
            if not beyond or left < 1:  # a part that the run never reaches is told of by the milestone before it
                continue
            every = len(beyond) == len(ticks)
            fix = None
            last = max(ticks)
            if (
                every
                and case.trial.clock == "epoch"
                and not schedule.text(name)
                and last * last > case.calls * case.run.steps
                and last < case.run.steps
            ):
                fix = stepping("step")  # as a number the last one is nearer to the steps of the run than to its epochs
            elif (
                every and not repeats and not isinstance(getattr(schedule, name)[0], tuple) and not schedule.children()
            ):
                scaled = [int(tick * SCALED * left / last) for tick in ticks]
                fix = setting({(*path, name): scaled}, "in proportion") if len(set(scaled)) == len(ticks) else None
            one = name if repeats else "The milestone"
            which = (
                ("Every milestone" if len(ticks) > 1 else one) if every else f"{len(beyond)} of {len(ticks)} milestones"
            )
            more = " and more" * (len(beyond) > NAMED)
            lies = "lie" if not every and len(beyond) > 1 else "lies"
            of = "its part" if path else "the run"
            says = (
                f"{which} {lies} beyond the {number_of(left, 'tick')} of {of}: "
                f"{', '.join(map(shown, beyond[:NAMED]))}{more}."
            )
            return self.found(case, says, fix=fix, severity="warning" if every else "note")
        return None


class TwoNames(Rule):
    """At a milestone get_lr() and get_last_lr() of the scheduler differ: a log may show a rate that no step used.

    Why: get_lr() multiplies by gamma once more when it is asked at a milestone: 0.001 where the optimizer uses 0.01.

    Instead: Log get_last_lr(), or optimizer.param_groups[0]["lr"].

    Source: pytorch/pytorch#22107, pytorch/pytorch#20486, pytorch/pytorch#49885.
    """

    code = "LR203"
    severity = "note"
    bad = example(run_of(90, 100), {"kind": "torch.MultiStepLR", "milestones": [30, 60]}, clock="epoch")
    good = example(run_of(90, 100), {"kind": COSINE, "T_max": 90}, clock="epoch")

    def check(self, case: Case) -> Finding | None:
        factor = case.schedule.get_lr_factor()
        if factor is None:
            return None
        first = min((place for place in falls(case.schedule)[1] if 0 < place < case.calls), default=None)
        if first is None:
            return None
        used = case.rate(first)
        says = (
            f"At tick {shown(first)} the optimizer uses {shown(used)}; get_lr() says {shown(used * factor)}, "
            "get_last_lr() is right."
        )
        return self.found(case, says, step=case.step(first))


class RangeTest(Rule):
    """LRRangeTest climbs for ever: it is a test to find a rate, and no schedule to train with.

    Why: The rate that it ends at is one at which training diverges; the rate to take is well below the one with the
    lowest loss.

    Instead: Run it for some hundred steps, take a rate from before the loss turns, and train with another schedule.

    Source: Smith 2017 (arXiv 1506.01186), Lightning-AI/pytorch-lightning#1767.
    """

    code = "LR205"
    severity = "note"
    bad = example(run_of(10, 100), {"kind": "deepspeed.LRRangeTest"})
    good = example(run_of(10, 100), {"kind": "deepspeed.WarmupLR", "warmup_type": "linear", "warmup_num_steps": 100})

    def check(self, case: Case) -> Finding | None:
        if not case.schedule.find_rate:
            return None
        return self.found(
            case,
            f"The rate climbs from {shown(case.first)} to {shown(case.last)} by the last step: a range test, "
            "no training.",
        )


RULES = (FloorAboveStart(), MilestonesBeyond(), TwoNames(), RangeTest())
