"""What is written in docs/ by commands is what the commands write."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import lrlab.schedules
from docs import counts, exports, index, rules, schedules
from lrlab.advice import RULES
from lrlab.schedules import KINDS, Schedule


def test_the_index_of_kinds_is_up_to_date() -> None:
    assert index.TARGET.read_text(encoding="utf-8") == index.page(), (
        "lrlab/schedules/index.json is out of date: run python -m docs"
    )


def every_class(base: type[Schedule] = Schedule) -> Iterator[type[Schedule]]:
    for child in base.__subclasses__():
        yield child
        yield from every_class(child)


def test_every_schedule_stands_in_the_list_of_its_module() -> None:
    for module in pkgutil.walk_packages(lrlab.schedules.__path__, "lrlab.schedules."):
        import_module(module.name)
    known = index.classes()
    for schedule in every_class():
        if schedule.__module__.startswith("lrlab.schedules.") and "Source:" in (schedule.__doc__ or ""):
            assert schedule in known, f"put {schedule.__name__} into SCHEDULES at the end of {schedule.__module__}"


def test_no_kind_is_named_twice() -> None:
    kinds = [schedule.kind for schedule in index.classes()]
    twice = {kind for kind in kinds if kinds.count(kind) > 1}
    assert not twice, f"{twice}: two schedules in SCHEDULES have one name"


def test_a_framework_without_a_place_in_the_order_follows_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FIRST", ("timm",))
    frameworks = list(dict.fromkeys(schedule.framework for schedule in index.classes()))
    assert frameworks == ["timm", *sorted(set(frameworks) - {"timm"})]


def test_the_table_of_schedules_is_up_to_date() -> None:
    assert schedules.TARGET.read_text(encoding="utf-8") == schedules.page(), (
        "docs/schedules.md is out of date: run python -m docs"
    )


def test_the_table_has_every_schedule_and_its_arguments() -> None:
    rows = [line for line in schedules.page().splitlines() if "`" in line and line.startswith("|")]
    assert len(rows) == len(KINDS)
    for kind in KINDS.values():
        row = next(line for line in rows if f"`{kind.kind}`" in line)
        assert all(f"`{name}" in row for name in kind.model_fields), f"{kind.kind}: an argument is missing"
        assert row.replace("\\|", "").count("|") == 6, f"{kind.kind}: a bar in its text breaks the table"


def test_the_list_of_rules_is_up_to_date() -> None:
    assert rules.TARGET.read_text(encoding="utf-8") == rules.page(), "docs/rules.md is out of date: run python -m docs"


def test_the_matrix_of_exports_is_up_to_date() -> None:
    assert exports.TARGET.read_text(encoding="utf-8") == exports.page(), (
        "docs/exports.md is out of date: run python -m docs"
    )


@pytest.mark.parametrize("target", counts.TARGETS, ids=lambda target: target.name)
def test_what_is_counted_is_counted_right(target: Path) -> None:
    assert target.read_text(encoding="utf-8") == counts.page(target), f"{target.name} counts wrong: run python -m docs"


def test_the_readme_says_how_many_schedules_and_rules_there_are(tmp_path: Path) -> None:
    readme = (counts.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"[all <!-- schedules -->{len(KINDS)}<!-- -->](docs/schedules.md)" in readme
    assert f"[<!-- rules -->{len(RULES)}<!-- --> rules](docs/rules.md)" in readme
    (tmp_path / "README.md").write_text(readme.replace(f">{len(KINDS)}<", ">1<"), encoding="utf-8")
    assert counts.page(tmp_path / "README.md") == readme, "a wrong number is written anew"
