"""What of a curve can be taken hold of: where a handle is put, its mark stands, and its rate is reached."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import numpy as np
import oracle
import pytest

from lrlab import engine
from lrlab.document import DocumentError, Experiment, Trial, assign, parse
from lrlab.document.run import Clock, Run, calls
from lrlab.handles import MOST, Handle, handles, spans
from lrlab.schedules import KINDS

RUN = {"samples": 4000, "batch_size": 10, "devices": 2, "accumulate": 2, "epochs": 10}
CLOCKS: tuple[str, ...] = get_args(Clock)
TORCH = {"kind": "torch.LinearLR", "total_iters": 100}
SEQUENCE = {
    "kind": "torch.SequentialLR",
    "schedulers": [TORCH, {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 300}],
    "milestones": [100],
}


def document(kind: str, clock: str = "step", **trial: Any) -> dict[str, Any]:
    """One trial with the example of a kind, as a page adds it."""
    run = parse(oracle.document(TORCH, run=RUN)).run
    schedule = KINDS[kind].example(calls(run, clock), int(run.epochs or 1), run.updates)  # type: ignore[arg-type]
    return oracle.document(schedule, run=RUN, clock=clock, **trial)


def only(document_: dict[str, Any]) -> tuple[Run, Trial]:
    experiment = parse(document_)
    return experiment.run, experiment.trials[0]


def put(document_: dict[str, Any], handle: Handle, place: float) -> Experiment:
    """The document with the handle at another place, read anew."""
    new = copy.deepcopy(document_)
    for moved in handle.moved:
        assign(new, ("trials", 0, *moved.path), moved.at(place))
    return parse(new)


@cache
def places(run: Run, trial: Trial) -> tuple[tuple[str, int], ...]:
    """The labels of the marks, and the step at which each stands."""
    return tuple((mark.label, mark.tick) for mark in engine.marks(run, trial) or ())


def wanted(handle: Handle, run: Run) -> Iterator[int]:
    """Places along the axis of the steps to put a handle."""
    for by in (1, -1, run.updates, -run.updates, 37):
        if 0 < handle.step + by < run.steps:
            yield handle.step + by


def reached(handle: Handle, place: float) -> float:
    """Where the argument that the handle is named after puts it: it may be a whole number, or be rounded."""
    first = handle.moved[0]
    return first.offset + first.scale * first.at(place)


def off(handle: Handle, run: Run, trial: Trial) -> float:
    """How far from there its mark may be: a step, or a tick where that is longer, since marks stand at whole ticks; a
    little more where a mark goes by a part of what its argument does.
    """
    per_tick = run.steps / calls(run, trial.clock)
    whole = math.isclose(math.remainder(handle.moved[0].scale / per_tick, 1), 0, abs_tol=1e-9)
    return max(per_tick, 1) if whole else 2 + per_tick


CASES = [(kind, clock) for kind in KINDS for clock in CLOCKS]


@pytest.mark.parametrize(("kind", "clock"), CASES, ids=lambda each: each)
def test_a_mark_stands_where_its_handle_is_put(kind: str, clock: str) -> None:
    try:
        base = document(kind, clock)
        run, trial = only(base)
    except DocumentError:
        return  # no schedule of this kind under this clock
    for handle in handles(run, trial):
        if handle.axis != "x":
            continue
        own, checked = set(handle.label.split(", ")), 0
        for place in wanted(handle, run):
            if any(moved.at(place) < 0 for moved in handle.moved):
                continue  # no browser's handle goes there
            try:
                new = put(base, handle, place)
            except DocumentError:
                continue  # a page says why, and keeps what it had
            stands = places(new.run, new.trials[0])
            at = reached(handle, place)
            if at >= run.steps:
                continue  # rounded to the run's end, where no mark is drawn
            near = [
                step
                for label, step in stands
                if own & set(label.split(", ")) and abs(step - at) <= off(handle, run, trial)
            ]
            assert near, f"{kind}, {clock}: {handle.label} at {place} by {handle.moved}: {stands}"
            checked += 1
        assert checked, f"{kind}, {clock}: {handle.label} can be put nowhere"


@pytest.mark.parametrize("kind", KINDS)
def test_a_level_is_reached_where_its_handle_is_put(kind: str) -> None:
    base = document(kind)
    run, trial = only(base)
    for handle in handles(run, trial):
        if handle.axis != "y":
            continue
        checked = 0
        for factor in (1.01, 0.99, 1.2):
            place = handle.rate * factor or 1e-4
            try:
                new = put(base, handle, place)
            except DocumentError:
                continue
            rate = float(np.ravel(engine.lr(new.run, new.trials[0], [handle.step]))[0])
            assert rate == pytest.approx(place, rel=1e-3, abs=1e-7), f"{kind}: {handle}"
            checked += 1
        assert checked, f"{kind}: {handle} can be put nowhere"


@pytest.mark.parametrize(("kind", "clock"), CASES, ids=lambda each: each)
def test_handles_are_on_the_curve_and_move_numbers_of_the_document(kind: str, clock: str) -> None:
    try:
        base = document(kind, clock)
        run, trial = only(base)
    except DocumentError:
        return
    found = handles(run, trial)
    assert len(found) <= MOST + 2
    for handle in found:
        assert 0 <= handle.step <= run.steps
        rates = engine.first_group(engine.lr(run, trial, [min(handle.step, run.steps - 1)]))
        assert handle.rate == pytest.approx(float(rates[0]), rel=1e-9, abs=1e-15)
        assert handle.label
        for moved in handle.moved:
            here: Any = base["trials"][0]
            for step in moved.path:
                here = here[step] if step in here or isinstance(step, int) else moved.value  # a default stands nowhere
            assert here == moved.value
            assert moved.scale
            assert np.isfinite([moved.scale, moved.offset]).all()
            at = handle.step if handle.axis == "x" else handle.rate
            assert moved.offset + moved.scale * moved.value == pytest.approx(at, rel=1e-6, abs=1e-9)
            assert moved.at(at) == pytest.approx(moved.value, rel=1e-5, abs=1e-12), "put where it is, nothing changes"
    names = [(handle.label, handle.number, handle.moved[0].path) for handle in found]
    assert len(set(names)) == len(names), "each has a name of its own"


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_s_span_lies_in_the_run(kind: str) -> None:
    run, trial = only(document(kind))
    for path, (begin, end) in spans(run, trial).items():
        assert 0 <= begin <= end < run.steps, path
        assert path[0] == "schedule"


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_trials_have_the_same_handles(kind: str) -> None:
    run, trial = only(document(kind))
    assert handles(*only(document(kind, hidden=True))) == handles(run, trial)


@pytest.mark.parametrize("kind", KINDS)
def test_of_parameter_groups_the_first_is_taken_hold_of(kind: str) -> None:
    base = document(kind, base_lr=[0.1, 0.02])
    try:
        run, trial = only(base)
    except DocumentError:
        return  # this kind takes one group only
    for handle in handles(run, trial):
        assert handle.rate == pytest.approx(
            float(engine.first_group(engine.lr(run, trial, [min(handle.step, run.steps - 1)]))[0]), rel=1e-9, abs=1e-15
        )


def test_the_joint_of_a_sequence_takes_the_end_of_its_warmup_along() -> None:
    base = oracle.document(SEQUENCE, steps=1000)
    run, trial = only(base)
    joint = next(handle for handle in handles(run, trial) if handle.step == 100)
    assert [moved.name for moved in joint.moved] == ["milestones[0]", "total_iters"]
    new = put(base, joint, 250).document()["trials"][0]["schedule"]
    assert new["milestones"] == [250]
    assert new["schedulers"][0]["total_iters"] == 250


def test_a_peak_is_the_base_rate_and_a_floor_the_argument_that_holds_it() -> None:
    cosine = {"kind": "torch.CosineAnnealingLR", "T_max": None, "eta_min": 0.001}
    run, trial = only(oracle.document(cosine, steps=1000))
    levels = {handle.label: handle for handle in handles(run, trial) if handle.axis == "y"}
    assert {label: handle.moved[0].name for label, handle in levels.items()} == {"peak": "base_lr", "floor": "eta_min"}
    assert levels["peak"].step == 0
    assert levels["peak"].moved[0].at(0.5) == 0.5


@pytest.mark.parametrize("clock", ["step", "epoch"])
def test_what_ends_with_the_run_can_be_taken_hold_of_too(clock: str) -> None:
    schedule = {"kind": "torch.CosineAnnealingLR", "T_max": 100}
    steps = 100 if clock == "step" else 1000
    run = {"total_steps": steps, "steps_per_epoch": 10}
    base = {"lrlab": 1, "run": run, "trials": [{"name": "t", "base_lr": 0.1, "clock": clock, "schedule": schedule}]}
    (end,) = [handle for handle in handles(*only(base)) if handle.axis == "x"]
    assert (end.step, end.moved[0].name) == (steps, "T_max")
    new = put(base, end, steps * 0.8)
    assert new.trials[0].schedule.T_max == 80


def test_dense_marks_are_no_handles() -> None:
    dense = {"kind": "torch.StepLR", "step_size": 10}
    run, trial = only(oracle.document(dense, steps=1000))
    assert [handle.axis for handle in handles(run, trial)] == ["y"]
    few = {"kind": "torch.StepLR", "step_size": 200}
    run, trial = only(oracle.document(few, steps=1000))
    assert [handle.step for handle in handles(run, trial) if handle.axis == "x"] == [200, 400, 600, 800]


def test_a_curve_that_cannot_be_drawn_has_no_handles() -> None:
    growing = {"kind": "torch.ExponentialLR", "gamma": 1e30}
    beyond = {"kind": "torch.SequentialLR", "milestones": [50], "schedulers": [growing, {"kind": "torch.ConstantLR"}]}
    assert handles(*only(oracle.document(beyond, steps=100))) == ()


def test_a_restart_belongs_to_the_schedule_that_restarts_also_behind_no_warmup() -> None:
    """The joint has no mark of its own then, and moves the restarts as far as T_0 does the first one."""
    for milestone in (100, 0):
        run, trial = only(oracle.document(SEQUENCE | {"milestones": [milestone]}, run=RUN))
        first = next(handle for handle in handles(run, trial) if handle.label == "restart 1")
        assert first.moved[0].path == ("schedule", "schedulers", 1, "T_0")
