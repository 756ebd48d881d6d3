"""The metric that a schedule is shown: sketched with sliders, or given as a file or as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from lrlab.document import MAX_BYTES, DocumentError
from lrlab.readers import metrics
from lrlab.schedules import Schedule
from lrlab.schedules.spans import Path
from lrlab.ui import memory, state
from lrlab.ui.widgets import accept, commit, key_of, offer, refuse, said

FIELD = "metrics"
REMEMBERED = 8  # sketches whose sliders a session finds again
SOURCES = {
    "none": "none: the rate holds",
    "loss": "a sketched loss",
    "accuracy": "a sketched accuracy",
    "given": "given values",
}
SKETCHES = {"loss": metrics.LOSS, "accuracy": metrics.ACCURACY}

Values = tuple[Any, ...] | None


def cells(schedule: Schedule, path: Path, calls: int) -> list[Callable[[], None]]:
    """Where the metric comes from, and what that needs."""
    here = (*path, FIELD)
    values = schedule.shown
    source, shape = _source(values)
    first = partial(_choose, here, values, source, shape, calls)
    if source == "given":
        return [first, partial(_upload, here), partial(_paste, here)]
    if shape is None:
        return [first]
    slider = partial(_slider, here, source, shape, calls)
    most = 1.0 if source == "accuracy" else 10.0
    return [
        first,
        partial(slider, "start", 0.0, max(most, shape.start), 0.01),
        partial(slider, "end", 0.0, max(most, shape.end), 0.01),
        partial(slider, "decay", 0.01, 1.0, 0.01),
        partial(slider, "noise", 0.0, 0.5, 0.005),
        partial(slider, "plateaus", 0, 10, 1),
        partial(slider, "seed", 0, 100, 1),
    ]


def _source(values: Values) -> tuple[str, metrics.Sketch | None]:
    """What the values are, and the sketch that they came from.

    There is a sketch where this session made one, or where they are the usual one.
    """
    if memory.recall("giving") == [values]:
        return "given", None
    if values is None:
        return "none", None
    for source, shape in SKETCHES.items():
        if metrics.sketch(shape, len(values)) == values:
            return source, shape
    found: tuple[str, metrics.Sketch | None] = _remembered().get(values, ("given", None))
    return found


def _remembered() -> dict[tuple[Any, ...], tuple[str, metrics.Sketch | None]]:
    found: dict[tuple[Any, ...], tuple[str, metrics.Sketch | None]] = memory.recall("sketches")
    return found


def _choose(here: Path, values: Values, source: str, shape: metrics.Sketch | None, calls: int) -> None:
    key = key_of(here, "source")
    offer(key, source)

    def changed() -> None:
        chosen = st.session_state[key]
        st.session_state.giving = [values] if chosen == "given" else None
        if chosen == "none":
            commit(key, here, None)
        elif chosen != "given":
            _sketch(key, here, chosen, SKETCHES[chosen], calls)

    st.selectbox("metric", list(SOURCES), key=key, format_func=SOURCES.__getitem__, on_change=changed)
    if values is not None:
        _count(here, len(values), source, shape, calls)
    said(key)


def _count(here: Path, count: int, source: str, shape: metrics.Sketch | None, calls: int) -> None:
    """How many values there are, and for how many calls."""
    if count == calls:
        st.caption(f"{count:,} values, one a call of the scheduler")
        return
    st.caption(f"{count:,} values for {calls:,} calls of the scheduler" + ": then the rate holds" * (count < calls))
    if shape is not None and count != min(calls, metrics.MOST_VALUES):
        key = key_of(here, "again")
        st.button(
            "Sketch every call",
            key=key,
            type="tertiary",
            icon=":material/refresh:",
            on_click=_sketch,
            args=(key, here, source, shape, calls),
        )


def _sketch(key: str, here: Path, source: str, shape: metrics.Sketch, calls: int) -> None:
    values = metrics.sketch(shape, calls)
    remembered = _remembered()
    remembered[values] = source, shape
    while len(remembered) > REMEMBERED:
        del remembered[next(iter(remembered))]
    _write(key, here, values)


def _write(key: str, here: Path, values: tuple[Any, ...]) -> None:
    """Put the values into the document, if that can still be read as a file."""
    before = state.experiment()
    commit(key, here, list(values))
    if len(state.experiment().dumps()) > MAX_BYTES:
        state.put(before)
        refuse(key, "the document: would be larger than 1 MiB with this metric")


_LABELS = {
    "loss": {"end": "floor", "decay": "decay · share of the run"},
    "accuracy": {"end": "ceiling", "decay": "rise · share of the run"},
}
_HELP = {
    "decay": "in this time the distance shrinks to a third (1/e)",
    "noise": "of the distance between both ends",
    "plateaus": "level stretches",
    "seed": "of the noise",
}


def _slider(
    here: Path, source: str, shape: metrics.Sketch, calls: int, name: str, low: float, high: float, step: float
) -> None:
    key = key_of(here, f"{source}.{name}")
    offer(key, getattr(shape, name))
    st.slider(
        _LABELS[source].get(name, name), low, high, step=step, key=key,
        format="%d" if isinstance(low, int) else "%.4g", help=_HELP.get(name),
        on_change=lambda: _sketch(key, here, source, replace(shape, **{name: st.session_state[key]}), calls),
    )  # fmt: skip
    said(key)


def _upload(here: Path) -> None:
    key = key_of(here, "file")

    def changed() -> None:
        file = st.session_state[key]
        if file is not None:
            _take(key, here, file.read(MAX_BYTES + 1))

    st.file_uploader("A CSV or text file", key=key, max_upload_size=1, on_change=changed)
    said(key)
    _column(here)


def _paste(here: Path) -> None:
    key = key_of(here, "pasted")
    st.text_area(
        "Or paste a column", key=key, height=104, placeholder="one number a line, or commas between them; nan is NaN"
    )
    st.button("Use it", key=key_of(here, "use"), on_click=lambda: _take(key, here, st.session_state[key]))
    said(key)


def _take(key: str, here: Path, text: str | bytes) -> None:
    """Use the only column at once; of several, ask."""
    st.session_state.table = None
    try:
        names = metrics.columns(text)
        if len(names) > 1:
            st.session_state.table = [here, names, text]
            accept()
        else:
            _given(key, here, metrics.parse(text))
    except DocumentError as error:
        refuse(key, str(error))


def _given(key: str, here: Path, values: tuple[Any, ...]) -> None:
    st.session_state.giving = None
    _remembered()[values] = "given", None
    _write(key, here, values)


def _column(here: Path) -> None:
    """Which column of a table it is."""
    table = memory.recall("table")
    if table is None or table[0] != here:
        return
    _, names, text = table
    key = key_of(here, "column")

    def use() -> None:
        try:
            _given(key, here, metrics.parse(text, st.session_state[key]))
        except DocumentError as error:
            refuse(key, str(error))
        else:
            st.session_state.table = None

    st.selectbox("Which column?", range(len(names)), key=key, format_func=lambda i: names[i][:80])
    st.button("Use this column", key=key_of(here, "use_column"), on_click=use)
    said(key)
