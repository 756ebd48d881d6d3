"""Targets whose code is compiled by XLA and computes in single precision: curves in a form that stands both, and how far off they then are."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lrlab import engine
from lrlab.experiment import Experiment, Trial
from lrlab.exporters import module
from lrlab.exporters.base import Job, compared
from lrlab.exporters.writer import Writer, depends
from lrlab.run import Run, calls
from lrlab.schedules import Schedule
from lrlab.schedules.trace import BINARY, COMPARISONS, Expr, Named, Restarts, named, symbol

CLOSE = 1e-5
"""What single precision may be off by, as a share of the largest rate."""
INTEGERS = 2**31
"""From here on numbers do not fit into the integers that compiled code counts with."""
WHOLE = 2**24
"""From here on single precision does not know every whole number."""
MOST_JUMPS = 10**6
"""So many jumps of a staircase are looked at."""
LEAST, MOST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
_JUMPING = frozenset({"floor", "ceil", "trunc", "//", "%", "searchsorted", *COMPARISONS})
_COMPARE = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal}
_QUOTIENT = '''
def quotient(a, b):
    """a / b, rounded once: where the compiler knows b it multiplies by 1 / b, and a jump may come a step late."""
    return a / (b + 0 * a)
'''


class Compiled(module.Module):
    """Defines `schedule`, which counts optimizer steps and works the clock in."""

    by_step = True
    doubles: ClassVar[str]
    """What switches double precision on."""

    def write(self, job: Job) -> str:
        largest = max((abs(rate) for rates in job.expected(by_step=True).values() for rate in rates), default=0.0)
        if largest > MOST or 0 < largest < LEAST or not math.isfinite(self.off(job)):
            msg = f"single precision, in which {self.title} computes, does not hold its rates (the largest is {largest:.3g}) or what they are made of"
            raise ValueError(msg)
        return super().write(job)

    def off(self, job: Job) -> float:
        """How far it is off in single precision, as a share of the largest rate."""
        return deviation(job.run, job.trial, native=job.native, groups=self.groups)

    def prefers_portable(self, run: Run, trial: Trial) -> str:
        native, portable = (deviation(run, trial, native=native, groups=self.groups) for native in (True, False))
        return f"in single precision its own is off by up to {_percent(native)} of the largest rate" if native > CLOSE and portable < native else ""

    def unit(self, job: Job) -> str:
        """With what single precision does to it, where that is more than rounding."""
        off = self.off(job)
        says = f"\nIn single precision it is off by up to {_percent(off)} of the largest rate; not so with {self.doubles}."
        return super().unit(job) + says * (off > CLOSE)

    def tolerance(self, job: Job) -> str:
        """What the self-check lets pass, as a share of the largest rate."""
        return f"{max(CLOSE, 4 * self.off(job)):.0e}".replace("e-0", "e-")


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def statements(job: Job, writer: Writer, *, groups: bool = True) -> tuple[list[str], list[str], list[str]]:
    """A curve over arrays: the functions it needs, what makes `tick` from `step` where they differ, and the last statements.

    With a list of base rates there is a function for each distinct group, and the last statements stack them.
    """
    argument, start, trees = module.over_steps(job, writer, groups=groups)
    trees = [prepared(tree) for tree in trees]
    if not (job.many and groups):
        functions, last = [], _body(writer, trees[0], argument)
    else:
        names = ["rate"] if len(trees) == 1 else [f"rate_{i}" for i in range(len(trees))]
        says = f"The rate of one parameter group at each {argument}."
        pairs = zip(names, trees, strict=True)
        functions = [module.function(f"def {name}({argument}, base):", says, _body(writer, tree, argument)) for name, tree in pairs]
        each = "for base in BASE_LR" if len(trees) == 1 else f"for rate, base in zip([{', '.join(names)}], BASE_LR, strict=True)"
        last = [f"return {writer.arrays}.stack([rate({argument}, base) {each}])"]
    divides = any("quotient(" in line for line in [*functions, *last])
    return [_QUOTIENT.strip("\n")] * divides + functions, start, last


def _body(writer: Writer, tree: Any, argument: str) -> list[str]:
    if depends(tree, argument):
        return writer.body(tree)
    return [f"return {writer.arrays}.full_like({argument}, {writer.text(tree)})"]


# --- trees that stand compilation and single precision


def prepared(tree: Any) -> Any:
    """The tree with what a compiler or single precision would spoil written in another way.

    Powers of a number that single precision rounds are exponentials, whose logarithm is taken in double. Quotients that a jump hangs on are
    kept from becoming products. Numbers of places are no integers, which might overflow; nor are numbers that are too large for them.
    """
    jumping = _jumping(tree)
    known: dict[int, Any] = {}

    def go(value: Any) -> Any:
        if isinstance(value, Named):
            return Named(float(value), go(value.expr))
        if not isinstance(value, Expr):
            return float(value) if _too_large(value) else value
        if id(value) not in known:
            known[id(value)] = _prepared(value, go, jumping=id(value) in jumping)
        return known[id(value)]

    return go(tree)


def _prepared(node: Expr, go: Any, *, jumping: bool) -> Expr:
    op, args = node.op, node.args
    if op in {"symbol", "pi", "e"}:
        return node
    if op == "name":
        name, value, owner = args
        return Expr(op, name, float(value) if _too_large(value) else value, owner)
    if op == "item":
        return Expr("float", node) if _too_large(args[2][args[1]]) else node
    if op == "searchsorted":
        return Expr("float", Expr(op, _table(args[0]), go(args[1])))
    if op == "take":
        return Expr(op, args[0], go(args[1]).args[0])
    left, right = (*map(go, args), None)[:2]
    if op == "**" and not _varies(args[0]) and _value(args[0]) > 0 and float(np.float32(_value(args[0]))) != _value(args[0]):
        return Expr("exp", Expr("*", Expr("log", left), right))
    if op == "/" and jumping:
        return Expr("quotient", left, right)
    return Expr(op, *map(go, args))


def _too_large(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= INTEGERS


def _table(values: Any) -> Any:
    return values if isinstance(values, Restarts) else tuple(map(float, values))


def _value(value: Any) -> float:
    """What a constant comes to."""
    return float(value) if not isinstance(value, Expr) else float(evaluate(value, {}))


def _varies(value: Any) -> bool:
    return isinstance(value, Expr) and (value.op == "symbol" or any(map(_varies, value.args)))


def _jumping(tree: Any) -> set[int]:
    """The quotients by a constant on which hangs what side of a jump a step is on, by id."""
    found: set[int] = set()
    seen: set[tuple[int, bool]] = set()

    def go(value: Any, *, inside: bool) -> None:
        if not isinstance(value, Expr) or (id(value), inside) in seen:
            return
        seen.add((id(value), inside))
        if inside and value.op == "/" and _varies(value.args[0]) and not _varies(value.args[1]):
            found.add(id(value))
        for arg in value.args:
            go(arg, inside=inside or value.op in _JUMPING)

    go(tree, inside=False)
    return found


# --- how far off single precision is


@lru_cache(maxsize=64)
def deviation(run: Run, trial: Trial, *, native: bool, groups: bool = True) -> float:
    """How far single precision takes the curve from the engine's, as a share of the largest rate; infinity where it is not finite there."""
    steps = compared(run, trial, by_step=True)
    wanted = np.atleast_2d(engine.lr(run, trial, steps))[: None if groups else 1]
    job = Job(Experiment.model_construct(run=run, trials=(trial,)), trial)
    tick = evaluate(module.tick_tree(run, trial), {"step": steps.astype(np.float32)})
    trees = module.curve_trees(job, symbol("tick"), groups=groups)
    trees = trees if native else [prepared(tree) for tree in trees]
    rows = trees * len(wanted) if len(trees) == 1 else trees
    got = [evaluate(tree, {"tick": tick, "base": base}) for tree, base in zip(rows, trial.base_rates, strict=False)]
    with np.errstate(all="ignore"):
        off = max(float(np.abs(row - want).max()) for row, want in zip(got, wanted, strict=True))
    largest = float(np.abs(wanted).max())
    return (off / largest if largest else off) if math.isfinite(off) else math.inf


