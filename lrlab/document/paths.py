"""Where something stands in a document, and putting a value there."""

from __future__ import annotations

from typing import Any

from lrlab.schedules.spans import Path, keys

__all__ = ["Path", "assign", "keys", "value_at"]


def assign(document: Any, path: Path, value: Any) -> None:
    """Put a value at a path of a document; objects that are missing on the way are made."""
    here = document
    for step in path[:-1]:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    here[path[-1]] = value


def value_at(document: Any, path: Path) -> Any:
    """What stands at a path of a document; None where nothing does."""
    here = document
    for step in path:
        held = here if isinstance(here, dict) else dict(enumerate(here)) if isinstance(here, list) else {}
        here = held.get(step)
    return here
