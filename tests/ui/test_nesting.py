"""Schedules in schedules, through the page: what its buttons do to the document."""

from __future__ import annotations

from typing import Any

import pytest
from panels import captions, complaint, nodes, press, unfold, write
from test_page import at_hand, opened

from lrlab.schedules import KINDS
from lrlab.ui.tune import nesting

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

RUN = {"total_steps": 1000, "steps_per_epoch": 100}
WARMUP = {"kind": "torch.LinearLR", "total_iters": 100}
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
STAIRS = {"kind": "torch.StepLR", "step_size": 50}
SEQUENCE = {"kind": "torch.SequentialLR", "schedulers": [WARMUP, COSINE, STAIRS], "milestones": [100, 400]}
ROOT = "trials.0.schedule"
BEGINS = {"torch.SequentialLR": ("schedulers", "milestones"), "optax.join_schedules": ("schedules", "boundaries")}


def page(schedule: dict[str, Any], **trial: Any) -> Any:
    return opened({"lrlab": 1, "run": RUN, "trials": [{"name": "t", "base_lr": 0.1, "schedule": schedule, **trial}]})


def shown(app: Any) -> dict[str, Any]:
    found: dict[str, Any] = at_hand(app).document()["trials"][0]["schedule"]
    return found


def kinds(app: Any, name: str = "schedulers") -> list[str]:
    return [child["kind"].split(".")[1] for child in shown(app)[name]]


def choose(app: Any, slot: str, kind: str) -> None:
    unfold(app, f"{slot}/kind")
    assert kind in dict(nodes(app)[f"{slot}/kind"]["options"])
    write(app, f"{slot}/kind", kind)
    assert not app.exception
    assert not complaint(app, f"{slot}/kind")


def test_one_more_has_the_second_half_of_the_last_ones_span() -> None:
    app = page(SEQUENCE)
    choose(app, f"{ROOT}.schedulers", "torch.ConstantLR")
    assert kinds(app) == ["LinearLR", "CosineAnnealingLR", "StepLR", "ConstantLR"]
    assert shown(app)["milestones"] == [100, 400, 700]
    assert not nodes(app)[f"{ROOT}.schedulers/kind"]["open"]


def test_only_what_may_stand_there_is_offered() -> None:
    app = page(SEQUENCE)
    unfold(app, f"{ROOT}.schedulers/kind")
    offered = list(dict(nodes(app)[f"{ROOT}.schedulers/kind"]["options"]).values())
    assert "torch · StepLR" in offered
    assert all(option.startswith("torch · ") for option in offered)
    refused = {
        "SequentialLR": "cannot be driven",
        "ReduceLROnPlateau": "needs a metric",
        "OneCycleLR": "overwrites",
        "MultiplicativeLR": "only first",
    }
    assert not {f"torch · {name}" for name in refused} & set(offered)


@pytest.mark.parametrize(
    ("index", "left", "milestones"),
    [
        (0, ["CosineAnnealingLR", "StepLR"], [400]),
        (1, ["LinearLR", "StepLR"], [100]),
        (2, ["LinearLR", "CosineAnnealingLR"], [100]),
    ],
)
def test_one_less_takes_a_milestone_with_it(index: int, left: list[str], milestones: list[int]) -> None:
    app = page(SEQUENCE)
    press(app, f"{ROOT}.schedulers.{index}/remove")
    assert kinds(app) == left
    assert shown(app)["milestones"] == milestones


def test_the_only_one_cannot_be_taken_out() -> None:
    app = page({"kind": "torch.ChainedScheduler", "schedulers": [WARMUP]})
    assert nodes(app)[f"{ROOT}.schedulers.0/remove"].get("disabled")


@pytest.mark.parametrize(
    ("index", "way", "order", "milestones"),
    [
        (0, "later", ["CosineAnnealingLR", "LinearLR", "StepLR"], [300, 400]),
        (1, "earlier", ["CosineAnnealingLR", "LinearLR", "StepLR"], [300, 400]),
        (2, "earlier", ["LinearLR", "StepLR", "CosineAnnealingLR"], [100, 700]),
    ],
)
def test_who_moves_keeps_its_length(index: int, way: str, order: list[str], milestones: list[int]) -> None:
    app = page(SEQUENCE)
    press(app, f"{ROOT}.schedulers.{index}/{way}")
    assert kinds(app) == order
    assert shown(app)["milestones"] == milestones
    ends = {0: "earlier", 2: "later"}
    assert all(nodes(app)[f"{ROOT}.schedulers.{i}/{what}"].get("disabled") for i, what in ends.items())


