"""Watching a metric, as PyTorch does it and those who use its scheduler: new best or bad call, patience, cooldown."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from lrlab.schedules.facts import Waiting
from lrlab.schedules.params import Control, Mode, Patience, Rate, Threshold, per_group
from lrlab.schedules.recurrence import MetricDriven


def worst(mode: str) -> float:
    """What every first value is better than."""
    return math.inf if mode == "min" else -math.inf


def better(mode: str, threshold: float, *, relative: bool) -> Callable[[float, float], bool]:
    """Whether a value beats the best so far by more than the threshold: a share of the best, or an amount."""

    def is_better(value: float, best: float) -> bool:
        if mode == "min":
            return value < (best * (1.0 - threshold) if relative else best - threshold)
        return value > (best * (1.0 + threshold) if relative else best + threshold)

    return is_better


@dataclass(frozen=True)
class Reduce:
    """Multiplies a rate by factor, but not below floor; a change of eps or less is left out."""

    factor: float
    floor: float
    eps: float

    def __call__(self, lr: float) -> float:
        """The reduced rate."""
        new = max(lr * self.factor, self.floor)
        return new if lr - new > self.eps else lr


def watched(
    lr: float,
    metrics: list[float],
    is_better: Callable[[float, float], bool],
    mode: str,
    patience: int,
    cooldown: int,
    reduce: Callable[[float], float],
) -> list[float]:
    """The rate before the first call and after each: reduced after more than `patience` bad calls; those of a cooldown
    do not count.
    """
    best, bad, resting = worst(mode), 0, 0
    rates = [lr]
    for value in metrics:
        if is_better(value, best):
            best, bad = value, 0
        else:
            bad += 1
        if resting > 0:
            resting, bad = resting - 1, 0
        if bad > patience:
            lr, bad, resting = reduce(lr), 0, cooldown
        rates.append(lr)
    return rates


class ReduceOnPlateau(MetricDriven):
    """The arguments of torch's ReduceLROnPlateau, and what it does with them."""

    falls_between = ("", "min_lr")

    mode: Mode = "min"
    factor: Annotated[float, Field(lt=1), Control("factor", low=0.0, high=1.0, start=0.1)] = 0.1
    patience: Patience = 10
    threshold: Threshold = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: Patience = 0
    min_lr: per_group(Rate) = 0.0  # type: ignore[valid-type]
    eps: Annotated[Rate, Control("rate", low=1e-8, high=0.1, log=True)] = 1e-8

    def waiting(self) -> Waiting:
        return Waiting(self.patience, self.patience + 1, self.cooldown)

    def follow(self, base_lr: float, metrics: list[float]) -> list[float]:
        is_better = better(self.mode, self.threshold, relative=self.threshold_mode == "rel")
        return watched(
            base_lr,
            metrics,
            is_better,
            self.mode,
            self.patience,
            self.cooldown,
            Reduce(self.factor, self.min_lr, self.eps),
        )
