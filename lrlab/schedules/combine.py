"""Schedules made of schedules: one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lrlab.schedules.base import Schedule


def starts(milestones: Sequence[int]) -> list[int]:
    """The tick at which each part of a sequence begins; a milestone before the run means its start."""
    return [0, *(max(m, 0) for m in milestones)]


def turns(begins: Iterable[Any]) -> list[Any]:
    """Where the turn of each part begins, also where begins do not rise: a part ends the turn of all before it."""
    given = list(begins)
    return [min(given[i:]) for i in range(len(given))]


def bind_parts(parts: Sequence[Schedule], begins: Sequence[int], place: Place) -> tuple[Schedule, ...]:
    """Each part bound to the ticks from its begin to the next one's, the last to what is left of the run."""
    ends = [*begins[1:], place.ticks]
    spans = [min(end, place.ticks) - begin for begin, end in zip(begins, ends, strict=True)]
    return tuple(part.bind(replace(place, ticks=span)) for part, span in zip(parts, spans, strict=True))


def curve(parts: Sequence[Schedule], begins: Sequence[int], rates: Sequence[Array], tick: Array, xp: Any) -> Array:
    """Each part's own curve from its begin on, its ticks counted from there."""
    moved = [
        part.curve(xp.maximum(tick - begin, 0.0) if begin else tick, rate, xp)
        for part, begin, rate in zip(parts, begins, rates, strict=True)
    ]
    return shapes.choose(tick, begins[1:], moved, xp)


def marks(parts: Sequence[Schedule], begins: Sequence[int], ticks: int, limit: int) -> list[Mark] | None:
    """The marks of every part while it is in force, and the milestones between them."""
    found: list[Mark] = []
    ends = [*begins[1:], ticks]
    for part, begin, end in zip(parts, begins, ends, strict=True):
        last = min(end, ticks)
        if last <= begin:
            continue
        own = part.marks(last - begin + 1, limit)  # one tick more: its last mark may be at the milestone itself
        if own is None:
            return None
        found += [Mark(begin + m.tick, m.label) for m in own if begin + m.tick < ticks]
        if begin > 0:
            found.append(Mark(begin, "milestone"))
    return found if len(found) <= limit else None
