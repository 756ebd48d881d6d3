"""Which schedulers are there?"""

import streamlit as st

from lrlab.schedules import KINDS
from lrlab.ui import frame, state, trials
from lrlab.ui.widgets import escape

frame.begin("Gallery")
st.title("Schedulers", anchor=False)
wanted = st.text_input("Search by name, framework or shape", key="gallery_search", persist_state="session").lower()
for kind in sorted(KINDS.values(), key=lambda kind: kind.kind.lower()):
    if wanted in f"{kind.kind} {kind.__doc__}".lower():
        with st.container(border=True):
            st.markdown(f"**{escape(kind.native)}** · {kind.framework}")
            st.markdown(escape(trials.shape_of(kind)))
            if st.button("Open in Tune", key=f"open {kind.kind}"):
                state.add(kind)
                st.switch_page("app.py")
frame.end()
