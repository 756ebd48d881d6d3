"""The sliders and exact fields of a schedule's arguments, all made from the annotated types of its fields."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from lrlab.document import Trial
from lrlab.document.duration import MOST_TYPED, duration
from lrlab.schedules import Schedule, params
from lrlab.schedules.base import described, is_horizon
from lrlab.schedules.spans import Path
from lrlab.ui import nesting, state
from lrlab.ui.tune import metric
from lrlab.ui.widgets import FIELD_WIDTH, accept, commit, counted, escape, exact, key_of, offer, refuse, said, slider

COLUMNS = 4
TALL = 4  # so many arguments of one schedule stand in a column, as long as there is room for more columns
WRITTEN_OUT = 1e16  # whole numbers below this are written with all digits

Cell = Callable[[], None]
Put = Callable[[str, Any], None]
"""A function that takes the key of a widget and what the person chose in it, and puts that into the document."""


def show(trial: Trial, path: Path, ticks: int) -> None:
    """Every argument of the trial, base rate first: four beside each other, or, where it holds other schedules, a
    column for each schedule.
    """
    bound = trial.bound(state.experiment().run)[0]
    own, *inner = _sections(trial.schedule, bound, (*path, "schedule"), ticks)
    if not trial.schedule.own_rate:
        own.insert(0, lambda: _base_rate(trial.base_lr, (*path, "base_lr")))
    shown = metric.cells(trial.schedule, (*path, "schedule"), ticks) if trial.schedule.takes_metrics else []
    if inner:
        columns = _spread([[partial(_say, escape(trial.schedule.native)), *own], *inner])
        rows(columns, min(len(columns), COLUMNS))
        rows([[cell] for cell in shown], COLUMNS)
    else:
        rows([[cell] for cell in (*own, *shown)], COLUMNS)


def _sections(schedule: Schedule, bound: Schedule, path: Path, ticks: int, number: str = "") -> list[list[Cell]]:
    """The schedule's own cells, then those of every schedule in it under its name; `bound` says how long a horizon is
    that is null.
    """
    own: list[Cell] = []
    feet: list[Cell] = []
    inner: list[list[Cell]] = []
    slots = nesting.slots(schedule, path, bound.ticks_left)
    joints = {slot.joints: slot for slot in slots.values()}
    for name, field in type(schedule).model_fields.items():
        about = described(type(schedule))[name]
        value, shown = getattr(schedule, name), getattr(bound, name)
        if name in slots:
            inner += _nested(slots[name], value, shown, ticks, number)
            feet.append(partial(nesting.foot, slots[name], value, about))
            if isinstance(value, (int, float)):
                own.append(partial(_number, name, (*path, name), value, about, ticks))
        elif name in joints and nesting.durations():
            own += _lengths(joints[name], value, about, ticks)
        elif name != metric.FIELD:
            own += _cells(
                name, (*path, name), value, shown, about, ticks, horizon=is_horizon(field), fixed=name in joints
            )
    return [[*own, *feet], *inner]


def _nested(slot: nesting.Slot, value: Any, shown: Any, ticks: int, number: str) -> list[list[Cell]]:
    """The sections of the schedules in one argument."""
    found: list[list[Cell]] = []
    children = (
        [(i, *both) for i, both in enumerate(zip(value, shown, strict=True))]
        if isinstance(value, tuple)
        else [(None, value, shown)]
    )
    for index, child, its in children:
        if isinstance(child, Schedule):
            place = f"{number}{(index or 0) + 1}."
            own, *inner = _sections(child, its, slot.path if index is None else (*slot.path, index), ticks, place)
            name = slot.name if slot.alike else child.native
            found += [[partial(nesting.head, slot, index, len(children), f"{place} {name}"), *own], *inner]
    return found


def _lengths(slot: nesting.Slot, joints: tuple[int, ...], about: params.Described, ticks: int) -> list[Cell]:
    """Fields for how long each part lasts, instead of fields for where the next one begins."""
    *parts, rest = nesting.lengths(list(joints), slot.span)
    path = (*slot.owner, slot.joints or "", "length")
    cells: list[Cell] = [
        partial(_number, f"{i + 1}. lasts", (*path, i), length, about, ticks, put=partial(nesting.set_length, slot, i))
        for i, length in enumerate(parts)
    ]
    if len(parts) > COLUMNS:
        cells = [partial(_list_field, "lengths", path, tuple(parts), _ticks, put=partial(nesting.set_lengths, slot))]
    return [*cells, partial(_say, f"{len(parts) + 1}\\. has the {rest:,} ticks that are left")]


def _say(text: str) -> None:
    st.caption(text)


def _spread(sections: list[list[Cell]]) -> list[list[Cell]]:
    """A column for each section. Where there is room, tall sections get more than one."""
    across = [1] * len(sections)
    while True:
        heights = [max(math.ceil((len(section) - 1) / n), 1) for section, n in zip(sections, across, strict=True)]
        if sum(across) >= COLUMNS or max(heights) <= TALL:
            break
        across[heights.index(max(heights))] += 1
    columns: list[list[Cell]] = []
    for (head, *cells), height in zip(sections, heights, strict=True):
        pieces = [cells[i : i + height] for i in range(0, len(cells), height)] or [[]]
        columns += [[partial(_say, "&nbsp;") if i else head, *piece] for i, piece in enumerate(pieces)]
    return columns


def rows(columns: list[list[Cell]], across: int) -> None:
    """Columns of cells, with `across` columns beside each other."""
    for row in range(0, len(columns), across):
        for column, cells in zip(st.columns(across), columns[row : row + across], strict=False):
            with column:
                for cell in cells:
                    cell()


def _base_rate(rates: float | tuple[float, ...], path: Path) -> None:
    """The trial's base rate; several of them as text."""
    field = Trial.model_fields["base_lr"]
    about = params.describe(field.annotation, field.metadata)
    if isinstance(rates, tuple):
        _list_field("base_lr", path, rates, float)
    else:
        _number("base_lr", path, rates, about, 1)


