"""Durations that are text say their unit themselves: advice on units leaves them alone, and its fixes keep them."""

from __future__ import annotations

from typing import Any

import oracle
import pytest

from lrlab import advice
from lrlab.advice import RULES
from lrlab.advice.base import Case, Fix, possible
from lrlab.document import Experiment, parse
from lrlab.schedules.spans import scaled

RUN = {"samples": 1000, "batch_size": 10, "epochs": 100}
"""An epoch has 100 steps: in the run of 100 epochs, 100 may be meant as epochs."""
COSINE = {"kind": "torch.CosineAnnealingLR"}
UNITS = {rule.code for rule in RULES if rule.unit}


def found(schedule: dict[str, Any], **trial: Any) -> tuple[Experiment, dict[str, Any]]:
    experiment = parse(oracle.document(schedule, run=RUN, **trial))
    return experiment, {finding.code: finding for finding in advice.check(experiment)}


@pytest.mark.parametrize(
    ("argument", "schedule"),
    [
        ("T_max", COSINE),
        ("T_0", {"kind": "torch.CosineAnnealingWarmRestarts"}),
        ("step_size", {"kind": "torch.StepLR"}),
        ("decay_steps", {"kind": "keras.CosineDecay", "initial_learning_rate": 0.1}),
    ],
)
def test_a_number_may_be_meant_in_epochs_and_its_text_not(argument: str, schedule: dict[str, Any]) -> None:
    """1ep is 100 ticks: as a number it is taken for the 100 epochs of the run."""
    _, numbers = found(schedule | {argument: 100})
    _, texts = found(schedule | {argument: "1ep"})
    assert UNITS & numbers.keys()
    assert not UNITS & texts.keys()


def test_steps_under_a_clock_of_epochs() -> None:
    _, numbers = found(COSINE | {"T_max": 10_000}, clock="epoch")
    _, texts = found(COSINE | {"T_max": "100ep"}, clock="epoch")
    assert "LR101" in numbers
    assert not texts.keys() & {"LR101", "LR102", "LR103", "LR104"}


def test_a_fix_into_another_unit_leaves_texts_as_they_are() -> None:
    schedule = {
        "kind": "torch.SequentialLR",
        "milestones": ["2ep", 4],
        "schedulers": [
            {"kind": "torch.LinearLR", "total_iters": "2ep"},
            {"kind": "torch.ConstantLR", "total_iters": 2},
            {"kind": "torch.CosineAnnealingLR", "T_max": 100},
        ],
    }
    experiment, findings = found(schedule | {"milestones": ["2ep", 250]})
    fixed = findings["LR102"].fix(experiment).document()["trials"][0]["schedule"]
    assert fixed["milestones"][0] == "2ep"
    assert fixed["schedulers"][0]["total_iters"] == "2ep"
    assert fixed["schedulers"][2]["T_max"] > 1000
    assert scaled(parse(oracle.document(COSINE | {"T_max": "5ep"}, run=RUN)).trials[0].schedule, 100) == {}


def test_a_fix_that_sets_a_number_replaces_the_text() -> None:
    experiment, findings = found(COSINE | {"T_max": "90ep"})
    fixed = findings["LR103"].fix(experiment)
    assert fixed.document()["trials"][0]["schedule"]["T_max"] == 10_000
    assert "LR103" not in {finding.code for finding in advice.check(fixed)}


@pytest.mark.parametrize("text", ["90ep", "90%"])
def test_a_fix_to_the_number_that_a_text_says_already_is_none(text: str) -> None:
    experiment = parse(oracle.document(COSINE | {"T_max": text}, run=RUN))
    case = Case(experiment.run, experiment.trials[0])
    path = ("schedule", "T_max")
    assert not possible(case, Fix("", "t", ((path, 9000),)))
    assert possible(case, Fix("", "t", ((path, 10_000),)))
    nested = {
        "kind": "torch.SequentialLR",
        "milestones": ["1ep"],
        "schedulers": [{"kind": "torch.LinearLR", "total_iters": "1ep"}, COSINE | {"T_max": text}],
    }
    experiment = parse(oracle.document(nested, run=RUN))
    case = Case(experiment.run, experiment.trials[0])
    same = ((("schedule", "milestones", 0), 100), (("schedule", "schedulers", 1, "T_max"), 9000))
    assert not possible(case, Fix("", "t", same))


def test_a_warmup_counted_twice_is_found_in_texts_too() -> None:
    schedule = {
        "kind": "torch.SequentialLR",
        "milestones": ["10ep"],
        "schedulers": [
            {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": "10ep"},
            COSINE | {"T_max": "100%"},
        ],
    }
    experiment, findings = found(schedule)
    assert findings["LR105"].fix(experiment).document()["trials"][0]["schedule"]["schedulers"][1]["T_max"] == 9000


def test_every_rule_can_look_at_texts() -> None:
    for rule in RULES:
        for about in (rule.bad, rule.good):
            trial = parse(about).trials[0]
            for path in trial.schedule.model_fields_set:
                schedule = dict(about["trials"][0]["schedule"])
                for text in ("1ep", "50%", "100%"):
                    document = about | {"trials": [about["trials"][0] | {"schedule": schedule | {path: text}}]}
                    try:
                        experiment = parse(document)
                    except ValueError:
                        continue
                    for finding in advice.check(experiment):
                        if finding.fix:
                            finding.fix(experiment)
