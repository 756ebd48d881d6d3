"""The numbers in advice, worked out anew: by a loop over the definition, by hand, or as recorded from the genuine
frameworks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import oracle
import pytest

from lrlab import advice, engine
from lrlab.advice.base import percent, shown

HF = "transformers.get_cosine_schedule_with_warmup"
SGDR = "torch.CosineAnnealingWarmRestarts"


def experiment(run: dict[str, Any], schedule: dict[str, Any], **about: Any) -> Any:
    return oracle.experiment(schedule, run=run, **about)


def found(code: str, run: dict[str, Any], schedule: dict[str, Any], **about: Any) -> advice.Finding | None:
    return next((f for f in advice.check(experiment(run, schedule, **about)) if f.code == code), None)


def message(code: str, run: dict[str, Any], schedule: dict[str, Any], **about: Any) -> str:
    finding = found(code, run, schedule, **about)
    assert finding is not None, f"{code} says nothing"
    return finding.message


def rates(run: dict[str, Any], schedule: dict[str, Any], steps: list[int], **about: Any) -> list[float]:
    of = experiment(run, schedule, **about)
    return [float(x) for x in engine.lr(of.run, of.trials[0], np.array(steps))]


def half_cosine(share: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * share))


def warmup_cosine(tick: int, warmup: int, total: int) -> float:
    """transformers' lambda, as written there."""
    if tick < warmup:
        return tick / max(1, warmup)
    progress = (tick - warmup) / max(1, total - warmup)
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * 0.5 * 2.0 * progress)))


# Units


def test_a_thousandth_of_the_curve() -> None:
    """5 epochs of 1,000 steps, 5,000 as the horizon, step() once per epoch."""
    says = message(
        "LR101",
        {"total_steps": 5000, "steps_per_epoch": 1000},
        {"kind": "torch.CosineAnnealingLR", "T_max": 5000},
        clock="epoch",
    )
    assert says.startswith("Only 0.1 % of the curve runs")
    assert 5 / 5000 == 0.001


@pytest.mark.parametrize(("epochs", "updates"), [(3, 100), (90, 5005), (200, 391), (10, 12)])
def test_the_share_that_runs(epochs: int, updates: int) -> None:
    run = {"total_steps": epochs * updates, "steps_per_epoch": updates}
    says = message("LR101", run, {"kind": "torch.CosineAnnealingLR", "T_max": epochs * updates}, clock="epoch")
    assert f"Only {percent(1 / updates)} of the curve" in says
    says = message("LR102", run, {"kind": "torch.CosineAnnealingLR", "T_max": epochs})
    assert f"after {percent(1 / updates)} of the run" in says


def test_the_curve_came_down_139_times() -> None:
    """T = 1,000 epochs taken for steps, W = 100, C = 250,000: every tick is looked at."""
    heights = [warmup_cosine(tick, 100, 1000) for tick in range(250_000)]
    troughs = sum(
        here < 1e-4 and before > here <= after
        for before, here, after in zip(heights, heights[1:], heights[2:], strict=False)
    )
    assert troughs == 139
    run = {"total_steps": 250_000, "steps_per_epoch": 250}
    says = message("LR102", run, {"kind": HF, "num_warmup_steps": 100, "num_training_steps": 1000})
    assert f"its minimum {troughs} times" in says


