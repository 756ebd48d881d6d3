"""How many more people three processes behind nginx bear than one: python -m benchmarks.deploy.

Real processes of lrlab on this machine, before them the nginx of deploy/, without Docker. Needs nginx-light. On
two cores three processes cannot bear three times as many.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.people import most
from benchmarks.shared import ROOT, App, Row, awaited, both, free_port, median, show, streamlit

ROUNDS = 3
PROCESSES = 3


@dataclass(frozen=True)
class Site:
    """nginx's address, and the processes behind it by their own."""

    url: str
    processes: dict[str, subprocess.Popen[bytes]]


def process(port: int, *options: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """One process of lrlab, as the image starts it; all of them check the cookies of all."""
    secret = "the same for all"  # noqa: S105 (of a test on the loopback)
    return streamlit(ROOT / "app.py", port, *options, STREAMLIT_SERVER_COOKIE_SECRET=secret)


def configured(folder: Path, port: int, processes: Sequence[int]) -> Path:
    """The configuration of deploy/ in a folder: other ports, and a header that says which process answered."""
    servers = iter(processes)

    def other(_: re.Match[str]) -> str:
        return f"server 127.0.0.1:{next(servers)}"

    upstream = re.sub(r"server \S+?:8501", other, _read("upstream.conf"), count=len(processes))
    upstream = re.sub(r"\n *server \S+?:8501[^\n]*", "", upstream)
    site = _read("nginx.conf").replace("listen 8080;", f"listen 127.0.0.1:{port};")
    site = site.replace("pid /tmp/nginx.pid;", f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;")
    site = site.replace(
        "add_header Set-Cookie", "add_header X-Process $upstream_addr;\n            add_header Set-Cookie"
    )
    (folder / "upstream.conf").write_text(upstream)
    (folder / "nginx.conf").write_text(site)
    return folder / "nginx.conf"


def _read(name: str) -> str:
    return (ROOT / "deploy" / name).read_text(encoding="utf-8")


def nginx() -> str:
    """Where nginx is; FileNotFoundError where it is not."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        msg = "this needs Debian's nginx-light"
        raise FileNotFoundError(msg)
    return found


@contextlib.contextmanager
def behind_nginx(count: int) -> Iterator[Site]:
    """So many processes behind the nginx of deploy/."""
    port, ports = free_port(), [free_port() for _ in range(count)]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        processes = {f"127.0.0.1:{each}": stack.enter_context(process(each)) for each in ports}
        for address in processes:
            awaited(f"http://{address}/_stcore/health")
        command = [nginx(), "-p", folder, "-c", str(configured(Path(folder), port, ports)), "-g", "daemon off;"]
        server = subprocess.Popen(command)  # noqa: S603 (Debian's)
        try:
            awaited(f"http://127.0.0.1:{port}/_stcore/health")
            yield Site(f"http://127.0.0.1:{port}", processes)
        finally:
            server.terminate()
            server.wait(timeout=20)


def _borne(count: int, app: App, begin: int) -> int:
    with behind_nginx(count) as site:
        people, _ = asyncio.run(most(site, app, begin))
    return people


def measure() -> list[Row]:
    """The line of the table: three processes against one, both behind nginx, in turns."""
    borne: dict[int, list[int]] = {1: [], PROCESSES: []}
    with both() as (_, tune):
        for _ in range(ROUNDS):
            for count, before in borne.items():
                before.append(_borne(count, tune, max(2, round(min(before, default=20) * 0.7))))
                print(f"{count} behind nginx: {before[-1]} people at once", flush=True)
    name = f"people at once on {PROCESSES} processes behind nginx, against one there"
    return [Row(name, median(borne[PROCESSES]), median(borne[1]), more_is_better=True)]


if __name__ == "__main__":
    show(measure())
