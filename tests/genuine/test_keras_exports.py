"""The Keras module beyond its rates in double precision: compiled in single precision, trained with, interrupted, and
checked by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import drivers
import frameworks
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lrlab
from lrlab.exporters import EXPORTERS, compiled, export, job

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # of Keras over torch, by numpy
KERAS = frameworks.keras()  # before code is run that imports it
EXPORTER: Any = EXPORTERS["keras"]
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
OWN = {
    "kind": "keras.CosineDecay",
    "initial_learning_rate": 0.0,
    "warmup_target": 0.2,
    "warmup_steps": 3,
    "decay_steps": None,
}
RESTARTS = {"kind": "keras.CosineDecayRestarts", "initial_learning_rate": 0.1}
STAIRS = {"kind": "keras.ExponentialDecay", "initial_learning_rate": 0.1, "decay_rate": 0.5, "staircase": True}
PLATEAU = {
    "kind": "keras.ReduceLROnPlateau",
    "patience": 2,
    "factor": 0.5,
    "metrics": [1.0, 1.0, 1.0, 0.5, 0.5, "nan", 0.5, 0.5, 0.1],
}
FOLLOWING = {
    "kind": "keras.LearningRateScheduler",
    "schedule": "lambda epoch, lr: lr * math.exp(-0.1) if epoch > 1 else lr",
}
RUNS = {
    "whole": {"samples": 24, "batch_size": 4, "epochs": 4},
    "accumulated": {"samples": 24, "batch_size": 4, "epochs": 3, "accumulate": 3},
    "partial": {"total_steps": 13, "steps_per_epoch": 5},
}
ROWS = [row for i, row in enumerate(oracle.rows()) if oracle.kind_of(row).startswith("keras.") or i % 8 == 0]


def experiments() -> list[tuple[lrlab.Experiment, str]]:
    """Recorded ones, and where restarts and jumps are hard to meet; each with the form it has by itself."""
    documents = [row["document"] for row in ROWS]
    documents += [
        oracle.document(RESTARTS | {"first_decay_steps": n, "t_mul": t}, steps=9000)
        for n in (7, 30, 41, 100)
        for t in (1.0, 1.5, 2.0, 3.0)
    ]
    documents += [oracle.document(STAIRS | {"decay_steps": n}, steps=6 * n) for n in (41, 47, 49, 55, 64)]
    found = [lrlab.document.parse(document) for document in documents]
    return [(experiment, job(experiment, "keras", experiment.trials[0]).form) for experiment in found]


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    """What a process answers that runs Keras on jax."""
    asked = {
        "rates": [(export(experiment, "keras"), experiment.run.steps) for experiment, _ in experiments()],
        "trained": [
            export(oracle.experiment(OWN, run=RUNS[run], clock="epoch"), "keras") for run in ("whole", "accumulated")
        ],
        "batches": 6,
    }
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    command = [sys.executable, "-W", "ignore", Path(__file__).parent / "keras_on_jax.py"]
    done = subprocess.run(
        command, input=json.dumps(asked), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def first_group(experiment: lrlab.Experiment) -> Any:
    return np.atleast_2d(drivers.wanted(experiment))[0]


def test_compiled_in_single_precision(answered: dict[str, Any]) -> None:
    """On jax, within what its own check lets pass: rounding, unless the code says that it is more."""
    for (experiment, form), got in zip(experiments(), answered["rates"], strict=True):
        want, about = first_group(experiment), f"{form}: {experiment.document()}"
        tolerance = float(EXPORTER.tolerance(job(experiment, "keras", experiment.trials[0])))
        assert tolerance < 4.1 * compiled.CLOSE or "In single precision" in export(experiment, "keras"), about
        oracle.same(got, want, about, tolerance)
    forms = [form for experiment, form in experiments() if experiment.trials[0].schedule.framework == "keras"]
    assert min(forms.count("native"), forms.count("portable")) > 10


def test_jax_trains_and_goes_on_too(answered: dict[str, Any]) -> None:
    """Six batches an epoch."""
    for run, steps, (iterations, rate) in zip(("whole", "accumulated"), (24, 6), answered["trained"], strict=True):
        experiment = oracle.experiment(OWN, run=RUNS[run], clock="epoch")
        assert iterations == steps
        oracle.same(rate, lrlab.engine.lr(experiment.run, experiment.trials[0], steps), relative=1e-6)


# --- native or portable


@pytest.mark.parametrize(
    ("schedule", "steps", "says"),
    [
        (RESTARTS | {"first_decay_steps": 30, "t_mul": 2.0}, 5000, ""),
        (RESTARTS | {"first_decay_steps": 41, "t_mul": 1.0}, 40, ""),
        (RESTARTS | {"first_decay_steps": 41, "t_mul": 1.0}, 42, "another tick than 41"),
        (RESTARTS | {"first_decay_steps": 10, "t_mul": 3.0}, 100, "logarithm"),
        (RESTARTS | {"first_decay_steps": 10, "t_mul": 3.0}, 9, ""),
        (STAIRS | {"decay_steps": 64}, 1000, ""),
        (STAIRS | {"decay_steps": 49}, 1000, "1 / 49"),
        (
            {"kind": "keras.PolynomialDecay", "initial_learning_rate": 0.1, "decay_steps": 9, "power": 0.5},
            20,
            "less than 0",
        ),
        ({"kind": "keras.PolynomialDecay", "initial_learning_rate": 0.1, "decay_steps": 9, "power": 2.0}, 20, ""),
        ({"kind": "keras.PiecewiseConstantDecay", "boundaries": [5, 10**10], "values": [0.1, 0.2, 0.3]}, 20, "32 bits"),
        (PLATEAU, 20, "once per epoch, not once per optimizer step"),
        (COSINE, 20, "Keras has no torch.CosineAnnealingLR of its own"),
    ],
    ids=str,
)
def test_native_where_it_is_exact_also_when_it_is_compiled(schedule: dict[str, Any], steps: int, says: str) -> None:
    experiment = oracle.experiment(schedule, steps=steps)
    reason = EXPORTER.not_native(experiment.run, experiment.trials[0])
    assert bool(reason) == bool(says), reason
    assert says in reason
    if says:
        with pytest.raises(lrlab.DocumentError, match="not in its native form"):
            export(experiment, "keras", form="native")


@pytest.mark.parametrize("schedule", [PLATEAU, FOLLOWING], ids=str)
def test_a_callback_is_native_when_it_is_asked_for(schedule: dict[str, Any]) -> None:
    experiment = oracle.experiment(schedule, run=RUNS["whole"], clock="epoch")
    assert "it is a callback" in export(experiment, "keras")
    assert "\ndef callbacks():" not in export(experiment, "keras")
    code = export(experiment, "keras", form="native")
    made = drivers.module(code)
    assert float(made["schedule"](5)) == made["BASE_LR"] == 0.1
    assert ("keras.callbacks." + schedule["kind"].removeprefix("keras.")) in code
    assert drivers.off(drivers.DRIVERS["keras"](experiment, code), experiment) < 1e-9


def test_several_groups_have_the_first_one_s_rate_and_it_is_said() -> None:
    experiment = oracle.experiment(COSINE, base_lr=[0.3, 0.1])
    code = export(experiment, "keras")
    assert "Keras has one rate, which is that of the first of 2" in code
    assert drivers.module(code)["BASE_LR"] == 0.3
    oracle.same(drivers.DRIVERS["keras"](experiment, code), first_group(experiment))


@pytest.mark.parametrize("rate", [1e39, 1e-39])
def test_what_single_precision_does_not_hold_is_refused(rate: float) -> None:
    with pytest.raises(lrlab.DocumentError, match="single precision"):
        export(oracle.experiment(COSINE, base_lr=rate), "keras")


@settings(max_examples=15)
@given(
    run=strategies.data_runs(),
    clock=st.sampled_from(["step", "epoch", "micro_batch", "process"]),
    schedule=st.sampled_from([COSINE, OWN, STAIRS | {"decay_steps": 7}]),
    form=st.sampled_from(["native", "portable", None]),
)
def test_every_clock_in_every_form(run: dict[str, Any], clock: str, schedule: dict[str, Any], form: Any) -> None:
    experiment = oracle.experiment(schedule, run=run, clock=clock)
    form = None if form == "native" and EXPORTER.not_native(experiment.run, experiment.trials[0]) else form
    assert drivers.off(drivers.rates(experiment, "keras", form=form), experiment) <= 1e-9


# --- training


class Ones(KERAS.utils.PyDataset):  # type: ignore[misc]
    """So many batches of one sample."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches = batches

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return np.ones((1, 1)), np.ones((1, 1))


