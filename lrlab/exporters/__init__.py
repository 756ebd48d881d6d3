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
    """The text of a trial (the first one, or the one named) in a target's form; DocumentError for an unknown one, or where there is no such form."""
    if target not in EXPORTERS:
        msg = f"--to: {target!r} is no target (known: {', '.join(EXPORTERS)}){did_you_mean(target, EXPORTERS)}"
        raise DocumentError(msg)
    chosen = experiment.trial(trial)
    try:
        return EXPORTERS[target].write(experiment, chosen)
    except DocumentError:
        raise
    except ValueError as error:
        msg = f"{chosen.name}: cannot be written for {target}: {error}"
        raise DocumentError(msg) from None
