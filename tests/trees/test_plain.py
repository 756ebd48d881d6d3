"""Where plain Python raises, numpy's answer is not taken: the first such tick is found; values before are Python's."""

from __future__ import annotations

import ast
import math
import operator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_any_expression import expressions

from lrlab.trees.bounds import bounds
from lrlab.trees.ends import BUDGET, PIECE, ends
from lrlab.trees.parse import parse

TICKS = 40
EXACT = 2**53
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
}  # fmt: skip
MATH = {name: getattr(math, name) for name in ("sin", "cos", "tan", "tanh", "exp", "log", "log2", "log10", "sqrt",
"floor", "ceil", "trunc", "fabs", "pi", "e")}  # fmt: skip


class BeyondTheOracle(Exception):  # noqa: N818 (no error)
    """Whole numbers that a float does not hold, of which lrlab knows only whether they are too large."""


class Watched(ast.NodeTransformer):
    """Python's own arithmetic, but for whole numbers so large that floats differ from them."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = ast.Constant(type(node.op).__name__)
        return ast.Call(ast.Name("operate", ast.Load()), [name, node.left, node.right], [])


def operate(name: str, a: Any, b: Any) -> Any:
    whole = isinstance(a, int) and isinstance(b, int)
    if name == "Pow" and whole and b > 0 and abs(a) > 1 and b * math.log2(abs(a)) > 53:
        raise BeyondTheOracle
    found = OPERATORS[getattr(ast, name)](a, b)
    if isinstance(found, int) and abs(found) > EXACT:
        raise BeyondTheOracle
    return found


def power(a: Any, b: Any) -> Any:
    return operate("Pow", a, b)


NAMES = MATH | {
    "math": SimpleNamespace(**vars(math), abs=abs), "np": np, "operate": operate, "pow": power, "where": np.where,
    "clip": np.clip, "maximum": np.maximum,
}  # fmt: skip


def by_python(text: str, epoch: int) -> float | None:
    """What Python comes to; None where it raises, or leaves the real numbers."""
    tree = ast.fix_missing_locations(Watched().visit(ast.parse(text, mode="eval")))
    try:
        with np.errstate(all="ignore"):
            value = eval(compile(tree, "text", "eval"), NAMES | {"epoch": epoch})  # noqa: S307 (the oracle)
            return None if isinstance(value, complex) else float(value)
    except (ArithmeticError, ValueError):
        return None


def of_numpy(text: str) -> bool:
    """Whether numpy's own numbers take part, which are arrays or integers of 64 bits here and there."""
    return any(name in text for name in ("np.", "where", "clip", "maximum"))


@settings(max_examples=300)
@given(text=expressions.map(lambda text: text.format("epoch", "epoch")))
def test_the_first_tick_at_which_python_raises_is_found_and_before_it_the_value_is_python_s(text: str) -> None:
    assume(not of_numpy(text))
    parsed = parse(text, "epoch")
    found = ends(parsed, 0, TICKS)
    values = np.broadcast_to(parsed(np, np.arange(float(TICKS))), TICKS)
    for epoch in range(TICKS):
        try:
            want = by_python(text, epoch)
        except BeyondTheOracle:
            return
        if want is not None and not math.isfinite(want):
            assert found.raises > epoch, f"{text} at {epoch}"
            return
        assert (want is None) == (epoch == found.raises), f"{text} at {epoch}: {want}, {found}"
        if want is None:
            return
        assert found.breaks > epoch
        assert values[epoch] == pytest.approx(want, rel=1e-9, abs=1e-9), f"{text} at {epoch}"


