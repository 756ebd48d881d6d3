"""Advice on any document: it never raises, and what it offers to mend makes a valid one."""

from __future__ import annotations

from typing import Any

import budget
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from lrlab import advice
from lrlab.advice.base import Case
from lrlab.document import DocumentError, Experiment, parse
from lrlab.schedules import KINDS
from lrlab.schedules.params import describe

PLAIN = [kind for kind in KINDS if kind not in strategies.NESTED]
EXTREME = (1, 2, 3, 7, 391, 10**6, 10**9, 10**12, 10**15)
RATES = (0.0, 1e-300, 1e-8, 0.1, 1.0, 1e6, 1e300)
RUNS: tuple[dict[str, Any], ...] = (
    {"total_steps": 1},
    {"total_steps": 2, "steps_per_epoch": 1},
    {"total_steps": 7, "steps_per_epoch": 1000},
    {"total_steps": 1000, "steps_per_epoch": 1},
    {"total_steps": 10**12, "steps_per_epoch": 7},
    {"samples": 10**12, "batch_size": 1, "epochs": 1, "devices": 1},
    {"samples": 10**12, "batch_size": 10, "epochs": 10, "devices": 10**6, "accumulate": 3},
    {"samples": 10**6, "batch_size": 1, "epochs": 10**6, "accumulate": 10**6},
    {"samples": 7, "batch_size": 2, "epochs": 5, "devices": 2, "accumulate": 3, "drop_last": False, "leftover": "step"},
    {"samples": 1, "batch_size": 10**12, "epochs": 10**12},
)


def examine(experiment: Experiment) -> None:
    """Advice, and each rule by itself without the guard that `findings` has; each fix, and advice on what it makes."""
    advice.check(experiment)
    for trial in experiment.trials:
        for rule in advice.RULES:
            finding = rule.check(Case(experiment.run, trial))
            if finding is None:
                continue
            assert finding.code == rule.code
            assert finding.severity in advice.SEVERITIES
            assert finding.trial == trial.name
            assert finding.step is None or 0 <= finding.step < experiment.run.steps
            assert "nan" not in finding.message.split(), finding.message
            if finding.fix is not None:
                mended = finding.fix(experiment)
                assert parse(mended.document()) == mended
                assert mended != experiment, f"{finding.code}: {finding.fix.title} changes nothing"
                advice.check(mended)
        meant = advice.intended(experiment.run, trial)
        assert meant is None or meant.name == trial.name


@pytest.mark.parametrize("kind", KINDS)
@budget.share("advice", 800, len(KINDS))
@given(data=st.data())
def test_advice_never_raises_and_its_fixes_are_valid(kind: str, data: st.DataObject) -> None:
    examine(parse(data.draw(strategies.documents(kind))))


def _extreme(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Arguments of a kind without nested ones: durations and rates at their bounds, the others as they are drawn."""
    schedule = draw(strategies.schedules(kind))
    for name, field in KINDS[kind].model_fields.items():
        about = describe(field.annotation, field.metadata)
        if (
            name not in schedule
            or about.control is None
            or about.many
            or isinstance(schedule[name], (list, dict, str, type(None)))
        ):
            continue
        if about.control.unit in ("ticks", "epochs", "updates"):
            schedule[name] = draw(st.sampled_from(EXTREME))
        elif about.control.unit == "rate":
            schedule[name] = draw(st.sampled_from(RATES))
    return schedule


@st.composite
def extremes(draw: st.DrawFn, kind: str) -> Experiment | None:
    """Documents at the bounds of what is allowed; None where they are refused."""
    trial = {
        "name": "t",
        "base_lr": draw(st.sampled_from(RATES)),
        "clock": draw(st.sampled_from(["step", "epoch", "micro_batch", "process"])),
    }
    try:
        return parse(
            {"lrlab": 1, "run": draw(st.sampled_from(RUNS)), "trials": [trial | {"schedule": _extreme(draw, kind)}]}
        )
    except DocumentError:
        return None


@pytest.mark.parametrize("kind", PLAIN)
@budget.share("advice", 800, len(PLAIN))
@given(data=st.data())
def test_nor_where_the_numbers_are_at_their_bounds(kind: str, data: st.DataObject) -> None:
    experiment = data.draw(extremes(kind))
    if experiment is not None:
        examine(experiment)
