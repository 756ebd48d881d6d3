"""Running a curve with symbols: what `xp` and `tick` are when the formula and the portable code are written from it.

A curve is called once with `tick = symbol("tick")` and `xp = TRACE`; what comes back is the expression tree of what it
computes. Parameters enter as `Named` numbers: they compare and branch like the floats they are, and remember the
arithmetic done with them, so a tree says `T_max - warmup` and not `19159`.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

Operand: TypeAlias = "Expr | float"

BINARY: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Expr:
    """A node: an operation on other nodes, numbers and tables. Leaves are `symbol` (what varies) and `name` (a
    parameter).
    """

    __slots__ = ("args", "op")
    __hash__ = object.__hash__

    def __init__(self, op: str, *args: Any) -> None:
        self.op = op
        self.args = args

    def __add__(self, other: Operand) -> Any:
        return _node("+", self, other)

    def __radd__(self, other: float) -> Any:
        return _node("+", other, self)

    def __sub__(self, other: Operand) -> Any:
        return _node("-", self, other)

    def __rsub__(self, other: float) -> Any:
        return _node("-", other, self)

    def __mul__(self, other: Operand) -> Any:
        return _node("*", self, other)

    def __rmul__(self, other: float) -> Any:
        return _node("*", other, self)

    def __truediv__(self, other: Operand) -> Any:
        return _node("/", self, other)

    def __rtruediv__(self, other: float) -> Any:
        return _node("/", other, self)

    def __floordiv__(self, other: Operand) -> Expr:
        return Expr("//", self, other)

    def __rfloordiv__(self, other: float) -> Expr:
        return Expr("//", other, self)

    def __mod__(self, other: Operand) -> Expr:
        return Expr("%", self, other)

    def __rmod__(self, other: float) -> Expr:
        return Expr("%", other, self)

    def __pow__(self, other: Operand) -> Any:
        return _node("**", self, other)

    def __rpow__(self, other: float) -> Any:
        return _node("**", other, self)

    def __neg__(self) -> Expr:
        return Expr("neg", self)

    def __lt__(self, other: Operand) -> Expr:
        return Expr("<", self, other)

    def __le__(self, other: Operand) -> Expr:
        return Expr("<=", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return Expr(">", self, other)

    def __ge__(self, other: Operand) -> Expr:
        return Expr(">=", self, other)

    def __eq__(self, other: object) -> Expr:  # type: ignore[override]
        return Expr("==", self, other)

    def __ne__(self, other: object) -> Expr:  # type: ignore[override]
        return Expr("!=", self, other)

    def __bool__(self) -> bool:
        msg = f"a curve must not branch on {self.op}: use xp.where"
        raise TypeError(msg)


_NEUTRAL_LEFT = {"+": 0.0, "*": 1.0}
_NEUTRAL_RIGHT = {"+": 0.0, "-": 0.0, "*": 1.0, "/": 1.0, "**": 1.0}


def _node(op: str, left: Operand, right: Operand) -> Any:
    """The operation, or its one operand where the other is a plain number that changes nothing."""
    if type(right) in (int, float) and right == _NEUTRAL_RIGHT.get(op):
        return left
    if type(left) in (int, float) and left == _NEUTRAL_LEFT.get(op):
        return right
    return Expr(op, left, right)


class Named(float):
    """A number that remembers where it came from: a float in every comparison, a tree in every output."""

    __slots__ = ("expr",)
    expr: Expr

    def __new__(cls, value: float, expr: Expr | Named) -> Self:
        self = super().__new__(cls, value)
        self.expr = expr.expr if isinstance(expr, Named) else expr
        return self

    def __neg__(self) -> Named:
        return Named(-float(self), Expr("neg", self))


def _arithmetic(op: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    compute = BINARY[op]

    def forward(self: Named, other: Operand) -> Any:
        if isinstance(other, Expr):
            return _node(op, self, other)
        return Named(compute(float(self), float(other)), _node(op, self, other))

    def backward(self: Named, other: float) -> Operand:
        return Named(compute(float(other), float(self)), _node(op, other, self))

    return forward, backward


for _op, _method in {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "truediv",
    "//": "floordiv",
    "%": "mod",
    "**": "pow",
}.items():
    _forward, _backward = _arithmetic(_op)
    setattr(Named, f"__{_method}__", _forward)
    setattr(Named, f"__r{_method}__", _backward)


class Restarts(tuple[float, ...]):  # noqa: SLOT001 (two attributes beside its items)
    """Where cycles of length first, first * factor, ... end: a sorted table that writers of code can state in one line."""

    first: float
    factor: float

    def of(self, first: float, factor: float) -> Restarts:
        """The same table under the parameters it was made from."""
        table = Restarts(self)
        table.first, table.factor = first, factor
        return table


def symbol(name: str) -> Expr:
    """What varies: the tick, the step, the base rate."""
    return Expr("symbol", name)


def named(name: str, value: float, owner: str = "") -> Named:
    """A parameter under its name; `owner` tells it from one of that name elsewhere."""
    return Named(value, Expr("name", name, value, owner))


def _with_names(value: Any, name: str, owner: str) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return named(name, value, owner)
    if isinstance(value, tuple) and value and all(isinstance(v, (int, float)) for v in value):
        return tuple(Named(v, Expr("item", name, i, value, owner)) for i, v in enumerate(value))
    if isinstance(value, tuple):
        return tuple(_with_names(v, name, f"{owner}.{i}") for i, v in enumerate(value))
    return with_names(value, f"{owner}.{name}") if hasattr(value, "curve") else value


def with_names(schedule: Any, owner: str = "") -> Any:
    """A bound schedule whose numbers, also those of the schedules in it, are `Named` after their arguments (but a
    metric is no argument).

    A schedule whose table is followed tick by tick has no use for names, and counts with its numbers.
    """
    if hasattr(schedule, "table") and schedule.no_formula:
        return schedule
    update = {
        name: _with_names(getattr(schedule, name), name, owner)
        for name in type(schedule).model_fields
        if name != "metrics"
    }
    return schedule.model_copy(update=update)


class _Trace:
    """The few numpy functions that curves use, on trees; on numbers alone they compute."""

    pi = Named(math.pi, Expr("pi"))
    e = Named(math.e, Expr("e"))

    @staticmethod
    def where(condition: Expr | bool, this: Operand, other: Operand) -> Operand:  # noqa: FBT001 (numpy's signature)
        if isinstance(condition, Expr):
            return Expr("where", condition, this, other)
        return this if condition else other

    @staticmethod
    def searchsorted(table: Any, value: Operand, side: str = "left") -> Expr:
        if side != "right":
            msg = "curves search from the right only: bisect_right has the same meaning in every framework"
            raise ValueError(msg)
        return Expr("searchsorted", table, value)

    @staticmethod
    def take(table: Any, index: Expr) -> Expr:
        return Expr("take", table, index)

    def __getattr__(self, op: str) -> Callable[..., Operand]:
        if op not in FUNCTIONS:
            msg = f"curves may not use xp.{op}: add it to trace.FUNCTIONS and to every writer of code"
            raise AttributeError(msg)

        def apply(*args: Operand) -> Operand:
            if any(isinstance(a, Expr) for a in args):
                return Expr(op, *args)
            value = float(getattr(np, op)(*(float(a) for a in args if not isinstance(a, Expr))))
            return Named(value, Expr(op, *args)) if any(isinstance(a, Named) for a in args) else value

        return apply


FUNCTIONS = frozenset({
    "sin", "cos", "tan", "tanh", "exp", "log", "log2", "log10", "sqrt", "floor", "ceil", "trunc", "abs", "minimum", "maximum",
})  # fmt: skip
TRACE = _Trace()
