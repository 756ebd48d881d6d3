"""Whatever a person may type where a callable stands: every part of lrlab answers, or refuses it in one sentence."""

from __future__ import annotations

import ast
import time
from typing import Any

import numpy as np
import oracle
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
            begin = time.perf_counter()
            try:
                text = export(experiment, target, form=form)
            except DocumentError as error:
                sentence(error)
                continue
            finally:
                spent = time.perf_counter() - begin
            assert spent < SECOND, f"{target} {form}: {spent:.1f} s"
            if exporter.language == "python":
                unknown = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)} & {"nan", "inf"}
                assert not unknown, f"{target} {form} has a bare {unknown}"
    bound = trial.bound(run)[0]
    if not bound.no_formula:
        begin = time.perf_counter()
        text = latex.latex(bound)
        assert text.startswith(r"\eta(t) = ")
        latex.values(bound)
        assert time.perf_counter() - begin < SECOND


@FEW
@given(document=documents())
def test_any_expression_is_answered_or_refused_in_one_sentence(document: dict[str, Any]) -> None:
    answers(document)
