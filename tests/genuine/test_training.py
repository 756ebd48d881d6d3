"""Exported training loops, run in earnest: every optimizer step of the genuine framework uses the engine's rate,
interrupted or not.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import drivers
import frameworks
import numpy as np
import oracle
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

import lrlab
from lrlab.document.run import DataRun, Run, ticks_per_epoch
from lrlab.exporters import export
from lrlab.schedules import KINDS

CLOCKS = ("step", "epoch", "micro_batch", "process")
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
ONE_CYCLE = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": None}
LINEAR = {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 3, "num_training_steps": None}
METRICS = [1.0, 0.5, 0.75, 0.625, 0.5, 0.5, 0.25, 0.375, 0.25, 0.25] * 10
"""Numbers that single precision knows."""
PLATEAU = {"kind": "torch.ReduceLROnPlateau", "patience": 0, "factor": 0.5, "cooldown": 1, "metrics": METRICS}

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
    """A part for each parameter group; it pulls the plug after so many micro-batches, and evaluates to the next of the
    metrics shown.
    """

    def __init__(self, experiment: lrlab.Experiment, micro_batches: int | None = None, epoch: int = 0) -> None:
        super().__init__()
        self.parts = torch.nn.ModuleList(torch.nn.Linear(1, 1) for _ in experiment.trials[0].base_rates)
        self.left = iter(int, 1) if micro_batches is None else iter(range(micro_batches))
        metrics = drivers.schedule_of(experiment).get("metrics", [])
        self.shown = iter(metrics[epoch * ticks_per_epoch(experiment.run, experiment.trials[0].clock) :])

    @property
    def groups(self) -> list[list[Any]]:
        return [list(part.parameters()) for part in self.parts]

    def forward(self, inputs: Any, labels: Any = None) -> Any:
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
    """The parameter groups as every optimizer step within finds them, with their gradients in place of their
    parameters.
    """
    steps: list[list[dict[str, Any]]] = []
    handle = register_optimizer_step_pre_hook(
        lambda optimizer, *_: steps.append(
            [group | {"params": [p.grad for p in group["params"]]} for group in optimizer.param_groups]
        )
    )
    try:
        yield steps
    finally:
        handle.remove()


def same(experiment: lrlab.Experiment, code: str, steps: list[list[dict[str, Any]]], begin: int = 0) -> None:
    """The recorded steps, those of the run from `begin` on, used the engine's rates, and its momenta where the schedule
    cycles them.
    """
    run, trial = experiment.run, experiment.trials[0]
    at = np.arange(begin, run.steps)

    def used(name: str) -> Any:
        return np.transpose([[group[name] for group in step[: len(trial.base_rates)]] for step in steps])

    oracle.same(used("lr"), np.atleast_2d(lrlab.engine.lr(run, trial, at)), f"{trial}")
    cycled = lrlab.engine.momentum(run, trial, at)
    if cycled is not None and "Form: native" in code:
        oracle.same(used("momentum"), np.atleast_2d(cycled), f"momentum of {trial}")


Train = Callable[[Model, str, bool], None]
"""A training: its model, the name of its checkpoints, and whether it goes on from them."""


def at_one_go(experiment: lrlab.Experiment, code: str, train: Train) -> None:
    """A training that nothing interrupts."""
    with recorded() as steps:
        train(Model(experiment), "whole", False)  # noqa: FBT003
    same(experiment, code, steps)


def in_two_sittings(experiment: lrlab.Experiment, code: str, train: Train) -> None:
    """One at one go, and one that goes on, with everything made anew, after it was interrupted."""
    run = experiment.run
    at_one_go(experiment, code, train)
    with pytest.raises(Interrupted):
        train(Model(experiment, INTERRUPTED * run.micro_batches + run.micro_batches // 2), "broken", False)  # noqa: FBT003
    with recorded() as steps:
        train(Model(experiment, epoch=INTERRUPTED), "broken", True)  # noqa: FBT003
    same(experiment, code, steps, INTERRUPTED * run.updates)


def needs(experiment: lrlab.Experiment, code: str, model: Model) -> dict[str, Any]:
    """What a training loop of torch wants besides model, data and loss."""
    groups = {"parameters": model.groups} if isinstance(experiment.trials[0].base_lr, tuple) else {}
    return groups | ({"evaluate": model.evaluate} if "evaluate(model)" in code else {})


def in_epochs(row: dict[str, Any], most: int = 120) -> lrlab.Experiment:
    """A recorded document, in a run of about three epochs; as long as there are metrics, where it watches one."""
    document = json.loads(json.dumps(row["document"]))
    schedule = document["trials"][0]["schedule"]
    steps = min(document["run"]["total_steps"], len(schedule.get("metrics", range(most))), most)
    return lrlab.document.parse(document | {"run": {"total_steps": steps, "steps_per_epoch": -(-steps // 3)}})


def rows(*packages: str) -> list[dict[str, Any]]:
    """The recorded documents of some packages."""
    return [row for row in oracle.rows() if oracle.kind_of(row).partition(".")[0] in packages]


# --- PyTorch


def pytorch(experiment: lrlab.Experiment, folder: Path, **options: Any) -> None:
    code = export(experiment, "pytorch", loop="plain", **options)
    made = drivers.module(code)

    def train(model: Model, name: str, resumed: bool) -> None:
        made["train"](
            model,
            loader_of(experiment.run),
            loss_function,
            **needs(experiment, code, model),
            path=folder / name,
            resume=resumed,
        )

    in_two_sittings(experiment, code, train)


# torch's own word on a scheduler stepped while gradients accumulate, which the clock of micro-batches does
early = pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step... before `optimizer.step:UserWarning")


@early
@pytest.mark.parametrize(("form", "base_lr"), [("native", [0.1, 0.5]), ("portable", 0.1), ("portable", [0.1, 0.5])])
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("run", RUNS)
def test_pytorch(run: str, clock: str, base_lr: Any, form: str, tmp_path: Path) -> None:
    pytorch(oracle.experiment(COSINE, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path, form=form)


@pytest.mark.usefixtures("accelerate")
@pytest.mark.parametrize(
    ("run", "loop"), [("leftover", "plain"), ("leftover dropped", "plain"), ("leftover", "accelerate")]
)
def test_gradients_are_the_mean_of_a_step_s_micro_batches(run: str, loop: Any, tmp_path: Path) -> None:
    """The gradient of a bias is 1 in every micro-batch here; that of a step with fewer of them is smaller by
    convention.
    """
    experiment = oracle.experiment(COSINE, run=RUNS[run])
    of, made = experiment.run, drivers.module(export(experiment, "pytorch", loop=loop))
    with recorded() as steps:
        made["train"](Model(experiment), loader_of(of), loss_function, path=str(tmp_path / "checkpoint"))
    whole = [min(of.accumulate, of.micro_batches - step * of.accumulate) / of.accumulate for step in range(of.updates)]
    oracle.same([step[0]["params"][-1].item() for step in steps], whole * of.epochs, relative=1e-6)


@pytest.mark.parametrize("row", rows("torch"), ids=oracle.row_id)
def test_pytorch_with_every_scheduler_of_its_own(row: dict[str, Any], tmp_path: Path) -> None:
    pytorch(in_epochs(row), tmp_path)


# --- Accelerate


@pytest.fixture
def accelerate() -> Iterator[None]:
    """Accelerate keeps its state for the whole of a process."""
    state = importlib.import_module("accelerate.state")
    yield
    state.AcceleratorState._reset_state(reset_partial_state=True)  # noqa: SLF001 (Accelerate's own tests do so)
    state.GradientState._reset_state()  # noqa: SLF001


def accelerated(experiment: lrlab.Experiment, folder: Path, **options: Any) -> None:
    code = export(experiment, "pytorch", loop="accelerate", **options)
    made = drivers.module(code)

    def train(model: Model, name: str, resumed: bool) -> None:
        goes_on = {"path": str(folder / name), "resume": INTERRUPTED * resumed}
        made["train"](model, loader_of(experiment.run), loss_function, **needs(experiment, code, model), **goes_on)

    in_two_sittings(experiment, code, train)


@early
@pytest.mark.usefixtures("accelerate")
@pytest.mark.parametrize(("form", "base_lr"), [("native", [0.1, 0.5]), ("portable", 0.1)])
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("run", ["whole", "leftover", "last dropped", "steps"])
def test_accelerate(run: str, clock: str, base_lr: Any, form: str, tmp_path: Path) -> None:
    accelerated(oracle.experiment(COSINE, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path, form=form)


@pytest.mark.usefixtures("accelerate")
@pytest.mark.parametrize("clock", ["step", "process"])
def test_accelerate_gets_to_the_end_of_a_scheduler_that_counts_its_steps(clock: str, tmp_path: Path) -> None:
    accelerated(oracle.experiment(ONE_CYCLE, run=RUNS["leftover"], clock=clock), tmp_path, form="native")


@pytest.mark.usefixtures("accelerate")
@pytest.mark.parametrize("clock", ["step", "epoch", "process"])
def test_accelerate_shows_its_metric(clock: str, tmp_path: Path) -> None:
    accelerated(oracle.experiment(PLATEAU, run=RUNS["leftover"], clock=clock), tmp_path)


def test_accelerate_in_two_processes(tmp_path: Path) -> None:
    leftover, dropped = RUNS["leftover"] | {"devices": 2}, RUNS["last dropped"] | {"devices": 2}
    planned = {
        "step": oracle.document(COSINE, run=leftover),
        "epoch": oracle.document(COSINE, run=dropped, clock="epoch"),
        "process": oracle.document(COSINE, run=leftover, clock="process"),
        "process and a portable curve": oracle.document(LINEAR, run=dropped, clock="process"),
        "process and a horizon": oracle.document(ONE_CYCLE, run=leftover, clock="process"),
        "one process": oracle.document(COSINE, run=RUNS["leftover"]),
    }
    for name, document in planned.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    paths = os.pathsep.join(map(str, (oracle.ROOT, oracle.ROOT / "tests")))
    environment = os.environ | {
        "PYTHONPATH": paths,
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
    }
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*launcher, str(Path(__file__).with_name("processes.py")), str(tmp_path)],
        env=environment,
        check=True,
        timeout=200,
    )
    for rank in range(2):
        said = json.loads((tmp_path / f"{rank}.txt").read_text())
        assert said.pop("one process") == "num_processes is 2; the schedule was made for 1"
        for name, (whole, resumed) in said.items():
            experiment = lrlab.document.parse(planned[name])
            want = drivers.wanted(experiment)
            oracle.same(whole, want, f"{name}, rank {rank}")
            oracle.same(
                resumed, want[INTERRUPTED * experiment.run.updates :], f"{name}, rank {rank}, from a checkpoint"
            )


# --- timm


def timm(experiment: lrlab.Experiment, folder: Path, **options: Any) -> None:
    frameworks.timm_schedulers()
    code = export(experiment, "timm", **options)
    made = drivers.module(code)

    def train(model: Model, name: str, resumed: bool) -> None:
        made["train"](
            model,
            loader_of(experiment.run),
            loss_function,
            **needs(experiment, code, model),
            path=folder / name,
            resume=resumed,
        )

    in_two_sittings(experiment, code, train)


TIMM = {
    "kind": "timm.CosineLRScheduler",
    "t_initial": None,
    "warmup_t": 3,
    "warmup_lr_init": 0.01,
    "warmup_prefix": True,
}


@pytest.mark.parametrize(
    ("schedule", "base_lr"),
    [(TIMM, 0.1), (TIMM | {"t_in_epochs": False}, [0.1, 0.5]), (COSINE, 0.1), (LINEAR, [0.1, 0.5])],
)
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("run", RUNS)
def test_timm(run: str, clock: str, schedule: dict[str, Any], base_lr: Any, tmp_path: Path) -> None:
    timm(oracle.experiment(schedule, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path)


@pytest.mark.filterwarnings("ignore:PlateauLRScheduler is deprecated:FutureWarning")  # timm's own word on it
@pytest.mark.parametrize("row", rows("timm"), ids=oracle.row_id)
def test_timm_with_every_scheduler_of_its_own(row: dict[str, Any], tmp_path: Path) -> None:
    timm(in_epochs(row), tmp_path)


# --- Lightning


def lightning(
    experiment: lrlab.Experiment, folder: Path, monkeypatch: pytest.MonkeyPatch, sittings: Any = in_two_sittings
) -> None:
    """By Lightning's own Trainer, kept quiet."""
    genuine = importlib.import_module("lightning")
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
        "accelerator": "cpu",
    }
    monkeypatch.setattr(genuine, "Trainer", functools.partial(genuine.Trainer, **quiet))
    code = export(experiment, "lightning")
    made = drivers.module(code)

    def train(model: Model, name: str, resumed: bool) -> None:
        extra = needs(experiment, code, model) | (
            {"validation": DataLoader(TensorDataset(*torch.zeros(2, 1, 1)))} if "validation_step" in code else {}
        )
        checkpoint = next((folder / name).rglob("*.ckpt")) if resumed else None
        made["train"](model, loader_of(experiment.run), loss_function, **extra, path=folder / name, resume=checkpoint)

    sittings(experiment, code, train)


