"""The run in the side bar: presets, roundings, scaled rates and budgets of tokens."""

from __future__ import annotations

from typing import Any

import pytest
from panels import captions, complaint, components, nodes, press, raw, switch, unfold, write
from streamlit.testing.v1 import AppTest
from test_page import at_hand, opened

from lrlab.plans.recipes import recipes

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

TRIAL = {"name": "t", "base_lr": 0.1, "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": None}}


def on(run: dict[str, Any]) -> AppTest:
    return opened({"lrlab": 1, "run": run, "trials": [TRIAL]})


def test_the_arithmetic_is_shown_with_its_numbers() -> None:
    app = on({"samples": 50_000, "batch_size": 512, "accumulate": 4, "epochs": 3})
    assert (
        "ceil(50,000 / 512) = 98 micro-batches, ceil(98 / 4) = 25 steps per epoch, x 3 = 75 optimizer steps"
        in captions(app)
    )
    assert "With drop_last: 75" not in captions(app), "97 micro-batches make 25 steps as well"
    assert "If leftovers are dropped: 72 (-3)." in captions(app)
    write(app, "run.leftover", "drop")
    assert at_hand(app).run.steps == 72
    assert "If leftovers make a step: 75 (+3)." in captions(app)


@pytest.mark.parametrize(("field", "value", "named"), [
    ("samples", 0, "samples: "), ("devices", 1.5, "devices: "), ("epochs", -1, "epochs: "),
    ("batch_size", 0, "batch_size: "), ("accumulate", 0, "accumulate: "), ("samples", 1e18, "samples: "),
    ("epochs", 1e12, "run: "),
])  # fmt: skip
def test_what_is_no_run_is_said_and_the_last_good_one_stays(field: str, value: float, named: str) -> None:
    app = on({"samples": 1000, "batch_size": 10, "epochs": 3})
    before = at_hand(app)
    write(app, f"run.{field}", f"{value:g}")
    assert at_hand(app) == before
    assert complaint(app, f"run.{field}").startswith(named), "and not by its path: the sentence stands beside it"


def test_a_batch_larger_than_the_data_set_is_one_step_or_with_drop_last_a_sentence() -> None:
    app = on({"samples": 100, "batch_size": 10, "epochs": 3})
    write(app, "run.batch_size", "1000")
    assert at_hand(app).run.steps == 3
    switch(app, "run.drop_last", on=True)
    assert "an epoch has no optimizer step" in complaint(app, "run.drop_last")
    assert at_hand(app).run.steps == 3


def test_a_preset_gives_its_run_or_all_of_it() -> None:
    app = on({"total_steps": 100})
    unfold(app, "presets")
    place = len(recipes()) - 1
    assert [str(place), recipes()[place].name] in nodes(app)["presets"]["options"]
    assert recipes()[place].source in nodes(app)["presets"]["notes"][str(place)]
    panel = components(app, "panel")["run"][0]
    raw(app, panel, "change", {"n": 10**6, "events": [{"id": nodes(app)["presets"]["also"]["id"], "text": str(place)}]})
    wanted = recipes()[place].experiment
    assert at_hand(app).run == wanted.run
    assert at_hand(app).trials[0].name == "t"
    write(app, "presets", str(place))
    assert at_hand(app) == wanted


def test_the_base_rate_is_scaled_with_the_batch_of_a_step() -> None:
    app = on({"samples": 100_000, "batch_size": 256, "devices": 8, "accumulate": 4, "epochs": 3})
    unfold(app, "run.scale")
    press(app, "run.scale.use")
    assert at_hand(app).trials[0].base_lr == pytest.approx(3.2), "0.1 for 256, and 8,192 here"


def test_tokens_make_steps() -> None:
    app = on({"total_steps": 100})
    unfold(app, "run.tokens")
    write(app, "tune.token_batch", "1600")
    press(app, "run.tokens.use")
    assert at_hand(app).run.steps == 91_553


@pytest.mark.parametrize(
    ("run", "epoch"),
    [
        ({"total_steps": 100}, None),
        ({"total_steps": 100, "steps_per_epoch": 40}, 40),
        ({"samples": 1000, "batch_size": 10, "epochs": 3}, 100),
    ],
)
def test_tokens_leave_an_epoch_as_long_as_it_was(run: dict[str, Any], epoch: int | None) -> None:
    app = on(run)
    unfold(app, "run.tokens")
    press(app, "run.tokens.use")
    assert at_hand(app).run.steps_per_epoch == epoch


