"""The panel and the handles on the chart in a real browser: what is dragged is drawn before it is let go, typed values
of every sort, fingers, keys, two themes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlparse

import pytest
from conftest import count, drawn, link, settled, zoom
from playwright.sync_api import expect

from lrlab.document import Experiment, from_link, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

STAIRS = {
    "lrlab": 1,
    "run": {"total_steps": 1000, "steps_per_epoch": 100},
    "trials": [
        {"name": "t", "base_lr": 0.1, "schedule": {"kind": "torch.MultiStepLR", "milestones": [300, 600]}},
    ],
}


CYCLES = {
    "name": "t",
    "base_lr": 0.1,
    "schedule": {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 300},
}
PALE = """() => {
  const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (css) => {
    brush.clearRect(0, 0, 1, 1); brush.fillStyle = css; brush.fillRect(0, 0, 1, 1);
    return [...brush.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const found = rgb(getComputedStyle(node).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255];
  };
  const words = 'label, .lrlab-unit, h4, button, .lrlab-caption, span';
  return [...document.querySelectorAll(`.lrlab-panel :is(${words})`)]
    .filter((n) => n.checkVisibility() && n.textContent.trim() && !n.closest('[aria-disabled=true]'))
    .map((n) => [n.textContent, light(rgb(getComputedStyle(n).color)), light(behind(n))])
    .map(([text, a, b]) => [text, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)])
    .filter(([, ratio]) => ratio < 4.5);
}"""
"""Words of the panel that are paler than 4.5 to 1 on what is behind them."""


def at_hand(page: Page) -> Experiment:
    return from_link(parse_qs(urlparse(link(page)).query)["s"][0])


def schedule(page: Page, place: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = at_hand(page).document()["trials"][place]["schedule"]
    return found


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True).first


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=f"{name}, exact").first


def handle(page: Page, name: str) -> Locator:
    return page.locator(f".lrlab-grip[aria-label^='{name}']")


def middle(target: Locator, share: float = 0.5) -> tuple[float, float]:
    box = target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * share, box["y"] + box["height"] / 2


def restarts(page: Page) -> list[float]:
    """Where the first line jumps up, as Plotly draws it."""
    found: list[float] = page.evaluate(
        "() => { const p = document.querySelector('.lrlab-chart').calcdata[0];"
        " return p.slice(1).filter((q, i) => q.y > p[i].y + 0.01).map(q => q.x) }"
    )
    return found


def test_the_curve_follows_the_mouse_and_one_undo_brings_back_what_was_there(page: Page) -> None:
    before, n = link(page), count(page)
    x, y = middle(slider(page, "T_0"), 0.065)
    page.mouse.move(x, y)
    page.mouse.down()
    seen = set()
    for i in range(1, 9):
        page.mouse.move(x + 6 * i, y)
        n = drawn(page, n)
        seen.add(restarts(page)[0])
    assert len(seen) > 4, "it moves before the button is let go"
    assert link(page) == before, "a preview is not kept"
    page.mouse.up()
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    chosen = schedule(page)["schedulers"][1]["T_0"]
    assert restarts(page)[0] == 1955 + chosen
    expect(field(page, "T_0")).to_have_value(str(chosen))
    page.keyboard.press("Alt+z")
    expect(field(page, "T_0")).to_have_value("3910")
    settled(page)
    assert restarts(page)[0] == 1955 + 3910
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("aria-disabled", "true")


def test_a_handle_is_dragged_and_moves_all_that_meets_there(page: Page) -> None:
    n = count(page)
    x, y = middle(handle(page, "milestone, warmup ends"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=3)
    n = drawn(page, n)
    said = handle(page, "milestone, warmup ends").get_attribute("aria-valuetext") or ""
    before = link(page)
    page.mouse.up()
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    sequence = schedule(page)
    assert sequence["milestones"][0] == sequence["schedulers"][0]["total_iters"] > 1955
    assert said.endswith(f"= {sequence['milestones'][0]}")
    page.keyboard.press("Alt+z")
    expect(field(page, "total_iters")).to_have_value("1955")
    expect(field(page, "milestones[0]")).to_have_value("1955")


def test_the_peak_goes_up_and_down_by_mouse_and_by_keyboard(page: Page) -> None:
    peak = handle(page, "peak")
    x, y = middle(peak)
    n = count(page)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 60, steps=4)
    n = drawn(page, n)
    before = link(page)
    page.mouse.up()
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    rate = at_hand(page).trials[0].base_lr
    assert 0.01 < rate < 0.05
    peak.focus()
    before = link(page)
    page.keyboard.press("ArrowUp")
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    assert at_hand(page).trials[0].base_lr > rate
    expect(peak).to_be_focused()


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("base_lr", "1e-3", 0.001),
        ("base_lr", "0.0123", 0.0123),
        ("T_0", "1e5", 100_000),
        ("T_0", "3_911", 3911),
        ("T_mult", "3", 3),
    ],
)
def test_an_exact_field_takes_what_people_type(page: Page, name: str, typed: str, value: float) -> None:
    n = count(page)
    field(page, name).fill(typed)
    field(page, name).press("Enter")
    drawn(page, n)
    settled(page)
    trial = at_hand(page).document()["trials"][0]
    assert value in (trial["base_lr"], trial["schedule"]["schedulers"][1].get(name))


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("base_lr", "0,05", "has a comma: write 0.05 with a point"),
        ("T_0", "ten", "is no duration"),
        ("T_0", "0", "must be greater than 0"),
        ("T_mult", "1.5", "must be a whole number"),
    ],
)
def test_what_a_field_does_not_take_is_said_beside_it_and_stays_there(
    page: Page, name: str, typed: str, said: str
) -> None:
    before, had = link(page), field(page, name).input_value()
    field(page, name).fill(typed)
    field(page, name).press("Enter")
    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    expect(field(page, name)).to_have_value(typed)
    expect(field(page, name)).to_be_focused()
    assert link(page) == before
    field(page, "end_factor").fill("0.9")
    field(page, "end_factor").press("Enter")
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    expect(field(page, name)).to_have_value(typed)
    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    field(page, name).focus()
    page.keyboard.press("Escape")
    expect(field(page, name)).to_have_value(had)
    settled(page)
    expect(page.get_by_role("alert").filter(has_text=said)).to_have_count(0)


def test_an_emptied_field_goes_back_or_follows_the_run(page: Page) -> None:
    field(page, "T_mult").fill("")
    field(page, "T_mult").press("Enter")
    expect(field(page, "T_mult")).to_have_value("2")
    page.get_by_role("radio", name="one cosine").check()
    expect(field(page, "T_max")).to_have_attribute("placeholder", "58650 (run)")
    n = count(page)
    field(page, "T_max").fill("1e4")
    field(page, "T_max").press("Enter")
    n = drawn(page, n)
    expect(field(page, "T_max")).to_have_value("10000")
    field(page, "T_max").fill("")
    field(page, "T_max").press("Enter")
    drawn(page, n)
    expect(field(page, "T_max")).to_have_value("")
    assert schedule(page, 1)["schedulers"][1]["T_max"] is None


def test_keys_go_a_stop_ten_stops_and_to_the_ends(page: Page, server: str) -> None:
    page.goto(f"{server}/?s={parse(STAIRS).link()}")
    drawn(page)
    gamma = slider(page, "gamma")
    for key, value in (
        ("ArrowRight", "0.105"),
        ("Shift+ArrowRight", "0.155"),
        ("PageUp", "0.205"),
        ("PageDown", "0.155"),
        ("Home", "0"),
        ("End", "1"),
    ):
        n = count(page)
        gamma.press(key)
        drawn(page, n)
        expect(field(page, "gamma")).to_have_value(value)
        expect(gamma).to_be_focused()


def test_a_key_held_down_is_one_change(page: Page) -> None:
    slider(page, "T_0").focus()
    for _ in range(10):
        page.keyboard.down("ArrowRight")
        page.wait_for_timeout(40)
    expect(field(page, "T_0")).to_have_value(str(3910 + 10 * 391))
    page.wait_for_timeout(1000)
    before = link(page)
    page.keyboard.up("ArrowRight")
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    assert schedule(page)["schedulers"][1]["T_0"] == 3910 + 10 * 391
    page.keyboard.press("Alt+z")
    expect(field(page, "T_0")).to_have_value("3910")
    expect(page.get_by_role("button", name="Undo")).to_have_attribute("aria-disabled", "true")


def test_quick_taps_all_count(page: Page) -> None:
    slider(page, "T_0").focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(70)
    settled(page)
    page.wait_for_timeout(1500)
    assert schedule(page)["schedulers"][1]["T_0"] == 3910 + 12 * 391


def test_a_handle_that_is_refused_says_why_beside_its_control(page: Page, server: str) -> None:
    """The last value of a drag is the one that is kept, or refused: cycles of nothing."""
    page.goto(f"{server}/?s={parse(STAIRS | {'trials': [CYCLES]}).link()}")
    drawn(page)
    x, y = middle(handle(page, "restart 1"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 400, y, steps=4)
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="must be greater than 0")).to_be_visible()
    assert schedule(page)["T_0"] == 300


def test_a_line_hidden_by_its_legend_is_in_the_link_at_once_and_can_be_undone(page: Page) -> None:
    before = link(page)
    page.locator(".lrlab-chart .legendtoggle").nth(1).click()
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    assert at_hand(page).trials[1].hidden
    expect(page.get_by_role("radio", name="one cosine (hidden)")).to_be_visible()
    page.keyboard.press("Alt+z")
    page.wait_for_function("old => location.href === old", arg=before)


def test_pointing_at_an_argument_lights_up_its_part_of_the_curve(page: Page) -> None:
    slider(page, "T_0").hover()
    assert page.locator(".lrlab-line").count() == 3, "a line at each restart"
    page.mouse.move(2, 2)
    expect(page.locator(".lrlab-line")).to_have_count(0)
    slider(page, "base_lr").focus()
    expect(page.locator(".lrlab-line")).to_have_count(1)
    handle(page, "restart 1").hover()
    expect(page.locator(".lrlab-number.lrlab-lit")).to_have_attribute("aria-label", "T_0")


def test_a_value_that_makes_no_curve_leaves_the_last_one_and_says_why(page: Page, server: str) -> None:
    """Dragged on: a milestone beyond the next one. The sentence comes before the button is let go."""
    sequence = {
        "kind": "torch.SequentialLR", "milestones": [300, 400],
        "schedulers": [{"kind": "torch.ConstantLR"}, {"kind": "torch.ConstantLR"}, {"kind": "torch.ConstantLR"}],
    }  # fmt: skip
    document = STAIRS | {"trials": [{"name": "t", "base_lr": 0.1, "schedule": sequence}]}
    page.goto(f"{server}/?s={parse(document).link()}")
    drawn(page)
    before = link(page)
    x, y = middle(slider(page, "milestones[0]"), 0.31)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=6)
    expect(page.get_by_role("alert").filter(has_text="must not decrease")).to_be_visible()
    assert link(page) == before
    page.mouse.up()
    settled(page)
    expect(page.get_by_role("alert").filter(has_text="must not decrease")).to_be_visible()
    assert schedule(page)["milestones"] == [300, 400]


def test_zoom_stays_while_a_handle_is_dragged(page: Page) -> None:
    zoom(page)
    zoomed = page.evaluate("document.querySelector('.lrlab-chart')._fullLayout.xaxis.range")
    n = count(page)
    x, y = middle(handle(page, "restart 1"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=4)
    n = drawn(page, n)
    page.mouse.up()
    settled(page)
    assert page.evaluate("document.querySelector('.lrlab-chart')._fullLayout.xaxis.range") == zoomed


@pytest.fixture
def phone(chromium: Browser, server: str) -> Iterator[Page]:
    """Tune on a phone of 360 pixels, with fingers."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    opened = context.new_page()
    opened.goto(server)
    drawn(opened)
    yield opened
    context.close()


