"""What the writer of Python gives, run: the value of the tree, in code whose size grows with that of the tree alone."""

from __future__ import annotations

import ast
import math
import textwrap
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrlab.trees.python import ARRAYS, Flavour, Writer, fits
from lrlab.trees.trace import named, symbol
from lrlab.trees.tree import BINARY, COMPARISONS, Expr, node_of, nodes

X = symbol("tick")
TERMS = 100
FLAVOURS: tuple[Flavour, ...] = ("math", *ARRAYS)


def source(writer: Writer, tree: Any, end: str = "return {}") -> str:
    """A function of tick as text, after what it imports and the constants that it names."""
    lines = "\n".join(writer.body(tree).ending(end))
    constants = [f"{name} = {text}" for name, text in writer.constants.items()]
    return "\n".join([*sorted(writer.imports), *constants, "def rate(tick):", textwrap.indent(lines, "    ")])


def run(code: str) -> Callable[[Any], Any]:
    """The function `rate` that code defines."""
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 (what was written is to be run)
    return names["rate"]  # type: ignore[no-any-return]


def value(tree: Any, tick: float) -> Any:
    """What a tree comes to over plain numbers: of a `where` the side that is chosen, of `and` and `or` as far as
    needed, each node once. It raises where Python raises.
    """
    known: dict[Expr, Any] = {}

    def go(operand: Any) -> Any:
        node = node_of(operand)
        if node is None:
            return operand
        if node not in known:
            known[node] = computed(node.op, node.args)
        return known[node]

    def computed(op: str, args: tuple[Any, ...]) -> Any:
        match op:
            case "symbol":
                return tick
            case "where":
                return go(args[1]) if go(args[0]) else go(args[2])
            case "and":
                return go(args[0]) and go(args[1])
            case "or":
                return go(args[0]) or go(args[1])
            case "not":
                return not go(args[0])
            case "neg":
                return -go(args[0])
            case "minimum" | "maximum":
                return {"minimum": min, "maximum": max}[op](*map(go, args))
            case "log":
                return math.log(go(args[0]))
        return (BINARY | COMPARISONS)[op](*map(go, args))

    return go(tree)


def outcome(function: Callable[[float], Any], tick: float) -> Any:
    """What a function gives, or that it raises."""
    try:
        return function(tick)
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        return type(error)


def chosen(draw: Callable[[Any], Any], pool: list[Any]) -> Any:
    """An operand, more often of the last ones than of the first."""
    return pool[-1 - min(draw(st.integers(0, len(pool) - 1)), draw(st.integers(0, len(pool) - 1)))]


@st.composite
def trees(draw: Any) -> Any:
    """A tree whose nodes are used again and again, with divisions and logarithms that raise at some ticks."""
    numbers: list[Any] = [2.0, 3.0, X, Expr("/", 1.0, Expr("-", X, 3.0)), Expr("log", Expr("-", X, 1.0))]
    conditions: list[Any] = [Expr("<", X, 4.0), Expr("==", X, 3.0)]
    for _ in range(draw(st.integers(1, 25))):
        op = draw(
            st.sampled_from(["where", "and", "or", "not", "<", "!=", "+", "-", "*", "/", "minimum", "neg", "log"])
        )
        one, two = chosen(draw, numbers), chosen(draw, numbers)
        if op in {"and", "or", "not"}:
            conditions.append(Expr(op, *[chosen(draw, conditions) for _ in range(1 + (op != "not"))]))
        elif op in {"<", "!="}:
            conditions.append(Expr(op, one, two))
        elif op == "where":
            numbers.append(Expr(op, chosen(draw, conditions), one, two))
        else:
            numbers.append(Expr(op, one, two) if op not in {"neg", "log"} else Expr(op, one))
    return next(node for node in reversed(numbers) if isinstance(node, Expr))


@given(tree=trees())
def test_plain_code_gives_what_the_tree_gives_and_raises_where_it_raises(tree: Any) -> None:
    rate = run(source(Writer("math"), tree))
    for tick in range(7):
        got, want = outcome(rate, tick), outcome(lambda tick: value(tree, tick), tick)
        assert got == want or got == pytest.approx(want, rel=1e-12, nan_ok=True), f"at {tick}"


@given(tree=trees())
def test_the_value_can_be_assigned_as_well_as_returned(tree: Any) -> None:
    returned, assigned = source(Writer("math"), tree), source(Writer("math"), tree, "found = {}") + "\n    return found"
    one, other = run(returned), run(assigned)
    for tick in range(7):
        assert repr(outcome(one, tick)) == repr(outcome(other, tick)), f"at {tick}"


@given(tree=trees())
def test_code_over_arrays_gives_what_the_tree_gives_where_that_is_defined(tree: Any) -> None:
    ticks = np.arange(7.0)
    with np.errstate(all="ignore"):
        got = np.broadcast_to(run(source(Writer("numpy"), tree))(ticks), ticks.shape)
    for tick, rate in zip(ticks.tolist(), got.tolist(), strict=True):
        want = outcome(lambda tick: value(tree, tick), tick)
        assert isinstance(want, type) or rate == pytest.approx(want, rel=1e-12, nan_ok=True), f"at {tick}"


