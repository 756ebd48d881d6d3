"""The document: what comes in goes out again, and what cannot be read is refused with one sentence that begins with the
path.
"""

from __future__ import annotations

import base64
import json
import random
import string
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import budget
import oracle
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lrlab
from lrlab.document import MAX_LINK, from_link, parse
from lrlab.schedules import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
STEP = {"kind": "torch.StepLR", "step_size": 5}
RUN = {"samples": 100, "batch_size": 10, "epochs": 3}


def refused(read: Callable[[], Any]) -> str:
    """The message of a refusal: one line of under 600 characters."""
    with pytest.raises(lrlab.DocumentError) as refusal:
        read()
    message = str(refusal.value)
    assert 0 < len(message) < 600
    assert message.isprintable()
    assert ": " in message, f"{message!r} has no path"
    return message


# What comes in goes out again


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_a_recorded_document_comes_back_as_it_was(row: dict[str, Any]) -> None:
    document = row["document"]
    experiment = lrlab.loads(json.dumps(document))
    assert experiment.document() == document
    assert json.loads(experiment.dumps()) == document
    assert lrlab.loads(experiment.dumps()) == experiment


@pytest.mark.parametrize("kind", KINDS)
@budget.share("document", 800, len(KINDS))
@given(data=st.data())
def test_a_drawn_document_comes_back_as_it_was(kind: str, data: st.DataObject) -> None:
    document = data.draw(strategies.documents(kind))
    experiment = parse(document)
    assert json.loads(experiment.dumps()) == document
    assert from_link(experiment.link()).document() == document


