"""The metric that a metric-driven schedule is shown: read from what a person pastes, or sketched."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

from lrlab.document import MAX_BYTES, DocumentError
from lrlab.schedules import Schedule

Metric: TypeAlias = tuple[float | Literal["nan"], ...]

MOST_VALUES = 20_000
"""Values of one metric: a document with a few of them stays under its limit."""


@dataclass(frozen=True)
class Sketch:
    """A metric as one would draw it by hand: from `start` it nears `end`, stands still now and then, and trembles.

    `decay` is the time in which the distance shrinks to a third (1 / e), as a share of the whole; `noise` is a share of
    that distance. The whole has as many pieces as `plateaus`, each level in its second half.
    """

    start: float = 2.3
    end: float = 0.3
    decay: float = 0.3
    noise: float = 0.01
    plateaus: int = 3
    seed: int = 0


LOSS = Sketch()
ACCURACY = Sketch(start=0.1, end=0.9)


@lru_cache(maxsize=32)
def sketch(shape: Sketch, count: int) -> tuple[float, ...]:
    """The sketch as `count` values, but at most 20,000, of six significant digits."""
    time = np.linspace(0.0, 1.0, min(count, MOST_VALUES))
    if shape.plateaus:
        piece = np.minimum(np.floor(time * shape.plateaus), shape.plateaus - 1)
        time = (piece + np.minimum((time * shape.plateaus - piece) * 2, 1.0)) / shape.plateaus
    height = shape.end + (shape.start - shape.end) * np.exp(-time / shape.decay)
    tremble = np.random.default_rng(shape.seed).standard_normal(time.size) * shape.noise * abs(shape.start - shape.end)
    return tuple(float(f"{value:.6g}") for value in height + tremble)


def usual(kind: type[Schedule]) -> Sketch:
    """What a new schedule is shown: a loss, or an accuracy where it looks for the highest."""
    return ACCURACY if kind.model_validate(kind.example(1, 1, 1)).wants_high else LOSS


def columns(text: str | bytes) -> tuple[str, ...]:
    """The names of the columns that a text has: one where it is a plain list of numbers."""
    return _table(text)[0]


def parse(text: str | bytes, column: int = 0) -> Metric:
    """The numbers of a column; a first line without numbers is a header, and empty cells are skipped.

    DocumentError names the line of what is no number.
    """
    rows = _table(text)[1]
    found = tuple(_number(line, cells[column]) for line, cells in rows if cells[column])
    if not found:
        msg = "the metric: holds no number"
        raise DocumentError(msg)
    return found


def _table(text: str | bytes) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """The names of the columns, and the cells of each line with its number.

    There are several columns only where all lines have as many.
    """
    lines = [(i, line.strip()) for i, line in enumerate(_decoded(text).splitlines(), 1) if line.strip()]
    mark = next((mark for mark in "\t;," if any(mark in line for _, line in lines)), None)
    try:
        rows = [
            (i, [cell.strip() for cell in (next(csv.reader([line], delimiter=mark)) if mark else line.split())])
            for i, line in lines
        ]
    except csv.Error:
        msg = "the metric: is no table of numbers"
        raise DocumentError(msg) from None
    width = len(rows[0][1]) if rows else 1
    if width == 1 or len(rows) == 1 or any(len(cells) != width for _, cells in rows):
        rows, width = [(i, [cell]) for i, line in lines for cell in re.split(r"[\s,;]+", line) if cell], 1
        if rows and not any(_is_number(cell) for line, (cell,) in rows if line == rows[0][0]):
            rows = [row for row in rows if row[0] != rows[0][0]]
        names: list[str] = ["values"]
    elif any(_is_number(cell) for cell in rows[0][1]):
        names = [f"column {i + 1}" for i in range(width)]
    else:
        names, rows = rows[0][1], rows[1:]
    if len(rows) > MOST_VALUES:
        msg = f"the metric: {len(rows):,} values are more than {MOST_VALUES:,}"
        raise DocumentError(msg)
    kept = [i for i in range(width) if any(cells[i] for _, cells in rows)]
    return tuple(names[i] or f"column {i + 1}" for i in kept), [
        (line, [cells[i] for i in kept]) for line, cells in rows
    ]


def _decoded(text: str | bytes) -> str:
    raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        msg = "the metric: is larger than 1 MiB"
        raise DocumentError(msg)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = "the metric: is no text in UTF-8"
        raise DocumentError(msg) from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(line: int, cell: str) -> float | Literal["nan"]:
    if not _is_number(cell):
        msg = f"line {line}: {cell[:40]!r} is no number"
        raise DocumentError(msg)
    value = float(cell)
    if math.isinf(value):
        msg = f"line {line}: {cell[:40]!r} is not finite"
        raise DocumentError(msg)
    return "nan" if math.isnan(value) else value