def evaluate(tree: Any, values: dict[str, Any]) -> Any:
    """What a tree comes to in single precision, where its symbols have these values; what is made of constants alone is double."""
    known: dict[int, Any] = {}

    def go(value: Any) -> Any:
        if not isinstance(value, Expr):
            return float(value)
        if id(value) not in known:
            known[id(value)] = _evaluated(value, go, values)
        return known[id(value)]

    with np.errstate(all="ignore"):
        return go(tree)


def _evaluated(node: Expr, go: Any, values: dict[str, Any]) -> Any:
    op, args = node.op, node.args
    match op:
        case "symbol":
            return values[args[0]]
        case "pi" | "e":
            return getattr(math, op)
        case "name":
            return float(args[1])
        case "item":
            return float(args[2][args[1]])
        case "searchsorted":
            return np.searchsorted(np.asarray(args[0], dtype=np.float32), go(args[1]), side="right")
        case "take":
            return np.take(np.asarray(args[0], dtype=np.float32), go(args[1]))
        case "where":
            condition, this, other = map(go, args)
            return np.where(condition, np.float32(this), np.float32(other))
        case "float":
            return np.float32(go(args[0]))
    operands = list(map(go, args))
    if op in _COMPARE:
        return _COMPARE[op](*operands)
    found = BINARY[op](*operands) if op in BINARY else _FUNCTIONS.get(op, getattr(np, op, None))(*operands)  # type: ignore[misc]
    return found if np.ndim(found) == 0 and not isinstance(found, np.float32) else np.float32(found)


