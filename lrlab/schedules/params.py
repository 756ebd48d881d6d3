"""The vocabulary of a schedule's arguments: what a field may be (checked) and how a page offers it (suggested)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, Strict, WithJsonSchema
from pydantic.fields import FieldInfo

from lrlab.trees.ends import at
from lrlab.trees.parse import QUOTED, parse

MAX_COUNT = 10**15  # longer than any run; up to here a float64 can hold every whole number of ticks

Unit = Literal["ticks", "epochs", "updates", "rate", "factor", "number", "expression", "text", "metrics", "pairs"]


@dataclass(frozen=True)
class Control:
    """How a page offers a field of a schedule or of a lesson: unit, range of the slider, start, and help.

    The hard bounds are not said here: they are those of pydantic's `Field`. The slider's range lies within them.
    `start` of ticks and epochs is a share of the run; updates start at the run's optimizer steps per epoch.
    """

    unit: Unit
    low: float = 0.0
    high: float | None = None
    """None: as long as the run where the unit counts it, else up to the hard bound."""
    log: bool = False
    start: float | str | None = None
    help: str = ""
    arguments: tuple[str, ...] = ()
    """What an expression is over: the arguments that the native callable gets."""
    label: str = ""
    """What a page calls the field; empty: its name."""
    step: float | None = None
    """The slider's step; None: one that suits the range."""


@dataclass(frozen=True)
class PerGroup:
    """Marks a field that may be a list, one value per parameter group."""


@dataclass(frozen=True)
class WholeOnly:
    """Marks a field of whole and other numbers that takes the whole ones only."""


RAISES = "raises in Python at tick 0: a division by zero, a power beyond every float, or no real number"
MAX_PARTS = 64  # segments of one schedule, because formula and code have a branch for each of them


def list_of(item: Any, most: int = 10_000) -> Any:
    """A list in the document, a tuple in the schedule, so that schedules stay hashable."""
    return Annotated[tuple[item, ...], Strict(strict=False), Field(max_length=most)]


CALLS = "in scheduler.step() calls"
_COUNT = Field(ge=0, le=MAX_COUNT)
_POSITIVE = Field(gt=0, le=MAX_COUNT)
_RATE = Control("rate", low=1e-8, high=10.0, log=True, start=0.1)
LOW_RATE = Control("rate", low=1e-8, high=10.0, log=True, start=0.001)

Steps: TypeAlias = Annotated[int, _POSITIVE, Control("ticks", low=1, start=0.1, help=CALLS)]
"""A duration of at least one tick."""

Warmup: TypeAlias = Annotated[int | float, _COUNT, Control("ticks", start=0.05, help=CALLS)]
"""A duration that may be 0."""

Iters: TypeAlias = Annotated[int, _COUNT, Control("ticks", start=0.05, help=CALLS)]
"""A whole number of ticks that may be 0."""

_HORIZON = Control("ticks", low=1, help="in scheduler.step() calls; follow the run: as long as the run lasts")


def _with_a_point(value: Any) -> Any:
    if type(value) is int:
        msg = f"must have a decimal point, as in {value}.0: the genuine code refuses whole numbers here"
        raise ValueError(msg)
    return value


POINT = BeforeValidator(_with_a_point)
"""For an argument that native code takes only as a float."""


def _whole(value: Any) -> Any:
    if isinstance(value, float):
        msg = "must be a whole number"
        raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
    return value


if TYPE_CHECKING:  # a curve only sees numbers, because it is bound to its run first
    Horizon: TypeAlias = Any
    WholeHorizon: TypeAlias = Any
    Total: TypeAlias = Any
    Milestones: TypeAlias = tuple[int, ...]
else:
    Horizon = Annotated[int | float | None, _POSITIVE, _HORIZON]
    """How long the schedule lasts, in ticks; null: the ticks left to it (at least one)."""

    WholeHorizon = Annotated[Horizon, AfterValidator(_whole), WholeOnly()]
    """A horizon whose native code takes whole numbers only."""

    Total = Annotated[int | float | None, _COUNT, _HORIZON]
    """A horizon whose native code takes 0 as well."""

    Milestones = Annotated[
        list_of(Annotated[int, Field(ge=-MAX_COUNT, le=MAX_COUNT)]),
        Control("ticks", help="ticks, in brackets: [30, 60]"),
    ]

Cycles: TypeAlias = Annotated[int | float, Field(ge=-MAX_COUNT, le=MAX_COUNT), Control("number", low=0.5, high=8.0)]
"""How many waves, or restarts."""

Epochs: TypeAlias = Annotated[int, _POSITIVE, Control("epochs", low=1, start=1.0)]

Rate: TypeAlias = Annotated[float, _RATE]
"""A learning rate, or a floor under one: what native code accepts, signs included."""

BaseRate: TypeAlias = Annotated[float, Field(ge=0), _RATE]
"""An optimizer's own rate: never negative."""

