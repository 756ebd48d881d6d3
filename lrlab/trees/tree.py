"""What a traced curve is: a tree of operations on what varies, on parameters and on numbers; and the one table of those
operations.

Parameters are `Named` numbers: they compare and branch like the floats they are, and remember the arithmetic done with
them, so a tree says `T_max - warmup` and not `19159`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container
from typing import Any, Self, TypeAlias

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
    """Where cycles of length first, first * factor, ... end: a sorted table that code can state in one line."""

    first: float
    factor: float

    def of(self, first: float, factor: float) -> Restarts:
        """The same table under the parameters it was made from."""
        table = Restarts(self)
        table.first, table.factor = first, factor
        return table


def _of(name: str) -> Callable[..., Any]:
    """The function of that name in the array namespace."""
    return lambda xp, *args: getattr(xp, name)(*args)


FUNCTIONS = frozenset({
    "sin", "cos", "tan", "tanh", "exp", "log", "log2", "log10", "sqrt", "floor", "ceil", "trunc", "abs",
    "minimum", "maximum",
})  # fmt: skip
"""The functions that curves may use."""
CONDITIONS = frozenset({*COMPARISONS, "and", "or", "not"})
"""What is true or false, and no number."""
LEAVES = frozenset({"symbol", "name", "item", "pi", "e"})
"""Nodes without operands: what varies, an argument, an item of a list argument, and two constants."""
TABLES = frozenset({"searchsorted", "take"})
"""Nodes that look something up: their first operand is a sorted table, or a table of values."""
OPERATIONS: dict[str, Callable[..., Any]] = {
    **{op: lambda _, a, b, compute=compute: compute(a, b) for op, compute in (BINARY | COMPARISONS).items()},
    **{name: _of(name) for name in (*FUNCTIONS, "where")},
    "and": _of("logical_and"),
    "or": _of("logical_or"),
    "not": _of("logical_not"),
    "neg": lambda _, x: -x,
    "quotient": lambda _, a, b: a / b,
    "real": lambda _, x: x,
    "float": lambda _, x: x,
}
"""What every other node computes from an array namespace and its operands. Conditions are comparisons, and `and`, `or`
and `not` of conditions.
"""


def node_of(value: Any) -> Expr | None:
    """The node that an operand is, or that it was computed by; none of a plain number."""
    value = value.expr if isinstance(value, Named) else value
    return value if isinstance(value, Expr) else None


def operands(node: Expr) -> list[Expr]:
    """The operands that are nodes themselves."""
    return [found for found in map(node_of, node.args) if found is not None]


def nodes(tree: Any, known: Container[Expr] = ()) -> list[Expr]:
    """Every node once, children before their parents, but not those that are known, nor what only they are made of.

    A node is looked up by its identity, as `Expr` is hashed.
    """
    root = node_of(tree)
    found: list[Expr] = []
    seen: set[Expr] = set()
    waiting = [(root, False)] if root is not None else []
    while waiting:
        node, complete = waiting.pop()
        if complete:
            found.append(node)
        elif node not in seen and node not in known:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(operand, False) for operand in reversed(operands(node))]
    return found


def depends(tree: Any, name: str) -> bool:
    """Whether a tree has the symbol of that name in it."""
    return name in symbols(tree)


def varies(tree: Any) -> bool:
    """Whether it has a symbol in it."""
    return bool(symbols(tree))


def symbols(tree: Any) -> frozenset[str]:
    """The names of the symbols in it."""
    return frozenset(node.args[0] for node in nodes(tree) if node.op == "symbol")


def spread(tree: Any) -> int:
    """How many nodes and numbers it has where each is written out wherever it is used, as a formula does."""
    count: dict[Expr, int] = {}
    for node in nodes(tree):
        parts = () if node.op in LEAVES else node.args[1:] if node.op in TABLES else node.args
        count[node] = 1 + sum(1 if inner is None else count[inner] for inner in map(node_of, parts))
    root = node_of(tree)
    return 1 if root is None else count[root]
