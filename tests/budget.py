"""How many documents the tests draw: one budget for each folder of tests, shared among its tests.

A test deals its share out over its cases, so that a larger catalogue of schedules costs hardly more time: each kind is
then drawn less often. `pytest --hypothesis-profile=hunt` draws forty times as many.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import settings

DOCUMENTS = {
    "advice": 1_600,
    "document": 800,
    "engine": 3_000,
    "exporters": 2_000,
    "genuine": 14_600,
    "plans": 400,
    "schedules": 7_500,
    "trees": 2_850,
}
"""The budgets; tests/test_engine.py stands for a folder."""
FEWEST = 2
"""Each case draws as many at least."""

_taken: Counter[str] = Counter()


def share(folder: str, documents: int, cases: int) -> settings:
    """For a test of so many cases that draws so many of its folder's documents in all."""
    _taken[folder] += documents
    if _taken[folder] > DOCUMENTS[folder]:
        msg = f"{folder}: its tests take more than {DOCUMENTS[folder]:,} documents: give each fewer, or the folder more"
        raise ValueError(msg)
    hunt = settings.default.max_examples // settings.get_profile("same").max_examples
    return settings(max_examples=max(documents // cases, FEWEST) * hunt)
