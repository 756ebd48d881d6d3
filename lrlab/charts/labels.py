"""Names beside their lines, where no line runs through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrlab.engine import Floats

CHART_COLUMNS = 160  # of the chart, in which a place is looked for
LETTER_COLUMNS = 2.0  # columns that a letter takes in a narrow window
ABOVE = 0.06  # of the height: from a line to the middle of its name
CLEAR = 0.045  # of the height: from the middle of a name to the next line


def places(lines: Floats, lengths: Sequence[int]) -> list[int]:
    """The column at which each line's name, of so many letters, begins, for lines (K, CHART_COLUMNS) between 0 and 1.

    Of those with room above the line it is the nearest to a place of its own along the run; where none has room, the
    one with the most.
    """
    taken = [(np.minimum(line[:-1], line[1:]), np.maximum(line[:-1], line[1:])) for line in lines]
    found = []
    for index, (line, length) in enumerate(zip(lines, lengths, strict=True)):
        width = min(int(LETTER_COLUMNS * length) + 2, CHART_COLUMNS // 2)  # with a column of air before it
        middle = line[1 : CHART_COLUMNS - width + 1] + ABOVE
        room = np.full(middle.size, CLEAR)
        for low, high in taken:
            lowest, highest = (sliding_window_view(side, width) for side in (low, high))
            room = np.minimum(room, np.maximum(lowest - middle[:, None], middle[:, None] - highest).min(axis=1))
        wanted = CHART_COLUMNS * (index + 0.6) / (len(lines) + 0.4) - 1
        place = int(np.lexsort((np.abs(np.arange(middle.size) - wanted), -room))[0])
        found.append(place + 1)
        here = (np.arange(CHART_COLUMNS - 1) >= place) & (np.arange(CHART_COLUMNS - 1) < place + width)
        taken.append((np.where(here, middle[place], np.inf), np.where(here, middle[place], -np.inf)))
    return found
