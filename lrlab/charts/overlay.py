"""Trials laid over each other: the chart of Tune, and that of a resumed run."""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lrlab.charts.basics import COLOURS, LABEL, MOST_LABELLED, Figure, name, packed, stroke, style
from lrlab.charts.labels import CHART_COLUMNS, places
from lrlab.document.run import calls, first_step
from lrlab.engine import Curve, first_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lrlab.document import View
    from lrlab.document.run import Run
    from lrlab.engine import Floats, NoCurve, Steps

MOST_VALUES = 2_000  # so many values of a metric are drawn at most
_EXACT_F4 = 2**24  # steps up to here are whole numbers in single precision
SYMBOLS = {"error": "x", "warning": "triangle-up"}
BAND = "#b8bcc4"
MEANT_OPACITY = 0.45  # how opaque a curve is that was meant, but that the run does not get
FLAG_LINE = 70  # characters of a flag's text in a line


class Flag(NamedTuple):
    """A finding that can be shown in the chart: the trial's place in the list, the optimizer step and the rate there,
    how bad it is, and what it says.
    """

    place: int
    step: int
    rate: float
    severity: str
    text: str


def overlay(
    run: Run,
    curves: Sequence[Curve | NoCurve],
    view: View,
    intended: Mapping[int, Curve] | None = None,
    flags: Sequence[Flag] = (),
) -> Figure:
    """All trials on one pair of axes; below it a panel for the momentum, where a shown trial changes it, and one for
    the metric, where a trial has one.

    A trial that has no curve keeps its place in the list, so that the others keep their colours. `intended`, by place
    in the list: curves that were meant but that the run does not get, drawn faintly. `flags`: the findings, where they
    are.
    """
    placed = _placed(curves)
    shown = [curve for _, curve in placed if not curve.trial.hidden]
    floor = _floor(shown) if view.y == "log" else None
    momentum, metric = any(c.momentum is not None for c in shown), any(_metric_of(c) for c in shown)
    panels = ["momentum"] * momentum + ["metric"] * metric
    data = []
    for index, curve in placed:
        x = _steps(run, curve, view)
        data += _lines(index, curve, x, _lifted(curve.lr, floor), "y")
        if momentum and curve.momentum is not None:
            data += _lines(index, curve, x, curve.momentum, "y2", "momentum")
        if metric and _metric_of(curve):
            at, values = _metric(run, curve)
            data += _lines(index, curve, packed(_x(run, at, view), "f8"), values, f"y{len(panels) + 1}", "metric")
        if view.marks and curve.marks and not curve.trial.hidden:
            data.append(_marks(index, curve, run, view, floor))
    data += [line for index, curve in (intended or {}).items() for line in _meant(index, curve, run, view, floor)]
    data += [
        _flags(severity, flags, run, view, floor)
        for severity in SYMBOLS
        if any(flag.severity == severity for flag in flags)
    ]
    return {"data": data, "layout": _layout(run, placed, view, panels, floor)}


def resumed(run: Run, before: tuple[Steps, Floats], after: tuple[Steps, Floats], step: int, view: View) -> Figure:
    """The uninterrupted curve, drawn faintly, and the one after a resume, with a line at that step."""
    lines = []
    for (steps, rates), label, dash, opacity in (
        (before, "uninterrupted", "dot", MEANT_OPACITY),
        (after, "resumed", "solid", 1.0),
    ):
        lines.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": label,
                "x": packed(_x(run, steps, view), "f8"),
                "y": packed(rates),
                "opacity": opacity,
                "line": stroke(2, color=COLOURS[0], dash=dash),
                "hovertemplate": "%{y:.5g}<extra>" + label + "</extra>",
            }
        )
    at = float(_x(run, np.array([step]), view)[0])
    return {
        "data": lines,
        "layout": {
            "hovermode": "x unified",
            "margin": {"l": 8, "r": 24, "t": 8, "b": 4},
            "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
            "xaxis": {
                "title": {"text": "epoch" if view.x == "epoch" else "optimizer step"},
                "automargin": True,
                "zeroline": False,
            },
            "yaxis": {
                "title": {"text": "learning rate"},
                "automargin": True,
                "rangemode": "tozero",
                "tickformat": "~g",
            },
            "shapes": [
                {
                    "type": "line",
                    "x0": at,
                    "x1": at,
                    "y0": 0,
                    "y1": 1,
                    "yref": "paper",
                    "line": {"dash": "dash", "width": 1, "color": COLOURS[4]},
                },
            ],
            "meta": {"filename": "lrlab-resume"},
        },
    }


