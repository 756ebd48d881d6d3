"""Lines on panels above each other that share one x axis: how a training went, with its learning rate below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lrlab.charts.basics import MOST_LABELLED, Figure, name, packed, stroke, style, upright

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lrlab.engine import Floats

APART = 0.07  # of the height, between the names at the lines' ends
CROWDED = 0.15  # of the width: where upright lines are closer than this, their words are written along them
DECADES = 1.5  # a log axis wider than this has ticks at powers of ten only
END_NAME = 18  # characters of a name at a line's end
LETTER_PIXELS = 7  # pixels that a letter of such a name takes
FAINT = 0.45
LONGEST = 48  # characters of a line's name in the box at the pointer


class Line(NamedTuple):
    """Points x, y (n,) under a name, with the colour and dash of its place in the list; `low` and `high` (n,): the band
    around the line.

    Where x, y or the band is not a finite number, there is a gap. Lines that belong together have the same name in the
    `legend`.
    """

    name: str
    x: Floats
    y: Floats
    place: int
    low: Floats | None = None
    high: Floats | None = None
    markers: bool = False
    faint: bool = False
    legend: str = ""

    @property
    def group(self) -> str:
        """Its name in the legend."""
        return self.legend or self.name


class Panel(NamedTuple):
    """One panel: the title of its y axis, its lines, and its height compared with the other panels.

    On a `log` axis a value that is not positive is drawn at the bottom. `zero`: a linear axis begins at 0, for what is
    never negative.
    """

    title: str
    lines: Sequence[Line]
    log: bool = False
    share: float = 1.0
    zero: bool = False


class UprightLine(NamedTuple):
    """An upright line through all panels, with words at its top."""

    x: float
    text: str = ""


def panels(
    panels: Sequence[Panel], x_title: str, *, filename: str, marks: Sequence[UprightLine] = (), x_log: bool = False
) -> Figure:
    """One panel or more, from top to bottom. Each name is in the legend once; in the first panel the names also stand
    at the ends of their lines.
    """
    tops = _tops(panels)
    data: list[Figure] = []
    told: set[str] = set()
    for index, panel in enumerate(panels):
        floor = _floor(panel)
        for line in panel.lines:
            data += _traces(line, _axis("y", index), floor, told, x_log=x_log)
    low, high = _span(panels, marks, x_log=x_log)
    heads = [
        {
            "text": name(p.title, 80),
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "y": top,
            "xanchor": "left",
            "yanchor": "bottom",
            "showarrow": False,
        }
        for p, (_, top) in zip(panels, tops, strict=True)
    ]
    labels = _ends(panels[0], tops[0], x_log=x_log)
    longest = max((min(len(line.name), END_NAME) for line in panels[0].lines), default=0)
    layout: Figure = {
        "hovermode": "x unified",
        "hoverlabel": {"namelength": LONGEST},
        "margin": {"l": 8, "r": 28 + LETTER_PIXELS * longest if labels else 16, "t": 8, "b": 4},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "xaxis": {
            "title": {"text": x_title},
            "type": "log" if x_log else "linear",
            "anchor": _axis("y", len(panels) - 1),
            "range": [low, high],
            "automargin": True,
            "zeroline": False,
            "showline": True,
            "ticks": "outside",
            "ticklen": 4,
            "tickformat": "~g" if x_log else ",~r",
            **({"dtick": 1} if x_log and high - low > DECADES else {}),
        },
        "shapes": [upright(mark.x, 1 - _head(panels)) for mark in marks],
        "annotations": [*heads, *labels, *_words(marks, panels, x_log=x_log)],
        "meta": {"filename": filename},
    }
    for index, (panel, (foot, top)) in enumerate(zip(panels, tops, strict=True)):
        layout["yaxis" + _axis("", index)] = {
            "type": "log" if panel.log else "linear",
            "domain": [foot, top],
            "automargin": True,
            "zeroline": False,
            "showline": True,
            "tickformat": "~g",
            "nticks": 6,
            "exponentformat": "power",
            **_height(panel, x_log=x_log),
        }
    return {"data": data, "layout": layout}


def _axis(letter: str, index: int) -> str:
    return letter + (str(index + 1) if index else "")


def _head(panels: Sequence[Panel]) -> float:
    """The share of the figure's height above each panel that its title takes; a figure with more panels is higher."""
    return 0.05 + 0.03 / len(panels)


