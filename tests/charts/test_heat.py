from __future__ import annotations

import numpy as np
import pytest
from figures import read

from lrlab.charts import heat
from lrlab.charts.heat import SCALE

Z = np.array([[0.1, 0.2, 0.3], [0.4, np.nan, np.inf]])
TEXT = [["a", "b", "c"], ["d", "at step 3", "at step 9"]]
WORDS = {"x_title": "warmup", "y_title": "peak", "z_title": "loss", "filename": "x"}


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_values_and_text_stand_in_their_cells_and_those_without_a_value_carry_text() -> None:
    drawn = read(heat(Z, ["0", "10", "100"], ["0.1", "1"], text=TEXT, **WORDS))
    cells, plain, grey = drawn.data
    assert [list(row) for row in cells.z] == [[0.1, 0.2, 0.3], [0.4, None, None]]
    assert list(zip(grey.x, grey.y, grey.text, strict=True)) == [(1, 1, "at step 3"), (2, 1, "at step 9")]
    assert list(zip(plain.x, plain.y, plain.text, strict=True)) == [(0, 0, "a"), (1, 0, "b"), (2, 0, "c"), (0, 1, "d")]
    assert drawn.layout.xaxis.ticktext == ("0", "10", "100")
    assert [shape.type for shape in drawn.layout.shapes] == ["rect", "rect", "path"], "grey and hatched, not grey alone"
    assert [(shape.x0 + shape.x1) / 2 for shape in drawn.layout.shapes[:2]] == pytest.approx([1, 2])


def test_hatching_stays_in_the_grey_cells() -> None:
    path = read(heat(Z, list("abc"), list("ab"), text=TEXT, **WORDS)).layout.shapes[-1].path
    points = np.array(
        [[float(n) for n in point.split(",")] for point in path.replace("M", " ").replace("L", " ").split()]
    )
    assert (np.abs(points[:, 1] - 1) <= 0.4901).all()
    assert (np.abs(points[:, 0] - np.round(points[:, 0])) <= 0.4901).all()
    assert set(np.round(points[:, 0])) == {1, 2}


def test_text_can_be_read_on_every_colour_of_the_scale() -> None:
    values = np.linspace(0, 1, len(SCALE))[None]
    for reverse in (False, True):
        drawn = read(heat(values, list(SCALE), ["y"], text=[["t"] * len(SCALE)], reverse=reverse, **WORDS))
        for colour, ink in zip(SCALE[::-1] if reverse else SCALE, drawn.data[1].textfont.color, strict=True):
            low, high = sorted((luminance(colour), {"#000": 0.0, "#fff": 1.0}[ink]))
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{ink} on {colour}"


def test_the_scale_climbs_evenly_in_lightness() -> None:
    lightness = np.array([116 * luminance(colour) ** (1 / 3) - 16 for colour in SCALE])
    assert np.diff(lightness).min() > 0.6 * np.diff(lightness).mean()


def test_the_line_runs_over_the_given_rows() -> None:
    line = read(
        heat(
            np.ones((2, 3)),
            list("abc"),
            list("ab"),
            text=[["", "", ""]] * 2,
            steps=[None, 0, 1],
            steps_name="largest",
            **WORDS,
        )
    ).data[-1]
    assert line.x.tolist() == [-0.5, 0.5, 0.5, 1.5, 1.5, 2.5]
    assert line.y.tolist() == [-0.5, -0.5, 0.5, 0.5, 1.5, 1.5]
    assert line.name == "largest"


def test_a_grid_of_nothing_but_failures_is_a_figure() -> None:
    drawn = read(heat(np.full((1, 1), np.nan), ["a"], ["b"], text=[["<b>"]], **WORDS))
    assert drawn.data[1].text == ("&lt;b&gt;",)
    assert not drawn.layout.coloraxis.showscale
