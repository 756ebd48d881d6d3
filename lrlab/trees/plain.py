"""What plain Python does with a tree: at which ticks it would raise, where numpy goes on with infinity or no number.

Python divides by no zero, has no power that overflows or is complex, and no root or logarithm below zero. Its whole
numbers have no end: a power of two of them may be beyond every float, and only what makes a float of it raises. It
looks at the chosen side of an `if` alone, and stops at the first part of `and` and `or` that decides. What numpy
computed goes on as numpy does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lrlab.trees.evaluate import computed, evaluate
from lrlab.trees.tree import COMPARISONS, LEAVES, TABLES, Expr, nodes

WHOLE, FLOAT, NUMPY = 0, 1, 2
"""What kind of number a value is; one of two kinds makes the greater one."""


class Plain(NamedTuple):
    """A value as numpy has it, its kind, and whether Python would have raised: each a number, or one for every tick."""

    value: Any
    kind: Any = FLOAT
    raised: Any = False

    @property
    def beyond(self) -> Any:
        """Where it is a whole number beyond every float."""
        whole = self.kind == WHOLE
        return np.isinf(self.value) & whole if np.any(whole) else False


def raised(tree: Any, symbols: Mapping[str, Plain]) -> tuple[Any, NDArray[np.bool_]]:
    """The values of a tree, and whether Python would raise on the way to them, or to make floats of them; both of the
    shape of the symbols' values.
    """
    known: dict[int, Plain] = {}

    def go(value: Any) -> Plain:
        if not isinstance(value, Expr):
            return Plain(np.float64(value), WHOLE if isinstance(value, int) else FLOAT)
        if id(value) not in known:
            known[id(value)] = _plain(value, go, symbols)
        return known[id(value)]

    with np.errstate(all="ignore"):
        for node in nodes(tree):  # children first, so that a deep tree is no deep recursion
            go(node)
        found = go(tree)
        fails = found.raised | found.beyond
    shape = np.broadcast_shapes(*(np.shape(symbol.value) for symbol in symbols.values()))
    return np.broadcast_to(found.value, shape), np.broadcast_to(fails, shape)


def _plain(node: Expr, go: Callable[[Any], Plain], symbols: Mapping[str, Plain]) -> Plain:
    op, args = node.op, node.args
    if op == "symbol":
        return symbols[args[0]]
    if op in LEAVES:
        return Plain(evaluate(node, {}))
    if op in TABLES:
        index = go(args[1])
        table = np.asarray(args[0], dtype=np.float64)
        found = np.take(table, index.value) if op == "take" else np.searchsorted(table, index.value, side="right")
        return Plain(found, FLOAT, index.raised)
    parts = [go(arg) for arg in args]
    value = computed(op, np, *(part.value for part in parts))
    own: Callable[..., Plain] = _OWN.get(
        op, _arithmetic if op in _ARITHMETIC else _numpy if op.startswith("np.") else _other
    )
    return own(op, value, *parts)


def _where(_: str, value: Any, condition: Plain, this: Plain, other: Plain) -> Plain:
    chosen = condition.value
    return Plain(value, _either(chosen, this, other), condition.raised | np.where(chosen, this.raised, other.raised))


def _arithmetic(op: str, value: Any, a: Plain, b: Plain) -> Plain:
    kind = np.maximum(a.kind, b.kind)
    earlier = a.raised | b.raised
    if op == "/":
        huge = a.beyond | b.beyond
        if huge is not False:  # a whole number by a greater one is nearly 0
            huge &= ~(b.beyond & ~np.isinf(a.value) & (a.kind == WHOLE))
        return Plain(value, np.maximum(kind, FLOAT), earlier | huge | (b.value == 0) & (kind < NUMPY))
    failed = (b.value == 0) & (kind < NUMPY) if op in {"//", "%"} else False
    return Plain(value, kind, earlier | failed | _too_large(value, kind == WHOLE, a, b))


def _power(_: str, value: Any, a: Plain, b: Plain) -> Plain:
    kind = np.maximum(a.kind, b.kind)
    whole = (kind == WHOLE) & (b.value >= 0)
    earlier = a.raised | b.raised | _too_large(value, whole, a, b)
    if np.all(whole):
        return Plain(value, WHOLE, earlier)
    finite = np.isfinite(a.value) & np.isfinite(b.value)
    unreal = (a.value < 0) & (b.value != np.floor(b.value))
    failed = (a.value == 0) & (b.value < 0) | finite & (np.isinf(value) | unreal)
    kind = np.where(whole, WHOLE, np.maximum(kind, FLOAT)) if np.any(whole) else np.maximum(kind, FLOAT)
    return Plain(value, kind, earlier | failed & (kind == FLOAT))


def _too_large(value: Any, whole: Any, a: Plain, b: Plain) -> Any:
    """Where a whole number beyond every float is made a float, or nobody knows what comes out."""
    huge = a.beyond | b.beyond
    return False if huge is False else huge & np.where(whole, np.isnan(value), True)  # noqa: FBT003 (numpy's own signature)


def _extreme(op: str, value: Any, a: Plain, b: Plain) -> Plain:
    first = a.value <= b.value if op == "minimum" else a.value >= b.value
    return Plain(value, _either(first, a, b), a.raised | b.raised)


def _either(first: Any, a: Plain, b: Plain) -> Any:
    """The kind of what is one of the two."""
    return a.kind if np.array_equal(a.kind, b.kind) else np.where(first, a.kind, b.kind)


def _condition(op: str, value: Any, a: Plain, *second: Plain) -> Plain:
    looked_at = {"and": a.value, "or": np.logical_not(a.value)}.get(op, True)
    return Plain(value, WHOLE, a.raised | (_any(second) & looked_at))


def _rounded(_: str, value: Any, x: Plain) -> Plain:
    return Plain(value, WHOLE, x.raised | ~np.isfinite(x.value) & (x.kind != WHOLE))


def _same(_: str, value: Any, x: Plain) -> Plain:
    return Plain(value, x.kind, x.raised)


def _other(op: str, value: Any, *parts: Plain) -> Plain:
    """A function of math, which makes a float of what it is given."""
    x = parts[0]
    outside = _OUTSIDE[op](x.value, value) if op in _OUTSIDE else False
    return Plain(value, FLOAT, _any(parts) | outside | x.beyond)


def _numpy(_: str, value: Any, *parts: Plain) -> Plain:
    return Plain(value, NUMPY, _any(parts))


def _any(parts: tuple[Plain, ...]) -> Any:
    found: Any = False
    for part in parts:
        found |= part.raised
    return found


_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "quotient"})
_OUTSIDE: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("sin", "cos", "tan"), lambda x, _: np.isinf(x)),
    **dict.fromkeys(("log", "log2", "log10"), lambda x, _: x <= 0),
    "exp": lambda x, value: np.isfinite(x) & np.isinf(value),
    "sqrt": lambda x, _: x < 0,
}
"""Where the functions of math raise, by what they are given and what comes out."""
_OWN: dict[str, Callable[..., Plain]] = {
    "where": _where,
    "**": _power,
    **dict.fromkeys(("minimum", "maximum"), _extreme),
    **dict.fromkeys((*COMPARISONS, "and", "or", "not"), _condition),
    **dict.fromkeys(("floor", "ceil", "trunc"), _rounded),
    **dict.fromkeys(("neg", "abs"), _same),
}
