"""How the arguments of one member of a family follow from those of another.

The source's arguments are equations over the family's symbols. They are solved for the symbols, and the solutions are
put into the target's expressions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from lrlab.families.base import Family, Member, is_text


@dataclass(frozen=True)
class Translation:
    """The arguments of the target, written in terms of the source's arguments, and where the two curves are equal."""

    arguments: dict[str, str]
    """The target's arguments as text; `base_lr` is among them where the target reads it."""
    conditions: tuple[str, ...]
    """The equations that the source's arguments must fulfil, as text; without them the curves are not equal."""
    first: str
    """The first tick of the source at which both curves are equal, as text."""
    last: str
    """The last such tick of the source, as text; the empty text where the curves stay equal for ever."""
    later: int
    """How many ticks the target is behind the source."""
    left: tuple[str, ...]
    """Symbols of the family that do not follow from the source's arguments, so that the target's text contains them."""


def translate(family: Family, source: Member, target: Member) -> Translation | None:
    """How the target's native arguments follow from the source's.

    None where one of them has another shape than the family, or where one cannot do what the other does.
    """
    if source.arguments is None or target.arguments is None:
        return None
    here, there = (replace(member, given=source.given | target.given) for member in (source, target))
    try:
        reads_base, wants_base = (not family.schedule(member).own_rate for member in (here, there))
    except ValueError:
        return None
    equations = dict(_equations(source.arguments))
    if reads_base:
        equations["base_lr"] = _read("peak")
    texts = {value: name for name, value in source.arguments.items() if is_text(value) and "lambda" in value}
    known, used = _solved(equations, source.given)
    plain = _Writer({}, known, {})
    write = _Writer(
        {ast.dump(tree): name for name, tree in equations.items() if not isinstance(tree, ast.Constant)}, known, texts
    )
    wanted = {"base_lr": "peak", **target.arguments} if wants_base else target.arguments
    conditions = [(name, plain(tree)) for name, tree in equations.items() if name not in used]
    conditions += [
        (name, write(value)) for name, value in source.arguments.items() if isinstance(value, bool) or is_text(value)
    ]
    conditions += [
        (write(symbol), f"{number:g}") for symbol, number in target.given.items() if symbol not in source.given
    ]
    first = max(here.first, there.first, key=lambda text: family.value(text, there))
    last = min(here.last or family.last, there.last or family.last, key=lambda text: family.value(text, there))
    return Translation(
        arguments={name: write(value) for name, value in wanted.items()},
        conditions=tuple(f"{a} = {b}" for a, b in conditions if a != b),
        first=write(_moved(first, source.shift)),
        last="" if family.for_ever and last == family.last else write(_moved(last, source.shift)),
        later=target.shift - source.shift,
        left=tuple(sorted(write.left | plain.left)),
    )


def _moved(text: str, ticks: int) -> ast.expr:
    """The expression for a tick that is so many ticks later."""
    return ast.BinOp(_read(text), ast.Add() if ticks > 0 else ast.Sub(), ast.Constant(abs(ticks)))


def _read(text: str) -> ast.expr:
    """The tree of an expression."""
    return ast.parse(text, mode="eval").body


def _equations(value: Any, path: str = "") -> Iterator[tuple[str, ast.expr]]:
    """Each expression in a member's arguments, with the path by which a reader would write that argument."""
    match value:
        case dict():
            for name, item in value.items():
                if name != "kind":
                    yield from _equations(item, f"{path}.{name}" if path else name)
        case list():
            for i, item in enumerate(value):
                yield from _equations(item, f"{path}[{i}]")
        case str() | int() | float() if not is_text(value) and not isinstance(value, bool):
            yield path, _read(str(value))
        case tuple():
            for i, (tick, number) in enumerate(value):
                yield f"{path}.keys[{i}]", _read(tick)
                yield f"{path}.values[{i}]", _read(number)


def _solved(equations: dict[str, ast.expr], given: dict[str, float]) -> tuple[dict[str, ast.expr], set[str]]:
    """Solves the equations: each symbol that follows from them, written with the equations' names; and the names of
    the equations that were used up for that.
    """
    known: dict[str, ast.expr] = {symbol: ast.Constant(number) for symbol, number in given.items()}
    used: set[str] = set()
    while True:
        for name, tree in equations.items():
            unknown = _symbols(tree) - set(known)
            if name not in used and len(unknown) == 1:
                symbol = unknown.pop()
                solution = _isolate(tree, symbol, ast.Name(name))
                if solution is not None:
                    known[symbol] = _Writer({}, known, {}).visit(solution)
                    used.add(name)
                    break
        else:
            return known, used


