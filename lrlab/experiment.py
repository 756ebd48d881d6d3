"""The experiment is the document: a run and the trials laid over each other; JSON file, share link and page state are this one value."""

from __future__ import annotations

import base64
import binascii
import json
import pathlib
import zlib
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from lrlab.run import AnyRun, Clock, DataRun, Run, StepRun, calls
from lrlab.schedules import KINDS, AnySchedule, Place, Schedule, did_you_mean
from lrlab.schedules.durations import Path
from lrlab.schedules.params import BaseRate
from lrlab.schedules.recurrence import has_table

COMMENT = "# lrlab: "
"""What a line of exported code begins with that holds its document."""
MAX_BYTES = 2**20
MAX_TRIALS = 64
MAX_NESTING = 16
MAX_GROUPS = 256  # of one trial; twice as many of all
MAX_LINK = 8 * 1000  # bytes of compressed document
MAX_SENTENCE = 400
BLOCK = 2**14  # ticks at a time: what a curve makes on its way stays in the processor's cache, which halves the time


class DocumentError(ValueError):
    """A document that cannot be read: one sentence with path, argument and bound."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Trial(_Part):
    """One line of the chart: a schedule with its base rate (a list: one per parameter group) and the clock that drives it."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    base_lr: BaseRate | Annotated[tuple[BaseRate, ...], Strict(strict=False), Field(min_length=1, max_length=MAX_GROUPS)]
    clock: Clock = "step"
    schedule: AnySchedule
    hidden: bool = False
    dismissed: Annotated[tuple[str, ...], Strict(strict=False)] = ()

    @property
    def base_rates(self) -> tuple[float, ...]:
        """The base rate of every parameter group."""
        return self.base_lr if isinstance(self.base_lr, tuple) else (self.base_lr,)

    @model_validator(mode="after")
    def _lists_fit_the_groups(self) -> Self:
        groups = len(self.base_rates)
        for path, length in self.schedule.lists().items():
            if length != groups:
                msg = f"schedule.{path}: has {length} value{'s' * (length != 1)} for {groups} parameter group{'s' * (groups > 1)} (base_lr)"
                raise ValueError(msg)
        return self

    def bound(self, run: Run) -> tuple[Schedule, ...]:
        """The schedule of every parameter group, with its horizons filled in from the run; ValueError where that makes no schedule."""
        return _bound(self.schedule, calls(run, self.clock), self.base_rates)


@lru_cache(maxsize=512)
def _bound(schedule: Schedule, ticks: int, base_rates: tuple[float, ...]) -> tuple[Schedule, ...]:
    if not schedule.by_group:
        return (schedule.bind(Place(ticks, 0, base_rates)),) * len(base_rates)
    return tuple(schedule.bind(Place(ticks, group, base_rates)) for group in range(len(base_rates)))


def assign(document: Any, path: Path, value: Any) -> None:
    """Put a value at a path of a document; objects that are missing on the way are made."""
    here = document
    for step in path[:-1]:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    here[path[-1]] = value


class View(_Part):
    """How the chart is drawn."""

    x: Literal["step", "epoch"] = "step"
    y: Literal["linear", "log"] = "linear"
    marks: bool = True


