"""The presenter's view: one section in large type, with keys to go from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from lrlab.ui.widgets import escape

LARGER = 1.3  # how much larger the page's type is; charts have a factor of their own

_KEYS = f"<script>{Path(__file__).with_name('presenter.js').read_text(encoding='utf-8')}</script>"
_STYLE = f"""<style>
html {{ font-size: {LARGER:.0%}; }}
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"],
header[data-testid="stHeader"], .st-key-menu {{ display: none; }}
.stMainBlockContainer {{ padding: 0.6rem 2rem 1rem; }}
.st-key-presenter h3 {{ padding: 0; }}
</style>"""


def bar(number: int, titles: Sequence[str], go: Callable[[int | None], None]) -> None:
    """Which section this is, and buttons to the one before, to the next one, and back to the page; the keys Left, Right
    and Escape press them.
    """
    st.html(_STYLE)
    with st.container(horizontal=True, vertical_alignment="center", key="presenter"):
        st.subheader(f"{number} / {len(titles)} · {escape(titles[number - 1])}", anchor=False, divider=False)
        to_press = (
            ("Previous", "arrow_back", max(number - 1, 1), "Left"),
            ("Next", "arrow_forward", min(number + 1, len(titles)), "Right"),
            ("Close", "close", None, "Esc"),
        )
        for label, icon, to, key in to_press:
            st.button(
                label,
                icon=f":material/{icon}:",
                key=f"present.{label.lower()}",
                type="tertiary",
                disabled=to == number,
                on_click=go,
                args=(to,),
                shortcut=key,
            )
        st.html(_KEYS, width="content", unsafe_allow_javascript=True)
