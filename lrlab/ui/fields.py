"""Sliders and exact fields, made from a schedule's annotated fields and nowhere by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from lrlab.experiment import Trial
from lrlab.schedules import params
from lrlab.schedules.base import is_horizon
from lrlab.ui import state
from lrlab.ui.widgets import Path, commit, escape, key_of, offer, said

if TYPE_CHECKING:
    from lrlab.schedules import Schedule

COLUMNS = 4
FIELD = 118  # pixels of an exact field beside its slider
EPOCH_STOPS = 20  # a slider of ticks goes by epochs where it has at least as many of them
RATES = (0.0, *(float(f"{m}e{e}") for e in range(-8, 1) for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)), 10.0)
"""The stops of a rate's slider: zero, then twelve to a decade from 1e-8 to 10."""


Cell = Callable[[], None]


def show(trial: Trial, path: Path, ticks: int) -> None:
    """Every argument of the trial, base rate first: four beside each other, or a column for each schedule that is in another."""
    bound = trial.bound(state.experiment().run)[0]
    sections = _sections(trial.schedule, bound, (*path, "schedule"), ticks)
    own = sections[0][1]
    if not trial.schedule.own_rate:
        own.insert(0, lambda: _base_rate(trial.base_lr, (*path, "base_lr")))
    if len(sections) == 1:
        _rows([[cell] for cell in own], COLUMNS)
    else:
        titled: list[list[Cell]] = [[partial(_title, title), *cells] for title, cells in sections]
        _rows(titled, min(len(titled), COLUMNS))


def _title(text: str) -> None:
    st.caption(escape(text))


def _sections(schedule: Schedule, bound: Schedule, path: Path, ticks: int, number: str = "") -> list[tuple[str, list[Cell]]]:
    """The schedule's own cells under its name, then those of every schedule in it; `bound` tells what a null horizon comes to."""
    own: list[Cell] = []
    inner: list[tuple[str, list[Cell]]] = []
    for name, field in type(schedule).model_fields.items():
        about = params.describe(field.annotation, field.metadata)
        here = (*path, name)
        value, shown = getattr(schedule, name), getattr(bound, name)
        if about.nested:
            for i, (child, its) in enumerate(zip(value, shown, strict=True)):
                inner += _sections(child, its, (*here, i), ticks, f"{number}{i + 1}.")
        else:
            own += _cells(name, here, value, shown, about, ticks, horizon=is_horizon(field), fixed=bool(inner))
    return [(f"{number} {schedule.native}".strip(), own), *inner]


def _rows(columns: list[list[Cell]], across: int) -> None:
    for row in range(0, len(columns), across):
        for column, cells in zip(st.columns(across), columns[row : row + across], strict=False):
            with column:
                for cell in cells:
                    cell()


def _base_rate(rates: float | tuple[float, ...], path: Path) -> None:
    """The trial's base rate; a list of them as text."""
    field = Trial.model_fields["base_lr"]
    about = params.describe(field.annotation, field.metadata)
    if isinstance(rates, tuple):
        _list_field("base_lr", path, rates, float)
    else:
        _number("base_lr", path, rates, about, 1)


def _cells(name: str, path: Path, value: Any, shown: Any, about: params.Described, ticks: int, *, horizon: bool, fixed: bool) -> list[Cell]:
    if about.choices:
        return [lambda: _choice(name, path, value, about.choices)]
    if isinstance(value, bool):
        return [lambda: _switch(name, path, value=value)]
    control = about.control
    if control is not None and control.unit == "expression":
        return [lambda: _expression(name, path, value, about)]
    if isinstance(value, tuple):
        whole: Cell = partial(_list_field, name, path, value, int if about.many else float)
        single: list[Cell] = [partial(_number, f"{name}[{i}]", (*path, i), v, about, ticks) for i, v in enumerate(value)]
        if not about.many or len(value) > COLUMNS:
            return [whole]
        return single if fixed else [whole, *single]
    return [lambda: _number(name, path, value, about, ticks, shown=shown, horizon=horizon)]


def _choice(name: str, path: Path, value: str, choices: tuple[str, ...]) -> None:
    key = key_of(path, "choice")
    offer(key, value)
    st.selectbox(name, choices, key=key, on_change=lambda: commit(key, path, st.session_state[key]))


def _switch(name: str, path: Path, *, value: bool) -> None:
    key = key_of(path, "switch")
    offer(key, value)
    st.toggle(name, key=key, on_change=lambda: commit(key, path, st.session_state[key]))


def _expression(name: str, path: Path, value: str | tuple[str, ...] | None, about: params.Described) -> None:
    key = key_of(path, "text")
    groups = isinstance(value, tuple)
    offer(key, "; ".join(value) if isinstance(value, tuple) else value or "")
    help_ = about.control.help if about.control else ""

    def changed() -> None:
        text: str = st.session_state[key]
        empty: Any = None if about.optional and not text.strip() else text
        commit(key, path, [part.strip() for part in text.split(";")] if groups and empty is not None else empty)

    st.text_input(name, key=key, help=help_ + ("; one per group, with semicolons" if groups else ""), on_change=changed)
    said(key)


