"""Taking an experiment home: one target, one file; code is written from the curve and its arguments, never typed a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrlab.experiment import DocumentError
from lrlab.exporters.csv import Csv
from lrlab.exporters.json import Json
from lrlab.exporters.numpy import Numpy
from lrlab.exporters.pytorch import PyTorch
from lrlab.schedules import did_you_mean

if TYPE_CHECKING:
    from lrlab.experiment import Experiment
    from lrlab.exporters.base import Exporter

EXPORTERS: dict[str, Exporter] = {exporter.target: exporter for exporter in (PyTorch(), Numpy(), Json(), Csv())}


def export(experiment: Experiment, target: str, trial: str | None = None) -> str:
    """The text of a trial (the first one, or the one named) in a target's form; DocumentError for an unknown target or trial."""
    if target not in EXPORTERS:
        msg = f"--to: {target!r} is no target (known: {', '.join(EXPORTERS)}){did_you_mean(target, EXPORTERS)}"
        raise DocumentError(msg)
    return EXPORTERS[target].write(experiment, experiment.trial(trial))
