"""The Tune page through Streamlit's own test harness: what a control does to the document."""

from __future__ import annotations

import json
from typing import Any

import oracle
import pytest
from oracle import ROOT
from panels import captions, complaint, complaints, components, nodes, press, slide, switch, unfold, write
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
    _, chart = components(app, "chart")["chart"]
    found: dict[str, Any] = chart["figure"]
    return found


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
    slide(app, "trials.0.schedule.schedulers.1.T_0", 2 * 3910)
    assert at_hand(app).trials[0].schedule.schedulers[1].T_0 == 7820
    assert from_link("".join(app.query_params["s"])) == at_hand(app)


@pytest.mark.parametrize("kind", KINDS)
def test_every_argument_has_a_control_that_shows_it(kind: str) -> None:
    schedule = KINDS[kind].example(1000, 10, 100)
    app = opened(
        {
            "lrlab": 1,
            "run": {"total_steps": 1000, "steps_per_epoch": 100},
            "trials": [{"name": "t", "base_lr": 0.1, "schedule": schedule}],
        }
    )
    controls = nodes(app, "panel")
    for name, field in KINDS[kind].model_fields.items():
        about, path = params.describe(field.annotation, field.metadata), f"trials.0.schedule.{name}"
        found = [node for at, node in controls.items() if at == path or at.startswith((f"{path}.", f"{path}/"))]
        assert found, f"{kind}: no control for {name}"
        if (
            about.control is not None
            and about.control.unit not in ("expression", "text")
            and not about.many
            and not about.nested
        ):
            (node,) = found
            assert node["is"] == "number", f"{kind}.{name}: slider and exact field"
    for node in controls.values():
        if node["is"] == "number":
            assert isinstance(node["text"], str), f"{kind}: no exact field for {node['id']}"
            assert node.get("stops") or node["high"] > node["low"], f"{kind}: no slider for {node['id']}"
            assert "stops" in node or node["step"] > 0, node["id"]
    assert not app.exception


def test_a_rate_reaches_zero_and_1e_8() -> None:
    app = opened()
    for wanted in (0.0, 1e-8):
        assert wanted in nodes(app)["trials.0.base_lr"]["stops"]
        slide(app, "trials.0.base_lr", wanted)
        assert at_hand(app).trials[0].base_lr == wanted
    write(app, "trials.0.base_lr", "0.0123")
    assert at_hand(app).trials[0].base_lr == 0.0123


@pytest.mark.parametrize("floor", [-0.5, 0.0, 1e-12, 0.01, 100.0])
def test_the_slider_of_a_rate_has_its_range_whatever_the_rate_is(floor: float) -> None:
    app = opened(oracle.document({"kind": "torch.CosineAnnealingLR", "T_max": None, "eta_min": floor}))
    stops = nodes(app)["trials.0.schedule.eta_min"]["stops"]
    assert {0.0, 1e-8, 0.1, 10.0} <= set(stops)
    assert min(stops, key=lambda stop: abs(stop - floor)) == pytest.approx(max(floor, 0), rel=0.2)


def test_step_sliders_follow_the_run() -> None:
    app = opened()
    slide(app, "run.epochs", 200)
    assert nodes(app)["trials.0.schedule.schedulers.1.T_0"]["high"] == 200 * 391


def test_a_horizon_follows_the_run_until_it_is_told_otherwise() -> None:
    app = opened()
    write(app, "chip", "1")
    horizon = "trials.1.schedule.schedulers.1.T_max"
    assert nodes(app)[f"{horizon}"]["at"] == 60_605 - 1955
    assert nodes(app)[horizon]["text"] == ""
    assert nodes(app)[horizon]["unset"] == f"{60_605 - 1955} (run)"
    slide(app, horizon, 40_000)
    assert at_hand(app).trials[1].schedule.schedulers[1].T_max == 40_000
    assert "unset" not in nodes(app)[horizon]
    assert nodes(app)[horizon]["empty"] == "follows the run"
    write(app, horizon, "")
    assert at_hand(app).trials[1].schedule.schedulers[1].T_max is None
    write(app, horizon, "5e4")
    assert at_hand(app).trials[1].schedule.schedulers[1].T_max == 50_000
    write(app, horizon, " ")
    assert at_hand(app).trials[1].schedule.schedulers[1].T_max is None


