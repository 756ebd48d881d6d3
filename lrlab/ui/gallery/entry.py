"""One schedule in the gallery: its curve, formula, arguments, traps and source, and what it is called elsewhere."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from pydantic.fields import FieldInfo

from lrlab import charts, docstring, engine, families
from lrlab.document import Experiment, Trial, View
from lrlab.document.run import StepRun
from lrlab.exporters.constructor import constructor
from lrlab.schedules import Schedule, params
from lrlab.schedules.base import described, is_horizon
from lrlab.trees.python import Writer
from lrlab.ui import chart, state
from lrlab.ui.widgets import escape

PAGE = "pages/gallery.py"
ASKED = "kind"
"""The address's word for the schedule whose entry is open."""
RUN = StepRun(total_steps=30_000, steps_per_epoch=300)
BASE_LR = 0.2
UNITS = {
    "ticks": "ticks",
    "epochs": "epochs",
    "updates": "optimizer steps",
    "rate": "learning rate",
    "expression": "expression",
    "pairs": "ticks: numbers",
}

_STYLE = """<style>
[class*="st-key-equivalents"] table { table-layout: fixed; width: 100%; min-width: 44rem; }
[class*="st-key-equivalents"] td { vertical-align: top; }
[class*="st-key-equivalents"] td * { overflow-wrap: anywhere !important; white-space: normal !important; }
[class*="st-key-equivalents"] th:nth-child(1) { width: 20%; }
[class*="st-key-equivalents"] th:nth-child(2) { width: 27%; }
[class*="st-key-equivalents"] th:nth-child(3) { width: 15%; }
[class*="st-key-equivalents"] th:nth-child(4) { width: 13%; }
</style>"""
_TOP = """<script data-kind="{kind}">document.querySelector('[data-testid="stMain"]').scrollTo(0, 0)</script>"""
"""An entry opens at its top, wherever the card or the link to it was."""


