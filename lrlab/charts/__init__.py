"""Values -> Plotly figures. They are plain dicts with arrays in base64, so that drawing does not load plotly's Python
package.
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
