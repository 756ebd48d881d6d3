"""Exported code, run in its framework: the rate that every optimizer step of the run uses."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections.abc import Callable
from typing import Any

import frameworks
import numpy as np
import torch
from numpy.typing import NDArray

import lrlab
from lrlab.document.run import ticks
from lrlab.exporters import export

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
    """The largest deviation from the engine, as a share of the largest rate; infinity where the shapes differ.

    Of a framework with one rate, that of the first group is wanted.
    """
    want, got = wanted(experiment), np.asarray(got, dtype=np.float64)
    if (got.ndim, want.ndim) == (1, 2):
        want = want[0]
    if got.shape != want.shape or not np.all(np.isfinite(got)):
        return float("inf")
    return float(np.abs(got - want).max() / (np.abs(want).max() or 1.0))


def by_clock(experiment: lrlab.Experiment, read: Callable[[], Any], step: Callable[[int], Any]) -> Rates:
    """What `read` gives before each optimizer step, `step(n)` being the n-th call (from 1) that the trial's clock
    makes.
    """
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


def torch_rates(
    experiment: lrlab.Experiment, optimizer: Any, scheduler: Any, call: Callable[[int], Any] | None = None
) -> Rates:
    """The optimizer's rates while its scheduler is stepped by the clock; one that watches a metric sees those of the
    document.
    """
    shown = frameworks.metrics(schedule_of(experiment))
    watches = type(scheduler).__name__ in {"ReduceLROnPlateau", "GreedyLR"}

    def step(count: int) -> None:
        optimizer._opt_called = True  # noqa: SLF001 (micro-batches are counted before the first optimizer step, which torch warns about)
        if call is not None:
            call(count)
        elif not watches:
            scheduler.step()
        elif (value := next(shown, None)) is not None:
            scheduler.step(value)

    return by_clock(experiment, lambda: [float(group["lr"]) for group in optimizer.param_groups], step)


def _lightning(experiment: lrlab.Experiment, code: str) -> Rates:
    """The scheduler stepped as Lightning does, once per interval; test_training.py asks the genuine Trainer."""
    made = module(code)
    rates = made["BASE_LR"]
    groups = (
        [[torch.nn.Parameter(torch.zeros(1))] for _ in rates]
        if isinstance(rates, list)
        else [torch.nn.Parameter(torch.zeros(1))]
    )
    configured = made["configure_optimizers"](groups)
    optimizer, about = configured["optimizer"], configured["lr_scheduler"]
    by_epoch = experiment.trials[0].clock == "epoch"
    assert (about["interval"], about["frequency"]) == ("epoch" if by_epoch else "step", 1)
    clock = "epoch" if by_epoch else "step"
    return torch_rates(with_clock(experiment, clock), optimizer, about["scheduler"])


def with_clock(experiment: lrlab.Experiment, clock: str) -> lrlab.Experiment:
    """The same, stepped by another clock."""
    return experiment.model_copy(update={"trials": (experiment.trials[0].model_copy(update={"clock": clock}),)})


def _timm(experiment: lrlab.Experiment, code: str) -> Rates:
    frameworks.timm_schedulers()
    made = module(code)
    optimizer = frameworks.sgd(made["BASE_LR"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # timm's own deprecation
        scheduler = made["make_scheduler"](optimizer)
    if type(scheduler).__name__ == "PlateauLRScheduler":
        shown = frameworks.metrics(schedule_of(experiment))
        return torch_rates(experiment, optimizer, scheduler, lambda t: scheduler.step(t, metric=next(shown, None)))
    return torch_rates(
        experiment, optimizer, scheduler, scheduler.step if scheduler.t_in_epochs else scheduler.step_update
    )


def _transformers(experiment: lrlab.Experiment, code: str) -> Rates:
    made = module(code)
    optimizer = frameworks.sgd(made["BASE_LR"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # which of two arguments wins
        scheduler = made["make_scheduler"](optimizer)
    return torch_rates(experiment, optimizer, scheduler)


def _paddle(experiment: lrlab.Experiment, code: str) -> Rates:
    """The scheduler's own rate; a row for each group that scales it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of compilers that are not there
        made = module(code)
    scheduler, scales = made["make_scheduler"](), made.get("GROUP_SCALES")
    shown = frameworks.metrics(schedule_of(experiment))
    watches = type(scheduler).__name__ == "ReduceOnPlateau"

    def step(_: int) -> None:
        if not watches:
            scheduler.step()
        elif (value := next(shown, None)) is not None:
            scheduler.step(value)

    rates = by_clock(experiment, lambda: [scale * float(scheduler()) for scale in scales or [1.0]], step)
    return rates if scales else rates.reshape(-1)


def _deepspeed(experiment: lrlab.Experiment, code: str) -> Rates:
    """The scheduler of the block, stepped after every optimizer step as DeepSpeed's engine does."""
    return deepspeed_followed(experiment, code)[0]


