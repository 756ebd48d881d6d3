"""The run in the side bar: its data, the optimizer steps it comes to, and what other ways of counting would give."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from lrlab.document import Experiment
from lrlab.document.run import MAX_STEPS, DataRun, Run
from lrlab.document.sentences import short
from lrlab.plans import budget
from lrlab.plans.recipes import Recipe, recipes
from lrlab.schedules import params
from lrlab.ui import memory, state
from lrlab.ui.panel import Panel, Problem, controls
from lrlab.ui.panel.panel import Node
from lrlab.ui.tune import choices, drawing

KEY = "run"
_LABELS = {
    "samples": "samples in the data set",
    "batch_size": "batch size per device",
    "devices": "devices",
    "accumulate": "accumulated micro-batches",
    "epochs": "epochs",
    "total_steps": "optimizer steps",
    "steps_per_epoch": "steps per epoch",
}
_FORMS = {
    "data": ("samples", "batch_size", "devices", "accumulate", "epochs"),
    "steps": ("total_steps", "steps_per_epoch"),
}
_LEFTOVER = {"step": "make a step (transformers 5)", "drop": "are dropped"}
_ROUND = (1, 2, 3, 5, 7)
"""The stops of a slider in every power of ten."""
NEAR = 1000
_DOUBLED = {"batch_size": 8192, "devices": 64, "accumulate": 64}
"""What a slider takes through the powers of two, and how far."""


def show() -> None:
    """The fields of the run and its arithmetic, in one panel."""
    run = state.experiment().run
    panel: Panel[Experiment] = Panel(KEY, state.put, drawing.KEY, "Run")
    form = "data" if isinstance(run, DataRun) else "steps"
    given = panel.control("run.form", partial(_as, run))
    nodes = [
        _presets(panel),
        controls.a_choice(given, form, {"data": "data set", "steps": "total steps"}, label="Describe the run by"),
        *(_count(panel, run, name) for name in _FORMS[form]),
    ]
    if isinstance(run, DataRun):
        nodes += _rounding(panel, run)
    how, *others = arithmetic(run)
    nodes += [
        {"is": "title", "id": "run.steps", "text": f"{run.steps:,} optimizer steps"},
        *(controls.caption(f"run.how.{place}", line) for place, line in enumerate([how, *others])),
    ]
    if isinstance(run, DataRun) and state.experiment().trials:
        nodes.append(_scaling(panel, run))
    nodes.append(_tokens(panel, run))
    panel.show([controls.section("run", nodes, title="Run")])
    st.session_state.run_shown = _told()


def stale() -> bool:
    """Whether the side bar tells of something else than what is at hand."""
    return bool(memory.recall("run_shown") != _told())


def _told() -> tuple[Any, ...]:
    """What the side bar tells of: the run, the trial whose rate it would scale, what is open in it and what refused."""
    experiment, begin = state.experiment(), f"{KEY}/"
    refused = [(where, said) for where, said in memory.recall("refused").items() if where.startswith(begin)]
    unfolded = str(memory.recall("unfolded"))
    name = state.trial().name if experiment.trials else ""
    return experiment.run, name, unfolded if unfolded.startswith(begin) else "", refused


def _count(panel: Panel[Experiment], run: Run, name: str) -> Node:
    field = type(run).model_fields[name]
    value = run.updates if name == "steps_per_epoch" else getattr(run, name)
    about, path = params.describe(field.annotation, field.metadata), ("run", name)
    return controls.a_number(
        panel, f"run.{name}", value, about, partial(state.changed, path), label=_LABELS[name], stops=_stops(name, value)
    )


def _stops(name: str, value: int) -> tuple[int, ...]:
    """Where the slider of a number of the run stands: at round numbers, and at the number at hand."""
    if name in _DOUBLED:
        return _doubling(value, _DOUBLED[name])
    most = min(max(20 * value, 1000 if name == "epochs" else 10**6), MAX_STEPS)
    found = {lead * 10**power for power in range(13) for lead in _ROUND}
    return tuple(sorted({stop for stop in found if stop <= most} | {value}))


def _doubling(value: int, most: int) -> tuple[int, ...]:
    """The powers of two up to `most` or the number at hand, and that itself."""
    found = {2**power for power in range(40)}
    return tuple(sorted({stop for stop in found if stop <= max(value, most)} | {value}))


def _rounding(panel: Panel[Experiment], run: DataRun) -> list[Node]:
    """What happens to samples and micro-batches that do not fill a batch or a step."""
    drop = panel.control("run.drop_last", partial(state.changed, ("run", "drop_last")))
    help_ = "The data loader leaves out the last batch of an epoch where it is not full."
    nodes = [controls.a_switch(drop, on=run.drop_last, label="drop_last", help_=help_)]
    if run.accumulate > 1:
        left = panel.control("run.leftover", partial(state.changed, ("run", "leftover")))
        nodes.append(controls.a_choice(left, run.leftover, _LEFTOVER, label="leftover micro-batches of an epoch"))
    return nodes


def _as(run: Run, form: str) -> Experiment:
    """The same number of steps in the other form: as it was there before, or made up."""
    kept: dict[str, Run] = memory.recall("run_forms")
    kept["data" if isinstance(run, DataRun) else "steps"] = run
    if form in kept and kept[form].steps == run.steps:
        new: Any = kept[form].model_dump(mode="json", exclude_unset=True)
    elif form == "steps":
        new = {"total_steps": run.steps, "steps_per_epoch": run.updates}
    elif form == "data":
        epochs = _epochs(run)
        new = {"samples": run.steps // epochs * 128, "batch_size": 128, "epochs": epochs}
    else:
        msg = f"{short(form, 80)} is no way to give a run"
        raise Problem(msg)
    return state.changed(("run",), new)


def _epochs(run: Run) -> int:
    """Into how many epochs of one length the run can be cut, as near to its own as may be; one where none is near."""
    own = round(run.steps / run.updates)
    near = (own + by for away in range(NEAR) for by in (away, -away))
    return next((epochs for epochs in near if epochs >= 1 and run.steps % epochs == 0), 1)


def arithmetic(run: Run) -> list[str]:
    """How the run comes to its optimizer steps, in words and numbers; and what the other roundings would make of it."""
    if not isinstance(run, DataRun):
        return [f"{run.updates:,} in an epoch"]
    round_ = "floor" if run.drop_last else "ceil"
    batches = f"{round_}({run.samples:,} / {run.batch_size * run.devices:,}) = {run.micro_batches:,} micro-batches"
    rounded = "ceil" if run.leftover == "step" else "floor"
    second = f"{rounded}({run.micro_batches:,} / {run.accumulate:,}) = {run.updates:,} steps"
    middle = f", {second}" if run.accumulate > 1 else ""
    lines = [f"{batches}{middle} per epoch, x {run.epochs:,} = {run.steps:,} optimizer steps"]
    otherwise: list[tuple[dict[str, Any], str]] = [
        ({"drop_last": not run.drop_last}, "Without drop_last" if run.drop_last else "With drop_last"),
        ({"leftover": "drop"}, "If leftovers are dropped")
        if run.leftover == "step"
        else ({"leftover": "step"}, "If leftovers make a step"),
    ]
    return lines + [
        f"{text}: {other.steps:,} ({other.steps - run.steps:+,})."
        for change, text in otherwise
        if (other := _other(run, change))
    ]


def _other(run: DataRun, change: dict[str, Any]) -> DataRun | None:
    """The run counted otherwise, where that makes a difference."""
    other = run.model_copy(update=change)
    return other if other.steps != run.steps else None


# ---------------------------------------------------------------- presets and calculators


def _presets(panel: Panel[Experiment]) -> Node:
    """Published recipes: their run alone, or with their schedule."""

    def named() -> dict[str, str]:
        return {str(place): recipe.name for place, recipe in enumerate(recipes())}

    def notes() -> dict[str, str]:
        return {
            str(place): f"{recipe.name}: {recipe.experiment.run.steps:,} optimizer steps. {recipe.note} "
            f"Source: {recipe.source}"
            for place, recipe in enumerate(recipes())
        }

    return controls.a_menu(
        panel, "presets", lambda place: _open(_recipe(place)), "Presets", "menu_book", named,
        go="Load run and schedule", also=("Use only its run settings", lambda place: _take_run(_recipe(place))),
        notes=notes,
    )  # fmt: skip


def _recipe(place: Any) -> Recipe:
    known = recipes()
    if place not in map(str, range(len(known))):
        msg = "this recipe is gone"
        raise Problem(msg)
    return known[int(place)]


def _take_run(recipe: Recipe) -> None:
    run = recipe.experiment.document()["run"]
    state.change(lambda document: document.update(run=run))


def _open(recipe: Recipe) -> None:
    state.put(recipe.experiment)
    state.choose(0)


def _scaling(panel: Panel[Experiment], run: DataRun) -> Node:
    """The base rate for this run's batch, from one known for another."""
    form = controls.a_form(panel, "run.scale", "Scale the base rate with the batch", "straighten")
    if not form["open"]:
        return form
    tune, batch, name = choices.chosen(), run.step_samples, state.trial().name
    scaled = float(f"{budget.scaled_rate(tune.scale_rate, batch, tune.scale_batch, tune.scale_rule):.10g}")
    root = "sqrt" if tune.scale_rule != "linear" else ""

    def use() -> None:
        index = state.experiment().place(name)
        if index is not None:
            state.set_value(("trials", index, "base_lr"), scaled)

    seen = f"A step sees {run.batch_size:,} x {run.devices:,} x {run.accumulate:,} = {batch:,} samples."
    comes = f"{tune.scale_rate:.6g} x {root}({batch:,} / {tune.scale_batch:,}) = {scaled:.6g}"
    return form | {
        "nodes": [
            controls.caption("run.scale.seen", seen),
            choices.control(panel, "scale_rate"),
            choices.control(panel, "scale_batch", stops=_doubling(tune.scale_batch, 8192)),
            choices.control(panel, "scale_rule"),
            controls.caption("run.scale.is", f"{comes}. Linear is for SGD, with a warmup; square root for Adam."),
            controls.a_button(panel, "run.scale.use", use, f"Use it for {short(name, 40)}", primary=True),
        ]
    }


