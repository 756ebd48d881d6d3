"""Work in the background, one piece after the other, for many people at once. Who asks for something that runs already
joins it, and results are kept.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

T = TypeVar("T")
JobState: TypeAlias = Literal["waiting", "running", "done", "stopped", "failed"]
Work: TypeAlias = Callable[[], Iterator[tuple[float, T]]]
"""A piece of work: it yields, from time to time, the share done (0 to 1) and the result so far. The result is None
before there is one, and the same again where only the share has grown.

It can be stopped only where it yields, so it should yield every second or two. A generator is closed when it is
stopped.
"""

ALIVE = ("waiting", "running")
PATIENCE = 120.0
"""A job that nobody looks at goes on for so many seconds: a closed browser must not make the others wait."""

_log = logging.getLogger(__name__)


class Busy(Exception):  # noqa: N818 (an answer rather than an error)
    """There is no room in the queue; the text is a sentence for the page."""


class WorkError(Exception):
    """Why some work cannot be done, in a sentence for the page. Any other exception is logged, and the page says only
    that it failed.
    """


class Job(Generic[T]):
    """What one owner wants done: its state, the share done (0 to 1), the latest result, and why it ended early, if it
    did.
    """

    def __init__(self, queue: Queue, owner: str, key: str) -> None:
        self.owner = owner
        self.key = key
        self.state: JobState = "waiting"
        self.share = 0.0
        self.result: T | None = None
        self.problem = ""
        self.queue = queue
        self.look()

    @property
    def alive(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in ALIVE

    @property
    def place(self) -> int:
        """How many pieces of work come before it."""
        return self.queue.place(self)

    def look(self) -> None:
        """Say that somebody still wants it."""
        self.looked = self.queue.clock()

    def show(self, share: float, result: T) -> None:
        """Take the share done and the result so far."""
        self.share, self.result = share, result

    def end(self, state: JobState, problem: str = "") -> None:
        """End in this state. It is set last, so that everything else is final when somebody reads it."""
        self.problem = problem
        self.state = state

    def stop(self) -> None:
        """End it and keep the result so far. The work ends when it next yields, unless others wait for it too."""
        self.queue.stop(self)


class _Entry(NamedTuple):
    work: Work[Any]
    jobs: list[Job[Any]]


class Queue:
    """Does one piece of work after the other in a daemon thread; a piece serves all jobs with its key.

    `per_owner`: how many jobs of one owner may wait or run; `most`: how many pieces of work in all; `kept`: how many
    finished results are kept; `clock` gives seconds.
    """

    def __init__(
        self,
        *,
        per_owner: int = 2,
        most: int = 32,
        kept: int = 64,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_owner, self.most, self.kept, self.patience, self.clock = per_owner, most, kept, patience, clock
        self._entries: dict[str, _Entry] = {}  # in the order of the queue, with the one that runs
        self._running: _Entry | None = None
        self._results: dict[str, Any] = {}  # the one that was asked for last is at the end
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, owner: str, key: str, work: Work[T]) -> Job[T]:
        """A job for this work: done at once where its result is kept; the owner's own job where that waits or runs
        already. Raises Busy.
        """
        with self._change:
            self._give_up()
            mine = {job.key: job for job in self._jobs() if job.owner == owner}
            if key in mine:
                mine[key].look()
                return mine[key]
            job: Job[T] = Job(self, owner, key)
            if key in self._results:
                result = self._results[key] = self._results.pop(key)
                job.show(1.0, result)
                job.state = "done"
            else:
                self._check_room(key, len(mine))
                self._enter(job, work)
            return job

    def serves(self, key: str) -> bool:
        """Whether asking for this makes no new work: its result is kept, or its work waits or runs already."""
        with self._change:
            return key in self._results or key in self._entries

    def place(self, job: Job[Any]) -> int:
        """How many pieces of work come before a job's."""
        with self._change:
            return list(self._entries).index(job.key) if job.alive else 0

    def stop(self, job: Job[Any], problem: str = "") -> None:
        """End a job that waits or runs, keeping its result so far."""
        with self._change:
            if not job.alive:
                return
            entry = self._entries[job.key]
            entry.jobs.remove(job)
            if not entry.jobs and entry is not self._running:
                del self._entries[job.key]
            job.end("stopped", problem)

    def _jobs(self) -> list[Job[Any]]:
        return [job for entry in self._entries.values() for job in entry.jobs]

    def _give_up(self) -> None:
        for job in self._jobs():
            if self.clock() - job.looked > self.patience:
                self.stop(job, f"Given up, because nobody looked at it for {self.patience:.0f} seconds.")

    def _check_room(self, key: str, mine: int) -> None:
        if mine >= self.per_owner:
            msg = (
                f"At most {self.per_owner} at a time for each visitor, and you have {mine} waiting or "
                "running: stop one, or wait."
            )
            raise Busy(msg)
        if key not in self._entries and len(self._entries) >= self.most:
            msg = f"{len(self._entries)} wait or run already, which is the most: try again in a while."
            raise Busy(msg)

    def _enter(self, job: Job[Any], work: Work[Any]) -> None:
        entry = self._entries.setdefault(job.key, _Entry(work, []))
        if entry is self._running:
            job.state = "running"
            for other in entry.jobs[:1]:
                job.show(other.share, other.result)
        entry.jobs.append(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lessons", daemon=True)
            self._thread.start()
        self._change.notify()

    def _run(self) -> None:
        while True:
            key, entry = self._next()
            try:
                self._follow(key, entry)
            except WorkError as error:
                self._end(key, entry, "failed", str(error))
            except BaseException as error:  # noqa: BLE001 (the thread must outlive whatever a work does; a lost cluster raises asyncio's CancelledError)
                _log.exception("a work failed")
                self._end(key, entry, "failed", f"It failed ({type(error).__name__}); the server's log says more.")

    def _next(self) -> tuple[str, _Entry]:
        with self._change:
            self._running = None
            self._give_up()
            self._change.wait_for(lambda: self._entries)
            key, entry = next(iter(self._entries.items()))
            self._running = entry
            for job in entry.jobs:
                job.state = "running"
            return key, entry

    def _follow(self, key: str, entry: _Entry) -> None:
        """Give the results of some work to its jobs, until it ends or nobody wants it any more."""
        results = entry.work()
        result = None
        try:
            for share, result in results:
                if not self._hand(key, entry, share, result):
                    return
        finally:
            close = getattr(
                results, "close", None
            )  # so that a generator cleans up now, and not whenever Python drops it
            if close:
                close()
        with self._change:
            self._results[key] = result
            for oldest in list(self._results)[: -self.kept]:
                del self._results[oldest]
            for job in entry.jobs:
                job.show(1.0, result)  # also to jobs that came after the last yield
            self._end(key, entry, "done")

    def _hand(self, key: str, entry: _Entry, share: float, result: Any) -> bool:
        """Whether anybody wants it to go on. If nobody does, it leaves the queue, and whoever asks for it from now on
        gets a new one.
        """
        with self._change:
            self._give_up()
            for job in entry.jobs:
                job.show(share, result)
            if not entry.jobs:
                del self._entries[key]
            return bool(entry.jobs)

    def _end(self, key: str, entry: _Entry, state: JobState, problem: str = "") -> None:
        with self._change:
            if self._entries.get(key) is entry:
                del self._entries[key]
            for job in entry.jobs:
                job.end(state, problem)
