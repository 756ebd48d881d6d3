"""The lesson "SGDR or cosine?": its sections in their order."""

from __future__ import annotations

from lrlab.lessons.curve import EXERCISES, CurveSettings
from lrlab.lessons.landscape import EXERCISES as ON_LANDSCAPE
from lrlab.lessons.landscape import Scene
from lrlab.lessons.network import Training
from lrlab.lessons.paper import Paper
from lrlab.lessons.sweep import Grid
from lrlab.ui.lessons import curve, landscape, network, paper, sweep
from lrlab.ui.lessons.frame import Lesson, Section

LESSON = Lesson(
    "sgdr",
    "SGDR or cosine?",
    (
        Section("curve", "The curve", curve.show, CurveSettings),
        Section("landscape", "The landscape", landscape.show, Scene),
        Section("network", "A real network", network.show, Training),
        Section("sweep", "A sweep over cycles and rates", sweep.show, Grid),
        Section("paper", "What the paper measured", paper.show, Paper),
    ),
    (*EXERCISES, *ON_LANDSCAPE),
)
