"""Names beside their lines: where they are put."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab.charts.labels import ABOVE, CHART_COLUMNS, CLEAR, LETTER_COLUMNS, places

X = np.linspace(0, 1, CHART_COLUMNS)
COSINE = (1 + np.cos(np.pi * X)) / 2


def crossed(lines: np.ndarray, row: int, column: int, length: int) -> bool:
    """Whether a line runs through the name of one, looked at densely."""
    middle = lines[row, column] + ABOVE
    at = np.linspace(column, column + int(LETTER_COLUMNS * length), 2_000)
    return any((np.abs(np.interp(at, np.arange(CHART_COLUMNS), line) - middle) < 0.5 * CLEAR).any() for line in lines)


def test_a_name_stands_where_no_line_runs_through_it() -> None:
    steps = np.where(X < 0.3, 1.0, np.where(X < 0.6, 0.2, 0.04))
    restarts = (1 + np.cos(np.pi * (4 * X % 1))) / 2
    lines = np.array([restarts, COSINE, steps])
    lengths = [4, 10, 10]
    for row, column in enumerate(places(lines, lengths)):
        assert not crossed(lines, row, column, lengths[row]), row


def test_names_that_want_the_same_place_stand_apart() -> None:
    busy = np.where(X < 0.6, np.arange(CHART_COLUMNS) % 2, 0.0)
    level = np.full(CHART_COLUMNS, 0.5)
    columns = places(np.array([level, level, busy]), [10, 10, 10])
    assert min(columns[:2]) >= np.flatnonzero(X >= 0.6)[0]
    assert abs(columns[0] - columns[1]) >= LETTER_COLUMNS * 10


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=CHART_COLUMNS, max_size=CHART_COLUMNS), min_size=1, max_size=6),
    st.integers(1, 28),
)
def test_every_name_has_a_place_within_the_chart(lines: list[list[float]], length: int) -> None:
    columns = places(np.array(lines), [length] * len(lines))
    assert len(columns) == len(lines)
    assert all(0 <= column < CHART_COLUMNS - LETTER_COLUMNS * length for column in columns)


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_a_level_line_has_its_name_where_it_would_like_it(value: float) -> None:
    assert places(np.full((1, CHART_COLUMNS), value), [5]) == [round(CHART_COLUMNS * 0.6 / 1.4)]