class Finger:
    """One finger on the glass."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)

    def touch(self, kind: str, x: float = 0, y: float = 0) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def thumb(target: Locator) -> tuple[float, float]:
    """Where a slider's thumb of 44 pixels is."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    share = float(target.evaluate("s => s.value / s.max"))
    return box["x"] + 22 + (box["width"] - 44) * share, box["y"] + box["height"] / 2


def test_a_finger_drags_the_thumb_and_the_chart_follows(phone: Page) -> None:
    x, y = thumb(slider(phone, "base_lr"))
    finger, n, before = Finger(phone), count(phone), field(phone, "base_lr").input_value()
    finger.touch("touchStart", x, y)
    for i in range(1, 7):
        finger.touch("touchMove", x - 8 * i, y)
        phone.wait_for_timeout(60)
    n = drawn(phone, n)
    assert field(phone, "base_lr").input_value() != before, "before the finger is lifted"
    assert at_hand(phone).trials[0].base_lr == 0.05
    address = link(phone)
    finger.touch("touchEnd")
    phone.wait_for_function("old => location.href !== old", arg=address)
    settled(phone)
    assert at_hand(phone).trials[0].base_lr < 0.05


def test_a_scroll_that_begins_on_a_track_changes_nothing(phone: Page) -> None:
    x, y = thumb(slider(phone, "base_lr"))
    finger, before = Finger(phone), link(phone)
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    top = phone.evaluate(scrolled)
    beside = x - 60 if x > 120 else x + 60
    finger.touch("touchStart", beside, y)
    for i in range(1, 9):
        finger.touch("touchMove", beside, y - 20 * i)
        phone.wait_for_timeout(30)
    finger.touch("touchEnd")
    phone.wait_for_timeout(800)
    assert phone.evaluate(scrolled) > top, "it scrolled"
    expect(field(phone, "base_lr")).to_have_value("0.05")
    assert link(phone) == before


