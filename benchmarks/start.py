"""What a visitor waits for until the first curve: python -m benchmarks.start.

A fresh server and fresh browsers in every round, Tune with four trials and the smallest Streamlit app in turns. The
clock starts when the address is opened, with the server up. Needs playwright and Chromium.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from playwright.sync_api import Page, sync_playwright

from benchmarks.shared import CURVE, SCREEN, App, Row, both, chromium, server, show

ROUNDS = 5
AIM = 1.3

WATCH = f"""(() => {{
  const look = () => {{
    const line = document.querySelector({CURVE!r})
    if (line?.getAttribute('d')) window.firstCurve = performance.now()
    else requestAnimationFrame(look)
  }}
  look()
}})()"""


@dataclass
class Traffic:
    """What a page has received until now."""

    requests: int = 0
    bytes: int = 0
    urls: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Count what comes by HTTP and by the websocket."""
        client = page.context.new_cdp_session(page)
        client.send("Network.enable")
        client.on("Network.requestWillBeSent", lambda event: self.sent(event["request"]["url"]))
        client.on("Network.loadingFinished", lambda event: self.came(event["encodedDataLength"]))
        client.on(
            "Network.webSocketFrameReceived", lambda event: self.came(len(event["response"]["payloadData"]) // 4 * 3)
        )

    def sent(self, url: str) -> None:
        """A request."""
        if url.startswith("http"):
            self.requests += 1

    def came(self, size: float) -> None:
        """So many bytes of an answer."""
        self.bytes += int(size)


def first_curve(page: Page) -> float:
    """Milliseconds from the opening of the address to the frame that has the first curve."""
    page.wait_for_function("window.firstCurve !== undefined", timeout=60_000)
    return float(page.evaluate("window.firstCurve"))


def visits(app: App) -> dict[str, float]:
    """One fresh server, and who comes to it: the first visitor, a second one with an empty cache, who then reloads."""
    seen: dict[str, float] = {}
    with server(app.script) as process, sync_playwright() as playwright:
        seen["server"] = process.began * 1e3
        for visitor in ("first", "second"):
            browser = chromium(playwright)
            try:
                page = browser.new_page(viewport=SCREEN)
                page.add_init_script(WATCH)
                traffic = Traffic()
                traffic.listen(page)
                page.goto(f"{process.url}/{app.query}", wait_until="commit")
                seen[visitor] = first_curve(page)
                page.wait_for_timeout(1500)
                seen["requests"], seen["megabytes"] = traffic.requests, traffic.bytes / 1e6
                if visitor == "second":
                    page.reload(wait_until="commit")
                    seen["reload"] = first_curve(page)
            finally:
                browser.close()
    return seen


def measure() -> list[Row]:
    """The lines of the table."""
    with both() as apps:
        rounds = [[visits(app) for app in apps] for _ in range(ROUNDS)]

    def row(name: str, what: str, unit: str = "ms", aim: float | None = None) -> Row:
        smallest, tune = (statistics.median(visit[i][what] for visit in rounds) for i in (0, 1))
        return Row(name, tune, smallest, aim, unit)

    return [
        row("first visitor of a process, to the first curve", "first", aim=AIM),
        row("second visitor, empty cache", "second"),
        row("reload", "reload"),
        row("requests of a visit", "requests", ""),
        row("megabytes of a visit", "megabytes", "MB"),
    ]


if __name__ == "__main__":
    show(measure())
