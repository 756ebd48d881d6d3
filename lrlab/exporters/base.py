"""What an exporter is, and what all of them share: the head of the file, and the curve as a plain function."""

from __future__ import annotations

import json
import textwrap
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from lrlab.run import ticks
from lrlab.schedules.recurrence import has_table
from lrlab.schedules.trace import TRACE, named, symbol, with_names

if TYPE_CHECKING:
    from lrlab.experiment import Experiment, Trial
    from lrlab.exporters.writer import Writer
    from lrlab.run import Run
    from lrlab.schedules import Schedule

DOCUMENT = "# lrlab: "
"""What the line begins with that holds the document, so that the file can be read back."""


class Exporter:
    """Writes one trial of an experiment in one form."""

    target: ClassVar[str]
    title: ClassVar[str]
    language: ClassVar[str]
    suffix: ClassVar[str]

    def write(self, experiment: Experiment, trial: Trial) -> str:
        """The whole file."""
        raise NotImplementedError


def tick_tree(run: Run, trial: Trial) -> Any:
    """The tick as a function of the optimizer step, under the names of what the run counts."""
    counts = SimpleNamespace(
        updates=named("STEPS_PER_EPOCH", run.updates),
        micro_batches=named("MICRO_BATCHES_PER_EPOCH", run.micro_batches),
        accumulate=named("ACCUMULATE", run.accumulate),
        devices=named("PROCESSES", run.devices),
    )
    return ticks(counts, trial.clock, symbol("step"), TRACE)


def curve_trees(run: Run, trial: Trial, tick: Any) -> list[Any]:
    """The curve of each distinct parameter group as a tree over `tick` and the symbol base; one where the groups share it."""
    bound = trial.bound(run)
    kept = list(zip(bound, trial.base_rates, strict=True)) if trial.schedule.by_group else [(bound[0], trial.base_rates[0])]
    many = isinstance(trial.base_lr, tuple)
    trees = []
    for schedule, rate in kept:
        base_lr: Any = rate if many and has_table(schedule) else symbol("base") if many else named("BASE_LR", rate)
        trees.append(with_names(schedule).curve(tick, base_lr, TRACE))
    return trees


BUILT_IN = "# Built in: what the metrics of the preview did to the rate; in training they will be others.\n"


def metric_line(schedule: Schedule) -> str:
    """The comment that says that a plain function follows the previewed metrics for ever, where it does."""
    return BUILT_IN if getattr(schedule, "metrics", None) or any(map(metric_line, schedule.children().values())) else ""


def document_line(experiment: Experiment, trial: Trial) -> str:
    """The comment that holds the run and this trial: ASCII on one line, so that no name can break out of it."""
    alone = experiment.model_copy(update={"trials": (trial,)})
    return DOCUMENT + json.dumps(alone.document(), separators=(",", ":"))


def base_lr_value(trial: Trial) -> str:
    """BASE_LR: what the optimizer is built with; 1.0 for 0 where the schedule has a rate of its own."""
    rates = [1.0 if rate == 0 and trial.schedule.own_rate else rate for rate in trial.base_rates]
    return repr(rates) if isinstance(trial.base_lr, tuple) else repr(rates[0])


def constants(writer: Writer, skip: str = "BASE_LR") -> str:
    """The block of constants, one a line."""
    return "\n".join(f"{name} = {text}" for name, text in writer.constants.items() if name != skip)


def function(head: str, docstring: str, lines: list[str]) -> str:
    """A function as text."""
    return f'{head}\n    """{docstring}"""\n{textwrap.indent(chr(10).join(lines), "    ")}'


def blocks(*parts: str) -> str:
    """The parts of a module, those that are empty left out."""
    return "\n\n\n".join(part for part in parts if part) + "\n"
