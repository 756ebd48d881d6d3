"""Whatever a person may type where a callable stands: every part of lrlab answers, or refuses it in one sentence."""

from __future__ import annotations

import ast
import contextlib
import time
from typing import Any

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrlab import advice, engine
from lrlab.document import DocumentError, parse
from lrlab.exporters import EXPORTERS, export
from lrlab.trees import latex

FEW = settings(max_examples=max(settings.default.max_examples // 3, 5))  # each is written for every target
SECOND = 1.0

names = st.sampled_from(["{0}", "{0}", "{0}", "{0}", "{1}"])
literals = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "3",
        "7",
        "10",
        "50",
        "0.5",
        "0.95",
        "0.1",
        "1e-3",
        "1e300",
        "9",
        "10**9",
        "8.0",
        "pi",
        "math.pi",
        "np.e",
    ]
)
FUNCTIONS = [
    "sin", "cos", "tan", "tanh", "exp", "log", "log2", "log10", "sqrt", "floor", "ceil", "trunc", "abs", "fabs",
]  # fmt: skip


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The whole grammar, a level deeper."""
    pair = st.tuples(inner, inner)
    condition = conditions(inner)
    function = st.builds("{}{}".format, st.sampled_from(["", "math.", "np."]), st.sampled_from(FUNCTIONS))
    return st.one_of(
        st.builds("({0[0]} {1} {0[1]})".format, pair, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"])),
        st.builds("({0[0]} {1} {0[1]})".format, pair, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"])),
        st.builds("({}{})".format, st.sampled_from("+-"), inner),
        st.builds("{}({})".format, function | st.sampled_from(["int", "float"]), inner),
        st.builds("{}({})".format, function | st.sampled_from(["int", "float"]), inner),
        st.builds("{0}({1[0]}, {1[1]})".format, st.sampled_from(["min", "max", "np.minimum", "maximum", "pow"]), pair),
        st.builds("{}({}, {}, {})".format, st.sampled_from(["min", "max", "clip", "np.clip"]), inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, condition, inner),
        st.builds("{}({}, {}, {})".format, st.sampled_from(["where", "np.where"]), condition, inner, inner),
        st.builds("({})".format, condition),
    )


def conditions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sign = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    compare = st.builds("{} {} {}".format, inner, sign, inner)
    either = compare | inner
    return st.one_of(
        compare,
        st.builds("{} {} {} {} {}".format, inner, sign, inner, sign, inner),
        st.builds("not {}".format, either),
        st.builds("{} {} {}".format, either, st.sampled_from(["and", "or"]), either),
        st.builds("({} or not {}) and {}".format, either, compare, compare),
        inner,
    )


expressions = st.recursive(names | literals, grown, max_leaves=10)
LAMBDA, CYCLIC = (
    {"kind": "torch.LambdaLR"},
    {"kind": "torch.CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3},
)
SCHEDULES: list[tuple[dict[str, Any], str, tuple[str, str]]] = [
    (LAMBDA, "lr_lambda", ("epoch", "epoch")),
    (LAMBDA, "lr_lambda", ("epoch", "epoch")),
    ({"kind": "torch.MultiplicativeLR"}, "lr_lambda", ("epoch", "epoch")),
    (CYCLIC, "scale_fn", ("x", "x")),
    (CYCLIC | {"scale_mode": "iterations", "cycle_momentum": False}, "scale_fn", ("x", "x")),
    ({"kind": "cawb.CosineAnnealingWarmbootingLR", "epochs": 40, "steps": [20]}, "lf", ("x", "y")),
    ({"kind": "paddle.LambdaDecay", "learning_rate": 0.1}, "lr_lambda", ("epoch", "epoch")),
    ({"kind": "keras.LearningRateScheduler"}, "schedule", ("epoch", "epoch")),
    ({"kind": "keras.LearningRateScheduler"}, "schedule", ("epoch", "lr")),
]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document with an expression, alone, in a sequence or in a chain."""
    arguments, name, names = draw(st.sampled_from(SCHEDULES))
    schedule = arguments | {name: draw(expressions).format(*names)}
    if schedule["kind"] == "torch.LambdaLR":
        wrap = draw(st.integers(0, 3))
        if wrap == 0:
            schedule = {
                "kind": "torch.SequentialLR",
                "schedulers": [{"kind": "torch.LinearLR"}, schedule],
                "milestones": [10],
            }
        elif wrap == 1:
            schedule = {"kind": "torch.ChainedScheduler", "schedulers": [schedule, {"kind": "torch.LinearLR"}]}
    clock = draw(st.sampled_from(["step", "step", "epoch"]))
    steps = draw(st.sampled_from([60, 60, 1500])) if clock == "step" else 60
    document = oracle.document(schedule, steps=steps)
    document["trials"][0]["clock"] = clock
    return document


