"""The warmup lesson through Streamlit's own test harness: its sliders, its numbers, its way to Tune, its code and its
exercises.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import lesson_pages
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from lrlab import exporters
from lrlab.lessons import prose, units
from lrlab.lessons import shape as warmup
from lrlab.lessons.shape import FORMS, NONE, Shape
from lrlab.lessons.units import Units
from lrlab.ui.lessons.numbers import MINUS
from lrlab.ui.lessons.shape import shares
from lrlab.ui.lessons.warmup import LESSON

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def opened(**address: str) -> AppTest:
    return lesson_pages.opened("pages/warmup.py", {name.replace("__", "."): text for name, text in address.items()})


def texts(app: AppTest) -> str:
    """All that is said, without the marks that keep Markdown from reading it."""
    elements = (*app.markdown, *app.caption, *app.subheader, *app.info, *app.warning)
    return " ".join(element.value for element in elements).replace("\\", "")


def table(app: AppTest, first: str) -> Any:
    """The table whose index or first column has this name."""
    found = [t.value for t in app.table if first in (t.value.index.name, t.value.columns[0])]
    assert len(found) >= 1, first
    return found[0]


def charts(app: AppTest) -> list[Any]:
    return list(app.get("bidi_component"))


def drawn(app: AppTest) -> dict[str, Any]:
    """The data of each chart, by key."""
    found = [json.loads(component.proto.json) for component in charts(app) if component.proto.json]
    return {data["key"]: data for data in found if "key" in data}


def test_the_sections_and_their_settings_are_there() -> None:
    app = opened()
    assert [s.value for s in app.subheader] == [section.title for section in LESSON.sections]
    assert [section.key for section in LESSON.sections] == ["shape", "limit", "units", "range"]
    assert len(charts(app)) >= 3


def test_the_lengths_of_the_shape_are_said_in_every_unit() -> None:
    app = opened(shape__length="300", shape__steps="1500", shape__epoch="100")
    assert (
        "A warmup of 300 steps is 3 epochs, 20.0 % of the run; 1,200 steps (80.0 %) are left for the decay."
        in texts(app)
    )


def test_one_step_that_is_left_is_told_as_one_and_not_as_nothing() -> None:
    app = opened(shape__length="1999", shape__decay="none")
    assert "A warmup of 1,999 steps is 19.99 epochs, 99.95 % of the run; 1 step (0.05 %) is left at the peak." in texts(
        app
    )
    app = opened(shape__length="100", shape__steps="100", shape__decay="none")
    assert "A warmup of 100 steps is 1 epoch, 100.0 % of the run; nothing is left at the peak." in texts(app)
    assert "decay" not in app.info[0].value


@given(st.integers(1, 10**6).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_a_share_and_the_rest_add_up_and_neither_is_told_as_nothing_where_there_is_some(run: tuple[int, int]) -> None:
    part, whole = run
    told = [Decimal(share.removesuffix(" %")) for share in shares(part, whole)]
    assert sum(told) == 100
    for share, true in zip(told, (part, whole - part), strict=True):
        assert (share > 0) == (true > 0)
        assert abs(share - 100 * Decimal(true) / whole) <= Decimal("0.0501")


@pytest.mark.parametrize("length", [100, 1000, 1999])
def test_the_words_at_the_warmups_end_stand_on_the_chart(length: int) -> None:
    """On a phone they are a quarter of its width."""
    figure = drawn(opened(shape__length=str(length)))["shape.chart"]["figure"]
    words = next(note for note in figure["layout"]["annotations"] if note["text"] == "warmup ends")
    left = words["x"] - (500 if words["xanchor"] == "right" else 0)
    assert words["x"] == length
    assert 0 <= left <= 1500


@pytest.mark.parametrize(("decay", "start", "length"), [
    ("none", "1", "200"), ("none", "0", "200"), ("cosine", "0", "200"), ("linear", "0.5", "200"),
    ("cosine", "0.52", "1"),
])  # fmt: skip
def test_less_than_nothing_is_explained_where_it_is_in_the_table_only(decay: str, start: str, length: str) -> None:
    app = opened(shape__decay=decay, shape__start=start, shape__length=length)
    lost = table(app, "trial")["area lost"].tolist()
    assert any(said.startswith(MINUS) for said in lost) == ("Less than nothing is lost" in texts(app))
    assert f"{MINUS}0.00 %" not in lost
    assert "learning lost" not in texts(app)


def test_the_table_of_costs_is_the_lessons_own() -> None:
    app = opened(shape__decay="none", shape__start="0.1")
    costs = table(app, "trial")
    assert list(costs.index) == [*FORMS, NONE]
    found = {one.name: one for one in warmup.numbers(warmup.experiment(Shape(decay="none", start=0.1)))}
    for name, row in costs.iterrows():
        assert float(row["area"]) == pytest.approx(found[name].area, rel=1e-4)
        assert float(row["area lost"].rstrip("%")) / 100 == pytest.approx(1 - found[name].relative, abs=1e-4)
    rates = table(app, "rate at step")
    assert [float(r) for r in rates.loc["linear"]] == pytest.approx(
        [0.01 + 0.09 * t / 200 for t in range(10)], rel=5e-3
    )


def test_a_wasted_update_and_a_power_of_nothing_are_said_and_go_away() -> None:
    app = opened()
    assert "at a rate of exactly 0" in texts(app)
    assert "cannot start at 0" in texts(app)
    app.number_input(key="shape.start/number").set_value(0.01).run()
    assert "at a rate of exactly 0" not in texts(app)
    assert app.query_params["shape.start"] == "0.01"


def test_the_page_draws_a_warmup_longer_than_the_run_and_says_so() -> None:
    app = opened(shape__length="5000")
    assert "takes the whole run of 2,000" in texts(app)
    assert len(charts(app)) >= 3


def test_open_in_tune_hands_over_what_is_shown() -> None:
    app = opened(shape__form="constant", shape__overlay="false", shape__start="0.2")
    app.button(key="shape.open").click().run()
    assert not app.exception
    assert app.session_state["experiment"] == warmup.experiment(Shape(form="constant", overlay=False, start=0.2))
    assert app.get_by_key("caller"), "Tune is on screen"


def test_open_in_tune_shapes_the_chosen_one() -> None:
    app = opened(shape__form="logarithmic")
    app.button(key="shape.open").click().run()
    assert app.session_state["trial"] == FORMS.index("logarithmic")


def test_units_are_counted_and_written_for_six_frameworks() -> None:
    app = opened(units__accumulate="8", units__amount="10", units__unit="epochs")
    settings = Units(accumulate=8, amount=10)
    counts = units.counts(settings)
    assert f"the warmup is {counts.steps:,} optimizer steps" in texts(app)
    assert table(app, "optimizer steps").iloc[0, 0] == f"{counts.steps:,}"
    frameworks = table(app, "framework")
    for one, (_, row) in zip(units.same_warmup(settings), frameworks.iterrows(), strict=True):
        for argument in one.arguments:
            assert f"`{argument.name} = {argument.value}`" in row["arguments"]
    assert (
        app.code[0].value
        == exporters.export(units.experiment(settings, units.same_warmup(settings)[:1]), "pytorch").strip()
    )


@pytest.mark.parametrize("one", units.same_warmup(Units()), ids=lambda one: one.target)
def test_each_framework_has_its_code_and_the_link_reproduces_it(one: units.Written) -> None:
    app = opened()
    app.selectbox(key="units.target").set_value(one.target).run()
    assert not app.exception
    code = exporters.export(units.experiment(Units(), (one,)), one.target).strip()
    assert app.code[0].value == code
    assert opened(**{name: "".join(text) for name, text in app.query_params.items()}).code[0].value == code


def test_a_link_to_another_framework_is_refused_and_its_default_shown() -> None:
    app = opened(units__target="mxnet")
    assert "units.target: must be " in texts(app)
    assert app.code[0].value == opened().code[0].value


def test_training_arguments_are_told_by_version() -> None:
    said = texts(
        opened(
            units__unit="ratio", units__amount="0.07", units__samples="3200", units__accumulate="1", units__epochs="1"
        )
    )
    assert "warmup_steps=7 of 100 steps is 7 steps of warmup in transformers 5.23." in said
    assert "warmup_ratio=0.07 of 100 steps is 8 steps of warmup in transformers 4.57." in said, (
        "its product is rounded up: 0.07 * 100 is above 7"
    )


def test_mistakes_are_those_of_the_lesson() -> None:
    settings = Units(devices=4, accumulate=1)
    mistakes = table(opened(units__devices="4", units__accumulate="1"), "mistake")
    assert list(mistakes.index) == [one.title for one in units.mistakes(settings)]
    assert [row.split()[0] for row in mistakes["last rate"]] == [f"{one.last:.2g}" for one in units.mistakes(settings)]
    assert "stepped by every process" in mistakes.index
    assert "stepped every micro-batch" not in mistakes.index


def test_curves_that_lie_on_each_other_are_named() -> None:
    said = "These lie on each other in the chart: a ratio as steps and epochs as steps."
    assert said in texts(opened())
    assert "lie on each other" not in texts(opened(units__accumulate="16", units__devices="4")), (
        "five steps of 750 can be told from one"
    )


def test_the_mistakes_are_drawn_next_to_the_right_arguments_with_room_for_their_names() -> None:
    """Half of the chart is the most that a legend takes; on a phone it has a row of 29 pixels for each name."""
    app = opened(units__devices="4")
    heads = ["**The same warmup, written for six", "**Written wrongly", "**Native forms that are near"]
    assert [
        next(head for head in heads if m.value.startswith(head))
        for m in app.markdown
        if m.value.startswith(tuple(heads))
    ] == heads
    found = drawn(app)["units.wrong"]
    assert len(found["figure"]["data"]) == 8
    assert found["height"] / 2 >= 29 * 8


def test_a_warmup_that_leaves_nothing_is_a_sentence() -> None:
    app = opened(units__unit="ratio", units__amount="1")
    assert "nothing is left to decay in" in texts(app)
    assert not app.code


def test_units_open_in_tune() -> None:
    app = opened()
    app.button(key="units.open").click().run()
    assert not app.exception
    assert [t.schedule.framework for t in app.session_state["experiment"].trials] == [
        "torch",
        "transformers",
        "timm",
        "optax",
        "keras",
        "paddle",
    ]


def test_an_exercise_is_done_by_the_sliders() -> None:
    app = opened()
    assert "0 of 2 solved" in texts(app)
    app.number_input(key="shape.start/number").set_value(0.05).run()
    assert "1 of 2 solved" in texts(app)


def test_a_wrong_address_is_one_sentence_and_the_default() -> None:
    app = opened(shape__length="-3")
    assert "shape.length: must be at least 0" in texts(app)
    assert "A warmup of 200 steps" in texts(app)


@pytest.mark.parametrize("name", ["intro", "shape", "formulas"])
def test_texts_without_numbers_have_no_places(name: str) -> None:
    assert not prose.places(prose.read("warmup", name))
