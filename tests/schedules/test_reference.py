"""Every curve equals what was recorded from the genuine framework."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import oracle
import pytest

import lrlab


def compared(row: dict[str, Any]) -> list[int]:
    """The steps at which the genuine code made no rounding slip of its own."""
    return [i for i in range(np.shape(row["lr"])[-1]) if i not in row.get("artefact_steps", [])]


@pytest.mark.parametrize("row", oracle.rows(), ids=oracle.row_id)
def test_the_engine_gives_the_recorded_rates(row: dict[str, Any]) -> None:
    experiment = lrlab.loads(json.dumps(row["document"]))
    want, at = np.array(row["lr"]), compared(row)
    got = lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(want.shape[-1]))
    oracle.same(got[..., at], want[..., at], row["id"])


CYCLED = [row for row in oracle.rows() if "momentum" in row]


@pytest.mark.parametrize("row", CYCLED, ids=oracle.row_id)
def test_the_engine_gives_the_recorded_momentum(row: dict[str, Any]) -> None:
    experiment = lrlab.loads(json.dumps(row["document"]))
    want, at = np.array(row["momentum"]), compared(row)
    got = lrlab.engine.momentum(experiment.run, experiment.trials[0], np.arange(want.shape[-1]))
    assert got is not None, f"{row['id']}: the genuine code cycles momentum"
    oracle.same(got[..., at], want[..., at], row["id"])


def test_momentum_was_recorded_for_both_kinds_that_cycle_it() -> None:
    assert {oracle.kind_of(row) for row in CYCLED} >= {"torch.OneCycleLR", "torch.CyclicLR"}


@pytest.mark.parametrize("row", oracle.errors(), ids=oracle.row_id)
def test_what_the_genuine_code_refuses_is_refused_by_argument(row: dict[str, Any]) -> None:
    schedule = row["document"]["trials"][0]["schedule"]
    with pytest.raises(lrlab.DocumentError) as refusal:
        lrlab.loads(json.dumps(row["document"]))
    arguments = {*schedule, *lrlab.schedules.KINDS[schedule["kind"]].model_fields} - {"kind"}
    message = str(refusal.value)
    assert message.startswith("trials.0.schedule"), message
    assert any(name in message for name in arguments), f"{message} names none of {arguments}"
