"""What a batch size and a budget of tokens come to: a scaled rate, and optimizer steps."""

from __future__ import annotations

import math
from typing import Literal

Scaling = Literal["linear", "square root"]


def scaled_rate(rate: float, batch: int, reference: int, scaling: Scaling) -> float:
    """The base rate for a batch of `batch` samples a step, from one known to be good for `reference` of them.

    Linear: rate * batch / reference (Goyal et al. 2017, arXiv 1706.02677, for SGD); square root: rate * sqrt(batch /
    reference) (Krizhevsky 2014, arXiv 1404.5997; Malladi et al. 2022, arXiv 2205.10287, for Adam). ValueError where a
    batch is not positive.
    """
    if batch < 1 or reference < 1:
        msg = "a batch must hold at least one sample"
        raise ValueError(msg)
    share = batch / reference
    return rate * (share if scaling == "linear" else math.sqrt(share))


def token_steps(tokens: float, sequence_length: int, sequences: int) -> int:
    """How many optimizer steps a budget of tokens pays for; a step that was begun counts.

    They are ceil(tokens / (sequence_length * sequences)), where a step has so many sequences. ValueError where one of
    them is not positive.
    """
    if not tokens >= 1 or sequence_length < 1 or sequences < 1:
        msg = "tokens, sequence length and sequences in a step must be at least 1"
        raise ValueError(msg)
    return math.ceil(tokens / (sequence_length * sequences))
