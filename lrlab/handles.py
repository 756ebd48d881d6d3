"""What of a curve can be taken hold of: marks, peak and floor, and which arguments they move.

Nobody writes this down for a schedule. Its own marks and rates are asked once more with each argument a little larger;
what moves then belongs to that argument, as far as it moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from lrlab import engine
from lrlab.document import Trial
from lrlab.document.run import Run, calls, first_step, ticks_per_epoch
from lrlab.schedules import Schedule
from lrlab.schedules.base import described
from lrlab.schedules.combine import starts, turns
from lrlab.schedules.spans import Path, nested

TICKS = (8, 1, -1)  # by so many ticks an argument is moved to see how far its marks go, the next where that loses them
FARTHER = (64, 16)  # by so many where a mark goes by a fraction: rounded to ticks, a short way tells it badly
SHARES = (0.01, -0.01)  # likewise where the argument is a share
FEWEST = 1e-6  # a rate that moves by a smaller share of what its argument moved is not moved by it
SHARE = 0.01  # of the largest rate: by so much an argument that is a rate is moved
MOST = 12  # marks that become handles: more would stand on each other
MOST_ARGUMENTS = 40  # arguments that are tried


@dataclass(frozen=True)
class Moved:
    """An argument that a handle moves: `place` = `offset` + `scale` * value, where place is an optimizer step, or a
    rate.
    """

    path: Path
    """Below the trial."""
    value: float
    offset: float
    scale: float

    def at(self, place: float) -> float:
        """The argument's value when the handle stands there: a whole number where it was one."""
        found = (place - self.offset) / self.scale
        return round(found) if isinstance(self.value, int) else float(f"{found:.6g}")

    @property
    def name(self) -> str:
        """The argument's name, with its place in a list."""
        last = self.path[-1]
        return f"{self.path[-2]}[{last}]" if isinstance(last, int) else str(last)


@dataclass(frozen=True)
class Handle:
    """A place of the curve that can be dragged along the axis of the steps, or up and down; the first of `moved` is the
    argument that it is named after, and the others go with it.
    """

    axis: Literal["x", "y"]
    step: int
    rate: float
    label: str
    moved: tuple[Moved, ...]
    number: int = 0
    """How many with this label and this argument come before it."""


@lru_cache(maxsize=64)
def handles(run: Run, trial: Trial) -> tuple[Handle, ...]:
    """The handles of a trial's first parameter group; none where its curve cannot be drawn."""
    if engine.failure(run, trial) is not None:
        return ()
    counts: Counter[tuple[str, Path]] = Counter()
    found = []
    for handle in (*_marks(run, trial), *_levels(run, trial)):
        of = handle.label, handle.moved[0].path
        found.append(replace(handle, number=counts[of]))
        counts[of] += 1
    return tuple(found)


@lru_cache(maxsize=64)
def spans(run: Run, trial: Trial) -> dict[Path, tuple[int, int]]:
    """The steps in which each schedule that is nested in the trial's is in force, by its path below the trial."""
    found: dict[Path, tuple[int, int]] = {}
    _spans(run, trial, trial.schedule, ("schedule",), 0, calls(run, trial.clock), found)
    return found


def _spans(
    run: Run, trial: Trial, schedule: Schedule, path: Path, begin: int, end: int, found: dict[Path, tuple[int, int]]
) -> None:
    joints = getattr(schedule, schedule.joined_by) if schedule.joined_by else ()
    begins = [begin + at for at in turns(starts(joints))] if joints else []
    for i, (below, child) in enumerate(schedule.children().items()):
        at = (*path, *(int(step) if step.isdecimal() else step for step in below.split(".")))
        first = min(begins[i], end) if i < len(begins) else begin
        last = min(begins[i + 1], end) if i + 1 < len(begins) else end
        found[at] = (_step(run, trial, first), max(_step(run, trial, last), _step(run, trial, first)))
        _spans(run, trial, child, at, first, last, found)


def _step(run: Run, trial: Trial, tick: int) -> int:
    return min(first_step(run, trial.clock, tick), run.steps - 1)


