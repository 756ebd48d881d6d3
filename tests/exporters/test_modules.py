"""What holds for the text of every exported module, whatever its framework: these need none of them."""

from __future__ import annotations

import ast
import json
from functools import cache
from typing import Any

import numpy as np
import oracle
import pytest

import lrlab
from lrlab.exporters import EXPORTERS, export, job
from lrlab.exporters.module import Module
from lrlab.readers.exported import read
from lrlab.schedules import KINDS

MODULES = [target for target, exporter in EXPORTERS.items() if isinstance(exporter, Module)]
READABLE = [*MODULES, "deepspeed"]
"""Targets whose text holds its document."""
SCHEDULE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
DEEPSPEED = {"kind": "deepspeed.WarmupLR"}
DEFINES = {
    "pytorch": {"BASE_LR", "make_scheduler", "make_optimizer", "train", "check"},
    "lightning": {"BASE_LR", "configure_optimizers", "train", "check"},
    "transformers": {"BASE_LR", "make_scheduler", "make_arguments", "train", "check"},
    "timm": {"BASE_LR", "make_scheduler", "train", "check"},
    "optax": {"BASE_LR", "schedule", "train", "check"},
    "keras": {"BASE_LR", "schedule", "train", "check"},
    "paddle": {"BASE_LR", "make_scheduler", "train", "check"},
    "numpy": {"BASE_LR", "learning_rate", "check"},
}


def forms(experiment: lrlab.Experiment, target: str) -> dict[str, str]:
    """The code in each form that there is, at least one: a target has no native form at most."""
    found = {}
    for form in EXPORTERS[target].forms:
        try:
            found[form] = export(experiment, target, form=form)
        except lrlab.DocumentError as error:
            if "not in its native form" not in str(error):
                raise
    assert found
    return found


@cache
def recorded(target: str) -> list[tuple[str, str]]:
    """The code of every recorded document in each form, behind the row's name; made once, which takes a second."""
    return [
        (row["id"], code)
        for row in oracle.rows()
        for code in forms(lrlab.loads(json.dumps(row["document"])), target).values()
    ]


def names(tree: ast.Module) -> set[str]:
    """What a module defines on its top."""
    found = {statement.name for statement in tree.body if isinstance(statement, (ast.FunctionDef, ast.ClassDef))}
    return found | {
        target.id
        for s in tree.body
        if isinstance(s, ast.Assign)
        for target in s.targets
        if isinstance(target, ast.Name)
    }


@pytest.mark.parametrize("target", MODULES)
def test_a_module_defines_and_does_nothing_else(target: str) -> None:
    """Besides its docstring: imports, constants, functions and classes; and the self-check, where it is run as a
    program.
    """
    for row, code in recorded(target):
        tree = ast.parse(code)
        assert ast.get_docstring(tree)
        *body, last = tree.body[1:]
        for statement in body:
            assert isinstance(statement, (ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef, ast.ClassDef)), (
                ast.dump(statement)
            )
        assert ast.unparse(last).startswith("if __name__ == '__main__':"), row
        assert names(tree) >= DEFINES[target], (row, DEFINES[target] - names(tree))


@pytest.mark.parametrize("target", READABLE)
@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_the_document_reads_back_from_the_code(row: dict[str, Any], target: str) -> None:
    experiment = lrlab.loads(json.dumps(row["document"]))
    try:
        code = export(experiment, target)
    except lrlab.DocumentError:
        assert target == "deepspeed"
        return
    assert read(code).document() == experiment.document()
    assert read(code.replace("\n", "\r\n").encode()).document() == experiment.document()