def _symbols(tree: ast.expr) -> set[str]:
    """The names in an expression that are not the names of functions."""
    called = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in called}


def _isolate(tree: ast.expr, symbol: str, result: ast.expr) -> ast.expr | None:
    """Solves `tree = result` for the symbol.

    None where the tree contains the symbol twice, or inside an operation that `_undo` does not know.
    """
    match tree:
        case ast.Name():
            return result
        case ast.BinOp(left, op, right) if (symbol in _symbols(left)) != (symbol in _symbols(right)):
            inside = symbol in _symbols(left)
            undone = _undo(op, left, right, result, inside=inside)
            return None if undone is None else _isolate(left if inside else right, symbol, undone)
    return None


def _undo(op: ast.operator, left: ast.expr, right: ast.expr, result: ast.expr, *, inside: bool) -> ast.expr | None:
    """Solves `left op right = result` for the left side if `inside` is true, else for the right side."""
    match op, inside:
        case ast.Add(), _:
            return ast.BinOp(result, ast.Sub(), right if inside else left)
        case ast.Sub(), True:
            return ast.BinOp(result, ast.Add(), right)
        case ast.Mult(), _:
            return ast.BinOp(result, ast.Div(), right if inside else left)
        case ast.Div(), True:
            return ast.BinOp(result, ast.Mult(), right)
        case ((ast.Sub() | ast.Div()), False):
            return ast.BinOp(left, op, result)
    return None


class _Writer(ast.NodeTransformer):
    """Writes an argument of the target as a reader would write it.

    A part that is equal to one of the source's arguments gets that argument's name (`names` has them by the dump of
    their trees), a symbol is replaced by its solution (`known`), text gets the name of the argument that holds it
    (`texts`), and a 0 or 1 that changes nothing is left out. `left` collects the symbols that have no solution.
    """

    def __init__(self, names: dict[str, str], known: dict[str, ast.expr], texts: dict[str, str]) -> None:
        self.names, self.known, self.texts = names, known, texts
        self.left: set[str] = set()

    def __call__(self, value: Any) -> str:
        """The text of an argument as a class gives it, or of the tree of an expression."""
        match value:
            case ast.expr():
                return ast.unparse(self.visit(value))
            case bool():
                return str(value).lower()
            case list():
                return _list([self(item) for item in value])
            case tuple():
                return "{" + ", ".join(f"{self(tick)}: {self(number)}" for tick, number in value) + "}"
            case dict():
                inner = ", ".join(f"{name}={self(item)}" for name, item in value.items() if name != "kind")
                return f"{value.get('kind', '').rpartition('.')[2]}({inner})"
        return self.texts.get(value, value) if is_text(value) else self(_read(str(value)))

    def visit(self, node: ast.AST) -> Any:
        """The node with the solutions in place of the symbols."""
        name = self.names.get(ast.dump(node))
        match node:
            case _ if name is not None:
                return ast.Name(name)
            case ast.Name(id=symbol):
                self.left |= {symbol} - set(self.known)
                return self.known.get(symbol, node)
            case ast.BinOp(left, op, right):
                return _tidy(op, self.visit(left), self.visit(right))
            case ast.Call(func, args):
                return ast.Call(func, [self.visit(argument) for argument in args], [])
        return self.generic_visit(node)


def _tidy(op: ast.operator, left: ast.expr, right: ast.expr) -> ast.expr:
    """The operation, made simpler where it changes nothing or undoes the one before it."""
    match left, op, right:
        case ast.Constant(int(a)), ast.Add() | ast.Sub(), ast.Constant(int(b)):
            return ast.Constant(a + b if isinstance(op, ast.Add) else a - b)
        case (kept, ast.Add() | ast.Sub(), ast.Constant(0)) | (ast.Constant(0), ast.Add(), kept):
            return kept
        case (kept, ast.Mult() | ast.Div() | ast.Pow(), ast.Constant(1)) | (ast.Constant(1), ast.Mult(), kept):
            return kept
        case (ast.Constant(0), ast.Mult() | ast.Div(), _) | (_, ast.Mult(), ast.Constant(0)):
            return ast.Constant(0)
        case (ast.BinOp(kept, ast.Sub(), one), ast.Add(), other) | (
            ast.BinOp(kept, ast.Add(), one),
            ast.Sub(),
            other,
        ) if ast.dump(one) == ast.dump(other):
            return kept
    return ast.BinOp(left, op, right)


def _list(items: list[str]) -> str:
    """The items in brackets; only the name of a list where they are all of its items in order."""
    name = items[0].partition("[")[0] if items else ""
    return name if items == [f"{name}[{i}]" for i in range(len(items))] else f"[{', '.join(items)}]"
