"""lrlab: the learning rate that a training run will really get; to explore, compare, repair and take home."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from lrlab.document import DocumentError, Experiment, Trial, load, loads
from lrlab.integrations import hf_scheduler, keras_schedule, optax_schedule, torch_scheduler

if TYPE_CHECKING:
    from lrlab import advice, engine, exporters

__version__ = "0.1.0"
__all__ = [
    "DocumentError",
    "Experiment",
    "Trial",
    "advice",
    "engine",
    "exporters",
    "hf_scheduler",
    "keras_schedule",
    "load",
    "loads",
    "optax_schedule",
    "torch_scheduler",
]


def __getattr__(name: str) -> ModuleType:
    """`advice`, `engine` and `exporters`, each loaded when somebody asks for it."""
    if name not in ("advice", "engine", "exporters"):
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return import_module(f"lrlab.{name}")