@pytest.mark.parametrize(("length", "calls"), [(10, 1000), (7, 700), (50, 5050)])
def test_troughs_of_a_torch_cosine(length: int, calls: int) -> None:
    run = {"total_steps": calls, "steps_per_epoch": calls // length}
    troughs = sum(tick % (2 * length) == length for tick in range(calls))
    assert f"its minimum {troughs} times" in message("LR102", run, {"kind": "torch.CosineAnnealingLR", "T_max": length})


def test_four_processes() -> None:
    """Accelerate, P = 4, T = 1,000, W = 100: the peak at 25, nothing at 250, back at 0.97 of the peak at 500."""
    run = {"samples": 10_000, "batch_size": 2, "devices": 4, "epochs": 1}
    schedule = {"kind": HF, "num_warmup_steps": 100, "num_training_steps": 1000}
    want = [0.1 * warmup_cosine(4 * step, 100, 1000) for step in (24, 25, 26, 250, 500)]
    got = rates(run, schedule, [24, 25, 26, 250, 500], clock="process")
    assert got == pytest.approx(want, abs=1e-15)
    assert got[1] == 0.1 == max(got)
    assert got[3] == pytest.approx(0.0, abs=1e-15)
    assert got[4] / 0.1 == pytest.approx(0.97, abs=0.001)
    run |= {"samples": 8000}
    finding = found("LR107", run, schedule, clock="process")
    assert finding is not None
    assert finding.step == 250
    assert "at step 250 of 1,000" in finding.message
    assert percent(warmup_cosine(4 * 999, 100, 1000)) in finding.message
    linear = schedule | {"kind": "transformers.get_linear_schedule_with_warmup"}
    assert "the last step uses 0, 0 %" in message("LR107", run, linear, clock="process")


def test_accumulation_leaves_the_last_step_at_93_percent() -> None:
    """A = 4, N = 1,000: a horizon of 4,000 and a warmup of 400, of which 1,000 ticks run."""
    end = warmup_cosine(999, 400, 4000)
    assert end == pytest.approx(0.933, abs=0.0005)
    run = {"samples": 4000, "batch_size": 1, "accumulate": 4, "epochs": 1}
    says = message("LR108", run, {"kind": HF, "num_warmup_steps": 400, "num_training_steps": 4000})
    assert "Only 25 % of the curve" in says
    assert "93.3 %" in says


@pytest.mark.parametrize(
    ("samples", "batch", "devices", "accumulate"),
    [(1005, 10, 1, 1), (1005, 10, 2, 1), (1005, 10, 1, 4), (999, 8, 1, 16)],
)
def test_the_other_rounding(samples: int, batch: int, devices: int, accumulate: int) -> None:
    """ceil(ceil(D / bP) / A) steps an epoch here; floor(floor(D / bP) / A) in the other loop."""
    epochs = 7
    here = math.ceil(math.ceil(samples / (batch * devices)) / accumulate)
    there = samples // (batch * devices) // accumulate
    assert 0 < here - there <= 1
    run = {"samples": samples, "batch_size": batch, "devices": devices, "accumulate": accumulate, "epochs": epochs}
    says = message("LR109", run, {"kind": "torch.CosineAnnealingLR", "T_max": epochs * there})
    assert f"is {epochs * (here - there)} calls short" in says
    assert f"{there} step" in says
    assert f"makes {here}" in says


def test_166_drops_in_the_first_epoch() -> None:
    schedule = {"kind": "torch.StepLR", "step_size": 30}
    drops = sum(step % 30 == 0 for step in range(1, 5004))
    assert drops == 166
    run = {"total_steps": 90 * 5004, "steps_per_epoch": 5004}
    assert rates(run, schedule, [5003]) == pytest.approx([0.1 * 0.1**drops])
    assert f"makes {drops} drops" in next(rule for rule in advice.RULES if rule.code == "LR204").text("why")
    assert found("LR204", run, schedule) is not None


# Ends


@pytest.mark.parametrize(
    ("calls", "total", "warmup"), [(1000, 2000, 0), (1000, 1300, 100), (200, 10_000, 20), (100, 150, 7)]
)
def test_where_a_cosine_that_is_too_long_stops(calls: int, total: int, warmup: int) -> None:
    left = half_cosine((calls - 1 - warmup) / (total - warmup))
    says = message(
        "LR104", {"total_steps": calls}, {"kind": HF, "num_warmup_steps": warmup, "num_training_steps": total}
    )
    assert f"{percent(left)} of the way" in says
    assert f"uses {shown(0.1 * left)}," in says
    assert f"Only {percent(calls / total)} of the curve" in says


@pytest.mark.parametrize("total", range(100, 190, 5))
def test_a_twentieth_of_the_way_may_be_left(total: int) -> None:
    left = half_cosine(99 / total)
    finding = found("LR104", {"total_steps": 100}, {"kind": "torch.CosineAnnealingLR", "T_max": total})
    assert (finding is not None) == (left > 0.05)


def test_a_cosine_climbs_again() -> None:
    """transformers' own values behind the end: N = 100, W = 10 gives 0.030 at 110 and 0.235 at 129."""
    assert warmup_cosine(110, 10, 100) == pytest.approx(0.030, abs=0.0005)
    assert warmup_cosine(129, 10, 100) == pytest.approx(0.235, abs=0.0005)
    finding = found(
        "LR103", {"total_steps": 130}, {"kind": HF, "num_warmup_steps": 10, "num_training_steps": 100}, base_lr=1.0
    )
    assert finding is not None
    assert finding.step == 100
    assert percent(warmup_cosine(129, 10, 100)) in finding.message


def behind_a_warmup(t_max: int) -> dict[str, Any]:
    parts = [
        {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 10},
        {"kind": "torch.CosineAnnealingLR", "T_max": t_max},
    ]
    return {"kind": "torch.SequentialLR", "schedulers": parts, "milestones": [10]}


def test_the_warmup_counted_twice() -> None:
    """N = 100, W = 10: T_max = N ends at 2.96 % of the peak; N - W - 20 is at the bottom at 80 and climbs to 17 %."""
    end = half_cosine(89 / 100)
    assert end == pytest.approx(0.0296, abs=5e-5)
    assert rates({"total_steps": 100}, behind_a_warmup(100), [99]) == pytest.approx([0.1 * end])
    assert f"ends {percent(end)} of the way" in message("LR105", {"total_steps": 100}, behind_a_warmup(100))
    climbs = half_cosine(89 / 70)
    assert climbs == pytest.approx(0.17, abs=0.005)
    finding = found("LR103", {"total_steps": 100}, behind_a_warmup(70))
    assert finding is not None
    assert finding.step == 80
    assert percent(climbs) in finding.message
    for right in (90, 89):
        assert all(f.severity == "note" for f in advice.check(experiment({"total_steps": 100}, behind_a_warmup(right))))


@pytest.mark.parametrize("total", [10, 100, 1000])
@pytest.mark.parametrize("strategy", ["linear", "cos"])
def test_one_step_past_a_one_cycle(total: int, strategy: str) -> None:
    """The last phase goes from tick 0.3 T - 1 to T - 1; tick T is behind it by 1 / 0.7 T."""
    peak, low = 0.1, 0.1 / 25 / 1e4
    share = (total - (0.3 * total - 1)) / (total - 1 - (0.3 * total - 1))
    past = peak + share * (low - peak) if strategy == "linear" else low + (peak - low) * half_cosine(share)
    if strategy == "linear":
        assert past == pytest.approx({10: -0.01429, 100: -0.001429, 1000: -1.43e-4}[total], rel=0.005)
    else:
        assert past > low
    schedule = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": total, "anneal_strategy": strategy}
    finding = found("LR110", {"total_steps": total + 1}, schedule)
    assert finding is not None
    assert f"uses {past:.3g}" in finding.message
    assert ("below zero" in finding.message) == (past < 0)
    assert f"call number {shown(total + 1)}," in finding.message
    assert finding.step == total
    assert found("LR110", {"total_steps": total}, schedule) is None


@pytest.mark.parametrize("total", [100, 1000])
def test_start_peak_and_end_of_a_one_cycle(total: int) -> None:
    schedule = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": total}
    says = message("LR113", {"total_steps": total}, schedule)
    curve = rates({"total_steps": total}, schedule, list(range(total)))
    assert curve[0] == pytest.approx(0.1 / 25)
    assert curve[-1] == pytest.approx(0.1 * 4e-6)
    assert curve.index(max(curve)) == 0.3 * total - 1
    assert f"at tick {shown(0.3 * total - 1)}, ends at {curve[-1]:.3g}" in says


# Cycles


def cycles(first: int, factor: int) -> Iterator[tuple[int, int]]:
    """Tick by tick: how far the cycle has come, and how long it is; as SGDR counts."""
    done, length = 0, first
    while True:
        yield done, length
        done += 1
        if done == length:
            done, length = 0, length * factor


def at_last(calls: int, first: int, factor: int) -> tuple[float, int, int]:
    for tick, (done, length) in enumerate(cycles(first, factor)):
        if tick == calls - 1:
            return half_cosine(done / length), done, length
    raise AssertionError


@pytest.mark.parametrize(("first", "factor"), [(10, 2), (10, 3), (30, 1), (70, 1), (3, 2), (150, 2)])
@pytest.mark.parametrize("calls", [40, 200, 333, 1000])
def test_where_a_cut_cycle_ends(first: int, factor: int, calls: int) -> None:
    left, done, length = at_last(calls, first, factor)
    finding = found("LR114", {"total_steps": calls}, {"kind": SGDR, "T_0": first, "T_mult": factor})
    if finding is None:
        assert left <= 0.05 or length - done <= 2
    else:
        assert f"of {shown(length)} ticks is cut after {shown(done + 1)}:" in finding.message
        assert f"{percent(left)} of the way" in finding.message


def test_the_fractions_of_the_table() -> None:
    """T_0 = 10 and 200 epochs: 77.8 % (T_mult 2) and 84.3 % (3) at the end, a little more at the last step that is
    used.
    """
    assert half_cosine(50 / 160) == pytest.approx(0.778, abs=0.0005)
    assert half_cosine(70 / 270) == pytest.approx(0.843, abs=0.0005)
    for factor, used in ((2, half_cosine(49 / 160)), (3, half_cosine(69 / 270))):
        says = message(
            "LR114",
            {"total_steps": 200 * 391, "steps_per_epoch": 391},
            {"kind": SGDR, "T_0": 10, "T_mult": factor},
            clock="epoch",
        )
        assert percent(used) in says


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_whole_cycles_are_not_cut(factor: int, count: int) -> None:
    """T_0 (m^k - 1) / (m - 1) ticks, counted one cycle after the other."""
    calls = sum(10 * factor**k for k in range(count))
    assert found("LR114", {"total_steps": calls}, {"kind": SGDR, "T_0": 10, "T_mult": factor}) is None


@pytest.mark.parametrize(("first", "factor"), [(10, 2), (10, 3), (30, 1), (70, 1), (3, 2), (150, 2)])
@pytest.mark.parametrize("calls", [40, 200, 333, 1000])
def test_the_first_cycle_that_is_offered_makes_whole_ones(first: int, factor: int, calls: int) -> None:
    finding = found("LR114", {"total_steps": calls}, {"kind": SGDR, "T_0": first, "T_mult": factor})
    if finding is None or finding.fix is None:
        return
    ((path, offered),) = finding.fix.changes
    assert path == ("schedule", "T_0")
    left, _, length = at_last(calls, offered, factor)
    assert left <= 0.05
    count = int(re.findall(r"\((\d+) cycle", finding.fix.title)[0])
    assert length == offered * factor ** (count - 1), "it says how many cycles there are"


def test_fourteen_is_nearest_to_ten() -> None:
    """Of every first cycle there is, for 200 epochs and T_mult 2."""
    whole = [first for first in range(1, 201) if at_last(200, first, 2)[0] <= 0.05 and at_last(200, first, 2)[1] > 1]
    finding = found("LR114", {"total_steps": 200}, {"kind": SGDR, "T_0": 10, "T_mult": 2})
    assert finding is not None
    assert finding.fix is not None
    assert finding.fix.changes[0][1] == min(whole, key=lambda first: abs(math.log(first / 10))) == 14


@pytest.mark.parametrize("length", [2, 5, 10, 15])
def test_the_gap_above_the_floor(length: int) -> None:
    gap = half_cosine((length - 1) / length)
    if length > 4:
        assert gap == pytest.approx((math.pi / (2 * length)) ** 2, rel=0.05)
    says = message("LR115", {"total_steps": 10 * length}, {"kind": SGDR, "T_0": length})
    assert f"is {percent(gap)} of the way" in says


def test_the_gap_of_ten_epochs() -> None:
    assert half_cosine(9 / 10) == pytest.approx(0.0245, abs=5e-5)
    assert found("LR115", {"total_steps": 1000}, {"kind": SGDR, "T_0": 100}) is None, "(pi / 200) ** 2 is 0.02 %"


def test_one_hard_restart_is_none() -> None:
    hard = {
        "kind": "transformers.get_cosine_with_hard_restarts_schedule_with_warmup",
        "num_warmup_steps": 10,
        "num_training_steps": 100,
    }
    plain = {"kind": HF, "num_warmup_steps": 10, "num_training_steps": 100}
    steps = list(range(100))
    assert rates({"total_steps": 100}, hard, steps) == rates({"total_steps": 100}, plain, steps)
    assert "num_cycles = 1" in message("LR116", {"total_steps": 100}, hard)
    assert found("LR116", {"total_steps": 100}, hard | {"num_cycles": 3}) is None


# Warmups and joints


@pytest.mark.parametrize(("calls", "warmup"), [(100, 500), (939, 1000), (10, 20)])
def test_how_far_a_long_warmup_comes(calls: int, warmup: int) -> None:
    says = message(
        "LR119", {"total_steps": calls}, {"kind": HF, "num_warmup_steps": warmup, "num_training_steps": None}
    )
    assert f"reaches {percent(calls / warmup)} of its way" in says


@pytest.mark.parametrize("warmup", [29, 30, 31, 60])
def test_three_tenths_are_long(warmup: int) -> None:
    finding = found("LR119", {"total_steps": 100}, {"kind": HF, "num_warmup_steps": warmup, "num_training_steps": None})
    assert (finding is not None) == (warmup / 100 > 0.3)
    assert finding is None or finding.severity == "warning"


@pytest.mark.parametrize("steps", [10, 100, 1000])
def test_a_logarithmic_warmup_after_a_tenth(steps: int) -> None:
    share = math.log(steps // 10 + 1) / math.log(steps)
    if steps == 1000:
        assert share == pytest.approx(0.67, abs=0.005)
    schedule = {"kind": "deepspeed.WarmupLR", "warmup_max_lr": 0.1, "warmup_num_steps": steps}
    after = steps // 10 + 1  # the first two steps both use the low rate
    assert rates({"total_steps": 10 * steps}, schedule, [after]) == pytest.approx([0.1 * share])
    assert f"at {percent(share)} of its way" in message("LR124", {"total_steps": 10 * steps}, schedule)


@pytest.mark.parametrize(("share", "calls"), [(0.1, 939), (0.06, 101), (0.03, 10_000)])
def test_a_share_of_the_run_in_steps(share: float, calls: int) -> None:
    schedule = {
        "kind": "transformers.get_linear_schedule_with_warmup",
        "num_warmup_steps": share,
        "num_training_steps": None,
    }
    assert f"would be {shown(math.ceil(share * calls))} step" in message("LR125", {"total_steps": calls}, schedule)
    assert "1.0 is one step" in message("LR125", {"total_steps": calls}, schedule | {"num_warmup_steps": 1.0})


def test_a_joint_too_early() -> None:
    """A warmup of 10 ticks, the milestone at 5: torch goes from 0.0406 to 0.1."""
    schedule = behind_a_warmup(95) | {"milestones": [5]}
    before = 0.1 * (0.01 + 0.99 * 4 / 10)
    assert before == pytest.approx(0.0406)
    assert f"from {shown(before)} to 0.1 " in message("LR121", {"total_steps": 100}, schedule)


@pytest.mark.parametrize(("warmup", "total"), [(50, 1000), (100, 1000), (200, 1000)])
def test_chained_schedules_multiply(warmup: int, total: int) -> None:
    line = [0.01 + 0.99 * min(tick / warmup, 1.0) for tick in range(total)]
    highest = max(height * half_cosine(tick / total) for tick, height in enumerate(line))
    assert highest == pytest.approx(half_cosine(warmup / total), rel=1e-6)
    if warmup == 50:
        assert highest == pytest.approx(0.9938, abs=5e-5)
    parts = [
        {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": warmup},
        {"kind": "torch.CosineAnnealingLR", "T_max": total},
    ]
    says = message("LR207", {"total_steps": total}, {"kind": "torch.ChainedScheduler", "schedulers": parts})
    assert f"{100 * highest:.4g} % of the base LR" in says


# Patience


def reductions(calls: int, patience: int, cooldown: int) -> list[int]:
    """After which calls torch's scheduler reduces where the metric is level: the first value is the best, those of a
    cooldown do not count.
    """
    bad, resting, found = 0, 0, []
    for call in range(2, calls + 1):
        bad += 1
        if resting:
            resting, bad = resting - 1, 0
        if bad > patience:
            found.append(call)
            bad, resting = 0, cooldown
    return found


def keras_reductions(calls: int, patience: int, cooldown: int) -> list[int]:
    """The same of Keras' callback, as on_epoch_end has it."""
    wait, cooling, found = 0, 0, []
    for call in range(1, calls + 1):
        if cooling > 0:
            cooling -= 1
            wait = 0
        if call == 1:
            wait = 0
        elif not cooling > 0:
            wait += 1
            if wait >= patience:
                found.append(call)
                cooling, wait = cooldown, 0
    return found


def optax_reductions(calls: int, patience: int, cooldown: int) -> list[int]:
    """The same of optax: bad values are counted up to patience, and none in the cooldown."""
    bad, cooling, found = 0, 0, []
    for call in range(2, calls + 1):
        if cooling > 0:
            bad, cooling = 0, cooling - 1
            continue
        bad += 1
        if bad == patience:
            bad, cooling = 0, cooldown
            found.append(call)
    return found


def test_patience_2_drops_after_4_7_and_10() -> None:
    assert reductions(10, 2, 0) == [4, 7, 10]
    plateau = {"kind": "torch.ReduceLROnPlateau", "patience": 2, "metrics": [1.0] * 11}
    curve = rates({"total_steps": 12}, plateau, list(range(12)), clock="step")
    assert [i for i in range(1, 12) if curve[i] < curve[i - 1]] == [4, 7, 10]
    assert "at most 3 reductions in 10 calls" in message("LR122", {"total_steps": 10}, plateau | {"metrics": [1.0]})


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 7, 10, 11, 12, 30, 31, 100])
@pytest.mark.parametrize("patience", [1, 2, 3, 10])
def test_how_many_reductions_fit(calls: int, patience: int) -> None:
    most = (calls - 1) // (patience + 1)
    assert most == len(reductions(calls, patience, 0))
    finding = found("LR122", {"total_steps": calls}, {"kind": "torch.ReduceLROnPlateau", "patience": patience})
    assert finding is not None
    assert f"at most {most} reduction" in finding.message
    assert f"at bad call {patience + 1}:" in finding.message
    assert finding.severity == ("note" if most else "warning")


@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("cooldown", [0, 1, 2, 7])
@pytest.mark.parametrize(
    ("kind", "walk", "names"),
    [
        ("torch.ReduceLROnPlateau", reductions, ("patience", "cooldown")),
        ("timm.PlateauLRScheduler", reductions, ("patience_t", "cooldown_t")),
        ("transformers.get_greedy_schedule", reductions, ("patience", "cooldown")),
        ("paddle.ReduceOnPlateau", reductions, ("patience", "cooldown")),
        ("keras.ReduceLROnPlateau", keras_reductions, ("patience", "cooldown")),
        ("optax.contrib.reduce_on_plateau", optax_reductions, ("patience", "cooldown")),
    ],
)
def test_how_many_reductions_fit_elsewhere(
    kind: str, walk: Any, names: tuple[str, str], patience: int, cooldown: int
) -> None:
    for calls in (2, 10, 33):
        want = walk(calls, patience, cooldown)
        arguments = dict(zip(names, (patience, cooldown), strict=True)) | (
            {"learning_rate": 0.1} if kind.startswith("paddle") else {}
        )
        low = {"min_lr": 0.0} if "greedy" in kind else {}
        says = message("LR122", {"total_steps": calls}, {"kind": kind, **arguments, **low})
        assert f"at most {len(want)} reduction" in says, says
        level = {"kind": kind, **arguments, **low, "metrics": [1.0] * calls} | (
            {"factor": 0.9} if kind.startswith(("torch", "transf")) else {}
        )
        curve = rates({"total_steps": calls + 1}, level, list(range(calls + 1)))
        drops = [i for i in range(1, calls + 1) if curve[i] < curve[i - 1]]
        assert drops[:5] == want[:5], "and the curve agrees"


def test_a_mean_of_many_updates_is_one_value() -> None:
    schedule = {"kind": "optax.contrib.reduce_on_plateau", "patience": 5, "accumulation_size": 20}
    assert "at most 1 reduction in 9 calls" in message("LR122", {"total_steps": 199}, schedule)
