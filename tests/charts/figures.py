"""Figures as Plotly's own Python side understands them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

if TYPE_CHECKING:
    from lrlab.charts import Figure


def decoded(part: Any) -> Any:
    """The figure with its arrays as numbers; each must be finite."""
    if isinstance(part, dict) and "bdata" in part:
        values = np.frombuffer(base64.b64decode(part["bdata"]), dtype=part["dtype"])
        assert np.isfinite(values).all()
        return values.reshape([int(n) for n in part["shape"].split(",")]) if "shape" in part else values
    if isinstance(part, dict):
        return {key: decoded(value) for key, value in part.items()}
    return [decoded(value) for value in part] if isinstance(part, list) else part


def read(figure: Figure) -> go.Figure:
    """What Plotly accepts, and JSON too: a figure with anything that either does not know fails here."""
    json.dumps(figure, allow_nan=False)
    return go.Figure(decoded(figure))
