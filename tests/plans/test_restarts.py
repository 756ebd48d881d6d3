"""Plans of restarts: the SGDR paper's figures, the genuine rule walked tick by tick, and that what a plan offers keeps
its word.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import oracle
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lrlab import engine
from lrlab.document import Experiment, parse
from lrlab.document.run import first_step, ticks
from lrlab.plans import restarts
from lrlab.plans.restarts import Plan, first_length, plan, with_budget, with_first_length

if TYPE_CHECKING:
    from collections.abc import Iterator

SGDR: dict[str, Any] = {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 2}
RAMP = {"kind": "torch.LinearLR", "start_factor": 0.5, "total_iters": 7}
KERAS = {"kind": "keras.CosineDecayRestarts", "initial_learning_rate": 0.1, "first_decay_steps": 10}
TIMM = {"kind": "timm.CosineLRScheduler", "t_initial": 10, "cycle_limit": 3}
SEQUENCE = {"kind": "torch.SequentialLR", "schedulers": [RAMP, SGDR], "milestones": [7]}
LUMPS = {"samples": 40, "batch_size": 1, "accumulate": 4, "epochs": 1}
CIFAR = {"samples": 50_000, "batch_size": 128, "epochs": 200}


def planned(experiment: Experiment) -> Plan:
    found = plan(experiment.run, experiment.trials[0])
    assert found is not None
    return found


def rates(experiment: Experiment, steps: Any = None) -> np.ndarray:
    return engine.lr(experiment.run, experiment.trials[0], np.arange(experiment.run.steps) if steps is None else steps)


def changed(experiment: Experiment, changes: dict[tuple[str | int, ...], Any]) -> Experiment:
    """The changes put into the first trial's document, which is then read anew."""
    document = experiment.document()
    for path, value in changes.items():
        here: Any = document["trials"][0]
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = value
    return parse(document)


def for_budget(experiment: Experiment, budget: restarts.Budget) -> Experiment | None:
    run = with_budget(experiment.run, experiment.trials[0].clock, budget.ticks)
    return None if run is None else parse(experiment.document() | {"run": run.model_dump(exclude_unset=True)})


def cycle_of_each_tick(first: int, factor: int) -> Iterator[int]:
    """torch's own step(): T_cur grows by one, and at T_i a cycle begins that is T_mult times as long."""
    cycle, since, length = 0, 0, first
    while True:
        yield cycle
        since += 1
        if since >= length:
            since -= length
            length *= factor
            cycle += 1


runs = st.one_of(
    st.fixed_dictionaries({"total_steps": st.integers(1, 120)}, optional={"steps_per_epoch": st.integers(1, 30)}),
    st.fixed_dictionaries(
        {"samples": st.integers(32, 60), "batch_size": st.integers(1, 4), "epochs": st.integers(1, 3)},
        optional={
            "devices": st.integers(1, 2), "accumulate": st.integers(1, 4), "drop_last": st.booleans(),
            "leftover": st.sampled_from(["step", "drop"]),
        },
    ),
)  # fmt: skip
clocks = st.sampled_from(["step", "epoch", "micro_batch", "process"])
experiments = st.builds(
    lambda run, clock, first, factor, warmup: oracle.experiment(
        SEQUENCE | {"schedulers": [RAMP, SGDR | {"T_0": first, "T_mult": factor}], "milestones": [warmup]},
        run=run, clock=clock,
    ),
    runs, clocks, st.integers(1, 40), st.integers(1, 4), st.integers(0, 12),
).filter(lambda e: plan(e.run, e.trials[0]) is not None)  # fmt: skip


def test_the_paper_in_epochs() -> None:
    """Loshchilov & Hutter 2017: T_0 10 and T_mult 2 come to a minimum at 10, 30, 70, 150 and 310 epochs; 200 stop
    inside the fifth cycle.
    """
    found = planned(oracle.experiment(SGDR, run=CIFAR, clock="epoch"))
    assert [end.tick for end in found.ends] == [10, 30, 70, 150]
    assert [end.snapshot for end in found.ends] == [epochs * 391 - 1 for epochs in (10, 30, 70, 150)]
    assert (found.whole, found.cut, found.share) == (4, True, 50 / 160)
    assert found.height == pytest.approx((1 + math.cos(math.pi * 49 / 160)) / 2, rel=1e-12)
    assert found.last_lr == pytest.approx(0.1 * found.height, rel=1e-12)
    assert found.below == restarts.Budget(4, 150, 150 * 391, 150)
    assert found.above == restarts.Budget(5, 310, 310 * 391, 310)


