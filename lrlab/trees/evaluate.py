"""What a tree comes to where its symbols have values: in double or in single precision, or over any array namespace."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lrlab.trees.tree import OPERATIONS, Expr, nodes

Precision = type[np.float64] | type[np.float32]


def evaluate(tree: Any, symbols: Mapping[str, Any], precision: Precision = np.float64) -> Any:
    """The value of a tree over numpy, each node computed once; where it is not finite, so is the result.

    In single precision what is made of constants alone is double, and rounded where it meets what varies, as compilers
    do.
    """
    constant = np.float64 if precision is np.float64 else float
    with np.errstate(all="ignore"):
        return _walk(tree, lambda node, go: _value(node, go, symbols, precision), constant)


def over(tree: Any, symbols: Mapping[str, Any], xp: Any) -> Any:
    """The same over another array namespace, such as that of traces; constants are Python's floats."""
    if xp is np:
        return evaluate(tree, symbols)
    with np.errstate(all="ignore"):
        return _walk(tree, lambda node, go: _over(node, go, symbols, xp), float)


def _walk(tree: Any, compute: Callable[[Expr, Callable[[Any], Any]], Any], number: Callable[[Any], Any]) -> Any:
    known: dict[int, Any] = {}

    def go(value: Any) -> Any:
        if not isinstance(value, Expr):
            return number(value)
        if id(value) not in known:
            known[id(value)] = compute(value, go)
        return known[id(value)]

    for node in nodes(tree):  # children first, so that a deep tree is no deep recursion
        go(node)
    return go(tree)


def _over(node: Expr, go: Callable[[Any], Any], symbols: Mapping[str, Any], xp: Any) -> Any:
    if node.op == "symbol":
        return symbols[node.args[0]]
    if node.op in {"pi", "e"}:
        return getattr(xp, node.op)
    return computed(node.op, xp, *map(go, node.args))


def _value(node: Expr, go: Callable[[Any], Any], symbols: Mapping[str, Any], precision: Precision) -> Any:
    op, args = node.op, node.args
    match op:
        case "symbol":
            return symbols[args[0]]
        case "pi" | "e":
            return go(getattr(math, op))
        case "name":
            return go(args[1])
        case "item":
            return go(args[2][args[1]])
        case "searchsorted":
            return np.searchsorted(np.asarray(args[0], dtype=precision), go(args[1]), side="right")
        case "take":
            return np.take(np.asarray(args[0], dtype=precision), go(args[1]))
        case "where":
            condition, this, other = map(go, args)
            return np.where(condition, precision(this), precision(other))
        case "float":
            return precision(go(args[0]))
    found = computed(op, np, *map(go, args))
    if precision is np.float64:
        return found
    return found if np.ndim(found) == 0 and not isinstance(found, precision) else precision(found)


def computed(op: str, xp: Any, *values: Any) -> Any:
    """One operation on values; no number where plain ones, of constants, have no real value."""
    try:
        found = OPERATIONS[op.removeprefix("np.")](xp, *values)
    except (ArithmeticError, ValueError):  # arrays give infinity, or no number, by themselves
        return math.nan
    return math.nan if isinstance(found, complex) else found
