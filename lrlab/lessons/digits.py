"""The data of the real network: handwritten digits of 8 x 8 pixels. Source and licence: digits.LICENSE.md beside this
file.
"""

from __future__ import annotations

import functools
import gzip
import importlib.resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TEST = 500
CLASSES = 10
_SHUFFLE = 8
_BRIGHTEST = 16


class Digits(NamedTuple):
    """Pixels, float64 from 0 to 1, of shape (n, 64), and the digits that they show, int64 of shape (n,): 1,297 to train
    with and 500 to test with.
    """

    train_x: NDArray[np.float64]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.float64]
    test_y: NDArray[np.int64]


@functools.cache
def digits() -> Digits:
    """The data set in one shuffled order, always the same; its arrays are read-only."""
    packed = (importlib.resources.files("lrlab.lessons") / "digits.csv.gz").read_bytes()
    table = np.loadtxt(gzip.decompress(packed).decode("ascii").splitlines(), delimiter=",", dtype=np.int64)
    table = np.random.default_rng(_SHUFFLE).permutation(table)
    pixels, labels = table[:, :-1] / _BRIGHTEST, table[:, -1].copy()
    pixels.flags.writeable = labels.flags.writeable = False
    return Digits(pixels[TEST:], labels[TEST:], pixels[:TEST], labels[:TEST])
