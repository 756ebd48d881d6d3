"""The block of DeepSpeed's configuration: its scheduler alone, and the genuine engine trained with the whole of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import budget
import drivers
import frameworks
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lrlab
from lrlab.exporters import export
from lrlab.readers.exported import read
from lrlab.schedules import KINDS

OWN = [kind for kind in KINDS if kind.startswith("deepspeed.")]
CLOCKS = ("step", "epoch", "micro_batch", "process")
HELD = {"kind": "transformers.get_constant_schedule"}
LINEAR = {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 6, "num_training_steps": None}
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
ONE_CYCLE = {
    "kind": "deepspeed.OneCycle",
    "cycle_min_lr": 0.01,
    "cycle_max_lr": 0.1,
    "cycle_first_step_size": 8,
    "decay_mom_rate": 0.001,
}
WARMED = {"kind": "deepspeed.WarmupCosineLR", "total_num_steps": None, "warmup_num_steps": 4}
NONE = "none of them gives this curve; export to pytorch instead"


def check(experiment: lrlab.Experiment) -> str:
    """The block gives the engine's rates, its momenta where they cycle, and its document; "" if there is no block."""
    try:
        code = export(experiment, "deepspeed")
    except lrlab.DocumentError as error:
        assert NONE in str(error)  # noqa: PT017 (what is allowed)
        return ""
    lr, betas = drivers.deepspeed_followed(experiment, code)
    assert drivers.off(lr, experiment) <= 1e-9, code
    cycled = lrlab.engine.momentum(experiment.run, experiment.trials[0], np.arange(experiment.run.steps))
    if cycled is not None and "the momentum that" not in code:
        oracle.same(betas, np.broadcast_to(cycled, betas.shape), code)
    assert read(code).document()["trials"][0] == experiment.document()["trials"][0]
    return str(code)


def made(experiment: lrlab.Experiment) -> Any:
    """The genuine scheduler alone."""
    name, params = native(export(experiment, "deepspeed"))
    return getattr(frameworks.deepspeed_schedulers(), name)(frameworks.adam(0.1), **params)


def native(code: str) -> tuple[str, dict[str, Any]]:
    scheduler = json.loads(code)["scheduler"]
    return scheduler["type"], scheduler["params"]


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_every_recorded_document_is_exact_or_refused(row: dict[str, Any]) -> None:
    code = check(lrlab.loads(json.dumps(row["document"])))
    assert code or not oracle.kind_of(row).startswith("deepspeed.")


@pytest.mark.parametrize("kind", KINDS)
@budget.share("genuine", 500, len(KINDS))
@given(data=st.data())
def test_drawn_documents_are_exact_or_refused(kind: str, data: st.DataObject) -> None:
    check(lrlab.document.parse(data.draw(strategies.documents(kind))))


@pytest.mark.parametrize("kind", OWN)
@budget.share("genuine", 150, len(OWN))
@given(data=st.data())
def test_what_is_deepspeed_s_own_stays_what_it_is(kind: str, data: st.DataObject) -> None:
    experiment = lrlab.document.parse(data.draw(strategies.documents(kind, "step")))
    name, params = native(check(experiment))
    document = drivers.schedule_of(experiment)
    assert f"deepspeed.{name}" == kind
    assert {key: value for key, value in params.items() if document.get(key) is not None} == {
        k: v for k, v in document.items() if v is not None and k != "kind"
    }
    assert params.get("total_num_steps", 0) is not None
    assert params.get("warmup_max_lr", 0) is not None


