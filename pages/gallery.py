"""Which schedulers are there?"""

import streamlit as st

from lrlab.schedules import KINDS
from lrlab.ui import frame, state, trials
from lrlab.ui.widgets import escape

frame.begin("Gallery")
st.header("Which schedulers are there?", anchor=False)
wanted = st.text_input("Search by name, framework or shape", key="gallery_search", persist_state="session").lower()
found = [kind for kind in sorted(KINDS.values(), key=lambda kind: kind.kind.lower()) if wanted in f"{kind.kind} {kind.__doc__}".lower()]
if not found:
    st.info("None. Try part of a name, such as cosine, step or warmup.")
for row in range(0, len(found), 2):
    for column, kind in zip(st.columns(2), found[row : row + 2], strict=False):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{escape(kind.native)}** &ensp; :gray[{escape(kind.framework)}]")
            st.markdown(escape(trials.shape_of(kind)))
            if st.button("Open in Tune", key=f"open {kind.kind}", type="tertiary", icon=":material/show_chart:"):
                state.add(kind)
                st.switch_page("app.py")
frame.end()
