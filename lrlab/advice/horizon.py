"""Horizons: schedules that end before the run does, after it, or count a warmup that they should not."""

from __future__ import annotations

import math

from lrlab.advice import fit
from lrlab.advice.base import NOTICED, Case, Finding, Rule, example, many, percent, run_of, setting, shown
from lrlab.schedules.spans import Length

COSINE = "torch.CosineAnnealingLR"
CUT = 0.05
"""A share of the way from the floor to the peak that a schedule may leave undone at its last step."""
COOLDOWN = 0.1
"""The share of the run that timm's cooldown_epochs take at most: epochs at lr_min, added on purpose."""


def _fit(length: Length) -> tuple[str, dict[tuple[str | int, ...], object]]:
    return setting({length.path: int(max(length.fits, 1))})


class HorizonShorterThanRun(Rule):
    """The schedule ends before the run does.

    Why: After its end a cosine climbs back towards the peak and undoes the annealing; others train on at nothing, or at
    their floor.

    Instead: Give the horizon of the run, or leave it to follow the run; count the calls that are really made.

    Source: tracel-ai/burn#5128, Nerogar/OneTrainer#1604; inclusionAI/AReaL#1289 for steps wasted at 0.
    """

    code = "LR103"
    severity = "warning"
    bad = example(run_of(10, 100), {"kind": COSINE, "T_max": 900})
    good = example(run_of(10, 100), {"kind": COSINE, "T_max": 1000})

    def check(self, case: Case) -> Finding | None:
        if case.peak <= 0 or case.calls >= case.bound.raises_at():  # where it raises nothing climbs
            return None
        for length in case.lengths:
            if not length.last or fit.misfit(case, length) not in {"short", "rounding"} or length.value >= length.fits:
                continue
            end = fit.end(case, length)
            left = case.calls - 1 - end
            if left < 1:
                continue
            final, highest = case.rate(end), case.highest(case.step(end))
            where = f"{length.name} = {shown(length.value)} ends at tick {shown(end)} of {shown(case.calls)}"
            if highest - final > NOTICED * case.peak:
                says = f"{where}; after that the rate climbs again, to {shown(highest)}, {percent(highest / case.peak)} of the peak."
            elif fit.misfit(case, length) == "rounding" or left <= NOTICED * case.calls:
                continue
            elif case.last <= NOTICED / 10 * case.peak and not (
                case.schedule.framework == "timm" and final > 0 and left <= COOLDOWN * case.calls
            ):
                says = f"{where}; the last {many(left, 'tick')} ({percent(left / case.calls)} of the run) run at {shown(case.last)}."
            else:
                says = f"{where}; the last {many(left, 'tick')} ({percent(left / case.calls)} of the run) run level at {shown(case.last)}."
                return self.found(case, says, step=case.step(end), fix=_fit(length), severity="note")
            return self.found(case, says, step=case.step(end), fix=_fit(length))
        return self._idle(case)

    def _idle(self, case: Case) -> Finding | None:
        """A schedule that says its length in another way, and is at 0 long before the run's end."""
        idle = case.run.steps - case.falls_to_zero
        if idle <= max(1, NOTICED * case.run.steps) or any(length.last for length in case.lengths):
            return None
        says = f"The last {many(idle, 'step')} ({percent(idle / case.run.steps)} of the run) run at a rate of 0."
        return self.found(case, says, step=case.falls_to_zero)


def left_undone(case: Case, length: Length) -> tuple[float, float]:
    """The rate at the end of a curve that is longer than the run, and how far above it the last step still is, as a
    share of the peak's height.
    """
    floor = case.rate(min(fit.end(case, length), case.bound.raises_at() - 2))  # OneCycleLR ends a tick before its total
    return floor, (case.last - floor) / (case.peak - floor) if case.peak > floor else 0.0


class HorizonLongerThanRun(Rule):
    """The run ends before the schedule does.

    Why: The rate never comes down to its end, and with it goes the gain of the annealed last part; nothing warns.

    Instead: Give the horizon of the run, unless stopping early is the plan: then dismiss this.

    Source: huggingface/diffusers#6137.
    """

    code = "LR104"
    severity = "warning"
    bad = example(run_of(10, 100), {"kind": COSINE, "T_max": 2000})
    good = example(run_of(10, 100), {"kind": COSINE, "T_max": 1000})

    def check(self, case: Case) -> Finding | None:
        for length in case.lengths:
            if not length.last or fit.misfit(case, length) != "long":
                continue
            floor, left = left_undone(case, length)
            if left > CUT:
                ran = case.calls / fit.end(case, length)
                says = (
                    f"Only {percent(ran)} of the curve runs: {length.name} = {shown(length.value)} where {shown(length.fits)} would fit, and the "
                    f"last step uses {shown(case.last)}, {percent(left)} of the way above the end at {shown(floor)}."
                )
                return self.found(case, says, step=case.run.steps - 1, fix=_fit(length))
        return None