def test_a_move_that_torch_refuses_is_said_and_nothing_is_lost() -> None:
    cycle = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": None}
    app = page({"kind": "torch.SequentialLR", "schedulers": [cycle, COSINE], "milestones": [500]})
    before = at_hand(app)
    press(app, f"{ROOT}.schedulers.0/later")
    assert at_hand(app) == before
    assert "only the first may" in app.error[0].value


def test_milestones_are_steps_or_the_lengths_of_the_parts() -> None:
    app = page(SEQUENCE)
    assert nodes(app)[f"{ROOT}.milestones.1"]["at"] == 400
    write(app, f"{ROOT}.schedulers/spans", "durations")
    assert [nodes(app)[f"{ROOT}.milestones.length.{i}"]["at"] for i in (0, 1)] == [100, 300]
    assert "600 ticks that are left" in captions(app)
    write(app, f"{ROOT}.milestones.length.0", "150")
    assert shown(app)["milestones"] == [150, 450], "the second part keeps its 300"
    write(app, f"{ROOT}.milestones.length.1", "-1")
    assert shown(app)["milestones"] == [150, 450]
    assert "must not decrease" in complaint(app, f"{ROOT}.milestones.length.1")
    write(app, f"{ROOT}.schedulers/spans", "steps")
    assert nodes(app)[f"{ROOT}.milestones.1"]["at"] == 450


def test_many_lengths_are_one_text() -> None:
    app = page(SEQUENCE | {"schedulers": [STAIRS] * 7, "milestones": [100, 200, 300, 400, 500, 600]})
    write(app, f"{ROOT}.schedulers/spans", "durations")
    lengths = f"{ROOT}.milestones.length"
    assert nodes(app)[lengths]["text"] == "100, 100, 100, 100, 100, 100"
    write(app, lengths, "50, 100, 100, 100, 100, 100")
    assert shown(app)["milestones"] == [50, 150, 250, 350, 450, 550]
    write(app, lengths, "50, x, 100, 100, 100, 100")
    assert "lengths[1]: 'x' is no duration" in complaint(app, lengths)
    assert shown(app)["milestones"] == [50, 150, 250, 350, 450, 550]


def test_optax_joins_at_every_depth() -> None:
    level = {"kind": "optax.constant_schedule", "value": 0.1}
    inner = {"kind": "optax.join_schedules", "schedules": [level, level], "boundaries": [200]}
    app = page({"kind": "optax.join_schedules", "schedules": [level, inner], "boundaries": [400]})
    choose(app, f"{ROOT}.schedules.1.schedules", "optax.linear_schedule")
    nested = shown(app)["schedules"][1]
    assert [child["kind"] for child in nested["schedules"]] == ["optax.constant_schedule"] * 2 + [
        "optax.linear_schedule"
    ]
    assert nested["boundaries"] == [200, 400], "600 ticks are left to the inner one"
    press(app, f"{ROOT}.schedules.1.schedules.2/earlier")
    assert shown(app)["schedules"][1]["boundaries"] == [200, 400]
    press(app, f"{ROOT}.schedules.1/earlier")
    assert shown(app)["boundaries"] == [600]


def test_sixteen_levels_are_editable() -> None:
    schedule: dict[str, Any] = STAIRS
    for _ in range(15):
        schedule = {"kind": "torch.ChainedScheduler", "schedulers": [schedule]}
    app = page(schedule)
    deepest = ROOT + ".schedulers.0" * 15
    write(app, f"{deepest}.step_size", "7")
    found = at_hand(app).trials[0].schedule
    for _ in range(15):
        found = found.schedulers[0]
    assert found.step_size == 7
    choose(app, ROOT + ".schedulers.0" * 14 + ".schedulers", "torch.ConstantLR")
    assert not app.exception


