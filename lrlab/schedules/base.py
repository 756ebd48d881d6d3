"""What a schedule is: a frozen value with one pure, vectorised curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, PrivateAttr, model_serializer, model_validator

from lrlab.schedules import params
from lrlab.trees.parse import read
from lrlab.trees.trace import TRACE, named, symbol
from lrlab.trees.tree import Expr, Named

Array: TypeAlias = Any
"""A float64 array, a number, or the tree of a traced curve: curves are written over `xp` and do not know which."""


@dataclass(frozen=True, order=True)
class Mark:
    """A labelled tick: the first tick of what the label names."""

    tick: int
    label: str


@dataclass(frozen=True)
class Place:
    """Where a schedule is bound to: the ticks left to it, the parameter group it drives, and every group's base rate."""

    ticks: int
    group: int = 0
    base_rates: tuple[float, ...] = (1.0,)


class Schedule(BaseModel):
    """One scheduler of one framework, under its native name with its native arguments as fields.

    A framework's base class names the `framework` and where it is documented; a class whose native name is no class
    name gives it as `native=`. Fields are the whole declaration: validation, JSON, sliders, formula and code are made
    from them and from `curve`. The docstring is the gallery's text: the shape in one sentence, then what surprises,
    then `Source:`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    framework: ClassVar[str] = ""
    documentation: ClassVar[str] = ""
    """The address of the genuine scheduler's description; `{native}` stands for its name."""
    module: ClassVar[str] = ""
    """Where the genuine scheduler is imported from."""
    takes_optimizer: ClassVar[bool] = True
    """Whether its constructor begins with the optimizer."""
    per_epoch: ClassVar[bool] = False
    """Whether it is usually called once an epoch and not once an optimizer step."""
    aside: ClassVar[frozenset[str]] = frozenset({"metrics"})
    """Fields that are none of that call's arguments."""
    native: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    sets_rate: ClassVar[bool] = False
    """Whether arguments of its own set the rate."""
    reads_groups: ClassVar[bool] = False
    """Whether groups differ by more than their own base rate, also without lists of them."""
    goes_on: ClassVar[bool] = False
    """Whether its horizon is the time of one decay, of which there are more: the curve comes to no end."""
    restarts_by: ClassVar[tuple[str, str] | None] = None
    """Where it restarts: the arguments that say how long the first cycle is, and by what factor each next one is
    longer.
    """

    _place: Place = PrivateAttr(default=Place(1))

    def __init_subclass__(cls, native: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.native = native or cls.__name__
        cls.kind = f"{cls.framework}.{cls.native}"

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        """The learning rate at each tick (>= 0), for one parameter group; pure, elementwise, over `xp` only."""
        raise NotImplementedError

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:
        """The momentum (or beta1) at each tick where the schedule cycles it, else None."""
        return None

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        """At most `limit` marks with 0 < tick < `ticks`; None where they are denser, or where nobody knows them."""
        return []

    def jumps(self, ticks: int, limit: int) -> list[int]:
        """Ticks at which the curve jumps but which deserve no label; none where they are denser than `limit`."""
        return []

    @classmethod
    def called(cls) -> str:
        """The name that is called in code, in its module."""
        return cls.native

    @classmethod
    def fixed(cls) -> dict[str, Any]:
        """Arguments of that call which are no fields, because they are always the same."""
        return {}

    def raises_at(self) -> float:
        """The first tick at which the genuine code raises (bound schedules only); infinity where it never does."""
        return math.inf

    @property
    def raises_in(self) -> str:
        """The argument whose expression raises there; nothing where there is none."""
        return "" if math.isinf(self.raises_at()) else next((name for name, _, _ in self.expressions()), "")

    def expressions(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Its expressions, those of schedules in it aside: argument, text, and what it is a function of."""
        found: list[tuple[str, str, tuple[str, ...]]] = []
        for name, about in described(type(self)).items():
            value = getattr(self, name)
            if about.control is not None and about.control.arguments and value is not None:
                found += [
                    (name, text, about.control.arguments) for text in (value if isinstance(value, tuple) else (value,))
                ]
        return found

    @property
    def most(self) -> float:
        """No factor that its expressions give, or those of schedules in it, is further from 0 (bound schedules only);
        1 where there are none.
        """
        return math.prod(child.most for child in self.children().values())

    @property
    def own_rate(self) -> bool:
        """Whether the trial's base_lr is not used."""
        return self.sets_rate

    @property
    def ticks_left(self) -> int:
        """The ticks that its place leaves to it (bound schedules only)."""
        return self._place.ticks

    @property
    def no_formula(self) -> str:
        """Why there is no formula: a rate follows from the one before and not from the tick alone, or nobody could read
        that of an expression; else nothing.
        """
        for _, text, arguments in self.expressions():
            if reason := read(text, arguments).no_formula:
                return reason
        return next((child.no_formula for child in self.children().values() if child.no_formula), "")

    def initial_lr(self, base_lr: Array) -> Array:
        """The rate that schedulers built after this one on the same optimizer start from."""
        return base_lr

    def bind(self, place: Place) -> Self:
        """This schedule in its place: horizons filled in with the ticks left to it, lists of groups reduced to its
        group's value.
        """
        filled: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is None and is_horizon(field):
                filled[name] = self.horizon(max(place.ticks, 1))
            elif isinstance(value, tuple) and params.find(field.metadata, params.PerGroup):
                filled[name] = value[place.group]
        bound = self.model_copy(update=filled)
        bound._place = place  # noqa: SLF001 (its own)
        return bound

    @property
    def ends_by(self) -> str:
        """The argument that says when the curve has come to its end; nothing where it never does, or begins anew."""
        return next(
            (name for name, field in type(self).model_fields.items() if is_horizon(field) and not self.goes_on), ""
        )

    def fitting(self, ticks: int) -> float:
        """What `ends_by` comes to where the curve ends with the last of the `ticks` left to it."""
        return self.model_copy(update={self.ends_by: None}).horizon(ticks)

    @property
    def rises_by(self) -> str:
        """The argument that says how many ticks it rises at its start; nothing where it does not."""
        return next(
            (
                name
                for name in type(self).model_fields
                if "warmup" in name and getattr(self, name) and _in_ticks(type(self), name)
            ),
            "",
        )

    def horizon(self, ticks: int) -> float:
        """What a null horizon comes to when `ticks` are left: all of them, less what the native argument excludes."""
        return ticks

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A document of this schedule to begin with: its horizon as long as the run, what else it requires and its
        durations in proportion.
        """
        document: dict[str, Any] = {"kind": cls.kind}
        for name, field in cls.model_fields.items():
            about = described(cls)[name]
            if is_horizon(field):
                document[name] = None
            elif about.control is None or not (
                field.is_required() or (about.control.unit == "ticks" and not about.optional)
            ):
                continue
            elif about.many:
                document[name] = [ticks * 3 // 10, ticks * 6 // 10, ticks * 8 // 10]
            elif about.control.unit in ("ticks", "epochs", "updates"):
                whole = {"ticks": ticks, "epochs": epochs, "updates": updates}[about.control.unit]
                share = about.control.start if isinstance(about.control.start, float) else 1.0
                document[name] = max(math.ceil(whole * share), 1 if about.positive else 0)
            else:
                document[name] = about.control.start
        return document

    def with_names(self, owner: str = "") -> Self:
        """This schedule, bound, with its numbers and those of the schedules in it `Named` after their arguments (but a
        metric is no argument), for the trees that are made of its curve; `owner` tells it from another one.
        """
        update = {
            name: _with_names(getattr(self, name), name, owner) for name in type(self).model_fields if name != "metrics"
        }
        return self.model_copy(update=update)

    def tree(self) -> Any:
        """The curve, bound, as a tree over the symbols tick and base_lr."""
        return self.with_names().curve(symbol("tick"), symbol("base_lr"), TRACE)

    def children(self) -> dict[str, Schedule]:
        """The schedules nested in this one, by their path below it."""
        found: dict[str, Schedule] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Schedule):
                found[name] = value
            elif isinstance(value, tuple):
                found |= {f"{name}.{i}": item for i, item in enumerate(value) if isinstance(item, Schedule)}
        return found

    def lists(self) -> dict[str, int]:
        """The length of each argument that is a list of groups, by its path below this schedule."""
        fields = type(self).model_fields.items()
        own = {
            name: len(getattr(self, name))
            for name, field in fields
            if isinstance(getattr(self, name), tuple) and params.find(field.metadata, params.PerGroup)
        }
        return own | {
            f"{path}.{name}": length
            for path, child in self.children().items()
            for name, length in child.lists().items()
        }

    @property
    def by_group(self) -> bool:
        """Whether each parameter group has a curve of its own, beyond its base rate."""
        return self.reads_groups or bool(self.lists()) or any(child.by_group for child in self.children().values())

    @model_validator(mode="before")
    @classmethod
    def _take_kind(cls, data: Any) -> Any:
        """`kind` chose this class; it is no argument."""
        if isinstance(data, dict) and data.get("kind") == cls.kind:
            return {key: value for key, value in data.items() if key != "kind"}
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The schema of the arguments, and of `kind`, which names the class and is none of them."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        schema["properties"] = {"kind": {"const": cls.kind}, **schema.get("properties", {})}
        schema["required"] = ["kind", *schema.get("required", [])]
        return dict(schema)

    @model_serializer(mode="wrap")
    def _give_kind(self, handler: Any) -> dict[str, Any]:
        return {"kind": self.kind, **handler(self)}


def _with_names(value: Any, name: str, owner: str) -> Any:
    if isinstance(value, Schedule):
        return value.with_names(f"{owner}.{name}")
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return named(name, value, owner)
    if isinstance(value, tuple) and value and all(isinstance(v, (int, float)) for v in value):
        return tuple(Named(v, Expr("item", name, i, value, owner)) for i, v in enumerate(value))
    if isinstance(value, tuple):
        return tuple(_with_names(v, name, f"{owner}.{i}") for i, v in enumerate(value))
    return value


def _in_ticks(kind: type[Schedule], name: str) -> bool:
    control = described(kind)[name].control
    return control is not None and control.unit == "ticks"


@cache
def described(kind: type[Schedule]) -> dict[str, params.Described]:
    """What a page, or a rule, needs to know of each argument of a schedule."""
    return {name: params.describe(field.annotation, field.metadata) for name, field in kind.model_fields.items()}


def is_horizon(field: Any) -> bool:
    """Whether a field counts how long the schedule lasts, so that null means: as long as the run."""
    return field.annotation == HORIZON_ANNOTATION and params.find(field.metadata, params.Control) is not None


HORIZON_ANNOTATION = int | float | None


def every(period: float, ticks: int, limit: int, label: str) -> list[Mark] | None:
    """A mark at each multiple of `period` inside the run; None when there are more than `limit`."""
    if ticks > period * (limit + 1):
        return None
    count = int(np.ceil(ticks / period)) - 1
    places = (int(np.ceil(period * k)) for k in range(1, count + 1))
    return [Mark(place, label) for place in places if place < ticks]


def inside(ticks: int, limit: int, *marks: Mark) -> list[Mark] | None:
    """The given marks that lie inside the run; None when there are more than `limit`."""
    kept = [m for m in marks if 0 < m.tick < ticks]
    return kept if len(kept) <= limit else None