@pytest.mark.parametrize(("factor", "height"), [(2, 0.778), (3, 0.843)])
def test_how_high_a_cut_cycle_is_left(factor: int, height: float) -> None:
    """Tick 200 behind cycles of 10, 20, 40, 80 or 10, 30, 90 ticks, which is the last of 201."""
    found = planned(oracle.experiment(SGDR | {"T_mult": factor}, steps=201))
    assert found.cut
    assert found.height == pytest.approx(height, abs=5e-4)


@pytest.mark.parametrize(("length", "above"), [(10, 0.0245), (1000, (math.pi / 2000) ** 2)])
def test_a_snapshot_is_not_at_eta_min(length: int, above: float) -> None:
    """The last tick of 10 is 2.45 % of the way above it, of T (pi / 2T) ** 2."""
    found = planned(oracle.experiment(SGDR | {"T_0": length, "T_mult": 1, "eta_min": 0.02}, steps=3 * length))
    assert [end.snapshot for end in found.ends] == [length - 1, 2 * length - 1, 3 * length - 1]
    for end in found.ends:
        assert (end.lr - 0.02) / 0.08 == pytest.approx(above, rel=2e-3)


@pytest.mark.parametrize(("schedule", "path", "begin"), [
    (SGDR, (), 0),
    (SEQUENCE, ("schedulers", 1), 7),
    ({"kind": "torch.ChainedScheduler", "schedulers": [RAMP, SGDR]}, ("schedulers", 1), 0),
    (
        {
            "kind": "warmup_scheduler.GradualWarmupScheduler", "multiplier": 1.0, "total_epoch": 5,
            "after_scheduler": SGDR,
        },
        ("after_scheduler",), 6,
    ),
    (
        {
            "kind": "paddle.LinearWarmup", "warmup_steps": 8, "start_lr": 0.0, "end_lr": 0.1,
            "learning_rate": SGDR | {"kind": "paddle.CosineAnnealingWarmRestarts", "learning_rate": 0.1},
        },
        ("learning_rate",), 8,
    ),
    (KERAS, (), 0),
    (TIMM | {"cycle_limit": 9, "warmup_t": 4, "warmup_prefix": True}, (), 4),
    (TIMM | {"cycle_limit": 9, "warmup_t": 4}, (), 0),
])  # fmt: skip
def test_the_first_cycle_begins_behind_what_comes_before(
    schedule: dict[str, Any], path: tuple[str | int, ...], begin: int
) -> None:
    """The rate falls in every cycle, the warmup over, and rises at its end."""
    experiment = oracle.experiment(schedule, steps=90)
    found = planned(experiment)
    assert (found.path, found.begin, found.left) == (path, begin, 90 - begin)
    assert set(with_first_length(found, 5)) == {("schedule", *path, found.length)}
    rises = np.flatnonzero(np.diff(rates(experiment)) > 0) + 1
    assert [end.step for end in found.ends if end.step < 90] == [step for step in rises if step > begin + 4]
    assert found.ends[0].step == begin + 10


@pytest.mark.parametrize("schedule", [
    {"kind": "torch.CosineAnnealingLR", "T_max": None},
    TIMM | {"cycle_limit": 1},
    TIMM | {"warmup_t": 20, "warmup_prefix": True},
    TIMM | {"warmup_t": 19.5, "warmup_prefix": True},
    SEQUENCE | {"milestones": [20]},
    SEQUENCE | {"milestones": [30]},
    {"kind": "torch.SequentialLR", "schedulers": [SGDR, RAMP], "milestones": [15]},
    {"kind": "warmup_scheduler.GradualWarmupScheduler", "multiplier": 1.0, "total_epoch": 19, "after_scheduler": SGDR},
], ids=str)  # fmt: skip
def test_nothing_to_plan(schedule: dict[str, Any]) -> None:
    experiment = oracle.experiment(schedule, steps=20)
    assert plan(experiment.run, experiment.trials[0]) is None


