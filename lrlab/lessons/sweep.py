"""Grids of SGDR trainings: first cycle x growth x peak rate x seeds. They run on all local cores, or on the Dask
cluster that LRLAB_DASK names.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from lrlab import engine
from lrlab.document import Experiment, parse
from lrlab.lessons.curve import restarts
from lrlab.lessons.intervals import difference, interval
from lrlab.lessons.jobs import WorkError
from lrlab.lessons.network import MOMENTUM, Floats, Named, Outcome, Setup, optimizer, train
from lrlab.schedules.params import Control
from lrlab.settings import Trained, Wording

if TYPE_CHECKING:
    from joblib import Parallel

DASK = "LRLAB_DASK"
"""The environment variable with the address of a Dask scheduler, such as tcp://10.0.0.5:8786."""

MOST_CELLS = 400
MOST_EPOCHS = 200_000  # of all networks together; they take some minutes on two cores
TOGETHER = 16  # so many networks in one task; with more at once it would hardly be faster
TASK_SECONDS = (
    1.0  # seconds that a task takes at most, about: so one sees progress and can stop; one cell may take longer
)
REACHED = 10  # seconds within which a scheduler must answer
SILENT = (
    300  # seconds until a task counts as lost: where workers keep dying, Dask gives a task up and joblib is not told
)
TRIES = 2  # a task that was lost with its worker runs once more

_WHOLE = re.compile(r"\d{1,6}", re.ASCII)


def _listed(text: str, number: Callable[[str], float], wanted: str) -> str:
    """The text in its tidy form, "5, 10, 20", with each number once. ValueError where a number is not as wanted, or two
    are the same when written with six digits.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        try:
            fine = number(part) > 0
        except ValueError:
            fine = False
        if not fine:
            msg = f"{part[:20]!r} is not {wanted}"
            raise ValueError(msg)
    if not parts:
        msg = f"there must be {wanted}, or several with commas between them"
        raise ValueError(msg)
    each = {number(part): part for part in parts}
    shown: dict[str, str] = {}
    for value, part in each.items():
        other = shown.setdefault(f"{value:g}", part)
        if other != part:
            msg = f"{other[:20]!r} and {part[:20]!r} are alike to six digits: one of them is enough"
            raise ValueError(msg)
    return ", ".join(each.values())


def _whole(text: str) -> int:
    return int(text) if _WHOLE.fullmatch(text) else 0


def _rate(text: str) -> float:
    value = float(text)
    return value if value <= MOST_RATE else 0.0


MOST_RATE = 1000.0
_Text = Annotated[str, Field(max_length=200)]
_Wholes = Annotated[
    _Text, AfterValidator(partial(_listed, number=_whole, wanted="a whole number of at least 1, such as 10"))
]
_Rates = Annotated[
    _Text,
    AfterValidator(partial(_listed, number=_rate, wanted=f"a rate above 0 and up to {MOST_RATE:g}, such as 0.05")),
]


class Cell(NamedTuple):
    """One schedule of a grid: the length of the first cycle in epochs, how many times as long each next one is, and the
    rate at which each begins.
    """

    T_0: int
    T_mult: int
    peak: float


class Grid(Trained):
    """The settings of a sweep: every T_0 with every T_mult and every peak rate, each with all seeds."""

    key: ClassVar[str] = "sweep"
    drawn: ClassVar[frozenset[str]] = frozenset({"shown"})

    T_0: Annotated[_Wholes, Wording("T_0, epochs", "First cycles, in epochs, with commas between them")] = (
        "1, 5, 10, 15, 30"
    )
    T_mult: Annotated[_Wholes, Wording("T_mult", "How many times as long as the one before each cycle is")] = "1, 2"
    peak: Annotated[_Rates, Wording("Peak rates", "The rate at which every cycle begins")] = (
        "0.003, 0.01, 0.03, 0.1, 0.3"
    )
    epochs: Annotated[
        int, Field(ge=1, le=200), Control("epochs", label="Epochs", help="How long each network trains", high=60)
    ] = 30
    seeds: Annotated[
        int, Field(ge=1, le=20), Control("number", label="Seeds", help="Networks trained for each cell", high=10)
    ] = 3
    optimizer: Annotated[Named, Wording("Optimizer", f"SGD has a momentum of {MOMENTUM}.")] = "SGD"
    shown: Annotated[int, Field(ge=1)] = 1
    """The T_mult whose map is drawn; where it is not in the list, the first."""

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        counts = [len(self.numbers(name)) for name in ("T_0", "T_mult", "peak")]
        cells = math.prod(counts)
        if cells > MOST_CELLS:
            msg = f"T_0: {' x '.join(map(str, counts))} are {cells} cells, and {MOST_CELLS} is the most"
            raise ValueError(msg)
        epochs = cells * self.seeds * self.epochs
        if epochs > MOST_EPOCHS:
            msg = (
                f"T_0: {cells} cells x {self.seeds} seeds x {self.epochs} epochs are {epochs:,} epochs, and "
                f"{MOST_EPOCHS:,} is the most"
            )
            raise ValueError(msg)
        return self

    def numbers(self, name: Literal["T_0", "T_mult", "peak"]) -> list[float]:
        """The numbers of a list, in ascending order."""
        return sorted(float(part) for part in getattr(self, name).split(","))

    @property
    def cells(self) -> list[Cell]:
        """All schedules of the grid."""
        lists = self.numbers("T_0"), self.numbers("T_mult"), self.numbers("peak")
        return [Cell(int(first), int(factor), peak) for first, factor, peak in product(*lists)]

    @property
    def setup(self) -> Setup:
        """The network that every cell trains."""
        return Setup(epochs=self.epochs, optimizer=optimizer(self.optimizer))


def whole_cycles(grid: Grid, cell: Cell) -> tuple[int, int]:
    """How many cycles end within the training, and after how many epochs the last of them does."""
    ends = restarts(cell.T_0, cell.T_mult, grid.epochs)
    return len(ends), max(ends, default=0)


def experiment(grid: Grid, cells: Sequence[Cell]) -> Experiment:
    """The cells as trials of the network's run: an experiment as Tune shows it."""
    setup = grid.setup
    trials = [
        {
            "name": f"T_0 {cell.T_0}, T_mult {cell.T_mult}, peak {cell.peak:g}",
            "base_lr": cell.peak,
            "schedule": {
                "kind": "torch.CosineAnnealingWarmRestarts",
                "T_0": cell.T_0 * setup.steps_per_epoch,
                "T_mult": cell.T_mult,
            },
        }
        for cell in cells
    ]
    return parse(
        {
            "lrlab": 1,
            "run": {"samples": setup.samples, "batch_size": setup.batch_size, "epochs": setup.epochs},
            "trials": trials,
        }
    )


