"""PaddlePaddle's first version (until 0.14): the learning_rate_schedule of its optimizers, by the samples or passes
that it has seen.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from lrlab.schedules import shapes
from lrlab.schedules.base import Array, Mark, Schedule, every, inside
from lrlab.schedules.likeness import Like, Only, Unlike
from lrlab.schedules.params import MAX_PARTS, Control, Factor, Power, Rate, Steps

_SEGMENT = re.compile(r"\s*([+-]?[0-9]{1,15}):\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_QUOTED = 40  # characters of a segment that a message repeats


@lru_cache(maxsize=256)
def _segments(text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The last count of each segment and its factor; ValueError where PaddlePaddle would stop."""
    pieces = text.removesuffix(",").split(",")
    if len(pieces) > MAX_PARTS:
        msg = f"must have at most {MAX_PARTS} segments"
        raise ValueError(msg)
    found = [_SEGMENT.fullmatch(piece) for piece in pieces]
    for piece, match in zip(pieces, found, strict=True):
        if match is None or not math.isfinite(float(match[2])):
            msg = f'{piece[:_QUOTED]!r} is no segment: write "320:1.0,640:0.9", counts and factors'
            raise ValueError(msg)
    return tuple(float(m[1]) for m in found if m), tuple(float(m[2]) for m in found if m)


def _check(text: str) -> str:
    _segments(text)
    return text


_Size = Annotated[Steps, Control("number", low=1, high=1024, start=32, help="samples in a batch")]
_Samples = Annotated[float, Field(gt=0), Control("number", low=1.0, high=1e9, log=True, help="in samples")]
_Segments = Annotated[
    str,
    Field(max_length=4000),
    AfterValidator(_check),
    Control("text", start="1000:1.0,2000:0.1", help="count:factor, ..."),
]

_SAMPLES = "Counts samples, not batches, and counts a batch before its rate is computed."


class PaddleV1Schedule(Schedule):
    """A learning_rate_schedule of PaddlePaddle's first version, as settings() takes it. A tick is a batch, counted
    before its rate is computed.

    The genuine code computes in float32 by default. With Adam and Adamax it has no effect at all.
    """

    framework = "paddle_v1"
    module = "paddle.trainer_config_helpers"
    imported_whole = True
    takes_optimizer = False
    documentation = "https://github.com/PaddlePaddle/Paddle/blob/v0.10.0/paddle/parameter/LearningRateScheduler.cpp"

    aside = frozenset({"batches_per_pass"})
    sets_rate = True

    learning_rate: Rate = 1e-3
    learning_rate_decay_a: Annotated[float, Control("number", high=1.0)] = 0.0
    learning_rate_decay_b: Annotated[float, Control("number", high=1.0)] = 0.0
    batch_size: _Size = 1
    batches_per_pass: Annotated[Steps, Control("updates", low=1, high=10_000)] = 1

    @classmethod
    def called(cls) -> str:
        return "settings"

    @classmethod
    def fixed(cls) -> dict[str, Any]:
        return {"learning_rate_schedule": cls.native}


class BySamples(PaddleV1Schedule):
    """What goes by the samples seen; learning_rate_decay_a and _b mean something else in each."""

    batch_size: _Size

    def _samples(self, tick: Array) -> Array:
        """Seen when the batch's rate is computed, the batch among them."""
        return self.batch_size * (tick + 1)

    def _batch(self, samples: float) -> int:
        """The batch with which so many have been seen."""
        return math.ceil(min(max(samples / self.batch_size, 0.0), 2.0**60)) - 1