@pytest.mark.parametrize(
    ("text", "tick"),
    [
        ("1 / (50 - epoch)", 50),
        ("epoch % (50 - epoch)", 50),
        ("epoch // (50 - epoch)", 50),
        ("1 / (epoch % 70 - 69)", 69),
        ("2 ** epoch", 1024),  # a whole number that no float holds
        ("2.0 ** epoch", 1024),
        ("1 / 2.0 ** epoch", 1024),
        ("1 / 2 ** epoch", math.inf),  # whole numbers have no end, and 1 by a large one is 0
        ("0 ** (3 - epoch)", 4),
        ("(5 - epoch) ** 0.5", 6),
        ("math.sqrt(5 - epoch)", 6),
        ("sqrt(5 - epoch)", 6),
        ("math.log(5 - epoch)", 5),
        ("math.exp(epoch)", 710),
        ("math.floor(1e308 * (epoch + 1))", 1),
        ("sin(1e308 * (epoch + 1))", 1),
        ("1 if epoch < 7 else 1 / 0", 7),
        ("1 if epoch >= 0 else 1 / 0", math.inf),
        ("epoch and 1 / epoch or 1", math.inf),
        ("epoch > 0 and 1 / epoch > 0.5", math.inf),
        ("epoch < 5 or 1 / (epoch - 9)", 9),
        ("min(1, 1 / (8 - epoch))", 8),
        ("where(epoch > 8, 1, 1 / (8 - epoch))", 8),  # a call works out all that it is given
        ("1 / np.exp(-epoch) / (900 - epoch)", math.inf),  # numpy's numbers divide by zero
    ],
)
def test_each_way_to_raise(text: str, tick: float) -> None:
    found = ends(parse(text, "epoch"), 0, 2000)
    assert found.raises == tick


@pytest.mark.parametrize(
    ("text", "tick"),
    [
        ("1e308 * (epoch + 1)", 1),
        ("1e308 + 1e307 * epoch", 8),
        ("np.sqrt(5 - epoch)", 6),
        ("np.exp(epoch)", 710),
        ("np.exp(epoch * 0) / (5 - epoch)", 5),
        ("1e308 * epoch - 1e308 * epoch", 2),
    ],
)
def test_what_is_not_finite_without_raising_is_told_from_it(text: str, tick: float) -> None:
    found = ends(parse(text, "epoch"), 0, 2000)
    assert found.raises == math.inf
    assert found.breaks == tick


@pytest.mark.parametrize("run", [10**6, 10**9, 10**12])
@pytest.mark.parametrize(
    ("text", "tick"),
    [
        ("1 / (987654 - epoch)", 987_654),
        ("1 / (1 + 0.001 * epoch)", math.inf),
        ("0.999 ** epoch", math.inf),
        ("sqrt(765432 - epoch)", 765_433),
        ("exp(epoch / 1000)", 709_783),
        ("1 / (epoch % 123456 - 123455)", 123_455),
        ("0.5 * (1 + cos(pi * epoch / 1000))", math.inf),
    ],
)
def test_a_long_run_is_searched_as_exactly(text: str, tick: float, run: int) -> None:
    assert ends(parse(text, "epoch"), 0, run).raises == tick


def test_where_intervals_say_nothing_a_long_run_is_sampled_and_what_lasts_is_found_to_the_tick() -> None:
    text = "1 / 2 ** epoch + sqrt(sin(epoch) - sin(epoch) + 8e8 - epoch)"
    assert ends(parse(text, "epoch"), 0, 10**9).raises == 800_000_001


def test_a_longer_run_finds_what_a_shorter_one_found() -> None:
    parsed = parse("1 / (2 + sin(epoch) * epoch - epoch * sin(epoch)) / (200_000 - epoch)", "epoch")
    for run in (PIECE, 199_999, 200_001, 300_000, BUDGET):
        assert ends(parsed, 0, run).raises == (200_000 if run > 200_000 else math.inf)


@settings(max_examples=200)
@given(
    text=expressions.map(lambda text: text.format("epoch", "epoch")),
    begin=st.integers(0, 60),
    length=st.integers(1, 60),
)
def test_intervals_hold_every_value_and_promise_nothing_that_raises(text: str, begin: int, length: int) -> None:
    parsed = parse(text, "epoch")
    found = bounds(parsed.tree, {"epoch": (float(begin), float(begin + length))})
    if found is None:
        return
    values = np.broadcast_to(parsed(np, np.arange(begin, begin + length + 1.0)), length + 1)
    assert (values >= found[0]).all()
    assert (values <= found[1]).all()
    exact = ends(parsed, begin, begin + length + 1)
    assert exact.first == math.inf
