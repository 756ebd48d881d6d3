"""Several processes behind nginx: who comes again meets the same one, what is lost with a process, what browsers may
keep, limits, and the app under a path.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import expect

from benchmarks.deploy import Site, process
from benchmarks.shared import awaited, free_port
from lrlab.document import Experiment, from_link

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PEOPLE = 5


def get(site: Site, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlparse(site.url).netloc)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    headers_: dict[str, str] = {}
    for name, value in answer.getheaders():
        headers_[name.lower()] = f"{headers_[name.lower()]}\n{value}" if name.lower() in headers_ else value
    found = answer.status, headers_, answer.read()
    connection.close()
    return found


def person(headers: dict[str, str]) -> str:
    """The cookie by which nginx knows a person, where it sets one."""
    cookies = headers.get("set-cookie", "").splitlines()
    return next((each.partition(";")[0] for each in cookies if each.startswith("lrlab=")), "")


def test_a_person_stays_with_one_process_and_many_use_all(site: Site) -> None:
    met = set()
    for _ in range(30):
        _, headers, _ = get(site, "/")
        cookie, first = person(headers), headers["x-process"]
        assert cookie
        for path in ("/_stcore/health", "/sgdr", "/_stcore/host-config"):
            _, again, _ = get(site, path, Cookie=cookie)
            assert again["x-process"] == first
            assert not person(again), "who has a number keeps it"
        met.add(first)
    assert met == set(site.processes)


def opened(chromium: Browser, url: str) -> Page:
    page = chromium.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(url)
    page.wait_for_selector(".lrlab-chart[data-drawn]", timeout=60_000)
    return page


def drawn(page: Page) -> int:
    return int(page.evaluate("Number(document.querySelector('.lrlab-chart')?.dataset.drawn ?? 0)"))


def moves(page: Page, key: str = "ArrowRight") -> None:
    """Move a slider, and wait until the chart has followed and the address too."""
    before, address = drawn(page), page.evaluate("location.href")
    page.get_by_role("slider", name="base_lr", exact=True).press(key)
    page.wait_for_function("n => Number(document.querySelector('.lrlab-chart').dataset.drawn) > n", arg=before)
    page.wait_for_function("old => location.href !== old", arg=address)


def at_hand(page: Page) -> Experiment:
    return from_link(parse_qs(urlparse(str(page.evaluate("location.href"))).query)["s"][0])


def its_process(page: Page) -> str:
    said: Any = page.evaluate("fetch('/_stcore/health').then(answer => answer.headers.get('x-process'))")
    return str(said)


def test_files_are_compressed_and_those_with_a_version_are_kept(site: Site, chromium: Browser) -> None:
    page = opened(chromium, site.url)
    ours = page.evaluate(
        "performance.getEntriesByType('resource').map(e => new URL(e.name).pathname)"
        ".filter(path => path.includes('app/static'))"
    )
    page.context.close()
    assert len(ours) == 2, "the drawing library and our own script"
    for path in ours:
        status, headers, body = get(site, path, **{"Accept-Encoding": "gzip"})
        assert (status, headers["content-encoding"]) == (200, "gzip")
        assert "immutable" in headers["cache-control"]
        assert len(body) < len(get(site, path)[2]) / 2
    assert get(site, "/")[1]["cache-control"] == "no-cache"


def test_an_upload_that_is_too_large_is_refused(site: Site) -> None:
    connection = http.client.HTTPConnection(urlparse(site.url).netloc)
    connection.request("PUT", "/_stcore/upload_file/x/y", body=b" " * 4_000_000)
    assert connection.getresponse().status == 413
    connection.close()


def test_people_of_a_killed_process_go_on_from_their_link_and_the_others_notice_nothing(
    site: Site, chromium: Browser
) -> None:
    people = [opened(chromium, site.url) for _ in range(PEOPLE)]
    for place, page in enumerate(people):
        for _ in range(place + 1):
            moves(page)
    homes = [its_process(page) for page in people]
    assert len(set(homes)) > 1, "they are spread over the processes"
    lost = homes[0]
    before = [at_hand(page) for page in people]
    site.processes[lost].kill()
    for page, home in zip(people, homes, strict=True):
        if home != lost:
            moves(page)
    for page, home, had in zip(people, homes, before, strict=True):
        if home != lost:
            continue
        expect(page.get_by_role("slider", name="base_lr", exact=True)).to_be_visible()
        page.wait_for_function("fetch('/_stcore/health').then(answer => answer.ok)", timeout=30_000)
        page.wait_for_timeout(8_000)  # the browser connects anew by itself
        assert at_hand(page) == had, "nothing is lost"
        moves(page)
        assert at_hand(page).trials[0].base_lr > had.trials[0].base_lr
        assert its_process(page) != lost
        expect(page.get_by_text("Traceback")).to_have_count(0)
    for page in people:
        page.context.close()


def test_the_app_works_under_a_path(chromium: Browser) -> None:
    port = free_port()
    with process(port, "--server.baseUrlPath=lrlab"):
        awaited(f"http://127.0.0.1:{port}/lrlab/_stcore/health")
        for address in ("lrlab", "lrlab/"):
            page = opened(chromium, f"http://127.0.0.1:{port}/{address}")
            moves(page)
            page.context.close()
        page = opened(chromium, f"http://127.0.0.1:{port}/lrlab/sgdr")
        page.get_by_role("link", name="Tune").click()
        page.get_by_role("slider", name="base_lr", exact=True).wait_for()
        page.context.close()
