"""Advice on an experiment: what can be evaluated but should not be, with numbers, a reason, and what mends it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from lrlab.advice import clock, cycles, decay, horizon, joints, metric, warmup
from lrlab.advice.base import SEVERITIES, Case, Finding, Fix, Rule
from lrlab.document import Experiment, Trial
from lrlab.document.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable

_MODULES = (clock, cycles, decay, horizon, joints, metric, warmup)
RULES: tuple[Rule, ...] = tuple(
    sorted((rule for module in _MODULES for rule in module.RULES), key=lambda rule: rule.code)
)
"""All rules in the order of their codes. Each module ends in a list of its own."""


def check(experiment: Experiment) -> list[Finding]:
    """The findings on every trial, errors first, but those that the trial dismisses."""
    return _worst_first(finding for trial in experiment.trials for finding in open_on(experiment.run, trial))


def open_on(run: Run, trial: Trial) -> list[Finding]:
    """The findings on one trial, errors first, but those that it dismisses."""
    return _worst_first(finding for finding in findings(run, trial) if finding.code not in trial.dismissed)


def _worst_first(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


@lru_cache(maxsize=256)
def findings(run: Run, trial: Trial) -> tuple[Finding, ...]:
    """The findings on one trial, dismissed ones too."""
    case = Case(run, trial)
    found = []
    for rule in RULES:
        try:
            finding = rule.check(case)
        except (ValueError, ArithmeticError):  # the rates cannot be calculated, so there is nothing to advise on
            continue
        if finding is not None:
            found.append(finding)
    return tuple(found)


@lru_cache(maxsize=256)
def intended(run: Run, trial: Trial) -> Trial | None:
    """Where the schedule counts in another unit than its clock: the trial that was meant."""
    for finding in findings(run, trial):
        if finding.rule.unit and finding.fix is not None and finding.code not in trial.dismissed:
            return finding.fix(Experiment(run=run, trials=(trial,))).trials[0]
    return None


__all__ = ["RULES", "SEVERITIES", "Finding", "Fix", "Rule", "check", "findings", "intended", "open_on"]
