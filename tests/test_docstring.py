"""Docstrings in parts, as pages show them."""

from __future__ import annotations

from lrlab import docstring


def example() -> None:
    """Falls to the
    floor.

    A note: it stays
    there.

    Why: Because
    it can.

    Another note.

    Source: a paper;
    page 3.
    """


def test_a_docstring_comes_apart_into_first_sentence_notes_and_labelled_paragraphs() -> None:
    said = docstring.read(example)
    assert said.first == "Falls to the floor."
    assert said.notes == ("A note: it stays there.", "Another note.")
    assert said.labelled == {"Why": "Because it can.", "Instead": "", "Source": "a paper; page 3."}


def test_what_has_no_docstring_says_nothing() -> None:
    def silent() -> None: ...

    said = docstring.read(silent)
    assert (said.first, said.notes, any(said.labelled.values())) == ("", (), False)
