"""The curve as functions over plain numbers, which a scheduler in Python calls."""

from __future__ import annotations

from typing import Any

from lrlab.exporters import floats, module
from lrlab.exporters.base import Job
from lrlab.trees.python import Flavour, Writer
from lrlab.trees.trace import symbol


def written_in(job: Job) -> Flavour:
    """Plain numbers, unless they raise where numpy goes on to a rate."""
    return "numpy" if not job.native and floats.curve_raises(job.run, job.trial) else "math"


def curve_functions(job: Job, writer: Writer) -> list[str]:
    """The rate after so many ticks: one function, or one for each parameter group that has a curve of its own."""
    trees = module.curve_trees(job, symbol("tick"))
    arguments = "tick, base" if job.several else "tick"
    says = "The learning rate after `tick` calls of scheduler.step()."
    names = ["learning_rate"] if len(trees) == 1 else [f"learning_rate_{i}" for i in range(len(trees))]
    return [_function(f"def {name}({arguments}):", says, writer, tree) for name, tree in zip(names, trees, strict=True)]


def _function(head: str, says: str, writer: Writer, tree: Any) -> str:
    written = writer.body(tree)
    if not writer.arrays:
        return module.function(head, says, written.ending("return {}"))
    writer.imports.add("import numpy as np")
    floated = "tick = np.float64(tick)  # which goes on where a plain number would raise"
    whole = [floated, *written.ending("return float({})")]
    return '@np.errstate(all="ignore")\n' + module.function(head, says, whole)
