"""What will my run's learning rate be? Tune: schedules overlaid on one run, shaped with sliders, taken home as code."""

import streamlit as st

from lrlab import charts, engine
from lrlab.ui import chart, frame, run_panel, state, tabs, trials, view

frame.begin("Tune")
with st.sidebar:
    run_panel.show()


@st.fragment
def page() -> None:
    """All but the side bar: a slider's move runs this alone."""
    experiment = state.experiment()
    view.problem()
    view.switches()
    curves = engine.curves(experiment)
    figure = charts.overlay(experiment.run, curves, experiment.view)
    chart.show(figure, key="chart", height=350, alt=charts.description(experiment.run, curves), on_toggle=state.toggle)
    trials.chips()
    trials.shaping()
    tabs.show()
    frame.end()


page()
