"""The figure as Plotly's own Python side understands it."""

from __future__ import annotations

import base64
import math
from itertools import pairwise
from typing import Any

import numpy as np
import oracle
import plotly.graph_objects as go
import pytest

import lrlab
from lrlab import charts, engine
from lrlab.document import View


def figure(document: dict[str, Any], **view: Any) -> go.Figure:
    experiment = lrlab.document.parse(document)
    return read(charts.overlay(experiment.run, engine.curves(experiment), View(**view)))


def read(drawn: charts.Figure) -> go.Figure:
    for trace in drawn["data"]:
        for axis in "xy":
            packed = trace[axis]
            trace[axis] = np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"])
    return go.Figure(drawn)  # refuses what plotly does not know


STEP = {"kind": "torch.StepLR", "step_size": 100, "gamma": 0.1}


def test_a_jump_is_drawn_between_two_adjacent_steps() -> None:
    line = figure(oracle.document(STEP, steps=20_000)).data[0]
    at = dict(zip(line.x.tolist(), line.y.tolist(), strict=True))
    assert at[99] == pytest.approx(0.1)
    assert at[100] == pytest.approx(0.01)


def test_epochs_are_steps_over_the_steps_of_an_epoch() -> None:
    line = figure(oracle.document(STEP, run={"total_steps": 1000, "steps_per_epoch": 50}), x="epoch").data[0]
    assert line.x[-1] == pytest.approx(999 / 50)


def test_on_a_log_axis_zero_lies_at_the_bottom_and_nothing_is_lost() -> None:
    document = oracle.document({"kind": "torch.PolynomialLR", "total_iters": 50}, steps=100)
    line = figure(document, y="log").data[0]
    assert line.y.size == 100
    assert line.y.min() > 0
    assert line.y[60] == line.y.min() < line.y[49]


def test_a_line_for_every_group_and_momentum_below() -> None:
    cycle = {"kind": "torch.OneCycleLR", "max_lr": [0.1, 0.2], "total_steps": None}
    drawn = figure(oracle.document(cycle, steps=100, base_lr=[0.1, 0.1]))
    lines = [t for t in drawn.data if t.mode == "lines"]
    assert [t.name for t in lines] == ["t[0]", "t[1]", "t[0]", "t[1]"]
    assert [t.yaxis for t in lines] == ["y", "y", "y2", "y2"]
    assert max(lines[3].y) == pytest.approx(0.95)


def test_neighbouring_trials_differ_in_colour_and_in_dash() -> None:
    styles = [charts.style(i) for i in range(24)]
    for (colour, dash), (next_colour, next_dash) in pairwise(styles):
        assert colour != next_colour
        assert dash != next_dash
    assert len(set(styles)) == 24


def test_colours_keep_three_to_one_on_both_backgrounds() -> None:
    def luminance(colour: str) -> float:
        channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for colour in charts.COLOURS:
        for background in ("#ffffff", "#10151c"):
            low, high = sorted((luminance(colour), luminance(background)))
            assert (high + 0.05) / (low + 0.05) >= 3, f"{colour} on {background}"


def test_the_description_says_what_the_chart_shows() -> None:
    experiment = oracle.experiment(STEP, steps=1000, name="mine")
    text = charts.description(experiment.run, engine.curves(experiment))
    assert "mine: from 0.1, at most 0.1" in text
    assert "1,000 optimizer steps" in text


def test_no_trial_is_an_empty_chart_that_says_what_to_do() -> None:
    drawn = figure({"lrlab": 1, "run": {"total_steps": 10}, "trials": []})
    assert drawn.data == ()
    assert "Add a trial" in drawn.layout.annotations[0].text
    assert math.isfinite(drawn.layout.xaxis.range[1])


def test_what_was_meant_and_where_findings_lie_is_drawn_over_the_lines() -> None:
    experiment = lrlab.document.parse(oracle.document(STEP, steps=1000, name="<b>mine</b>"))
    curve = engine.curve(experiment.run, experiment.trials[0])
    flags = [
        charts.Flag(0, 100, 0.01, "error", "LR101: <script> " + "long " * 40),
        charts.Flag(0, 999, 1e-11, "warning", "LR104: x"),
    ]
    drawn = read(charts.overlay(experiment.run, [curve], View(y="log"), {0: curve}, flags))
    line, band, meant, errors, warnings = (t for t in drawn.data if "marks" not in t.name)
    assert line.opacity is None
    assert band.opacity == meant.opacity < 1
    assert (line.name, meant.showlegend) == ("&lt;b&gt;mine&lt;/b&gt;", False)
    assert (errors.x.tolist(), warnings.x.tolist()) == ([100], [999])
    assert errors.marker.symbol != warnings.marker.symbol
    assert "&lt;script&gt;" in errors.text[0], "plotly reads markup"
    assert all(len(part) < 90 for part in errors.text[0].split("<br>"))
    assert warnings.y[0] == pytest.approx(line.y.min()), "on a log axis at the bottom, not below it"


def test_a_resume_is_drawn_against_what_would_have_been() -> None:
    experiment = lrlab.document.parse(oracle.document(STEP, run={"total_steps": 1000, "steps_per_epoch": 50}))
    steps = np.arange(500, 1000)
    rates = engine.lr(experiment.run, experiment.trials[0], steps)
    drawn = read(charts.resumed(experiment.run, (steps, rates), (steps, rates * 2), 500, View(x="epoch")))
    assert [line.name for line in drawn.data] == ["uninterrupted", "resumed"]
    assert drawn.data[1].x[0] == drawn.layout.shapes[0].x0 == 10