@pytest.mark.parametrize(
    ("schedule", "base_lr", "want"),
    [
        (HELD, 0.1, ("WarmupLR", {"warmup_min_lr": 0.1, "warmup_max_lr": 0.1, "warmup_num_steps": 1})),
        (
            HELD, [0.1, 0.5],
            ("WarmupLR", {"warmup_min_lr": [0.1, 0.5], "warmup_max_lr": [0.1, 0.5], "warmup_num_steps": 1}),
        ),
        (
            LINEAR, 0.1,
            (
                "OneCycle",
                {"cycle_min_lr": 0.0, "cycle_max_lr": 0.1, "cycle_first_step_size": 6, "cycle_second_step_size": 24},
            ),
        ),
        (
            LINEAR, [0.1, 0.5],
            ("OneCycle", {"cycle_min_lr": 0.0, "cycle_max_lr": [0.1, 0.5], "cycle_second_step_size": 24}),
        ),
        (
            LINEAR | {"num_training_steps": 100}, 0.1,
            ("OneCycle", {"cycle_first_step_size": 6, "cycle_second_step_size": 94}),
        ),
        (
            LINEAR | {"num_warmup_steps": 0}, 0.1,
            ("OneCycle", {"cycle_min_lr": 0.1, "cycle_max_lr": 0.0, "cycle_first_step_size": 30}),
        ),
        (
            {"kind": "torch.PolynomialLR", "total_iters": 30}, 0.1,
            ("OneCycle", {"cycle_min_lr": 0.1, "cycle_first_step_size": 30}),
        ),
        (
            {"kind": "torch.CyclicLR", "base_lr": 0.02, "max_lr": 0.1, "step_size_up": 20}, 0.1,
            ("OneCycle", {"cycle_min_lr": 0.02}),
        ),
        (HELD, 0.0, ("WarmupLR", {"warmup_max_lr": 0.0})),
    ],
    ids=str,
)  # fmt: skip
def test_curves_of_others_that_deepspeed_has_too(
    schedule: dict[str, Any], base_lr: Any, want: tuple[str, dict[str, Any]]
) -> None:
    name, params = native(check(oracle.experiment(schedule, base_lr=base_lr, steps=30)))
    assert name == want[0]
    for key, value in want[1].items():
        assert params[key] == (pytest.approx(value, abs=1e-12) if isinstance(value, float) else value), params


@pytest.mark.parametrize(
    "schedule",
    [
        COSINE,
        {
            "kind": "transformers.get_constant_schedule_with_warmup",
            "num_warmup_steps": 5,
        },  # DeepSpeed's first rate comes twice
        {"kind": "torch.ReduceLROnPlateau"},  # level without metrics, but not meant to be
        {"kind": "transformers.get_reduce_on_plateau_schedule", "metrics": [1.0, 1.0]},
    ],
    ids=str,
)
def test_what_deepspeed_has_not_is_refused_in_a_sentence(schedule: dict[str, Any]) -> None:
    experiment = oracle.experiment(schedule)
    for form in (None, "native"):
        with pytest.raises(lrlab.DocumentError, match=NONE):
            export(experiment, "deepspeed", form=form)
    with pytest.raises(lrlab.DocumentError, match="DeepSpeed has no form 'portable'"):
        export(experiment, "deepspeed", form="portable")


@pytest.mark.parametrize("clock", CLOCKS)
@settings(max_examples=25)
@given(run=strategies.data_runs(), schedule=st.sampled_from([HELD, LINEAR, ONE_CYCLE, WARMED]), lists=st.booleans())
def test_another_clock_is_carried_over_where_it_is_the_same(clock: str, run: Any, schedule: Any, lists: bool) -> None:
    experiment = oracle.experiment(schedule, run=run, clock=clock, base_lr=[0.1, 0.5] if lists else 0.1)
    code = check(experiment)
    counted = np.asarray(
        lrlab.document.run.ticks(experiment.run, experiment.trials[0].clock, np.arange(experiment.run.steps))
    )
    assert code or not np.array_equal(counted, np.arange(experiment.run.steps))
    assert ("the clock: " in code) == (bool(code) and clock != "step")


def test_momentum_that_another_clock_would_move_is_not_taken_along() -> None:
    """Its rate is level, so that the clock does not matter to it; its momentum is not."""
    level = ONE_CYCLE | {"cycle_min_lr": 0.1}
    assert native(check(oracle.experiment(level, steps=30)))[0] == "OneCycle"
    code = check(oracle.experiment(level, run={"total_steps": 30, "steps_per_epoch": 10}, clock="epoch"))
    assert native(code)[0] == "WarmupLR"
    assert "the momentum that this schedule cycles" in code


def test_a_long_run_is_compared_at_its_marks_and_between() -> None:
    experiment = oracle.experiment(LINEAR | {"num_warmup_steps": 1_000}, steps=10**7)
    assert native(export(experiment, "deepspeed"))[1]["cycle_second_step_size"] == 10**7 - 1_000
    scheduler = made(experiment)
    for step in (1, 999, 1_000, 1_001, 5_555_555, 10**7 - 1, 10**7):
        scheduler.step(step - 1)
        oracle.same(scheduler.get_last_lr()[0], lrlab.engine.lr(experiment.run, experiment.trials[0], step), f"{step}")
    with pytest.raises(lrlab.DocumentError, match=NONE):  # its rise would be lost in rounding
        export(oracle.experiment(LINEAR | {"num_warmup_steps": 5}, steps=10**7), "deepspeed")
    staircase = {"kind": "torch.MultiStepLR", "milestones": [9_999_999]}
    with pytest.raises(lrlab.DocumentError, match=NONE):
        export(oracle.experiment(staircase, steps=10**7), "deepspeed")


