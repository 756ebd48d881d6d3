"""What one can take along: a lesson's schedules in Tune, or one of them as code."""

from __future__ import annotations

import streamlit as st

from lrlab.document import DocumentError, Experiment
from lrlab.exporters import EXPORTERS, export
from lrlab.ui import state
from lrlab.ui.tune import code
from lrlab.ui.widgets import escape


def tune(
    experiment: Experiment, key: str, *, place: int = 0, label: str = "Open in Tune", disabled: bool = False
) -> None:
    """A button that replaces Tune's trials by these and goes there, to shape the one at `place`. Undo brings the old
    trials back.
    """
    help_ = "All of these schedules, in place of those that are there; Undo brings those back."
    if st.button(label, key=f"{key}.open", icon=":material/show_chart:", help=help_, disabled=disabled):
        state.put(experiment)
        state.choose(place)
        st.switch_page("app.py")


def as_code(experiment: Experiment, key: str, *, place: int = 0) -> None:
    """The code of one trial at a time; the one at `place` is shown first."""
    panel = st.expander("Take it home as code", icon=":material/code:", key=f"{key}.code", on_change="rerun")
    if not panel.open or not experiment.trials:
        return
    with panel:
        left, right = st.columns(2)
        names = [trial.name for trial in experiment.trials]
        name = left.selectbox("Curve", names, index=place, key=f"{key}.trial/{names[place]}")
        targets = [target for target in EXPORTERS if target not in code.EVERY_STEP]
        target = right.selectbox(
            "As", targets, key=f"{key}.target", persist_state="session", format_func=lambda t: EXPORTERS[t].title
        )
        try:
            text = export(experiment, target, name)
        except DocumentError as error:
            st.info(f"{escape(str(error))}. Another target will do.")
            return
        file = f"{code.slug(name)}{EXPORTERS[target].suffix}"
        st.download_button(
            f"Download {file}",
            data=text,
            file_name=file,
            key=f"{key}.download",
            icon=":material/download:",
            on_click="ignore",
        )
        st.code(text, language=EXPORTERS[target].language, height=420)
