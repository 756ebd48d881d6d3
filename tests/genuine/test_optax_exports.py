"""The optax module beyond its rates in double precision: compiled in single precision, trained with, interrupted, and
checked by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import budget
import drivers
import jax
import jax.numpy as jnp
import numpy as np
import optax
import oracle
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lrlab
from lrlab.exporters import EXPORTERS, compiled, export, job
from lrlab.schedules import KINDS

EXPORTER: Any = EXPORTERS["optax"]
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
OPTAX = [kind for kind in KINDS if kind.startswith("optax.")]
OWN = {
    "kind": "optax.warmup_cosine_decay_schedule",
    "init_value": 0.0,
    "peak_value": 0.2,
    "warmup_steps": 3,
    "decay_steps": None,
}
PLATEAU = {
    "kind": "optax.contrib.reduce_on_plateau",
    "patience": 2,
    "factor": 0.5,
    "metrics": [1.0, 1.0, 1.0, 0.5, 0.5, "nan", 0.5, 0.5, 0.1],
}
STAIRS = {"kind": "optax.exponential_decay", "init_value": 0.1, "decay_rate": 0.5, "staircase": True}
ROWS = [row for i, row in enumerate(oracle.rows()) if oracle.kind_of(row).startswith("optax.") or i % 8 == 0]


@contextmanager
def precision(*, double: bool) -> Iterator[None]:
    """Whatever other tests of this process have set."""
    with jax.enable_x64(double):
        yield


def compiled_rates(experiment: lrlab.Experiment, code: str) -> Any:
    """The schedule at every step as a train step gets it: compiled, in single precision, by a count of 32 bits."""
    with precision(double=False):
        schedule = drivers.module(code)["schedule"]
        rate = jax.vmap(lambda count: jnp.asarray(schedule(count), dtype=float), out_axes=-1)
        return np.asarray(jax.jit(rate)(jnp.arange(experiment.run.steps, dtype="int32")))


def check(experiment: lrlab.Experiment, form: Any = None) -> None:
    """Within what its own check lets pass; more than rounding only where the code says so."""
    code = export(experiment, "optax", form=form)
    if "\nplateau = " in code:
        return
    tolerance = float(EXPORTER.tolerance(job(experiment, "optax", experiment.trials[0], form)))
    assert tolerance == compiled.CLOSE or "In single precision" in code or tolerance < 4.1 * compiled.CLOSE
    assert drivers.off(compiled_rates(experiment, code), experiment) <= tolerance, f"{experiment.document()}, {form}"


@pytest.mark.parametrize("row", ROWS, ids=oracle.row_id)
def test_recorded_documents_compiled_in_single_precision(row: dict[str, Any]) -> None:
    check(lrlab.loads(json.dumps(row["document"])))


@pytest.mark.parametrize("kind", OPTAX)
@budget.share("genuine", 60, len(OPTAX))
@given(data=st.data())
def test_drawn_documents_compiled_in_single_precision(kind: str, data: st.DataObject) -> None:
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind)))
    for form in ("native", "portable"):
        if form == "portable" or not EXPORTER.not_native(experiment.run, experiment.trials[0]):
            check(experiment, form)


@settings(max_examples=10)
@given(
    run=strategies.data_runs(),
    clock=st.sampled_from(["step", "epoch", "micro_batch", "process"]),
    base_lr=st.sampled_from([0.1, [0.1], [0.1, 0.5]]),
    schedule=st.sampled_from([COSINE, OWN]),
)
def test_the_count_is_a_number_or_an_array_compiled_or_not(
    run: dict[str, Any], clock: str, base_lr: Any, schedule: dict[str, Any]
) -> None:
    experiment = oracle.experiment(schedule, run=run, clock=clock, base_lr=base_lr)
    steps = np.arange(experiment.run.steps)
    with precision(double=True):
        rate = drivers.module(export(experiment, "optax"))["schedule"]
        oracle.same(rate(steps), drivers.wanted(experiment))
        oracle.same(jax.jit(rate)(steps), drivers.wanted(experiment))
        oracle.same(np.stack([rate(step) for step in steps.tolist()], axis=-1), drivers.wanted(experiment))


# --- what native code is compiled to


@pytest.mark.parametrize("size", [41, 47, 49, 55, 20.5, 40, 50, 64, 100, 2.5])
def test_a_staircase_is_native_only_where_the_compiled_one_jumps_in_time(size: float) -> None:
    """XLA multiplies by 1 / size: where that is off, the compiled schedule comes a step late, and is not taken."""
    experiment = oracle.experiment(STAIRS | {"transition_steps": size}, steps=int(6 * size))
    reason = EXPORTER.not_native(experiment.run, experiment.trials[0])
    genuine = optax.exponential_decay(0.1, size, 0.5, staircase=True)
    off = []
    for double in (False, True):
        with precision(double=double):
            got = jax.jit(jax.vmap(genuine))(jnp.arange(int(6 * size)))
            off.append(drivers.off(got, experiment) > compiled.CLOSE)
    assert any(off) == bool(reason), reason
    check(experiment)
    assert ("optax.exponential_decay(" in export(experiment, "optax")) == (not reason)


def test_a_root_of_what_rounds_to_less_than_nothing_is_not_native() -> None:
    schedule = {
        "kind": "optax.polynomial_schedule",
        "init_value": 0.1,
        "end_value": 0.01,
        "power": 0.5,
        "transition_steps": 80,
    }
    experiment = oracle.experiment(schedule, steps=100)
    assert "less than 0" in EXPORTER.not_native(experiment.run, experiment.trials[0])
    inside = oracle.experiment(schedule, steps=80)
    assert not EXPORTER.not_native(inside.run, inside.trials[0])
    check(experiment)
    check(inside)


def test_what_no_integer_of_32_bits_holds_is_a_float() -> None:
    schedule = {"kind": "optax.linear_schedule", "init_value": 0.1, "end_value": 0.0, "transition_steps": None}
    experiment = oracle.experiment(schedule, run={"total_steps": 10**12})
    assert "32 bits" in EXPORTER.not_native(experiment.run, experiment.trials[0])
    with precision(double=False):
        made = drivers.module(export(experiment, "optax"))
        assert float(made["schedule"](jnp.asarray(10**9))) == pytest.approx(0.1 * (1 - 1e-3))
        assert not made["check"]()


def test_a_form_that_single_precision_spoils_is_not_taken_by_itself() -> None:
    """0.9999 is rounded, and 100,000 times so; the logarithm of it is not."""
    schedule = {"kind": "optax.exponential_decay", "init_value": 0.1, "transition_steps": 1, "decay_rate": 0.9999}
    experiment = oracle.experiment(schedule, steps=100_000)
    assert not EXPORTER.not_native(experiment.run, experiment.trials[0])
    own = drivers.off(compiled_rates(experiment, export(experiment, "optax", form="native")), experiment)
    assert own > compiled.CLOSE
    assert "In single precision some steps are off by up to" in export(experiment, "optax", form="native")
    code = export(experiment, "optax")
    assert "in single precision its own is off" in code
    assert drivers.off(compiled_rates(experiment, code), experiment) < compiled.CLOSE
    assert EXPORTER.off(job(experiment, "optax", experiment.trials[0], "native")) == pytest.approx(own, rel=0.1)


@pytest.mark.parametrize("rate", [1e39, 1e300, 1e-39, 1e-323])
def test_what_single_precision_does_not_hold_is_refused(rate: float) -> None:
    with pytest.raises(lrlab.DocumentError, match="single precision"):
        export(oracle.experiment(COSINE, base_lr=rate), "optax")


# --- training


def gradients(experiment: lrlab.Experiment) -> list[float]:
    """What the gradient of each step comes to where that of a micro-batch is 1: less after an epoch's last ones."""
    run = experiment.run
    each = [run.accumulate] * (run.micro_batches // run.accumulate)
    if run.updates > len(each):
        each.append(run.micro_batches % run.accumulate)
    epochs = -(-run.steps // run.updates)
    return [count / run.accumulate for count in each * epochs][: run.steps]


def train(
    experiment: lrlab.Experiment, made: dict[str, Any], path: Path, *, values: list[float], resume: bool = False
) -> list[float]:
    """The parameter before each micro-batch, and in the end; each step's metric is the next of the values."""
    run, seen, shown = experiment.run, [], iter(values)
    many = isinstance(made["BASE_LR"], list)

    def loss(params: Any, inputs: Any, targets: Any) -> Any:
        jax.debug.callback(lambda value: seen.append(float(value)), params["last"], ordered=True)
        return (params["first"] + params["last"]) * inputs + targets

    params = {"first": jnp.zeros(()), "last": jnp.zeros(())}
    labels = [{"first": 0, "last": len(made["BASE_LR"]) - 1}] if many else []
    watch = [lambda _: next(shown, 1e9)] if "plateau" in made else []
    params, _ = made["train"](
        params, *labels, [(1.0, 0.0)] * run.micro_batches, loss, *watch, path=str(path), resume=resume
    )
    jax.effects_barrier()
    return [*seen, float(params["last"])]


def trained_rates(experiment: lrlab.Experiment, seen: list[float], first: int = 0) -> Any:
    """The rates behind the moves of a parameter by SGD with momentum 0.9, from a step on."""
    run = experiment.run
    begins = [
        epoch * run.micro_batches + i
        for epoch in range(-(-run.steps // run.updates))
        for i in range(0, run.micro_batches, run.accumulate)
    ]
    if run.micro_batches // run.accumulate == run.updates:  # leftover micro-batches make no step
        begins = [begin for begin in begins if begin % run.micro_batches < run.updates * run.accumulate]
    before = first // run.updates * run.micro_batches
    at = [begin - before for begin in begins[first : run.steps]]
    moves, momentum, rates = np.diff([seen[i] for i in at] + [seen[-1]]), 0.0, []
    for step, gradient in enumerate(gradients(experiment)):
        momentum = 0.9 * momentum + gradient
        if step >= first:
            rates.append(-moves[step - first] / momentum)
    return np.array(rates)


RUNS = {
    "whole": {"samples": 20, "batch_size": 4, "epochs": 4},
    "accumulated": {"samples": 28, "batch_size": 4, "epochs": 3, "accumulate": 3},
    "dropped": {"samples": 28, "batch_size": 4, "epochs": 3, "accumulate": 3, "leftover": "drop"},
    "partial": {"total_steps": 13, "steps_per_epoch": 5},
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(
    ("schedule", "clock", "base_lr"),
    [(COSINE, "step", 0.1), (COSINE, "epoch", [0.5, 0.1]), (OWN, "micro_batch", 0.1), (OWN, "process", [0.5, 0.1])],
    ids=["portable", "groups", "native", "native groups"],
)
def test_the_shown_training_uses_the_rates_and_goes_on_with_them(
    run: dict[str, Any], schedule: dict[str, Any], clock: str, base_lr: Any, tmp_path: Path
) -> None:
    """Also when it is interrupted after its first epoch. optax's own schedules divide a count of 32 bits, in single
    precision always.
    """
    relative = 1e-6 if schedule is OWN else 1e-9
    experiment = oracle.experiment(schedule, run=run, clock=clock, base_lr=base_lr)
    want = np.atleast_2d(drivers.wanted(experiment))[-1]
    with precision(double=True):
        made = drivers.module(export(experiment, "optax"))
        seen = train(experiment, made, tmp_path / "whole.npz", values=[])
        oracle.same(trained_rates(experiment, seen), want, f"{experiment.document()}", relative)
        made["EPOCHS"], epochs = 1, made["EPOCHS"]
        train(experiment, made, tmp_path / "part.npz", values=[])
        made["EPOCHS"] = epochs
        seen = train(experiment, made, tmp_path / "part.npz", values=[], resume=True)
        oracle.same(
            trained_rates(experiment, seen, experiment.run.updates), want[experiment.run.updates :], relative=relative
        )


@pytest.mark.parametrize("clock", ["step", "epoch", "micro_batch", "process"])
@pytest.mark.parametrize("base_lr", [0.1, [0.5, 0.1]], ids=["one", "groups"])
def test_reduce_on_plateau_is_portable_unless_it_is_asked_for_and_then_watches(
    clock: str, base_lr: Any, tmp_path: Path
) -> None:
    experiment = oracle.experiment(PLATEAU, run=RUNS["accumulated"] | {"devices": 1}, clock=clock, base_lr=base_lr)
    assert "it is a transformation of gradients" in export(experiment, "optax")
    want = np.atleast_2d(drivers.wanted(experiment))[-1]
    with precision(double=True):
        made = drivers.module(export(experiment, "optax", form="native"))
        assert np.asarray(made["schedule"](3)).tolist() == base_lr
        shown = [float(value) for value in PLATEAU["metrics"]]
        seen = train(experiment, made, tmp_path / "checkpoint.npz", values=shown)
        calls = int(lrlab.document.run.ticks(experiment.run, clock, experiment.run.steps - 1))
        known = min(len(shown), calls)  # past its metrics the preview holds its rate
        same = [
            i for i in range(experiment.run.steps) if int(lrlab.document.run.ticks(experiment.run, clock, i)) <= known
        ]
        oracle.same(trained_rates(experiment, seen)[same], want[same])


def test_a_plateau_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    experiment = oracle.experiment(PLATEAU, run=RUNS["whole"], clock="step")
    with precision(double=True):
        made = drivers.module(export(experiment, "optax", form="native"))
        values = [1.0] * 40
        whole = trained_rates(experiment, train(experiment, made, tmp_path / "whole.npz", values=values))
        made["EPOCHS"] = 1
        train(experiment, made, tmp_path / "part.npz", values=values)
        made["EPOCHS"] = 4
        rest = trained_rates(
            experiment,
            train(experiment, made, tmp_path / "part.npz", values=values, resume=True),
            experiment.run.updates,
        )
    oracle.same(rest, whole[experiment.run.updates :])
    assert rest[-1] < rest[0]


def test_half_precision_comes_back_from_a_checkpoint(tmp_path: Path) -> None:
    """numpy does not know bfloat16."""
    made = drivers.module(export(oracle.experiment(COSINE), "optax"))
    params = {"w": jnp.ones(3, jnp.bfloat16), "v": jnp.zeros((2, 2))}
    state = made["make_optimizer"]().init(params)
    made["save"](tmp_path / "c.npz", 3, params, state)
    again = made["load"](tmp_path / "c.npz", params, state)
    assert again[2] == 3
    for one, other in zip(jax.tree.leaves((params, state)), jax.tree.leaves(again[:2]), strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("schedule", "form", "about"),
    [
        (OWN, "native", {"clock": "micro_batch", "base_lr": [0.1, 0.2], "run": RUNS["accumulated"]}),
        (
            {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 41, "T_mult": 2},
            "portable",
            {"steps": 1000, "base_lr": [0.1, 0.2]},
        ),
        (PLATEAU, "native", {"clock": "epoch", "run": RUNS["whole"]}),
    ],
    ids=["native", "portable", "plateau"],
)
def test_it_checks_itself(schedule: dict[str, Any], form: Any, about: dict[str, Any], tmp_path: Path) -> None:
    code, file = export(oracle.experiment(schedule, **about), "optax", form=form), tmp_path / "exported.py"
    file.write_text(code)
    done = subprocess.run([sys.executable, "-W", "error", file, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.removeprefix("largest deviation: ")) < 1e-6
    wrong = "[0.1, 0.123]" if "base_lr" in about else "0.123"
    assert drivers.module(code.replace("\n}\n", f"\n    2: {wrong},\n}}\n"))["check"](), "a wrong rate is not found"