def _cells(
    name: str, path: Path, value: Any, shown: Any, about: params.Described, ticks: int, *, horizon: bool, fixed: bool
) -> list[Cell]:
    if about.choices:
        return [lambda: _choice(name, path, value, about.choices)]
    if isinstance(value, bool):
        return [lambda: _switch(name, path, value=value)]
    unit = about.control.unit if about.control else ""
    if unit == "expression":
        return [lambda: _expression(name, path, value, about)]
    if unit == "pairs":
        return [lambda: _pairs(name, path, value, about)]
    if unit == "text":
        return [lambda: _text(name, path, value, about)]
    if isinstance(value, tuple):
        whole: Cell = partial(
            _list_field, name, path, value, _ticks if unit == "ticks" else int if about.integer else float
        )
        single: list[Cell] = [
            partial(_number, f"{name}[{i}]", (*path, i), v, about, ticks) for i, v in enumerate(value)
        ]
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
    help_ = about.offered.help

    def changed() -> None:
        text: str = st.session_state[key]
        empty: Any = None if about.optional and not text.strip() else text
        commit(key, path, [part.strip() for part in text.split(";")] if groups and empty is not None else empty)

    st.text_input(name, key=key, help=help_ + ("; one per group, with semicolons" if groups else ""), on_change=changed)
    said(key)


def _duration(label: str, key: str, ticks: float, put: Put, *, disabled: bool) -> None:
    """An exact field for a duration: ticks, or text such as 5ep or 10%."""
    offer(key, _plain(ticks))

    def changed() -> None:
        text: str = st.session_state[key]
        if not text.strip():  # an emptied field shows its old value again
            accept()
            return
        try:
            put(key, _ticks(text))
        except ValueError as error:
            refuse(key, f"{label.split(' · ', maxsplit=1)[0]}: {error}")

    st.text_input(
        f"{label}, exact",
        key=key,
        label_visibility="collapsed",
        disabled=disabled,
        width=FIELD_WIDTH,
        max_chars=MOST_TYPED,
        on_change=changed,
    )


def _plain(ticks: float) -> str:
    """A number as it is written in a field."""
    return str(int(ticks)) if float(ticks).is_integer() and abs(ticks) < WRITTEN_OUT else repr(float(ticks))


def _ticks(text: str) -> int | float:
    return duration(text, state.experiment().run, state.trial().clock)


def _text(name: str, path: Path, value: str | None, about: params.Described) -> None:
    key = key_of(path, "text")
    offer(key, value or "")

    def changed() -> None:
        text: str = st.session_state[key]
        commit(key, path, None if about.optional and not text.strip() else text)

    st.text_input(name, key=key, help=about.offered.help, on_change=changed)
    said(key)


