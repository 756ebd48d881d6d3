"""PyTorch's schedulers: the simple ones, those that cycle, those made of others, and how they resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrlab.schedules.base import Schedule

    SCHEDULES: tuple[type[Schedule], ...]


def __getattr__(name: str) -> tuple[type[Schedule], ...]:
    """SCHEDULES, added up when somebody asks: who wants one subject of this package loads no other."""
    if name != "SCHEDULES":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from lrlab.schedules.torch import compose, cycles, simple

    return simple.SCHEDULES + cycles.SCHEDULES + compose.SCHEDULES
