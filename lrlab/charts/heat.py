"""A heat map over two lists of labels: the outcome of a grid of trainings."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from lrlab.charts.basics import Figure, name, packed, stroke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lrlab.engine import Floats

SCALE = ("#123570", "#3a4a6c", "#585c6e", "#737475", "#908d78", "#b0a570", "#d1c064", "#f5dd4b")
"""The colour scale Cividis without its darkest end, which could not be seen on a dark page. Its steps of lightness are
equal, and it looks the same to people of any colour vision.
"""
CELL_LINE = 10  # characters of a cell's text in a line
EVEN = 0.18  # the luminance on which black and white are read equally well
HATCH = 5  # diagonal strokes across a grey cell
GREY_CELL = "rgba(128, 128, 128, {})"


def heat(
    z: Floats,
    x: Sequence[str],
    y: Sequence[str],
    *,
    x_title: str,
    y_title: str,
    z_title: str,
    text: Sequence[Sequence[str]],
    filename: str,
    steps: Sequence[int | None] = (),
    steps_name: str = "",
    reverse: bool = False,
) -> Figure:
    """Cells z (rows, columns) with their text (rows of columns), the first row at the bottom; `x` labels the columns
    and `y` the rows.

    A cell whose z is not finite is grey with diagonal strokes. `steps`: for each column the row whose upper edge a line
    runs along (None: below all rows); the line is called `steps_name`. `reverse`: low values get the bright colours.
    """
    grey = ~np.isfinite(z)
    shown = [
        [None if out else float(value) for value, out in zip(row, outs, strict=True)]
        for row, outs in zip(z, grey, strict=True)
    ]
    words = [["<br>".join(map(name, textwrap.wrap(word, CELL_LINE))) for word in row] for row in text]
    hover = (
        f"{name(x_title)}: %{{customdata[0]}}<br>{name(y_title)}: %{{customdata[1]}}<br>{name(z_title)}: "
        f"%{{text}}<extra></extra>"
    )
    data: list[Figure] = [
        {
            "type": "heatmap",
            "z": shown,
            "x": list(range(len(x))),
            "y": list(range(len(y))),
            "xgap": 2,
            "ygap": 2,
            "coloraxis": "coloraxis",
            "text": words,
            "customdata": [[[name(across), name(up)] for across in x] for up in y],
            "hovertemplate": hover,
        }
    ]
    data += [
        _words(words, cells, colours)
        for cells, colours in ((~grey, _readable(z[~grey], reverse=reverse)), (grey, None))
        if cells.any()
    ]
    if steps:
        data.append(_line(steps, steps_name))
    bar = {
        "title": {"text": name(z_title), "side": "right", "font": {"size": 14}},
        "thickness": 14,
        "outlinewidth": 0,
        "tickformat": "~g",
    }
    return {
        "data": data,
        "layout": {
            "hovermode": "closest",
            "margin": {"l": 8, "r": 8, "t": 36, "b": 4},
            "showlegend": bool(steps and steps_name),
            "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
            "xaxis": _axis(x_title, x),
            "yaxis": _axis(y_title, y),
            "shapes": _hatched(grey),
            "meta": {"filename": filename},
            "coloraxis": {
                "colorscale": [[i / (len(SCALE) - 1), colour] for i, colour in enumerate(SCALE)],
                "reversescale": reverse,
                "showscale": not grey.all(),
                "colorbar": bar,
            },
        },
    }


def _axis(title: str, labels: Sequence[str]) -> Figure:
    """The axis has the numbers 0, 1, 2, ... under their labels, so that shapes and the line can be drawn along the
    edges of cells.
    """
    return {
        "title": {"text": title},
        "tickmode": "array",
        "tickvals": list(range(len(labels))),
        "ticktext": [name(label) for label in labels],
        "range": [-0.54, len(labels) - 0.46],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }


def _words(words: list[list[str]], cells: NDArray[np.bool_], colours: list[str] | None) -> Figure:
    """The text of some cells: each in a colour of its own, or all in the page's colour."""
    places: list[list[int]] = np.argwhere(cells).tolist()
    return {
        "type": "scatter",
        "mode": "text",
        "x": [c for _, c in places],
        "y": [r for r, _ in places],
        "text": [words[r][c] for r, c in places],
        "textfont": {"size": 12} | ({"color": colours} if colours else {}),
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _readable(values: Floats, *, reverse: bool) -> list[str]:
    """For each value black or white, whichever is easier to read on the value's colour."""
    if not values.size:
        return []
    share = (values - values.min()) / (np.ptp(values) or 1.0)
    at = (1.0 - share if reverse else share) * (len(SCALE) - 1)
    channels = [
        np.interp(at, range(len(SCALE)), [int(colour[i : i + 2], 16) / 255 for colour in SCALE]) for i in (1, 3, 5)
    ]
    luminance = sum(weight * channel**2.2 for weight, channel in zip((0.2126, 0.7152, 0.0722), channels, strict=True))
    return ["#fff" if dark else "#000" for dark in luminance < EVEN]


def _hatched(grey: NDArray[np.bool_]) -> list[Figure]:
    """Every grey cell as a rectangle, and the strokes of all of them as one path."""
    cells = [(float(c), float(r)) for r, c in zip(*np.nonzero(grey), strict=True)]
    edge = 0.49
    shapes: list[Figure] = [
        {
            "type": "rect", "x0": c - edge, "x1": c + edge, "y0": r - edge, "y1": r + edge,
            "fillcolor": GREY_CELL.format(0.22), "line": {"width": 0}, "layer": "below",
        }
        for c, r in cells
    ]  # fmt: skip
    strokes = []
    for c, r in cells:
        for k in range(1, 2 * HATCH):
            d = 2 * edge * k / HATCH  # the stroke on which x + y, counted from the cell's corner, is d
            a, b = max(0.0, d - 2 * edge), min(2 * edge, d)
            strokes.append(f"M{c - edge + a:.4f},{r - edge + d - a:.4f}L{c - edge + b:.4f},{r - edge + d - b:.4f}")
    if strokes:
        shapes.append(
            {
                "type": "path",
                "path": "".join(strokes),
                "line": {"width": 1, "color": GREY_CELL.format(0.4)},
                "layer": "below",
            }
        )
    return shapes


def _line(steps: Sequence[int | None], label: str) -> Figure:
    """A line along the upper edge of the given row in each column."""
    heights = [-0.5 if row is None else row + 0.5 for row in steps]
    x = np.array([edge for column in range(len(steps)) for edge in (column - 0.5, column + 0.5)])
    return {
        "type": "scatter", "mode": "lines", "name": name(label, 80), "x": packed(x), "y": packed(np.repeat(heights, 2)),
        "line": stroke(3.5, color="#d9455f"), "showlegend": bool(label), "hoverinfo": "skip",
    }  # fmt: skip
