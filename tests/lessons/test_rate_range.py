"""The range test: its rates, its smoothing, and the rules on curves whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from lrlab.lessons.network import DIVERGED_ABOVE, Networks
from lrlab.lessons.rate_range import Ramp, Range, lowest, range_test, smoothed, steepest, tenth

RATES = np.geomspace(1e-4, 10, 501)
LOGS = np.log10(RATES)
BOWL = (
    2.3 - 2 * np.exp(-(((LOGS + 1) / 0.8) ** 2)) + 2 * (LOGS > 0) * LOGS
)  # lowest at 0.1, steepest where exp(-u^2) is: u = -1 / sqrt(2)
RULES = (lowest, tenth, steepest)


def test_the_rules_find_what_a_drawn_curve_has() -> None:
    assert lowest(RATES, BOWL)[:2] == pytest.approx((0.025, 0.1), rel=0.02)
    assert tenth(RATES, BOWL)[:2] == pytest.approx((0.01, 0.01), rel=0.02)
    assert steepest(RATES, BOWL)[:2] == pytest.approx((10 ** (-1 - 0.8 / np.sqrt(2)),) * 2, rel=0.1)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "loss", [np.full(501, 2.3), np.linspace(2.3, 9, 501), 2.3 + 0.1 * np.sin(np.arange(501.0)), BOWL[:1]]
)
def test_a_curve_that_does_not_fall_suggests_nothing_and_says_why(rule: object, loss: np.ndarray) -> None:
    found = rule(RATES[: loss.size], loss)  # type: ignore[operator]
    assert found.low is found.high is None
    assert found.why_none


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("first", "tenth_of_it", "bottom"), [(9.0, 2.3, 2.2), (2.0, 3.0, 1.9)])
def test_a_fall_is_measured_from_the_lower_of_the_first_loss_and_the_mean_of_its_first_tenth(
    rule: object, first: float, tenth_of_it: float, bottom: float
) -> None:
    """A curve that falls by far more than a tenth of the one and by less than a tenth of the other, the lower."""
    loss = np.interp(np.arange(1000), [0, 1, 99, 500, 999], [first, tenth_of_it, tenth_of_it, bottom, 9.0])
    rates = np.geomspace(1e-4, 10, 1000)
    assert "The loss falls by" in rule(rates, loss).why_none  # type: ignore[operator]
    loss[400:600] = 1.0
    assert rule(rates, loss).high is not None  # type: ignore[operator]


@pytest.mark.parametrize("rule", [lowest, tenth])
def test_a_curve_that_still_falls_at_its_end_has_no_highest_rate(rule: object) -> None:
    half = RATES < 0.1
    assert "not go far enough" in rule(RATES[half], BOWL[half]).why_none  # type: ignore[operator]
    assert steepest(RATES[half], BOWL[half]).low is not None


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.95])
def test_smoothing_leaves_what_is_level_and_weighs_by_age(keep: float) -> None:
    np.testing.assert_allclose(smoothed(np.full((2, 9), 3.0), keep), 3.0)
    loss = np.random.default_rng(0).random(9)
    ages = keep ** np.arange(9)[::-1] if keep else np.eye(9)[-1]
    assert smoothed(loss, keep)[-1] == pytest.approx(np.average(loss, weights=ages))


@pytest.mark.parametrize("rise", ["exponential", "linear"])
def test_the_rate_rises_from_the_lowest_to_the_highest(rise: str) -> None:
    rates = Range(rise=rise, low=1e-3, high=2.0, steps=50).rates
    assert rates[[0, -1]] == pytest.approx([1e-3, 2.0])
    steps = np.diff(np.log(rates) if rise == "exponential" else rates)
    np.testing.assert_allclose(steps, steps[0])


def test_the_loss_of_each_step_is_there_and_diverged_seeds_are_marked() -> None:
    settings = Range(steps=50)  # the rate rises so fast that some of the five seeds diverge at its end
    results = list(range_test(settings))
    shares, last = [share for share, _ in results], results[-1][1]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert last.rates.tolist() == settings.rates.tolist()
    broken = np.flatnonzero(last.diverged >= 0)
    assert 0 < broken.size < 5
    for seed in broken:
        step = int(last.diverged[seed])
        assert (last.loss[seed, step:] == DIVERGED_ABOVE).all()
        assert (last.loss[seed, :step] < DIVERGED_ABOVE).all()
    assert last.sound == last.diverged[broken].min()
    rates, curves = last.curves(0.9)
    assert rates.size == curves.shape[1] == last.sound + 1
    assert lowest(rates, curves.mean(axis=0)).high is not None


def test_every_step_sees_a_whole_batch_and_no_sample_twice_in_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """1,297 samples have six batches of 200 and 97 left over, which are not shown."""
    seen, step = [], Networks.step

    def watched(self: Networks, chosen: np.ndarray, rates: np.ndarray) -> np.ndarray:
        seen.append(chosen)
        return step(self, chosen, rates)

    monkeypatch.setattr(Networks, "step", watched)
    list(range_test(Range(batch=200, steps=18, seeds=2, high=1e-3)))
    assert [chosen.shape for chosen in seen] == [(2, 200)] * 18
    for at in range(0, 18, 6):
        epoch = np.concatenate(seen[at : at + 6], axis=1)
        assert all(np.unique(one).size == 1200 for one in epoch)


def test_a_test_without_divergence_is_sound_to_its_end() -> None:
    assert Ramp(RATES, np.zeros((2, 501)), np.array([-1, -1])).sound == 501


def test_a_seed_alone_ends_where_it_diverges_itself() -> None:
    ramp = Ramp(RATES, np.array([np.where(np.arange(501) < 200, BOWL, DIVERGED_ABOVE), BOWL]), np.array([200, -1]))
    assert ramp.curves(0)[0].size == ramp.alone(0).curves(0)[0].size == 201
    rates, (curve,) = ramp.alone(1).curves(0)
    assert rates.tolist() == RATES.tolist()
    assert curve.tolist() == BOWL.tolist()


def test_a_range_must_rise() -> None:
    with pytest.raises(ValidationError, match="must be below the highest"):
        Range(low=0.1, high=0.01)
