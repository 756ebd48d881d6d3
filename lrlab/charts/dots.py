"""A dot plot for a few numbers to compare: each name has a row, and each series a dot in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lrlab.charts.basics import COLOURS, Figure, name, packed

SYMBOLS = ("circle", "diamond", "square", "triangle-up")
MARGIN = 0.06  # of the values' range, left free beside the outermost dots


class Dots(NamedTuple):
    """One series: values at rows, counted from the top."""

    name: str
    rows: Sequence[int]
    values: Sequence[float]


def dots(labels: Sequence[str], series: Sequence[Dots], axis: str, form: str = ".2f") -> Figure:
    """Rows of dots, each with its number; the values along x, under the title `axis`."""
    everything = [value for line in series for value in line.values]
    low, high = (min(everything), max(everything)) if everything else (0.0, 1.0)
    room = MARGIN * ((high - low) or 1.0)
    return {
        "data": [_line(place, line, form, _sides(line, series)) for place, line in enumerate(series)],
        "layout": {
            "hovermode": "closest",
            "margin": {"l": 8, "r": 24, "t": 36, "b": 4},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 13}},
            "xaxis": {
                "title": {"text": axis},
                "automargin": True,
                "zeroline": False,
                "range": [low - room, high + 2 * room],
            },
            "yaxis": {
                "automargin": True,
                "zeroline": False,
                "range": [len(labels) - 0.5, -0.5],
                "tickvals": list(range(len(labels))),
                "ticktext": [name(label, 40) for label in labels],
            },
            "meta": {"filename": "lrlab-dots"},
        },
    }


def _sides(line: Dots, series: Sequence[Dots]) -> list[str]:
    """On which side of each dot its number stands: right of the greatest dot of its row, left of the others."""
    greatest = {
        row: max(v for other in series for r, v in zip(other.rows, other.values, strict=True) if r == row)
        for row in line.rows
    }
    return [
        "middle right" if value == greatest[row] else "middle left"
        for row, value in zip(line.rows, line.values, strict=True)
    ]


def _line(place: int, line: Dots, form: str, sides: list[str]) -> Figure:
    return {
        "type": "scatter", "mode": "markers+text", "name": name(line.name), "legendgroup": str(place),
        "x": packed(np.array(line.values), "f8"), "y": packed(np.array(line.rows), "i4"),
        "text": [format(value, form) for value in line.values], "textposition": sides, "cliponaxis": False,
        "marker": {"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 11, "color": COLOURS[place % len(COLOURS)]},
        "textfont": {"color": COLOURS[place % len(COLOURS)]},
        "hovertemplate": f"%{{y}}: %{{x:{form}}}<extra>{name(line.name)}</extra>",
    }  # fmt: skip
