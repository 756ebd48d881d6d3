"""The section of the warmup's units: how long it is in each, how frameworks want it written, and how it is often
written by mistake.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lrlab import charts, engine
from lrlab.document import Experiment, View
from lrlab.exporters import EXPORTERS, export
from lrlab.lessons import units
from lrlab.lessons.units import Units, Written
from lrlab.plans import optimizers
from lrlab.ui import chart
from lrlab.ui.lessons import fields, frame, home
from lrlab.ui.widgets import escape

VERSIONS = ("4.57", "5.23")
"""Versions of transformers, one before and one after warmup_ratio was removed."""
HEIGHT = 500
"""The height of the chart of the mistakes in pixels; on a phone half of it is the legend, with a line for each."""
NO_FRACTION_FROM = 100
"""From so many times on, a length is told without a fraction."""


def show() -> None:
    """The whole section."""
    settings = frame.at_hand(Units)
    frame.text("warmup", "units", steps=f"{units.warmup_steps(settings):,}")
    fields.show(Units, "samples", "batch_size", "devices", "accumulate", "epochs", "amount", "unit", "peak")
    _counts(settings)
    reason = units.refused(settings)
    if reason:
        st.warning(escape(reason), icon=":material/warning:")
        return
    same, near = units.same_warmup(settings), units.nearly(settings)
    _same(same)
    _wrong(settings, same)
    _near(near)
    _arguments(settings)
    _code(settings, same)


def _counts(settings: Units) -> None:
    """The same warmup in every unit."""
    found, run = units.counts(settings), settings.run
    row = {
        "optimizer steps": f"{found.steps:,}",
        "epochs": f"{found.epochs:.6g}",
        "ratio": f"{found.ratio:.6g}",
        "samples": f"{found.samples:,}",
        "micro-batches": f"{found.micro_batches:,}",
    }
    st.table(pd.DataFrame([row]), hide_index=True)
    st.caption(
        escape(
            f"One epoch: {run.micro_batches:,} micro-batches, {run.updates:,} optimizer steps of "
            f"{run.step_samples:,} samples "
            f"(the last one may see fewer). The run: {run.steps:,} steps."
        )
    )


def _same(same: tuple[Written, ...]) -> None:
    """The value of every argument, and how close the curves are to each other."""
    st.markdown(f"**The same warmup, written for {len(same)} frameworks**")
    st.table(pd.DataFrame([_row(one) for one in same]).set_index("framework"))
    st.caption(
        "From 0 in a straight line, then a cosine to 0. The difference is the largest from the curve of "
        "transformers, as a share of the peak."
    )


def _near(near: tuple[Written, ...]) -> None:
    """Schedules that are close, and how far off they are."""
    st.markdown("**Native forms that are near, and not the same**")
    st.table(pd.DataFrame([_row(one) for one in near]).set_index("framework"))


def _row(one: Written) -> dict[str, str]:
    return {
        "framework": "  \n".join(escape(line) for line in (one.title, one.note) if line),
        "arguments": "  \n".join(f"`{a.name} = {a.value:.10g}` {escape(a.counts)}" for a in one.arguments),
        "largest difference": escape(f"{one.off:.2g} of the peak, at step {one.at:,}" if one.off else "none"),
    }


def _arguments(settings: Units) -> None:
    """What to write in TrainingArguments, by version."""
    found, total = units.counts(settings), settings.run.steps
    ratio = float(f"{found.ratio:.6g}")
    said = [optimizers.warmup_argument("warmup_steps", found.steps, total, version).sentence for version in VERSIONS]
    said += [optimizers.warmup_argument("warmup_ratio", ratio, total, VERSIONS[0]).sentence]
    said += [optimizers.warmup_argument("warmup_steps", ratio, total, VERSIONS[1]).sentence] if ratio < 1 else []
    st.markdown("**In TrainingArguments of transformers**\n\n" + "\n".join(f"- {escape(line)}" for line in said))
    st.caption(
        "A share is multiplied by the steps of the run and rounded up, so it can be a step off; a number "
        "of steps cannot."
    )


def _code(settings: Units, same: tuple[Written, ...]) -> None:
    """Each framework's own code, and the way to Tune."""
    fields.show(Units, "target")
    place = [one.target for one in same].index(settings.target)
    one = same[place]
    home.tune(units.experiment(settings, same), "units", place=place)
    st.code(export(units.experiment(settings, (one,)), one.target), language=EXPORTERS[one.target].language, height=300)


def _wrong(settings: Units, same: tuple[Written, ...]) -> None:
    """The same number in another unit: what it does to this run."""
    found = units.mistakes(settings)
    st.markdown("**Written wrongly: the same warmup in another unit**")
    rows = [
        {
            "mistake": escape(one.title),
            "arithmetic": escape(one.arithmetic),
            "warmup, in steps": f"{one.length:,}" if one.length is not None else "does not end in the run",
            "too": escape(_too(one.length, units.warmup_steps(settings))),
            "highest rate": f"{one.highest:.4g} of the peak",
            "last rate": f"{one.last:.2g} of the peak",
        }
        for one in found
    ]
    if not rows:
        st.caption("None of the usual ones makes a difference of a step in this run.")
        return
    meant = next(one.trial for one in same if one.target == "transformers").model_copy(update={"name": units.MEANT})
    shown = Experiment(run=settings.run, trials=(meant, *(one.trial for one in found)))
    curves = engine.curves(shown)
    figure, alt = charts.overlay(shown.run, curves, View(marks=False)), charts.description(shown.run, curves)
    chart.show(figure, key="units.wrong", height=HEIGHT, alt=alt)
    for names in units.alike(settings, found):
        st.caption(escape(f"These lie on each other in the chart: {', '.join(names[:-1])} and {names[-1]}."))
    st.table(pd.DataFrame(rows).set_index("mistake"))
    said = (
        "Each is get_cosine_schedule_with_warmup of transformers with "
        f"num_training_steps={settings.run.steps}, the optimizer steps of the run."
    )
    st.caption(escape(said))


def _too(length: int | None, meant: int) -> str:
    """How far the length of a warmup is from the one that was meant."""
    if length is None:
        return "long"
    if length == meant:
        return "neither long nor short"
    way, times = ("long", length / meant) if length > meant else ("short", meant / max(length, 1))
    return f"{way}, {times:,.0f} times" if times >= NO_FRACTION_FROM else f"{way}, {times:.3g} times"
