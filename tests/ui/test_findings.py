"""Advice on the page: findings with their fixes, dismissals, undo and redo, and what the chart shows of them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from panels import nodes, press, slide, unfold, write
from streamlit.testing.v1 import AppTest
from test_page import at_hand, figure, opened

from lrlab import advice, engine
from lrlab.document import parse
from lrlab.ui import address

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

WARMUP = {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 100}
BROKEN = {
    "lrlab": 1,
    "run": {"samples": 10_000, "batch_size": 10, "epochs": 1},
    "trials": [
        {
            "name": "broken",
            "base_lr": 0.1,
            "schedule": {
                "kind": "torch.SequentialLR",
                "schedulers": [WARMUP, {"kind": "torch.CosineAnnealingLR", "T_max": 950}],
                "milestones": [50],
            },
        }
    ],
}
PER_EPOCH = {
    "lrlab": 1,
    "run": {"samples": 10_000, "batch_size": 10, "epochs": 5},
    "trials": [
        {
            "name": "cosine",
            "base_lr": 0.1,
            "clock": "epoch",
            "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": 5000},
        }
    ],
}


def traces(app: AppTest) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = figure(app)["data"]
    return found


def values(packed: dict[str, str]) -> list[float]:
    found: list[float] = np.frombuffer(base64.b64decode(packed["bdata"]), dtype=packed["dtype"]).tolist()
    return found


def groups(app: AppTest, how: str | None = None) -> None:
    """Open the form of the parameter groups, and choose how they are made."""
    unfold(app, "groups")
    if how is not None:
        write(app, "groups/how", how)
    assert not app.exception


def test_a_fix_is_applied_taken_back_and_made_again() -> None:
    app = opened(BROKEN)
    before = at_hand(app)
    assert "total_iters = 100 of LinearLR" in nodes(app)["finding/LR121"]["text"]
    press(app, "finding/LR121/fix")
    after = at_hand(app)
    assert after.trials[0].schedule.schedulers[0].total_iters == 50
    assert not advice.check(after)
    assert "finding/LR121/fix" not in nodes(app)
    press(app, "undo")
    assert at_hand(app) == before
    assert "finding/LR121/fix" in nodes(app)
    press(app, "redo")
    assert at_hand(app) == after


def test_undo_reaches_the_run_in_the_side_bar_and_a_new_change_ends_redo() -> None:
    app = opened(BROKEN)
    slide(app, "run.epochs", 3)
    press(app, "undo")
    assert at_hand(app).run.epochs == 1
    assert nodes(app)["run.epochs"]["text"] == "1"
    assert not nodes(app)["redo"].get("disabled")
    slide(app, "run.epochs", 2)
    assert nodes(app)["redo"].get("disabled")


def test_what_is_dismissed_is_in_the_document_and_can_be_taken_back() -> None:
    app = opened(BROKEN, tab="Advice")
    press(app, "finding/LR121/dismiss")
    assert at_hand(app).document()["trials"][0]["dismissed"] == ["LR121"]
    assert "finding/LR121/fix" not in nodes(app)
    app.button(key="back.0.LR121").click().run()
    assert at_hand(app).trials[0].dismissed == ()
    assert "finding/LR121/fix" in nodes(app)


def test_the_meant_curve_is_drawn_faintly_until_the_fix() -> None:
    app = opened(PER_EPOCH)
    lines = [t for t in traces(app) if t["mode"] == "lines"]
    actual, meant = lines[0], lines[-1]
    assert meant["opacity"] < 1 == actual.get("opacity", 1)
    assert not meant["showlegend"]
    fixed = parse(PER_EPOCH | {"trials": [PER_EPOCH["trials"][0] | {"clock": "step"}]})
    want = engine.curve(fixed.run, fixed.trials[0])
    assert values(meant["y"]) == pytest.approx(want.lr.tolist(), rel=1e-6)
    assert min(values(actual["y"])) > 0.0999, "in five calls the rate hardly moves"
    press(app, "finding/LR101/fix")
    lines = [t for t in traces(app) if t["mode"] == "lines"]
    assert len(lines) == 1
    assert min(values(lines[0]["y"])) < 1e-6


def test_findings_are_markers_in_the_chart_at_their_step_and_rate() -> None:
    app = opened(BROKEN)
    flags = next(t for t in traces(app) if t["name"] == "warnings")
    assert values(flags["x"]) == [50]
    assert values(flags["y"]) == pytest.approx([0.1])
    assert "LR121" in flags["text"][0]


def test_a_chip_says_how_many_findings_its_trial_has() -> None:
    app = opened(BROKEN)
    assert nodes(app)["chip"]["options"][0][-1].endswith("▲1")


def test_who_calls_step_sets_the_clock_and_is_remembered() -> None:
    app = opened(PER_EPOCH)
    write(app, "caller", "lightning_step")
    assert at_hand(app).trials[0].clock == "step"
    assert nodes(app)["caller"]["value"] == "lightning_step", "Lightning's interval, not merely a clock"
    press(app, "undo")
    assert nodes(app)["caller"]["value"] == "epoch"


def test_the_planner_applies_a_length_and_a_budget() -> None:
    document = {
        "lrlab": 1,
        "run": {"samples": 1000, "batch_size": 10, "epochs": 200},
        "trials": [
            {
                "name": "SGDR",
                "base_lr": 0.05,
                "clock": "epoch",
                "schedule": {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 2},
            }
        ],
    }
    app = opened(document, tab="Restarts")
    assert "cut" in app.warning[0].value
    app.button(key="plan.below").click().run()
    assert at_hand(app).run.epochs == 150
    assert "none is cut" in app.success[0].value
    press(app, "undo")
    app.select_slider(key="plan.cycles").set_value(3).run()
    app.button(key="plan.length").click().run()
    assert at_hand(app).trials[0].schedule.T_0 == 29, "200 / 7 rounded up"


def test_a_resume_shows_its_jump() -> None:
    document = PER_EPOCH | {"trials": [PER_EPOCH["trials"][0] | {"clock": "step"}]}
    app = opened(document, tab="Resume")
    app.number_input(key="resume.step").set_value(4000.0).run()
    assert app.metric[0].value == "1"
    app.selectbox(key="resume.how").set_value("last_epoch").run()
    before = 0.05 * (1 + np.cos(np.pi * 0.8))
    assert float(app.metric[0].value) == pytest.approx(0.1 / before, rel=1e-3), "the fresh optimizer's 0.1"
    app.selectbox(key="resume.how").set_value("longer").run()
    app.number_input(key="resume.length").set_value(10.0).run()
    after = 0.05 * (1 + np.cos(np.pi * 0.4))
    assert float(app.metric[0].value) == pytest.approx(after / before, rel=1e-3)


def test_groups_of_a_backbone_and_layers_are_made_and_unmade() -> None:
    app = opened(PER_EPOCH)
    groups(app)
    press(app, "groups/use")
    assert at_hand(app).trials[0].base_lr == (0.01, 0.1)
    groups(app, "layers")
    press(app, "groups/use")
    rates = at_hand(app).trials[0].base_rates
    assert len(rates) == 13
    assert rates[0] == pytest.approx(0.1 * 0.75**12)
    assert rates[-1] == 0.1
    assert len([t for t in traces(app) if t["mode"] == "lines" and t.get("opacity", 1) == 1]) == 13
    groups(app, "one")
    press(app, "groups/use")
    assert at_hand(app).trials[0].base_lr == 0.1


def test_lists_of_groups_follow_their_number() -> None:
    schedule = {"kind": "torch.OneCycleLR", "max_lr": [0.1, 0.2, 0.3], "total_steps": None}
    app = opened(
        {
            "lrlab": 1,
            "run": {"total_steps": 100},
            "trials": [{"name": "t", "base_lr": [0.1, 0.1, 0.1], "schedule": schedule}],
        }
    )
    groups(app, "two")
    press(app, "groups/use")
    assert at_hand(app).trials[0].schedule.max_lr == (0.1, 0.2)


def test_the_calculators_answer() -> None:
    app = opened(PER_EPOCH, tab="Advice")
    app.number_input(key="skipped").set_value(50.0).run()
    assert any("50 \\(1\\.00%\\) ahead" in text.value for text in app.markdown)
    app.text_input(key="warmup.value").set_value("1.0").run()
    assert any("1 step of warmup" in text.value for text in app.markdown)
    app.text_input(key="warmup.value").set_value("often").run()
    assert not app.exception


def test_a_button_whose_trial_is_gone_does_nothing() -> None:
    """A second click may come before the page has followed the first."""
    app = opened(BROKEN)
    finding = advice.check(at_hand(app))[0]
    state = app.session_state
    other = BROKEN | {"trials": [BROKEN["trials"][0] | {"name": "other"}]}
    state["experiment"] = parse(other)
    press(app, f"finding/{finding.code}/dismiss")
    assert not app.exception
    assert at_hand(app).trials[0].dismissed == ()


def test_what_is_typed_just_before_an_undo_is_what_it_takes_back() -> None:
    """The browser sends what a field holds before the button that takes the focus from it: two events, in turn."""
    app = opened(PER_EPOCH)
    write(app, "trials.0.base_lr", "0.7")
    write(app, "trials.0.base_lr", "0.69")
    press(app, "undo")
    assert at_hand(app).trials[0].base_lr == 0.7


def test_a_list_of_rates_is_typed_and_a_bad_one_is_said() -> None:
    app = opened(PER_EPOCH)
    groups(app, "list")
    write(app, "groups/rates", "0.01, 0.02, x")
    assert "'x' is no number" in nodes(app)["groups/said"]["text"]
    assert "numbers with commas" in nodes(app)["groups/said"]["text"]
    assert "groups/use" not in nodes(app)
    write(app, "groups/rates", "0.01, 0.02, 0.3")
    press(app, "groups/use")
    assert at_hand(app).trials[0].base_lr == (0.01, 0.02, 0.3)


def test_an_address_just_left_does_not_bring_back_what_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser may send its request before it has followed to the new address; Back comes later."""
    app = opened(PER_EPOCH)
    old = "".join(app.query_params["s"])
    write(app, "trials.0.base_lr", "0.7")
    monkeypatch.setattr(address, "LAG", 60.0)
    app.query_params["s"] = old
    app.run()
    assert at_hand(app).trials[0].base_lr == 0.7
    monkeypatch.setattr(address, "LAG", 0.0)
    app.query_params["s"] = old
    app.run()
    assert at_hand(app).trials[0].base_lr == 0.1


def test_what_a_person_changes_stands_however_late_the_browser_sends_the_address_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(address, "LAG", 0.0)
    app = opened(PER_EPOCH)
    old = "".join(app.query_params["s"])
    write(app, "trials.0.base_lr", "0.7")
    app.query_params["s"] = old
    write(app, "view.y", "log")
    assert at_hand(app).trials[0].base_lr == 0.7
    assert at_hand(app).view.y == "log"
    assert "".join(app.query_params["s"]) == at_hand(app).link()
