"""Targets whose code is compiled by XLA and computes in single precision: curves in a form that stands both, and how
far off they then are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from lrlab import engine
from lrlab.document import Experiment, Trial
from lrlab.document.run import Run
from lrlab.exporters import module
from lrlab.exporters.base import Job, compared
from lrlab.schedules import Schedule
from lrlab.trees.nodes import depends
from lrlab.trees.python import Flavour, Writer
from lrlab.trees.trace import BINARY, COMPARISONS, Expr, Named, Restarts, symbol

CLOSE = 1e-5
"""What single precision may be off by, as a share of the largest rate."""
INTEGERS = 2**31
"""From here on numbers do not fit into the integers that compiled code counts with."""
WHOLE = 2**24
"""From here on single precision does not know every whole number."""
NEAR = 0.02
"""The logarithm of numbers so near to 1 that powers of hundreds count."""
MOST_JUMPS = 10**6
"""So many jumps of a staircase are looked at."""
PRECISIONS: tuple[Any, ...] = (np.float32, np.float64)
LEAST, MOST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
_JUMPING = frozenset({"floor", "ceil", "trunc", "//", "%", "searchsorted", *COMPARISONS})
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
            msg = (
                f"single precision, in which {self.title} computes, does not hold its rates (the largest is "
                f"{largest:.3g}) or what they are made of"
            )
            raise ValueError(msg)
        return super().write(job)

    def off(self, job: Job) -> float:
        """How far it is off in single precision, as a share of the largest rate."""
        return deviation(job.run, job.trial, self.flavour, native=job.native, groups=self.groups)

    def prefers_portable(self, run: Run, trial: Trial) -> str:
        native, portable = (
            deviation(run, trial, self.flavour, native=native, groups=self.groups) for native in (True, False)
        )
        return (
            f"in single precision its own is off by up to {_percent(native)} of the largest rate"
            if native > CLOSE and portable < native / 2
            else ""
        )

    def lost(self, job: Job) -> list[str]:
        beyond = f"steps from {INTEGERS:,} on: {self.title} counts them in integers of 32 bits"
        return super().lost(job) + [beyond] * (job.run.steps > INTEGERS)

    def unit(self, job: Job) -> str:
        """With what single precision does to it, where that is more than rounding."""
        off = self.off(job)
        cure = "" if job.native else f"; not so with {self.doubles}"
        return super().unit(
            job
        ) + f"\nIn single precision some steps are off by up to {_percent(off)} of the largest rate{cure}." * (
            off > CLOSE
        )

    def tolerance(self, job: Job) -> str:
        """What the self-check lets pass, as a share of the largest rate."""
        return f"{max(CLOSE, 4 * self.off(job)):.1g}".replace("e-0", "e-")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def statements(job: Job, writer: Writer, *, groups: bool = True) -> tuple[list[str], list[str], list[str]]:
    """A curve over arrays: the functions it needs, what makes `tick` from `step` where they differ, and the last
    statements.

    With a list of base rates there is a function for each distinct group, and the last statements stack them.
    """
    argument, start, trees = module.over_steps(
        job, writer, groups=groups, prepared=lambda tree: prepared(tree, writer.flavour)
    )
    if not (job.many and groups):
        functions, last = [], _body(writer, trees[0], argument)
    else:
        names = ["rate"] if len(trees) == 1 else [f"rate_{i}" for i in range(len(trees))]
        says = f"The rate of one parameter group at each {argument}."
        pairs = zip(names, trees, strict=True)
        functions = [
            module.function(f"def {name}({argument}, base):", says, _body(writer, tree, argument))
            for name, tree in pairs
        ]
        each = (
            "for base in BASE_LR"
            if len(trees) == 1
            else f"for rate, base in zip([{', '.join(names)}], BASE_LR, strict=True)"
        )
        last = [f"return {writer.arrays}.stack([rate({argument}, base) {each}])"]
    return [_QUOTIENT.strip("\n")] * ("quotient" in writer.called) + functions, start, last


def _body(writer: Writer, tree: Any, argument: str) -> list[str]:
    whole = "{}" if depends(tree, argument) else f"{writer.arrays}.full_like({argument}, {{}})"
    return writer.body(tree).ending(f"return {whole}")


# --- trees that stand compilation and single precision


def prepared(tree: Any, flavour: Flavour) -> Any:
    """The tree with what a compiler or single precision would spoil written in another way.

    Powers of a number near 1 that single precision rounds are exponentials, whose logarithm is taken in double.
    Quotients that a jump hangs on are whole ones, or are kept from becoming products. Numbers of places are no
    integers, which might overflow; nor are numbers that are too large for them. Keras rounds and compares in single
    precision whatever it is given, where its functions are used for it.
    """
    jumping = _jumping(tree)
    known: dict[int, Any] = {}

    def go(value: Any) -> Any:
        if isinstance(value, Named):
            return Named(float(value), go(value.expr))
        if not isinstance(value, Expr):
            return float(value) if _too_large(value) else value
        if id(value) not in known:
            known[id(value)] = _prepared(value, go, flavour, jumping=id(value) in jumping)
        return known[id(value)]

    return go(tree)


def _prepared(node: Expr, go: Any, flavour: Flavour, *, jumping: bool) -> Expr:
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
    if op == "floor" and _whole_quotient(args[0]):
        return Expr("//", *map(go, args[0].args))
    left, right = (*map(go, args), None)[:2]
    if flavour == "keras" and op in _IN_SINGLE and _varies(node):
        return _IN_SINGLE[op](left, right) if _varies(args[0]) else _IN_SINGLE[op](right, left)
    if op == "**" and not _varies(args[0]) and _drifts(_value(args[0])):
        return Expr("exp", Expr("*", Expr("log", left), right))
    if op == "/" and jumping:
        return Expr("quotient", left, right)
    return Expr(op, *map(go, args))


_IN_SINGLE: dict[str, Callable[[Any, Any], Expr]] = {
    "floor": lambda x, _: Expr("//", x, 1),
    "ceil": lambda x, _: Expr("neg", Expr("//", Expr("neg", x), 1)),
    "minimum": lambda x, y: Expr("where", Expr("<", x, y), x, y),
    "maximum": lambda x, y: Expr("where", Expr(">", x, y), x, y),
}
"""How to do without functions of Keras that answer in single precision."""


def _whole_quotient(value: Any) -> bool:
    """Whether it is a quotient by a whole constant, so that // rounds it down to the same."""
    return (
        isinstance(value, Expr)
        and value.op == "/"
        and _varies(value.args[0])
        and not _varies(value.args[1])
        and _value(value.args[1]) % 1 == 0
    )


