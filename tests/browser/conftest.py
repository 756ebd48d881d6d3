"""A real server and a real Chromium; a machine without them fails these tests."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks import shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The app as the README starts it, on a free port of this machine."""
    with serving(ROOT) as url:
        yield url


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a folder's app.py while it is served, with lrlab at hand."""
    port = shared.free_port()
    url = f"http://127.0.0.1:{port}"
    with shared.streamlit(folder / "app.py", port, "--server.enableStaticServing=true", PYTHONPATH=str(ROOT)):
        shared.awaited(f"{url}/_stcore/health")
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = shared.chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, server: str) -> Iterator[Page]:
    """Tune, freshly opened in a browser of its own, drawn; whatever the page's scripts throw fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    thrown: list[str] = []
    opened.on("pageerror", lambda error: thrown.append(str(error)))
    opened.goto(server)
    drawn(opened)
    yield opened
    context.close()
    assert not thrown


def drawn(page: Page, after: int = 0) -> int:
    """Wait until the chart was drawn more often than `after`, and the page below it; how often it was."""
    page.wait_for_function("n => Number(document.querySelector('.lrlab-chart')?.dataset.drawn ?? 0) > n", arg=after)
    settled(page)
    return count(page)


def settled(page: Page) -> None:
    """Wait until the script has run, what it no longer draws is gone (until then old and new fields of one name stand
    side by side), and the chart is drawn whole.
    """
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-stale=true]')"
        " && !document.querySelector('.lrlab-chart[data-whole=later]')"
    )


def add_trial(page: Page, schedule: str) -> None:
    """Choose a schedule in the 'Add a trial' list, by typing, and wait for its curve."""
    page.get_by_role("button", name="Add a trial").click()
    n = count(page)
    pick(page, "Add a trial", schedule)
    drawn(page, n)


def pick(page: Page, name: str, choice: str) -> None:
    """Type a choice of a list that was just opened, and take it with Enter."""
    field = page.get_by_role("searchbox", name=f"{name}: search")
    expect(field).to_be_focused()
    page.keyboard.type(choice)
    expect(page.get_by_role("listbox", name=name).get_by_role("option", name=choice, exact=True)).to_be_attached()
    page.keyboard.press("Enter")


def zoom(page: Page) -> None:
    """Zoom into the left half of the chart with the mouse."""
    box = page.locator(".lrlab-chart .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 65, steps=5)
    page.mouse.up()
    page.wait_for_function("document.querySelector('.lrlab-chart')._fullLayout.xaxis.range[1] < 30000")


def count(page: Page) -> int:
    return int(page.evaluate("Number(document.querySelector('.lrlab-chart').dataset.drawn)"))


def link(page: Page) -> str:
    """The address as the browser shows it (page.url lags behind)."""
    return str(page.evaluate("location.href"))
