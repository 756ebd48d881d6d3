"""What runs in the browser: chart, handles, player and panel, one script that all of Streamlit's components share.

So they know of each other: the panel's slider draws a preview in the chart, and a handle in the chart moves a slider.
Streamlit would send the script along with every message that draws a component. So it is laid beside app.py, where
Streamlit serves files, like plotly.js; what is sent is a line that loads it. Where that folder cannot be written, the
whole script is sent after all.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.resources
import importlib.util
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SCRIPTS = ("base.js", "player.js", "chart.js", "handles.js", "panel.js", "main.js")
SERVED = "app/static"
"""Where the browser finds the files of the folder `static`, from the app's own address."""


def script() -> str:
    """All scripts as one module."""
    folder = importlib.resources.files("lrlab.ui.browser")
    style = json.dumps((folder / "style.css").read_text(encoding="utf-8"))
    return "\n".join([f"const STYLE = {style};", *((folder / part).read_text(encoding="utf-8") for part in SCRIPTS)])


def component() -> ComponentRenderer:
    """What draws a chart or a panel: its data says which, by "is"."""
    return _component(_folder())


@functools.cache
def _component(folder: Path | None) -> ComponentRenderer:
    """Registered once per process. Plotly puts its style sheet into the document's head, where a shadow root is blind
    to it.
    """
    whole = script()
    name = f"lrlab-{hashlib.sha256(whole.encode()).hexdigest()[:16]}.js"
    served = folder is not None and _laid(folder, name, whole.encode())
    loader = (importlib.resources.files("lrlab.ui.browser") / "loader.js").read_text(encoding="utf-8")
    sent = loader.replace("SCRIPT", json.dumps(f"{SERVED}/{name}")) if served else whole
    return st.components.v2.component("lrlab", js=sent, isolate_styles=False)


def plotly() -> str | None:
    """Where the browser finds plotly.js, from the app's own address; None where it cannot be laid beside app.py."""
    folder = _folder()
    return _plotly(folder) if folder is not None else None


@functools.cache
def _plotly(folder: Path) -> str | None:
    spec: Any = importlib.util.find_spec("plotly")  # without the slow import of plotly
    source = Path(spec.origin).parent / "package_data" / "plotly.min.js"
    name = f"plotly-{importlib.metadata.version('plotly')}.min.js"
    return f"{SERVED}/{name}" if _laid(folder, name, source) else None


def _folder() -> Path | None:
    """The folder beside app.py whose files Streamlit serves; None where it serves none."""
    context = get_script_run_ctx(suppress_warning=True)
    main = context.main_script_path if context else __file__
    return Path(main).resolve().parent / "static" if st.get_option("server.enableStaticServing") else None


def _laid(folder: Path, name: str, content: Path | bytes) -> bool:
    """Whether the content lies in the folder under this name, copied there in one step (others may be reading it).

    A copy and no link: the static server refuses what lies outside its folder.
    """
    target = folder / name
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    partial = target.with_name(f".{name}.{secrets.token_hex(4)}")
    try:
        if not target.is_file() or target.stat().st_size != size:
            folder.mkdir(exist_ok=True)
            try:
                partial.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
    except OSError:
        return False
    return True
