"""The experiment is the document: a run, and the trials laid over each other on it.

The JSON file, the share link and the state of the page are this one value.
"""

from __future__ import annotations

import json
import pathlib
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from lrlab.document import link
from lrlab.document.link import MAX_BYTES
from lrlab.document.run import AnyRun, DataRun, Run, StepRun, calls
from lrlab.document.sentences import DocumentError, sentence, short, with_ticks
from lrlab.document.trial import MAX_GROUPS, Part, Trial, read_on
from lrlab.schedules import did_you_mean
from lrlab.schedules.rates import check

COMMENT = "# lrlab: "
"""The beginning of the line of exported code that holds its document."""
MAX_TRIALS = 64
MAX_NESTING = 16


class View(Part):
    """How the chart is drawn."""

    x: Literal["step", "epoch"] = "step"
    y: Literal["linear", "log"] = "linear"
    marks: bool = True


class Experiment(Part):
    """A run and the schedules laid over each other on it."""

    lrlab: Literal[1] = 1
    run: AnyRun
    trials: Annotated[tuple[Trial, ...], Strict(strict=False), Field(max_length=MAX_TRIALS)]
    view: View = View()

    @field_validator("trials", mode="wrap")
    @classmethod
    def _are_on_the_run(cls, trials: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Durations that are text are counted on this run, whatever run a trial was read on."""
        run = info.data.get("run")
        if run is None:
            return handler(trials)
        return tuple(_on(run, i, trial) for i, trial in enumerate(read_on(run, handler, trials)))

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
            try:
                for schedule, base_lr in dict.fromkeys(zip(trial.bound(self.run), trial.base_rates, strict=True)):
                    check(schedule, base_lr, calls(self.run, trial.clock))
            except (ValueError, ArithmeticError) as error:
                texts = {typed.text: typed for typed in trial.schedule.texts().values()}
                says = with_ticks(str(error), trial.model_dump(mode="json")["schedule"], texts) if texts else str(error)
                msg = f"trials.{i}.schedule.{says}" if ": " in says else f"trials.{i}.schedule: {says}"
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
        msg = f"trials: none is named {short(repr(name))}{did_you_mean(name, [t.name for t in self.trials])}"
        raise DocumentError(msg)

    def document(self) -> dict[str, Any]:
        """The document as plain values; defaults are in it only where they were written out."""
        return {"lrlab": 1, **self.model_dump(mode="json", exclude_unset=True)}

    def dumps(self) -> str:
        """The document as readable JSON; pure ASCII, so that it is at home in any comment or page."""
        return json.dumps(self.document(), indent=2, allow_nan=False)

    def link(self) -> str:
        """The document as the value of a share link. DocumentError above 8 kB."""
        return link.pack(self.document())


def _on(run: Run, place: int, trial: Trial) -> Trial:
    try:
        return trial.on(run)
    except ValueError as error:
        msg = f"{place}.{error}"
        raise ValueError(msg) from None


def from_link(value: str) -> Experiment:
    """Read the value of a share link; DocumentError when it was cut short, forged, or unpacks to more than 1 MiB."""
    return loads(link.unpack(value))


def load(path: str | pathlib.Path) -> Experiment:
    """Read a document from a file; DocumentError with one sentence when it cannot be."""
    try:
        with pathlib.Path(path).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        msg = f"{short(str(path))}: {getattr(error, 'strerror', None) or 'cannot be read'}"
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
        raise DocumentError(sentence(error, data, _NAMES)) from None


def _no_constant(name: str) -> Any:
    msg = f"the document: {name} is no number that JSON knows"
    raise DocumentError(msg)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        msg = f"the document: {short(repr(twice))} stands twice in one object"
        raise DocumentError(msg)
    return found


def _check_nesting(data: dict[str, Any]) -> None:
    """Refuse schedules nested too deep before anything recurses into them."""
    level: list[Any] = (
        [t.get("schedule") for t in data.get("trials") or [] if isinstance(t, dict)]
        if isinstance(data.get("trials"), list)
        else []
    )
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


_NAMES = [name for part in (Experiment, Trial, View, DataRun, StepRun) for name in part.model_fields]
"""What a wrong name outside a schedule may have meant."""
