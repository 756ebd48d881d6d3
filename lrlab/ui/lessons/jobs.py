"""The panel of a job: a button that starts it, then its progress, and its result as it comes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from lrlab.lessons.jobs import Busy, Job, Queue
from lrlab.lessons.settings import Trained
from lrlab.ui import memory
from lrlab.ui.lessons import frame
from lrlab.ui.widgets import escape

T = TypeVar("T")
Lane: TypeAlias = Literal["trainings", "sweeps"]

REFRESH = 0.5
"""Seconds between two looks at a job that waits or runs."""
UNSEEN = 5.0
"""Seconds after which a job that was not looked at is on screen no more."""
LONG_TRAINING = 30.0
"""Seconds beyond which a link does not start a work by itself."""
MOST_SECONDS = 60.0
"""Seconds of a training beyond which it is not offered: the other visitors' trainings wait for it. What may be swept is
bounded by its grid.
"""
JOBS_KEPT = 8
"""Jobs that a visitor's page remembers; results of other visitors are kept by the queue."""


@st.cache_resource(show_spinner=False)
def queue(lane: Lane) -> Queue:  # noqa: ARG001 (the cache's key)
    """A queue of this server, in which the works of all visitors run one after the other: trainings take seconds, and
    wait for no sweep.
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
    """Offer a work, then follow it: its progress, a stop button, and draw(the latest result, whether it is whole).

    The result hangs on the settings, and on what `more` holds, and nothing else. `label` stands on the button; `cost`
    (such as "15 networks") and the `seconds` that it takes stand beside it. A link starts what is short, or done
    already, and offers the rest; a training beyond MOST_SECONDS is refused. `draw` runs in a fragment until the job ends: its
    charts need keys of their own, and widgets that change settings belong outside of it, or appear only when the result
    is whole.
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
        frame.put(frame.at_hand(type(settings)).replaced(ran=False))  # a link to it would train to the end

    def follow() -> None:
        job.look()
        if live and not job.alive:
            st.rerun()  # the whole page, once: without the timer, and with what stands outside of this fragment
        with st.container():
            _say(job, start, stop)
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
    jobs: dict[str, Job[Any]] = memory.recall("jobs")
    return jobs


def _submit(lane: Lane, key: str, work: Callable[[], Iterator[tuple[float, Any]]]) -> None:
    """Put a work into the queue; where there is no room, keep the sentence that says so."""
    jobs, context = _jobs(), get_script_run_ctx()
    owner = context.session_id if context else ""
    refused: dict[str, str] = memory.recall("jobs_refused")
    refused.clear()
    here = queue(lane)
    alive = [job for job in jobs.values() if job.alive and job.queue is here]
    unseen = [job for job in alive if here.clock() - job.looked > UNSEEN]
    if len(alive) >= here.per_owner and unseen:
        unseen[0].stop()  # the person could not: its settings are on screen no more
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
    """A time as people say it."""
    if seconds < 1.5:  # noqa: PLR2004
        return "about a second"
    if seconds < 90:  # noqa: PLR2004
        return f"about {round(seconds) if seconds < 20 else round(seconds, -1):.0f} seconds"  # noqa: PLR2004
    return f"about {seconds / 60:.0f} minutes"


def _terms(cost: str, seconds: float, most: int, *, asked: bool) -> str:
    """What a work takes, and by what rule it waits; `asked`: a link wanted it started."""
    time = about(seconds)
    link = f"This link asks for a training of {time}: start it. " if asked and seconds > LONG_TRAINING else ""
    return (
        f"{link}{cost[:1].upper()}{cost[1:]}, {time}. At most {most} at a time for each visitor; others wait "
        "their turn."
    )


def _too_long(cost: str, seconds: float) -> str:
    """Why a training may not be started, with its arithmetic; nothing where it may."""
    if seconds <= MOST_SECONDS:
        return ""
    most = f"{MOST_SECONDS:.0f} is the most, because others wait for it"
    return (
        f"{cost[:1].upper()}{cost[1:]}, about {math.ceil(seconds):,} seconds of work, and {most}. Fewer "
        "networks or steps take less."
    )


def _offer(key: str, start: Callable[[], None], label: str, terms: str, why_not: str) -> None:
    """A button that starts it, and on what terms; why it may not be started, or could not where that was tried."""
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
    """What has become of it: a bar and a button that stops it, or how it ended and a button that starts it again;
    nothing where it is done.
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
