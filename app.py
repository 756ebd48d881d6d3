"""What will my run's learning rate be? Tune: schedules overlaid on one run, shaped with sliders, taken home as code."""

import streamlit as st

from lrlab.ui import library

library.ahead()  # and only then the imports that take long

from lrlab import charts, engine  # noqa: E402
from lrlab.ui import chart, frame, state  # noqa: E402
from lrlab.ui.tune import advice, choices, run_panel, tabs, trials, view  # noqa: E402

frame.begin("Tune")
view.not_taken(choices.take())
with st.sidebar:
    run_panel.show()


@st.fragment
def page() -> None:
    """All but the side bar: a slider's move runs this alone, and draws before it says anything else."""
    if run_panel.stale():
        st.rerun()
    experiment = state.experiment()
    above = st.container()
    curves = engine.drawn(experiment)
    if chart.reasons(curves):
        figure = charts.overlay(
            experiment.run, curves, experiment.view, advice.intended(experiment), advice.flags(experiment)
        )
        height = 350 + 50 * sum(f"yaxis{i}" in figure["layout"] for i in (2, 3))
        alt = charts.description(experiment.run, curves)
        chart.show(figure, key="chart", height=height, alt=alt, on_toggle=state.toggle)
    with above:
        view.problem()
        view.switches()
    trials.chips()
    trials.shaping()
    tabs.show()
    frame.end(choices.ADDRESS)


page()
