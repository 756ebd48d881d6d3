"""Every schedule in every target, executed in the genuine framework and compared with the engine at every step of the
run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import budget
import oracle
import prove
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

import lrlab
from lrlab.exporters import EXPORTERS, export, proof
from lrlab.exporters.module import Module
from lrlab.schedules import KINDS

CLOCKS = ("step", "epoch", "micro_batch", "process")
DOUBLE = 1e-9
COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
PAIRS = [(kind, target) for kind in KINDS for target in prove.TARGETS]


def check(experiment: lrlab.Experiment, target: str) -> None:
    """Each form that the target has gives the engine's rates; at least one does, or the export says there is none."""
    found = prove.measured(experiment, target)
    assert found or target == "deepspeed", f"{target} has no form of {experiment.trials[0]}"
    for form, off in found.items():
        assert off <= DOUBLE, f"{target}, {form}: off by {off:.3g} of the largest rate, {experiment.document()}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_recorded_case_in_every_target_as_the_matrix_says(kind: str) -> None:
    recorded = proof.proofs().get(kind)
    assert recorded, f"{kind} was not run yet: python tests/genuine/prove.py && python -m docs"
    found = prove.proved(kind)
    assert found["cases"] == recorded.cases
    assert forms(found["seen"]) == forms(recorded.seen), "out of date: run python tests/genuine/prove.py"
    for seen in (found["seen"], recorded.seen):
        for target, about in seen.items():
            assert all(off <= DOUBLE for _, off in about.values()), f"{kind}, {target}: {about}"


def forms(seen: dict[str, dict[str, Any]]) -> dict[str, list[tuple[str, int]]]:
    """The forms of each target, in their order, and in how many cases there are such."""
    return {target: [(form, cases) for form, (cases, _) in about.items()] for target, about in seen.items()}


def test_the_matrix_has_every_schedule_and_every_target() -> None:
    assert list(proof.proofs()) == list(KINDS), "out of date: run python tests/genuine/prove.py && python -m docs"
    assert set(prove.TARGETS) == set(EXPORTERS)
    assert all(list(about.seen) == list(EXPORTERS) for about in proof.proofs().values())


@pytest.mark.parametrize(("kind", "target"), PAIRS)
@budget.share("genuine", 2_400, len(PAIRS))
@given(data=st.data())
def test_drawn_documents(kind: str, target: str, data: st.DataObject) -> None:
    check(lrlab.document.parse(data.draw(strategies.documents(kind))), target)


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("target", prove.TARGETS)
@settings(max_examples=4)
@given(
    run=strategies.data_runs(),
    lists=st.booleans(),
    schedule=st.sampled_from([COSINE, "transformers", "optax", "keras", "paddle", "timm"]),
)
def test_every_clock(target: str, clock: str, run: dict[str, Any], lists: bool, schedule: Any) -> None:
    document = EACH.get(schedule, schedule) if isinstance(schedule, str) else schedule
    check(oracle.experiment(document, run=run, clock=clock, base_lr=[0.1, 0.5] if lists else 0.1), target)


EACH = {
    "transformers": {
        "kind": "transformers.get_cosine_schedule_with_warmup",
        "num_warmup_steps": 3,
        "num_training_steps": None,
    },
    "optax": {
        "kind": "optax.warmup_cosine_decay_schedule",
        "init_value": 0.0,
        "peak_value": 0.2,
        "warmup_steps": 1,
        "decay_steps": None,
    },
    "keras": {"kind": "keras.CosineDecay", "initial_learning_rate": 0.2, "decay_steps": None},
    "paddle": {"kind": "paddle.CosineAnnealingDecay", "learning_rate": 0.2, "T_max": 7},
    "timm": {"kind": "timm.CosineLRScheduler", "t_initial": None, "warmup_t": 2},
}


RAISING = [
    "lambda epoch: 1 / (1 + math.exp(epoch - 50))", "1 / 2.0 ** epoch", "min(1, 1.5 ** epoch / 1e9)",
]  # fmt: skip
"""Beyond every float at ticks 760, 1,024 and 1,751, as plain Python has it."""


