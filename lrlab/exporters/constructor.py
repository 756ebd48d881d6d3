"""The call of a schedule's own constructor: native path and arguments, horizons as numbers."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from lrlab.exporters.writer import number
from lrlab.schedules import Schedule
from lrlab.schedules.base import described
from lrlab.schedules.expression import parse
from lrlab.schedules.trace import TRACE, symbol

if TYPE_CHECKING:
    from lrlab.exporters.writer import Writer

_LINE = 110  # characters of a call that stays on one line


def constructor(writer: Writer, schedule: Schedule, bound: Schedule) -> str:
    """The expression that makes the native scheduler from the arguments that were given; `bound` says what null horizons come to.

    It names `optimizer` where native code takes one; the writer collects the imports.
    """
    writer.imports.add("import torch" if schedule.module.startswith("torch.") else f"from {schedule.module} import {schedule.called()}")
    arguments = ["optimizer"] if schedule.takes_optimizer else []
    arguments += [f"{name}={value!r}" for name, value in schedule.fixed().items()]
    for name in type(schedule).model_fields:
        if name in schedule.model_fields_set - schedule.aside:
            value = getattr(schedule, name)
            arguments.append(f"{name}={_value(writer, schedule, name, value, getattr(bound, name))}")
    call = f"{schedule.module}.{schedule.called()}" if schedule.module.startswith("torch.") else schedule.called()
    return _call(call, arguments)


def _call(name: str, arguments: list[str]) -> str:
    flat = f"{name}({', '.join(arguments)})"
    if len(flat) <= _LINE and "\n" not in flat:
        return flat
    inside = ",\n".join(arguments)
    return f"{name}(\n{textwrap.indent(inside, '    ')},\n)"


def _value(writer: Writer, schedule: Schedule, name: str, value: Any, filled: Any) -> str:
    if isinstance(value, Schedule):
        return constructor(writer, value, filled)
    if isinstance(value, tuple) and value and isinstance(value[0], Schedule):
        return _nested(writer, schedule, name, list(zip(value, filled, strict=True)))
    control = described(type(schedule))[name].control
    unit = control.unit if control else ""
    if isinstance(value, tuple) and unit == "pairs":
        return f"{{{', '.join(f'{tick}: {number(factor)}' for tick, factor in value)}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(_value(writer, schedule, name, v, v) for v in value)}]"
    if control is not None and control.arguments and value is not None:
        return _function(writer, value, control.arguments)
    value = filled if value is None else value
    return number(value) if isinstance(value, float) else repr(value)


def _function(writer: Writer, text: str, names: tuple[str, ...]) -> str:
    """What was typed, written anew from what it was parsed to."""
    for count in range(len(names), 0, -1):  # a lambda may take fewer
        try:
            parsed = parse(text, *names[:count])
        except ValueError:
            continue
        return f"lambda {', '.join(names[:count])}: {writer.text(parsed(TRACE, *map(symbol, names[:count])))}"
    raise AssertionError(text)  # it was read when the schedule was made


def _nested(writer: Writer, schedule: Schedule, name: str, parts: list[tuple[Schedule, Schedule]]) -> str:
    """A list of schedulers, or of their arguments where native code wants those."""
    document = schedule.model_dump(mode="json", exclude_unset=True)[name]
    bare = "kind" not in document[0]
    written = [repr(arguments) for arguments in document] if bare else [constructor(writer, part, its) for part, its in parts]
    inner = ",\n".join(written)
    return f"[\n{textwrap.indent(inner, '    ')},\n]"
