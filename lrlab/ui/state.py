"""The page's one state: the experiment. Widgets change it through documents, so that whatever is on the page is valid
and in the link.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import streamlit as st

from lrlab.document import DocumentError, Experiment, Trial, assign, from_link, parse, paths
from lrlab.document.run import Clock, Run, calls
from lrlab.readers import metrics
from lrlab.schedules.spans import Path, keys
from lrlab.ui import address, memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINK = "s"
CHOSEN = "trial"
MOST_STEPS_BACK = 100

WARMUP = {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 1955}
DEFAULT: dict[str, Any] = {
    "lrlab": 1,
    "run": {"samples": 50_000, "batch_size": 128, "epochs": 155},
    "trials": [
        {
            "name": "SGDR",
            "base_lr": 0.05,
            "schedule": {
                "kind": "torch.SequentialLR",
                "schedulers": [
                    WARMUP,
                    {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 3910, "T_mult": 2, "eta_min": 0.0},
                ],
                "milestones": [1955],
            },
        },
        {
            "name": "one cosine",
            "base_lr": 0.05,
            "schedule": {
                "kind": "torch.SequentialLR",
                "schedulers": [WARMUP, {"kind": "torch.CosineAnnealingLR", "T_max": None, "eta_min": 0.0}],
                "milestones": [1955],
            },
        },
    ],
}
"""The CIFAR run of the SGDR paper behind a warmup of 5 epochs: 5 + 10 + 20 + 40 + 80 epochs end on the fourth cycle's
minimum.
"""


def begin() -> None:
    """Take up the experiment: the one in the address when it is not the one at hand, else the one at hand, else the
    default.
    """
    state = st.session_state
    fresh = "experiment" not in state
    if fresh:
        state.experiment, state.problem = parse(DEFAULT), None
        state.past, state.future = [], []
    asked = ADDRESS.asked()
    if LINK in asked and ADDRESS.gone_to():
        try:
            put(from_link(asked[LINK]))
            state.past = [] if fresh else state.past  # before a shared link there is nothing to go back to
        except DocumentError as error:
            state.problem = str(error)
        place = asked.get(CHOSEN, "")
        choose(int(place) if place.isdecimal() and len(place) < 4 else 0)  # noqa: PLR2004 (64 trials at most)
        ADDRESS.taken()


def link() -> dict[str, str]:
    """The entries of an address that open this experiment; none, which would lie, where it is too long for one."""
    return _carried()[0]


def link_problem() -> str | None:
    """Why no address can carry the experiment; None where one can."""
    return _carried()[1]


def _carried() -> tuple[dict[str, str], str | None]:
    """Both, packed once for an experiment: a page asks often."""
    state, here = st.session_state, experiment()
    if memory.recall("packed")[0] is not here:
        try:
            state.packed = here, {LINK: here.link()}, None
        except DocumentError as error:
            state.packed = here, {}, str(error)
    _, entries, problem = state.packed
    return entries | ({CHOSEN: str(chosen())} if entries and chosen() else {}), problem


ADDRESS = address.Part("experiment", {LINK, CHOSEN}.__contains__, link)
"""The experiment and the chosen trial in the address."""


def experiment() -> Experiment:
    """The experiment at hand."""
    found: Experiment = st.session_state.experiment
    return found


def chosen() -> int:
    """The place of the trial being shaped."""
    return max(min(int(memory.recall(CHOSEN)), len(experiment().trials) - 1), 0)


def choose(index: int) -> None:
    """Shape this trial from now on."""
    st.session_state[CHOSEN] = index


def put(new: Experiment) -> None:
    """Make this the experiment at hand; what was there can be had back."""
    state = st.session_state
    if new != state.experiment and not (memory.recall("more") and state.past):  # else it goes on with the last change
        state.past, state.future = [*state.past[1 - MOST_STEPS_BACK :], (state.experiment, chosen())], []
    state.experiment, state.problem = new, None


def travel(back: str = "past", forth: str = "future") -> None:
    """Undo the last change of the experiment; the other way round, redo it."""
    state = st.session_state
    if not state[back]:
        return
    experiment_, index = state[back].pop()
    state[forth].append((state.experiment, chosen()))
    state.experiment, state.problem = experiment_, None
    choose(index)


def mend(fix: Callable[[Experiment], Experiment]) -> None:
    """Apply a fix; where it makes no experiment, keep what was there and say why."""
    try:
        put(fix(experiment()))
    except DocumentError as error:
        st.session_state.problem = str(error)
    except (LookupError, TypeError):  # a quick hand is ahead of the page
        st.session_state.problem = "what this would mend is gone"


def change(update: Callable[[dict[str, Any]], None]) -> str | None:
    """Apply an update to the document; where the result is none, keep what was there and return the sentence that says
    why.
    """
    document = copy.deepcopy(experiment().document())
    try:
        update(document)
        put(parse(document))
    except DocumentError as error:
        st.session_state.problem = str(error)
        return str(error)
    return None


def changed(path: Path, value: Any) -> Experiment:
    """The experiment with another value at a path of the document. DocumentError where that is none, or where a trial
    is meant that is gone.
    """
    return changed_all({path: value})


def changed_all(values: Mapping[Path, Any]) -> Experiment:
    """The same with several values."""
    document = copy.deepcopy(experiment().document())
    for path, value in values.items():
        if len(path) > 1 and path[0] == "trials" and int(path[1]) >= len(experiment().trials):
            msg = "this trial is gone"  # a quick hand is ahead of the page
            raise DocumentError(msg)
        try:
            assign(document, path, value)
        except (LookupError, TypeError):
            msg = "this part of the schedule is gone"
            raise DocumentError(msg) from None
    return parse(document)


def value_at(path: Path) -> Any:
    """What stands at a path of the document; None where nothing does."""
    return paths.value_at(experiment().document(), path)


def set_value(path: Path, value: Any) -> str | None:
    """Change one value of the document; the sentence where it cannot be."""
    try:
        put(changed(path, value))
    except DocumentError as error:
        st.session_state.problem = str(error)
        return str(error)
    return None


def free_name(wanted: str) -> str:
    """The name, numbered where a trial has it already."""
    taken, n, name = {t.name for t in experiment().trials}, 1, wanted
    while name in taken:
        n += 1
        name = f"{wanted[:190]} {n}"
    return name


def beginning(kind: type[Any], run: Run, base_lr: float) -> dict[str, Any]:
    """A trial of this kind to begin with: its schedule as long as the run, stepped as it usually is, and with a metric
    where it watches one.
    """
    clock: Clock = "epoch" if kind.per_epoch and run.steps > run.updates else "step"
    schedule = kind.example(calls(run, clock), max(run.steps // run.updates, 1), run.updates)
    if kind.metric_driven:
        schedule["metrics"] = list(metrics.sketch(metrics.usual(kind), calls(run, clock)))
    return {"name": kind.native, "base_lr": base_lr, "schedule": schedule} | (
        {"clock": clock} if clock != "step" else {}
    )


def add(kind: type[Any]) -> None:
    """Append a trial of this kind, at the rate of the one being shaped, and shape it."""
    trials, run = experiment().trials, experiment().run
    new = beginning(kind, run, trials[chosen()].base_rates[0] if trials else 0.05) | {"name": free_name(kind.native)}
    if change(lambda document: document["trials"].append(new)) is None:
        choose(len(experiment().trials) - 1)


def duplicate() -> None:
    """Put a copy behind the chosen trial and shape that."""
    index = chosen()
    name = free_name(f"{experiment().trials[index].name[:190]} copy")
    if change(lambda d: d["trials"].insert(index + 1, {**d["trials"][index], "name": name})) is None:
        choose(index + 1)


def move(by: int) -> None:
    """Move the chosen trial along the list, as far as there is room."""
    index = chosen()
    to = min(max(index + by, 0), len(experiment().trials) - 1)
    if change(lambda d: d["trials"].insert(to, d["trials"].pop(index))) is None:
        choose(to)


def remove() -> None:
    """Take the chosen trial off the list."""
    index = chosen()
    change(lambda d: d["trials"].pop(index) and None)
    choose(max(index - 1, 0))


def toggle(index: int | None = None) -> None:
    """Hide a trial, the chosen one if not said which, or show it again."""
    place = chosen() if index is None else index
    if place < len(experiment().trials):
        set_value(("trials", place, "hidden"), not experiment().trials[place].hidden)


def set_groups(rates: float | list[float]) -> str | None:
    """Give the chosen trial these base rates, one a parameter group; lists of groups in its schedule get as long, by
    their last value.
    """
    at = ("trials", chosen())
    lists = {path: value_at(path) for path in ((*at, "schedule", *keys(below)) for below in trial().schedule.lists())}

    def update(document: dict[str, Any]) -> None:
        assign(document, (*at, "base_lr"), rates)
        for path, old in lists.items():
            assign(
                document,
                path,
                [*old, *[old[-1]] * (len(rates) - len(old))][: len(rates)] if isinstance(rates, list) else old[0],
            )

    return change(update)


def trial() -> Trial:
    """The trial being shaped."""
    return experiment().trials[chosen()]
