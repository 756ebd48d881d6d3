"""The section on the SGDR paper: what it measured, as a chart and a table, and what may be concluded from that."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lrlab.charts.dots import Dots, dots
from lrlab.lessons import curve, paper
from lrlab.lessons.curve import CurveSettings
from lrlab.lessons.paper import COSINE, DATA, RESTARTS, WIDE, WIDER, Ensemble, Paper
from lrlab.ui import chart
from lrlab.ui.lessons import fields, frame
from lrlab.ui.lessons.numbers import number
from lrlab.ui.widgets import escape

HEIGHT = 430
C10, C100 = DATA
ENSEMBLES = "ensembles, WRN-28-10"


def show() -> None:
    """The whole section."""
    settings = frame.at_hand(Paper)
    fields.show(Paper, switches=("data", "network"))
    _chart(settings)
    _table(settings)
    tables = paper.tables()
    ten, twenty = (tables.singles[RESTARTS][network] for network in (WIDE, WIDER))
    cosine, wider = (tables.singles[COSINE][network] for network in (WIDE, WIDER))
    most = tables.ensembles[-1]
    run = CurveSettings(T_0=10, T_mult=2, epochs=200)
    cut = curve.rates(run, curve.SGDR, [curve.run(run).steps - 1]).item() / run.peak
    frame.text(
        "sgdr",
        "paper",
        models=most.models,
        runs=most.runs,
        snapshots=most.snapshots,
        most10=_two(most.errors[C10]),
        most100=_two(most.errors[C100]),
        cosine10=_two(cosine[C10]),
        wider10=_two(wider[C10]),
        restarts10=_two(ten[C10]),
        twenty10=_two(twenty[C10]),
        cosine100=_two(cosine[C100]),
        wider100=_two(wider[C100]),
        restarts100=_two(ten[C100]),
        twenty100=_two(twenty[C100]),
        gain=_two(cosine[C100] - ten[C100]),
        more=_two(wider[C100] - twenty[C100]),
        cut=number(cut, ".0%"),
    )
    st.caption(f"Source: {escape(tables.source)}.")


def _chart(settings: Paper) -> None:
    tables = paper.tables()
    labels = [_called(schedule) for schedule in tables.singles]
    shown = [network for network in tables.networks if settings.network in ("both", network)]
    series = [
        Dots(
            f"{network}, {tables.networks[network]}",
            range(len(labels)),
            [row[network][settings.data] for row in tables.singles.values()],
        )
        for network in shown
    ]
    if WIDE in shown:
        errors = [ensemble.errors[settings.data] for ensemble in tables.ensembles]
        series.append(Dots(ENSEMBLES, range(len(labels), len(labels) + len(errors)), errors))
        labels += [_combined(ensemble) for ensemble in tables.ensembles]
    figure = dots(labels, series, f"test error on {settings.data}, %")
    best = "; ".join(f"{network}: {_called(tables.best(network, settings.data))}" for network in shown)
    alt = (
        f"Test error on {settings.data} by schedule. Least of a single model, {best}. The table below has every number."
    )
    chart.show(figure, key="paper_chart", height=HEIGHT, alt=alt)


def _table(settings: Paper) -> None:
    tables = paper.tables()
    shown = [network for network in tables.networks if settings.network in ("both", network)]
    rows = [
        {"schedule": escape(_called(schedule))}
        | {f"{network}, {data}": _two(errors[network][data]) for network in shown for data in DATA}
        for schedule, errors in tables.singles.items()
    ]
    if WIDE in shown:
        rows += [
            {"schedule": escape(_combined(ensemble))}
            | {f"{WIDE}, {data}": _two(ensemble.errors[data]) for data in DATA}
            for ensemble in tables.ensembles
        ]
    with st.expander("The numbers as a table: test error in %", icon=":material/table:", key="paper.table"):
        st.table(pd.DataFrame(rows).fillna("").set_index("schedule"))


def _called(schedule: str) -> str:
    return f"{schedule} (one cosine)" if schedule == COSINE else schedule


def _combined(ensemble: Ensemble) -> str:
    runs = f"{ensemble.runs} run{'s' * (ensemble.runs != 1)}"
    models = f"{ensemble.models} model{'s' * (ensemble.models != 1)}"
    return f"{runs} x {ensemble.snapshots} snapshot{'s' * (ensemble.snapshots != 1)} = {models}"


def _two(error: float) -> str:
    return f"{error:.2f}"
