"""Of every kind: an argument that counts ticks may be text, and is then the number that it stands for."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import oracle
import pytest

import lrlab
from lrlab.document import assign, parse, value_at
from lrlab.document.run import Clock, calls
from lrlab.schedules import KINDS
from lrlab.schedules.base import described
from lrlab.schedules.spans import Path, nested

RUN = {"samples": 1205, "batch_size": 10, "accumulate": 2, "devices": 2, "epochs": 12}
"""An epoch has 61 micro-batches and 31 steps, the run 372 steps."""
EPOCH: dict[Clock, int] = {"step": 31, "epoch": 1, "micro_batch": 61, "process": 62}
TEXTS = {"2ep": (2, 0), "0.25ep": (0.25, 0), "7%": (0, 7), "100%": (0, 100)}
"""Each text, with its epochs and its percent."""
OTHERS = ("epochs", "updates", "rate", "factor", "number", "pairs")


def ticks(text: str, clock: Clock) -> int:
    epochs, percent = TEXTS[text]
    return round(epochs * EPOCH[clock]) if epochs else -(-percent * 12 * EPOCH[clock] // 100)


def example(kind: str, clock: Clock) -> dict[str, Any]:
    """The example of a kind on the run, with every argument that counts ticks written out."""
    whole = 12 * EPOCH[clock]
    schedule = json.loads(json.dumps(KINDS[kind].example(whole, 12, 31)))
    document = oracle.document(schedule, run=RUN, clock=clock)
    made = parse(document).trials[0].schedule
    for path, owner, _ in nested(made):
        for name, about in described(type(owner)).items():
            value = getattr(owner, name)
            if about.unit == "ticks" and not about.many and value is not None:
                assign(schedule, (*path, name), value)
    return document


def timed(kind: str, units: tuple[str, ...]) -> list[tuple[Path, bool]]:
    """The arguments of a kind's example that count in one of these units, by path, and whether each is a list."""
    made = parse(example(kind, "step")).trials[0].schedule
    return [
        ((*path, name), about.many)
        for path, owner, _ in nested(made)
        for name, about in described(type(owner)).items()
        if about.unit in units
    ]


WITH_TICKS = [kind for kind in KINDS if timed(kind, ("ticks",))]


def outcome(document: dict[str, Any]) -> Any:
    """The rates of every step and one past the end; or the refusal, without the numbers that texts come to."""
    try:
        experiment = parse(document)
    except lrlab.DocumentError as error:
        return str(error).split(" (")[0]
    trial = experiment.trials[0]
    assert calls(experiment.run, trial.clock) == 12 * EPOCH[trial.clock]
    return lrlab.engine.lr(experiment.run, trial, np.arange(373))


@pytest.mark.parametrize("clock", EPOCH)
@pytest.mark.parametrize("kind", WITH_TICKS)
def test_a_text_is_the_number_that_it_stands_for(kind: str, clock: Clock) -> None:
    """Also where the genuine code refuses that number: then both are refused, and alike."""
    taken = 0
    for path, many in timed(kind, ("ticks",)):
        for text in TEXTS:
            texts, numbers = example(kind, clock), example(kind, clock)
            at: Path = ("trials", 0, "schedule", *path)
            before = value_at(texts, at)
            assign(texts, at, [text, *before[1:]] if many else text)
            assign(numbers, at, [ticks(text, clock), *before[1:]] if many else ticks(text, clock))
            got, want = outcome(texts), outcome(numbers)
            if isinstance(want, str):
                assert got == want, f"{kind}: {path} as {text}"
                continue
            taken += 1
            assert np.array_equal(got, want), f"{kind}: {path} as {text} is not {ticks(text, clock)}"
            assert parse(texts).document() == texts
    assert taken >= len(timed(kind, ("ticks",))), f"{kind}: hardly any text is taken"


@pytest.mark.parametrize("kind", KINDS)
def test_what_counts_something_else_takes_no_text(kind: str) -> None:
    for path, many in timed(kind, OTHERS):
        for text in ("5ep", "10%"):
            document = example(kind, "step")
            assign(document, ("trials", 0, "schedule", *path), [text] if many else text)
            with pytest.raises(lrlab.DocumentError, match=rf"^trials\.0\.schedule\.{path[0]}") as refusal:
                parse(document)
            assert "or text such as" not in str(refusal.value), "it promises what it does not take"


@pytest.mark.parametrize("kind", WITH_TICKS)
def test_hostile_texts_are_refused_by_their_path(kind: str) -> None:
    for path, many in timed(kind, ("ticks",)):
        for text in ("5 ep", "-1%", "nan", "1e2ep", "ep", "9" * 50):
            document = example(kind, "step")
            assign(document, ("trials", 0, "schedule", *path), [text] if many else text)
            where = ".".join(map(str, ("trials", 0, "schedule", *path, *([0] if many else []))))
            with pytest.raises(lrlab.DocumentError, match=r'or text such as "5ep" or "10%"$') as refusal:
                parse(document)
            assert str(refusal.value).startswith(f"{where}: must be a ")


@pytest.mark.parametrize("kind", WITH_TICKS)
def test_they_follow_a_clock_and_a_batch_that_change(kind: str) -> None:
    """The curve over the run's progress stays, up to rounding, where a number would make another one."""
    for path, many in timed(kind, ("ticks",)):
        document = example(kind, "step")
        assign(document, ("trials", 0, "schedule", *path), ["1ep"] if many else "1ep")
        for change in ({"batch_size": 5}, {"epochs": 3}, {"accumulate": 1}):
            changed = document | {"run": RUN | change}
            try:
                experiment = parse(changed)
            except lrlab.DocumentError:
                continue
            trial = experiment.trials[0]
            (typed,) = [t for p, t in trial.schedule.texts().items() if p.startswith(".".join(map(str, path)))]
            assert typed.ticks == experiment.run.updates
            moved = trial.bound(experiment.run)[0].model_dump(mode="json", exclude_unset=True)
            value = value_at(moved, path)
            assert (value[0] if many else value) == experiment.run.updates
