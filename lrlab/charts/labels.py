"""Where a name can stand beside its line, so that no line runs through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrlab.engine import Floats

CHART_COLUMNS = 160  # the chart's width is divided into so many columns, and a name begins at one of them
LETTER_COLUMNS = 2.0  # columns that a letter takes where the window is narrow
ABOVE = 0.06  # of the height: from a line to the middle of its name
CLEAR = 0.045  # of the height: from the middle of a name to the next line


def places(lines: Floats, lengths: Sequence[int]) -> list[int]:
    """The column at which each line's name, of so many letters, begins; the lines are (K, CHART_COLUMNS), from 0 to 1.

    Each name has a preferred place along the run. It takes the nearest one with room above its line; where there is no
    room anywhere, the place with the most.
    """
    low, high = np.minimum(lines[:, :-1], lines[:, 1:]), np.maximum(lines[:, :-1], lines[:, 1:])
    columns = np.arange(CHART_COLUMNS - 1)
    found = []
    for index, (line, length) in enumerate(zip(lines, lengths, strict=True)):
        width = min(int(LETTER_COLUMNS * length) + 2, CHART_COLUMNS // 2)  # and an empty column before it
        middle = line[1 : CHART_COLUMNS - width + 1] + ABOVE
        lowest, highest = (sliding_window_view(side, width, axis=1) for side in (low, high))
        gaps = np.maximum(lowest - middle[:, None], middle[:, None] - highest)
        room = np.minimum(gaps.min(axis=(0, 2)), CLEAR)
        wanted = CHART_COLUMNS * (index + 0.6) / (len(lines) + 0.4) - 1
        place = int(np.lexsort((np.abs(np.arange(middle.size) - wanted), -room))[0])
        found.append(place + 1)
        here = (columns >= place) & (columns < place + width)  # the name itself, which no other one may cover
        low = np.vstack([low, np.where(here, middle[place], np.inf)])
        high = np.vstack([high, np.where(here, middle[place], -np.inf)])
    return found