def _drifts(base: float) -> bool:
    """Whether what single precision makes of a number is seen in its powers: not where they are soon nothing."""
    return base > 0 and abs(math.log(base)) < NEAR and float(np.float32(base)) != base


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
def deviation(run: Run, trial: Trial, flavour: Flavour, *, native: bool, groups: bool = True) -> float:
    """How far single precision takes the curve from the engine's, as a share of the largest rate; infinity where it is
    not finite there.
    """
    steps = compared(run, trial, by_step=True)
    wanted = np.atleast_2d(engine.lr(run, trial, steps))[: None if groups else 1]
    job = Job(Experiment.model_construct(run=run, trials=(trial,)), trial)
    tick = evaluate(module.tick_tree(run, trial), {"step": steps.astype(np.float32)})
    trees = module.curve_trees(job, symbol("tick"), groups=groups)
    trees = trees if native else [prepared(tree, flavour) for tree in trees]
    rows = trees * len(wanted) if len(trees) == 1 else trees
    got = [evaluate(tree, {"tick": tick, "base": base}) for tree, base in zip(rows, trial.base_rates, strict=False)]
    with np.errstate(all="ignore"):
        off = max(float(np.abs(row - want).max()) for row, want in zip(got, wanted, strict=True))
    largest = float(np.abs(wanted).max())
    return (off / largest if largest else off) if math.isfinite(off) else math.inf


def evaluate(tree: Any, values: dict[str, Any]) -> Any:
    """What a tree comes to in single precision, where its symbols have these values; what is made of constants alone is
    double.
    """
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
    found = (_OPERATIONS.get(op) or getattr(np, op))(*map(go, args))
    return found if np.ndim(found) == 0 and not isinstance(found, np.float32) else np.float32(found)


_OPERATIONS: dict[str, Callable[..., Any]] = {
    **BINARY,
    **COMPARISONS,
    "quotient": BINARY["/"],
    "neg": np.negative,
}


# --- where the framework's own code jumps late


@lru_cache(maxsize=64)
def late(size: float, ticks: int, *, after: bool = False) -> int:
    """A tick at which a compiled staircase of this step size is on the wrong level, within so many ticks; 0 where there
    is none.

    The compiler multiplies by 1 / size: 41 * (1 / 41) is less than 1 in single precision. `after`: levels begin behind
    their borders.
    """
    count = np.arange(1, min(ticks // size, MOST_JUMPS) + 1)
    border = np.ceil(count * size)
    at = (border[:, None] + [-1, 0, 1]).ravel()
    at = at[(at >= 0) & (at <= min(ticks, WHOLE))]
    whole = np.ceil if after else np.floor
    for dtype in PRECISIONS:
        x = at.astype(dtype)
        for got in (x * (dtype(1) / dtype(size)), x / dtype(size)):
            wrong = at[whole(got) != whole(at / size)]
            if wrong.size:
                return int(wrong[0])
    return 0


def late_says(size: float, ticks: int, *, after: bool = False) -> str:
    """The same in words."""
    tick = late(size, ticks, after=after)
    return (
        f"compiled by XLA, which multiplies by 1 / {size:g} instead of dividing, it jumps at another tick than {tick:,}"
        if tick
        else ""
    )


def below_zero(power: float) -> str:
    """Why a fractional power of 1 - progress is not to be had where progress comes to 1."""
    return (
        f"compiled by XLA, 1 - progress is rounded to less than 0 at its end, whose power {power:g} is not a number"
        if power % 1
        else ""
    )


def first_reason(schedule: Schedule, reason: Callable[[Any], str]) -> str:
    """The reason that a schedule gives, or one nested in it."""
    return reason(schedule) or next(
        filter(None, (first_reason(child, reason) for child in schedule.children().values())), ""
    )


def too_large(schedule: Schedule, ticks: int) -> str:
    """Why the framework's own code cannot count as far."""
    numbers = [ticks, *_numbers(schedule.model_dump())]
    return f"{max(numbers):,} is more than its integers of 32 bits hold" if max(numbers) >= INTEGERS else ""


def _numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _numbers(item)]
    return [abs(value)] if isinstance(value, int) else []