def sentence(error: Exception) -> None:
    message = str(error)
    assert 0 < len(message) < 600, message
    assert message.isprintable(), message


def answers(document: dict[str, Any]) -> None:
    try:
        experiment = parse(document)
    except DocumentError as error:
        sentence(error)
        return
    run, trial = experiment.run, experiment.trials[0]
    every = np.arange(run.steps)
    assert np.isfinite(engine.lr(run, trial, every)).all()
    assert np.isfinite(engine.curves(experiment)[0].lr).all()
    engine.summary(run, trial)
    engine.momentum(run, trial, every)
    advice.check(experiment)
    for target, exporter in EXPORTERS.items():
        for form in exporter.forms or (None,):
            begin = time.process_time()
            try:
                text = export(experiment, target, form=form)
            except DocumentError as error:
                sentence(error)
                continue
            finally:
                spent = time.process_time() - begin
            assert spent < SECOND, f"{target} {form}: {spent:.1f} s"
            if exporter.language == "python":
                unknown = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} & {"nan", "inf"}
                assert not unknown, f"{target} {form} has a bare {unknown}"
    bound = trial.bound(run)[0]
    if not bound.no_formula:
        begin = time.process_time()
        text = latex.latex(bound)
        assert text.startswith(r"\eta(t) = ")
        latex.values(bound)
        assert time.process_time() - begin < SECOND


@pytest.mark.parametrize(
    "text",
    [
        "1 if 5 < epoch < 10 else 0.1",
        "1.0 if not epoch > 10 else 0.1",
        "1 if epoch < 5 or epoch > 90 else 0.1",
        "1 if epoch >= 0 else (-8)**(1/3)",
        "1 if epoch >= 0 else epoch % (epoch-epoch)",
        "1 if epoch > 0 and sqrt(epoch-epoch+1) < 3 else 2",
        "1 if epoch >= 0 else 9**(epoch*0+9**9)",
        "1 if epoch >= 0 else (9**9+epoch*0)**9**9//1",
        "1 if epoch >= 0 else min(1, 1/0)",
        "lambda e: " + " or ".join(["e"] * 20),
        "lambda e: " + " and ".join(["1 < e < 9"] * 40),
        "1 / (50 - epoch)",
        "1 / (epoch + 1) ** 0.5 if epoch % 7 and (epoch > 20 or not epoch // 3 == 2) else 0.1",
        "exp(10**10 - 10**10 * (epoch < 100))",
        "floor(exp(200) * (epoch + 1))",
    ],
)
@pytest.mark.parametrize("steps", [60, 1500])
def test_each_of_these_once_broke_something(text: str, steps: int) -> None:
    document = oracle.document({"kind": "torch.LambdaLR", "lr_lambda": text}, steps=steps)
    parse(document)
    answers(document)


@pytest.mark.parametrize("text", ["1 if sqrt(epoch-epoch-1) < 3 else 2", "min(1, 1/0)", "1 / epoch", "(-8)**(1/3)"])
@pytest.mark.parametrize("wrap", [None, 1, 0])
def test_what_raises_at_tick_0_is_refused_where_it_stands(text: str, wrap: int | None) -> None:
    schedule: dict[str, Any] = {"kind": "torch.LambdaLR", "lr_lambda": text}
    path = "trials.0.schedule.lr_lambda"
    if wrap is not None:
        parts = [{"kind": "torch.LinearLR"}, schedule][:: 1 if wrap else -1]
        schedule = {"kind": "torch.SequentialLR", "schedulers": parts, "milestones": [10]}
        path = f"trials.0.schedule.schedulers.{wrap}.lr_lambda"
    with pytest.raises(DocumentError, match="^" + path.replace(".", r"\.") + ": raises in Python at tick 0"):
        parse(oracle.document(schedule))


