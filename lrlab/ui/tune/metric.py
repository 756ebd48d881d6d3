"""The metric that a schedule is shown: sketched with sliders, or given as a file or as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import streamlit as st

from lrlab.document import MAX_BYTES, DocumentError, Experiment
from lrlab.readers import metrics
from lrlab.schedules import Schedule
from lrlab.schedules.params import Control, Described
from lrlab.schedules.spans import Path, dotted
from lrlab.ui import memory, state
from lrlab.ui.panel import Panel, Problem, controls
from lrlab.ui.panel.panel import Node
from lrlab.ui.widgets import accept, key_of, refuse, said

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


def nodes(panel: Panel[Experiment], schedule: Schedule, path: Path, calls: int) -> list[Node]:
    """Where the metric comes from, and the sliders of a sketched one."""
    here = (*path, FIELD)
    values = schedule.shown
    source, shape = _source(values)
    name = dotted(here)
    asked = panel.ask(f"{name}/source", lambda chosen: _choose(here, values, chosen, calls))
    first = controls.a_choice(asked, source, SOURCES, label="metric") | {"is": "choice"}  # too long for pills
    found = [first, *_count(panel, name, here, values, source, shape, calls)]
    if shape is not None:
        for field, label, about in SHAPE[source]:
            put = partial(_reshaped, here, source, shape, calls, field)
            value = getattr(shape, field)
            found.append(controls.a_number(panel, f"{name}/{field}", value, about, put, label=label))
    return found


def given() -> None:
    """Below the panel: where the values of a metric are given, a file or text that holds them."""
    trial = state.trial() if state.experiment().trials else None
    if trial is not None and trial.schedule.takes_metrics and _source(trial.schedule.shown)[0] == "given":
        here = ("trials", state.chosen(), "schedule", FIELD)
        left, right = st.columns(2)
        with left:
            _upload(here)
        with right:
            _paste(here)


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


def _choose(here: Path, values: Values, chosen: Any, calls: int) -> None:
    if chosen not in SOURCES:
        msg = "the metric comes from none of these"
        raise Problem(msg)
    st.session_state.giving = [values] if chosen == "given" else None
    if chosen == "none":
        state.set_value(here, None)
    elif chosen != "given":
        _keep(lambda: _sketched(here, chosen, SKETCHES[chosen], calls))


def _count(
    panel: Panel[Experiment],
    name: str,
    here: Path,
    values: Values,
    source: str,
    shape: metrics.Sketch | None,
    calls: int,
) -> list[Node]:
    """How many values there are, and for how many calls."""
    if values is None:
        return []
    count = len(values)
    if count == calls:
        return [controls.caption(f"{name}/count", f"{count:,} values, one a call of the scheduler")]
    said = f"{count:,} values for {calls:,} calls of the scheduler" + ": then the rate holds" * (count < calls)
    found = [controls.caption(f"{name}/count", said)]
    if shape is not None and count != min(calls, metrics.MOST_VALUES):

        def again() -> None:
            _keep(lambda: _sketched(here, source, shape, calls))

        found.append(controls.a_button(panel, f"{name}/again", again, "Sketch every call", icon="refresh"))
    return found


def _keep(make: Callable[[], Experiment]) -> None:
    try:
        state.put(make())
    except DocumentError as error:
        raise Problem(str(error)) from None


def _reshaped(here: Path, source: str, shape: metrics.Sketch, calls: int, field: str, value: Any) -> Experiment:
    values = state.value_at(here)
    now = _source(tuple(values))[1] if isinstance(values, list) else None  # it may have changed since it was drawn
    return _sketched(here, source, replace(now or shape, **{field: value}), calls)


def _sketched(here: Path, source: str, shape: metrics.Sketch, calls: int) -> Experiment:
    """The experiment with a sketched metric; the session remembers the sketch, but not that of the last preview."""
    values = metrics.sketch(shape, calls)
    remembered = _remembered()
    last = next(reversed(remembered), None)
    if last is not None and all(trial.schedule.shown != last for trial in state.experiment().trials):
        del remembered[last]
    remembered[values] = source, shape
    while len(remembered) > REMEMBERED:
        del remembered[next(iter(remembered))]
    return _with(here, values)


def _with(here: Path, values: tuple[Any, ...]) -> Experiment:
    """The experiment with these values, if that can still be read as a file."""
    new = state.changed(here, list(values))
    if len(new.dumps()) > MAX_BYTES:
        msg = "the document: would be larger than 1 MiB with this metric"
        raise DocumentError(msg)
    return new


def _write(key: str, here: Path, values: tuple[Any, ...]) -> None:
    try:
        state.put(_with(here, values))
        accept()
    except DocumentError as error:
        refuse(key, str(error))


class Shape(NamedTuple):
    """A number of a sketch: its field, its label, and how a page offers it."""

    name: str
    label: str
    about: Described


def _shapes(end: str, decay: str, most: float) -> list[Shape]:
    def one(
        name: str, label: str, low: float, high: float, step: float, help_: str = "", *, whole: bool = False
    ) -> Shape:
        control = Control("number", low=low, high=high, step=step, help=help_)
        return Shape(name, label, Described(control, integer=whole, low=low))

    return [
        one("start", "start", 0, most, 0.01),
        one("end", end, 0, most, 0.01),
        one("decay", decay, 0.01, 1, 0.01, "in this time the distance shrinks to a third (1/e)"),
        one("noise", "noise", 0, 0.5, 0.005, "of the distance between both ends"),
        one("plateaus", "plateaus", 0, 10, 1, "level stretches", whole=True),
        one("seed", "seed", 0, 100, 1, "of the noise", whole=True),
    ]


SHAPE = {
    "loss": _shapes("floor", "decay · share of the run", 10),
    "accuracy": _shapes("ceiling", "rise · share of the run", 1),
}


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
