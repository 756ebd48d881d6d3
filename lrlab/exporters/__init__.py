"""Taking an experiment home: one target, one file.

Code is written from the curve and its arguments, and never typed a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lrlab.document import DocumentError
from lrlab.exporters.base import Exporter, Job
from lrlab.schedules import did_you_mean

if TYPE_CHECKING:
    from lrlab.document import Experiment, Trial
    from lrlab.exporters.base import Form, Loop

CLASSES = {
    "pytorch": "PyTorch",
    "lightning": "Lightning",
    "transformers": "Transformers",
    "timm": "Timm",
    "optax": "Optax",
    "keras": "Keras",
    "paddle": "Paddle",
    "deepspeed": "DeepSpeed",
    "numpy": "Numpy",
    "json": "Json",
    "csv": "Csv",
    "npy": "Npy",
}
"""The one list: each target, and its class in the file of that name."""


class Exporters(Mapping[str, Exporter]):
    """From a target to its exporter, which is loaded, with its framework's schedules, when somebody asks for it."""

    def __init__(self) -> None:
        self._loaded: dict[str, Exporter] = {}

    def __getitem__(self, target: str) -> Exporter:
        if target not in self._loaded:
            name = CLASSES[target]
            self._loaded[target] = getattr(import_module(f"{__name__}.{target}"), name)()
        return self._loaded[target]

    def __contains__(self, target: object) -> bool:
        return target in CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(CLASSES)

    def __len__(self) -> int:
        return len(CLASSES)


EXPORTERS = Exporters()


def export(
    experiment: Experiment, target: str, trial: str | None = None, *, form: Form | None = None, loop: Loop | None = None
) -> Any:
    """The text (npy: the bytes) of a trial, the first one or the one named, in a target's form.

    `form`: "native" or "portable" instead of native where that is exact. `loop`: "accelerate" for a training loop of
    Accelerate (pytorch only). DocumentError for an unknown target, or where there is no such form.
    """
    if target not in EXPORTERS:
        msg = f"--to: {target!r} is no target (known: {', '.join(EXPORTERS)}){did_you_mean(target, EXPORTERS)}"
        raise DocumentError(msg)
    chosen = experiment.trial(trial)
    try:
        return EXPORTERS[target].write(job(experiment, target, chosen, form, loop))
    except DocumentError:
        raise
    except ValueError as error:
        msg = f"{chosen.name}: cannot be written for {target}: {error}"
        raise DocumentError(msg) from None


def job(experiment: Experiment, target: str, trial: Trial, form: Form | None = None, loop: Loop | None = None) -> Job:
    """What is to be written, in the form and for the loop asked for, else native where that is exact.

    ValueError with a reason where that is not to be had.
    """
    exporter = EXPORTERS[target]
    for name, asked, known in (("form", form, exporter.forms), ("loop", loop, exporter.loops)):
        if asked is not None and asked not in known:
            msg = f"{exporter.title} has no {name} {asked!r} (known: {', '.join(known) or 'none'})"
            raise ValueError(msg)
    prepared = trial.clock == "process" and "accelerate" in exporter.loops
    loop = loop or ("accelerate" if prepared else "plain")
    if not exporter.forms:
        return Job(experiment, trial)
    reason = exporter.not_native(experiment.run, trial)
    if form == "native" and reason:
        msg = f"not in its native form: {reason}"
        raise ValueError(msg)
    if reason and "portable" not in exporter.forms:
        raise ValueError(reason)
    reason = reason or exporter.prefers_portable(experiment.run, trial)
    return Job(experiment, trial, form or ("portable" if reason else "native"), loop)