def test_what_is_beside_the_curve_comes_back_too(tmp_path: Path) -> None:
    document = oracle.document(COSINE, hidden=True, dismissed=["LR103"], name="\u202eé\n")
    document |= {"view": {"x": "epoch", "y": "log", "marks": False}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    experiment = lrlab.load(tmp_path / "a.json")
    assert experiment.document() == document
    assert experiment.dumps().isascii()
    assert from_link(experiment.link()).document() == document


def test_defaults_are_those_of_the_contract() -> None:
    experiment = lrlab.loads(json.dumps(oracle.document(COSINE, run=RUN)))
    run, trial, view = experiment.run, experiment.trials[0], experiment.view
    assert (run.devices, run.accumulate, run.drop_last, run.leftover) == (1, 1, False, "step")
    assert (trial.clock, trial.hidden, trial.dismissed) == ("step", False, ())
    assert (view.x, view.y, view.marks) == ("step", "linear", True)


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    text = json.dumps(oracle.document(COSINE))
    assert lrlab.loads(b"\xef\xbb\xbf" + text.encode()) == lrlab.loads(text)


def test_a_list_of_one_base_rate_is_not_a_number() -> None:
    one, number = parse(oracle.document(COSINE, base_lr=[0.1])), parse(oracle.document(COSINE, base_lr=0.1))
    assert one.trials[0].base_lr == (0.1,)
    assert number.trials[0].base_lr == 0.1
    assert one != number


@pytest.mark.parametrize("count", [0, 1, 64])
def test_up_to_64_trials_are_read(count: int) -> None:
    trial = oracle.document(COSINE)["trials"][0]
    document = oracle.document(COSINE) | {"trials": [trial | {"name": f"{i}"} for i in range(count)]}
    assert len(parse(document).trials) == count


def test_the_longest_names_and_runs_are_read() -> None:
    experiment = parse(oracle.document(COSINE, steps=10**12, name="é" * 200))
    assert experiment.run.steps == 10**12


# Refusals: (what is wrong, the path that the message begins with, a word that it holds)


def changed(path: str, value: Any) -> dict[str, Any]:
    """A good document with one value set (or, for Ellipsis, taken away)."""
    sequence = {"kind": "torch.SequentialLR", "milestones": [5], "schedulers": [STEP, COSINE]}
    document = oracle.document(STEP | {"gamma": 0.5}, run=dict(RUN))
    document["trials"].append(oracle.document(json.loads(json.dumps(sequence)), name="two")["trials"][0])
    here: Any = document
    *before, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in before:
        here = here[part]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return document


REFUSALS = [
    ("lrlab", ..., "lrlab", "missing"),
    ("lrlab", 2, "lrlab", "1"),
    ("lrlab", "1", "lrlab", "1"),
    ("lrlab", None, "lrlab", "1"),
    ("extra", 1, "extra", "no argument"),
    ("run", ..., "run", "missing"),
    ("run", [], "run", "object"),
    ("run", None, "run", "object"),
    ("run", {}, "run", "missing"),
    ("run.epochs", ..., "run.epochs", "missing"),
    ("run.epochs", 0, "run.epochs", "1"),
    ("run.epochs", 1.5, "run.epochs", "whole number"),
    ("run.epochs", "3", "run.epochs", "whole number"),
    ("run.epochs", True, "run.epochs", "whole number"),
    ("run.samples", -1, "run.samples", "1"),
    ("run.samples", 10**400, "run.samples", "1000000000000"),
    ("run.drop_last", 1, "run.drop_last", "true or false"),
    ("run.leftover", "keep", "run.leftover", "'step' or 'drop'"),
    ("run.epoch", 3, "run.epoch", "no argument"),
    ("run.total_steps", 100, "run.total_steps", "no argument"),
    ("run", {"total_steps": 0}, "run.total_steps", "1"),
    ("run", {"total_steps": 10**12 + 1}, "run.total_steps", "1000000000000"),
    ("run", {"total_steps": 10, "accumulate": 2}, "run.accumulate", "no argument"),
    ("run", {"steps_per_epoch": 10}, "run.total_steps", "missing"),
    ("run", {"samples": 10**12, "batch_size": 1, "epochs": 2}, "run", "1e12"),
    ("run", {"samples": 9, "batch_size": 10, "epochs": 2, "drop_last": True}, "run", "no optimizer step"),
    ("trials", ..., "trials", "missing"),
    ("trials", {}, "trials", "list"),
    ("trials", None, "trials", "list"),
    ("trials.0", 3, "trials.0", "object"),
    ("trials.0", None, "trials.0", "object"),
    ("trials.0.name", ..., "trials.0.name", "missing"),
    ("trials.0.name", "", "trials.0.name", "empty"),
    ("trials.0.name", "x" * 201, "trials.0.name", "200"),
    ("trials.0.name", 3, "trials.0.name", "text"),
    ("trials.1.name", "t", "trials.1.name", "trials.0"),
    ("trials.0.base_lr", ..., "trials.0.base_lr", "missing"),
    ("trials.0.base_lr", -0.1, "trials.0.base_lr", "0"),
    ("trials.0.base_lr", "0.1", "trials.0.base_lr", "number"),
    ("trials.0.base_lr", True, "trials.0.base_lr", "number"),
    ("trials.0.base_lr", None, "trials.0.base_lr", "number"),
    ("trials.0.base_lr", [], "trials.0.base_lr", "1"),
    ("trials.0.base_lr", [0.1, True], "trials.0.base_lr", "number"),
    ("trials.0.base_lr", [0.1, -1], "trials.0.base_lr", ""),
    ("trials.0.base_lr", [0.1] * 300, "trials.0.base_lr", "256"),
    ("trials.0.base_lr", 10**400, "trials.0.base_lr", "number"),
    ("trials.0.clock", "batch", "trials.0.clock", "'micro_batch'"),
    ("trials.0.clok", "step", "trials.0.clok", "did you mean clock?"),
    ("trials.0.hidden", "yes", "trials.0.hidden", "true or false"),
    ("trials.0.dismissed", "LR103", "trials.0.dismissed", "list"),
    ("trials.0.schedule", ..., "trials.0.schedule", "missing"),
    ("trials.0.schedule", "torch.StepLR", "trials.0.schedule", "kind is missing"),
    ("trials.0.schedule", [], "trials.0.schedule", "kind is missing"),
    ("trials.0.schedule", {}, "trials.0.schedule", "kind is missing"),
    ("trials.0.schedule.kind", "torch.StepRL", "trials.0.schedule.kind", "did you mean torch.StepLR?"),
    ("trials.0.schedule.kind", "StepLR", "trials.0.schedule.kind", "did you mean torch.StepLR?"),
    ("trials.0.schedule.kind", "no such thing", "trials.0.schedule.kind", "no schedule that lrlab knows"),
    ("trials.0.schedule.kind", "x" * 10_000, "trials.0.schedule.kind", "no schedule"),
    ("trials.0.schedule.kind", ["torch.StepLR"], "trials.0.schedule.kind", "no schedule"),
    ("trials.0.schedule.kind", {"a": 1}, "trials.0.schedule.kind", "no schedule"),
    ("trials.0.schedule.kind", None, "trials.0.schedule", "kind is missing"),
    ("trials.0.schedule.step_size", ..., "trials.0.schedule.step_size", "missing"),
    ("trials.0.schedule.step_size", 0, "trials.0.schedule.step_size", "greater than 0"),
    ("trials.0.schedule.step_size", None, "trials.0.schedule.step_size", "whole number"),
    ("trials.0.schedule.step_size", 2.5, "trials.0.schedule.step_size", "whole number"),
    ("trials.0.schedule.step_size", True, "trials.0.schedule.step_size", "whole number"),
    ("trials.0.schedule.step_size", 10**30, "trials.0.schedule.step_size", "1000000000000000"),
    ("trials.0.schedule.step_size", [5], "trials.0.schedule.step_size", "whole number"),
    ("trials.0.schedule.gamma", "0.1", "trials.0.schedule.gamma", "number"),
    ("trials.0.schedule.gamma", True, "trials.0.schedule.gamma", "number"),
    ("trials.0.schedule.gama", 0.1, "trials.0.schedule.gama", "did you mean gamma?"),
    ("trials.0.schedule.last_epoch", -1, "trials.0.schedule.last_epoch", "no argument"),
    ("trials.0.schedule.verbose", False, "trials.0.schedule.verbose", "no argument"),
    ("trials.0.schedule.optimizer", None, "trials.0.schedule.optimizer", "no argument"),
    ("trials.0.schedule", {"kind": "torch.CosineAnnealingLR"}, "trials.0.schedule.T_max", "missing"),
    ("trials.0.schedule", COSINE | {"T_max": 0}, "trials.0.schedule.T_max", "greater than 0"),
    ("trials.0.schedule", COSINE | {"T_max": "null"}, "trials.0.schedule.T_max", "number"),
    ("trials.0.schedule", COSINE | {"T_max": False}, "trials.0.schedule.T_max", "number"),
    (
        "trials.0.schedule",
        {"kind": "torch.OneCycleLR", "max_lr": [0.1, 0.2], "total_steps": 9},
        "trials.0.schedule.max_lr",
        "2 values for 1 parameter group",
    ),
    ("trials.0.schedule", {"kind": "torch.OneCycleLR", "max_lr": 0.1}, "trials.0.schedule", "total_steps"),
    (
        "trials.0.schedule",
        {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 2.5},
        "trials.0.schedule.total_steps",
        "whole number",
    ),
    (
        "trials.0.schedule",
        {"kind": "torch.LambdaLR", "lr_lambda": "epoch +"},
        "trials.0.schedule.lr_lambda",
        "not an expression",
    ),
    (
        "trials.0.schedule",
        {"kind": "torch.LambdaLR", "lr_lambda": ["1", "2"]},
        "trials.0.schedule.lr_lambda",
        "2 values",
    ),
    (
        "trials.0.schedule",
        {"kind": "torch.LambdaLR", "lr_lambda": "1e308 * (epoch * 10)"},
        "trials.0.schedule",
        "not finite at tick 1",
    ),
    (
        "trials.0.schedule",
        {"kind": "torch.LambdaLR", "lr_lambda": "1e308 * (10 if epoch == 29 else 0.1)"},
        "trials.0.schedule",
        "not finite at tick 29",
    ),
    ("trials.1.schedule.milestones", [5, 6], "trials.1.schedule.milestones", "one less"),
    ("trials.1.schedule.milestones", 5, "trials.1.schedule.milestones", "list"),
    ("trials.1.schedule.milestones", ["5"], "trials.1.schedule.milestones.0", "whole number"),
    ("trials.1.schedule.milestones", [None], "trials.1.schedule.milestones.0", "whole number"),
    ("trials.1.schedule.schedulers", [], "trials.1.schedule.schedulers", "at least one"),
    ("trials.1.schedule.schedulers", None, "trials.1.schedule.schedulers", "list"),
    ("trials.1.schedule.schedulers.1", {"kind": "torch.StepLR"}, "trials.1.schedule.schedulers.1.step_size", "missing"),
    ("trials.1.schedule.schedulers.1.T_max", -1, "trials.1.schedule.schedulers.1.T_max", "greater than 0"),
    ("trials.1.schedule.schedulers.1.kind", "torch.Cosine", "trials.1.schedule.schedulers.1.kind", "no schedule"),
    (
        "trials.1.schedule.schedulers.1",
        {"kind": "transformers.get_constant_schedule"},
        "trials.1.schedule.schedulers.1",
        "torch",
    ),
    (
        "trials.1.schedule.schedulers.1",
        {"kind": "torch.CyclicLR", "base_lr": 0.1, "max_lr": 1.0},
        "trials.1.schedule.schedulers.1",
        "overwrites",
    ),
    ("view", [], "view", "object"),
    ("view", {"x": "time"}, "view.x", "'epoch'"),
    ("view", {"z": 1}, "view.z", "no argument"),
    ("view", {"marks": 1}, "view.marks", "true or false"),
]


@pytest.mark.parametrize(("path", "value", "begins", "holds"), REFUSALS, ids=lambda value: ascii(value)[:40])
def test_a_wrong_value_is_refused_by_its_path(path: str, value: Any, begins: str, holds: str) -> None:
    document = changed(path, value)
    parse(changed("trials.0.name", "other"))  # the document without the change is good
    message = refused(lambda: parse(document))
    assert message.startswith((f"{begins}: ", f"{begins}.")), message
    assert holds in message
    assert refused(lambda: lrlab.loads(json.dumps(document))) == message


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 401, "1" * 5000])
@pytest.mark.parametrize("place", ["base_lr", "gamma", "step_size"])
def test_numbers_that_are_none_are_refused(number: str, place: str) -> None:
    document = oracle.document(STEP | {"gamma": 0.1})
    (document["trials"][0] if place == "base_lr" else document["trials"][0]["schedule"])[place] = "HERE"
    message = refused(lambda: lrlab.loads(json.dumps(document).replace('"HERE"', number)))
    assert message.startswith(("trials.0.", "the document: ")), message