def _tops(panels: Sequence[Panel]) -> list[tuple[float, float]]:
    """Bottom and top of each panel, as shares of the figure's height."""
    head = _head(panels)
    room = 1.0 - head * len(panels)
    heights = np.array([panel.share for panel in panels]) * room / sum(panel.share for panel in panels)
    tops = 1.0 - np.cumsum(heights + head) + heights
    return [(max(float(top - height), 0.0), float(top)) for top, height in zip(tops, heights, strict=True)]


def _floor(panel: Panel) -> float | None:
    """The bottom of a log axis."""
    if not panel.log:
        return None
    lows = [float(line.y[ok].min()) for line in panel.lines if (ok := np.isfinite(line.y) & (line.y > 0)).any()]
    return min(lows, default=1.0) / 2


def _reach(panel: Panel, *, x_log: bool) -> tuple[float, float, bool]:
    """The lowest and the highest point of lines and bands, as Plotly finds them, and whether all of them are level;
    where they are, with room above and below.
    """
    zero = panel.zero and not panel.log
    parts = [
        part[_seen(line, x_log=x_log)]
        for line in panel.lines
        for part in (line.y, line.low, line.high)
        if part is not None
    ]
    points = _lifted(np.concatenate([*parts, np.zeros(1 if zero else 0)]), _floor(panel))
    if panel.log:
        points = np.log10(points)
    low, high = (float(points.min()), float(points.max())) if points.size else (0.0, 1.0)
    if low < high:
        return low, high, False
    room = 1.0 if panel.log else abs(low) or 1.0
    return (low if zero else low - room), low + room, True


def _height(panel: Panel, *, x_log: bool) -> Figure:
    """The range of the y axis, where Plotly shall not choose it: around a level line Plotly would show 1 above and 1
    below.
    """
    low, high, level = _reach(panel, x_log=x_log)
    return {"range": [low, high]} if level else {"rangemode": "tozero"} if panel.zero else {}


def _seen(line: Line, *, x_log: bool) -> NDArray[np.bool_]:
    """The points that can be drawn."""
    parts = [part for part in (line.x, line.y, line.low, line.high) if part is not None]
    seen: NDArray[np.bool_] = np.all([np.isfinite(part) for part in parts], axis=0)
    return seen & (line.x > 0) if x_log else seen


def _span(panels: Sequence[Panel], marks: Sequence[UprightLine], *, x_log: bool) -> tuple[float, float]:
    """The range of the x axis, as Plotly would choose it: all points and upright lines, without the room for the names
    at the lines' ends.
    """
    x = np.concatenate(
        [[mark.x for mark in marks], *(line.x[_seen(line, x_log=x_log)] for panel in panels for line in panel.lines)]
    )
    if not x.size:
        return 0.0, 1.0
    low, high = np.log10((x.min(), x.max())) if x_log else (x.min(), x.max())
    room = 0.01 * (high - low) or 0.5
    return float(low - room), float(high + room)


def _traces(line: Line, axis: str, floor: float | None, told: set[str], *, x_log: bool) -> list[Figure]:
    """The band and the line: a trace of each for every part without a gap."""
    seen = _seen(line, x_log=x_log)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], seen, [False])).astype(np.int8))).reshape(-1, 2)
    traces = []
    for begin, end in edges.tolist():
        x, y = line.x[begin:end], line.y[begin:end]
        if line.low is not None and line.high is not None:
            around = np.concatenate((line.low[begin:end], line.high[begin:end][::-1]))
            traces.append(_band(line, axis, np.concatenate((x, x[::-1])), _lifted(around, floor)))
        traces.append(_stroke(line, axis, x, _lifted(y, floor), first=line.group not in told))
        told.add(line.group)
    return traces


def _lifted(values: Floats, floor: float | None) -> Floats:
    return values if floor is None else np.maximum(values, floor)


