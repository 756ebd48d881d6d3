"""Families of schedules of equal shape across the frameworks, and how the arguments of one become those of another.

A family has symbols (peak, floor, T, ...). A member says how its native arguments follow from them, as expressions;
translations between members are worked out from that and never written down. What a family claims is measured: a test
evaluates every member and compares it with the first.
"""

from __future__ import annotations

from lrlab.families.base import MEANINGS, Family, Member
from lrlab.families.table import FAMILIES
from lrlab.families.translate import Translation, translate
from lrlab.schedules import Schedule

__all__ = [
    "FAMILIES",
    "MEANINGS",
    "Family",
    "Member",
    "Translation",
    "description",
    "family_of",
    "places",
    "search",
    "translate",
]

FRAMEWORK_WORDS = {
    "torch": "pytorch",
    "transformers": "hugging face",
    "paddle": "paddlepaddle 飞桨",
    "cawb": "warmboot",
}
"""What else a framework is called."""
ARGUMENT_WORDS = {
    "warmup": "linear warmup warm-up 预热",
    "cycle_mul": "sgdr warm restarts 热重启",
    "t_mul": "sgdr",
    "decay_fn": "wsd",
}
"""What a person who looks for a schedule with such an argument may type."""
_HOME = {member.kind: family for family in FAMILIES for member in family.members}


def family_of(kind: str) -> Family:
    """The family that a kind is at home in."""
    return _HOME[kind]


def places(kind: str) -> list[tuple[Family, Member]]:
    """Every family that a kind is in, its home first, and what it is there."""
    families = sorted(FAMILIES, key=lambda family: family is not family_of(kind))
    return [(family, member) for family in families for member in family.all if member.kind == kind]


def search(kind: type[Schedule], wanted: str) -> bool:
    """Whether every word wanted stands in the kind, its shape, its arguments, or a family's title or aliases; case does
    not matter.
    """
    also = (f"{family.title} {family.aliases}" for family, _ in places(kind.kind))
    words = (said for part, said in ARGUMENT_WORDS.items() if any(part in name for name in kind.model_fields))
    shown = "\n".join(
        (kind.kind, FRAMEWORK_WORDS.get(kind.framework, ""), description(kind)[0], *kind.model_fields, *words, *also)
    ).casefold()
    return all(word in shown for word in wanted.casefold().split())


def description(kind: type[Schedule]) -> tuple[str, list[str], str]:
    """What a schedule's docstring says: its shape, what surprises, and its source."""
    shape, *rest = [" ".join(paragraph.split()) for paragraph in (kind.__doc__ or "").split("\n\n")]
    source = next((paragraph for paragraph in rest if paragraph.startswith("Source:")), "")
    return shape, [paragraph for paragraph in rest if paragraph != source], source.removeprefix("Source:").strip()
