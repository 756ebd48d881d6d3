"""lrlab inside training code: each framework's own optimizer, or trainer, driven with its rates, and those compared
with the engine's.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import budget
import frameworks
import jax
import numpy as np
import optax
import oracle
import pytest
import strategies
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

import lrlab
from lrlab.document.run import ticks
from lrlab.schedules import KINDS

CLOCKS = ("step", "epoch", "micro_batch", "process")
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
RESTARTS = {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 49}
MULTIPLIED = {"kind": "torch.MultiplicativeLR", "lr_lambda": "1 - 1 / (epoch + 1) ** 2"}
UNEVEN = {"samples": 23, "batch_size": 2, "accumulate": 3, "epochs": 5, "devices": 2}
SINGLE = pytest.mark.parametrize("double", [False, True], ids=["single", "double"])


def engine(experiment: lrlab.Experiment, steps: Any = None) -> Any:
    return lrlab.engine.lr(
        experiment.run, experiment.trials[0], np.arange(experiment.run.steps) if steps is None else steps
    )


def two_trials() -> lrlab.Experiment:
    one = oracle.document(COSINE)
    return lrlab.document.parse(one | {"trials": [*one["trials"], one["trials"][0] | {"name": "two", "base_lr": 0.7}]})


# --- PyTorch


def sgd(rates: float | list[float]) -> torch.optim.Optimizer:
    groups = rates if isinstance(rates, list) else [rates]
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in groups])


def drive(optimizer: torch.optim.Optimizer, scheduler: Any, calls: Any) -> Any:
    """The rates of each group at each optimizer step, before which the scheduler has been stepped so often."""
    lr, done = [], 0
    for wanted in calls.tolist():
        for _ in range(wanted - done):
            optimizer._opt_called = True  # noqa: SLF001 (micro-batches are counted before the first optimizer step, which torch warns about)
            scheduler.step()
        done = wanted
        lr.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
    return np.transpose(lr)


@pytest.mark.parametrize("kind", KINDS)
@budget.share("genuine", 300, len(KINDS))
@given(data=st.data())
def test_torch_schedulers_give_the_engine_s_rates(kind: str, data: st.DataObject) -> None:
    """torch_scheduler where it is stepped by the trial's clock, hf_scheduler where it is stepped once per optimizer
    step.
    """
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind)))
    run, trial = experiment.run, experiment.trials[0]
    steps, want = np.arange(run.steps), np.atleast_2d(engine(experiment))
    for make, calls in ((lrlab.torch_scheduler, ticks(run, trial.clock, steps)), (lrlab.hf_scheduler, steps)):
        optimizer = sgd([3.14] * len(trial.base_rates))
        oracle.same(
            drive(optimizer, make(optimizer, experiment), calls), want, f"{make.__name__}: {trial}", relative=1e-12
        )


@pytest.mark.parametrize("make", [lrlab.torch_scheduler, lrlab.hf_scheduler])
def test_torch_schedulers_take_the_named_trial_for_as_many_groups(make: Any) -> None:
    assert make(sgd(0.5), two_trials(), trial="two").get_last_lr() == [0.7]
    with pytest.raises(lrlab.DocumentError, match=r"did you mean two\?"):
        make(sgd(0.5), two_trials(), trial="twoo")
    with pytest.raises(ValueError, match=r"2 parameter groups.*has 1"):
        make(sgd([0.1, 0.2]), two_trials())


class Watch(transformers.TrainerCallback):
    """Keeps the rates of every optimizer step."""

    def __init__(self) -> None:
        self.lr: list[list[float]] = []

    def on_pre_optimizer_step(self, *_: Any, optimizer: Any, **__: Any) -> None:
        self.lr.append([group["lr"] for group in optimizer.param_groups])


class Line(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": self.layer(x).square().mean()}


def train(experiment: lrlab.Experiment, folder: Path, *, until: int = -1, resume: bool = False) -> list[list[float]]:
    """transformers' Trainer on the experiment's run; the rates of each optimizer step."""
    run, watch, model = experiment.run, Watch(), Line()
    optimizer = torch.optim.SGD([{"params": [weight]} for weight in model.parameters()])
    arguments = transformers.TrainingArguments(
        folder, per_device_train_batch_size=run.batch_size, gradient_accumulation_steps=run.accumulate,
        num_train_epochs=run.epochs, use_cpu=True, report_to=[], disable_tqdm=True, save_steps=max(until, 1),
        save_strategy="steps" if until > 0 else "no",
    )  # fmt: skip
    data = [{"x": torch.ones(1)} for _ in range(run.samples)]
    optimizers = (optimizer, lrlab.hf_scheduler(optimizer, experiment))
    trainer = transformers.Trainer(model, arguments, train_dataset=data, optimizers=optimizers, callbacks=[watch])
    trainer.train(resume_from_checkpoint=str(folder / f"checkpoint-{until}") if resume else None)
    return np.transpose(watch.lr).tolist()


@pytest.mark.filterwarnings("ignore")  # transformers' and accelerate's own
@pytest.mark.parametrize("clock", CLOCKS)
def test_the_trainer_steps_it_once_per_optimizer_step(clock: str, tmp_path: Path) -> None:
    """Eleven micro-batches an epoch, three of them to a step: the last step of each epoch has two."""
    experiment = oracle.experiment(COSINE, run=UNEVEN | {"devices": 1, "samples": 21}, clock=clock, base_lr=[0.1, 0.7])
    oracle.same(train(experiment, tmp_path), engine(experiment), clock)


@pytest.mark.filterwarnings("ignore")
def test_the_trainer_resumes_with_it(tmp_path: Path) -> None:
    experiment = oracle.experiment(
        RESTARTS | {"T_0": 5}, run=UNEVEN | {"devices": 1}, clock="micro_batch", base_lr=[0.1, 0.7]
    )
    train(experiment, tmp_path, until=7)
    oracle.same(
        train(experiment, tmp_path, until=7, resume=True), engine(experiment, np.arange(7, experiment.run.steps))
    )


# --- optax


def given_rates(schedule: Any, counts: Any, *, double: bool) -> Any:
    """The rates at counts, in single or double precision."""
    with jax.enable_x64(double):
        found = schedule(jnp.asarray(counts))
        assert found.dtype == (jnp.float64 if double else jnp.float32)
        return np.asarray(found)


@pytest.mark.parametrize("kind", KINDS)
@budget.share("genuine", 200, len(KINDS))
@given(data=st.data())
def test_optax_schedule_gives_the_engine_s_rates(kind: str, data: st.DataObject) -> None:
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind)))
    schedule, counts = lrlab.optax_schedule(experiment), np.arange(experiment.run.steps)
    for double in (False, True):
        found = given_rates(schedule, counts, double=double)
        oracle.same(found, engine(experiment), f"{experiment.document()}", relative=1e-9 if double else 1e-5)


@SINGLE
@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("schedule", [RESTARTS | {"T_0": 3}, MULTIPLIED], ids=["curve", "table"])
def test_optax_counts_with_it_in_a_compiled_loop(clock: str, schedule: dict[str, Any], double: bool) -> None:
    """With a gradient of 1 an optimizer's update is minus its learning rate."""
    experiment = oracle.experiment(schedule, run=UNEVEN, clock=clock)
    with jax.enable_x64(double):
        gradient = jnp.ones(())
        optimizer = optax.sgd(lrlab.optax_schedule(experiment))

        @jax.jit
        def train(state: Any) -> Any:
            return jax.lax.scan(lambda s, _: optimizer.update(gradient, s)[::-1], state, length=experiment.run.steps)[1]

        oracle.same(-train(optimizer.init(gradient)), engine(experiment), clock, relative=1e-9 if double else 1e-5)