Factor: TypeAlias = Annotated[float, Control("factor", low=0.0, high=1.0, start=0.1)]
"""What a rate is multiplied with."""

Decay: TypeAlias = Annotated[float, Control("factor", low=0.99, high=1.0, start=0.9999)]
"""What a rate is multiplied with at every tick."""

Fraction: TypeAlias = Annotated[float, Field(ge=0, le=1), Control("factor", low=0.0, high=1.0)]
"""A share, from 0 to 1."""

Momentum: TypeAlias = Annotated[float, Field(ge=0, le=1), Control("factor", low=0.5, high=1.0, start=0.9)]
"""SGD's momentum, or Adam's beta1."""

Divisor: TypeAlias = Annotated[float, Field(gt=0), Control("number", low=1.0, high=1e5, log=True)]
Power: TypeAlias = Annotated[float, Field(ge=0), Control("number", low=0.0, high=5.0)]
Multiple: TypeAlias = Annotated[int, Field(ge=1, le=10**6), Control("number", low=1, high=4)]


Values: TypeAlias = Annotated[list_of(float), replace(_RATE, help="rates, in brackets: [0.1, 0.01]")]  # type: ignore[valid-type]
"""Rates, one a level."""

Metrics: TypeAlias = Annotated[
    tuple[float | Literal["nan"], ...] | None,
    Strict(strict=False),
    Control("metrics", help="one value per call of the scheduler"),
]
"""What a metric-driven schedule is shown, one value per scheduler call."""


def _as_pairs(value: Any) -> Any:
    """A dictionary from ticks to numbers as pairs: frozen values hold no dictionary."""
    if not isinstance(value, dict):
        msg = 'must be an object from ticks to numbers, such as {"30": 0.1}'
        raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
    for key in value:
        if not (key.isascii() and key.removeprefix("-").isdigit() and len(key) <= len(str(MAX_COUNT))):
            msg = f"{key[:QUOTED]!r} is no whole number of ticks"
            raise ValueError(msg)
        if str(int(key)) != key:
            msg = f"{key!r} must be written as {str(int(key))!r}"
            raise ValueError(msg)
        if isinstance(value[key], bool) or not isinstance(value[key], (int, float)):
            msg = f"{key}: must be a number"
            raise ValueError(msg)  # noqa: TRY004 (pydantic's protocol)
    return tuple((int(key), number) for key, number in value.items())


if TYPE_CHECKING:
    Pairs: TypeAlias = tuple[tuple[int, float], ...]
else:
    Pairs = Annotated[
        list_of(tuple[int, float]),
        BeforeValidator(_as_pairs),
        PlainSerializer(lambda pairs: {str(tick): number for tick, number in pairs}),
        WithJsonSchema({"type": "object", "additionalProperties": {"type": "number"}}),
        Control("pairs", help="tick: factor, with commas between them"),
    ]
    """From tick to number, where native code takes a dictionary with whole numbers as keys."""


Mode: TypeAlias = Literal["min", "max"]
"""Whether a metric is good when it is low or when it is high."""

Patience: TypeAlias = Annotated[
    int, Field(ge=0, le=MAX_COUNT), Control("number", low=0, high=50, help="in scheduler calls")
]
"""How many bad calls are waited for, or how many calls a cooldown lasts."""

Threshold: TypeAlias = Annotated[float, Control("number", low=1e-6, high=0.1, log=True)]
"""By how much a metric must beat its best."""


def expression(*arguments: str, start: str = "", first: int | None = None) -> Any:
    """Text in place of a callable over `arguments`; checked against the whitelist when the schedule is made.

    `first`: the number that it is called with when the scheduler is made; there it must not raise.
    """

    def check(text: str) -> str:
        parsed = parse(text, *arguments)
        if first is not None and at(parsed, first).raises == first:
            raise ValueError(RAISES)
        return text

    control = Control("expression", start=start, help=f"an expression of {', '.join(arguments)}", arguments=arguments)
    return Annotated[str, AfterValidator(check), control]


def per_group(item: Any, *, optional: bool = False) -> Any:
    """One value, or a list with one per parameter group; `optional`: or null."""
    return (
        Annotated[item | list_of(item) | None, PerGroup()] if optional else Annotated[item | list_of(item), PerGroup()]
    )


def find(metadata: list[Any], kind: type[Any]) -> Any:
    """The first annotation of a kind in a field's metadata, or None."""
    return next((m for m in metadata if isinstance(m, kind)), None)


COUNTED = frozenset({"ticks", "epochs", "updates"})
"""The units in which a run is counted: a slider of them is as long as the run."""

EPOCH_STOPS = 20  # a slider of ticks goes by whole epochs where it has at least so many of them
SLIDER_STEPS = 200  # between the ends of a slider whose control says no step


