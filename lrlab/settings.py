"""What a part of a page is set to: a frozen value that says how a page offers its fields, and that can be written
into an address and read from one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from lrlab.document import sentence
from lrlab.schedules import did_you_mean
from lrlab.schedules.params import Described, describe, find

MOST_TEXT = 100  # characters of one value in an address


@dataclass(frozen=True)
class Wording:
    """What a page says of a switch, a text or a choice: its label, its help, and what the choices are called.

    A number has a `Control` in place of it.
    """

    label: str
    help: str = ""
    names: tuple[str, ...] = ()


class Settings(BaseModel):
    """What a part of a page is set to. Every field has a default; one that a page offers is annotated with its
    bounds and a `Control`, or with its choices and a `Wording`.

    A validator of several fields names one of them first: "warmup: 5 epochs leave nothing".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    key: ClassVar[str]
    """What the names of the fields begin with in an address; no two sections of all lessons have the same."""

    @classmethod
    def read(cls, address: Mapping[str, str]) -> tuple[Self, list[str]]:
        """The settings that the entries "<key>.<field>" of an address ask for, and a sentence for each entry that is
        wrong; its field keeps its default.
        """
        values: dict[str, Any] = {}
        problems = []
        for entry, text in address.items():
            key, _, name = entry.partition(".")
            if key != cls.key:
                continue
            if name not in cls.model_fields:
                problems.append(
                    f"{_short(entry)}: is no setting of this page{did_you_mean(name[:MOST_TEXT], cls.model_fields)}"
                )
                continue
            try:
                values[name] = _value(cls, name, text)
            except ValidationError as error:
                problems.append(f"{entry}: {sentence(error).removeprefix(': ')}")
        try:
            return cls(**values), problems
        except ValidationError as error:  # each value is allowed, but not together with the others
            return cls(), [*problems, f"{cls.key}.{sentence(error)}"]

    def written(self) -> dict[str, str]:
        """The entries of an address, {"<key>.<field>": text}, for the fields that differ from their default."""
        fields = type(self).model_fields
        values = {name: getattr(self, name) for name in fields}
        return {
            f"{self.key}.{name}": _text(value) for name, value in values.items() if value != fields[name].get_default()
        }

    def replaced(self, **changes: Any) -> Self:
        """The same with other values of some fields; ValidationError where these are no valid settings."""
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | changes)

    @classmethod
    def about(cls, name: str) -> Described:
        """How a page offers a field, and its hard bounds or its choices."""
        field = cls.model_fields[name]
        return describe(field.annotation, field.metadata)

    @classmethod
    def wording(cls, name: str) -> Wording:
        """What a page says of a switch, a text or a choice; the field's name where nothing is said."""
        wording: Wording | None = find(cls.model_fields[name].metadata, Wording)
        return wording or Wording(name)


class Trained(Settings):
    """The settings of a section whose training is started by a button."""

    drawn: ClassVar[frozenset[str]] = frozenset()
    """Fields that change only how an outcome is drawn."""

    ran: bool = False
    """Whether the training was started, so that a link to the page starts it again; no widget sets this."""

    def replaced(self, **changes: Any) -> Self:
        """The same with other values of some fields. Unless these only change how it is drawn, it is another training,
        which was not started yet.
        """
        return super().replaced(**({} if changes.keys() <= self.drawn else {"ran": False}) | changes)

    @property
    def work(self) -> str:
        """A name for the outcome: a hash of all fields that it depends on."""
        text = self.model_dump_json(exclude={"ran", *self.drawn})
        return f"{self.key}.{hashlib.sha256(text.encode()).hexdigest()}"


@cache
def _adapter(settings: type[Settings], name: str) -> TypeAdapter[Any]:
    field = settings.model_fields[name]
    return TypeAdapter(field.rebuild_annotation(), config=ConfigDict(strict=True, allow_inf_nan=False))


def _value(settings: type[Settings], name: str, text: str) -> Any:
    """The value that a text of the address stands for: the text itself where the field holds text, else a number or a
    truth value as JSON writes it.
    """
    adapter = _adapter(settings, name)
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        if error.errors()[0]["type"].startswith(("string", "value_error")):  # it is text, but not one that is allowed
            raise
    return adapter.validate_python(_plain(text))


def _plain(text: str) -> Any:
    """The value that a text is as JSON; the text itself where it is none, so that no field takes it for null."""
    try:
        return json.loads(text) if len(text) <= MOST_TEXT else text
    except (ValueError, RecursionError):
        return text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, allow_nan=False)


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}..."
