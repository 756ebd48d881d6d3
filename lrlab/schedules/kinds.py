"""The class of every kind, loaded when somebody asks for it; the names are known without that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from lrlab.schedules.base import Schedule

INDEX = Path(__file__).with_name("index.json")
"""Which module below this package holds the class of a kind; written by `python -m docs` from what the modules say."""


class Kinds(Mapping[str, type[Schedule]]):
    """From a kind to its class. Asking for a class loads its module; names, `in` and `len` load nothing."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = dict(modules)
        self._loaded: dict[str, type[Schedule]] = {}

    def __getitem__(self, kind: str) -> type[Schedule]:
        if kind not in self._loaded:
            module = import_module(f"{__package__}.{self._modules[kind]}")
            self._loaded |= {schedule.kind: schedule for schedule in module.SCHEDULES}
        return self._loaded[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)


KINDS = Kinds(json.loads(INDEX.read_text(encoding="utf-8")))


_BUILDING = RLock()
"""Held while pydantic builds a class that is used for the first time, which two threads must not do at once."""
_DEFINING = ContextVar("_DEFINING", default=False)
"""Whether the schedules of a JSON Schema are being defined: what is nested in one then only refers to others."""


class _ByKind:
    """Validates a schedule as the class that its kind names."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_validated)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """One of all kinds, whose classes are defined once, where the first of them is needed."""
        choices: list[Any] = [kind.__pydantic_core_schema__ for kind in KINDS.values()]
        references = [core_schema.definition_reference_schema(choice["ref"]) for choice in choices]
        one = core_schema.tagged_union_schema(dict(zip(KINDS, references, strict=True)), _kind_of)
        if _DEFINING.get():
            return handler(one)
        before = _DEFINING.set(True)
        try:
            return handler(core_schema.definitions_schema(one, choices))
        finally:
            _DEFINING.reset(before)


def _kind_of(data: Any) -> str | None:
    kind = data.get("kind") if isinstance(data, dict) else getattr(data, "kind", None)
    return None if kind is None else str(kind)


def _validated(data: Any) -> Schedule:
    kind = _kind_of(data)
    if kind is None or kind not in KINDS:
        problem: Any = "union_tag_not_found" if kind is None else "union_tag_invalid"
        context = {"discriminator": "kind", "tag": str(kind), "expected_tags": "those of `python -m lrlab kinds`"}
        raise PydanticKnownError(problem, context)
    schedule = KINDS[kind]
    with _BUILDING:
        schedule.model_rebuild()
    return schedule.model_validate(data)


AnySchedule: TypeAlias = Annotated[Schedule, _ByKind()]
"""A schedule of any kind, where a document holds one."""