def test_nothing_on_a_phone_is_wider_than_it(phone: Page) -> None:
    assert phone.evaluate("document.querySelector('.lrlab-panel').scrollWidth") <= 360
    sizes = phone.evaluate(
        "[...document.querySelectorAll('.lrlab-number input[type=range]')].map(s => s.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_both_themes(chromium: Browser, server: str, scheme: Any) -> None:
    """A contrast of 4.5 between text and what is behind it, for every label of the panel."""
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(server)
    drawn(page)
    pale = page.evaluate(PALE)
    assert pale == []
    context.close()


def test_from_the_first_control_to_the_copied_code_by_keyboard_alone(page: Page) -> None:
    slider(page, "base_lr").focus()
    n = count(page)
    page.keyboard.press("ArrowRight")
    drawn(page, n)

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("n => document.activeElement.textContent.endsWith(n)", name):
                return
        pytest.fail(f"{name} was not reached")

    tab_to("Numbers")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Code")).to_be_focused()
    expect(page.get_by_test_id("stCode")).to_contain_text("make_scheduler")
    settled(page)
    tab_to("Copy the code")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied.")).to_be_visible()
    text = str(page.evaluate("navigator.clipboard.readText()"))
    compile(text, "copied.py", "exec", dont_inherit=True)
    assert "BASE_LR = 0.06" in text


def test_a_link_opened_while_a_slider_is_dragged_is_what_is_shown(page: Page, server: str) -> None:
    x, y = middle(slider(page, "T_0"), 0.065)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=3)
    page.goto(f"{server}/?s={parse(STAIRS).link()}")
    page.mouse.up()
    drawn(page)
    assert schedule(page)["milestones"] == [300, 600]
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_while_something_is_dragged_no_other_handle_stands_where_it_was(page: Page) -> None:
    seen = (
        "[...document.querySelectorAll('.lrlab-grip, .lrlab-line')]"
        ".filter((e) => e.checkVisibility({ visibilityProperty: true })).length"
    )
    assert page.evaluate(seen) > 3
    x, y = middle(slider(page, "T_0"), 0.065)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=3)
    page.wait_for_function(f"{seen} === 0")
    page.mouse.up()
    page.wait_for_function(f"{seen} > 3")
    grip = handle(page, "restart 1")
    x, y = middle(grip)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=3)
    page.wait_for_function(f"{seen} === 1")
    expect(grip).to_be_visible()
    page.mouse.up()
    page.wait_for_function(f"{seen} > 3")