def test_a_list_of_schedules_begins_with_those_of_torch() -> None:
    app = unfold(opened(), "add")
    kinds = [kind for kind, _ in nodes(app)["add"]["options"]]
    frameworks = [kind.partition(".")[0] for kind in kinds]
    assert sorted(kinds) == sorted(KINDS)
    assert list(dict.fromkeys(frameworks)) == list(dict.fromkeys(kind.partition(".")[0] for kind in KINDS))
    assert frameworks[0] == "torch"
    torch = kinds[: frameworks.count("torch")]
    assert torch == sorted(torch, key=str.lower), "and by name in each"


def test_a_refused_value_changes_nothing_and_is_said() -> None:
    app = opened()
    before = at_hand(app)
    write(app, "trials.0.schedule.schedulers.1.T_0", "0")
    assert at_hand(app) == before
    assert "must be greater than 0" in complaint(app, "trials.0.schedule.schedulers.1.T_0")
    assert not app.error
    write(app, "run.batch_size", "0")
    assert at_hand(app) == before
    assert "batch" in complaint(app, "run.batch_size")
    slide(app, "run.batch_size", 256)
    assert not complaint(app, "run.batch_size")
    slide(app, "trials.0.schedule.schedulers.1.T_0", 391)
    assert not complaints(app)


def test_trials_are_added_duplicated_moved_hidden_renamed_and_removed() -> None:
    app = opened()
    write(app, "add", "torch.OneCycleLR")
    assert [t.name for t in at_hand(app).trials] == ["SGDR", "one cosine", "OneCycleLR"]
    assert "yaxis2" in figure(app)["layout"], "momentum is a second panel"
    press(app, "duplicate")
    assert [t.name for t in at_hand(app).trials][-1] == "OneCycleLR copy"
    press(app, "earlier")
    assert [t.name for t in at_hand(app).trials] == ["SGDR", "one cosine", "OneCycleLR copy", "OneCycleLR"]
    press(app, "hide")
    assert at_hand(app).trials[2].hidden
    write(app, "name", "mine")
    assert at_hand(app).trials[2].name == "mine"
    write(app, "name", "SGDR")
    assert at_hand(app).trials[2].name == "mine"
    assert "is the name of" in complaint(app, "name")
    for _ in range(4):
        press(app, "remove")
    assert at_hand(app).trials == ()
    assert not app.exception
    assert "No trial yet" in captions(app)


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
    assert nodes(app)["chip"]["options"][0][1].startswith("<img> **b** [l](javasc"), "the panel shows text as text"
    assert not app.exception


def test_axes_and_marks_are_switched() -> None:
    app = opened()
    write(app, "view.x", "epoch")
    write(app, "view.y", "log")
    layout = figure(app)["layout"]
    assert layout["xaxis"]["title"]["text"] == "epoch"
    assert layout["yaxis"]["type"] == "log"
    assert any(t["mode"] == "markers" for t in figure(app)["data"])
    switch(app, "view.marks", on=False)
    assert not any(t["mode"] == "markers" for t in figure(app)["data"])


def test_the_default_document_is_valid_and_short() -> None:
    assert len(parse(state.DEFAULT).link()) < 500


def test_the_address_says_which_trial_is_being_shaped() -> None:
    app = opened()
    write(app, "chip", "1")
    assert "".join(app.query_params["trial"]) == "1"
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    other.query_params["s"] = "".join(app.query_params["s"])
    other.query_params["trial"] = "1"
    other.run()
    assert nodes(other)["chip"]["value"] == "1"


def test_a_list_of_milestones_can_grow_from_one() -> None:
    step = {"kind": "torch.MultiStepLR", "milestones": [30]}
    app = opened({"lrlab": 1, "run": {"total_steps": 100}, "trials": [{"name": "t", "base_lr": 0.1, "schedule": step}]})
    write(app, "trials.0.schedule.milestones", "30, 60")
    assert at_hand(app).trials[0].schedule.milestones == (30, 60)
    slide(app, "trials.0.schedule.milestones.1", 80)
    assert at_hand(app).trials[0].schedule.milestones == (30, 80)


