"""What training code is told where a framework is not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import oracle
import pytest

import lrlab
from lrlab import integrations

EXPERIMENT = oracle.experiment({"kind": "torch.CosineAnnealingLR", "T_max": None})
OPTIMIZER = SimpleNamespace(param_groups=[{"lr": 0.3}])


@pytest.mark.parametrize(
    ("framework", "call", "says"),
    [
        (
            "torch",
            lambda: lrlab.torch_scheduler(OPTIMIZER, EXPERIMENT),
            "torch_scheduler needs PyTorch: pip install torch",
        ),
        ("torch", lambda: lrlab.hf_scheduler(OPTIMIZER, EXPERIMENT), "hf_scheduler needs PyTorch: pip install torch"),
        (
            "jax",
            lambda: lrlab.optax_schedule(EXPERIMENT),
            'optax_schedule needs JAX 0.8 or newer: pip install "jax>=0.8"',
        ),
        (
            "keras",
            lambda: lrlab.keras_schedule(EXPERIMENT),
            "keras_schedule needs Keras 3 on PyTorch or JAX: pip install keras",
        ),
    ],
    ids=["torch_scheduler", "hf_scheduler", "optax_schedule", "keras_schedule"],
)
def test_a_missing_framework_is_one_sentence(
    framework: str, call: Callable[[], Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [framework, *(name for name in sys.modules if name.startswith(f"{framework}."))]:
        monkeypatch.setitem(sys.modules, name, None)  # imports of it fail, installed or not
    integrations.keras_class.cache_clear()
    with pytest.raises(ImportError) as caught:
        call()
    assert str(caught.value) == says
    assert OPTIMIZER.param_groups == [{"lr": 0.3}]


@pytest.mark.parametrize(
    "call",
    [
        lambda: lrlab.torch_scheduler(OPTIMIZER, EXPERIMENT, trial="tt"),
        lambda: lrlab.hf_scheduler(OPTIMIZER, EXPERIMENT, trial="tt"),
        lambda: lrlab.optax_schedule(EXPERIMENT, trial="tt"),
        lambda: lrlab.keras_schedule(EXPERIMENT, trial="tt"),
    ],
    ids=["torch_scheduler", "hf_scheduler", "optax_schedule", "keras_schedule"],
)
def test_an_unknown_trial_is_named_whatever_is_installed(call: Callable[[], Any]) -> None:
    with pytest.raises(lrlab.DocumentError, match=r"trials: none is named 'tt'; did you mean t\?"):
        call()
