"""The panel of Tune: the trials, the one that is being shaped, what can be done with it, and its arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from lrlab import charts, docstring, handles
from lrlab.charts import style
from lrlab.document import Experiment, Trial
from lrlab.document.run import calls
from lrlab.document.sentences import short
from lrlab.document.typed import number
from lrlab.schedules import KINDS
from lrlab.schedules.spans import dotted
from lrlab.ui import state
from lrlab.ui.panel import Panel, Problem, controls
from lrlab.ui.panel.panel import Node
from lrlab.ui.tune import advice, choices, groups
from lrlab.ui.tune.fields import Fields

KEY = "panel"


def show(chart: str) -> None:
    """Everything under the chart by which the trials are shaped."""
    panel: Panel[Experiment] = Panel(KEY, state.put, chart, "Trials")
    nodes = [controls.row("trials", [*_chips(panel), _adding(panel)])]
    if state.experiment().trials:
        nodes += _shaping(panel)
        _take_hold(panel)
    else:
        nodes.append(controls.caption("none", "No trial yet. Add one: its curve is drawn at once."))
    panel.show(nodes)


def handle_name(index: int, handle: handles.Handle) -> str:
    """The name under which a handle's events come."""
    return f"handle/{index}/{handle.label}/{handle.number}/{dotted(handle.moved[0].path)}"


def _take_hold(panel: Panel[Experiment]) -> None:
    """Let the panel take what the handles of the chart say: a value for the argument that each is named after; others
    that it moves go along.
    """
    index, run, trial = state.chosen(), state.experiment().run, state.trial()
    for handle in handles.handles(run, trial):
        of = dotted(("trials", index, *handle.moved[0].path))
        panel.control(handle_name(index, handle), partial(_moved, index, handle), number, numbers=True, of=of)


def _moved(index: int, handle: handles.Handle, value: float) -> Experiment:
    first = handle.moved[0]
    place = first.offset + first.scale * value
    values = {("trials", index, *moved.path): moved.at(place) for moved in handle.moved[1:]}
    own = int(value) if isinstance(first.value, int) and float(value).is_integer() else value
    return state.changed_all({("trials", index, *first.path): own} | values)


def _chips(panel: Panel[Experiment]) -> list[Node]:
    """One chip a trial, with its stroke and colour."""
    trials = state.experiment().trials
    if not trials:
        return []
    chips = []
    for index, trial in enumerate(trials):
        colour, dash = style(index)
        name = short(trial.name, charts.LABEL) + " (hidden)" * trial.hidden
        chips.append([str(index), name, colour, dash, advice.sign(trial)])
    begin = panel.ask("chip", _choose)
    return [begin | {"is": "chips", "label": "Trial to shape", "value": str(state.chosen()), "options": chips}]


def _choose(place: Any) -> None:
    if place not in map(str, range(len(state.experiment().trials))):
        msg = "this trial is gone"
        raise Problem(msg)
    state.choose(int(place))


def _adding(panel: Panel[Experiment]) -> Node:
    return controls.a_menu(panel, "add", _add, "Add a trial", "add", lambda: choices.named(KINDS), go="Add")


def _add(kind: Any) -> None:
    if kind not in KINDS:
        msg = f"{short(str(kind), 80)} is no schedule that lrlab knows"
        raise Problem(msg)
    state.add(KINDS[kind])


def _shaping(panel: Panel[Experiment]) -> list[Node]:
    """The chosen trial: what it is, what can be done with it, what is wrong with it, its arguments."""
    index, trial, run = state.chosen(), state.trial(), state.experiment().run
    path = ("trials", index)
    kind = {"is": "title", "id": "kind", "text": trial.schedule.kind, "help": docstring.read(trial.schedule).first}
    callers = {name: text for name, (_, text) in choices.CALLERS.items()}
    caller = controls.a_choice(
        panel.ask("caller", partial(_for, trial, _call)), choices.caller(trial.name, trial.clock), callers,
        label="scheduler.step() is called", quiet=True,
    )  # fmt: skip
    name = controls.a_text(panel.ask("name", partial(_for, trial, _rename)), trial.name, label="name", quiet=True)
    fields = Fields(panel, trial, path, calls(run, trial.clock))
    return [
        controls.row("trial", [kind, caller, name, groups.node(panel), *_actions(panel, index, trial)]),
        *advice.beside(panel),
        *fields.nodes(),
    ]


def _for(trial: Trial, do: Callable[[Any], None], value: Any = None) -> None:
    """Do something with the trial that was drawn; a quick hand is ahead of the page, where it may be gone by now."""
    if not state.experiment().trials or state.trial().name != trial.name:
        msg = "this trial is gone, or no longer the one that is shaped"
        raise Problem(msg)
    do(value)


def _rename(name: Any) -> None:
    """Give the chosen trial the name that was typed; who calls its step() stays."""
    before = state.trial()
    caller = choices.caller(before.name, before.clock)
    try:
        state.put(state.changed(("trials", state.chosen(), "name"), name))
    except ValueError as error:
        raise Problem(str(error)) from None
    choices.set_caller(state.trial().name, caller)


def _call(caller: Any) -> None:
    if caller not in choices.CALLERS:
        msg = "scheduler.step() is called by none of these"
        raise Problem(msg)
    choices.set_caller(state.trial().name, caller)
    state.set_value(("trials", state.chosen(), "clock"), choices.CALLERS[caller][0])


def _actions(panel: Panel[Experiment], index: int, trial: Trial) -> list[Node]:
    last = len(state.experiment().trials) - 1

    def button(name: str, do: Callable[[], None], label: str, icon: str, **looks: Any) -> Node:
        act = partial(_for, trial, lambda _: do())
        return controls.a_button(panel, name, act, label, icon=icon, bare=True, **looks)

    eye = ("Show", "visibility") if trial.hidden else ("Hide", "visibility_off")
    return [
        button("duplicate", state.duplicate, "Duplicate", "content_copy"),
        button("earlier", lambda: state.move(-1), "Earlier", "arrow_back", disabled=index == 0),
        button("later", lambda: state.move(1), "Later", "arrow_forward", disabled=index == last),
        button("hide", state.toggle, *eye),
        button("remove", state.remove, "Remove", "delete"),
    ]
