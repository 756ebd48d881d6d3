"""Every step of the run as a file of numpy."""

from __future__ import annotations

import io

import numpy as np

from lrlab import engine
from lrlab.exporters.base import Exporter, Job

MOST_VALUES = 10**8
"""Rates that are put into one file: 0.8 GB."""


class Npy(Exporter):
    """float64, one rate for every optimizer step; groups x steps where base_lr is a list. `numpy.load` reads it."""

    target = "npy"
    title = "npy"
    language = "text"
    suffix = ".npy"

    def write(self, job: Job) -> bytes:
        groups = len(job.trial.base_rates)
        if groups * job.run.steps > MOST_VALUES:
            msg = f"{groups * job.run.steps:,} rates are more than the {MOST_VALUES:,} that are put into one file"
            raise ValueError(msg)
        pieces = [np.atleast_2d(rates) for _, rates in engine.chunks(job.run, job.trial)]
        every = np.concatenate(pieces, axis=1)
        out = io.BytesIO()
        np.save(out, every if job.several else every[0], allow_pickle=False)
        return out.getvalue()
