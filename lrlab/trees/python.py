"""Python text from the tree of a traced curve: named constants on top, statements and a value below."""

from __future__ import annotations

import math
import re
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lrlab.trees.facts import Facts, certain
from lrlab.trees.tree import (
    BINARY,
    COMPARISONS,
    CONDITIONS,
    FUNCTIONS,
    LEAVES,
    Expr,
    Named,
    Restarts,
    node_of,
    nodes,
    operands,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterable

Flavour = Literal["math", "numpy", "jax", "keras"]
"""Plain numbers, or arrays of a framework."""
ARRAYS: dict[Flavour, tuple[str, str]] = {
    "numpy": ("np", "import numpy as np"),
    "jax": ("jnp", "import jax.numpy as jnp"),
    "keras": ("ops", "from keras import ops"),
}
"""The name of each namespace of arrays, and its import."""

_LEVELS = (
    ("where",), ("or",), ("and",), ("not",), tuple(COMPARISONS), ("+", "-"), ("*", "/", "//", "%"), ("neg",), ("**",),
)  # fmt: skip
_PRECEDENCE = {op: level for level, ops in enumerate(_LEVELS) for op in ops}
"""How tightly each operation of Python binds: the greater, the tighter."""
_ATOM = len(_LEVELS)
_PLAIN = re.compile(r"-?[\w.]+")
"""An operand that style guides want next to its **."""
_LONG = 40  # a side of a `where` over arrays that has more characters gets a name
_WIDE = 105  # a value that has more characters is written in parts
_PART = 60  # characters that such a part must have at least
_MOST = 80
"""The most operations that one expression may have; a longer one is always written in parts.

So its length is bounded and Python can read it.
"""
_DEEP = 20  # cases within cases
_TAKEN = frozenset({
    "learning_rate", "rate", "step", "tick", "ticks", "base", "np", "jnp", "ops", "math", "sys", "accumulate",
    "bisect_right", "cache", "schedule", "train", "save", "load", "check",
})  # fmt: skip
"""Names that the code around the curve uses."""
_BUILTIN = {"minimum": "min", "maximum": "max", "abs": "abs"}


def number(value: float) -> str:
    """A literal that reads back as the same value."""
    if not isinstance(value, float):
        return repr(value)
    return repr(float(value)) if math.isfinite(value) else f'float("{float(value)!r}")'


@dataclass(frozen=True)
class Written:
    """What a function does: statements, and then a value, or (over plain numbers) cases with a value each."""

    statements: tuple[str, ...]
    value: str | Cases
    named: bool = False
    """Whether the value is only a name."""

    def ending(self, end: str) -> list[str]:
        """The statements, the last of which is `end` with the value in place of its {}: "return {}", "tick = {}"."""
        if isinstance(self.value, str):
            return [*self.statements, end.format(self.value)]
        returns, lines = end.startswith("return"), list(self.statements)
        for i, (condition, then) in enumerate(self.value.tried):
            lines += [f"{'if' if returns or i == 0 else 'elif'} {condition}:", *_indented(then.ending(end))]
        rest = self.value.other.ending(end)
        return lines + (rest if returns else ["else:", *_indented(rest)])


@dataclass(frozen=True)
class Cases:
    """What is done where the first of some conditions holds, else where the second does, and so on, or none."""

    tried: tuple[tuple[str, Written], ...]
    other: Written


class Text(NamedTuple):
    """An expression, and how tightly it holds together."""

    text: str
    level: int = _ATOM


class Writer:
    """Writes trees as Python over arrays or over plain numbers, collecting the constants that they name."""

    def __init__(self, flavour: Flavour) -> None:
        self.flavour = flavour
        self.arrays = ARRAYS[flavour][0] if flavour in ARRAYS else ""
        """The namespace of arrays; none where it writes over plain numbers."""
        self.constants: dict[str, str] = {}
        """Name -> text of every parameter used, in order of use."""
        self.imports: set[str] = set()
        self.called: set[str] = set()
        """The functions of the module that the text calls."""
        self.functions: dict[str, str] = {}
        """Name -> text of what a person typed that is too long for a lambda; to stand before what names it."""
        self.arguments: dict[str, str] = {}
        """The argument that each constant is, by its path below the outermost owner, such as `schedulers.0.T_max`."""
        self._owners: dict[str, tuple[str, str]] = {}

    def body(self, tree: Any, names: Iterable[str] = ()) -> Written:
        """What a function does to compute the tree's value; what is used twice is computed once.

        `names` are given to the first values that get one.
        """
        return _Function(self, names).body(tree)

    def text(self, value: Any) -> str:
        """One expression."""
        return _Function(self).text(value)

    def namespace(self, name: str) -> str:
        """The name of a namespace that the text uses; its import is noted."""
        self.imports.add(dict(ARRAYS.values()).get(name, f"import {name}"))
        return name

    def constant(self, name: str, text: str, owner: str = "") -> str:
        """The name under which a constant stands at the top of the module: that of its argument.

        It gets a number where another schedule has an argument of the same name.
        """
        free = self._free(name, owner, text)
        self.constants[free] = text
        self.arguments[free] = ".".join([*owner.split(".")[1:], name])
        return free

    def function(self, names: tuple[str, ...], tree: Any, name: str) -> str:
        """A function of these symbols: a lambda where that is short enough.

        Else it is the name of a function that is defined in the module.
        """
        if fits(tree):
            return f"lambda {', '.join(names)}: {self.text(tree)}"
        lines = textwrap.indent("\n".join(self.body(tree).ending("return {}")), "    ")
        head, says = f"({', '.join(names)}):", f'    """The argument {name} of the scheduler."""'
        name = self._free(name, "a function", lines)
        self.functions[name] = "\n".join([f"def {name}{head}", says, lines])
        return name

    def _free(self, name: str, owner: str, text: str) -> str:
        """The name, or the first of it with a number that does not stand for another text."""
        name = f"{name}_" if name in _TAKEN else name
        candidate, n = name, 1
        while self._owners.setdefault(candidate, (owner, text)) != (owner, text):
            n += 1
            candidate = f"{name}_{n}"
        return candidate


def fits(tree: Any) -> bool:
    """Whether a tree is small enough for one expression."""
    sizes: dict[Expr, int] = {}
    for node in nodes(tree):
        sizes[node] = 1 + sum(sizes[operand] for operand in operands(node))
    return max(sizes.values(), default=0) <= _MOST


class _Function:
    """One function that is being written: the names of what it has computed."""

    def __init__(self, writer: Writer, names: Iterable[str] = ()) -> None:
        self.writer = writer
        self.facts = Facts()
        self._names: dict[Expr, str] = {}
        self._unused = chain(names, (f"v{n}" for n in count(1)))
        self._write = _WRITE[writer.flavour]

    # --- statements

    def body(self, tree: Any) -> Written:
        """The statements that name what is used twice, or is too much for one expression, and the value."""
        arrays = bool(self.writer.arrays)
        uses = Counter(operand for node in nodes(tree) for operand in operands(node))
        apart = _returned(tree, uses) if not arrays else {node_of(tree)}
        always = certain(tree)
        sizes: dict[Expr, int] = {}
        lines: list[str] = []
        for node in nodes(tree):  # children before their parents
            free = arrays or self.facts.of(node).safe
            if uses[node] > 1 and node.op not in LEAVES and self.facts.of(node).varies and free:
                lines += self._assign(node)
            elif node.op == "where" and arrays:
                lines += [
                    line for arm in operands(node)[1:] if len(self.text(arm)) > _LONG for line in self._assign(arm)
                ]
            sizes[node] = 1 + sum(1 if operand in self._names else sizes[operand] for operand in operands(node))
            if sizes[node] > _MOST and node not in self._names and node not in apart:
                lines += self._assign(node) if free or node in always else self._define(node)
        last = self._value(tree) if arrays else self._cases(tree)
        return Written((*lines, *last.statements), last.value, last.named)

    def _value(self, tree: Any) -> Written:
        """A value, the parts of a wide one named."""
        known = dict(self._names)
        statements = tuple(self._parts(tree))
        written = Written(statements, self.text(tree), named=self._is_name(tree))
        self._names = known  # the other cases have not computed its parts
        return written

    def _is_name(self, value: Any) -> bool:
        node = node_of(value)
        return node is not None and (node in self._names or node.op in {"symbol", "name"})

    def _parts(self, tree: Any) -> list[str]:
        """The statements that name long parts of a wide value."""
        lines: list[str] = []
        if len(self.text(tree)) > _WIDE:
            for node in nodes(tree, self._names):
                fact = self.facts.of(node)
                part = (
                    node is not tree
                    and node not in self._names
                    and node.op not in {"where", *COMPARISONS}
                    and fact.varies
                )
                if part and (self.writer.arrays or fact.safe) and len(self.text(node)) > _PART:
                    lines += self._assign(node)
        return lines

    def _assign(self, node: Expr) -> list[str]:
        """The statements that give a value a name, which its text is from then on."""
        lines, text = self._parts(node), self.text(node)
        self._names[node] = next(self._unused)
        return [*lines, f"{self._names[node]} = {text}"]

    def _define(self, node: Expr) -> list[str]:
        """A name for a value that may be computed only if it is needed: an inner function computes it once."""
        lines, text, name = self._parts(node), self.text(node), next(self._unused)
        self._names[node] = f"{name}()"
        self.writer.imports.add("from functools import cache")
        return [*lines, "@cache", f"def {name}():", f"    return {text}"]

    def _cases(self, tree: Any, depth: int = 0) -> Written:
        """`where` as if and return, also where it is a factor of the whole."""
        tried = []
        tree = self._distributed(tree)
        while self._chooses(tree) and depth < _DEEP:
            condition, this, other = tree.args
            tried.append((self.text(condition), self._cases(this, depth + 1)))
            tree = self._distributed(other)
        last = self._value(tree)
        return Written((), Cases(tuple(tried), last)) if tried else last

    def _chooses(self, tree: Any) -> bool:
        return isinstance(tree, Expr) and tree.op == "where" and tree not in self._names

    def _distributed(self, tree: Any) -> Any:
        """What multiplies (or the like) a `where`, brought into both of its sides."""
        if isinstance(tree, Expr) and tree.op in BINARY and tree not in self._names:
            left, right = tree.args
            if self._chooses(right) and not _is_where(left) and len(self.text(left)) < _LONG:
                condition, this, other = right.args
                return Expr("where", condition, Expr(tree.op, left, this), Expr(tree.op, left, other))
        return tree

    # --- expressions

    def text(self, value: Any) -> str:
        """One expression."""
        return self.write(value).text

    def write(self, value: Any) -> Text:
        """One expression, by the table."""
        node = node_of(value)
        if node is None:
            text = number(value)
            return Text(text, _PRECEDENCE["neg"] if text.startswith("-") else _ATOM)
        return Text(self._names[node]) if node in self._names else self._write[node.op](self, node)

    def nested(self, value: Any, least: int) -> str:
        """One expression, in parentheses where it does not hold together as tightly."""
        text, level = self.write(value)
        return text if level >= least else f"({text})"

    def listed(self, values: Iterable[Any]) -> str:
        """Expressions with commas between them."""
        return ", ".join(map(self.text, values))

    def array(self, table: str) -> str:
        """A list as what the framework indexes and searches; numpy takes it as it is."""
        converted = {
            "jax": f"jnp.array({table}, float)",
            "keras": f"ops.convert_to_tensor({table}, keras.config.floatx())",
        }
        return converted.get(self.writer.flavour, table)

    def constant(self, node: Expr) -> bool:
        """Whether nothing in a node's operands varies."""
        return not any(self.facts.of(arg).varies for arg in node.args if isinstance(arg, Expr))


# --- how each operation is written


def _symbol(_: _Function, node: Expr) -> Text:
    return Text(str(node.args[0]))


def _pi_or_e(function: _Function, node: Expr) -> Text:
    keras = function.writer.flavour == "keras"  # which has none
    return Text(f"{function.writer.namespace('math' if keras else function.writer.arrays or 'math')}.{node.op}")


def _argument(function: _Function, node: Expr) -> Text:
    name, value, owner = node.args
    return Text(function.writer.constant(name, number(value), owner))


def _item(function: _Function, node: Expr) -> Text:
    name, index, values, owner = node.args
    return Text(f"{function.writer.constant(name, _list(values), owner)}[{index}]")


def _infix(function: _Function, node: Expr) -> Text:
    op, level = node.op, _PRECEDENCE[node.op]
    left, right = node.args
    at_left = level + (op == "**" or op in COMPARISONS)
    at_right = level + (op not in {"**", "and", "or"})
    texts = function.nested(left, at_left), function.nested(right, at_right)
    return Text(("" if op == "**" and all(map(_PLAIN.fullmatch, texts)) else " ").join((texts[0], op, texts[1])), level)


def _prefix(function: _Function, node: Expr) -> Text:
    level = _PRECEDENCE[node.op]
    return Text(f"{'-' if node.op == 'neg' else 'not '}{function.nested(node.args[0], level)}", level)


def _conditional(function: _Function, node: Expr) -> Text:
    condition, this, other = node.args
    level = _PRECEDENCE["where"]
    chosen, asked = function.nested(condition, level + 1), function.nested(this, level + 1)
    return Text(f"{asked} if {chosen} else {function.nested(other, level)}", level)


def _plain_call(function: _Function, node: Expr) -> Text:
    inside = function.listed(node.args)
    name = _BUILTIN[node.op] if node.op in _BUILTIN else f"{function.writer.namespace('math')}.{node.op}"
    return Text(f"{name}({inside})")


def _array_call(function: _Function, node: Expr) -> Text:
    inside = function.listed(node.args)
    name = f"logical_{node.op}" if node.op in CONDITIONS else node.op
    return Text(f"{function.writer.namespace(function.writer.arrays)}.{name}({inside})")


def _compiled_call(function: _Function, node: Expr) -> Text:
    """Functions of constants are Python's own: computed once, in double precision."""
    return (_plain_call if function.constant(node) else _array_call)(function, node)


def _quotient(function: _Function, node: Expr) -> Text:
    function.writer.called.add("quotient")
    return Text(f"quotient({function.listed(node.args)})")


def _float(function: _Function, node: Expr) -> Text:
    """A whole number as a float."""
    text = function.text(node.args[0])
    if function.constant(node):
        return Text(f"float({text})")
    return Text(
        f"{text}.astype(float)" if function.writer.flavour == "jax" else f"ops.cast({text}, keras.config.floatx())"
    )


def _search(function: _Function, node: Expr) -> Text:
    table, value = node.args[0], function.text(node.args[1])
    writer, borders = function.writer, ""
    if isinstance(table, Restarts):
        first, factor = function.text(table.first), function.text(table.factor)
        writer.imports.add("from itertools import accumulate")
        borders = writer.constant("restarts", f"list(accumulate({first} * {factor}**k for k in range({len(table)})))")
    else:
        borders = _list(table)
    if writer.arrays:
        return Text(f'{writer.namespace(writer.arrays)}.searchsorted({function.array(borders)}, {value}, side="right")')
    writer.imports.add("from bisect import bisect_right")
    return Text(f"bisect_right({borders}, {value})")


def _take(function: _Function, node: Expr) -> Text:
    writer = function.writer
    table, index = _table(writer, node.args[0]), function.text(node.args[1])
    if not writer.arrays:
        return Text(f"{table}[{index}]")
    integers = writer.flavour == "numpy" and all(float(value).is_integer() for value in node.args[0])
    array = f"np.array({table}, float)" if integers else function.array(table)
    return Text(f"{writer.namespace(writer.arrays)}.take({array}, {index})")


def _table(writer: Writer, values: tuple[Any, ...]) -> str:
    """The constant that holds a table of values.

    An argument has its own name; what was worked out from arguments is called levels.
    """
    own = [v.expr.args for v in values if isinstance(v, Named) and v.expr.op == "item"]
    whole = len(own) == len(values) and [item[1] for item in own] == list(range(len(own[0][2])))
    name, owner = (own[0][0], own[0][3]) if whole and len({(item[0], item[3]) for item in own}) == 1 else ("levels", "")
    return writer.constant(name, _list(map(float, values)), owner)


_Handler = Callable[[_Function, Expr], Text]
_EVERYWHERE: dict[str, _Handler] = {
    **dict.fromkeys([*BINARY, *COMPARISONS], _infix),
    "symbol": _symbol,
    "pi": _pi_or_e,
    "e": _pi_or_e,
    "name": _argument,
    "item": _item,
    "neg": _prefix,
    "searchsorted": _search,
    "take": _take,
    "float": _float,
    "quotient": _quotient,
}
_OVER_NUMBERS: dict[str, _Handler] = {
    **_EVERYWHERE,
    **dict.fromkeys(FUNCTIONS, _plain_call),
    "where": _conditional,
    "and": _infix,
    "or": _infix,
    "not": _prefix,
}
_OVER_ARRAYS: dict[str, _Handler] = _EVERYWHERE | dict.fromkeys([*FUNCTIONS, "where", "and", "or", "not"], _array_call)
_COMPILED: dict[str, _Handler] = _OVER_ARRAYS | dict.fromkeys(FUNCTIONS, _compiled_call)
_WRITE: dict[Flavour, dict[str, _Handler]] = {
    "math": _OVER_NUMBERS,
    "numpy": _OVER_ARRAYS,
    "jax": _COMPILED,
    "keras": _COMPILED,
}
"""Operation -> how it is written, over plain numbers and over the arrays of each framework."""


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _list(values: Any) -> str:
    return f"[{', '.join(number(int(v) if float(v).is_integer() else v) for v in values)}]"


def _is_where(value: Any) -> bool:
    return isinstance(value, Expr) and value.op == "where"


def _returned(tree: Any, uses: Counter[Expr]) -> set[Expr | None]:
    """The nodes that plain code returns in one of its cases: the tree, or the sides of a `where` in it."""
    found: set[Expr | None] = set()
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, Expr) and uses[node] <= 1 and depth < _DEEP:
            found.add(node)
            if node.op == "where":
                waiting += [(node.args[1], depth + 1), (node.args[2], depth)]
            elif node.op in BINARY and _is_where(node.args[1]):  # which is written in both of its sides
                waiting.append((node.args[1], depth))
    return found