def test_a_batch_beyond_any_budget_keeps_the_page() -> None:
    app = on({"samples": 10**12, "batch_size": 2 * 10**9, "epochs": 1})
    unfold(app, "run.tokens")
    assert "2,048 x 2,000,000,000" in captions(app), "with the run's own number"
    assert at_hand(app).run.steps == 500
    assert not app.exception


@pytest.mark.parametrize(("name", "value"), [("samples", 50_000), ("batch_size", 100), ("epochs", 155), ("devices", 3)])
def test_a_slider_of_the_run_has_round_stops_and_the_exact_number_that_is_there(name: str, value: int) -> None:
    app = on({"samples": 50_000, "batch_size": 100, "devices": 3, "epochs": 155})
    node = nodes(app)[f"run.{name}"]
    assert node["at"] == value
    assert node["text"] == str(value)
    assert value in node["stops"]
    assert node["stops"] == sorted(set(node["stops"]))
    assert node["stops"][0] == 1
    assert node["stops"][-1] > 3 * value


def test_a_slider_of_the_run_is_drawn_while_it_is_dragged_and_changes_nothing() -> None:
    app = on({"samples": 50_000, "batch_size": 100, "epochs": 10})
    before = at_hand(app)
    raw(app, components(app, "chart")["chart"][0], "preview", {"n": 1, "panel": "run", "id": "run.epochs", "value": 20})
    shown = components(app, "chart")["chart"][1]
    assert shown["preview"] == {"n": 1, "error": ""}
    assert shown["figure"]["layout"]["xaxis"]["range"][1] == pytest.approx(1.005 * 10_000)
    assert at_hand(app) == before


def test_what_the_side_bar_refused_is_forgotten_with_the_next_button_elsewhere() -> None:
    app = on({"total_steps": 100})
    write(app, "run.total_steps", "nine")
    assert "'nine' is no number" in complaint(app, "run.total_steps")
    press(app, "duplicate")
    assert not complaint(app, "run.total_steps")


def test_the_run_of_a_recipe_that_is_none_is_a_sentence() -> None:
    app = on({"total_steps": 100})
    before = at_hand(app)
    unfold(app, "presets")
    panel, also = components(app, "panel")["run"][0], nodes(app)["presets"]["also"]["id"]
    for forged in ("10000", "-1", 0, None, ["0"]):
        raw(app, panel, "change", {"n": 10**6, "events": [{"id": also, "text": forged}]})
        assert not app.exception
        assert at_hand(app) == before


def test_a_recipe_that_is_none_is_a_sentence() -> None:
    app = on({"total_steps": 100})
    before = at_hand(app)
    unfold(app, "presets")
    write(app, "presets", "10000")
    assert complaint(app, "presets") == "this recipe is gone"
    assert at_hand(app) == before


def test_the_scaled_rate_goes_to_the_trial_that_its_button_names() -> None:
    two = [TRIAL, TRIAL | {"name": "other"}]
    app = opened({"lrlab": 1, "run": {"samples": 1000, "batch_size": 512, "epochs": 3}, "trials": two})
    write(app, "chip", "1")
    unfold(app, "run.scale")
    assert nodes(app)["run.scale.use"]["label"] == "Use it for other"
    press(app, "run.scale.use")
    assert [trial.base_lr for trial in at_hand(app).trials] == [0.1, pytest.approx(0.2)]


def test_before_a_shared_link_there_is_nothing_to_undo() -> None:
    app = on({"total_steps": 100})
    assert nodes(app)["undo"]["disabled"]


@pytest.mark.parametrize(
    ("steps", "per_epoch", "epochs"), [(1050, 500, 2), (1000, 500, 2), (1050, 400, 3), (997, 100, 1), (7, None, 1)]
)
def test_the_run_of_a_data_set_has_the_same_steps(steps: int, per_epoch: int | None, epochs: int) -> None:
    """In epochs of nearly the same length."""
    app = on({"total_steps": steps} | ({"steps_per_epoch": per_epoch} if per_epoch else {}))
    write(app, "run.form", "data")
    assert (at_hand(app).run.steps, at_hand(app).run.epochs) == (steps, epochs)


def test_looking_at_the_other_form_of_the_run_loses_nothing() -> None:
    app = on({"samples": 50_000, "batch_size": 128, "devices": 4, "accumulate": 3, "epochs": 155})
    before = at_hand(app)
    write(app, "run.form", "steps")
    assert at_hand(app).run.total_steps == before.run.steps
    write(app, "run.form", "data")
    assert at_hand(app) == before
