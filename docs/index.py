"""Writes lrlab/schedules/index.json, which module holds the class of every kind: python -m docs.index."""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module

import lrlab.schedules
from lrlab.schedules import Schedule
from lrlab.schedules.kinds import INDEX as TARGET

FIRST = (
    "torch",
    "transformers",
    "pytorch_transformers",
    "paddle",
    "paddle_v1",
    "paddlevideo",
    "cawb",
    "timm",
    "warmup_scheduler",
    "deepspeed",
    "optax",
    "keras",
)
"""The frameworks that stand first in every list, in this order; any other follows by its name."""


def classes() -> list[type[Schedule]]:
    """The schedules of every framework, as the SCHEDULES of its module name them."""
    names = [module.name for module in pkgutil.iter_modules(lrlab.schedules.__path__)]
    names.sort(key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    modules = [import_module(f"{lrlab.schedules.__name__}.{name}") for name in names]
    return [schedule for module in modules for schedule in getattr(module, "SCHEDULES", ())]


def page() -> str:
    """The whole file."""
    room = f"{lrlab.schedules.__name__}."
    return json.dumps({kind.kind: kind.__module__.removeprefix(room) for kind in classes()}, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
