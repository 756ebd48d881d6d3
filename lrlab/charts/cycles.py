"""What cycles add to a chart of learning rates: where snapshots are taken, and the last cycle where the run ends before
the cycle does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lrlab.charts.basics import COLOURS, Figure, packed

SNAPSHOT = "star"
CUT_COLOUR = COLOURS[4]


def with_cycles(
    figure: Figure, snapshots: Sequence[float], rates: Sequence[float], cut: tuple[float, float, str] | None = None
) -> Figure:
    """The figure with a star at each snapshot, in units of its x axis.

    `cut`: where the unfinished last cycle begins and ends, and the label of that band.
    """
    layout = figure["layout"]
    stars = {
        "type": "scatter",
        "mode": "markers",
        "name": "snapshots",
        "x": packed(np.array(snapshots), "f8"),
        "y": packed(np.array(rates), "f8"),
        "cliponaxis": False,
        "marker": {"symbol": SNAPSHOT, "size": 13, "color": COLOURS[0], "line": {"width": 1, "color": "#fff"}},
        "text": [f"snapshot {n}" for n in range(1, len(snapshots) + 1)],
        "hovertemplate": "%{text}: %{y:.3g}<extra></extra>",
    }
    if cut is not None:
        begin, end, label = cut
        band = {"type": "rect", "xref": "x", "yref": "paper", "x0": begin, "x1": end, "y0": 0, "y1": 1}
        text = {
            "x": begin,
            "y": 1,
            "xref": "x",
            "yref": "paper",
            "xanchor": "left",
            "yanchor": "top",
            "showarrow": False,
            "text": label,
        }
        layout = layout | {
            "shapes": [
                *layout.get("shapes", []),
                band | {"fillcolor": CUT_COLOUR, "opacity": 0.12, "line": {"width": 0}, "layer": "below"},
            ],
            "annotations": [*layout.get("annotations", []), text | {"font": {"color": CUT_COLOUR, "size": 12}}],
        }
    return {"data": [*figure["data"], *([stars] if len(snapshots) else [])], "layout": layout}
