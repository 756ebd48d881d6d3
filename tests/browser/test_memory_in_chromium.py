"""What is chosen in Tune's tabs, in a real browser: in the address, there after a reload, and gone back with Back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

from conftest import drawn, link, settled
from playwright.sync_api import expect

from lrlab.document import parse
from lrlab.ui.state import DEFAULT

if TYPE_CHECKING:
    from playwright.sync_api import Page

BEYOND = {
    "kind": "torch.SequentialLR",
    "milestones": [50],
    "schedulers": [
        {"kind": "torch.ExponentialLR", "gamma": 1e30},
        {"kind": "torch.ConstantLR"},
    ],
}
"""Beyond every float from tick 11 on, but finite where a document is checked: at the first two ticks and the last."""
AWAY = 600
"""Milliseconds after which an address that was left counts as gone back to."""


def says(page: Page, name: str, value: str | None) -> None:
    """Wait until the address has this entry, or none of its name."""
    found = "([name, value]) => new URLSearchParams(location.search).get(name) === value"
    page.wait_for_function(found, arg=[name, value])
    settled(page)
    page.wait_for_timeout(AWAY)


def shows_optax(page: Page) -> None:
    expect(page.get_by_role("tab", name="Code")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("stCode").first).to_contain_text("optax")


def test_the_open_tab_and_the_target_are_in_the_link_and_back_leaves_them(page: Page) -> None:
    assert set(parse_qs(urlparse(link(page)).query)) <= {"s"}
    page.get_by_role("tab", name="Code").click()
    says(page, "tune.tab", "Code")
    page.get_by_role("radio", name="optax").click()
    says(page, "tune.target", "optax")
    shows_optax(page)

    other = page.context.browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    other.goto(link(page))
    drawn(other)
    shows_optax(other)
    other.context.close()

    page.reload()
    drawn(page)
    shows_optax(page)
    page.wait_for_timeout(AWAY)
    page.go_back()
    says(page, "tune.target", None)
    expect(page.get_by_test_id("stCode").first).not_to_contain_text("optax")
    page.go_back()
    says(page, "tune.tab", None)
    expect(page.get_by_role("tab", name="Numbers")).to_have_attribute("aria-selected", "true")


def test_a_curve_that_cannot_be_drawn_leaves_a_page_that_works(page: Page, server: str) -> None:
    document = DEFAULT | {"trials": [*DEFAULT["trials"], {"name": "b", "base_lr": 0.1, "schedule": BEYOND}]}
    page.goto(f"{server}/?s={parse(document).link()}")
    drawn(page)
    expect(page.get_by_text("Not drawn: ")).to_be_visible()
    names = page.evaluate(
        "document.querySelector('.lrlab-chart').data.filter(t => t.mode === 'lines').map(t => t.name)"
    )
    assert names == ["SGDR", "one cosine"], "the others are drawn all the same"
    settled(page)
    page.wait_for_timeout(AWAY)
    page.reload()
    drawn(page)
    expect(page.get_by_text("Not drawn: ")).to_be_visible()
    page.get_by_role("slider", name="base_lr", exact=True).wait_for()