def train(made: dict[str, Any], experiment: lrlab.Experiment, path: Path, loss: Any = "mse", **more: Any) -> None:
    batches = experiment.run.micro_batches
    model = KERAS.Sequential([KERAS.Input((1,)), KERAS.layers.Dense(1)])
    validation = {"validation": Ones(batches)} if "validation" in made["train"].__code__.co_varnames else {}
    made["train"](model, Ones(batches), loss, path=str(path), **validation, **more)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The rates that SGD is given for each of its updates."""
    rates: list[float] = []
    sgd = type(KERAS.optimizers.SGD())  # the backend's own
    genuine = sgd._backend_update_step  # noqa: SLF001 (where Keras hands them over)

    def update(optimizer: Any, gradients: Any, variables: Any, rate: Any) -> None:
        rates.append(float(rate))
        genuine(optimizer, gradients, variables, rate)

    monkeypatch.setattr(sgd, "_backend_update_step", update)
    return rates


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(
    ("schedule", "clock", "form"),
    [
        (COSINE, "step", "portable"),
        (OWN, "step", "native"),
        (OWN, "epoch", "native"),
        (OWN, "micro_batch", "portable"),
        (FOLLOWING, "epoch", "native"),
    ],
    ids=["portable", "native", "native by epoch", "portable by batch", "callback"],
)
def test_the_shown_training_uses_the_rates_and_goes_on_with_them(
    run: dict[str, Any], schedule: dict[str, Any], clock: str, form: Any, tmp_path: Path, recorded: list[float]
) -> None:
    """Also when it is interrupted after its first epoch."""
    experiment = oracle.experiment(schedule, run=run, clock=clock)
    want, epoch = drivers.wanted(experiment), experiment.run.updates
    made = drivers.module(export(experiment, "keras", form=form))
    train(made, experiment, tmp_path / "whole.keras")
    oracle.same(recorded, want, f"{experiment.document()}")
    recorded.clear()
    epochs = made["EPOCHS"]
    made |= {"TOTAL_STEPS": epoch, "EPOCHS": 1}
    train(made, experiment, tmp_path / "part.keras")
    made |= {"TOTAL_STEPS": experiment.run.steps, "EPOCHS": epochs}
    train(made, experiment, tmp_path / "part.keras", resume=True)
    oracle.same(recorded, want, f"{experiment.document()}")


@pytest.mark.parametrize(
    "run",
    [RUNS["partial"], {"samples": 20, "batch_size": 4, "epochs": 4, "accumulate": 8}],
    ids=["partial", "less than a step"],
)
def test_it_goes_on_after_each_epoch_and_ends_with_the_last(
    run: dict[str, Any], tmp_path: Path, recorded: list[float]
) -> None:
    """Also where the last is no whole one, and where an epoch has fewer micro-batches than a step wants."""
    experiment = oracle.experiment(OWN, run=run)
    made = drivers.module(export(experiment, "keras"))
    train(made, experiment, tmp_path / "whole.keras")
    whole = recorded.copy()
    assert len(whole) == (13 if "total_steps" in run else 20 // 8)
    for epochs in range(1, made["EPOCHS"] + 1):
        recorded.clear()
        steps = min(epochs * experiment.run.updates, experiment.run.steps)
        train(made | {"train": part(made, EPOCHS=epochs, TOTAL_STEPS=steps)}, experiment, tmp_path / "part.keras")
        train(made, experiment, tmp_path / "part.keras", resume=True)
        assert recorded == whole, epochs


def part(made: dict[str, Any], **constants: int) -> Any:
    """The training of so much of the run."""
    return types.FunctionType(made["train"].__code__, made | constants, "train", made["train"].__defaults__)


def test_reduce_on_plateau_watches_the_validation(tmp_path: Path, recorded: list[float]) -> None:
    """Of a model that cannot get better: with patience 2 the third epoch is the last with the first rate, and so on."""
    experiment = oracle.experiment(PLATEAU, run=RUNS["whole"] | {"epochs": 7}, clock="epoch")

    def flat(wanted: Any, got: Any) -> Any:
        return KERAS.ops.mean(0.0 * (got - wanted))

    train(drivers.module(export(experiment, "keras", form="native")), experiment, tmp_path / "checkpoint.keras", flat)
    oracle.same(recorded, np.repeat([0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025], 6))


@pytest.mark.parametrize(
    ("schedule", "form", "backend", "about"),
    [
        (OWN, "native", "jax", {"clock": "micro_batch", "run": RUNS["accumulated"]}),
        (
            {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 41, "T_mult": 2},
            "portable",
            "jax",
            {"steps": 1000, "base_lr": [0.1, 0.2]},
        ),
        (PLATEAU, "native", "torch", {"clock": "epoch", "run": RUNS["whole"]}),
    ],
    ids=["native", "portable", "plateau"],
)
def test_it_checks_itself(
    schedule: dict[str, Any], form: Any, backend: str, about: dict[str, Any], tmp_path: Path
) -> None:
    code, file = export(oracle.experiment(schedule, **about), "keras", form=form), tmp_path / "exported.py"
    file.write_text(code)
    command, environment = [sys.executable, file, "--check"], os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.removeprefix("largest deviation: ")) < 1e-6
    assert drivers.module(code.replace("\n}\n", "\n    2: 0.123,\n}\n"))["check"](), "a wrong rate is not found"
