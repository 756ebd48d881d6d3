"""The tree of a traced curve, written as Python in both flavours and run, is the curve."""

from __future__ import annotations

import math
import textwrap
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import budget
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

from lrlab.document import parse
from lrlab.document.run import calls
from lrlab.schedules import KINDS, Place
from lrlab.schedules.recurrence import has_table
from lrlab.trees.python import Writer
from lrlab.trees.trace import TRACE, named, symbol
from lrlab.trees.tree import Expr

if TYPE_CHECKING:
    from collections.abc import Callable


def written(writer: Writer, tree: Any) -> Callable[..., Any]:
    """The function of tick and base_lr that the tree is written as; constants stand before it, under names that nothing
    shadows.
    """
    body = writer.body(tree).ending("return {}")
    constants = "\n".join(f"{name} = {text}" for name, text in writer.constants.items())
    names: dict[str, Any] = {"np": np, "math": math, "bisect_right": bisect_right, "accumulate": accumulate}
    exec(f"{constants}\ndef rate(tick, the_base_lr):\n{textwrap.indent(chr(10).join(body), '    ')}", names)  # noqa: S102 (what was written)
    return names["rate"]  # type: ignore[no-any-return]


FLAVOURS: tuple[Any, ...] = ("numpy", "math")


@pytest.mark.parametrize("kind", KINDS)
@budget.share("trees", 1_500, len(KINDS))
@given(data=st.data())
def test_the_written_curve_is_the_curve(kind: str, data: st.DataObject) -> None:
    experiment = parse(data.draw(strategies.documents(kind)))
    trial = experiment.trials[0]
    schedule, base_lr = trial.bound(experiment.run)[0], trial.base_rates[0]
    at = np.arange(min(strategies.TICKS, calls(experiment.run, trial.clock)), dtype=np.float64)
    base: Any = named("BASE_LR", base_lr) if has_table(schedule) else symbol("the_base_lr")
    tree = schedule.with_names().curve(symbol("tick"), base, TRACE)
    want = np.broadcast_to(schedule.curve(at, base_lr), at.shape)
    for flavour in FLAVOURS:
        rate = written(Writer(flavour), tree)
        with np.errstate(all="ignore"):  # both sides of a where
            got = rate(at, base_lr) if flavour == "numpy" else [rate(tick, base_lr) for tick in range(at.size)]
        oracle.same(np.broadcast_to(got, at.shape), want, f"{flavour}: {schedule!r}")


CYCLING_MOMENTUM = [kind for kind in KINDS if getattr(KINDS[kind], "rewrites_initial_lr", False)]


@pytest.mark.parametrize("kind", CYCLING_MOMENTUM)
@budget.share("trees", 50, len(CYCLING_MOMENTUM))
@given(data=st.data())
def test_the_written_momentum_is_the_momentum(kind: str, data: st.DataObject) -> None:
    schedule = (
        parse(oracle.document(data.draw(strategies.schedules(kind)) | {"cycle_momentum": True}))
        .trials[0]
        .schedule.bind(Place(strategies.TICKS))
    )
    at = np.arange(strategies.TICKS, dtype=np.float64)
    want = np.broadcast_to(np.asarray(schedule.momentum(at), dtype=np.float64), at.shape)
    for flavour in FLAVOURS:
        rate = written(Writer(flavour), schedule.with_names().momentum(symbol("tick"), TRACE))
        with np.errstate(all="ignore"):
            got = rate(at, 0.0) if flavour == "numpy" else [rate(tick, 0.0) for tick in range(strategies.TICKS)]
        oracle.same(np.broadcast_to(got, at.shape), want, f"{flavour}: {schedule!r}")


A, B, X = named("A", 3.0), named("B", -2.0), symbol("x")


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    ("tree", "want"),
    [
        (lambda x: x - (A - B), lambda x: x - 5),
        (lambda x: x - A - B, lambda x: x - 1),
        (lambda x: x / (A / 2), lambda x: x / 1.5),
        (lambda x: (x / A) / 2, lambda x: x / 6),
        (lambda x: -(x**2), lambda x: -(x**2)),
        (lambda x: (-x) ** 2, lambda x: x**2),
        (lambda x: (x * 1.0) ** (2.0**A), lambda x: x**8),
        (lambda x: (2.0**x) ** A, lambda x: 8.0**x),
        (lambda x: A ** (x - 1), lambda x: 3.0 ** (x - 1)),
        (lambda x: x * -2.0 - -3.0, lambda x: -2 * x + 3),
        (lambda x: B**x + 0.0 * x, lambda x: (-2.0) ** x),
        (lambda x: x % (A + 1), lambda x: x % 4),
        (lambda x: (x + 1) % A * 2, lambda x: (x + 1) % 3 * 2),
        (lambda x: x // A * A, lambda x: x // 3 * 3),
        (lambda x: TRACE.where(x < A, x, TRACE.where(x < 5, A, B)), lambda x: x if x < 3 else 3 if x < 5 else -2),
        (lambda x: A * TRACE.where(TRACE.where(x < 2, x, 2.0) > 1, x, -x), lambda x: 3 * (x if min(x, 2) > 1 else -x)),
        (
            lambda x: TRACE.where(x < A, 1.0, 2.0) + TRACE.where(x > A, 1.0, 2.0),
            lambda x: (1 if x < 3 else 2) + (1 if x > 3 else 2),
        ),
        (lambda x: TRACE.minimum(TRACE.maximum(x, 1.0), A), lambda x: min(max(x, 1), 3)),
        (
            lambda x: TRACE.searchsorted((1.0, 2.0, 2.0, 4.0), x, side="right"),
            lambda x: sum(b <= x for b in (1, 2, 2, 4)),
        ),
        (
            lambda x: TRACE.cos(TRACE.pi * x) + TRACE.exp(-x) + TRACE.floor(x / 2),
            lambda x: math.cos(math.pi * x) + math.exp(-x) + x // 2,
        ),
    ],
)
def test_operators_bind_as_they_were_applied(
    tree: Callable[[Any], Any], want: Callable[[float], float], flavour: Any
) -> None:
    rate = written(Writer(flavour), tree(symbol("tick")))
    for x in range(8):
        oracle.same(rate(np.float64(x) if flavour == "numpy" else x, 0.0), want(float(x)))


def test_numbers_with_names_compute_like_numbers() -> None:
    assert A + B == 1.0
    assert A**2 - 1 == 8.0
    assert 1 / A == 1 / 3
    assert max(1, A) == 3.0
    assert not isinstance(A < B, Expr)


def test_two_parts_may_have_an_argument_of_one_name() -> None:
    writer = Writer("math")
    assert writer.text(named("T", 3) + X) == "T + x"
    assert writer.text(named("T", 4) + X) == "T_2 + x"
    assert writer.text(named("T", 3) + X) == "T + x"
    assert writer.constants == {"T": "3", "T_2": "4"}


def test_a_curve_that_branches_on_the_tick_is_told_so() -> None:
    with pytest.raises(TypeError, match=r"xp\.where"):
        bool(X < A)
    with pytest.raises(AttributeError, match=r"xp\.sinh"):
        TRACE.sinh(X)
    with pytest.raises(ValueError, match="from the right only"):
        TRACE.searchsorted((1.0,), X)
