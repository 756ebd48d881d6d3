"""The command line, called in this process; and once as a person calls it."""

from __future__ import annotations

import ast
import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import oracle
import pytest

import lrlab
from lrlab.__main__ import main
from lrlab.exporters import EXPORTERS
from lrlab.schedules import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
TWO_GROUPS = {"kind": "torch.OneCycleLR", "max_lr": [0.1, 0.2], "total_steps": None}

Call = tuple[int, str, str]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Call]:
    """Call the command line: exit code, standard output, standard error."""

    def called(*arguments: Any) -> Call:
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return called


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A document of a plain trial and one of two groups, on a run of epochs of 7 steps."""
    first = oracle.document(COSINE, run={"total_steps": 20, "steps_per_epoch": 7}, name="plain, with comma")
    groups = oracle.document(TWO_GROUPS, name="groups", base_lr=[0.3, 0.4])["trials"]
    path = tmp_path / "two.json"
    path.write_text(json.dumps(first | {"trials": [*first["trials"], *groups]}))
    return path


def test_kinds_are_one_a_line(call: Callable[..., Call]) -> None:
    assert call("kinds") == (0, "".join(f"{kind}\n" for kind in KINDS), "")


@pytest.mark.parametrize("trial", [None, "plain, with comma", "groups"])
def test_curve_writes_every_step_in_full_precision(call: Callable[..., Call], file: Path, trial: str | None) -> None:
    status, out, err = call("curve", file, *([] if trial is None else ["--trial", trial]))
    assert (status, err) == (0, "")
    header, *rows = csv.reader(io.StringIO(out))
    columns = {"plain, with comma": ["plain, with comma"], "groups": ["groups[0]", "groups[1]"]}
    assert header == [
        "step",
        "epoch",
        *(columns[trial] if trial else [name for names in columns.values() for name in names]),
    ]
    experiment = lrlab.load(file)
    table = np.array(rows, dtype=np.float64).T
    assert [row[0] for row in rows] == [str(step) for step in range(20)]
    assert table[1].tolist() == [step / 7 for step in range(20)]
    chosen = [t for t in experiment.trials if trial in (None, t.name)]
    want = np.concatenate([np.atleast_2d(lrlab.engine.lr(experiment.run, t, np.arange(20))) for t in chosen])
    assert np.array_equal(table[2:], want), "text -> float64 gives the very number"


@pytest.mark.parametrize("target", EXPORTERS)
@pytest.mark.parametrize("trial", [None, "groups"])
def test_export_writes_what_the_library_does(
    capsysbinary: pytest.CaptureFixture[bytes], file: Path, target: str, trial: str | None
) -> None:
    status = main(["export", str(file), "--to", target, *([] if trial is None else ["--trial", trial])])
    out, err = capsysbinary.readouterr()
    if target == "deepspeed":
        with pytest.raises(lrlab.DocumentError) as refused:
            lrlab.exporters.export(lrlab.load(file), target, trial)
        assert (status, out, err.decode().strip()) == (2, b"", str(refused.value))
        return
    written = lrlab.exporters.export(lrlab.load(file), target, trial)
    assert (status, err) == (0, b"")
    assert out == (written if target == "npy" else written.encode())
    if EXPORTERS[target].language == "python":
        ast.parse(out)
    elif target == "json":
        assert json.loads(out) == json.loads(file.read_text())
    elif target == "csv":
        assert len(out.splitlines()) == 21


def test_the_form_and_the_loop_can_be_forced(call: Callable[..., Call], file: Path) -> None:
    assert "CosineAnnealingLR(" in call("export", file, "--to", "pytorch")[1]
    assert "LambdaLR(" in call("export", file, "--to", "pytorch", "--form", "portable")[1]
    assert "accelerator.accumulate(model)" in call("export", file, "--to", "pytorch", "--loop", "accelerate")[1]
    status, out, err = call("export", file, "--to", "paddle", "--form", "native")
    assert (status, out) == (2, "")
    assert err == (
        "plain, with comma: cannot be written for paddle: not in its native form: "
        "PaddlePaddle has no torch.CosineAnnealingLR of its own\n"
    )
    status, out, err = call("export", file, "--to", "timm", "--loop", "accelerate")
    assert (status, out, err) == (
        2,
        "",
        "plain, with comma: cannot be written for timm: timm has no loop 'accelerate' (known: plain)\n",
    )


PER_EPOCH = oracle.document(
    COSINE | {"T_max": 5000}, run={"total_steps": 5000, "steps_per_epoch": 1000}, clock="epoch", name="mine"
)
LONG = oracle.document(COSINE | {"T_max": 2000}, steps=1000, name="mine")


def test_check_tells_what_is_wrong_and_how_to_mend_it(call: Callable[..., Call], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(PER_EPOCH))
    status, out, err = call("check", path)
    assert (status, err) == (1, "")
    assert out.splitlines()[0].startswith("error LR101 mine: Only 0.1 % of the curve runs")
    assert "[Step after every optimizer step]" in out
    assert out.splitlines()[-1].startswith("1 error, 0 warnings, ")


def test_check_exits_with_1_for_errors_only(call: Callable[..., Call], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(LONG))
    assert call("check", path)[0] == 0
    path.write_text(json.dumps(PER_EPOCH | {"trials": [PER_EPOCH["trials"][0] | {"dismissed": ["LR101"]}]}))
    assert call("check", path)[0] == 0
    assert "LR101" not in call("check", path)[1]


def test_check_writes_findings_as_json(call: Callable[..., Call], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(PER_EPOCH))
    status, out, err = call("check", "--json", path)
    assert (status, err) == (1, "")
    found = json.loads(out)[0]
    assert found["code"] == "LR101"
    assert (found["severity"], found["trial"]) == ("error", "mine")
    assert found["fix"]["changes"] == [{"path": ["clock"], "value": "step"}]
    assert found["why"]
    assert found["source"]


def test_the_schema_is_one_and_refuses_what_is_no_document(call: Callable[..., Call]) -> None:
    status, out, err = call("schema")
    assert (status, err) == (0, "")
    schema = json.loads(out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for key in ("run", "trials"):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({name: value for name, value in oracle.document(COSINE).items() if name != key})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(oracle.document(COSINE) | {"extra": 1})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(oracle.document(COSINE, base_lr="much"))


JUNK = {
    "empty": b"",
    "text": b"hello",
    "binary": bytes(range(256)) * 9,
    "list": b"[1, 2]",
    "deep": b"[" * 100_000,
    "large": b"[" + b"0," * 10_000_000 + b"0]",
    "half": json.dumps(oracle.document(COSINE)).encode()[:-9],
    "nan": json.dumps(oracle.document(COSINE)).replace("0.1", "NaN").encode(),
    "unknown kind": json.dumps(oracle.document({"kind": "torch.CosinAnnealingLR" + "x" * 5000})).encode(),
    "bad curve": json.dumps(oracle.document({"kind": "torch.LambdaLR", "lr_lambda": "1 / epoch"})).encode(),
    "bad later": json.dumps(
        oracle.document({"kind": "torch.LambdaLR", "lr_lambda": "np.exp(-epoch) / (epoch - 7)"}, steps=20)
    ).encode(),
    "newlines": json.dumps(oracle.document({"kind": "a\nb\r\n\x1b[31m\u2028c"})).encode(),
}
COMMANDS = {"curve": [], "check": [], "check --json": ["--json"], "export": ["--to", "numpy"]}


def one_line(status: int, out: str, err: str) -> str:
    assert status == 2
    assert out == ""
    assert err.endswith("\n")
    line = err.removesuffix("\n")
    assert 0 < len(line) < 600
    assert line.splitlines() == [line], "one line"
    assert line.isprintable()
    assert "Traceback" not in line
    return line


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_told_in_one_line(call: Callable[..., Call], tmp_path: Path, junk: str, command: str) -> None:
    (tmp_path / "junk.json").write_bytes(JUNK[junk])
    one_line(*call(command.split(maxsplit=1)[0], tmp_path / "junk.json", *COMMANDS[command]))


def test_a_rate_that_is_not_finite_in_mid_run_is_told_by_its_tick(call: Callable[..., Call], tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(JUNK["bad later"])
    said = {
        one_line(*call(command.split(maxsplit=1)[0], tmp_path / "a.json", *more)) for command, more in COMMANDS.items()
    }
    assert said == {"trials.0.schedule: the learning rate is not finite at tick 7"}


def test_an_expression_that_raises_in_mid_run_is_drawn_to_there_and_a_finding(
    call: Callable[..., Call], tmp_path: Path
) -> None:
    document = oracle.document({"kind": "torch.LambdaLR", "lr_lambda": "1 / (7 - epoch)"}, steps=20)
    (tmp_path / "a.json").write_text(json.dumps(document))
    status, out, _ = call("curve", tmp_path / "a.json")
    assert status == 0
    rows = [line.split(",")[2] for line in out.splitlines()[1:]]
    assert rows[7:] == [rows[6]] * 13
    status, out, _ = call("check", tmp_path / "a.json")
    assert status == 1
    assert "tick 7" in out


def test_files_that_are_none_are_told_by_name(call: Callable[..., Call], tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json", tmp_path / ("x" * 5000)):
        assert one_line(*call("check", path)).startswith(str(path)[:50])


def test_an_unknown_trial_or_target_is_told_with_its_nearest(call: Callable[..., Call], file: Path) -> None:
    for command in (["curve", file], ["export", file, "--to", "numpy"]):
        assert "did you mean groups?" in one_line(*call(*command, "--trial", "grups"))
        one_line(*call(*command, "--trial", ""))
        one_line(*call(*command, "--trial", "x" * 5000))
    assert "did you mean numpy?" in one_line(*call("export", file, "--to", "nunpy"))
    one_line(*call("export", file, "--to", "x" * 5000))


def test_a_document_without_trials_has_no_curve(call: Callable[..., Call], tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(oracle.document(COSINE) | {"trials": []}))
    for command in (["curve"], ["export", "--to", "numpy"]):
        assert one_line(*call(*command, tmp_path / "a.json")).startswith("trials: ")
    assert call("check", tmp_path / "a.json")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing"], ["curve"], ["export", "a.json"], ["check", "a.json", "--yaml"], ["kinds", "more"], ["x" * 5000]],
    ids=str,
)
def test_a_wrong_command_line_is_told_in_one_line(call: Callable[..., Call], arguments: list[str]) -> None:
    one_line(*call(*arguments))


def test_as_a_person_calls_it(file: Path) -> None:
    """In a process of its own, also with a pipe that is closed after the first line."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lrlab", *arguments], capture_output=True, text=True, check=False, cwd=oracle.ROOT
        )

    good = run("curve", str(file))
    assert (good.returncode, good.stderr) == (0, "")
    assert len(good.stdout.splitlines()) == 21
    bad = run("check", str(file.parent))
    assert "directory" in one_line(bad.returncode, bad.stdout, bad.stderr)


def test_a_name_cannot_command_the_terminal(call: Callable[..., Call], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(PER_EPOCH | {"trials": [PER_EPOCH["trials"][0] | {"name": "a\x1b[31m\x07b"}]}))
    assert call("check", path)[1].startswith("error LR101 a?[31m?b: ")
