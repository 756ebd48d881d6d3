"""Sweeps: what a grid may be, what its cells train, and the same numbers however and wherever they run."""

from __future__ import annotations

import math
import os
import signal
import sys
import time

import numpy as np
import pytest
from joblib.externals.loky import reusable_executor
from pydantic import ValidationError

from lrlab import engine
from lrlab.lessons import sweep as module
from lrlab.lessons.jobs import Queue, WorkError
from lrlab.lessons.network import train
from lrlab.lessons.sweep import Cell, Grid, Result, Scores, best, experiment, score, sweep, whole_cycles

SMALL = Grid(T_0="1, 3", T_mult="1, 2", peak="0.02, 0.1", epochs=4, seeds=2)
LONG = 120.0

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*tasks which were still being processed.*:UserWarning"
)  # joblib's, where a sweep is stopped


@pytest.fixture(autouse=True)
def _local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(module.DASK, raising=False)


@pytest.fixture(scope="module")
def serial() -> Scores:
    """Cell after cell in this process."""
    each = [vars(score(SMALL, [cell])) for cell in SMALL.cells]
    return Scores(**{name: np.concatenate([scores[name] for scores in each]) for name in each[0]})


def whole(grid: Grid, together: int = module.TOGETHER) -> Result:
    *_, (share, result) = sweep(grid, together)
    assert share == 1
    return result


def same(found: Result, expected: Scores) -> None:
    assert found.done.all()
    for name, values in vars(expected).items():
        np.testing.assert_array_equal(getattr(found.scores, name), values, err_msg=name)


def workers() -> list[int]:
    """The local worker processes."""
    return list(reusable_executor._executor._processes)  # noqa: SLF001 (loky tells nobody)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def refusal(**fields: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Grid(**fields)
    return str(caught.value)


# ---------------------------------------------------------------- grids


def test_a_grid_is_every_combination_in_ascending_order() -> None:
    grid = Grid(T_0="20,5", T_mult=" 2 , 1,", peak="0.1, 1e-2")
    assert grid.cells == [Cell(a, b, c) for a in (5, 20) for b in (1, 2) for c in (0.01, 0.1)]
    assert (grid.T_0, grid.T_mult, grid.peak) == ("20, 5", "2, 1", "0.1, 1e-2"), "the text is tidied"
    assert Grid(T_0="5, 05, 5").cells == Grid(T_0="5").cells, "each number once"


@pytest.mark.parametrize(("fields", "said"), [
    ({"T_0": "5, x"}, "'x' is not a whole number of at least 1"), ({"T_0": "0"}, "'0' is not a whole number"),
    ({"T_mult": "1.5"}, "'1.5' is not a whole number"),
    ({"T_0": " , "}, "there must be a whole number"), ({"T_0": "-3"}, "'-3' is not"),
    ({"T_0": "٣"}, "is not a whole number"), ({"peak": "0"}, "'0' is not a rate above 0"),
    ({"peak": "-1"}, "'-1' is not"), ({"peak": "nan"}, "'nan' is not"),
    ({"peak": "inf"}, "'inf' is not"),
    ({"peak": "0.1, 1e-2, 0.10000001"}, "'0.1' and '0.10000001' are alike to six digits"),
    ({"peak": "1e4"}, "'1e4' is not a rate above 0 and up to 1000"), ({"peak": "0.1; 0.2"}, "'0.1; 0.2' is not"),
    ({"T_0": "9" * 201}, "at most 200"),
    (
        {"T_0": "1,2,3,4,5,6,7,8,9,10,11", "T_mult": "1,2,3,4", "peak": "1,2,3,4,5,6,7,8,9,10"},
        "11 x 4 x 10 are 440 cells, and 400 is the most",
    ),
    ({"seeds": 21}, "less than or equal to 20"), ({"epochs": 0}, "greater than or equal to 1"),
])  # fmt: skip
def test_what_is_no_grid_is_refused_with_a_reason(fields: dict[str, object], said: str) -> None:
    assert said in refusal(**fields)


def test_the_largest_grid_is_one() -> None:
    assert (
        len(
            Grid(
                T_0=",".join(map(str, range(1, 11))), T_mult="1,2,3,4", peak=",".join(map(str, range(1, 11))), seeds=16
            ).cells
        )
        == 400
    )


def test_a_grid_that_would_keep_the_others_waiting_is_refused_with_its_arithmetic() -> None:
    most = {"T_0": "1, 2, 3, 4, 5", "T_mult": "1, 2", "peak": "0.1, 0.2, 0.3, 0.4, 0.5", "seeds": 20, "epochs": 200}
    assert len(Grid(**most).cells) * 20 * 200 == 200_000
    assert "60 cells x 20 seeds x 200 epochs are 240,000 epochs" in refusal(**most | {"T_0": "1, 2, 3, 4, 5, 6"})


