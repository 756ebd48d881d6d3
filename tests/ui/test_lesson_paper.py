"""What the paper measured, on the page."""

from __future__ import annotations

from typing import Any

import pytest
from lesson_pages import opened, texts

from lrlab.lessons import paper
from lrlab.ui.lessons.sgdr import LESSON

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def test_the_papers_chart_shows_the_papers_numbers() -> None:
    app = opened("pages/sgdr.py", {"paper.data": "CIFAR-100", "present": str(len(LESSON.sections))})
    table: Any = app.table[0].value
    tables = paper.tables()
    for schedule, row in tables.singles.items():
        place = next(label for label in table.index if label.replace("\\", "").startswith(schedule))
        assert table.loc[place, "WRN-28-10, CIFAR-100"] == f"{row['WRN-28-10']['CIFAR-100']:.2f}"
    assert "48 models" in texts(app)
    assert "0.40 points" in texts(app)
    assert "78 % of its peak" in texts(app)
