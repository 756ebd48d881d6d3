"""Every step of the run as comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lrlab import engine
from lrlab.exporters.base import Exporter, Job

if TYPE_CHECKING:
    from lrlab.document import Trial
    from lrlab.document.run import Run


MOST_ROWS = 10**7


class Csv(Exporter):
    """`step,epoch,<trial>`: a row for every optimizer step, full precision."""

    target = "csv"
    title = "CSV"
    language = "text"
    suffix = ".csv"

    def write(self, job: Job) -> str:
        if job.run.steps > MOST_ROWS:
            msg = (
                f"{job.run.steps:,} rows are more than the {MOST_ROWS:,} that are put into one text: "
                "python -m lrlab curve writes row after row"
            )
            raise ValueError(msg)
        return "".join(rows(job.run, [job.trial]))


def rows(run: Run, trials: Sequence[Trial]) -> Iterator[str]:
    """The header, then the rows in pieces of many lines, with a column for each trial.

    A trial of several groups has one for each: `name[0]`, `name[1]`.
    """
    header = ["step", "epoch"]
    for trial in trials:
        header += (
            [f"{trial.name}[{g}]" for g in range(len(trial.base_rates))] if len(trial.base_rates) > 1 else [trial.name]
        )
    yield _lines([header])
    for pieces in zip(*(engine.chunks(run, trial) for trial in trials), strict=True):
        steps = pieces[0][0]
        columns = [steps.tolist(), (steps / run.updates).tolist()]
        for _, rates in pieces:
            columns += np.atleast_2d(rates).tolist()
        yield _lines(zip(*columns, strict=True))


def _lines(table: object) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)  # type: ignore[arg-type]
    return out.getvalue()
