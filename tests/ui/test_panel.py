"""The panel under every kind: what a control shows it takes back, nothing that a browser or a forger sends breaks the
page, and a preview is drawn and forgotten.
"""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from oracle import document
from panels import (
    Node,
    complaint,
    complaints,
    components,
    flat,
    nodes,
    press,
    raw,
    send,
    slide,
    together,
    unfold,
    write,
)  # fmt: skip
from streamlit.testing.v1 import AppTest
from test_page import at_hand, figure, opened

from lrlab import charts, engine
from lrlab.document import DocumentError, Experiment, assign, parse, value_at
from lrlab.handles import handles
from lrlab.schedules import KINDS
from lrlab.ui.panel.panel import MOST_EVENTS
from lrlab.ui.tune import trials

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

RUN = {"total_steps": 1000, "steps_per_epoch": 100}
MANY = "9" * 100_000
INFINITY = math.inf
NEITHER: list[Any] = [[], [1.0], {}, {"value": 1}, None, "\0", "\ud800", MANY, "(" * 100_000]
"""What is neither a number, nor a text that any control takes."""
NO_NUMBERS: list[Any] = [*NEITHER, math.nan, INFINITY, -INFINITY, 10**400, True, "abc", "nan", "inf", "1e400", "0x1p3"]
NO_TEXTS: list[Any] = [*NEITHER, math.nan, INFINITY, 10**400, 0.5, 7]
NAMES: list[Any] = ["no.such", "", "trials.7.base_lr", "x" * 10_000, 5, None, [], {}, True]
"""Names of controls that are not there."""


def page(kind: str) -> AppTest:
    return opened(document(KINDS[kind].example(1000, 10, 100), run=RUN))


def controls(app: AppTest, *sorts: str) -> list[Node]:
    """The controls of Tune's panel of some sorts."""
    return [node for node in nodes(app, "panel").values() if node["is"] in sorts]


def send_all(app: AppTest, events: list[Node]) -> AppTest:
    """In as few messages as a panel takes."""
    for begin in range(0, len(events), MOST_EVENTS):
        send(app, *events[begin : begin + MOST_EVENTS], component="panel")
        assert not app.exception, app.exception
    return app


def said_so(app: AppTest, what: str = "") -> None:
    """What was refused was so with one sentence beside the control or over the page."""
    sentences = [complaints(app), *(error.value for error in app.error)]
    assert any(sentences), f"nothing was said of {what}"
    assert all(len(sentence) < 600 for sentence in sentences)
    assert "Traceback" not in str(sentences)


# ---------------------------------------------------------------- what a control shows


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_control_shows_it_takes_back_and_nothing_changes(kind: str) -> None:
    app = page(kind)
    before = at_hand(app)
    events: list[Node] = []
    for node in controls(app, "number"):
        events.append({"id": node["id"], "text": node["text"]})
        if "unset" not in node and "means" not in node:
            events.append({"id": node["id"], "value": node["at"]})
    events += [{"id": node["id"], "value": node["on"]} for node in controls(app, "switch")]
    events += [{"id": node["id"], "text": node["value"]} for node in controls(app, "choice", "pills", "chips")]
    events += [{"id": node["id"], "text": node["text"]} for node in controls(app, "text")]
    send_all(app, events)
    assert at_hand(app) == before
    assert not complaints(app)
    assert not app.session_state["past"], "and nothing is there to undo"


@pytest.mark.parametrize("kind", KINDS)
def test_the_slider_of_what_is_not_set_sets_it_or_says_why_not(kind: str) -> None:
    app = page(kind)
    for node in [node for node in controls(app, "number") if "unset" in node]:
        before, path = at_hand(app), trial_path(node["id"])
        at = node["at"] if node["at"] is not None else node.get("least", (node.get("stops") or [node.get("low")])[0])
        slide(app, node["id"], at)
        assert not app.exception
        if at_hand(app) == before:
            said_so(app, node["id"])
            continue
        assert value_at(at_hand(app).document(), path) == at
        assert parse(at_hand(app).document()) == at_hand(app)
        assert "empty" in nodes(app)[node["id"]]
        write(app, node["id"], "")
        assert at_hand(app) == before, "emptied, it is not set again"


