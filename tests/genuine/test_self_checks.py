"""The self-check of exported modules: silent agreement where they are right, and a loud word where somebody altered
them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import drivers
import frameworks
import oracle
import pytest

import lrlab
from lrlab.exporters import export

COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
OURS = ("pytorch", "lightning", "transformers", "timm")


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_every_recorded_document_passes(row: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    frameworks.timm_schedulers()
    experiment = lrlab.loads(json.dumps(row["document"]))
    for target in OURS:
        made = drivers.module(export(experiment, target))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "PlateauLRScheduler is deprecated")  # timm's own word on it
            assert made["check"]() is False, f"{target}: {capsys.readouterr().out}"
        assert re.fullmatch(r"largest deviation: \S+\n", capsys.readouterr().out)


def test_as_a_program(tmp_path: Path) -> None:
    """All at once, since each takes seconds to import its framework."""
    pytorch, lightning, transformers = (
        export(oracle.experiment(COSINE, base_lr=[0.1, 0.5]), t) for t in ("pytorch", "lightning", "transformers")
    )
    altered = pytorch.replace("BASE_LR = [0.1,", "BASE_LR = [0.2,")
    codes = {
        "pytorch": pytorch,
        "lightning": lightning,
        "transformers": transformers,
        "altered": altered,
        "bare": pytorch,
    }
    started = {}
    for name, code in codes.items():
        (tmp_path / f"exported_{name}.py").write_text(code)
        command = [sys.executable, f"exported_{name}.py", *(["--check"] if name != "bare" else [])]
        started[name] = subprocess.Popen(
            command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    said = {name: (*process.communicate(timeout=200), process.returncode) for name, process in started.items()}
    assert "python exported.py --check" in said.pop("bare")[1]
    out, _, code = said.pop("altered")
    assert (float(out.removeprefix("largest deviation: ")), code) == (pytest.approx(0.1), 1)
    for name, (out, err, code) in said.items():
        assert (err, code) == ("", 0), name
        assert float(out.removeprefix("largest deviation: ")) <= 1e-9 * 0.5, name
