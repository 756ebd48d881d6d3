"""A lesson's page through Streamlit's own test harness, as the tests of all lessons open it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from oracle import ROOT
from panels import complaints
from streamlit.testing.v1 import AppTest

from lrlab.document import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lrlab.settings import Settings

PATIENCE = 90.0  # seconds that a training is waited for


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


def trained(page: str, address: Mapping[str, str], document: dict[str, Any] | None = None) -> AppTest:
    """The page under an address, when every training that it starts is done."""
    return ended(opened(page, address, document))


def ended(app: AppTest) -> AppTest:
    """The page when every job on it is done."""
    until = time.monotonic() + PATIENCE
    while any(job.alive for job in jobs(app)) and time.monotonic() < until:
        time.sleep(0.1)
    app.run()
    assert not app.exception
    return app


def jobs(app: AppTest) -> list[Any]:
    return list(app.session_state["jobs"].values()) if "jobs" in app.session_state else []


def texts(app: AppTest) -> str:
    """All that is said, without the marks that keep Markdown from reading it."""
    elements = (*app.markdown, *app.caption, *app.subheader, *app.info, *app.warning, *app.error)
    return " ".join([*(element.value for element in elements), complaints(app)]).replace("\\", "")


def charts(app: AppTest) -> dict[str, Any]:
    """The data of each chart of the page, by key."""
    found = [json.loads(component.proto.json) for component in app.get("bidi_component") if component.proto.json]
    return {data["key"]: data for data in found if data.get("is") == "chart"}