GOOD = json.dumps(oracle.document(COSINE))
JUNK = {
    "nothing": "",
    "blank": "  \n",
    "a number": "3",
    "a list": "[]",
    "null": "null",
    "text": '"lrlab"',
    "half a document": GOOD[: len(GOOD) // 2],
    "two documents": GOOD + GOOD,
    "a comment": "// hi\n" + GOOD,
    "single quotes": GOOD.replace('"', "'"),
    "bytes that are no UTF-8": b"\xff\xfe\x00{",
    "UTF-16": GOOD.encode("utf-16"),
    "a lone surrogate": "\ud800" + GOOD,
    "null bytes": b"\x00" * 1000,
    "binary": bytes(range(256)) * 100,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "50 MB": b"x" * 50_000_000,
    "50 MB of JSON": "[" + "0," * 25_000_000 + "0]",
    "50 MB of spaces before it": " " * 50_000_000 + GOOD,
    "100,000 brackets": "[" * 100_000,
    "100,000 objects": '{"a":' * 100_000,
    "100,000 brackets, closed": "[" * 100_000 + "]" * 100_000,
    "100,000 brackets in a trial": '{"lrlab":1,"run":{"total_steps":9},"trials":' + "[" * 100_000 + "]" * 100_000 + "}",
    "100,000 objects in a schedule": GOOD.replace("null", '{"a":' * 100_000 + "1" + "}" * 100_000),
    "a duplicate key": GOOD.replace('"lrlab": 1', '"lrlab": 1, "lrlab": 1'),
    "a duplicate key inside": GOOD.replace('"T_max": null', '"T_max": null, "T_max": 7'),
    "a million digits": GOOD.replace("null", "1" * 1_000_000),
}


@pytest.mark.parametrize("text", JUNK.values(), ids=JUNK)
def test_what_is_no_document_is_refused(text: str | bytes) -> None:
    refused(lambda: lrlab.loads(text))


def nested(levels: int) -> dict[str, Any]:
    """Schedules in schedules: `levels` of them."""
    schedule: dict[str, Any] = COSINE
    for _ in range(levels - 1):
        schedule = {"kind": "torch.SequentialLR", "milestones": [], "schedulers": [schedule]}
    return oracle.document(schedule)


@pytest.mark.parametrize("levels", [17, 18, 100, 5000])
def test_more_than_16_levels_of_schedules_are_refused_for_that(levels: int) -> None:
    assert "nested deeper than 16" in refused(lambda: parse(nested(levels)))


def test_16_levels_are_not_refused_for_their_number() -> None:
    """torch refuses a SequentialLR in another, which is another sentence."""
    assert "deeper" not in refused(lambda: parse(nested(16)))


def test_ten_thousand_trials_are_refused_at_once() -> None:
    trial = oracle.document(COSINE)["trials"][0]
    for count in (65, 10_000):
        message = refused(
            lambda trials=[trial | {"name": f"{i}"} for i in range(count)]: parse(
                oracle.document(COSINE) | {"trials": trials}
            )
        )
        assert message.startswith("trials: ")
        assert "64" in message


def test_a_duplicate_name_is_found_at_its_second_place() -> None:
    trials = [oracle.document(COSINE, name=name)["trials"][0] for name in ("a", "b", "a")]
    assert refused(lambda: parse(oracle.document(COSINE) | {"trials": trials})).startswith("trials.2.name: ")


@settings(max_examples=200)
@given(
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    ),
    data=st.data(),
)
def test_any_value_in_any_place_is_read_or_refused(junk: Any, data: st.DataObject) -> None:
    """Nothing but DocumentError ever comes out. Takes about 12 seconds: 200 values of any depth are drawn."""
    path = data.draw(st.sampled_from(sorted({path for path, *_ in REFUSALS if "extra" not in path})))
    try:
        document = changed(path, junk)
    except (KeyError, TypeError):
        return
    try:
        parse(document)
    except lrlab.DocumentError as error:
        message = str(error)
    else:
        message = "read"
    assert len(message) < 600
    assert len(message.splitlines()) == 1


