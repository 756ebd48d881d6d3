"""The section of the sweeps through Streamlit's own test harness: what may be typed, what a job shows, and what is
taken home.
"""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Iterator

import lesson_pages
import numpy as np
import pytest
from panels import complaint, components, nodes, write
from streamlit.testing.v1 import AppTest

import lrlab.ui.lessons.sgdr
from lrlab.lessons import prose, sweep
from lrlab.lessons.sweep import Grid, Result, Row, Scores
from lrlab.ui.lessons import jobs
from lrlab.ui.lessons import sweep as page
from lrlab.ui.lessons.frame import Lesson, Section

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own
ALONE = Lesson("sgdr", "SGDR or cosine?", (Section("sweep", "Sweeps", page.show, Grid),))
SMALL = {"T_0": "1, 9", "T_mult": "1, 2", "peak": "0.05, 900", "epochs": "3", "seeds": "2"}
GRID = Grid(T_0="1, 9", T_mult="1, 2", peak="0.05, 900", epochs=3, seeds=2)
LONG = 120.0


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lrlab.ui.lessons.sgdr, "LESSON", ALONE)
    monkeypatch.delenv(sweep.DASK, raising=False)
    yield
    jobs.queue.clear()


def opened(**settings: str) -> AppTest:
    return lesson_pages.opened("pages/sgdr.py", {f"sweep.{name}": text for name, text in settings.items()})


def at_hand(app: AppTest) -> Grid:
    return lesson_pages.at_hand(app, Grid)


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error)
    return " ".join(element.value for kind in kinds for element in kind).replace("\\", "")


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def settled(app: AppTest) -> AppTest:
    """The page once its job has come to its end; a browser looks again by itself."""
    end = time.monotonic() + LONG
    while "Stop" in buttons(app):
        assert time.monotonic() < end
        time.sleep(0.05)
        app.run()
        assert not app.exception
    return app


def stepwise(gate: list[bool]) -> object:
    """In place of a sweep: the first half at once, the rest when the gate is opened."""

    def work(grid: Grid) -> Iterator[tuple[float, Result]]:
        shape = len(grid.cells), grid.seeds
        scores = Scores(*np.full((3, *shape), 0.5), np.full(shape, -1))
        half = np.arange(shape[0]) < shape[0] // 2
        yield 0.5, Result(grid, "a test", half, scores)
        while not gate:
            time.sleep(0.01)
            yield 0.5, Result(grid, "a test", half, scores)
        yield 1.0, Result(grid, "a test", np.ones(shape[0], dtype=bool), scores)

    return work


# ---------------------------------------------------------------- the fields


def test_lists_are_settings_tidied_and_in_the_address() -> None:
    app = opened()
    write(app, "sweep.T_0", "7,3")
    assert at_hand(app).T_0 == nodes(app)["sweep.T_0"]["text"] == app.query_params["sweep.T_0"] == "7, 3"
    assert "Train 20 cells from 3 seeds" in buttons(app)


def test_what_is_no_list_is_said_beneath_the_field_and_changes_nothing() -> None:
    app = opened()
    write(app, "sweep.peak", "0.1, fast")
    assert "'fast' is not a rate above 0" in complaint(app, "sweep.peak")
    assert at_hand(app).peak == Grid().peak
    assert nodes(app)["sweep.peak"]["text"] == Grid().peak, "what holds is still that"
    write(app, "sweep.peak", "0.1")
    assert not complaint(app, "sweep.peak")
    assert at_hand(app).peak == "0.1"


def test_too_many_cells_are_said_with_their_number() -> None:
    app = opened(T_mult="1, 2, 3, 4")
    write(app, "sweep.T_0", ", ".join(map(str, range(1, 31))))
    assert "30 x 4 x 5 are 600 cells, and 400 is the most" in complaint(app, "sweep.T_0")


def test_the_text_has_a_number_in_every_place() -> None:
    said = texts(opened(epochs="17"))
    assert "in 17 epochs" in said
    assert "64 hidden units" in said
    assert not prose.places(said)


# ---------------------------------------------------------------- a job


def test_nothing_is_trained_before_it_is_asked_for() -> None:
    app = opened(**SMALL)
    assert "At most 2 at a time for each visitor" in texts(app)
    assert "16 networks of 3 epochs each" in texts(app)
    assert not app.dataframe
    assert "sweep.ran" not in app.query_params