class Experiment(_Part):
    """A run and the schedules laid over each other on it."""

    lrlab: Literal[1] = 1
    run: AnyRun
    trials: Annotated[tuple[Trial, ...], Strict(strict=False), Field(max_length=MAX_TRIALS)]
    view: View = View()

    @model_validator(mode="after")
    def _names_are_unique_and_groups_not_too_many(self) -> Self:
        seen: dict[str, int] = {}
        for i, trial in enumerate(self.trials):
            if trial.name in seen:
                msg = f"trials.{i}.name: is the name of trials.{seen[trial.name]} too"
                raise ValueError(msg)
            seen[trial.name] = i
        groups = sum(len(trial.base_rates) for trial in self.trials)
        if groups > 2 * MAX_GROUPS:
            msg = f"trials: {groups:,} parameter groups are more than {2 * MAX_GROUPS}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _can_be_evaluated(self) -> Self:
        for i, trial in enumerate(self.trials):
            last = 1.0 if has_table(trial.schedule) else calls(self.run, trial.clock) - 1.0  # a table is made when it is looked at
            tick = np.array([0.0, 1.0, last])
            try:
                for schedule, base_lr in dict(zip(trial.bound(self.run), trial.base_rates, strict=True)).items():
                    rates(schedule, base_lr, tick)
            except (ValueError, ArithmeticError) as error:
                msg = f"trials.{i}.schedule.{error}" if ": " in str(error) else f"trials.{i}.schedule: {error}"
                raise ValueError(msg) from None
        return self

    def place(self, name: str) -> int | None:
        """Where the trial of that name stands; None where there is none."""
        return next((i for i, trial in enumerate(self.trials) if trial.name == name), None)

    def trial(self, name: str | None = None) -> Trial:
        """The trial of that name, or the first one; DocumentError where there is none."""
        for trial in self.trials:
            if name is None or trial.name == name:
                return trial
        if name is None:
            msg = "trials: the document has none"
            raise DocumentError(msg)
        msg = f"trials: none is named {_short(repr(name))}{did_you_mean(name, [t.name for t in self.trials])}"
        raise DocumentError(msg)

    def document(self) -> dict[str, Any]:
        """The document as plain values, holding what was said and no default that was not."""
        return {"lrlab": 1, **self.model_dump(mode="json", exclude_unset=True)}

    def dumps(self) -> str:
        """The document as readable JSON; pure ASCII, so that it is at home in any comment or page."""
        return json.dumps(self.document(), indent=2, allow_nan=False)

    def link(self) -> str:
        """The document as the value of a share link: compressed, URL-safe. DocumentError above 8 kB."""
        packed = zlib.compress(json.dumps(self.document(), separators=(",", ":")).encode(), 9)
        if len(packed) > MAX_LINK:
            msg = f"the link: {len(packed):,} bytes of compressed document do not fit into the {MAX_LINK:,} of a link; take the file"
            raise DocumentError(msg)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def rates(schedule: Schedule, base_lr: float, tick: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bound schedule's rate at each tick (float64 of the same shape); ValueError naming the first tick at which it is not finite."""
    flat = tick.ravel()
    found = np.empty(flat.size)
    with np.errstate(all="ignore"):
        for begin in range(0, flat.size, BLOCK):
            try:
                found[begin : begin + BLOCK] = schedule.curve(flat[begin : begin + BLOCK], base_lr)
            except ArithmeticError as error:  # numbers that Python itself cannot count with
                msg = f"its arguments are beyond what can be calculated with ({error})"
                raise ValueError(msg) from None
    bad = ~np.isfinite(found)
    if np.any(bad):
        msg = f"the learning rate is not finite at tick {int(flat[bad][0]):,}"
        raise ValueError(msg)
    return found.reshape(tick.shape)


def from_link(value: str) -> Experiment:
    """Read the value of a share link; DocumentError when it was cut short, forged, or unpacks to more than 1 MiB."""
    if len(value) > MAX_LINK * 2:
        msg = f"the link: is longer than the {MAX_LINK:,} bytes that a link carries"
        raise DocumentError(msg)
    try:
        packed = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MAX_BYTES + 1)
    except (ValueError, binascii.Error, zlib.error):
        msg = "the link: is damaged (cut short or changed on its way)"
        raise DocumentError(msg) from None
    if len(text) > MAX_BYTES:
        msg = "the link: unpacks to more than 1 MiB"
        raise DocumentError(msg)
    if not unpacker.eof:
        msg = "the link: is cut short"
        raise DocumentError(msg)
    return loads(text)


def load(path: str | pathlib.Path) -> Experiment:
    """Read a document from a file; DocumentError with one sentence when it cannot be."""
    try:
        with pathlib.Path(path).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        msg = f"{_short(str(path))}: {getattr(error, 'strerror', None) or 'cannot be read'}"
        raise DocumentError(msg) from None
    return loads(text)


def loads(text: str | bytes) -> Experiment:
    """Read a document from JSON text; DocumentError with one sentence when it cannot be."""
    raw = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        msg = "the document: is larger than 1 MiB"
        raise DocumentError(msg)
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except DocumentError:
        raise
    except RecursionError:
        msg = f"the document: is nested deeper than {MAX_NESTING} schedules"
        raise DocumentError(msg) from None
    except json.JSONDecodeError as error:
        msg = f"the document: is no JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        raise DocumentError(msg) from None
    except ValueError:
        msg = "the document: is no JSON in UTF-8"
        raise DocumentError(msg) from None
    return parse(data)


def parse(data: Any) -> Experiment:
    """Read a document from plain values; DocumentError with one sentence when it cannot be."""
    if not isinstance(data, dict):
        msg = "the document: must be a JSON object with run and trials"
        raise DocumentError(msg)
    if "lrlab" not in data:
        msg = 'lrlab: is missing (the version: "lrlab": 1)'
        raise DocumentError(msg)
    _check_nesting(data)
    try:
        return Experiment.model_validate(data)
    except ValidationError as error:
        raise DocumentError(sentence(error, data)) from None


