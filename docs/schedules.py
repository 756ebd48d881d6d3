"""Write docs/schedules.md, the table of all schedules: python -m docs.schedules, in the project's folder."""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from lrlab import docstring
from lrlab.families import family_of
from lrlab.schedules import SCHEDULES

if TYPE_CHECKING:
    from lrlab.schedules import Schedule

TARGET = Path(__file__).with_suffix(".md")
HEAD = f"""# Schedules

{len(SCHEDULES)} schedules, under their native names. Made by `python -m docs.schedules` from the classes in
`lrlab/schedules/`; do not edit. An argument without a default is required. The gallery shows curve, formula, bounds and
the equivalents in other frameworks.
"""


def page() -> str:
    """The whole file."""
    by_framework = sorted(SCHEDULES, key=lambda kind: kind.framework)
    sections = [
        _section(framework, list(kinds)) for framework, kinds in groupby(by_framework, key=lambda kind: kind.framework)
    ]
    return "\n".join([HEAD, *sections])


def _section(framework: str, kinds: list[type[Schedule]]) -> str:
    rows = "\n".join(map(_row, kinds))
    head = "| schedule | shape | arguments | family | source |\n| --- | --- | --- | --- | --- |"
    return f"## {framework}\n\n{head}\n{rows}\n"


def _row(kind: type[Schedule]) -> str:
    said = docstring.read(kind)
    fields = kind.model_fields.items()
    arguments = [
        f"`{name}`" if field.is_required() else f"`{name}={json.dumps(field.get_default())}`" for name, field in fields
    ]
    address = kind.documentation.format(native=kind.native)
    name = f"[`{kind.kind}`]({address})" if address else f"`{kind.kind}`"
    linked = re.sub(r"arXiv (\d{4}\.\d{4,5})", r"[arXiv \1](https://arxiv.org/abs/\1)", _plain(said.labelled["Source"]))
    return f"| {name} | {_plain(said.first)} | {', '.join(arguments)} | {family_of(kind.kind).title} | {linked} |"


def _plain(text: str) -> str:
    """A sentence as it is, where Markdown would see a table, emphasis or HTML; what stands in backticks is code
    already.
    """
    return "".join(
        part if i % 2 else re.sub(r"([\\|*_<])", r"\\\1", part) for i, part in enumerate(re.split(r"(`[^`]*`)", text))
    )


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
