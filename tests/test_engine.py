"""What the chart draws and what the numbers say, against every step of runs that can be walked and against arithmetic
for those that cannot.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import budget
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lrlab
from lrlab import engine
from lrlab.document.run import calls, ticks
from lrlab.schedules import KINDS
from lrlab.schedules.torch.simple import CosineAnnealingLR, CosineAnnealingWarmRestarts

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 2000
"""Points of a line that the engine promises not to exceed."""
LENGTHS = [1, 2, 999, 1000, 1001, 10**4, 10**6, 10**9, 10**12]


def restarts(first: int, factor: int = 1, **more: Any) -> dict[str, Any]:
    return {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": first, "T_mult": factor} | more


def long(schedule: dict[str, Any], steps: int, per_epoch: int = 1000, **about: Any) -> lrlab.Experiment:
    return oracle.experiment(schedule, run={"total_steps": steps, "steps_per_epoch": min(per_epoch, steps)}, **about)


# Rates


@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (2, 3), (2, 0, 4)])
def test_the_shape_of_steps_is_the_shape_of_rates_behind_the_groups(shape: tuple[int, ...]) -> None:
    steps = np.full(shape, 7)
    for base_lr, lead in ((0.1, ()), ([0.1], (1,)), ([0.1, 0.2, 0.3], (3,))):
        experiment = oracle.experiment({"kind": "torch.OneCycleLR", "max_lr": 0.2, "total_steps": 20}, base_lr=base_lr)
        for get in (engine.lr, engine.momentum):
            got = get(experiment.run, experiment.trials[0], steps)
            assert got.shape == (*lead, *shape)
            assert got.dtype == np.float64


def test_groups_have_the_rates_that_they_have_alone() -> None:
    lists = {
        "kind": "torch.OneCycleLR",
        "max_lr": [0.1, 0.5],
        "total_steps": None,
        "base_momentum": [0.5, 0.6],
        "max_momentum": [0.7, 0.8],
    }
    both = oracle.experiment(lists, base_lr=[1.0, 2.0])
    steps = np.arange(20)
    for group in range(2):
        one = {name: value[group] if isinstance(value, list) else value for name, value in lists.items()}
        alone = oracle.experiment(one, base_lr=[1.0, 2.0][group])
        for get in (engine.lr, engine.momentum):
            assert np.array_equal(get(both.run, both.trials[0], steps)[group], get(alone.run, alone.trials[0], steps))


@pytest.mark.parametrize("kind", KINDS)
@budget.share("engine", 900, len(KINDS))
@given(data=st.data())
def test_a_clock_only_moves_the_ticks(kind: str, data: st.DataObject) -> None:
    """The rate at a step is the rate by the step clock at that step's tick, for a schedule bound to as many ticks."""
    document = data.draw(strategies.documents(kind))
    experiment = lrlab.document.parse(document)
    run, trial = experiment.run, experiment.trials[0]
    at = ticks(run, trial.clock, np.arange(run.steps))
    plain = document | {
        "run": {"total_steps": calls(run, trial.clock)},
        "trials": [document["trials"][0] | {"clock": "step"}],
    }
    straight = lrlab.document.parse(plain)
    assert np.array_equal(engine.lr(run, trial, np.arange(run.steps)), engine.lr(straight.run, straight.trials[0], at))


def test_momentum_is_none_where_it_is_not_cycled() -> None:
    for schedule in (
        restarts(5),
        {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 9, "cycle_momentum": False},
    ):
        experiment = oracle.experiment(schedule)
        assert engine.momentum(experiment.run, experiment.trials[0], [1, 2]) is None
        assert engine.curves(experiment)[0].momentum is None


@pytest.mark.parametrize("clock", ["step", "epoch"])
def test_a_rate_that_is_not_finite_is_refused_by_its_tick(clock: str) -> None:
    experiment = long({"kind": "torch.ExponentialLR", "gamma": 1e10}, 300 if clock == "epoch" else 30, 10, clock=clock)
    run, trial = experiment.run, experiment.trials[0]
    first = 1 + int(308.25 - np.log10(trial.base_rates[0])) // 10  # behind the end of the run
    engine.lr(run, trial, np.arange(run.steps))
    with pytest.raises(lrlab.DocumentError, match=rf"tick {first}$"):
        engine.lr(run, trial, np.arange(4000))