class Slider(NamedTuple):
    """A slider with even steps: whole numbers, all three of them, or all three floats."""

    low: float
    high: float
    step: float


@dataclass(frozen=True)
class Described:
    """What a page needs to know of a field, read off its annotation: how it is offered, and its hard bounds."""

    control: Control | None
    choices: tuple[str, ...] = ()
    optional: bool = False
    integer: bool = False
    many: bool = False
    nested: bool = False
    low: float | None = None
    positive: bool = False
    high: float | None = None
    below: bool = False
    """Whether a value must be below `high`, and not just at most that."""

    @property
    def unit(self) -> str:
        """What it counts in; nothing where it is no number, text or list."""
        return self.control.unit if self.control else ""

    @property
    def offered(self) -> Control:
        """The control; that of a plain number where the field has none."""
        return self.control or Control("number")

    def whole(self, value: float) -> bool:
        """Whether the slider and the exact field at `value` go by whole numbers."""
        return self.integer or (isinstance(value, int) and self.offered.unit in COUNTED)

    def stops(self, reach: float | None = None) -> tuple[float, ...]:
        """The stops of a logarithmic slider, zero first where the field may be 0; none of any other slider.

        `reach` is a value at which the slider begins, or ends, where it lies outside the slider's range.
        """
        if not self.offered.log:
            return ()
        low, high = self._range(None, 1.0)
        if reach is not None and reach > 0:
            low, high = min(low, reach), max(high, reach)
        return stops(low or high * 1e-8, high, zero=not self.positive and (self.low is None or self.low <= 0))

    def slider(self, value: float, lasts: int | None = None, epoch: int | None = None) -> Slider:
        """A slider with even steps that reaches `value`.

        `lasts` is the run's length in the field's unit, and `epoch` the ticks of an epoch where ticks may go by epochs.
        """
        control = self.offered
        if lasts is not None and control.unit in COUNTED and self.whole(value):  # from 0, so that its stops are round
            high = int(control.high or lasts)
            by_epochs = control.unit == "ticks" and epoch is not None and high >= EPOCH_STOPS * epoch
            by = epoch if by_epochs else max(high // SLIDER_STEPS, 1)
            return Slider(min(0, int(value)), max(high, int(value), 1), by or 1)
        if self.integer:
            start, end = map(int, self._range(lasts, value + 10))
            return Slider(min(start, int(value)), max(end, int(value)), int(control.step or 1))
        least, most = self._range(lasts, 1.0)
        step = control.step or (most - least) / SLIDER_STEPS
        return Slider(min(least, float(value)), max(most, float(value)), float(step))

    def _range(self, lasts: int | None, otherwise: float) -> tuple[float, float]:
        """The slider's range, within the hard bounds: up to its own end, else the run's, else the hard bound."""
        low = self.offered.low if self.low is None else max(self.offered.low, self.low)
        ends = (self.offered.high, lasts, self.high, otherwise)
        return float(low), float(next(end for end in ends if end is not None))


@cache
def stops(low: float, high: float, *, zero: bool) -> tuple[float, ...]:
    """The stops of a logarithmic slider: zero, then twelve to a decade."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = (float(f"{m}e{e}") for e in decades for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9))
    return (*([0.0] if zero else []), *(stop for stop in found if low <= stop <= high))


def describe(annotation: Any, metadata: list[Any]) -> Described:
    """What a field's annotation says: its control, its hard bounds, and what kind of value it takes.

    It may be null, whole, a list, or hold schedules.
    """
    parts = list(_parts(annotation, metadata))
    types = [p for p in parts if isinstance(p, type)]
    bounds = {
        name: getattr(p, name) for p in parts for name in ("ge", "gt", "le", "lt") if getattr(p, name, None) is not None
    }
    control = next((p for p in parts if isinstance(p, Control)), None)
    return Described(
        control=control,
        choices=() if control else tuple(c for p in parts if get_origin(p) is Literal for c in get_args(p)),
        optional=type(None) in types,
        integer=(int in types and float not in types) or any(isinstance(p, WholeOnly) for p in parts),
        many=tuple in types and not any(isinstance(p, PerGroup) for p in parts),
        nested=any(hasattr(t, "curve") for t in types),
        low=bounds.get("ge", bounds.get("gt")),
        positive="gt" in bounds,
        high=bounds.get("le", bounds.get("lt")),
        below="lt" in bounds,
    )


def _parts(annotation: Any, metadata: Iterable[Any]) -> Iterator[Any]:
    """The annotations nearest to the field first, then those of what it is made of."""
    for entry in reversed(list(metadata)):  # the outermost annotation stands last
        yield from entry.metadata if isinstance(entry, FieldInfo) else [entry]
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _parts(annotation.__origin__, annotation.__metadata__)
    elif origin is Literal:
        yield annotation
    elif origin is not None:
        yield origin
        for argument in get_args(annotation):
            yield from _parts(argument, [])
    else:
        yield annotation
