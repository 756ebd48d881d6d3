"""The metric of a schedule that follows one, and the fields that are text, through the page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from panels import captions, complaint, nodes, press, slide, write
from test_page import at_hand, figure, opened

from lrlab.readers.metrics import ACCURACY, LOSS, MOST_VALUES, Sketch, sketch
from lrlab.schedules import KINDS
from lrlab.schedules.recurrence import MetricDriven

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

PLATEAU = {"kind": "torch.ReduceLROnPlateau"}
HERE = "trials.0.schedule.metrics"
WATCHERS = [kind for kind in KINDS.values() if issubclass(kind, MetricDriven)]


def page(schedule: dict[str, Any], run: dict[str, int] | None = None, **trial: Any) -> Any:
    run = run or {"total_steps": 1000, "steps_per_epoch": 10}
    return opened(
        {
            "lrlab": 1,
            "run": run,
            "trials": [{"name": "t", "base_lr": 0.1, "schedule": schedule, "clock": "epoch", **trial}],
        }
    )


def metric(app: Any) -> Any:
    return at_hand(app).trials[0].schedule.metrics


def given(app: Any) -> None:
    write(app, f"{HERE}/source", "given")


def paste(app: Any, text: str) -> None:
    app.text_area(key=f"{HERE}/pasted").set_value(text).run()
    app.button(key=f"{HERE}/use").click().run()
    assert not app.exception


def panel(app: Any, axis: str = "y2") -> list[dict[str, Any]]:
    lines = [line for line in figure(app)["data"] if line.get("yaxis") == axis]
    return [
        {at: np.frombuffer(base64.b64decode(line[at]["bdata"]), line[at]["dtype"]) for at in "xy"} for line in lines
    ]


@pytest.mark.parametrize("kind", WATCHERS, ids=lambda kind: kind.kind)
def test_a_new_one_starts_with_a_sketch_and_reacts_to_it(kind: type[MetricDriven]) -> None:
    app = opened()
    write(app, "add", kind.kind)
    assert not app.exception
    trial = at_hand(app).trials[-1]
    assert trial.clock == "epoch"
    assert trial.schedule.metrics == sketch(ACCURACY if getattr(trial.schedule, "mode", "min") == "max" else LOSS, 155)
    lines = [line for line in figure(app)["data"] if line["legendgroup"] == "2" and line["mode"] == "lines"]
    rates = np.frombuffer(base64.b64decode(lines[0]["y"]["bdata"]), lines[0]["y"]["dtype"])
    assert np.ptp(rates) > 0, "the page shows it at work"
    assert "link" not in str([warning.value for warning in app.warning]), "and the address still carries it"


def test_the_sketch_has_sliders_that_write_the_document() -> None:
    app = page(PLATEAU)
    assert metric(app) is None
    write(app, f"{HERE}/source", "loss")
    assert metric(app) == sketch(LOSS, 100)
    slide(app, f"{HERE}/noise", 0.1)
    slide(app, f"{HERE}/plateaus", 0)
    assert metric(app) == sketch(Sketch(noise=0.1, plateaus=0), 100)
    assert nodes(app)[f"{HERE}/noise"]["at"] == 0.1
    write(app, f"{HERE}/source", "accuracy")
    assert metric(app) == sketch(ACCURACY, 100)
    write(app, f"{HERE}/source", "none")
    assert metric(app) is None
    assert not app.exception


def test_a_sketch_follows_the_run_when_asked() -> None:
    app = page(PLATEAU | {"metrics": list(sketch(LOSS, 100))})
    write(app, "run.total_steps", "2000")
    assert len(metric(app)) == 100
    assert "100 values for 200 calls" in captions(app)
    press(app, f"{HERE}/again")
    assert metric(app) == sketch(LOSS, 200)


def test_a_run_of_very_many_calls_gets_as_many_values_as_a_document_carries() -> None:
    app = page(PLATEAU, {"total_steps": 1_000_000}, clock="step")
    write(app, f"{HERE}/source", "loss")
    assert len(metric(app)) == MOST_VALUES
    assert "20,000 values for 1,000,000 calls" in captions(app)
    assert panel(app)[0]["x"].size <= 2000


@pytest.mark.parametrize("text", ["1.0\n0.5\nnan\n0.25", "loss\n1.0\n0.5\nNaN\n0.25", "1.0, 0.5; nan 0.25"])
def test_a_column_is_pasted(text: str) -> None:
    app = page(PLATEAU)
    given(app)
    paste(app, text)
    assert metric(app) == (1.0, 0.5, "nan", 0.25)
    assert nodes(app)[f"{HERE}/source"]["value"] == "given"
    assert "metric" in figure(app)["layout"]["yaxis2"]["title"]["text"]


def test_of_several_columns_the_person_chooses() -> None:
    app = page(PLATEAU)
    given(app)
    app.file_uploader(key=f"{HERE}/file").upload(
        "log.csv", b"epoch,loss,note\n0,0.9,a\n1,0.8,b\n2,,c\n", "text/csv"
    ).run()
    assert metric(app) is None
    assert list(app.selectbox(key=f"{HERE}/column").options) == ["epoch", "loss", "note"]
    app.selectbox(key=f"{HERE}/column").set_value(2).run()
    app.button(key=f"{HERE}/use_column").click().run()
    assert "line 2: 'a' is no number" in app.error[0].value.replace("\\", "")
    app.selectbox(key=f"{HERE}/column").set_value(1).run()
    app.button(key=f"{HERE}/use_column").click().run()
    assert metric(app) == (0.9, 0.8)
    assert not app.error


@pytest.mark.parametrize(("text", "said"), [
    ("0.9\nabc", "line 2: 'abc' is no number"), ("", "holds no number"), ("1e999", "line 1: '1e999' is not finite"),
    ("1\n" * 20_001, "20,001 values are more than 20,000"), ("__import__('os').system('true')", "holds no number"),
])  # fmt: skip
def test_bad_input_gets_one_sentence_and_the_page_keeps_what_it_had(text: str, said: str) -> None:
    app = page(PLATEAU | {"metrics": [3.0, 2.0]})
    before = at_hand(app)
    paste(app, text)
    assert at_hand(app) == before
    assert said in app.error[0].value.replace("\\", "")
    assert app.text_area(key=f"{HERE}/pasted").value == text
    paste(app, "1 2 3")
    assert metric(app) == (1.0, 2.0, 3.0)
    assert not app.error


def test_metrics_that_make_the_document_too_large_are_refused() -> None:
    long = "\n".join(["0.1234567890123456"] * 20_000)
    app = page(PLATEAU)
    for _ in range(4):
        here = f"trials.{len(at_hand(app).trials) - 1}.schedule.metrics"
        write(app, f"{here}/source", "given")
        app.text_area(key=f"{here}/pasted").set_value(long).run()
        app.button(key=f"{here}/use").click().run()
        if app.error:
            break
        write(app, "add", "torch.ReduceLROnPlateau")
    assert "larger than 1 MiB" in app.error[0].value
    assert len(at_hand(app).dumps()) <= 2**20


@pytest.mark.parametrize(
    ("clock", "places"),
    [("step", [0, 1, 2, 3]), ("epoch", [9, 19, 29, 39]), ("process", [0, 0, 1, 1]), ("micro_batch", [0, 0, 0, 1])],
)
def test_the_metric_is_drawn_at_the_step_after_which_it_is_shown(clock: str, places: list[int]) -> None:
    run = {"samples": 40, "batch_size": 4, "epochs": 4}
    if clock == "process":
        run |= {"samples": 80, "devices": 2}
    if clock == "micro_batch":
        run |= {"samples": 120, "accumulate": 2}
    app = page(PLATEAU | {"metrics": [4.0, 3.0, "nan", 1.0]}, run, clock=clock)
    (line,) = panel(app)
    assert line["x"].tolist() == places
    assert np.array_equal(line["y"], [4.0, 3.0, np.nan, 1.0], equal_nan=True)


def test_momentum_and_metric_have_a_panel_each() -> None:
    app = page(PLATEAU | {"metrics": [1.0, 2.0]})
    write(app, "add", "torch.OneCycleLR")
    layout = figure(app)["layout"]
    assert [layout[axis]["title"]["text"] for axis in ("yaxis", "yaxis2", "yaxis3")] == [
        "learning rate",
        "momentum",
        "metric",
    ]
    domains = [layout[axis]["domain"] for axis in ("yaxis3", "yaxis2", "yaxis")]
    assert all(low < high for low, high in domains)
    assert domains[0][1] < domains[1][0]
    assert domains[1][1] < domains[2][0]
    assert len(panel(app, "y3")) == 1


def test_pairs_are_text_and_an_object_in_the_document() -> None:
    app = page(KINDS["optax.piecewise_constant_schedule"].example(1000, 10, 100), clock="step")
    key = "trials.0.schedule.boundaries_and_scales"
    for text in ("30: 0.1, 60: 0.5", '{"30": 0.1; "60": 0.5}'):
        write(app, key, text)
        assert at_hand(app).document()["trials"][0]["schedule"]["boundaries_and_scales"] == {"30": 0.1, "60": 0.5}
        assert nodes(app)[key]["text"] == "30: 0.1, 60: 0.5"
    before = at_hand(app)
    for text, said in (
        ("30: x", "must be a number"),
        ("a: 1", "'a' is no whole number"),
        ("30: 1, 30: 2", "30 stands twice"),
        ("5", "must be a number"),
    ):
        write(app, key, text)
        assert said in complaint(app, key), text
        assert not app.error, "it is said beside the field, where what was refused stays to be mended"
        assert at_hand(app) == before


def test_lists_of_rates_and_of_whole_numbers_keep_every_digit() -> None:
    app = page(
        KINDS["keras.PiecewiseConstantDecay"].example(1000, 10, 100)
        | {"boundaries": [1], "values": [0.123456789, 1e-05]},
        clock="step",
    )
    values = "trials.0.schedule.values"
    assert nodes(app)[values]["text"] == "0.123456789, 1e-5"
    write(app, values, "0.2, 0.02")
    assert at_hand(app).trials[0].schedule.values == (0.2, 0.02)
    write(app, "trials.0.schedule.boundaries", "7")
    assert at_hand(app).trials[0].schedule.boundaries == (7,)


def test_plain_text_is_an_argument_too() -> None:
    app = page(KINDS["paddle_v1.manual"].example(1000, 10, 100), clock="step")
    key = "trials.0.schedule.learning_rate_args"
    write(app, key, "100:1.0,200:0.5")
    assert at_hand(app).trials[0].schedule.learning_rate_args == "100:1.0,200:0.5"
    write(app, key, "nonsense")
    assert complaint(app, key)
    assert at_hand(app).trials[0].schedule.learning_rate_args == "100:1.0,200:0.5"
