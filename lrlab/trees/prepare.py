"""Trees that stand compilation and single precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lrlab.trees.evaluate import evaluate
from lrlab.trees.python import Flavour
from lrlab.trees.tree import COMPARISONS, Expr, Named, Restarts, nodes, varies

INTEGERS = 2**31
"""From here on numbers do not fit into the integers that compiled code counts with."""
NEAR_ONE = 0.02
"""The logarithm of numbers so near to 1 that powers of hundreds count."""
_JUMPING = frozenset({"floor", "ceil", "trunc", "//", "%", "searchsorted", *COMPARISONS})


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

    for node in nodes(tree):  # children first, so that a deep tree is no deep recursion
        go(node)
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
    if flavour == "keras" and op in _IN_SINGLE and varies(node):
        return _IN_SINGLE[op](left, right) if varies(args[0]) else _IN_SINGLE[op](right, left)
    if op == "**" and not varies(args[0]) and _drifts(float(evaluate(args[0], {}))):
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
        and varies(value.args[0])
        and not varies(value.args[1])
        and float(evaluate(value.args[1], {})) % 1 == 0
    )


def _drifts(base: float) -> bool:
    """Whether what single precision makes of a number is seen in its powers: not where they are soon nothing."""
    return base > 0 and abs(math.log(base)) < NEAR_ONE and float(np.float32(base)) != base


def _too_large(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= INTEGERS


def _table(values: Any) -> Any:
    return values if isinstance(values, Restarts) else tuple(map(float, values))


def _jumping(tree: Any) -> set[int]:
    """The quotients by a constant on which hangs what side of a jump a step is on, by id."""
    found: set[int] = set()
    seen: set[tuple[int, bool]] = set()

    def go(value: Any, *, inside: bool) -> None:
        if not isinstance(value, Expr) or (id(value), inside) in seen:
            return
        seen.add((id(value), inside))
        if inside and value.op == "/" and varies(value.args[0]) and not varies(value.args[1]):
            found.add(id(value))
        for arg in value.args:
            go(arg, inside=inside or value.op in _JUMPING)

    go(tree, inside=False)
    return found
