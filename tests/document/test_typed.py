"""Numbers as people type them: read back, what is written is the same number, and what is none is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab.document.typed import counted, number, written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_is_read_back_as_the_same_number(value: float) -> None:
    assert number(written(value)) == value
    assert len(written(value)) <= len(repr(value)) + 1


@given(st.integers(-(10**15), 10**15))
def test_whole_numbers_keep_all_their_digits(value: int) -> None:
    assert counted(written(value)) == value
    assert isinstance(counted(written(value)), int)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), (" 1E5 ", 100_000), ("3_910", 3910), (".5", 0.5), ("5.", 5), ("-0.1", -0.1), ("+2", 2)],
)
def test_people_type_numbers_like_this(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(2e-05, "2e-5"), (0.00025, "2.5e-4"), (0.001, "0.001"), (1e22, "1e22"), (3910.0, "3910"), (0.0, "0")],
)
def test_small_numbers_are_written_with_an_exponent(value: float, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,05", "has a comma: write 0.05 with a point"),
        ("50,000", "has a comma: write 50000, or 50.000 with a point"),
        ("-1,500", "write -1500, or -1.500 with a point"),
        ("0,005", "write 0.005 with a point"),
        ("1e400", "larger than every number"),
        ("five", "is no number"),
        ("nan", "is no number"),
        ("inf", "is no number"),
        ("1e", "is no number"),
        ("--1", "is no number"),
        ("1 000", "is no number"),
        ("٣", "is no number"),
        ("_1", "is no number"),
        ("1" * 41, "is no number"),
    ],
)
def test_what_is_no_number_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        number(text)
