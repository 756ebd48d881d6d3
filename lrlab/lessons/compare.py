"""What a training of several schedules shows: which networks count, what there is to show at each moment, and the
paired differences.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrlab.lessons.digits import CLASSES
from lrlab.lessons.intervals import Interval, Verdict, difference, verdict
from lrlab.lessons.network import Floats, Outcome

MIN_SEEDS = 2
"""An interval needs at least so many seeds."""
GUESS = 2 / CLASSES
"""A test accuracy below this is about what blind guessing gives."""


class Difference(NamedTuple):
    """The first minus the second, over the seeds with which both trained."""

    first: str
    second: str
    found: Interval
    verdict: Verdict


def sound(outcome: Outcome, schedule: int) -> NDArray[np.bool_]:
    """(S,): the seeds whose network has not diverged; the others are left out of every mean."""
    whole: NDArray[np.bool_] = outcome.diverged[schedule] < 0
    return whole


def completed(outcome: Outcome, schedule: int, steps_per_epoch: int) -> Floats:
    """(S, E): after each epoch the accuracy of the newest snapshot; NaN where there is no snapshot yet, which is a gap
    in a chart.
    """
    kept = np.searchsorted(outcome.snapshots[schedule], outcome.epochs * steps_per_epoch, side="left")
    found = np.full((outcome.diverged.shape[1], outcome.epochs.size), np.nan)
    found[:, kept > 0] = outcome.snapshot_accuracy[schedule][:, kept[kept > 0] - 1]
    return found


def divergence(name: str, diverged: NDArray[np.int64]) -> str:
    """A sentence on the networks (S,) of a schedule that diverged, from `Outcome.diverged`; empty where none did."""
    steps = diverged[diverged >= 0]
    if not steps.size:
        return ""
    return (
        f"{name}: {steps.size} of {diverged.size} networks diverged, {'first ' if steps.size > 1 else ''}at "
        f"step {steps.min():,}"
    )


def guessing(name: str, accuracy: Floats) -> str:
    """A sentence on the networks of a schedule that have not diverged and yet know next to nothing, by their accuracy
    (S,); empty where there are none.
    """
    count = int((accuracy < GUESS).sum())
    few = (
        f"{name}: {count} of {accuracy.size} networks {'is' if count == 1 else 'are'} about as good as "
        f"guessing, below {100 * GUESS:.0f} %"
    )
    return few if count else ""


def differences(names: Sequence[str], outcome: Outcome, values: Floats) -> list[Difference]:
    """The difference of `values` (K, S) for every two schedules, where at least two seeds trained under both."""
    found = []
    for first, second in itertools.combinations(range(len(names)), 2):
        both = sound(outcome, first) & sound(outcome, second)
        if both.sum() >= MIN_SEEDS:
            found.append(paired(names[first], names[second], values[first, both], values[second, both]))
    return found


def paired(first: str, second: str, one: Floats, other: Floats) -> Difference:
    """The difference of values (S,), seed by seed."""
    found = difference(one, other)
    return Difference(first, second, found, verdict(found))


def csv(names: Sequence[str], outcome: Outcome, steps_per_epoch: int) -> Iterator[str]:
    """A line for each schedule, seed and epoch in full precision, with nothing after the step at which a network
    diverged.
    """
    yield "schedule,seed,epoch,training_loss,test_accuracy,diverged_at_step\n"
    for k, name in enumerate(names):
        quoted = '"' + name.replace('"', '""') + '"'
        for seed, step in enumerate(outcome.diverged[k].tolist()):
            for place, epoch in enumerate(outcome.epochs.tolist()):
                broken = 0 <= step < epoch * steps_per_epoch
                values = (
                    ","
                    if broken
                    else f"{float(outcome.loss[k, seed, place])!r},{float(outcome.accuracy[k, seed, place])!r}"
                )
                yield f"{quoted},{seed},{epoch},{values},{step if broken else ''}\n"