# Files


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json", tmp_path / "none" / "none.json", tmp_path / ("x" * 300)):
        assert refused(lambda path=path: lrlab.load(path)).startswith(str(path)[:60]), path


# Links

LINKED = lrlab.loads(json.dumps(oracle.document(COSINE)))
LINK = LINKED.link()


def test_a_link_is_url_safe() -> None:
    assert set(LINK) <= set(string.ascii_letters + string.digits + "-_")


@pytest.mark.parametrize("length", range(len(LINK)))
def test_a_link_cut_short_at_any_length_is_refused(length: int) -> None:
    assert refused(lambda: from_link(LINK[:length])).startswith("the link: ")


def test_any_changed_character_gives_a_document_or_a_refusal() -> None:
    for place in range(len(LINK)):
        for character in "A_-9z=+/% \né\ud800":
            try:
                read = from_link(LINK[:place] + character + LINK[place + 1 :])
            except lrlab.DocumentError as error:
                assert len(str(error)) < 600  # noqa: PT017 (either outcome is right)
            else:
                assert lrlab.loads(read.dumps()) == read


@given(value=st.text(max_size=300))
def test_any_text_is_a_document_or_refused(value: str) -> None:
    refused(lambda: from_link(value))


def test_a_bomb_is_refused_without_unpacking_it() -> None:
    """Takes about 6 seconds, nearly all of them to pack 1 GiB of zeros."""
    packer, packed = zlib.compressobj(9), []
    zeros = bytes(2**20)
    packed = [packer.compress(zeros) for _ in range(2**10)]  # 1 GiB of zeros
    value = base64.urlsafe_b64encode(b"".join(packed) + packer.flush()).decode()
    tracemalloc.start()
    try:
        long = refused(lambda: from_link(value))
        small = base64.urlsafe_b64encode(zlib.compress(bytes(4 * 2**20), 9)).decode()
        short = refused(lambda: from_link(small))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(small) < MAX_LINK < len(value)
    assert long.startswith("the link: ")
    assert "1 MiB" in short
    assert peak < 8 * 2**20, f"{peak / 2**20:.0f} MiB were needed"


def test_a_link_carries_8_kb_and_no_more() -> None:
    trial = oracle.document(COSINE)["trials"][0]
    noise = random.Random(1)  # noqa: S311 (names that do not compress)
    names = ["".join(noise.choices(string.printable[:94], k=200)) for _ in range(64)]
    for count, fits in ((30, True), (64, False)):
        experiment = parse(oracle.document(COSINE) | {"trials": [trial | {"name": name} for name in names[:count]]})
        if fits:
            assert from_link(experiment.link()) == experiment
        else:
            assert "8,000" in refused(experiment.link)


# Trials by name


def test_an_unknown_trial_is_told_with_its_nearest() -> None:
    assert "did you mean t?" in refused(lambda: LINKED.trial("tt"))
    assert refused(lambda: LINKED.trial("x" * 10_000)).startswith("trials: ")
    assert refused(lambda: parse(oracle.document(COSINE) | {"trials": []}).trial()).startswith("trials: ")
    assert LINKED.trial() == LINKED.trial("t") == LINKED.trials[0]
