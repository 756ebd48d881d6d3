"""Numbers as people type them, and as they are written back: `1e-3`, `1e5`, `3_910`.

Durations (`5ep`, `10%`) are read by `duration.py`.
"""

from __future__ import annotations

import math
import re

MOST_TYPED = 40  # characters that a number may have
SMALL, LARGE = 1e-3, 1e16  # below and above these a number is written with an exponent
_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d{1,4})?", re.IGNORECASE | re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:e[+-]?\d{1,4})?", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


def number(text: str) -> float:
    """The number that a text says. ValueError with a sentence where it says none."""
    typed = text.strip()
    if said := comma(typed):
        msg = f"{_quoted(typed)} {said}"
        raise ValueError(msg)
    if len(typed) > MOST_TYPED or not _NUMBER.fullmatch(typed):
        msg = f"{_quoted(typed)} is no number, such as 0.1, 1e-3 or 3_910"
        raise ValueError(msg)
    found = float(typed.replace("_", ""))
    if not math.isfinite(found):
        msg = f"{_quoted(typed)} is larger than every number that a computer holds"
        raise ValueError(msg)
    return found


def comma(typed: str) -> str | None:
    """What to write in place of a number with a comma: a point, or nothing where it may stand between thousands; None
    where it is no such number.
    """
    if not _DECIMAL_COMMA.fullmatch(typed) or len(typed) > MOST_TYPED:
        return None
    point = typed.replace(",", ".")
    or_whole = f"{typed.replace(',', '')}, or {point}" if _THOUSANDS.fullmatch(typed) else point
    return f"has a comma: write {or_whole} with a point"


def counted(text: str) -> int | float:
    """The same, a whole number where it is one: 1e5 is 100000."""
    found = number(text)
    return int(found) if found.is_integer() else found


def written(value: float) -> str:
    """A number as a field shows it: all its digits, an exponent where it is small, and read back it is the same."""
    if isinstance(value, int):
        return str(value)
    if value.is_integer() and abs(value) < LARGE:
        return str(int(value))
    mantissa, _, exponent = (repr(value) if abs(value) >= SMALL else _exponential(value)).partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def _exponential(value: float) -> str:
    """With the fewest digits that tell it from every other float: 2.5e-04."""
    digits = repr(value)
    if "e" in digits:
        return digits
    return next(text for n in range(17) if float(text := f"{value:.{n}e}") == value)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= MOST_TYPED else f"{text[:MOST_TYPED]}...")
