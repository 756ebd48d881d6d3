"""The grid of warmups and peaks: its schedules, and how its cells are judged."""

from __future__ import annotations

import numpy as np
import pytest

from lrlab.lessons.digits import digits
from lrlab.lessons.limit import PEAKS, TRAINED_BELOW, Limit, Limits, axes, judged, limit, schedule
from lrlab.lessons.network import Networks, Outcome, layers, task


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
    """Four cells of three seeds: trained, two trained, one diverged, two diverged."""
    good, bad, far = 0.9 * TRAINED_BELOW, 1.1 * TRAINED_BELOW, 9 * TRAINED_BELOW
    loss = np.array([[good, good, good], [good, far, bad], [good, bad, far], [2.3, good, 2.3]])[..., None]
    diverged = np.array([[-1, -1, -1], [-1, -1, -1], [-1, -1, 7], [5, -1, 3]])
    outcome = Outcome(np.array([1]), loss, loss, (), (), (), diverged)
    found = judged(np.array([0, 10]), np.array([0.1, 0.2]), outcome)
    np.testing.assert_allclose(found.trained, np.array([[3, 1], [1, 1]]) / 3)
    assert found.diverged.tolist() == [[-1, -1], [7, 3]]
    assert found.broken.tolist() == [[0, 0], [1, 2]]
    assert found.largest == [0, None]
    assert found.loss.tolist() == [[good, bad], [bad, np.inf]], "the middle one of three, whatever the others are"


@pytest.mark.parametrize(("seeds", "largest", "again"), [
    ("3310", 1, []), ("0331", 2, []), ("3333", 3, []), ("2222", None, []), ("0003", 3, []),
    ("3313", 1, [3]), ("1323", 1, [3]), ("3033", 0, [2, 3]), ("3202", 0, []),
])  # fmt: skip
def test_the_largest_peak_is_the_last_before_one_that_fails(seeds: str, largest: int | None, again: list[int]) -> None:
    """How many of three seeds trained with each peak; those that are too low to train in time do not spoil it."""
    trained = np.array([[int(count) for count in seeds]]) / 3
    none = np.zeros(trained.shape)
    found = Limits(np.arange(1), np.arange(4.0), none, trained, none.astype(int), none.astype(int), 3)
    assert (found.largest, found.again) == ([largest], [again])


def test_the_networks_of_the_grid_begin_with_the_gain_times_hes_weights_and_right_labels() -> None:
    he, more = (Networks(Limit(gain=gain).setup, 1, 2) for gain in (1.0, 2.5))
    np.testing.assert_allclose(more.parameters, 2.5 * he.parameters, rtol=1e-6)
    for weights, biases in layers(he.setup, he.parameters):
        assert weights.std() == pytest.approx(np.sqrt(2 / weights.shape[-2]), rel=0.1)
        assert not biases.any()
    assert (task(more.setup)[1].argmax(axis=1) == digits().train_y).all()


def test_the_grid_runs_from_what_trains_to_what_does_not() -> None:
    """Takes about 4 seconds: a whole grid of networks is trained."""
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
