"""The plain numpy function, run."""

from __future__ import annotations

import json
from typing import Any

import budget
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

CLOCKS = ("step", "epoch", "micro_batch", "process")
SCHEDULE = {"kind": "torch.CosineAnnealingLR", "T_max": None}


def check(experiment: lrlab.Experiment, past: int = 1) -> None:
    """The exported function gives the engine's rates at every step of the run and `past` it, for an array and for each
    number.
    """
    run, trial = experiment.run, experiment.trials[0]
    steps = np.arange(run.steps + past)
    want = lrlab.engine.lr(run, trial, steps)
    learning_rate = oracle.exported(experiment, "numpy")["learning_rate"]
    oracle.same(learning_rate(steps), want, f"{trial}")
    for step in (0, run.steps // 2, run.steps):
        oracle.same(learning_rate(step), want[..., step], f"{trial} at {step} alone")


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_the_function_gives_the_rates_of_every_recorded_document(row: dict[str, Any]) -> None:
    check(lrlab.loads(json.dumps(row["document"])))


@pytest.mark.parametrize("kind", KINDS)
@budget.share("exporters", 1_500, len(KINDS))
@given(data=st.data())
def test_the_function_gives_the_rates_of_drawn_documents(kind: str, data: st.DataObject) -> None:
    check(lrlab.document.parse(data.draw(strategies.documents(kind))))


@pytest.mark.parametrize("clock", CLOCKS)
@settings(max_examples=15)
@given(run=strategies.data_runs(), lists=st.booleans())
def test_every_clock_is_carried_over(clock: str, run: dict[str, Any], lists: bool) -> None:
    check(oracle.experiment(SCHEDULE, run=run, clock=clock, base_lr=[0.1, 0.5] if lists else 0.1))


@pytest.mark.parametrize("kind", KINDS)
@budget.share("exporters", 500, len(KINDS))
@given(data=st.data())
def test_a_number_gives_a_float_and_an_array_an_array_of_its_shape(kind: str, data: st.DataObject) -> None:
    learning_rate = oracle.exported(lrlab.document.parse(data.draw(strategies.documents(kind, lists=False))), "numpy")[
        "learning_rate"
    ]
    for number in (3, 3.0, np.int64(3), np.float64(3)):
        assert isinstance(learning_rate(number), float), type(learning_rate(number))
    for shape in ((), (0,), (1,), (4,), (2, 3)):
        rates = learning_rate(np.full(shape, 3))
        assert np.shape(rates) == shape
        assert np.all(rates == learning_rate(3))


def test_a_table_of_whole_rates_gives_floats() -> None:
    schedule = {"kind": "keras.PiecewiseConstantDecay", "boundaries": [10], "values": [1.0, 1.0]}
    learning_rate = oracle.exported(oracle.experiment(schedule), "numpy")["learning_rate"]
    assert isinstance(learning_rate(3), float)
    assert learning_rate(np.arange(20)).dtype == np.float64


def test_a_list_of_base_rates_gives_a_row_each() -> None:
    learning_rate = oracle.exported(oracle.experiment(SCHEDULE, base_lr=[0.1, 0.2, 0.3]), "numpy")["learning_rate"]
    assert learning_rate(np.arange(7)).shape == (3, 7)
    assert learning_rate(0).tolist() == [0.1, 0.2, 0.3]
    alone = oracle.exported(oracle.experiment(SCHEDULE, base_lr=[0.1]), "numpy")["learning_rate"]
    assert alone(np.arange(7)).shape == (1, 7)


@settings(max_examples=100)
@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_any_name_comes_back_from_the_comment(name: str) -> None:
    experiment = oracle.experiment(SCHEDULE, name=name)
    assert read(export(experiment, "numpy")) == experiment


def test_the_named_trial_is_written_alone() -> None:
    first = oracle.document(SCHEDULE)
    second = first["trials"][0] | {"name": "other", "base_lr": 0.5}
    both = lrlab.document.parse(first | {"trials": [*first["trials"], second]})
    assert oracle.exported(both, "numpy", "other")["learning_rate"](0) == 0.5
    assert read(export(both, "numpy", "other")).document()["trials"] == [second]


def test_what_changes_at_every_step_of_a_long_run_is_refused_with_a_sentence() -> None:
    experiment = oracle.experiment({"kind": "torch.MultiplicativeLR", "lr_lambda": "0.9999"}, steps=50_000)
    with pytest.raises(
        lrlab.DocumentError, match=r"^t: cannot be written for numpy: its rate changes at 50,0\d\d ticks"
    ):
        export(experiment, "numpy")
