"""The catalogue: cards to search and filter; behind each, the schedule's entry. The address says which is open."""

from __future__ import annotations

import functools
import html
from urllib.parse import quote

import numpy as np
import streamlit as st

from lrlab import charts, docstring, engine, families
from lrlab.schedules import KINDS, Schedule, did_you_mean
from lrlab.ui import memory
from lrlab.ui.gallery import entry
from lrlab.ui.widgets import escape

FIRST_CARDS = 24
AXIS = "#8892a0"
SAFE = " ,/:="
"""What may stand in an address as it is, so that thumbnails stay small."""
WIDTH, HEIGHT = 300, 200
"""Of a thumbnail's coordinates, finer than pixels."""

_STYLE = f"""<style>
.st-key-cards [data-testid="stVerticalBlock"] {{ position: relative; gap: 0.35rem; }}
.st-key-cards [data-testid="stElementContainer"]:has([data-testid="stPageLink"]),
.st-key-cards [data-testid="stPageLink"] * {{ position: static; }}
.st-key-cards [data-testid="stPageLink-NavLink"] {{ padding: 0; background: none; }}
.st-key-cards [data-testid="stPageLink-NavLink"]::after {{
  content: ""; position: absolute; inset: 0; border-radius: 6px;
}}
.st-key-cards [data-testid="stPageLink-NavLink"]:focus-visible {{ outline: none; box-shadow: none; }}
.st-key-cards [data-testid="stPageLink-NavLink"]:focus-visible::after {{ outline: 3px solid {charts.COLOURS[0]}; }}
.st-key-cards [data-testid="stPageLink-NavLink"]:hover::after {{ box-shadow: inset 0 0 0 1px {charts.COLOURS[0]}; }}
.st-key-cards [data-testid="stPageLink-NavLink"] span {{
  overflow: visible; white-space: normal; overflow-wrap: anywhere;
}}
.st-key-cards img {{ display: block; width: 100%; height: 84px; margin: 0.2rem 0 0.5rem; }}
.st-key-cards p {{ margin: 0; font-size: 0.875rem; line-height: 1.45; }}
</style>"""


def show() -> None:
    """The schedule that the address asks for, or all of them."""
    asked = st.query_params.get(entry.ASKED)
    if asked is not None and asked in KINDS:
        entry.show(KINDS[asked])
        return
    if asked is not None:
        st.error(
            f"There is no schedule {escape(repr(asked[:80]))} here{escape(did_you_mean(asked[:80], KINDS))}",
            icon=":material/error:",
        )
    _all()


def _all() -> None:
    st.header("Which schedulers are there?", anchor=False)
    found = _filtered()
    if not found:
        st.info("None. Try part of a name, a shape such as cosine, step or warmup, or another framework.")
        return
    whole = memory.recall("gallery_whole")
    shown = found if whole else found[:FIRST_CARDS]
    st.html(_STYLE)
    with st.grid(4, min_column_width=205, key="cards"):
        for kind in shown:
            with st.container(border=True, height="stretch"):
                st.page_link(
                    entry.PAGE,
                    label=f"**{escape(kind.native)}** :gray[{escape(kind.framework)}]",
                    query_params={entry.ASKED: kind.kind},
                )
                st.html(f"{thumbnail(kind)}<p>{html.escape(docstring.read(kind).first.replace('`', ''))}</p>")
    if len(shown) < len(found):
        st.button(
            f"Show all {len(found)}", key="gallery_more", on_click=lambda: st.session_state.update(gallery_whole=True)
        )


def _filtered() -> list[type[Schedule]]:
    """The search and the two filters, and what they leave."""
    frameworks = list(dict.fromkeys(kind.framework for kind in KINDS.values()))
    by_title = {family.title: family for family in families.FAMILIES}
    search, choice = st.columns([2, 1])
    with search:
        wanted = st.text_input(
            "Search by name, framework or shape",
            key="gallery_search",
            persist_state="session",
            live=True,
            icon=":material/search:",
            placeholder="cosine, sgdr, 1cycle, wsd, noam, 余弦退火 ...",
        )
    with choice:
        title = st.selectbox(
            "Family", by_title, index=None, key="gallery_family", persist_state="session", placeholder="every shape"
        )
    framework = st.pills(
        "Framework", frameworks, key="gallery_framework", persist_state="session", label_visibility="collapsed"
    )
    found = [
        kind
        for kind in KINDS.values()
        if families.search(kind, wanted or "")
        and framework in (None, kind.framework)
        and (title is None or any(family.title == title for family, _ in families.places(kind.kind)))
    ]
    said = f"{len(found)} of {len(KINDS)} schedules" if len(found) < len(KINDS) else f"{len(KINDS)} schedules"
    st.caption(f"{said}. {escape(by_title[title].shape)}" if title else f"{said}.")
    return found


@functools.cache
def thumbnail(kind: type[Schedule]) -> str:
    """The schedule's own curve as a small picture, in a colour that is seen on light and on dark."""
    steps = np.linspace(0, entry.RUN.steps - 1, WIDTH + 1).astype(np.int64)
    rates = engine.lr(entry.RUN, entry.sample(kind), steps)
    low, high = min(float(rates.min()), 0.0), max(float(rates.max()), 1e-300)
    heights = np.rint(HEIGHT * (high - rates) / (high - low)).astype(int)
    level = np.concatenate([[False], (heights[1:-1] == heights[:-2]) & (heights[1:-1] == heights[2:]), [False]])
    points = " ".join(f"{x},{heights[x]}" for x in np.flatnonzero(~level))
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -2 {WIDTH} {HEIGHT + 4}" '
        'preserveAspectRatio="none" fill="none">'
        f'<path d="M0 {HEIGHT}H{WIDTH}" stroke="{AXIS}" vector-effect="non-scaling-stroke"/>'
        f'<polyline points="{points}" stroke="{charts.COLOURS[0]}" stroke-width="2" stroke-linejoin="round" '
        'vector-effect="non-scaling-stroke"/></svg>'
    )
    return f'<img src="data:image/svg+xml,{quote(drawing, safe=SAFE)}" alt="{html.escape(_in_words(rates))}">'


def _in_words(rates: engine.Floats) -> str:
    return f"Learning rate from {rates[0]:.2g}, at most {rates.max():.2g}, to {rates[-1]:.2g}"
