"""The section of the sweeps: the lists of a grid, its job, and the map, table and file of the results."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from lrlab import charts
from lrlab.lessons import sweep
from lrlab.lessons.compare import GUESS
from lrlab.lessons.sweep import Cell, Grid, Result, Row
from lrlab.ui import chart
from lrlab.ui.lessons import fields, frame, home, jobs
from lrlab.ui.lessons.numbers import number
from lrlab.ui.widgets import escape, offer

NO_CYCLE, GUESSING, DIVERGED, NOT_YET = "○", "≈", "\N{MULTIPLICATION SIGN}", "…"
_COLUMNS = {
    "T_0": "T_0",
    "T_mult": "T_mult",
    "peak": "peak rate",
    "cycles": "whole cycles",
    "cut": "last cycle cut",
    "accuracy": "test accuracy, %",
    "low": "95 % from",
    "high": "to",
    "whole": "at the last whole cycle, %",
    "loss": "training loss",
    "diverged": "seeds diverged",
    "step": "first at step",
}


def show() -> None:
    """The whole section."""
    grid = frame.at_hand(Grid)
    setup = grid.setup
    noise = f" ({100 * setup.label_noise:.0f} % of them with a wrong label)" if setup.label_noise else ""
    frame.text(
        "sgdr",
        "sweep",
        units=" and ".join(map(str, setup.hidden)),
        batch=setup.batch_size,
        noise=noise,
        epochs=grid.epochs,
    )
    fields.show(Grid, "T_0", "T_mult", "peak", "epochs", "seeds", "optimizer")
    factor = _factor(grid)

    def draw(result: Result, finished: bool) -> None:  # noqa: FBT001 (the panel's form)
        _draw(result, factor, finished=finished)

    networks, (where, cores) = len(grid.cells) * grid.seeds, _where()
    jobs.panel(
        grid,
        lambda: sweep.sweep(grid),
        draw,
        label=f"Train {len(grid.cells):,} cells from {grid.seeds} seed{'s' * (grid.seeds != 1)}",
        lane="sweeps",
        cost=f"{networks:,} networks of {grid.epochs} epochs each {where}",
        seconds=grid.setup.seconds(networks) / cores,
    )


def _factor(grid: Grid) -> int:
    """The T_mult whose map is shown."""
    factors = [int(factor) for factor in grid.numbers("T_mult")]
    if len(factors) == 1:
        return factors[0]
    key, shown = "sweep.shown", grid.shown if grid.shown in factors else factors[0]
    offer(key, shown)
    st.segmented_control(
        "Map for T_mult",
        factors,
        key=key,
        required=True,
        on_change=lambda: frame.put(frame.at_hand(Grid).replaced(shown=st.session_state[key])),
    )
    return shown


def _where() -> tuple[str, int]:
    """Where a sweep runs, in words, and for how many cores its time is estimated: how many a cluster has is not known
    before.
    """
    if os.environ.get(sweep.DASK, "").strip():
        return "on the Dask cluster of this server; on one core", 1
    cores = os.cpu_count() or 1
    return f"on {cores} core{'s' * (cores != 1)}", cores


# ---------------------------------------------------------------- what came out


def _draw(result: Result, factor: int, *, finished: bool) -> None:
    rows = result.rows()
    st.caption(f"{len(rows):,} of {result.done.size:,} cells, trained on: {escape(result.where)}.")
    _map(result.grid, {Cell(*row[:3]): row for row in rows}, factor)
    st.caption(escape(verdict(result, finished=finished)))
    columns = {"peak rate": st.column_config.NumberColumn(format="%.6g")}
    st.dataframe(table(rows), hide_index=True, key="sweep.table", column_config=columns, placeholder="")
    best = sweep.best(rows)
    with st.container(horizontal=True):
        trials = sweep.experiment(result.grid, [Cell(*best[:3])] if best else [])
        home.tune(trials, "sweep", label="Open the best in Tune", disabled=best is None)
        st.download_button(
            "CSV of all seeds",
            csv(result),
            "lrlab-sweep.csv",
            "text/csv",
            icon=":material/download:",
            key="sweep.csv",
            on_click="ignore",
        )


def _map(grid: Grid, rows: dict[Cell, Row], factor: int) -> None:
    """The map of the test accuracy over T_0 and the peak rate, for one T_mult. The text of a cell without colour says
    why it has none.
    """
    firsts, peaks = [int(first) for first in grid.numbers("T_0")], grid.numbers("peak")
    shown = [[rows.get(Cell(first, factor, peak)) for first in firsts] for peak in peaks]
    z = np.array([[_colour(row) for row in line] for line in shown])
    figure = charts.heat(
        z,
        [str(first) for first in firsts],
        [f"{peak:g}" for peak in peaks],
        x_title="T_0, epochs",
        y_title="peak rate",
        z_title="test accuracy, %",
        text=[[label(row, grid.seeds) for row in line] for line in shown],
        filename="lrlab-sweep",
    )
    seen = [row for line in shown for row in line if row]
    best = sweep.best(seen)
    alt = f"Heat map of the test accuracy over {len(firsts)} values of T_0 and {len(peaks)} peak rates, T_mult {factor}"
    alt += (
        f". The highest of a cell in which no seed diverged: {_place(best)}, {best.accuracy:.1%}"
        if best and best.accuracy
        else ""
    )
    alt += f". In {sum(row.diverged > 0 for row in seen)} of {len(seen)} cells seeds diverged"
    chart.show(figure, key="sweep.map", height=max(180, 90 + 42 * len(peaks)), alt=alt)
    st.caption(
        f"Per cell: test accuracy in percent. {DIVERGED} diverged ({DIVERGED} 1/3: one of three seeds, "
        "the number is the others' mean); "
        f"{GUESSING} no better than guessing; {NO_CYCLE} the first cycle is longer than the training. "
        "Grey: diverged, guessing, or not trained."
    )


def _colour(row: Row | None) -> float:
    """The accuracy in percent; none where it is a guess, as that would use up the colour scale."""
    return 100 * row.accuracy if row and row.accuracy is not None and row.accuracy >= GUESS else np.nan


def label(row: Row | None, seeds: int) -> str:
    """The text of a cell of the map."""
    if row is None:
        return NOT_YET
    if row.accuracy is None:
        return DIVERGED
    signs = {
        GUESSING: row.accuracy < GUESS,
        NO_CYCLE: not row.cycles,
        f"{DIVERGED} {row.diverged}/{seeds}": row.diverged > 0,
    }
    return " ".join([f"{100 * row.accuracy:.1f}", *(sign for sign, holds in signs.items() if holds)])


def _place(row: Row) -> str:
    return f"T_0 {row.T_0}, T_mult {row.T_mult}, peak rate {row.peak:g}"


def verdict(result: Result, *, finished: bool) -> str:
    """A sentence on the best cell, its interval, and how many others do not differ from it."""
    rows, seeds = result.rows(), result.grid.seeds
    best = sweep.best(rows)
    if best is None or best.accuracy is None:
        return "In every cell at least one seed diverged: there is none to recommend."
    among = "" if finished else " so far"
    said = f"Best{among} of {len(rows):,} cells: {_place(best)}, {number(best.accuracy, '.1%')}"
    if seeds == 1:
        return f"{said}. One seed, no interval: which cell is better cannot be told."
    if best.low is None or best.high is None:
        said += f", all {seeds} seeds agree"
    else:
        said += f", 95 % interval {number(best.low, '.1%')} to {number(best.high, '.1%')} over {seeds} seeds"
    alike, others = result.rivals(best)
    if not others:
        return f"{said}."
    apart = (
        f"{alike:,} of the {others:,} others in which no seed diverged {'is' if alike == 1 else 'are'} not "
        "told apart from it"
    )
    apart += (
        " (95 % interval of the difference, seed by seed, includes 0; there is none where all seeds agree), "
        "and the best of many is partly luck"
    )
    return f"{said}; {apart}."


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """A row for each cell, accuracies in percent; empty where there is none."""
    found = pd.DataFrame(rows, columns=Row._fields).astype(
        {"accuracy": float, "low": float, "high": float, "whole": float, "loss": float}
    )
    found = found.astype({"step": "Int64"})
    found[["accuracy", "low", "high", "whole"]] *= 100
    return found.round({"accuracy": 1, "low": 1, "high": 1, "whole": 1, "loss": 4}).rename(columns=_COLUMNS)


def csv(result: Result) -> str:
    """A line for each cell and seed in full precision; empty where a seed diverged, or where no cycle was finished."""
    lines = [
        "T_0,T_mult,peak,seed,whole_cycles,last_cycle_cut,test_accuracy,test_accuracy_at_last_whole_cycle,training_loss,diverged_at_step"
    ]
    scores, grid = result.scores, result.grid
    for place in np.flatnonzero(result.done):
        cell = grid.cells[place]
        cycles, epochs = sweep.whole_cycles(grid, cell)
        head = f"{cell.T_0},{cell.T_mult},{cell.peak!r}"
        for seed, step in enumerate(scores.diverged[place].tolist()):
            accuracy, whole, loss = (float(part[place, seed]) for part in (scores.accuracy, scores.whole, scores.loss))
            found = f"{accuracy!r},{whole if cycles else ''},{loss!r}," if step < 0 else f",,,{step}"
            lines.append(f"{head},{seed},{cycles},{str(epochs < grid.epochs).lower()},{found}")
    return "\n".join(lines) + "\n"
