"""The network of the SGDR lesson: what its page says of a training, of what diverges, and of nothing to train."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lesson_pages import charts, ended, jobs, texts, trained
from streamlit.testing.v1 import AppTest

from lrlab import engine
from lrlab.document import parse
from lrlab.lessons import compare
from lrlab.lessons.network import Outcome, Training, kept_at, squeezed, train
from lrlab.ui.lessons import jobs as page_jobs
from lrlab.ui.lessons.numbers import mean, number
from lrlab.ui.state import DEFAULT

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own
QUICK = {"network.epochs": "3", "network.seeds": "5", "network.ran": "true"}
PLATEAU = "torch.ReduceLROnPlateau"
RESTARTS = {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 30}


def table(app: AppTest, first: str) -> pd.DataFrame:
    return next(frame.value for frame in app.dataframe if frame.value.columns[0] == first)


def document(*trials: dict[str, Any]) -> dict[str, Any]:
    return {"lrlab": 1, "run": {"total_steps": 90, "steps_per_epoch": 30}, "trials": list(trials)}


LEVEL = {"name": "level", "base_lr": 0.05, "schedule": {"kind": "torch.ConstantLR", "factor": 1.0, "total_iters": 0}}
CYCLES = {"name": "cycles", "base_lr": 0.05, "schedule": RESTARTS}
WILD = {"name": "wild", "base_lr": 1e6, "schedule": {"kind": "torch.ConstantLR", "factor": 1.0, "total_iters": 0}}


def test_nothing_is_trained_before_it_is_asked_for() -> None:
    app = trained("pages/sgdr.py", {})
    assert not jobs(app)
    assert any("Train 2 schedules" in button.label for button in app.button)


def test_the_button_trains_and_the_address_says_so() -> None:
    app = trained("pages/sgdr.py", {"network.epochs": "2", "network.seeds": "5"})
    next(button for button in app.button if "Train 2 schedules" in button.label).click()
    app.run()
    ended(app)
    assert "true" in app.query_params["network.ran"]
    assert len(table(app, "schedule")) == 2


def test_what_the_table_says_is_what_the_trainer_comes_to() -> None:
    """The default experiment of Tune, trained here once more."""
    app = trained("pages/sgdr.py", QUICK)
    settings, experiment = Training(epochs=3, seeds=5), parse(DEFAULT)
    at = squeezed(experiment.run.steps, settings.setup.steps)
    rates = np.array([engine.lr(experiment.run, trial, at) for trial in experiment.trials])
    *_, (_, outcome) = train(settings.setup, rates, 5)
    shown = table(app, "schedule")
    assert shown["schedule"].tolist() == ["SGDR", "one cosine"]
    for row, accuracy in zip(shown["test accuracy, %"], outcome.accuracy[..., -1], strict=True):
        assert row.startswith(f"{100 * accuracy.mean():.1f} (")
    assert shown["snapshots"].tolist() == ["4", ""]
    assert shown["diverged"].tolist() == [0, 0]
    assert "SGDR minus one cosine" in table(app, "difference")["difference"].tolist()


def test_a_schedule_that_diverges_is_said_and_is_in_no_mean() -> None:
    app = trained("pages/sgdr.py", QUICK, document(LEVEL, WILD))
    assert "wild: 5 of 5 networks diverged, first at step 1" in texts(app)
    shown = table(app, "schedule")
    assert shown["test accuracy, %"].iloc[1] == ""
    assert "there is nothing to compare" in texts(app)
    assert "nan" not in json.dumps(charts(app)["network.curves"]).lower()


def test_where_every_schedule_diverges_there_is_a_chart_of_rates_and_no_mean() -> None:
    app = trained("pages/sgdr.py", QUICK, document(WILD))
    assert "wild: every network diverged" in charts(app)["network.curves"]["alt"]
    assert {trace["yaxis"] for trace in charts(app)["network.curves"]["figure"]["data"]} == {"y"}, (
        "no empty panels above the rates"
    )
    assert not app.dataframe, "nor an empty table"


@pytest.mark.parametrize("hidden", [True, False])
def test_without_a_schedule_it_says_where_to_get_one(hidden: bool) -> None:
    trials = [LEVEL | {"hidden": True}] if hidden else []
    app = trained("pages/sgdr.py", QUICK, document(*trials))
    assert "There is no schedule to train" in texts(app)


def test_the_curves_of_the_first_section_train_it_too() -> None:
    app = ended(
        trained(
            "pages/sgdr.py",
            QUICK | {"network.schedules": "curve", "curve.step": "false", "curve.T_0": "50", "curve.T_mult": "3"},
        )
    )
    found = table(app, "schedule")
    assert list(found["schedule"]) == ["SGDR", "one cosine"]
    assert list(found["snapshots"]) == ["2", ""], "cycles of 50 and 150 epochs end in 200"


def test_it_says_that_what_is_trained_is_tunes() -> None:
    said = "What is trained is what Tune shows, not what The curve above does: level"
    assert said in texts(trained("pages/sgdr.py", {}, document(LEVEL)))
    assert "What is trained is" not in texts(trained("pages/sgdr.py", {"network.schedules": "curve"}, document(LEVEL)))


def test_more_schedules_than_can_be_told_apart_are_cut_and_it_says_so() -> None:
    app = trained("pages/sgdr.py", {}, document(*[LEVEL | {"name": f"level {n}"} for n in range(9)]))
    assert "The first 8 of the 9 schedules" in texts(app)


def test_only_schedules_that_restart_have_a_chart_of_their_cycles() -> None:
    assert "network.anytime" not in charts(trained("pages/sgdr.py", QUICK, document(LEVEL)))
    app = trained("pages/sgdr.py", QUICK, document(LEVEL, CYCLES))
    traces = charts(app)["network.anytime"]["figure"]["data"]
    said = {
        text.partition("<extra>")[2].removesuffix("</extra>")
        for trace in traces
        if (text := trace.get("hovertemplate"))
    }
    assert said == {"level", "cycles: now", "cycles: last cycle", "cycles: snapshot", "cycles: ensemble"}
    assert [trace["name"] for trace in traces if trace["showlegend"]] == ["level", "cycles"], (
        "each schedule once in the legend"
    )


@pytest.mark.parametrize(
    ("cycle", "why_none"), [(4, ""), (3, "its shortest cycle comes to 4.1 steps of this training")]
)
def test_cycles_of_a_few_training_steps_have_no_snapshots_and_it_says_so(cycle: int, why_none: str) -> None:
    """123 steps of training for a run of 90."""
    app = trained("pages/sgdr.py", QUICK, document(CYCLES | {"schedule": RESTARTS | {"T_0": cycle}}))
    assert ("No snapshots of cycles: " + why_none in texts(app)) == bool(why_none)
    assert table(app, "schedule")["snapshots"].tolist() == ["" if why_none else "22"]
    assert ("network.anytime" in charts(app)) == (not why_none)


def test_more_cycles_than_are_listed_have_no_snapshots_and_it_says_so() -> None:
    many = document(CYCLES | {"schedule": RESTARTS | {"T_0": 100}}) | {
        "run": {"samples": 50_000, "batch_size": 128, "epochs": 155}
    }
    app = trained("pages/sgdr.py", QUICK, many)
    assert "No snapshots of cycles: of its 606 whole cycles only the first 200 are listed" in texts(app)
    assert table(app, "schedule")["snapshots"].tolist() == [""]


@pytest.mark.parametrize(("seconds", "said"), [
    (0.01, "about a second"), (1.6, "about 2 seconds"), (14.4, "about 14 seconds"), (34.0, "about 30 seconds"),
    (130.0, "about 2 minutes"),
])  # fmt: skip
def test_times_are_told_as_people_say_them(seconds: float, said: str) -> None:
    assert page_jobs.about(seconds) == said


LARGEST = Training(epochs=200, seeds=20, batch=4, hidden=128)


def test_a_training_that_would_keep_the_others_waiting_is_refused_with_its_arithmetic() -> None:
    trials = [LEVEL | {"name": f"level {n}"} for n in range(8)]
    app = trained("pages/sgdr.py", LARGEST.replaced(ran=True).written() | {"present": "3"}, document(*trials))
    assert not jobs(app), "nor does a link start it"
    seconds = math.ceil(LARGEST.setup.seconds(160))
    assert seconds > page_jobs.MOST_SECONDS
    work = f"about {seconds} seconds of work, and 60 is the most"
    said = f"8 schedules x 20 seeds are 160 networks of 65,000 steps each, {work}"
    assert said in texts(app)
    assert next(button for button in app.button if button.label.startswith("Train 8 schedules")).disabled
    assert "At most 2 at a time" not in texts(app), "no terms for what is not to be had"


def test_the_same_training_of_few_schedules_is_offered() -> None:
    app = trained("pages/sgdr.py", LARGEST.written() | {"present": "3"}, document(LEVEL, CYCLES))
    assert LARGEST.setup.seconds(40) < page_jobs.MOST_SECONDS
    assert not next(button for button in app.button if button.label.startswith("Train 2 schedules")).disabled
    assert "of work" not in texts(app)


def outcome(diverged: list[list[int]]) -> Outcome:
    """Two schedules, three seeds, four epochs of ten steps; accuracy k + seed / 10 + epoch / 100."""
    k, s, e = np.meshgrid([0, 1], [0, 1, 2], [1, 2, 3, 4], indexing="ij")
    values = k + s / 10 + e / 100
    snapshots = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    return Outcome(
        np.arange(1, 5),
        values,
        values,
        (np.array([9, 24]),) * 2,
        (snapshots,) * 2,
        (snapshots,) * 2,
        np.array(diverged),
    )


def test_what_there_is_at_an_epoch_is_the_last_snapshot_by_then() -> None:
    """Kept after steps 9 and 24: after the first epoch of ten the first, after the third the second."""
    found = compare.completed(outcome([[-1] * 3] * 2), 0, 10)
    assert found.tolist() == [[0.1, 0.1, 0.2, 0.2], [0.3, 0.3, 0.4, 0.4], [0.5, 0.5, 0.6, 0.6]]
    assert np.isnan(compare.completed(outcome([[-1] * 3] * 2), 0, 9)[:, 0]).all()


@pytest.mark.parametrize("diverged", [[[-1, -1, 7], [-1, -1, -1]], [[-1, -1, -1], [-1, -1, 0]]])
def test_differences_are_those_of_seeds_that_trained_under_both(diverged: list[list[int]]) -> None:
    values = np.array([[3.0, 5.0, 100.0], [1.0, 2.0, 3.0]])
    (found,) = compare.differences(["a", "b"], outcome(diverged), values)
    assert (found.found.mean, found.found.n) == (2.5, 2)
    assert compare.differences(["a", "b"], outcome([[-1, 2, 7], [-1, -1, -1]]), values) == []


def test_networks_that_all_differ_by_the_same_number_of_digits_give_no_interval() -> None:
    """Of 500 test digits five networks know one more than their pairs: in percent as floats the differences are not
    quite equal.
    """
    known = np.array([446, 448, 460, 468, 481])
    values = 100 * (np.array([known + 1, known]) / 500)
    assert np.ptp(values[0] - values[1]) > 0
    (found,) = compare.differences(["a", "b"], outcome([[-1] * 5] * 2), values)
    assert found.verdict == "all seeds agree"
    assert mean(found.found, "+.1f") == "+0.2 (all agree)"


def test_an_ensemble_is_compared_with_the_last_snapshot_and_a_cut_cycle_is_told() -> None:
    """Cycles of 40 of 90 steps: the run's end cuts the third. Then of 45, which it does not cut."""
    settings = Training(epochs=3, seeds=5)
    for cycle, cut in ((40, True), (45, False)):
        app = trained("pages/sgdr.py", QUICK, document(CYCLES | {"schedule": RESTARTS | {"T_0": cycle}}))
        experiment = parse(document(CYCLES | {"schedule": RESTARTS | {"T_0": cycle}}))
        rates = engine.lr(experiment.run, experiment.trials[0], squeezed(90, settings.setup.steps))
        *_, (_, outcome) = train(
            settings.setup, rates[None], 5, [kept_at(90, settings.setup.steps, [cycle - 1, 2 * cycle - 1])]
        )
        single, together, now = (
            outcome.snapshot_accuracy[0][:, -1],
            outcome.ensemble_accuracy[0][:, -1],
            outcome.accuracy[0, :, -1],
        )
        wanted = {"cycles: ensemble of 2 minus last snapshot": together - single}
        wanted |= {"cycles: last weights minus last snapshot": now - single} if cut else {}
        shown = table(app, "difference")
        assert list(shown["difference"]) == list(wanted)
        for said, values in zip(shown["points of test accuracy"], wanted.values(), strict=True):
            assert said.startswith(number(100 * values.mean(), "+.1f"))
        assert ("look at its last snapshot too" in texts(app)) == cut


