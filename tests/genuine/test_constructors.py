"""The call of a schedule's own constructor, run in its framework, makes the scheduler of its document."""

from __future__ import annotations

import inspect
import math
import types
import warnings
from typing import Any

import budget
import frameworks
import numpy as np
import oracle
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st

import lrlab
from lrlab.exporters.constructor import constructor
from lrlab.schedules import KINDS
from lrlab.trees.python import Writer

FUNCTIONS = [kind for kind in KINDS if kind.startswith("optax.") and not kind.endswith("reduce_on_plateau")]
STEPPED = [
    kind
    for kind in KINDS
    if kind.startswith(("torch.", "transformers.", "paddle."))
    and not issubclass(KINDS[kind], lrlab.schedules.MetricDriven)
]


def made(document: dict[str, Any], **names: Any) -> Any:
    """What the written call makes."""
    experiment = lrlab.document.parse(document)
    writer, trial = Writer("math"), experiment.trials[0]
    text = constructor(writer, trial.schedule, trial.bound(experiment.run)[0])
    namespace: dict[str, Any] = dict(names)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # what frameworks say of compilers that are not there, and of which argument wins
        exec("\n".join(writer.imports), namespace)  # noqa: S102 (written code is to be run)
        return eval(text, namespace)  # noqa: S307 (likewise)


def rates(document: dict[str, Any], ticks: int) -> Any:
    experiment = lrlab.document.parse(document)
    return lrlab.engine.lr(experiment.run, experiment.trials[0], np.arange(ticks))


@pytest.mark.parametrize("kind", FUNCTIONS)
@budget.share("genuine", 70, len(FUNCTIONS))
@given(data=st.data())
def test_a_function_of_the_count_gives_the_rates(kind: str, data: st.DataObject) -> None:
    import jax  # noqa: PLC0415 (heavy)

    jax.config.update("jax_enable_x64", True)  # noqa: FBT003 (jax's signature)
    document = oracle.document(data.draw(strategies.schedules(kind)), steps=strategies.TICKS)
    schedule = made(document)
    oracle.same(
        [float(schedule(jax.numpy.asarray(tick, dtype="int64"))) for tick in range(8)],
        rates(document, 8),
        f"{document}",
    )


@pytest.mark.parametrize("kind", STEPPED)
@budget.share("genuine", 330, len(STEPPED))
@given(data=st.data())
def test_a_scheduler_gives_the_rates_step_by_step(kind: str, data: st.DataObject) -> None:
    document = oracle.document(data.draw(strategies.schedules(kind)), steps=strategies.TICKS)
    optimizer = frameworks.sgd(0.1)
    scheduler, got = made(document, optimizer=optimizer), []
    for _ in range(strategies.TICKS):
        got.append(float(scheduler() if kind.startswith("paddle.") else optimizer.param_groups[0]["lr"]))
        optimizer.step()
        try:
            scheduler.step()
        except frameworks.RAISED:
            break
    oracle.same(got, rates(document, len(got)), f"{document}")


@pytest.mark.parametrize(
    "text",
    [
        "1 / (50 - epoch)",
        "2 ** epoch",
        "2.0 ** epoch",
        "1 / 2 ** epoch",
        "1 / 2.0 ** epoch",
        "math.sqrt(70 - epoch)",
        "math.exp(epoch)",
        "epoch and 1 / epoch or 1",
        "1 if epoch < 90 or epoch > 95 else 1 / 0",
        "epoch % (epoch // 30 - 2)",
    ],
)
def test_an_expression_raises_where_it_does_in_torch(text: str) -> None:
    import torch  # noqa: PLC0415 (heavy)

    experiment = oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": text}, steps=1500)
    optimizer = frameworks.sgd(0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, eval(f"lambda epoch: {text}", {"math": math}))  # noqa: S307
    raised = np.inf
    for tick in range(1, 1501):
        optimizer.step()
        try:
            scheduler.step()
        except (ArithmeticError, ValueError):
            raised = tick
            break
    assert experiment.trials[0].bound(experiment.run)[0].raises_at() == raised


@pytest.mark.parametrize(
    "kind", [kind for kind, schedule in KINDS.items() if schedule.framework in ("timm", "deepspeed", "keras")]
)
def test_the_arguments_written_are_those_that_the_genuine_constructor_takes(kind: str) -> None:
    modules = {
        "timm": frameworks.timm_schedulers,
        "deepspeed": frameworks.deepspeed_schedulers,
        "keras": frameworks.keras,
    }
    module: Any = modules[KINDS[kind].framework]()
    if KINDS[kind].framework == "keras":
        module = module.callbacks if KINDS[kind].module.endswith("callbacks") else module.optimizers.schedules
    genuine = getattr(module, KINDS[kind].called())
    taken = list(inspect.signature(genuine).parameters)
    assert set(KINDS[kind].model_fields) - KINDS[kind].aside <= set(taken)
    assert (taken[0] == "optimizer") == KINDS[kind].takes_optimizer
    assert isinstance(module, types.ModuleType)
