"""What the tests compare with: rows recorded from the genuine frameworks, their tolerance, and code that lrlab wrote,
run.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import lrlab
from lrlab.exporters import export

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "reference"


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    files = sorted(path for path in REFERENCE.glob("*.json") if path.name != "errors.json")
    return tuple(row for path in files for row in json.loads(path.read_text()))


def kind_of(row: dict[str, Any]) -> str:
    return str(row["document"]["trials"][0]["schedule"]["kind"])


def rows() -> list[dict[str, Any]]:
    """Every reference row."""
    return list(_rows())


def errors() -> list[dict[str, Any]]:
    """Every document to be refused."""
    return list(json.loads((REFERENCE / "errors.json").read_text()))


def row_id(row: dict[str, Any]) -> str:
    return str(row["id"])


def document(
    schedule: dict[str, Any], *, steps: int = 20, run: dict[str, Any] | None = None, **trial: Any
) -> dict[str, Any]:
    """A document of one trial, named "t", with base LR 0.1."""
    return {
        "lrlab": 1,
        "run": run or {"total_steps": steps},
        "trials": [{"name": "t", "base_lr": 0.1, "schedule": schedule} | trial],
    }


def experiment(schedule: dict[str, Any], **about: Any) -> lrlab.Experiment:
    return lrlab.loads(json.dumps(document(schedule, **about)))


def same(got: Any, want: Any, message: str = "", relative: float = 1e-9) -> None:
    """The tolerance of the reference: |got - want| <= 1e-12 + 1e-9 * max|want|."""
    got, want = np.asarray(got, dtype=np.float64), np.asarray(want, dtype=np.float64)
    assert got.shape == want.shape, f"{message}: shape {got.shape}, wanted {want.shape}"
    if want.size:
        off = np.abs(got - want)
        at = np.unravel_index(np.nanargmax(off), off.shape)
        where = f"{message}: {got[at]!r} at {tuple(map(int, at))}, wanted {want[at]!r}"
        assert np.all(off <= 1e-12 + relative * np.abs(want).max()), where


def exported(of: lrlab.Experiment, target: str, trial: str | None = None) -> dict[str, Any]:
    """The names that an exported module defines."""
    code = export(of, target, trial)
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(code, "<exported>", "exec"), names)  # noqa: S102 (the point of exported code is to be run)
    return names
