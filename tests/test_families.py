"""What the families claim is measured: members of one family give one curve, and translated arguments are the
arguments.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import oracle
import pytest

from lrlab import engine
from lrlab.document import Trial
from lrlab.document.run import StepRun
from lrlab.families import FAMILIES, Family, Member, description, family_of, places, search, translate
from lrlab.schedules import KINDS, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIMS = [(family, member) for family in FAMILIES for member in family.all if member.arguments is not None]
PAIRS = [
    (family, a, b)
    for family in FAMILIES
    for a in family.all
    for b in family.all
    if a is not b and a.arguments is not None
]


def named(value: Any) -> str | None:
    return value.title if isinstance(value, Family) else value.kind if isinstance(value, Member) else None


def rates(family: Family, member: Member, ticks: np.ndarray) -> np.ndarray:
    trial = Trial(name="t", base_lr=family.symbols["peak"], schedule=family.schedule(member))
    return engine.lr(StepRun(total_steps=int(ticks[-1]) + 1), trial, ticks)


def test_every_kind_is_at_home_in_one_family() -> None:
    homes = [member.kind for family in FAMILIES for member in family.members]
    for kind in KINDS:
        assert homes.count(kind) == 1, (
            f"{kind} stands in {homes.count(kind)} families: give it one Member in lrlab/families/table.py"
        )
    strangers = {member.kind for family in FAMILIES for member in family.all} - set(KINDS)
    assert not strangers, f"lrlab/families/table.py has kinds that lrlab does not know: {sorted(strangers)}"


@pytest.mark.parametrize(("family", "member"), CLAIMS, ids=named)
@pytest.mark.parametrize(
    "move", [lambda x: x, lambda x: x + 2 if isinstance(x, int) else x * 0.9], ids=["as it stands", "moved"]
)
def test_members_of_a_family_give_one_curve(family: Family, member: Member, move: Callable[[float], float]) -> None:
    """With the table's values of the symbols, and with others."""
    family = replace(family, symbols={symbol: move(value) for symbol, value in family.symbols.items()})
    first, last = (int(family.value(text, member)) for text in (member.first, member.last or family.last))
    ticks = np.arange(first, last + 1)
    assert ticks.size > 5, "a claim over a handful of ticks is none"
    want = rates(family, replace(family.members[0], given=member.given), ticks)
    got = rates(family, member, ticks + member.shift)
    oracle.same(got, want, f"{member.kind} beside {family.members[0].kind} at ticks {first} to {last}")


@pytest.mark.parametrize(("family", "source", "target"), PAIRS, ids=named)
def test_translated_arguments_are_the_arguments(family: Family, source: Member, target: Member) -> None:
    """Put numbers into the text that a reader gets: it must come to the target's own numbers."""
    found = translate(family, source, target)
    if found is None:
        return
    given = source.given | target.given
    from_, to = family.schedule(replace(source, given=given)), family.schedule(replace(target, given=given))
    assert not set(found.left) & set(type(from_).model_fields), "a reader could not tell the symbol from the argument"
    names: dict[str, Any] = {
        "log": math.log,
        "sqrt": math.sqrt,
        "true": True,
        "false": False,
        "base_lr": family.symbols["peak"],
    }
    names |= family.symbols | given | {name: _plain(getattr(from_, name)) for name in type(from_).model_fields}
    for name, text in found.arguments.items():
        want = (
            family.symbols["peak"]
            if name == "base_lr" and "base_lr" not in type(to).model_fields
            else _plain(getattr(to, name))
        )
        if not any(nested in text for nested in ("=", "'")):
            want = dict(zip(want.keys, want.values, strict=True)) if isinstance(want, SimpleNamespace) else want
            assert _value(text, names) == pytest.approx(want), f"{source.kind} -> {target.kind}: {name} = {text}"
    for condition in found.conditions:
        left, right = condition.split(" = ")
        assert _value(left, names) == pytest.approx(_value(right, names)), (
            f"{source.kind} -> {target.kind}: {condition}"
        )
    last = _value(found.last, names) if found.last else family.value(family.last, target) * 3
    ticks = np.arange(_value(found.first, names), last + 1)
    oracle.same(
        rates(family, replace(target, given=given), ticks + found.later),
        rates(family, replace(source, given=given), ticks),
    )