def _tokens(panel: Panel[Experiment], run: Run) -> Node:
    """Optimizer steps from a budget of tokens."""
    form = controls.a_form(panel, "run.tokens", "Steps from a budget of tokens", "calculate")
    if not form["open"]:
        return form
    tune = choices.chosen()
    fits = run.step_samples if isinstance(run, DataRun) else 512
    sequences = fits if tune.token_batch is None else tune.token_batch
    steps = budget.token_steps(tune.tokens, tune.token_length, sequences)

    def use() -> None:
        per_epoch = run.updates if isinstance(run, DataRun) else run.steps_per_epoch
        kept = {} if per_epoch is None else {"steps_per_epoch": per_epoch}
        state.set_value(("run",), {"total_steps": steps} | kept)

    comes = f"ceil({tune.tokens:,.6g} / ({tune.token_length:,} x {sequences:,})) = {steps:,} optimizer steps"
    return form | {
        "nodes": [
            choices.control(panel, "tokens"),
            choices.control(panel, "token_length", stops=_doubling(tune.token_length, 131_072)),
            choices.control(
                panel, "token_batch", stops=_doubling(sequences, 8192), in_use=sequences, empty="as the run has it"
            ),
            controls.caption("run.tokens.is", comes),
            controls.a_button(panel, "run.tokens.use", use, "Use them", primary=True),
        ]
    }
