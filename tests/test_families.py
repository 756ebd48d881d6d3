"""What the families claim is measured: members of one family give one curve, and translated arguments are the
arguments.
"""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import oracle
import pytest

from lrlab import engine
from lrlab.document import Trial
from lrlab.document.run import StepRun
from lrlab.families import FAMILIES, Family, Member, family_of, places, search, translate
from lrlab.schedules import KINDS, Schedule, did_you_mean
from lrlab.schedules.likeness import Like, Only, Unlike

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


def check_families(schedule: type[Schedule]) -> None:
    """Fails with advice where a class does not say which families it belongs to, or names one that is not there."""
    name, titles = schedule.__name__, [family.title for family in FAMILIES]
    assert schedule.families(), (
        f"{name}: say which family it belongs to, in a line under its docstring: "
        'family = Like("Cosine", T_max="T"), or '
        f'Unlike("Cosine", "what differs") where it has another shape; lrlab/families/table.py lists the families'
    )
    named = [place.family for place in schedule.families()]
    for title in named:
        assert title in titles, (
            f"{name}: there is no family {title!r}{did_you_mean(title, titles)}; if it is a new one, add a Family to "
            f"lrlab/families/table.py"
        )
        assert named.count(title) == 1, f"{name}: it names the family {title!r} twice"
    for place in schedule.families():
        unknown = set(place.arguments or {}) - set(schedule.model_fields)
        assert not unknown, (
            f"{name}: in the family {place.family!r} it names arguments that it has not: {sorted(unknown)}"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_every_class_says_which_families_it_belongs_to(kind: str) -> None:
    check_families(KINDS[kind])


def test_every_family_is_the_home_of_a_schedule() -> None:
    for family in FAMILIES:
        assert family.members, f"nobody is at home in {family.title!r}: delete it from lrlab/families/table.py"


@pytest.mark.parametrize(
    ("attributes", "advice"),
    [
        ({}, "say which family it belongs to"),
        ({"family": Like("Cosines")}, "no family 'Cosines'; did you mean Cosine?"),
        ({"family": Unlike("Cosine"), "also": (Like("Cosine"),)}, "twice"),
        ({"family": Like("Cosine", T="T")}, r"that it has not: \['T'\]"),
    ],
)
def test_a_class_without_a_family_or_with_an_unknown_one_is_told_what_to_do(
    attributes: dict[str, Any], advice: str
) -> None:
    """A subclass does not inherit its parent's families: its shape is another one."""
    made = type(KINDS["torch.CosineAnnealingLR"])("Made", (KINDS["torch.CosineAnnealingLR"],), attributes)
    with pytest.raises(AssertionError, match=advice):
        check_families(made)


def test_every_native_name_can_be_an_argument() -> None:
    """Also reserved words of Python, paths, and the names of what `Like` itself is made of."""
    names = {"lambda": "rate", "solver.steps": "T", "family": 1, "differs": 2, "only": 3, "self": 4, "first": 5}
    assert Like("Cosine", "", Only(first="1"), **names).arguments == names


def test_starting_lrlab_loads_no_families() -> None:
    program = "import sys, lrlab; sys.exit('lrlab.families' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=oracle.ROOT).returncode == 0


def is_whole(member: Member) -> bool:
    """Whether it claims its family's shape at all ticks."""
    return member.arguments is not None and (member.first, member.last, member.shift) == ("0", "", 0)


def standard(family: Family, member: Member) -> Member:
    """What a member is compared with: the first other one at home that has the whole shape, with the values that the
    member needs. The only one that has the whole shape is that for all others, and has itself.
    """
    for other in family.members:
        if is_whole(other) and other is not member and other.given.items() <= member.given.items():
            moved = replace(other, given=member.given)
            try:
                family.schedule(moved)
            except ValueError:
                continue
            return moved
    alone = is_whole(member) and not member.given
    assert alone, (
        f"{family.title}: no other member at home has the whole shape, so nobody can measure what {member.kind} claims"
    )
    return member


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
    other = standard(family, member)
    want = rates(family, other, ticks)
    got = rates(family, member, ticks + member.shift)
    oracle.same(got, want, f"{member.kind} beside {other.kind} at ticks {first} to {last}")


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
