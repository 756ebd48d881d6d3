"""t-intervals against the printed table of Student's quantiles, and by how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab.lessons.intervals import difference, interval, verdict

TABLE = {  # two-sided, from the printed tables of Student's t: degrees of freedom -> 90, 95, 99 %
    1: (6.314, 12.706, 63.657),
    2: (2.920, 4.303, 9.925),
    4: (2.132, 2.776, 4.604),
    9: (1.833, 2.262, 3.250),
    19: (1.729, 2.093, 2.861),
    30: (1.697, 2.042, 2.750),
}


@pytest.mark.parametrize("freedom", TABLE)
def test_the_half_width_is_the_tabulated_quantile_of_standard_errors(freedom: int) -> None:
    values = np.random.default_rng(freedom).normal(3.0, 2.0, freedom + 1)
    error = math.sqrt(sum((v - values.mean()) ** 2 for v in values) / freedom) / math.sqrt(freedom + 1)
    for level, quantile in zip((0.90, 0.95, 0.99), TABLE[freedom], strict=True):
        found = interval(values, level=level)
        assert (found.high - found.mean) / error == pytest.approx(quantile, abs=6e-4)
        assert found.mean - found.low == pytest.approx(found.high - found.mean)
        assert (found.n, found.bounded) == (freedom + 1, True)


def test_it_holds_the_truth_as_often_as_it_says() -> None:
    values = np.random.default_rng(1).normal(0.7, 1.0, (20_000, 5))
    for level in (0.5, 0.95):
        found = interval(values, level=level)
        held = np.mean(np.abs(found.mean - 0.7) < (found.high - found.low) / 2)
        assert held == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / 20_000))


def test_the_axis_of_seeds_goes_and_the_others_stay() -> None:
    values = np.random.default_rng(2).normal(size=(3, 7, 4))
    found = interval(values, axis=1)
    assert found.mean.shape == found.low.shape == found.high.shape == (3, 4)
    assert found.n == 7
    alone = interval(values[2, :, 3])
    assert (alone.low, alone.high) == (found.low[2, 3], found.high[2, 3])


def test_one_seed_bounds_nothing() -> None:
    found = interval([[0.3], [0.5]])
    assert found.mean.tolist() == [0.3, 0.5]
    assert (found.low.tolist(), found.high.tolist(), found.bounded) == ([-math.inf] * 2, [math.inf] * 2, False)
    assert verdict(interval([5.0])) == "no difference seen"


def test_seeds_that_agree_give_no_interval() -> None:
    found = interval([0.1] * 3)
    assert found.low == found.mean == found.high == 0.1
    assert found.agreed
    assert verdict(found) == "all seeds agree", "a width of 0 would be too sure a thing"
    assert verdict(interval([-0.1] * 3)) == "all seeds agree"
    assert verdict(interval([0.0] * 3)) == "no difference seen"
    assert interval([[1.0, 1.0], [1.0, 2.0]]).agreed.tolist() == [True, False]
    assert not interval([5.0]).agreed, "one seed agrees with none"


def test_differences_of_equally_many_digits_agree_whatever_rounding_makes_of_them() -> None:
    """Shares of 500 test digits in percent, five seeds that each differ by the same number of digits, as the counts
    themselves say.
    """
    rng = np.random.default_rng(0)
    for _ in range(500):
        digits, more = rng.integers(400, 490, 5), int(rng.integers(1, 9))
        found = difference(100 * ((digits + more) / 500), 100 * (digits / 500))
        assert (found.agreed, found.told, verdict(found)) == (True, False, "all seeds agree")
        assert found.mean == pytest.approx(more / 5)
        assert verdict(difference(0.1 * digits + 0.2, 0.1 * (digits + 2))) == "no difference seen", (
            "0.2 more on both sides"
        )


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_else_a_difference_is_the_interval_of_the_differences(n: int, seed: int) -> None:
    one, other = np.random.default_rng(seed).integers(0, 500, (2, 3, n))
    found, want = difference(one / 500, other / 500), interval(one - other)
    assert found.agreed.tolist() == want.agreed.tolist()
    assert found.told.tolist() == want.told.tolist()
    for name in ("mean", "low", "high"):
        np.testing.assert_allclose(500 * getattr(found, name), getattr(want, name), rtol=1e-9, atol=1e-6)


def test_one_is_compared_with_many_and_with_none() -> None:
    many = difference([0.95, 0.94], [[0.93, 0.92], [0.90, 0.94], [0.95, 0.94]])
    assert many.agreed.tolist() == [True, False, True]
    assert many.mean == pytest.approx([0.02, 0.025, 0])
    assert difference([0.95, 0.94], np.empty((0, 2))).mean.shape == (0,)
    assert not difference([5.0], [1.0]).bounded


@pytest.mark.parametrize(
    ("one", "other"),
    [([], []), ([1.0, math.nan], [1.0, 1.0]), ([1.0, 1.0], [1.0, math.inf]), ([math.inf] * 2, [math.inf] * 2)],
)
def test_what_has_no_difference_is_refused(one: list[float], other: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        difference(one, other)


def test_clipped_ends_are_possible_ones_and_nothing_else_changes() -> None:
    found = interval([[0.0, 1.0], [0.2, 0.3], [1.0, 1.0]])
    assert (found.low[0] < 0, found.high[0] > 1) == (True, True)
    clipped = found.clipped(0, 1)
    assert clipped.low.tolist() == [0, max(found.low[1], 0), 1]
    assert clipped.high.tolist() == [1, min(found.high[1], 1), 1]
    assert clipped.mean.tolist() == found.mean.tolist()
    assert clipped.agreed.tolist() == [False, False, True]
    assert not interval([0.5]).clipped(0, 1).bounded


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf, 1.0]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        interval(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [([1.0, 1.1, 0.9], "higher"), ([-1.0, -1.1, -0.9], "lower"), ([-1.0, 1.1, 0.2], "no difference seen")],
)
def test_a_verdict_is_the_side_on_which_the_whole_interval_lies(values: list[float], said: str) -> None:
    assert verdict(interval(values)) == said
