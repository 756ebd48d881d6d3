"""Durations as text, `5ep` and `10%`: what they come to in a run, and the run in which a document is read."""

from __future__ import annotations

import math
import re
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, NamedTuple, Self

MOST_TEXT = 40
"""Characters that a duration has at most."""
DECIMALS = 4
"""A number of ticks is said in epochs, or in percent, with at most so many decimals."""
PATTERN = r"^([0-9]+(\.[0-9]+)?)(ep|%)$"
_TEXT = re.compile(PATTERN[1:-1])
EXAMPLES = '"5ep" or "10%"'


class Typed(NamedTuple):
    """A duration that is text, and the ticks that it comes to."""

    text: str
    ticks: int

    def __str__(self) -> str:
        """Both, as a sentence says them."""
        return f'"{self.text}" is {self.ticks:,} tick{"s" * (self.ticks != 1)} here'


@dataclass(frozen=True)
class Measure:
    """How many ticks of a clock an epoch has, and the whole run."""

    epoch: int
    run: int

    def ticks(self, text: str) -> int:
        """The ticks of `5ep`, to the nearest one, or of `10%` of the run, rounded up; ValueError where it is neither.

        Exact: 7 % of 100 ticks are 7, whatever floats make of 0.07 * 100.
        """
        match = _TEXT.fullmatch(text) if len(text) <= MOST_TEXT else None
        if match is None:
            msg = f"must be text such as {EXAMPLES}"
            raise ValueError(msg)
        number = Fraction(match[1])
        return round(number * self.epoch) if match[3] == "ep" else math.ceil(number * self.run / 100)

    def in_epochs(self, ticks: float) -> str | None:
        """So many ticks as `5ep`; None where no text with so few decimals comes to them."""
        return self._said(ticks, "ep", Fraction(ticks) / self.epoch)

    def in_percent(self, ticks: float) -> str | None:
        """So many ticks as `10%`; None where no text with so few decimals comes to them."""
        return self._said(ticks, "%", Fraction(ticks) * 100 / self.run)

    def _said(self, ticks: float, unit: str, number: Fraction) -> str | None:
        """The exact number, else the shortest that comes to the ticks.

        A share is cut, not rounded, because its ticks are rounded up.
        """
        if ticks < 0 or ticks != int(ticks):
            return None
        exact = (number * 10**DECIMALS).denominator == 1
        for places in (DECIMALS,) if exact else range(DECIMALS + 1):
            scaled = number * 10**places
            text = tidied(Decimal(round(scaled) if unit == "ep" else math.floor(scaled)).scaleb(-places), unit)
            if text is not None and self.ticks(text) == ticks:
                return text
        return None


def tidied(number: Decimal, unit: str) -> str | None:
    """A number of epochs ("ep") or percent ("%") as a document has it, such as `0.5ep`; None where it has no such."""
    if number.is_signed() or not -MOST_TEXT < number.adjusted() < MOST_TEXT:
        return None
    text = f"{number:f}"
    text = f"{text.rstrip('0').rstrip('.') if '.' in text else text}{unit}"
    return text if len(text) <= MOST_TEXT else None


class Reading:
    """While schedules are made in it, a `with`, their durations may be text, which comes to ticks by a measure."""

    now: ClassVar[ContextVar[Reading | None]] = ContextVar("now", default=None)
    """The innermost one; None where schedules are made without a run."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.found: dict[str, Typed] = {}
        """What texts came to so far."""

    def __enter__(self) -> Self:
        self._before = self.now.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.now.reset(self._before)

    def ticks(self, text: str) -> int:
        """What a text comes to, remembered."""
        typed = self.found[text] = Typed(text, self.measure.ticks(text))
        return typed.ticks
