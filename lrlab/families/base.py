"""What a family is: schedules of equal shape, and how their native arguments follow from a few shared symbols."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lrlab.schedules import KINDS, Schedule
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


@dataclass(frozen=True)
class Member:
    """A kind in its family.

    `arguments`: expressions over the family's symbols; text in quotes and booleans stand for themselves, a tuple of
    pairs for an object from ticks to numbers, a dictionary with a kind for a nested schedule. None: another shape than
    the others, so that nothing is claimed. Arguments that are not named are at their defaults. The base LR, where it is
    read, is the peak. `given`: symbols that must have this value. The shapes agree at the ticks from `first` to `last`,
    the member's own `shift` ticks later.
    """

    kind: str
    arguments: dict[str, Any] | None = None
    differs: str = ""
    given: dict[str, float] = field(default_factory=dict)
    first: str = "0"
    last: str = ""
    shift: int = 0


@dataclass(frozen=True)
class Family:
    """Schedules of equal shape: the members at home here, and (`also`) those of other families that can take this
    shape.
    """

    title: str
    shape: str
    aliases: str
    members: tuple[Member, ...]
    symbols: dict[str, float] = field(default_factory=dict)
    """With the value that the measurement uses."""
    last: str = "T"
    """The last tick at which the shapes are measured"""
    for_ever: bool = False
    """though they stay equal after it."""
    also: tuple[Member, ...] = ()
    metrics: tuple[float, ...] | None = None
    """What metric-driven members are shown in the measurement."""

    @property
    def all(self) -> tuple[Member, ...]:
        """Every member: those at home, then the guests."""
        return self.members + self.also

    def value(self, text: str, member: Member) -> float:
        """What an expression over the symbols comes to in the member's measurement."""
        values = self.symbols | member.given
        return float(parse(text, *values)(np, *values.values()))

    def schedule(self, member: Member) -> Schedule:
        """The member with the symbols' values filled in; ValueError where that makes no schedule."""
        values = self.symbols | member.given
        document = {
            "kind": member.kind,
            **{name: _filled(value, values) for name, value in (member.arguments or {}).items()},
        }
        if self.metrics is not None:
            document["metrics"] = list(self.metrics)
        return KINDS[member.kind].model_validate(document)


def _filled(value: Any, values: dict[str, float]) -> Any:
    """A native argument with the symbols' values in it; whole numbers as such, for native code counts with them."""
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
    """Whether a value in the table is text in quotes, and no expression."""
    return isinstance(value, str) and value.startswith("'")
