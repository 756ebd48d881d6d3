"""Running a curve with symbols: what `xp` and `tick` are when the formula and the portable code are written from it.

A curve is called once with `tick = symbol("tick")` and `xp = TRACE`; what comes back is the expression tree of what it
computes. Parameters enter as `Named` numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lrlab.trees.tree import FUNCTIONS, Expr, Named, Operand


def symbol(name: str) -> Expr:
    """What varies: the tick, the step, the base rate."""
    return Expr("symbol", name)


def named(name: str, value: float, owner: str = "") -> Named:
    """A parameter under its name; `owner` tells it from one of that name elsewhere."""
    return Named(value, Expr("name", name, value, owner))


class _Trace:
    """The few numpy functions that curves use, on trees; on numbers alone they compute."""

    pi = Named(math.pi, Expr("pi"))
    e = Named(math.e, Expr("e"))

    @staticmethod
    def where(condition: Expr | bool, this: Operand, other: Operand) -> Operand:  # noqa: FBT001 (numpy's signature)
        if isinstance(condition, Expr):
            return Expr("where", condition, this, other)
        return this if condition else other

    @staticmethod
    def logical_and(a: Expr | bool, b: Expr | bool) -> Expr | bool:  # noqa: FBT001 (likewise)
        if isinstance(a, Expr):
            return (Expr("and", a, b) if isinstance(b, Expr) else a) if b is not False else False
        return b if a else False

    @staticmethod
    def logical_or(a: Expr | bool, b: Expr | bool) -> Expr | bool:  # noqa: FBT001 (likewise)
        if isinstance(a, Expr):
            return (Expr("or", a, b) if isinstance(b, Expr) else a) if b is not True else True
        return True if a else b

    @staticmethod
    def logical_not(a: Expr | bool) -> Expr | bool:  # noqa: FBT001 (likewise)
        return Expr("not", a) if isinstance(a, Expr) else not a

    @staticmethod
    def searchsorted(table: Any, value: Operand, side: str = "left") -> Expr:
        if side != "right":
            msg = "curves search from the right only: bisect_right has the same meaning in every framework"
            raise ValueError(msg)
        return Expr("searchsorted", table, value)

    @staticmethod
    def take(table: Any, index: Expr) -> Expr:
        return Expr("take", table, index)

    def __getattr__(self, op: str) -> Callable[..., Operand]:
        if op not in FUNCTIONS:
            msg = f"curves may not use xp.{op}: add it to tree.FUNCTIONS and to every writer of code"
            raise AttributeError(msg)

        def apply(*args: Operand) -> Operand:
            if any(isinstance(a, Expr) for a in args):
                return Expr(op, *args)
            value = float(getattr(np, op)(*(float(a) for a in args if not isinstance(a, Expr))))
            return Named(value, Expr(op, *args)) if any(isinstance(a, Named) for a in args) else value

        return apply


TRACE = _Trace()
