"""Advice on runs as people make them: sensible ones draw no error and no warning, broken ones the code that names what
is wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from lrlab import advice
from lrlab.document import parse
from lrlab.schedules import spans

LINEAR = "transformers.get_linear_schedule_with_warmup"
COSINE = "transformers.get_cosine_schedule_with_warmup"
HARD = "transformers.get_cosine_with_hard_restarts_schedule_with_warmup"
GRADUAL = "warmup_scheduler.GradualWarmupScheduler"
SGDR = "torch.CosineAnnealingWarmRestarts"

IMAGENET = {"samples": 1_281_167, "batch_size": 256, "epochs": 90}
"""5,005 steps an epoch, 450,450 in all."""
CIFAR = {"samples": 50_000, "batch_size": 128, "epochs": 200}
"""391 steps an epoch, 78,200 in all."""
TUNING = {"samples": 10_000, "batch_size": 8, "accumulate": 4, "epochs": 3}
"""1,250 micro-batches and 313 steps an epoch, 939 steps in all."""
FOUR = {"samples": 32_000, "batch_size": 8, "devices": 4, "epochs": 3}
"""1,000 steps an epoch, 3,000 in all, 12,000 ticks where every process steps."""
STEPS = {"total_steps": 10_000, "steps_per_epoch": 500}
TOKENS = {"total_steps": 600_000}
"""One epoch."""


def s(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"kind": kind, **arguments}


def sequence(milestones: list[int], *schedulers: dict[str, Any]) -> dict[str, Any]:
    return s("torch.SequentialLR", schedulers=list(schedulers), milestones=milestones)


def warmup(iters: int) -> dict[str, Any]:
    return s("torch.LinearLR", start_factor=0.01, total_iters=iters)


def cosine(t_max: float | None, **more: Any) -> dict[str, Any]:
    return s("torch.CosineAnnealingLR", T_max=t_max, **more)


def found(
    run: dict[str, Any], clock: str, base_lr: float | list[float], schedule: dict[str, Any]
) -> list[advice.Finding]:
    trial = {"name": "t", "base_lr": base_lr, "clock": clock, "schedule": schedule}
    return advice.check(parse({"lrlab": 1, "run": run, "trials": [trial]}))


SENSIBLE: dict[str, tuple[dict[str, Any], str, float | list[float], dict[str, Any]]] = {
    # torch, stepped once per epoch
    "torch cosine per epoch": (CIFAR, "epoch", 0.1, cosine(200)),
    "torch cosine per epoch, one less": (CIFAR, "epoch", 0.1, cosine(199, eta_min=1e-5)),
    "ResNet's three steps": (IMAGENET, "epoch", 0.1, s("torch.StepLR", step_size=30)),
    "milestones per epoch": (CIFAR, "epoch", 0.1, s("torch.MultiStepLR", milestones=[60, 120, 160], gamma=0.2)),
    "exponential per epoch": (CIFAR, "epoch", 0.1, s("torch.ExponentialLR", gamma=0.98)),
    "warmup of five epochs, then cosine": (IMAGENET, "epoch", 0.1, sequence([5], warmup(5), cosine(85))),
    "the same, as a null horizon": (IMAGENET, "epoch", 0.1, sequence([5], warmup(5), cosine(None))),
    "three parts per epoch": (
        CIFAR, "epoch", 0.1, sequence([5, 150], warmup(5), s("torch.ConstantLR", factor=1.0), cosine(50)),
    ),
    "plateau per epoch": (CIFAR, "epoch", 0.1, s("torch.ReduceLROnPlateau", patience=10)),
    "averaging from epoch 160, as the SWA tutorial": (
        CIFAR, "epoch", 0.1, sequence([160], cosine(300), s("torch.SWALR", swa_lr=0.05)),
    ),
    "gradual warmup, then cosine of the rest": (
        CIFAR, "epoch", 0.1, s(GRADUAL, multiplier=1.0, total_epoch=5, after_scheduler=cosine(195)),
    ),
    "gradual warmup, then steps": (
        CIFAR, "epoch", 0.1, s(GRADUAL, multiplier=1, total_epoch=5, after_scheduler=s("torch.StepLR", step_size=60)),
    ),
    "SGDR over 150 epochs": ({**CIFAR, "epochs": 150}, "epoch", 0.05, s(SGDR, T_0=10, T_mult=2)),
    "SGDR, a restart every 50 epochs": (CIFAR, "epoch", 0.05, s(SGDR, T_0=50)),
    "chained warmup, exponential": (
        CIFAR, "epoch", 0.1, s("torch.ChainedScheduler", schedulers=[warmup(10), s("torch.ExponentialLR", gamma=0.98)]),
    ),
    # torch, stepped after every batch
    "torch cosine per batch": (CIFAR, "step", 0.1, cosine(78_200)),
    "torch cosine per batch, one less": (CIFAR, "step", 0.1, cosine(78_199)),
    "SGDR per batch, cycles of ten epochs": ({**CIFAR, "epochs": 150}, "step", 0.05, s(SGDR, T_0=3910, T_mult=2)),
    "SGDR per batch, few batches an epoch": (
        {"total_steps": 1500, "steps_per_epoch": 10}, "step", 0.05, s(SGDR, T_0=100, T_mult=2),
    ),
    "milestones per batch": (STEPS, "step", 0.1, s("torch.MultiStepLR", milestones=[5000, 8000])),
    "detectron2, 3x": (
        {"total_steps": 270_000}, "step", 0.02,
        sequence([1000], warmup(1000), s("torch.MultiStepLR", milestones=[209_000, 249_000])),
    ),
    "warmup of five steps, then slow exponential": (
        CIFAR, "step", 0.1, sequence([5], warmup(5), s("torch.ExponentialLR", gamma=0.99995)),
    ),
    "warmup of 100 steps, then level": (
        CIFAR, "step", 0.1, sequence([100], warmup(100), s("torch.ConstantLR", factor=1.0)),
    ),
    "polynomial of the rest": (
        STEPS, "step", 0.01, sequence([500], warmup(500), s("torch.PolynomialLR", total_iters=9500, power=0.9)),
    ),
    "warm, level, down": (
        STEPS, "step", 0.01, sequence([500, 8000], warmup(500), s("torch.ConstantLR", factor=1.0), cosine(2000)),
    ),
    "one-cycle by steps": (STEPS, "step", 0.004, s("torch.OneCycleLR", max_lr=0.1, total_steps=10_000)),
    "one-cycle by epochs and batches": (
        CIFAR, "step", 0.004, s("torch.OneCycleLR", max_lr=0.1, epochs=200, steps_per_epoch=391),
    ),
    "one-cycle per epoch": (CIFAR, "epoch", 0.004, s("torch.OneCycleLR", max_lr=0.1, total_steps=200)),
    "one-cycle, a rate per group": (
        STEPS, "step", [0.001, 0.1], s("torch.OneCycleLR", max_lr=[0.001, 0.1], total_steps=None),
    ),
    "cyclic, eight epochs a cycle": (
        CIFAR, "step", 0.001, s("torch.CyclicLR", base_lr=0.001, max_lr=0.006, step_size_up=1564),
    ),
    "a lambda per batch": (
        STEPS, "step", 0.1, s("torch.LambdaLR", lr_lambda="min((epoch + 1) / 500, 1 - epoch / 10000)"),
    ),
    "cosine for two groups": (CIFAR, "epoch", [0.001, 0.1], cosine(200, eta_min=1e-6)),
    "plateau per batch, patience of two epochs": (CIFAR, "step", 0.1, s("torch.ReduceLROnPlateau", patience=782)),
    "plateau for every batch of 50": (
        STEPS, "step", 1.0, s("optax.contrib.reduce_on_plateau", patience=10, accumulation_size=50),
    ),
    "one-cycle of its own rate": (
        STEPS, "step", 0.0, s("paddle.OneCycleLR", max_learning_rate=0.1, total_steps=10_000),
    ),
    "three cycles of a null length": (
        CIFAR, "epoch", 0.1, s("timm.CosineLRScheduler", t_initial=None, cycle_limit=3, lr_min=1e-5),
    ),
    "CAWB at a low rate": (CIFAR, "epoch", 0.01, s("cawb.CosineAnnealingWarmbootingLR", epochs=200, eta_min=0.05)),
    "a low rate for 100 steps": (CIFAR, "step", 1.0, s("paddle.PiecewiseDecay", boundaries=[100], values=[0.01, 0.1])),
    "full batches: a step is an epoch": (
        {"total_steps": 1000, "steps_per_epoch": 1}, "step", 0.1, s("torch.ExponentialLR", gamma=0.93),
    ),
    "keras inverse time, as its page shows": (
        STEPS, "step", 1.0, s("keras.InverseTimeDecay", initial_learning_rate=0.1, decay_steps=1.0, decay_rate=0.5),
    ),
    "warmup of one epoch of three": (TUNING, "epoch", 1e-4, s(LINEAR, num_warmup_steps=1, num_training_steps=3)),
    "level, then a rise, then down": (
        STEPS, "step", 0.1,
        sequence([1000, 5000], s("torch.ConstantLR", factor=0.1, total_iters=1000), warmup(4000), cosine(5000)),
    ),
    # transformers
    "linear, null horizon": (TUNING, "step", 2e-5, s(LINEAR, num_warmup_steps=94, num_training_steps=None)),
    "linear, no warmup": (TUNING, "step", 5e-5, s(LINEAR, num_warmup_steps=0, num_training_steps=939)),
    "linear for every micro-batch": (
        TUNING, "micro_batch", 5e-5, s(LINEAR, num_warmup_steps=375, num_training_steps=3750),
    ),
    "cosine in four processes, prepared": (
        FOUR, "process", 1e-4, s(COSINE, num_warmup_steps=1200, num_training_steps=12_000),
    ),
    "cosine in four processes, by itself": (
        FOUR, "step", 1e-4, s(COSINE, num_warmup_steps=300, num_training_steps=3000),
    ),
    "constant with warmup": (
        FOUR, "step", 1e-4, s("transformers.get_constant_schedule_with_warmup", num_warmup_steps=300),
    ),
    "hard restarts, three cycles": (
        STEPS, "step", 1e-4, s(HARD, num_warmup_steps=500, num_training_steps=10_000, num_cycles=3),
    ),
    "inverse square root": (STEPS, "step", 1e-4, s("transformers.get_inverse_sqrt_schedule", num_warmup_steps=1000)),
    "warmup, stable, decay": (
        STEPS, "step", 3e-4,
        s("transformers.get_wsd_schedule", num_warmup_steps=500, num_decay_steps=2000, num_training_steps=10_000),
    ),
    "WSD by its stable steps": (
        STEPS, "step", 3e-4,
        s("transformers.get_wsd_schedule", num_warmup_steps=500, num_stable_steps=7500, num_decay_steps=2000),
    ),
    "nanoGPT": (
        TOKENS, "step", 6e-4,
        s(
            "transformers.get_cosine_with_min_lr_schedule_with_warmup", num_warmup_steps=2000,
            num_training_steps=600_000, min_lr=6e-5,
        ),
    ),
    "BERT's polynomial": (
        {"total_steps": 1_000_000}, "step", 1e-4,
        s(
            "transformers.get_polynomial_decay_schedule_with_warmup", num_warmup_steps=10_000,
            num_training_steps=1_000_000,
        ),
    ),
    "old linear": (TUNING, "step", 5e-5, s("pytorch_transformers.WarmupLinearSchedule", warmup_steps=94, t_total=939)),
    # timm
    "DeiT": (
        {"samples": 1_281_167, "batch_size": 128, "devices": 8, "epochs": 300, "drop_last": True}, "epoch", 1e-3,
        s("timm.CosineLRScheduler", t_initial=300, lr_min=1e-5, warmup_t=5, warmup_lr_init=1e-6),
    ),
    "timm, warmup before": (
        IMAGENET, "epoch", 1e-3,
        s("timm.CosineLRScheduler", t_initial=85, lr_min=1e-5, warmup_t=5, warmup_lr_init=1e-6, warmup_prefix=True),
    ),
    "timm, ten epochs of cooldown": (
        {**IMAGENET, "epochs": 310}, "epoch", 0.5,
        s("timm.CosineLRScheduler", t_initial=300, lr_min=1e-5, warmup_t=5, warmup_lr_init=1e-6),
    ),
    "timm per update": (
        STEPS, "step", 1e-3,
        s(
            "timm.CosineLRScheduler", t_initial=10_000, lr_min=1e-6, warmup_t=500, warmup_lr_init=1e-6,
            t_in_epochs=False,
        ),
    ),
    "EfficientNet's steps": (
        {**IMAGENET, "epochs": 450}, "epoch", 0.048,
        s("timm.StepLRScheduler", decay_t=2.4, decay_rate=0.97, warmup_t=3, warmup_lr_init=1e-6),
    ),
    "timm, three cycles": (
        {**IMAGENET, "epochs": 90}, "epoch", 0.1,
        s("timm.CosineLRScheduler", t_initial=30, cycle_limit=3, cycle_decay=0.5, lr_min=1e-5),
    ),
    "timm's WSD": (
        IMAGENET, "epoch", 1e-3,
        s("timm.WSDLRScheduler", t_initial=85, decay_t=17, warmup_t=5, warmup_lr_init=1e-6, lr_min=1e-5),
    ),
    # optax
    "optax warmup cosine": (
        STEPS, "step", 1.0,
        s(
            "optax.warmup_cosine_decay_schedule", init_value=1e-6, peak_value=1e-3, warmup_steps=500,
            decay_steps=10_000, end_value=1e-5,
        ),
    ),
    "optax cosine": (STEPS, "step", 1.0, s("optax.cosine_decay_schedule", init_value=0.1, decay_steps=10_000)),
    "optax joined": (
        STEPS, "step", 1.0,
        s(
            "optax.join_schedules", boundaries=[500],
            schedules=[
                s("optax.linear_schedule", init_value=0.0, end_value=0.1, transition_steps=500),
                s("optax.cosine_decay_schedule", init_value=0.1, decay_steps=9500),
            ],
        ),
    ),
    "optax joined, three": (
        STEPS, "step", 1.0,
        s(
            "optax.join_schedules", boundaries=[500, 8000],
            schedules=[
                s("optax.linear_schedule", init_value=0.0, end_value=0.1, transition_steps=500),
                s("optax.constant_schedule", value=0.1),
                s("optax.linear_schedule", init_value=0.1, end_value=0.0, transition_steps=2000),
            ],
        ),
    ),
    "optax SGDR": (
        STEPS, "step", 1.0,
        s(
            "optax.sgdr_schedule",
            cosine_kwargs=[
                {"init_value": 0.0, "peak_value": peak, "warmup_steps": 100, "decay_steps": length}
                for peak, length in ((0.1, 2000), (0.05, 3000), (0.02, 5000))
            ],
        ),
    ),
    "optax one-cycle": (
        STEPS, "step", 1.0, s("optax.cosine_onecycle_schedule", transition_steps=10_000, peak_value=0.1),
    ),
    "optax exponential": (
        STEPS, "step", 1.0, s("optax.exponential_decay", init_value=0.1, transition_steps=1000, decay_rate=0.9),
    ),
    "optax exponential behind a warmup": (
        STEPS, "step", 1.0,
        s(
            "optax.warmup_exponential_decay_schedule", init_value=1e-4, peak_value=0.1, warmup_steps=500,
            transition_steps=1000, decay_rate=0.8,
        ),
    ),
    # keras
    "keras cosine": (
        STEPS, "step", 1.0, s("keras.CosineDecay", initial_learning_rate=0.1, decay_steps=10_000, alpha=0.01),
    ),
    "keras cosine behind a warmup": (
        STEPS, "step", 1.0,
        s("keras.CosineDecay", initial_learning_rate=1e-4, warmup_target=0.1, warmup_steps=1000, decay_steps=9000),
    ),
    "keras exponential, as its page shows": (
        STEPS, "step", 1.0,
        s("keras.ExponentialDecay", initial_learning_rate=0.1, decay_steps=2000, decay_rate=0.96, staircase=True),
    ),
    "keras decay=1e-4 of old": (
        STEPS, "step", 1.0, s("keras.InverseTimeDecay", initial_learning_rate=0.1, decay_steps=1, decay_rate=1e-4),
    ),
    "keras exponential, once a batch": (
        STEPS, "step", 1.0, s("keras.ExponentialDecay", initial_learning_rate=0.1, decay_steps=1, decay_rate=0.9995),
    ),
    "keras restarts": (
        {"total_steps": 7000, "steps_per_epoch": 500}, "step", 1.0,
        s("keras.CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=1000),
    ),
    "keras callback": (
        CIFAR, "epoch", 0.001,
        s("keras.LearningRateScheduler", schedule="lambda epoch, lr: lr if epoch < 100 else lr * 0.97"),
    ),
    "keras plateau": (CIFAR, "epoch", 0.001, s("keras.ReduceLROnPlateau", factor=0.2, patience=5, min_lr=1e-6)),
    # paddle
    "paddle cosine": (CIFAR, "epoch", 1.0, s("paddle.CosineAnnealingDecay", learning_rate=0.1, T_max=200)),
    "paddle warmup, cosine": (
        STEPS, "step", 1.0,
        s(
            "paddle.LinearWarmup", warmup_steps=500, start_lr=1e-4, end_lr=0.1,
            learning_rate=s("paddle.CosineAnnealingDecay", learning_rate=0.1, T_max=9500),
        ),
    ),
    "paddle staircase": (
        STEPS, "step", 1.0, s("paddle.PiecewiseDecay", boundaries=[3000, 6000], values=[0.1, 0.01, 0.001]),
    ),
    "Noam": ({"total_steps": 100_000}, "step", 1.0, s("paddle.NoamDecay", d_model=512, warmup_steps=4000)),
    "paddle one-cycle": (STEPS, "step", 1.0, s("paddle.OneCycleLR", max_learning_rate=0.1, total_steps=10_000)),
    # deepspeed and the rest
    "deepspeed warmup": (STEPS, "step", 1e-4, s("deepspeed.WarmupLR", warmup_max_lr=1e-4, warmup_num_steps=500)),
    "deepspeed warmup and decay": (
        STEPS, "step", 1e-4,
        s(
            "deepspeed.WarmupDecayLR", warmup_max_lr=1e-4, warmup_num_steps=500, total_num_steps=10_000,
            warmup_type="linear",
        ),
    ),
    "deepspeed cosine": (
        STEPS, "step", 1e-4, s("deepspeed.WarmupCosineLR", warmup_num_steps=500, total_num_steps=10_000),
    ),
    "CAWB": (
        CIFAR, "epoch", 0.1, s("cawb.CosineAnnealingWarmbootingLR", epochs=200, steps=[30, 75, 140], step_scale=0.8),
    ),
}  # fmt: skip
"""Name: run, clock, base LR, schedule."""


BROKEN: dict[str, tuple[str, dict[str, Any], str, float | list[float], dict[str, Any]]] = {
    # steps counted, stepped once per epoch
    "torch cosine in steps per epoch": ("LR101", CIFAR, "epoch", 0.1, cosine(78_200)),
    "sequence in steps per epoch": ("LR101", CIFAR, "epoch", 0.1, sequence([391], warmup(391), cosine(77_809))),
    "transformers in steps per epoch": (
        "LR101", FOUR, "epoch", 1e-4, s(LINEAR, num_warmup_steps=300, num_training_steps=3000),
    ),
    "polynomial in steps per epoch": ("LR101", CIFAR, "epoch", 0.1, s("torch.PolynomialLR", total_iters=78_200)),
    "one-cycle in steps per epoch": (
        "LR101", CIFAR, "epoch", 0.1, s("torch.OneCycleLR", max_lr=0.1, total_steps=78_200),
    ),
    "one-cycle by epochs and batches, per epoch": (
        "LR101", CIFAR, "epoch", 0.1, s("torch.OneCycleLR", max_lr=0.1, epochs=200, steps_per_epoch=391),
    ),
    "paddle in steps per epoch": (
        "LR101", CIFAR, "epoch", 1.0, s("paddle.CosineAnnealingDecay", learning_rate=0.1, T_max=78_200),
    ),
    "SGDR in steps per epoch": ("LR101", {**CIFAR, "epochs": 150}, "epoch", 0.05, s(SGDR, T_0=3910, T_mult=2)),
    "deepspeed in steps per epoch": (
        "LR101", STEPS, "epoch", 1e-4, s("deepspeed.WarmupDecayLR", warmup_num_steps=500, total_num_steps=10_000),
    ),
    "milestones in steps per epoch": ("LR202", STEPS, "epoch", 0.1, s("torch.MultiStepLR", milestones=[5000, 8000])),
    "warmup in steps per epoch": (
        "LR119", CIFAR, "epoch", 0.1, s("transformers.get_constant_schedule_with_warmup", num_warmup_steps=2000),
    ),
    # epochs counted, stepped after every batch
    "torch cosine in epochs per batch": ("LR102", CIFAR, "step", 0.1, cosine(200)),
    "torch sequence in epochs per batch": ("LR102", IMAGENET, "step", 0.1, sequence([5], warmup(5), cosine(85))),
    "transformers in epochs per batch": (
        "LR102", CIFAR, "step", 0.1, s(COSINE, num_warmup_steps=5, num_training_steps=200),
    ),
    "transformers in epochs, processes": (
        "LR102", {**FOUR, "epochs": 50}, "process", 0.1, s(COSINE, num_warmup_steps=5, num_training_steps=50),
    ),
    "paddle in epochs per batch": (
        "LR102", CIFAR, "step", 1.0, s("paddle.CosineAnnealingDecay", learning_rate=0.1, T_max=200),
    ),
    "paddle warmup in epochs per batch": (
        "LR102", CIFAR, "step", 1.0,
        s(
            "paddle.LinearWarmup", warmup_steps=5, start_lr=0.0, end_lr=0.1,
            learning_rate=s("paddle.CosineAnnealingDecay", learning_rate=0.1, T_max=195),
        ),
    ),
    "optax in epochs": ("LR102", CIFAR, "step", 1.0, s("optax.cosine_decay_schedule", init_value=0.1, decay_steps=200)),
    "optax joined in epochs": (
        "LR102", CIFAR, "step", 1.0,
        s(
            "optax.join_schedules", boundaries=[5],
            schedules=[
                s("optax.linear_schedule", init_value=0.0, end_value=0.1, transition_steps=5),
                s("optax.cosine_decay_schedule", init_value=0.1, decay_steps=195),
            ],
        ),
    ),
    "timm in epochs per update": (
        "LR102", IMAGENET, "step", 1e-3, s("timm.CosineLRScheduler", t_initial=90, lr_min=1e-5, warmup_t=5),
    ),
    "gradual warmup and cosine in epochs per batch": (
        "LR102", CIFAR, "step", 0.1, s(GRADUAL, multiplier=1.0, total_epoch=5, after_scheduler=cosine(195)),
    ),
    "T_0 in epochs per batch": ("LR102", CIFAR, "step", 0.05, s(SGDR, T_0=10, T_mult=2)),
    "paddle's T_0 in epochs per batch": (
        "LR102", CIFAR, "step", 1.0, s("paddle.CosineAnnealingWarmRestarts", learning_rate=0.1, T_0=10),
    ),
    "T_0 of fifty epochs, forty batches each": (
        "LR102", {"total_steps": 8000, "steps_per_epoch": 40}, "step", 0.05, s(SGDR, T_0=50),
    ),
    "cosine in epochs, stepped per micro-batch": ("LR102", {**TUNING, "epochs": 30}, "micro_batch", 1e-4, cosine(30)),
    "keras in epochs": (
        "LR123", CIFAR, "step", 1.0, s("keras.CosineDecay", initial_learning_rate=0.1, decay_steps=200),
    ),
    "keras in batches of one epoch": (
        "LR123", CIFAR, "step", 1.0, s("keras.CosineDecay", initial_learning_rate=0.1, decay_steps=391),
    ),
    "keras polynomial in epochs": (
        "LR123", CIFAR, "step", 1.0, s("keras.PolynomialDecay", initial_learning_rate=0.1, decay_steps=200),
    ),
    "keras restarts in epochs": (
        "LR123", CIFAR, "step", 1.0, s("keras.CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=10),
    ),
    "keras exponential in epochs": (
        "LR123", CIFAR, "step", 1.0,
        s("keras.ExponentialDecay", initial_learning_rate=0.1, decay_steps=10, decay_rate=0.9),
    ),
    "steps in epochs per batch": ("LR204", IMAGENET, "step", 0.1, s("torch.StepLR", step_size=30)),
    "milestones in epochs per batch": (
        "LR204", CIFAR, "step", 0.1, s("torch.MultiStepLR", milestones=[60, 120, 160], gamma=0.2),
    ),
    "milestones in epochs per batch, behind a warmup": (
        "LR204", CIFAR, "step", 0.1,
        sequence([5], warmup(5), s("torch.MultiStepLR", milestones=[55, 115, 155], gamma=0.2)),
    ),
    "gradual warmup and steps in epochs per batch": (
        "LR204", CIFAR, "step", 0.1,
        s(GRADUAL, multiplier=1.0, total_epoch=5, after_scheduler=s("torch.StepLR", step_size=60)),
    ),
    "exponential per epoch per batch": ("LR204", CIFAR, "step", 0.1, s("torch.ExponentialLR", gamma=0.98)),
    "paddle steps in epochs per batch": (
        "LR204", IMAGENET, "step", 1.0, s("paddle.StepDecay", learning_rate=0.1, step_size=30),
    ),
    "paddle milestones in epochs per batch": (
        "LR204", IMAGENET, "step", 1.0, s("paddle.MultiStepDecay", learning_rate=0.1, milestones=[30, 60, 80]),
    ),
    "paddle staircase in epochs per batch": (
        "LR204", IMAGENET, "step", 1.0, s("paddle.PiecewiseDecay", boundaries=[30, 60], values=[0.1, 0.01, 0.001]),
    ),
    "keras staircase in epochs": (
        "LR204", IMAGENET, "step", 1.0,
        s("keras.PiecewiseConstantDecay", boundaries=[30, 60], values=[0.1, 0.01, 0.001]),
    ),
    "timm steps in epochs per update": (
        "LR204", IMAGENET, "step", 0.1, s("timm.StepLRScheduler", decay_t=30, decay_rate=0.1),
    ),
    "optax staircase in epochs": (
        "LR204", IMAGENET, "step", 1.0,
        s("optax.piecewise_constant_schedule", init_value=0.1, boundaries_and_scales={"30": 0.1, "60": 0.1}),
    ),
    "plateau per batch": ("LR208", CIFAR, "step", 0.1, s("torch.ReduceLROnPlateau", patience=10)),
    # too short, too long
    "cosine climbs again": ("LR103", CIFAR, "epoch", 0.1, cosine(150)),
    "linear is over": ("LR103", FOUR, "step", 1e-4, s(LINEAR, num_warmup_steps=0, num_training_steps=2400)),
    "optax is over at 0": (
        "LR103", STEPS, "step", 1.0, s("optax.cosine_decay_schedule", init_value=0.1, decay_steps=8000),
    ),
    "cosine never comes down": ("LR104", CIFAR, "epoch", 0.1, cosine(300)),
    "linear never comes down": ("LR104", FOUR, "step", 1e-4, s(LINEAR, num_warmup_steps=0, num_training_steps=5000)),
    "deepspeed never comes down": (
        "LR104", STEPS, "step", 1e-4, s("deepspeed.WarmupCosineLR", warmup_num_steps=500, total_num_steps=20_000),
    ),
    # the warmup counted twice, or as elsewhere
    "cosine of the whole run behind a warmup": (
        "LR105", STEPS, "step", 0.1, sequence([1000], warmup(1000), cosine(10_000)),
    ),
    "warmup taken off twice": ("LR105", STEPS, "step", 0.1, sequence([1000], warmup(1000), cosine(8000))),
    "the same per epoch": ("LR105", CIFAR, "epoch", 0.1, sequence([20], warmup(20), cosine(200))),
    "gradual warmup, whole cosine": (
        "LR105", CIFAR, "epoch", 0.1, s(GRADUAL, multiplier=1.0, total_epoch=20, after_scheduler=cosine(200)),
    ),
    "paddle's cosine of the whole run": (
        "LR105", STEPS, "step", 1.0,
        s(
            "paddle.LinearWarmup", warmup_steps=1000, start_lr=0.0, end_lr=0.1,
            learning_rate=s("paddle.CosineAnnealingDecay", learning_rate=0.1, T_max=10_000),
        ),
    ),
    "joined cosine of the whole run": (
        "LR105", STEPS, "step", 1.0,
        s(
            "optax.join_schedules", boundaries=[1000],
            schedules=[
                s("optax.linear_schedule", init_value=0.0, end_value=0.1, transition_steps=1000),
                s("optax.cosine_decay_schedule", init_value=0.1, decay_steps=10_000),
            ],
        ),
    ),
    "optax number in keras": (
        "LR106", STEPS, "step", 1.0,
        s("keras.CosineDecay", initial_learning_rate=1e-4, warmup_target=0.1, warmup_steps=1000, decay_steps=10_000),
    ),
    "keras number in optax": (
        "LR106", STEPS, "step", 1.0,
        s("optax.warmup_cosine_decay_schedule", init_value=1e-4, peak_value=0.1, warmup_steps=1000, decay_steps=9000),
    ),
    "timm, warmup taken off": (
        "LR106", CIFAR, "epoch", 0.1, s("timm.CosineLRScheduler", t_initial=180, warmup_t=20, warmup_lr_init=1e-4),
    ),
    "timm with a prefix, whole run": (
        "LR106", CIFAR, "epoch", 0.1,
        s("timm.CosineLRScheduler", t_initial=200, warmup_t=20, warmup_lr_init=1e-4, warmup_prefix=True),
    ),
    # processes and micro-batches
    "four processes": ("LR107", FOUR, "process", 1e-4, s(COSINE, num_warmup_steps=300, num_training_steps=3000)),
    "linear in four processes": (
        "LR107", FOUR, "process", 1e-4, s(LINEAR, num_warmup_steps=300, num_training_steps=3000),
    ),
    "times processes, for nothing": (
        "LR107", FOUR, "step", 1e-4, s(LINEAR, num_warmup_steps=1200, num_training_steps=12_000),
    ),
    "torch in four processes": ("LR107", FOUR, "process", 0.1, cosine(3000)),
    "per micro-batch": ("LR108", TUNING, "micro_batch", 1e-4, s(COSINE, num_warmup_steps=94, num_training_steps=939)),
    "horizon in micro-batches": (
        "LR108", TUNING, "step", 1e-4, s(LINEAR, num_warmup_steps=375, num_training_steps=3750),
    ),
    "torch horizon in micro-batches": ("LR108", TUNING, "step", 0.1, cosine(3750)),
    # one-cycle and its kin
    "one step too many": (
        "LR110", {"total_steps": 1001}, "step", 0.1, s("torch.OneCycleLR", max_lr=0.1, total_steps=1000),
    ),
    "one-cycle of another loader": (
        "LR110", CIFAR, "step", 0.1, s("torch.OneCycleLR", max_lr=0.1, epochs=200, steps_per_epoch=390),
    ),
    "one rate for all groups": (
        "LR111", STEPS, "step", [0.001, 0.1], s("torch.OneCycleLR", max_lr=0.1, total_steps=None),
    ),
    "one rate for all groups, cyclic": (
        "LR111", STEPS, "step", [0.001, 0.1], s("torch.CyclicLR", base_lr=0.001, max_lr=0.1, step_size_up=500),
    ),
    "SGDR cut at 200": ("LR114", CIFAR, "epoch", 0.05, s(SGDR, T_0=10, T_mult=2)),
    "SGDR cut, tripled": ("LR114", CIFAR, "epoch", 0.05, s(SGDR, T_0=10, T_mult=3)),
    "keras restarts cut": (
        "LR114", STEPS, "step", 1.0, s("keras.CosineDecayRestarts", initial_learning_rate=0.1, first_decay_steps=1000),
    ),
    "timm cycles cut": ("LR114", CIFAR, "epoch", 0.1, s("timm.CosineLRScheduler", t_initial=80, cycle_limit=5)),
    "restarts that never come": (
        "LR116", STEPS, "step", 1e-4, s(HARD, num_warmup_steps=500, num_training_steps=10_000),
    ),
    "old restarts that never come": (
        "LR116", STEPS, "step", 1e-4,
        s("pytorch_transformers.WarmupCosineWithHardRestartsSchedule", warmup_steps=500, t_total=10_000),
    ),
    # warmups
    "warmup longer than the run": (
        "LR119", {"total_steps": 500}, "step", 1e-4, s(LINEAR, num_warmup_steps=1000, num_training_steps=None),
    ),
    "deepspeed's default in a short run": ("LR119", {"total_steps": 500}, "step", 1e-4, s("deepspeed.WarmupLR")),
    "warmup of half the run": ("LR119", STEPS, "step", 0.1, sequence([5000], warmup(5000), cosine(5000))),
    "warmup ratio": ("LR125", TUNING, "step", 5e-5, s(LINEAR, num_warmup_steps=0.1, num_training_steps=None)),
    "warmup cut at its milestone": ("LR121", STEPS, "step", 0.1, sequence([250], warmup(500), cosine(9750))),
    "joined warmup cut": (
        "LR121", STEPS, "step", 1.0,
        s(
            "optax.join_schedules", boundaries=[250],
            schedules=[
                s("optax.linear_schedule", init_value=0.0, end_value=0.1, transition_steps=500),
                s("optax.cosine_decay_schedule", init_value=0.1, decay_steps=9750),
            ],
        ),
    ),
    "milestone 0": ("LR121", STEPS, "step", 0.1, sequence([0], warmup(500), cosine(10_000))),
    # floors, milestones, patience
    "floor above the start": ("LR201", CIFAR, "epoch", 1e-4, cosine(200, eta_min=1e-3)),
    "paddle's default floor above the start": (
        "LR201", STEPS, "step", 1.0, s("paddle.PolynomialDecay", learning_rate=5e-5, decay_steps=10_000),
    ),
    "timm floor above the start": (
        "LR201", CIFAR, "epoch", 1e-5, s("timm.CosineLRScheduler", t_initial=200, lr_min=1e-4),
    ),
    "milestones of a longer run": (
        "LR202", {**CIFAR, "epochs": 50}, "epoch", 0.1, s("torch.MultiStepLR", milestones=[60, 120, 160]),
    ),
    "keras boundaries of a longer run": (
        "LR202", STEPS, "step", 1.0,
        s("keras.PiecewiseConstantDecay", boundaries=[20_000, 30_000], values=[0.1, 0.01, 0.001]),
    ),
    "floor of a plateau above the start": ("LR201", CIFAR, "epoch", 1e-4, s("torch.ReduceLROnPlateau", min_lr=1e-3)),
    "GreedyLR's own floor at an Adam rate": ("LR201", CIFAR, "epoch", 1e-4, s("transformers.get_greedy_schedule")),
    "over at two thirds, two steps an epoch": (
        "LR103", {"total_steps": 200, "steps_per_epoch": 2}, "step", 0.1, cosine(130),
    ),
    "patience as long as the run": (
        "LR122", {**CIFAR, "epochs": 10}, "epoch", 0.1, s("torch.ReduceLROnPlateau", patience=10),
    ),
}  # fmt: skip
"""Name: code, run, clock, base LR, schedule."""


@pytest.mark.parametrize("name", SENSIBLE)
def test_what_is_sensible_draws_no_error_and_no_warning(name: str) -> None:
    alarms = [f"{f.code} {f.severity}: {f.message}" for f in found(*SENSIBLE[name]) if f.severity != "note"]
    assert not alarms, f"{name} is how it should be: narrow the rule"


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_draws_its_code(name: str) -> None:
    code, *case = BROKEN[name]
    alarms = found(*case)  # type: ignore[arg-type]
    assert code in {f.code for f in alarms if f.severity != "note"}, (
        f"{name}: {code} says nothing, only {[(f.code, f.message) for f in alarms]}"
    )


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_blamed_once_for_its_unit(name: str) -> None:
    """Who reads that the horizon counts epochs needs no second finding that the same horizon is short."""
    _, *case = BROKEN[name]
    codes = {f.code for f in found(*case) if f.severity != "note"}  # type: ignore[arg-type]
    assert not (codes & {"LR101", "LR102", "LR107", "LR108"} and codes & {"LR103", "LR104", "LR105", "LR106"}), codes
    assert len(codes & {"LR101", "LR102", "LR107", "LR108", "LR204"}) <= 1, codes


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_mended_by_clicks_alone(name: str) -> None:
    """The first fix that is offered, and so on: no fix undoes another, and what is left has none."""
    _, run, clock, base_lr, schedule = BROKEN[name]
    experiment = parse(
        {"lrlab": 1, "run": run, "trials": [{"name": "t", "base_lr": base_lr, "clock": clock, "schedule": schedule}]}
    )
    for _ in range(4):
        alarms = [f for f in advice.check(experiment) if f.severity != "note"]
        fixes = [f.fix for f in alarms if f.fix is not None]
        if not fixes:
            break
        experiment = fixes[0](experiment)
    assert {f.code for f in alarms} <= {"LR116", "LR122"}, [f.message for f in alarms]


@pytest.mark.parametrize(
    ("run", "clock", "schedule"),
    [
        (CIFAR, "epoch", cosine(300)),
        (CIFAR, "epoch", s(SGDR, T_0=300)),
        (CIFAR, "step", cosine(50_000)),
        (CIFAR, "step", cosine(150_000)),
        ({"total_steps": 200, "steps_per_epoch": 2}, "step", cosine(130)),
        (FOUR, "step", cosine(6000)),
        (FOUR, "process", cosine(8000)),
        (TUNING, "step", cosine(1500)),
    ],
)
def test_what_is_merely_long_or_short_counts_no_other_unit(
    run: dict[str, Any], clock: str, schedule: dict[str, Any]
) -> None:
    trial = {"name": "t", "base_lr": 0.1, "clock": clock, "schedule": schedule}
    experiment = parse({"lrlab": 1, "run": run, "trials": [trial]})
    assert advice.intended(experiment.run, experiment.trials[0]) is None
    assert {f.code for f in advice.check(experiment)} & {"LR103", "LR104", "LR114"}


def changes(code: str, run: dict[str, Any], clock: str, schedule: dict[str, Any]) -> dict[Any, Any]:
    fix = next(f for f in found(run, clock, 0.1, schedule) if f.code == code).fix
    assert fix is not None
    return dict(fix.changes)


def test_a_long_warmup_in_epochs_is_not_mended_by_stepping_every_batch() -> None:
    schedule = sequence([40], warmup(40), cosine(50))
    assert changes("LR119", IMAGENET, "epoch", schedule) == {
        ("schedule", "schedulers", 0, "total_iters"): 9,
        ("schedule", "milestones", 0): 9,
        ("schedule", "schedulers", 1, "T_max"): 81,
    }, "what fitted before fits after"
    in_steps = sequence([2000], warmup(2000), cosine(448_450))
    assert changes("LR101", IMAGENET, "epoch", in_steps) == {("clock",): "step"}


def test_a_milestone_that_is_not_the_warmups_stays() -> None:
    schedule = sequence([50, 80], warmup(500), s("torch.ConstantLR", factor=1.0), cosine(920))
    assert changes("LR119", {"total_steps": 1000}, "step", schedule) == {
        ("schedule", "schedulers", 0, "total_iters"): 100
    }


def test_a_part_without_a_turn_and_without_a_length() -> None:
    rise = s("optax.linear_schedule", init_value=0.0, end_value=0.1, transition_steps=None)
    schedule = s("optax.join_schedules", schedules=[rise, s("optax.constant_schedule", value=0.1)], boundaries=[0])
    (finding,) = (f for f in found(STEPS, "step", 1.0, schedule) if f.code == "LR121")
    assert finding.fix is None


def test_milestones_of_a_part_that_is_never_reached_are_not_counted() -> None:
    schedule = sequence([20_000], cosine(None), s("torch.MultiStepLR", milestones=[0]))
    messages = [f.message for f in found(STEPS, "step", 0.1, schedule) if f.code == "LR202"]
    assert len(messages) == 1
    assert "20,000" in messages[0]


def test_only_the_last_part_ends_with_the_run() -> None:
    parts = sequence([100], cosine(100), cosine(900))
    experiment = parse(
        {"lrlab": 1, "run": {"total_steps": 1000}, "trials": [{"name": "t", "base_lr": 0.1, "schedule": parts}]}
    )
    trial = experiment.trials[0]
    both = spans.lengths(trial.schedule, trial.bound(experiment.run)[0])
    assert [(length.path, length.value, length.fits, length.last) for length in both] == [
        (("schedulers", 0, "T_max"), 100, 100, False),
        (("schedulers", 1, "T_max"), 900, 900, True),
    ]


def test_the_cycles_of_optax_are_not_measured_by_the_run() -> None:
    """Each says itself when the next begins: what would fit is nobody's to say."""
    cycles = [{"init_value": 0.0, "peak_value": peak, "warmup_steps": 100, "decay_steps": 5000} for peak in (0.1, 0.05)]
    alarms = found({"total_steps": 7500}, "step", 1.0, s("optax.sgdr_schedule", cosine_kwargs=cycles))
    assert not [f.message for f in alarms if "would fit" in f.message]


def test_the_tables_are_long_enough() -> None:
    assert len(SENSIBLE) >= 40
    assert len(BROKEN) >= 40