def test_the_run_says_what_the_configuration_asks_of_it() -> None:
    run = {"samples": 1_000, "batch_size": 8, "accumulate": 3, "epochs": 2}
    block = json.loads(export(oracle.experiment(LINEAR, run=run, base_lr=[0.1, 0.5]), "deepspeed"))
    assert (block["train_micro_batch_size_per_gpu"], block["gradient_accumulation_steps"]) == (8, 3)
    assert block["lrlab"]["not_carried_over"] == [
        "the ends of epochs: DeepSpeed accumulates what is left over on into the next, which makes 83 steps, not 84"
    ]
    assert "train_micro_batch_size_per_gpu" not in json.loads(export(oracle.experiment(LINEAR), "deepspeed"))


# --- the genuine engine

RUN = {"samples": 24, "batch_size": 2, "accumulate": 2, "epochs": 5}
UNSCHEDULED = {
    "train_micro_batch_size_per_gpu": 2,
    "gradient_accumulation_steps": 2,
    "optimizer": {"type": "AdamW", "params": {"lr": 0.1}},
}
ZERO: dict[str, Any] = {"zero_optimization": {"stage": 2}, "bf16": {"enabled": True}}
CASES: list[tuple[dict[str, Any], Any, dict[str, Any]]] = [
    (HELD, 0.1, {}),
    (LINEAR, [0.1, 0.5], ZERO),
    (LINEAR | {"num_warmup_steps": 0}, 0.1, ZERO),
    (ONE_CYCLE, [0.1, 0.5], {}),
    (ONE_CYCLE | {"cycle_max_lr": [0.1, 0.5]}, [0.1, 0.5], ZERO),
    (WARMED, [0.1, 0.5], ZERO),
    ({"kind": "deepspeed.WarmupLR", "warmup_num_steps": 5}, [0.1, 0.5], ZERO),
    (
        {"kind": "deepspeed.WarmupDecayLR", "warmup_max_lr": 0.1, "warmup_num_steps": 5, "total_num_steps": None},
        0.1,
        {},
    ),
    ({"kind": "deepspeed.LRRangeTest", "lr_range_test_step_size": 5}, 0.1, ZERO),
    (COSINE, 0.1, {}),
    (COSINE, [0.1, 0.5], ZERO),
]


def test_the_engine_trains_with_every_block_at_the_engine_s_rates() -> None:
    """A key that DeepSpeed does not know does no harm; and where it has no scheduler, it takes the make_scheduler of
    the export to pytorch.
    """
    cases, experiments = [], []
    for schedule, base_lr, more in CASES:
        experiment = oracle.experiment(schedule, run=RUN, base_lr=base_lr)
        experiments.append(experiment)
        code = export(experiment, "pytorch") if schedule == COSINE else ""
        block = UNSCHEDULED if schedule == COSINE else json.loads(export(experiment, "deepspeed"))
        groups = base_lr if isinstance(base_lr, list) else None
        cases.append({"config": block | more, "steps": experiment.run.steps, "groups": groups, "code": code})
    script = Path(__file__).with_name("deepspeed_engine.py")
    done = subprocess.run(
        [sys.executable, script], input=json.dumps(cases), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for experiment, case, got in zip(experiments, cases, json.loads(done.stdout), strict=True):
        about = f"{experiment.document()['trials']}, {got['optimizer']}, {got['scheduler']}"
        assert (got["optimizer"] == "AdamW") == ("zero_optimization" not in case["config"])
        oracle.same(np.transpose(got["rates"]), np.atleast_2d(drivers.wanted(experiment)), about)
        cycled = lrlab.engine.momentum(experiment.run, experiment.trials[0], np.arange(experiment.run.steps))
        if cycled is not None:
            oracle.same(np.transpose(got["betas"]), np.broadcast_to(cycled, np.transpose(got["betas"]).shape), about)