@pytest.mark.parametrize("target", MODULES)
def test_no_argument_has_a_name_that_the_module_uses_for_something_else(target: str) -> None:
    """A constant under the name of a function, an import or a local variable would be another thing than its reader, or
    its code, takes it for.
    """
    for row, code in recorded(target):
        tree = ast.parse(code)
        constants = [
            node.id for s in tree.body if isinstance(s, ast.Assign) for node in s.targets if isinstance(node, ast.Name)
        ]
        assert len(set(constants)) == len(constants), row
        functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        used = {node.name for node in functions}
        used |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        used |= {
            node.id
            for f in functions
            for node in ast.walk(f)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        used |= {
            (name.asname or name.name).split(".")[0]
            for s in tree.body
            if isinstance(s, (ast.Import, ast.ImportFrom))
            for name in s.names
        }
        assert not used & set(constants), (row, used & set(constants))


HOSTILE = [
    "it's", 'a "quoted" name', '"""', "'''", "a\nimport os", "a\r\nb", "tail\\", "\\N{DASH}", "{braces} {0} {{}}",
    "%s %d", "# lrlab: {}", "<more>", "\u202eevil\u2066", "\x00\x1b[31m", "\u2028\u2029\x85\x0b\x0c", "</script>",
    "=1+1", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "e\u0301", " " * 9, "x" * 200,
]  # fmt: skip


@pytest.mark.parametrize("target", READABLE)
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_name_breaks_out(name: str, target: str) -> None:
    schedule = DEEPSPEED if target == "deepspeed" else SCHEDULE
    experiment = oracle.experiment(schedule, name=name)
    code, harmless = export(experiment, target), export(oracle.experiment(schedule, name="t"), target)
    assert read(code) == experiment
    assert code.isascii()
    assert len(code.splitlines()) == len(harmless.splitlines())
    if target in MODULES:
        assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(harmless))


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_names_in_the_files_of_every_step(name: str) -> None:
    experiment = oracle.experiment(SCHEDULE, name=name)
    assert export(experiment, "npy") == export(oracle.experiment(SCHEDULE), "npy")
    assert lrlab.loads(export(experiment, "json")) == experiment


@pytest.mark.parametrize("target", MODULES)
@pytest.mark.parametrize("monitor", ["it's", 'say "x"', 'a" + str(1) + "b', '"""', "a\nb", "{x}", "\u202e", "\\"])
def test_text_arguments_are_written_as_strings(target: str, monitor: str) -> None:
    experiment, harmless = watching(monitor), forms(watching("harmless"), target)
    found = forms(experiment, target)
    assert found.keys() == harmless.keys()
    assert ("native" in found) == (target == "keras")
    for form, code in found.items():
        assert ast.dump(renamed(code, monitor)) == ast.dump(renamed(harmless[form], "harmless"))
        assert read(code) == experiment


def watching(monitor: str) -> lrlab.Experiment:
    """One whose own callback watches the metric of that name."""
    schedule = {"kind": "keras.ReduceLROnPlateau", "monitor": monitor, "mode": "min", "metrics": [1.0, 0.5, 0.6]}
    return oracle.experiment(schedule, clock="epoch", run={"total_steps": 10, "steps_per_epoch": 2})


