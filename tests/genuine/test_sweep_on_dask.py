"""A sweep on a genuine Dask cluster, with worker processes: the same numbers, though one is killed amid the work."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import distributed
import numpy as np
import pytest

from lrlab.lessons import sweep as module
from lrlab.lessons.jobs import Queue, WorkError
from lrlab.lessons.sweep import Grid, Result, Scores, score, sweep

pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's and joblib's own
GRID = Grid(T_0="1, 2, 3", T_mult="1, 2", peak="0.02, 0.1", epochs=6, seeds=2)
TOGETHER = 2  # a cell in a task
LONG = 120.0


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as made:
        monkeypatch.setenv(module.DASK, made.scheduler_address)
        yield made


@pytest.fixture(scope="module")
def serial() -> Scores:
    return score(GRID, GRID.cells)


def pids(cluster: Any) -> list[int]:
    """The worker processes themselves, asked for by what runs in them."""
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


def same(found: Result, expected: Scores) -> None:
    assert found.done.all()
    for name, values in vars(expected).items():
        np.testing.assert_array_equal(getattr(found.scores, name), values, err_msg=name)


def test_it_runs_in_the_workers_and_its_numbers_are_those_of_one_process(cluster: Any, serial: Scores) -> None:
    workers = pids(cluster)
    assert len({*workers, os.getpid()}) == 3
    shares = []
    for share, result in sweep(GRID, TOGETHER):
        shares.append(share)
        assert result.where == "Dask: 2 workers"
    assert shares == pytest.approx(np.arange(1, 13) / 12)
    same(result, serial)


def test_a_worker_killed_amid_the_sweep_loses_nothing(cluster: Any, serial: Scores) -> None:
    victim = pids(cluster)[0]
    running = sweep(GRID, TOGETHER)
    share, result = next(running)
    assert share < 0.5
    os.kill(victim, signal.SIGKILL)
    *_, (_, result) = running
    assert victim not in pids(cluster), "it was really killed"
    same(result, serial)


def test_what_dask_gives_up_is_run_once_more(cluster: Any, serial: Scores, monkeypatch: pytest.MonkeyPatch) -> None:
    """By default a task outlives three workers; here none."""
    monkeypatch.setattr(module, "SILENT", 30)
    cluster.scheduler.allowed_failures = 0
    running = sweep(GRID, TOGETHER)
    next(running)
    os.kill(pids(cluster)[0], signal.SIGKILL)
    *_, (_, result) = running
    same(result, serial)


def test_a_stop_takes_what_is_left_off_the_cluster(cluster: Any) -> None:
    many = GRID.replaced(peak="0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08", epochs=20, T_0="1, 2, 3, 4, 5")
    queue = Queue()
    job = queue.submit("a", "k", lambda: sweep(many, TOGETHER))
    end = time.monotonic() + LONG
    while not job.share and job.alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert job.result, job.problem
    job.stop()
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        while client.processing() and any(client.processing().values()):
            assert time.monotonic() < end
            time.sleep(0.01)
    again = queue.submit("a", "again", lambda: sweep(GRID, TOGETHER))
    while again.alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert again.state == "done", again.problem
    assert not job.result.done.all()


def test_a_cluster_that_dies_is_a_failure_and_no_endless_wait(cluster: Any) -> None:
    job = Queue().submit("a", "k", lambda: sweep(GRID.replaced(epochs=40), TOGETHER))
    end = time.monotonic() + LONG
    while not job.share and job.alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    cluster.close()
    while job.alive:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert job.state == "failed"
    assert job.result is not None, "what was done is kept"


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://"])
def test_no_scheduler_is_a_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.DASK, address)
    monkeypatch.setattr(module, "REACHED", 1)
    with pytest.raises(WorkError, match="LRLAB_DASK names"):
        next(sweep(GRID))


def test_a_scheduler_without_workers_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None, silence_logs=50) as empty:
        monkeypatch.setenv(module.DASK, empty.scheduler_address)
        with pytest.raises(WorkError, match="has no workers"):
            next(sweep(GRID))
