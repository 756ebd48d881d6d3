"""A lesson's page through Streamlit's own test harness, as the tests of all lessons open it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oracle import ROOT
from streamlit.testing.v1 import AppTest

from lrlab.document import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lrlab.lessons.settings import Settings


def opened(page: str, address: Mapping[str, str], document: dict[str, Any] | None = None) -> AppTest:
    """The page under an address, reached from Tune, which shows the document."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if document is not None:
        app.query_params["s"] = parse(document).link()
    app.run()
    app.switch_page(page)
    for name, text in address.items():
        app.query_params[name] = text
    app.run()
    assert not app.exception, app.exception
    return app


def at_hand(app: AppTest, settings: type[Settings]) -> Any:
    """The settings of a section as the page has them."""
    return app.session_state["lesson.at_hand"][settings.key]