def _plain(value: Any) -> Any:
    """As a reader would index it: objects by name, pairs by keys and values."""
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return SimpleNamespace(keys=[k for k, _ in value], values=[v for _, v in value])
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Schedule):
        return SimpleNamespace(**{name: _plain(getattr(value, name)) for name in type(value).model_fields})
    return value


def _value(text: str, names: dict[str, Any]) -> Any:
    return eval(text, {"__builtins__": {}}, names)  # noqa: S307 (our own table)


@pytest.mark.parametrize(("wanted", "kind"), [
    ("sgdr", "torch.CosineAnnealingWarmRestarts"), ("WSD", "timm.WSDLRScheduler"), ("noam", "paddle.NoamDecay"),
    ("triangular2", "torch.CyclicLR"), ("1cycle", "torch.OneCycleLR"),
    ("super-convergence", "optax.cosine_onecycle_schedule"), ("余弦退火", "keras.CosineDecay"),
    ("linear warmup keras", "keras.CosineDecay"), ("plateau pytorch", "torch.ReduceLROnPlateau"),
    ("预热", "timm.CosineLRScheduler"), ("热重启", "optax.sgdr_schedule"),
    ("预热", "transformers.get_constant_schedule_with_warmup"), ("多项式衰减", "paddle.PolynomialDecay"),
    ("分段常数", "keras.PiecewiseConstantDecay"), ("指数衰减", "torch.ExponentialLR"),
    ("自适应", "torch.ReduceLROnPlateau"), ("keras cosine", "keras.CosineDecay"), ("steplr", "torch.StepLR"),
    ("", "torch.StepLR"),
])  # fmt: skip
def test_a_schedule_is_found_by_the_words_people_use(wanted: str, kind: str) -> None:
    assert search(KINDS[kind], wanted)


def test_search_leaves_out_what_was_not_asked_for() -> None:
    assert not search(KINDS["torch.StepLR"], "cosine")
    assert not search(KINDS["torch.CosineAnnealingLR"], "keras cosine")


@pytest.mark.parametrize("kind", KINDS)
def test_a_description_has_a_shape_and_a_source(kind: str) -> None:
    shape, _, source = description(KINDS[kind])
    assert shape.endswith("."), f"{kind}: begin its docstring with the shape in a sentence"
    assert source, f"{kind}: close its docstring with a paragraph Source: ..."


def test_a_guest_is_listed_after_its_home() -> None:
    found = [family.title for family, _ in places("timm.CosineLRScheduler")]
    assert found[0] == family_of("timm.CosineLRScheduler").title == "Cosine"
    assert {"Cosine behind a warmup", "Cosine with restarts"} == set(found[1:])
    assert places("torch.SequentialLR")[0][0] is family_of("torch.SequentialLR")


def test_what_cannot_be_is_not_translated() -> None:
    """LinearLR cannot start at 0, as a warmup of transformers does; a plateau of both signs is no plateau."""
    warm = family_of("transformers.get_constant_schedule_with_warmup")
    by_kind = {member.kind: member for member in warm.all}
    assert translate(warm, by_kind["transformers.get_constant_schedule_with_warmup"], by_kind["torch.LinearLR"]) is None
    plateau = family_of("torch.ReduceLROnPlateau")
    torch, greedy = (
        next(m for m in plateau.all if m.kind == k)
        for k in ("torch.ReduceLROnPlateau", "transformers.get_greedy_schedule")
    )
    assert translate(plateau, torch, greedy) is None


def test_a_translation_reads_as_one_would_write_it() -> None:
    cosine = family_of("keras.CosineDecay")
    by_kind = {member.kind: member for member in cosine.all}
    found = translate(cosine, by_kind["keras.CosineDecay"], by_kind["torch.CosineAnnealingLR"])
    assert found is not None
    assert found.arguments == {
        "base_lr": "initial_learning_rate",
        "T_max": "decay_steps",
        "eta_min": "alpha * initial_learning_rate",
    }
    assert (found.conditions, found.first, found.last, found.later) == ((), "0", "decay_steps", 0)
    back = translate(cosine, by_kind["torch.CosineAnnealingLR"], by_kind["keras.CosineDecay"])
    assert back is not None
    assert back.arguments == {"initial_learning_rate": "base_lr", "decay_steps": "T_max", "alpha": "eta_min / base_lr"}
