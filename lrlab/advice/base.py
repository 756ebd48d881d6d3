"""What a rule, a finding and a fix are, and what a rule looks at."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from lrlab import docstring, engine
from lrlab.document import DocumentError, Experiment, Trial, assign, parse
from lrlab.document.run import Run, calls, first_step
from lrlab.schedules import Schedule
from lrlab.schedules.rates import rates
from lrlab.schedules.spans import Length, Path, Rise, lengths, nested, rise

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
CALLED = {
    "step": "once per optimizer step",
    "epoch": "once per epoch",
    "micro_batch": "once per micro-batch",
    "process": "once per process",
}
NOTICED = 0.01
"""A difference below this share of the run, or of a rate, is too small to be noticed."""


@dataclass(frozen=True)
class Fix:
    """A change that mends a finding: a function from experiment to experiment, with a title for its button.

    Paths of `changes` begin at the trial; those that begin with "run" at the document.
    """

    title: str
    trial: str
    changes: tuple[tuple[Path, Any], ...]

    def __call__(self, experiment: Experiment) -> Experiment:
        """The experiment with the changes made; DocumentError where they make none."""
        document = copy.deepcopy(experiment.document())
        place = experiment.place(self.trial)
        if place is None:
            return experiment
        for path, value in self.changes:
            assign(document if path[0] == "run" else document["trials"][place], path, value)
        return parse(document)


@dataclass(frozen=True)
class Finding:
    """One piece of advice on one trial: what was found, with its numbers, and the fix if there is one.

    `step` is the optimizer step that it is about; None where it is about no single step.
    """

    rule: Rule
    severity: Severity
    message: str
    trial: str
    step: int | None = None
    rate: float | None = None
    """The rate of that step."""
    fix: Fix | None = None

    @property
    def code(self) -> str:
        """The rule's code, which never changes."""
        return self.rule.code

    def document(self) -> dict[str, Any]:
        """The finding as plain values."""
        fix = self.fix and {
            "title": self.fix.title,
            "changes": [{"path": list(path), "value": value} for path, value in self.fix.changes],
        }
        about = {name: self.rule.text(name) for name in ("why", "instead", "source")}
        return {
            "code": self.code,
            "severity": self.severity,
            "trial": self.trial,
            "step": self.step,
            "message": self.message,
            "fix": fix,
            **about,
        }


class Rule:
    """One thing that can be wrong with a trial on its run.

    The docstring is the rule's text: what is found in one sentence, then paragraphs that begin with `Why:`, `Instead:`
    and `Source:`. `bad` is a document on which the rule fires, `good` one on which it does not.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity]
    bad: ClassVar[dict[str, Any]]
    good: ClassVar[dict[str, Any]]
    unit: ClassVar[bool] = False
    """Whether the schedule counts in another unit than its clock, so that the fixed trial is the curve that was meant.
    """

    def check(self, case: Case) -> Finding | None:
        """The finding, or None."""
        raise NotImplementedError

    def found(
        self,
        case: Case,
        message: str,
        *,
        step: float | None = None,
        fix: tuple[str, dict[Path, Any]] | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this rule; `step` is kept where it lies in the run."""
        at = int(step) if step is not None and 0 <= step < case.run.steps else None
        rate = None if at is None else float(engine.lr(case.run, case.trial, [at]).flat[0])
        mend = Fix(fix[0], case.trial.name, tuple(fix[1].items())) if fix and fix[1] else None
        return Finding(
            self,
            severity or self.severity,
            message,
            case.trial.name,
            at,
            rate,
            mend if mend and possible(case, mend) else None,
        )

    @classmethod
    def title(cls) -> str:
        """What is found, in one sentence."""
        return docstring.read(cls).first

    @classmethod
    def text(cls, part: str) -> str:
        """The paragraph on "why", "instead" or "source"."""
        return docstring.read(cls).labelled[part.capitalize()]


