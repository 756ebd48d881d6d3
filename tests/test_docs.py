"""What is written in docs/ by commands is what the commands write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docs import exports, rules, schedules
from lrlab.advice import RULES
from lrlab.exporters import EXPORTERS, proof
from lrlab.schedules import KINDS

if TYPE_CHECKING:
    import pytest


def test_the_table_of_schedules_is_up_to_date() -> None:
    assert schedules.TARGET.read_text(encoding="utf-8") == schedules.page(), (
        "docs/schedules.md is out of date: run python -m docs.schedules"
    )


def test_the_table_has_every_schedule_and_its_arguments() -> None:
    rows = [line for line in schedules.page().splitlines() if "`" in line and line.startswith("|")]
    assert len(rows) == len(KINDS)
    for kind in KINDS.values():
        row = next(line for line in rows if f"`{kind.kind}`" in line)
        assert all(f"`{name}" in row for name in kind.model_fields), f"{kind.kind}: an argument is missing"
        assert row.replace("\\|", "").count("|") == 6, f"{kind.kind}: a bar in its text breaks the table"


def test_the_list_of_rules_is_up_to_date() -> None:
    assert rules.TARGET.read_text(encoding="utf-8") == rules.page(), (
        "docs/rules.md is out of date: run python -m docs.rules"
    )


def test_the_matrix_of_exports_is_up_to_date() -> None:
    assert exports.TARGET.read_text(encoding="utf-8") == exports.page(), (
        "docs/exports.md is out of date: run python -m docs.exports"
    )


def test_the_matrix_says_what_was_not_run_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(proof.proofs())
    del known["torch.StepLR"]
    known["torch.LambdaLR"] = proof.Proof("torch.LambdaLR", 2, {})
    monkeypatch.setattr(proof, "proofs", lambda: known)
    rows = {line.split("|")[1].strip(): line for line in exports.page().splitlines() if line.startswith("| `")}
    for name in ("`StepLR`", "`LambdaLR`"):
        assert rows[name].count("| not yet run ") == len(EXPORTERS)


def test_the_readme_and_the_changelog_count_right() -> None:
    root = schedules.TARGET.parents[1]
    assert f"[all {len(KINDS)}](docs/schedules.md)" in (root / "README.md").read_text(encoding="utf-8")
    assert f"- {len(KINDS)} schedules, equal to" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"[{len(RULES)} rules](docs/rules.md)" in (root / "README.md").read_text(encoding="utf-8")
    assert f"{len(RULES)} rules of advice" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