quietly = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers",  # Lightning's word on DataLoaders without processes of their own
    "ignore:Checkpoint directory .* exists",  # that of the interrupted run
    "ignore:.isinstance.treespec, LeafSpec:FutureWarning",  # what it still asks of torch
)


@quietly
@pytest.mark.parametrize(("schedule", "base_lr"), [(COSINE, [0.1, 0.5]), (LINEAR, 0.1)])
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("run", [name for name in RUNS if name != "devices"])
def test_lightning(
    run: str, clock: str, schedule: dict[str, Any], base_lr: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lightning(oracle.experiment(schedule, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path, monkeypatch)


@quietly
@pytest.mark.parametrize("base_lr", [0.1, [0.1, 0.5]], ids=["one", "groups"])
@pytest.mark.parametrize("clock", ["epoch", "step"])
@pytest.mark.parametrize("run", ["whole", "steps"])
def test_lightning_shows_its_metric(
    run: str, clock: str, base_lr: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sittings = at_one_go if clock == "epoch" else in_two_sittings  # its checkpoints lack the metric of their epoch
    lightning(oracle.experiment(PLATEAU, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path, monkeypatch, sittings)


# --- transformers


class WithLoss(Model):
    """What the Trainer trains."""

    def forward(self, inputs: Any, labels: Any = None) -> Any:
        return {"loss": super().forward(inputs, labels)}


def transformers(experiment: lrlab.Experiment, folder: Path, **options: Any) -> None:
    """By the genuine Trainer, kept quiet."""
    run, code = experiment.run, export(experiment, "transformers", **options)
    made = drivers.module(code)
    made["TrainingArguments"] = functools.partial(
        made["TrainingArguments"], disable_tqdm=True, logging_strategy="no", report_to="none", use_cpu=True
    )
    data = [{"inputs": torch.zeros(1), "labels": torch.zeros(1)}] * (
        run.samples if isinstance(run, DataRun) else run.updates * 8
    )

    def train(model: Model, name: str, resumed: bool) -> None:
        model.__class__ = WithLoss
        extra = needs(experiment, code, model) | ({"validation": data[:1]} if "validation" in code else {})
        made["train"](model, data, **extra, output_dir=str(folder / name), resume=resumed)

    in_two_sittings(experiment, code, train)


@pytest.fixture(scope="module")
def frozen() -> Iterator[None]:
    """The Trainer collects garbage each time, for which all the modules are looked at."""
    importlib.import_module("transformers").Trainer  # noqa: B018 (is imported when it is looked for)
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("schedule", "base_lr"),
    [(LINEAR, 0.1), (LINEAR | {"num_training_steps": 30}, 0.1), (LINEAR, [0.1, 0.5]), (COSINE, 0.1)],
)
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("run", ["whole", "leftover", "last dropped", "steps"])
def test_transformers(run: str, clock: str, schedule: dict[str, Any], base_lr: Any, tmp_path: Path) -> None:
    transformers(oracle.experiment(schedule, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("transformers.")])
def test_transformers_by_the_trainer_s_arguments_alone(kind: str, tmp_path: Path) -> None:
    """Every scheduler whose horizon is the run; the Trainer makes optimizer and scheduler itself."""
    row = next(row for row in rows("transformers") if oracle.kind_of(row) == kind)
    schedule = dict(row["document"]["trials"][0]["schedule"])
    schedule |= {"num_training_steps": None} if "num_training_steps" in schedule else {}
    schedule |= {"num_warmup_steps": 3} if "num_warmup_steps" in schedule else {}
    experiment = oracle.experiment(schedule, run=RUNS["leftover"])
    assert "optimizers" not in export(experiment, "transformers")
    transformers(experiment, tmp_path)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("row", rows("transformers"), ids=oracle.row_id)
def test_transformers_with_every_scheduler_of_its_own(row: dict[str, Any], tmp_path: Path) -> None:
    transformers(in_epochs(row, 40), tmp_path)


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("kind", ["get_reduce_on_plateau_schedule", "get_greedy_schedule"])
@pytest.mark.parametrize("base_lr", [0.1, [0.1, 0.5]], ids=["one", "groups"])
@pytest.mark.parametrize("clock", ["epoch", "step"])
@pytest.mark.parametrize("run", ["whole", "leftover"])
def test_transformers_shows_its_metric(run: str, clock: str, base_lr: Any, kind: str, tmp_path: Path) -> None:
    schedule = PLATEAU | {"kind": f"transformers.{kind}"}
    transformers(oracle.experiment(schedule, run=RUNS[run], clock=clock, base_lr=base_lr), tmp_path)