def trial_path(name: str) -> tuple[Any, ...]:
    return tuple(int(part) if part.isdecimal() else part for part in name.split("."))


# ---------------------------------------------------------------- what a forger sends


@pytest.mark.parametrize("kind", KINDS)
def test_what_no_control_takes_changes_nothing_and_breaks_nothing(kind: str) -> None:
    app = page(kind)
    before = at_hand(app)
    events: list[Node] = [
        {"id": node["id"], key: value}
        for node in controls(app, "number")
        for value in NO_NUMBERS
        for key in (("text", "value") if isinstance(value, str) else ("value",))
    ]
    events += [
        {"id": node["id"], "value": value}
        for node in controls(app, "text", "switch", "choice", "pills", "chips", "menu")
        for value in NO_TEXTS
        if node["is"] != "text" or not isinstance(value, str)  # a name, and some arguments, may be any text
    ]
    events += [
        {"id": node["id"], "text": text}
        for node in controls(app, "switch", "choice", "pills", "chips", "menu")
        for text in ("no such thing", "", MANY)
    ]
    send_all(app, events)
    assert at_hand(app).document() == before.document()
    said_so(app, kind)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:12])
def test_each_of_it_gets_a_sentence_beside_the_control(value: Any) -> None:
    app = opened()
    before = at_hand(app)
    for name in ("trials.0.base_lr", "trials.0.schedule.schedulers.1.T_0", "trials.0.schedule.milestones.0"):
        send(app, {"id": name, "value": value})
        assert not app.exception
        assert complaint(app, name)
        assert len(complaint(app, name)) < 600
        assert at_hand(app) == before


@pytest.mark.parametrize("value", [0.5, 7, math.nan, [], {}, None], ids=repr)
def test_a_number_where_text_belongs_gets_a_sentence(value: Any) -> None:
    app = opened(document({"kind": "torch.LambdaLR", "lr_lambda": "0.5"}))
    before = at_hand(app)
    send(app, {"id": "trials.0.schedule.lr_lambda", "value": value})
    assert not app.exception
    assert complaint(app, "trials.0.schedule.lr_lambda")
    assert at_hand(app) == before


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name)[:12])
def test_a_name_that_is_not_there_gets_a_sentence(name: Any) -> None:
    app = opened()
    before = at_hand(app)
    for said in ({"value": 0.1}, {"text": "0.1"}, {}):
        send(app, {"id": name} | said, component="panel")
        assert not app.exception
        assert len(app.error) == 1
        assert len(app.error[0].value) < 600
        assert at_hand(app) == before


@pytest.mark.parametrize("message", [
    None, 5, "text", [], {}, {"n": 1}, {"n": "1", "events": []}, {"n": 1, "events": {}}, {"n": 1, "events": "remove"},
    {"n": 10**400, "events": []}, {"n": math.nan, "events": [{"id": "remove"}]}, {"events": [{"id": "remove"}]},
    {"n": 1, "events": [None, 5, "remove", [], ["remove"], {}, {"value": 1}]},
], ids=lambda message: repr(message)[:40])  # fmt: skip
def test_what_is_no_message_changes_nothing(message: Any) -> None:
    app = opened()
    before = at_hand(app)
    raw(app, components(app, "panel")["panel"][0], "change", message)
    assert not app.exception
    assert at_hand(app) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_that_is_gone_meanwhile_is_a_sentence(kind: str) -> None:
    app = page(kind)
    events = [
        {"id": node["id"], "value": node["at"] if node["at"] is not None else 1} for node in controls(app, "number")
    ]
    send_all(app, [{"id": "remove"}, *events])
    assert at_hand(app).trials == ()
    press(app, "undo")
    assert len(at_hand(app).trials) == 1


