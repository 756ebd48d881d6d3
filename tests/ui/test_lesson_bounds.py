"""Every section of every lesson at the bounds of its settings: it is drawn, or the address is refused with a sentence."""

from __future__ import annotations

import random

import pytest
from lesson_pages import opened

from lrlab.lessons.settings import Settings
from lrlab.ui.lessons import sgdr, warmup

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

CORNERS = 12
SECTIONS = [
    (page, number, section.settings)
    for page, lesson in (("pages/sgdr.py", sgdr.LESSON), ("pages/warmup.py", warmup.LESSON))
    for number, section in enumerate(lesson.sections, start=1)
    if section.settings
]


def ends(settings: type[Settings], name: str) -> list[str]:
    """A field's bounds, or its choices, as an address has them; nothing where it is free text or started by a button."""
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
        app = opened(page, {"present": str(number)} | {f"{settings.key}.{name}": text for name, text in chosen.items()})
        assert app.subheader or app.warning, f"corner {corner}, {chosen}"
