from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlparse

import pytest
from conftest import add_trial, count, drawn, link, settled
from playwright.sync_api import expect

from lrlab.document import from_link

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def heights(page: Page, trace: int = 0) -> list[float]:
    """What Plotly itself says that it draws."""
    values: list[float] = page.evaluate(
        "i => Array.from(document.querySelector('.lrlab-chart').calcdata[i], p => p.y)", trace
    )
    return values


def test_the_page_opens_on_a_finished_comparison(page: Page) -> None:
    names = page.evaluate(
        "document.querySelector('.lrlab-chart').data.filter(t => t.mode === 'lines').map(t => t.name)"
    )
    assert names == ["SGDR", "one cosine"]
    assert max(heights(page, 0)) == pytest.approx(0.05)
    expect(page.get_by_role("textbox", name="base_lr, exact")).to_be_in_viewport()
    expect(page.get_by_role("textbox", name="eta_min, exact")).to_be_in_viewport()


def test_a_slider_moved_by_keyboard_changes_curve_and_link(page: Page) -> None:
    before, address, n = max(heights(page)), link(page), count(page)
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    drawn(page, n)
    assert max(heights(page)) == pytest.approx(0.06)
    assert before == pytest.approx(0.05)
    expect(page.get_by_role("textbox", name="base_lr, exact")).to_have_value("0.06")
    page.wait_for_function("old => location.href !== old", arg=address)
    assert from_link(parse_qs(urlparse(link(page)).query)["s"][0]).trials[0].base_lr == 0.06


def test_an_exact_field_takes_what_the_slider_has_no_stop_for(page: Page) -> None:
    n = count(page)
    field = page.get_by_role("textbox", name="base_lr, exact")
    field.fill("0.0123")
    field.press("Enter")
    drawn(page, n)
    assert max(heights(page)) == pytest.approx(0.0123)


def test_zoom_stays_when_a_slider_moves(page: Page) -> None:
    box = page.locator(".lrlab-chart .nsewdrag").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 55, steps=5)
    page.mouse.up()
    whole = [-303.025, 60908.025]
    page.wait_for_function(
        "end => document.querySelector('.lrlab-chart')._fullLayout.xaxis.range[1] < end / 2", arg=whole[1]
    )
    zoomed = page.evaluate("document.querySelector('.lrlab-chart')._fullLayout.xaxis.range")
    n = count(page)
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    drawn(page, n)
    assert page.evaluate("document.querySelector('.lrlab-chart')._fullLayout.xaxis.range") == zoomed


def test_a_line_hidden_by_its_legend_stays_hidden_and_is_in_the_link(page: Page) -> None:
    n = count(page)
    page.locator(".lrlab-chart .legendtoggle").nth(1).click()
    n = drawn(page, n)
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    drawn(page, n)
    shown = page.evaluate(
        "document.querySelector('.lrlab-chart')._fullData.filter(t => t.mode === 'lines').map(t => t.visible)"
    )
    assert shown == [True, "legendonly"]
    assert from_link(parse_qs(urlparse(link(page)).query)["s"][0]).trials[1].hidden


def test_the_link_opens_the_same_page_elsewhere(page: Page, chromium: Browser) -> None:
    n = count(page)
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    n = drawn(page, n)
    page.get_by_role("radio", name="epochs", exact=True).check()
    drawn(page, n)
    page.wait_for_timeout(300)
    other = chromium.new_context().new_page()
    other.goto(link(page))
    drawn(other)
    assert heights(other, 0) == heights(page, 0)
    assert other.evaluate("document.querySelector('.lrlab-chart').layout.xaxis.title.text") == "epoch"
    other.context.close()


def test_reload_loses_nothing(page: Page) -> None:
    n = count(page)
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    drawn(page, n)
    page.wait_for_timeout(300)
    page.reload()
    drawn(page)
    assert max(heights(page)) == pytest.approx(0.06)


def test_back_undoes_the_address_and_the_page_follows(page: Page) -> None:
    n = count(page)
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    n = drawn(page, n)
    page.wait_for_timeout(500)
    page.go_back()
    drawn(page, n)
    assert max(heights(page)) == pytest.approx(0.05)


def test_another_page_and_back_loses_nothing(page: Page) -> None:
    n = count(page)
    page.get_by_role("slider", name="base_lr", exact=True).press("ArrowRight")
    drawn(page, n)
    page.get_by_role("link", name="Gallery").click()
    expect(page.get_by_role("heading", name="Which schedulers are there?")).to_be_visible()
    page.get_by_role("link", name="Tune").click()
    drawn(page)
    assert max(heights(page)) == pytest.approx(0.06)


def test_the_code_can_be_copied_and_it_is_python(page: Page) -> None:
    page.get_by_role("tab", name="Code").click()
    code = page.get_by_test_id("stCode")
    expect(code).to_contain_text("make_scheduler")
    code.hover()
    code.get_by_role("button", name="Copy").click()
    text = page.evaluate("navigator.clipboard.readText()")
    names: dict[str, object] = {}
    compile(text, "copied.py", "exec", dont_inherit=True)
    assert "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=T_0, T_mult=T_mult" in text
    assert "\nT_0 = 3910\nT_mult = 2\n" in text
    assert not names


def test_every_step_can_be_downloaded(page: Page) -> None:
    page.get_by_role("tab", name="Code").click()
    page.get_by_role("radio", name="CSV").or_(page.get_by_role("button", name="CSV", exact=True)).first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download sgdr.csv").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "step,epoch,SGDR"
    assert len(lines) == 1 + 60_605


