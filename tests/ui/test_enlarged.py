"""Charts for the back rows."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from lrlab import charts
from lrlab.ui import chart


def test_all_type_and_margins_grow_and_nothing_else_does() -> None:
    figure = charts.heat(
        np.ones((1, 2)), ["a", "b"], ["c"], x_title="x", y_title="y", z_title="z", text=[["1", "2"]], filename="f"
    )
    before = copy.deepcopy(figure)
    large = chart.enlarged(figure, 1.5)
    assert figure == before, "the figure given is not touched"
    assert large["layout"]["font"]["size"] == 21
    assert large["layout"]["coloraxis"]["colorbar"]["title"]["font"]["size"] == pytest.approx(1.5 * 14)
    assert large["layout"]["margin"]["t"] == 1.5 * before["layout"]["margin"]["t"]
    assert large["data"][1]["textfont"]["size"] == 1.5 * before["data"][1]["textfont"]["size"]
    assert large["layout"]["xaxis"] == before["layout"]["xaxis"]
    assert large["data"][0] == before["data"][0]