def test_all_steps_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = long(restarts(7, 2), 100)
    monkeypatch.setattr(engine, "CHUNK", 33)
    pieces = list(engine.chunks(experiment.run, experiment.trials[0]))
    assert [steps.size for steps, _ in pieces] == [33, 33, 33, 1]
    assert np.concatenate([steps for steps, _ in pieces]).tolist() == list(range(100))
    assert np.array_equal(
        np.concatenate([lr for _, lr in pieces]), engine.lr(experiment.run, experiment.trials[0], np.arange(100))
    )


# The chart


def well_formed(curve: engine.Curve, steps: int) -> None:
    assert 0 < curve.steps.size <= MOST
    assert np.all(np.diff(curve.steps) > 0), "steps rise"
    assert curve.steps[0] == 0
    assert curve.steps[-1] == steps - 1
    assert curve.lr.shape[-1] == curve.steps.size
    assert np.isfinite(curve.lr).all()


@pytest.mark.parametrize("kind", KINDS)
@budget.share("engine", 300, len(KINDS))
@given(data=st.data())
def test_a_line_has_at_most_2000_points_and_they_are_the_curve_s(kind: str, data: st.DataObject) -> None:
    document = data.draw(strategies.documents(kind))
    for steps in LENGTHS:
        run = {"total_steps": steps, "steps_per_epoch": data.draw(st.integers(1, steps))}
        try:
            experiment = lrlab.document.parse(document | {"run": run})
        except lrlab.DocumentError as error:
            understood = ("not finite", "pct_start", "phase_pct", "which lrlab keeps", "divide by", "t_mul")
            assert any(words in str(error) for words in understood), error  # noqa: PT017 (a short expression need not last so long)
            continue
        curve = engine.curves(experiment)[0]
        well_formed(curve, steps)
        assert np.array_equal(curve.lr, engine.lr(experiment.run, experiment.trials[0], curve.steps))


