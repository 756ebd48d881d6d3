"""Python text from the tree of a traced curve: named constants on top, one expression below."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal

from lrlab.trees.tree import BINARY, COMPARISONS, Expr, Named, Restarts

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

Flavour = Literal["math", "numpy", "jax", "keras"]
"""Plain numbers, or arrays of a framework."""
ARRAYS: dict[Flavour, tuple[str, str]] = {
    "numpy": ("np", "import numpy as np"),
    "jax": ("jnp", "import jax.numpy as jnp"),
    "keras": ("ops", "from keras import ops"),
}
"""The name of each namespace of arrays, and its import."""

_COMPILED = frozenset({"jax", "keras"})
"""Flavours whose functions of constants are Python's own: computed once, in double precision."""
_PRECEDENCE = {
    "where": 0,
    "or": 0.5,
    "and": 1,
    "not": 1.5,
    "<": 2,
    "<=": 2,
    ">": 2,
    ">=": 2,
    "==": 2,
    "!=": 2,
    "+": 3,
    "-": 3,
    "*": 4,
    "/": 4,
    "//": 4,
    "%": 4,
    "neg": 5,
    "**": 6,
}
_ATOM = 9
_PLAIN = re.compile(r"-?[\w.]+")
"""An operand that style guides want next to its **."""
_LONG = 40  # characters of a part that would do better with a name
_WIDE = 105  # characters of a whole that is better written in parts
_PART = 60  # characters of such a part
_TAKEN = frozenset({
    "learning_rate", "rate", "step", "tick", "ticks", "base", "np", "jnp", "ops", "math", "sys", "accumulate", "bisect_right", "schedule", "train",
    "save", "load", "check",
})  # fmt: skip
"""Names of what stands around the curve."""
_LEAVES = frozenset({"symbol", "name", "item", "pi", "e"})
_MATH = {"minimum": "min", "maximum": "max", "abs": "abs"}
_SAFE = frozenset(
    {
        "+",
        "-",
        "*",
        "neg",
        "minimum",
        "maximum",
        "floor",
        "cos",
        "searchsorted",
        "take",
        "where",
        "and",
        "or",
        "not",
        *_LEAVES,
        *COMPARISONS,
    }
)


def always_defined(tree: Any) -> bool:
    """Whether both sides of every `where` can be computed for every tick without a warning."""
    return all(_safe(node) for node in _walk(tree, {}))


def number(value: float) -> str:
    """A literal that reads back as the same value."""
    if not math.isfinite(value):
        return f'float("{value}")'
    return repr(float(value)) if isinstance(value, float) else repr(value)


