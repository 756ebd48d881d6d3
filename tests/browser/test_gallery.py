from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

from conftest import drawn, link, settled
from playwright.sync_api import expect

from lrlab.document import from_link

if TYPE_CHECKING:
    from playwright.sync_api import Page

KIND = "torch.CosineAnnealingWarmRestarts"


def test_by_keyboard_from_search_to_an_entry_back_and_to_tune(page: Page) -> None:
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    page.get_by_role("link", name="Gallery").click()
    search = page.get_by_role("textbox", name="Search by name, framework or shape")
    expect(search).to_be_visible()
    page.evaluate("window.same = true")
    cards = page.locator(".st-key-cards a")
    expect(cards).to_have_count(24)
    search.press_sequentially("sgdr torch", delay=20)
    expect(cards.first).to_have_text("CosineAnnealingWarmRestarts torch")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.querySelector('.st-key-cards a')"):
            break
    page.keyboard.press("Enter")
    drawn(page)
    expect(page.get_by_role("heading", name="CosineAnnealingWarmRestarts")).to_be_visible()
    page.wait_for_function("kind => new URLSearchParams(location.search).get('kind') === kind", arg=KIND)
    page.go_back()
    expect(search).to_have_value("sgdr torch")
    assert "kind" not in parse_qs(urlparse(link(page)).query)
    page.go_forward()
    page.get_by_role("button", name="Open in Tune").click()
    expect(page.get_by_role("textbox", name="T_0, exact")).to_be_visible()
    page.wait_for_function("location.href.includes('trial=2')")
    settled(page)
    trials = from_link(parse_qs(urlparse(link(page)).query)["s"][0]).trials
    assert [t.schedule.kind for t in trials] == ["torch.SequentialLR", "torch.SequentialLR", KIND]
    assert trials[0].base_lr == 0.06, "what was changed before is still there"
    assert page.evaluate("window.same"), "no page was loaded anew"


def test_an_entry_has_an_address_of_its_own_and_opens_at_its_top(page: Page, server: str) -> None:
    page.goto(f"{server}/gallery?kind=keras.CosineDecay")
    drawn(page)
    expect(page.get_by_role("table").nth(1)).to_contain_text("eta_min = alpha * initial_learning_rate")
    page.get_by_role("link", name="torch.CosineAnnealingLR").scroll_into_view_if_needed()
    page.get_by_role("link", name="torch.CosineAnnealingLR").click()
    expect(page.get_by_role("heading", name="CosineAnnealingLR")).to_be_in_viewport()


def test_thumbnails_are_seen(page: Page, server: str) -> None:
    page.goto(f"{server}/gallery")
    picture = page.get_by_role("img", name="Learning rate from").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
