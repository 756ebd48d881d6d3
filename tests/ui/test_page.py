"""The Tune page through Streamlit's own test harness: what a widget does to the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oracle import ROOT
from streamlit.testing.v1 import AppTest

from lrlab.document import Experiment, from_link, parse
from lrlab.schedules import KINDS, params
from lrlab.ui import state

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def opened(document: dict[str, Any] | None = None, link: str | None = None, tab: str | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if document is not None:
        app.query_params["s"] = parse(document).link()
    if link is not None:
        app.query_params["s"] = link
    if tab is not None:
        app.query_params["tune.tab"] = tab
    app.run()
    assert not app.exception
    return app


def at_hand(app: AppTest) -> Experiment:
    found: Experiment = app.session_state["experiment"]
    return found


def figure(app: AppTest) -> dict[str, Any]:
    chart: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)["figure"]
    return chart


def test_it_opens_on_sgdr_against_one_cosine_ending_on_a_minimum() -> None:
    app = opened()
    run = at_hand(app).run
    assert (run.steps, run.updates) == (60_605, 391)
    warmup, first = 5 * run.updates, 10 * run.updates
    assert warmup + first * (2**4 - 1) == run.steps, "the fourth cycle ends with the run"
    lines = [t for t in figure(app)["data"] if t["mode"] == "lines"]
    assert [line["name"] for line in lines] == ["SGDR", "one cosine"]


def test_the_address_carries_the_experiment() -> None:
    app = opened()
    app.slider(key="trials.0.schedule.schedulers.1.T_0/slider").set_value(2 * 3910).run()
    assert at_hand(app).trials[0].schedule.schedulers[1].T_0 == 7820
    assert from_link("".join(app.query_params["s"])) == at_hand(app)


@pytest.mark.parametrize("kind", KINDS)
def test_every_argument_has_a_widget_that_sets_it(kind: str) -> None:
    schedule = KINDS[kind].example(1000, 10, 100)
    app = opened(
        {
            "lrlab": 1,
            "run": {"total_steps": 1000, "steps_per_epoch": 100},
            "trials": [{"name": "t", "base_lr": 0.1, "schedule": schedule}],
        }
    )
    widgets = {
        w.key
        for kind_ in ("slider", "select_slider", "number_input", "selectbox", "toggle", "text_input")
        for w in app.get(kind_)
    }
    for name, field in KINDS[kind].model_fields.items():
        about = params.describe(field.annotation, field.metadata)
        if not about.nested:
            path = f"trials.0.schedule.{name}"
            assert any(key and (key.startswith((f"{path}/", f"{path}."))) for key in widgets), (
                f"{kind}: no widget for {name}"
            )
        if (
            about.control is not None
            and about.control.unit not in ("expression", "text")
            and not about.many
            and not about.nested
        ):
            assert {f"trials.0.schedule.{name}/slider", f"trials.0.schedule.{name}/number"} <= widgets, (
                f"{kind}.{name}: slider and exact field"
            )
    assert not app.exception


def test_a_rate_reaches_zero_and_1e_8() -> None:
    app = opened()
    key = "trials.0.base_lr/slider"
    for wanted in (0.0, 1e-8):
        app.select_slider(key=key).set_value(wanted).run()
        assert at_hand(app).trials[0].base_lr == wanted
    app.number_input(key="trials.0.base_lr/number").set_value(0.0123).run()
    assert at_hand(app).trials[0].base_lr == 0.0123


def test_step_sliders_follow_the_run() -> None:
    app = opened()
    app.number_input(key="run.epochs").set_value(200).run()
    assert app.slider(key="trials.0.schedule.schedulers.1.T_0/slider").max == 200 * 391


def test_a_horizon_follows_the_run_until_it_is_told_otherwise() -> None:
    app = opened()
    app.button_group(key="chip").set_value(1).run()
    horizon = "trials.1.schedule.schedulers.1.T_max"
    assert app.slider(key=f"{horizon}/slider").value == 60_605 - 1955
    app.checkbox(key=f"{horizon}/null").uncheck().run()
    assert at_hand(app).trials[1].schedule.schedulers[1].T_max == 60_605 - 1955
    app.checkbox(key=f"{horizon}/null").check().run()
    assert at_hand(app).trials[1].schedule.schedulers[1].T_max is None


def test_a_refused_value_changes_nothing_and_is_said() -> None:
    app = opened()
    before = at_hand(app)
    app.text_input(key="trials.0.schedule.schedulers.1.T_0/number").set_value("0").run()
    assert at_hand(app) == before
    assert "must be greater than 0" in app.error[0].value
    app.number_input(key="run.batch_size").set_value(0).run()
    assert at_hand(app) == before
    assert "batch" in app.error[0].value
    app.number_input(key="run.batch_size").set_value(256).run()
    assert not app.error


def test_trials_are_added_duplicated_moved_hidden_renamed_and_removed() -> None:
    app = opened()
    app.session_state["adding"] = True
    app.run()
    app.selectbox(key="add_kind").set_value("torch.OneCycleLR").run()
    app.button(key="add").click().run()
    assert [t.name for t in at_hand(app).trials] == ["SGDR", "one cosine", "OneCycleLR"]
    assert "yaxis2" in figure(app)["layout"], "momentum is a second panel"
    app.button(key="duplicate").click().run()
    assert [t.name for t in at_hand(app).trials][-1] == "OneCycleLR copy"
    app.button(key="earlier").click().run()
    assert [t.name for t in at_hand(app).trials] == ["SGDR", "one cosine", "OneCycleLR copy", "OneCycleLR"]
    app.button(key="hide").click().run()
    assert at_hand(app).trials[2].hidden
    app.session_state["renaming"] = True
    app.run()
    app.text_input(key="name").set_value("mine").run()
    assert at_hand(app).trials[2].name == "mine"
    app.text_input(key="name").set_value("SGDR").run()
    assert at_hand(app).trials[2].name == "mine"
    assert "is the name of" in app.error[0].value
    for _ in range(4):
        app.button(key="remove").click().run()
    assert at_hand(app).trials == ()
    assert not app.exception
    assert app.info


@pytest.mark.parametrize(
    "link", ["x", "eNqdkD1vwjAQ", "A" * 20_000, "eNrtwTEBAAAAwqD1T20JT6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
)
def test_a_forged_link_is_one_sentence_and_the_page_has_the_default(link: str) -> None:
    app = opened(link=link)
    assert app.error[0].value.startswith("the link")
    assert len(at_hand(app).trials) == 2


def test_a_name_is_no_markup() -> None:
    name = "<img> **b** [l](javascript:1)\n'\""
    app = opened(
        {
            "lrlab": 1,
            "run": {"total_steps": 9},
            "trials": [{"name": name, "base_lr": 0.1, "schedule": {"kind": "torch.StepLR", "step_size": 3}}],
        }
    )
    assert "<img" not in json.dumps(figure(app)["data"])
    chip = app.button_group(key="chip").options[0]
    assert "\\<img" in str(chip)
    assert "\\[l\\]\\(javascript" in str(chip)
    assert not app.exception


def test_axes_and_marks_are_switched() -> None:
    app = opened()
    app.button_group(key="view.x").set_value("epoch").run()
    app.button_group(key="view.y").set_value("log").run()
    layout = figure(app)["layout"]
    assert layout["xaxis"]["title"]["text"] == "epoch"
    assert layout["yaxis"]["type"] == "log"
    assert any(t["mode"] == "markers" for t in figure(app)["data"])
    app.toggle(key="marks").set_value(False).run()
    assert not any(t["mode"] == "markers" for t in figure(app)["data"])


def test_the_default_document_is_valid_and_short() -> None:
    assert len(parse(state.DEFAULT).link()) < 500


def test_the_address_says_which_trial_is_being_shaped() -> None:
    app = opened()
    app.button_group(key="chip").set_value(1).run()
    assert "".join(app.query_params["trial"]) == "1"
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    other.query_params["s"] = "".join(app.query_params["s"])
    other.query_params["trial"] = "1"
    other.run()
    assert other.button_group(key="chip").value == 1


def test_a_list_of_milestones_can_grow_from_one() -> None:
    step = {"kind": "torch.MultiStepLR", "milestones": [30]}
    app = opened({"lrlab": 1, "run": {"total_steps": 100}, "trials": [{"name": "t", "base_lr": 0.1, "schedule": step}]})
    app.text_input(key="trials.0.schedule.milestones/list").set_value("30, 60").run()
    assert at_hand(app).trials[0].schedule.milestones == (30, 60)
    app.slider(key="trials.0.schedule.milestones.1/slider").set_value(80).run()
    assert at_hand(app).trials[0].schedule.milestones == (30, 80)


def test_a_negative_milestone_has_a_slider_too() -> None:
    step = {"kind": "torch.MultiStepLR", "milestones": [-5, 10]}
    app = opened({"lrlab": 1, "run": {"total_steps": 100}, "trials": [{"name": "t", "base_lr": 0.1, "schedule": step}]})
    assert app.slider(key="trials.0.schedule.milestones.0/slider").value == -5


@pytest.mark.parametrize(
    ("key", "empty"),
    [("trials.0.base_lr/number", None), ("trials.0.schedule.milestones.0/number", ""), ("run.epochs", None)],
)
def test_an_emptied_field_gets_back_what_it_had(key: str, empty: str | None) -> None:
    app = opened()
    before, value = at_hand(app), app.get_by_key(key).value
    app.get_by_key(key).set_value(empty).run()
    assert at_hand(app) == before
    assert app.get_by_key(key).value == value


@pytest.mark.parametrize(
    ("typed", "ticks"), [("10ep", 3910), ("10%", 6060), ("3,910", 3910), ("1e3", 1000), ("500 steps", 500)]
)
def test_a_duration_may_be_typed_in_epochs_steps_or_as_a_share(typed: str, ticks: int) -> None:
    app = opened()
    app.text_input(key="trials.0.schedule.schedulers.1.T_0/number").set_value(typed).run()
    assert ticks == at_hand(app).trials[0].schedule.schedulers[1].T_0
    assert app.text_input(key="trials.0.schedule.schedulers.1.T_0/number").value == str(ticks)


def test_what_is_no_duration_is_said_and_nothing_is_lost() -> None:
    app = opened()
    before = at_hand(app)
    app.text_input(key="trials.0.schedule.schedulers.1.T_0/number").set_value("ten epochs").run()
    assert at_hand(app) == before
    assert "'ten epochs' is no duration, such as 500, 5ep or 10%" in app.error[0].value


def test_milestones_may_be_typed_in_epochs() -> None:
    step = {"kind": "torch.MultiStepLR", "milestones": [30, 60]}
    run = {"total_steps": 1000, "steps_per_epoch": 10}
    app = opened({"lrlab": 1, "run": run, "trials": [{"name": "t", "base_lr": 0.1, "schedule": step}]})
    app.text_input(key="trials.0.schedule.milestones/list").set_value("30ep, 60ep, 80%").run()
    assert at_hand(app).trials[0].schedule.milestones == (300, 600, 800)


def test_a_whole_number_may_be_typed_as_a_browser_reads_it_and_a_fraction_is_refused_with_a_sentence() -> None:
    """The field gives 1e3 as a float: the document gets a whole number, or says why it takes none."""
    app = opened()
    app.number_input(key="run.epochs").set_value(1e3).run()
    assert at_hand(app).document()["run"]["epochs"] == 1000
    assert type(at_hand(app).document()["run"]["epochs"]) is int
    app.number_input(key="run.epochs").set_value(3.7).run()
    assert at_hand(app).document()["run"]["epochs"] == 1000
    assert "must be a whole number" in app.error[0].value