@pytest.mark.parametrize("flavour", FLAVOURS)
@given(tree=trees())
def test_a_name_stands_for_one_value(flavour: Flavour, tree: Any) -> None:
    assert_one_value_a_name(source(Writer(flavour), tree))


def assert_one_value_a_name(code: str) -> None:
    names = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)]
    bound = [name.id for name in names if isinstance(name.ctx, ast.Store)]
    assert len(bound) == len(set(bound)), f"{bound}: a name was given twice"
    unused = {name for name in bound if name.startswith("v")} - {
        name.id for name in names if isinstance(name.ctx, ast.Load)
    }
    assert not unused, f"{unused}: computed for nothing"


def test_cases_that_have_long_parts_name_them_differently() -> None:
    def case(number: float) -> Any:
        part = Expr("cos", Expr("/", Expr("-", X, named("the_long_name_of_an_argument", number)), 7.0))
        return Expr("*", Expr("sin", Expr("*", X, 0.123456789)), Expr("+", Expr("*", part, 1.23456789), 0.987654321))

    code = source(Writer("math"), Expr("where", Expr("<", X, 2.0), case(1.0), case(2.0)))
    assert code.count(" = ") > 2
    assert_one_value_a_name(code)


def test_a_long_constant_in_a_case_is_computed_once_and_used() -> None:
    constant = named("a_long_name_of_an_argument", 1.0) * named("another_long_name", 2.0) - 3.0
    code = source(Writer("numpy"), Expr("where", Expr("<", X, 2.0), constant, X))
    assert_one_value_a_name(code)
    assert run(code)(np.arange(4.0)).tolist() == [-1.0, -1.0, 2.0, 3.0]


def disjunction(part: Callable[[], Any]) -> Any:
    """`part or part or ...` as numbers."""
    tree = part()
    for _ in range(TERMS):
        tree = Expr("where", Expr("!=", tree, 0.0), tree, part())
    return tree


def conjunction(part: Callable[[], Any]) -> Any:
    """`part and part and ...` as numbers."""
    tree = part()
    for _ in range(TERMS):
        tree = Expr("where", Expr("!=", tree, 0.0), part(), tree)
    return tree


def conditional(part: Callable[[], Any]) -> Any:
    """Conditionals in the first side of conditionals."""
    tree = part()
    for i in range(TERMS):
        tree = Expr("where", Expr("<", X, float(i)), tree, part())
    return tree


def smallest(part: Callable[[], Any]) -> Any:
    """`min(part, min(part, ...))`."""
    tree = part()
    for _ in range(2 * TERMS):
        tree = Expr("minimum", part(), tree)
    return tree


def logical(part: Callable[[], Any]) -> Any:
    """A long condition."""
    tree = Expr("<", part(), 3.0)
    for i in range(2 * TERMS):
        tree = Expr("and" if i % 3 else "or", tree, Expr("<", part(), float(i)))
    return Expr("where", tree, 1.0, 2.0)


def again(part: Callable[[], Any]) -> Any:
    """Each value four times in the next, but only in the sides of conditionals."""
    tree = part()
    for i in range(TERMS):
        one = Expr("where", Expr("<", X, float(i)), Expr("/", 1.0, Expr("+", tree, 3.3)), tree)
        tree = Expr("+", one, Expr("where", Expr("<", X, 2.0 * i), tree, Expr("log", Expr("abs", tree))))
    return tree


@pytest.mark.parametrize("flavour", ["math", "numpy", "keras"])
@pytest.mark.parametrize("inside", ["whole", "in a side", "in a function"])
@pytest.mark.parametrize("part", [lambda: X, lambda: Expr("/", 1.0, Expr("-", X, 5.5))], ids=["safe", "unsafe"])
@pytest.mark.parametrize("shape", [disjunction, conjunction, conditional, smallest, logical, again])
def test_code_grows_with_the_nodes_and_not_with_the_ways_to_them(
    shape: Callable[..., Any], part: Callable[[], Any], inside: str, flavour: Flavour
) -> None:
    tree = shape(part)
    if inside == "in a side":
        tree = Expr("where", Expr("<", X, 7.0), 2.0, tree)
    if inside == "in a function":
        tree = Expr("sin", Expr("where", Expr("<", X, 7.0), 2.0, tree))
    start = time.process_time()
    code = source(Writer(flavour), tree)
    assert time.process_time() - start < 1
    assert len(code) < 200 + 90 * len(nodes(tree))
    compile(code, "<written>", "exec")  # not nested deeper than Python reads


