"""Beneath the sliders: numbers, advice, plans, formula, code, sharing, import. A tab that is closed costs nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from lrlab import engine
from lrlab.document import COMMENT, MAX_BYTES, DocumentError
from lrlab.document.run import UNITS
from lrlab.document.sentences import short
from lrlab.readers import exported
from lrlab.ui import memory, state
from lrlab.ui.memory import recall
from lrlab.ui.panel import Panel, controls
from lrlab.ui.panel.panel import Node
from lrlab.ui.tune import advice, choices, code, restarts, resume, view
from lrlab.ui.widgets import escape


def show() -> None:
    """The bar of tabs, and what the open one holds."""
    fill = {
        "Advice": advice.tab,
        "Restarts": restarts.tab,
        "Resume": resume.tab,
        "Formula": _formula,
        "Code": code.tab,
        "Share": _share,
        "Import": _import,
    }
    panel: Panel[Any] = Panel("tabs", lambda _: None, label="More about these schedules")
    now = choices.chosen().tab
    bar = panel.control("tab", partial(memory.replaced, choices.Tune, "tab"), keep=memory.put)
    nodes = [bar | {"is": "tabs", "label": "More", "value": now, "options": ["Numbers", *fill]}]
    if now == "Numbers":
        nodes += _numbers(panel)
    panel.show(nodes)
    if now != "Numbers":
        fill[now]()


def _numbers(panel: Panel[Any]) -> list[Node]:
    """What each curve comes to, in a table; the rate at a step that is asked for. In the panel of the tabs itself: this
    tab is open at first, and every element of the page costs.
    """
    experiment = state.experiment()
    run = experiment.run
    if not experiment.trials:
        return [controls.caption("numbers/none", "No trial yet.")]
    known = choices.chosen().asked
    asked_at = min(run.steps // 2 if known is None else known, run.steps - 1)
    rows, reasons = [], []
    for trial in experiment.trials:
        try:
            s = engine.summary(run, trial)
            asked = engine.lr(run, trial, [asked_at])
        except DocumentError as error:
            reasons.append(str(error))
            continue
        rows.append({
            "trial": short(trial.name, 80) + ("[0]" if isinstance(trial.base_lr, tuple) else ""),
            "first": f"{s.first:.4g}", "peak": f"{s.peak:.4g}", "peak at step": f"{s.peak_step:,}",
            "last used": f"{s.last:.4g}", "mean": f"{s.mean:.4g}{'' if s.exact else ' (sampled)'}",
            "above half of the peak": f"{s.above_half:.1%}",
            f"LR at step {asked_at:,}": f"{asked.flat[0]:.6g}",
        })  # fmt: skip
    nodes = [controls.caption(f"numbers/missing/{place}", f"{reason}.") for place, reason in enumerate(reasons)]
    nodes += [controls.a_table("numbers", rows, "Numbers")] if rows else []
    step = choices.control(panel, "asked", run.steps - 1, in_use=asked_at, lasts=run.steps - 1, empty="half of the run")
    nodes.append(controls.columns("numbers/asked", [step]))
    if known is not None and known > asked_at:
        beyond = f"Step {known:,} is beyond this run: the rate of its last step, {asked_at:,}, is shown."
        nodes.append(controls.caption("numbers/beyond", beyond))
    if any(isinstance(t.base_lr, tuple) for t in experiment.trials):
        nodes.append(controls.caption("numbers/first", "Of a trial with several parameter groups: the first one."))
    return nodes


def _formula() -> None:
    from lrlab.trees import latex  # noqa: PLC0415 (sympy is heavy; only who opens this tab pays for it)

    if not state.experiment().trials:
        st.caption("No trial yet.")
        return
    trial = state.trial()
    schedule = trial.bound(state.experiment().run)[0]
    if schedule.no_formula:
        st.info(f"There is no formula. {escape(schedule.no_formula)}")
        return
    for line in latex.latex(schedule).split(r"\\[1.5ex]"):
        st.latex(line)
    base = [] if trial.schedule.own_rate else [(r"\eta_{base}", trial.base_rates[0])]
    st.markdown(
        " &emsp; ".join(f"${name} = {value:.10g}$" for name, value in [*base, *latex.values(schedule)]),
        text_alignment="center",
    )
    st.caption(f"t counts the calls of scheduler.step(): {UNITS[trial.clock]}, from 0.")


def _share() -> None:
    problem = state.link_problem()
    if problem:
        st.warning(f"{escape(problem)}.")
        st.download_button(
            "Download the document",
            data=state.experiment().dumps(),
            file_name="schedules.json",
            icon=":material/download:",
            on_click="ignore",
        )
        return
    view.link(state.link() | choices.link())


def _import() -> None:
    left, right = st.columns(2)
    with left:
        st.file_uploader(
            "A document (JSON), or code that lrlab exported",
            type=["json", "py", "txt"],
            key="upload",
            max_upload_size=2,
            on_change=_take_file,
        )
    with right:
        st.text_area("Or paste it here", key="pasted", height=120)
        st.button("Read it", key="read", on_click=lambda: _take(st.session_state.pasted))
    if recall("import_said"):
        kind, text = st.session_state.import_said
        (st.error if kind == "error" else st.success)(escape(text))


def _take_file() -> None:
    file = st.session_state.upload
    if file is not None:
        _take(file.read(MAX_BYTES + 1))


def _take(content: str | bytes) -> None:
    try:
        experiment = exported.read(content)
    except DocumentError as error:
        st.session_state.import_said = ("error", f"Not read: {error}. The page keeps what it had.")
        return
    state.put(experiment)
    state.choose(0)
    trials, steps = len(experiment.trials), experiment.run.steps
    said = f"Read: {trials} trial{'s' * (trials != 1)} on {steps:,} optimizer step{'s' * (steps != 1)}."
    if COMMENT.encode() in (content.encode(errors="replace") if isinstance(content, str) else content):
        said += " It was read from the comment in the code; what was changed in the code itself is not seen."
    st.session_state.import_said = ("success", said)