def description(run: Run, curves: Sequence[Curve | NoCurve]) -> str:
    """What the chart shows, in words for people who cannot see it."""
    lines = [
        (
            f"{c.trial.name[:80]}: from {c.lr.flat[0]:.3g}, at most {c.lr.max():.3g}, "
            f"{c.lr[..., -1].flat[0]:.3g} at the last step"
        )
        if isinstance(c, Curve)
        else f"not drawn: {c.reason}"
        for c in curves
    ]
    return f"Learning rate over {run.steps:,} optimizer steps. " + "; ".join(lines or ["no trial yet"])


def _placed(curves: Sequence[Curve | NoCurve]) -> list[tuple[int, Curve]]:
    """The curves that can be drawn, each with its trial's place in the list."""
    return [(place, curve) for place, curve in enumerate(curves) if isinstance(curve, Curve)]


def _x(run: Run, steps: Steps, view: View) -> Floats:
    return steps / run.updates if view.x == "epoch" else steps.astype(np.float64)


def _lifted(values: Floats, floor: float | None) -> Floats:
    """On a log axis a value that is not positive would be missing: it is drawn at the bottom."""
    return values if floor is None else np.maximum(values, floor)


def _floor(shown: Sequence[Curve]) -> float:
    rates = [c.lr[c.lr > 0] for c in shown]
    lows = [float(r.min()) for r in rates if r.size]
    highs = [float(r.max()) for r in rates if r.size]
    return max(min(lows) / 2, max(highs) * 1e-9) if lows else 1e-9


def _lines(index: int, curve: Curve, x: dict[str, str], values: Floats, axis: str, what: str = "") -> list[Figure]:
    """A line for every parameter group; `what` says what is drawn, where that is not the learning rate."""
    colour, dash = style(index)
    rows = np.atleast_2d(values)
    shown_name = name(curve.trial.name)
    lines = []
    for group, row in enumerate(rows):
        label = f"{shown_name}[{group}]" if len(rows) > 1 else shown_name
        lines.append({
            "type": "scatter", "mode": "lines", "name": label, "x": x, "y": packed(row),
            "line": stroke(2.2 if group == 0 else 1.2, color=colour, dash=dash),
            "legendgroup": str(index), "showlegend": axis == "y" and group == 0,
            "visible": "legendonly" if curve.trial.hidden else True, "yaxis": axis,
            "hovertemplate": (f"{what} %{{y:.4g}}" if what else "%{y:.5g}") + f"<extra>{label}</extra>",
        })  # fmt: skip
    return lines


def _steps(run: Run, curve: Curve, view: View) -> dict[str, str]:
    return packed(_x(run, curve.steps, view), "f4" if run.steps < _EXACT_F4 else "f8")


def _meant(index: int, curve: Curve, run: Run, view: View, floor: float | None) -> list[Figure]:
    """The curve that was meant: thin, faint and not in the legend. It lies on a grey band, so that it can be seen in
    front of a dense curve too.
    """
    lines = _lines(index, curve, _steps(run, curve, view), _lifted(curve.lr, floor), "y", "meant:")
    bands = [
        line | {"opacity": MEANT_OPACITY, "showlegend": False, "hoverinfo": "skip", "line": stroke(5, color=BAND)}
        for line in lines
    ]
    for band in bands:
        del band["hovertemplate"]
    return [
        *bands,
        *(
            line | {"opacity": MEANT_OPACITY, "showlegend": False, "line": line["line"] | {"width": 1.4}}
            for line in lines
        ),
    ]


def _flags(severity: str, flags: Sequence[Flag], run: Run, view: View, floor: float | None) -> Figure:
    """The findings of one severity, in the colours of their trials."""
    shown = [flag for flag in flags if flag.severity == severity]
    steps, rates = np.array([flag.step for flag in shown]), np.array([flag.rate for flag in shown])
    return {
        "type": "scatter",
        "mode": "markers",
        "x": packed(_x(run, steps, view), "f8"),
        "y": packed(_lifted(rates, floor), "f8"),
        "text": ["<br>".join(html.escape(line) for line in textwrap.wrap(flag.text, FLAG_LINE)) for flag in shown],
        "name": f"{severity}s",
        "showlegend": False,
        "cliponaxis": False,
        "marker": {
            "symbol": SYMBOLS[severity],
            "size": 13,
            "color": [style(flag.place)[0] for flag in shown],
            "line": {"width": 1, "color": "#fff"},
        },
        "hovertemplate": "%{text}<extra></extra>",
    }


