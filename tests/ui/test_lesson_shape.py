"""The warmup's length and shape: its sliders, its numbers, its way to Tune and its exercises."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import lesson_pages
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lesson_pages import charts, texts
from panels import nodes, write
from streamlit.testing.v1 import AppTest

from lrlab.lessons import prose, shape
from lrlab.lessons.shape import FORMS, NONE, Shape
from lrlab.ui.lessons.numbers import MINUS
from lrlab.ui.lessons.shape import shares
from lrlab.ui.lessons.warmup import LESSON

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def opened(**address: str) -> AppTest:
    return lesson_pages.opened("pages/warmup.py", {name.replace("__", "."): text for name, text in address.items()})


def table(app: AppTest, first: str) -> Any:
    """The table whose index or first column has this name."""
    found = [t.value for t in app.table if first in (t.value.index.name, t.value.columns[0])]
    assert len(found) >= 1, first
    return found[0]


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
    figure = charts(opened(shape__length=str(length)))["shape.chart"]["figure"]
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
    found = {one.name: one for one in shape.numbers(shape.experiment(Shape(decay="none", start=0.1)))}
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
    write(app, "shape.start", "0.01")
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
    assert app.session_state["experiment"] == shape.experiment(Shape(form="constant", overlay=False, start=0.2))
    assert "caller" in nodes(app), "Tune is on screen"


def test_open_in_tune_shapes_the_chosen_one() -> None:
    app = opened(shape__form="logarithmic")
    app.button(key="shape.open").click().run()
    assert app.session_state["trial"] == FORMS.index("logarithmic")


def test_an_exercise_is_done_by_the_sliders() -> None:
    app = opened()
    assert "0 of 2 solved" in texts(app)
    write(app, "shape.start", "0.05")
    assert "1 of 2 solved" in texts(app)


def test_a_wrong_address_is_one_sentence_and_the_default() -> None:
    app = opened(shape__length="-3")
    assert "shape.length: must be at least 0" in texts(app)
    assert "A warmup of 200 steps" in texts(app)


@pytest.mark.parametrize("name", ["shape_intro", "shape", "shape_formulas"])
def test_texts_without_numbers_have_no_places(name: str) -> None:
    assert not prose.places(prose.read("warmup", name))
