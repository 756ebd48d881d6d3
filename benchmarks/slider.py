"""How long from a slider's key to the redrawn chart: Tune with 4 trials on 100,000 steps against the smallest Streamlit
app.

    python -m benchmarks.slider

Needs playwright and Chromium. Both apps run side by side and are measured alternately, so only the ratios mean
anything.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import sync_playwright

from lrlab.document import parse

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
ROUNDS, PRESSES = 12, 5
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)

MINIMAL = """
import numpy as np
import plotly.graph_objects as go
import streamlit as st

power = st.slider("power", 1, 1000, 100)
step = np.arange(2000)
st.plotly_chart(go.Figure(go.Scatter(x=step, y=((1 + np.cos(np.pi * step / 2000)) / 2) ** (power / 100))))
"""

WARMUP = {"kind": "torch.LinearLR", "start_factor": 0.01, "total_iters": 5000}
FOUR_TRIALS = {
    "lrlab": 1,
    "run": {"total_steps": 100_000, "steps_per_epoch": 500},
    "trials": [
        {
            "name": "SGDR", "base_lr": 0.05,
            "schedule": {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 6250, "T_mult": 2},
        },
        {
            "name": "cosine", "base_lr": 0.05,
            "schedule": {
                "kind": "torch.SequentialLR", "milestones": [5000],
                "schedulers": [WARMUP, {"kind": "torch.CosineAnnealingLR", "T_max": None}],
            },
        },
        {
            "name": "one cycle", "base_lr": 0.05,
            "schedule": {"kind": "torch.OneCycleLR", "max_lr": 0.05, "total_steps": None, "cycle_momentum": False},
        },
        {
            "name": "steps", "base_lr": 0.05,
            "schedule": {"kind": "torch.MultiStepLR", "milestones": [30_000, 60_000, 80_000]},
        },
    ],
}  # fmt: skip

# From the key to the frame in which the first line of the chart has another path, the same for both apps.
WATCH = """label => new Promise(done => {
  const path = () => document.querySelector('.js-plotly-plot .scatterlayer path.js-line')?.getAttribute('d')
  const before = path()
  const input = [...document.querySelectorAll('input[type=range]')].find(i => i.getAttribute('aria-label') === label)
  input.focus()
  window.measured = new Promise(finish => {
    input.addEventListener('keydown', () => {
      const began = performance.now()
      const look = () => {
        const now = path()
        if (now && now !== before) finish(performance.now() - began)
        else if (performance.now() - began > 10000) finish(null)
        else requestAnimationFrame(look)
      }
      look()
    }, { once: true, capture: true })
  })
  done()
})"""


def serve(script: Path, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A Streamlit server of its own; its process and address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        "--server.headless=true",
        "--server.address=127.0.0.1",
        f"--server.port={port}",
        "--browser.gatherUsageStats=false",
    ]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health").close()  # noqa: S310
            break
        except OSError:
            time.sleep(0.1)
    return process, url


def press(page: Page, label: str) -> float:
    """Milliseconds from one press of the right arrow to the redrawn chart."""
    page.evaluate(WATCH, label)
    page.keyboard.press("ArrowRight")
    taken = page.evaluate("window.measured")
    if taken is None:
        sys.exit(f"{label}: the chart did not change within 10 s")
    page.wait_for_timeout(120)  # the server finishes what follows the chart
    return float(taken)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "minimal.py"
        script.write_text(MINIMAL)
        servers = [serve(script, Path(folder)), serve(ROOT / "app.py", ROOT)]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS.split())
        try:
            minimal, tune = (browser.new_page(viewport={"width": 1440, "height": 900}) for _ in servers)
            minimal.goto(servers[0][1])
            tune.goto(f"{servers[1][1]}/?s={parse(FOUR_TRIALS).link()}")
            for page in (minimal, tune):
                page.wait_for_selector(".js-plotly-plot .scatterlayer path.js-line", state="attached")
                page.wait_for_timeout(2000)
            taken: dict[str, list[float]] = {"minimal": [], "Tune": []}
            for round_ in range(ROUNDS + 1):
                for name, page, label in (("minimal", minimal, "power"), ("Tune", tune, "T_0 · ticks")):
                    times = [press(page, label) for _ in range(PRESSES)]
                    taken[name] += times if round_ else []  # the first round warms up
        finally:
            browser.close()
            for process, _ in servers:
                process.terminate()
    quantiles = {name: np.percentile(times, [50, 95]) for name, times in taken.items()}
    for name, (p50, p95) in quantiles.items():
        print(f"{name:8} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  n = {len(taken[name])}")
    ratio = quantiles["Tune"] / quantiles["minimal"]
    print(f"ratio    p50 {ratio[0]:.2f}     p95 {ratio[1]:.2f}    (aim: 0.75 or less)")


if __name__ == "__main__":
    main()
