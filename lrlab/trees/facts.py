"""What is true of the nodes of a tree: whether they vary, and whether they can be computed for every tick."""

from __future__ import annotations

from typing import Any, NamedTuple

from lrlab.trees.tree import CONDITIONS, LEAVES, Expr, node_of, nodes

_SAFE = frozenset({
    "+", "-", "*", "neg", "minimum", "maximum", "floor", "cos", "searchsorted", "take", "where", *LEAVES, *CONDITIONS,
})  # fmt: skip
"""Operations that neither warn nor raise, whatever the finite numbers that they are given."""


def always_defined(tree: Any) -> bool:
    """Whether both sides of every `where` can be computed for every tick without a warning."""
    facts = Facts()
    return all(facts.of(node).safe for node in nodes(tree))


class Fact(NamedTuple):
    """What is true of a node."""

    varies: bool
    """It contains a symbol; otherwise it is a constant."""
    safe: bool
    """It can be computed for every tick: nothing in it warns, or is refused by plain floats."""
    positive: bool
    """It is known to be greater than 0."""


class Facts:
    """The facts of nodes, worked out once for each."""

    def __init__(self) -> None:
        self._known: dict[Expr, Fact] = {}

    def of(self, node: Expr) -> Fact:
        """The facts of a node."""
        if node in self._known:
            return self._known[node]
        for each in nodes(node, self._known):
            varies = each.op == "symbol" or any(self._known[a].varies for a in each.args if isinstance(a, Expr))
            self._known[each] = Fact(varies, self._is_safe(each), self._is_positive(each))
        return self._known[node]

    def _is_safe(self, node: Expr) -> bool:
        args = node.args
        if node.op in {"/", "//", "%"}:
            return self._safe(args[0]) and self._positive(args[1])
        if node.op == "**":
            return self._positive(args[0]) and self._safe(args[1])
        return node.op in _SAFE and all(map(self._safe, args))

    def _is_positive(self, node: Expr) -> bool:
        powered = node.op == "**" and self._positive(node.args[0])
        return powered or (node.op == "*" and all(map(self._positive, node.args)))

    def _safe(self, value: Any) -> bool:
        return self._known[value].safe if isinstance(value, Expr) else True

    def _positive(self, value: Any) -> bool:
        return self._known[value].positive if isinstance(value, Expr) else bool(value > 0)


def certain(tree: Any) -> set[Expr]:
    """The nodes that plain code computes whichever side of a `where` is chosen."""
    found: set[Expr] = set()
    waiting = [tree]
    while waiting:
        node = node_of(waiting.pop())
        if node is not None and node not in found:
            found.add(node)
            waiting += node.args[:1] if node.op in {"where", "and", "or"} else node.args
    return found
