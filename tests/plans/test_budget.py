"""Rates for other batches, and steps for tokens, against the arithmetic of the papers that publish them."""

from __future__ import annotations

import math

import pytest

from lrlab.plans import budget


def test_goyal_et_al_train_with_a_batch_of_8192_at_3_2() -> None:
    """Their reference is 0.1 for 256 images; their table has 0.1 * k / 256."""
    assert budget.scaled_rate(0.1, 8192, 256, "linear") == pytest.approx(3.2)


def test_the_square_root_of_four_times_the_batch_is_twice_the_rate() -> None:
    assert budget.scaled_rate(3e-4, 1024, 256, "square root") == pytest.approx(6e-4)


@pytest.mark.parametrize("scaling", ["linear", "square root"])
def test_there_and_back_is_where_it_was(scaling: budget.Scaling) -> None:
    there = budget.scaled_rate(0.1, 777, 256, scaling)
    assert math.isclose(budget.scaled_rate(there, 256, 777, scaling), 0.1)


def test_a_budget_of_tokens_is_enough_for_its_steps() -> None:
    """GPT-3: 300 billion tokens in batches of 3.2 million; Chinchilla's 1.4 trillion in begun steps."""
    assert budget.token_steps(300e9, 2048, 1600) == math.ceil(300e9 / 3_276_800)
    assert budget.token_steps(2049, 2048, 1) == 2


@pytest.mark.parametrize(("tokens", "length", "sequences"), [(0, 1, 1), (10, 0, 1), (10, 1, 0), (float("nan"), 1, 1)])
def test_nothing_is_refused_with_a_sentence(tokens: float, length: int, sequences: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        budget.token_steps(tokens, length, sequences)
    with pytest.raises(ValueError, match="at least one sample"):
        budget.scaled_rate(0.1, 0, 256, "linear")
