"""Advice in a real browser: a broken schedule is mended by clicks alone, and the keyboard can undo what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

import pytest
from conftest import count, drawn, link, settled
from playwright.sync_api import expect

from lrlab.document import Experiment, from_link, parse

if TYPE_CHECKING:
    from playwright.sync_api import Page

WARMUP = {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 500}
BROKEN = parse(
    {
        "lrlab": 1,
        "run": {"samples": 50_000, "batch_size": 128, "epochs": 30, "accumulate": 4},
        "trials": [
            {
                "name": "mine",
                "base_lr": 0.1,
                "schedule": {
                    "kind": "torch.SequentialLR",
                    "milestones": [200],
                    "schedulers": [WARMUP, {"kind": "torch.CosineAnnealingLR", "T_max": 2000}],
                },
            }
        ],
    }
)
PER_EPOCH = parse(
    {
        "lrlab": 1,
        "run": {"samples": 50_000, "batch_size": 128, "epochs": 5},
        "trials": [
            {
                "name": "mine",
                "base_lr": 0.1,
                "clock": "epoch",
                "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": 1955},
            }
        ],
    }
)


def at_hand(page: Page) -> Experiment:
    return from_link(parse_qs(urlparse(link(page)).query)["s"][0])


def rates(page: Page) -> list[float]:
    """The trial's own line as Plotly draws it."""
    found: list[float] = page.evaluate(
        "document.querySelector('.lrlab-chart').calcdata"
        ".find(t => t[0].trace.name === 'mine' && t[0].trace.showlegend).map(p => p.y)"
    )
    return found


def opened(page: Page, server: str, experiment: Experiment) -> int:
    page.goto(f"{server}/?s={experiment.link()}")
    return drawn(page)


def test_a_broken_sequence_is_mended_by_clicks_alone(page: Page, server: str) -> None:
    n = opened(page, server, BROKEN)
    jump = max(abs(b - a) for a, b in zip(rates(page), rates(page)[1:], strict=False))
    assert jump > 0.05, "the warmup is cut: the rate leaps"
    expect(page.get_by_text("total_iters = 500 of LinearLR, but its part lasts 200 ticks")).to_be_visible()
    page.get_by_role("button", name="Set total_iters to 200").click()
    n = drawn(page, n)
    expect(page.get_by_text("total_iters = 500 of LinearLR")).to_have_count(0)
    assert max(abs(b - a) for a, b in zip(rates(page), rates(page)[1:], strict=False)) < 0.005
    assert rates(page)[-1] > 0.02, "the cosine climbs again"
    page.get_by_role("button", name="Set T_max to 2,740").click()
    drawn(page, n)
    assert rates(page)[-1] < 1e-6
    expect(page.get_by_text("warning LR")).to_have_count(0)
    page.wait_for_timeout(300)
    assert at_hand(page).trials[0].schedule.model_dump()["schedulers"][1]["T_max"] == 2740


def test_the_meant_curve_is_faint_beside_what_runs_and_one_click_makes_it_run(page: Page, server: str) -> None:
    n = opened(page, server, PER_EPOCH)
    faint = page.evaluate(
        "document.querySelector('.lrlab-chart').calcdata.filter(t => t[0].trace.opacity < 1).at(-1).map(p => p.y)"
    )
    assert faint[0] == pytest.approx(0.1)
    assert faint[-1] < 1e-6
    assert min(rates(page)) > 0.0999
    expect(page.get_by_text("Only 0.3 % of the curve runs")).to_be_visible()
    page.get_by_role("button", name="Step after every optimizer step").press("Enter")
    drawn(page, n)
    assert min(rates(page)) < 1e-6
    assert (
        page.evaluate("document.querySelector('.lrlab-chart').calcdata.filter(t => t[0].trace.opacity < 1).length") == 0
    )


def test_undo_and_redo_by_keyboard_reach_the_side_bar(page: Page, server: str) -> None:
    opened(page, server, PER_EPOCH)
    field = page.get_by_label("epochs, exact")
    field.fill("7")
    field.press("Enter")
    expect(page.get_by_text("2,737 optimizer steps", exact=True)).to_be_visible()
    settled(page)
    page.locator(".lrlab-chart").click(position={"x": 5, "y": 5})
    page.keyboard.press("Alt+z")
    expect(page.get_by_text("1,955 optimizer steps", exact=True)).to_be_visible()
    expect(field).to_have_value("5")
    settled(page)
    page.keyboard.press("Alt+y")
    expect(page.get_by_text("2,737 optimizer steps", exact=True)).to_be_visible()


def test_a_dismissed_finding_stays_dismissed_elsewhere(page: Page, server: str) -> None:
    n = opened(page, server, PER_EPOCH)
    page.get_by_role("button", name="Dismiss").click()
    n = drawn(page, n)
    expect(page.get_by_text("error LR101")).to_have_count(0)
    page.wait_for_timeout(300)
    page.goto(link(page))
    drawn(page)
    expect(page.get_by_text("error LR101")).to_have_count(0)
    page.get_by_role("tab", name="Advice").click()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("error LR101").first).to_be_visible()
    assert count(page) >= n - 1


def test_a_duration_is_typed_in_epochs(page: Page) -> None:
    n = count(page)
    field = page.get_by_role("textbox", name="T_0, exact")
    field.fill("20ep")
    field.press("Enter")
    drawn(page, n)
    expect(field).to_have_value("20ep")
    expect(page.get_by_text("= 7820 ticks")).to_be_visible()
