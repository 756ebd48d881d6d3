"""A duration as a person types it: ticks, steps, epochs or a share of the run."""

from __future__ import annotations

import re

from lrlab.document.run import MAX_DEVICES, MAX_STEPS, Clock, Run, calls, ticks_per_epoch

MOST_TYPED = 40  # characters that a duration may have
_TYPED = re.compile(
    r"(?P<number>-?(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)?(?:\.\d*)?(?:e[+-]?\d{1,4})?)\s*(?P<unit>[a-z]*|%)",
    re.IGNORECASE | re.ASCII,
)
_TYPED_UNITS = {"": "ticks", "tick": "ticks", "ticks": "ticks", "%": "%"}
_TYPED_UNITS |= dict.fromkeys(("st", "step", "steps"), "steps") | dict.fromkeys(("ep", "epoch", "epochs"), "epochs")


def duration(text: str, run: Run, clock: Clock) -> int | float:
    """Ticks, from what a person types.

    `500`, `1e5` and `3,910` are ticks, `500 steps` are those of the optimizer, `5ep` epochs, `10%` a share of the run.
    Steps, epochs and shares come to whole ticks. ValueError with a sentence where it is none of these.
    """
    match = _TYPED.fullmatch(text.strip()) if len(text) <= MOST_TYPED else None
    unit = _TYPED_UNITS.get(match["unit"].lower()) if match else None
    try:
        number = float(match["number"].replace(",", "").replace("_", "")) if match else float("nan")
    except ValueError:
        unit = None
    if unit is None or not abs(number) < 10 * MAX_STEPS * MAX_DEVICES:
        msg = f"{text.strip()[:MOST_TYPED]!r} is no duration, such as 500, 5ep or 10%"
        raise ValueError(msg)
    if unit == "ticks":
        return int(number) if number.is_integer() else number
    if unit == "%":
        return round(number / 100 * calls(run, clock))
    epoch = ticks_per_epoch(run, clock)
    return round(number * epoch if unit == "epochs" else number * epoch / run.updates)