def test_an_address_carries_a_grid_and_a_change_has_not_been_run() -> None:
    grid = Grid(T_0="2, 3", peak="0.5", seeds=5, optimizer="Adam", ran=True)
    assert Grid.read(grid.written()) == (grid, [])
    changed, problems = Grid.read({"sweep.T_0": "2, three", "sweep.seeds": "4"})
    assert changed == Grid(seeds=4)
    assert [problem.partition(":")[0] for problem in problems] == ["sweep.T_0"]
    assert grid.replaced(seeds=4) == Grid(T_0="2, 3", peak="0.5", seeds=4, optimizer="Adam")
    assert grid.replaced(ran=True) == grid
    assert grid.replaced(shown=2).ran, "what is drawn is not what is trained"


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize("cell", [Cell(1, 1, 0.1), Cell(1, 2, 0.3), Cell(3, 2, 0.1), Cell(4, 1, 0.5), Cell(9, 3, 0.1)])
def test_a_cell_is_sgdr_by_the_papers_formula(cell: Cell) -> None:
    """Loshchilov & Hutter 2017, eq. 5, its cycles walked one by one."""
    grid = Grid(epochs=8)
    document = experiment(grid, [cell])
    steps = grid.setup.steps
    assert (document.run.steps, document.run.updates) == (steps, grid.setup.steps_per_epoch)
    wanted: list[float] = []
    ends, length = [], cell.T_0 * grid.setup.steps_per_epoch
    while len(wanted) < steps:
        wanted += [cell.peak * (1 + math.cos(math.pi * t / length)) / 2 for t in range(length)]
        ends.append(len(wanted))
        length *= cell.T_mult
    np.testing.assert_allclose(engine.lr(document.run, document.trials[0], np.arange(steps)), wanted[:steps], rtol=1e-9)
    whole_ones = [end for end in ends if end <= steps]
    assert whole_cycles(grid, cell) == (len(whole_ones), max(whole_ones, default=0) // grid.setup.steps_per_epoch)


def test_scores_are_what_the_training_says_at_the_end_and_where_the_last_whole_cycle_ends(serial: Scores) -> None:
    for place, cell in enumerate(SMALL.cells):
        trials = experiment(SMALL, [cell])
        rates = engine.lr(trials.run, trials.trials[0], np.arange(SMALL.setup.steps))
        *_, (_, outcome) = train(SMALL.setup, rates[None], SMALL.seeds)
        ends = {(1, 1): 4, (1, 2): 3, (3, 1): 3, (3, 2): 3}[cell[:2]]
        np.testing.assert_array_equal(serial.accuracy[place], outcome.accuracy[0, :, 3])
        np.testing.assert_array_equal(serial.whole[place], outcome.accuracy[0, :, ends - 1])
        np.testing.assert_array_equal(serial.loss[place], outcome.loss[0, :, 3])


def test_rows_say_what_diverged_was_cut_or_never_came_round() -> None:
    """Takes about 5 seconds: twelve networks are trained."""
    grid = Grid(T_0="2, 9", T_mult="1", peak="0.05, 900", epochs=3, seeds=3)
    rows = {row[:3]: row for row in whole(grid).rows()}
    assert list(rows) == [tuple(cell) for cell in grid.cells]
    good, bad, long, worse = rows.values()
    assert (good.cycles, good.cut, long.cycles, long.cut) == (1, True, 0, True)
    assert (good.diverged, good.step) == (0, None)
    assert good.low < good.accuracy < good.high
    assert long.whole is None
    for row in (bad, worse):
        assert (row.diverged, row.accuracy, row.low, row.whole, row.loss) == (3, None, None, None, None)
        assert 0 < row.step < grid.setup.steps
    assert best(list(rows.values())) == max(good, long, key=lambda row: row.accuracy)
    assert best([bad, worse]) is None


def test_means_are_over_the_seeds_that_did_not_diverge() -> None:
    scores = Scores(
        np.array([[0.71, 0.0, 0.69]]),
        np.array([[0.7, 0.0, 0.5]]),
        np.array([[1.0, 9.0, 3.0]]),
        np.array([[-1, 17, -1]]),
    )
    (row,) = Result(Grid(T_0="2", T_mult="1", peak="1", epochs=3), "", np.array([True]), scores).rows()
    assert (row.accuracy, row.whole, row.loss, row.diverged, row.step) == (
        pytest.approx(0.7),
        pytest.approx(0.6),
        2.0,
        1,
        17,
    )
    assert row.high - row.accuracy == pytest.approx(12.706 * 0.01, rel=1e-4), (
        "t of one degree of freedom times s / sqrt(2)"
    )
    assert best([row]) is None, "a rate at which some seeds diverge is no rate to recommend"


def test_rivals_are_told_apart_seed_by_seed() -> None:
    """The second cell is lower than the first in every seed, though its own interval is as wide; the third wins one and
    loses two.
    """
    accuracy = np.array(
        [[0.95, 0.80, 0.65], [0.93, 0.785, 0.63], [0.60, 0.95, 0.80], [0.95, 0.80, 0.64], [0.95, 0.80, 0.65]]
    )
    diverged = np.full(accuracy.shape, -1)
    diverged[3, 0] = 7
    done = np.array([True, True, True, True, False])
    result = Result(
        Grid(T_0="1, 2, 3, 4, 5", T_mult="1", peak="1"), "", done, Scores(accuracy, accuracy, accuracy, diverged)
    )
    found = best(result.rows())
    assert found
    assert found.T_0 == 1
    assert result.rivals(found) == (1, 2)


@pytest.mark.parametrize(("accuracy", "rivals"), [
    ([[0.95, 0.94], [0.93, 0.92]], (1, 1)), ([[0.95, 0.94], [0.95, 0.94]], (1, 1)), ([[0.95], [0.90]], (1, 1)),
    ([[0.95, 0.94, 0.96], [0.93, 0.92, 0.94], [0.91, 0.901, 0.92]], (1, 2)),
])  # fmt: skip
def test_seeds_that_all_differ_alike_tell_no_cell_apart(accuracy: list[list[float]], rivals: tuple[int, int]) -> None:
    """By 10 digits of 500 in every seed: no interval; by 20, 19 and 20 there is one."""
    scores = np.array(accuracy)
    grid = Grid(T_0=", ".join(map(str, range(1, len(scores) + 1))), T_mult="1", peak="1", seeds=scores.shape[1])
    result = Result(
        grid, "", np.ones(len(scores), dtype=bool), Scores(scores, scores, scores, np.full(scores.shape, -1))
    )
    found = best(result.rows())
    assert found
    assert result.rivals(found) == rivals


def test_seeds_that_agree_give_a_cell_no_interval() -> None:
    scores = np.array([[0.95, 0.95], [0.90, 0.92]])
    result = Result(
        Grid(T_0="1, 2", T_mult="1", peak="1", seeds=2),
        "",
        np.ones(2, dtype=bool),
        Scores(*[scores] * 3, np.full((2, 2), -1)),
    )
    agreed, other = result.rows()
    assert (agreed.accuracy, agreed.low, agreed.high) == (0.95, None, None)
    assert other.low < other.accuracy < other.high


# ---------------------------------------------------------------- where it runs


@pytest.mark.parametrize("together", [1, 5, 1000])
def test_worker_processes_and_batches_change_nothing(together: int, serial: Scores) -> None:
    same(whole(SMALL, together), serial)


def test_a_task_is_short_but_for_one_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(sweep(SMALL))) == 1
    monkeypatch.setattr(module, "TASK_SECONDS", 1.5 * SMALL.setup.seconds(SMALL.seeds))
    assert len(list(sweep(SMALL))) == 8


