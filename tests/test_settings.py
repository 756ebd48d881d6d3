"""A section's settings: to the address and back, whatever they are; what is wrong in an address is said and left at its
default.
"""

from __future__ import annotations

import json
from typing import Annotated, ClassVar, Literal, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, Field, model_validator

from lrlab.lessons import prose
from lrlab.lessons.curve import CurveSettings
from lrlab.lessons.landscape import Scene
from lrlab.lessons.rate_range import Range
from lrlab.lessons.sweep import Grid
from lrlab.lessons.units import Units
from lrlab.schedules.params import Control
from lrlab.settings import Trained, Wording


def _allowed(word: str) -> str:
    if word == "forbidden":
        msg = "'forbidden' is no word here"
        raise ValueError(msg)
    return word


class Sample(Trained):
    key: ClassVar[str] = "sample"
    drawn: ClassVar[frozenset[str]] = frozenset({"on"})

    count: Annotated[int, Field(ge=1, le=10**6), Control("number", label="count")] = 5
    rate: Annotated[float, Field(ge=0, le=10), Control("rate", label="rate", log=True)] = 0.1
    shape: Annotated[Literal["line", "true", "8"], Wording("shape")] = "line"
    size: Annotated[Literal[8, 16], Wording("size")] = 8
    word: Annotated[str, Field(max_length=40), AfterValidator(_allowed)] = ""
    choice: Annotated[Literal["left", "right"] | None, Wording("choice")] = None
    place: Annotated[int, Field(ge=0)] | None = None
    on: Annotated[bool, Wording("on")] = True

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.rate > self.count:
            msg = f"rate: {self.rate:g} is above count"
            raise ValueError(msg)
        return self


any_sample = st.builds(
    Sample, count=st.integers(10, 10**6 - 1), rate=st.floats(0, 10), shape=st.sampled_from(["line", "true", "8"]),
    size=st.sampled_from([8, 16]), word=st.text(max_size=40), on=st.booleans(), ran=st.booleans(),
)  # fmt: skip


@given(any_sample)
def test_the_address_carries_the_settings(settings: Sample) -> None:
    assert Sample.read(settings.written()) == (settings, [])


@given(any_sample)
def test_it_carries_nothing_but_what_differs_from_a_default(settings: Sample) -> None:
    differ = {f"sample.{name}" for name in Sample.model_fields if getattr(settings, name) != getattr(Sample(), name)}
    assert set(settings.written()) == differ
    assert Sample().written() == {}


def test_other_sections_entries_are_not_its_own() -> None:
    assert Sample.read({"s": "abc", "other.count": "0", "sampled.count": "0", "present": "2"}) == (Sample(), [])


@pytest.mark.parametrize(("entry", "text", "said"), [
    ("sample.count", "0", "sample.count: must be at least 1"),
    ("sample.count", "1000001", "sample.count: must be at most 1000000"),
    ("sample.count", "2.5", "sample.count: must be a whole number"),
    ("sample.count", "five", "sample.count: must be a whole number"),
    ("sample.count", "9" * 5000, "sample.count: must be a whole number"),
    ("sample.count", "[" * 5000, "sample.count: must be a whole number"),
    ("sample.rate", "NaN", "sample.rate: must be a finite number"),
    ("sample.rate", "Infinity", "sample.rate: must be a finite number"),
    ("sample.rate", "-1e-9", "sample.rate: must be at least 0"),
    ("sample.shape", "circle", "sample.shape: must be 'line', 'true' or '8'"),
    ("sample.on", "1", "sample.on: must be true or false"),
    ("sample.word", "forbidden", "sample.word: 'forbidden' is no word here"),
    ("sample.choice", "up", "sample.choice: must be 'left' or 'right'"),
    ("sample.place", "here", "sample.place: must be a whole number"),
    ("sample.word", "x" * 41, "sample.word: must have at most 40 characters"),
    ("sample.rate", "6", "sample.rate: 6 is above count"),
    ("sample.conut", "6", "sample.conut: is no setting of this page; did you mean count?"),
    ("sample.", "6", "sample.: is no setting of this page"),
])  # fmt: skip
def test_what_is_wrong_is_one_sentence_and_the_default(entry: str, text: str, said: str) -> None:
    settings, problems = Sample.read({entry: text})
    assert settings == Sample()
    assert problems == [said]


@given(
    st.dictionaries(
        st.sampled_from([f"sample.{name}" for name in [*Sample.model_fields, "x", ""]]), st.text(max_size=200)
    )
)
def test_no_address_breaks_it(address: dict[str, str]) -> None:
    settings, problems = Sample.read(address)
    assert Sample.read(settings.written())[0] == settings
    assert all(len(problem) < 600 and "\n" not in problem for problem in problems)


def test_one_bad_entry_leaves_the_others() -> None:
    settings, problems = Sample.read({"sample.count": "x", "sample.rate": "0.5", "sample.on": "false"})
    assert settings == Sample(rate=0.5, on=False)
    assert len(problems) == 1


def test_what_a_page_offers_stands_in_the_annotation() -> None:
    assert Sample.about("rate").offered.log
    assert (Sample.about("count").low, Sample.about("count").high, Sample.about("count").integer) == (1, 10**6, True)
    assert Sample.about("shape").choices == ("line", "true", "8")
    assert Sample.wording("ran").label == "ran"


def test_places_are_filled_and_formulas_left_alone() -> None:
    text = "at {step}: $\\frac{a}{b}$ and\n$$x_{max}\n+ \\sqrt{y}$$ {end}"
    assert prose.places(text) == {"step", "end"}
    assert prose.fill(text, step=7, end="{a}") == "at 7: $\\frac{a}{b}$ and\n$$x_{max}\n+ \\sqrt{y}$$ {a}"
    with pytest.raises(KeyError, match="end"):
        prose.fill(text, step=7)


@pytest.mark.parametrize("entries", [
    {"range.low": "1.0", "range.high": "0.1"},
    {"sweep.T_0": ", ".join(map(str, range(1, 42))), "sweep.T_mult": "1, 2, 3"},
    {"sweep.seeds": "20", "sweep.epochs": "200", "sweep.T_0": ", ".join(map(str, range(1, 21)))},
    {"curve.warmup": "300"}, {"landscape.steps": "1000", "landscape.particles": "500", "landscape.seeds": "40"},
    {"units.samples": "1000000000", "units.batch_size": "1", "units.accumulate": "1", "units.epochs": "10000"},
])  # fmt: skip
def test_what_does_not_go_together_is_said_under_the_name_of_a_field(entries: dict[str, str]) -> None:
    settings = next(
        section
        for section in (Range, Grid, CurveSettings, Scene, Units)
        if next(iter(entries)).startswith(f"{section.key}.")
    )
    found, (problem,) = settings.read(entries)
    assert found == settings()
    key, _, name = problem.partition(":")[0].partition(".")
    assert key == settings.key
    assert name in settings.model_fields, problem


def test_numbers_in_an_address_are_json() -> None:
    written = Sample(count=12, rate=1e-8, on=False).written()
    assert {name: json.loads(text) for name, text in written.items()} == {
        "sample.count": 12,
        "sample.rate": 1e-8,
        "sample.on": False,
    }


@given(any_sample)
def test_what_was_changed_was_not_started_yet_unless_it_is_drawn_only(settings: Sample) -> None:
    started = settings.replaced(ran=True)
    assert started.ran
    assert started.work == settings.work
    redrawn, other = started.replaced(on=not settings.on), started.replaced(count=settings.count + 1)
    assert (redrawn.ran, redrawn.work) == (True, settings.work)
    assert not other.ran
    assert other.work != settings.work
