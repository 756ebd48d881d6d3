"""Expressions: what is allowed means what it means in Python, everything else is refused and nothing is run."""

from __future__ import annotations

import math
import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrlab.trees.parse import parse
from lrlab.trees.trace import TRACE, symbol
from lrlab.trees.tree import nodes

EPOCHS = np.arange(13.0)
MATH = ("sin", "cos", "tan", "tanh", "exp", "log", "log2", "log10", "sqrt", "floor", "ceil")
PYTHON = {
    "math": math, "np": np, "pi": math.pi, "e": math.e, "power": pow, "fabs": abs, "trunc": math.trunc, "minimum": min,
    "maximum": max, "where": lambda c, a, b: a if c else b, "clip": lambda x, low, high: min(max(x, low), high),
    **{name: getattr(math, name) for name in MATH},
}  # fmt: skip

atoms = st.sampled_from(
    ["epoch", "epoch", "epoch", "0", "1", "2", "3", "7", "0.5", "0.95", "10", "1e-3", "pi", "math.pi", "np.e"]
)


def numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    condition = conditions(inner)
    return st.one_of(
        st.builds("({0[0]} {1} {0[1]})".format, pair, st.sampled_from(["+", "-", "*", "/", "//", "%"])),
        st.builds("({} ** {})".format, inner, st.sampled_from(["2", "0.5", "-1", "3"])),
        st.builds("({} ** epoch)".format, st.sampled_from(["0.9", "2", "1.1", "(-0.5)"])),
        st.builds("({}{})".format, st.sampled_from("+-"), inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(
                ["sin", "math.cos", "tanh", "np.tanh", "floor", "math.ceil", "abs", "int", "float", "fabs", "trunc"]
            ),
            inner,
        ),
        st.builds("{}(abs({}))".format, st.sampled_from(["sqrt", "math.sqrt"]), inner),
        st.builds("math.{}(abs({}) + 1)".format, st.sampled_from(["log", "log2", "log10"]), inner),
        st.builds("exp(-abs({}))".format, inner),
        st.builds("{0}({1[0]}, {1[1]})".format, st.sampled_from(["min", "max", "minimum", "maximum"]), pair),
        st.builds("max({}, {}, {})".format, inner, inner, inner),
        st.builds("pow({}, 2)".format, inner),
        st.builds("({} if {} else {})".format, inner, condition, inner),
        st.builds("where({}, {}, {})".format, condition, inner, inner),
        st.builds("clip({}, -1, 1)".format, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    )


def conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    compare = st.builds("{} {} {}".format, inner, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), inner)
    chain = st.builds("{} < {} <= {}".format, inner, inner, inner)
    return st.one_of(
        compare, chain, st.builds("not {}".format, compare), st.builds("({} and {})".format, compare, compare), inner
    )


allowed = st.recursive(atoms, numbers, max_leaves=8)


def by_python(text: str, epoch: int) -> float | None:
    """Python's own value; None where it raises or leaves the real numbers."""
    try:
        value = eval(text, PYTHON | {"epoch": epoch})  # noqa: S307 (the oracle)
        return float(value) if math.isfinite(value) else None
    except (ArithmeticError, TypeError, ValueError):
        return None


@settings(max_examples=400)
@given(text=allowed, wrap=st.sampled_from(["{}", "lambda epoch: {}", "  {}  "]))
def test_what_is_allowed_means_what_it_means_in_python(text: str, wrap: str) -> None:
    found = np.broadcast_to(parse(wrap.format(text), "epoch")(np, EPOCHS), EPOCHS.shape)
    for epoch, got in enumerate(found):
        want = by_python(text, epoch)
        if want is not None:
            assert got == pytest.approx(want, rel=1e-9, abs=1e-9), f"{text} at {epoch}"


