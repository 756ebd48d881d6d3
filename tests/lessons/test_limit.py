"""The grid of warmups and peaks: its schedules, and how its cells are judged."""

from __future__ import annotations

import numpy as np
import pytest

from lrlab.lessons.limit import BOUND, PEAKS, Limit, Limits, axes, judged, limit, schedule
from lrlab.lessons.network import Outcome


@pytest.mark.parametrize("after", ["cosine", "constant"])
@pytest.mark.parametrize("warmup", [0, 1, 30, 110])
def test_the_warmup_rises_by_equal_steps_from_near_zero_to_the_peak(after: str, warmup: int) -> None:
    settings = Limit(after=after)
    rates = schedule(settings, warmup, 0.8)
    assert rates.size == settings.setup.steps == 220
    np.testing.assert_allclose(np.diff(rates[: warmup + 1], prepend=0), 0.8 / (warmup + 1))
    assert rates.max() == rates[warmup] == 0.8
    if after == "constant":
        assert (rates[warmup:] == 0.8).all()
    else:
        middle = warmup + (220 - warmup) / 2
        assert np.interp(middle, np.arange(220), rates) == pytest.approx(0.4, abs=0.01)
        assert 0 < rates[-1] < 0.001


def test_cells_are_judged_by_every_seed() -> None:
    """Four cells of two seeds: trained, half trained, half diverged, all diverged."""
    good, bad = 0.9 * BOUND, 1.1 * BOUND
    loss = np.array([[good, good], [good, bad], [good, 2.3], [2.3, 2.3]])[..., None]
    diverged = np.array([[-1, -1], [-1, -1], [-1, 7], [5, 3]])
    outcome = Outcome(np.array([1]), loss, loss, (), (), (), diverged)
    found = judged(np.array([0, 10]), np.array([0.1, 0.2]), outcome)
    assert found.trained.tolist() == [[1, 0.5], [0.5, 0]]
    assert found.diverged.tolist() == [[-1, -1], [7, 3]]
    assert found.broken.tolist() == [[0, 0], [1, 2]]
    assert found.largest == [0, None]
    assert found.loss[0].tolist() == pytest.approx([good, (good + bad) / 2])
    assert np.isinf(found.loss[1]).all()


def test_the_largest_peak_is_the_last_with_which_every_seed_trains() -> None:
    """Peaks that are too low to train in time do not spoil it, nor do gaps."""
    trained = np.array([[0, 1, 1, 0.5], [1, 0.5, 1, 0], [0.5, 0.5, 0, 0]])
    none = np.zeros(trained.shape)
    found = Limits(np.arange(3), np.arange(4.0), none, trained, none.astype(int), none.astype(int), 2)
    assert found.largest == [2, 2, None]


def test_the_grid_runs_from_what_trains_to_what_does_not() -> None:
    settings = Limit(epochs=12, depth=2, gain=1.0, seeds=2)
    *_, (share, found) = limit(settings)
    assert share == 1
    assert found.loss.shape == (len(axes(settings)[0]), PEAKS)
    assert found.trained[:, 3].all()
    assert not np.isnan(found.loss).any()
    assert all(place is not None and place < PEAKS - 1 for place in found.largest)


def test_no_two_warmups_are_alike_in_the_shortest_run() -> None:
    warmups, _ = axes(Limit(epochs=2))
    assert (np.diff(warmups) > 0).all()
