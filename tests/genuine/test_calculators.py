"""The calculators against the genuine optimizers, GradScaler and TrainingArguments."""

from __future__ import annotations

import importlib
import types

import pytest
import torch
from torch.optim.lr_scheduler import StepLR

from lrlab.plans import optimizers
from lrlab.schedules.torch.cycles import CyclicLR, OneCycleLR


@pytest.mark.parametrize("optimizer", optimizers.CYCLED)
@pytest.mark.parametrize(
    "schedule",
    [
        OneCycleLR(max_lr=0.1, total_steps=20),
        OneCycleLR(max_lr=0.1, total_steps=20, pct_start=0.0, max_momentum=0.8, base_momentum=0.7),
        CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=5),
    ],
    ids=lambda s: s.native,
)
def test_every_optimizer_gets_the_momentum_that_is_told(optimizer: str, schedule: OneCycleLR | CyclicLR) -> None:
    made = getattr(torch.optim, optimizer)([torch.nn.Parameter(torch.zeros(2, 2))], lr=0.1)
    given = made.defaults.get("momentum", made.defaults.get("betas", [0.0])[0])
    told = optimizers.momentum_cycled(schedule, optimizer, given)
    native = getattr(torch.optim.lr_scheduler, schedule.native)
    arguments = {name: getattr(schedule, name) for name in schedule.model_fields_set}
    if told.raises:
        with pytest.raises(ValueError, match="optimizer must support momentum or beta1"):
            native(made, **arguments)
        return
    scheduler = native(made, **arguments)
    used = []
    for _ in range(20):
        group = made.param_groups[0]
        used.append(group["betas"][0] if "betas" in group else group["momentum"])
        made.step()
        scheduler.step()
    assert used[0] == pytest.approx(told.first)
    assert min(used) >= told.low - 1e-9
    assert max(used) <= told.high + 1e-9


def test_no_optimizer_of_torch_is_unknown() -> None:
    known = {
        name
        for name, thing in vars(torch.optim).items()
        if isinstance(thing, type) and issubclass(thing, torch.optim.Optimizer)
    }
    assert known - {"Optimizer"} == set(optimizers.CYCLED)


@pytest.mark.filterwarnings(
    "ignore:Detected call of"
)  # torch notices where the very first step is skipped, and none else
def test_a_skipped_step_is_what_puts_the_schedule_ahead() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    made = []
    optimizer.register_step_post_hook(lambda *_: made.append(1))
    scaler, scheduler = torch.amp.GradScaler("cpu", init_scale=2.0**120), StepLR(optimizer, 10)
    lowered = 0
    for _ in range(8):
        optimizer.zero_grad()
        scaler.scale(weight.sum() * 1e5).backward()
        scale = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        lowered += scaler.get_scale() < scale
        scheduler.step()
    told = optimizers.amp_drift(8, lowered)
    assert lowered > 0
    assert scheduler.last_epoch - len(made) == told.ahead


@pytest.mark.parametrize("steps", [1, 999, 1000])
@pytest.mark.parametrize("value", [0, 0.0, 0.07, 0.1, 0.999, 1, 1.0, 1.5, 500, 2000])
def test_a_warmup_is_counted_as_the_installed_transformers_do(value: float, steps: int) -> None:
    genuine = importlib.import_module("transformers.training_args").TrainingArguments
    version = importlib.import_module("transformers").__version__
    counted = genuine.get_warmup_steps(types.SimpleNamespace(warmup_steps=value), steps)
    assert optimizers.warmup_argument("warmup_steps", value, steps, version).steps == counted
    assert ("warmup_ratio" in genuine.__dataclass_fields__) == (
        optimizers.warmup_argument("warmup_ratio", 0.1, steps, version).steps is not None
    )
