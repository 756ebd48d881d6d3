"""Writes everything that is made from the code, part by part: python -m docs, in the project's folder."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("index", "schedules", "rules", "exports", "counts")
"""The index of all kinds comes first: a fresh Python knows by it what the others are to write about."""

if __name__ == "__main__":
    for part in PARTS:
        subprocess.run([sys.executable, "-m", f"docs.{part}"], check=True)  # noqa: S603 (our own commands)
