"""The chart: one living Plotly figure, because st.plotly_chart mounts a new one at every slider move and so loses zoom.

`chart.js` beside this file is its browser half. plotly.js comes from the installed plotly package, laid beside app.py where Streamlit serves files.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.resources
import importlib.util
import secrets
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.components.v2.types import ComponentRenderer

    from lrlab.charts import Figure


AHEAD = 0.02
"""Seconds that the script rests after the chart: the browser draws it before it is handed the widgets that follow, which cost it as much again."""


def show(figure: Figure, *, key: str, height: int, alt: str, on_toggle: Callable[[int], None]) -> None:
    """Draw a figure; `on_toggle` gets the place of the trial whose legend entry was clicked, before the page runs anew.

    Where plotly.js cannot be laid beside app.py, Streamlit's own chart stands in, and lines are hidden by the page's buttons only.
    """
    library = _published(Path(_main_script()).resolve().parent / "static")
    if library is None or not st.get_option("server.enableStaticServing"):
        st.plotly_chart({**figure, "layout": {**figure["layout"], "height": height}}, key=key, config={"displaylogo": False}, alt=alt)
        return

    def toggled() -> None:
        group = st.session_state[key].get("toggle")
        if isinstance(group, str) and group.isdecimal():
            on_toggle(int(group))

    data = {"key": key, "figure": figure, "height": height, "alt": alt, "library": f"app/static/{library}"}
    _component()(key=key, data=data, height=height, on_toggle_change=toggled)
    time.sleep(AHEAD)


def _main_script() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return context.main_script_path if context else __file__


@functools.cache
def _component() -> ComponentRenderer:
    """Registered once per process. Plotly puts its style sheet into the document's head, where a shadow root is blind to it."""
    script = importlib.resources.files("lrlab.ui") / "chart.js"
    return st.components.v2.component("lrlab_chart", js=script.read_text(encoding="utf-8"), isolate_styles=False)


@functools.cache
def _published(folder: Path) -> str | None:
    """The name of plotly.js in the folder, copied there in one step (others may be reading it); None where that cannot be.

    A copy and no link: the static server refuses what lies outside its folder.
    """
    spec: Any = importlib.util.find_spec("plotly")  # without the slow import of plotly
    source = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    target = folder / f"plotly-{importlib.metadata.version('plotly')}.min.js"
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if not target.is_file() or target.stat().st_size != source.stat().st_size:
            folder.mkdir(exist_ok=True)
            try:
                shutil.copyfile(source, partial)
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
    except OSError:
        return None
    return target.name
