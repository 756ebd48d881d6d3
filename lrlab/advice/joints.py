"""Where one schedule hands over to the next."""

from __future__ import annotations

from itertools import pairwise

from lrlab.advice.base import NOTICED, Case, Finding, Rule, example, percent, run_of, setting, shown
from lrlab.schedules.base import Schedule
from lrlab.schedules.spans import Path, keys

LINEAR = {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 100}
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": 900}
AFTER = {"kind": "paddle.CosineAnnealingDecay", "learning_rate": 0.05, "T_max": 900}
BEFORE = {"kind": "paddle.LinearWarmup", "warmup_steps": 100, "start_lr": 0.0}
SLOPES = 2.0
"""A joint is a jump where its step is more than so many times as high as the steps beside it."""


def joints(case: Case) -> tuple[str, list[int]]:
    """The argument that holds the milestones of a sequence, and these milestones."""
    name = case.schedule.joined_by
    return name, list(getattr(case.schedule, name)) if name else []


def jumps(case: Case, tick: int) -> bool:
    """Whether the rate's step at a tick is much higher than those beside it."""
    before, at, after = (abs(b - a) for a, b in pairwise(case.rate(tick + i) for i in (-2, -1, 0, 1)))
    return at > SLOPES * max(before, after) and at > NOTICED * case.peak


class PartUnfinished(Rule):
    """A part of a sequence is not over at its milestone, or has no turn at all.

    Why: The rate jumps there: with a warmup of 10 ticks and the milestone at 5, from 0.04 to 0.1. A milestone of 0
    skips the part before it.

    Instead: Let the warmup's total_iters and the milestone be the same number.

    Source: pytorch/pytorch#185872, pytorch/pytorch#68978; the jump is torch 2.13.0's.
    """

    code = "LR121"
    severity = "warning"
    bad = example(
        run_of(10, 100),
        {"kind": "torch.SequentialLR", "schedulers": [LINEAR, COSINE | {"T_max": 950}], "milestones": [50]},
    )
    good = example(run_of(10, 100), {"kind": "torch.SequentialLR", "schedulers": [LINEAR, COSINE], "milestones": [100]})

    def check(self, case: Case) -> Finding | None:
        name, milestones = joints(case)
        children = list(case.schedule.children().items())
        begins = [0, *milestones]
        for i, ((path, part), begin, end) in enumerate(zip(children, begins, milestones, strict=False)):
            at = keys(path)
            span = end - max(begin, 0)
            argument = part.rises_by or part.ends_by
            value = getattr(part, argument) if argument else None
            if span <= 0:
                says = (
                    f"{part.native} never has its turn: the next part begins at tick {shown(max(end, 0))}, "
                    "where it would."
                )
                mend = setting({(name, i): max(begin, 0) + int(value)}) if part.rises_by and value is not None else None
                return self.found(case, says, step=case.step(max(end, 0)), fix=mend)
            if value is None or end >= case.calls:
                continue
            over = max(begin, 0) + value
            again = max((case.rate(tick) for tick in (over + value / 2, over + value) if tick < end), default=0.0)
            if part.ends_by and value < span and again > case.rate(over) + NOTICED * case.peak:
                says = (
                    f"{argument} = {shown(value)} of {part.native} is over at tick {shown(over)}; "
                    f"then it climbs again, up to {shown(end)} ({name})."
                )
                return self.found(case, says, step=case.step(over), fix=setting({(*at, argument): int(span)}))
            if value <= span + 1 or not jumps(case, end):
                continue
            before, after = case.rate(end - 1), case.rate(end)
            says = (
                f"{argument} = {shown(value)} of {part.native}, but its part lasts {shown(span)} ticks ({name}: "
                f"{shown(end)}): the rate goes from "
                f"{shown(before)} to {shown(after)} in one step."
            )
            mend = setting({(*at, argument): int(span)})
            others = (length.value for length in case.lengths if length.last)
            if i == 0 and case.calls - value in others:  # the last part leaves it so many ticks: the milestone is wrong
                mend = setting({(name, 0): int(value)})
            return self.found(case, says, step=case.step(end), fix=mend)
        return None


class Jump(Rule):
    """The rate jumps where one part hands over to the next.

    Why: A warmup that does not lead to where the decay begins is a cliff: the decay has gone on behind it, or begins
    elsewhere.

    Instead: Let the warmup end at the rate with which the next part begins.

    Source: huggingface/transformers#4940, ildoonet/pytorch-gradual-warmup-lr#1.
    """

    code = "LR206"
    severity = "note"
    bad = example(run_of(10, 100), BEFORE | {"end_lr": 0.1, "learning_rate": AFTER})
    good = example(run_of(10, 100), BEFORE | {"end_lr": 0.05, "learning_rate": AFTER})

    def check(self, case: Case) -> Finding | None:
        if PartUnfinished().check(case):
            return None
        for tick in case.schedule.joints():
            if 2 <= tick < case.calls - 1 and jumps(case, tick):  # noqa: PLR2004
                before, after = case.rate(tick - 1), case.rate(tick)
                share = percent(abs(after - before) / case.peak)
                says = (
                    f"At tick {shown(tick)} the rate goes from {shown(before)} to {shown(after)} in one "
                    f"step, {share} of the peak."
                )
                return self.found(case, says, step=case.step(tick))
        return None


class ChainedMultiplies(Rule):
    """A chained warmup and decay run at the same time: the decay goes on during the warmup.

    Why: ChainedScheduler multiplies its factors, so that the peak is lower than the base LR and the decay is over by
    its own horizon, warmup or not.

    Instead: SequentialLR runs the one after the other.

    Source: pytorch/pytorch#68978; with a cosine of T ticks and a warmup of W the peak is 1/2 (1 + cos(pi W / T)) of the
    base LR.
    """

    code = "LR207"
    severity = "note"
    bad = example(run_of(10, 100), {"kind": "torch.ChainedScheduler", "schedulers": [LINEAR, COSINE | {"T_max": 1000}]})
    good = PartUnfinished.good

    def check(self, case: Case) -> Finding | None:
        if not case.schedule.at_once:
            return None
        parts = tuple(case.schedule.children().values())
        warm = next((part for part in parts if part.rises_by), None)
        rest = next((part for part in parts if part.ends_by), None)
        if warm is None or rest is None or case.trial.base_rates[0] <= 0:
            return None
        share = case.peak / case.trial.base_rates[0]
        says = (
            f"The rate peaks at {shown(case.peak)}, {100 * share:.4g} % of the base LR: "
            f"{rest.native} has begun to fall during the warmup."
        )
        return self.found(
            case, says, step=case.step(getattr(warm, warm.rises_by)), fix=self._in_turn(parts, warm, rest)
        )

    @staticmethod
    def _in_turn(parts: tuple[Schedule, ...], warm: Schedule, rest: Schedule) -> tuple[str, dict[Path, object]] | None:
        """The same two, one after the other, the decay shorter by the warmup."""
        ticks = int(getattr(warm, warm.rises_by))
        ends = getattr(rest, rest.ends_by)
        if len(parts) != 2 or ticks < 1 or (ends is not None and ends - ticks < 1):  # noqa: PLR2004
            return None
        after = rest.model_dump(mode="json", exclude_unset=True) | {
            rest.ends_by: None if ends is None else ends - ticks
        }
        schedule = {
            "kind": "torch.SequentialLR",
            "schedulers": [warm.model_dump(mode="json", exclude_unset=True), after],
            "milestones": [ticks],
        }
        return "Run one after the other (SequentialLR)", {("schedule",): schedule}


RULES = (PartUnfinished(), Jump(), ChainedMultiplies())
