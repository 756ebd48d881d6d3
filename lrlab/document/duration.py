"""A duration as a person types it: ticks, steps, epochs or a share of the run; and ticks as a person may say them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from lrlab.document.run import MAX_DEVICES, MAX_STEPS, Clock, Run, measured
from lrlab.document.typed import comma
from lrlab.schedules.measure import MOST_TEXT, tidied

MOST_TYPED = MOST_TEXT  # characters that a duration may have
_TYPED = re.compile(
    r"(?P<number>-?(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)?(?:\.\d*)?(?:e[+-]?\d{1,4})?)\s*(?P<unit>[a-z]*|%)",
    re.IGNORECASE | re.ASCII,
)
_TYPED_UNITS = {"": "ticks", "tick": "ticks", "ticks": "ticks", "%": "%"}
_TYPED_UNITS |= dict.fromkeys(("st", "step", "steps"), "steps") | dict.fromkeys(("ep", "epoch", "epochs"), "ep")


def duration(text: str, run: Run, clock: Clock) -> int | float:
    """Ticks, from what a person types.

    `500`, `1e5` and `3,910` are ticks, `500 steps` are those of the optimizer, `5ep` epochs, `10%` a share of the run.
    Steps and epochs come to the nearest whole tick, a share to the next one. ValueError with a sentence where it is
    none of these.
    """
    found = kept(text, run, clock)
    return measured(run, clock).ticks(found) if isinstance(found, str) else found


def kept(text: str, run: Run, clock: Clock) -> int | float | str:
    """What a document keeps of what a person types: ticks as a number; epochs and shares as text, tidied.

    `5 epochs` is kept as `5ep`, `.5 %` as `0.5%`, and so follows the run. ValueError as from `duration`.
    """
    match = _TYPED.fullmatch(text.strip()) if len(text) <= MOST_TYPED else None
    unit = _TYPED_UNITS.get(match["unit"].lower()) if match else None
    try:
        number = Decimal(match["number"].replace(",", "").replace("_", "")) if match else None
    except InvalidOperation:
        number = None
    if number is None or unit is None or abs(number) >= 10 * MAX_STEPS * MAX_DEVICES:
        raise _no_duration(text)
    if unit == "ticks":
        value = float(number)
        return int(value) if value.is_integer() else value
    if unit == "steps":
        return round(float(number) * measured(run, clock).epoch / run.updates)
    tidy = tidied(number, unit)
    if tidy is None:
        raise _no_duration(text)
    return tidy


def in_epochs(ticks: float, run: Run, clock: Clock) -> str | None:
    """Ticks as `5ep`, with at most 4 decimals; None where no such text comes to them."""
    return measured(run, clock).in_epochs(ticks)


def in_percent(ticks: float, run: Run, clock: Clock) -> str | None:
    """Ticks as `10%` of the run, with at most 4 decimals; None where no such text comes to them."""
    return measured(run, clock).in_percent(ticks)


def _no_duration(text: str) -> ValueError:
    typed = text.strip()
    number = re.match(r"[^\s%a-z]*", typed, re.IGNORECASE)
    said = comma(number[0]) if number else None
    more = f": it {said}" if said else ""
    return ValueError(f"{typed[:MOST_TYPED]!r} is no duration, such as 500, 5ep or 10%{more}")
