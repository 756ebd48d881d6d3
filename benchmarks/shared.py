"""What the benchmarks of the page share: the smallest Streamlit app and Tune with four trials on 100,000 steps, servers
and browsers for both, and ratios.

Only ratios of one run mean anything: the two apps take turns, so that what else the machine does meets both.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lrlab.document import parse

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).resolve().parents[1]
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
SCREEN = {"width": 1440, "height": 900}
CURVE = ".js-plotly-plot .scatterlayer path.js-line"
"""The first line of a chart, of ours and of Streamlit's alike."""

SMALLEST = """
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


@dataclass(frozen=True)
class Row:
    """A line of the table: what was measured of the smallest app and of Tune, and what is asked for.

    `aim` bounds the ratio where there is a smallest app beside it, and else the number itself.
    """

    name: str
    tune: float
    smallest: float | None = None
    aim: float | None = None
    unit: str = ""
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """Tune's number over the smallest app's."""
        return self.tune / self.smallest if self.smallest else None

    @property
    def verdict(self) -> str:
        """`met` or `missed`; nothing where nothing is asked for, or nothing could be measured."""
        judged = self.tune if self.smallest is None else self.ratio
        if self.aim is None or judged is None or judged != judged:  # noqa: PLR0124 (not a number)
            return ""
        return "met" if (judged >= self.aim if self.more_is_better else judged <= self.aim) else "missed"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies, between neighbours in a straight line; NaN of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """The middle one; NaN of none."""
    return statistics.median(values) if values else float("nan")


def number(value: float | None, unit: str = "") -> str:
    """As a person reads it: three digits."""
    if value is None:
        return ""
    if value != value:  # noqa: PLR0124 (not a number)
        return "none"
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"  # noqa: PLR2004
    return f"{text} {unit}".strip()


def show(rows: Sequence[Row]) -> None:
    """Print the lines of one benchmark."""
    for row in rows:
        beside = "" if row.smallest is None else f"{number(row.smallest, row.unit):>12}  {number(row.ratio)} times"
        wanted = "" if row.aim is None else f"  (aim {number(row.aim)}: {row.verdict or 'not measured'})"
        print(f"{row.name:48} {number(row.tune, row.unit):>12} {beside}{wanted}")


# ---------------------------------------------------------------- the two apps


@dataclass(frozen=True)
class Server:
    """A Streamlit server of its own on the loopback."""

    url: str
    pid: int
    began: float
    """Seconds from its start until it answered."""

    @property
    def megabytes(self) -> float:
        """Memory of the process that is resident now."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return float("nan")

    @property
    def seconds(self) -> float:
        """What the process has taken of the processor up to now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def awaited(url: str) -> None:
    """Wait until it answers; TimeoutError after a minute."""
    end = time.perf_counter() + 60
    while time.perf_counter() < end:
        try:
            urllib.request.urlopen(url).close()  # noqa: S310 (the loopback)
        except OSError:
            time.sleep(0.025)
        else:
            return
    msg = f"{url} does not answer"
    raise TimeoutError(msg)


@contextmanager
def streamlit(script: Path, port: int, *options: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Streamlit that serves a script on the loopback until the block ends; it may not answer yet."""
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", "--browser.gatherUsageStats=false", *options]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 (ourselves)
        command, cwd=script.parent, env=os.environ | environment, stdout=quiet, stderr=quiet
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def server(script: Path) -> Iterator[Server]:
    """Serve an app on a free port until the block ends."""
    port, begin = free_port(), time.perf_counter()
    url = f"http://127.0.0.1:{port}"
    with streamlit(script, port) as process:
        awaited(f"{url}/_stcore/health")
        yield Server(url, process.pid, time.perf_counter() - begin)


@dataclass(frozen=True)
class App:
    """One of the two apps: its name, its script, and what follows its address."""

    name: str
    script: Path
    query: str = ""


@contextmanager
def both() -> Iterator[tuple[App, App]]:
    """The smallest app, in a folder of its own, and Tune with the four trials."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "smallest.py"
        script.write_text(SMALLEST, encoding="utf-8")
        yield App("smallest", script), App("Tune", ROOT / "app.py", f"?s={parse(FOUR_TRIALS).link()}")


def chromium(playwright: Playwright) -> Browser:
    """A browser with a fresh profile; FileNotFoundError where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        msg = "this needs Debian's chromium"
        raise FileNotFoundError(msg)
    return playwright.chromium.launch(executable_path=path, args=FLAGS.split())