HOLDERS = [kind for kind in KINDS if any(isinstance(v, list) for v in KINDS[kind].example(1000, 10, 100).values())]


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_part_that_is_gone_meanwhile_is_a_sentence(kind: str) -> None:
    """The browser sends what a slider of a part says after the part was taken out."""
    app = page(kind)
    gone = [
        node["id"] for node in flat(components(app, "panel")["panel"][1]["nodes"]) if node["id"].endswith("/remove")
    ]
    numbers = controls(app, "number", "text")
    for name in gone:
        events = [
            {"id": node["id"], "text": node["text"] or "1"} for node in numbers if node["id"].startswith("trials.")
        ]
        send_all(app, [{"id": name}, {"id": name}, *events])
        assert parse(at_hand(app).document()) == at_hand(app)


def test_a_length_that_is_gone_meanwhile_is_a_sentence() -> None:
    app = opened()
    write(app, "trials.0.schedule.schedulers/spans", "durations")
    length = "trials.0.schedule.milestones.length.0"
    assert length in nodes(app)
    send_all(app, [{"id": "trials.0.schedule.schedulers.0/remove"}, {"id": length, "value": 700}])
    assert len(at_hand(app).trials[0].schedule.schedulers) == 1
    assert at_hand(app).trials[0].schedule.milestones == ()
    send_all(app, [{"id": "remove"}, {"id": length, "value": 700}])
    assert len(at_hand(app).trials) == 1


SEQUENCE = {
    "kind": "torch.SequentialLR",
    "milestones": [300],
    "schedulers": [{"kind": "torch.LinearLR", "total_iters": 300}, {"kind": "torch.CosineAnnealingLR", "T_max": 100}],
}
STEPS = {"kind": "torch.StepLR", "step_size": 30}


def sequence(*, others: bool = False) -> AppTest:
    """A sequence with a finding, all that opens open, alone or before a trial without parts."""
    trials_ = [{"name": "a", "base_lr": 0.1, "schedule": SEQUENCE}]
    trials_ += [{"name": "b", "base_lr": 0.1, "schedule": STEPS}] if others else []
    app = opened({"lrlab": 1, "run": RUN, "trials": trials_})
    write(app, "trials.0.schedule.schedulers/spans", "durations")
    return unfold(app, "groups")


EVENTS = sorted(
    node["id"] for node in nodes(sequence(), "panel").values() if node["id"] not in {"remove", "undo", "redo", "chip"}
)
"""Everything in that panel, whatever it does."""


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("first", ["remove", "trials.0.schedule.schedulers.1/remove"])
def test_what_a_quick_hand_does_behind_a_removal_leaves_a_page_that_works(first: str, others: bool) -> None:
    """The browser sends what waits in one message."""
    assert {"groups/use", "trials.0.schedule.schedulers/kind", "trials.0.schedule.milestones.length.0"} <= {*EVENTS}
    assert any(name.endswith("/fix") for name in EVENTS)
    app = sequence(others=others)
    before, page_ = at_hand(app), nodes(app, "panel")
    for name in EVENTS:
        said = {"text": "torch.StepLR"} if page_.get(name, {}).get("is") == "menu" else {"value": 400}
        send(app, {"id": first}, {"id": name} | said, {"id": "duplicate"}, component="panel")
        assert not app.exception, name
        app.session_state["experiment"] = before
        app.session_state["trial"] = 0
        app.run()
        assert set(nodes(app, "panel")) >= {"duplicate", first}, "and it is whole again"
        unfold(app, "groups")


def test_what_a_fix_would_mend_may_be_gone() -> None:
    app = sequence()
    fix = next(name for name in EVENTS if name.endswith("/fix"))
    send(app, {"id": "trials.0.schedule.schedulers.1/remove"}, {"id": fix}, component="panel")
    assert [error.value for error in app.error] == ["what this would mend is gone. The page keeps what it had."]


def numbered(*messages: tuple[int, str]) -> list[Node]:
    return [{"n": n, "events": [{"id": "trials.0.base_lr", "text": text}]} for n, text in messages]


