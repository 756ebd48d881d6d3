"""Figures that move: particles on a landscape, schedules side by side, and below them the rates with a cursor.

A frame holds only what moves, in Plotly's own form: `{"name": f"step {step:,}", "traces": [places in data], "data":
[{"x": ..., "y": ...}, ...]}`.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from lrlab.charts.basics import GREY, Figure, name, packed, stroke, style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrlab.engine import Floats, Steps


class LossCurve(NamedTuple):
    """A one-dimensional loss: x rising (n,), loss (n,)."""

    x: Floats
    loss: Floats


class Contours(NamedTuple):
    """A two-dimensional loss on an even grid: x (n,), y (m,), loss (m, n). The picture has a pixel for each point."""

    x: Floats
    y: Floats
    loss: Floats


Background: TypeAlias = LossCurve | Contours

FOOT = 0.27  # of the height: the rates' panel
HEAD = 0.12  # of the height between it and the landscapes
BETWEEN = 0.03  # of the width, between landscapes
PILE = 0.14  # of the curve's height: particles at one place are stacked up to here, so that one sees how many they are
GOLDEN = 0.6180339887
TITLES = 66  # characters over the landscapes, all together
RATE_POINTS = 400  # points of a rate curve that are drawn
JUMP = 0.1  # of its height: a rate that changes by this share in one step is drawn exactly there
SHADE, LINE = 0.4, 0.65  # how opaque the bottom of a valley is, and a line of equal height
LEVELS = 18  # how many lines of equal height
FADE = 1.5  # pixels of the picture from a line's middle to where it has faded


def animated(
    background: Background,
    positions: Floats,
    rates: Floats,
    steps: Steps,
    *,
    names: Sequence[str],
    places: Sequence[int],
    filename: str,
) -> Figure:
    """Particles at positions (schedules, frames, particles, dimensions) over their landscape; rates (schedules, steps
    of the run) below.

    `steps` (frames,): the optimizer step of each frame, where the cursor stands; it is the frame's name. `names` and
    `places`: what each schedule is called and its place in the list of colours. Positions and rates must be finite.
    """
    if not (np.isfinite(positions).all() and np.isfinite(rates).all()):
        message = "positions and rates must be finite: freeze what diverged where it was last seen"
        raise ValueError(message)
    count = len(names)
    ground = [_ground(background, k) for k in range(count)] if isinstance(background, LossCurve) else []
    clouds = [_cloud(background, positions[k, 0], places[k], k) for k in range(count)]
    lines = [_rates(rates[k], names[k], places[k], count) for k in range(count)]
    moving = [*clouds, *_cursor(rates, int(steps[0]), places, count)]
    data = [*ground, *lines, *moving]
    return {
        "data": data,
        "layout": _layout(background, rates, names, places, filename),
        "frames": [
            {
                "name": f"step {step:,}",
                "traces": list(range(len(data) - len(moving), len(data))),
                "data": [*(_at(background, positions[k, f]) for k in range(count)), *_moved(rates, int(step))],
            }
            for f, step in enumerate(steps)
        ],
    }


def still(figure: Figure, frame: int) -> Figure:
    """The figure at one of its frames, without the other frames."""
    chosen = figure["frames"][min(max(frame, 0), len(figure["frames"]) - 1)]
    data = list(figure["data"])
    for trace, moved in zip(chosen["traces"], chosen["data"], strict=True):
        data[trace] = data[trace] | moved
    return {"data": data, "layout": figure["layout"]}


def _at(background: Background, points: Floats) -> Figure:
    """Where particles (particles, dimensions) are drawn."""
    if isinstance(background, Contours):
        return {"x": packed(points[:, 0]), "y": packed(points[:, 1])}
    lift = PILE * np.ptp(background.loss) * (np.arange(1, len(points) + 1) * GOLDEN % 1.0)
    return {"x": packed(points[:, 0]), "y": packed(np.interp(points[:, 0], background.x, background.loss) + lift)}


def _suffix(place: int) -> str:
    return str(place + 1) if place else ""


def _axes(place: int) -> Figure:
    """The pair of axes that a trace lies on."""
    return {"xaxis": "x" + _suffix(place), "yaxis": "y" + _suffix(place)}


def _ground(curve: LossCurve, k: int) -> Figure:
    line = {"x": packed(curve.x), "y": packed(curve.loss), "line": stroke(2, color=GREY)}
    return {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False} | line | _axes(k)


def _pictures(ground: Contours, count: int) -> list[Figure]:
    """The landscape under each schedule's particles, as a picture: Plotly removes its own contours as soon as something
    moves.
    """
    (left, right), (bottom, top) = ground.x[[0, -1]].tolist(), ground.y[[0, -1]].tolist()
    size = {"x": left, "y": top, "sizex": right - left, "sizey": top - bottom, "sizing": "stretch", "layer": "below"}
    picture = {"source": _png(_opacity(ground.loss))} | size
    return [picture | {"xref": "x" + _suffix(k), "yref": "y" + _suffix(k)} for k in range(count)]


def _opacity(loss: Floats) -> Floats:
    """From 0 to 1: the bottoms of valleys are darker, and lines of equal height are closer there, where the particles
    are.
    """
    height = np.sqrt(loss - loss.min())
    height *= LEVELS / (height.max() or 1.0)
    level = np.rint(height)
    pixels = np.abs(height - level) / np.maximum(np.hypot(*np.gradient(height)), 1e-9)
    line = np.where(level > 0, LINE * np.clip(FADE - pixels, 0, 1), 0)
    return np.asarray(np.maximum(SHADE * (1 - height / LEVELS), line))


def _png(opacity: Floats) -> str:
    """A grey picture, its first row at the bottom, as a `data:` address that contains it."""
    from PIL import Image  # noqa: PLC0415 (only two-dimensional landscapes need it)

    opaque = np.rint(255 * opacity[::-1]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.stack([np.full_like(opaque, int(GREY[3:5], 16)), opaque], axis=-1)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _cloud(background: Background, points: Floats, place: int, k: int) -> Figure:
    marker = {"size": 6, "color": style(place)[0], "opacity": 0.65}
    return (
        {"type": "scatter", "mode": "markers", "marker": marker, "hoverinfo": "skip", "showlegend": False}
        | _axes(k)
        | _at(background, points)
    )


def _rates(rates: Floats, label: str, place: int, count: int) -> Figure:
    """One schedule's rate at every step; in long runs only as many points as a screen shows, and every jump."""
    jumps = np.flatnonzero(np.abs(np.diff(rates)) > JUMP * np.ptp(rates))
    shown = np.unique(np.concatenate((np.linspace(0, rates.size - 1, RATE_POINTS).astype(np.int64), jumps, jumps + 1)))
    colour, dash = style(place)
    return {
        "type": "scatter", "mode": "lines", "x": packed(shown, "f8"), "y": packed(rates[shown]), "name": name(label),
        "line": stroke(2, color=colour, dash=dash), "showlegend": False,
        "hovertemplate": f"%{{y:.4g}}<extra>{name(label)}</extra>",
    } | _axes(count)  # fmt: skip