def _no_constant(name: str) -> Any:
    msg = f"the document: {name} is no number that JSON knows"
    raise DocumentError(msg)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        msg = f"the document: {_short(repr(twice))} stands twice in one object"
        raise DocumentError(msg)
    return found


def _check_nesting(data: dict[str, Any]) -> None:
    """Refuse schedules nested too deep before anything recurses into them."""
    level: list[Any] = [t.get("schedule") for t in data.get("trials") or [] if isinstance(t, dict)] if isinstance(data.get("trials"), list) else []
    for _ in range(MAX_NESTING):
        level = [
            child
            for node in level
            if isinstance(node, dict)
            for value in node.values()
            for child in (value if isinstance(value, list) else [value])
            if isinstance(child, dict)
        ]
        if not level:
            return
    msg = f"trials: schedules are nested deeper than {MAX_NESTING} levels"
    raise DocumentError(msg)


_SENTENCES = {
    "missing": "is missing",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "union_tag_not_found": "kind is missing (one of: python -m lrlab kinds)",
}


def sentence(error: ValidationError, data: Any = None) -> str:
    """The first thing wrong, as one sentence `path: what must be`; `data` tells which parts of pydantic's location are the document's."""
    details = error.errors(include_url=False)
    first = details[0]
    path = _path(first["loc"], data, keep_last=first["type"] in ("missing", "extra_forbidden"))
    inner = [d for d in details if _path(d["loc"], data, keep_last=False).startswith(f"{path}.")]
    if inner:  # a list in place of one value: what is wrong with its items
        first = inner[0]
        path = _path(first["loc"], data, keep_last=False)
    same = [d for d in details if _path(d["loc"], data, keep_last=False) == path]
    if {d["type"] for d in same} == {"float_type", "literal_error"}:
        return _short(f'{path}: must be a number, or "nan"')
    if len(same) > 1:  # a union: say what fits all of its members
        first = next((d for d in same if d["type"] not in ("int_type", "float_type", "tuple_type")), same[0])
        if {d["type"] for d in same} <= {"int_type", "float_type", "tuple_type"}:
            lists = " or a list of numbers, one per parameter group" * any(d["type"] == "tuple_type" for d in same)
            return _short(f"{path}: must be a number{lists}")
    context = {key: int(x) if isinstance(x, float) and x.is_integer() else x for key, x in first.get("ctx", {}).items()}
    kind = first["type"]
    if kind == "union_tag_invalid":
        tag = str(context.get("tag"))
        text = f"{path}.kind: {_short(repr(tag), 80)} is no schedule that lrlab knows{did_you_mean(tag, KINDS)}"
    elif kind == "extra_forbidden":
        text = f"{path}: is no argument here{did_you_mean(str(first['loc'][-1]), _known(first['loc'], data))}"
    elif kind == "value_error":
        reason = str(context.get("error", first["msg"]))
        head, colon, _ = reason.partition(": ")  # a validator may name the argument itself: "T_max: must ..."
        deeper = bool(colon) and all(part.isidentifier() or part.isdigit() for part in head.split("."))
        text = f"{path}{'.' if path and deeper else ': ' if path else ''}{reason}"
    else:
        text = f"{path}: {_SENTENCES.get(kind, first['msg']).format(**context)}"
    return _short(text)


def _path(loc: tuple[int | str, ...], data: Any, *, keep_last: bool) -> str:
    """Pydantic's location without the names of union members: only steps that the document itself has."""
    parts, here = [], data
    for step in loc:
        if (isinstance(here, dict) and step in here) or (isinstance(here, list) and isinstance(step, int) and step < len(here)):
            here = _at(here, step)
        elif not (keep_last and step is loc[-1]):
            continue
        parts.append(_short(str(step), 60))
    return ".".join(parts)


def _at(here: Any, step: int | str) -> Any:
    if isinstance(here, dict):
        return here.get(step)
    return here[step] if isinstance(here, list) and isinstance(step, int) and step < len(here) else None


def _known(loc: tuple[int | str, ...], data: Any) -> list[str]:
    here = data
    for step in loc[:-1]:
        here = _at(here, step) or here
    kind = KINDS.get(str(here.get("kind"))) if isinstance(here, dict) else None
    return list(kind.model_fields) if kind else [name for part in (Experiment, Trial, View, DataRun, StepRun) for name in part.model_fields]


def _short(text: str, most: int = MAX_SENTENCE) -> str:
    flat = "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
    return flat if len(flat) <= most else flat[: most - 3] + "..."


__all__ = ["DocumentError", "Experiment", "Run", "Trial", "View", "from_link", "load", "loads", "parse", "sentence"]
