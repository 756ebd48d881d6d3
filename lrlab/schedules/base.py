"""What a schedule is: a frozen value with one pure, vectorised curve."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from pydantic import ConfigDict, ModelWrapValidatorHandler, PrivateAttr, model_serializer, model_validator

from lrlab.schedules import params
from lrlab.schedules.facts import Cycles, Facts
from lrlab.schedules.likeness import Like, Unlike
from lrlab.schedules.measure import EXAMPLES, MOST_TEXT, PATTERN, Reading, Typed
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
    """Where a schedule is bound: the ticks left to it, the parameter group it drives, and every group's base rate.

    The rest is that of the run, in a nested schedule too.
    """

    ticks: int
    group: int = 0
    base_rates: tuple[float, ...] = (1.0,)
    epoch_ticks: int = 1
    """How many ticks of the clock an epoch has."""
    run_ticks: int = 1
    """How many ticks the whole run has."""
    step_samples: int | None = None
    """How many samples an optimizer step sees; None where the run does not say."""


class Schedule(Facts):
    """One scheduler of one framework, under its native name with its native arguments as fields.

    A framework's base class names the `framework` and where it is documented; a class whose native name is no class
    name gives it as `native=`. Fields are the whole declaration: validation, JSON, sliders, formula and code are made
    from them and from `curve`. The docstring is the gallery's text: the shape in one sentence, then what surprises,
    then `Source:`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        defer_build=True,  # of many hundred classes a person meets a few: each is built when it is first used
    )

    family: ClassVar[Like | Unlike]
    """The family to which it belongs first of all."""
    also: ClassVar[tuple[Like, ...]] = ()
    """The other families whose shape it can take."""
    framework: ClassVar[str] = ""
    also_called: ClassVar[str] = ""
    """Other names of the framework, by which people search."""
    documentation: ClassVar[str] = ""
    """The address of the genuine scheduler's description; `{native}` stands for its name."""
    module: ClassVar[str] = ""
    """Where the genuine scheduler is imported from."""
    takes_optimizer: ClassVar[bool] = True
    """Whether its constructor begins with the optimizer."""
    per_epoch: ClassVar[bool] = False
    """Whether it is usually called once an epoch and not once an optimizer step."""
    aside: ClassVar[frozenset[str]] = frozenset({"metrics"})
    """Fields that are no arguments of its constructor."""
    native: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    sets_rate: ClassVar[bool] = False
    """Whether arguments of its own set the rate."""
    reads_groups: ClassVar[bool] = False
    """Whether the curves of groups differ by more than their base rate, even where no argument is a list."""
    goes_on: ClassVar[bool] = False
    """Whether its horizon is the time of one decay and another follows, so that the curve never ends."""

    _place: Place | None = PrivateAttr(default=None)
    _texts: tuple[tuple[str, Typed], ...] = PrivateAttr(default=())
    """Its own durations that are text: argument (of a list: `milestones.0`), text and ticks. Fields hold the ticks."""

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
        """Arguments of the constructor that are no fields, because they are always the same."""
        return {}

    @classmethod
    def families(cls) -> tuple[Like | Unlike, ...]:
        """Its place in each family that it belongs to, its home first; a subclass does not inherit its parent's."""
        own = vars(cls)
        return (own["family"], *own.get("also", ())) if "family" in own else ()

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
        """The largest distance from 0 of any factor that its expressions give, or those of schedules in it.

        Only bound schedules know it; it is 1 where there are no expressions.
        """
        return math.prod(child.most for child in self.children().values())

    @property
    def own_rate(self) -> bool:
        """Whether the trial's base_lr is not used."""
        return self.sets_rate

    @property
    def has_place(self) -> bool:
        """Whether it was bound to a place.

        The cycles of optax.sgdr_schedule are not: each says when the next one begins.
        """
        return self._place is not None

    @property
    def place(self) -> Place:
        """The place to which it is bound; one of a single tick where it is not bound."""
        return self._place or Place(1)

    @property
    def ticks_left(self) -> int:
        """The ticks that its place leaves to it (bound schedules only)."""
        return self.place.ticks

    @property
    def no_formula(self) -> str:
        """Why there is no formula; nothing where there is one.

        A rate may follow from the one before and not from the tick alone, or nobody could read an expression's formula.
        """
        for _, text, arguments in self.expressions():
            if reason := read(text, arguments).no_formula:
                return reason
        return next((child.no_formula for child in self.children().values() if child.no_formula), "")

    def initial_lr(self, base_lr: Array) -> Array:
        """The rate that schedulers built after this one on the same optimizer start from."""
        return base_lr

    def bind(self, place: Place) -> Self:
        """This schedule in its place, with its horizons filled in with the ticks left to it.

        A list with a value for each group is reduced to the value of its own group.
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
    def lasts_by(self) -> str:
        """The argument that says how long it lasts, or one decay or the first cycle of it; nothing where none does."""
        horizon = next((name for name, field in type(self).model_fields.items() if is_horizon(field)), "")
        return horizon or (self.restarts_by or ("",))[0]

    @property
    def ends_by(self) -> str:
        """The argument that says when the curve has come to its end; nothing where it never does, or begins anew."""
        return "" if self.goes_on or self.restarts() else self.lasts_by

    @property
    def follows_run(self) -> bool:
        """Whether it ends with the run, because what `ends_by` names is null."""
        return getattr(self, self.ends_by) is None

    def restarts(self) -> Cycles | None:
        """The cycles that it restarts in, the values bound schedules'; None where it does not restart."""
        if self.restarts_by is None:
            return None
        length, factor = self.restarts_by
        return Cycles(length, factor, getattr(self, length), getattr(self, factor))

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
        """A document of this schedule to begin with: its horizon is as long as the run.

        It holds what else the schedule requires, and its durations in proportion to the run.
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

    @classmethod
    def rates_of_groups(cls) -> list[str]:
        """The arguments that may be a list of rates, one per parameter group."""
        return [
            name
            for name, field in cls.model_fields.items()
            if params.find(field.metadata, params.PerGroup) and described(cls)[name].unit == "rate"
        ]

    @property
    def watches(self) -> bool:
        """Whether a metric moves its rate, or that of one nested in it."""
        return self.metric_driven or any(child.watches for child in self.children().values())

    @property
    def shown(self) -> tuple[float | str, ...] | None:
        """The values of the metric that it, or one nested in it, is shown."""
        return next((child.shown for child in self.children().values() if child.shown), None)

    def anew(self, calls: int) -> Self:
        """This schedule begun anew after so many calls: only the metrics that are still to come are shown to it."""
        return self

    def with_names(self, owner: str = "") -> Self:
        """This schedule (bound) with every number `Named` after its argument, for trees made of its curve.

        The numbers of schedules nested in it are named too; a metric is no argument. `owner` tells one schedule from
        another.
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
        for name in _nesting(type(self)):
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

    def texts(self) -> dict[str, Typed]:
        """The durations that are text in the document, by their path below this schedule, those nested in it too."""
        found = dict(
            (self.__pydantic_private__ or {}).get("_texts", ())
        )  # as every document asks, without pydantic's detours
        if _nesting(type(self)):
            for path, child in self.children().items():
                found |= {f"{path}.{name}": typed for name, typed in child.texts().items()}
        return found

    @property
    def own_texts(self) -> dict[str, str]:
        """Its own durations that are text, by argument (of a list: `milestones.0`)."""
        return {path: typed.text for path, typed in self._texts}

    def text(self, name: str) -> str:
        """The text, or the texts in the list, that an argument is in the document; nothing where it is numbers."""
        return ", ".join(text for path, text in self.own_texts.items() if path.partition(".")[0] == name)

    def in_numbers(self) -> Self:
        """This schedule with numbers in place of its texts, those of schedules nested in it too."""
        if not self.texts():
            return self
        given = [name for name in _nesting(type(self)) if name in self.model_fields_set]
        made = self.model_copy(update={name: _in_numbers(getattr(self, name)) for name in given})
        made._texts = ()  # noqa: SLF001 (its own)
        return made

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; an argument that is given another value is no text any more."""
        made = super().model_copy(update=update, deep=deep)
        if update and self._texts:
            made._texts = tuple(kept for kept in self._texts if kept[0].partition(".")[0] not in update)  # noqa: SLF001
        return made

    @property
    def by_group(self) -> bool:
        """Whether each parameter group has a curve of its own, beyond its base rate."""
        return self.reads_groups or bool(self.lists()) or any(child.by_group for child in self.children().values())

    @model_validator(mode="wrap")
    @classmethod
    def _take_document(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """`kind` chose this class and is no argument; a duration that is text becomes ticks, and is remembered."""
        if not isinstance(data, dict):
            return handler(data)
        if data.get("kind") == cls.kind:
            data = {key: value for key, value in data.items() if key != "kind"}
        found = {path: Typed(text, _ticks(cls, path, text)) for path, text in _texts_in(cls, data)}
        if not found:
            return handler(data)
        made = handler(_with_items(data, {path: typed.ticks for path, typed in found.items()}))
        made._texts = tuple(found.items())  # noqa: SLF001 (its own)
        return made

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The schema of the arguments, and of `kind`, which names the class and is none of them."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        timed = {name: or_text(schema["properties"][name]) for name in _timed(cls)}
        schema["properties"] = {"kind": {"const": cls.kind}, **schema.get("properties", {}), **timed}
        schema["required"] = ["kind", *schema.get("required", [])]
        return dict(schema)

    @model_serializer(mode="wrap")
    def _give_kind(self, handler: Any) -> dict[str, Any]:
        given = {"kind": self.kind, **handler(self)}
        return _with_items(given, self.own_texts) if self._texts else given


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
        return tuple(
            v.with_names(f"{owner}.{name}.{i}") if isinstance(v, Schedule) else _with_names(v, name, f"{owner}.{i}")
            for i, v in enumerate(value)
        )
    return value


def _in_numbers(value: Any) -> Any:
    if isinstance(value, Schedule):
        return value.in_numbers()
    return tuple(map(_in_numbers, value)) if isinstance(value, tuple) else value


def _in_ticks(kind: type[Schedule], name: str) -> bool:
    return described(kind)[name].unit == "ticks"


@cache
def _nesting(kind: type[Schedule]) -> tuple[str, ...]:
    """The arguments that may hold schedules."""
    return tuple(name for name, about in described(kind).items() if about.nested)


@cache
def _timed(kind: type[Schedule]) -> dict[str, bool]:
    """The arguments that count ticks and so may be text, and whether each is a list of such."""
    return {name: about.many for name, about in described(kind).items() if about.unit == "ticks"}


def _texts_in(kind: type[Schedule], data: dict[str, Any]) -> list[tuple[str, str]]:
    """The texts that a document has where a schedule counts ticks."""
    found = []
    for name, many in _timed(kind).items():
        value = data.get(name)
        if isinstance(value, str) and not many:
            found.append((name, value))
        elif many and isinstance(value, (list, tuple)):
            found += [(f"{name}.{i}", item) for i, item in enumerate(value) if isinstance(item, str)]
    return found


def _with_items(given: dict[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with new values, some for items of lists (`milestones.0`); what is not given is left out."""
    lists = {path.partition(".")[0] for path in new if "." in path}.intersection(given)
    items = {name: [new.get(f"{name}.{i}", item) for i, item in enumerate(given[name])] for name in lists}
    return {**given, **{name: new[name] for name in given if name in new}, **items}


def _ticks(kind: type[Schedule], path: str, text: str) -> int:
    """What a text comes to in the document that is being read; ValueError where it is no duration, or there is no run.

    Who makes a schedule without a run can give ticks only.
    """
    now = Reading.now.get()
    try:
        if now is not None:
            return now.ticks(text)
    except ValueError:
        number = "a whole number" if described(kind)[path.partition(".")[0]].integer else "a number"
        msg = f"{path}: must be {number}, or text such as {EXAMPLES}"
        raise ValueError(msg) from None
    msg = f"{path}: is text, which comes to ticks on a run only"
    raise ValueError(msg)


def or_text(schema: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of what counts ticks, which may be text too; of a list, that of its items."""
    if "items" in schema:
        return {**schema, "items": or_text(schema["items"])}
    about: dict[str, Any] = {key: schema[key] for key in ("title", "default") if key in schema}
    number = {key: value for key, value in schema.items() if key not in about}
    return {
        "anyOf": [*number.get("anyOf", [number]), {"type": "string", "pattern": PATTERN, "maxLength": MOST_TEXT}],
        **about,
    }


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
