"""Every section of every lesson at the bounds of its settings: it is drawn, in finite numbers, and what is refused is
so with a sentence.
"""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from lesson_pages import at_hand, opened
from streamlit.testing.v1 import AppTest

from lrlab.lessons import units
from lrlab.settings import Settings, Trained
from lrlab.ui.lessons import sgdr, warmup

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

CORNERS = 12
NO_NUMBER = re.compile(r"\b(?:nan|inf|infinity)\b", re.IGNORECASE)
SECTIONS = [
    (page, number, section.settings)
    for page, lesson in (("pages/sgdr.py", sgdr.LESSON), ("pages/warmup.py", warmup.LESSON))
    for number, section in enumerate(lesson.sections, start=1)
    if section.settings
]


def ends(settings: type[Settings], name: str) -> list[str]:
    """A field's bounds, or its choices, as an address has them; none where it is free text or started by a button."""
    about = settings.about(name)
    if name == "ran":
        return []
    if about.choices:
        return [str(choice) for choice in about.choices]
    if isinstance(settings.model_fields[name].default, bool):
        return ["true", "false"]
    bounds = [bound for bound in (about.low, about.high) if bound is not None]
    return [str(int(bound)) if about.integer else repr(float(bound)) for bound in bounds]


@pytest.mark.parametrize(("page", "number", "settings"), SECTIONS, ids=lambda value: getattr(value, "key", str(value)))
def test_a_section_stands_at_its_bounds(page: str, number: int, settings: type[Settings]) -> None:
    rng = random.Random(settings.key)  # noqa: S311 (drawn cases, the same each time)
    fields = {name: ends(settings, name) for name in settings.model_fields}
    for corner in range(CORNERS):
        chosen = {name: rng.choice(values) for name, values in fields.items() if values and rng.random() < 0.8}
        address = {f"{settings.key}.{name}": text for name, text in chosen.items()}
        app, case = opened(page, {"present": str(number)} | address), f"corner {corner}, {chosen}"
        wanted, problems = settings.read(address)
        assert at_hand(app, settings) == wanted, case
        assert ("Not taken from the address" in texts(app)) == bool(problems), case
        assert drawn(app, wanted), f"{case}: nothing is shown"
        assert not (odd := NO_NUMBER.findall(texts(app) + " ".join(chart["alt"] for chart in charts(app)))), (
            f"{case}: {odd}"
        )


@pytest.mark.parametrize("word", ["nan", "NaN %", "x = inf.", "-inf", "Infinity"])
def test_what_is_no_number_is_seen_in_a_text(word: str) -> None:
    assert NO_NUMBER.search(f"of {word} and more")
    assert not NO_NUMBER.search("information on Nancy, infinite")


def texts(app: AppTest) -> str:
    """All that is said, in words and tables."""
    elements = (*app.markdown, *app.caption, *app.info, *app.warning, *app.success, *app.error)
    tables = [
        table.value.reset_index().astype(str).to_numpy().ravel().tolist() for table in (*app.table, *app.dataframe)
    ]
    return " ".join([*(element.value for element in elements), *(cell for table in tables for cell in table)])


def charts(app: AppTest) -> list[dict[str, Any]]:
    """Each chart's key, figure and text; ValueError where a browser could not read them."""

    def refuse(constant: str) -> None:
        msg = f"{constant} is no JSON"
        raise ValueError(msg)

    found = [
        json.loads(component.proto.json, parse_constant=refuse)
        for component in app.get("bidi_component")
        if component.proto.json
    ]
    return [data for data in found if data["is"] == "chart"]


def drawn(app: AppTest, settings: Settings) -> bool:
    """Whether the section's chart is there; of one that trains, the offer to; of one that cannot be drawn, why."""
    if isinstance(settings, Trained):
        offers = [button for button in app.button if button.label.startswith(("Train ", "Raise the rate over "))]
        return len(offers) == 1 and (
            "is the most, because others wait" if offers[0].disabled else "At most 2 at a time"
        ) in texts(app)
    if isinstance(settings, units.Units) and (reason := units.refused(settings)):
        return reason in texts(app).replace("\\", "")
    return any(chart["figure"]["data"] for chart in charts(app)) or "Every line is switched off." in texts(app)