class Writer:
    """Writes trees as Python over numpy arrays or over plain floats, collecting the constants that they name."""

    def __init__(self, flavour: Flavour) -> None:
        self.flavour = flavour
        self.arrays = ARRAYS[flavour][0] if flavour in ARRAYS else ""
        """The namespace of arrays; none where it writes over plain numbers."""
        self.constants: dict[str, str] = {}
        """Name -> text of every parameter used, in order of use."""
        self.imports: set[str] = set()
        self._owners: dict[str, tuple[str, str]] = {}
        self._shared: dict[int, str] = {}

    def body(self, tree: Any) -> list[str]:
        """The statements of a function that returns the tree's value, what is used twice computed once."""
        uses: dict[int, int] = {}
        lines = []
        for node in list(_walk(tree, uses)):  # children before their parents
            shared = uses[id(node)] > 1 and node.op not in _LEAVES and _varies(node)
            if shared and (self.arrays or _safe(node)):
                lines += self._assign(node)
            elif node.op == "where" and self.arrays:
                lines += [line for arm in node.args[1:] if len(self.text(arm)) > _LONG for line in self._assign(arm)]
        lines += self._return(tree) if self.arrays else self._branches(tree)
        self._shared.clear()
        return lines

    def _return(self, tree: Any) -> list[str]:
        """The statements that return a value, the parts of a wide one named."""
        known = dict(self._shared)
        lines = [*self._parts(tree), f"return {self.text(tree)}"]
        self._shared = known  # another branch has not computed its parts
        return lines

    def _parts(self, tree: Any) -> list[str]:
        """The statements that name long parts of a wide value."""
        lines: list[str] = []
        if len(self.text(tree)) > _WIDE:
            for node in _walk(tree, {}, self._shared):
                part = (
                    node is not tree
                    and id(node) not in self._shared
                    and node.op not in {"where", "and", "or", "not", *COMPARISONS}
                    and _varies(node)
                )
                if part and (self.arrays or _safe(node)) and len(self.text(node)) > _PART:
                    lines += self._assign(node)
        return lines

    def _assign(self, node: Any) -> list[str]:
        """The statements that give a value a name, which its text is from then on."""
        lines = self._parts(node)
        name = f"v{len(self._shared) + 1}"
        lines.append(f"{name} = {self.text(node)}")
        self._shared[id(node)] = name
        return lines

    def _branches(self, tree: Any) -> list[str]:
        """`where` as if and return, also where it is a factor of the whole."""
        if isinstance(tree, Expr) and tree.op in BINARY and id(tree) not in self._shared:
            left, right = tree.args
            if _is_where(right) and not _is_where(left) and len(self.text(left)) < _LONG:
                condition, this, other = right.args
                tree = Expr("where", condition, Expr(tree.op, left, this), Expr(tree.op, left, other))
        if not _is_where(tree) or id(tree) in self._shared:
            return self._return(tree)
        condition, this, other = tree.args
        return [
            f"if {self.text(condition)}:",
            *(f"    {line}" for line in self._branches(this)),
            *self._branches(other),
        ]

    def text(self, value: Any) -> str:
        """One expression."""
        return self._write(value)[0]

    def _write(self, value: Any) -> tuple[str, float]:
        if isinstance(value, Named):
            value = value.expr
        if not isinstance(value, Expr):
            text = number(value)
            return text, 5 if text.startswith("-") else _ATOM
        if id(value) in self._shared:
            return self._shared[id(value)], _ATOM
        op, args = value.op, value.args
        if op in BINARY or op in COMPARISONS:
            return self._infix(op, *args)
        if op in {"and", "or", "not"}:
            return self._logical(op, args)
        if op == "neg":
            return f"-{self._nested(args[0], 5)}", 5
        if op == "where" and not self.arrays:
            condition, this, other = self._nested(args[0], 1), self._nested(args[1], 1), self._nested(args[2], 0)
            return f"{this} if {condition} else {other}", 0
        return self._leaf_or_call(op, args), _ATOM

    def _infix(self, op: str, left: Any, right: Any) -> tuple[str, float]:
        level = _PRECEDENCE[op]
        lower_left, lower_right = (level + 1, level) if op == "**" else (level, level + 1)
        if op in COMPARISONS:
            lower_left = level + 1
        texts = self._nested(left, lower_left), self._nested(right, lower_right)
        return ("" if op == "**" and all(map(_PLAIN.fullmatch, texts)) else " ").join((texts[0], op, texts[1])), level

    def _logical(self, op: str, args: tuple[Any, ...]) -> tuple[str, float]:
        if self.arrays:
            return f"{self._namespace(self.arrays)}.logical_{op}({', '.join(map(self.text, args))})", _ATOM
        level = _PRECEDENCE[op]
        if op == "not":
            return f"not {self._nested(args[0], level)}", level
        return f"{self._nested(args[0], level)} {op} {self._nested(args[1], level + 0.1)}", level

    def _nested(self, value: Any, least: float) -> str:
        text, level = self._write(value)
        return text if level >= least else f"({text})"

    def _leaf_or_call(self, op: str, args: tuple[Any, ...]) -> str:
        match op:
            case "symbol":
                return str(args[0])
            case "pi" | "e":
                return f"{self._namespace(self.arrays if self.arrays and self.flavour != 'keras' else 'math')}.{op}"
            case "name":
                name, value, owner = args
                return self.constant(name, number(value), owner)
            case "item":
                name, index, values, owner = args
                return f"{self.constant(name, _list(values), owner)}[{index}]"
            case "searchsorted":
                return self._search(args[0], self.text(args[1]))
            case "take":
                table, index = self._table(args[0]), self.text(args[1])
                return (
                    f"{self._namespace(self.arrays)}.take({self._array(table)}, {index})"
                    if self.arrays
                    else f"{table}[{index}]"
                )
            case "float":
                return self._float(args[0])
        inside = ", ".join(self.text(a) for a in args)
        if op == "quotient":
            return f"quotient({inside})"
        constant = self.flavour in _COMPILED and not any(_varies(a) for a in args if isinstance(a, Expr))
        if op in _MATH and (constant or not self.arrays):
            return f"{_MATH[op]}({inside})"
        return f"{self._namespace('math' if constant else self.arrays or 'math')}.{op}({inside})"

    def _float(self, value: Any) -> str:
        """A whole number as a float."""
        text = self.text(value)
        if not _varies(value):
            return f"float({text})"
        return f"{text}.astype(float)" if self.flavour == "jax" else f"ops.cast({text}, keras.config.floatx())"

    def _namespace(self, name: str) -> str:
        """The name of a namespace that the text uses; its import is noted."""
        self.imports.add(dict(ARRAYS.values()).get(name, f"import {name}"))
        return name

    def _array(self, table: str) -> str:
        """A list as what the framework indexes and searches; numpy takes it as it is."""
        converted = {
            "jax": f"jnp.array({table}, float)",
            "keras": f"ops.convert_to_tensor({table}, keras.config.floatx())",
        }
        return converted.get(self.flavour, table)

    def _table(self, values: tuple[Any, ...]) -> str:
        """The constant that holds a table of values: an argument under its own name, or what was worked out from
        arguments.
        """
        own = [v.expr.args for v in values if isinstance(v, Named) and v.expr.op == "item"]
        whole = len(own) == len(values) and [item[1] for item in own] == list(range(len(own[0][2])))
        name, owner = (
            (own[0][0], own[0][3]) if whole and len({(item[0], item[3]) for item in own}) == 1 else ("levels", "")
        )
        return self.constant(name, _list(map(float, values)), owner)

    def _search(self, table: Any, value: str) -> str:
        if isinstance(table, Restarts):
            first, factor = self.text(table.first), self.text(table.factor)
            self.imports.add("from itertools import accumulate")
            borders = self.constant("restarts", f"list(accumulate({first} * {factor}**k for k in range({len(table)})))")
        else:
            borders = _list(table)
        if self.arrays:
            return f'{self._namespace(self.arrays)}.searchsorted({self._array(borders)}, {value}, side="right")'
        self.imports.add("from bisect import bisect_right")
        return f"bisect_right({borders}, {value})"

    def constant(self, name: str, text: str, owner: str = "") -> str:
        """The name under which a constant stands on top: the argument's own, numbered where another schedule has one of
        that name.
        """
        name = f"{name}_" if name in _TAKEN else name
        candidate, n = name, 1
        while self._owners.setdefault(candidate, (owner, text)) != (owner, text):
            n += 1
            candidate = f"{name}_{n}"
        self.constants[candidate] = text
        return candidate