@example(
    oracle.experiment(
        SEQUENCE | {"schedulers": [RAMP, SGDR | {"T_0": 1, "T_mult": 1}], "milestones": [0]},
        run=LUMPS,
        clock="micro_batch",
    )
)
@given(experiments)
def test_the_ends_are_those_of_the_rule_walked_tick_by_tick(experiment: Experiment) -> None:
    """An end is an optimizer step in another cycle than the one before, the step behind the last one included."""
    run, trial, found = experiment.run, experiment.trials[0], planned(experiment)
    owner: Any = experiment.trials[0].schedule.children()["schedulers.1"]
    at = [int(ticks(run, trial.clock, step)) - int(found.begin) for step in range(run.steps + 1)]
    walk = list(itertools.islice(cycle_of_each_tick(owner.T_0, owner.T_mult), max(at) + 1))
    cycle = [walk[max(tick, 0)] for tick in at]
    ends = [step for step in range(1, run.steps + 1) if cycle[step] > cycle[step - 1]]
    assert [end.step for end in found.ends] == ends
    assert [end.lr for end in found.ends] == rates(experiment, [step - 1 for step in ends]).tolist()
    first_ticks = [int(found.begin) + walk.index(cycle[step - 1] + 1) for step in ends]
    assert [end.tick for end in found.ends] == first_ticks
    assert found.complete
    assert found.whole == cycle[-1]
    assert found.cut == (cycle[-1] == cycle[-2])
    assert found.last_lr == rates(experiment)[-1]
    assert found.height == pytest.approx(found.last_lr / 0.1, abs=1e-12)
    begun = first_step(run, trial.clock, int(found.begin) + walk.index(cycle[-2]))
    assert found.share == 1 if not found.cut else 0 < found.share < 1
    if found.above is not None and found.cut:
        assert found.share == (run.steps - begun) / (found.above.steps - begun)


@given(experiments)
def test_the_nearest_budgets_enclose_the_run_and_keep_their_word(experiment: Experiment) -> None:
    run, clock, found = experiment.run, experiment.trials[0].clock, planned(experiment)
    assert found.above is not None
    lengths = [
        int(found.begin + found.first * sum(found.times**i for i in range(k))) for k in range(1, found.above.cycles + 2)
    ]
    steps = [first_step(run, clock, length) for length in lengths]
    assert found.above.steps == min(s for s in steps if s >= run.steps)
    assert (found.below.steps if found.below else None) == max((s for s in steps if 0 < s <= run.steps), default=None)
    for budget in filter(None, (found.below, found.above)):
        assert budget.ticks == lengths[budget.cycles - 1]
        other = for_budget(experiment, budget)
        assert (budget.epochs is None) == (budget.steps % run.updates > 0)
        assert (other is None) == ("samples" in experiment.document()["run"] and budget.epochs is None)
        if other is not None:
            assert other.run.steps == budget.steps
            assert not planned(other).cut
            assert planned(other).whole == budget.cycles


@given(experiments)
def test_a_chosen_first_length_makes_just_so_many_cycles(experiment: Experiment) -> None:
    """The last optimizer step is in the k-th, which fills the ticks left to it; one tick less in the first, and all k
    are over before.
    """
    found, run, clock = planned(experiment), experiment.run, experiment.trials[0].clock
    last = int(ticks(run, clock, run.steps - 1)) - int(found.begin)
    assert found.choices[0].length == found.choices[0].exact == found.left
    for choice in found.choices:
        other = planned(changed(experiment, with_first_length(found, choice.length)))
        assert (other.first, other.begin) == (choice.length, found.begin)
        assert (
            next(itertools.islice(cycle_of_each_tick(choice.length, int(found.times)), last, None)) == choice.cycles - 1
        )
        terms = sum(found.times**i for i in range(choice.cycles))
        assert choice.exact == pytest.approx(found.left / terms, rel=1e-12)
        assert (choice.length - 1) * terms < found.left <= choice.length * terms


