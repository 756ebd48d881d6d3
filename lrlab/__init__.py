"""lrlab: the learning rate that a training run will really get; to explore, compare, repair and take home."""

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