@pytest.mark.parametrize("marks", [0, 1, 250, 251, 500, 5000])
@pytest.mark.parametrize("epochs", [1, 250, 251])
def test_a_line_has_at_most_2000_points_whatever_its_marks_and_epochs(marks: int, epochs: int) -> None:
    steps = 1_000_003
    schedule = {"kind": "torch.MultiStepLR", "milestones": [17 * k + 500 for k in range(marks)], "gamma": 0.999}
    for clock in ("step", "epoch"):
        well_formed(engine.curves(long(schedule, steps, steps // epochs, clock=clock))[0], steps)


def test_runs_of_up_to_1000_steps_are_drawn_whole() -> None:
    for steps in (1, 7, 1000):
        assert engine.curves(long(restarts(3), steps))[0].steps.tolist() == list(range(steps))


@pytest.mark.parametrize(
    "schedule", [restarts(10**3, 2), restarts(10), {"kind": "torch.CosineAnnealingLR", "T_max": None}], ids=str
)
def test_a_longer_run_costs_no_more(schedule: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in points computed, for the chart and for its numbers."""
    computed: list[int] = []
    for kind in (CosineAnnealingLR, CosineAnnealingWarmRestarts):
        monkeypatch.setattr(kind, "curve", counting(kind.curve, computed))

    def cost(work: Callable[[Any, Any], Any], steps: int) -> int:
        experiment = long(schedule, steps, 1000)
        computed.clear()
        work(experiment.run, experiment.trials[0])
        return sum(computed)

    engine._curve.cache_clear()  # noqa: SLF001 (so that all the work is done here)
    short, far = (cost(engine.curve, steps) for steps in (10**4, 10**12))
    assert 0 < far < 1.5 * short + 35_000 < 100_000
    assert cost(engine.summary, 10**12) < 2 * engine.EXACT


def counting(curve: Callable[..., Any], computed: list[int]) -> Callable[..., Any]:
    def counted(self: Any, tick: Any, base_lr: Any, xp: Any = np) -> Any:
        computed.append(np.size(tick))
        return curve(self, tick, base_lr, xp)

    return counted


JUMPING = [
    restarts(10**5, 2), restarts(123_457), {"kind": "torch.StepLR", "step_size": 54_321},
    {"kind": "torch.MultiStepLR", "milestones": [1001, 1002, 777_777, 777_777, 999_999]},
    {"kind": "torch.ConstantLR", "total_iters": 4711},
    {
        "kind": "torch.SequentialLR", "milestones": [31_415, 654_321],
        "schedulers": [
            {"kind": "torch.LinearLR", "total_iters": 50_000}, {"kind": "torch.StepLR", "step_size": 99_991},
            restarts(77_777),
        ],
    },
    {
        "kind": "transformers.get_cosine_with_hard_restarts_schedule_with_warmup", "num_warmup_steps": 1234,
        "num_training_steps": 987_654, "num_cycles": 7,
    },
    {"kind": "cawb.CosineAnnealingWarmbootingLR", "epochs": 900_000, "steps": [300_000, 600_000]},
]  # fmt: skip


@pytest.mark.parametrize("schedule", JUMPING, ids=lambda schedule: str(schedule["kind"]))
@pytest.mark.parametrize("clock", ["step", "epoch", "micro_batch"])
def test_jumps_are_drawn_at_the_very_step(schedule: dict[str, Any], clock: str) -> None:
    """Every step whose rate falls or rises by more than a hundredth of the peak, found among all, is drawn together
    with the one before it.
    """
    run = {"samples": 20_000, "batch_size": 1, "accumulate": 2, "epochs": 100}  # 1e6 steps, 1e4 an epoch
    shorter = (
        json.loads(json.dumps(schedule)) if clock != "epoch" else {"kind": "torch.StepLR", "step_size": 7, "gamma": 0.5}
    )
    experiment = oracle.experiment(shorter, run=run, clock=clock)
    every = engine.lr(experiment.run, experiment.trials[0], np.arange(10**6))
    jumps = np.flatnonzero(np.abs(np.diff(every)) > 0.01 * every.max()) + 1
    assert jumps.size > 0
    drawn = set(engine.curves(experiment)[0].steps.tolist())
    missing = [step for step in jumps.tolist() if not {step, step - 1} <= drawn]
    assert not missing, f"{shorter} jumps at {missing[:5]}, which is not drawn"


@pytest.mark.parametrize("kind", KINDS)
@budget.share("engine", 900, len(KINDS))
@given(data=st.data())
def test_marks_are_drawn_with_the_step_before_them(kind: str, data: st.DataObject) -> None:
    document = data.draw(strategies.documents(kind)) | {"run": {"total_steps": 5000, "steps_per_epoch": 50}}
    try:
        experiment = lrlab.document.parse(document)
    except lrlab.DocumentError as error:
        assert "not finite" in str(error) or "pct_start" in str(error)  # noqa: PT017
        return
    curve = engine.curves(experiment)[0]
    places = {mark.tick for mark in curve.marks}
    assert len(places) == len(curve.marks), "one mark a step"
    assert all(0 < place < 5000 for place in places)
    assert places | {place - 1 for place in places} <= set(curve.steps.tolist())
    assert all(mark.label for mark in curve.marks)


@pytest.mark.parametrize(("length", "floor"), [(10, 0.0), (1000, 0.0), (10, 0.04), (2, 0.0), (10**5, 0.01)])
def test_a_saw_denser_than_pixels_becomes_its_envelope(length: int, floor: float) -> None:
    """In every fortieth of a run of 1e9 steps the line reaches from (almost) the saw's lowest rate to its highest."""
    steps = 10**9
    curve = engine.curves(long(restarts(length, eta_min=floor), steps))[0]
    lowest = floor + (0.1 - floor) * (1 + math.cos(math.pi * (length - 1) / length)) / 2
    assert curve.marks == []
    for column in range(40):
        inside = curve.lr[(curve.steps >= column * steps // 40) & (curve.steps < (column + 1) * steps // 40)]
        assert lowest - 1e-12 <= inside.min() <= lowest + 0.01 * (0.1 - lowest)
        assert 0.1 - 0.01 * (0.1 - lowest) <= inside.max() <= 0.1


def test_the_names_and_flags_of_a_line_are_its_own() -> None:
    trial = oracle.document(restarts(5))["trials"][0]
    document = oracle.document(restarts(5)) | {
        "trials": [trial | {"name": "a", "hidden": True}, trial | {"name": "b", "dismissed": ["LR1"]}]
    }
    experiment = lrlab.document.parse(document)
    assert [curve.trial for curve in engine.curves(experiment)] == list(experiment.trials)


# Numbers


@pytest.mark.parametrize("kind", KINDS)
@budget.share("engine", 900, len(KINDS))
@given(data=st.data())
def test_the_numbers_of_a_run_that_can_be_walked_are_exact(kind: str, data: st.DataObject) -> None:
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind)))
    run, trial = experiment.run, experiment.trials[0]
    rates = np.atleast_2d(engine.lr(run, trial, np.arange(run.steps)))[0].tolist()
    summary = engine.summary(run, trial)
    assert summary.exact
    assert (summary.first, summary.last, summary.peak) == (rates[0], rates[-1], max(rates))
    assert rates[summary.peak_step] == max(rates)
    assert summary.mean == pytest.approx(math.fsum(rates) / len(rates), rel=1e-12, abs=1e-15)
    assert summary.above_half == sum(rate > max(rates) / 2 for rate in rates) / len(rates)


SAWS = [2, 8, 10, 64, 100, 1024, 4096, 8191, 2**15, 2**17, 10**5, 10**6]
"""Cycle lengths: some divide the stride of an even sample, so that it would meet one phase only."""


@pytest.mark.parametrize("steps", [2**18, 2**27, 10**9, 2**39])
@pytest.mark.parametrize("length", SAWS)
def test_the_numbers_of_a_long_saw_are_those_of_its_cycle(length: int, steps: int) -> None:
    whole = max(steps // length, 1) * length  # whole cycles
    experiment = long(restarts(length), whole)
    summary = engine.summary(experiment.run, experiment.trials[0])
    cycle = [0.1 * (1 + math.cos(math.pi * k / length)) / 2 for k in range(length)]
    assert (summary.first, summary.peak) == (0.1, 0.1)
    assert summary.last == pytest.approx(cycle[-1], abs=1e-12)
    assert cycle[summary.peak_step % length] == 0.1
    if summary.exact:
        return
    assert summary.mean == pytest.approx(math.fsum(cycle) / length, rel=1e-3)
    assert summary.above_half == pytest.approx(sum(rate > 0.05 for rate in cycle) / length, rel=2e-3)


@pytest.mark.parametrize("steps", [10**6, 10**9, 10**12])
def test_the_numbers_of_one_long_cosine(steps: int) -> None:
    """teaching-facts 4b: the mean of a cosine over N steps is (1 + 1 / N) / 2 of the peak, the last rate (1 + cos(pi (N
    - 1) / N)) / 2 of it.
    """
    experiment = long({"kind": "torch.CosineAnnealingLR", "T_max": None}, steps)
    summary = engine.summary(experiment.run, experiment.trials[0])
    assert summary.mean == pytest.approx(0.05 * (1 + 1 / steps), rel=1e-3)
    assert summary.last == pytest.approx(0.05 * (1 + math.cos(math.pi * (steps - 1) / steps)), rel=1e-9, abs=1e-15)
    assert (summary.peak, summary.peak_step) == (0.1, 0)
    assert summary.above_half == pytest.approx(0.5, rel=1e-3)


def test_the_peak_of_a_long_run_is_found_at_its_mark() -> None:
    schedule = {
        "kind": "torch.SequentialLR", "milestones": [123_456_789],
        "schedulers": [{"kind": "torch.LinearLR", "start_factor": 1e-3, "total_iters": 123_456_789},
                       {"kind": "torch.CosineAnnealingLR", "T_max": None}],
    }  # fmt: skip
    experiment = long(schedule, 10**9)
    summary = engine.summary(experiment.run, experiment.trials[0])
    assert (summary.peak, summary.peak_step) == (0.1, 123_456_789)


# Facts from pain-points.md, computed there with the genuine code


@pytest.mark.parametrize(("first", "factor", "steps", "share"), [(10, 2, 200, 0.778), (10, 3, 200, 0.843)])
def test_a_budget_cut_mid_cycle_ends_high(first: int, factor: int, steps: int, share: float) -> None:
    experiment = oracle.experiment(restarts(first, factor), steps=steps, base_lr=1.0)
    assert engine.lr(experiment.run, experiment.trials[0], steps) == pytest.approx(share, abs=1e-3)


def test_restarts_come_where_the_sum_of_cycles_ends() -> None:
    experiment = oracle.experiment(restarts(10, 2), steps=200)
    assert [mark.tick for mark in engine.curves(experiment)[0].marks] == [10, 30, 70, 150]


def test_four_processes_end_a_cosine_after_a_quarter_and_climb_again() -> None:
    schedule = {
        "kind": "transformers.get_cosine_schedule_with_warmup",
        "num_warmup_steps": 100,
        "num_training_steps": 1000,
    }
    run = {"samples": 4000, "batch_size": 1, "devices": 4, "epochs": 1}
    experiment = oracle.experiment(schedule, run=run, clock="process", base_lr=1.0)
    rates = engine.lr(experiment.run, experiment.trials[0], np.arange(1000))
    assert int(np.argmax(rates[:250])) == 25
    assert rates[250] == pytest.approx(0.0, abs=1e-12)
    assert rates[500] == pytest.approx(0.97, abs=0.01)