def _list(values: Any) -> str:
    return f"[{', '.join(number(int(v) if float(v).is_integer() else v) for v in values)}]"


def _walk(value: Any, uses: dict[int, int], named: Container[int] = ()) -> Iterator[Expr]:
    """Every node once, children before parents, but not what is in a named one; counts how often each is used."""
    if isinstance(value, Named):
        value = value.expr
    if not isinstance(value, Expr) or id(value) in named:
        return
    uses[id(value)] = uses.get(id(value), 0) + 1
    if uses[id(value)] > 1:
        return
    for arg in value.args:
        yield from _walk(arg, uses, named)
    yield value


def _varies(node: Expr) -> bool:
    return node.op == "symbol" or any(_varies(a) for a in node.args if isinstance(a, Expr))


def depends(value: Any, name: str) -> bool:
    """Whether a tree has the symbol of that name in it."""
    return isinstance(value, Expr) and (
        (value.op == "symbol" and value.args[0] == name) or any(depends(a, name) for a in value.args)
    )


def _is_where(value: Any) -> bool:
    return isinstance(value, Expr) and value.op == "where"


def _safe(value: Any) -> bool:
    """Whether it can be computed for every tick: nothing that warns, or that plain floats refuse."""
    if isinstance(value, Named) or not isinstance(value, Expr):
        return True
    if value.op in {"/", "//", "%"}:
        return _safe(value.args[0]) and _positive(value.args[1])
    if value.op == "**":
        return _positive(value.args[0]) and _safe(value.args[1])
    return value.op in _SAFE and all(_safe(a) for a in value.args if isinstance(a, Expr))


def _positive(value: Any) -> bool:
    if isinstance(value, Expr):
        return (value.op == "*" and all(map(_positive, value.args))) or (value.op == "**" and _positive(value.args[0]))
    return bool(value > 0)
