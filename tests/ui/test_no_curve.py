"""A trial of a valid document whose rates cannot be worked out at every step: a sentence, on a page that works."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
from lesson_pages import opened as lesson
from panels import captions, complaint, components, nodes, press, write
from streamlit.testing.v1 import AppTest
from test_page import at_hand, figure, opened

from lrlab import charts, engine
from lrlab.document import View, parse
from lrlab.exporters import EXPORTERS
from lrlab.ui.gallery import entry

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

GROWING: dict[str, Any] = {"kind": "torch.ExponentialLR", "gamma": 1e30}
BEYOND: dict[str, Any] = {
    "kind": "torch.SequentialLR",
    "milestones": [50],
    "schedulers": [GROWING, {"kind": "torch.ConstantLR"}],
}
"""Beyond every float from tick 11 on, but finite where a document is checked: at the first two ticks and the last."""
JOINED: dict[str, Any] = {
    "kind": "optax.join_schedules",
    "boundaries": [50],
    "schedules": [
        {"kind": "optax.exponential_decay", "init_value": 0.1, "transition_steps": 1, "decay_rate": 1e30},
        {"kind": "optax.constant_schedule", "value": 0.1},
    ],
}
NESTED: dict[str, Any] = {
    "kind": "optax.join_schedules",
    "boundaries": [30],
    "schedules": [JOINED | {"boundaries": [20]}, {"kind": "optax.constant_schedule", "value": 0.1}],
}
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
TABS = ("Numbers", "Advice", "Restarts", "Resume", "Formula", "Code", "Share", "Import")
NEED_RATES = ("Numbers", "Advice", "Restarts", "Resume", "Code")


def document(*schedules: dict[str, Any], steps: int = 100) -> dict[str, Any]:
    trials = [
        {"name": f"trial {i}", "base_lr": 0.5, "clock": "step", "schedule": schedule}
        for i, schedule in enumerate(schedules)
    ]
    return {"lrlab": 1, "run": {"total_steps": steps, "steps_per_epoch": 10}, "trials": trials}


def said(app: AppTest) -> str:
    kinds = ("warning", "info", "error")
    return "\n".join(element.value.replace("\\", "") for kind in kinds for element in app.get(kind))


def reason(app: AppTest, place: int = 0) -> str:
    experiment = at_hand(app)
    found = engine.failure(experiment.run, experiment.trials[place])
    assert found is not None
    return found


@pytest.mark.parametrize("schedule", [BEYOND, JOINED], ids=["sequence", "joined"])
def test_a_reason_is_what_the_other_functions_raise(schedule: dict[str, Any]) -> None:
    experiment = parse(document(schedule, COSINE))
    run, (bad, good) = experiment.run, experiment.trials
    bad_one, good_one = engine.drawn(experiment)
    assert isinstance(bad_one, engine.NoCurve)
    assert isinstance(good_one, engine.Curve)
    assert engine.failure(run, good) is None
    for ask in (engine.curve, engine.summary, lambda run, trial: engine.lr(run, trial, np.arange(run.steps))):
        with pytest.raises(ValueError, match="not finite at tick") as error:
            ask(run, bad)
        assert str(error.value) == bad_one.reason
    with pytest.raises(ValueError, match="trial 0: the learning rate"):
        engine.curves(experiment)


@pytest.mark.parametrize("schedule", [BEYOND, JOINED, NESTED], ids=["sequence", "joined", "nested"])
@pytest.mark.parametrize("tab", TABS)
def test_the_sentence_stands_in_the_chart_s_place_and_in_each_tab(schedule: dict[str, Any], tab: str) -> None:
    app = opened(document(schedule), tab=tab)
    assert not components(app, "chart")
    assert f"Not drawn: {reason(app)}." in said(app)
    if tab in NEED_RATES:
        told = [info.value.replace("\\", "") for info in app.info] + captions(app).splitlines()
        assert f"{reason(app)}." in told, tab
    assert any(node["is"] == "number" for node in nodes(app, "panel").values()), "the trial can be shaped"
    assert "run.total_steps" in nodes(app)


@pytest.mark.parametrize("target", EXPORTERS)
def test_the_code_tab_says_it_for_every_target_but_the_document(target: str) -> None:
    app = opened(document(BEYOND), tab="Code")
    app.get_by_key("target").set_value(target).run()
    assert not app.exception
    assert bool(app.code) == (target == "json")
    assert any("not finite" in info.value for info in app.info) == (target != "json")


def test_the_other_trials_are_drawn_in_their_own_colours_and_told() -> None:
    app = opened(document(BEYOND, COSINE, JOINED), tab="Numbers")
    (line,) = [trace for trace in figure(app)["data"] if trace["mode"] == "lines"]
    assert line["name"] == "trial 1"
    assert (line["line"]["color"], line["line"]["dash"]) == charts.style(1)
    assert line["legendgroup"] == "1"
    for place in (0, 2):
        assert f"Not drawn: {reason(app, place)}." in said(app)
    assert [row[0] for row in nodes(app)["numbers"]["rows"]] == ["trial 1"]


def test_undo_brings_back_what_was_drawn() -> None:
    app = opened(document(BEYOND | {"schedulers": [GROWING | {"gamma": 0.9}, {"kind": "torch.ConstantLR"}]}))
    write(app, "trials.0.schedule.schedulers.0.gamma", str(GROWING["gamma"]))
    assert not app.exception
    assert "not finite" in said(app)
    press(app, "undo")
    assert not app.exception
    assert "not finite" not in said(app)
    assert figure(app)["data"]


def test_an_expression_that_is_not_finite_somewhere_is_refused_and_the_page_keeps_what_it_had() -> None:
    app = opened(document({"kind": "torch.LambdaLR", "lr_lambda": "0.5"}))
    write(app, "trials.0.schedule.lr_lambda", "1e308 * min(epoch, 99 - epoch)")
    assert not app.exception
    assert "not finite at tick 2" in complaint(app, "trials.0.schedule.lr_lambda")
    assert figure(app)["data"]


def test_a_hidden_trial_without_a_curve_takes_no_place_on_the_page() -> None:
    app = opened(document(BEYOND, COSINE))
    press(app, "hide")
    assert "Not drawn" not in said(app)
    assert figure(app)["data"]


def test_the_network_trains_the_others() -> None:
    app = lesson("pages/sgdr.py", {"training.schedules": "tune"}, document(BEYOND, COSINE))
    assert "Not trained: trial 0: the learning rate is not finite" in said(app)


def test_an_entry_of_the_gallery_without_a_curve_has_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = parse(document(JOINED)).trials[0]
    monkeypatch.setattr(entry, "sample", lambda _: trial)
    monkeypatch.setattr(entry, "RUN", parse(document(JOINED)).run)
    app = AppTest.from_file(str(oracle.ROOT / "app.py"), default_timeout=60)
    app.query_params["kind"] = "torch.MultiplicativeLR"
    app.switch_page("pages/gallery.py").run()
    assert not app.exception
    assert not components(app, "chart")
    assert "Not drawn: trial 0: the learning rate is not finite" in said(app)
    assert app.code


def test_the_figure_is_described_without_it() -> None:
    experiment = parse(document(BEYOND, COSINE))
    curves = engine.drawn(experiment)
    text = charts.description(experiment.run, curves)
    assert "not drawn: trial 0: the learning rate is not finite" in text
    assert "trial 1: from 0.5" in text
    for y in ("linear", "log"):
        assert len(charts.overlay(experiment.run, curves, View(y=y))["data"]) == 1
