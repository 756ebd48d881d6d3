"""A line of a chart is drawn through every point that is sent: Plotly's own thinning is off in every figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import oracle
import pytest

import lrlab
from lrlab import charts, engine
from lrlab.charts.cycles import with_cycles
from lrlab.charts.dots import Dots, dots
from lrlab.document import View

if TYPE_CHECKING:
    from collections.abc import Callable

X = np.arange(1.0, 7.0)
RATES = np.array([np.linspace(1, 0, 100), np.linspace(0, 1, 100)])
GROUND = charts.Contours(X, X, X[:, None] ** 2 + X**2)
CYCLE = {"kind": "torch.OneCycleLR", "max_lr": [0.1, 0.2], "total_steps": None}
WATCHED = {"kind": "torch.ReduceLROnPlateau", "metrics": [1.0, 0.5, 0.7, 0.8]}


def tune() -> charts.Figure:
    """Groups, momentum, a metric, and a curve that was meant."""
    document = oracle.document(CYCLE, base_lr=[0.1, 0.2])
    document["trials"].append({"name": "watched", "base_lr": 0.1, "schedule": WATCHED})
    experiment = lrlab.document.parse(document)
    curves = engine.curves(experiment)
    return charts.overlay(experiment.run, curves, View(), {1: curves[1]})


def resumed() -> charts.Figure:
    run = oracle.experiment({"kind": "torch.ConstantLR"}).run
    line = np.arange(run.steps), np.linspace(1, 0, run.steps)
    return charts.resumed(run, line, line, 3, View())


def moving(ground: charts.LossCurve | charts.Contours, dimensions: int) -> charts.Figure:
    positions = np.ones((2, 1, 3, dimensions))
    return charts.animated(ground, positions, RATES, np.array([5]), names=["a", "b"], places=[0, 1], filename="x")


FIGURES: dict[str, Callable[[], charts.Figure]] = {
    "overlay": tune,
    "overlay with cycles": lambda: with_cycles(tune(), [1.0], [0.1], (1.0, 2.0, "cut")),
    "resumed": resumed,
    "animated in one dimension": lambda: moving(charts.LossCurve(X, X**2), 1),
    "animated in two": lambda: moving(GROUND, 2),
    "panels": lambda: charts.panels(
        [charts.Panel("loss", [charts.Line("a", X, X, 0, X - 1, X + 1), charts.Line("b", X, X, 1, markers=True)])],
        "epoch",
        filename="x",
    ),
    "heat": lambda: charts.heat(
        np.ones((2, 3)), list("abc"), list("de"), x_title="", y_title="", z_title="", text=[list("abc")] * 2,
        filename="x", steps=[0, 1, None], steps_name="limit",
    ),
    "dots": lambda: dots(["a"], [Dots("b", [0], [1.0])], "share"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_every_line_goes_through_all_of_its_points(name: str) -> None:
    lines = [trace for trace in FIGURES[name]()["data"] if "lines" in trace.get("mode", "")]
    assert lines or name == "dots", "there is no line to look at"
    for trace in lines:
        assert trace["line"]["simplify"] is False, f"{trace.get('name')}: draw it with charts.basics.stroke"
