"""What a docstring says to the people who use lrlab: pages, lists and advice show the texts of classes and functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LABELS = ("Why", "Instead", "Source")
"""Words that, with a colon, begin a paragraph which pages show in a place of its own."""


@dataclass(frozen=True)
class Docstring:
    """A docstring in parts, each paragraph on one line."""

    first: str
    """The first paragraph: what it is, in a sentence."""
    notes: tuple[str, ...]
    """The other paragraphs that no label begins."""
    labelled: Mapping[str, str]
    """The paragraphs that a label begins, by that label and without it; the empty text where there is none."""


def read(thing: object) -> Docstring:
    """The docstring of a class, a function or the class of a value, in parts."""
    first, *rest = [" ".join(paragraph.split()) for paragraph in (thing.__doc__ or "").split("\n\n")]
    labelled = dict.fromkeys(LABELS, "")
    notes = []
    for paragraph in rest:
        label, colon, text = paragraph.partition(": ")
        if colon and label in labelled:
            labelled[label] = text
        else:
            notes.append(paragraph)
    return Docstring(first, tuple(notes), labelled)
