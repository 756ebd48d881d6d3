"""Runs exported Keras code on the jax backend, compiled and in single precision, in a process of its own: Keras has one
backend a process.

From stdin, JSON: {"rates": [[code, steps], ...], "trained": [code, ...], "batches": batches of an epoch}. To stdout:
the rates of every step for each of the first; for each of the second how many updates a training came to that was
interrupted after its first epoch, and the rate it used last.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras
import numpy as np


def module(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(code, "<exported>", "exec"), names)  # noqa: S102 (the point of exported code is to be run)
    return names


def rates(code: str, steps: int) -> list[float]:
    schedule = module(code)["schedule"]
    rate = jax.jit(jax.vmap(lambda step: keras.ops.cast(schedule(step), "float32")))
    return np.asarray(rate(jnp.arange(steps)), dtype=np.float64).tolist()


def trained(code: str, batches: int) -> list[float]:
    made = module(code)
    data = Ones(batches)
    made["EPOCHS"], epochs = 1, made["EPOCHS"]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "checkpoint.keras")
        made["train"](model(), data, "mse", path=path)
        made["EPOCHS"] = epochs
        optimizer = made["train"](None, data, "mse", path=path, resume=True).optimizer
    return [int(optimizer.iterations), float(optimizer.learning_rate)]


class Ones(keras.utils.PyDataset):
    """So many batches of one sample."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches = batches

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return np.ones((1, 1)), np.ones((1, 1))


def model() -> Any:
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    answer = {
        "rates": [rates(code, steps) for code, steps in asked["rates"]],
        "trained": [trained(code, asked["batches"]) for code in asked["trained"]],
    }
    sys.stdout.write("\n" + json.dumps(answer))
