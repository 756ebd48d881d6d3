"""Where Python's own floats raise and numpy goes on, with infinity or with what is not a number."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrlab.document import Experiment, Trial
from lrlab.document.run import Run
from lrlab.exporters import module
from lrlab.exporters.base import Job, compared
from lrlab.schedules import Schedule
from lrlab.schedules.recurrence import has_table
from lrlab.trees.parse import parse
from lrlab.trees.plain import Plain, raised
from lrlab.trees.trace import TRACE, symbol


@lru_cache(maxsize=64)
def curve_raises(run: Run, trial: Trial) -> bool:
    """Whether the curve, over plain numbers, raises in the run: by an overflow, or a division by zero."""
    if has_table(trial.schedule):  # which is looked up
        return False
    job = Job(Experiment.model_construct(run=run, trials=(trial,)), trial)
    ticks = compared(run, trial, by_step=False).astype(np.float64)
    trees = module.curve_trees(job, symbol("tick"))
    rows = trees * len(trial.base_rates) if len(trees) == 1 else trees
    return any(
        _raises(tree, {"tick": ticks, "base": np.full(ticks.size, base)})
        for tree, base in zip(rows, trial.base_rates, strict=True)
    )


def expression_raises(run: Run, trial: Trial) -> bool:
    """Whether a typed expression, handed to the framework as a function, raises at some tick of the run."""
    texts = list(_expressions(trial.schedule))
    ticks = compared(run, trial, by_step=False).astype(np.float64) if texts else np.empty(0)
    alone = any(
        _raises(parse(text, name)(TRACE, symbol(name)), {name: ticks})
        for text, names in texts
        if len(names) == 1
        for name in names
    )
    return bool(texts) and (alone or curve_raises(run, trial))


def _expressions(schedule: Schedule) -> list[tuple[str, tuple[str, ...]]]:
    """Every expression of a schedule and of those nested in it, with its arguments where those are the tick."""
    own = [(text, names if names == ("epoch",) else ()) for _, text, names in schedule.expressions()]
    return own + [pair for child in schedule.children().values() for pair in _expressions(child)]


def _raises(tree: Any, values: dict[str, NDArray[np.float64]]) -> bool:
    """Whether a tree, written over plain floats, raises for one of the values."""
    _, fails = raised(tree, {name: Plain(column) for name, column in values.items()})
    return bool(fails.any())