def test_a_negative_milestone_has_a_slider_too() -> None:
    step = {"kind": "torch.MultiStepLR", "milestones": [-5, 10]}
    app = opened({"lrlab": 1, "run": {"total_steps": 100}, "trials": [{"name": "t", "base_lr": 0.1, "schedule": step}]})
    assert nodes(app)["trials.0.schedule.milestones.0"]["at"] == -5


@pytest.mark.parametrize("name", ["trials.0.base_lr", "trials.0.schedule.milestones.0"])
def test_an_emptied_field_gets_back_what_it_had(name: str) -> None:
    app = opened()
    before, text = at_hand(app), nodes(app)[name]["text"]
    assert text
    write(app, name, "")
    assert at_hand(app) == before
    assert nodes(app)[name]["text"] == text
    assert not complaint(app, name)


def test_an_emptied_field_of_the_run_gets_back_what_it_had() -> None:
    app = opened()
    before, shown = at_hand(app), nodes(app)["run.epochs"]["text"]
    write(app, "run.epochs", "  ")
    assert at_hand(app) == before
    assert nodes(app)["run.epochs"]["text"] == shown
    assert not complaint(app, "run.epochs")


@pytest.mark.parametrize(
    ("typed", "ticks", "kept"),
    [
        ("10ep", 3910, "10ep"),
        ("10 epochs", 3910, "10ep"),
        ("10%", 6061, "10%"),
        ("3,910", 3910, "3910"),
        ("1e3", 1000, "1000"),
        ("500 steps", 500, "500"),
    ],
)
def test_a_duration_may_be_typed_in_epochs_steps_or_as_a_share(typed: str, ticks: int, kept: str) -> None:
    app, name = opened(), "trials.0.schedule.schedulers.1.T_0"
    write(app, name, typed)
    assert ticks == at_hand(app).trials[0].schedule.schedulers[1].T_0
    assert nodes(app)[name]["text"] == kept, "epochs and shares stay what they are"
    assert nodes(app)[name]["at"] == ticks


def test_a_duration_in_epochs_follows_the_run_and_one_click_makes_it_a_number() -> None:
    app, name = opened(), "trials.0.schedule.schedulers.1.T_0"
    write(app, name, "10ep")
    slide(app, "run.batch_size", 256)
    assert nodes(app)[name]["at"] == 1960
    assert nodes(app)[name]["means"] == "1960 ticks"
    forms = nodes(app)[name]["forms"]
    assert forms["ticks"] == "1960"
    assert forms["epochs"] == "10ep"
    write(app, name, forms["ticks"])
    assert at_hand(app).document()["trials"][0]["schedule"]["schedulers"][1]["T_0"] == 1960
    write(app, name, nodes(app)[name]["forms"]["%"])
    assert at_hand(app).trials[0].schedule.schedulers[1].T_0 == 1960
    assert at_hand(app).document()["trials"][0]["schedule"]["schedulers"][1]["T_0"].endswith("%")


def test_what_is_no_duration_is_said_and_nothing_is_lost() -> None:
    app = opened()
    before = at_hand(app)
    write(app, "trials.0.schedule.schedulers.1.T_0", "ten epochs")
    assert at_hand(app) == before
    said = complaint(app, "trials.0.schedule.schedulers.1.T_0")
    assert "'ten epochs' is no duration, such as 500, 5ep or 10%" in said


def test_milestones_may_be_typed_in_epochs() -> None:
    step = {"kind": "torch.MultiStepLR", "milestones": [30, 60]}
    run = {"total_steps": 1000, "steps_per_epoch": 10}
    app = opened({"lrlab": 1, "run": run, "trials": [{"name": "t", "base_lr": 0.1, "schedule": step}]})
    write(app, "trials.0.schedule.milestones", "30ep, 60ep, 80%")
    assert at_hand(app).trials[0].schedule.milestones == (300, 600, 800)


def test_a_whole_number_may_be_typed_with_an_exponent_and_a_fraction_is_refused_with_a_sentence() -> None:
    app = opened()
    write(app, "run.epochs", "1e3")
    assert at_hand(app).document()["run"]["epochs"] == 1000
    assert type(at_hand(app).document()["run"]["epochs"]) is int
    write(app, "run.epochs", "3.7")
    assert at_hand(app).document()["run"]["epochs"] == 1000
    assert "must be a whole number" in complaint(app, "run.epochs")