# ---------------------------------------------------------------- along the steps


def _marks(run: Run, trial: Trial) -> Iterator[Handle]:
    """A handle for each mark that an argument moves. Marks at one step are one handle where one is the joint between
    two schedules, and the other the end of the first of them.
    """
    ticks = calls(run, trial.clock)
    known = _labelled(trial, run, ticks)
    if not known or len(known) > MOST:
        return
    movers = dict(_movers(trial, run, ticks, known))
    at: dict[int, list[tuple[str, Moved]]] = {}
    per_step = ticks_per_epoch(run, trial.clock) / run.updates
    for mark, tick in known.items():
        step = first_step(run, trial.clock, tick)
        own = [(path, slopes[mark]) for path, slopes in movers.items() if mark in slopes]
        if not own or not 0 < step <= run.steps:  # what ends with the run stands behind its last step
            continue
        # Of several the one that moves fewest marks, then farthest, then the inner schedule's own: a joint has a mark.
        path, slope = min(own, key=lambda one: (len(movers[one[0]]), -abs(one[1]), -len(one[0])))
        value = _value(trial.schedule, path)
        scale = slope / per_step
        at.setdefault(step, []).append((mark[0], Moved(("schedule", *path), value, step - scale * value, scale)))
    held = {one.path for step, found in at.items() if step < run.steps for _, one in found}
    if run.steps in at and held.issuperset(one.path for _, one in at[run.steps]):
        del at[run.steps]  # its argument can be taken hold of before
    shown = engine.lr(run, trial, [min(step, run.steps - 1) for step in sorted(at)])
    rates = dict(zip(sorted(at), engine.first_group(shown), strict=True))
    for step, found in at.items():
        joint = [one for one in found if isinstance(one[1].path[-1], int)]
        together = found if joint and len(found) > 1 else found[:1]
        label = ", ".join(dict.fromkeys(label for label, _ in together))
        moved = tuple(dict.fromkeys(one for _, one in [*joint[:1], *together]))
        yield Handle("x", step, float(rates[step]), label, moved)


Labelled = dict[tuple[str, int], int]
"""The tick of each mark, by its label and how many with that label came before."""


def _labelled(trial: Trial, run: Run, ticks: int) -> Labelled:
    try:
        marks = trial.bound(run)[0].marks(ticks + 1, engine.MOST_MARKS)
    except (ArithmeticError, ValueError):
        return {}
    counts: dict[str, int] = {}
    found: Labelled = {}
    for mark in sorted(marks or ()):
        number = counts[mark.label] = counts.get(mark.label, -1) + 1
        found[mark.label, number] = mark.tick
    return found


def _movers(trial: Trial, run: Run, ticks: int, known: Labelled) -> Iterator[tuple[Path, dict[tuple[str, int], float]]]:
    """For each argument that counts ticks, or is a share: by how many ticks each mark goes when it is larger by one."""
    tried: list[tuple[Path, Any, tuple[float, ...]]] = [
        (path, value, TICKS) for path, value in _arguments(trial.schedule, "ticks")
    ]
    tried += [(path, value, SHARES) for path, value in _arguments(trial.schedule, "factor")]
    for path, value, distances in tried[:MOST_ARGUMENTS]:
        for by in distances:
            moved = _labelled(_trial_with(trial, ("schedule", *path), value + by), run, ticks)
            if moved.keys() >= known.keys() or by == distances[-1]:
                slopes = {mark: (moved[mark] - tick) / by for mark, tick in known.items() if mark in moved}
                if by == TICKS[0] and not all(slope.is_integer() for slope in slopes.values()):
                    slopes = _finer(trial, run, ticks, known, path, value, slopes)
                found = {mark: slope for mark, slope in slopes.items() if slope}
                if found:
                    yield path, found
                break


