"""Schedules inside schedules: add one, replace, move and remove them. Where each part begins is changed along with
that.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from lrlab.document import DocumentError, Experiment, parse
from lrlab.document.run import calls, measured
from lrlab.document.sentences import short
from lrlab.readers import metrics
from lrlab.schedules import KINDS, params
from lrlab.schedules.base import described
from lrlab.schedules.combine import starts, turns
from lrlab.schedules.spans import Path, dotted
from lrlab.ui import state
from lrlab.ui.panel import Panel, Problem, controls
from lrlab.ui.tune import choices

if TYPE_CHECKING:
    from lrlab.document import Trial
    from lrlab.document.run import Run
    from lrlab.schedules import Schedule
    from lrlab.ui.panel.panel import Node

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
    for kind in KINDS:
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


# ---------------------------------------------------------------- in the panel


def tools(panel: Panel[Experiment], slot: Slot, index: int | None, count: int, title: str) -> list[Node]:
    """Buttons that move a schedule of a list and take it out."""
    if index is None:
        return []
    at = dotted((*slot.path, index))

    def tool(what: str, label: str, icon: str, act: Any, *arguments: Any, disabled: bool) -> Node:
        do = partial(_change, slot, act, *arguments)
        return controls.a_button(panel, f"{at}/{what}", do, label, icon=icon, bare=True, disabled=disabled)

    return [
        tool("earlier", f"Move {title} earlier", "arrow_back", moved, index, -1, disabled=index == 0),
        tool("later", f"Move {title} later", "arrow_forward", moved, index, 1, disabled=index == count - 1),
        tool("remove", f"Take {title} out", "delete", without, index, disabled=count == 1),
    ]


def foot(panel: Panel[Experiment], slot: Slot, value: Any, about: params.Described) -> list[Node]:
    """What stands below the owner's own arguments: how its lengths are shown, and how to add or choose another
    schedule.
    """
    nodes = [_spans(panel, slot)] if slot.joints and len(value) > 1 else []
    name = dotted(slot.path)
    if slot.alike:
        add = controls.a_button(panel, f"{name}/add", lambda: _repeat(slot), "Add another", icon="add")
        return [controls.row(f"{name}/foot", [*nodes, add])]
    adding = isinstance(value, tuple)
    menu = controls.a_menu(
        panel,
        f"{name}/kind",
        lambda chosen: _chosen(slot, about, chosen),
        "Add a schedule" if adding else f"Replace {slot.name}",
        "add" if adding else "swap_horiz",
        lambda: _options(slot, value, about),
        go="Add" if adding else "Put it here",
        nothing="No schedule fits in here.",
    )
    return [controls.row(f"{name}/foot", [*nodes, menu])]


def _spans(panel: Panel[Experiment], slot: Slot) -> Node:
    def changed(chosen: Any) -> None:
        choices.choose(durations=chosen == "durations")

    return controls.a_choice(
        panel.ask(f"{dotted(slot.path)}/spans", changed),
        "durations" if durations() else "steps",
        {"steps": "steps", "durations": "durations"},
        label=f"{slot.joints} as",
        quiet=True,
    )


def durations() -> bool:
    """Whether the page shows how long each part lasts, in place of where it begins."""
    return choices.chosen().durations


def _joints(slot: Slot) -> list[int]:
    """Where each next part begins, in ticks, also where the document has text such as `5ep`."""
    measure = measured(state.experiment().run, state.trial().clock)
    joints = state.value_at((*slot.owner, slot.joints or "")) or []
    return [measure.ticks(at) if isinstance(at, str) else at for at in joints]


def with_length(slot: Slot, index: int, value: Any) -> Experiment:
    """The experiment with another length of a part; the parts after it keep theirs."""
    joints = _joints(slot)
    if index >= len(joints):
        msg = "this part of the schedule is gone"
        raise DocumentError(msg)
    parts = lengths(joints, slot.span)
    parts[index] = value
    return state.changed((*slot.owner, slot.joints or ""), joined(parts))


def with_lengths(slot: Slot, values: list[Any]) -> Experiment:
    """The experiment with another length of every part but the last. What is not a number is refused by the document,
    with its place.
    """
    numbers = all(isinstance(value, int) for value in values)
    return state.changed((*slot.owner, slot.joints or ""), list(accumulate(values)) if numbers else values)


def _change(slot: Slot, act: Any, *arguments: Any) -> None:
    """Change the owner as it is now, if it still exists."""
    owner = state.value_at(slot.owner)
    if isinstance(owner, dict):
        owner |= {slot.joints: _joints(slot)} if slot.joints else {}
        state.set_value(slot.owner, act(owner, slot, *arguments))


def _options(slot: Slot, value: Any, about: params.Described) -> dict[str, str]:
    """What may stand here, and what it is called."""
    experiment, index = state.experiment(), state.chosen()
    alone = Slot(("trials", 0, *slot.owner[2:]), slot.name, slot.span, slot.joints)
    single = not isinstance(value, tuple)
    others = [NUMBER] * (single and about.control is not None) + [NOTHING] * (single and about.optional)
    kinds = _fitting(experiment.run, experiment.trials[index], alone)
    return {one: one for one in others} | choices.named(kinds)


def _chosen(slot: Slot, about: params.Described, kind: Any) -> None:
    run, trial = state.experiment().run, state.trial()
    calls_ = calls(run, trial.clock)
    if kind == NOTHING:
        _change(slot, replaced, None, calls_)
    elif kind == NUMBER:
        rate = _rate(state.value_at(slot.path), slot.name)
        start = about.control.start if about.control else None
        _change(slot, replaced, rate if isinstance(rate, (int, float)) else start, calls_)
    elif isinstance(kind, str) and kind in KINDS:
        _change(slot, _with, kind, run, calls_)
    else:
        msg = f"{short(str(kind), 80)} is no schedule that lrlab knows"
        raise Problem(msg)


def _repeat(slot: Slot) -> None:
    """Add the last schedule once more."""
    _change(slot, lambda owner, _: appended(owner, slot, owner[slot.name][-1]))
