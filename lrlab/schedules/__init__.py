"""Every schedule that lrlab knows: the one list."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from pydantic import Discriminator, Tag

from lrlab.schedules import (
    cawb,
    deepspeed,
    keras,
    optax,
    paddle,
    paddle_v1,
    paddlevideo,
    pytorch_transformers,
    timm,
    transformers,
    warmup_scheduler,
)
from lrlab.schedules.base import Mark, Place, Schedule
from lrlab.schedules.recurrence import MetricDriven
from lrlab.schedules.torch import compose as torch_compose
from lrlab.schedules.torch import cycles as torch_cycles
from lrlab.schedules.torch import simple as torch

__all__ = ["KINDS", "SCHEDULES", "AnySchedule", "Mark", "MetricDriven", "Place", "Schedule", "did_you_mean"]

SCHEDULES: tuple[type[Schedule], ...] = (
    torch.LambdaLR,
    torch.StepLR,
    torch.MultiStepLR,
    torch.ConstantLR,
    torch.LinearLR,
    torch.ExponentialLR,
    torch.PolynomialLR,
    torch.CosineAnnealingLR,
    torch.CosineAnnealingWarmRestarts,
    torch.MultiplicativeLR,
    torch.SWALR,
    torch.ReduceLROnPlateau,
    torch_cycles.OneCycleLR,
    torch_cycles.CyclicLR,
    torch_compose.SequentialLR,
    torch_compose.ChainedScheduler,
    transformers.Constant,
    transformers.ConstantWithWarmup,
    transformers.LinearWithWarmup,
    transformers.CosineWithWarmup,
    transformers.CosineWithHardRestartsWithWarmup,
    transformers.PolynomialDecayWithWarmup,
    transformers.InverseSqrt,
    transformers.CosineWithMinLrWithWarmup,
    transformers.CosineWithMinLrWithWarmupLrRate,
    transformers.WarmupStableDecay,
    transformers.ReduceOnPlateau,
    transformers.Greedy,
    pytorch_transformers.ConstantLRSchedule,
    pytorch_transformers.WarmupConstantSchedule,
    pytorch_transformers.WarmupLinearSchedule,
    pytorch_transformers.WarmupCosineSchedule,
    pytorch_transformers.WarmupCosineWithHardRestartsSchedule,
    paddle.NoamDecay,
    paddle.PiecewiseDecay,
    paddle.NaturalExpDecay,
    paddle.InverseTimeDecay,
    paddle.PolynomialDecay,
    paddle.LinearWarmup,
    paddle.ExponentialDecay,
    paddle.MultiStepDecay,
    paddle.StepDecay,
    paddle.LambdaDecay,
    paddle.ReduceOnPlateau,
    paddle.CosineAnnealingDecay,
    paddle.MultiplicativeDecay,
    paddle.OneCycleLR,
    paddle.CyclicLR,
    paddle.LinearLR,
    paddle.CosineAnnealingWarmRestarts,
    paddle_v1.Constant,
    paddle_v1.Poly,
    paddle_v1.CaffePoly,
    paddle_v1.Exp,
    paddle_v1.DiscExp,
    paddle_v1.Linear,
    paddle_v1.Manual,
    paddle_v1.PassManual,
    paddlevideo.CustomWarmupCosineDecay,
    paddlevideo.CustomWarmupPiecewiseDecay,
    paddlevideo.CustomPiecewiseDecay,
    paddlevideo.CustomWarmupCosineStepDecay,
    paddlevideo.CustomWarmupAdjustDecay,
    cawb.CosineAnnealingWarmbootingLR,
    timm.CosineLRScheduler,
    timm.TanhLRScheduler,
    timm.PolyLRScheduler,
    timm.StepLRScheduler,
    timm.MultiStepLRScheduler,
    timm.WSDLRScheduler,
    timm.PlateauLRScheduler,
    warmup_scheduler.GradualWarmupScheduler,
    deepspeed.LRRangeTest,
    deepspeed.OneCycle,
    deepspeed.WarmupLR,
    deepspeed.WarmupDecayLR,
    deepspeed.WarmupCosineLR,
    optax.ConstantSchedule,
    optax.LinearSchedule,
    optax.PolynomialSchedule,
    optax.CosineDecaySchedule,
    optax.ExponentialDecay,
    optax.PiecewiseConstantSchedule,
    optax.PiecewiseInterpolateSchedule,
    optax.LinearOnecycleSchedule,
    optax.CosineOnecycleSchedule,
    optax.WarmupConstantSchedule,
    optax.WarmupCosineDecaySchedule,
    optax.WarmupExponentialDecaySchedule,
    optax.SgdrSchedule,
    optax.JoinSchedules,
    optax.ReduceOnPlateau,
    keras.ExponentialDecay,
    keras.PiecewiseConstantDecay,
    keras.PolynomialDecay,
    keras.InverseTimeDecay,
    keras.CosineDecay,
    keras.CosineDecayRestarts,
    keras.ReduceLROnPlateau,
    keras.LearningRateScheduler,
)

KINDS: dict[str, type[Schedule]] = {schedule.kind: schedule for schedule in SCHEDULES}


def did_you_mean(word: str, known: Any) -> str:
    """The clause that names the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _kind_of(data: Any) -> str | None:
    kind = data.get("kind") if isinstance(data, dict) else getattr(data, "kind", None)
    return None if kind is None else str(kind)


if TYPE_CHECKING:
    AnySchedule: TypeAlias = Schedule
else:
    AnySchedule = Annotated[Union[tuple(Annotated[s, Tag(s.kind)] for s in SCHEDULES)], Discriminator(_kind_of)]
    for _schedule in SCHEDULES:
        _schedule.model_rebuild(_types_namespace={"AnySchedule": AnySchedule})
