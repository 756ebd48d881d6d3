"""Writes docs/exports.md, what every schedule becomes in every target: python -m docs.exports."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from lrlab import docstring
from lrlab.exporters import EXPORTERS
from lrlab.exporters.module import checked_with
from lrlab.exporters.proof import proof
from lrlab.schedules import KINDS

TARGET = Path(__file__).with_suffix(".md")
HEAD = """# The exports

<!-- written by `python -m docs.exports`; do not edit -->

Every schedule is taken to every target, and every export is run: `python tests/genuine/prove.py` writes each recorded
case of `tests/reference/` in each form, executes it in the genuine framework, in double precision, and compares the
rate of every optimizer step with the curve. The numbers are the largest deviation seen, as a share of the largest rate;
0 is equal to the last bit. `tests/genuine` does the same at every run of `.ci/run`, with drawn documents too, and
demands 1e-9 (1e-5 in single precision). For Lightning it is torch that is asked here, its scheduler stepped by hand as
the module's interval says; `tests/genuine/test_training.py` asks the genuine Trainer.

**native** is the framework's own constructor, written by itself where it is exact over the whole run; **portable** is a
plain function written from the curve. The form that is written by itself stands first; `--form native` or
`--form portable` asks for the other. A dash: the target cannot hold that schedule, and the export says why; "(2 of 5)"
says in how many of the cases there is that form; "not yet run" is said of what the record does not have.
"""


def page() -> str:
    """The whole file."""
    return "\n".join(
        [
            HEAD,
            _targets(),
            *(_section(framework, list(kinds)) for framework, kinds in groupby(KINDS, lambda k: k.split(".")[0])),
        ]
    )


def _targets() -> str:
    rows = ["| target | checked with | what is in it |", "| --- | --- | --- |"]
    for target, exporter in EXPORTERS.items():
        rows.append(f"| `{target}` | {checked_with(exporter) or '-'} | {_says(exporter)} |")
    return "\n".join(rows) + "\n"


def _says(exporter: object) -> str:
    return docstring.read(exporter).first.replace("|", r"\|")


def _section(framework: str, kinds: list[str]) -> str:
    head = f"## {framework}\n\n| schedule | cases | {' | '.join(EXPORTERS)} |\n"
    rule = f"| --- | --- | {' | '.join('---' for _ in EXPORTERS)} |\n"
    rows = [
        f"| `{kind.partition('.')[2]}` | {found.cases} | {' | '.join(found.cell(target) for target in EXPORTERS)} |"
        for kind, found in ((kind, proof(kind)) for kind in kinds)
    ]
    return head + rule + "\n".join(rows) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
