"""The LR range test of the warmup lesson: what its page says that each rule suggests."""

from __future__ import annotations

import json

import numpy as np
import pytest
from lesson_pages import charts, jobs, texts, trained
from panels import write

from lrlab.lessons.rate_range import Ramp, Range, Suggestion, lowest, range_test
from lrlab.ui.lessons.rate_range import alone, untried

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def test_the_range_test_says_what_each_rule_suggests() -> None:
    app = trained("pages/warmup.py", {"range.ran": "true", "range.steps": "100"})
    shown = next(t.value for t in app.table if t.value.index.name == "rule")
    assert len(shown) == 3
    told = [rate for cell in shown["the mean suggests"] for rate in cell.split(" to ")]
    words = [
        note["text"].split()[-1]
        for note in charts(app)["range.curves"]["figure"]["layout"]["annotations"]
        if "xshift" not in note
    ][1:]
    assert sorted(words, key=float) == sorted(told, key=float), "the chart has the table's numbers, each of them"


def test_each_seed_alone_gets_its_own_rate_though_another_diverges_before_that() -> None:
    """A curve that is lowest at 0.1, in a seed that trains to the end; the other breaks off at 0.01."""
    rates = np.geomspace(1e-4, 10, 501)
    bowl = 2.3 - 2 * np.exp(-((np.log10(rates) + 1) ** 2)) + 2 * np.maximum(np.log10(rates), 0)
    ramp = Ramp(rates, np.array([np.where(np.arange(501) < 200, bowl, 1e3), bowl]), np.array([200, -1]))
    assert max(alone(ramp, 0, lowest)) == pytest.approx(0.1, rel=0.02)


def test_smoothing_needs_no_new_test() -> None:
    app = trained("pages/warmup.py", {"range.ran": "true", "range.steps": "100"})
    before = len(jobs(app))
    write(app, "range.smoothing", "0.5")
    assert not app.exception
    assert len(jobs(app)) == before


def test_a_range_that_ends_too_low_gets_a_reason_and_no_number() -> None:
    app = trained(
        "pages/warmup.py", {"range.ran": "true", "range.steps": "60", "range.low": "1e-7", "range.high": "1e-6"}
    )
    shown = next(t.value for t in app.table if t.value.index.name == "rule")
    assert set(shown["the mean suggests"]) == {"no suggestion"}
    assert "No suggestion: the loss falls by" in texts(app)


@pytest.mark.parametrize(("low", "said"), [
    (1.0,
    ("Smith: {smith} begins below 1, the first rate of this test, which shows nothing of it. "
     "tenth: {tenth} is below 1, the first")), (1e-4, ""),
])  # fmt: skip
def test_rates_that_were_never_tried_are_said_to_be_untried(low: float, said: str) -> None:
    settings = Range(low=low, high=100.0, steps=300, seeds=1)
    app = trained("pages/warmup.py", settings.written() | {"range.ran": "true"})
    suggested = next(t.value for t in app.table if t.value.index.name == "rule")["the mean suggests"].tolist()
    assert said.format(smith=suggested[0], tenth=suggested[1]) in texts(app)
    assert ("the first rate of this test" in texts(app)) == bool(said)


@pytest.mark.parametrize(("mean", "seeds", "said"), [
    (Suggestion(0.2, 0.8), [0.8], ""), (Suggestion(0.1, 0.1), [0.1], ""),
    (Suggestion(0.05, 0.2), [0.2], "0.05 to 0.2 begins below 0.1"),
    (Suggestion(0.05, 0.05), [0.2], "0.05 is below 0.1"),
    (Suggestion(0.2, 0.2), [0.04, 0.3], "for a seed alone 0.04 is below 0.1"),
    (Suggestion(None, None, "why"), [0.04], "for a seed alone 0.04 is below 0.1"),
    (Suggestion(None, None, "why"), [], ""),
])  # fmt: skip
def test_what_is_untried_in_a_sentence(mean: Suggestion, seeds: list[float], said: str) -> None:
    assert untried("rule", mean, seeds, 0.1) == (
        said and f"rule: {said}, the first rate of this test, which shows nothing of it."
    )


def test_a_range_that_breaks_every_network_says_at_which_step_and_rate() -> None:
    settings = Range(low=0.01, high=100.0, steps=30)
    *_, (_, ramp) = range_test(settings)
    app = trained("pages/warmup.py", settings.written() | {"range.ran": "true"})
    step = int(ramp.diverged[ramp.diverged >= 0].min())
    assert (
        f"first at step {step}, after an update at a rate of {ramp.rates[step - 1]:.3g}: the mean ends there"
        in texts(app)
    )
    assert "nan" not in json.dumps(charts(app)["range.curves"]).lower()
