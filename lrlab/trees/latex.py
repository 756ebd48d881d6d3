"""The formula of a schedule: its curve run with symbols, as LaTeX and as a sympy expression."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy

from lrlab.trees.evaluate import computed
from lrlab.trees.tree import COMPARISONS, Expr, Named, Restarts

TICK = sympy.Symbol("t", nonnegative=True)
MOST_BORDERS = 64  # a formula of more milestones shows the first of them only
SHOWN = 5
EXACT_FROM, EXACT_TO = 1e-15, 1e15
"""Between these a number that is made of numbers is exact, as a quarter of pi; beyond them it is a decimal fraction."""
LARGE = 64
"""A power beyond it is not worked out."""
BASE = sympy.Symbol("eta_base")
_OPERATIONS: dict[str, Callable[..., Any]] = {
    **dict(zip(COMPARISONS, (sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge, sympy.Eq, sympy.Ne), strict=True)),
    "and": partial(sympy.And, evaluate=False), "or": partial(sympy.Or, evaluate=False),
    "not": partial(sympy.Not, evaluate=False),
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "//": lambda a, b: sympy.floor(a / b), "%": sympy.Mod, "neg": operator.neg,
    "minimum": sympy.Min, "maximum": sympy.Max, "floor": sympy.floor, "ceil": sympy.ceiling, "abs": sympy.Abs,
    "trunc": lambda x: sympy.sign(x) * sympy.floor(sympy.Abs(x)),
    "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "tanh": sympy.tanh,
    "exp": sympy.exp, "log": sympy.log, "sqrt": sympy.sqrt,
    "log2": lambda x: sympy.log(x, 2), "log10": lambda x: sympy.log(x, 10),
}  # fmt: skip


_DIVISIONS = frozenset({"/", "//", "%"})
_LOGICAL = frozenset({"and", "or", "not"})


class Passed(sympy.Function):  # type: ignore[misc]
    """How many borders (all but the first argument) lie at or before the tick (the first)."""

    def _latex(self, printer: Any, **_: Any) -> str:
        tick, *borders = self.args
        shown = [printer.doprint(b) for b in borders[: SHOWN - 1]] + [r"\dots"] * (len(borders) >= SHOWN)
        return rf"\#\{{b \le {printer.doprint(tick)} : b \in \{{{', '.join(shown)}\}}\}}"


class Level(sympy.Function):  # type: ignore[misc]
    """The staircase (tick, v0, b1, v1, b2, v2, ...): v0 before tick b1, then v1 before b2, ..."""

    def _latex(self, printer: Any, **_: Any) -> str:
        tick, first, *rest = map(printer.doprint, self.args)
        cases = [
            rf"{value} & {tick} < {border}" for value, border in zip([first, *rest[1::2]], rest[::2], strict=False)
        ]
        shown = cases if len(cases) <= SHOWN else [*cases[: SHOWN - 1], r"\dots"]
        lines = r" \\ ".join([*shown, rf"{rest[-1]} & {tick} \ge {rest[-2]}"])
        return rf"\begin{{cases}} {lines} \end{{cases}}"


class Restarted(sympy.Function):  # type: ignore[misc]
    """How many cycles of length first, first * factor, ... lie before the tick: of (tick, first, factor)."""

    def _latex(self, printer: Any, **_: Any) -> str:
        tick, first, factor = map(printer.doprint, self.args)
        return (
            rf"\left\lfloor \log_{{{factor}}}\left(1 + \frac{{({factor} - 1)\,{tick}}}{{{first}}}\right) \right\rfloor"
        )


def latex(schedule: Any) -> str:
    r"""The curve of a bound schedule as LaTeX, `\eta(t) = ...`, over the tick t, the base rate and the schedule's own
    arguments.
    """
    tree, found = expression(schedule)
    names = {BASE: r"\eta_{base}", **{symbol_: _typeset(symbol_.name) for symbol_ in found}}
    counters = sorted(tree.atoms(Restarted), key=str)
    short = {counter: sympy.Symbol("n" if len(counters) == 1 else f"n_{i}") for i, counter in enumerate(counters, 1)}
    where = [
        rf"{symbol_} = {sympy.latex(counter, symbol_names=names, mul_symbol=_TIMES)}"
        for counter, symbol_ in short.items()
    ]
    return r"\\[1.5ex]".join(
        [rf"\eta(t) = {sympy.latex(tree.subs(short), symbol_names=names, mul_symbol=_TIMES)}", *where]
    )


@lru_cache(maxsize=32)  # a page asks for the formula, and then for the values in it
def expression(schedule: Any) -> tuple[sympy.Expr, dict[sympy.Symbol, float]]:
    """The curve of a bound schedule as a sympy expression of TICK, BASE and the arguments, and the values of these."""
    values: dict[sympy.Symbol, float] = {}
    return _Converter(values)(_tree(schedule)), values


def values(schedule: Any) -> list[tuple[str, float]]:
    """The arguments that the formula names, as LaTeX and number."""
    _, found = expression(schedule)
    return [(_typeset(name.name), value) for name, value in found.items()]


def _tree(given: Any) -> Any:
    return given if isinstance(given, (Expr, float)) else given.tree()


class _Converter:
    """Makes sympy's expression of a tree, each node of it once."""

    def __init__(self, values: dict[sympy.Symbol, float]) -> None:
        self.values = values
        self.known: dict[int, Any] = {}

    def __call__(self, value: Any) -> Any:
        """The expression, or the condition."""
        if isinstance(value, Named):
            value = value.expr
        if not isinstance(value, Expr):
            return _number(value)
        if id(value) not in self.known:
            self.known[id(value)] = self._node(value)
        return self.known[id(value)]

    def _node(self, node: Expr) -> Any:
        op, args = node.op, node.args
        match op:
            case "symbol":
                return BASE if args[0] == "base_lr" else TICK
            case "pi":
                return sympy.pi
            case "e":
                return sympy.E
            case "name" | "item":
                label, number = (args[0], args[1]) if op == "name" else (f"{args[0]}[{args[1]}]", args[2][args[1]])
                return _name(label, number, self.values)
            case "searchsorted":
                return self._passed(args[0], self(args[1]))
            case "take":
                return self._level(args[0], args[1].args)
            case "where":
                return self._piecewise(node)
        parts = [self(arg) for arg in args]
        if op == "trunc" and isinstance(args[0], Named) and args[0] >= 0:
            return sympy.floor(parts[0])
        return _computed(op, parts)

    def _piecewise(self, value: Any) -> Any:
        """A chain of `where` as the cases of one brace."""
        cases = []
        while isinstance(value, Expr) and value.op == "where":
            condition, this, value = value.args
            cases.append((self(this), self(condition)))
        return sympy.Piecewise(*cases, (self(value), True), evaluate=False)

    def _level(self, table: tuple[Any, ...], search: tuple[Any, Any]) -> sympy.Expr:
        """A table that is looked up by how many borders have passed."""
        borders, tick = search
        steps: list[tuple[Any, Any]] = list(zip(borders, table[1:], strict=True))
        if len(steps) > MOST_BORDERS:  # only those that are shown, as numbers: the last is made of all before it
            steps = [(border, float(value)) for border, value in (*steps[:SHOWN], steps[-1])]
        pairs = [part for border, value in steps for part in (sympy.nsimplify(border), self(value))]
        return Level(self(tick), self(table[0]), *pairs)

    def _passed(self, table: Any, tick: sympy.Expr) -> sympy.Expr:
        if not isinstance(table, Restarts):
            return Passed(tick, *(sympy.nsimplify(b) for b in (table if len(table) <= MOST_BORDERS else table[:SHOWN])))
        return Restarted(tick, self(table.first), self(table.factor))