class Case:
    """A trial on its run, with what rules look at; rates are those of the first parameter group."""

    def __init__(self, run: Run, trial: Trial) -> None:
        self.run, self.trial, self.schedule = run, trial, trial.schedule
        self.calls = calls(run, trial.clock)
        self.epochs = -(-run.steps // run.updates)

    @cached_property
    def bound(self) -> Schedule:
        """The schedule in its place."""
        return self.trial.bound(self.run)[0]

    @cached_property
    def lengths(self) -> list[Length]:
        """What is set of the arguments that say when a curve ends."""
        return lengths(self.schedule, self.bound)

    @cached_property
    def rise(self) -> Rise | None:
        """The warmup at its start."""
        return rise(self.schedule)

    @cached_property
    def peak(self) -> float:
        """The highest rate of the run."""
        return float(self._drawn.max())

    def highest(self, step: int) -> float:
        """The highest rate from a step on."""
        return float(self._drawn[self._curve.steps >= step].max())

    @cached_property
    def _curve(self) -> engine.Curve:
        return engine.curve(self.run, self.trial)

    @cached_property
    def _drawn(self) -> engine.Floats:
        return engine.first_group(self._curve.lr)

    @cached_property
    def falls_to_zero(self) -> int:
        """The step from which on the rate is 0, as far as the chart tells; the run's steps where its last is not."""
        moving = np.flatnonzero(self._drawn)
        after = int(moving[-1]) + 1 if moving.size else self._drawn.size
        return int(self._curve.steps[after]) if after < self._drawn.size else self.run.steps

    @cached_property
    def last(self) -> float:
        """The rate that the last optimizer step uses."""
        return float(self._drawn[-1])

    @cached_property
    def first(self) -> float:
        """The rate that the first optimizer step uses."""
        return float(self._drawn[0])

    def rate(self, tick: float) -> float:
        """The rate at a tick, which may lie beyond the run."""
        return float(rates(self.bound, self.trial.base_rates[0], np.array([max(float(tick), 0.0)]))[0])

    def step(self, tick: float) -> int:
        """The first optimizer step whose tick is at least this one."""
        return first_step(self.run, self.trial.clock, int(tick))

    def nodes(self) -> list[tuple[Path, Schedule, Schedule, bool]]:
        """The schedule and all nested in it: path, as given, bound, and whether it is in force at the end."""
        pairs = zip(nested(self.schedule), nested(self.bound), strict=True)
        return [(path, given, bound, last) for (path, given, last), (_, bound, _) in pairs]


def refitted(case: Case, changes: dict[Path, Any], slack: float = 1.0, share: float = 0.0) -> dict[Path, Any]:
    """The changes, and with them new values for the horizons at the end of the run that then almost fit.

    Almost: within `slack` ticks, or within `share` of what would fit.
    """
    try:
        fixed = Fix("", case.trial.name, tuple((("schedule", *path), value) for path, value in changes.items()))
        trial = fixed(Experiment(run=case.run, trials=(case.trial,))).trials[0]
    except DocumentError:
        return changes
    fitted = {length.path for length in case.lengths if length.reached and abs(length.value - length.fits) <= 1}
    new = dict(changes)
    for length in Case(case.run, trial).lengths:
        near = abs(length.value - length.fits) <= max(slack, share * length.fits)
        if length.last and length.value != int(length.fits) and (near or length.path in fitted):
            new[length.path] = int(length.fits)
    return new


def possible(case: Case, fix: Fix) -> bool:
    """Whether a fix makes a valid document that differs from the one before in more than how a number is written.

    A schedule can refuse the arguments that would fit, such as a rise of one step.
    """
    before = Experiment(run=case.run, trials=(case.trial,))
    try:
        return _in_numbers(fix(before)) != _in_numbers(before)
    except DocumentError:
        return False


def _in_numbers(experiment: Experiment) -> Experiment:
    trials = tuple(trial.model_copy(update={"schedule": trial.schedule.in_numbers()}) for trial in experiment.trials)
    return experiment.model_copy(update={"trials": trials})


def setting(changes: dict[Path, Any], why: str = "") -> tuple[str, dict[Path, Any]]:
    """A fix that sets arguments of the schedule: its title and its changes, whose paths begin at the schedule."""
    what = ", ".join(f"{_argument(path)} to {shown(value)}" for path, value in list(changes.items())[:3])
    title = f"Set {what}{' and more' * (len(changes) > 3)}{f' ({why})' if why else ''}"  # noqa: PLR2004
    return title, {("schedule", *path): value for path, value in changes.items()}


def stepping(clock: str) -> tuple[str, dict[Path, Any]]:
    """A fix that calls scheduler.step() elsewhere."""
    return {"step": "Step after every optimizer step", "epoch": "Step once per epoch"}[clock], {("clock",): clock}


def _argument(path: Path) -> str:
    names = [str(step) for step in path if isinstance(step, str)]
    return f"{names[-1]}[{path[-1]}]" if isinstance(path[-1], int) else names[-1]


def shown(value: Any) -> str:
    """A value as a button or a sentence shows it."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(shown, value[:4]))}{', …' * (len(value) > 4)}]"  # noqa: PLR2004
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}: {shown(v)}' for k, v in list(value.items())[:4])}}}"
    return f"{int(value):,}" if float(value).is_integer() and abs(value) < 1e16 else f"{value:.4g}"  # noqa: PLR2004


def percent(share: float) -> str:
    """A share as people read it: 77.8 %, 0.1 %, 0.03 %."""
    value = 100 * share
    return f"{value:.1f} %".replace(".0 %", " %") if abs(value) >= 0.1 or value == 0 else f"{value:.2g} %"  # noqa: PLR2004


def number_of(count: float, noun: str, plural: str = "") -> str:
    """A number of things."""
    return f"{shown(count)} {noun if count == 1 else plural or f'{noun}s'}"


def example(
    run: dict[str, Any], schedule: dict[str, Any], base_lr: float | list[float] = 0.1, clock: str | None = None
) -> dict[str, Any]:
    """A document with one trial, to show a rule on."""
    trial = {"name": "trial", "base_lr": base_lr, "schedule": schedule} | ({"clock": clock} if clock else {})
    return {"lrlab": 1, "run": run, "trials": [trial]}


def run_of(epochs: int, updates: int, **more: int) -> dict[str, Any]:
    """A run of so many epochs of so many optimizer steps, to show a rule on."""
    devices, accumulate = more.get("devices", 1), more.get("accumulate", 1)
    return {"samples": updates * 10 * devices * accumulate, "batch_size": 10, "epochs": epochs, **more}
