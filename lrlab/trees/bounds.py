"""Between what bounds a tree stays while its symbols stay between theirs, where that shows that Python never raises on
the way: interval arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from lrlab.trees.tree import COMPARISONS, Expr

Bounds: TypeAlias = tuple[float, float]
ROUNDING = 1e-12
"""What a function of the C library may be off by, as a share."""


class Unknown(Exception):  # noqa: N818 (no error: an answer)
    """Nothing is known: somewhere on the way Python may raise, or a number may not be finite."""


def bounds(tree: Any, symbols: Mapping[str, Bounds]) -> Bounds | None:
    """The least and the greatest value of a typed tree; None where Python may raise, or a value may not be finite."""
    known: dict[int, Any] = {}

    def go(value: Any) -> Any:
        if not isinstance(value, Expr):
            return (float(value), float(value))
        if id(value) not in known:
            known[id(value)] = _bounds(value, go, symbols)
        return known[id(value)]

    try:
        found: Bounds = go(tree)
    except (Unknown, RecursionError):  # only the sides that may be chosen are looked at, so this one goes deep
        return None
    return found


def _bounds(node: Expr, go: Callable[[Any], Any], symbols: Mapping[str, Bounds]) -> Any:
    """Bounds of a number; of a condition whether it may be false and whether it may be true."""
    op, args = node.op.removeprefix("np."), node.args
    match op:
        case "symbol":
            return symbols[args[0]]
        case "pi" | "e":
            return (getattr(math, op), getattr(math, op))
        case "where":
            may_be_false, may_be_true = go(args[0])
            sides = [
                go(side) for side, may in ((args[1], may_be_true), (args[2], may_be_false)) if may or op != node.op
            ]
            return _hull(*sides)
        case "and" | "or" | "not":
            return _condition(op, args, go)
    if op in COMPARISONS:
        return _comparison(op, go(args[0]), go(args[1]))
    try:
        least, most = _OPERATIONS[op](*map(go, args))
    except ArithmeticError:
        raise Unknown from None
    if not (math.isfinite(least) and math.isfinite(most)):
        raise Unknown
    return least, most


def _hull(*parts: Bounds) -> Bounds:
    return min(part[0] for part in parts), max(part[1] for part in parts)


def _condition(op: str, args: tuple[Any, ...], go: Callable[[Any], Any]) -> tuple[bool, bool]:
    may_be_false, may_be_true = go(args[0])
    if op == "not":
        return may_be_true, may_be_false
    if op == "and":
        if not may_be_true:
            return True, False
        second = go(args[1])
        return may_be_false or second[0], second[1]
    if not may_be_false:
        return False, True
    second = go(args[1])
    return second[0], may_be_true or second[1]


def _comparison(op: str, a: Bounds, b: Bounds) -> tuple[bool, bool]:
    if op in {">", ">="}:
        return _comparison({">": "<", ">=": "<="}[op], b, a)
    if op == "<":
        return a[1] >= b[0], a[0] < b[1]
    if op == "<=":
        return a[1] > b[0], a[0] <= b[1]
    apart = a[1] < b[0] or b[1] < a[0]
    same = a[0] == a[1] == b[0] == b[1]
    return (not same, not apart) if op == "==" else (not apart, not same)


def _corners(compute: Callable[[float, float], float]) -> Callable[[Bounds, Bounds], Bounds]:
    def found(a: Bounds, b: Bounds) -> Bounds:
        values = [compute(x, y) for x in a for y in b]
        return min(values), max(values)

    return found


def _rising(compute: Callable[[float], float], *, rounded: bool = True) -> Callable[[Bounds], Bounds]:
    """A function that rises with what it is given; of the C library's the last digits may not."""

    def found(x: Bounds) -> Bounds:
        try:
            least, most = float(compute(x[0])), float(compute(x[1]))
        except ValueError:
            raise Unknown from None
        return (least - ROUNDING * abs(least), most + ROUNDING * abs(most)) if rounded else (least, most)

    return found


def _quotient(compute: Callable[[float, float], float]) -> Callable[[Bounds, Bounds], Bounds]:
    def found(a: Bounds, b: Bounds) -> Bounds:
        if b[0] <= 0 <= b[1]:
            raise Unknown
        return _corners(compute)(a, b)

    return found


def _remainder(a: Bounds, b: Bounds) -> Bounds:
    if b[0] <= 0 <= b[1]:
        raise Unknown
    if b[0] == b[1] and a[0] // b[0] == a[1] // b[0]:
        return a[0] % b[0], a[1] % b[0]
    return min(b[0], 0.0), max(b[1], 0.0)


def _power(a: Bounds, b: Bounds) -> Bounds:
    if a[0] > 0 or (a[0] == 0 and b[0] > 0):
        least, most = _corners(lambda x, y: x**y)(a, b)
    elif b[0] == b[1] and b[0] >= 0 and b[0].is_integer():
        exponent = int(b[0])
        least, most = (x**exponent for x in a)
        if exponent % 2 == 0:
            least, most = (0.0 if a[0] <= 0 <= a[1] and exponent else min(least, most)), max(least, most)
    else:
        raise Unknown
    return least - ROUNDING * abs(least), most + ROUNDING * abs(most)


def _abs(x: Bounds) -> Bounds:
    return (0.0 if x[0] <= 0 <= x[1] else min(map(abs, x))), max(map(abs, x))


_STEEPEST = 2e16  # no float is nearer to a pole of the tangent
_OPERATIONS: dict[str, Callable[..., Bounds]] = {
    "+": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "-": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "*": _corners(lambda x, y: x * y),
    "/": _quotient(lambda x, y: x / y),
    "//": _quotient(lambda x, y: x // y),
    "%": _remainder,
    "**": _power,
    "neg": lambda x: (-x[1], -x[0]),
    "abs": _abs,
    "real": lambda x: x,
    "minimum": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "maximum": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "floor": _rising(math.floor, rounded=False),
    "ceil": _rising(math.ceil, rounded=False),
    "trunc": _rising(math.trunc, rounded=False),
    "sin": lambda _: (-1.0, 1.0),
    "cos": lambda _: (-1.0, 1.0),
    "tan": lambda _: (-_STEEPEST, _STEEPEST),
    "tanh": _rising(math.tanh),
    "exp": _rising(math.exp),
    "sqrt": _rising(math.sqrt),
    **{name: _rising(getattr(math, name)) for name in ("log", "log2", "log10")},
}
