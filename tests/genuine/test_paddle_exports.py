"""The module for PaddlePaddle, run in it: its scheduler, and its training loop on a tiny model, interrupted and
resumed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import budget
import drivers
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lrlab
from lrlab.exporters import export
from lrlab.schedules import KINDS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of compilers that are not there
    import paddle

CLOCKS = ("step", "epoch", "micro_batch", "process")
OWN = [kind for kind in KINDS if kind.startswith("paddle.")]
COSINE = {"kind": "paddle.CosineAnnealingDecay", "learning_rate": 0.1, "T_max": None}
RESTARTS = {"kind": "paddle.CosineAnnealingWarmRestarts", "learning_rate": 0.1, "T_0": 3, "T_mult": 2}
PLATEAU = {
    "kind": "paddle.ReduceOnPlateau",
    "learning_rate": 0.1,
    "patience": 1,
    "metrics": [3.0, 2.0, 2.0, 2.0, 2.5, 1.0, 1.0, 1.0, 1.0, 4.0],
}
WARMED = {"kind": "paddle.LinearWarmup", "warmup_steps": 4, "start_lr": 0.0, "end_lr": 0.1}
NOT_PADDLE = {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 3, "num_training_steps": None}
PORTION = {"samples": 23, "batch_size": 2, "accumulate": 3, "epochs": 4, "devices": 2}
RUNS: list[dict[str, Any]] = [
    {"total_steps": 12, "steps_per_epoch": 4},
    {"total_steps": 14, "steps_per_epoch": 4},
    {"samples": 16, "batch_size": 2, "epochs": 4},
    PORTION,
    PORTION | {"leftover": "drop"},
    PORTION | {"drop_last": True, "devices": 1},
]


def check(experiment: lrlab.Experiment) -> None:
    """Each form gives the engine's rates: of every group, or where the code says that it has one rate, of the first."""
    want = drivers.wanted(experiment)
    for form in ("native", "portable"):
        try:
            code = export(experiment, "paddle", form=form)
        except lrlab.DocumentError as error:
            assert form == "native", str(error)  # noqa: PT017 (what is allowed)
            continue
        got = drivers.DRIVERS["paddle"](experiment, code)
        assert drivers.off(got, experiment) <= 1e-9, f"{form}: {experiment.document()}"
        if want.ndim == 2 and got.ndim == 1 and "# - parameter groups" not in code:
            oracle.same(np.broadcast_to(got, want.shape), want, f"{experiment.document()}")


@pytest.mark.parametrize("kind", KINDS)
@budget.share("genuine", 400, len(KINDS))
@given(data=st.data())
def test_both_forms_give_the_rates_of_drawn_documents(kind: str, data: st.DataObject) -> None:
    check(lrlab.document.parse(data.draw(strategies.documents(kind))))


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_both_forms_give_the_rates_of_every_recorded_document(row: dict[str, Any]) -> None:
    check(lrlab.loads(json.dumps(row["document"])))


@pytest.mark.parametrize("kind", OWN)
@budget.share("genuine", 340, len(OWN))
@given(data=st.data())
def test_what_is_paddle_s_own_is_native_unless_it_raises_within_the_run(kind: str, data: st.DataObject) -> None:
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind)))
    run, trial = experiment.run, experiment.trials[0]
    raises = lrlab.document.run.calls(run, trial.clock) >= trial.bound(run)[0].raises_at()
    assert ("Form: native" in export(experiment, "paddle")) != raises
    check(experiment)


@pytest.mark.parametrize(("steps", "native"), [(360, True), (400, False)])
def test_a_restart_that_a_warmup_makes_come_late_is_not_left_to_paddle(steps: int, native: bool) -> None:
    """It counts the cycles behind it by a logarithm to the base 3, which is 4.999... where the fifth has ended, at 4 +
    363 of them.
    """
    inner = {"kind": "paddle.CosineAnnealingWarmRestarts", "learning_rate": 0.1, "T_0": 3, "T_mult": 3}
    experiment = oracle.experiment(WARMED | {"learning_rate": inner}, steps=steps)
    code = export(experiment, "paddle")
    assert ("Form: native" in code) == native
    assert ("restart 5 comes a tick late" in code) != native
    assert drivers.off(drivers.rates(experiment, "paddle"), experiment) < 1e-9


def test_a_null_horizon_is_as_long_as_the_run_leaves_it() -> None:
    code = export(oracle.experiment(WARMED | {"learning_rate": COSINE}, steps=70), "paddle")
    assert "paddle.optimizer.lr.LinearWarmup(" in code
    assert drivers.module(code)["make_scheduler"]().learning_rate.T_max == 66


