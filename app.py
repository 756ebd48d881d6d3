"""What will my run's learning rate be? Tune: schedules overlaid on one run, shaped with sliders, taken home as code."""

import streamlit as st

from lrlab.ui import browser

browser.ahead()  # and only then the imports that take long

from lrlab.ui import frame  # noqa: E402
from lrlab.ui.tune import choices, drawing, metric, run_panel, tabs, trials, view  # noqa: E402

frame.begin("Tune")
view.not_taken(choices.take())
with st.sidebar:
    run_panel.show()


@st.fragment
def page() -> None:
    """All but the side bar: a change in the panel runs this alone, and a preview only the drawing in it."""
    if run_panel.stale():
        st.rerun()
    above = st.container()
    drawing.show()  # first, because it is what a person waits for
    with above:
        with st.container():  # always there, so that what is below stays where it is
            view.problem()
        view.switches()
    trials.show(drawing.KEY)
    metric.given()
    tabs.show()
    frame.end(choices.ADDRESS)


page()
