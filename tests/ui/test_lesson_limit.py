"""The largest peak that still trains: what its page says of a grid of trainings, and of a link to a long one."""

from __future__ import annotations

import io
import time

import numpy as np
import pandas as pd
import pytest
from lesson_pages import PATIENCE, charts, jobs, texts, trained

from lrlab.lessons.limit import Limit, Limits, axes, judged
from lrlab.lessons.limit import limit as grid
from lrlab.lessons.network import Outcome
from lrlab.ui.lessons import jobs as page_jobs
from lrlab.ui.lessons.limit import OUT, cells, csv, signs, verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own
HEAVY = Limit(depth=8, epochs=60, seeds=10, ran=True)


def test_a_link_to_a_long_training_offers_it_and_the_button_starts_it() -> None:
    app = trained("pages/warmup.py", HEAVY.written())
    assert not jobs(app)
    assert f"This link asks for a training of {page_jobs.about(HEAVY.setup.seconds(400))}: start it." in texts(app)
    next(button for button in app.button if button.label.startswith("Train 5 warmups")).click().run()
    (job,) = jobs(app)
    assert job.alive
    job.stop()


def test_a_link_to_a_long_training_that_is_done_shows_it() -> None:
    settings = HEAVY.replaced(gain=1.0, ran=True)
    warmups, peaks = axes(settings)
    loss = np.ones((40, 10, 1))
    found = judged(warmups, peaks, Outcome(np.array([1]), loss, loss, (), (), (), np.full((40, 10), -1)))
    other = page_jobs.queue("trainings").submit("other", settings.work, lambda: iter([(1.0, found)]))
    until = time.monotonic() + PATIENCE
    while other.alive and time.monotonic() < until:
        time.sleep(0.01)
    app = trained("pages/warmup.py", settings.written())
    assert [job.state for job in jobs(app)] == ["done"]
    assert "limit.map" in charts(app)


def test_the_grid_says_the_largest_peaks_that_the_trainer_finds() -> None:
    settings = Limit(epochs=6, depth=1, seeds=2, gain=1.0)
    app = trained("pages/warmup.py", settings.written() | {"limit.ran": "true"})
    *_, (_, found) = grid(settings)
    assert verdict(found, settings).replace("*", "") in texts(app).replace("*", "")
    figure = charts(app)["limit.map"]["figure"]
    assert len(figure["data"][0]["z"]) == found.peaks.size
    assert len(pd.read_csv(io.StringIO(csv(found)))) == found.loss.size


@pytest.mark.parametrize(("places", "said"), [
    ([None] * 3, "In no cell did the loss of every seed come below 0.58 in 220 steps; 1 of 48 networks diverged."),
    ([None, 2, 1],
    "Without a warmup no peak trains every seed; with the best of the 2 warmups, 3 seeds a cell, 0.04 does."),
    ([1, 1, 0], "Here with the best of the 2 warmups, 3 seeds a cell, the peak may be no larger"),
    ([1, 2, 1],
    ("the best of the 2 warmups, 3 seeds a cell, the peak may be 2 times as large as without one: "
     "one cell of this grid, which 3 seeds")),
    ([1, 2, 4],
    ("the best of the 2 warmups, 3 seeds a cell, the peak may be 8 times as large as without one: "
     "chance favours the best of several.")),
    ([7, 7, 7], "The grid ends there"),
])  # fmt: skip
def test_the_verdict_follows_from_the_largest_peaks(places: list[int | None], said: str) -> None:
    peaks, loss = 0.01 * 2.0 ** np.arange(8), np.full((24, 2, 1), 9.0)
    for row, place in enumerate(places):
        if place is not None:
            loss[8 * row + place] = 0.1
    diverged = np.full((24, 2), -1)
    diverged[7, 1] = 5 if places[0] != 7 else -1
    found = judged(np.array([0, 10, 20]), peaks, Outcome(np.array([1]), loss, loss, (), (), (), diverged))
    said_of = verdict(found, Limit())
    assert said in said_of


def mapped(loss: list[list[float]], steps: list[list[int]]) -> Limits:
    """A map of one warmup of 4 steps over peaks from 0.01 on, from the losses of each peak's seeds and the steps at
    which they diverged.
    """
    values = np.array(loss)[..., None]
    return judged(
        np.array([4]),
        0.01 * 2.0 ** np.arange(len(loss)),
        Outcome(np.array([1]), values, values, (), (), (), np.array(steps)),
    )


def test_the_signs_of_the_map_are_explained_where_it_has_them() -> None:
    """The third peak's median would train, one of its seeds does not; of the fourth one diverged, of the last two."""
    loss = [[0.1] * 3, [0.2] * 3, [0.2, 0.28, 2.3], [2.3] * 3, [2.3] * 3]
    found = mapped(loss, [[-1] * 3, [-1] * 3, [-1] * 3, [-1, 105, -1], [7, -1, 2]])
    said = signs(found, finished=True)
    assert "of the last epoch. " in said
    assert f"`{OUT}1,\N{NO-BREAK SPACE}t=105` means that one seed diverged, at step 105." in said
    assert "Grey: at least half" in said
    assert (
        "so a median below 0.58 may stand above it: 0.28 at a peak of 0.04 after 4 steps, "
        "because 1 of the 3 seeds does not train there." in said
    )
    assert cells(found).tolist() == [
        ["0.10", "0.20", "0.28", f"2.30 {OUT}1,\N{NO-BREAK SPACE}t=105", f"{OUT}2,\N{NO-BREAK SPACE}t=2"]
    ]


def test_a_map_without_signs_explains_none() -> None:
    said = signs(mapped([[0.7] * 3, [0.1] * 3, [0.7] * 3], [[-1] * 3] * 3), finished=False)
    assert said == "In each cell: the median over 3 seeds of the mean training loss of the last epoch so far."


def test_a_cell_that_is_too_slow_is_not_said_to_stand_above_the_border() -> None:
    said = signs(mapped([[0.1, 0.2, 2.3], [0.1] * 3, [2.3] * 3], [[-1] * 3] * 3), finished=True)
    assert "above it" not in said


@pytest.mark.parametrize(("seeds", "largest", "gap"), [([3, 3, 1, 3, 0], 0.02, True), ([3, 3, 3, 3, 0], 0.08, False)])
def test_no_peak_is_said_to_train_above_one_that_fails(seeds: list[int], largest: float, gap: bool) -> None:
    """How many of three seeds train with each peak after a warmup of 15 steps; without one none does."""
    loss = np.full((10, 3, 1), 9.0)
    for peak, count in enumerate(seeds):
        loss[5 + peak, :count] = 0.1
    found = judged(
        np.array([0, 15]),
        0.01 * 2.0 ** np.arange(5),
        Outcome(np.array([1]), loss, loss, (), (), (), np.full((10, 3), -1)),
    )
    said = verdict(found, Limit())
    assert f"{largest} (15 steps)." in said
    assert ("Above a peak that fails, every seed trains again with 0.08 (15 steps)" in said) == gap
