"""What the tests of the pages share."""

from __future__ import annotations

import pytest

from lrlab.ui import chart


@pytest.fixture(autouse=True)
def whole_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure is sent whole, as to a browser that has seen nothing; "named" arrays are a test's own subject."""
    if "named" not in request.keywords:
        monkeypatch.setattr(chart, "WORTH_NAMING", 10**9)
