"""Values -> Plotly figures, as plain dicts: traces with base64 arrays, so that nothing of plotly's Python side is loaded to draw."""

from lrlab.charts.basics import COLOURS, LABEL, Figure, style
from lrlab.charts.overlay import Flag, description, overlay, resumed

__all__ = ["COLOURS", "LABEL", "Figure", "Flag", "description", "overlay", "resumed", "style"]