LINEAR = {"kind": "torch.LinearLR"}
RAISING: list[tuple[dict[str, Any], int]] = [
    ({"kind": "torch.LambdaLR", "lr_lambda": "1 / (50 - epoch)"}, 50),
    ({"kind": "torch.MultiplicativeLR", "lr_lambda": "1 / (1 if epoch < 50 else 0)"}, 50),
    ({"kind": "paddle.LambdaDecay", "learning_rate": 0.1, "lr_lambda": "sqrt(49 - epoch)"}, 50),
    ({"kind": "paddle.MultiplicativeDecay", "learning_rate": 0.1, "lr_lambda": "0.9 / (epoch != 50)"}, 50),
    (CYCLIC | {"scale_fn": "1 / (x - 9)"}, 48),
    (CYCLIC | {"scale_fn": "1 / (x - 50)", "scale_mode": "iterations"}, 50),
    ({"kind": "keras.LearningRateScheduler", "schedule": "0.1 / (50 - epoch)"}, 50),
    ({"kind": "keras.LearningRateScheduler", "schedule": "lr / (epoch != 50)"}, 50),
    ({"kind": "cawb.CosineAnnealingWarmbootingLR", "epochs": 90, "steps": [30], "lf": "1 / (20 - x) + 0 * y"}, 20),
    ({"kind": "torch.SequentialLR", "milestones": [10],
    "schedulers": [LINEAR, LAMBDA | {"lr_lambda": "1 / (40 - epoch)"}]}, 50),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schedule", "tick"), RAISING, ids=lambda value: value["kind"] if isinstance(value, dict) else ""
)
def test_a_curve_ends_where_python_raises_and_a_finding_names_the_tick(schedule: dict[str, Any], tick: int) -> None:
    experiment = oracle.experiment(schedule, steps=150)
    run, trial = experiment.run, experiment.trials[0]
    assert trial.bound(run)[0].raises_at() == tick
    rates = engine.lr(run, trial, np.arange(150))
    assert (rates[tick:] == rates[tick - 1]).all()
    finding = next(finding for finding in advice.check(experiment) if finding.code == "LR110")
    assert finding.severity == "error"
    assert f"tick {tick}" in finding.message
    assert finding.step == tick
    code = oracle.exported(experiment, "numpy")
    oracle.same(code["learning_rate"](np.arange(150)), rates)
    if schedule["kind"].startswith("torch."):
        with pytest.raises(DocumentError, match="raises at call"):
            export(experiment, "pytorch", form="native")


BREAKING: list[tuple[dict[str, Any], int]] = [
    ({"kind": "torch.LambdaLR", "lr_lambda": "1e307 * (epoch + 1) * (epoch < 60)"}, 17),
    ({"kind": "torch.LambdaLR", "lr_lambda": "np.exp(-epoch) / (50 - epoch)"}, 50),
    ({"kind": "torch.LambdaLR", "lr_lambda": "np.sqrt(49 - epoch)"}, 50),
    ({"kind": "torch.MultiplicativeLR", "lr_lambda": "1e10"}, 31),
    ({"kind": "torch.ExponentialLR", "gamma": 1e10}, 31),
    ({"kind": "keras.LearningRateScheduler", "schedule": "lr * 1e10"}, 30),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schedule", "tick"), BREAKING, ids=lambda value: value["kind"] if isinstance(value, dict) else ""
)
def test_a_value_that_is_not_finite_is_refused_by_its_first_tick(schedule: dict[str, Any], tick: int) -> None:
    with pytest.raises(DocumentError, match=f"^trials.0.schedule: the learning rate is not finite at tick {tick}$"):
        oracle.experiment(schedule, steps=150)


@FEW
@given(document=documents())
def test_any_expression_is_answered_or_refused_in_one_sentence(document: dict[str, Any]) -> None:
    answers(document)


@pytest.mark.parametrize(
    "text",
    ["lambda e: 1 if " + "<".join(["e"] * 480) + " else 2", "min(" * 40 + "epoch" + ",1,2,3,4,5,6,7,8)" * 40],
    ids=["compared", "nested"],
)
def test_a_deep_expression_is_no_deep_recursion(text: str) -> None:
    """Far more levels than Python's own stack has room for, where each costs a walk several calls."""
    experiment = parse(oracle.document({"kind": "torch.LambdaLR", "lr_lambda": text}, steps=100))
    run, trial = experiment.run, experiment.trials[0]
    want = 2.0 if text.startswith("lambda") else np.minimum(np.arange(100.0), 1)
    oracle.same(engine.lr(run, trial, np.arange(100)), np.broadcast_to(0.1 * want, 100))
    advice.check(experiment)
    for target in EXPORTERS:
        with contextlib.suppress(DocumentError):
            export(experiment, target)