def renamed(code: str, text: str) -> ast.Module:
    """The module with every string that is this text replaced."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == text:
            node.value = "text"
    return tree


@pytest.mark.parametrize(
    ("target", "data"),
    [("pytorch", "loader"), ("timm", "loader"), ("optax", "loader"), ("keras", "data"), ("paddle", "loader")],
)
def test_the_devices_that_a_loop_lacks_are_named(target: str, data: str) -> None:
    run = {"samples": 50, "batch_size": 4, "devices": 2, "accumulate": 3, "epochs": 4}
    for code in forms(oracle.experiment(FALLING, run=run), target).values():
        assert (
            f"# - the other devices: the loop is that of one, its `{data}` gives that one's share of the samples\n"
            in code
        )
        assert ("which makes 9 steps, not 12\n" in code) == (target == "keras")
    for code in forms(oracle.experiment(FALLING, run=run | {"devices": 1, "accumulate": 1}), target).values():
        assert "Not carried over" not in code


FALLING = {"kind": "torch.StepLR", "step_size": 5, "gamma": 0.5}
EXTREME = [1e-323, 5e-324, 1e-308, 1e-40, 1e308, 1.7976931348623157e308, 0.0, -0.0, 3e38, 4e38]


@pytest.mark.parametrize("rate", EXTREME)
@pytest.mark.parametrize("target", MODULES)
def test_extreme_rates_compile_or_are_refused_with_a_sentence(target: str, rate: float) -> None:
    experiment = oracle.experiment(FALLING, base_lr=rate)
    if (
        target in {"optax", "keras"}
        and rate
        and not float(np.finfo(np.float32).tiny) <= rate <= float(np.finfo(np.float32).max)
    ):
        with pytest.raises(lrlab.DocumentError, match="single precision"):
            export(experiment, target)
        return
    code = export(experiment, target)
    tree = ast.parse(code)
    value = next(s.value for s in tree.body if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == "BASE_LR")
    assert repr(ast.literal_eval(value)) == repr(rate)


@pytest.mark.parametrize("rate", EXTREME)
def test_extreme_rates_equal_the_engine(rate: float) -> None:
    experiment = oracle.experiment(FALLING, base_lr=rate)
    made = oracle.exported(experiment, "numpy")
    got, want = (
        made["learning_rate"](np.arange(20)),
        lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(20)),
    )
    assert np.array_equal(got, want)
    assert np.array_equal(np.signbit(got), np.signbit(want))


def test_of_fifty_trials_each_can_be_taken() -> None:
    document = oracle.document(SCHEDULE)
    trials = [document["trials"][0] | {"name": f"trial {i}", "base_lr": 0.01 * (i + 1)} for i in range(50)]
    experiment = lrlab.document.parse(document | {"trials": trials})
    assert lrlab.loads(export(experiment, "json")) == experiment
    for target in MODULES:
        for i in (0, 17, 49):
            assert read(export(experiment, target, f"trial {i}")).document()["trials"] == [
                experiment.document()["trials"][i]
            ]


def nested(kind: str, depth: int) -> dict[str, Any]:
    """A schedule of so many levels."""
    if kind == "optax":
        inner = {"kind": "optax.cosine_decay_schedule", "init_value": 0.1, "decay_steps": 9}
        for level in range(depth):
            inner = {
                "kind": "optax.join_schedules",
                "boundaries": [30 - 3 * level],
                "schedules": [inner, {"kind": "optax.constant_schedule", "value": 0.01}],
            }
        return inner
    inner = {"kind": "paddle.CosineAnnealingDecay", "learning_rate": 0.1, "T_max": 9}
    for level in range(depth):
        inner = {
            "kind": "paddle.LinearWarmup",
            "learning_rate": inner,
            "warmup_steps": level + 2,
            "start_lr": 0.0,
            "end_lr": 0.1,
        }
    return inner


@pytest.mark.parametrize("kind", ["optax", "paddle"])
def test_schedules_eight_deep(kind: str) -> None:
    experiment = oracle.experiment(nested(kind, 7), steps=60)
    steps = np.arange(60)
    oracle.same(
        oracle.exported(experiment, "numpy")["learning_rate"](steps),
        lrlab.engine.lr(experiment.run, experiment.trials[0], steps),
    )
    for target in MODULES:
        for code in forms(experiment, target).values():
            compile(code, target, "exec")


@pytest.mark.parametrize("target", MODULES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_choice_is_shown_and_can_be_forced(kind: str, target: str) -> None:
    exporter = EXPORTERS[target]
    row = next(row for row in oracle.rows() if oracle.kind_of(row) == kind)
    experiment = lrlab.loads(json.dumps(row["document"]))
    run, trial = experiment.run, experiment.trials[0]
    chosen = job(experiment, target, trial)
    code = export(experiment, target)
    assert f"\nForm: {chosen.form}" in code
    assert code == export(experiment, target, form=chosen.form)
    if chosen.form == "portable" and len(exporter.forms) > 1:
        reason = exporter.not_native(run, trial) or exporter.prefers_portable(run, trial)
        assert reason
        assert f"\nForm: portable ({reason}).\n" in code
