"""Measures everything that somebody waits for, and writes the table of docs/performance.md: python -m benchmarks.

Needs playwright, Chromium and nginx, and a machine that does nothing else for an hour. Parts by name measure those
alone and write nothing: python -m benchmarks start slider.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from benchmarks.deploy import nginx
from benchmarks.shared import ROOT, Row, number, show

PARTS = ("imports", "start", "slider", "people", "deploy")
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table: python -m benchmarks -->", "<!-- end of the table -->"


def table(parts: Mapping[str, Sequence[Row]]) -> str:
    """All lines in Markdown, every aim beside what was measured."""
    lines = ["| | Tune | smallest app | ratio | aim | |", "| --- | --: | --: | --: | --: | --- |"]
    for part, rows in parts.items():
        lines.append(f"| **`python -m benchmarks.{part}`** | | | | | |")
        for row in rows:
            few = "at least" if row.more_is_better else "at most"
            aim = "" if row.aim is None else f"{few} {number(row.aim, row.unit if row.smallest is None else '')}"
            ratio = "" if row.ratio is None else "none" if row.ratio != row.ratio else f"{row.ratio:.2f}"
            cells = (row.name, number(row.tune, row.unit), number(row.smallest, row.unit), ratio, aim, row.verdict)
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def written(text: str, new: str) -> str:
    """A page with this table between its two marks, in place of what stood there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        msg = f"the page has no place for the table: it needs {BEGIN} and, further down, {END}"
        raise ValueError(msg)
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{after}"


def main(names: Sequence[str]) -> None:
    """Measure these parts, or all and write the table."""
    parts = {}
    if not names:
        nginx()  # known to be there before the hour is spent
    for name in names or PARTS:
        print(f"== {name}", flush=True)
        parts[name] = import_module(f"benchmarks.{name}").measure()
        show(parts[name])
    if not names:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), table(parts)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
