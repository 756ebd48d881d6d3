"""Durations as text: they stay text, follow the run, and what they come to is plain arithmetic of whole numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lrlab
from lrlab.__main__ import main
from lrlab.document import Trial, from_link, parse
from lrlab.document.duration import duration, in_epochs, in_percent, kept
from lrlab.document.run import Clock, DataRun, StepRun, calls, ticks_per_epoch
from lrlab.schedules import KINDS

if TYPE_CHECKING:
    from pathlib import Path

CLOCKS: tuple[Clock, ...] = ("step", "epoch", "micro_batch", "process")
RUN = {"samples": 1000, "batch_size": 10, "accumulate": 4, "devices": 2, "epochs": 8}
"""An epoch has 50 micro-batches and 13 steps."""
EPOCH = {"step": 13, "epoch": 1, "micro_batch": 50, "process": 26}
WHOLE = {"step": 104, "epoch": 8, "micro_batch": 400, "process": 208}
COSINE = {"kind": "torch.CosineAnnealingLR"}
SEQUENCE = {
    "kind": "torch.SequentialLR",
    "milestones": ["1ep"],
    "schedulers": [
        {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": "1ep"},
        {"kind": "torch.CosineAnnealingLR", "T_max": "50%"},
    ],
}


def cosine(length: Any, run: dict[str, Any] | None = None, **trial: Any) -> lrlab.Experiment:
    return parse(oracle.document(COSINE | {"T_max": length}, run=run or RUN, **trial))


def length(experiment: lrlab.Experiment) -> float:
    """The T_max that is really used."""
    trial: Any = experiment.trials[0]
    found = trial.bound(experiment.run)[0].T_max
    assert found == trial.schedule.T_max
    return float(found)


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(lrlab.DocumentError) as refusal:
        parse(document)
    message = str(refusal.value)
    assert message.isprintable()
    assert len(message) < 600
    return message


# What a text comes to


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(("text", "of"), [("5ep", 5), ("0.5ep", 0.5), ("2.25ep", 2.25), ("1.0ep", 1), ("007ep", 7)])
def test_epochs_are_those_of_the_clock_to_the_nearest_tick(text: str, of: float, clock: Clock) -> None:
    if clock == "epoch" and of < 1:
        assert '"0.5ep" is 0 ticks here' in refused(oracle.document(COSINE | {"T_max": text}, run=RUN, clock=clock))
    else:
        assert length(cosine(text, clock=clock)) == round(of * EPOCH[clock])


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize(
    ("text", "hundredths"), [("10%", 1000), ("7%", 700), ("100%", 10000), ("0.25%", 25), ("150%", 15000)]
)
def test_a_share_is_of_the_whole_run_and_rounded_up(text: str, hundredths: int, clock: Clock) -> None:
    assert length(cosine(text, clock=clock)) == -(-hundredths * WHOLE[clock] // 10_000)


@pytest.mark.parametrize(
    ("text", "steps", "want"), [("7%", 100, 7), ("3%", 2439, 74), ("0.1%", 1000, 1), ("29%", 10**12, 29 * 10**10)]
)
def test_a_share_is_exact(text: str, steps: int, want: int) -> None:
    """Floats would make 8 of 7 % of 100, and of 0.1 % of 1000 they make 1 by luck."""
    assert length(cosine(text, {"total_steps": steps})) == want


@given(
    thousandths=st.integers(1, 10**6),
    samples=st.integers(1, 10**5),
    batch=st.integers(1, 100),
    epochs=st.integers(1, 50),
    clock=st.sampled_from(CLOCKS),
)
def test_shares_and_epochs_of_any_run(thousandths: int, samples: int, batch: int, epochs: int, clock: Clock) -> None:
    about = {"samples": samples, "batch_size": batch, "epochs": epochs}
    run = DataRun(**about)
    number = f"{thousandths // 1000}.{thousandths % 1000:03}"
    whole, epoch = calls(run, clock), ticks_per_epoch(run, clock)
    assert duration(f"{number}%", run, clock) == -(-thousandths * whole // 100_000)
    near = duration(f"{number}ep", run, clock)
    assert abs(near * 1000 - thousandths * epoch) <= 500
    assert length(cosine(f"{number}%", about, clock=clock)) == -(-thousandths * whole // 100_000)


def test_in_a_nested_schedule_they_are_parts_of_the_trials_run() -> None:
    experiment = parse(oracle.document(SEQUENCE, run=RUN))
    sequence: Any = experiment.trials[0].bound(experiment.run)[0]
    assert sequence.milestones == (13,)
    assert sequence.schedulers[0].total_iters == 13
    assert sequence.schedulers[1].T_max == 52, "half of the run, and not of the part behind the warmup"
    assert sequence.schedulers[1].ticks_left == 91


def test_a_null_horizon_stays_what_it_was() -> None:
    assert cosine(None).trials[0].schedule.T_max is None  # type: ignore[attr-defined]
    bound: Any = cosine(None).trials[0].bound(cosine(None).run)[0]
    assert bound.T_max == 104


# They stay text


@pytest.mark.parametrize("clock", CLOCKS)
def test_what_comes_in_goes_out_again(clock: Clock) -> None:
    milestones = {"kind": "torch.MultiStepLR", "milestones": ["1ep", 3, "60%", 10**6]}
    cycles = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": "1ep", "decay_steps": "50%"}
    sgdr = {"kind": "optax.sgdr_schedule", "cosine_kwargs": [cycles, cycles | {"warmup_steps": 0}]}
    milestones["milestones"] = ["1ep", 5, "80%", 10**6]
    for schedule in (COSINE | {"T_max": "5ep"}, SEQUENCE, milestones, sgdr):
        document = oracle.document(schedule, run=RUN, clock=clock)
        experiment = parse(document)
        assert experiment.document() == document
        assert lrlab.loads(experiment.dumps()) == experiment
        assert from_link(experiment.link()).document() == document
        assert json.loads(lrlab.exporters.export(experiment, "json")) == document


def test_a_text_is_not_equal_to_its_number() -> None:
    assert cosine("5ep") != cosine(65)
    assert cosine("5ep") == cosine("5ep")
    assert cosine("5ep") != cosine("62.5%"), "two texts of one number"
    assert cosine("5ep").trials[0].schedule.in_numbers() == cosine(65).trials[0].schedule


def test_an_argument_that_is_set_anew_is_no_text_any_more() -> None:
    schedule = parse(oracle.document(SEQUENCE, run=RUN)).trials[0].schedule
    assert set(schedule.texts()) == {"milestones.0", "schedulers.0.total_iters", "schedulers.1.T_max"}
    assert set(schedule.model_copy(update={"milestones": (7,)}).texts()) == set(schedule.texts()) - {"milestones.0"}
    plain = schedule.in_numbers().model_dump(mode="json", exclude_unset=True)
    assert plain["milestones"] == [13]
    assert plain["schedulers"][1]["T_max"] == 52
    warmup = {"kind": "warmup_scheduler.GradualWarmupScheduler", "multiplier": 1.0, "total_epoch": "1ep"}
    alone = parse(oracle.document(warmup, run=RUN)).trials[0].schedule.in_numbers()
    assert alone.model_dump(mode="json", exclude_unset=True) == warmup | {"total_epoch": 13}, "and nothing else is set"


# They follow the run


def test_they_follow_the_batch_the_epochs_and_the_clock() -> None:
    document = cosine("5ep").document()
    document["run"] |= {"batch_size": 20}
    assert length(parse(document)) == 5 * 7  # 25 micro-batches make 7 steps
    document["run"] |= {"epochs": 16}
    assert length(parse(document)) == 5 * 7
    document["trials"][0] |= {"clock": "epoch"}
    assert length(parse(document)) == 5
    document["trials"][0]["schedule"]["T_max"] = "50%"
    assert length(parse(document)) == 8


@pytest.mark.parametrize("schedule", [COSINE | {"T_max": "5ep"}, SEQUENCE], ids=["plain", "nested"])
def test_a_trial_that_is_used_with_another_run_follows_that_run(schedule: dict[str, Any]) -> None:
    trial = parse(oracle.document(schedule, run=RUN)).trials[0]
    other = StepRun(total_steps=300, steps_per_epoch=30)
    there = parse(oracle.document(schedule, run={"total_steps": 300, "steps_per_epoch": 30}))
    assert trial.bound(other) == there.trials[0].bound(other)
    assert lrlab.Experiment(run=other, trials=(trial,)) == there
    oracle.same(lrlab.engine.lr(other, trial, np.arange(300)), lrlab.engine.lr(other, there.trials[0], np.arange(300)))


def test_a_run_on_which_they_make_no_schedule_is_refused_with_the_text_and_the_number() -> None:
    trial = parse(oracle.document({"kind": "torch.StepLR", "step_size": "0.1ep"}, run=RUN)).trials[0]
    other = StepRun(total_steps=8, steps_per_epoch=2)
    says = r'schedule\.step_size: must be greater than 0 \("0\.1ep" is 0 ticks here\)'
    with pytest.raises(ValueError, match=rf"^{says}$"):
        trial.bound(other)
    with pytest.raises(ValueError, match=rf"0\.{says}"):
        lrlab.Experiment(run=other, trials=(trial,))


# Refusals

HOSTILE = [
    "", " ", "ep", "%", "5", "5 ep", "5ep ", " 5ep", "5 %", "5EP", "5Ep", "5epochs", "5 epochs", "5e", "5steps", "5ba",
    "-5ep", "+5ep", "-0ep", "--5ep", "5.ep", ".5ep", "5,5ep", "1_000ep", "1,000ep", "1e2ep", "1e2%", "1e999ep", "nanep",
    "nan", "inf", "infep", "inf%", "Infinity%", "0x10ep", "5ep5ep", "5ep%", "5%%", "5%ep", "1/2ep", "2*5ep", "\u0663ep",
    "\uff15ep", "5ep\n", "\n5ep", "5ep\x00", "5\u200bep", "null", "None", "true", "[5]", '{"a":1}', "5ep # x", '5ep"',
    "5\u0435\u0440",
    "9" * 39 + "ep", "0." + "0" * 40 + "1ep", "9" * 100_000, "9" * 100_000 + "ep", "(" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_what_is_no_such_duration_is_refused_by_its_path(text: str) -> None:
    message = refused(oracle.document(COSINE | {"T_max": text}, run=RUN))
    assert message == 'trials.0.schedule.T_max: must be a number, or text such as "5ep" or "10%"'
    steps = refused(oracle.document({"kind": "torch.MultiStepLR", "milestones": [3, text]}, run=RUN))
    assert steps == 'trials.0.schedule.milestones.1: must be a whole number, or text such as "5ep" or "10%"'
    sequence = json.loads(json.dumps(SEQUENCE))
    sequence["schedulers"][1]["T_max"] = text
    assert refused(oracle.document(sequence, run=RUN)).startswith("trials.0.schedule.schedulers.1.T_max: must be a ")


@pytest.mark.parametrize(
    ("schedule", "clock", "begins", "holds"),
    [
        (COSINE | {"T_max": "0ep"}, "step", "T_max: must be greater than 0", '"0ep" is 0 ticks here'),
        (COSINE | {"T_max": "0%"}, "step", "T_max: must be greater than 0", '"0%" is 0 ticks here'),
        (COSINE | {"T_max": "0.4ep"}, "epoch", "T_max: must be greater than 0", '"0.4ep" is 0 ticks here'),
        (
            COSINE | {"T_max": "9" * 30 + "ep"},
            "step",
            "T_max: must be at most 1000000000000000",
            "is 12,999,999,999,999,999,999,999,999,999,987 ticks here",
        ),
        (
            {
                "kind": "optax.warmup_cosine_decay_schedule",
                "init_value": 0.0,
                "peak_value": 0.1,
                "warmup_steps": "60%",
                "decay_steps": "50%",
            },
            "step",
            "decay_steps: must be greater than warmup_steps (63)",
            '"50%" is 52 ticks here, "60%" is 63 ticks here',
        ),
        (
            SEQUENCE | {"milestones": ["2ep", "1ep"], "schedulers": SEQUENCE["schedulers"] * 2},
            "step",
            "milestones: must have one less",
            '"2ep" is 26 ticks here, "1ep" is 13 ticks here',
        ),
        (
            {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": "0%"},
            "step",
            "total_steps: must be greater than 0",
            '"0%" is 0 ticks here',
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_number_that_breaks_a_bound_is_named_with_its_text(
    schedule: dict[str, Any], clock: str, begins: str, holds: str
) -> None:
    message = refused(oracle.document(schedule, run=RUN, clock=clock))
    assert message.startswith(f"trials.0.schedule.{begins}"), message
    assert holds in message


def test_other_sentences_stay_as_they_are() -> None:
    """A wrong name, a missing argument: what texts come to has nothing to do with these."""
    document = oracle.document(COSINE | {"T_max": "5ep", "eta_mn": 0.1}, run=RUN)
    assert refused(document) == "trials.0.schedule.eta_mn: is no argument here; did you mean eta_min?"
    document = oracle.document({"kind": "torch.StepLR", "gamma": 0.1}, run=RUN)
    assert refused(document) == "trials.0.schedule.step_size: is missing"
    document = oracle.document(COSINE | {"T_max": "5ep"}, run=RUN | {"epochs": 0})
    assert refused(document) == "run.epochs: must be at least 1"
    document = oracle.document(COSINE | {"T_max": "5ep"}, run=RUN, clock="batch")
    assert refused(document).startswith("trials.0.clock: must be 'step'")


def test_without_a_run_there_are_no_texts() -> None:
    with pytest.raises(ValueError, match="T_max: is text, which comes to ticks on a run only"):
        KINDS["torch.CosineAnnealingLR"].model_validate({"T_max": "5ep"})
    with pytest.raises(ValueError, match="T_max: is text, which comes to ticks on a run only"):
        Trial.model_validate({"name": "t", "base_lr": 0.1, "schedule": COSINE | {"T_max": "5ep"}})


# The schema and the command line


def test_the_schema_allows_them_where_ticks_are_counted_and_nowhere_else() -> None:
    check = jsonschema.Draft202012Validator(lrlab.Experiment.model_json_schema())
    cycle = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": "1ep", "decay_steps": "0.5%"}
    good = [
        COSINE | {"T_max": "5ep"},
        COSINE | {"T_max": 5},
        COSINE | {"T_max": None},
        SEQUENCE,
        {"kind": "torch.MultiStepLR", "milestones": ["1ep", 3, "2.5%"]},
        {"kind": "optax.sgdr_schedule", "cosine_kwargs": [cycle]},
    ]
    for schedule in good:
        check.validate(oracle.document(schedule, run=RUN))
    bad = [
        COSINE | {"T_max": "5 ep"},
        COSINE | {"T_max": "5"},
        COSINE | {"T_max": "-5ep"},
        COSINE | {"T_max": "5ep", "eta_min": "5ep"},
        {"kind": "torch.MultiStepLR", "milestones": ["x"]},
        {"kind": "torch.MultiStepLR", "milestones": "1ep"},
        {"kind": "optax.sgdr_schedule", "cosine_kwargs": [cycle | {"peak_value": "1ep"}]},
    ]
    for schedule in bad:
        assert not check.is_valid(oracle.document(schedule, run=RUN)), schedule


def test_the_command_line_takes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, numbers = tmp_path / "text.json", tmp_path / "numbers.json"
    file.write_text(cosine("5ep").dumps())
    numbers.write_text(cosine(65).dumps())
    written = []
    for path in (file, numbers):
        assert main(["curve", str(path)]) == 0
        written.append(capsys.readouterr().out)
    assert written[0] == written[1]
    assert main(["export", str(file), "--to", "pytorch"]) == 0
    assert "T_max = 65  # 5ep\n" in capsys.readouterr().out
    assert main(["check", str(file)]) in (0, 1)
    capsys.readouterr()
    file.write_text(file.read_text().replace("5ep", "0ep"))
    assert main(["curve", str(file)]) == 2
    out, error = capsys.readouterr()
    assert (out, error) == ("", 'trials.0.schedule.T_max: must be greater than 0 ("0ep" is 0 ticks here)\n')


# What people type, and what may be said instead of a number

EPOCHS = DataRun(**RUN)


@pytest.mark.parametrize(("typed", "want"), [
    ("500", 500), ("1e3", 1000), ("3_910", 3910), ("3,910", 3910), ("2.5", 2.5), ("500 steps", 500), ("12 ticks", 12),
    ("5ep", "5ep"), ("5 epochs", "5ep"), ("5 EP", "5ep"), ("0.50 ep", "0.5ep"), (".5ep", "0.5ep"), ("5.ep", "5ep"),
    ("1e2ep", "100ep"), ("1,000 ep", "1000ep"), ("10%", "10%"), (" 10 % ", "10%"), ("007.50%", "7.5%"),
    ("1e-3%", "0.001%"), ("0ep", "0ep"), ("0.0%", "0%"),
])  # fmt: skip
def test_what_is_typed_is_kept_as_a_number_or_as_tidy_text(typed: str, want: float | str) -> None:
    found = kept(typed, EPOCHS, "step")
    assert found == want
    assert type(found) is type(want)
    document = cosine(found).document() if found not in ("0ep", "0%") else None
    assert document is None or parse(document).document() == document


@pytest.mark.parametrize(("typed", "point"), [("0,5", "0.5"), ("5,5ep", "5.5"), ("12,5 %", "12.5")])
def test_a_decimal_comma_is_said(typed: str, point: str) -> None:
    with pytest.raises(ValueError, match=f"has a comma: write {point} with a point"):
        kept(typed, EPOCHS, "step")


@pytest.mark.parametrize("typed", ["-5ep", "-1%", "-0ep", "1e-45ep", "1e19ep", "1e-9999%", "1" * 39 + "ep"])
def test_what_no_document_takes_is_not_kept(typed: str) -> None:
    with pytest.raises(ValueError, match="is no duration, such as 500, 5ep or 10%"):
        kept(typed, EPOCHS, "step")


@given(ticks=st.integers(0, 10**7), steps=st.integers(1, 10**6), epoch=st.integers(1, 10**5))
def test_what_is_said_in_place_of_a_number_comes_to_that_number(ticks: int, steps: int, epoch: int) -> None:
    run = StepRun(total_steps=steps, steps_per_epoch=epoch)
    for text, unit in ((in_epochs(ticks, run, "step"), "ep"), (in_percent(ticks, run, "step"), "%")):
        if text is not None:
            number, dot, decimals = text.removesuffix(unit).partition(".")
            assert number.isdecimal()
            assert not dot or (0 < len(decimals) <= 4 and not decimals.endswith("0"))
            assert kept(text, run, "step") == text
            assert duration(text, run, "step") == ticks
    if epoch <= 10_000:  # four decimals tell so many ticks apart
        assert in_epochs(ticks, run, "step") is not None
    assert in_percent(ticks, run, "step") is not None


@pytest.mark.parametrize(
    ("ticks", "epochs", "percent"),
    [
        (65, "5ep", "62.5%"),
        (26, "2ep", "25%"),
        (1, "0.1ep", "0.9%"),
        (104, "8ep", "100%"),
        (2.5, None, None),
        (-1, None, None),
    ],
)
def test_a_number_is_said_exactly_or_else_in_the_shortest_way(
    ticks: float, epochs: str | None, percent: str | None
) -> None:
    assert in_epochs(ticks, EPOCHS, "step") == epochs
    assert in_percent(ticks, EPOCHS, "step") == percent


def test_where_no_short_text_comes_to_a_number_there_is_none() -> None:
    run = StepRun(total_steps=10**12, steps_per_epoch=10**9)
    assert in_epochs(1_234_567, run, "step") is None
    assert in_percent(1_234_567, run, "step") is None


# What a schedule is told by its run


@pytest.mark.parametrize("clock", CLOCKS)
def test_every_part_knows_the_epoch_and_the_run_of_its_trial(clock: Clock) -> None:
    experiment = parse(oracle.document(SEQUENCE | {"milestones": [5]}, run=RUN, clock=clock, base_lr=[0.1, 0.2]))
    for group, sequence in enumerate(experiment.trials[0].bound(experiment.run)):
        for schedule in (sequence, *sequence.children().values()):
            place = schedule.place
            assert (place.epoch_ticks, place.run_ticks) == (EPOCH[clock], WHOLE[clock])
            assert place.step_samples == 10 * 2 * 4
            assert place.base_rates == (0.1, 0.2)
            assert place.group in (0, group)
    other = StepRun(total_steps=300, steps_per_epoch=30)
    assert experiment.trials[0].bound(other)[0].place.step_samples is None
