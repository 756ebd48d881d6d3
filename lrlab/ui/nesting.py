"""Schedules inside schedules: add one, replace, move and remove them. Where each part begins is changed along with
that.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import streamlit as st

from lrlab.document import DocumentError, Experiment, parse
from lrlab.document.run import calls, measured
from lrlab.readers import metrics
from lrlab.schedules import KINDS, params
from lrlab.schedules.base import described
from lrlab.schedules.combine import starts, turns
from lrlab.schedules.spans import Path
from lrlab.ui import state
from lrlab.ui.tune import choices
from lrlab.ui.widgets import commit, escape, key_of, offer, said

if TYPE_CHECKING:
    from lrlab.document import Trial
    from lrlab.document.run import Run
    from lrlab.schedules import Schedule

Document = dict[str, Any]
NUMBER, NOTHING = "a number", "none"


@dataclass(frozen=True)
class Slot:
    """An argument that holds one schedule or several: the path of the schedule that owns it, and how many ticks that
    one has.
    """

    owner: Path
    name: str
    span: int
    joints: str | None = None
    """The owner's argument that says when each next one begins."""
    alike: bool = False
    """Whether all schedules in it are of one kind, so that the document does not name their kind."""

    @property
    def path(self) -> Path:
        """Where the argument stands."""
        return (*self.owner, self.name)


def slots(schedule: Schedule, path: Path, span: int) -> dict[str, Slot]:
    """The arguments of a schedule that hold others."""
    fields = described(type(schedule))
    nested = [name for name, about in fields.items() if about.nested]
    joints = schedule.joined_by or None
    held = schedule.model_dump(include=set(nested))
    return {
        name: Slot(path, name, span, joints, alike=any("kind" not in child for child in held[name]))
        if fields[name].many
        else Slot(path, name, span)
        for name in nested
    }


# ---------------------------------------------------------------- what happens to the owner's document


def lengths(joints: list[int], span: int) -> list[int]:
    """How long each part lasts; the last one has the rest."""
    return [end - begin for begin, end in pairwise(accumulate([*turns(starts(joints)), span], max))]


def joined(parts: list[int]) -> list[int]:
    """Where each part but the first begins."""
    return list(accumulate(parts[:-1]))