# --- training in earnest


class Interrupted(Exception):  # noqa: N818 (no error: a plug that is pulled)
    """The training was stopped."""


class Loader:
    """The micro-batches of an epoch; it pulls the plug when its epochs are used up."""

    def __init__(self, run: Any, epochs: int | None = None) -> None:
        self.batches, self.epochs = run.micro_batches, epochs

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Any]:
        if self.epochs is not None:
            if self.epochs == 0:
                raise Interrupted
            self.epochs -= 1
        return ((paddle.ones([2, 1]), paddle.zeros([2, 1])) for _ in range(self.batches))


class Model(paddle.nn.Layer):  # type: ignore[misc] (paddle has no annotations that are of use)
    """A part for each parameter group."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        constant = paddle.ParamAttr(initializer=paddle.nn.initializer.Constant(0.5))
        self.parts = paddle.nn.LayerList(
            [paddle.nn.Linear(1, 1, weight_attr=constant, bias_attr=False) for _ in range(groups)]
        )

    def forward(self, inputs: Any) -> Any:
        return paddle.add_n([part(inputs) for part in self.parts])

    @property
    def groups(self) -> list[list[Any]]:
        return [list(part.parameters()) for part in self.parts]

    def weights(self) -> list[float]:
        return [float(p.item()) for p in self.parameters()]


def train(
    experiment: lrlab.Experiment, code: str, path: Path, epochs: int | None = None, *, resume: bool = False
) -> tuple[list[float], list[float]]:
    """The rate of the optimizer at each of its steps, and the weights in the end; with everything made anew, as in a
    new process.
    """
    made, trial = drivers.module(code), experiment.trials[0]
    rates: list[float] = []
    genuine = paddle.optimizer.Momentum.step

    def step(optimizer: Any) -> None:
        rates.append(optimizer.get_lr())
        genuine(optimizer)

    metrics = drivers.schedule_of(experiment).get("metrics", [])
    calls = (
        drivers.ticks(experiment.run, trial.clock, np.array([2 * experiment.run.updates - 1]))[0] + 1 if resume else 0
    )
    shown = iter(metrics[calls:])
    with paddle.utils.unique_name.guard(), pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="There are some unused values in state_dict"
        )  # a nested scheduler's, of which paddle then makes use
        patch.setattr(paddle.optimizer.Momentum, "step", step)
        model = Model(len(trial.base_rates))
        more = {"parameters": model.groups} if "GROUP_SCALES" in made else {}
        more |= {"evaluate": lambda _: next(shown)} if "evaluate(model)" in code else {}
        loss = paddle.nn.functional.mse_loss
        try:
            made["train"](model, Loader(experiment.run, epochs), loss, **more, path=str(path), resume=resume)
        except Interrupted:
            assert epochs is not None
    return rates, model.weights()


def first_group(experiment: lrlab.Experiment) -> Any:
    return np.atleast_2d(drivers.wanted(experiment))[0]


def in_two_sittings(experiment: lrlab.Experiment, path: Path, **options: Any) -> None:
    """A training at one go, and one that was interrupted after two epochs and goes on."""
    code = export(experiment, "paddle", **options)
    want, run = first_group(experiment), experiment.run
    rates, weights = train(experiment, code, path / "whole")
    oracle.same(rates, want, f"{experiment.document()}")
    before, _ = train(experiment, code, path / "broken", 2)
    after, resumed = train(experiment, code, path / "broken", resume=True)
    assert len(before) == 2 * run.updates
    oracle.same([*before, *after], want, f"resumed: {experiment.document()}")
    oracle.same(resumed, weights, "its weights", 1e-6)


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_the_loop_steps_by_the_clock(run: dict[str, Any], clock: str, tmp_path: Path) -> None:
    for schedule in (COSINE, NOT_PADDLE):
        in_two_sittings(oracle.experiment(schedule, run=run, clock=clock), tmp_path)


LEVELLED = [
    *(KINDS[kind].example(12, 3, 4) for kind in OWN if kind not in ("paddle.ReduceOnPlateau", "paddle.LinearWarmup")),
    RESTARTS,
]


@pytest.mark.parametrize("schedule", LEVELLED, ids=str)
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(schedule: dict[str, Any], tmp_path: Path) -> None:
    run = {"total_steps": 12, "steps_per_epoch": 4}
    for nested in (schedule, WARMED | {"learning_rate": schedule}):
        in_two_sittings(oracle.experiment(nested, run=run), tmp_path)
        in_two_sittings(oracle.experiment(nested, run=run), tmp_path, form="portable")


@pytest.mark.parametrize("run", [RUNS[0], PORTION], ids=str)
@pytest.mark.parametrize("clock", ["step", "epoch", "micro_batch"])
def test_a_plateau_is_shown_the_training_s_own_metric(clock: str, run: dict[str, Any], tmp_path: Path) -> None:
    experiment = oracle.experiment(PLATEAU | {"metrics": PLATEAU["metrics"] * 4}, run=run, clock=clock)
    assert "the training gives its own" in export(experiment, "paddle")
    in_two_sittings(experiment, tmp_path)


def test_paddle_alone_forgets_where_in_its_cycle_it_was() -> None:
    """Why the checkpoint holds two numbers more than state_dict."""
    first, second = (
        drivers.module(export(oracle.experiment(RESTARTS, steps=12), "paddle"))["make_scheduler"]() for _ in range(2)
    )
    for _ in range(5):
        first.step()
    second.set_state_dict(first.state_dict())
    assert (first.T_cur, first.T_i) == (2, 6)
    assert (second.T_cur, second.T_i) == (0, 3)


# --- parameter groups


@pytest.mark.parametrize("schedule", [COSINE | {"kind": "torch.CosineAnnealingLR"}, NOT_PADDLE], ids=str)
def test_groups_whose_rates_are_proportional_are_scaled(schedule: dict[str, Any], tmp_path: Path) -> None:
    """Each weight moves by its group's rate times what has gathered of its gradient, which is the same for all."""
    schedule = {name: value for name, value in schedule.items() if name != "learning_rate"}
    experiment = oracle.experiment(schedule, run=RUNS[0], base_lr=[0.001, 0.003, 0.0005])
    code = export(experiment, "paddle")
    assert "GROUP_SCALES = [1.0, 3.0, 0.5]" in code
    assert "Not carried over" not in code
    in_two_sittings(experiment, tmp_path)
    _, weights = train(experiment, code, tmp_path / "moved")
    moved = 0.5 - np.array(weights)
    oracle.same(moved / moved[0], [1.0, 3.0, 0.5], "the way of each group", 1e-5)


