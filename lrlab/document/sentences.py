"""What is wrong with a document, in one sentence: path, argument and bound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lrlab.schedules import KINDS, did_you_mean
from lrlab.schedules.spans import keys

if TYPE_CHECKING:
    from lrlab.schedules.measure import Typed

MAX_SENTENCE = 400
NOTES = 3  # texts of which a sentence says what they came to


class DocumentError(ValueError):
    """A document that cannot be read: one sentence with path, argument and bound."""


_SENTENCES = {
    "missing": "is missing",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "union_tag_not_found": "kind is missing (one of: python -m lrlab kinds)",
}


def sentence(error: ValidationError, data: Any = None, names: Iterable[str] = ()) -> str:
    """The first thing wrong, as one sentence `path: what must be`.

    `data` tells which parts of pydantic's location are the document's; `names` are what a wrong name outside a schedule
    may have meant.
    """
    details = error.errors(include_url=False)
    first = details[0]
    path = _path(first["loc"], data, keep_last=first["type"] in ("missing", "extra_forbidden"))
    inner = [d for d in details if _path(d["loc"], data, keep_last=False).startswith(f"{path}.")]
    if inner:  # a list in place of one value: what is wrong with its items
        first = inner[0]
        path = _path(first["loc"], data, keep_last=False)
    same = [d for d in details if _path(d["loc"], data, keep_last=False) == path]
    if {d["type"] for d in same} == {"float_type", "literal_error"}:
        return short(f'{path}: must be a number, or "nan"')
    if len(same) > 1:  # a union: say what fits all of its members
        first = next((d for d in same if d["type"] not in ("int_type", "float_type", "tuple_type")), same[0])
        if {d["type"] for d in same} <= {"int_type", "float_type", "tuple_type"}:
            lists = " or a list of numbers, one per parameter group" * any(d["type"] == "tuple_type" for d in same)
            return short(f"{path}: must be a number{lists}")
    context = {key: int(x) if isinstance(x, float) and x.is_integer() else x for key, x in first.get("ctx", {}).items()}
    kind = first["type"]
    if kind == "union_tag_invalid":
        tag = str(context.get("tag"))
        text = f"{path}.kind: {short(repr(tag), 80)} is no schedule that lrlab knows{did_you_mean(tag, KINDS)}"
    elif kind == "extra_forbidden":
        text = f"{path}: is no argument here{did_you_mean(str(first['loc'][-1]), _known(first['loc'], data, names))}"
    elif kind == "value_error":
        reason = str(context.get("error", first["msg"]))
        head, colon, _ = reason.partition(": ")  # a validator may name the argument itself: "T_max: must ..."
        deeper = bool(colon) and all(part.isidentifier() or part.isdigit() for part in head.split("."))
        text = f"{path}{'.' if path and deeper else ': ' if path else ''}{reason}"
    else:
        text = f"{path}: {_SENTENCES.get(kind, first['msg']).format(**context)}"
    return short(text)


def with_ticks(says: str, schedule: Any, found: Mapping[str, Typed]) -> str:
    """A sentence on a schedule's document, and what the texts came to of which it speaks.

    They are the one at the sentence's path, or those of the arguments that it names.
    """
    head, colon, _ = says.partition(": ")
    owner, here = None, schedule
    for step in keys(head) if colon else ():
        owner, here = (here, _at(here, step)) if isinstance(here, dict) else (owner, _at(here, step))
    texts = [here] if isinstance(here, str) else []
    for value in _named(owner if owner is not None else here, says):
        texts += value if isinstance(value, list) else [value]
    notes = dict.fromkeys(str(found[text]) for text in texts if isinstance(text, str) and text in found)
    return f"{says} ({', '.join(list(notes)[:NOTES])})" if notes else says


def _named(owner: Any, says: str) -> list[Any]:
    """The values of the arguments that a sentence names."""
    words = set(re.findall(r"\w+", says))
    return [value for name, value in owner.items() if name in words] if isinstance(owner, dict) else []


def _path(loc: tuple[int | str, ...], data: Any, *, keep_last: bool) -> str:
    """Pydantic's location without the names of union members: only steps that the document itself has."""
    parts, here = [], data
    for step in loc:
        if (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            here = _at(here, step)
        elif not (keep_last and step is loc[-1]):
            continue
        parts.append(short(str(step), 60))
    return ".".join(parts)


def _at(here: Any, step: int | str) -> Any:
    if isinstance(here, dict):
        return here.get(step)
    return here[step] if isinstance(here, list) and isinstance(step, int) and step < len(here) else None


def _known(loc: tuple[int | str, ...], data: Any, names: Iterable[str]) -> list[str]:
    here = data
    for step in loc[:-1]:
        here = _at(here, step) or here
    kind = KINDS.get(str(here.get("kind"))) if isinstance(here, dict) else None
    return list(kind.model_fields) if kind else list(names)


def short(text: str, most: int = MAX_SENTENCE) -> str:
    """The text on one line of printable characters, cut where it is too long."""
    flat = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return flat if len(flat) <= most else flat[: most - 3] + "..."
