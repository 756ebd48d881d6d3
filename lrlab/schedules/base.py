"""What a schedule is: a frozen value with one pure, vectorised curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from lrlab.schedules import params

Array: TypeAlias = Any
"""A float64 array, a number, or the tree of a traced curve: curves are written over `xp` and do not know which."""


@dataclass(frozen=True, order=True)
class Mark:
    """A labelled tick: the first tick of what the label names."""

    tick: int
    label: str


class Schedule(BaseModel):
    """One scheduler of one framework, under its native name with its native arguments as fields.

    A framework's base class names the `framework`; a class whose native name is no class name gives it as `native=`.
    Fields are the whole declaration: validation, JSON, sliders, formula and code are made from them and from `curve`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    framework: ClassVar[str] = ""
    native: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, native: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.native = native or cls.__name__
        cls.kind = f"{cls.framework}.{cls.native}"

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        """The learning rate at each tick (>= 0), for one parameter group; pure, elementwise, over `xp` only."""
        raise NotImplementedError

    def momentum(self, tick: Array, xp: Any = np) -> Array | None:  # noqa: ARG002 (what the few that cycle it override)
        """The momentum (or beta1) at each tick where the schedule cycles it, else None."""
        return None

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:  # noqa: ARG002 (likewise)
        """At most `limit` marks with 0 < tick < `ticks`; None where they are denser, or where nobody knows them."""
        return []

    def jumps(self, ticks: int, limit: int) -> list[int]:  # noqa: ARG002 (what the few that have such override)
        """Ticks at which the curve jumps but which deserve no label; none where they are denser than `limit`."""
        return []

    @property
    def own_rate(self) -> bool:
        """Whether an argument of its own sets the rate, so that the trial's base_lr is not used."""
        return False

    def initial_lr(self, base_lr: Array) -> Array:
        """The rate that schedulers built after this one on the same optimizer start from."""
        return base_lr

    def bind(self, ticks: int, group: int = 0) -> Self:
        """This schedule with horizons filled in (`ticks` are left to it) and lists of groups reduced to `group`'s value."""
        filled: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is None and is_horizon(field):
                filled[name] = max(ticks, 1)
            elif isinstance(value, tuple) and params.find(field.metadata, params.PerGroup):
                filled[name] = value[group]
        return self.model_copy(update=filled) if filled else self

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A document of this schedule to begin with: its horizon as long as the run, what else it requires and its durations in proportion."""
        document: dict[str, Any] = {"kind": cls.kind}
        for name, field in cls.model_fields.items():
            about = params.describe(field.annotation, field.metadata)
            if is_horizon(field):
                document[name] = None
            elif about.control is None or not (field.is_required() or (about.control.unit == "ticks" and not about.optional)):
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

    def lists(self) -> dict[str, int]:
        """The length of each argument that is a list of groups, by its path below this schedule."""
        fields = type(self).model_fields.items()
        return {
            name: len(getattr(self, name))
            for name, field in fields
            if isinstance(getattr(self, name), tuple) and params.find(field.metadata, params.PerGroup)
        }

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


def is_horizon(field: Any) -> bool:
    """Whether a field counts how long the schedule lasts, so that null means: as long as the run."""
    return field.annotation == HORIZON_ANNOTATION and params.find(field.metadata, params.Control) is not None


HORIZON_ANNOTATION = int | float | None


def every(period: float, ticks: int, limit: int, label: str) -> list[Mark] | None:
    """A mark at each multiple of `period` inside the run; None when there are more than `limit`."""
    count = int(np.ceil(ticks / period)) - 1
    if count > limit:
        return None
    places = (int(np.ceil(period * k)) for k in range(1, count + 1))
    return [Mark(place, label) for place in places if place < ticks]


def inside(ticks: int, limit: int, *marks: Mark) -> list[Mark] | None:
    """The given marks that lie inside the run; None when there are more than `limit`."""
    kept = [m for m in marks if 0 < m.tick < ticks]
    return kept if len(kept) <= limit else None
