"""A tree comes to what its curve comes to: in double precision to the last digits, in single to what that holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from lrlab.document import parse
from lrlab.document.run import calls
from lrlab.schedules import KINDS
from lrlab.schedules.recurrence import has_table
from lrlab.trees.evaluate import evaluate
from lrlab.trees.trace import TRACE, symbol


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4)
@given(data=st.data())
def test_a_tree_comes_to_its_curve(kind: str, data: st.DataObject) -> None:
    experiment = parse(data.draw(strategies.documents(kind)))
    trial = experiment.trials[0]
    schedule, base_lr = trial.bound(experiment.run)[0], trial.base_rates[0]
    at = np.arange(min(strategies.TICKS, calls(experiment.run, trial.clock)), dtype=np.float64)
    base: Any = base_lr if has_table(schedule) else symbol("base")
    tree = schedule.with_names().curve(symbol("tick"), base, TRACE)
    want = np.broadcast_to(schedule.curve(at, base_lr), at.shape)
    oracle.same(np.broadcast_to(evaluate(tree, {"tick": at, "base": base_lr}), at.shape), want, f"{schedule!r}")


def test_single_precision_rounds_what_varies_and_no_constant() -> None:
    x = symbol("x")
    third = evaluate(x / 3.0, {"x": np.float32(1.0)}, np.float32)
    assert isinstance(third, np.float32)
    assert third == np.float32(1.0) / np.float32(3.0)
    assert evaluate(TRACE.where(x > 0, 1.0, 0.0) * (1.0 / 3.0), {"x": 1.0}) == 1.0 / 3.0
    drifted = evaluate(0.9999**x, {"x": np.float32(1e5)}, np.float32)
    assert abs(drifted / 0.9999**1e5 - 1) > 1e-4, "0.9999 itself is rounded where it meets what varies"


@pytest.mark.parametrize(
    ("condition", "want"),
    [
        (lambda x: TRACE.logical_and(x > 2, x < 5), [0, 0, 0, 1, 1, 0, 0]),
        (lambda x: TRACE.logical_or(x < 2, x > 4), [1, 1, 0, 0, 0, 1, 1]),
        (lambda x: TRACE.logical_not(x > 2), [1, 1, 1, 0, 0, 0, 0]),
        (lambda x: TRACE.logical_and(True, x > 2), [0, 0, 0, 1, 1, 1, 1]),  # noqa: FBT003 (numpy's signature)
        (lambda x: TRACE.logical_or(x > 2, False), [0, 0, 0, 1, 1, 1, 1]),  # noqa: FBT003
    ],
)
def test_conditions_are_joined_and_turned_round(condition: Any, want: list[int]) -> None:
    tree = TRACE.where(condition(symbol("x")), 1.0, 0.0)
    for precision in (np.float64, np.float32):
        assert evaluate(tree, {"x": np.arange(7.0)}, precision).tolist() == want
