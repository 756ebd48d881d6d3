"""How far each schedule's exported code was from its curve when it was last run in the genuine frameworks."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from functools import cache
FILE = "proof.json"


@dataclass(frozen=True)
class Proof:
    """The cases that a schedule was run with, and by target and form the largest deviation seen, as a share of the largest rate.

    The first form of a target is the one that is written by itself; none: the target cannot hold this schedule in any of the cases.
    """

    kind: str
    cases: int
    deviations: dict[str, dict[str, float]]


@cache
def proofs() -> dict[str, Proof]:
    """Every schedule's, by kind; made by tests/genuine/prove.py."""
    recorded = json.loads((importlib.resources.files("lrlab.exporters") / FILE).read_text(encoding="utf-8"))
    return {kind: Proof(kind, **about) for kind, about in recorded.items()}


def cell(deviations: dict[str, float]) -> str:
    """A target's entry in the matrix: each form with its deviation."""
    return " · ".join(f"{form} {off:.1g}" if off else f"{form} 0" for form, off in deviations.items()) or "–"
