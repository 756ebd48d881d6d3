"""The queue of works: their order, its limits, and how a job ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lrlab.lessons.jobs import Busy, Job, Queue, WorkError

LONG = 30.0  # seconds after which a test is at a loss


class Steps:
    """A work of `count` yields, each of which waits until the test lets it go on."""

    def __init__(self, count: int = 3, name: str = "", log: list[str] | None = None) -> None:
        self.count, self.name, self.log = count, name, log if log is not None else []
        self.gate = threading.Semaphore(0)
        self.begun, self.closed = threading.Event(), threading.Event()

    def __call__(self) -> Iterator[tuple[float, list[int]]]:
        self.log.append(self.name)
        self.begun.set()
        try:
            for i in range(self.count):
                assert self.gate.acquire(timeout=LONG)
                yield (i + 1) / self.count, list(range(i + 1))
        finally:
            self.closed.set()

    def go(self, times: int = 1) -> None:
        self.gate.release(times)


def at_once() -> Iterator[tuple[float, str]]:
    yield 1.0, "result"


def until(condition: Any) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def ended(job: Job[Any]) -> Job[Any]:
    until(lambda: not job.alive)
    return job


def test_a_job_waits_runs_and_is_done_with_the_last_result() -> None:
    queue, work = Queue(), Steps(3)
    job = queue.submit("a", "k", work)
    assert work.begun.wait(LONG)
    until(lambda: job.state == "running")
    assert (job.share, job.result) == (0.0, None)
    work.go()
    until(lambda: job.result == [0])
    assert (job.state, job.share) == ("running", 1 / 3)
    work.go(2)
    ended(job)
    assert (job.state, job.share, job.result, job.problem, job.place) == ("done", 1.0, [0, 1, 2], "", 0)


def test_works_run_in_the_order_in_which_they_came_and_never_two_at_once() -> None:
    queue, log = Queue(per_owner=9), []
    works = [Steps(1, str(i), log) for i in range(5)]
    jobs = [queue.submit("a", str(i), work) for i, work in enumerate(works)]
    assert works[0].begun.wait(LONG)
    for i, work in enumerate(works):
        until(lambda i=i: jobs[i].state == "running")
        assert [job.place for job in jobs[i:]] == list(range(5 - i))
        assert {job.state for job in jobs[i + 1 :]} <= {"waiting"}
        assert log == [str(j) for j in range(i + 1)]
        work.go()
        ended(jobs[i])
    assert all(job.state == "done" for job in jobs)


def test_the_same_owner_asking_again_gets_the_same_job() -> None:
    queue, work = Queue(), Steps(1)
    job = queue.submit("a", "k", work)
    assert queue.submit("a", "k", Steps()) is job
    work.go()
    ended(job)


def test_a_result_is_made_once_for_all_who_ask_while_it_is_made_or_later() -> None:
    queue, work = Queue(), Steps(2)
    first = queue.submit("a", "k", work)
    work.go()
    until(lambda: first.share == 0.5)
    second = queue.submit("b", "k", at_once)
    assert (second.state, second.place, second.share, second.result) == ("running", 0, 0.5, [0])
    work.go()
    assert ended(first).result == ended(second).result == [0, 1]
    third = queue.submit("c", "k", at_once)
    assert (third.state, third.share, third.result) == ("done", 1.0, [0, 1])


def test_it_serves_what_is_under_way_or_kept_and_nothing_that_was_stopped() -> None:
    queue, work = Queue(), Steps(1)
    assert not queue.serves("k")
    job = queue.submit("a", "k", work)
    assert queue.serves("k")
    work.go()
    ended(job)
    assert queue.serves("k")
    assert not queue.serves("other")
    running, waiting = queue.submit("a", "running", blocking := Steps(1)), queue.submit("a", "waiting", Steps())
    assert queue.serves("waiting")
    waiting.stop()
    assert not queue.serves("waiting")
    blocking.go()
    ended(running)


def test_who_comes_after_the_last_yield_gets_the_result_too() -> None:
    queue, gate = Queue(), threading.Event()

    def work() -> Iterator[tuple[float, str]]:
        yield from at_once()
        assert gate.wait(LONG)

    first = queue.submit("a", "k", work)
    until(lambda: first.result)
    first.stop()
    late = queue.submit("b", "k", at_once)
    assert (late.state, late.result) == ("running", None)
    gate.set()
    assert ended(late).result == "result"


def test_an_owner_has_a_limit_which_says_so_and_which_results_at_hand_do_not_count_for() -> None:
    queue, works = Queue(per_owner=2), [Steps(1), Steps(1)]
    ended(queue.submit("b", "known", at_once))
    jobs = [queue.submit("a", str(i), work) for i, work in enumerate(works)]
    with pytest.raises(Busy, match="At most 2 at a time for each visitor"):
        queue.submit("a", "2", at_once)
    assert queue.submit("a", "known", at_once).state == "done"
    other = queue.submit("b", "2", at_once)
    jobs[1].stop()
    again = queue.submit("a", "3", at_once)
    works[0].go()
    assert [ended(job).state for job in (*jobs, other, again)] == ["done", "stopped", "done", "done"]


def test_the_queue_has_a_limit_which_those_who_join_a_work_do_not_count_for() -> None:
    queue, works = Queue(most=2), [Steps(1), Steps(1)]
    jobs = [queue.submit(owner, owner, work) for owner, work in zip("ab", works, strict=True)]
    with pytest.raises(Busy, match="2 wait or run already"):
        queue.submit("c", "c", at_once)
    jobs.append(queue.submit("c", "b", at_once))
    for work in works:
        work.go()
    assert [ended(job).state for job in jobs] == ["done"] * 3


def test_stop_takes_effect_at_the_next_yield_keeps_the_result_and_closes_the_work() -> None:
    queue, work = Queue(), Steps(3)
    job = queue.submit("a", "k", work)
    work.go()
    until(lambda: job.result == [0])
    job.stop()
    assert (job.state, job.result, job.share) == ("stopped", [0], 1 / 3)
    assert not work.closed.is_set()
    work.go()
    assert work.closed.wait(LONG)
    assert job.result == [0]
    fresh = queue.submit("a", "k", at_once)
    assert fresh is not job
    assert ended(fresh).result == "result", "what was stopped is no result to keep"


def test_who_asks_again_before_a_stop_has_taken_effect_goes_on_with_it() -> None:
    queue, work = Queue(), Steps(2)
    job = queue.submit("a", "k", work)
    assert work.begun.wait(LONG)
    job.stop()
    again = queue.submit("a", "k", at_once)
    assert (again is not job, again.state) == (True, "running")
    work.go(2)
    assert ended(again).result == [0, 1]


def test_one_who_stops_does_not_stop_the_others() -> None:
    queue, work = Queue(), Steps(2)
    first, second = (queue.submit(owner, "k", work) for owner in "ab")
    assert work.begun.wait(LONG)
    first.stop()
    work.go(2)
    assert ended(second).result == [0, 1]
    assert (first.state, first.result) == ("stopped", None)


def test_a_job_that_waits_is_stopped_before_it_begins() -> None:
    queue, work, never = Queue(), Steps(1), Steps(1)
    first, second, third = queue.submit("a", "0", work), queue.submit("b", "1", never), queue.submit("c", "2", at_once)
    second.stop()
    assert third.place == 1
    work.go()
    ended(first)
    ended(third)
    assert not never.begun.is_set()
    second.stop()
    first.stop()
    assert (first.state, second.state) == ("done", "stopped"), "what has ended stays as it is"


@pytest.mark.parametrize(
    ("error", "said"),
    [(ZeroDivisionError("secret"), "It failed (ZeroDivisionError)"), (WorkError("No digits."), "No digits.")],
)
def test_a_failure_is_one_sentence_and_the_queue_goes_on(
    error: Exception, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> Iterator[tuple[float, str]]:
        yield 0.5, "half"
        raise error

    def fails_at_once() -> Iterator[tuple[float, str]]:
        raise error

    queue = Queue()
    job = ended(queue.submit("a", "k", fails))
    assert (job.state, job.share, job.result) == ("failed", 0.5, "half")
    assert job.problem.startswith(said)
    assert "secret" not in job.problem
    assert ("secret" in caplog.text) == isinstance(error, ZeroDivisionError)
    assert ended(queue.submit("a", "k", fails_at_once)).state == "failed", "a failure is no result to keep"
    assert ended(queue.submit("a", "k", at_once)).state == "done"


def test_a_work_that_fails_while_it_is_closed_does_not_hurt_who_asks_next() -> None:
    def stubborn() -> Iterator[tuple[float, int]]:
        try:
            while True:
                yield 0.5, 1
        finally:
            raise RuntimeError

    queue = Queue()
    job = queue.submit("a", "k", stubborn)
    until(lambda: job.result)
    job.stop()
    assert ended(queue.submit("b", "other", at_once)).state == "done"
    assert job.state == "stopped"


def test_what_nobody_looks_at_is_given_up_and_what_somebody_looks_at_is_not() -> None:
    now = 0.0
    queue, work, waits, gone = Queue(per_owner=3, patience=120, clock=lambda: now), Steps(3), Steps(1), Steps(1)
    running, waiting, left = (queue.submit("a", str(i), each) for i, each in enumerate([work, waits, gone]))
    work.go()
    until(lambda: running.result == [0])
    now = 100.0
    waiting.look()
    now = 121.0
    work.go()
    assert work.closed.wait(LONG)
    waits.go()
    assert [ended(job).state for job in (running, waiting, left)] == ["stopped", "done", "stopped"]
    assert running.problem == left.problem == "Given up, because nobody looked at it for 120 seconds."
    assert not gone.begun.is_set()


def test_asking_again_is_a_look_and_what_is_given_up_makes_room() -> None:
    now = 0.0
    queue, work = Queue(per_owner=1, patience=120, clock=lambda: now), Steps(1)
    job = queue.submit("a", "k", work)
    for later in (100.0, 200.0, 300.0):
        now = later
        assert queue.submit("a", "k", at_once) is job
    now = 421.0
    next_one = queue.submit("a", "next", at_once)
    assert job.state == "stopped"
    work.go()
    assert ended(next_one).state == "done"


def test_the_results_longest_not_asked_for_go_first() -> None:
    queue, made = Queue(kept=2), []

    def ask(key: str) -> None:
        def work() -> Iterator[tuple[float, str]]:
            made.append(key)
            yield 1.0, key

        assert ended(queue.submit("a", key, work)).result == key

    for key in "abacab":
        ask(key)
    assert made == ["a", "b", "c", "b"], "b goes when c comes, since a was asked for again"


def test_many_at_once_lose_nothing() -> None:
    queue, made, jobs = Queue(per_owner=100, most=100), [], []

    def visitor(owner: str) -> None:
        for i in range(20):

            def work(i: int = i) -> Iterator[tuple[float, int]]:
                made.append(i)
                yield 1.0, i

            jobs.append((i, queue.submit(owner, str(i), work)))

    threads = [threading.Thread(target=visitor, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(jobs) == 160
    assert all(ended(job).result == i for i, job in jobs)
    assert sorted(made) == list(range(20))
