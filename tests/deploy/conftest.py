"""The nginx of deploy/ before three real processes of lrlab on this machine, without Docker. A machine without nginx or
Chromium fails these tests.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@dataclass(frozen=True)
class Site:
    """nginx's address, and the processes behind it by their own."""

    url: str
    processes: dict[str, subprocess.Popen[bytes]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def awaited(url: str) -> None:
    """Wait until it answers."""
    for _ in range(240):
        with contextlib.suppress(OSError), urllib.request.urlopen(url) as answer:  # noqa: S310 (loopback)
            if answer.status == 200:
                return
        time.sleep(0.25)
    pytest.fail(f"{url} does not answer")


@contextlib.contextmanager
def process(port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """One process of lrlab, as the image starts it."""
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless=true",
        "--server.fileWatcherType=none",
    ]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", *options]
    secret = {"STREAMLIT_SERVER_COOKIE_SECRET": "the same for all"}
    started = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | secret, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        started.terminate()
        started.wait(timeout=20)


def written(folder: Path, port: int, processes: list[int]) -> Path:
    """The configuration of deploy/ in a folder: other ports, and a header that says which process answered."""
    servers = iter(processes)
    upstream = re.sub(r"server \S+?:8501", lambda _: f"server 127.0.0.1:{next(servers)}", read("upstream.conf"))
    site = read("nginx.conf").replace("listen 8080;", f"listen 127.0.0.1:{port};")
    site = site.replace("pid /tmp/nginx.pid;", f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;")
    site = site.replace(
        "add_header Set-Cookie", "add_header X-Process $upstream_addr;\n            add_header Set-Cookie"
    )
    (folder / "upstream.conf").write_text(upstream)
    (folder / "nginx.conf").write_text(site)
    return folder / "nginx.conf"


def read(name: str) -> str:
    return (ROOT / "deploy" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert nginx, "these tests need Debian's nginx-light"
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    ports = [free_port() for _ in range(3)]
    with contextlib.ExitStack() as stack:
        processes = {f"127.0.0.1:{each}": stack.enter_context(process(each)) for each in ports}
        for address in processes:
            awaited(f"http://{address}/_stcore/health")
        conf = written(folder, port, ports)
        server = subprocess.Popen([nginx, "-p", str(folder), "-c", str(conf), "-g", "daemon off;"])
        try:
            awaited(f"http://127.0.0.1:{port}/_stcore/health")
            yield Site(f"http://127.0.0.1:{port}", processes)
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "these tests need Debian's chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()