@settings(max_examples=100)
@given(text=allowed)
def test_a_number_gives_what_an_array_gives(text: str) -> None:
    parsed = parse(text, "epoch")
    whole = np.broadcast_to(parsed(np, EPOCHS), EPOCHS.shape)
    each = [float(parsed(np, np.float64(epoch))) for epoch in EPOCHS]
    np.testing.assert_allclose(each, whole.astype(float), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("0.95 ** epoch", [1, 0.95, 0.95**2, 0.95**3]),
        ("lambda epoch: epoch // 2", [0, 0, 1, 1]),
        ("lambda step: 1 / (1 + step)", [1, 1 / 2, 1 / 3, 1 / 4]),
        ("-epoch ** 2", [0, -1, -4, -9]),
        ("2 ** -epoch", [1, 0.5, 0.25, 0.125]),
        ("2 ** 3 ** 2 + 0 * epoch", [512] * 4),
        ("-7 // 2 + -7 % 3 + 0 * epoch", [-2] * 4),
        ("epoch % 2 == 0", [1, 0, 1, 0]),
        ("0 < epoch < 3", [0, 1, 1, 0]),
        ("1 if epoch < 2 else 0.1 if epoch < 3 else 0.01", [1, 1, 0.1, 0.01]),
        ("(epoch < 2) * 0.5 + 0.5", [1, 1, 0.5, 0.5]),
        ("not epoch", [1, 0, 0, 0]),
        ("epoch and 5", [0, 5, 5, 5]),
        ("epoch or 5", [5, 1, 2, 3]),
        ("1 / epoch if epoch else 1", [1, 1, 1 / 2, 1 / 3]),
        ("int(epoch / 2)", [0, 0, 1, 1]),
        ("int(-epoch / 2)", [0, 0, -1, -1]),
        ("min(epoch, 2, 1.5)", [0, 1, 1.5, 1.5]),
        ("np.clip(epoch, 1, 2)", [1, 1, 2, 2]),
        ("numpy.where(epoch > 1, 1, 0)", [0, 0, 1, 1]),
        ("math.e ** -epoch", [math.exp(-n) for n in range(4)]),
        ("3", [3] * 4),
        ("pi", [math.pi] * 4),
    ],
)
def test_usual_expressions(text: str, want: list[float]) -> None:
    got = np.broadcast_to(parse(text, "epoch")(np, np.arange(4.0)), 4)
    np.testing.assert_allclose(got.astype(float), want, rtol=1e-12, atol=1e-300)


def test_two_arguments_are_taken_in_their_order() -> None:
    assert parse("lambda a, b: a - 2 * b", "x", "y")(np, 10.0, 3.0) == 4.0
    assert parse("x - 2 * y", "x", "y")(np, 10.0, 3.0) == 4.0


FORBIDDEN = [
    "epoch.real", "epoch.__class__", "().__class__.__bases__[0].__subclasses__()", "math.__loader__", "math.pi.real",
    "np.linalg.norm(epoch)", "os.system('true')", "__import__('os')", "open('/etc/passwd')", "eval('1')",
    "print(epoch)", "epoch()", "math.factorial(epoch)", "np.load('x')", "np.memmap('x')", "math.cos", "cos", "len", "x",
    "self", "__builtins__", "np", "math", "True", "None", "...", "1j", "'text'", "b'x'", "f'{epoch}'", "[epoch]",
    "(epoch, 1)", "{epoch}", "{1: epoch}", "epoch[0]", "[1][0]", "(y := epoch)", "[epoch for epoch in (1,)]",
    "(epoch for epoch in (1,))", "lambda epoch: lambda: 1", "lambda epoch: (lambda: epoch)()", "lambda: 1",
    "lambda epoch, b: 1", "lambda *epoch: 1", "lambda epoch, **k: 1", "lambda *, epoch: 1", "epoch if 1 else yield",
    "await epoch", "epoch; 1", "epoch = 1", "import os", "def f(): pass", "epoch is 1", "epoch in (1, 2)", "epoch @ 1",
    "epoch << 1", "epoch >> 1", "epoch & 1", "epoch | 1", "epoch ^ 1", "~epoch", "*epoch", "max(epoch)", "max(*epoch)",
    "max(epoch, key=abs)", "min()", "cos()", "cos(1, 2)", "pow(2)", "pow(2, epoch, 3)", "clip(epoch)", "where(epoch)",
    "math.int(epoch)", "", " ", "#", "epoch +", "(epoch", "1 2", "epoch\n1", "\x00", "epoch\x00", "1 +\x00 1", "1e400",
    "10**400 if 0 else 1" + "0" * 400, "9" * 400, "\ud800", "ep\u043ech", "lambda epoch: epoch.__globals__",
    "lambda epoch=__import__('os'): x", "getattr(epoch, 'x')", "abs.__self__", "math['pi']", "type(epoch)",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("text", FORBIDDEN, ids=ascii)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        parse(text, "epoch")
    message = str(refusal.value)
    assert message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("epoch.real", 1),
        ("1 + epoch.real", 5),
        ("1 + max(2, epoch[0])", 12),
        ("lambda epoch: 2 * x", 19),
        ("1 + cos(1, 2)", 5),
        ("2 * [1]", 5),
    ],
)
def test_what_is_refused_is_named_with_its_column(text: str, column: int) -> None:
    with pytest.raises(ValueError, match=re.escape(f"(column {column})")):
        parse(text, "epoch")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("lambda e=print(1): 1", 10),
        ("lambda e=3: e", 10),
        ("lambda epoch=[].append(1) or __import__('nowhere'): 2 * epoch", 14),
    ],
)
def test_a_default_of_the_lambda_is_refused_with_its_place(text: str, column: int) -> None:
    with pytest.raises(ValueError, match=re.escape(f"(column {column})")):
        parse(text, "epoch")


