"""The panel of a job: a button that starts it, then its progress, and its result as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lrlab.lessons.jobs import Busy, Job, Queue
from lrlab.ui.widgets import escape

T = TypeVar("T")

REFRESH = 0.5
"""Seconds between two looks at a job that waits or runs."""
UNSEEN = 5.0
"""Seconds after which a job that was not looked at is on screen no more."""
KEPT = 8
"""Jobs that a visitor's page remembers; results of other visitors are kept by the queue."""


@st.cache_resource(show_spinner=False)
def queue() -> Queue:
    """The one queue of this server: trainings of all visitors, one after the other."""
    return Queue()


def panel(
    key: str,
    work: Callable[[], Iterator[tuple[float, T]]],
    draw: Callable[[T, bool], None],
    *,
    label: str,
    started: bool,
    on_start: Callable[[], None],
    cost: str = "",
) -> None:
    """Offer a work, then follow it: its progress, a stop button, and draw(the latest result, whether it is whole).

    `key` hashes everything that the result depends on. `started`: begin at once, as a link asks for it; `on_start` is called when the person starts
    it. `label` stands on the button, `cost` (such as "about 8 seconds") beside it. `draw` runs in a fragment until the job ends: its charts need
    keys of their own, and widgets that change settings belong outside of it, or appear only when the result is whole.
    """
    jobs = _jobs()
    if started and key not in jobs:
        _submit(key, work)
    job = jobs.get(key)

    def start() -> None:
        _submit(key, work)
        on_start()

    if job is None:
        with st.container():
            _offer(key, start, label, cost)
        return
    live = job.alive

    def follow() -> None:
        job.look()
        if live and not job.alive:
            st.rerun()  # the whole page, once: without the timer, and with what stands outside of this fragment
        with st.container():
            _say(job, start)
        with st.container():
            if job.result is not None:
                draw(job.result, job.state == "done")

    if live:
        st.fragment(follow, run_every=REFRESH)()
    else:
        with st.container():  # as a fragment makes one, so that charts stay where they are
            follow()


def _jobs() -> dict[str, Job[Any]]:
    """The visitor's jobs by key, the one begun last at the end."""
    jobs: dict[str, Job[Any]] = st.session_state.setdefault("jobs", {})
    return jobs


def _submit(key: str, work: Callable[[], Iterator[tuple[float, Any]]]) -> None:
    """Put a work into the queue; where there is no room, keep the sentence that says so."""
    jobs, context = _jobs(), get_script_run_ctx()
    owner = context.session_id if context else ""
    refused: dict[str, str] = st.session_state.setdefault("jobs_refused", {})
    refused.clear()
    alive = [job for job in jobs.values() if job.alive]
    unseen = [job for job in alive if queue().clock() - job.looked > UNSEEN]
    if len(alive) >= queue().per_owner and unseen:
        unseen[0].stop()  # the person could not: its settings are on screen no more
    try:
        job = queue().submit(owner, key, work)
    except Busy as busy:
        refused[key] = str(busy)
        return
    jobs.pop(key, None)
    jobs[key] = job
    for old in [k for k, job in jobs.items() if not job.alive][:-KEPT]:
        del jobs[old]


def _offer(key: str, start: Callable[[], None], label: str, cost: str) -> None:
    refused = st.session_state.get("jobs_refused", {}).get(key)
    if refused:
        st.warning(escape(refused), icon=":material/hourglass:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(label, key=f"{key}/start", icon=":material/play_arrow:", type="primary", on_click=start)
        others = f"At most {queue().per_owner} at a time for each visitor; others wait their turn."
        st.caption(f"{cost[:1].upper()}{cost[1:]}. {others}" if cost else others)


def _say(job: Job[Any], again: Callable[[], None]) -> None:
    """What has become of it: a bar and a button that stops it, or how it ended and a button that starts it again; nothing where it is done."""
    if job.state == "done":
        return
    if job.alive:
        ahead = job.place
        waits = f"Waiting: {ahead} {'is' if ahead == 1 else 'are'} ahead of you"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(job.share, text=waits if job.state == "waiting" else f"{100 * job.share:.0f} %")
            st.button("Stop", key=f"{job.key}/stop", icon=":material/stop:", on_click=job.stop)
        return
    if job.state == "failed":
        st.error(escape(job.problem), icon=":material/error:")
    else:
        shown = "what was done is shown" if job.result is not None else "there is nothing to show"
        st.info(f"{escape(job.problem)} Stopped after {100 * job.share:.0f} %: {shown}.".strip(), icon=":material/stop_circle:")
    st.button("Run again", key=f"{job.key}/again", icon=":material/replay:", on_click=again)