@pytest.mark.parametrize("text", RAISING)
@pytest.mark.parametrize("target", ["pytorch", "lightning", "transformers", "timm", "paddle", "numpy"])
def test_expressions_that_raise_in_plain_python_hold_from_there_on(target: str, text: str) -> None:
    """No training run ends in an OverflowError; what the framework would call itself is refused."""
    experiment = oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": text}, steps=2000)
    with pytest.raises(lrlab.DocumentError, match=r"raises at call|has no torch|no form 'native'"):
        export(experiment, target, form="native")
    check(experiment, target)


def test_an_expression_that_raises_at_its_first_tick_is_no_document() -> None:
    with pytest.raises(lrlab.DocumentError, match="lr_lambda: raises in Python at tick 0"):
        oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": "min(epoch ** -0.5, epoch * 40 ** -1.5)"})


def test_curves_that_differ_at_every_other_step_of_a_long_run_are_not_taken_for_the_same() -> None:
    """What is compared is every step, or scattered: no even stride hides a period."""
    zigzag = {"kind": "torch.CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 1}
    for steps in (199_998, 1_999_998, 3_000_000):
        with pytest.raises(lrlab.DocumentError, match="none of them gives this curve"):
            export(oracle.experiment(zigzag, steps=steps), "deepspeed")
    lambdas = ["1.0", "1.0 if epoch % 2 else 0.5"]
    groups = oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": lambdas}, steps=99_998, base_lr=[0.1, 0.2])
    assert "GROUP_SCALES" not in export(groups, "paddle")


def test_many_restarts_take_no_time() -> None:
    """Whether timm's own logarithm misses one of a thousand million is not found out one by one."""
    schedule = {"kind": "timm.CosineLRScheduler", "t_initial": 10, "cycle_mul": 1.0000001, "cycle_limit": 10**9}
    assert "not known after the first 10,000" in export(oracle.experiment(schedule, steps=10**9), "timm")


def test_the_self_check_knows_the_peak() -> None:
    text = "lambda epoch: 0.5 * (1 - math.cos(2 * math.pi * epoch / 5000))"
    experiment = oracle.experiment({"kind": "torch.LambdaLR", "lr_lambda": text}, steps=10_001)
    for by_step in (True, False):
        expected = lrlab.exporters.job(experiment, "optax", experiment.trials[0]).expected(by_step=by_step)
        assert max(rates[0] for rates in expected.values()) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "target",
    [target for target, exporter in EXPORTERS.items() if isinstance(exporter, Module) or target == "deepspeed"],
)
def test_the_versions_named_are_those_that_it_was_run_with(target: str) -> None:
    exporter: Any = EXPORTERS[target]
    assert exporter.versions
    for package, named in exporter.versions.items():
        assert installed(package) == named, f"{target} names {package} {named}"


def installed(package: str) -> str:
    """The version that the tests run; of DeepSpeed there is the source alone."""
    if package == "deepspeed":
        return (
            next(Path(os.environ["LRLAB_DEEPSPEED"]).glob("deepspeed-*.tar.gz"))
            .name.removeprefix("deepspeed-")
            .removesuffix(".tar.gz")
        )
    return version(package).partition("+")[0]


def test_code_is_formatted(tmp_path: Path) -> None:
    """As ruff formats it, where no line is too long; a long expression is left to the reader's own formatter."""
    for row in oracle.rows():
        experiment = lrlab.loads(json.dumps(row["document"]))
        for target, exporter in EXPORTERS.items():
            for form in exporter.forms if exporter.language == "python" else ():
                try:
                    code = export(experiment, target, form=form)
                except lrlab.DocumentError:
                    continue
                if max(len(line) for line in code.splitlines() if not line.startswith("# lrlab")) <= 120:
                    (tmp_path / f"{row['id']}-{target}-{form}.py").write_text(code)
    assert len(list(tmp_path.iterdir())) > 1000
    ruff = [sys.executable, "-m", "ruff"]
    done = subprocess.run(
        [*ruff, "format", "--isolated", "--line-length", "120", "--diff", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[:3000]
    rules = ["--select", "E,F,W,I,N,B,C4,SIM,RET", "--ignore", "E501,N803,N806,N816,B023,E731,N801"]
    done = subprocess.run([*ruff, "check", "--isolated", *rules, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[:3000]