def _stroke(line: Line, axis: str, x: Floats, y: Floats, *, first: bool) -> Figure:
    colour, dash = style(line.place)
    label = name(line.name, LONGEST)
    return {
        "type": "scatter",
        "mode": "lines+markers" if line.markers or y.size == 1 else "lines",
        "name": name(line.group),
        "x": packed(x, "f8"),
        "y": packed(y),
        "yaxis": axis,
        "opacity": FAINT if line.faint else 1.0,
        "line": stroke(2.2, color=colour, dash=dash),
        "marker": {"size": 7},
        "legendgroup": name(line.group),
        "showlegend": first,
        "hovertemplate": f"%{{y:.4g}}<extra>{label}</extra>",
    }


def _band(line: Line, axis: str, x: Floats, y: Floats) -> Figure:
    red, green, blue = (int(style(line.place)[0][i : i + 2], 16) for i in (1, 3, 5))
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name(line.group),
        "x": packed(x, "f8"),
        "y": packed(y),
        "fill": "toself",
        "fillcolor": f"rgba({red}, {green}, {blue}, 0.18)",
        "line": stroke(0),
        "legendgroup": name(line.group),
        "showlegend": False,
        "yaxis": axis,
        "hoverinfo": "skip",
    }


def _ends(panel: Panel, place: tuple[float, float], *, x_log: bool) -> list[Figure]:
    """The names at the ends of the lines, moved apart where they would cover each other."""
    floor = _floor(panel)
    ends = [(line, seen[-1]) for line in panel.lines if (seen := np.flatnonzero(_seen(line, x_log=x_log))).size]
    if not 1 < len(ends) <= MOST_LABELLED:
        return []
    scale = np.log10 if panel.log else np.asarray
    low, high, _ = _reach(panel, x_log=x_log)
    gap = APART / (place[1] - place[0]) * (high - low)
    at = apart(
        np.array([float(scale(_lifted(line.y[[last]], floor)[0])) for line, last in ends]),
        gap,
        low if panel.zero else -np.inf,
    )
    return [
        {
            "x": float(np.log10(line.x[last]) if x_log else line.x[last]),
            "y": float(y),
            "xanchor": "left",
            "xshift": 6,
            "showarrow": False,
            "text": f'<span style="color:{style(line.place)[0]}">■</span> {name(line.name, END_NAME)}',
            "font": {"size": 12},
            "align": "left",
        }
        for (line, last), y in zip(ends, at, strict=True)
    ]


def apart(values: Floats, gap: float, least: float = -np.inf) -> Floats:
    """The values (n,) in their order, moved as little as possible so that they are at least `gap` apart and none is
    below `least`.
    """
    order = np.argsort(values, kind="stable")
    stairs = gap * np.arange(values.size)
    heaps: list[list[float]] = []  # sum and count of neighbours that are too close: they are placed around their mean
    for value in values[order] - stairs:
        heaps.append([float(value), 1.0])
        while len(heaps) > 1 and heaps[-2][0] / heaps[-2][1] > heaps[-1][0] / heaps[-1][1]:
            total, count = heaps.pop()
            heaps[-1] = [heaps[-1][0] + total, heaps[-1][1] + count]
    result = np.empty(values.size)
    result[order] = (
        np.maximum(np.concatenate([np.full(int(count), total / count) for total, count in heaps]), least) + stairs
    )
    return result


def _words(marks: Sequence[UprightLine], panels: Sequence[Panel], *, x_log: bool) -> list[Figure]:
    """The words of the upright lines, written along them where the lines are close to each other."""
    places = np.sort([np.log10(mark.x) if x_log else mark.x for mark in marks])
    low, high = _span(panels, marks, x_log=x_log)
    close = places.size > 1 and np.diff(places).min() < CROWDED * (high - low)
    return [
        {
            "x": float(np.log10(mark.x) if x_log else mark.x),
            "y": 1 - _head(panels),
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "top",
            "text": name(mark.text),
            "textangle": -90 if close else 0,
            "showarrow": False,
            "font": {"size": 12},
        }
        for mark in marks
        if mark.text
    ]