@pytest.mark.parametrize(("steps", "said"), [
    ([-1, -1], ""), ([-1, 41], "SGDR: 1 of 2 networks diverged, at step 41"),
    ([1041, 2000], "SGDR: 2 of 2 networks diverged, first at step 1,041"),
])  # fmt: skip
def test_divergence_in_a_sentence(steps: list[int], said: str) -> None:
    assert compare.divergence("SGDR", np.array(steps)) == said


@pytest.mark.parametrize(("accuracy", "said"), [
    ([0.9, 0.2], ""), ([], ""), ([0.9, 0.08], "flat: 1 of 2 networks is about as good as guessing, below 20 %"),
    ([0.1, 0.199], "flat: 2 of 2 networks are about as good as guessing, below 20 %"),
])  # fmt: skip
def test_guessing_in_a_sentence(accuracy: list[float], said: str) -> None:
    assert compare.guessing("flat", np.array(accuracy)) == said


def test_networks_that_learn_nothing_and_do_not_diverge_are_said() -> None:
    dead = LEVEL | {"name": "dead", "base_lr": 3.0}
    settings = Training(epochs=3, seeds=5)
    *_, (_, outcome) = train(settings.setup, np.full((1, settings.setup.steps), 3.0), 5)
    guessing = int((outcome.accuracy[0, :, -1] < 0.2).sum())
    assert (guessing, outcome.diverged.max()) == (5, -1)
    app = trained("pages/sgdr.py", QUICK, document(dead, LEVEL))
    assert "dead: 5 of 5 networks are about as good as guessing, below 20 %" in texts(app)
    assert "level: " not in " ".join(warning.value for warning in app.warning)