@dataclass(frozen=True)
class Scores:
    """The scores of n cells with S seeds. Of a network that diverged, only `diverged` means something."""

    accuracy: Floats
    """(n, S): test accuracy at the end."""
    whole: Floats
    """(n, S): test accuracy at the end of the last whole cycle; 0 where there is none."""
    loss: Floats
    """(n, S): mean training loss of the last epoch."""
    diverged: NDArray[np.int64]
    """(n, S): the optimizer step at which it diverged, or -1."""


class Row(NamedTuple):
    """A cell in words and numbers: means over the seeds that did not diverge, None where there are none.

    `low` and `high` are the ends of their 95 % interval; None where there is only one seed, or all seeds agree, as
    these give no interval.
    """

    T_0: int
    T_mult: int
    peak: float
    cycles: int
    """How many whole cycles there are."""
    cut: bool
    """Whether the training ends within a cycle."""
    accuracy: float | None
    low: float | None
    high: float | None
    whole: float | None
    loss: float | None
    diverged: int
    """How many seeds diverged."""
    step: int | None
    """The first optimizer step at which one diverged."""


@dataclass(frozen=True)
class Result:
    """A grid, where it runs, which of its cells are done, and the scores of all, zero where a cell is not done."""

    grid: Grid
    where: str
    done: NDArray[np.bool_]
    scores: Scores

    def rows(self) -> list[Row]:
        """The cells that are done, in the grid's order."""
        return [self._row(place, cell) for place, cell in enumerate(self.grid.cells) if self.done[place]]

    def rivals(self, best: Row) -> tuple[int, int]:
        """How many other cells do not differ from the best one, and how many are compared: those in which no seed
        diverged.

        A cell differs from the best where the 95 % interval of the difference, seed by seed, does not contain 0. One
        seed gives no interval, and neither do seeds that all have the same difference.
        """
        place = self.grid.cells.index(Cell(*best[:3]))
        others = self.done & (self.scores.diverged < 0).all(axis=1)
        others[place] = False
        apart = difference(self.scores.accuracy[place], self.scores.accuracy[others])
        return int((~apart.told).sum()), int(others.sum())

    def _row(self, place: int, cell: Cell) -> Row:
        scores, broken = self.scores, self.scores.diverged[place]
        fine, steps = broken < 0, broken[broken >= 0]
        cycles, epochs = whole_cycles(self.grid, cell)
        accuracy = interval(scores.accuracy[place, fine]) if fine.any() else None
        ends = accuracy.clipped(0, 1) if accuracy and accuracy.bounded and not accuracy.agreed else None
        return Row(
            *cell, cycles, epochs < self.grid.epochs,
            accuracy=float(accuracy.mean) if accuracy else None,
            low=float(ends.low) if ends else None,
            high=float(ends.high) if ends else None,
            whole=float(scores.whole[place, fine].mean()) if accuracy and cycles else None,
            loss=float(scores.loss[place, fine].mean()) if accuracy else None,
            diverged=steps.size,
            step=int(steps.min()) if steps.size else None,
        )  # fmt: skip


