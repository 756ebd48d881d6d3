"""Advice on an experiment: what can be evaluated but should not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lrlab.experiment import Experiment


def check(experiment: Experiment) -> list[object]:  # noqa: ARG001 (no rule reads it yet)
    """The findings on every trial; there are no rules yet."""
    return []
