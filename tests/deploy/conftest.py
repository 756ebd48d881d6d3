"""The nginx of deploy/ before three real processes of lrlab on this machine, without Docker. A machine without nginx or
Chromium fails these tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from benchmarks import shared
from benchmarks.deploy import PROCESSES, Site, behind_nginx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with behind_nginx(PROCESSES) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = shared.chromium(playwright)
        yield browser
        browser.close()
