"""The lessons' texts: Markdown files under text/<lesson>/. A page fills places, written `{name}`, with numbers."""

from __future__ import annotations

import importlib.resources
import re
from functools import cache

_PLACE = re.compile(
    r"\$\$.*?\$\$|\$[^$]*\$|\{([A-Za-z]\w*)\}", re.DOTALL
)  # what is between dollars is a formula, and its braces are not places


@cache
def read(lesson: str, name: str) -> str:
    """The Markdown of a section, its places unfilled; FileNotFoundError where there is none."""
    file = importlib.resources.files("lrlab.lessons") / "text" / lesson / f"{name}.md"
    return file.read_text(encoding="utf-8")


def places(text: str) -> set[str]:
    """The names of the places to fill."""
    return {match[1] for match in _PLACE.finditer(text) if match[1]}


def fill(text: str, **numbers: object) -> str:
    """The text with every place filled; KeyError with the name of a place that gets no number."""
    return _PLACE.sub(lambda match: str(numbers[match[1]]) if match[1] else match[0], text)
