from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
from figures import decoded, read
from PIL import Image

from lrlab.charts import Contours, Figure, LossCurve, animated, still

RNG = np.random.default_rng(0)
X = np.linspace(-2, 2, 81)
CURVE = LossCurve(X, X**2)
BOWL = Contours(X, X[:40], X[:40, None] ** 2 + X**2)
STEPS = np.array([0, 40, 99])
RATES = np.array([np.linspace(1, 0, 100), np.where(np.arange(100) < 50, 1.0, 0.1)])


def moving(dimensions: int) -> tuple[np.ndarray, Figure]:
    positions = RNG.uniform(-1, 1, (2, 3, 5, dimensions))
    return positions, animated(
        CURVE if dimensions == 1 else BOWL, positions, RATES, STEPS, names=["a", "b"], places=[0, 3], filename="x"
    )


@pytest.mark.parametrize("dimensions", [1, 2])
def test_frames_move_the_particles_and_the_cursor_and_nothing_else(dimensions: int) -> None:
    positions, figure = moving(dimensions)
    read({"data": figure["data"], "layout": figure["layout"]})
    frames = decoded(figure["frames"])
    assert [frame["name"] for frame in frames] == ["step 0", "step 40", "step 99"]
    for place, frame in enumerate(frames):
        moved = [figure["data"][trace] for trace in frame["traces"]]
        assert [trace["mode"] for trace in moved] == ["markers", "markers", "lines", "markers"]
        assert all(set(part) <= {"x", "y"} for part in frame["data"])
        for schedule in range(2):
            assert frame["data"][schedule]["x"] == pytest.approx(positions[schedule, place, :, 0], abs=1e-6)
        assert frame["data"][2]["x"].tolist() == [STEPS[place]] * 2
        assert frame["data"][3]["y"] == pytest.approx(RATES[:, STEPS[place]])


def test_particles_in_two_dimensions_stand_where_they_are_and_in_one_on_the_curve_or_in_a_pile_over_it() -> None:
    positions, figure = moving(2)
    assert decoded(figure["frames"])[1]["data"][1]["y"] == pytest.approx(positions[1, 1, :, 1], abs=1e-6)
    positions, figure = moving(1)
    over = decoded(figure["frames"])[1]["data"][1]["y"] - positions[1, 1, :, 0] ** 2
    assert (over > -0.01).all()
    assert (over < 0.15 * 4).all()
    assert len(np.unique(over.round(3))) == 5, "particles at one place do not hide each other"


def test_in_two_dimensions_a_picture_lies_under_each_cloud_dark_in_the_valley_with_lines_of_equal_height() -> None:
    x, y = np.linspace(-2, 2, 401), np.linspace(-1, 1, 201)
    ground = Contours(x, y, (x - 1) ** 2 + (y[:, None] - 0.5) ** 2)
    figure = animated(ground, np.zeros((2, 1, 1, 2)), RATES, STEPS[:1], names=["a", "b"], places=[0, 1], filename="x")
    read({"data": figure["data"], "layout": figure["layout"]})
    assert {trace["type"] for trace in figure["data"]} == {"scatter"}, (
        "all that Plotly leaves on the page while something moves"
    )
    first, second = figure["layout"]["images"]
    assert [(image["xref"], image["yref"]) for image in (first, second)] == [("x", "y"), ("x2", "y2")]
    assert (first["x"], first["y"], first["sizex"], first["sizey"]) == (-2, 1, 4, 2), "from its upper left corner"
    kind, _, body = first["source"].partition(",")
    assert kind == "data:image/png;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(body)))
    assert (picture.mode, picture.size) == ("LA", (401, 201))
    opacity = np.asarray(picture)[::-1, :, 1] / 255  # the lowest row first, as the loss has it
    assert opacity[150, 300] == pytest.approx(0.4, abs=0.01), "at x = 1, y = 0.5"
    along = opacity[150, 301:400]  # a ray from the bottom, whose height rises evenly to 1 of sqrt(9 + 2.25)
    assert np.count_nonzero((along[1:-1] > 0.5) & (along[1:-1] >= along[:-2]) & (along[1:-1] > along[2:])) == int(
        18 / math.hypot(3, 1.5)
    )


def test_the_figure_begins_at_its_first_frame_and_every_frame_can_be_had_still() -> None:
    figure = moving(2)[1]
    assert still(figure, 0)["data"] == figure["data"]
    for frame in (1, 2):
        shown = still(figure, frame)
        assert "frames" not in shown
        for trace, moved in zip(figure["frames"][frame]["traces"], figure["frames"][frame]["data"], strict=True):
            assert shown["data"][trace]["x"] == moved["x"]
    assert still(figure, 99) == still(figure, 2)


def test_nothing_that_moves_can_move_an_axis() -> None:
    for dimensions in (1, 2):
        layout = moving(dimensions)[1]["layout"]
        assert all("range" in axis for name, axis in layout.items() if "axis" in name)
        assert sum("axis" in name for name in layout) == 6


def test_every_jump_of_a_long_rate_is_drawn_between_two_adjacent_steps() -> None:
    rates = np.where(np.arange(100_000) % 7_777 < 7_000, 1.0, 0.0)[None]
    figure = animated(CURVE, np.zeros((1, 1, 1, 1)), rates, np.array([0]), names=["a"], places=[0], filename="x")
    line = next(trace for trace in decoded(figure["data"]) if trace.get("name") == "a")
    assert line["x"].size < 1_000
    jumps = np.flatnonzero(np.diff(line["y"]))
    assert (np.diff(line["x"])[jumps] == 1).all()
    assert jumps.size == np.flatnonzero(np.diff(rates[0])).size


def test_rates_of_nothing_but_zero_and_one_step_are_drawn() -> None:
    figure = animated(
        CURVE, np.zeros((1, 1, 1, 1)), np.zeros((1, 1)), np.array([0]), names=["a"], places=[0], filename="x"
    )
    assert figure["frames"][0]["name"] == "step 0"
    assert decoded(figure["layout"]["yaxis2"]["range"])[1] > 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        animated(CURVE, np.full((1, 1, 1, 1), bad), RATES[:1], STEPS[:1], names=["a"], places=[0], filename="x")