@pytest.mark.parametrize(
    ("schedule", "base_lr", "said"),
    [
        (COSINE, [0.1, 0.2], False),  # its own rate, which all groups share
        ({"kind": "torch.CosineAnnealingLR", "T_max": None, "eta_min": 0.01}, [0.1, 0.2], True),
        ({"kind": "torch.ExponentialLR", "gamma": 0.9}, [0.0, 0.2], True),
        ({"kind": "torch.LambdaLR", "lr_lambda": ["0.9 ** epoch", "0.8 ** epoch"]}, [0.1, 0.1], True),
        ({"kind": "torch.ExponentialLR", "gamma": 0.9}, [0.1], False),
    ],
    ids=str,
)
def test_groups_that_paddle_cannot_have_are_said_to_be_lost(
    schedule: dict[str, Any], base_lr: list[float], said: bool
) -> None:
    experiment = oracle.experiment(schedule, base_lr=base_lr)
    code = export(experiment, "paddle")
    assert ("# - parameter groups: PaddlePaddle has one rate" in code) == said
    assert "GROUP_SCALES" not in code
    check(experiment)


# --- the self-check

LONG = {"samples": 50_000, "batch_size": 1, "epochs": 1}


@pytest.mark.parametrize(
    ("schedule", "about"),
    [
        (COSINE, {}),
        (WARMED | {"learning_rate": RESTARTS}, {"clock": "micro_batch", "run": PORTION}),
        (PLATEAU, {}),
        (NOT_PADDLE, {"base_lr": [0.1, 0.2]}),
        ({"kind": "paddle.MultiplicativeDecay", "learning_rate": 0.1, "lr_lambda": "0.9999"}, {"run": LONG}),
    ],
    ids=str,
)
def test_the_self_check(schedule: dict[str, Any], about: dict[str, Any], tmp_path: Path) -> None:
    code = export(oracle.experiment(schedule, **about), "paddle")
    assert checked(tmp_path, code) == 0
    expected = "EXPECTED = {"
    head, table = code.split(expected)
    wrong = table.replace(": ", ": 0.5 + ", 1)
    assert checked(tmp_path, head + expected + wrong) == 1


def checked(folder: Path, code: str) -> int:
    """What `python exported.py --check` exits with, having printed the deviation."""
    file = folder / "exported.py"
    file.write_text(code)
    done = subprocess.run([sys.executable, file, "--check"], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.startswith("largest deviation: "), done.stderr
    return done.returncode