def _computed(op: str, parts: list[Any]) -> Any:
    """An operation on what sympy made of its operands.

    Of numbers it is exact only where that is cheap: sympy would write out a power of millions of digits. Where Python
    raises, and so no tick comes, there is no number, and no condition holds.
    """
    if op in _DIVISIONS and parts[1] == 0:
        return sympy.nan
    if op in COMPARISONS:
        try:
            return _OPERATIONS[op](*parts)
        except TypeError:  # of what is no real number
            return sympy.false
    if op not in _LOGICAL and all(part.is_number for part in parts):
        value = _float(op, parts)
        if not EXACT_FROM <= abs(value) <= EXACT_TO or (op == "**" and abs(float(parts[1])) > LARGE):
            return _number(value)
    if op == "**" and parts[1].is_number and not parts[1].is_infinite and abs(parts[1]) > LARGE:
        return sympy.Pow(*parts, evaluate=False)
    return _OPERATIONS[op](*parts)


def _float(op: str, parts: list[Any]) -> float:
    """What an operation on numbers comes to."""
    try:
        with np.errstate(all="ignore"):
            return float(computed(op, np, *(np.float64(float(part)) for part in parts)))
    except (TypeError, OverflowError):  # complex, or beyond every float
        return math.nan


def _number(value: float) -> sympy.Expr:
    if not math.isfinite(value):
        return sympy.nan
    return sympy.nsimplify(value) if float(value).is_integer() else sympy.Float(value)


def _name(name: str, number: float, values: dict[sympy.Symbol, float]) -> sympy.Symbol:
    """The symbol of an argument; numbered where another part has one of that name with another value."""
    candidate, n = sympy.Symbol(name, real=True), 1
    while values.setdefault(candidate, number) != number:
        n += 1
        candidate = sympy.Symbol(f"{name}^{n}", real=True)
    return candidate


_TIMES = r" \cdot "  # names of several letters and numbers must not run into each other
_GREEK = frozenset({"eta", "gamma", "alpha", "beta"})


def _typeset(name: str) -> str:
    r"""`T_{max}` and `\eta_{min}` as mathematicians write them, other arguments in typewriter, as in the code."""
    plain, _, number = name.partition("^")
    head, _, tail = plain.partition("_")
    upper = f"^{{({number})}}" if number else ""
    if len(head) > 1 and head not in _GREEK:
        return rf"\mathtt{{{plain.replace('_', chr(92) + '_')}}}{upper}"
    letter = rf"\{head}" if head in _GREEK else head
    return f"{letter}_{{{tail}}}{upper}" if tail else f"{letter}{upper}"
