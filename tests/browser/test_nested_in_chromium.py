from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

from conftest import add_trial, count, drawn, link, pick
from playwright.sync_api import expect

from lrlab.document import Experiment, from_link

if TYPE_CHECKING:
    from playwright.sync_api import Page


def at_hand(page: Page) -> Experiment:
    return from_link(parse_qs(urlparse(link(page)).query)["s"][0])


def test_a_part_is_added_moved_and_taken_out_by_keyboard(page: Page) -> None:
    page.get_by_role("button", name="Add a schedule").press("Enter")
    n = count(page)
    pick(page, "Add a schedule", "torch · StepLR")
    n = drawn(page, n)
    expect(page.get_by_role("textbox", name="step_size, exact")).to_be_visible()
    page.get_by_role("button", name="Move 3. StepLR earlier").press("Enter")
    n = drawn(page, n)
    expect(page.get_by_role("button", name="Move 2. StepLR earlier")).to_be_visible()
    page.wait_for_timeout(300)
    sequence = at_hand(page).trials[0].schedule
    assert [part.native for part in sequence.children().values()] == [
        "LinearLR",
        "StepLR",
        "CosineAnnealingWarmRestarts",
    ]
    assert sequence.model_dump()["milestones"] == (1955, 1955 + (60_605 - 1955 + 1) // 2)
    page.get_by_role("button", name="Take 2. StepLR out").press("Enter")
    drawn(page, n)
    expect(page.get_by_role("button", name="Take 2. CosineAnnealingWarmRestarts out")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_durations_are_shown_in_place_of_milestones(page: Page) -> None:
    page.get_by_role("radio", name="durations").check()
    field = page.get_by_role("textbox", name="1. lasts, exact")
    expect(field).to_have_value("1955")
    n = count(page)
    field.fill("3910")
    field.press("Enter")
    drawn(page, n)
    expect(page.get_by_text("2. has the 56,695 ticks that are left")).to_be_visible()


def test_a_metric_is_drawn_below_and_sketched_with_sliders(page: Page) -> None:
    add_trial(page, "torch · ReduceLROnPlateau")
    page.wait_for_function("document.querySelector('.lrlab-chart').layout.yaxis2?.title.text === 'metric'")
    expect(page.get_by_role("textbox", name="base_lr, exact")).to_be_in_viewport()
    expect(page.locator(".lrlab-chart .y2title")).to_be_in_viewport()
    rates = (
        "Array.from(new Set(document.querySelector('.lrlab-chart').calcdata"
        ".find(t => t[0].trace.name === 'ReduceLROnPlateau').map(p => p.y)))"
    )
    assert len(page.evaluate(rates)) > 1
    n = count(page)
    page.get_by_role("slider", name="plateaus", exact=True).press("Home")
    n = drawn(page, n)
    page.get_by_role("slider", name="noise", exact=True).press("Home")
    drawn(page, n)
    assert len(page.evaluate(rates)) == 1, "a loss that falls all the time reduces nothing"


def test_a_metric_is_pasted_and_a_bad_one_is_said(page: Page) -> None:
    add_trial(page, "torch · ReduceLROnPlateau")
    page.get_by_role("combobox", name="metric").select_option("given values")
    page.get_by_role("textbox", name="Or paste a column").fill("0.9\nlow\n")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("alert").filter(has_text="line 2: 'low' is no number")).to_be_visible()
    n = count(page)
    page.locator("input[type=file]").first.set_input_files(
        {"name": "loss.txt", "mimeType": "text/plain", "buffer": b"loss\n0.9\n0.8\n0.8\n"}
    )
    drawn(page, n)
    expect(page.get_by_text("3 values for 155 calls of the scheduler")).to_be_visible()