def _marks(index: int, curve: Curve, run: Run, view: View, floor: float | None) -> Figure:
    places = np.searchsorted(curve.steps, [m.tick for m in curve.marks])
    first = first_group(curve.lr)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": packed(_x(run, curve.steps[places], view), "f8"),
        "y": packed(_lifted(first[places], floor)),
        "text": [html.escape(m.label) for m in curve.marks],
        "name": f"{name(curve.trial.name)} marks",
        "legendgroup": str(index),
        "showlegend": False,
        "marker": {"symbol": "diamond-open", "size": 9, "color": style(index)[0], "line": {"width": 1.6}},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _metric_of(curve: Curve) -> Sequence[float | str]:
    """What the trial's scheduler is shown, a value a call."""
    return curve.trial.schedule.shown or ()


def _metric(run: Run, curve: Curve) -> tuple[Steps, Floats]:
    """The optimizer steps after which the scheduler was called with a value, and the values; no more than a chart can
    show.
    """
    values = _metric_of(curve)[: calls(run, curve.trial.clock)]
    places = np.unique(np.linspace(0, len(values) - 1, MOST_VALUES).astype(np.int64)).tolist()
    steps = [max(first_step(run, curve.trial.clock, place + 1) - 1, 0) for place in places]
    return np.array(steps), np.array([float(values[place]) for place in places])


def _labels(placed: Sequence[tuple[int, Curve]], run: Run, view: View, floor: float | None) -> list[Figure]:
    """Each shown trial's name beside its own line."""
    shown = [(index, curve) for index, curve in placed if not curve.trial.hidden and curve.steps.size]
    if not 0 < len(shown) <= MOST_LABELLED:
        return []
    x = np.linspace(0, run.steps - 1, CHART_COLUMNS).astype(np.int64)
    y = np.array([np.interp(x, curve.steps, _lifted(first_group(curve.lr), floor)) for _, curve in shown])
    y = np.log10(y) if view.y == "log" else y
    low, high = y.min() if view.y == "log" else 0.0, y.max()
    names = [name(curve.trial.name) for _, curve in shown]
    columns = places((y - low) / (high - low or 1.0), [min(len(curve.trial.name), LABEL) for _, curve in shown])
    at = _x(run, x, view)
    return [
        {
            "x": float(at[column]),
            "y": float(y[row, column]),
            "text": names[row],
            "font": {"color": style(index)[0], "size": 12},
            "showarrow": False,
            "yshift": 11,
            "xanchor": "left",
        }
        for row, (column, (index, _)) in enumerate(zip(columns, shown, strict=True))
    ]


def _layout(
    run: Run, placed: Sequence[tuple[int, Curve]], view: View, panels: Sequence[str], floor: float | None
) -> Figure:
    foot = (0.0, 0.34, 0.56)[len(panels)]
    end = run.steps / run.updates if view.x == "epoch" else run.steps
    axis = {"automargin": True, "zeroline": False, "showline": True, "ticks": "outside", "ticklen": 4}
    layout: Figure = {
        "uirevision": f"{view.x}/{view.y}/{end}",
        "hovermode": "x unified",
        "hoverlabel": {"namelength": 40},
        "margin": {"l": 8, "r": 24, "t": 36, "b": 4},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 13}},
        "xaxis": axis
        | {
            "title": {"text": "epoch" if view.x == "epoch" else "optimizer step"},
            "range": [-0.005 * end, 1.005 * end],
            "hoverformat": ",.2f" if view.x == "epoch" else ",.0f",
            "tickformat": "~g" if view.x == "epoch" else ",~r",
            "anchor": f"y{len(panels) + 1}" if panels else "y",
        },
        "yaxis": axis
        | {
            "title": {"text": "learning rate"},
            "type": view.y,
            "tickformat": ".0e" if view.y == "log" else "~g",
            "exponentformat": "power",
            "domain": [foot, 1],
            "rangemode": "normal" if view.y == "log" else "tozero",
            **({"dtick": 1} if view.y == "log" else {}),
        },
        "annotations": _labels(placed, run, view, floor),
        "meta": {"filename": "lrlab"},
    }
    for i, panel in enumerate(panels):
        low = foot * (len(panels) - 1 - i) / len(panels)
        layout[f"yaxis{i + 2}"] = axis | {
            "title": {"text": panel},
            "domain": [low, low + foot / len(panels) - 0.1],
            "tickformat": "~g",
        }
    if not placed:
        layout["annotations"] = [
            {
                "text": "Add a trial to see its curve",
                "showarrow": False,
                "xref": "paper",
                "yref": "paper",
                "x": 0.5,
                "y": 0.5,
            }
        ]
    return layout
