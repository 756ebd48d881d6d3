"""What runs in the browser: chart, handles, player and panel, one script that all of Streamlit's components share.

So they know of each other: the panel's slider draws a preview in the chart, and a handle in the chart moves a slider.
Streamlit would send the script along with every message that draws a component. So it is laid beside app.py, where
Streamlit serves files, like plotly.js; what is sent is a line that loads it. Where that folder cannot be written, the
whole script is sent after all, and Streamlit's own chart stands in for ours.

plotly.js is plotly's own bundle of two-dimensional charts, a third of the whole library (docs/performance.md has what
that saves). This module is light, because pages call it before they import the rest.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SCRIPTS = (
    *("home.js", "library.js", "base.js"),
    *("player.js", "quick.js", "chart.js", "handles.js"),
    *("messages.js", "panel.js", "words.js", "fields.js", "controls.js", "menus.js"),
    "main.js",
)
"""What is laid into one module, in this order; all share one scope."""
BUNDLE = "plotly-cartesian-4.1.1.min.js"
SERVED = "app/static"
"""Where the browser finds the files of the folder `static`, from the app's own address."""
AHEAD = 0.05
"""Seconds that a first run rests, so that the browser begins with the library and not with the widgets that follow."""
LONG_AGO = 499_162_500
"""When the files say that they were last changed: in 1985, as on npm. Streamlit does not say how long they may be kept,
so browsers keep them for a tenth of their age; a new version has a new name.
"""


def ahead() -> None:
    """Have the browser load plotly.js and the script from now on: that takes as long as the imports in Python."""
    library = plotly()
    if library is None:
        return
    script = f"{_text('home.js')}\n{_text('library.js')}\nloadPlotly({json.dumps(library)}).catch(() => {{}});"
    ours = f"import(new URL({json.dumps(f'{SERVED}/{script_name()}')}, home()).href).catch(() => {{}});"
    hidden = ".stElementContainer:has(> .stHtml > #lrlab-ahead) { display: none }"
    whole = f'<style id="lrlab-ahead">{hidden}</style><script>(() => {{\n{script}\n{ours} }})()</script>'
    component()  # which lays the script there
    st.html(whole, unsafe_allow_javascript=True)
    if not st.session_state:  # a first run: later ones find the library there
        time.sleep(AHEAD)


def component() -> ComponentRenderer:
    """What draws a chart or a panel: its data says which, by "is"."""
    return _component(_folder())


def plotly() -> str | None:
    """Where the browser finds plotly.js, from the app's own address; None where it cannot be laid beside app.py."""
    folder = _folder()
    return f"{SERVED}/{BUNDLE}" if folder is not None and _plotly(folder) else None


@functools.cache
def script() -> str:
    """All scripts as one module."""
    return "\n".join([f"const STYLE = {json.dumps(_text('style.css'))};", *map(_text, SCRIPTS)])


@functools.cache
def _component(folder: Path | None) -> ComponentRenderer:
    """Registered once per process. Plotly puts its style sheet into the document's head, where a shadow root is blind
    to it.
    """
    served = folder is not None and laid(folder, script_name(), script().encode())
    path = json.dumps(f"{SERVED}/{script_name()}")
    sent = f"{_text('home.js')}\n{_text('loader.js').replace('SCRIPT', path)}" if served else script()
    return st.components.v2.component("lrlab", js=sent, isolate_styles=False)


@functools.cache
def _plotly(folder: Path) -> bool:
    return laid(folder, BUNDLE, (importlib.resources.files("lrlab.ui.browser") / BUNDLE).read_bytes())


@functools.cache
def _text(name: str) -> str:
    return (importlib.resources.files("lrlab.ui.browser") / name).read_text(encoding="utf-8")


def script_name() -> str:
    """The script's name, which tells one version from another."""
    return f"lrlab-{hashlib.sha256(script().encode()).hexdigest()[:16]}.js"


def _folder() -> Path | None:
    """The folder beside app.py whose files Streamlit serves; None where it serves none."""
    context = get_script_run_ctx(suppress_warning=True)
    main = context.main_script_path if context else __file__
    return Path(main).resolve().parent / "static" if st.get_option("server.enableStaticServing") else None


def laid(folder: Path, name: str, content: bytes) -> bool:
    """Whether the content lies in the folder under this name, put there in one step (others may be reading it).

    A copy and no link: the static server refuses what lies outside its folder.
    """
    target = folder / name
    partial = target.with_name(f".{name}.{secrets.token_hex(4)}")
    try:
        if not target.is_file() or target.stat().st_size != len(content):
            folder.mkdir(exist_ok=True)
            try:
                partial.write_bytes(content)
                os.utime(partial, (LONG_AGO, LONG_AGO))
                partial.replace(target)
            finally:
                partial.unlink(missing_ok=True)
    except OSError:
        return False
    return True