def test_optax_shows_it_as_a_hyperparameter() -> None:
    experiment = oracle.experiment(COSINE)
    optimizer = optax.inject_hyperparams(optax.adamw)(learning_rate=lrlab.optax_schedule(experiment))
    weights = jnp.ones(3)
    state = optimizer.init(weights)
    for step in range(3):
        updates, state = jax.jit(optimizer.update)(weights, state, weights)
        weights = optax.apply_updates(weights, updates)
        oracle.same(state.hyperparams["learning_rate"], engine(experiment, step), relative=1e-5)


@SINGLE
def test_a_list_of_base_rates_is_an_axis_of_groups(double: bool) -> None:
    for base_lr, shape in ((0.1, ()), ([0.1], (1,)), ([0.1, 0.2, 0.3], (3,))):
        schedule = lrlab.optax_schedule(oracle.experiment(COSINE, base_lr=base_lr))
        assert given_rates(schedule, 3, double=double).shape == shape
        assert given_rates(jax.jit(schedule), 3, double=double).shape == shape
        assert given_rates(schedule, np.arange(7), double=double).shape == (*shape, 7)
        assert given_rates(jax.vmap(schedule), np.arange(7), double=double).shape == (7, *shape)


@SINGLE
@pytest.mark.parametrize(
    "schedule", [RESTARTS, {"kind": "torch.StepLR", "step_size": 49, "gamma": 0.9}], ids=["cosine", "staircase"]
)
def test_no_restart_is_missed_by_a_step(schedule: dict[str, Any], double: bool) -> None:
    """XLA makes a multiplication of x / 49, by which 49 / 49 is less than 1."""
    experiment = oracle.experiment(schedule, steps=49 * 200)
    counts = np.arange(experiment.run.steps)
    found = given_rates(jax.jit(lrlab.optax_schedule(experiment)), counts, double=double)
    oracle.same(found, engine(experiment), relative=1e-9 if double else 1e-5)


