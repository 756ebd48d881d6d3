"""What a person writes where native code takes a callable: parsed to a whitelist, never evaluated by Python."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial, reduce
from typing import Any

import numpy as np

from lrlab.trees.evaluate import over
from lrlab.trees.tree import FUNCTIONS, Expr, nodes, spread, symbols

MAX_LENGTH = 1000
MAX_DEPTH = 50
MOST_WRITTEN = 20_000
"""Operations of an expression where what is used twice is written twice: the value of `a and b` is a, or b."""
MOST_PARTS = 300
"""Numbers, names and operations that an expression may have in a formula, each written wherever it is used."""
EXACT = 2**53
"""Up to here a float knows every whole number."""
QUOTED = 40  # characters of what a person wrote that a message repeats

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
}  # fmt: skip
_COMPARE: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_ALIASES = {"fabs": "abs", "int": "trunc", "float": "real", "power": "pow", "min": "minimum", "max": "maximum"}
_CALLS = FUNCTIONS | set(_ALIASES) | {"pow", "where", "clip"}
_ARITY = {"minimum": (2, 9), "maximum": (2, 9), "pow": (2, 2), "where": (3, 3), "clip": (3, 3)}
_ARRAYS = frozenset({"minimum", "maximum", "where", "clip", "power"})
"""Names that only numpy has."""


@dataclass(frozen=True, eq=False)
class Parsed:
    """A parsed expression: call it with an array namespace and its arguments.

    Its tree has the operations of `tree.OPERATIONS`; those of numpy, which give infinity or no number where Python's
    own raise, begin with `np.`.
    """

    names: tuple[str, ...]
    tree: Any

    def __call__(self, xp: Any, *values: Any) -> Any:
        """The value, of the shape of `values`; where it is not finite, so is the result (the engine refuses it)."""
        return over(self.tree, dict(zip(self.names, values, strict=True)), xp)

    @property
    def reads(self) -> frozenset[str]:
        """The names of the arguments that it really depends on."""
        return symbols(self.tree)

    @cached_property
    def no_formula(self) -> str:
        """Why nobody could read its formula; nothing where somebody could."""
        if spread(self.tree) > MOST_PARTS:
            return "The expression has too many parts for a formula that could be read."
        choices = [node for node in nodes(self.tree) if node.op.removeprefix("np.") == "where"]
        if any(inner.op.removeprefix("np.") == "where" for node in choices for inner in nodes(node.args[0])):
            return "A condition in the expression hangs on another condition, which no formula shows well."
        return ""


@lru_cache(maxsize=512)
def parse(text: str, *arguments: str) -> Parsed:
    """Parse `lambda a, b: ...` or a bare body over `arguments`; ValueError says what is not allowed and where."""
    if len(text) > MAX_LENGTH:
        msg = f"is longer than {MAX_LENGTH} characters"
        raise ValueError(msg)
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python thinks of "1if" is nothing to print
            body: ast.expr = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        msg = f"{_quote(text)} is not an expression"
        raise ValueError(msg) from None
    names = arguments
    if isinstance(body, ast.Lambda):
        names = tuple(a.arg for a in body.args.posonlyargs + body.args.args)
        if len(names) != len(arguments) or body.args.vararg or body.args.kwarg or body.args.kwonlyargs:
            msg = f"the lambda must take {len(arguments)} argument{'s' * (len(arguments) > 1)} ({', '.join(arguments)})"
            raise ValueError(msg)
        if given := body.args.defaults:
            where = f"(column {given[0].col_offset + 1})"
            msg = f"an argument of the lambda has a default {where}, which is not allowed: the scheduler gives them all"
            raise ValueError(msg)
        body = body.body
    _check(body, names, text.strip(), 0)
    tree = _Reader(names).number(body)
    if (written := spread(tree)) > MOST_WRITTEN:
        msg = f"would be {written:,} operations when each `and` and `or` is written out: at most {MOST_WRITTEN:,}"
        raise ValueError(msg)
    return Parsed(names, tree)


def read(text: str, arguments: tuple[str, ...]) -> Parsed:
    """The same where a lambda may take the first of the arguments alone."""
    for count in range(1, len(arguments)):
        if _takes(text) == count:
            return parse(text, *arguments[:count])
    return parse(text, *arguments)


def _takes(text: str) -> int:
    """How many arguments a lambda takes; 0 where the text is none."""
    head, colon, _ = text.partition(":")
    return head.count(",") + 1 if colon and head.strip().startswith("lambda") else 0


def _quote(text: str) -> str:
    return repr(text if len(text) <= QUOTED else text[: QUOTED - 3] + "...")


def _check(node: ast.expr, names: tuple[str, ...], text: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        msg = f"is nested deeper than {MAX_DEPTH} levels"
        raise ValueError(msg)
    children: list[ast.expr]
    match node:
        case ast.Constant(value=bool() | str() | bytes() | complex() | None):
            children = [_refuse(node, text)]
        case ast.Constant(value=int() | float() as value):
            children = []
            try:
                finite = np.isfinite(float(value))
            except OverflowError:
                finite = False
            if not finite:
                _refuse(node, text)
        case ast.Name(id=name) if name in names or name in ("pi", "e"):
            children = []
        case ast.Attribute(value=ast.Name(id="math" | "np" | "numpy"), attr="pi" | "e"):
            children = []
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            children = [left, right]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=operand):
            children = [operand]
        case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(op) in _COMPARE for op in ops):
            children = [left, *comparators]
        case ast.BoolOp(values=values):
            children = list(values)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            children = [test, body, orelse]
        case ast.Call(func=func, args=args, keywords=[]) if (called := _function(func)) is not None:
            least, most = _ARITY.get(called, (1, 1))
            if not least <= len(args) <= most:
                takes = f"{called} takes {least} argument{'s' * (least > 1)}"
                msg = f"{takes}, not {len(args)} (column {node.col_offset + 1})"
                raise ValueError(msg)
            children = list(args)
        case _:
            children = [_refuse(node, text)]
    for child in children:
        _check(child, names, text, depth + 1)


def _refuse(node: ast.expr, text: str) -> ast.expr:
    what = ast.get_source_segment(text, node) or text
    allowed = "numbers, arithmetic, comparisons, if-else and functions of math only"
    msg = f"{_quote(what)} is not allowed (column {node.col_offset + 1}): {allowed}"
    raise ValueError(msg)


def _function(func: ast.expr) -> str | None:
    """The function that is called, under the name that it has here; None where it is none that is known."""
    match func:
        case ast.Name(id=name) if name in _CALLS:
            return _ALIASES.get(name, name)
        case ast.Attribute(value=ast.Name(id="math" | "np" | "numpy"), attr=name) if name in _CALLS - {"int", "float"}:
            return _ALIASES.get(name, name)
    return None


def _of_numpy(func: ast.expr) -> bool:
    """Whether the function that is called is numpy's own."""
    match func:
        case ast.Attribute(value=ast.Name(id=module)):
            return module != "math"
        case ast.Name(id=name):
            return name in _ARRAYS
    return False


