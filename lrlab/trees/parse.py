"""What a person writes where native code takes a callable: parsed to a whitelist, never evaluated by Python."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lrlab.trees.trace import BINARY, FUNCTIONS

MAX_LENGTH = 1000
MAX_DEPTH = 50
QUOTED = 40  # characters of what a person wrote that a message repeats

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
}  # fmt: skip
_COMPARE: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}
_ALIASES = {"fabs": "abs", "int": "trunc", "power": "pow", "min": "minimum", "max": "maximum"}
_CALLS = FUNCTIONS | set(_ALIASES) | {"float", "pow", "where", "clip"}
_ARITY = {"minimum": (2, 9), "maximum": (2, 9), "pow": (2, 2), "where": (3, 3), "clip": (3, 3)}


@dataclass(frozen=True)
class Parsed:
    """A parsed expression: call it with an array namespace and its arguments."""

    names: tuple[str, ...]
    body: ast.expr

    def __call__(self, xp: Any, *values: Any) -> Any:
        """The value, of the shape of `values`; where it is not finite, so is the result (the engine refuses it)."""
        with np.errstate(all="ignore"):
            return _evaluate(self.body, dict(zip(self.names, values, strict=True)), xp)


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
        body = body.body
    _check(body, names, text.strip(), 0)
    return Parsed(names, body)


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
                msg = f"{called} takes {least} argument{'s' * (least > 1)}, not {len(args)} (column {node.col_offset + 1})"
                raise ValueError(msg)
            children = list(args)
        case _:
            children = [_refuse(node, text)]
    for child in children:
        _check(child, names, text, depth + 1)


def _refuse(node: ast.expr, text: str) -> ast.expr:
    what = ast.get_source_segment(text, node) or text
    msg = f"{_quote(what)} is not allowed (column {node.col_offset + 1}): numbers, arithmetic, comparisons, if-else and functions of math only"
    raise ValueError(msg)


def _function(func: ast.expr) -> str | None:
    match func:
        case ast.Name(id=name) if name in _CALLS:
            return _ALIASES.get(name, name)
        case ast.Attribute(value=ast.Name(id="math" | "np" | "numpy"), attr=name) if name in _CALLS - {"int", "float"}:
            return _ALIASES.get(name, name)
    return None


def _evaluate(node: ast.expr, values: dict[str, Any], xp: Any) -> Any:
    def go(child: ast.expr) -> Any:
        return _evaluate(child, values, xp)

    match node:
        case ast.Constant(value=value):
            return np.float64(value) if xp is np else float(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return values[name] if name in values else getattr(xp, name)
        case ast.Attribute(attr=name):
            return getattr(xp, name)
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(_OPERATORS[type(op)], go(left), go(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -go(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return go(operand)
        case ast.UnaryOp() | ast.Compare():
            return xp.where(_holds(node, values, xp), 1.0, 0.0)
        case ast.BoolOp(op=op, values=parts):
            outcome = go(parts[0])
            for part in parts[1:]:
                this, other = (go(part), outcome) if isinstance(op, ast.And) else (outcome, go(part))
                outcome = xp.where(outcome != 0, this, other)
            return outcome
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return xp.where(_holds(test, values, xp), go(body), go(orelse))
        case ast.Call(func=func, args=args):
            return _call(_function(func), [go(a) for a in args], xp)
    raise AssertionError(node)  # pragma: no cover (parse let nothing else through)


def _holds(node: ast.expr, values: dict[str, Any], xp: Any) -> Any:
    """A condition, as a truth value and no number."""
    match node:
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [_evaluate(side, values, xp) for side in (left, *comparators)]
            outcome = _COMPARE[type(ops[0])](sides[0], sides[1])
            for op, a, b in zip(ops[1:], sides[1:], sides[2:], strict=False):
                outcome = xp.where(outcome, _COMPARE[type(op)](a, b), False)  # noqa: FBT003 (numpy's own signature)
            return outcome
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return xp.where(_holds(operand, values, xp), False, True)  # noqa: FBT003 (likewise)
        case ast.BoolOp(op=op, values=[first, *rest]):
            outcome = _holds(first, values, xp)
            for part in rest:
                this, other = (
                    (_holds(part, values, xp), False) if isinstance(op, ast.And) else (True, _holds(part, values, xp))
                )
                outcome = xp.where(outcome, this, other)
            return outcome
    return _evaluate(node, values, xp) != 0


def _binary(op: str, left: Any, right: Any) -> Any:
    try:
        return BINARY[op](left, right)
    except (OverflowError, ZeroDivisionError):  # plain floats while tracing; arrays give inf or nan by themselves
        return float("nan")


def _call(name: str | None, args: list[Any], xp: Any) -> Any:
    match name:
        case "float":
            return args[0]
        case "pow":
            return _binary("**", *args)
        case "where":
            return xp.where(args[0] != 0, args[1], args[2])
        case "clip":
            return xp.minimum(xp.maximum(args[0], args[1]), args[2])
        case "minimum" | "maximum":
            outcome = args[0]
            for other in args[1:]:
                outcome = getattr(xp, name)(outcome, other)
            return outcome
    return getattr(xp, str(name))(*args)