@SINGLE
@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "torch.ExponentialLR", "gamma": 1 - 1e-7},
        {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 3},
        {"kind": "torch.CosineAnnealingLR", "T_max": 5},
        {"kind": "torch.MultiStepLR", "milestones": [2**24 + 1, 2**30]},
    ],
    ids=lambda schedule: schedule["kind"],
)
@pytest.mark.parametrize("devices", [1, 8])
def test_long_runs_are_counted_step_by_step(schedule: dict[str, Any], devices: int, double: bool) -> None:
    """Floats of 32 bits hold whole numbers up to 2**24 only, integers of 32 bits end at 2**31: eight processes tick
    beyond.
    """
    run = {"samples": 2**31, "batch_size": 1, "devices": devices, "epochs": 1}
    experiment = oracle.experiment(schedule, run=run, clock="process")
    middle = experiment.run.steps // 2
    counts = np.r_[0:9, 2**21 - 9 : 2**21 + 9, 2**24 - 9 : 2**24 + 9, middle - 9 : middle + 9].astype(np.int32)
    found = given_rates(jax.jit(lrlab.optax_schedule(experiment)), counts, double=double)
    oracle.same(found, engine(experiment, counts), relative=1e-9 if double else 1e-5)


def test_long_tables_are_looked_up_and_their_last_rate_stays() -> None:
    experiment = oracle.experiment(MULTIPLIED, steps=20_000)
    schedule = lrlab.optax_schedule(experiment)
    oracle.same(given_rates(schedule, np.arange(20_064), double=True), engine(experiment, np.arange(20_064)))
    assert given_rates(schedule, 10**6, double=True) == given_rates(schedule, 20_063, double=True)


def test_optax_schedule_takes_the_named_trial() -> None:
    assert given_rates(lrlab.optax_schedule(two_trials(), trial="two"), 0, double=True) == 0.7


# --- Keras


@pytest.mark.parametrize("kind", KINDS)
@budget.share("genuine", 300, len(KINDS))
@given(data=st.data())
def test_keras_schedule_gives_the_engine_s_rates_over_torch(kind: str, data: st.DataObject) -> None:
    keras = frameworks.keras()
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind, lists=False)))
    schedule = lrlab.keras_schedule(experiment)
    rates = [schedule(keras.Variable(step, dtype="int32", trainable=False)) for step in range(experiment.run.steps)]
    oracle.same([float(rate) for rate in rates], engine(experiment), f"{experiment.document()}")