class Constant(PaddleV1Schedule, native="constant"):
    """Level at learning_rate, for ever, whatever the other arguments say.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Like("Constant", "a and b are ignored.", learning_rate="peak")

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate


class Poly(BySamples, native="poly"):
    """Falls from learning_rate as (1 + a * samples) ** -b, for ever, steeply first; level with a or b 0, the defaults.

    PaddlePaddle's own default schedule. The first batch is counted already, so the first rate is below learning_rate.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Like(
        "Inverse time",
        f"The power b of it. {_SAMPLES}",
        Only(first="1", shift=-1),
        learning_rate="peak",
        batch_size="batch",
        learning_rate_decay_a="rate / (every * batch)",
        learning_rate_decay_b=1,
    )

    learning_rate_decay_a: Annotated[float, Field(ge=0), Control("number", low=1e-9, high=1.0, log=True)] = 0.0
    learning_rate_decay_b: Annotated[float, Control("number", high=2.0)] = 0.0

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Down to an eleventh in the run."""
        document = super().example(ticks, epochs, updates)
        return document | {
            "learning_rate_decay_a": 10.0 / (ticks * document["batch_size"]),
            "learning_rate_decay_b": 1.0,
        }

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return (
            self.learning_rate * (1.0 + self.learning_rate_decay_a * self._samples(tick)) ** -self.learning_rate_decay_b
        )


class CaffePoly(BySamples, native="caffe_poly"):
    """Falls from learning_rate to 0 as (1 - samples / a) ** b and stays at 0 once more than a samples have been seen.

    With a = 0, the default, it is 0 from the start.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Like(
        "Linear and polynomial decay",
        _SAMPLES,
        Only(given={"floor": 0}, first="1", shift=-1),
        learning_rate="peak",
        batch_size="batch",
        learning_rate_decay_a="T * batch",
        learning_rate_decay_b="power",
    )

    learning_rate_decay_a: Annotated[float, Control("number", low=1.0, high=1e9, log=True, help="in samples")] = 0.0
    learning_rate_decay_b: Power = 0.0

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """As long as the run."""
        document = super().example(ticks, epochs, updates)
        return document | {"learning_rate_decay_a": float(ticks * document["batch_size"]), "learning_rate_decay_b": 1.0}

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        if self.learning_rate_decay_a <= 0:
            return 0.0
        samples = self._samples(tick)
        fall = shapes.polynomial(
            samples / self.learning_rate_decay_a, self.learning_rate, 0.0, self.learning_rate_decay_b, xp
        )
        return xp.where(samples > self.learning_rate_decay_a, 0.0, fall)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        return inside(ticks, limit, Mark(math.floor(self.learning_rate_decay_a / self.batch_size), "zero"))


class Exp(BySamples, native="exp"):
    """Falls smoothly from learning_rate, by the factor a for every b samples seen, for ever.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Like(
        "Exponential decay",
        _SAMPLES,
        Only(first="1", shift=-1),
        learning_rate="peak",
        batch_size="batch",
        learning_rate_decay_a="factor",
        learning_rate_decay_b="every * batch",
    )

    learning_rate_decay_a: Annotated[Factor, Field(ge=0)] = 0.0
    learning_rate_decay_b: _Samples

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A half after each fifth of the run."""
        return _halved(super().example(ticks, epochs, updates), ticks)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * self.learning_rate_decay_a ** (self._samples(tick) / self.learning_rate_decay_b)


