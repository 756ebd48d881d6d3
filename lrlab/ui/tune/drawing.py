"""The chart of Tune: the experiment at hand, or the one that a control is just being dragged to."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lrlab import charts, engine, handles
from lrlab.document import Experiment
from lrlab.schedules.spans import dotted
from lrlab.ui import chart, state
from lrlab.ui.panel import Preview, preview
from lrlab.ui.tune import advice, trials

KEY = "chart"
HEIGHT, PANEL = 350, 50  # pixels: of the chart, and of each panel below it


@st.fragment
def show() -> None:
    """The chart; a preview draws this and nothing else."""
    chart.whole()
    asked: Preview[Experiment] | None = preview(KEY)
    if asked is not None:
        _preview(asked)
        return
    experiment = state.experiment()
    curves = engine.drawn(experiment)
    if chart.reasons(curves):
        meant, flags = advice.intended(experiment), advice.flags(experiment)
        _draw(experiment, curves, None, charts.overlay(experiment.run, curves, experiment.view, meant, flags))


def _preview(asked: Preview[Experiment]) -> None:
    """Only the curves. Where there is none, the last ones stay, and the control says why."""
    experiment = asked.whole or state.experiment()
    curves = engine.drawn(experiment)
    missing = [found for found in curves if isinstance(found, engine.NoCurve)]
    if missing:  # those that had none before keep nobody from dragging another one
        pairs = zip(curves, engine.drawn(state.experiment()), strict=False)
        missing = [now for now, had in pairs if isinstance(now, engine.NoCurve) and isinstance(had, engine.Curve)]
    if missing:
        asked, experiment = asked._replace(error=missing[0].reason), state.experiment()
        curves = engine.drawn(experiment)
    _draw(experiment, curves, asked, charts.overlay(experiment.run, curves, experiment.view))


def _draw(
    experiment: Experiment,
    curves: list[engine.Curve | engine.NoCurve],
    asked: Preview[Experiment] | None,
    figure: charts.Figure,
) -> None:
    panels = sum(f"yaxis{i}" in figure["layout"] for i in (2, 3))
    chart.show(
        None if asked is not None and asked.error else figure,
        key=KEY,
        height=HEIGHT + PANEL * panels,
        alt=charts.description(experiment.run, curves),
        on_toggle=state.toggle,
        previews=True,
        preview=asked,
        handles=_handles(experiment) if asked is None else None,
    )


def _handles(experiment: Experiment) -> dict[str, Any] | None:
    """What of the chosen trial can be taken hold of, and what each of its arguments lights up, in the chart's units."""
    if not experiment.trials or state.trial().hidden:
        return None
    run, trial, index = experiment.run, state.trial(), state.chosen()
    found = handles.handles(run, trial)
    per = run.updates if experiment.view.x == "epoch" else 1
    listed = []
    lights: dict[str, Any] = {}
    for handle in found:
        first = handle.moved[0]
        of = dotted(("trials", index, *first.path))
        unit = per if handle.axis == "x" else 1
        listed.append({
            "id": trials.handle_name(index, handle), "of": of, "axis": handle.axis, "label": handle.label,
            "name": ", ".join(dict.fromkeys(moved.name for moved in handle.moved)), "value": first.value,
            "offset": first.offset / unit, "scale": first.scale / unit, "x": handle.step / per, "y": handle.rate,
            "whole": isinstance(first.value, int), "low": 0,
        })  # fmt: skip
        for moved in handle.moved:
            light = lights.setdefault(dotted(("trials", index, *moved.path)), {})
            if handle.axis == "x":
                light.setdefault("at", []).append(handle.step / per)
            else:
                light["rate"] = handle.rate
    if not experiment.view.marks:
        listed = [one for one in listed if one["axis"] == "y"]
    for path, (begin, end) in handles.spans(run, trial).items():
        lights[dotted(("trials", index, *path))] = {"steps": [begin / per, end / per]}
    return {"panel": trials.KEY, "colour": charts.style(index)[0], "list": listed, "lights": lights}
