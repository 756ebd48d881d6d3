"""What all charts share: a figure's form, the list of colours and dashes, how arrays and names are written."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Figure: TypeAlias = dict[str, Any]

COLOURS = ("#2f7ed8", "#cf6a08", "#2a9d5c", "#9a62d6", "#d9455f", "#1496a3", "#a8763e", "#d35ba6")
"""One list for light and dark pages: middle tones with a contrast of at least 3 : 1 on both."""
GREY = "#868e99"
"""The colour of what belongs to no trial; it can be seen on a light page and on a dark one."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LABEL = 28
"""So many characters of a trial's name are shown in the chart."""
MOST_LABELLED = 6
"""With at most so many lines each name stands beside its line; with more, names would cover each other, and the legend
has them all.
"""


def style(index: int) -> tuple[str, str]:
    """Colour and dash of the trial at this place in the list; neighbours in the list differ in both."""
    return COLOURS[index % len(COLOURS)], DASHES[index % len(DASHES)]


def stroke(width: float, **look: str) -> Figure:
    """How a curve is drawn, by its width in pixels, and its colour and dash: through every point that is sent. Plotly
    by itself leaves out most of them, so that a smooth curve becomes a polygon.
    """
    return {"width": width, "simplify": False, **look}


def upright(x: float, top: float = 1.0) -> Figure:
    """A dotted line from the foot of the chart up to a share of its height."""
    line = {"dash": "dot", "width": 1.2, "color": GREY}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": top, "yref": "paper", "line": line}


def name(text: str, most: int = LABEL) -> str:
    """A trial's name where plotly reads markup: shortened and escaped."""
    flat = " ".join(text.split()) or "(blank)"
    return html.escape(flat if len(flat) <= most else flat[: most - 1] + "…")


def packed(values: NDArray[Any], kind: str = "f4") -> dict[str, str]:
    """An array as Plotly reads it fastest: its bytes in base64. Plotly wants a shape beside them for a matrix:
    `packed(z) | {"shape": "20, 30"}`.
    """
    return {"dtype": kind, "bdata": base64.b64encode(np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()).decode()}
