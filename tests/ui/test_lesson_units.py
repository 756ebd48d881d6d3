"""The same warmup in other units: what its page counts, writes for six frameworks and says of mistakes."""

from __future__ import annotations

from typing import Any

import lesson_pages
import pytest
from lesson_pages import charts, texts
from panels import write
from streamlit.testing.v1 import AppTest

from lrlab import exporters
from lrlab.lessons import units
from lrlab.lessons.units import Units

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def opened(**address: str) -> AppTest:
    return lesson_pages.opened("pages/warmup.py", {name.replace("__", "."): text for name, text in address.items()})


def table(app: AppTest, first: str) -> Any:
    """The table whose index or first column has this name."""
    found = [t.value for t in app.table if first in (t.value.index.name, t.value.columns[0])]
    assert len(found) >= 1, first
    return found[0]


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
    write(app, "units.target", one.target)
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
    heads = ["**The same warmup, written for ", "**Written wrongly", "**Native forms that are near"]
    assert [
        next(head for head in heads if m.value.startswith(head))
        for m in app.markdown
        if m.value.startswith(tuple(heads))
    ] == heads
    found = charts(app)["units.wrong"]
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
