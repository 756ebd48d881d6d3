"""The lesson "Why warm up?": its sections in their order."""

from __future__ import annotations

from lrlab.lessons.limit import Limit
from lrlab.lessons.rate_range import Range
from lrlab.lessons.shape import EXERCISES as SHAPE_EXERCISES
from lrlab.lessons.shape import Shape
from lrlab.lessons.units import EXERCISES as UNIT_EXERCISES
from lrlab.lessons.units import Units
from lrlab.ui.lessons import limit, rate_range, shape, units
from lrlab.ui.lessons.frame import Lesson, Section

LESSON = Lesson(
    "warmup",
    "Why warm up?",
    (
        Section("shape", "Length and shape", shape.show, Shape),
        Section("limit", "The largest peak that still trains", limit.show, Limit),
        Section("units", "The same warmup in other units", units.show, Units),
        Section("range", "The LR range test", rate_range.show, Range),
    ),
    (*SHAPE_EXERCISES, *UNIT_EXERCISES),
)