def test_a_number_becomes_a_schedule_and_a_number_again() -> None:
    app = page(
        {"kind": "paddle.LinearWarmup", "learning_rate": 0.3, "warmup_steps": 50, "start_lr": 0.0, "end_lr": 0.3}
    )
    slot = f"{ROOT}.learning_rate"
    write(app, f"{slot}", "0.2")
    assert shown(app)["learning_rate"] == 0.2
    choose(app, slot, "paddle.StepDecay")
    assert shown(app)["learning_rate"]["kind"] == "paddle.StepDecay"
    assert shown(app)["learning_rate"]["learning_rate"] == 0.2, "the rate goes on"
    write(app, f"{slot}.learning_rate", "0.4")
    choose(app, slot, "a number")
    assert shown(app)["learning_rate"] == 0.4


def test_what_follows_a_warmup_is_replaced_and_brings_its_metrics() -> None:
    app = page(KINDS["warmup_scheduler.GradualWarmupScheduler"].example(1000, 10, 100))
    slot = f"{ROOT}.after_scheduler"
    choose(app, slot, "torch.ReduceLROnPlateau")
    assert shown(app)["after_scheduler"]["kind"] == "torch.ReduceLROnPlateau"
    assert len(shown(app)["metrics"]) == 1000
    choose(app, slot, "torch.StepLR")
    assert "metrics" not in shown(app)
    choose(app, slot, "none")
    assert shown(app)["after_scheduler"] is None


def test_cycles_without_a_kind_are_added_moved_and_removed() -> None:
    app = page(KINDS["optax.sgdr_schedule"].example(900, 10, 100))
    press(app, f"{ROOT}.cosine_kwargs/add")
    assert [cycle["peak_value"] for cycle in shown(app)["cosine_kwargs"]] == [0.1, 0.05, 0.025, 0.025]
    write(app, f"{ROOT}.cosine_kwargs.3.peak_value", "0.7")
    press(app, f"{ROOT}.cosine_kwargs.3/earlier")
    press(app, f"{ROOT}.cosine_kwargs.0/remove")
    assert [cycle["peak_value"] for cycle in shown(app)["cosine_kwargs"]] == [0.05, 0.7, 0.025]
    assert all("kind" not in cycle for cycle in shown(app)["cosine_kwargs"])


@pytest.mark.parametrize(
    ("joints", "parts"), [([], [1000]), ([0], [0, 1000]), ([-5, 10], [0, 10, 990]), ([300, 2000], [300, 1700, 0])]
)
def test_lengths_fill_the_span_and_join_again(joints: list[int], parts: list[int]) -> None:
    assert nesting.lengths(joints, 1000) == parts
    assert nesting.joined(parts) == [max(joint, 0) for joint in joints]


@pytest.mark.parametrize("kind", BEGINS)
def test_joints_stay_consistent_whatever_is_done(kind: str) -> None:
    name, joints = BEGINS[kind]
    slot = nesting.Slot(("trials", 0, "schedule"), name, 1000, joints)
    owner: dict[str, Any] = {"kind": kind, name: ["a", "b", "c"], joints: [100, 400]}
    before = nesting.lengths(owner[joints], 1000)
    for index in range(3):
        fewer = nesting.without(owner, slot, index)
        assert len(fewer[joints]) == len(fewer[name]) - 1
        for by in (-1, 1):
            after = nesting.moved(owner, slot, index, by)
            by_name = dict(zip(after[name], nesting.lengths(after[joints], 1000), strict=True))
            assert by_name == dict(zip("abc", before, strict=True))
    more = nesting.appended(owner, slot, "d")
    assert nesting.lengths(more[joints], 1000) == [*before[:-1], 300, 300]
    assert owner == {"kind": kind, name: ["a", "b", "c"], joints: [100, 400]}, "what was there is not changed"


def test_parts_are_as_long_as_they_are_in_force() -> None:
    """optax lets a later part take over from all before it: of boundaries 10 and 5 on 24 updates only the first 5 are
    the first part's.
    """
    assert nesting.lengths([10, 5], 24) == [5, 0, 19]
    assert nesting.lengths([4, 9], 24) == [4, 5, 15]


def test_milestones_that_are_text_are_moved_as_numbers() -> None:
    app = page(SEQUENCE | {"milestones": ["1ep", "40%"]})
    assert shown(app)["milestones"] == ["1ep", "40%"]
    assert nodes(app)[f"{ROOT}.milestones.0"]["text"] == "1ep"
    assert nodes(app)[f"{ROOT}.milestones.0"]["at"] == 100
    choose(app, f"{ROOT}.schedulers", "torch.ConstantLR")
    assert shown(app)["milestones"] == [100, 400, 700]