def test_keras_schedule_refuses_several_groups_and_other_backends(monkeypatch: pytest.MonkeyPatch) -> None:
    keras = frameworks.keras()
    with pytest.raises(
        ValueError, match=r"^Keras has one learning rate for all variables, but the trial 't' has 2 parameter groups$"
    ):
        lrlab.keras_schedule(oracle.experiment(COSINE, base_lr=[0.1, 0.2]))
    assert float(lrlab.keras_schedule(oracle.experiment(COSINE, base_lr=[0.1]))(0)) == 0.1
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(ValueError, match="torch and the jax backend of Keras, not on tensorflow"):
        lrlab.keras_schedule(oracle.experiment(COSINE))


def test_keras_schedule_is_made_again_from_its_config() -> None:
    schedule = lrlab.keras_schedule(two_trials(), trial="two")
    config = json.loads(json.dumps(schedule.get_config()))
    assert [trial["name"] for trial in json.loads(config["document"])["trials"]] == ["two"]
    again = type(schedule).from_config(config)
    assert [float(again(step)) for step in range(20)] == [float(schedule(step)) for step in range(20)]


EVERY = """
import json, sys
import jax, keras
from jax import numpy as jnp
import lrlab

def compute(counts):
    return [lrlab.keras_schedule(experiment)(count) for experiment, count in zip(experiments, counts)]

experiments = [lrlab.loads(json.dumps(document)) for document in json.load(sys.stdin)]
keras.backend.set_floatx(sys.argv[1])
jax.config.update("jax_enable_x64", sys.argv[1] == "float64")
for rates in jax.jit(compute)([jnp.arange(experiment.run.steps) for experiment in experiments]):
    assert rates.dtype == sys.argv[1]
    print(rates.tolist())
"""


def python(program: str, *arguments: Any, given: str = "") -> list[Any]:
    """What a program prints, line by line, in a Python of its own, where Keras runs on JAX."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(oracle.ROOT)}
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("floats", "relative", "every"), [("float32", 1e-5, 1), ("float64", 1e-9, 10)])
def test_keras_schedule_gives_the_engine_s_rates_over_jax(floats: str, relative: float, every: int) -> None:
    """The first recorded document of every kind, compiled; in double precision of every tenth."""
    rows = {
        oracle.kind_of(row): row["document"]
        for row in reversed(oracle.rows())
        if not isinstance(row["document"]["trials"][0]["base_lr"], list)
    }
    documents = list(rows.values())[::every]
    for rates, document in zip(python(EVERY, floats, given=json.dumps(documents)), documents, strict=True):
        oracle.same(rates, engine(lrlab.document.parse(document)), f"{document}", relative=relative)


def six_steps(keras: Any, folder: Path) -> Any:
    """What six steps of a model take from its weight: of a new one, or of one saved before. The gradient of |w| is 1
    while w is positive.
    """
    if (folder / "model.keras").exists():
        by_name = {"LrlabSchedule": lrlab.integrations.keras_class()}
        model = keras.saving.load_model(folder / "model.keras", custom_objects=by_name)
    else:
        layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", dtype="float32")
        model = keras.Sequential([keras.Input((1,)), layer])
        schedule = lrlab.keras_schedule(lrlab.load(folder / "schedule.json"))
        model.compile(keras.optimizers.SGD(schedule), loss="mean_absolute_error")
    weights = [model.get_weights()[0].item()]
    for _ in range(6):
        model.train_on_batch(np.ones((1, 1)), np.zeros((1, 1)))
        weights.append(model.get_weights()[0].item())
    model.save(folder / "model.keras")
    return (-np.diff(weights)).tolist()


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras' own
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras_trains_with_it_and_a_saved_model_keeps_it(backend: str, tmp_path: Path) -> None:
    """Over jax, the second six steps are those of a Python that never saw the experiment."""
    experiment = oracle.experiment(COSINE, steps=12)
    (tmp_path / "schedule.json").write_text(experiment.dumps())
    if backend == "torch":
        used = [six_steps(frameworks.keras(), tmp_path) for _ in range(2)]
    else:
        alone = "import sys, pathlib, typing, keras, lrlab, numpy as np\nAny, Path = typing.Any, pathlib.Path\n"
        program = f"{alone}{inspect.getsource(six_steps)}\nprint(six_steps(keras, Path(sys.argv[1])))"
        used = [line for _ in range(2) for line in python(program, tmp_path)]
    oracle.same(np.concatenate(used), engine(experiment), backend, relative=1e-5)
