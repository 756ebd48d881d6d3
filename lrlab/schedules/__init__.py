"""Every schedule that lrlab knows, by its kind; a framework's module is loaded when one of its kinds is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lrlab.schedules.base import Mark, Place, Schedule
from lrlab.schedules.kinds import KINDS, AnySchedule
from lrlab.schedules.recurrence import MetricDriven

if TYPE_CHECKING:
    SCHEDULES: tuple[type[Schedule], ...]

__all__ = ["KINDS", "SCHEDULES", "AnySchedule", "Mark", "MetricDriven", "Place", "Schedule", "did_you_mean"]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The clause that names the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def __getattr__(name: str) -> tuple[type[Schedule], ...]:
    """SCHEDULES, the classes of all kinds: asking for them loads every framework."""
    if name != "SCHEDULES":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return tuple(KINDS.values())
