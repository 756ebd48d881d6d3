"""Exported training loops, run in earnest: every optimizer step of the genuine framework uses the engine's rate, interrupted or not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import drivers
import numpy as np
import oracle
import pytest
import strategies
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import lrlab
from lrlab.exporters import export
from lrlab.run import DataRun, Run, ticks_per_epoch

CLOCKS = ("step", "epoch", "micro_batch", "process")
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
ONE_CYCLE = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": None}
LINEAR = {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 3, "num_training_steps": None}
RUNS: dict[str, dict[str, Any]] = {
    "whole": {"samples": 20, "batch_size": 4, "epochs": 4},
    "leftover": {"samples": 50, "batch_size": 4, "accumulate": 3, "epochs": 4},
    "leftover dropped": {"samples": 50, "batch_size": 4, "accumulate": 3, "epochs": 4, "leftover": "drop"},
    "last dropped": {"samples": 51, "batch_size": 4, "accumulate": 2, "epochs": 4, "drop_last": True},
    "devices": {"samples": 51, "batch_size": 4, "accumulate": 2, "epochs": 4, "devices": 2},
    "steps": {"total_steps": 17, "steps_per_epoch": 5},
}
"""Runs whose epochs end in different ways."""
INTERRUPTED = 2
"""The epoch, counted from 0, in whose midst a training is interrupted."""


class Interrupted(Exception):  # noqa: N818 (no error: a plug that is pulled)
    """The training was stopped."""


class Model(torch.nn.Module):
    """A part for each parameter group; it pulls the plug after so many micro-batches, and evaluates to the next of the metrics shown."""

    def __init__(self, experiment: lrlab.Experiment, micro_batches: int | None = None, epoch: int = 0) -> None:
        super().__init__()
        self.parts = torch.nn.ModuleList(torch.nn.Linear(1, 1) for _ in experiment.trials[0].base_rates)
        self.left = iter(int, 1) if micro_batches is None else iter(range(micro_batches))
        metrics = drivers.schedule_of(experiment).get("metrics", [])
        self.shown = iter(metrics[epoch * ticks_per_epoch(experiment.run, experiment.trials[0].clock) :])

    @property
    def groups(self) -> list[list[Any]]:
        return [list(part.parameters()) for part in self.parts]

    def forward(self, inputs: Any, labels: Any = None) -> Any:  # noqa: ARG002 (what transformers passes)
        if not self.training:
            return torch.tensor(next(self.shown))
        if next(self.left, None) is None:
            raise Interrupted
        return sum(part(inputs) for part in self.parts).mean()

    def evaluate(self, _: Any) -> float:
        return float(next(self.shown))


def loss_function(outputs: Any, _: Any) -> Any:
    return outputs


def loader_of(run: Run) -> DataLoader[Any]:
    """What one device sees of the data in an epoch."""
    data = TensorDataset(*torch.zeros(2, run.samples if isinstance(run, DataRun) else run.updates, 1))
    if not isinstance(run, DataRun):
        return DataLoader(data)
    sampler = DistributedSampler(data, run.devices, 0, drop_last=run.drop_last)
    return DataLoader(data, run.batch_size, sampler=sampler, drop_last=run.drop_last)


@contextlib.contextmanager
def recorded() -> Iterator[list[list[dict[str, Any]]]]:
    """The parameter groups as every optimizer step within finds them."""
    steps: list[list[dict[str, Any]]] = []
    handle = register_optimizer_step_pre_hook(lambda optimizer, *_: steps.append([group | {"params": None} for group in optimizer.param_groups]))
    try:
        yield steps
    finally:
        handle.remove()


def same(experiment: lrlab.Experiment, code: str, steps: list[list[dict[str, Any]]], begin: int = 0) -> None:
    """The recorded steps, those of the run from `begin` on, used the engine's rates, and its momenta where the schedule cycles them."""
    run, trial = experiment.run, experiment.trials[0]
    at = np.arange(begin, run.steps)
    used = [[[group[name] for group in step] for step in steps] for name in ("lr", "momentum")]
    oracle.same(np.transpose(used[0]), np.atleast_2d(lrlab.engine.lr(run, trial, at)), f"{trial}")
    cycled = lrlab.engine.momentum(run, trial, at)
    if cycled is not None and "Form: native" in code:
        oracle.same(np.transpose(used[1]), np.atleast_2d(cycled), f"momentum of {trial}")


def in_two_sittings(experiment: lrlab.Experiment, code: str, train: Callable[[Model, str, bool], None]) -> None:
    """A training at one go, and one that goes on, with everything made anew, after it was interrupted; `train(model, name, resumed)`."""
    run = experiment.run
    with recorded() as steps:
        train(Model(experiment), "whole", False)  # noqa: FBT003
    same(experiment, code, steps)
    with pytest.raises(Interrupted):
        train(Model(experiment, INTERRUPTED * run.micro_batches + run.micro_batches // 2), "broken", False)  # noqa: FBT003
    with recorded() as steps:
        train(Model(experiment, epoch=INTERRUPTED), "broken", True)  # noqa: FBT003
    same(experiment, code, steps, INTERRUPTED * run.updates)


def needs(experiment: lrlab.Experiment, code: str, model: Model) -> dict[str, Any]:
    """What a training loop of torch wants besides model, data and loss."""
    groups = {"parameters": model.groups} if isinstance(experiment.trials[0].base_lr, tuple) else {}
    return groups | ({"evaluate": model.evaluate} if "evaluate(model)" in code else {})


def in_epochs(row: dict[str, Any]) -> lrlab.Experiment:
    """A recorded document, in a run of about three epochs; as long as there are metrics, where it watches one."""
    document = json.loads(json.dumps(row["document"]))
    schedule = document["trials"][0]["schedule"]
    steps = min(document["run"]["total_steps"], 300, len(schedule.get("metrics", range(300))))
    return lrlab.experiment.parse(document | {"run": {"total_steps": steps, "steps_per_epoch": -(-steps // 3)}})


def rows(*frameworks: str) -> list[dict[str, Any]]:
    """The recorded documents of some frameworks."""
    return [row for row in oracle.rows() if oracle.kind_of(row).partition(".")[0] in frameworks]


# --- PyTorch


def pytorch(experiment: lrlab.Experiment, folder: Path, **options: Any) -> None:
    code = export(experiment, "pytorch", loop="plain", **options)
    made = drivers.module(code)

    def train(model: Model, name: str, resumed: bool) -> None:  # noqa: FBT001
        made["train"](model, loader_of(experiment.run), loss_function, **needs(experiment, code, model), path=folder / name, resume=resumed)

    in_two_sittings(experiment, code, train)


# torch's own word on a scheduler stepped while gradients accumulate, which the clock of micro-batches does
early = pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step... before `optimizer.step:UserWarning")


@early
@pytest.mark.parametrize(("form", "base_lr"), [("native", [0.1, 0.5]), ("portable", 0.1), ("portable", [0.1, 0.5])])
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("run", RUNS)
def test_pytorch(run: str, clock: str, base_lr: Any, form: str, tmp_path: Path) -> None:
    pytorch(oracle.experiment(COSINE, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path, form=form)


@pytest.mark.parametrize("row", rows("torch"), ids=oracle.row_id)
def test_pytorch_with_every_scheduler_of_its_own(row: dict[str, Any], tmp_path: Path) -> None:
    pytorch(in_epochs(row), tmp_path)