def appended(owner: Document, slot: Slot, child: Any) -> Document:
    """With one more schedule at the end, which takes over the second half of the last one's time."""
    new = owner | {slot.name: [*owner[slot.name], child]}
    if slot.joints:
        parts = lengths(owner[slot.joints], slot.span)
        new[slot.joints] = [*owner[slot.joints], sum(parts[:-1]) + parts[-1] // 2]
    return new


def without(owner: Document, slot: Slot, index: int) -> Document:
    """With one schedule less. The next one begins where the removed one did; without the last one, the one before it
    goes on to the end.
    """
    new = owner | {slot.name: [child for i, child in enumerate(owner[slot.name]) if i != index]}
    if slot.joints:
        last = min(index, len(owner[slot.joints]) - 1)
        new[slot.joints] = [joint for i, joint in enumerate(owner[slot.joints]) if i != last]
    return new


def moved(owner: Document, slot: Slot, index: int, by: int) -> Document:
    """With a schedule and its neighbour exchanged; each keeps its length."""
    children = list(owner[slot.name])
    to = index + by
    if not 0 <= min(index, to) <= max(index, to) < len(children):
        return owner  # somebody clicked faster than the page was drawn: there is no such neighbour any more
    children[index], children[to] = children[to], children[index]
    new = owner | {slot.name: children}
    if slot.joints:
        parts = lengths(owner[slot.joints], slot.span)
        parts[index], parts[to] = parts[to], parts[index]
        new[slot.joints] = joined(parts)
    return new


def replaced(owner: Document, slot: Slot, value: Any, calls_: int) -> Document:
    """With another value for an argument that holds one schedule. A schedule that looks at metrics brings some along,
    and takes them away when it goes.
    """
    new = owner | {slot.name: value}
    if KINDS[owner["kind"]].takes_metrics:
        new.pop("metrics", None)
        if isinstance(value, dict) and KINDS[value["kind"]].metric_driven:
            new["metrics"] = list(metrics.sketch(metrics.usual(KINDS[value["kind"]]), calls_))
    return new


def _put(document: Any, path: Path, value: Any) -> Any:
    """The document with another value at a path; everything else is shared with the old one, not copied."""
    if not path:
        return value
    new = copy(document)
    new[path[0]] = _put(document[path[0]], path[1:], value)
    return new


# ---------------------------------------------------------------- what may stand there


def _child(kind: str, run: Run, span: int) -> Document:
    return KINDS[kind].example(max(span, 1), max(run.steps // run.updates, 1), run.updates)


@lru_cache(maxsize=32)
def _fitting(run: Run, trial: Trial, slot: Slot) -> tuple[str, ...]:
    """The kinds of schedules with which the trial is still a valid one; the path of `slot` is that of a document with
    only this trial.
    """
    plain = trial.model_copy(update={"schedule": trial.schedule.in_numbers()})
    document = Experiment(run=run, trials=(plain,)).document()
    owner: Any = document
    for step in slot.owner:
        owner = owner[step]
    found = []
    for kind in sorted(KINDS, key=str.lower):
        try:
            parse(_put(document, slot.owner, _with(owner, slot, kind, run, calls(run, trial.clock))))
        except DocumentError:
            continue
        found.append(kind)
    return tuple(found)


def _with(owner: Document, slot: Slot, kind: str, run: Run, calls_: int) -> Document:
    if isinstance(owner.get(slot.name), list):
        return appended(owner, slot, _child(kind, run, slot.span // 2 if slot.joints else slot.span))
    child = _child(kind, run, slot.span)
    rate = _rate(owner.get(slot.name), slot.name)
    return replaced(owner, slot, child | ({slot.name: rate} if rate and slot.name in child else {}), calls_)


def _rate(value: Any, name: str) -> Any:
    """The rate of what stood in the argument, which the next one goes on with: where that takes a number or a schedule,
    the schedule's own rate has the same name.
    """
    return value.get(name) if isinstance(value, dict) else value


# ---------------------------------------------------------------- widgets


def head(slot: Slot, index: int | None, count: int, title: str) -> None:
    """The name of a nested schedule; in a list also buttons that move it and take it out."""
    with st.container(
        horizontal=True, wrap=False, vertical_alignment="center", horizontal_alignment="distribute", gap=None
    ):
        st.caption(escape(title))
        if index is None:
            return
        at = (*slot.path, index)
        with st.container(key=f"tools/{key_of(at, '')}", horizontal=True, wrap=False, width="content", gap=None):
            _tool(
                at,
                "earlier",
                f"Move {title} earlier",
                ":material/arrow_back:",
                partial(_change, slot, moved, index, -1),
                disabled=index == 0,
            )
            _tool(
                at,
                "later",
                f"Move {title} later",
                ":material/arrow_forward:",
                partial(_change, slot, moved, index, 1),
                disabled=index == count - 1,
            )
            _tool(
                at,
                "remove",
                f"Take {title} out",
                ":material/delete:",
                partial(_change, slot, without, index),
                disabled=count == 1,
            )


def _tool(path: Path, what: str, label: str, icon: str, act: Callable[[], None], *, disabled: bool) -> None:
    """A button that shows only its icon: the frame's style hides the label from sight, but not from a screen reader."""
    st.button(
        escape(label),
        key=key_of(path, what),
        icon=icon,
        help=what.capitalize(),
        type="tertiary",
        disabled=disabled,
        on_click=act,
    )


def _change(slot: Slot, act: Any, *arguments: Any) -> None:
    """Change the owner as it is now, if it still exists."""
    owner = state.value_at(slot.owner)
    if isinstance(owner, dict):
        owner |= {slot.joints: _joints(slot)} if slot.joints else {}
        commit(key_of(slot.path, "nesting"), slot.owner, act(owner, slot, *arguments))


def foot(slot: Slot, value: Any, about: params.Described) -> None:
    """What stands below the owner's own arguments: how its lengths are shown, and how to add or choose another
    schedule.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if slot.joints and len(value) > 1:
            _spans(slot)
        adding = isinstance(value, tuple)
        key = key_of(slot.path, "adding")
        if slot.alike:
            st.button("Add another", key=key, icon=":material/add:", type="tertiary", on_click=_repeat, args=(slot,))
        else:
            label, icon = (
                ("Add a schedule", ":material/add:") if adding else (f"Replace {slot.name}", ":material/swap_horiz:")
            )
            choosing = st.popover(label, icon=icon, key=key, type="tertiary", on_change="rerun")
            if choosing.open:
                with choosing:
                    _choose(slot, value, about)
    said(key_of(slot.path, "nesting"))


def _spans(slot: Slot) -> None:
    key = key_of(slot.path, "spans")
    offer(key, "durations" if durations() else "steps")

    def changed() -> None:
        choices.choose(durations=st.session_state[key] == "durations")

    st.segmented_control(
        f"{slot.joints} as",
        ("steps", "durations"),
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=changed,
    )


def durations() -> bool:
    """Whether the page shows how long each part lasts, in place of where it begins."""
    return choices.chosen().durations


def _joints(slot: Slot) -> list[int]:
    """Where each next part begins, in ticks, also where the document has text such as `5ep`."""
    measure = measured(state.experiment().run, state.trial().clock)
    return [measure.ticks(at) if isinstance(at, str) else at for at in state.value_at((*slot.owner, slot.joints or ""))]


def set_length(slot: Slot, index: int, key: str, value: int) -> None:
    """Give a part another length; the parts after it keep theirs."""
    parts = lengths(_joints(slot), slot.span)
    parts[index] = value
    commit(key, (*slot.owner, slot.joints or ""), joined(parts))


def set_lengths(slot: Slot, key: str, values: list[Any]) -> None:
    """Give every part but the last its length. What is not a number is refused by the document, with its place."""
    numbers = all(isinstance(value, int) for value in values)
    commit(key, (*slot.owner, slot.joints or ""), list(accumulate(values)) if numbers else values)


def _choose(slot: Slot, value: Any, about: params.Described) -> None:
    """The list of what may stand here, and the button that puts it there."""
    experiment, index = state.experiment(), state.chosen()
    alone = Slot(("trials", 0, *slot.owner[2:]), slot.name, slot.span, slot.joints)
    kinds: list[str] = list(_fitting(experiment.run, experiment.trials[index], alone))
    single = not isinstance(value, tuple)
    others = [NUMBER] * (single and about.control is not None) + [NOTHING] * (single and about.optional)
    key = key_of(slot.path, "kind")
    options = [*others, *kinds]
    if not options:
        st.caption("No schedule fits in here.")
        return
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    st.selectbox("Schedule (type to search)", options, key=key, format_func=lambda k: k.replace(".", " · ", 1))
    st.button(
        "Put it here" if single else "Add",
        key=key_of(slot.path, "add"),
        type="primary",
        on_click=_chosen,
        args=(slot, about),
    )


def _chosen(slot: Slot, about: params.Described) -> None:
    kind, run, trial = st.session_state[key_of(slot.path, "kind")], state.experiment().run, state.trial()
    st.session_state[key_of(slot.path, "adding")] = False
    calls_ = calls(run, trial.clock)
    if kind in KINDS:
        _change(slot, _with, kind, run, calls_)
    elif kind == NOTHING:
        _change(slot, replaced, None, calls_)
    else:
        rate = _rate(state.value_at(slot.path), slot.name)
        start = about.control.start if about.control else None
        _change(slot, replaced, rate if isinstance(rate, (int, float)) else start, calls_)
    st.session_state[key_of(slot.path, "adding")] = False


def _repeat(slot: Slot) -> None:
    """Add the last schedule once more."""
    _change(slot, lambda owner, _: appended(owner, slot, owner[slot.name][-1]))
