"""The run in the side bar: presets, roundings, scaled rates and budgets of tokens."""

from __future__ import annotations

from typing import Any

import pytest
from panels import nodes, write
from streamlit.testing.v1 import AppTest
from test_page import at_hand, opened

from lrlab.plans.recipes import recipes

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

TRIAL = {"name": "t", "base_lr": 0.1, "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": None}}


def on(run: dict[str, Any]) -> AppTest:
    return opened({"lrlab": 1, "run": run, "trials": [TRIAL]})


def said(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_the_arithmetic_is_shown_with_its_numbers() -> None:
    app = on({"samples": 50_000, "batch_size": 512, "accumulate": 4, "epochs": 3})
    assert (
        "ceil(50,000 / 512) = 98 micro-batches, ceil(98 / 4) = 25 steps per epoch, x 3 = **75 optimizer steps**"
        in said(app)
    )
    assert "Counted otherwise: with drop_last: 75" not in said(app), "97 micro-batches make 25 steps as well"
    assert "leftovers dropped: 72 (-3)" in said(app)
    app.selectbox(key="leftover").set_value("drop").run()
    assert at_hand(app).run.steps == 72
    assert "leftovers kept: 75 (+3)" in said(app)


@pytest.mark.parametrize(("field", "value", "named"), [
    ("samples", 0, "run.samples"), ("devices", 1.5, "run.devices"), ("epochs", -1, "run.epochs"),
    ("batch_size", 0, "run.batch"), ("accumulate", 0, "run.accumulate"), ("samples", 1e18, "run"),
    ("epochs", 1e12, "run"),
])  # fmt: skip
def test_what_is_no_run_is_said_and_the_last_good_one_stays(field: str, value: float, named: str) -> None:
    app = on({"samples": 1000, "batch_size": 10, "epochs": 3})
    before = at_hand(app)
    app.number_input(key=f"run.{field}").set_value(float(value)).run()
    assert at_hand(app) == before
    assert named in app.error[0].value.replace("\\", "")


def test_a_batch_larger_than_the_data_set_is_one_step_or_with_drop_last_a_sentence() -> None:
    app = on({"samples": 100, "batch_size": 10, "epochs": 3})
    app.number_input(key="run.batch_size").set_value(1000.0).run()
    assert at_hand(app).run.steps == 3
    app.toggle(key="drop_last").set_value(True).run()
    assert "an epoch has no optimizer step" in app.error[0].value
    assert at_hand(app).run.steps == 3


def test_a_preset_gives_its_run_or_all_of_it() -> None:
    app = on({"total_steps": 100})
    app.session_state["presets"] = True
    app.run()
    place = len(recipes()) - 1
    app.selectbox(key="preset").set_value(place).run()
    app.button(key="preset.run").click().run()
    wanted = recipes()[place].experiment
    assert at_hand(app).run == wanted.run
    assert at_hand(app).trials[0].name == "t"
    app.session_state["presets"] = True
    app.run()
    app.selectbox(key="preset").set_value(place).run()
    app.button(key="preset.open").click().run()
    assert at_hand(app) == wanted


def test_the_base_rate_is_scaled_with_the_batch_of_a_step() -> None:
    app = on({"samples": 100_000, "batch_size": 256, "devices": 8, "accumulate": 4, "epochs": 3})
    app.button(key="scale.use").click().run()
    assert at_hand(app).trials[0].base_lr == pytest.approx(3.2), "0.1 for 256, and 8,192 here"


def test_tokens_make_steps() -> None:
    app = on({"total_steps": 100})
    app.number_input(key="tokens.batch").set_value(1600.0).run()
    app.button(key="tokens.use").click().run()
    assert at_hand(app).run.steps == 91_553


def test_a_batch_beyond_any_budget_keeps_the_page() -> None:
    app = on({"samples": 10**12, "batch_size": 2 * 10**9, "epochs": 1})
    assert at_hand(app).run.steps == 500


def test_the_scaled_rate_goes_to_the_trial_that_its_button_names() -> None:
    two = [TRIAL, TRIAL | {"name": "other"}]
    app = opened({"lrlab": 1, "run": {"samples": 1000, "batch_size": 512, "epochs": 3}, "trials": two})
    write(app, "chip", "1")
    assert app.button(key="scale.use").label == "Use it for other"
    app.button(key="scale.use").click().run()
    assert [trial.base_lr for trial in at_hand(app).trials] == [0.1, pytest.approx(0.2)]


def test_before_a_shared_link_there_is_nothing_to_undo() -> None:
    app = on({"total_steps": 100})
    assert nodes(app)["undo"]["disabled"]


def test_looking_at_the_other_form_of_the_run_loses_nothing() -> None:
    app = on({"samples": 50_000, "batch_size": 128, "devices": 4, "accumulate": 3, "epochs": 155})
    before = at_hand(app)
    app.segmented_control(key="form").set_value("steps").run()
    assert at_hand(app).run.total_steps == before.run.steps
    app.segmented_control(key="form").set_value("data").run()
    assert at_hand(app) == before