def test_what_streamlit_dropped_is_taken_with_the_next_message_and_nothing_twice() -> None:
    app = opened()
    panel, past = components(app, "panel")["panel"][0], len(app.session_state["past"])
    raw(app, panel, "change", numbered((1, "0.1"))[0] | {"before": []})
    raw(app, panel, "change", numbered((3, "0.3"))[0] | {"before": numbered((1, "0.1"), (2, "0.2"))})
    assert at_hand(app).trials[0].base_lr == 0.3
    assert [each.trials[0].base_lr for each, _ in app.session_state["past"][past:]] == [0.05, 0.1, 0.2]
    for forged in (None, 5, {"n": 9}, [None, 5, {}, {"n": "9", "events": []}, {"n": 9, "events": 5}]):
        raw(app, panel, "change", {"n": 4, "events": [], "before": forged})
        assert not app.exception
        assert at_hand(app).trials[0].base_lr == 0.3


def test_a_sentence_goes_with_its_control() -> None:
    app = opened({"lrlab": 1, "run": {"samples": 50_000, "batch_size": 100, "epochs": 10}, "trials": []})
    write(app, "run.epochs", "ten")
    assert complaint(app, "run.epochs")
    write(app, "run.form", "steps")
    write(app, "run.form", "data")
    assert not complaint(app, "run.epochs")
    write(app, "run.epochs", "ten")
    app.switch_page("pages/gallery.py").run()
    app.switch_page("app.py").run()
    assert not complaint(app, "run.epochs")


@pytest.mark.parametrize("event", ["toggle", "frame", "preview", "missing"])
@pytest.mark.parametrize("said", [MANY[:5000], "-1", "\0", "\u0665", 7, None, [], {}, [["0"]]])
def test_what_no_chart_says_changes_nothing(event: str, said: Any) -> None:
    app = opened()
    before = at_hand(app)
    raw(app, components(app, "chart")["chart"][0], event, said)
    assert not app.exception
    assert at_hand(app) == before


# ---------------------------------------------------------------- previews


def asked(app: AppTest, name: str, value: Any, panel: str = "panel", **more: Any) -> AppTest:
    """What the browser sends while a slider is dragged."""
    event = {"n": 7, "panel": panel, "id": name, "value": value} | more
    return raw(app, components(app, "chart")["chart"][0], "preview", event)


def chart(app: AppTest) -> Node:
    return components(app, "chart")["chart"][1]


def kept(app: AppTest) -> tuple[Any, ...]:
    """What a preview leaves as it was."""
    state = app.session_state
    return at_hand(app), list(state["past"]), list(state["future"]), dict(app.query_params)


def drawn(experiment: Experiment) -> Any:
    figure_ = charts.overlay(experiment.run, engine.drawn(experiment), experiment.view)
    return json.loads(json.dumps(figure_))


def another(node: Node, experiment: Experiment) -> tuple[Any, Experiment] | None:
    """Another value of a number's slider, and the experiment with it, if there is one."""
    at = node["at"] if node["at"] is not None else 0
    values = node["stops"] if "stops" in node else [at + node["step"], at - node["step"], node["low"], node["high"]]
    for value in values:
        if value == at:
            continue
        new = copy.deepcopy(experiment.document())
        try:
            assign(new, trial_path(node["id"]), value)
            found = parse(new)
        except (DocumentError, LookupError):
            continue
        if engine.failure(found.run, found.trials[0]) is None:
            return value, found
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_preview_is_drawn_and_forgotten(kind: str) -> None:
    app = page(kind)
    before, shown = kept(app), figure(app)
    found = [(node["id"], another(node, at_hand(app))) for node in controls(app, "number") if "/" not in node["id"]]
    if not found:
        assert not app.exception, "a schedule of one expression, with a rate of its own"
        return
    name, (value, new) = next((name, one) for name, one in found if one is not None)
    asked(app, name, value)
    assert not app.exception
    assert chart(app)["preview"] == {"n": 7, "error": ""}
    assert figure(app) == drawn(new)
    assert kept(app) == before
    app.run()
    assert chart(app)["preview"] is None
    assert figure(app) == shown, "it is drawn once"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("key", "name"), [("run", "run.epochs"), ("panel", "trials.0.schedule.step_size")])