@given(st.integers(1, 60), st.integers(1, 4))
def test_a_number_of_cycles_that_is_not_offered_cannot_be_had(steps: int, factor: int) -> None:
    """No whole first length of at least one tick lets the run end in that cycle and be filled by it."""
    found = planned(oracle.experiment(SGDR | {"T_mult": factor}, steps=steps))
    offered = {choice.cycles for choice in found.choices}
    for k in range(1, 51):
        sums = [sum(factor**i for i in range(n)) for n in (k - 1, k)]
        possible = any(first * sums[0] < steps <= first * sums[1] for first in range(1, steps + 1))
        assert (k in offered) == (possible and sums[1] <= steps)


def test_first_lengths_known_by_heart() -> None:
    assert first_length(210, 3, 2) == (30, 30)
    assert first_length(150, 4, 2.0) == (10, 10)
    assert first_length(200, 4, 2) == (pytest.approx(200 / 15), 14)
    assert first_length(100, 3, 1) == (pytest.approx(100 / 3), 34)
    assert first_length(25, 2, 1.5) == (pytest.approx(10), 10)
    assert first_length(23, 2, 1.3) == (pytest.approx(10), 10)
    assert first_length(10**12, 1, 1.0000001)[1] == 10**12
    nearly = Fraction(1 + 1e-12)
    assert first_length(10**6, 90, 1 + 1e-12)[0] == pytest.approx(
        float(10**6 / sum(nearly**i for i in range(90))), rel=1e-13
    )


@pytest.mark.parametrize(("schedule", "factor"), [
    (KERAS | {"t_mul": 1.5}, "1.5"), (KERAS | {"t_mul": 1.4}, "1.4"), (KERAS | {"t_mul": 1.1}, "1.1"),
    (KERAS | {"t_mul": 2.0, "first_decay_steps": 2.5}, "2"),
    (KERAS | {"t_mul": 1.0, "first_decay_steps": 2.5}, "1"), (KERAS | {"t_mul": 0.9}, "0.9"),
    (TIMM | {"cycle_mul": 1.1, "cycle_limit": 40}, "1.1"), (TIMM | {"cycle_mul": 1.3, "cycle_limit": 4}, "1.3"),
], ids=str)  # fmt: skip
def test_factors_that_are_no_whole_numbers(schedule: dict[str, Any], factor: str) -> None:
    """With exact fractions an end is the first tick at or after the sum; there the rate rises, while cycles are long
    enough to be seen.
    """
    experiment = oracle.experiment(schedule, steps=95)
    found = planned(experiment)
    first = Fraction(schedule.get("first_decay_steps", 10))
    sums = itertools.accumulate(first * Fraction(factor) ** i for i in range(schedule.get("cycle_limit", 1000)))
    want = [tick for tick in dict.fromkeys(math.ceil(s) for s in sums) if tick <= 95]
    assert [end.tick for end in found.ends] == want
    rises = set((np.flatnonzero(np.diff(rates(experiment)) > 0) + 1).tolist())
    assert {step for step in rises if step < 60} == {tick for tick in want if tick < 60}
    for choice in found.choices:
        other = planned(changed(experiment, with_first_length(found, choice.length)))
        assert other.whole + other.cut == choice.cycles


def test_behind_the_last_of_timms_cycles_nothing_is_cut() -> None:
    found = planned(oracle.experiment(TIMM | {"lr_min": 0.01}, steps=35))
    assert [end.tick for end in found.ends] == [10, 20, 30]
    assert (found.whole, found.share, found.height, found.last_lr, found.above) == (3, 1, 0, 0.01, None)
    assert found.below == restarts.Budget(3, 30, 30, None)
    assert [choice.length for choice in found.choices] == [35, 18, 12]


