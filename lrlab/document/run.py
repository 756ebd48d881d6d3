"""The arithmetic of a run: from its data to optimizer steps, and from steps to ticks of the scheduler.

Data set, batch, devices, accumulation and epochs give the steps; the clock gives the ticks.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from lrlab.schedules.measure import Measure

MAX_STEPS = 10**12
MAX_DEVICES = 10**6  # ticks (steps * devices) then still fit in an int64

Clock = Literal["step", "epoch", "micro_batch", "process"]
UNITS: dict[Clock, str] = {
    "step": "optimizer steps",
    "epoch": "epochs",
    "micro_batch": "micro-batches",
    "process": "steps times processes",
}
"""What the ticks of each clock are."""
Count = Annotated[int, Field(ge=1, le=MAX_STEPS)]


class _Run(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataRun(_Run):
    """A run given by its data: `epochs` passes over `samples`, `batch_size` of them on each device at a time."""

    samples: Count
    batch_size: Count
    devices: Annotated[int, Field(ge=1, le=MAX_DEVICES)] = 1
    accumulate: Count = 1
    epochs: Count
    drop_last: bool = False
    leftover: Literal["step", "drop"] = "step"

    @property
    def micro_batches(self) -> int:
        """B: ceil (drop_last: floor) of samples / (batch_size * devices)."""
        whole, rest = divmod(self.samples, self.batch_size * self.devices)
        return whole + (rest > 0 and not self.drop_last)

    @property
    def updates(self) -> int:
        """U: ceil (leftover="drop": floor) of B / accumulate."""
        whole, rest = divmod(self.micro_batches, self.accumulate)
        return whole + (rest > 0 and self.leftover == "step")

    @property
    def step_samples(self) -> int:
        """Samples that one optimizer step sees: batch_size * devices * accumulate."""
        return self.batch_size * self.devices * self.accumulate

    @property
    def steps(self) -> int:
        """Optimizer steps in the whole run: epochs * U."""
        return self.epochs * self.updates

    @model_validator(mode="after")
    def _an_epoch_has_steps(self) -> DataRun:
        if self.updates == 0:
            batches = f"{self.micro_batches:,} batches of {self.batch_size:,} x {self.devices:,}"
            given = f"{batches} from {self.samples:,} samples"
            msg = f"an epoch has no optimizer step: {given}, {self.accumulate:,} of them make a step"
            raise ValueError(msg)
        if self.steps > MAX_STEPS:
            msg = f"{self.steps:,} optimizer steps are more than 1e12"
            raise ValueError(msg)
        return self


class StepRun(_Run):
    """A run given by its optimizer steps; without `steps_per_epoch` it is one epoch."""

    total_steps: Count
    steps_per_epoch: Count | None = None
    devices: ClassVar[int] = 1
    accumulate: ClassVar[int] = 1
    step_samples: ClassVar[None] = None

    @property
    def steps(self) -> int:
        """Optimizer steps in the whole run."""
        return self.total_steps

    @property
    def updates(self) -> int:
        """U: optimizer steps in an epoch."""
        return self.steps_per_epoch or self.total_steps

    @property
    def micro_batches(self) -> int:
        """B equals U: nothing is accumulated."""
        return self.updates


Run: TypeAlias = DataRun | StepRun


def ticks(run: Any, clock: Clock, step: Any, xp: Any = np) -> Any:
    """How often `scheduler.step()` has been called before each optimizer step: int64 of the same shape.

    Written over `xp` and what `run` counts, so that exporters write their code from it too.
    """
    if clock == "step":
        return step
    if clock == "process":
        return step * run.devices
    epoch = step // run.updates
    if clock == "epoch":
        return epoch
    seen = xp.minimum((step - epoch * run.updates + 1) * run.accumulate, run.micro_batches)
    return epoch * run.micro_batches + seen - 1


def first_step(run: Run, clock: Clock, tick: int) -> int:
    """The first optimizer step whose tick is at least `tick`: where a mark at that tick is met."""
    if clock == "step":
        return tick
    if clock == "process":
        return -(-tick // run.devices)
    if clock == "epoch":
        return tick * run.updates
    epoch, batch = divmod(tick, run.micro_batches)
    return epoch * run.updates + -(-(batch + 1) // run.accumulate) - 1


def calls(run: Run, clock: Clock) -> int:
    """How often `scheduler.step()` is called in the whole run.

    It is the horizon of a schedule that lasts as long as the run.
    """
    if clock == "process":
        return run.steps * run.devices
    if clock == "step":
        return run.steps
    epochs, rest = divmod(run.steps, run.updates)
    if clock == "epoch":
        return epochs + (rest > 0)
    return epochs * run.micro_batches + min(rest * run.accumulate, run.micro_batches)


def ticks_per_epoch(run: Run, clock: Clock) -> int:
    """How often `scheduler.step()` is called in one whole epoch."""
    if clock == "epoch":
        return 1
    if clock == "micro_batch":
        return run.micro_batches
    return run.updates * (run.devices if clock == "process" else 1)


def measured(run: Run, clock: Clock) -> Measure:
    """What `5ep` and `10%` are parts of under this clock."""
    return Measure(ticks_per_epoch(run, clock), calls(run, clock))


def _form(data: object) -> str:
    keys = set(data) if isinstance(data, dict) else {"total_steps"} if isinstance(data, StepRun) else set()
    return "steps" if keys & {"total_steps", "steps_per_epoch"} and not keys & {"samples", "epochs"} else "data"


AnyRun = Annotated[Annotated[DataRun, Tag("data")] | Annotated[StepRun, Tag("steps")], Discriminator(_form)]