def test_undo_and_redo_by_the_keys_of_every_program_but_not_while_typing(page: Page) -> None:
    before = link(page)
    slider(page, "T_0").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    after = link(page)
    page.keyboard.press("Control+z")
    page.wait_for_function("old => location.href === old", arg=before)
    settled(page)
    page.keyboard.press("Control+Shift+z")
    page.wait_for_function("old => location.href === old", arg=after)
    settled(page)
    typing = field(page, "T_0")
    typing.focus()
    typing.press_sequentially("7")
    page.keyboard.press("Control+z")
    page.wait_for_timeout(1000)
    assert link(page) == after


def test_back_while_a_slider_is_dragged_leaves_field_curve_and_address_at_one(page: Page) -> None:
    slider(page, "T_0").focus()
    before = link(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_function("old => location.href !== old", arg=before)
    settled(page)
    x, y = middle(slider(page, "T_0"), 0.065)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=3)
    changed = link(page)
    page.evaluate("history.back()")
    page.wait_for_function("old => location.href !== old", arg=changed)
    settled(page)
    page.mouse.move(x + 40, y)
    page.mouse.up()
    page.wait_for_timeout(1500)
    settled(page)
    shown = int(field(page, "T_0").input_value())
    assert shown == schedule(page)["schedulers"][1]["T_0"]
    assert restarts(page)[0] == shown + 1955
    expect(page.get_by_text("Traceback")).to_have_count(0)