def _pairs(name: str, path: Path, pairs: tuple[tuple[int, float], ...] | None, about: params.Described) -> None:
    """Ticks with a number each, written like a dictionary."""
    key = key_of(path, "pairs")
    offer(key, ", ".join(f"{tick}: {number}" for tick, number in pairs or ()))

    def changed() -> None:
        parts = [
            part.strip() for part in st.session_state[key].strip("{} ").replace(";", ",").split(",") if part.strip()
        ]
        read = [
            (tick.strip("\"' "), _read(number.strip(), float))
            for tick, _, number in (part.partition(":") for part in parts)
        ]
        twice = [tick for i, (tick, _) in enumerate(read) if tick in dict(read[:i])]
        if twice:
            refuse(key, f"{name}: {twice[0]} stands twice")
        else:
            commit(key, path, dict(read) if read or not about.optional else None)

    st.text_input(name, key=key, help=about.offered.help, on_change=changed)
    said(key)


def _list_field(
    name: str, path: Path, values: tuple[float, ...], item: Callable[[str], Any], put: Put | None = None
) -> None:
    key = key_of(path, "list")
    offer(key, ", ".join(map(str, values)))

    def changed() -> None:
        parts = [part for part in st.session_state[key].strip("[]() ").replace(";", ",").split(",") if part.strip()]
        read = [_read(part.strip(), item) for part in parts]
        put(key, read) if put else commit(key, path, read)

    help_ = "numbers with commas between them" + ("; 5ep and 10% are reckoned in ticks" if item is _ticks else "")
    st.text_input(name, key=key, help=help_, on_change=changed)
    said(key)


def _read(text: str, item: Callable[[str], Any]) -> Any:
    """The number; where it is none, the text itself, which the document refuses and says where."""
    try:
        return item(text.replace("_", ""))
    except ValueError:
        return text


def _number(
    name: str,
    path: Path,
    value: Any,
    about: params.Described,
    ticks: int,
    *,
    shown: Any = None,
    horizon: bool = False,
    put: Put | None = None,
) -> None:
    """A slider and an exact field for one number; with a box to tick where the argument may be null."""
    put = put or (lambda key, new: commit(key, path, new))
    label = about.label(name)
    number = shown if value is None and horizon else value
    if number is None:
        number = _start(about, ticks)
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", gap="small"):
        _slider(label, path, number, about, ticks, put, disabled=value is None)
        _field(label, path, number, about, put, disabled=value is None)
    if about.optional:
        _null(path, value, number, "follow the run" if horizon else "not set")
    said(key_of(path, "number"))


def _start(about: params.Described, ticks: int) -> float:
    """The number that a field offers which is not set: a share of the run, or the run's steps per epoch."""
    share = about.offered.start
    share = share if isinstance(share, (int, float)) else 1
    lasts = _lasts(about, ticks)
    return share if lasts is None else max(round(share * lasts), 1)


def _lasts(about: params.Described, ticks: int) -> int | None:
    """How long the run is in the field's unit; None where the unit does not count it."""
    run = state.experiment().run
    found = {"ticks": ticks, "epochs": max(run.steps // run.updates, 1), "updates": run.updates}
    return found.get(about.offered.unit)


def _null(path: Path, value: Any, number: Any, label: str) -> None:
    key = key_of(path, "null")
    offer(key, value is None)
    st.checkbox(label, key=key, on_change=lambda: commit(key, path, None if st.session_state[key] else number))


def _slider(
    label: str, path: Path, number: Any, about: params.Described, ticks: int, put: Put, *, disabled: bool
) -> None:
    key = key_of(path, "slider")
    whole = about.whole(number)

    def changed() -> None:
        value = st.session_state[key]
        value = int(value) if whole else float(value)
        put(key, max(value, 1) if value == 0 and about.positive and whole else value)

    run = state.experiment().run
    epoch = run.updates if ticks == run.steps else None
    offered = about.stops() or about.slider(number, _lasts(about, ticks), epoch)
    slider(label, key, number, offered, changed, disabled=disabled)


def _field(label: str, path: Path, number: Any, about: params.Described, put: Put, *, disabled: bool) -> None:
    key = key_of(path, "number")
    if about.offered.unit == "ticks":
        _duration(label, key, number, put, disabled=disabled)
        return

    def changed() -> None:
        value = st.session_state[key]
        if value is not None:
            put(key, counted(value) if about.whole(number) else value)

    exact(label, key, number, about, changed, disabled=disabled)
