"""How a schedule's class says which family it belongs to: one attribute under its docstring, as plain data.

`family = Like("Cosine", T_max="T", eta_min="floor")` says: my curve is the one of the family "Cosine" when T_max is the
family's symbol T, and eta_min its symbol floor. lrlab/families/table.py lists the families and their symbols, and
tests/test_families.py measures every such claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

CLIMBS = "Past the end it climbs again."
HOLDS = "Past the end it stays at the floor."


@dataclass(frozen=True)
class Only:
    """The limits of a claim. Without any, the curves are equal at all ticks that the family measures."""

    given: dict[str, float] = field(default_factory=dict)
    """Symbols of the family that must have these values."""
    first: str = "0"
    """The first tick of the family's curve at which the claim holds, as an expression over the family's symbols."""
    last: str = ""
    """The last such tick, likewise. Empty text stands for the last tick of the family."""
    shift: int = 0
    """How many ticks this schedule is behind the family: what the family has at tick t, it has at tick t + shift."""


@dataclass(frozen=True, init=False)
class Like:
    """A schedule has the shape of its family; the keywords say what its native arguments are then.

    A keyword's value is an expression over the family's symbols. Text in quotes of its own (`"'linear'"`) and booleans
    stand for themselves, a list holds such values, a tuple of pairs is an object from ticks to numbers, and a dictionary
    with a kind is a nested schedule. Arguments that are not named are at their defaults. The base LR, where the schedule
    reads it, is the family's symbol peak.

    Family, sentence and limits are given by position, so that every native name is free to be a keyword. One that is no
    Python name, or a reserved word, is written as `**{"lambda": "rate"}`.
    """

    family: str
    """The family's title."""
    differs: str
    """What a person who comes from another member should know, in whole sentences."""
    only: Only
    arguments: Mapping[str, Any]

    def __init__(self, family: str, differs: str = "", only: Only = Only(), /, **arguments: Any) -> None:
        for name, value in (("family", family), ("differs", differs), ("only", only), ("arguments", arguments)):
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Unlike:
    """A schedule belongs to a family, but has a shape of its own: its curve is not compared with the others."""

    family: str
    differs: str = ""
    only: ClassVar[Only] = Only()
    arguments: ClassVar[None] = None