@pytest.mark.parametrize("about", [
    {}, {"k_decay": 0.5}, {"kind": "timm.PolyLRScheduler"}, {"kind": "timm.TanhLRScheduler"},
    {"cycle_mul": 1.5, "cycle_decay": 0.5},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("warmup", [{}, {"warmup_t": 4, "warmup_prefix": True}], ids=["", "warmed up"])
def test_the_height_is_that_of_the_rate(about: dict[str, Any], warmup: dict[str, Any]) -> None:
    """Measured against what a restart comes back to, which is base_lr times cycle_decay ** cycle."""
    experiment = oracle.experiment(TIMM | {"lr_min": 0.01} | about | warmup, steps=19)
    found = planned(experiment)
    assert (found.whole, found.cut) == (1, True)
    peak = 0.1 * about.get("cycle_decay", 1.0)
    assert found.height == pytest.approx((rates(experiment)[-1] - 0.01) / (peak - 0.01), rel=1e-12)


def test_a_cycle_of_a_floor_is_measured_from_it() -> None:
    found = planned(oracle.experiment(SGDR | {"eta_min": 0.05}, steps=15))
    assert found.last_lr == pytest.approx(0.05 + 0.05 * found.height)


def test_rates_are_the_first_groups() -> None:
    found = planned(oracle.experiment(SGDR, steps=15, base_lr=[0.2, 0.1]))
    alone = planned(oracle.experiment(SGDR, steps=15, base_lr=0.2))
    assert (found.ends, found.last_lr) == (alone.ends, alone.last_lr)


def test_an_epoch_stays_as_long_as_it_was() -> None:
    """A run of steps alone is one epoch; made longer for ticks of epochs it would still be one."""
    found = planned(experiment := oracle.experiment(SGDR, steps=30, clock="epoch"))
    assert found.above == restarts.Budget(1, 10, 300, 10)
    assert with_budget(experiment.run, "epoch", 10).model_dump() == {"total_steps": 300, "steps_per_epoch": 30}
    assert with_budget(experiment.run, "step", 45).model_dump(exclude_unset=True) == {"total_steps": 45}


@pytest.mark.parametrize(("schedule", "whole"), [
    (SGDR | {"T_0": 1, "T_mult": 1}, 10**12),
    (SGDR | {"T_0": 1, "T_mult": 10**6}, 2),
    (SGDR | {"T_0": 10**15}, 0),
    (KERAS | {"t_mul": 1.3e300}, 1),
    (KERAS | {"t_mul": 1e15 + 0.5, "first_decay_steps": 2.5}, 1),
    (KERAS | {"t_mul": 1.0000001}, round(math.log(1 + 10**11 * 1e-7) / math.log(1.0000001)) - 1),
    (TIMM | {"cycle_limit": 10**15}, 10**11),
], ids=str)  # fmt: skip
def test_any_numbers_are_planned_at_once(schedule: dict[str, Any], whole: int) -> None:
    """1e12 steps: cycles are counted, not walked, and only some are listed."""
    found = planned(oracle.experiment(schedule, steps=10**12))
    assert found.whole == pytest.approx(whole, abs=1)
    assert len(found.ends) == min(whole, restarts.MOST_LISTED)
    assert found.complete == (whole <= restarts.MOST_LISTED)
    assert found.below is None or found.below.steps <= 10**12
    assert found.above is None or found.above.steps == 10**12
    assert len(found.choices) <= restarts.MOST_CHOICES


def test_cycles_too_short_to_be_seen_are_counted() -> None:
    found = planned(oracle.experiment(KERAS | {"t_mul": 2.0, "first_decay_steps": 1e-300}, steps=10**5))
    assert found.whole == math.floor(math.log2(1e305))
    assert [(end.tick, end.step) for end in found.ends] == [(1, 1)]
    assert not found.complete


def test_cycles_that_get_shorter_have_no_budget_behind_their_end() -> None:
    """10.2 ticks and half as many each time are over at 20.4, from where keras has no rate: the fourth and the fifth
    end before tick 20.
    """
    found = planned(oracle.experiment(KERAS | {"t_mul": 0.5, "first_decay_steps": 10.2}, steps=20))
    assert [end.tick for end in found.ends] == [11, 16, 18, 20]
    assert found.above == found.below == restarts.Budget(5, 20, 20, 1)
    assert planned(oracle.experiment(KERAS | {"t_mul": 0.1, "first_decay_steps": 18.2}, steps=20)).above is None
