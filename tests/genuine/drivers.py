"""Exported code, run in its framework: the rate that every optimizer step of the run uses."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import frameworks
import numpy as np
import torch
from numpy.typing import NDArray

import lrlab
from lrlab.exporters import export
from lrlab.run import ticks

Rates = NDArray[np.float64]
"""Of the shape of `lrlab.engine.lr` over every step: steps, or groups x steps."""


def module(code: str) -> dict[str, Any]:
    """The names that exported code defines."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(code, "<exported>", "exec"), names)  # noqa: S102 (the point of exported code is to be run)
    return names


def schedule_of(experiment: lrlab.Experiment) -> dict[str, Any]:
    """The document of the first trial's schedule."""
    return dict(experiment.document()["trials"][0]["schedule"])


def wanted(experiment: lrlab.Experiment) -> Rates:
    """The engine's rates at every step of the run."""
    return lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(experiment.run.steps))


def off(got: Any, experiment: lrlab.Experiment) -> float:
    """The largest deviation from the engine, as a share of the largest rate; infinity where the shapes differ."""
    want, got = wanted(experiment), np.asarray(got, dtype=np.float64)
    if got.shape != want.shape or not np.all(np.isfinite(got)):
        return float("inf")
    return float(np.abs(got - want).max() / (np.abs(want).max() or 1.0))


def by_clock(experiment: lrlab.Experiment, read: Callable[[], Any], step: Callable[[int], Any]) -> Rates:
    """What `read` gives before each optimizer step, `step(n)` being the n-th call (from 1) that the trial's clock makes."""
    run = experiment.run
    rates, done = [], 0
    for tick in np.asarray(ticks(run, experiment.trials[0].clock, np.arange(run.steps))).tolist():
        for call in range(done, tick):
            step(call + 1)
        done = tick
        rates.append(read())
    return _shaped(experiment, np.transpose(rates))


def _shaped(experiment: lrlab.Experiment, rates: Rates) -> Rates:
    """Without the axis of groups where base_lr is a number."""
    many = isinstance(experiment.trials[0].base_lr, tuple)
    return rates if many else np.reshape(rates, -1)


def _pytorch(experiment: lrlab.Experiment, code: str) -> Rates:
    made = module(code)
    optimizer = frameworks.sgd(made["BASE_LR"])
    scheduler = made["make_scheduler"](optimizer)
    return torch_rates(experiment, optimizer, scheduler)


def torch_rates(experiment: lrlab.Experiment, optimizer: Any, scheduler: Any, call: Callable[[int], Any] | None = None) -> Rates:
    """The optimizer's rates while its scheduler is stepped by the clock; one that watches a metric sees those of the document."""
    shown = frameworks.metrics(schedule_of(experiment))
    watches = isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau)

    def step(count: int) -> None:
        optimizer._opt_called = True  # noqa: SLF001 (micro-batches are counted before the first optimizer step, which torch warns about)
        if call is not None:
            call(count)
        elif not watches:
            scheduler.step()
        elif (value := next(shown, None)) is not None:
            scheduler.step(value)

    return by_clock(experiment, lambda: [float(group["lr"]) for group in optimizer.param_groups], step)


def _numpy(experiment: lrlab.Experiment, code: str) -> Rates:
    return np.asarray(module(code)["learning_rate"](np.arange(experiment.run.steps)))


def _npy(experiment: lrlab.Experiment, code: bytes) -> Rates:  # noqa: ARG001 (as the others)
    return np.load(io.BytesIO(code), allow_pickle=False)


DRIVERS: dict[str, Callable[[lrlab.Experiment, Any], Rates]] = {"pytorch": _pytorch, "numpy": _numpy}
SINGLE: frozenset[str] = frozenset()
"""Targets whose framework was run in single precision."""


def rates(experiment: lrlab.Experiment, target: str, **options: Any) -> Rates:
    """The rates of every step by the exported code."""
    return DRIVERS[target](experiment, export(experiment, target, **options))
