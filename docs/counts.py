"""Writes the numbers that README.md and CHANGELOG.md say of lrlab: python -m docs.counts.

A number stands between two comments, the first of which says what is counted: <!-- schedules -->100<!-- -->.
"""

from __future__ import annotations

import re
from pathlib import Path

from lrlab.advice import RULES
from lrlab.exporters import EXPORTERS
from lrlab.schedules import KINDS

ROOT = Path(__file__).parents[1]
TARGETS = tuple(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md"))
COUNTS = {
    "schedules": len(KINDS),
    "frameworks": len({kind.partition(".")[0] for kind in KINDS}),
    "rules": len(RULES),
    "exporters": len(EXPORTERS),
}


def page(target: Path) -> str:
    """A whole file, with the numbers as they are now; KeyError where it counts something that nobody counts here."""
    return re.sub(
        r"(<!-- (\w+) -->)[\d,]*(?=<!-- -->)",
        lambda found: f"{found[1]}{COUNTS[found[2]]:,}",
        target.read_text(encoding="utf-8"),
    )


if __name__ == "__main__":
    for path in TARGETS:
        path.write_text(page(path), encoding="utf-8")
