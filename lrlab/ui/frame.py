"""What every page begins and ends with: its settings, the menu, the experiment from the link."""

from __future__ import annotations

import gc
import sys

import streamlit as st

from lrlab.ui import address, memory, state

TURN = 0.0005
"""Seconds after which a thread of Python lets another one go on."""
PAGES = (
    ("app.py", "Tune"),
    ("pages/gallery.py", "Gallery"),
    ("pages/sgdr.py", "SGDR or cosine?"),
    ("pages/warmup.py", "Why warm up?"),
)

_STYLE = """<style>
[data-testid="stBaseButton-primary"] { color: light-dark(#ffffff, #10151c); }
.stMainBlockContainer { padding: 1.2rem 2rem 3rem; }
.stApp:has([data-testid="stSidebar"][data-collapsed="true"]) .stMainBlockContainer { padding-top: 4.25rem; }
[data-testid="stSidebarContent"] [data-testid="stSidebarHeader"] { height: 1.5rem; }
.st-key-menu { border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); padding-bottom: 0.3rem; }
[class*="st-key-finding"] > :nth-child(2) { flex: 1 1 20rem; min-width: min(20rem, 100%); }
.katex-display { overflow-x: auto; overflow-y: hidden; padding: 0.3rem 0; }
</style>"""


def begin(title: str) -> None:
    """Settings, menu and experiment; the first lines of every page."""
    st.set_page_config(page_title=f"lrlab · {title}", page_icon="📉", layout="wide")
    st.html(_STYLE)
    state.begin()
    if memory.recall("page") != title:  # what was open on another page is closed, what was refused there forgotten
        st.session_state.page, st.session_state.unfolded = title, None
        memory.recall("refused").clear()
    st.session_state.presenting = False  # unless a lesson says otherwise
    with st.container(horizontal=True, key="menu"):
        for path, label in PAGES:
            st.page_link(path, label=label)


def end(*parts: address.Part) -> None:
    """The address carries what the page shows, these parts of it too; the last line of every page."""
    address.write(state.ADDRESS, *parts)
    prepare()


@st.cache_resource(show_spinner=False)
def prepare() -> bool:
    """What is set once for a process: what start-up made is taken out of the garbage collector's sight, and threads
    take turns ten times as often. One thread of a process makes the chart, another one sends it; else it waits for up
    to 5 ms while the first goes on with what comes below the chart.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(TURN)
    return True
