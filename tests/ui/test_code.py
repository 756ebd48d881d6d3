"""The Code tab through Streamlit's own test harness: what is shown is what the library writes."""

from __future__ import annotations

from typing import Any

import oracle
import pytest
from streamlit.testing.v1 import AppTest
from test_page import at_hand, opened

from lrlab.exporters import EXPORTERS, export, proof
from lrlab.exporters.proof import Proof, proofs
from lrlab.schedules import KINDS

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
LINEAR = {"kind": "transformers.get_linear_schedule_with_warmup", "num_warmup_steps": 3, "num_training_steps": None}
KERAS = {"kind": "keras.LearningRateScheduler", "schedule": "0.1 * 0.9 ** epoch"}


def tab(schedule: dict[str, Any], **about: Any) -> AppTest:
    return opened(oracle.document(schedule, **about), tab="Code")


def choose(app: AppTest, key: str, value: str) -> None:
    app.get_by_key(key).set_value(value).run()
    assert not app.exception


def captions(app: AppTest) -> list[str]:
    """What is said, without the backslashes that keep it from being Markdown."""
    return [text.value.replace("\\", "") for text in app.caption]


@pytest.mark.parametrize("target", EXPORTERS)
def test_each_target_shows_its_code(target: str) -> None:
    app = tab(COSINE)
    choose(app, "target", target)
    code = [block.value for block in app.code]
    if target in ("csv", "npy"):
        assert not code
        assert any(text.startswith("20 steps: ") for text in captions(app))
    elif target == "deepspeed":
        assert not code
        assert "none of them gives this curve" in app.info[0].value
    else:
        assert code[0].rstrip("\n") == export(at_hand(app), target).rstrip("\n")


def test_the_form_can_be_forced_and_is_explained() -> None:
    app = tab(COSINE)
    assert any(
        text.startswith("Native: the framework's own constructor. Run with 5 recorded cases") for text in captions(app)
    )
    choose(app, "form/native", "portable")
    assert app.code[0].value.rstrip("\n") == export(at_hand(app), "pytorch", form="portable").rstrip("\n")
    assert any(text.startswith("Portable: a plain function written from the curve.") for text in captions(app))


def test_where_there_is_no_native_form_the_page_says_why() -> None:
    app = tab(LINEAR)
    assert any("PyTorch has no transformers.get" in text for text in captions(app))
    assert "LambdaLR" in app.code[0].value
    choose(app, "target", "transformers")
    assert "get_scheduler(" in app.code[0].value


def test_a_callback_is_portable_by_itself_and_native_when_asked() -> None:
    app = tab(KERAS, clock="epoch", run={"total_steps": 20, "steps_per_epoch": 5})
    choose(app, "target", "keras")
    assert "def callbacks()" not in app.code[0].value
    choose(app, "form/portable", "native")
    assert "def callbacks()" in app.code[0].value


def test_the_loop_of_accelerate_can_be_had() -> None:
    app = tab(COSINE)
    assert "accelerator" not in app.code[0].value
    choose(app, "loop/plain", "accelerate")
    assert app.code[0].value.rstrip("\n") == export(at_hand(app), "pytorch", loop="accelerate").rstrip("\n")
    prepared = tab(COSINE, clock="process", run={"samples": 40, "batch_size": 2, "devices": 2, "epochs": 2})
    assert "accelerator.prepare(model, optimizer, loader, scheduler)" in prepared.code[0].value


def test_the_matrix_is_shown() -> None:
    app = tab(COSINE)
    assert not app.dataframe
    app.session_state["proof"] = True
    app.run()
    table = app.dataframe[0].value
    assert table.index[0] == "torch.CosineAnnealingLR"
    assert len(table) == len(KINDS)
    assert table.loc["torch.StepLR", "PyTorch"].startswith("native ")


def test_what_was_not_run_yet_is_said_and_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record without this schedule; then one that has the schedule, but not this target."""
    known = dict(proofs())
    old = known.pop("torch.CosineAnnealingLR")
    monkeypatch.setattr(proof, "proofs", lambda: known)
    app = tab(COSINE)
    assert any("With recorded cases of this schedule: not yet run." in text for text in captions(app))
    assert app.code
    app.session_state["proof"] = True
    app.run()
    assert not app.exception
    row = app.dataframe[0].value.loc["torch.CosineAnnealingLR"]
    assert row["cases"] == 0
    assert set(row[1:]) == {"not yet run"}

    seen = {target: about for target, about in old.seen.items() if target != "optax"}
    known["torch.CosineAnnealingLR"] = Proof(old.kind, old.cases, seen)
    choose(app, "target", "optax")
    assert any("not yet run." in text for text in captions(app))
    row = app.dataframe[0].value.loc["torch.CosineAnnealingLR"]
    assert row[EXPORTERS["optax"].title] == "not yet run"
    assert row[EXPORTERS["pytorch"].title].startswith("native ")