class _Warmup(Rule):
    """What the two rules on a warmup counted twice share."""

    severity = "warning"

    def look(self, case: Case, *, alone: bool) -> Finding | None:
        """`alone`: the warmup is an argument of the schedule whose horizon it is, and no part before it."""
        for length in case.lengths:
            rise = case.rise
            if (
                rise is None
                or not length.last
                or fit.misfit(case, length) != "warmup"
                or (rise.path[:-1] == length.path[:-1]) != alone
            ):
                continue
            right = f"{length.name} {'includes' if length.fits >= case.calls - 1 else 'excludes'} the warmup of {shown(rise.value)} here"
            if length.value > length.fits:
                _, left = left_undone(case, length)
                effect = f"the curve is {many(length.value - length.fits, 'tick')} too long and ends {percent(left)} of the way above its floor"
            else:
                effect = f"the curve is over {many(length.fits - length.value, 'tick')} before the run, whose last step uses {shown(case.last)}"
            return self.found(
                case, f"{right}: with {shown(length.value)} {effect}; {shown(length.fits)} fits.", fix=_fit(length)
            )
        return None


class WarmupCountedTwice(_Warmup):
    """The warmup before a schedule is counted in its horizon too, or taken off twice.

    Why: Behind a milestone of SequentialLR the next part counts from 0: with T_max of the whole run the cosine never
    comes down; with the warmup taken off twice it comes down early and climbs.

    Instead: T_max = steps of the run - warmup.

    Source: inclusionAI/AReaL#1289, huggingface/transformers#4940, PaddlePaddle/PaddleDetection#4611.
    """

    code = "LR105"
    bad = example(
        run_of(10, 100),
        {
            "kind": "torch.SequentialLR",
            "milestones": [100],
            "schedulers": [
                {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 100},
                {"kind": COSINE, "T_max": 1000},
            ],
        },
    )
    good = example(
        run_of(10, 100),
        {
            "kind": "torch.SequentialLR",
            "milestones": [100],
            "schedulers": [
                {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 100},
                {"kind": COSINE, "T_max": 900},
            ],
        },
    )

    def check(self, case: Case) -> Finding | None:
        return self.look(case, alone=False)


class SameNameOtherMeaning(_Warmup):
    """The horizon counts the warmup as another framework would.

    Why: decay_steps includes the warmup in optax and excludes it in Keras; num_training_steps includes it; timm's
    t_initial does unless warmup_prefix is set. A number carried over from one to the other ends the curve early or late
    by the warmup.

    Instead: See the schedule's entry in the gallery: what the argument is elsewhere, worked out.

    Source: google-deepmind/optax#835, huggingface/pytorch-image-models#1242, huggingface/pytorch-image-models#2312.
    """

    code = "LR106"
    bad = example(
        run_of(10, 11),
        {
            "kind": "keras.CosineDecay",
            "initial_learning_rate": 0.0,
            "warmup_target": 0.1,
            "warmup_steps": 10,
            "decay_steps": 110,
        },
    )
    good = example(
        run_of(10, 11),
        {
            "kind": "keras.CosineDecay",
            "initial_learning_rate": 0.0,
            "warmup_target": 0.1,
            "warmup_steps": 10,
            "decay_steps": 100,
        },
    )

    def check(self, case: Case) -> Finding | None:
        return self.look(case, alone=True)


class Overrun(Rule):
    """The scheduler raises an error before the run is over.

    Why: OneCycleLR takes exactly total_steps steps; the first one too many runs at an extrapolated rate, below zero
    with "linear", and the next call of step() stops the training.

    Instead: total_steps is the number of calls that are made; count them with len(loader) of the loader that trains.

    Source: pytorch/pytorch#38170, pytorch/pytorch#92040, vLAR-group/GrowSP#11, A4Bio/PiFold#6.
    """

    code = "LR110"
    severity = "error"
    bad = example(
        run_of(10, 101), {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 1000, "anneal_strategy": "linear"}
    )
    good = example(
        run_of(10, 100), {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 1000, "anneal_strategy": "linear"}
    )

    def check(self, case: Case) -> Finding | None:
        raises = case.bound.raises_at()
        if not math.isfinite(raises) or case.calls < raises:
            return None
        total = getattr(case.bound, "total_steps", None)
        typed = next((bound.raises_in for _, _, bound, _ in case.nodes() if bound.raises_in), "")
        says = f"step() raises at its call number {shown(raises)}, and the run makes {many(case.calls, 'call')}."
        fix = None
        if typed:
            why = "by a division by zero, a power beyond every float or no real number"
            says = f"{typed} raises at tick {shown(raises)}, {why}, and the run makes {many(case.calls, 'call')}."
        if total is not None:
            past = case.rate(total)
            sign = ", below zero" if past < 0 else ""
            says = f"total_steps is {shown(total)}: {says} Before that, the step at tick {shown(total)} uses {past:.3g}{sign}."
            fix = setting({("total_steps",): case.calls})
        return self.found(case, says, step=case.step(raises - 1 if total is not None else raises), fix=fix)