def test_work_does_not_double_with_every_and_or_or() -> None:
    begin = time.process_time()
    for word in ("and", "or"):
        parsed = parse(f" {word} ".join(["epoch"] * 40), "epoch")
        np.testing.assert_array_equal(parsed(np, EPOCHS), EPOCHS)
        assert len(nodes(parsed.tree)) < 200
        assert "no formula" not in parsed.no_formula
        assert parsed.no_formula.endswith(".")
    assert time.process_time() - begin < 1


def test_what_would_be_too_long_when_written_out_is_refused_at_once() -> None:
    text = "epoch"
    for _ in range(22):
        text = f"({text} + 1 or 1)"
    begin = time.process_time()
    with pytest.raises(ValueError, match=r"would be [\d,]+ operations"):
        parse(text, "epoch")
    assert time.process_time() - begin < 1


def test_a_whole_number_does_not_grow_beyond_a_float() -> None:
    begin = time.process_time()
    parsed = parse("1 if e >= 0 else 9**(e*0+9**9)", "e")
    assert parsed(np, np.float64(3)) == 1
    assert parsed(TRACE, symbol("e")).op == "where"
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9", "9**9**9", "epoch**9**9**9", "2**2**2**2**2**2**2", "10**(10**10) - 10**(10**10)", "1 / 0",
        "0 ** -1", "-1 ** 0.5 * 9**999", "math.exp(10**6)", "math.log(0)", "math.sqrt(-1)", "epoch % 0", "epoch // 0",
        "1e308 * 10",
    ],
)  # fmt: skip
def test_what_is_no_number_comes_out_as_such_and_at_once(text: str) -> None:
    begin = time.process_time()
    value = np.asarray(parse(text, "epoch")(np, EPOCHS))
    assert time.process_time() - begin < 1
    assert not np.isfinite(value).all() or text.startswith("2**2")


@pytest.mark.parametrize(
    "text",
    [
        "epoch + " * 1250 + "epoch", "x" * 10_000, "(" * 900 + ")" * 99, "(" * 100 + "epoch" + ")" * 99,
        "-" * 900 + "1", "not " * 240 + "1", "abs(" * 240 + "1" + ")" * 239, "1" * 10_000, " " * 10_000 + "1",
        "1 if 1 else " * 80 + "1", "-" * 60 + "1", "2 ** " * 60 + "2", "cos(" * 60 + "1" + ")" * 60,
    ],
    ids=lambda text: f"{text[:12]}... ({len(text)})",
)  # fmt: skip
def test_what_is_too_long_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"longer than 1000|deeper than 50|not an expression"):
        parse(text, "epoch")


@settings(max_examples=300)
@given(
    text=st.text(
        st.sampled_from("epoch lambda:()[]{}.,*/+-%<>=!0123456789eE_'\"#\\\n\x00 if else and or not math.cos"),
        max_size=60,
    )
)
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    outcome: Any
    try:
        outcome = parse(text, "epoch")
    except ValueError as error:
        outcome = str(error)
    except SyntaxWarning:  # "1if 1else 1": Python reads it, with a warning
        outcome = "warned"
    assert outcome