def best(rows: Sequence[Row]) -> Row | None:
    """The cell with the highest test accuracy at the end, among those in which no seed diverged."""
    return max((row for row in rows if not row.diverged), key=lambda row: row.accuracy or 0, default=None)


def score(grid: Grid, cells: Sequence[Cell]) -> Scores:
    """Train some cells of a grid, all seeds of them at once."""
    setup = grid.setup
    trials = experiment(grid, cells)
    rates = np.array([engine.lr(trials.run, trial, np.arange(setup.steps)) for trial in trials.trials])
    ends = [whole_cycles(grid, cell)[1] * setup.steps_per_epoch for cell in cells]
    *_, (_, last) = train(setup, rates, grid.seeds, [[end - 1] if end else [] for end in ends])
    outcome = cast("Outcome", last)  # there is an outcome after every epoch
    whole = [kept[:, 0] if kept.size else np.zeros(grid.seeds) for kept in outcome.snapshot_accuracy]
    return Scores(outcome.accuracy[..., -1], np.array(whole), outcome.loss[..., -1], outcome.diverged)


def sweep(grid: Grid, together: int = TOGETHER) -> Iterator[tuple[float, Result]]:
    """Train all cells; after each task, yield the share done and the result so far. Closing this generator cancels what
    is left.

    A task holds up to `together` networks, or those of one cell where these are more. Neither this nor where the tasks
    run changes a result by more than the rounding of single precision, and on processors of one kind nothing changes at
    all. WorkError where the cluster cannot be used, or workers are killed again and again.
    """
    cells, shape = grid.cells, (len(grid.cells), grid.seeds)
    done = np.zeros(len(cells), dtype=bool)
    scores = Scores(np.zeros(shape), np.zeros(shape), np.zeros(shape), np.full(shape, -1))
    size = max(min(together, int(TASK_SECONDS / grid.setup.seconds(1))) // grid.seeds, 1)
    for attempt in range(TRIES):
        left = np.flatnonzero(~done)
        try:
            with _workers() as (where, parallel):
                for places, found in _run(parallel, grid, [left[at : at + size] for at in range(0, left.size, size)]):
                    done[places] = True
                    for name, values in vars(found).items():
                        getattr(scores, name)[places] = values
                    yield (
                        float(done.mean()),
                        Result(
                            grid, where, done.copy(), Scores(**{name: x.copy() for name, x in vars(scores).items()})
                        ),
                    )
        except _lost() as error:
            if attempt == TRIES - 1:
                msg = (
                    "Workers were killed or gave no answer, and again when what was missing was run anew: is "
                    "there memory enough?"
                )
                raise WorkError(msg) from error
        else:
            return


def _run(
    parallel: Parallel, grid: Grid, tasks: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[NDArray[np.int64], Scores]]:
    """The scores of the tasks, in the order in which they are done. When this is closed, no task goes on."""
    from joblib import delayed  # noqa: PLC0415 (starting the app must load nothing heavy)

    with closing(parallel(delayed(_task)(grid, places) for places in tasks)) as found:
        yield from found


def _task(grid: Grid, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], Scores]:
    cells = grid.cells
    return places, score(grid, [cells[place] for place in places])


def _lost() -> tuple[type[Exception], ...]:
    """What joblib raises when a local worker is killed, or a task gives no answer."""
    from joblib.externals.loky.process_executor import BrokenProcessPool  # noqa: PLC0415 (as above)

    return BrokenProcessPool, TimeoutError, multiprocessing.TimeoutError


@contextmanager
def _workers() -> Iterator[tuple[str, Parallel]]:
    """Where tasks run, in words, and the joblib.Parallel that runs them there."""
    from joblib import Parallel, cpu_count, parallel_config  # noqa: PLC0415 (as above)

    form = {"n_jobs": -1, "return_as": "generator_unordered", "batch_size": 1}
    address = os.environ.get(DASK, "").strip()
    if not address:
        cores = cpu_count()
        yield f"{cores} local core{'s' * (cores != 1)}", Parallel(**form)
        return
    with closing(_client(address)) as client:
        with parallel_config("dask", client=client):
            parallel = Parallel(timeout=SILENT, **form)
        count = len(client.nthreads())
        yield f"Dask: {count} worker{'s' * (count != 1)}", parallel


def _client(address: str) -> Any:
    """A client of the scheduler at an address that has workers; WorkError where there is none."""
    try:
        import distributed  # noqa: PLC0415 (as above, and it is optional)
    except ImportError:
        msg = f"{DASK} names a Dask scheduler, but this server has no Dask: pip install distributed, or unset {DASK}."
        raise WorkError(msg) from None
    make: Any = distributed.Client  # distributed has no annotations
    try:
        client: Any = make(address, timeout=REACHED, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = f"No Dask scheduler answers at {address!r}, which {DASK} names ({type(error).__name__})."
        raise WorkError(msg) from None
    if not client.nthreads():
        client.close()
        msg = f"The Dask scheduler at {address!r}, which {DASK} names, has no workers."
        raise WorkError(msg)
    return client
