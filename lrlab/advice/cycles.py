"""One-cycle, cyclic and restarting schedules."""

from __future__ import annotations

import math

import numpy as np

from lrlab.advice.base import NOTICED, Case, Finding, Rule, example, number_of, percent, run_of, setting, shown
from lrlab.advice.horizon import CUT
from lrlab.schedules import spans
from lrlab.schedules.base import Schedule
from lrlab.schedules.cycles import cycle_at, first_length
from lrlab.schedules.facts import Cycles
from lrlab.schedules.spans import Path

ONE_CYCLE = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 1000}
RESTARTS = "torch.CosineAnnealingWarmRestarts"
NOTHING = 1e5  # a rate that was divided by this hardly moves a weight
MOST_CYCLES = 12  # a fix looks for so many cycles at most


class GroupsFlattened(Rule):
    """A schedule with a rate of its own gives every parameter group that rate, whatever the optimizer says.

    Why: The backbone that was to train at a hundredth of the head's rate trains at the same; a single lr= is ignored
    likewise.

    Instead: Give max_lr (and CyclicLR's base_lr) as a list, one value per group.

    Source: pytorch/pytorch#73305, shariqfarooq123/AdaBins#44, flairNLP/flair#2641, Lightning-AI/pytorch-lightning#4983.
    """

    code = "LR111"
    severity = "warning"
    bad = example(run_of(10, 100), ONE_CYCLE, [0.001, 0.1])
    good = example(run_of(10, 100), ONE_CYCLE | {"max_lr": [0.001, 0.1]}, [0.001, 0.1])

    def check(self, case: Case) -> Finding | None:
        rates, schedule = case.trial.base_rates, case.schedule
        if not schedule.own_rate or schedule.by_group:
            return None
        if len(set(rates)) > 1:
            fix = None
            if schedule.rewrites_initial_lr:
                names = schedule.rates_of_groups()
                high = max(rates)
                fix = setting(
                    {
                        (name,): [float(f"{getattr(schedule, name) * rate / high:.6g}") for rate in rates]
                        for name in names
                    }
                )
            says = (
                f"All {len(rates)} parameter groups run at the same rate, up to {shown(case.peak)}: "
                f"{schedule.native} does not read their own."
            )
            return self.found(case, says, fix=fix)
        if schedule.rewrites_initial_lr and not any(
            math.isclose(rates[0], rate, rel_tol=NOTICED) for rate in (case.first, case.peak)
        ):
            own = f"{schedule.native} starts at {shown(case.first)} and peaks at {shown(case.peak)}"
            says = f"The optimizer's lr of {shown(rates[0])} is not used: {own}."
            return self.found(case, says, severity="note")
        return None


class MomentumCycled(Rule):
    """The schedule also moves the momentum (or Adam's beta1), against the rate.

    Why: cycle_momentum is on by default: SGD set to 0.99 runs at 0.95, Adam's beta1 of 0.9 starts at 0.95, CyclicLR
    gives SGD without momentum 0.9, and an optimizer that has neither is refused.

    Instead: Look at the momentum under the rate; set cycle_momentum to false to keep the optimizer's own.

    Source: pytorch/pytorch#73910, pytorch/pytorch#19003, pytorch/pytorch#20400, open-mmlab/mmcv#2645.
    """

    code = "LR112"
    severity = "note"
    bad = example(run_of(10, 100), ONE_CYCLE)
    good = example(run_of(10, 100), ONE_CYCLE | {"cycle_momentum": False})

    def check(self, case: Case) -> Finding | None:
        for _, schedule, bound, _ in case.nodes():
            if schedule.momentum_between and bound.momentum(np.float64(0.0)) is not None:
                low, high = (getattr(schedule, name) for name in schedule.momentum_between)
                says = (
                    f"{schedule.native} takes momentum (Adam: beta1) from {shown(high)} down to {shown(low)} "
                    "and back, whatever the optimizer was given; an optimizer with neither is refused."
                )
                return self.found(case, says)
        return None


class FinalDivision(Rule):
    """The last rate of a one-cycle is max_lr / div_factor / final_div_factor, not max_lr / final_div_factor.

    Why: With the defaults it is 4 millionths of the peak, so the last steps do next to nothing; a reader of the formula
    with one division expects 25 times as much. The peak is one step earlier than in optax.

    Instead: Read start, peak and end in numbers; set final_div_factor for the end that is wanted.

    Source: numenta/nupic.research#360, pytorch/pytorch#40362 (two phases, where the paper has three),
    PaddlePaddle/Paddle#41825.
    """

    code = "LR113"
    severity = "note"
    bad = example(run_of(10, 100), ONE_CYCLE)
    good = example(run_of(10, 100), ONE_CYCLE | {"div_factor": 10.0, "final_div_factor": 100.0})

    def check(self, case: Case) -> Finding | None:
        cycle = case.bound.twice_divided()
        if cycle is None or cycle.first * cycle.second <= NOTHING:
            return None
        start, end = cycle.peak / cycle.first, cycle.peak / cycle.first / cycle.second
        says = (
            f"Starts at {shown(start)}, peaks at {shown(cycle.peak)} at tick {shown(cycle.tick)}, ends at {end:.3g}: "
            f"max_lr / (div_factor * final_div_factor), and not {cycle.peak / cycle.second:.3g}, which is "
            "max_lr / final_div_factor."
        )
        return self.found(case, says)


