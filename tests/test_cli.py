"""The command line, as a script would use it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest

import lrlab
from lrlab.__main__ import main
from lrlab.schedules import KINDS

STEP = {"kind": "torch.StepLR", "step_size": 3, "gamma": 0.5}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "schedule.json"
    document = oracle.document(STEP, run={"total_steps": 10, "steps_per_epoch": 4}, name="a, \"b\"")
    document["trials"].append({"name": "groups", "base_lr": [0.1, 1.0], "clock": "epoch", "schedule": {"kind": "torch.ExponentialLR", "gamma": 0.9}})
    path.write_text(json.dumps(document))
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(a) for a in arguments]) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(a) for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert len(err) <= 600
    assert "Traceback" not in err
    return err


def test_kinds_are_listed_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "kinds").split() == list(KINDS)


def test_curve_gives_every_step_in_full_precision(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    rows = list(csv.reader(io.StringIO(said(capsys, "curve", file))))
    assert rows[0] == ["step", "epoch", 'a, "b"', "groups[0]", "groups[1]"]
    values = np.array(rows[1:], dtype=float)
    experiment = lrlab.load(file)
    steps = np.arange(10)
    assert np.array_equal(values[:, 0], steps)
    assert np.array_equal(values[:, 1], steps / 4)
    assert np.array_equal(values[:, 2], lrlab.engine.lr(experiment.run, experiment.trials[0], steps))
    assert np.array_equal(values[:, 3:].T, lrlab.engine.lr(experiment.run, experiment.trials[1], steps))


def test_curve_of_one_trial(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    assert said(capsys, "curve", file, "--trial", "groups").splitlines()[0] == "step,epoch,groups[0],groups[1]"


def test_export_writes_what_the_library_writes(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    experiment = lrlab.load(file)
    for target in ("pytorch", "numpy", "json", "csv"):
        assert said(capsys, "export", file, "--to", target) == lrlab.exporters.export(experiment, target)
    assert json.loads(said(capsys, "export", file, "--to", "json")) == json.loads(file.read_text())


def test_check_finds_nothing_yet(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    assert said(capsys, "check", file)
    assert json.loads(said(capsys, "check", file, "--json")) == []


def test_the_schema_names_every_kind_and_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    schema: dict[str, Any] = json.loads(said(capsys, "schema"))
    defined = {name: set(about.get("properties", {})) for name, about in schema["$defs"].items()}
    for kind in KINDS.values():
        assert set(kind.model_fields) | {"kind"} == defined[kind.__name__], f"the schema of {kind.kind} lacks something"
        assert schema["$defs"][kind.__name__]["properties"]["kind"] == {"const": kind.kind}


def test_bad_input_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], file: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk.json"
    for content in (b"", b"\x00\xff" * 1000, b"[" * 100_000, b'{"lrlab": 1}', b"x" * 2_000_000):
        junk.write_bytes(content)
        refused(capsys, "curve", junk)
    assert "nowhere.json" in refused(capsys, "check", tmp_path / "nowhere.json")
    assert str(tmp_path) in refused(capsys, "curve", tmp_path)
    assert "did you mean groups" in refused(capsys, "curve", file, "--trial", "group")
    assert "no target" in refused(capsys, "export", file, "--to", "pytorhc")
    refused(capsys, "export", file)
    refused(capsys, "dance")
    refused(capsys, "curve", "x" * 5000)


def test_a_real_process_says_it_without_a_traceback(file: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lrlab", *arguments]
        return subprocess.run(command, cwd=oracle.ROOT, capture_output=True, text=True, check=False)  # noqa: S603

    assert run("curve", str(file)).stdout.startswith("step,epoch,")
    broken = run("curve", "/nowhere")
    assert (broken.returncode, broken.stdout, broken.stderr.count("\n")) == (2, "", 1)
