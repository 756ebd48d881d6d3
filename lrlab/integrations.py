"""A loaded experiment inside training code; each framework is imported only here, and only when asked for."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from lrlab.document import Experiment, Trial, loads
from lrlab.document.run import Clock, Run, ticks
from lrlab.schedules.rates import rates


def torch_scheduler(optimizer: Any, experiment: Experiment, trial: str | None = None) -> Any:
    """A LambdaLR that gives the optimizer this trial's rates, to be stepped by the trial's clock.

    The optimizer needs as many parameter groups as the trial has; their own rates are replaced by the trial's.
    Raises DocumentError for an unknown trial, ValueError where the groups do not fit, ImportError without PyTorch.
    """
    chosen = experiment.trial(trial)
    return _lambda_lr("torch_scheduler", optimizer, experiment.run, chosen, "step")  # each call is one tick already


def hf_scheduler(optimizer: Any, experiment: Experiment, trial: str | None = None) -> Any:
    """A LambdaLR with this trial's rates for loops that step it once per optimizer step.

    It applies the clock of the trial itself. So does transformers' Trainer: `Trainer(..., optimizers=(optimizer,
    lrlab.hf_scheduler(optimizer, experiment)))`. It needs PyTorch alone; groups and errors are those of
    `torch_scheduler`.
    """
    chosen = experiment.trial(trial)
    return _lambda_lr("hf_scheduler", optimizer, experiment.run, chosen, chosen.clock)


def optax_schedule(experiment: Experiment, trial: str | None = None) -> Any:
    """This trial's rate as a function of the count of updates: the `learning_rate` of any optax optimizer.

    It works inside jax.jit too. The count is an integer or an array of them; a list of base rates gives a leading axis
    of one rate per group, as in `engine.lr`. It counts in double precision and answers in JAX's default one. Rates that
    follow from those before are known to 64 ticks past the run. Raises DocumentError for an unknown trial, ImportError
    without JAX.
    """
    return _jax_function("optax_schedule", experiment.run, experiment.trial(trial))


def keras_schedule(experiment: Experiment, trial: str | None = None) -> Any:
    """This trial's rate as a Keras LearningRateSchedule, on the torch and the jax backend.

    It is a function of optimizer.iterations. It is saved and loaded with a model. Who loads one calls
    `lrlab.integrations.keras_class()` before, or says `custom_objects={"LrlabSchedule":
    lrlab.integrations.keras_class()}`. Raises DocumentError for an unknown trial, ValueError for several parameter
    groups or another backend, ImportError without Keras.
    """
    alone = experiment.model_copy(update={"trials": (experiment.trial(trial),)})
    return keras_class()(alone.dumps())


@cache
def keras_class() -> Any:
    """The class of what `keras_schedule` makes; its config holds the document.

    Keras knows it from the first call on.
    """
    with _needed("keras_schedule", "Keras 3 on PyTorch or JAX: pip install keras"):
        import keras  # noqa: PLC0415 (heavy)

    @keras.saving.register_keras_serializable("lrlab")
    class LrlabSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __init__(self, document: str) -> None:
            self.document = document
            experiment = loads(document)
            run, trial, backend = experiment.run, experiment.trial(), keras.backend.backend()
            if len(trial.base_rates) > 1:
                msg = (
                    f"Keras has one learning rate for all variables, but the trial {trial.name!r} has "
                    f"{len(trial.base_rates)} parameter groups"
                )
                raise ValueError(msg)
            if backend not in ("torch", "jax"):
                msg = f"keras_schedule works on the torch and the jax backend of Keras, not on {backend}"
                raise ValueError(msg)
            self._rate = (
                _jax_function("keras_schedule", run, trial)
                if backend == "jax"
                else _function(run, trial, trial.clock, 0)
            )

        def __call__(self, step: Any) -> Any:
            rate = self._rate(keras.ops.convert_to_tensor(step))
            return keras.ops.convert_to_tensor(rate, dtype=keras.backend.floatx())

        def get_config(self) -> dict[str, str]:
            return {"document": self.document}

    return LrlabSchedule


@contextmanager
def _needed(by: str, what: str) -> Iterator[None]:
    """Turn a failing import into one sentence."""
    try:
        yield
    except ImportError:
        msg = f"{by} needs {what}"
        raise ImportError(msg) from None


def _lambda_lr(name: str, optimizer: Any, run: Run, trial: Trial, clock: Clock) -> Any:
    with _needed(name, "PyTorch: pip install torch"):
        from torch.optim.lr_scheduler import LambdaLR  # noqa: PLC0415 (only who trains with torch needs it)
    if (many := len(trial.base_rates)) != len(optimizer.param_groups):
        has = f"the optimizer has {len(optimizer.param_groups)} parameter groups, the trial {trial.name!r} has {many}"
        msg = f"{has}: give base_lr a list of a rate for each"
        raise ValueError(msg)
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] = 1.0  # the factors below are then the rates themselves
    return LambdaLR(optimizer, [_function(run, trial, clock, group) for group in range(many)])


def _function(run: Run, trial: Trial, clock: Clock, group: int) -> Callable[[Any], float]:
    """A group's rate as a function of the count that the clock turns into ticks, one number at a time."""
    schedule, base_lr = trial.bound(run)[group], trial.base_rates[group]
    return lambda count: float(rates(schedule, base_lr, np.array([float(ticks(run, clock, int(count)))]))[0])


def _jax_function(name: str, run: Run, trial: Trial) -> Callable[[Any], Any]:
    """The rates as a function of the optimizer step that JAX can trace."""
    with _needed(name, 'JAX 0.8 or newer: pip install "jax>=0.8"'):
        from jax import enable_x64, jit  # noqa: PLC0415 (heavy)
        from jax import numpy as jnp  # noqa: PLC0415

    @jit
    def groups(step: Any) -> Any:
        xp = _Jax(jnp, step)
        tick = ticks(run, trial.clock, xp.step, xp)
        with np.errstate(all="ignore"):
            found = [
                xp.array(schedule.curve(tick, base_lr, xp))
                for schedule, base_lr in zip(trial.bound(run), trial.base_rates, strict=True)
            ]
        return jnp.stack(found) if isinstance(trial.base_lr, tuple) else found[0]

    def rate(step: Any) -> Any:
        with enable_x64(True):  # noqa: FBT003 (in single precision 0.9999 ** 100000 is off in its third digit, and restarts are missed)
            found = groups(jnp.asarray(step, dtype="int64"))
        return found.astype(jnp.result_type(float))

    return rate


class _Jax:
    """JAX as the `xp` of curves, in double precision; functions of plain numbers alone are left to numpy."""

    pi, e = math.pi, math.e

    def __init__(self, jnp: Any, step: Any) -> None:
        self._jnp = jnp
        self.step = _Number(self, step.astype("float64"))
        self._zero = jnp.minimum(self.step.value, 0.0)

    def array(self, value: Any) -> Any:
        """JAX's own array; a constant comes with a zero that XLA does not see through.

        It turns a division by a constant into a multiplication: 49 / 49 is then less than 1, and a restart comes a step
        late.
        """
        return value.value if isinstance(value, _Number) else float(value) + self._zero

    def where(self, condition: Any, this: Any, other: Any) -> Any:
        if not isinstance(condition, _Number):
            return this if condition else other
        return _Number(self, self._jnp.where(condition.value, self.array(this), self.array(other)))

    def searchsorted(self, table: Any, value: Any, side: str) -> _Number:
        return _Number(
            self, self._jnp.searchsorted(self._jnp.asarray(table, dtype="float64"), self.array(value), side=side)
        )

    def take(self, table: Any, index: Any) -> _Number:
        return _Number(self, self._jnp.take(self._jnp.asarray(table), self.array(index).astype("int64")))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def apply(*args: Any) -> Any:
            if not any(isinstance(arg, _Number) for arg in args):
                return getattr(np, name)(*args)
            return _Number(self, getattr(self._jnp, name)(*map(self.array, args)))

        return apply


class _Number:
    """An array of JAX with the operators that curves use."""

    __array_ufunc__ = None  # a number of numpy's to its left leaves the operation to it

    def __init__(self, xp: _Jax, value: Any) -> None:
        self.xp, self.value = xp, value

    def __neg__(self) -> _Number:
        return _Number(self.xp, -self.value)


def _operator(name: str, *, reflected: bool = False) -> Callable[[_Number, Any], _Number]:
    operate = getattr(operator, name)

    def method(self: _Number, other: Any) -> _Number:
        sides = self.value, self.xp.array(other)
        return _Number(self.xp, operate(*(reversed(sides) if reflected else sides)))

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(_Number, f"__{_name}__", _operator(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(_Number, f"__r{_name}__", _operator(_name, reflected=True))
