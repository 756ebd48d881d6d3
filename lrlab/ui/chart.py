"""The chart: Plotly.react inside a component, because st.plotly_chart mounts a new figure at every slider move and so loses zoom."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrlab.charts import Figure

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "static"  # beside app.py, where Streamlit serves files from


@cache
def _library() -> str | None:
    """The address of plotly.js, laid beside app.py from the installed plotly package; None where that folder cannot be written."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        return None
    source = Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    target = STATIC / f"plotly-{version('plotly')}.min.js"
    try:
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            STATIC.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=STATIC)
            os.close(handle)
            shutil.copyfile(source, name)
            Path(name).chmod(0o644)
            Path(name).replace(target)  # at once: another process may be serving it
    except OSError:
        return None
    return f"app/static/{target.name}"


@cache
def _component() -> Any:
    return st.components.v2.component(
        "lrlab_chart",
        html='<div class="lrlab-chart" role="img" tabindex="-1"></div>',
        js=(HERE / "chart.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


def show(figure: Figure, *, key: str, height: int, alt: str, on_toggle: Callable[[int], None]) -> None:
    """Draw a figure; `on_toggle` gets the index of the trial whose legend entry was clicked."""
    library = _library()
    if library is None:
        st.plotly_chart(figure, key=key, config={"displaylogo": False}, alt=alt)
        return

    def toggled() -> None:
        trial = st.session_state[key].toggle
        if trial is not None:
            on_toggle(int(trial))

    _component()(key=key, data={"figure": figure, "height": height, "alt": alt, "library": library}, on_toggle_change=toggled)
