"""plotly.js is laid where Streamlit serves files, once and whole, and browsers may keep it."""

from __future__ import annotations

import re
import time
from pathlib import Path

from lrlab.ui import library

YEAR = 365 * 24 * 3600
SOURCE = Path(library.__file__).with_name(library.BUNDLE)


def test_the_library_is_copied_whole(tmp_path: Path) -> None:
    assert library.published(tmp_path / "static") == library.BUNDLE
    assert (tmp_path / "static" / library.BUNDLE).read_bytes() == SOURCE.read_bytes()
    assert len(list((tmp_path / "static").iterdir())) == 1, "nothing half copied is left"


def test_half_a_copy_is_replaced(tmp_path: Path) -> None:
    (tmp_path / library.BUNDLE).write_bytes(b"half")
    assert library.published(tmp_path) == library.BUNDLE
    assert (tmp_path / library.BUNDLE).read_bytes() == SOURCE.read_bytes()


def test_browsers_keep_it_for_years(tmp_path: Path) -> None:
    """RFC 9111, 4.2.2: where nothing is said, a tenth of the time since a file was changed."""
    library.published(tmp_path)
    assert (time.time() - (tmp_path / library.BUNDLE).stat().st_mtime) / 10 > YEAR


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "static").write_text("a file stands in the folder's place")
    assert library.published(tmp_path / "static") is None


def test_the_loader_holds_nothing_that_looks_like_markup() -> None:
    """Streamlit takes out a script in which it sees any."""
    assert not re.search(r"<[/\w!]", SOURCE.with_name(library.LOADER).read_text(encoding="utf-8"))