@pytest.mark.parametrize(("name", "content", "said"), [
    ("junk.json", b"{{{{", "is no JSON"),
    ("wrong.json", json.dumps({"lrlab": 1, "run": {"total_steps": 10}, "trials": [
        {"name": "a", "base_lr": 0.1, "schedule": {"kind": "torch.StepLR", "step_size": 0}}]}).encode(),
        "trials.0.schedule.step_size: must be greater than 0"),
    ("big.json", b" " * 1_500_000, "is larger than 1 MiB"),
])  # fmt: skip
def test_a_broken_file_gets_one_sentence_and_the_page_keeps_what_it_had(
    page: Page, name: str, content: bytes, said: str
) -> None:
    page.get_by_role("tab", name="Import").click()
    page.wait_for_function("location.href.includes('tune.tab=Import')")
    before = link(page)
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "application/json", "buffer": content})
    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    assert link(page) == before
    assert max(heights(page)) == pytest.approx(0.05)
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_a_pasted_document_is_taken(page: Page) -> None:
    document = {
        "lrlab": 1,
        "run": {"total_steps": 100},
        "trials": [{"name": "<b>x</b>", "base_lr": 0.3, "schedule": {"kind": "torch.StepLR", "step_size": 10}}],
    }
    page.get_by_role("tab", name="Import").click()
    page.get_by_role("textbox", name="Or paste it here").fill(json.dumps(document))
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("Read: 1 trial on 100 optimizer steps.")).to_be_visible()
    settled(page)
    assert max(heights(page)) == pytest.approx(0.3)
    expect(page.locator(".lrlab-chart .legendtext").first).to_have_text("<b>x</b>")


def test_a_forged_link_gets_one_sentence_and_a_working_page(page: Page, server: str) -> None:
    page.goto(f"{server}/?s=eNqdkD1vwjAQ")
    drawn(page)
    expect(page.get_by_role("alert").filter(has_text="the link")).to_be_visible()
    assert max(heights(page)) == pytest.approx(0.05)


def test_a_trial_is_added_from_the_list_and_removed(page: Page) -> None:
    add_trial(page, "torch · OneCycleLR")
    page.wait_for_function("document.querySelector('.lrlab-chart').layout.yaxis2?.title.text === 'momentum'")
    page.get_by_role("button", name="Remove").click()
    page.wait_for_function("document.querySelector('.lrlab-chart').data.filter(t => t.mode === 'lines').length === 2")
    assert page.locator(".lrlab-chart .y2title").count() == 0


def test_a_refused_value_is_said_and_the_curve_stays(page: Page) -> None:
    field = page.get_by_role("textbox", name="T_0, exact")
    field.fill("0")
    field.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="T_0: must be greater than 0")).to_be_visible()
    assert max(heights(page)) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("title", "suffix", "begins"), [("Download as PNG", ".png", b"\x89PNG"), ("Download as SVG", ".svg", b"<svg")]
)
def test_the_chart_is_downloaded_by_its_own_buttons(page: Page, title: str, suffix: str, begins: bytes) -> None:
    with page.expect_download() as download:
        page.locator(f".lrlab-chart [data-title='{title}']").click()
    content = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename == f"lrlab{suffix}"
    assert content.startswith(begins)
    assert len(content) > 5000


def test_the_chart_can_be_shaped_by_keyboard_alone(page: Page) -> None:
    page.get_by_role("textbox", name="base_lr, exact").focus()
    page.keyboard.press("Shift+Tab")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "base_lr"
    n = count(page)
    page.keyboard.press("ArrowLeft")
    drawn(page, n)
    assert max(heights(page)) == pytest.approx(0.04)


def test_sliders_keep_their_values_when_the_run_changes(page: Page) -> None:
    for epochs in ("30", "60"):
        n = count(page)
        field = page.get_by_label("epochs, exact")
        field.fill(epochs)
        field.press("Enter")
        drawn(page, n)
        expect(page.get_by_role("slider", name="T_0", exact=True)).to_have_attribute("aria-valuetext", "3910 ticks")
        total = page.get_by_role("slider", name="total_iters", exact=True)
        expect(total).to_have_attribute("aria-valuetext", "1955 ticks")


@pytest.mark.parametrize("width", [360, 390])
def test_the_menu_is_at_hand_on_a_phone(chromium: Browser, server: str, width: int) -> None:
    phone = chromium.new_page(viewport={"width": width, "height": 800})
    phone.goto(server)
    drawn(phone)
    for name in ("Gallery", "Tune", "SGDR or cosine?", "Why warm up?"):
        link_ = phone.get_by_role("link", name=name, exact=True)
        expect(link_).to_be_visible()
        assert link_.evaluate(
            "e => { const { x, y, width, height } = e.getBoundingClientRect();"
            " return e.contains(document.elementFromPoint(x + width / 2, y + height / 2)) }"
        ), f"nothing lies over {name}"
    phone.get_by_role("link", name="Why warm up?").click()
    expect(phone.get_by_role("heading", name="Why warm up?")).to_be_in_viewport()
    phone.close()


def test_a_legend_stays_above_the_curves_when_the_window_grows(page: Page, server: str) -> None:
    """It takes fewer lines then."""
    at = "document.querySelector('.lrlab-chart {}').getBoundingClientRect().{}"
    page.set_viewport_size({"width": 500, "height": 800})
    page.goto(f"{server}/sgdr")
    drawn(page)
    high = page.evaluate(at.format(".legend", "height"))
    page.set_viewport_size({"width": 1440, "height": 800})
    page.wait_for_function(f"{at.format('.legend', 'height')} < {high}")
    page.wait_for_timeout(1000)
    assert page.evaluate(f"{at.format('.legend', 'bottom')} < {at.format('.nsewdrag', 'top')}")