def test_a_preview_that_comes_with_a_change_is_not_drawn(key: str, name: str, order: int) -> None:
    """Streamlit answers both in one run where it is busy when they come."""
    run = {"samples": 50_000, "batch_size": 100, "epochs": 10}
    app = opened({"lrlab": 1, "run": run, "trials": [{"name": "a", "base_lr": 0.1, "schedule": STEPS}]})
    change = (components(app, "panel")[key][0], "change", {"n": 5, "events": [{"id": name, "value": 30}]})
    event = {"n": 1, "panel": key, "id": name, "value": 20}
    together(app, *[change, (components(app, "chart")["chart"][0], "preview", event)][::order])
    assert chart(app)["preview"] is None
    shown = figure(app)
    app.run()
    assert shown == figure(app), "that of the page as it is"
    asked(app, name, 20, key)
    assert chart(app)["preview"] is not None, "the next one is"


def test_a_preview_that_is_refused_leaves_the_chart_as_high_as_it_is() -> None:
    app = page("torch.OneCycleLR")
    high = chart(app)["height"]
    asked(app, "trials.0.schedule.pct_start", 5.0)
    assert chart(app)["preview"]["error"]
    assert chart(app)["height"] == high > 350


def test_what_makes_no_document_keeps_the_figure_and_says_why() -> None:
    app = opened()
    before = kept(app)
    for name, value in (
        ("trials.0.schedule.schedulers.1.T_0", 0), ("trials.0.base_lr", -1.0), ("trials.0.base_lr", math.nan),
        ("trials.0.base_lr", 10**400), ("trials.0.base_lr", [0.1]), ("no.such", 1), ("handle/no", 1), (5, 1),
        ("trials.9.base_lr", 0.1),
    ):  # fmt: skip
        asked(app, name, value)
        assert not app.exception, name
        assert chart(app)["figure"] is None
        assert chart(app)["preview"]["n"] == 7
        assert 0 < len(chart(app)["preview"]["error"]) < 600
        assert kept(app) == before


@pytest.mark.parametrize(("name", "value", "panel"), [
    ("tab", "Code", "tabs"), ("view.x", "epoch", "view"), ("groups/how", "layers", "panel"), ("chip", "1", "panel"),
    ("remove", None, "panel"), ("undo", None, "view"), ("trials.0.base_lr", 0.1, "nowhere"),
    ("trials.0.base_lr", 0.1, ["panel"]),
])  # fmt: skip
def test_what_is_no_control_of_the_experiment_is_no_preview(name: str, value: Any, panel: Any) -> None:
    """A forger asks for a preview of what is only taken when it is let go."""
    app = opened()
    send(app, {"id": "groups", "open": True})
    before = kept(app)
    asked(app, name, value, panel)
    assert not app.exception
    assert chart(app)["figure"] is None
    assert chart(app)["preview"]["error"]
    assert kept(app) == before


@pytest.mark.parametrize("event", [None, 5, "x", [], {}, {"n": "7"}, {"n": None, "id": "trials.0.base_lr"}], ids=repr)
def test_what_is_no_preview_draws_the_page_as_it_is(event: Any) -> None:
    app = opened()
    before, shown = kept(app), figure(app)
    raw(app, components(app, "chart")["chart"][0], "preview", event)
    assert not app.exception
    assert figure(app) == shown
    assert kept(app) == before


