"""plotly.js for the browser: laid where Streamlit serves files, and loaded before anything else is done.

It is plotly's own bundle of two-dimensional charts, a third of the whole library (docs/performance.md has what that
saves). This module is light, because pages call it before they import the rest.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import os
import secrets
import shutil
import time
from importlib.resources.abc import Traversable
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

BUNDLE = "plotly-cartesian-4.1.1.min.js"
LOADER = "library.js"
AHEAD = 0.05
"""Seconds that a first run rests, so that the browser begins with the library and not with the widgets that follow."""
LONG_AGO = 499_162_500
"""When the copy says that it was last changed: in 1985, as on npm. Streamlit does not say how long it may be kept, so
browsers keep it for a tenth of its age; a new version has a new name.
"""


def ahead() -> None:
    """Have the browser load the library from now on: it takes as long as Python takes to import the rest."""
    path = address()
    if path is not None:
        script = f"(() => {{\n{_loader()}\nloadPlotly({json.dumps(path)}).catch(() => {{}}) }})()"
        hidden = ".stElementContainer:has(> .stHtml > #lrlab-ahead) { display: none }"
        st.html(f'<style id="lrlab-ahead">{hidden}</style><script>{script}</script>', unsafe_allow_javascript=True)
        if not st.session_state:  # a first run: later ones find the library there
            time.sleep(AHEAD)


def address() -> str | None:
    """Where the browser finds the library, relative to the page; None where Streamlit cannot serve it."""
    if not st.get_option("server.enableStaticServing"):
        return None
    context = get_script_run_ctx(suppress_warning=True)
    main = context.main_script_path if context else __file__
    name = published(Path(main).resolve().parent / "static")
    return name and f"app/static/{name}"


@functools.cache
def published(folder: Path) -> str | None:
    """The name of the library in the folder, copied there in one step (others may be reading it); None where that
    cannot be.

    A copy and no link: the static server refuses what lies outside its folder.
    """
    target = folder / BUNDLE
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with importlib.resources.as_file(_parts() / BUNDLE) as source:
            if not target.is_file() or target.stat().st_size != source.stat().st_size:
                folder.mkdir(exist_ok=True)
                try:
                    shutil.copyfile(source, partial)
                    os.utime(partial, (LONG_AGO, LONG_AGO))
                    partial.replace(target)
                finally:
                    partial.unlink(missing_ok=True)
    except OSError:
        return None
    return target.name


@functools.cache
def _loader() -> str:
    return (_parts() / LOADER).read_text(encoding="utf-8")


def _parts() -> Traversable:
    return importlib.resources.files("lrlab.ui")