class RestartCut(Rule):
    """The run ends in the middle of a cycle.

    Why: The last step uses a rate high above the minimum, so that the weights taken home are not annealed; cycles that
    grow make it likely: the budgets without a cut are T_0 (m^k - 1) / (m - 1).

    Instead: Choose T_0 for the run, or the run for T_0; or take the snapshot of the last minimum.

    Source: Loshchilov & Hutter 2017 (arXiv 1608.03983), pytorch/pytorch#95122, ivadomed/ivadomed#57.
    """

    code = "LR114"
    severity = "warning"
    bad = example(run_of(200, 10), {"kind": RESTARTS, "T_0": 10, "T_mult": 2}, clock="epoch")
    good = example(run_of(150, 10), {"kind": RESTARTS, "T_0": 10, "T_mult": 2}, clock="epoch")

    def check(self, case: Case) -> Finding | None:
        for path, _, bound, last in case.nodes():
            cycles = bound.restarts() if last else None
            if cycles is None:
                continue
            ticks = bound.ticks_left - int(cycles.begin)
            if ticks < 1:
                continue
            done, length, number = cycle_at(ticks - 1, cycles.first, cycles.times)
            missing, left = length - done - 1, bound.height(done, length)
            if number >= cycles.most:
                continue
            if missing <= max(1.0, NOTICED * length) or left <= CUT:
                continue
            fix = self._nearly_whole(path, bound, cycles, ticks) if float(cycles.first).is_integer() else None
            says = (
                f"Cycle {number + 1} of {shown(length)} ticks is cut after {shown(done + 1)}: "
                f"the last step is {percent(left)} of the way above the "
                f"minimum, at {shown(case.last)}."
            )
            return self.found(case, says, step=case.run.steps - 1, fix=fix)
        return None

    @staticmethod
    def _nearly_whole(path: Path, bound: Schedule, cycles: Cycles, ticks: int) -> tuple[str, dict[Path, object]] | None:
        """The fix that fills the run with whole cycles, all but a rest that nobody notices.

        Of the first cycles that do, it takes the one nearest to the given one.
        """
        fitting = {}
        for k in range(1, MOST_CYCLES + 1):
            _, length = first_length(ticks, k, cycles.times)
            done, its, number = cycle_at(ticks - 1, length, cycles.times)
            if length >= 1 and number == k - 1 and bound.height(done, its) <= CUT:
                fitting[length] = (k, its - done - 1)
        if not fitting:
            return None
        best = min(fitting, key=lambda length: abs(math.log(length / cycles.first)))
        k, missing = fitting[best]
        short = f", the last {number_of(missing, 'tick')} short" if missing >= 1 else ""
        return setting({(*path, cycles.length): best}, f"{number_of(k, 'cycle')} in {shown(ticks)} ticks{short}")


class FloorNeverReached(Rule):
    """The last tick of a cycle is well above eta_min: the restart comes one tick before the minimum would.

    Why: A cycle of T ticks ends (pi / 2T) ** 2 of the way above its floor: 2.45 % for 10 epochs stepped once per epoch.
    Snapshots are taken there.

    Instead: Step every batch, with the durations in steps; the gap all but vanishes.

    Source: pytorch/pytorch#47560, pytorch/pytorch#11104.
    """

    code = "LR115"
    severity = "note"
    bad = example(run_of(70, 100), {"kind": RESTARTS, "T_0": 10, "T_mult": 2}, clock="epoch")
    good = example(run_of(70, 100), {"kind": RESTARTS, "T_0": 1000, "T_mult": 2})

    def check(self, case: Case) -> Finding | None:
        for _, _, bound, last in case.nodes():
            cycles = bound.restarts() if last else None
            if cycles is None:
                continue
            first, factor = cycles.first, cycles.times
            gap = bound.height(first - 1, first)
            if first <= 1 or gap <= NOTICED:
                continue
            says = f"The last tick of the first cycle of {shown(first)} is {percent(gap)} of the way above the minimum"
            if factor > 1:
                second = first * factor
                says += f", of the next, of {shown(second)}, {percent(bound.height(second - 1, second))}"
            says += "."
            fix = None
            if case.trial.clock == "epoch" and case.run.updates > 1:
                title, changes = setting(spans.scaled(case.schedule, case.run.updates))
                fix = (f"Step every batch: {title[0].lower()}{title[1:]}", changes | {("clock",): "step"})
            return self.found(case, says, step=case.step(case.calls - bound.ticks_left + first) - 1, fix=fix)
        return None


class NeverRestarts(Rule):
    """A schedule with restarts in its name is left at one cycle, and never restarts.

    Why: num_cycles is 1 by default: the curve is that of the plain cosine, to the last digit.

    Instead: Set num_cycles (lr_scheduler_kwargs={"num_cycles": 3}), or choose the plain cosine.

    Source: huggingface/transformers#20552, huggingface/diffusers#1232, kohya-ss/sd-scripts#217.
    """

    code = "LR116"
    severity = "warning"
    _HARD = "transformers.get_cosine_with_hard_restarts_schedule_with_warmup"
    bad = example(run_of(10, 100), {"kind": _HARD, "num_warmup_steps": 100, "num_training_steps": 1000})
    good = example(
        run_of(10, 100), {"kind": _HARD, "num_warmup_steps": 100, "num_training_steps": 1000, "num_cycles": 3}
    )

    def check(self, case: Case) -> Finding | None:
        name = case.schedule.waves_by
        if not case.schedule.hard_restarts or getattr(case.schedule, name) > 1:
            return None
        given = f"{name} = {shown(getattr(case.schedule, name))}"
        return self.found(case, f"{given} makes one cosine to the end and no restart; 3 would restart twice.")


RULES = (GroupsFlattened(), MomentumCycled(), FinalDivision(), RestartCut(), FloorNeverReached(), NeverRestarts())