def test_it_runs_in_other_processes_and_tells_as_it_goes() -> None:
    given = list(sweep(SMALL, 2))
    shares, results = zip(*given, strict=True)
    result = results[-1]
    assert list(shares) == [n / 8 for n in range(1, 9)]
    assert [int(each.done.sum()) for each in results] == [len(each.rows()) for each in results] == list(range(1, 9))
    assert [int((each.scores.accuracy > 0).any(axis=1).sum()) for each in results] == list(range(1, 9)), (
        "what was handed out stays as it was"
    )
    assert os.getpid() not in workers()
    assert result.where in ("1 local core", f"{len(workers())} local cores")


def test_a_stopped_sweep_ends_its_workers_and_the_next_one_begins_anew(serial: Scores) -> None:
    """Takes about 15 seconds: worker processes are started twice, and each imports numpy and lrlab."""
    queue = Queue()
    many = SMALL.replaced(epochs=200)
    job = queue.submit("a", "many", lambda: sweep(many, 2))
    end = time.monotonic() + LONG
    while job.alive and not job.share:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert 0 < job.share < 1, job.problem
    before = workers()
    job.stop()
    after = queue.submit("a", "small", lambda: sweep(SMALL))
    while after.alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert not any(alive(pid) for pid in before)
    assert after.state == "done", after.problem
    same(after.result, serial)


def test_a_killed_worker_loses_nothing(serial: Scores) -> None:
    """Takes about 9 seconds: worker processes are started, and again after one was killed."""
    running = sweep(SMALL, 2)
    share, result = next(running)
    assert share < 0.5
    os.kill(workers()[0], signal.SIGKILL)
    *_, (_, result) = running
    same(result, serial)


def test_workers_that_are_killed_again_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes about 7 seconds: worker processes are started, and are in the middle of their work when one is killed."""
    monkeypatch.setattr(module, "TRIES", 1)
    running = sweep(SMALL.replaced(epochs=100), 2)
    next(running)
    os.kill(workers()[0], signal.SIGKILL)
    with pytest.raises(WorkError, match="is there memory enough"):
        list(running)


def test_a_cluster_without_distributed_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.DASK, "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkError, match="pip install distributed"):
        next(sweep(SMALL))