@functools.cache
def sample(kind: type[Schedule]) -> Trial:
    """The schedule as it comes, on a run of 100 epochs; those called once an epoch so, with a metric that gets better
    and stalls, three times.
    """
    epochs = RUN.steps // RUN.updates
    document = kind.example(epochs if kind.per_epoch else RUN.steps, epochs, RUN.updates)
    schedule = kind.model_validate(document)
    if schedule.watches:
        epoch, period = np.arange(epochs), epochs // 3
        falling = 1.0 / (1.0 + epoch // period + np.minimum(epoch % period / period, 0.5))
        metrics = 1.0 - falling / 2.0 if schedule.wants_high else falling
        schedule = kind.model_validate(document | {"metrics": metrics.tolist()})
    return Trial(name=kind.native, base_lr=BASE_LR, clock="epoch" if kind.per_epoch else "step", schedule=schedule)


def show(kind: type[Schedule]) -> None:
    """All that there is to know of it."""
    said = docstring.read(kind)
    st.html(_STYLE + _TOP.format(kind=kind.kind), unsafe_allow_javascript=True)
    st.page_link(PAGE, label="All schedules", icon=":material/arrow_back:", query_params={})
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(escape(kind.native), anchor=False, width="content")
        if st.button("Open in Tune", key="open", icon=":material/show_chart:"):
            state.add(kind)
            st.switch_page("app.py")
    st.markdown(
        f":gray[{escape(kind.framework)} · {escape(families.family_of(kind.kind).title)}]  \n{prose(said.first)}"
    )
    _curve(kind)
    st.subheader("Formula", anchor=False)
    _formula(kind)
    st.subheader("In code", anchor=False)
    st.code(_code_of(kind), language="python")
    source_cell = st.container()
    if said.notes:
        left, source_cell = st.columns(2, gap="large")
        with left:
            st.subheader("What surprises", anchor=False)
            st.markdown("\n\n".join(map(prose, said.notes)))
    with source_cell:
        st.subheader("Source", anchor=False)
        _source(kind, said.labelled["Source"])
    if kind.model_fields:
        st.subheader("Arguments", anchor=False)
        _table(
            [_argument(name, field, described(kind)[name]) for name, field in kind.model_fields.items()], "arguments"
        )
    st.subheader("Equivalents", anchor=False)
    for family, member in families.places(kind.kind):
        _elsewhere(family, member)


def _curve(kind: type[Schedule]) -> None:
    trial = sample(kind)
    curves = engine.drawn(Experiment(run=RUN, trials=(trial,)))
    if chart.reasons(curves):
        figure = charts.overlay(RUN, curves, View())
        height = 380 if "yaxis2" in figure["layout"] else 300
        chart.show(figure, key="entry_chart", height=height, alt=charts.description(RUN, curves))
    document = trial.schedule.model_dump(mode="json", exclude_unset=True)
    base = {} if trial.schedule.own_rate else {"base_lr": BASE_LR}
    given = {name: value for name, value in (base | document).items() if name not in ("kind", "metrics")}
    arguments = ", ".join(f"`{name} = {_written(value)}`" for name, value in given.items()) or "no arguments"
    metrics = " and a metric that gets better and stalls" * trial.schedule.watches
    called = ", called once an epoch" * (trial.clock == "epoch")
    st.caption(f"On {RUN.steps:,} steps, {RUN.updates} an epoch{called}, with {arguments}{metrics}.")


def _written(value: Any) -> str:
    """An argument as one would read it: null follows the run, a nested schedule is its name."""
    if isinstance(value, dict) and "kind" in value:
        return str(value["kind"]).partition(".")[2]
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return "as long as the run" if value is None else json.dumps(value)


def _formula(kind: type[Schedule]) -> None:
    from lrlab.trees import latex  # noqa: PLC0415 (sympy is heavy; only who looks closer pays for it)

    schedule = sample(kind).bound(RUN)[0]
    if schedule.no_formula:
        st.markdown(escape(schedule.no_formula))
        return
    for line in latex.latex(schedule).split(r"\\[1.5ex]"):
        st.latex(line)
    st.caption("t counts the calls of scheduler.step() from 0.")


def _code_of(kind: type[Schedule]) -> str:
    """The import and the call that make the genuine one."""
    trial, writer = sample(kind), Writer("math")
    call = constructor(writer, trial.schedule, trial.bound(RUN)[0])
    return "\n".join([*sorted(writer.imports), "", f"{kind.variable} = {call}"])


def _source(kind: type[Schedule], source: str) -> None:
    """The docstring's source, its papers as links, and the genuine documentation."""
    text = re.sub(r"arXiv (\d{4})\\\.(\d{4,5})", r"[arXiv \1.\2](https://arxiv.org/abs/\1.\2)", escape(source))
    address = kind.documentation.format(native=kind.native)
    st.markdown(f"{text}  \n[{escape(address)}]({address})" if address else text)


def _argument(name: str, field: FieldInfo, about: params.Described) -> dict[str, str]:
    control = about.control or params.Control("text")
    default = "required" if field.is_required() else _code([json.dumps(field.get_default(), default=str)])
    if about.optional:
        default += "; null: as long as the run" if is_horizon(field) else "" if field.is_required() else " (not set)"
    return {
        "argument": _code([name]),
        "unit": _unit(about),
        "must be": _code(json.dumps(choice) for choice in about.choices) or ("" if about.nested else _bounds(about)),
        "default": default,
        "meaning": escape(control.help),
    }


def _unit(about: params.Described) -> str:
    if about.nested:
        return "schedules" if about.many else "schedule"
    return UNITS.get(about.control.unit, "") if about.control else ""


def _bounds(about: params.Described) -> str:
    """The hard bounds in words."""
    most = "below" if about.below else "at most"
    limits = (
        [f"{'above' if about.positive else 'at least'} {about.low:g}"]
        if about.low is not None and about.low > -params.MAX_COUNT
        else []
    )
    limits += [f"{most} {about.high:g}"] if about.high is not None and about.high < params.MAX_COUNT else []
    return ", ".join(limits)


def _elsewhere(family: families.Family, member: families.Member) -> None:
    """The others of one family: how their arguments follow from this schedule's, where the curves are equal, and what
    differs.
    """
    others = [other for other in family.all if other is not member]
    st.markdown(f"**{escape(family.title)}.** {escape(family.shape)} {escape(member.differs)}")
    if not others:
        st.caption("No other schedule here has this shape.")
        return
    found = {other.kind: families.translate(family, member, other) for other in others}
    _table([_row(other, found[other.kind]) for other in others], f"equivalents_{family.title}")
    left = sorted({symbol for translation in found.values() if translation for symbol in translation.left})
    legend = "".join(f" {_code([symbol])}: {escape(families.MEANINGS[symbol])}." for symbol in left)
    if any(found.values()):
        st.caption(
            "In this schedule's own arguments; those that are not named are at their defaults. Ticks "
            f"count the scheduler's calls.{legend}"
        )
    with st.container(horizontal=True):
        for other in others:
            st.page_link(PAGE, label=escape(other.kind), query_params={ASKED: other.kind})


def _table(rows: list[dict[str, str]], key: str) -> None:
    with st.container(key=key):
        st.table(pd.DataFrame(rows), hide_index=True)


def _row(other: families.Member, found: families.Translation | None) -> dict[str, str]:
    row = {
        "schedule": escape(other.kind),
        "arguments": "another shape",
        "if": "",
        "equal at ticks": "",
        "differs": escape(other.differs),
    }
    if found is not None:
        late = (
            f", {abs(found.later)} tick{'s' * (abs(found.later) > 1)} {'later' if found.later > 0 else 'earlier'} there"
            if found.later
            else ""
        )
        named = [f"{name} = {text}" for name, text in found.arguments.items() if not name == text == "base_lr"]
        row |= {
            "arguments": _code(named) or "none",
            "if": _code(found.conditions),
            "equal at ticks": f"{_code([found.first])} {'to ' + _code([found.last]) if found.last else 'and on'}{late}",
        }
    elif other.arguments is not None:
        row["arguments"] = "cannot do this"
    return row


def prose(text: str) -> str:
    """A docstring's sentence as Markdown: what stands in backticks is code, the rest is as it is."""
    return "".join(f"`{part}`" if i % 2 else _spaced(part) for i, part in enumerate(text.split("`")))


def _spaced(text: str) -> str:
    """Escaped, with the blanks at its ends kept."""
    return f"{' ' * text.startswith(' ')}{escape(text)}{' ' * text.endswith(' ')}"


def _code(texts: Iterable[str]) -> str:
    """Each text as it is, in the type of code."""
    return "  \n".join(f"`{text}`" for text in texts)
