"""Published training recipes as documents: presets for the page, and good examples for the advice."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from functools import cache

from lrlab.document import Experiment, parse


@dataclass(frozen=True)
class Recipe:
    """One published setting: where it was published, and what of the document is not literally there."""

    name: str
    source: str
    note: str
    experiment: Experiment


@cache
def recipes() -> tuple[Recipe, ...]:
    """Every recipe, in the order of the file."""
    entries = json.loads((importlib.resources.files("lrlab.plans") / "recipes.json").read_text(encoding="utf-8"))
    return tuple(Recipe(**entry | {"experiment": parse(entry["experiment"])}) for entry in entries)
