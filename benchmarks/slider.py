"""What a move of a slider costs: python -m benchmarks.slider.

Tune with four trials on 100,000 steps and the smallest Streamlit app stand side by side and take turns: a key on the
slider to the redrawn chart; on Tune also the mouse, which drags the slider, and what comes by the websocket. Needs
playwright and Chromium.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack

from playwright.sync_api import Locator, Page, sync_playwright

from benchmarks.shared import CURVE, SCREEN, Row, both, chromium, median, quantile, server, show

ROUNDS, PRESSES = 12, 5
PREVIEWS = 30
DRAGGED = 2.0
"""Seconds of dragging in which redraws are counted."""
COUNTED = 5
"""Moves whose messages are counted."""
REST = 400
"""Milliseconds after which a move has been answered whole."""
LABELS = ("power", "T_0", "T_0 · ticks")
"""What the slider is called: in the smallest app, in the panel, and where Streamlit's own sliders stand for it."""
KEY_P50, KEY_P95, PREVIEW, MESSAGES, KILOBYTES = 0.7, 0.75, 0.5, 15, 60

WATCH = f"""() => {{
  const path = () => document.querySelector({CURVE!r})?.getAttribute('d')
  let before = path()
  window.redraws = []
  window.began = 0
  for (const event of ['keydown', 'pointermove'])
    window.addEventListener(event, () => {{ window.began = performance.now() }}, {{ capture: true }})
  const look = () => {{
    const now = path()
    if (now && now !== before) {{ before = now; window.redraws.push(performance.now()) }}
    requestAnimationFrame(look)
  }}
  look()
}}"""
"""Every frame in which the first line has another path is noted, and when the last key or pointer came."""
ANSWER = """patience => new Promise(done => {
  const deadline = performance.now() + patience
  const look = () => {
    const last = window.redraws.at(-1) ?? 0
    if (window.began && last > window.began) done(last - window.began)
    else if (performance.now() > deadline) done(null)
    else requestAnimationFrame(look)
  }
  look()
})"""


class Received:
    """What came by the websocket since the last look."""

    def __init__(self, page: Page) -> None:
        self.sizes: list[int] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda data: self.sizes.append(len(data))))

    def take(self) -> list[int]:
        """The sizes of the messages, which are then forgotten."""
        sizes, self.sizes = self.sizes, []
        return sizes


def slider(page: Page) -> Locator:
    """The range input that is measured, whichever page it is."""
    found = page.locator(", ".join(f'input[type="range"][aria-label="{label}"]' for label in LABELS)).first
    found.wait_for(state="attached")
    return found


def press(page: Page) -> float:
    """Milliseconds from one press of the right arrow to the redrawn chart."""
    slider(page).focus()
    page.evaluate("window.began = 0")
    page.keyboard.press("ArrowRight")
    taken = page.evaluate(ANSWER, 10_000)
    if taken is None:
        sys.exit(f"{page.url}: the chart did not change within 10 s of a key")
    page.wait_for_timeout(120)  # the server finishes what follows the chart
    return float(taken)


def grip(page: Page) -> tuple[float, float]:
    """Where the thumb is. Streamlit's own input is as small as its thumb."""
    found = slider(page)
    found.scroll_into_view_if_needed()
    box = found.bounding_box()
    if box is None:
        sys.exit(f"{page.url}: the slider cannot be seen")
    share, thumb = found.evaluate("i => (i.value - i.min) / (i.max - i.min)"), 16
    wide = box["width"] > 2 * thumb
    x = box["x"] + (thumb / 2 + share * (box["width"] - thumb) if wide else box["width"] / 2)
    return x, box["y"] + box["height"] / 2


