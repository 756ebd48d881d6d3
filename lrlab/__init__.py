"""lrlab: the learning rate that a training run will really get; to explore, compare, repair and take home."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrlab import advice, engine, exporters
    from lrlab.document import DocumentError, Experiment, Trial, load, loads
    from lrlab.integrations import hf_scheduler, keras_schedule, optax_schedule, torch_scheduler

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

_FROM = {
    "document": ("DocumentError", "Experiment", "Trial", "load", "loads"),
    "integrations": ("hf_scheduler", "keras_schedule", "optax_schedule", "torch_scheduler"),
}
"""Which module has which of these names; the rest are modules themselves."""


def __getattr__(name: str) -> Any:
    """Each name of this package, and each module in it, loaded when asked for: pydantic makes its classes slowly."""
    home = next((module for module, names in _FROM.items() if name in names), None)
    if name.startswith("_") or find_spec(f"{__name__}.{home or name}") is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    module = import_module(f"{__name__}.{home or name}")
    value = getattr(module, name) if home else module
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