class DiscExp(BySamples, native="discexp"):
    """A staircase: learning_rate times the factor a for every b samples seen, for ever.

    The batch that reaches b samples has the lower rate already.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Like(
        "Step decay",
        _SAMPLES,
        Only(first="1", shift=-1),
        learning_rate="peak",
        batch_size="batch",
        learning_rate_decay_a="factor",
        learning_rate_decay_b="every * batch",
    )

    learning_rate_decay_a: Factor = 0.0
    learning_rate_decay_b: _Samples

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A half after each fifth of the run."""
        return _halved(super().example(ticks, epochs, updates), ticks)

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * self.learning_rate_decay_a ** shapes.steps_done(
            self._samples(tick), self.learning_rate_decay_b, xp
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        steps = every(self.learning_rate_decay_b / self.batch_size, ticks + 1, limit + 1, "step")
        return (
            None
            if steps is None
            else inside(ticks, limit, *(Mark(m.tick - 1, m.label) for m in {m.tick: m for m in steps}.values()))
        )


class Linear(BySamples, native="linear"):
    """A straight line: learning_rate less a for every sample seen, down to b and level from there on.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Like(
        "Linear and polynomial decay",
        f"a is the slope. {_SAMPLES}",
        Only(given={"power": 1}, first="1", shift=-1),
        learning_rate="peak",
        batch_size="batch",
        learning_rate_decay_a="(peak - floor) / (T * batch)",
        learning_rate_decay_b="floor",
    )

    learning_rate_decay_a: Annotated[float, Control("number", low=1e-12, high=1.0, log=True)] = 0.0
    learning_rate_decay_b: Rate = 0.0

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """Down to 0 at the end of the run."""
        document = super().example(ticks, epochs, updates)
        return document | {"learning_rate": 0.1, "learning_rate_decay_a": 0.1 / (ticks * document["batch_size"])}

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return xp.maximum(
            self.learning_rate - self.learning_rate_decay_a * self._samples(tick), self.learning_rate_decay_b
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        if self.learning_rate_decay_a <= 0:
            return []
        falls = (self.learning_rate - self.learning_rate_decay_b) / self.learning_rate_decay_a
        return inside(ticks, limit, Mark(self._batch(falls), "decay ends"))


class Manual(BySamples, native="manual"):
    """A staircase: learning_rate times the factor of the first segment whose count of samples is not passed yet, and
    the last factor for ever.

    The batch that reaches a segment's count belongs to it still. A count below an earlier one is skipped with its
    factor.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Unlike(
        "Milestones", "Levels are factors, as text, of samples seen; a border belongs to the level before it."
    )

    learning_rate_args: _Segments

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth after each third of the run."""
        document = super().example(ticks, epochs, updates)
        return document | {"learning_rate_args": _thirds(ticks * document["batch_size"])}

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * _factor(self.learning_rate_args, self._samples(tick), xp)

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends, _ = _segments(self.learning_rate_args)
        return inside(ticks, limit, *(Mark(self._batch(end + 1), "segment") for end in sorted(set(ends))))


class PassManual(PaddleV1Schedule, native="pass_manual"):
    """A staircase: learning_rate times the factor of the first segment whose pass is not over yet, and the last factor
    for ever.

    Passes count from 0 and a segment's own pass belongs to it: "1:1.0,2:0.9" gives passes 0 and 1 the first factor.

    Source: PaddlePaddle v1, paddle/parameter/LearningRateScheduler.cpp.
    """

    family = Unlike("Milestones", "Levels are factors, as text, of passes over the data.")

    batches_per_pass: Annotated[Steps, Control("updates", low=1, high=10_000)]
    learning_rate_args: _Segments

    @classmethod
    def example(cls, ticks: int, epochs: int, updates: int) -> dict[str, Any]:
        """A tenth after each third of the run."""
        return super().example(ticks, epochs, updates) | {"learning_rate_args": _thirds(epochs)}

    def curve(self, tick: Array, base_lr: Array, xp: Any = np) -> Array:
        return self.learning_rate * _factor(
            self.learning_rate_args, shapes.steps_done(tick, self.batches_per_pass, xp), xp
        )

    def marks(self, ticks: int, limit: int) -> list[Mark] | None:
        ends, _ = _segments(self.learning_rate_args)
        return inside(
            ticks, limit, *(Mark(int(end + 1) * self.batches_per_pass, "segment") for end in sorted(set(ends)))
        )


def _factor(text: str, count: Array, xp: Any) -> Array:
    """The factor of the segment that a whole count falls into; a segment's last count is its own."""
    ends, factors = _segments(text)
    return shapes.until_above(count, (end + 1 for end in ends), factors, xp)


def _halved(document: dict[str, Any], ticks: int) -> dict[str, Any]:
    return document | {
        "learning_rate_decay_a": 0.5,
        "learning_rate_decay_b": math.ceil(ticks / 5) * float(document["batch_size"]),
    }


def _thirds(count: int) -> str:
    return f"{count // 3}:1.0,{count * 2 // 3}:0.1,{count}:0.01"


SCHEDULES: tuple[type[Schedule], ...] = (
    Constant,
    Poly,
    CaffePoly,
    Exp,
    DiscExp,
    Linear,
    Manual,
    PassManual,
)
