"""The durations in a schedule and in those nested in it.

When does each end, and when should it? What rises first? What are they in another unit?
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lrlab.schedules.base import Schedule, described

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Length:
    """An argument that says when a schedule has come to its end: its value, and what would fit, in ticks.

    `path` is its path below the outermost schedule.
    """

    path: Path
    owner: Schedule
    """Bound to its place."""
    value: float
    fits: float
    last: bool
    """Whether the run ends with it: no other part comes after."""
    reached: bool = True
    """Whether its part ever begins; `fits` is what the whole run would make it, if not."""
    text: str = ""
    """What the document has for it, where that is text such as `5ep`."""

    @property
    def name(self) -> str:
        """The argument's name."""
        return str(self.path[-1])


@dataclass(frozen=True)
class Rise:
    """The argument that says how long a schedule rises at its very start, by its path, in ticks."""

    path: Path
    owner: Schedule
    value: float
    text: str = ""
    """What the document has for it, where that is text such as `5ep`."""

    @property
    def name(self) -> str:
        """The argument's name."""
        return str(self.path[-1])


def keys(path: str) -> Path:
    """A path as `children` and `lists` write it, step by step."""
    return tuple(int(step) if step.isdecimal() else step for step in path.split("."))


def dotted(path: Path) -> str:
    """A path as one word, as `keys` reads it."""
    return ".".join(map(str, path))


def nested(schedule: Schedule) -> Iterator[tuple[Path, Schedule, bool]]:
    """The schedule and all that are nested in it, each with its path, and whether it is still in force at the end."""
    yield (), schedule, True
    children = schedule.children()
    for i, (path, child) in enumerate(children.items()):
        for below, inner, last in nested(child):
            yield (*keys(path), *below), inner, last and (not schedule.in_turn or i == len(children) - 1)


def lengths(schedule: Schedule, bound: Schedule) -> list[Length]:
    """The arguments that say when a curve ends, where they are set; `bound` is the same schedule in its place."""
    found = []
    for (path, given, last), (_, owner, _) in zip(nested(schedule), nested(bound), strict=True):
        name = given.ends_by
        if not name or given.follows_run or not owner.has_place:
            continue
        reached = owner.ticks_left > 0
        ticks = owner.ticks_left if reached else max(bound.ticks_left, 1)
        value, fits = getattr(owner, name), owner.fitting(ticks)
        found.append(Length((*path, name), owner, float(value), float(fits), last, reached, given.text(name)))
    return found


def rise(schedule: Schedule) -> Rise | None:
    """The warmup that the schedule begins with, if it has one."""
    path: Path = ()
    while not schedule.rises_by:
        children = list(schedule.children().items())
        if not children:
            return None
        first = children[:1] if schedule.in_turn else children
        step, schedule = next(((p, c) for p, c in first if c.rises_by), children[0])
        path = (*path, *keys(step))
    name = schedule.rises_by
    value = getattr(schedule, name)
    return None if value is None else Rise((*path, name), schedule, float(value), schedule.text(name))


def scaled(schedule: Schedule, factor: float) -> dict[Path, Any]:
    """Every duration that is set as a number, in ticks of another unit: what to change, by path.

    Text, such as `5ep`, says its unit itself, and stays.
    """
    found: dict[Path, Any] = {}
    for path, owner, _ in nested(schedule):
        for name, about in described(type(owner)).items():
            value = getattr(owner, name)
            if (
                about.control is None
                or about.control.unit not in ("ticks", "pairs")
                or name not in owner.model_fields_set
                or value is None
            ):
                continue
            texts = owner.own_texts
            if about.control.unit == "pairs":
                found[*path, name] = {str(round(tick * factor)): number for tick, number in value}
            elif isinstance(value, tuple):
                items = [texts.get(f"{name}.{i}", round(tick * factor)) for i, tick in enumerate(value)]
                if not all(isinstance(item, str) for item in items) or not items:
                    found[*path, name] = items
            elif name not in texts:
                found[*path, name] = max(round(value * factor), 1 if about.positive else 0)
    return found