_FUNCTIONS = {"neg": np.negative, "quotient": BINARY["/"]}


# --- where the framework's own code jumps late


def late(size: float, ticks: int, begins: int = 0) -> int:
    """A tick at which a compiled staircase of this step size is on the wrong level, within so many ticks; 0 where there is none.

    The compiler multiplies by 1 / size: 41 * (1 / 41) is less than 1 in single precision. `begins`: 1 where a level begins behind its border.
    """
    count = np.arange(1, min(ticks // size, MOST_JUMPS) + 1)
    border = np.ceil(count * size)
    at = np.unique(np.concatenate([border - 1, border, border + 1]))
    at = at[(at >= 0) & (at <= min(ticks, WHOLE))]
    whole = np.ceil if begins else np.floor
    for dtype in (np.float32, np.float64):
        x = at.astype(dtype)
        for got in (x * (dtype(1) / dtype(size)), x / dtype(size)):
            wrong = at[whole(got) != whole(at / size)]
            if wrong.size:
                return int(wrong[0])
    return 0


def late_staircase(schedule: Schedule, run: Run, trial: Trial, **sizes: str) -> str:
    """Why a staircase, in this schedule or in one nested in it, is not compiled as it should be; `sizes`: the argument that says how high a step is."""
    size = getattr(schedule, sizes.get("argument", ""), 0)
    tick = late(size, calls(run, trial.clock)) if getattr(schedule, "staircase", False) and size > 0 else 0
    if tick:
        return f"once compiled by XLA, which multiplies by 1 / {size}, its staircase is off at tick {tick:,}"
    return next(filter(None, (late_staircase(child, run, trial, **sizes) for child in schedule.children().values())), "")


def too_large(schedule: Schedule, run: Run, trial: Trial) -> str:
    """Why the framework's own code cannot count as far."""
    numbers = [calls(run, trial.clock), *_numbers(schedule.model_dump())]
    return f"{max(numbers):,} is more than its integers of 32 bits hold" if max(numbers) >= INTEGERS else ""


def _numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _numbers(item)]
    return [abs(value)] if isinstance(value, int) else []