def deepspeed_followed(experiment: lrlab.Experiment, code: str) -> tuple[Rates, Rates]:
    """The rates, and Adam's beta1, of every step; parameter groups with a rate of their own begin with it."""
    block, rates = json.loads(code), experiment.trials[0].base_lr
    lr = block["optimizer"]["params"]["lr"]
    optimizer = frameworks.adam(list(rates) if isinstance(rates, tuple) else lr)
    scheduler = getattr(frameworks.deepspeed_schedulers(), block["scheduler"]["type"])(
        optimizer, **block["scheduler"]["params"]
    )
    lrs, betas = [], []
    for _ in range(experiment.run.steps):
        lrs.append([float(group["lr"]) for group in optimizer.param_groups])
        betas.append([float(group["betas"][0]) for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return _shaped(experiment, np.transpose(lrs)), _shaped(experiment, np.transpose(betas))


def _optax(experiment: lrlab.Experiment, code: str) -> Rates:
    """The schedule, compiled and in double precision; if a transformation watches a metric, BASE_LR times its scale."""
    import jax  # noqa: PLC0415 (heavy)
    import jax.numpy as jnp  # noqa: PLC0415

    with jax.enable_x64(True):  # noqa: FBT003 (jax's signature)
        made = module(code)
        if "plateau" in made:
            return _optax_plateau(experiment, made)
        rate = jax.vmap(lambda count: jnp.asarray(made["schedule"](count), dtype=float), out_axes=-1)
        return np.asarray(jax.jit(rate)(jnp.arange(experiment.run.steps, dtype="int64")))


def _optax_plateau(experiment: lrlab.Experiment, made: dict[str, Any]) -> Rates:
    plateau, shown = made["plateau"], frameworks.metrics(schedule_of(experiment))
    idle = np.zeros(1)
    state = plateau.init(idle)

    def step(_: int) -> None:
        nonlocal state
        if (value := next(shown, None)) is not None:
            state = plateau.update(idle, state, value=np.asarray(value))[1]

    return by_clock(experiment, lambda: np.atleast_1d(made["BASE_LR"]) * float(state.scale), step)


def _keras(experiment: lrlab.Experiment, code: str) -> Rates:
    """The schedule over torch in double precision, or the optimizer's rate where a callback sets it; of several groups
    Keras has the first alone.
    """
    frameworks.keras()
    made, steps = module(code), np.arange(experiment.run.steps)
    if "callbacks" in made:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numpy, on how Keras makes arrays of torch's
            rates = _keras_called_back(experiment, made)
    elif "native" in made or "Schedule" not in made:
        rates = np.array([float(made["schedule"](step)) for step in steps.tolist()])
    else:
        rates = made["schedule"](steps).numpy()
        some = steps[:: max(steps.size // 7, 1)].tolist()
        np.testing.assert_allclose([float(made["schedule"](step)) for step in some], rates[some], rtol=1e-12)
    return rates


def _keras_called_back(experiment: lrlab.Experiment, made: dict[str, Any]) -> Rates:
    genuine, shown = frameworks.keras(), frameworks.metrics(schedule_of(experiment))
    model = genuine.Sequential([genuine.layers.Dense(1)])
    model.compile(optimizer=made["make_optimizer"](), loss="mse")
    (callback,) = made["callbacks"]()
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch in range(-(-experiment.run.steps // experiment.run.updates)):
        callback.on_epoch_begin(epoch)
        rates.append(float(model.optimizer.learning_rate))
        if (value := next(shown, None)) is not None:
            callback.on_epoch_end(epoch, {callback.monitor: value})
    return np.repeat(rates, experiment.run.updates)[: experiment.run.steps]


def _numpy(experiment: lrlab.Experiment, code: str) -> Rates:
    return np.asarray(module(code)["learning_rate"](np.arange(experiment.run.steps)))


def _json(experiment: lrlab.Experiment, code: str) -> Rates:  # noqa: ARG001 (as the others)
    return wanted(lrlab.loads(code))


def _csv(experiment: lrlab.Experiment, code: str) -> Rates:
    header, *rows = csv.reader(io.StringIO(code))
    assert header[:2] == ["step", "epoch"]
    return _shaped(experiment, np.array([row[2:] for row in rows], dtype=np.float64).T)


def _npy(experiment: lrlab.Experiment, code: bytes) -> Rates:  # noqa: ARG001 (as the others)
    return np.load(io.BytesIO(code), allow_pickle=False)


DRIVERS: dict[str, Callable[[lrlab.Experiment, Any], Rates]] = {
    "pytorch": _pytorch,
    "lightning": _lightning,
    "timm": _timm,
    "optax": _optax,
    "keras": _keras,
    "transformers": _transformers,
    "paddle": _paddle,
    "deepspeed": _deepspeed,
    "numpy": _numpy,
    "json": _json,
    "csv": _csv,
    "npy": _npy,
}


def rates(experiment: lrlab.Experiment, target: str, **options: Any) -> Rates:
    """The rates of every step by the exported code."""
    return DRIVERS[target](experiment, export(experiment, target, **options))
