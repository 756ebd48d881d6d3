"""Families of schedules of equal shape across the frameworks, and how the arguments of one become those of another.

A family has symbols (peak, floor, T, ...). A member says how its native arguments follow from them, as expressions.
Translations between members are worked out from that and never written down. A test evaluates every member and compares
its curve with the family's, so that nothing is claimed that was not measured.
"""

from __future__ import annotations

from lrlab import docstring
from lrlab.families.base import MEANINGS, Family, Member
from lrlab.families.table import FAMILIES
from lrlab.families.translate import Translation, translate
from lrlab.schedules import KINDS, Schedule

__all__ = ["FAMILIES", "MEANINGS", "Family", "Member", "Translation", "family_of", "places", "search", "translate"]

ARGUMENT_WORDS = {
    "warmup": "linear warmup warm-up 预热",
    "cycle_mul": "sgdr warm restarts 热重启",
    "t_mul": "sgdr",
    "decay_fn": "wsd",
}
"""Words by which people search for a schedule that has such an argument."""
_BY_TITLE = {family.title: family for family in FAMILIES}


def family_of(kind: str) -> Family:
    """The family that a kind is at home in."""
    return _BY_TITLE[KINDS[kind].families()[0].family]


def places(kind: str) -> list[tuple[Family, Member]]:
    """Every family that a kind belongs to, each with the kind as its member; its home comes first."""
    families = sorted(FAMILIES, key=lambda family: family is not family_of(kind))
    return [(family, member) for family in families for member in family.all if member.kind == kind]


def search(kind: type[Schedule], wanted: str) -> bool:
    """Whether the schedule is found by every one of the words, in upper or lower case.

    The words may stand in its kind, its shape, its arguments, other names of its framework, and the titles and aliases of
    its families.
    """
    families = (_BY_TITLE[place.family] for place in kind.families())
    titles = (f"{family.title} {family.aliases}" for family in families)
    words = (said for part, said in ARGUMENT_WORDS.items() if any(part in name for name in kind.model_fields))
    shape = docstring.read(kind).first
    shown = "\n".join((kind.kind, kind.also_called, shape, *kind.model_fields, *words, *titles)).casefold()
    return all(word in shown for word in wanted.casefold().split())
