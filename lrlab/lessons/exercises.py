"""Exercises: a text, and a check of the settings that the learner arrived at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lrlab.lessons import prose
from lrlab.settings import Settings

Checked = tuple[bool, str]
"""Whether the exercise is done, and a sentence: that it is done, or with numbers what is missing."""


@dataclass(frozen=True)
class Exercise:
    """Something to reach with the settings of one section; its text is in text/<lesson>/exercise_<key>.md."""

    key: str
    title: str
    settings: type[Settings]
    check: Callable[[Any], Checked]
    """Takes a value of `settings`."""

    def text(self, lesson: str) -> str:
        """What is asked for, as Markdown."""
        return prose.read(lesson, f"exercise_{self.key}")
