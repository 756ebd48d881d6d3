"""The document itself."""

from __future__ import annotations

from lrlab.exporters.base import Exporter, Job


class Json(Exporter):
    """The whole experiment, every trial of it."""

    target = "json"
    title = "JSON"
    language = "json"
    suffix = ".json"

    def write(self, job: Job) -> str:
        return job.experiment.dumps() + "\n"
