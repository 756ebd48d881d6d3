"""Numbers of a lesson in words."""

from __future__ import annotations

from lrlab.lessons.intervals import Interval

MINUS = "\N{MINUS SIGN}"


def number(value: float, form: str) -> str:
    """A number in one of Python's formats, with a space before a percent sign, and with a real minus sign, which is as
    wide as a plus.
    """
    return format(value, form).replace("%", " %").replace("-", MINUS)


def mean(found: Interval, form: str) -> str:
    """A mean with its interval; without it where one seed, or seeds that all agree, give none."""
    said, low, high = (number(float(end), form) for end in (found.mean, found.low, found.high))
    if not found.bounded:
        return said
    return f"{said} (all agree)" if found.agreed else f"{said} ({low} to {high})"
