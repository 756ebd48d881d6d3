"""The call of a schedule's own constructor: native path and arguments, horizons as numbers."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from lrlab.schedules import Schedule
from lrlab.schedules.base import described
from lrlab.trees.parse import parse
from lrlab.trees.python import fits, number
from lrlab.trees.trace import TRACE, symbol

if TYPE_CHECKING:
    from lrlab.trees.python import Writer

_LINE = 110  # characters of a call that stays on one line


def constructor(writer: Writer, schedule: Schedule, bound: Schedule, owner: str | None = None) -> str:
    """The expression that makes the native scheduler from the arguments that were given.

    `bound` has the numbers for horizons that are null. It names `optimizer` where native code takes one; the writer
    collects the imports and, where an owner is named, the arguments as constants.
    """
    package, name = schedule.module.partition(".")[0], schedule.called()
    whole = schedule.imported_whole
    writer.imports.add(f"import {package}" if whole else f"from {schedule.module} import {name}")
    fixed = [f"{name}={value!r}" for name, value in schedule.fixed().items()]
    given = [f"{name}={text}" for name, text in arguments(writer, schedule, bound, owner).items()]
    return call(
        f"{schedule.module}.{name}" if whole else name,
        [*(["optimizer"] if schedule.takes_optimizer else []), *fixed, *given],
    )


def arguments(writer: Writer, schedule: Schedule, bound: Schedule, owner: str | None = None) -> dict[str, str]:
    """The text of every argument that was given; where an owner is named, plain ones are constants of the writer."""
    found = {}
    for name in type(schedule).model_fields:
        if name in schedule.model_fields_set - schedule.aside:
            value = getattr(schedule, name)
            text = _value(writer, schedule, name, value, getattr(bound, name), owner)
            plain = not _nests(value) and not _is_function(schedule, name)
            found[name] = writer.constant(name, text, owner) if plain and owner is not None else text
    return found


def typed(schedule: Schedule, name: str) -> list[tuple[tuple[str, ...], Any]]:
    """The functions that a person typed as an argument: what each is a function of, and its tree.

    An argument that takes no functions has none.
    """
    control, value = described(type(schedule))[name].control, getattr(schedule, name)
    texts = value if isinstance(value, tuple) else (value,)
    return (
        [_parsed(text, control.arguments) for text in texts if text is not None]
        if control and control.arguments
        else []
    )


def _is_function(schedule: Schedule, name: str) -> bool:
    """Whether an argument is a function, or a list of them that need the module's own, which stand below constants."""
    functions = typed(schedule, name)
    listed = isinstance(getattr(schedule, name), tuple)
    return bool(functions) and not (listed and all(fits(tree) for _, tree in functions))


def _nests(value: Any) -> bool:
    return isinstance(value, Schedule) or (
        isinstance(value, tuple) and any(isinstance(item, Schedule) for item in value)
    )


def call(name: str, arguments: list[str]) -> str:
    """A call on one line, or with an argument a line where that is too long."""
    flat = f"{name}({', '.join(arguments)})"
    if len(flat) <= _LINE and "\n" not in flat:
        return flat
    inside = ",\n".join(arguments)
    return f"{name}(\n{textwrap.indent(inside, '    ')},\n)"


def _value(writer: Writer, schedule: Schedule, name: str, value: Any, filled: Any, owner: str | None) -> str:
    if isinstance(value, Schedule):
        return constructor(writer, value, filled, owner and f"{owner}.{name}")
    if isinstance(value, tuple) and value and isinstance(value[0], Schedule):
        return _nested(writer, schedule, name, list(zip(value, filled, strict=True)), owner)
    control = described(type(schedule))[name].control
    unit = control.unit if control else ""
    if isinstance(value, tuple) and unit == "pairs":
        return f"{{{', '.join(f'{tick}: {number(factor)}' for tick, factor in value)}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(_value(writer, schedule, name, v, v, owner) for v in value)}]"
    if control is not None and control.arguments and value is not None:
        return writer.function(*_parsed(value, control.arguments), name)
    value = filled if value is None else value
    return number(value) if isinstance(value, float) else quoted(value) if isinstance(value, str) else repr(value)


def quoted(text: str) -> str:
    """A string as style guides want it."""
    plain = repr(text)
    return plain if '"' in text or "'" in text else f'"{plain[1:-1]}"'


def _parsed(text: str, names: tuple[str, ...]) -> tuple[tuple[str, ...], Any]:
    """The names of what a typed function takes, and its tree."""
    for count in range(len(names), 0, -1):  # a lambda may take fewer
        try:
            parsed = parse(text, *names[:count])
        except ValueError:
            continue
        return names[:count], parsed(TRACE, *map(symbol, names[:count]))
    raise AssertionError(text)  # it was read when the schedule was made


def _nested(
    writer: Writer, schedule: Schedule, name: str, parts: list[tuple[Schedule, Schedule]], owner: str | None
) -> str:
    """A list of schedulers, or of their arguments where native code wants those."""
    document = schedule.in_numbers().model_dump(mode="json", exclude_unset=True)[name]
    bare = "kind" not in document[0]
    if bare:
        written = [json.dumps(arguments) for arguments in document]
    else:
        written = [
            constructor(writer, part, its, owner and f"{owner}.{name}.{i}") for i, (part, its) in enumerate(parts)
        ]
    inner = ",\n".join(written)
    return f"[\n{textwrap.indent(inner, '    ')},\n]"
