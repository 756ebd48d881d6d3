"""Reading and sketching a metric."""

from __future__ import annotations

import numpy as np
import pytest

from lrlab.document import MAX_BYTES, DocumentError
from lrlab.readers.metrics import ACCURACY, LOSS, MOST_VALUES, Sketch, columns, parse, sketch


@pytest.mark.parametrize("text", [
    "0.9\n0.8\n0.7", "0.9, 0.8, 0.7", "0.9;0.8;0.7", "0.9 0.8 0.7", "loss\n0.9\n0.8\n\n0.7\n", "0.9,\n0.8,\n0.7,",
    "0.9, 0.8\n0.7", b"\xef\xbb\xbf0.9\r\n0.8\r\n0.7\r\n", "validation loss\n0.9\n0.8\n0.7", "\t0.9\n 0.8 \n0.7",
    "[a]\n9e-1\n8E-1\n+.7",
])  # fmt: skip
def test_a_list_of_numbers_in_any_dress(text: str | bytes) -> None:
    assert len(columns(text)) == 1
    assert parse(text) == (0.9, 0.8, 0.7)


@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
def test_a_table_has_columns_by_name(mark: str) -> None:
    text = "\n".join(mark.join(row) for row in (("epoch", "loss", "acc"), ("0", "0.9", "0.1"), ("1", "0.8", "nan")))
    assert columns(text) == ("epoch", "loss", "acc")
    assert parse(text, 1) == (0.9, 0.8)
    assert parse(text, 2) == (0.1, "nan")


def test_empty_cells_are_skipped_as_loggers_leave_them() -> None:
    text = "step,train,val\n1,0.9,\n2,,0.95\n3,0.8,\n4,,0.85\n"
    assert parse(text, 2) == (0.95, 0.85)


def test_quoted_cells_and_a_table_without_names() -> None:
    assert columns("1,2\n3,4") == ("column 1", "column 2")
    assert parse('"a, b","c"\n"1","2"\n"3","4"', 1) == (2.0, 4.0)


@pytest.mark.parametrize(("text", "said"), [
    ("0.9\nabc\n0.7", "line 2: 'abc' is no number"),
    ("loss\n\n0.9\n1e999", "line 4: '1e999' is not finite"),
    ("a,b\n1,2\n3,__import__('os')", "line 3: \"__import__('os')\" is no number"),
    ("", "the metric: holds no number"),
    ("words only", "the metric: holds no number"),
    (b"\xff\xfe\x00", "the metric: is no text in UTF-8"),
    (b"1" * (MAX_BYTES + 1), "the metric: is larger than 1 MiB"),
    ("1\n" * (MOST_VALUES + 1), f"the metric: {MOST_VALUES + 1:,} values are more than {MOST_VALUES:,}"),
    ("a," + "9" * 200_000 + "\n1,2", "the metric: is no table of numbers"),
])  # fmt: skip
def test_what_is_no_metric_gets_one_sentence(text: str | bytes, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text, len(columns(text)) - 1)
    assert str(caught.value) == said


def test_a_sketch_goes_from_start_to_end() -> None:
    still = Sketch(start=2.0, end=0.5, decay=0.1, noise=0.0, plateaus=0)
    values = np.array(sketch(still, 101))
    assert values[0] == 2.0
    assert values[10] == pytest.approx(0.5 + 1.5 / np.e, rel=1e-5)
    assert np.all(np.diff(values) <= 0)
    assert values[-1] == pytest.approx(0.5, abs=1e-3)


def test_plateaus_are_level_halves() -> None:
    values = np.array(sketch(Sketch(noise=0.0, plateaus=2, decay=1.0), 401))
    level = np.diff(values) == 0
    assert level[101:199].all()
    assert level[301:].all()
    assert not level[:99].any()
    assert not level[201:299].any()


def test_noise_is_the_seeds_and_a_share_of_the_distance() -> None:
    assert sketch(LOSS, 100) == sketch(LOSS, 100) != sketch(Sketch(seed=1), 100)
    flat = Sketch(start=5.0, end=1.0, decay=1e-9, noise=0.1, plateaus=0)
    assert np.std(sketch(flat, 10_000)[1:]) == pytest.approx(0.4, rel=0.05)


def test_an_accuracy_rises() -> None:
    values = sketch(ACCURACY, 100)
    assert values[0] < 0.2
    assert values[-1] > 0.8


def test_a_sketch_has_a_value_a_call_of_six_digits_up_to_a_limit() -> None:
    assert len(sketch(LOSS, 1)) == 1
    assert len(sketch(LOSS, 155)) == 155
    assert len(sketch(LOSS, 10**9)) == MOST_VALUES
    assert all(value == float(f"{value:.6g}") for value in sketch(LOSS, 500))
