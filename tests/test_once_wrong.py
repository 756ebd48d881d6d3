"""What was once wrong, a test for each: kept so that it stays right."""

from __future__ import annotations

import warnings
from typing import Any

import jsonschema
import numpy as np
import oracle
import pytest

import lrlab
from lrlab.document import parse
from lrlab.exporters import export
from lrlab.trees.latex import latex
from lrlab.trees.parse import parse as expression

COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}


def test_an_argument_named_base_lr_is_not_the_group_s_rate() -> None:
    experiment = oracle.experiment(
        {"kind": "torch.CyclicLR", "base_lr": 0.001, "max_lr": 0.1, "step_size_up": 4}, base_lr=[0.5]
    )
    got = oracle.exported(experiment, "numpy")["learning_rate"](np.arange(20))
    oracle.same(got, lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(20)))


def test_two_documents_with_the_same_values_keep_their_meaning() -> None:
    both = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "epochs": 2, "steps_per_epoch": 1}
    first, second = oracle.experiment(both | {"total_steps": None}, steps=59), oracle.experiment(both, steps=59)
    assert first.trials[0].bound(first.run)[0].total_steps == 2
    assert second.trials[0].bound(second.run)[0].total_steps == 2


@pytest.mark.parametrize(
    "name", ["get_cosine_schedule_with_warmup", "get_cosine_with_hard_restarts_schedule_with_warmup"]
)
def test_no_more_marks_than_asked_for(name: str) -> None:
    schedule = (
        oracle.experiment({"kind": f"transformers.{name}", "num_warmup_steps": 3, "num_training_steps": 18})
        .trials[0]
        .schedule
    )
    assert len(schedule.marks(20, 0) or []) == 0
    assert len(schedule.marks(20, 1) or []) <= 1


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("(epoch < 2) + (epoch < 3)", [2, 2, 1, 0]),
        ("-(epoch < 2)", [-1, -1, 0, 0]),
        ("(epoch < 3) - (epoch < 2)", [0, 0, 1, 0]),
        ("exp(epoch < 2)", [np.e, np.e, 1, 1]),
        ("tanh(epoch < 1)", [np.tanh(1), 0, 0, 0]),
        ("int(epoch < 2) + (epoch < 2)", [2, 2, 0, 0]),
    ],
)
def test_a_comparison_is_a_number_as_in_python(text: str, want: list[float]) -> None:
    np.testing.assert_allclose(np.asarray(expression(text, "epoch")(np, np.arange(4.0)), dtype=float), want, rtol=1e-12)


@pytest.mark.parametrize("text", ["1 - -(epoch < 5)", "(epoch < 5) - (epoch < 3)"])
def test_a_comparison_in_arithmetic_is_read_or_refused(text: str) -> None:
    assert oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": text}).trials


def test_reading_an_expression_prints_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": "1if epoch else 2"})


def test_a_comparison_as_a_number_has_a_formula() -> None:
    assert latex(
        oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": "0.5 + 0.5 * (epoch > 3)"}).trials[0].schedule
    )


@pytest.mark.parametrize(
    "schedule",
    [
        {"kind": "torch.ExponentialLR", "gamma": 1e300},
        {"kind": "torch.StepLR", "step_size": 5, "gamma": -1e308},
        {"kind": "torch.CosineAnnealingLR", "T_max": 1e-308},
    ],
)
def test_a_refusal_prints_nothing_else(schedule: dict[str, Any]) -> None:
    """numpy's RuntimeWarning would be further lines on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(lrlab.DocumentError, match="not finite"):
            oracle.experiment(schedule)


def test_a_negative_rate_in_a_list_is_told_as_such() -> None:
    with pytest.raises(lrlab.DocumentError, match=r"^trials\.0\.base_lr\.1: must be at least 0$"):
        oracle.experiment(COSINE, base_lr=[0.1, -1])


def test_a_path_with_a_null_is_refused() -> None:
    with pytest.raises(lrlab.DocumentError):
        lrlab.load("nul\0.json")


def test_a_key_of_control_characters_is_not_repeated_raw() -> None:
    with pytest.raises(lrlab.DocumentError) as refusal:
        parse(oracle.document(COSINE) | {"view": {"\x1b[31m": 1}})
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_recorded_documents_fit_the_schema(row: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(lrlab.Experiment.model_json_schema()).validate(row["document"])


def test_one_group_has_the_name_of_its_trial() -> None:
    """DESIGN 3.3: a column per group where there are several."""
    assert export(oracle.experiment(COSINE, base_lr=[0.1]), "csv").startswith("step,epoch,t\n")


def test_the_epochs_of_cawb_are_drawn_at_their_very_step() -> None:
    experiment = oracle.experiment(
        {"kind": "cawb.CosineAnnealingWarmbootingLR", "epochs": 90, "steps": [30, 60], "batchs": 11111},
        run={"total_steps": 10**6, "steps_per_epoch": 11111},
    )
    every = lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(10**6))
    jumps = set((np.flatnonzero(np.diff(every)) + 1).tolist())
    assert jumps <= set(lrlab.engine.curves(experiment)[0].steps.tolist())
