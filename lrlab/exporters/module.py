"""The layout of an exported Python module, and the curve in it as plain functions."""

from __future__ import annotations

import json
import re
import textwrap
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from lrlab.document import COMMENT, value_at
from lrlab.document.run import DataRun, Run, calls, ticks
from lrlab.exporters.base import MOST_CALLS, Exporter, Form, Job
from lrlab.exporters.constructor import constructor
from lrlab.schedules.recurrence import has_table
from lrlab.schedules.spans import keys
from lrlab.trees.python import Flavour, Writer, number
from lrlab.trees.trace import TRACE, named, symbol
from lrlab.trees.tree import Expr

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from lrlab.document import Trial

UNITS = {
    "step": "optimizer step",
    "epoch": "epoch",
    "micro_batch": "micro-batch",
    "process": "optimizer step and process",
}
"""What a tick of each clock is called."""
WIDTH = 110  # characters of a line


class Module(Exporter):
    """A Python module that imports without side effects: document, constants, functions, and a self-check.

    A target says what is in it (`defines`), and may say more about the rest.
    """

    language = "python"
    forms: ClassVar[tuple[Form, ...]] = ("native", "portable")
    flavour: ClassVar[Flavour] = "math"
    by_step: ClassVar[bool] = False
    """Whether what it defines counts optimizer steps, whatever the clock; else ticks."""
    groups: ClassVar[bool] = True
    """Whether its framework has a rate for every parameter group."""

    def write(self, job: Job) -> str:
        writer = Writer(self.written_in(job))
        parts = self.defines(job, writer)
        expected = _expected(job, list_of_rates=job.several and self.groups, by_step=self.counts_steps(job))
        imports = _imports(writer.imports | self.imports(job) | {"import sys"})
        beside = _beside(job, writer)
        elsewhere = durations(job, set(beside.values()))
        notes = _comment("Not carried over", self.lost(job)) + _comment("Durations of the document", elsewhere)
        about = f'"""{self._says(job)}"""\n\n{document_line(job)}\n{notes}'
        head = f"{about}\n{imports}\n\n{self.constants(job, writer)}"
        return blocks(head.rstrip(), *writer.functions.values(), *parts, expected, self.check(job), _MAIN)

    def defines(self, job: Job, writer: Writer) -> list[str]:
        """The functions of the module, those that training code calls and those they need."""
        raise NotImplementedError

    def check(self, job: Job) -> str:
        """The function `check`: it prints the largest deviation from EXPECTED and returns whether it is too large."""
        raise NotImplementedError

    def imports(self, job: Job) -> set[str]:
        """The import lines of what is written around the curve."""
        return set()

    def written_in(self, job: Job) -> Flavour:
        """What the curve is written over."""
        return self.flavour

    def counts_steps(self, job: Job) -> bool:
        """Whether what this module defines counts optimizer steps, as it applies the clock itself; else ticks."""
        return self.by_step

    def how(self, job: Job) -> str:
        """By what the curve is made, in a few words."""
        return "its own scheduler" if job.native else "the curve as a plain function"

    def lost(self, job: Job) -> list[str]:
        """What the code leaves out of the trial, a phrase for each."""
        found = []
        cycles = job.bound.momentum(0.0) is not None
        if cycles and not job.native:
            found.append("the momentum that this schedule cycles")
        if job.metrics and job.native and job.watched:
            found.append("the metrics that lrlab previews it with, but for the self-check: the training gives its own")
        elif job.metrics:
            found.append(
                "the metric: what the metrics of the preview did to the rate is built in; "
                "in training they will be others"
            )
        elif job.watched and not job.native:
            found.append("the metric: the preview has none, so that the rate is never changed by it here")
        if not self.groups and len(job.trial.base_rates) > 1:
            found.append(
                f"parameter groups: {self.title} has one rate, "
                f"which is that of the first of {len(job.trial.base_rates)}"
            )
        return found

    def unit(self, job: Job) -> str:
        """What is counted, in a sentence."""
        if self.counts_steps(job):
            return "A step is an optimizer step, counted from 0."
        return f"A tick is one call of scheduler.step(), made once per {UNITS[job.trial.clock]}."

    def run_constants(self, job: Job) -> dict[str, str]:
        """The numbers of the run that the code names."""
        return {"EPOCHS": str(-(-job.run.steps // job.run.updates))}

    def constants(self, job: Job, writer: Writer) -> str:
        """BASE_LR, the run, and the arguments."""
        base_lr = {"BASE_LR": base_lr_value(job, groups=self.groups)}  # first, and in place of the curve's own
        found = base_lr | self.run_constants(job) | writer.constants | base_lr
        texts = {name: typed_as(job, path) for name, path in _beside(job, writer).items()}
        return "\n".join(constant(name, text, texts.get(name, "")) for name, text in found.items())

    def _says(self, job: Job) -> str:
        reason = self.not_native(job.run, job.trial) or self.prefers_portable(job.run, job.trial)
        reason = "" if job.native or len(self.forms) == 1 else reason
        form = f"Form: {job.form}{f' ({reason})' if reason else ''}.\n"
        reach = f", the first {MOST_CALLS:,} of them" if calls(job.run, job.trial.clock) > MOST_CALLS else ""
        return (
            f"{job.trial.schedule.kind} in {self.title}, by {self.how(job)}.\n\n"
            f"{form}{self.unit(job)}\nChecked with {checked_with(self)}.\n\n"
            f"    python exported.py --check\n\nprints how far it is from the rates of lrlab{reach}.\n"
        )


_MAIN = 'if __name__ == "__main__":\n    sys.exit(check() if "--check" in sys.argv else __doc__)'


def checked_with(exporter: Exporter) -> str:
    """The packages that what it writes was checked with."""
    return ", ".join(f"{name} {version}" for name, version in exporter.versions.items())


def document_line(job: Job) -> str:
    """The comment that holds the run and this trial: ASCII on one line, so that no name can break out of it."""
    return COMMENT + json.dumps(document(job), separators=(",", ":"))


def document(job: Job) -> dict[str, Any]:
    """The run and this trial alone."""
    return job.experiment.model_copy(update={"trials": (job.trial,)}).document()


def base_lr_value(job: Job, *, groups: bool = True) -> str:
    """BASE_LR: what the optimizer is built with."""
    rates = starting_rates(job)
    return repr(rates) if job.several and groups else repr(rates[0])


def starting_rates(job: Job) -> list[float]:
    """The rate that each group of the optimizer is built with; 0 becomes 1.0 where the schedule has its own rate."""
    return [1.0 if rate == 0 and job.trial.schedule.own_rate else rate for rate in job.trial.base_rates]


def native_call(job: Job, writer: Writer) -> str:
    """The call of the framework's own constructor, its arguments being constants of the module."""
    return constructor(writer, job.trial.schedule, job.bound, "schedule")


def ends_of_epochs(job: Job, framework: str) -> list[str]:
    """A phrase on the ends of epochs, where a framework goes on accumulating into the next one; else nothing."""
    run = job.run
    if not isinstance(run, DataRun) or run.micro_batches % run.accumulate == 0:
        return []
    steps = run.epochs * run.micro_batches // run.accumulate
    if steps == run.steps and run.epochs == 1:
        return []
    more = f", which makes {steps:,} steps, not {run.steps:,}" if steps != run.steps else ""
    return [f"the ends of epochs: {framework} accumulates what is left over on into the next{more}"]


def tick_tree(run: Run, trial: Trial, step: str = "step") -> Any:
    """The tick as a function of the optimizer step, under the names of what the run counts."""
    counts = SimpleNamespace(
        updates=named("STEPS_PER_EPOCH", run.updates),
        micro_batches=named("MICRO_BATCHES_PER_EPOCH", run.micro_batches),
        accumulate=named("ACCUMULATE", run.accumulate),
        devices=named("PROCESSES", run.devices),
    )
    return ticks(counts, trial.clock, symbol(step), TRACE)


def curve_trees(job: Job, tick: Any, *, groups: bool = True) -> list[Any]:
    """The curve of each distinct parameter group as a tree over `tick` and the symbol base.

    There is one tree where all groups share it, or only one is wanted.
    """
    trial = job.trial
    bound = trial.bound(job.run)
    many = job.several and groups
    kept = (
        list(zip(bound, trial.base_rates, strict=True))
        if trial.schedule.by_group and groups
        else [(bound[0], trial.base_rates[0])]
    )
    trees = []
    for schedule, rate in kept:
        base_lr: Any = rate if many and has_table(schedule) else symbol("base") if many else named("BASE_LR", rate)
        trees.append(schedule.with_names().curve(tick, base_lr, TRACE))
    return trees


def over_steps(
    job: Job, writer: Writer, *, groups: bool = True, prepared: Callable[[Any], Any] = lambda tree: tree
) -> tuple[str, list[str], list[Any]]:
    """The name of what the curves count, the statements that make it from `step` (if it is not that), and the trees."""
    tick = tick_tree(job.run, job.trial)
    plain = isinstance(tick, Expr) and tick.op == "symbol"
    moved = [] if plain else writer.body(prepared(tick), names=["epoch"]).ending("tick = {}")  # micro-batches need it
    trees = curve_trees(job, tick if plain else symbol("tick"), groups=groups)
    return "step" if plain else "tick", moved, [prepared(tree) for tree in trees]


def durations(job: Job, but: Collection[str] = ()) -> list[str]:
    """A phrase for each argument that is text in the document, or a list with text, `but` for some of these paths."""
    paths = dict.fromkeys(map(_list_of, job.trial.schedule.texts()))
    return [textwrap.shorten(f"{path} = {typed_as(job, path)}", WIDTH) for path in paths if path not in but]


def typed_as(job: Job, path: str) -> str:
    """What the document has for an argument that is text in it, or a list with text; nothing where it is numbers."""
    schedule = job.trial.schedule
    if not any(path in (at, _list_of(at)) for at in schedule.texts()):
        return ""
    value = value_at(schedule.model_dump(mode="json"), keys(path))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _list_of(path: str) -> str:
    """The path of the list in which an item stands."""
    before, _, last = path.rpartition(".")
    return before if last.isdecimal() else path


def _beside(job: Job, writer: Writer) -> dict[str, str]:
    """The constants beside which the text stands that they are in the document, each with the path of its argument."""
    return {
        name: path
        for name, path in writer.arguments.items()
        if (said := typed_as(job, path)) and len(f"{name} = {writer.constants[name]}  # {said}") <= WIDTH
    }


def function(head: str, docstring: str, lines: list[str]) -> str:
    """A function as text."""
    return f'{head}\n    """{docstring}"""\n{textwrap.indent(chr(10).join(lines), "    ")}'


def blocks(*parts: str) -> str:
    """The parts of a module with blank lines between them; empty parts are left out."""
    return "\n\n\n".join(part for part in parts if part) + "\n"


def fill(text: str, **parts: str) -> str:
    """A piece of code with its `<parts>` filled in.

    A line whose only part is empty is dropped, and a part of several lines keeps its indent.
    """
    out = []
    for line in textwrap.dedent(text).strip("\n").splitlines():
        bare = line.strip()
        alone = bare[1:-1] if bare.startswith("<") and bare.endswith(">") else ""
        if alone in parts:
            out += [(line[: len(line) - len(bare)] + piece).rstrip() for piece in parts[alone].splitlines()]
        else:
            out.append(re.sub(r"<(\w+)>", lambda found: parts.get(found[1], found[0]), line))
    return "\n".join(out)


def constant(name: str, text: str, comment: str = "") -> str:
    """An assignment; a long list goes over several lines."""
    if comment:
        return f"{name} = {text}  # {comment}"
    if len(name) + len(text) < WIDTH or not text.startswith("["):
        return f"{name} = {text}"
    inside = textwrap.fill(text[1:-1], WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    return f"{name} = [\n{inside},\n]  # fmt: skip"


def _comment(title: str, phrases: list[str]) -> str:
    return "".join([f"# {title}:\n", *(f"# - {phrase}\n" for phrase in phrases)]) if phrases else ""


def _imports(lines: set[str]) -> str:
    """Import lines in the order of style guides: Python's own, then the frameworks'."""
    own = sorted(line for line in lines if line.split()[1] in {"bisect", "functools", "itertools", "math", "sys"})
    others = sorted(lines - set(own), key=lambda line: (line.startswith("from"), line))
    own.sort(key=lambda line: (line.startswith("from"), line))
    return "\n".join([*own, *([""] if others else []), *others])


def _expected(job: Job, *, list_of_rates: bool, by_step: bool) -> str:
    """The table of rates that the self-check compares with."""
    unit = "step" if by_step else "tick"
    found = job.expected(by_step=by_step)
    rows = [f"    {c}: {_row(lr) if list_of_rates else number(lr[0])}," for c, lr in found.items()]
    return f"# {unit}: the rate that lrlab computed\nEXPECTED = {{\n" + "\n".join(rows) + "\n}"


def _row(rates: list[float]) -> str:
    return f"[{', '.join(map(number, rates))}]"