def test_the_file_has_a_line_for_each_epoch_and_is_empty_behind_a_divergence() -> None:
    text = "".join(compare.csv(['a "b", c', "d"], outcome([[-1, 0, -1], [-1, -1, 25]]), 10))
    read = pd.read_csv(io.StringIO(text))
    assert len(read) == 2 * 3 * 4
    assert set(read["schedule"]) == {'a "b", c', "d"}
    broken = read["test_accuracy"].isna().groupby([read["schedule"], read["seed"]]).sum()
    assert broken['a "b", c'].tolist() == [0, 4, 0]
    assert broken["d"].tolist() == [0, 0, 2]


def test_what_is_not_trained_as_tune_has_it_is_said() -> None:
    watching = {"name": "plateau", "base_lr": 0.05, "schedule": {"kind": PLATEAU}}
    groups = LEVEL | {"name": "two groups", "base_lr": [0.05, 0.1]}
    warmed = {
        "kind": "warmup_scheduler.GradualWarmupScheduler",
        "multiplier": 1.0,
        "total_epoch": 5,
        "after_scheduler": {"kind": PLATEAU},
    }
    shown = watching | {"name": "warmed, shown", "schedule": warmed | {"metrics": [1.0, 2.0]}}
    app = trained(
        "pages/sgdr.py", {}, document(watching, groups, watching | {"name": "warmed", "schedule": warmed}, shown)
    )
    assert "warmed: it watches no metric, so it never acts." in texts(app)
    assert "warmed, shown: it watches the metric that Tune shows it, not this network's." in texts(app)
    assert "plateau: it watches no metric, so it never acts." in texts(app)
    assert "two groups: every layer is trained with the rate of its first parameter group." in texts(app)
