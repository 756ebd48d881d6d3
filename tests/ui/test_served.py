"""plotly.js and our own script are laid where Streamlit serves files, once and whole, and browsers may keep them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from lrlab.ui import browser

YEAR = 365 * 24 * 3600
SOURCE = Path(browser.__file__).with_name(browser.BUNDLE)
CONTENT = b"a script" * 1000


def test_a_file_is_laid_whole(tmp_path: Path) -> None:
    assert browser.laid(tmp_path / "static", "a.js", CONTENT)
    assert (tmp_path / "static" / "a.js").read_bytes() == CONTENT
    assert len(list((tmp_path / "static").iterdir())) == 1, "nothing half copied is left"


def test_half_a_copy_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"half")
    assert browser.laid(tmp_path, "a.js", CONTENT)
    assert (tmp_path / "a.js").read_bytes() == CONTENT


def test_browsers_keep_it_for_years(tmp_path: Path) -> None:
    """RFC 9111, 4.2.2: where nothing is said, a tenth of the time since a file was changed."""
    browser.laid(tmp_path, "a.js", CONTENT)
    assert (time.time() - (tmp_path / "a.js").stat().st_mtime) / 10 > YEAR


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "static").write_text("a file stands in the folder's place")
    assert not browser.laid(tmp_path / "static", "a.js", CONTENT)


def test_the_bundle_is_plotlys_own() -> None:
    assert "plotly.js (cartesian - minified) v4.1.1" in SOURCE.read_text(encoding="utf-8")[:200]


def test_a_name_changes_with_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    before = browser.script_name()
    monkeypatch.setattr(browser, "script", lambda: "other")
    assert browser.script_name() != before


@pytest.mark.parametrize("name", ["home.js", "library.js"])
def test_what_is_sent_ahead_holds_nothing_that_looks_like_markup(name: str) -> None:
    """Streamlit takes out a script in which it sees any."""
    assert not re.search(r"<[/\w!]", SOURCE.with_name(name).read_text(encoding="utf-8"))
