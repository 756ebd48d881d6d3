"""The run in the side bar: its data, the optimizer steps it comes to, and what other ways of counting would give."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lrlab.document.run import DataRun, Run
from lrlab.plans import budget
from lrlab.plans.recipes import Recipe, recipes
from lrlab.ui import memory, state
from lrlab.ui.widgets import WHOLE, ask_whole, commit, counted, escape, offer, said

_BY_DATA = ("samples", "batch_size", "devices", "accumulate", "epochs")
_LABELS = {
    "samples": "samples in the data set",
    "batch_size": "batch size per device",
    "devices": "devices",
    "accumulate": "accumulated micro-batches",
    "epochs": "epochs",
    "total_steps": "optimizer steps",
    "steps_per_epoch": "steps per epoch",
}
_LEFTOVER = {"step": "make a step (transformers 5)", "drop": "are dropped"}


def show() -> None:
    """The fields of the run and its arithmetic."""
    run = state.experiment().run
    st.session_state.run_shown = _told()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Run", anchor=False)
        _presets()
    forms = ("data", "steps")
    offer("form", forms[not isinstance(run, DataRun)])
    st.segmented_control(
        "Given by its", forms, key="form", format_func={"data": "data", "steps": "steps"}.__getitem__, required=True,
        on_change=lambda: commit("form", ("run",), _as(st.session_state.form, run)),
    )  # fmt: skip
    if isinstance(run, DataRun):
        for name in _BY_DATA:
            _count(name, getattr(run, name))
        _rounding(run)
    else:
        _count("total_steps", run.total_steps)
        _count("steps_per_epoch", run.updates)
    for line in arithmetic(run):
        st.caption(line)
    _scaling(run)
    _tokens(run)


def stale() -> bool:
    """Whether the side bar tells of another run, or another trial, than those at hand."""
    return bool(memory.recall("run_shown") != _told())


def _told() -> tuple[Run, str]:
    """What the side bar tells of: the run, and the trial whose rate it would scale."""
    experiment = state.experiment()
    return experiment.run, state.trial().name if experiment.trials else ""


def _count(name: str, value: int) -> None:
    key = f"run.{name}"
    offer(key, float(value))

    def changed() -> None:
        if st.session_state[key] is not None:  # an emptied field gets back what it had
            commit(key, ("run", name), counted(st.session_state[key]))

    st.number_input(_LABELS[name], value=None, key=key, step=1.0, format=WHOLE, on_change=changed)
    said(key)


def _rounding(run: DataRun) -> None:
    """What happens to samples and micro-batches that do not fill a batch or a step."""
    offer("drop_last", run.drop_last)
    st.toggle(
        "drop_last", key="drop_last",
        help="The data loader leaves out the last batch of an epoch where it is not full.",
        on_change=lambda: commit("drop_last", ("run", "drop_last"), st.session_state.drop_last),
    )  # fmt: skip
    if run.accumulate > 1:
        offer("leftover", run.leftover)
        st.selectbox(
            "leftover micro-batches of an epoch", list(_LEFTOVER), key="leftover", format_func=_LEFTOVER.__getitem__,
            on_change=lambda: commit("leftover", ("run", "leftover"), st.session_state.leftover),
        )  # fmt: skip
        said("leftover")


def _as(form: str, run: Run) -> dict[str, Any]:
    """The same number of steps in the other form: as it was there before, or made up."""
    kept: dict[str, Run] = memory.recall("run_forms")
    kept["data" if form == "steps" else "steps"] = run
    if form in kept and kept[form].steps == run.steps:
        return kept[form].model_dump(mode="json", exclude_unset=True)
    if form == "steps":
        return {"total_steps": run.steps, "steps_per_epoch": run.updates}
    return {"samples": run.updates * 128, "batch_size": 128, "epochs": max(run.steps // run.updates, 1)}


def arithmetic(run: Run) -> list[str]:
    """How the run comes to its optimizer steps, in words and numbers; and what the other roundings would make of it."""
    if not isinstance(run, DataRun):
        return [f"{run.steps:,} optimizer steps, {run.updates:,} in an epoch"]
    round_ = "floor" if run.drop_last else "ceil"
    batches = f"{round_}({run.samples:,} / {run.batch_size * run.devices:,}) = {run.micro_batches:,} micro-batches"
    rounded = "ceil" if run.leftover == "step" else "floor"
    second = f"{rounded}({run.micro_batches:,} / {run.accumulate:,}) = {run.updates:,} steps"
    middle = f", {second}" if run.accumulate > 1 else ""
    lines = [f"{batches}{middle} per epoch, x {run.epochs:,} = **{run.steps:,} optimizer steps**"]
    others: list[tuple[dict[str, Any], str]] = [
        ({"drop_last": not run.drop_last}, f"{'without' if run.drop_last else 'with'} drop_last"),
        (
            {"leftover": "drop" if run.leftover == "step" else "step"},
            f"leftovers {'dropped' if run.leftover == 'step' else 'kept'}",
        ),
    ]
    said_ = [
        f"{text}: {other.steps:,} ({other.steps - run.steps:+,})"
        for change, text in others
        if (other := _other(run, change))
    ]
    return [*lines, f"Counted otherwise: {'; '.join(said_)}."] if said_ else lines


def _other(run: DataRun, change: dict[str, Any]) -> DataRun | None:
    """The run counted otherwise, where that makes a difference."""
    other = run.model_copy(update=change)
    return other if other.steps != run.steps else None


def _presets() -> None:
    """Published recipes: their run alone, or with their schedule."""
    popover = st.popover("Presets", type="tertiary", icon=":material/menu_book:", key="presets", on_change="rerun")
    if not popover.open:
        return
    with popover:
        known = recipes()
        recipe = known[
            st.selectbox(
                "Published recipe (type to search)",
                range(len(known)),
                key="preset",
                format_func=[r.name for r in known].__getitem__,
            )
        ]
        run = recipe.experiment.run
        st.caption(f"{run.steps:,} optimizer steps. {escape(recipe.note)}")
        st.caption(f"Source: {escape(recipe.source)}")
        st.button(
            "Take its run", key="preset.run", on_click=_take_run, args=(recipe,), help="The trials stay as they are."
        )
        st.button("Open it: run and schedule", key="preset.open", on_click=_open, args=(recipe,))


def _take_run(recipe: Recipe) -> None:
    run = recipe.experiment.document()["run"]
    if state.change(lambda document: document.update(run=run)) is None:
        st.session_state.presets = False


def _open(recipe: Recipe) -> None:
    state.put(recipe.experiment)
    state.choose(0)
    st.session_state.presets = False


def _scaling(run: Run) -> None:
    """The base rate for this run's batch, from one known for another."""
    if not isinstance(run, DataRun) or not state.experiment().trials:
        return
    batch = run.step_samples
    with st.expander("Scale the base rate with the batch"):
        st.caption(f"A step sees {run.batch_size:,} x {run.devices:,} x {run.accumulate:,} = {batch:,} samples.")
        rate = st.number_input("a rate known to be good", 0.0, None, 0.1, key="scale.rate", format="%.6g")
        reference = ask_whole("for a batch of", 1, 1e12, 256, "scale.batch")
        rule: Any = st.segmented_control(
            "scaled", ("linear", "square root"), key="scale.rule", default="linear", required=True
        )
        scaled = float(f"{budget.scaled_rate(rate, batch, reference, rule):.10g}")
        root = "sqrt" if rule != "linear" else ""
        st.caption(
            f"{rate:.6g} x {root}({batch:,} / {reference:,}) = **{scaled:.6g}**. "
            "Linear is for SGD, with a warmup; square root for Adam."
        )
        name = state.trial().name

        def use() -> None:
            index = state.experiment().place(name)
            if index is not None:
                commit("scale", ("trials", index, "base_lr"), scaled)

        st.button(f"Use it for {escape(name[:40])}", key="scale.use", on_click=use)


def _tokens(run: Run) -> None:
    """Optimizer steps from a budget of tokens."""
    with st.expander("Steps from a budget of tokens"):
        tokens = st.number_input("tokens", 1.0, 1e18, 3e11, key="tokens.total", format="%.6g", help="such as 300e9")
        length = ask_whole("sequence length", 1, 1e9, 2048, "tokens.length")
        batch = run.step_samples if isinstance(run, DataRun) else 512
        sequences = ask_whole("sequences in a step", 1, 1e9, min(batch, 1e9), "tokens.batch")
        steps = budget.token_steps(tokens, length, sequences)
        st.caption(f"ceil({tokens:,.6g} / ({length:,} x {sequences:,})) = **{steps:,} optimizer steps**")
        st.button("Use them", key="tokens.use", on_click=lambda: commit("tokens", ("run",), {"total_steps": steps}))
