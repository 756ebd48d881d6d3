"""Values -> Plotly figures, as plain dicts: traces with base64 arrays, so that nothing of plotly's Python side is
loaded to draw.
"""

from lrlab.charts.basics import COLOURS, LABEL, Figure, style, upright
from lrlab.charts.frames import Contours, LossCurve, animated, still
from lrlab.charts.heat import heat
from lrlab.charts.overlay import Flag, description, overlay, resumed
from lrlab.charts.panels import Line, Panel, UprightLine, panels

__all__ = [
    "COLOURS",
    "LABEL",
    "Contours",
    "Figure",
    "Flag",
    "Line",
    "LossCurve",
    "Panel",
    "UprightLine",
    "animated",
    "description",
    "heat",
    "overlay",
    "panels",
    "resumed",
    "still",
    "style",
    "upright",
]
