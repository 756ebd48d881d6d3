"""The lessons in a real browser: the presenter's keys, a training that is followed and linked, the address and the way
back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import link, settled
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def lesson(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("[data-testid=stHeading], .lrlab-chart[data-drawn]")
    settled(page)


def asked(page: Page, entry: str) -> str | None:
    """What the address says of a setting."""
    found: str | None = page.evaluate("name => new URL(location.href).searchParams.get(name)", entry)
    return found


def test_the_keyboard_goes_through_the_sections_but_leaves_a_slider_its_arrows(page: Page, server: str) -> None:
    lesson(page, f"{server}/sgdr")
    page.get_by_role("button", name="Present").click()
    expect(page.get_by_text("1 / 5 · The curve")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 / 5 · The landscape")).to_be_visible()
    page.wait_for_function("new URL(location.href).searchParams.get('present') === '2'")
    settled(page)
    noise = page.get_by_role("slider", name="Noise", exact=True)
    before = noise.input_value()
    noise.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("new URL(location.href).searchParams.has('landscape.noise')")
    assert noise.input_value() != before
    expect(page.get_by_text("2 / 5 · The landscape")).to_be_visible()
    page.get_by_text("2 / 5 · The landscape").click()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("1 / 5 · The curve")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="SGDR or cosine?")).to_be_visible()
    assert asked(page, "present") is None


def test_escape_leaves_a_field_and_then_the_slide_and_a_switch_lets_the_arrows_go_on(page: Page, server: str) -> None:
    lesson(page, f"{server}/sgdr?present=1")
    field = page.get_by_role("textbox", name="T_0, exact").first
    field.fill("33")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(field).to_have_value("10")
    page.keyboard.press("Escape")
    expect(field).not_to_be_focused()
    page.wait_for_timeout(1000)
    assert asked(page, "present") == "1"
    assert asked(page, "curve.T_0") is None, "Escape gives back what was there"
    page.get_by_role("switch", name="other T_max").check()
    page.wait_for_function("new URL(location.href).searchParams.has('curve.short')")
    settled(page)
    page.keyboard.press("Control+ArrowRight")
    page.wait_for_timeout(1000)
    expect(page.get_by_text("1 / 5 · The curve")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 / 5 · The landscape")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="SGDR or cosine?")).to_be_visible()


def test_a_training_is_followed_and_its_link_shows_it_again(page: Page, chromium: Browser, server: str) -> None:
    lesson(page, f"{server}/sgdr?present=3&network.seeds=5")
    page.get_by_role("button", name="Train 2 schedules from 5 seeds").click()
    expect(page.get_by_text("Differences, seed by seed")).to_be_visible(timeout=90_000)
    page.wait_for_function("new URL(location.href).searchParams.get('network.ran') === 'true'")
    settled(page)
    words = page.get_by_role("figure").first.get_attribute("aria-label")
    other = chromium.new_page()
    lesson(other, link(page))
    expect(other.get_by_text("Differences, seed by seed")).to_be_visible(timeout=90_000)
    assert other.get_by_role("figure").first.get_attribute("aria-label") == words, "the same numbers, in words"
    other.close()


def test_a_training_can_be_stopped_and_shows_what_was_done(page: Page, server: str) -> None:
    lesson(page, f"{server}/sgdr?present=3&network.epochs=200&network.seeds=20")
    page.get_by_role("button", name="Train 2 schedules from 20 seeds").click()
    page.wait_for_selector('[role=figure][aria-label^="Training loss"]')
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("what was done is shown")).to_be_visible()
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


@pytest.mark.parametrize("path", ["sgdr", "warmup"])
def test_what_is_set_is_in_the_address_and_back_takes_it_away(page: Page, server: str, path: str) -> None:
    lesson(page, f"{server}/{path}")
    label, entry = {"sgdr": ("T_mult, exact", "curve.T_mult"), "warmup": ("Warmup, in steps, exact", "shape.length")}[
        path
    ]
    field = page.get_by_role("textbox", name=label).first
    before = field.input_value()
    field.fill("3")
    field.press("Enter")
    page.wait_for_function("name => new URL(location.href).searchParams.get(name) === '3'", arg=entry)
    settled(page)
    page.wait_for_timeout(600)  # address.LAG and a little: an address left a moment ago is taken for a late one
    page.go_back()
    page.wait_for_function("name => !new URL(location.href).searchParams.has(name)", arg=entry)
    settled(page)
    expect(field).to_have_value(before)


def test_a_paused_frame_is_in_the_link(page: Page, chromium: Browser, server: str) -> None:
    lesson(page, f"{server}/sgdr?present=2")
    player = page.get_by_role("slider", name="Frame")
    player.press("Home")
    for _ in range(3):
        player.press("ArrowRight")
    page.wait_for_function("new URL(location.href).searchParams.get('landscape.frame') === '3'")
    said = player.get_attribute("aria-valuetext")
    other = chromium.new_page()
    lesson(other, link(page))
    expect(other.get_by_role("slider", name="Frame")).to_have_attribute("aria-valuetext", str(said))
    other.close()


def test_the_landscape_stays_while_its_particles_move(page: Page, server: str) -> None:
    """In two dimensions, where Plotly removes what it cannot animate."""
    lesson(page, f"{server}/sgdr?present=2&landscape.dimension=2")
    frame = page.get_by_role("slider", name="Frame")
    frame.press("Home")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("Number(document.querySelector('.lrlab-player input').value) > 5")
    pictures = page.locator(".lrlab-chart image")
    expect(pictures).to_have_count(3)
    expect(page.get_by_role("textbox", name="T_mult, exact")).to_be_in_viewport()


@pytest.mark.parametrize(("path", "label"), [("sgdr", "T_0"), ("warmup", "Peak rate"), ("", "base_lr")])
def test_keys_pressed_quickly_at_a_slider_all_count(page: Page, server: str, path: str, label: str) -> None:
    """The field beside it follows, and the browser sends the field's earlier numbers with the next key."""
    lesson(page, f"{server}/{path}")
    page.wait_for_selector(".lrlab-chart[data-drawn]")
    settled(page)
    slider = page.get_by_role("slider", name=label, exact=True).first
    before = int(slider.input_value())
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(60)
    settled(page)
    page.wait_for_timeout(1500)
    assert int(slider.input_value()) == before + 8