@pytest.mark.parametrize("shape", [disjunction, conjunction, conditional, logical])
@pytest.mark.parametrize("part", [lambda: X, lambda: Expr("/", 1.0, Expr("-", X, 5.5))], ids=["safe", "unsafe"])
def test_large_trees_come_to_their_value(shape: Callable[..., Any], part: Callable[[], Any]) -> None:
    tree = Expr("*", 2.0, Expr("where", Expr("<", X, 7.0), Expr("sqrt", 4.0), shape(part)))
    rate, over_arrays = run(source(Writer("math"), tree)), run(source(Writer("numpy"), tree))
    for tick in (8.0, 50.0, 120.0):
        want = value(Expr("*", 2.0, shape(part)), tick)
        assert rate(tick) == pytest.approx(want, rel=1e-12)
        assert over_arrays(np.float64(tick)) == pytest.approx(want, rel=1e-12)


def test_what_is_needed_in_some_cases_alone_is_computed_once_and_only_there() -> None:
    part = Expr("/", 1.0, Expr("-", X, 5.0))
    for _ in range(40):
        part = Expr("+", part, Expr("*", part, 1e-3))
    tree = Expr(
        "+",
        Expr("where", Expr("<", X, 5.0), part, 0.0),
        Expr("where", Expr("<", X, 3.0), Expr("*", part, 2.0), Expr("where", Expr("==", X, 5.0), 7.0, part)),
    )
    rate = run(source(Writer("math"), tree))
    for tick in range(9):
        assert rate(float(tick)) == pytest.approx(value(tree, float(tick)), rel=1e-12)  # no division by zero at 5


A, B, C = (Expr("<", X, 3.0), Expr(">", X, 1.0), Expr("==", X, 5.0))


@pytest.mark.parametrize(
    ("tree", "plain", "arrays"),
    [
        (Expr("and", A, B), "tick < 3.0 and tick > 1.0", "np.logical_and(tick < 3.0, tick > 1.0)"),
        (Expr("or", A, B), "tick < 3.0 or tick > 1.0", "np.logical_or(tick < 3.0, tick > 1.0)"),
        (Expr("not", A), "not tick < 3.0", "np.logical_not(tick < 3.0)"),
        (
            Expr("and", Expr("or", A, B), C),
            "(tick < 3.0 or tick > 1.0) and tick == 5.0",
            "np.logical_and(np.logical_or(tick < 3.0, tick > 1.0), tick == 5.0)",
        ),
        (
            Expr("or", Expr("and", A, B), C),
            "tick < 3.0 and tick > 1.0 or tick == 5.0",
            "np.logical_or(np.logical_and(tick < 3.0, tick > 1.0), tick == 5.0)",
        ),
        (
            Expr("not", Expr("and", A, Expr("not", B))),
            "not (tick < 3.0 and not tick > 1.0)",
            "np.logical_not(np.logical_and(tick < 3.0, np.logical_not(tick > 1.0)))",
        ),
    ],
)
def test_conditions_are_written_as_python_and_as_arrays_have_them(tree: Any, plain: str, arrays: str) -> None:
    assert Writer("math").text(tree) == plain
    assert Writer("math").text(Expr("where", tree, 1.0, 2.0)) == f"1.0 if {plain} else 2.0"
    for flavour, (name, _) in ARRAYS.items():
        assert Writer(flavour).text(tree) == arrays.replace("np.", f"{name}.")


@pytest.mark.parametrize("flavour", ["math", "numpy"])
@pytest.mark.parametrize("constant", [math.nan, math.inf, -math.inf, np.float64("inf"), named("limit", math.inf)])
def test_a_constant_that_is_not_finite_is_written_so_that_it_can_be_read(flavour: Flavour, constant: float) -> None:
    rate = run(
        source(Writer(flavour), Expr("minimum", Expr("*", X, 2.0), Expr("where", Expr("<", X, 9.0), constant, X)))
    )
    got = float(rate(np.float64(3.0)))
    want = np.minimum(6.0, float(constant))
    assert got == want or (math.isnan(want) and (flavour == "math" or math.isnan(got)))
    assert math.isclose(run(source(Writer(flavour), Expr("-", constant, X)))(1.0), float(constant)) or math.isnan(
        constant
    )


def test_a_table_of_whole_numbers_is_one_of_floats() -> None:
    tree = Expr("take", (1.0, 1.0), Expr("searchsorted", (3.0,), X))
    assert run(source(Writer("numpy"), tree))(np.arange(5.0)).dtype == np.float64


def test_what_is_too_long_for_a_lambda_is_a_function() -> None:
    writer, long = Writer("math"), disjunction(lambda: Expr("-", X, 5.0))
    assert writer.function(("tick",), Expr("*", X, 2.0), "lr_lambda") == "lambda tick: tick * 2.0"
    assert not fits(long)
    name = writer.function(("tick",), long, "lr_lambda")
    assert writer.function(("tick",), long, "lr_lambda") == name
    other = writer.function(("tick",), Expr("neg", long), "lr_lambda")
    assert other != name
    names: dict[str, Any] = {}
    exec("\n".join([*writer.imports, *writer.functions.values()]), names)  # noqa: S102 (what was written is to be run)
    assert [names[name](tick) for tick in (3, 5, 7)] == [-2.0, 0.0, 2.0]
    assert [names[other](tick) for tick in (3, 5, 7)] == [2.0, 0.0, -2.0]