def test_a_preview_of_a_curve_that_cannot_be_drawn_keeps_the_figure() -> None:
    growing = {"kind": "torch.ExponentialLR", "gamma": 0.9}
    sequence = {"kind": "torch.SequentialLR", "milestones": [50], "schedulers": [growing, {"kind": "torch.ConstantLR"}]}
    app = opened(document(sequence, steps=100))
    asked(app, "trials.0.schedule.schedulers.0.gamma", 1e30)
    assert not app.exception
    assert chart(app)["figure"] is None
    assert "not finite" in chart(app)["preview"]["error"]


def test_a_dragged_sketch_leaves_those_that_are_remembered() -> None:
    """Undo brings back the sliders of the sketch before, however long the next one was dragged."""
    app = opened(document({"kind": "torch.ReduceLROnPlateau"}, run=RUN))
    source, noise = (f"trials.0.schedule.metrics/{name}" for name in ("source", "noise"))
    write(app, source, "loss")
    slide(app, noise, 0.1)
    for place in range(12):
        asked(app, noise, place / 40)
        assert nodes(app)[source]["value"] == "loss"
    slide(app, noise, 0.2)
    press(app, "undo")
    assert nodes(app)[source]["value"] == "loss"
    assert nodes(app)[noise]["at"] == 0.1


# ---------------------------------------------------------------- handles


def test_a_handle_moves_its_arguments_and_previews_it_first() -> None:
    app = opened()
    held = chart(app)["handles"]
    assert held["panel"] == "panel"
    joint = next(one for one in held["list"] if one["of"] == "trials.0.schedule.milestones.0")
    assert (joint["axis"], joint["x"], joint["whole"]) == ("x", 1955, True)
    before = kept(app)
    asked(app, joint["id"], 3000)
    assert chart(app)["preview"] == {"n": 7, "error": ""}
    assert kept(app) == before
    send(app, {"id": joint["id"], "value": 3000}, component="panel")
    sequence = at_hand(app).trials[0].schedule
    assert sequence.milestones == (3000,)
    assert sequence.schedulers[0].total_iters == 3000, "the warmup goes along"
    assert len(app.session_state["past"]) == 1, "in one step"
    moved = next(one for one in chart(app)["handles"]["list"] if one["of"] == joint["of"])
    assert moved["x"] == 3000


def test_every_handle_of_the_chart_is_a_control_and_its_own_value_changes_nothing() -> None:
    app = opened()
    for place in ("0", "1"):
        write(app, "chip", place)
        before = at_hand(app)
        run, trial = before.run, before.trials[int(place)]
        names = [trials.handle_name(int(place), handle) for handle in handles(run, trial)]
        held = chart(app)["handles"]["list"]
        assert [one["id"] for one in held] == names
        for one in held:
            assert one["offset"] + one["scale"] * one["value"] == pytest.approx(one[one["axis"]], rel=1e-6, abs=1e-8)
        send_all(app, [{"id": one["id"], "value": one["value"]} for one in held])
        assert at_hand(app) == before


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: repr(value)[:12])
def test_a_handle_takes_no_more_than_a_control(value: Any) -> None:
    app = opened()
    before = at_hand(app)
    send(app, *({"id": one["id"], "value": value} for one in chart(app)["handles"]["list"]), component="panel")
    assert not app.exception
    assert at_hand(app) == before


def test_a_hidden_trial_has_no_handles_and_hidden_marks_leave_those_up_and_down() -> None:
    app = opened()
    send(app, {"id": "view.marks", "value": False})
    assert {one["axis"] for one in chart(app)["handles"]["list"]} == {"y"}
    press(app, "hide")
    assert chart(app)["handles"] is None


def test_a_key_that_was_held_down_and_a_change_elsewhere_are_two_changes() -> None:
    app = page("torch.StepLR")
    name = "trials.0.base_lr"
    send_all(app, [{"id": name, "value": 0.2}, {"id": name, "value": 0.3, "more": True}])
    assert len(app.session_state["past"]) == 1, "the key's stops are one change"
    write(app, "run.total_steps", "2000")
    press(app, "undo")
    assert at_hand(app).run.steps == 1000
    assert at_hand(app).trials[0].base_lr == 0.3
