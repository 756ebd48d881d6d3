"""How far each schedule's exported code was from its curve when it was last run in the genuine frameworks."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from functools import cache

FILE = "proof.json"
NOT_RUN = "not yet run"
"""Said of a schedule, or a target, that the record does not have."""


@dataclass(frozen=True)
class Proof:
    """The cases that a schedule was run with, and how far off its code was at most, by target and form.

    With each deviation stands in how many of the cases there is such code. Deviations are shares of the largest rate.
    The first form of a target is the one that is written by itself; none: the target cannot hold this schedule in any
    of the cases. What has no forms is under "values". A target that is not in `seen` has not been run yet.
    """

    kind: str
    cases: int
    seen: dict[str, dict[str, tuple[int, float]]]

    def cell(self, target: str) -> str:
        """A target's entry in the matrix: each form with its deviation."""
        if target not in self.seen:
            return NOT_RUN
        return " · ".join(self._form(form, *found) for form, found in self.seen[target].items()) or "-"

    def _form(self, form: str, cases: int, off: float) -> str:
        number = f"{off:.1g}" if off else "0"
        some = f" ({cases} of {self.cases})" if cases < self.cases else ""
        return number if form == "values" else f"{form} {number}{some}"


def proof(kind: str) -> Proof:
    """What is recorded of a schedule; of one that the record does not have, no case and no target."""
    return proofs().get(kind) or Proof(kind, 0, {})


@cache
def proofs() -> dict[str, Proof]:
    """Every schedule that was run, by kind; written by tests/genuine/prove.py."""
    record = json.loads((importlib.resources.files("lrlab.exporters") / FILE).read_text(encoding="utf-8"))
    return {kind: Proof(kind, **about) for kind, about in record.items()}