def dragging(page: Page) -> tuple[list[float], float]:
    """Milliseconds from each pointer move to its redraw, and redraws a second under a hand that does not wait."""
    x, y = grip(page)
    page.mouse.move(x, y)
    page.mouse.down()
    taken: list[float] = []
    for moved in range(1, PREVIEWS + 1):
        page.evaluate("window.began = 0")
        page.mouse.move(x - 2 * moved, y)
        answer = page.evaluate(ANSWER, 1500)
        if answer is not None:
            taken.append(float(answer))
        elif moved > 3 and not taken:  # noqa: PLR2004 (three are enough to see that nothing comes)
            break
        page.wait_for_timeout(60)
    page.evaluate("window.redraws.length = 0")
    begin = page.evaluate("performance.now()")
    moved = 0
    while page.evaluate("performance.now()") - begin < DRAGGED * 1e3:
        moved += 1
        page.mouse.move(x - 2 * PREVIEWS + moved % 60, y)
    redraws = page.evaluate("window.redraws.length")
    page.mouse.up()
    page.wait_for_timeout(1000)
    return taken, redraws / DRAGGED


def traffic(page: Page, received: Received) -> tuple[list[list[int]], list[list[int]]]:
    """The sizes of the messages for some keys, and for some moves of a pointer that drags."""
    keys, previews = [], []
    for _ in range(COUNTED):
        received.take()
        press(page)
        page.wait_for_timeout(REST)
        keys.append(received.take())
    x, y = grip(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for moved in range(1, COUNTED + 1):
        received.take()
        page.mouse.move(x + 3 * moved, y)
        page.wait_for_timeout(REST)
        previews.append(received.take())
    page.mouse.up()
    return keys, previews


def measure() -> list[Row]:
    """The lines of the table."""
    taken: dict[str, list[float]] = {"smallest": [], "Tune": []}
    with ExitStack() as stack:
        apps = stack.enter_context(both())
        servers = [stack.enter_context(server(app.script)) for app in apps]
        browser = chromium(stack.enter_context(sync_playwright()))
        pages = [browser.new_page(viewport=SCREEN) for _ in apps]
        received = [Received(page) for page in pages]
        for app, process, page in zip(apps, servers, pages, strict=True):
            page.goto(f"{process.url}/{app.query}")
            page.wait_for_selector(CURVE, state="attached", timeout=60_000)
            page.wait_for_timeout(2000)
            page.evaluate(WATCH)
        for turn in range(ROUNDS + 1):
            for app, page in zip(apps, pages, strict=True):
                times = [press(page) for _ in range(PRESSES)]
                taken[app.name] += times if turn else []  # the first turn warms up
        previews, redraws = dragging(pages[1])
        counted = [traffic(page, sizes) for page, sizes in zip(pages, received, strict=True)]
        browser.close()
    (small_keys, _), (keys, moves) = counted
    p50 = {name: quantile(times, 0.5) for name, times in taken.items()}
    p95 = {name: quantile(times, 0.95) for name, times in taken.items()}

    def kilobytes(messages: list[list[int]]) -> float:
        return median([sum(sizes) / 1e3 for sizes in messages])

    def many(messages: list[list[int]]) -> float:
        return median([len(sizes) for sizes in messages])

    return [
        Row("a key on a slider to the redrawn chart, p50", p50["Tune"], p50["smallest"], KEY_P50, "ms"),
        Row("... p95", p95["Tune"], p95["smallest"], KEY_P95, "ms"),
        Row("a pointer's move to the redrawn chart, p50", quantile(previews, 0.5), p50["smallest"], PREVIEW, "ms"),
        Row("redraws a second while dragging", redraws),
        Row("messages for a move", many(keys), None, MESSAGES),
        Row("... in the smallest app", many(small_keys)),
        Row("bytes for a move", kilobytes(keys), None, KILOBYTES, "kB"),
        Row("... in the smallest app", kilobytes(small_keys), unit="kB"),
        Row("messages for a preview", many(moves)),
        Row("bytes for a preview", kilobytes(moves), unit="kB"),
    ]


if __name__ == "__main__":
    show(measure())
