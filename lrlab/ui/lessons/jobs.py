"""The panel of a job: a button that starts it, then its progress, and its result as it comes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lrlab.lessons.jobs import Busy, Job, Queue
from lrlab.settings import Trained
from lrlab.ui import memory
from lrlab.ui.lessons import frame
from lrlab.ui.widgets import escape

T = TypeVar("T")
Lane: TypeAlias = Literal["trainings", "sweeps"]

REFRESH = 0.5
"""Seconds between two looks at a job that waits or runs."""
UNSEEN = 5.0
"""A job that was not looked at for so many seconds is no longer on screen."""
LONG_TRAINING = 30.0
"""A link starts by itself only what takes at most so many seconds."""
MOST_SECONDS = 60.0
"""A training of more seconds than this is not offered, as the other visitors' trainings would have to wait for it.
Sweeps are limited by the size of their grid.
"""
JOBS_KEPT = 8
"""A visitor's page remembers so many jobs; the results of other visitors are kept by the queue."""


@st.cache_resource(show_spinner=False)
def queue(lane: Lane) -> Queue:  # noqa: ARG001 (the cache's key)
    """A queue of this server, in which the work of all visitors is done one after the other. Trainings have a queue of
    their own: they take seconds, and must not wait for a sweep.
    """
    return Queue()


def panel(
    settings: Trained,
    work: Callable[[], Iterator[tuple[float, T | None]]],
    draw: Callable[[T, bool], None],
    *,
    label: str,
    cost: str,
    seconds: float,
    lane: Lane = "trainings",
    more: bytes = b"",
) -> None:
    """Offer some work, then follow it: its progress, a stop button, and draw(the latest result, whether it is whole).

    The result depends on the settings and on what `more` holds, and on nothing else. `label` is on the button; `cost`
    (such as "15 networks") and the `seconds` that it takes are beside it. A link starts what is short, or done already,
    and offers the rest; a training beyond MOST_SECONDS is refused.

    `draw` runs in a fragment until the job ends. Its charts need keys of their own; widgets that change settings belong
    outside of it, or appear only when the result is whole.
    """
    key = f"{settings.work}{hashlib.sha256(more).hexdigest() if more else ''}"
    jobs = _jobs()
    here = queue(lane)
    if settings.ran and key not in jobs and (seconds <= LONG_TRAINING or here.serves(key)):
        _submit(lane, key, work)
    job = jobs.get(key)

    def start() -> None:
        _submit(lane, key, work)
        frame.put(frame.at_hand(type(settings)).replaced(ran=True))

    if job is None:
        with st.container():
            why_not = _too_long(cost, seconds) if lane == "trainings" else ""
            _offer(key, start, label, _terms(cost, seconds, here.per_owner, asked=settings.ran), why_not)
        return
    live = job.alive

    def stop() -> None:
        job.stop()
        frame.put(frame.at_hand(type(settings)).replaced(ran=False))  # or a link to this page would train to the end

    def follow() -> None:
        job.look()
        if live and not job.alive:
            st.rerun()  # the whole page, once: it has no timer then, and what is outside of this fragment is drawn too
        with st.container():
            _say(job, start, stop)
        with st.container():
            if job.result is not None:
                draw(job.result, job.state == "done")

    if live:
        st.fragment(follow, run_every=REFRESH)()
    else:
        with st.container():  # a fragment makes a container too, so that the charts keep their places
            follow()


def _jobs() -> dict[str, Job[Any]]:
    """The visitor's jobs by key, the one started last is at the end."""
    jobs: dict[str, Job[Any]] = memory.recall("jobs")
    return jobs


def _submit(lane: Lane, key: str, work: Callable[[], Iterator[tuple[float, Any]]]) -> None:
    """Put work into the queue; where there is no room, keep the sentence that says so."""
    jobs, context = _jobs(), get_script_run_ctx()
    owner = context.session_id if context else ""
    refused: dict[str, str] = memory.recall("jobs_refused")
    refused.clear()
    here = queue(lane)
    alive = [job for job in jobs.values() if job.alive and job.queue is here]
    unseen = [job for job in alive if here.clock() - job.looked > UNSEEN]
    if len(alive) >= here.per_owner and unseen:
        unseen[0].stop()  # the person cannot stop it: its settings are no longer on screen
    try:
        job = here.submit(owner, key, work)
    except Busy as busy:
        refused[key] = str(busy)
        return
    jobs.pop(key, None)
    jobs[key] = job
    for old in [k for k, job in jobs.items() if not job.alive][:-JOBS_KEPT]:
        del jobs[old]


def about(seconds: float) -> str:
    """A time in words."""
    if seconds < 1.5:  # noqa: PLR2004
        return "about a second"
    if seconds < 90:  # noqa: PLR2004
        return f"about {round(seconds) if seconds < 20 else round(seconds, -1):.0f} seconds"  # noqa: PLR2004
    return f"about {seconds / 60:.0f} minutes"


def _terms(cost: str, seconds: float, most: int, *, asked: bool) -> str:
    """How long some work takes, and by which rule it waits; `asked`: whether a link wanted it started."""
    time = about(seconds)
    link = f"This link asks for a training of {time}: start it. " if asked and seconds > LONG_TRAINING else ""
    return (
        f"{link}{cost[:1].upper()}{cost[1:]}, {time}. At most {most} at a time for each visitor; others wait "
        "their turn."
    )


def _too_long(cost: str, seconds: float) -> str:
    """Why a training may not be started, with the numbers; empty where it may."""
    if seconds <= MOST_SECONDS:
        return ""
    most = f"{MOST_SECONDS:.0f} is the most, because others wait for it"
    return (
        f"{cost[:1].upper()}{cost[1:]}, about {math.ceil(seconds):,} seconds of work, and {most}. Fewer "
        "networks or steps take less."
    )


def _offer(key: str, start: Callable[[], None], label: str, terms: str, why_not: str) -> None:
    """A button that starts it, with what it takes; or why it may not be started, or could not when this was tried."""
    refused = why_not or memory.recall("jobs_refused").get(key)
    if refused:
        st.warning(escape(refused), icon=":material/hourglass:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            label,
            key=f"{key}/start",
            icon=":material/play_arrow:",
            type="primary",
            on_click=start,
            disabled=bool(why_not),
        )
        if not why_not:
            st.caption(terms)


def _say(job: Job[Any], again: Callable[[], None], stop: Callable[[], None]) -> None:
    """How it is going: a bar and a button that stops it, or how it ended and a button that starts it again; nothing
    where it is done.
    """
    if job.state == "done":
        return
    if job.alive:
        ahead = job.place
        waits = f"Waiting: {ahead} {'is' if ahead == 1 else 'are'} ahead of you"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(job.share, text=waits if job.state == "waiting" else f"{100 * job.share:.0f} %")
            st.button("Stop", key=f"{job.key}/stop", icon=":material/stop:", on_click=stop)
        return
    if job.state == "failed":
        st.error(escape(job.problem), icon=":material/error:")
    else:
        shown = "what was done is shown" if job.result is not None else "there is nothing to show"
        st.info(
            f"{escape(job.problem)} Stopped after {100 * job.share:.0f} %: {shown}.".strip(),
            icon=":material/stop_circle:",
        )
    st.button("Run again", key=f"{job.key}/again", icon=":material/replay:", on_click=again)