class _Reader:
    """Makes the tree of what was checked."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.known: dict[int, Any] = {}

    def number(self, node: ast.expr) -> Any:
        """A value; each part of the text is read once, also where it is used twice."""
        if id(node) not in self.known:
            self.known[id(node)] = self._number(node)
        return self.known[id(node)]

    def _number(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value if abs(value) <= EXACT else float(value)  # type: ignore[arg-type]
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return Expr("symbol", name) if name in self.names and isinstance(node, ast.Name) else Expr(name)
            case ast.BinOp(left=left, op=op, right=right):
                return Expr(_OPERATORS[type(op)], self.number(left), self.number(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Expr("neg", self.number(operand))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.number(operand)
            case ast.BoolOp(op=op, values=parts):
                return self._chosen("and" if isinstance(op, ast.And) else "or", parts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return Expr("where", self.condition(test), self.number(body), self.number(orelse))
            case ast.Call(func=func, args=args):
                return self._call(str(_function(func)), args, "np." * _of_numpy(func))
        return Expr("where", self.condition(node), 1, 0)

    def _chosen(self, op: str, parts: list[ast.expr]) -> Any:
        """The value of a chain of `and`, or of `or`: the last part that was looked at."""
        outcome, true = self.number(parts[0]), self.condition(parts[0])
        for part in parts[1:]:
            sides = (self.number(part), outcome) if op == "and" else (outcome, self.number(part))
            outcome = Expr("where", true, *sides)
            true = Expr(op, true, self.condition(part))
        return outcome

    def condition(self, node: ast.expr) -> Expr:
        """A condition, as a truth value and no number."""
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [self.number(side) for side in (left, *comparators)]
                pairs = zip(ops, sides, sides[1:], strict=False)
                return reduce(partial(Expr, "and"), [Expr(_COMPARE[type(op)], a, b) for op, a, b in pairs])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Expr("not", self.condition(operand))
            case ast.BoolOp(op=op, values=parts):
                name = "and" if isinstance(op, ast.And) else "or"
                return reduce(partial(Expr, name), [self.condition(part) for part in parts])
        return Expr("!=", self.number(node), 0)

    def _call(self, name: str, arguments: list[ast.expr], prefix: str) -> Any:
        if name == "where":
            return Expr("np.where", self.condition(arguments[0]), *map(self.number, arguments[1:]))
        args = list(map(self.number, arguments))
        match name:
            case "pow":
                return Expr(f"{prefix}**", *args)
            case "clip":
                return Expr("np.minimum", Expr("np.maximum", args[0], args[1]), args[2])
            case "minimum" | "maximum":
                return reduce(partial(Expr, f"{prefix}{name}"), args)
        return Expr(f"{prefix}{name}", *args)
