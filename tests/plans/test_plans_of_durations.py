"""Plans for trials whose durations are text: what follows a longer run by itself stays text, the rest is numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest

import lrlab
from lrlab.document import parse
from lrlab.plans import restarts, resume

RUN = {"samples": 1000, "batch_size": 10, "epochs": 10}
COSINE = {"kind": "torch.CosineAnnealingLR"}
RESTARTS = {"kind": "torch.CosineAnnealingWarmRestarts", "T_mult": 2}


def experiment(schedule: dict[str, Any], **changes: Any) -> lrlab.Experiment:
    return parse(oracle.document(schedule, run=RUN | changes))


@pytest.mark.parametrize(("text", "number"), [("100%", 1000), ("50%", 500), ("10ep", 1000), ("5ep", 500)])
@pytest.mark.parametrize("how", ["re-horizon", "hold", "restart"])
def test_a_run_made_longer_has_the_rates_that_the_number_gives(text: str, number: int, how: Any) -> None:
    texts, numbers = experiment(COSINE | {"T_max": text}), experiment(COSINE | {"T_max": number})
    got = resume.extended(texts.run, texts.trials[0], 400, 20, how)
    want = resume.extended(numbers.run, numbers.trials[0], 400, 20, how)
    steps = np.arange(400, 2000)
    oracle.same(got.lr(steps), want.lr(steps), f"{text}, {how}")
    assert got.jump == want.jump


def test_a_share_stays_text_where_it_keeps_its_proportion() -> None:
    of = experiment(COSINE | {"T_max": "50%"})
    longer = resume.extended(of.run, of.trials[0], 400, 20, "re-horizon")
    assert longer.trial.schedule.texts()["T_max"].text == "50%"
    assert (
        lrlab.Experiment(run=longer.run, trials=(longer.trial,)).document()["trials"][0]["schedule"]["T_max"] == "50%"
    )
    assert resume.extended(of.run, of.trials[0], 400, 20, "restart").trial.schedule.texts() == {}
    epochs = experiment(COSINE | {"T_max": "5ep"})
    changed: Any = resume.extended(epochs.run, epochs.trials[0], 400, 20, "re-horizon").trial.schedule
    assert (changed.T_max, changed.texts()) == (1000, {})


@pytest.mark.parametrize("how", ["state", "last_epoch", "nothing"])
def test_a_resume_has_the_rates_that_the_number_gives(how: Any) -> None:
    texts, numbers = experiment(COSINE | {"T_max": "80%"}), experiment(COSINE | {"T_max": 800})
    steps = np.arange(300, 1000)
    got = resume.after(texts.run, texts.trials[0], 300, how, steps)
    oracle.same(got, resume.after(numbers.run, numbers.trials[0], 300, how, steps), how)


def test_the_plan_of_restarts_is_that_of_the_number() -> None:
    texts, numbers = experiment(RESTARTS | {"T_0": "2ep"}), experiment(RESTARTS | {"T_0": 200})
    assert restarts.plan(texts.run, texts.trials[0]) == restarts.plan(numbers.run, numbers.trials[0])


def test_a_share_offers_no_other_budget_because_the_cycles_would_change_with_it() -> None:
    cut, number = experiment(RESTARTS | {"T_0": "20%"}), experiment(RESTARTS | {"T_0": 200})
    found, same = restarts.plan(cut.run, cut.trials[0]), restarts.plan(number.run, number.trials[0])
    assert found is not None
    assert same is not None
    assert (found.below, found.above) == (None, None)
    assert same.below is not None
    assert same.above is not None
    assert (found.first, found.choices) == (same.first, same.choices)
    whole = experiment(RESTARTS | {"T_0": "50%", "T_mult": 1})
    fits = restarts.plan(whole.run, whole.trials[0])
    assert fits is not None
    assert fits.below == fits.above == restarts.Budget(2, 1000, 1000, 10), "the run itself changes nothing"
    for text in ("20%", "2ep"):
        of = experiment(RESTARTS | {"T_0": text})
        plan = restarts.plan(of.run, of.trials[0])
        assert plan is not None
        for budget in filter(None, (plan.below, plan.above)):
            longer = restarts.with_budget(of.run, "step", budget.ticks)
            assert longer is not None
            ended = restarts.plan(longer, of.trials[0])
            assert ended is not None
            assert not ended.cut
