"""The document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrlab.exporters.base import Exporter

if TYPE_CHECKING:
    from lrlab.experiment import Experiment, Trial


class Json(Exporter):
    """The whole experiment, every trial of it."""

    target = "json"
    title = "JSON document"
    language = "json"
    suffix = ".json"

    def write(self, experiment: Experiment, trial: Trial) -> str:  # noqa: ARG002 (the document holds them all)
        return experiment.dumps() + "\n"
