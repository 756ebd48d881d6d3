"""Exported code has the numbers of durations that are text in the document, and the text in a comment."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from typing import Any

import numpy as np
import oracle
import pytest

import lrlab
from lrlab.document import assign, parse
from lrlab.exporters import EXPORTERS, export
from lrlab.exporters.module import Module
from lrlab.readers.exported import read
from lrlab.schedules import KINDS
from lrlab.schedules.base import described
from lrlab.schedules.spans import nested

RUN = {"samples": 1205, "batch_size": 10, "accumulate": 2, "epochs": 12}
"""An epoch has 61 steps, the run 732."""
MODULES = [target for target, exporter in EXPORTERS.items() if isinstance(exporter, Module)]
SEQUENCE = {
    "kind": "torch.SequentialLR",
    "milestones": ["1ep"],
    "schedulers": [
        {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": "1ep"},
        {"kind": "torch.CosineAnnealingLR", "T_max": "90%"},
    ],
}


def document(kind: str) -> dict[str, Any]:
    """The example of a kind, with text wherever that makes a valid document."""
    found = oracle.document(json.loads(json.dumps(KINDS[kind].example(732, 12, 61))), run=RUN)
    for path, owner, _ in nested(parse(found).trials[0].schedule):
        for name, about in described(type(owner)).items():
            if about.unit != "ticks":
                continue
            for text in ("1ep", "25%", "100%"):
                changed = json.loads(json.dumps(found))
                value = getattr(owner, name)
                texts = [text, *value[1:]] if about.many else text
                assign(changed, ("trials", 0, "schedule", *path, name), texts)
                try:
                    parse(changed)
                except lrlab.DocumentError:
                    continue
                found = changed
                break
    return found


TEXTUAL = {kind: document(kind) for kind in KINDS if "ep" in json.dumps(document(kind)["trials"])}
WITH_TEXT = [kind for kind in KINDS if parse(TEXTUAL.get(kind, document(kind))).trials[0].schedule.texts()]


def codes(of: lrlab.Experiment, target: str) -> list[str]:
    """The code in each form that there is."""
    found = []
    for form in EXPORTERS[target].forms:
        try:
            found.append(export(of, target, form=form))
        except lrlab.DocumentError as error:
            assert "not in its native form" in str(error)  # noqa: PT017
    return found


def comments(code: str) -> str:
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return "\n".join(
        token.string for token in tokens if token.type == tokenize.COMMENT and not token.string.startswith("# lrlab: ")
    )


@pytest.mark.parametrize("kind", WITH_TEXT)
def test_the_code_has_numbers_and_its_comments_the_texts(kind: str) -> None:
    """The same code as from a document of numbers, but for comments: so it was run where that one was."""
    experiment = parse(document(kind))
    trial = experiment.trials[0]
    plain = trial.model_copy(update={"schedule": trial.schedule.in_numbers()})
    numbers = lrlab.Experiment(run=experiment.run, trials=(plain,))
    for target in {KINDS[kind].framework, "pytorch", "numpy"} & set(MODULES):
        written = codes(experiment, target)
        assert written
        for code, same in zip(written, codes(numbers, target), strict=True):
            assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(same)), f"{kind} in {target}"
            said = comments(code)
            for typed in trial.schedule.texts().values():
                assert typed.text in said, f"{kind} in {target} does not say {typed}"
            assert read(code) == experiment, "its document is the one with the texts"


@pytest.mark.parametrize("kind", WITH_TEXT)
def test_the_code_gives_the_rates(kind: str) -> None:
    experiment = parse(document(kind))
    learning_rate = oracle.exported(experiment, "numpy")["learning_rate"]
    steps = np.arange(733)
    oracle.same(learning_rate(steps), lrlab.engine.lr(experiment.run, experiment.trials[0], steps), kind)


@pytest.mark.parametrize("target", MODULES)
def test_the_text_stands_beside_the_number(target: str) -> None:
    for code in codes(parse(oracle.document(SEQUENCE, run=RUN)), target):
        lines = code.splitlines()
        assert "total_iters = 61  # 1ep" in lines
        assert "T_max = 659  # 90%" in lines  # 658.8
        assert "milestones = [61]  # 1ep" in lines


def test_where_no_constant_has_the_number_the_text_stands_on_top() -> None:
    milestones = {"kind": "torch.MultiStepLR", "milestones": ["3ep", 200, "60%"]}
    code = export(parse(oracle.document(milestones, run=RUN)), "numpy")
    head, _, rest = code.partition("import ")
    assert "# Durations of the document:\n# - milestones = 3ep, 200, 60%\n" in head
    assert "3ep" not in rest


def test_a_list_too_long_for_a_line_is_said_on_top_and_cut() -> None:
    milestones = {"kind": "torch.MultiStepLR", "milestones": [f"{i}ep" for i in range(1, 60)]}
    for code in codes(parse(oracle.document(milestones, run=RUN | {"epochs": 60})), "pytorch"):
        (line,) = [line for line in code.splitlines() if line.startswith("# - milestones")]
        assert line.startswith("# - milestones = 1ep, 2ep, 3ep")
        assert len(line) < 120


def test_the_configuration_of_deepspeed_has_numbers() -> None:
    schedule = {"kind": "deepspeed.WarmupDecayLR", "total_num_steps": "100%", "warmup_num_steps": "1ep"}
    experiment = parse(oracle.document(schedule, run=RUN))
    block = json.loads(export(experiment, "deepspeed"))
    assert block["scheduler"]["params"] == {"total_num_steps": 732, "warmup_num_steps": 61}
    assert block["lrlab"]["durations"] == ["warmup_num_steps = 1ep", "total_num_steps = 100%"]
    assert parse(block["lrlab"]["document"]) == experiment


def test_arguments_in_a_list_of_dictionaries_are_numbers() -> None:
    cycle = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": "1ep", "decay_steps": "50%"}
    experiment = parse(oracle.document({"kind": "optax.sgdr_schedule", "cosine_kwargs": [cycle, cycle]}, run=RUN))
    code = export(experiment, "optax", form="native")
    assert '"warmup_steps": 61, "decay_steps": 366' in code
    assert "# - cosine_kwargs.1.decay_steps = 50%" in code