def _finer(
    trial: Trial, run: Run, ticks: int, known: Labelled, path: Path, value: Any, slopes: dict[tuple[str, int], float]
) -> dict[tuple[str, int], float]:
    """The slopes again where they are fractions: from farther away where that comes to the same; else a mark ran into
    something, and what it did at first holds.
    """
    found = dict(slopes)
    asked = {by: _labelled(_trial_with(trial, ("schedule", *path), value + by), run, ticks) for by in (*FARTHER, 1)}
    for mark, slope in slopes.items():
        there = {by: (moved[mark] - known[mark]) / by for by, moved in asked.items() if mark in moved}
        same = [there[by] for by in FARTHER if by in there and abs(there[by] - slope) <= 1 / TICKS[0]]
        if not slope.is_integer():
            found[mark] = same[0] if same else there.get(1) or slope
    return found


def _arguments(schedule: Schedule, unit: str) -> list[tuple[Path, Any]]:
    """The numbers in a unit that a schedule and those in it were given, by path; items of lists, too."""
    found: list[tuple[Path, Any]] = []
    for path, owner, _ in nested(schedule):
        for name, about in described(type(owner)).items():
            value = getattr(owner, name)
            if about.unit != unit or about.nested:
                continue
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                found.append(((*path, name), value))
            elif isinstance(value, tuple) and about.many and len(value) <= MOST:
                found += [((*path, name, i), item) for i, item in enumerate(value) if isinstance(item, (int, float))]
    return found


def _value(schedule: Any, path: Path) -> Any:
    for step in path:
        schedule = schedule[step] if isinstance(step, int) else getattr(schedule, step)
    return schedule


def _with(here: Any, path: Path, value: Any) -> Any:
    """The schedule with another value at a path below it; nothing is checked, since it is only looked at."""
    if not path:
        return value
    step, *below = path
    if isinstance(step, int):
        return tuple(_with(item, tuple(below), value) if i == step else item for i, item in enumerate(here))
    return here.model_copy(update={step: _with(getattr(here, step), tuple(below), value)})


# ---------------------------------------------------------------- up and down


def _levels(run: Run, trial: Trial) -> Iterator[Handle]:
    """Handles for the peak and the floor, where one argument that is a rate moves them."""
    curve = engine.curve(run, trial)
    rates = engine.first_group(curve.lr)
    top, bottom = int(np.argmax(rates)), len(rates) - 1 - int(np.argmin(rates[::-1]))
    if not rates[top] > rates[bottom]:
        bottom = -1
    by = SHARE * float(rates[top]) or SHARE
    found: dict[str, list[Moved]] = {"peak": [], "floor": []}
    for path, value in _rates(trial):
        moved = _rates_at(run, _trial_with(trial, path, value + by), curve.steps[[top, bottom]])
        if moved is None:
            continue
        for label, place, new in zip(found, (top, bottom), moved, strict=True):
            scale = float(new - rates[place]) / by
            scale = round(scale) if abs(scale - round(scale)) < FEWEST else scale  # the last step is not quite the end
            if place >= 0 and scale > FEWEST:
                offset = float(rates[place]) - scale * value
                found[label].append(Moved(path, value, offset if abs(offset) > FEWEST * by else 0.0, float(scale)))
    used: set[Path] = set()
    for label, place in (("peak", top), ("floor", bottom)):
        own = [moved for moved in found[label] if moved.path not in used]
        if own and place >= 0:
            first = max(own, key=lambda moved: moved.scale)
            used.add(first.path)
            yield Handle("y", int(curve.steps[place]), float(rates[place]), label, (first,))


def _rates(trial: Trial) -> list[tuple[Path, float]]:
    own = [("schedule", *path) for path, _ in _arguments(trial.schedule, "rate")]
    found = [(path, float(_value(trial, path))) for path in own]
    if not trial.schedule.own_rate and not isinstance(trial.base_lr, tuple):
        found.insert(0, (("base_lr",), trial.base_lr))
    return found


def _trial_with(trial: Trial, path: Path, value: float) -> Trial:
    new: Trial = _with(trial, path, value)
    return new


def _rates_at(run: Run, trial: Trial, steps: Any) -> Any:
    try:
        return engine.first_group(engine.lr(run, trial, steps))
    except (ArithmeticError, ValueError):
        return None
