"""What a family is: schedules of equal shape, and how their native arguments follow from a few shared symbols."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from lrlab.schedules import KINDS, Schedule
from lrlab.schedules.likeness import Only
from lrlab.trees.parse import parse

MEANINGS = {
    "peak": "the highest rate",
    "start": "the rate of the first tick",
    "floor": "the rate at the end",
    "T": "ticks from the peak to the end",
    "warmup": "ticks from the start to the peak",
    "factor": "what the rate is multiplied with",
    "every": "ticks between two of these",
    "first": "the first of the borders",
    "second": "the second of the borders",
    "power": "the exponent",
    "rate": "how fast it falls",
    "length": "ticks of the first cycle",
    "mult": "how much longer each cycle is than the one before",
    "cycles": "how many cycles",
    "total": "ticks in all",
    "rise": "ticks that rise",
    "batch": "samples of a batch",
    "divide": "peak over start",
    "final": "start over floor",
    "up": "ticks that rise",
    "down": "ticks that fall",
    "stable": "ticks at the peak",
    "decay": "ticks from the peak to the floor",
    "patience": "bad values that are waited for",
}


@dataclass(frozen=True, kw_only=True)
class Member(Only):
    """A kind in one of its families, with what its class says about its place there (lrlab/schedules/likeness.py)."""

    kind: str
    arguments: Mapping[str, Any] | None
    """The native arguments over the family's symbols. None where the kind has another shape than the others."""
    differs: str


@cache
def _members() -> dict[str, tuple[list[Member], list[Member]]]:
    """The members of each family by its title: those at home in it, and the guests from other families.

    Both are in the order of the catalogue, but those of another shape come last.
    """
    found: dict[str, tuple[list[Member], list[Member]]] = defaultdict(lambda: ([], []))
    for kind, schedule in KINDS.items():
        for i, place in enumerate(schedule.families()):
            member = Member(kind=kind, arguments=place.arguments, differs=place.differs, **vars(place.only))
            found[place.family][i > 0].append(member)
    for lists in found.values():
        for members in lists:
            members.sort(key=lambda member: member.arguments is None)
    return found


@dataclass(frozen=True)
class Family:
    """Schedules of equal shape. Which schedules these are stands in their classes."""

    title: str
    shape: str
    aliases: str
    """Other words by which people search for the shape."""
    symbols: dict[str, float] = field(default_factory=dict)
    """The family's symbols, each with the value that the measurement uses."""
    last: str = "T"
    """The last tick at which the curves are compared, as an expression over the symbols."""
    for_ever: bool = False
    """Whether the curves stay equal after that tick, too."""
    metrics: tuple[float, ...] | None = None
    """The metric values that metric-driven members get in the measurement."""

    @property
    def members(self) -> tuple[Member, ...]:
        """The members at home here."""
        return tuple(_members()[self.title][0])

    @property
    def also(self) -> tuple[Member, ...]:
        """The guests: members of other families that can take this shape."""
        return tuple(_members()[self.title][1])

    @property
    def all(self) -> tuple[Member, ...]:
        """Every member: those at home, then the guests."""
        return self.members + self.also

    def value(self, text: str, member: Member) -> float:
        """The number that an expression over the symbols gives in the member's measurement."""
        values = self.symbols | member.given
        return float(parse(text, *values)(np, *values.values()))

    def schedule(self, member: Member) -> Schedule:
        """The member as a schedule, with numbers for the symbols; ValueError where that makes no schedule."""
        values = self.symbols | member.given
        document = {
            "kind": member.kind,
            **{name: _filled(value, values) for name, value in (member.arguments or {}).items()},
        }
        if self.metrics is not None:
            document["metrics"] = list(self.metrics)
        return KINDS[member.kind].model_validate(document)


def _filled(value: Any, values: dict[str, float]) -> Any:
    """A native argument with numbers for the symbols. Whole numbers become integers, because native code counts with
    them.
    """
    match value:
        case bool():
            return value
        case list():
            return [_filled(item, values) for item in value]
        case tuple():
            return {str(_filled(tick, values)): _filled(number, values) for tick, number in value}
        case dict():
            return {name: item if name == "kind" else _filled(item, values) for name, item in value.items()}
    if is_text(value):
        return value[1:-1]
    number = float(parse(str(value), *values)(np, *values.values()))
    return int(number) if number.is_integer() else number


def is_text(value: Any) -> bool:
    """Whether the value of an argument is text in quotes of its own, and not an expression."""
    return isinstance(value, str) and value.startswith("'")
