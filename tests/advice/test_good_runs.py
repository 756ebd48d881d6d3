"""What is published, and what the page opens on, draws no error and no warning."""

from __future__ import annotations

import pytest

from lrlab import advice
from lrlab.document import parse
from lrlab.plans.recipes import Recipe, recipes
from lrlab.schedules import KINDS
from lrlab.ui.state import DEFAULT, beginning


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_a_published_recipe_draws_notes_at_most(recipe: Recipe) -> None:
    found = [f"{f.code}: {f.message}" for f in advice.check(recipe.experiment) if f.severity != "note"]
    assert not found, f"{recipe.name}: a false alarm, or no well-formed recipe"


def test_the_corpus_is_large_enough_to_tell() -> None:
    assert len(recipes()) >= 40
    assert len({trial.schedule.kind for recipe in recipes() for trial in recipe.experiment.trials}) >= 20


def test_the_page_opens_without_anything_to_mend() -> None:
    assert not [f for f in advice.check(parse(DEFAULT)) if f.severity != "note"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_schedule_that_is_newly_added_has_nothing_to_mend(kind: str) -> None:
    """What 'Add a trial' begins with, on the page's own run."""
    trial = beginning(KINDS[kind], parse(DEFAULT).run, 0.05)
    found = advice.check(parse(DEFAULT | {"trials": [trial]}))
    assert not [f"{f.code}: {f.message}" for f in found if f.severity != "note"], (
        f"{kind}.example(): begin with something sound"
    )


def test_sgdr_fills_150_epochs_and_is_cut_by_200() -> None:
    """The paper's T_0 = 10, T_mult = 2: 10 + 20 + 40 + 80."""
    sgdr = {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": 10, "T_mult": 2}
    codes = {}
    for epochs in (150, 200):
        document = {
            "lrlab": 1,
            "run": {"samples": 50_000, "batch_size": 128, "epochs": epochs},
            "trials": [{"name": "SGDR", "base_lr": 0.05, "clock": "epoch", "schedule": sgdr}],
        }
        codes[epochs] = {f.code for f in advice.check(parse(document)) if f.severity != "note"}
    assert codes == {150: set(), 200: {"LR114"}}
