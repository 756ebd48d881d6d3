"""What benchmarks do with their numbers, and how a visitor without a browser speaks."""

from __future__ import annotations

import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.components.v2.bidi_component import main as bidi
from streamlit.components.v2.bidi_component.serialization import deserialize_trigger_list
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta

from benchmarks.__main__ import BEGIN, END, PAGE, table, written
from benchmarks.people import FIRST, PATH, TRIGGERS, Control, control, rerun
from benchmarks.shared import Row, quantile


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_quantiles_are_those_of_the_standard_library(values: list[float]) -> None:
    theirs = statistics.quantiles(values, n=20, method="inclusive")
    assert [quantile(values, share / 20) for share in range(1, 20)] == pytest.approx(theirs, abs=1e-6)


def test_nothing_measured_meets_no_aim() -> None:
    nothing = Row("a", quantile([], 0.5), 100, 0.5)
    assert not nothing.verdict
    assert "none" in table({"slider": [nothing]})


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("a", 70, 100, 0.7), "met"), (Row("a", 71, 100, 0.7), "missed"), (Row("a", 15, aim=15), "met"),
        (Row("a", 200, 100, 2, more_is_better=True), "met"), (Row("a", 199, 100, 2, more_is_better=True), "missed"),
        (Row("a", 1), ""),
    ],
)  # fmt: skip
def test_an_aim_bounds_the_ratio_or_else_the_number(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


def test_the_table_takes_its_place_and_no_more() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = written(page, "new")
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert written(once, "new") == once
    with pytest.raises(ValueError, match="no place for the table"):
        written("before\nafter\n", "new")


def test_the_page_has_a_place_for_the_table() -> None:
    assert written(PAGE.read_text(encoding="utf-8"), "new")


def test_every_line_of_the_table_has_as_many_cells() -> None:
    lines = table({"start": [Row("a", 1), Row("b", 3, 2, 1.3, "ms")]}).splitlines()
    assert len({line.count("|") for line in lines}) == 1


def test_a_move_of_the_panel_is_read_by_streamlit_as_its_trigger() -> None:
    """The widget has the name that Streamlit's Python half gives it, and the value is the list that it reads."""
    panel = Control("$$ID-hash-panel", "fragment", panel=True)
    message = BackMsg.FromString(rerun("s=link", "page", panel, 3)).rerun_script
    (state,) = message.widget_states.widgets
    assert (message.query_string, message.page_script_hash, message.fragment_id) == ("s=link", "page", "fragment")
    assert state.id == bidi._make_trigger_id(panel.id, "events") == TRIGGERS.format(panel.id)  # noqa: SLF001
    (event,) = deserialize_trigger_list(state.json_trigger_value) or []
    assert event == {"event": "change", "value": {"n": 3, "events": [{"id": PATH, "value": FIRST + 3}]}}


@given(st.integers(1, 10_000), st.booleans())
def test_two_moves_in_a_row_are_never_alike_and_stay_in_bounds(move: int, panel: bool) -> None:
    moved = Control("id", "", panel=panel, least=1, most=1000)
    one, other = moved.state(move), moved.state(move + 1)
    assert one != other
    if panel:
        assert json.loads(one.json_trigger_value)[0]["value"]["events"][0]["value"] >= FIRST
    else:
        assert 1 <= one.double_array_value.data[0] <= 1000


def test_the_panel_and_sliders_are_found_where_streamlit_says_that_they_are() -> None:
    delta = Delta(fragment_id="fragment")
    delta.new_element.bidi_component.id = "$$ID-hash-panel"
    assert control(delta) == Control("$$ID-hash-panel", "fragment", panel=True)
    delta.new_element.slider.label = "power"
    delta.new_element.slider.max = 1000
    assert control(delta) == Control("", "fragment", most=1000)
    delta.new_element.slider.label = "another"
    assert control(delta) is None
