"""The gallery through Streamlit's own test harness: what is found, what an entry says, what Tune is handed."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from oracle import ROOT
from panels import nodes
from streamlit.testing.v1 import AppTest

from lrlab import engine
from lrlab.families import family_of
from lrlab.schedules import KINDS
from lrlab.ui.gallery import cards, entry
from lrlab.ui.widgets import escape

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own


def opened(kind: str | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.run()
    app.switch_page("pages/gallery.py")
    if kind is not None:
        app.query_params["kind"] = kind
    app.run()
    assert not app.exception
    return app


def links(app: AppTest) -> list[str]:
    """The kinds that the page links to."""
    found = (re.search(r"kind=([^&]+)", link.proto.query_string) for link in app.get("page_link"))
    return [unquote(match[1]) for match in found if match]


def whole(app: AppTest) -> AppTest:
    return app.button(key="gallery_more").click().run()


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.caption, *app.subheader, *app.header))


def test_it_opens_on_a_page_of_cards_and_shows_all_on_demand() -> None:
    app = opened()
    assert links(app) == list(KINDS)[: cards.FIRST_CARDS]
    assert links(whole(app)) == list(KINDS)


@pytest.mark.parametrize(("wanted", "there", "absent"), [
    ("sgdr", "optax.sgdr_schedule", "torch.StepLR"),
    ("SGDR torch", "torch.CosineAnnealingWarmRestarts", "optax.sgdr_schedule"),
    ("热重启", "paddle.CosineAnnealingWarmRestarts", "torch.CosineAnnealingLR"),
    ("staircase", "torch.StepLR", "torch.CyclicLR"),
    ("keras", "keras.CosineDecay", "torch.StepLR"),
])  # fmt: skip
def test_search_finds_by_name_framework_family_and_alias(wanted: str, there: str, absent: str) -> None:
    app = opened()
    app.text_input(key="gallery_search").set_value(wanted).run()
    found = links(app)
    assert there in found
    assert absent not in found
    assert f"{len(found)} of {len(KINDS)}" in texts(app)


def test_what_is_not_there_is_said() -> None:
    app = opened()
    app.text_input(key="gallery_search").set_value("<b>zzz</b>").run()
    assert links(app) == []
    assert app.info
    assert not app.exception


def test_filters_narrow_the_search_down() -> None:
    app = opened()
    app.button_group(key="gallery_framework").set_value("timm").run()
    assert links(app) == [kind for kind in KINDS if kind.startswith("timm.")]
    app.selectbox(key="gallery_family").set_value("Cosine with restarts").run()
    assert links(app) == ["timm.CosineLRScheduler"], "a guest of the family, at home among the cosines"
    app.button_group(key="gallery_framework").set_value(None).run()
    assert {kind for kind in KINDS if family_of(kind).title == "Cosine with restarts"} < set(links(app))


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_opens_and_says_what_there_is_to_say(kind: str) -> None:
    app = opened(kind)
    schedule = KINDS[kind]
    assert app.header[0].value.replace("\\", "") == schedule.native
    assert [s.value for s in app.subheader][-1] == "Equivalents"
    reason = entry.sample(schedule).bound(entry.RUN)[0].no_formula
    assert bool(app.get("latex")) != bool(reason), f"{kind}: either a formula or why there is none"
    assert escape(reason) in texts(app)
    assert len(app.get("bidi_component")) == 1
    if schedule.model_fields:
        arguments = app.table[0].value
        assert [name.strip("`") for name in arguments["argument"]] == list(schedule.model_fields)
    guests = {member.kind for family, _ in entry.families.places(kind) for member in family.all} - {kind}
    assert set(links(app)) == guests


def test_an_entry_links_its_papers_and_its_documentation() -> None:
    said = texts(opened("torch.CosineAnnealingLR"))
    assert "[arXiv 1608.03983](https://arxiv.org/abs/1608.03983)" in said
    assert "(https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html)" in said


def test_an_entry_says_how_arguments_translate() -> None:
    table: Any = opened("keras.CosineDecay").table[1].value.set_index("schedule")
    row = table.loc["torch\\.CosineAnnealingLR"]
    assert row["arguments"].split("  \n") == [
        "`base_lr = initial_learning_rate`",
        "`T_max = decay_steps`",
        "`eta_min = alpha * initial_learning_rate`",
    ]
    assert row["equal at ticks"] == "`0` to `decay_steps`"


def test_hard_bounds_are_said() -> None:
    table: Any = opened("torch.LinearLR").table[0].value.set_index("argument")
    assert table.loc["`start_factor`"]["must be"] == "above 0, at most 1"
    assert table.loc["`total_iters`"]["must be"] == "at least 0"
    factor: Any = opened("torch.ReduceLROnPlateau").table[0].value.set_index("argument").loc["`factor`"]
    assert factor["must be"] == "below 1"


def test_open_in_tune_adds_the_schedule_and_goes_there() -> None:
    app = opened("torch.StepLR")
    app.button(key="open").click().run()
    assert not app.exception
    trials = app.session_state["experiment"].trials
    assert [t.name for t in trials] == ["SGDR", "one cosine", "StepLR"]
    assert "caller" in nodes(app), "Tune is on screen"


def test_an_unknown_schedule_is_one_sentence_and_the_gallery() -> None:
    app = opened("torch.StepLRR<b>")
    assert "did you mean torch\\.StepLR" in app.error[0].value
    assert "<b>" not in app.error[0].value
    assert len(links(app)) == cards.FIRST_CARDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_thumbnail_is_the_schedules_own_curve(kind: str) -> None:
    """Read back from the picture and compared with the engine, to half a unit of its coordinates."""
    points = re.search(r"points=([^/]*?) stroke", unquote(cards.thumbnail(KINDS[kind])))
    assert points
    x, y = np.array([point.split(",") for point in points[1].strip('"').split()], dtype=float).T
    assert (x[0], x[-1]) == (0, cards.WIDTH)
    columns = np.arange(cards.WIDTH + 1)
    steps = np.linspace(0, entry.RUN.steps - 1, columns.size).astype(int)
    want = engine.lr(entry.RUN, entry.sample(KINDS[kind]), steps)
    low, high = min(want.min(), 0.0), want.max()
    got = high - np.interp(columns, x, y) / cards.HEIGHT * (high - low)
    assert np.abs(got - want).max() <= (high - low) / cards.HEIGHT * 0.51
    assert high > low, f"{kind}: its example is 0 throughout: nothing to see in a gallery"