def test_a_sweep_begins_with_the_button_and_shows_its_map_table_and_file() -> None:
    app = opened(**SMALL)
    app.button(key=next(b.key for b in app.button if b.label.startswith("Train 8 cells"))).click().run()
    assert app.query_params["sweep.ran"] == "true"
    settled(app)
    table = app.dataframe[0].value
    assert list(table["T_0"]) == [1, 1, 1, 1, 9, 9, 9, 9]
    *_, (_, expected) = sweep.sweep(GRID)
    rows = expected.rows()
    for name, part in {
        "test accuracy, %": "accuracy",
        "95 % from": "low",
        "to": "high",
        "at the last whole cycle, %": "whole",
    }.items():
        wanted = [np.nan if (value := getattr(row, part)) is None else 100 * value for row in rows]
        np.testing.assert_allclose(table[name].astype(float), wanted, atol=0.051)
    assert list(table["seeds diverged"]) == [row.diverged for row in rows] == [0, 2, 0, 2, 0, 2, 0, 2]
    said = texts(app)
    assert "8 of 8 cells, trained on: " in said
    assert "Best of 8 cells" in said
    assert len(components(app, "chart")) == 1
    assert len(app.get("download_button")) == 1


def test_a_link_to_what_was_run_runs_it_at_once_and_a_change_waits_for_the_button() -> None:
    app = settled(opened(**SMALL, ran="true"))
    assert len(app.dataframe[0].value) == 8
    write(app, "sweep.T_0", "2")
    assert not app.dataframe
    assert "sweep.ran" not in app.query_params
    assert "Train 4 cells from 2 seeds" in buttons(app)


def test_stop_keeps_what_was_done_and_it_can_be_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    gate: list[bool] = []
    monkeypatch.setattr(sweep, "sweep", stepwise(gate))
    app = opened(**SMALL, ran="true")
    end = time.monotonic() + LONG
    while not app.dataframe:
        assert time.monotonic() < end
        app.run()
    assert len(app.dataframe[0].value) == 4
    assert "Best so far of 4 cells" in texts(app)
    next(b for b in app.button if b.label == "Stop").click().run()
    assert "Stopped after 50 %: what was done is shown" in texts(app)
    assert len(app.dataframe[0].value) == 4
    gate.append(True)
    next(b for b in app.button if b.label == "Run again").click().run()
    assert len(settled(app).dataframe[0].value) == 8
    assert not {"Stop", "Run again"} & set(buttons(app))


def test_who_waits_is_told_how_many_are_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    gate: list[bool] = []
    monkeypatch.setattr(sweep, "sweep", stepwise(gate))
    first, second = opened(**SMALL, ran="true"), opened(**(SMALL | {"seeds": "3"}), ran="true")
    (bar,) = second.get("progress")
    assert bar.proto.text == "Waiting: 1 is ahead of you"
    gate.append(True)
    assert len(settled(second).dataframe[0].value) == len(settled(first.run()).dataframe[0].value) == 8


def test_a_third_job_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    gate: list[bool] = []
    monkeypatch.setattr(sweep, "sweep", stepwise(gate))
    app = opened(**SMALL)
    for seeds in ("2", "3", "4"):
        app.query_params["sweep.seeds"], app.query_params["sweep.ran"] = seeds, "true"
        app.run()
    assert "you have 2 waiting or running: stop one, or wait." in texts(app)
    assert "Train 8 cells from 4 seeds" in buttons(app)
    gate.append(True)


def test_a_failure_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sweep.DASK, "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "distributed", None)  # whether it is installed or not
    app = settled(opened(**SMALL, ran="true"))
    assert "LRLAB_DASK names a Dask scheduler, but this server has no Dask: pip install distributed" in texts(app)
    assert "Run again" in buttons(app)


def test_the_best_opens_in_tune() -> None:
    app = settled(opened(**SMALL, ran="true"))
    best = sweep.best(next(iter(sweep_of(app))).rows())
    assert best
    app.button(key="sweep.open").click().run()
    assert not app.exception
    (trial,) = app.session_state["experiment"].trials
    assert trial.base_lr == best.peak == 0.05
    assert (trial.schedule.T_0, trial.schedule.T_mult) == (best.T_0 * 41, best.T_mult)


def sweep_of(app: AppTest) -> list[Result]:
    return [job.result for job in app.session_state["jobs"].values()]


