"""The formula is the curve: its sympy expression has the curve's values, and its LaTeX can be set."""

from __future__ import annotations

import re
from typing import Any

import budget
import numpy as np
import oracle
import pytest
import strategies
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from lrlab.document import parse
from lrlab.document.run import calls
from lrlab.schedules import KINDS, Schedule
from lrlab.schedules.torch.compose import ChainedScheduler
from lrlab.trees import latex

WITH_FORMULA = [
    kind for kind, schedule in KINDS.items() if not hasattr(schedule, "reason") or schedule is ChainedScheduler
]
"""All but those that never have one and say so."""


def passed(tick: Any, *borders: Any) -> Any:
    """How many borders lie at or before the tick."""
    return sum((np.asarray(tick) >= float(border)).astype(float) for border in borders)


def restarted(tick: Any, first: Any, factor: Any) -> Any:
    """How many cycles of length first, first * factor, ... are over at the tick."""
    over, end, length = np.zeros_like(np.asarray(tick, dtype=float)), float(first), float(first)
    while np.any(np.asarray(tick) >= end):
        over = over + (np.asarray(tick) >= end)
        length *= float(factor)
        end += length
    return over


def level(tick: Any, first: Any, *rest: Any) -> Any:
    """The value behind the last border that lies at or before the tick."""
    value = np.full_like(np.asarray(tick, dtype=float), float(first))
    for border, after in zip(rest[::2], rest[1::2], strict=True):
        value = np.where(np.asarray(tick) >= float(border), float(after), value)
    return value


def bound(document: dict[str, Any]) -> tuple[Schedule, float, Any]:
    """The first group's schedule and base rate, and the ticks of the run, at most some."""
    experiment = parse(document)
    trial = experiment.trials[0]
    at = np.arange(min(strategies.TICKS, calls(experiment.run, trial.clock)), dtype=np.float64)
    return trial.bound(experiment.run)[0], trial.base_rates[0], at


@pytest.mark.parametrize("kind", WITH_FORMULA)
@budget.share("trees", 1_000, len(WITH_FORMULA))
@given(data=st.data())
def test_the_formula_has_the_values_of_the_curve(kind: str, data: st.DataObject) -> None:
    schedule, base_lr, at = bound(data.draw(strategies.documents(kind)))
    assume(not schedule.no_formula)
    tree, values = latex.expression(schedule)
    arguments = [latex.TICK, latex.BASE, *values]
    evaluate = sympy.lambdify(
        arguments, tree, modules=[{"Passed": passed, "Restarted": restarted, "Level": level}, "numpy"]
    )
    with np.errstate(all="ignore"):
        got = np.broadcast_to(evaluate(at, base_lr, *values.values()), at.shape)
    oracle.same(got, np.broadcast_to(schedule.curve(at, base_lr), at.shape), f"{schedule!r}: {tree}")


@pytest.mark.parametrize("kind", WITH_FORMULA)
@budget.share("trees", 300, len(WITH_FORMULA))
@given(data=st.data())
def test_the_latex_can_be_set(kind: str, data: st.DataObject) -> None:
    schedule, _, _ = bound(data.draw(strategies.documents(kind)))
    assume(not schedule.no_formula)
    text = latex.latex(schedule)
    assert text.startswith(r"\eta(t) = ")
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text.replace(r"\\", " ")):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, text
    assert depth == 0, text
    assert text.count(r"\left") == text.count(r"\right"), text
    assert text.count(r"\begin") == text.count(r"\end"), text
    assert "Passed" not in text
    assert "Restarted" not in text
    assert "Expr" not in text


@pytest.mark.parametrize(
    ("schedule", "holds"),
    [
        ({"kind": "torch.CosineAnnealingLR", "T_max": 50}, [r"\cos", "T_{max}", r"\eta_{min}", r"\eta_{base}"]),
        ({"kind": "torch.StepLR", "step_size": 3}, [r"\gamma", r"\mathtt{step\_size}", r"\lfloor"]),
        ({"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 5, "T_mult": 2}, ["T_{0}", "T_{mult}", "n = "]),
        ({"kind": "torch.MultiStepLR", "milestones": [7, 3]}, ["3, 7"]),
    ],
    ids=str,
)
def test_arguments_stand_under_their_own_names(schedule: dict[str, Any], holds: list[str]) -> None:
    text = latex.latex(bound(oracle.document(schedule))[0])
    for piece in holds:
        assert piece in text


def test_the_values_of_the_named_arguments_stand_beside() -> None:
    schedule, _, _ = bound(
        oracle.document({"kind": "torch.CosineAnnealingLR", "T_max": None, "eta_min": 0.01}, steps=70)
    )
    assert dict(latex.values(schedule)) == {"T_{max}": 70.0, r"\eta_{min}": 0.01}


def test_a_long_table_is_cut_to_what_is_shown() -> None:
    """Each level is made of all before it, so that a formula with every one of them would take minutes."""
    steps, factor = 2000, 0.999
    scales = {str(tick): factor for tick in range(1, steps + 1)}
    schedule = {"kind": "optax.piecewise_constant_schedule", "init_value": 0.1, "boundaries_and_scales": scales}
    experiment = parse(oracle.document(schedule))
    tree, _ = latex.expression(experiment.trials[0].bound(experiment.run)[0])
    (table,) = tree.atoms(latex.Level)
    *_, border, last = table.args
    assert len(table.args) <= 2 * (latex.SHOWN + 2)
    assert border == steps
    assert float(last) == pytest.approx(0.1 * factor**steps)