def _list_field(name: str, path: Path, values: tuple[float, ...], item: type[int | float]) -> None:
    key = key_of(path, "list")
    offer(key, ", ".join(f"{v:g}" if item is float else str(v) for v in values))

    def changed() -> None:
        parts = [part for part in st.session_state[key].strip("[]() ").replace(";", ",").split(",") if part.strip()]
        commit(key, path, [_read(part.strip(), item) for part in parts])

    st.text_input(name, key=key, help="numbers with commas between them", on_change=changed)
    said(key)


def _read(text: str, item: type[int | float]) -> Any:
    """The number, or the text itself, which the document then refuses with its place."""
    try:
        return item(text.replace("_", ""))
    except ValueError:
        return text


def _number(name: str, path: Path, value: Any, about: params.Described, ticks: int, *, shown: Any = None, horizon: bool = False) -> None:
    """A slider and an exact field for one number; a horizon has a switch that lets it follow the run."""
    unit = about.control.unit if about.control else ""
    label = f"{name} · {unit}" if unit in ("ticks", "epochs") and unit != name else name
    number = shown if value is None else value
    if value is None and not horizon:
        number = _start(about, ticks)
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="small"):
        _slider(label, path, number, about, ticks, disabled=value is None)
        _field(label, path, number, about, disabled=value is None)
    if about.optional:
        _null(path, value, number, "follow the run" if horizon else "not set")
    said(key_of(path, "number"))


def _start(about: params.Described, ticks: int) -> float:
    """What a field that is not set offers: a share of the run, or the run's steps per epoch."""
    control = about.control
    share = control.start if control and isinstance(control.start, (int, float)) else 1
    whole = _units(control.unit, ticks) if control else 1
    return max(round(share * whole), 1) if control and control.unit in ("ticks", "epochs", "updates") else share


def _null(path: Path, value: Any, number: Any, label: str) -> None:
    key = key_of(path, "null")
    offer(key, value is None)
    st.checkbox(label, key=key, on_change=lambda: commit(key, path, None if st.session_state[key] else number))


def _whole(value: Any, about: params.Described) -> bool:
    return about.integer or (isinstance(value, int) and about.control is not None and about.control.unit in ("ticks", "epochs", "updates"))


def _slider(label: str, path: Path, number: Any, about: params.Described, ticks: int, *, disabled: bool) -> None:
    key = key_of(path, "slider")
    control = about.control or params.Control("number", high=1.0)

    def changed() -> None:
        value = st.session_state[key]
        value = int(value) if _whole(number, about) else float(value)
        commit(key, path, max(value, 1) if value == 0 and about.positive and _whole(number, about) else value)

    if control.unit == "rate":
        offer(key, RATES[int(np.argmin(np.abs(np.log10(np.array(RATES[1:]) / number)))) + 1] if number > 0 else 0.0)
        st.select_slider(label, RATES, key=key, format_func=lambda v: f"{v:g}", disabled=disabled, on_change=changed)
        return
    low, high, step = _range(number, about, ticks)
    offer(key, type(low)(number))
    if st.session_state.get(f"{key}/range") != (low, high, step):  # Streamlit makes another slider of it, which would begin at its low end
        st.session_state[f"{key}/range"], st.session_state[key] = (low, high, step), type(low)(number)
    st.slider(label, low, high, step=step, key=key, disabled=disabled, on_change=changed)


def _range(number: Any, about: params.Described, ticks: int) -> tuple[Any, Any, Any]:
    """The slider's softer range, which always reaches the value; for ticks as long as the run, in epochs where that is fine enough."""
    control = about.control or params.Control("number", high=1.0)
    if control.unit in ("ticks", "epochs", "updates") and _whole(number, about):
        high = int(control.high or _units(control.unit, ticks))
        updates = state.experiment().run.updates
        fine = control.unit == "ticks" and high >= EPOCH_STOPS * updates
        step = updates if fine and ticks == state.experiment().run.steps else max(high // 200, 1)
        return min(0, int(number)), max(high, int(number), 1), step
    if about.integer:
        return min(int(control.low), int(number)), max(int(control.high or int(number) + 10), int(number)), 1
    least, most = float(control.low), float(control.high or _units(control.unit, ticks))
    return min(least, float(number)), max(most, float(number)), (most - least) / 200


def _units(unit: str, ticks: int) -> int:
    run = state.experiment().run
    return {"ticks": ticks, "epochs": max(run.steps // run.updates, 1), "updates": run.updates}.get(unit, 1)


def _field(label: str, path: Path, number: Any, about: params.Described, *, disabled: bool) -> None:
    key = key_of(path, "number")
    whole = _whole(number, about)
    offer(key, int(number) if whole else float(number))

    def changed() -> None:
        value = st.session_state[key]
        if value is not None:
            commit(key, path, value)

    step: float = 1 if whole else float(10.0 ** np.floor(np.log10(number)) / 10) if number > 0 else 0.01
    st.number_input(
        f"{label}, exact",
        key=key,
        step=step,
        format="%d" if whole else "%.8g",
        label_visibility="collapsed",
        disabled=disabled,
        width=FIELD,
        on_change=changed,
    )