def test_the_map_of_another_factor_is_a_click_away() -> None:
    app = settled(opened(**SMALL, ran="true"))
    maps = [str(components(app, "chart"))]
    app.button_group(key="sweep.shown").set_value(2).run()
    maps.append(str(components(app, "chart")))
    assert ["T_mult 1" in maps[0], "T_mult 2" in maps[1]] == [True, True]
    assert (app.query_params["sweep.shown"], app.query_params["sweep.ran"]) == ("2", "true"), (
        "the link has it, and nothing is trained again"
    )
    assert len(app.dataframe[0].value) == 8
    write(app, "sweep.T_mult", "1, 3")
    assert app.button_group(key="sweep.shown").value == 1


# ---------------------------------------------------------------- words and the file


def row(**changes: object) -> Row:
    return Row(*(5, 1, 0.1, 2, False, 0.95, 0.93, 0.97, 0.95, 0.7, 0, None))._replace(**changes)


@pytest.mark.parametrize(("changes", "said"), [
    ({}, "95.0"), ({"accuracy": None, "diverged": 3, "step": 41}, "\N{MULTIPLICATION SIGN}"),
    ({"diverged": 1}, "95.0 \N{MULTIPLICATION SIGN} 1/3"), ({"cycles": 0, "whole": None}, "95.0 ○"),
    ({"accuracy": 0.09}, "9.0 ≈"),
])  # fmt: skip
def test_a_cell_says_in_text_what_its_colour_does_not(changes: dict[str, object], said: str) -> None:
    assert page.label(row(**changes), 3) == said
    assert page.label(None, 3) == "…"


def scored(accuracy: list[list[float]], diverged: list[list[int]]) -> Result:
    """A cell for each row, a seed for each column."""
    firsts = ", ".join(str(first) for first in range(1, len(accuracy) + 1))
    grid, scores = Grid(T_0=firsts, T_mult="1", peak="0.1", seeds=len(accuracy[0])), np.array(accuracy)
    return Result(grid, "", np.ones(len(accuracy), dtype=bool), Scores(scores, scores, scores, np.array(diverged)))


def test_the_verdict_counts_the_cells_that_are_not_told_apart_from_the_best() -> None:
    accuracy, broken = (
        [[0.95, 0.80, 0.65], [0.93, 0.785, 0.63], [0.60, 0.95, 0.80], [0.99] * 3],
        [[-1] * 3] * 3 + [[-1, 3, -1]],
    )
    said = page.verdict(scored(accuracy, broken), finished=True)
    assert said.startswith(
        "Best of 4 cells: T_0 1, T_mult 1, peak rate 0.1, 80.0 %, 95 % interval 42.7 % to 100.0 % over 3 seeds; "
        "1 of the 2 others "
    )
    assert said.endswith(
        "is not told apart from it (95 % interval of the difference, seed by seed, includes 0; "
        "there is none where all seeds agree), and the best of many is partly luck."
    )
    assert page.verdict(scored(accuracy[:1], broken[:1]), finished=True).endswith("over 3 seeds.")
    assert "cannot be told" in page.verdict(scored([[0.9], [0.8]], [[-1], [-1]]), finished=True)
    assert "every cell" in page.verdict(scored([[0.9] * 3], [[-1, -1, 4]]), finished=True)


def test_seeds_that_agree_are_said_to_and_no_interval_is_written() -> None:
    said = page.verdict(scored([[0.95, 0.95], [0.93, 0.92]], [[-1] * 2] * 2), finished=True)
    assert ", 95.0 %, all 2 seeds agree; 1 of the 1 others" in said
    alike = page.verdict(scored([[0.95, 0.94], [0.93, 0.92]], [[-1] * 2] * 2), finished=True)
    assert "; 1 of the 1 others in which no seed diverged is not told apart" in alike


def test_the_file_has_a_line_for_each_cell_and_seed_and_no_number_where_there_is_none() -> None:
    *_, (_, result) = sweep.sweep(GRID)
    lines = list(csv.DictReader(io.StringIO(page.csv(result))))
    assert len(lines) == 16
    for place, cell in enumerate(GRID.cells):
        for seed in range(2):
            line = lines[2 * place + seed]
            assert (int(line["T_0"]), int(line["T_mult"]), float(line["peak"]), int(line["seed"])) == (*cell, seed)
            if cell.peak > 1:
                assert int(line["diverged_at_step"]) == result.scores.diverged[place, seed]
                assert line["test_accuracy"] == line["training_loss"] == line["test_accuracy_at_last_whole_cycle"] == ""
            else:
                assert float(line["test_accuracy"]) == result.scores.accuracy[place, seed]
                assert (line["test_accuracy_at_last_whole_cycle"] == "") == (cell.T_0 == 9)