def _cursor(rates: Floats, step: int, places: Sequence[int], count: int) -> list[Figure]:
    """An upright line in the rates' panel, and a dot on each curve."""
    line, dots = _moved(rates, step)
    still = {"hoverinfo": "skip", "showlegend": False} | _axes(count)
    colours = [style(place)[0] for place in places]
    return [
        still
        | {
            "type": "scatter",
            "mode": "lines",
            "line": stroke(1.5, color=GREY),
            "y": packed(np.array([0.0, 1.1 * _top(rates)])),
        }
        | line,
        still | {"type": "scatter", "mode": "markers", "marker": {"size": 9, "color": colours}} | dots,
    ]


def _moved(rates: Floats, step: int) -> list[Figure]:
    step = min(max(step, 0), rates.shape[1] - 1)
    return [
        {"x": packed(np.array([step, step]), "f8")},
        {"x": packed(np.full(len(rates), step), "f8"), "y": packed(rates[:, step])},
    ]


def _top(rates: Floats) -> float:
    return float(rates.max()) or 1.0


def _layout(
    background: Background, rates: Floats, names: Sequence[str], places: Sequence[int], filename: str
) -> Figure:
    """The layout; all ranges are fixed, so that the axes stay when something moves."""
    count = len(names)
    width = (1.0 - BETWEEN * (count - 1)) / count
    lefts = [k * (width + BETWEEN) for k in range(count)]
    layout: Figure = {
        "hovermode": "x unified",
        "showlegend": False,
        "margin": {"l": 8, "r": 16, "t": 52, "b": 4},
        "meta": {"filename": filename},
        "annotations": [_title(name(names[k], TITLES // count), places[k], lefts[k]) for k in range(count)],
        "images": _pictures(background, count) if isinstance(background, Contours) else [],
    }
    heights = _heights(background)
    for k, left in enumerate(lefts):
        loss = {"title": {"text": "loss"}} if isinstance(background, LossCurve) and k == 0 else {}
        x = background.x[[0, -1]]
        inner = {
            "tickvals": np.quantile(x, [1 / 8, 1 / 2, 7 / 8]).tolist()
        }  # labels at the ends would run into those of the neighbour
        layout["xaxis" + _suffix(k)] = _axis("y", k, [left, left + width], x) | inner
        layout["yaxis" + _suffix(k)] = _axis("x", k, [FOOT + HEAD, 1], heights) | {"showticklabels": k == 0} | loss
    steps = {"title": {"text": "optimizer step"}, "tickformat": ",~r", "nticks": 12}
    layout["xaxis" + _suffix(count)] = (
        _axis("y", count, [0, 1], np.array([-0.005, 1.005]) * max(rates.shape[1] - 1, 1)) | steps
    )
    layout["yaxis" + _suffix(count)] = _axis("x", count, [0, FOOT], np.array([0, 1.1 * _top(rates)])) | {
        "title": {"text": "rate"},
        "nticks": 5,
    }
    return layout


def _title(label: str, place: int, left: float) -> Figure:
    """A schedule's name over its landscape, with a mark in its colour."""
    return {
        "text": f'<span style="color:{style(place)[0]}">●</span> {label}',
        "xref": "paper",
        "yref": "paper",
        "x": left,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
    }


def _heights(background: Background) -> Floats:
    """What the upright axis of a landscape spans."""
    if isinstance(background, Contours):
        return background.y[[0, -1]]
    low, high = background.loss.min(), background.loss.max()
    return np.array([low - 0.03 * (high - low), high + PILE * (high - low)])


def _axis(anchor: str, place: int, domain: list[float], span: Floats) -> Figure:
    return {
        "anchor": anchor + _suffix(place), "domain": domain, "range": span.tolist(), "tickformat": "~g", "nticks": 6,
        "zeroline": False, "showline": True, "automargin": True,
    }  # fmt: skip
