"""What every schedule owes. A failure here says what to add."""

from __future__ import annotations

import ast
import re
from typing import Any

import budget
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lrlab
from lrlab import docstring
from lrlab.document import parse
from lrlab.document.run import calls
from lrlab.exporters.constructor import constructor
from lrlab.schedules import KINDS, SCHEDULES, Schedule
from lrlab.schedules.params import Described, PerGroup, describe, find
from lrlab.schedules.recurrence import Recurrence
from lrlab.trees import latex
from lrlab.trees.python import Writer

FIELDS = [(kind, name) for kind in KINDS for name in KINDS[kind].model_fields]


def bound(document: dict[str, Any]) -> tuple[Schedule, float, int]:
    """The schedule of the first group, its base rate and the ticks of the run."""
    experiment = parse(document)
    trial = experiment.trials[0]
    return trial.bound(experiment.run)[0], trial.base_rates[0], calls(experiment.run, trial.clock)


def test_kinds_are_named_once() -> None:
    assert len(KINDS) == len(SCHEDULES)
    for schedule in SCHEDULES:
        framework, _, native = schedule.kind.partition(".")
        assert framework == schedule.framework, f"{schedule.__name__}: give its framework's base class a `framework`"
        assert native, f"{schedule.__name__}: has no native name"


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_reference_rows(kind: str) -> None:
    found = sum(oracle.kind_of(row) == kind for row in oracle.rows())
    assert found, (
        f"{kind} has no reference row: record its genuine curve and add it to "
        f"tests/reference/{kind.split('.', maxsplit=1)[0]}.json"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_its_docstring_says_the_shape_in_a_sentence_and_its_source(kind: str) -> None:
    said = docstring.read(KINDS[kind])
    first = said.first
    advice = f"{kind}: begin its docstring with one sentence that a learner could draw the curve from"
    assert first, advice
    assert first[0].isupper(), advice
    assert first.endswith("."), advice
    assert len(first.split()) >= 4, advice
    assert len(first) <= 230, f"{kind}: its first sentence is {len(first)} characters long: two lines must do"
    assert said.labelled["Source"], f"{kind}: end its docstring with a paragraph `Source: module.Name; paper`"


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_whether_the_base_lr_is_used(kind: str) -> None:
    schedule = KINDS[kind].example(40, 4, 10)
    low, high = (bound(oracle.document(schedule, steps=40, base_lr=rate)) for rate in (0.1, 0.2))
    ticks = np.arange(40.0)
    same = np.array_equal(low[0].curve(ticks, low[1]), high[0].curve(ticks, high[1]))
    assert same == low[0].own_rate, f"{kind}: sets_rate must say whether the rate is an argument of its own"


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_where_it_comes_from(kind: str) -> None:
    schedule = KINDS[kind]
    assert schedule.documentation.startswith("https://"), (
        f"{kind}: give its class, or its framework's, the address of its `documentation`"
    )
    assert set(re.findall(r"\{(.*?)\}", schedule.documentation)) <= {"native"}, (
        f"{kind}: only {{native}} can be filled in"
    )
    assert schedule.module, f"{kind}: say in `module` where the genuine one is imported from"


def example(kind: str, ticks: int = 100) -> dict[str, Any]:
    """A document of the kind's example on a run of ten epochs."""
    schedule = KINDS[kind].example(ticks, 10, ticks // 10)
    return oracle.document(schedule, run={"total_steps": ticks, "steps_per_epoch": ticks // 10})


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_a_formula_or_says_why_not(kind: str) -> None:
    schedule, _, _ = bound(example(kind))
    if schedule.no_formula:
        assert schedule.no_formula.endswith("."), f"{kind}: say in a sentence why there is no formula"
        assert issubclass(KINDS[kind], Recurrence) or schedule.children(), (
            f"{kind}: a curve that is a function of the tick has a formula"
        )
    else:
        assert latex.latex(schedule).startswith(r"\eta(t) = "), kind


@pytest.mark.parametrize("kind", KINDS)
@budget.share("schedules", 1_500, len(KINDS))
@given(data=st.data())
def test_its_document_comes_back_as_it_was(kind: str, data: st.DataObject) -> None:
    document = data.draw(strategies.documents(kind))
    experiment = parse(document)
    assert experiment.document() == document, f"{kind}: what was said is said differently"
    assert lrlab.loads(experiment.dumps()) == experiment, f"{kind}: JSON does not give back what was written"


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_constructor_can_be_written(kind: str) -> None:
    experiment = parse(example(kind))
    writer, trial = Writer("math"), experiment.trials[0]
    call = ast.parse(constructor(writer, trial.schedule, trial.bound(experiment.run)[0]), mode="eval").body
    assert isinstance(call, ast.Call)
    wanted = (trial.schedule.model_fields_set - trial.schedule.aside) | trial.schedule.fixed().keys()
    assert {keyword.arg for keyword in call.keywords} == wanted, f"{kind}: an argument is missing in its call"
    assert bool(call.args) == trial.schedule.takes_optimizer
    package = trial.schedule.module.partition(".")[0]
    assert any(line.split()[1].partition(".")[0] == package for line in writer.imports), (
        f"{kind}: its call imports nothing"
    )


EDGES = [
    (kind, name, bounds)
    for kind, name in FIELDS
    if (bounds := describe(KINDS[kind].model_fields[name].annotation, KINDS[kind].model_fields[name].metadata)).control
    is not None
    and not bounds.many
    and (bounds.low is not None or bounds.high is not None)
]


@pytest.mark.parametrize(("kind", "name", "about"), EDGES, ids=[f"{kind}-{name}" for kind, name, _ in EDGES])
def test_outside_its_bounds_an_argument_is_refused_by_name_and_inside_its_rates_are_finite(
    kind: str, name: str, about: Described
) -> None:
    document = example(kind)
    least = 1 if about.integer else 1e-9
    ends = [(about.low, about.positive, -least), (about.high, about.below, least)]
    for end, open_end, outward in ends:
        if end is None:
            continue
        end = int(end) if about.integer else float(end)  # noqa: PLW2901 (as the field is)
        outside = [
            end + outward * max(abs(end), 1.0) if not about.integer else end + outward,
            *([end] if open_end else []),
        ]
        for value in outside:
            document["trials"][0]["schedule"][name] = value
            with pytest.raises(lrlab.DocumentError, match=rf"^trials\.0\.schedule\.{name}(\.\w+)?: must be "):
                pytest.fail(f"{kind}: {name} = {value} lies outside its bounds; lrlab reads {parse(document)}")
        for value in {end - outward, *([] if open_end else [end])}:
            document["trials"][0]["schedule"][name] = value
            try:
                experiment = parse(document)
            except lrlab.DocumentError as refusal:
                assert str(refusal).startswith("trials.0.schedule"), (  # noqa: PT017 (it need not raise)
                    f"{kind}: {name} = {value} is refused without its place: {refusal}"
                )
                continue
            assert np.isfinite(lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(103))).all(), (
                f"{kind}: {name} = {value}"
            )


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_list_of_groups_is_seen_as_one(kind: str, name: str) -> None:
    field = KINDS[kind].model_fields[name]
    if "PerGroup" in repr(field):
        assert find(field.metadata, PerGroup), (
            f"{kind}.{name}: put PerGroup outermost (per_group(..., optional=True) for one that may be null)"
        )


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_page_can_offer_each_of_its_arguments(kind: str, name: str) -> None:
    field = KINDS[kind].model_fields[name]
    about = describe(field.annotation, field.metadata)
    offered = about.control or about.choices or about.nested or field.annotation is bool
    assert offered, (
        f"{kind}.{name} has no Control: annotate it with a type of schedules/params.py, "
        f"such as Steps, Horizon, Rate or Factor"
    )
    if about.control is not None and about.control.high is not None:
        assert about.control.low < about.control.high, f"{kind}.{name}: the slider's range is empty"
    if (
        about.control is not None
        and about.control.low is not None
        and about.low is not None
        and about.control.unit != "expression"
    ):
        assert about.control.low >= about.low, f"{kind}.{name}: the slider goes below the hard bound {about.low}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("ticks", "epochs"), [(100, 10), (58_650, 150), (2, 1)])
def test_its_example_is_a_good_document_for_any_run(kind: str, ticks: int, epochs: int) -> None:
    updates = ticks // epochs
    document = oracle.document(
        KINDS[kind].example(ticks, epochs, updates), run={"total_steps": ticks, "steps_per_epoch": updates}
    )
    try:
        experiment = parse(document)
    except lrlab.DocumentError as error:
        pytest.fail(
            f"{kind}: its example({ticks}, {epochs}, {updates}) is refused ({error}): "
            f"give its Controls a `start`, or write an example()"
        )
    rates = lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(ticks))
    assert np.isfinite(rates).all()


@pytest.mark.parametrize("kind", KINDS)
@budget.share("schedules", 1_500, len(KINDS))
@given(data=st.data())
def test_its_rates_are_finite(kind: str, data: st.DataObject) -> None:
    schedule, base_lr, ticks = bound(data.draw(strategies.documents(kind)))
    rates = schedule.curve(np.arange(ticks, dtype=np.float64), base_lr)
    assert np.isfinite(rates).all(), f"{kind}: {schedule!r} is not finite; refuse what makes it so, with a sentence"


@pytest.mark.parametrize("kind", KINDS)
@budget.share("schedules", 1_500, len(KINDS))
@given(data=st.data())
def test_a_number_an_array_and_pieces_of_it_give_the_same(kind: str, data: st.DataObject) -> None:
    schedule, base_lr, ticks = bound(data.draw(strategies.documents(kind)))
    at = np.arange(ticks, dtype=np.float64)
    whole = np.broadcast_to(schedule.curve(at, base_lr), at.shape)
    each = [float(schedule.curve(np.float64(tick), base_lr)) for tick in at]
    oracle.same(
        each, whole, f"{kind}: the curve of a number differs from the array's; use elementwise xp only", relative=1e-14
    )
    cut = data.draw(st.integers(0, ticks))
    pieces = [np.broadcast_to(schedule.curve(part, base_lr), part.shape) for part in (at[:cut], at[cut:])]
    oracle.same(np.concatenate(pieces), whole, f"{kind}: a tick's rate depends on its neighbours", relative=1e-14)
    order = np.random.default_rng(ticks).permutation(ticks)
    shuffled = np.broadcast_to(schedule.curve(at[order], base_lr), at.shape)
    oracle.same(shuffled, whole[order], f"{kind}: a tick's rate depends on the order of ticks", relative=1e-14)


@pytest.mark.parametrize("kind", KINDS)
@budget.share("schedules", 1_500, len(KINDS))
@given(data=st.data())
def test_the_curve_is_pure(kind: str, data: st.DataObject) -> None:
    schedule, base_lr, ticks = bound(data.draw(strategies.documents(kind)))
    at = np.arange(ticks, dtype=np.float64)
    at.setflags(write=False)
    before = schedule.model_dump()
    first, second = (np.array(schedule.curve(at, base_lr)) for _ in range(2))
    assert np.array_equal(first, second), f"{kind}: the second call gives something else; keep no state"
    assert schedule.model_dump() == before, f"{kind}: the curve changes its schedule"


@pytest.mark.parametrize("kind", KINDS)
@budget.share("schedules", 1_500, len(KINDS))
@given(data=st.data())
def test_marks_lie_inside_the_run_and_are_at_most_as_many_as_asked_for(kind: str, data: st.DataObject) -> None:
    schedule, _, _ = bound(data.draw(strategies.documents(kind)))
    for ticks in (1, 2, 7, strategies.TICKS, 10 * strategies.TICKS):
        for limit in (0, 1, 3, 1000):
            marks = schedule.marks(ticks, limit)
            if marks is None:
                continue
            assert len(marks) <= limit, f"{kind}: {len(marks)} marks where {limit} were allowed; return None"
            for mark in marks:
                assert 0 < mark.tick < ticks, f"{kind}: {mark} is not inside a run of {ticks} ticks"
                assert isinstance(mark.tick, int), f"{kind}: {mark} is at no whole tick"
                assert mark.label, f"{kind}: the mark at {mark.tick} has no label"


def brackets(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Documents in which every change of the rate is a jump."""
    if kind == "torch.SequentialLR":
        flat = ["torch.StepLR", "torch.MultiStepLR", "torch.ConstantLR"]
        return st.tuples(st.sampled_from(flat), st.sampled_from(flat)).flatmap(
            lambda pair: strategies.sequences(None, *pair)
        )
    return strategies.schedules(kind)


@pytest.mark.parametrize("kind", ["torch.StepLR", "torch.MultiStepLR", "torch.ConstantLR", "torch.SequentialLR"])
@given(data=st.data())
def test_every_change_of_a_staircase_is_marked(kind: str, data: st.DataObject) -> None:
    schedule, base_lr, ticks = bound(oracle.document(data.draw(brackets(kind)), steps=strategies.TICKS))
    rates = np.broadcast_to(schedule.curve(np.arange(ticks, dtype=np.float64), base_lr), ticks)
    changes = {int(tick) + 1 for tick in np.flatnonzero(np.diff(rates))}
    marked = {mark.tick for mark in schedule.marks(ticks, 1000) or []}
    assert changes <= marked, f"{kind}: {schedule!r} changes at {sorted(changes - marked)}, where it has no mark"


@pytest.mark.parametrize(
    "kind", ["torch.CosineAnnealingWarmRestarts", "transformers.get_cosine_with_hard_restarts_schedule_with_warmup"]
)
@settings(max_examples=100)
@given(data=st.data())
def test_every_restart_is_marked(kind: str, data: st.DataObject) -> None:
    """Found as the ticks at which the rate rises, behind the warmup, by more than half of its height."""
    if kind.startswith("torch."):
        document = {"kind": kind, "T_0": data.draw(st.integers(5, 40)), "T_mult": data.draw(st.integers(1, 3))}
    else:
        span, cycles, warmup = (
            data.draw(st.integers(5, 30)),
            data.draw(st.integers(1, 6)),
            data.draw(st.integers(0, 20)),
        )
        document = {
            "kind": kind,
            "num_warmup_steps": warmup,
            "num_training_steps": warmup + span * cycles,
            "num_cycles": cycles,
        }
    schedule, base_lr, ticks = bound(oracle.document(document, steps=200))
    rises = {
        int(tick) + 1
        for tick in np.flatnonzero(np.diff(schedule.curve(np.arange(ticks, dtype=np.float64), base_lr)) > base_lr / 2)
    }
    rises -= {document.get("num_warmup_steps", 0)}
    marked = {mark.tick for mark in schedule.marks(ticks, 1000) or [] if "restart" in mark.label}
    late = (
        {tick + 1 for tick in marked} if kind.startswith("transformers.") else set()
    )  # the genuine code's rounding may miss one by a tick
    assert rises <= marked | late, f"{kind}: {schedule!r} restarts at {sorted(rises - marked)}, where it has no mark"


def test_a_joint_is_marked_at_its_very_tick() -> None:
    parts = [
        {"kind": "torch.LinearLR", "total_iters": 40},
        {"kind": "torch.CosineAnnealingLR", "T_max": 7},
        {"kind": "torch.StepLR", "step_size": 4},
    ]
    schedule, _, ticks = bound(
        oracle.document({"kind": "torch.SequentialLR", "schedulers": parts, "milestones": [11, 30]}, steps=40)
    )
    marks = {mark.tick: mark.label for mark in schedule.marks(ticks, 1000) or []}
    assert {tick for tick, label in marks.items() if "milestone" in label} == {11, 30}
    assert set(marks) == {11, 18, 25, 30, 34, 38}


def test_one_cycle_marks_its_peak() -> None:
    """Tick pct_start * total_steps - 1, 29 of 100 (pain-points 13), and the minimum at the last."""
    schedule, base_lr, _ = bound(
        oracle.document({"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 100}, steps=101)
    )
    rates = schedule.curve(np.arange(100.0), base_lr)
    marks = {mark.label: mark.tick for mark in schedule.marks(101, 10) or []}
    assert marks["peak"] == int(np.argmax(rates)) == 29
    assert marks["minimum"] == int(np.argmin(rates)) == 99
