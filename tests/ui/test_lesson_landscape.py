"""The section on the landscape through Streamlit's own test harness: what is drawn and said, and what bad input comes
to.
"""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Any

import lesson_pages
import numpy as np
import pytest
from panels import complaint, components, flat, slide, write
from streamlit.testing.v1 import AppTest

from lrlab.lessons import landscape
from lrlab.lessons.intervals import Interval, interval, verdict
from lrlab.lessons.landscape import (
    BASINS,
    COSINE,
    LOST,
    NAMES,
    PRESETS,
    SGDR,
    STEP_DECAY,
    WIDE,
    Landscape,
    Scene,
    Simulation,
)
from lrlab.ui.lessons import landscape as page

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

SMALL = {"landscape.steps": "80", "landscape.T_0": "20", "landscape.particles": "20", "landscape.seeds": "3"}


def opened(**settings: object) -> AppTest:
    return lesson_pages.opened(
        "pages/sgdr.py", SMALL | {f"landscape.{name}": str(value) for name, value in settings.items()}
    )


def at_hand(app: AppTest) -> Scene:
    return lesson_pages.at_hand(app, Scene)


def texts(app: AppTest) -> str:
    return " ".join(
        element.value for kind in (app.markdown, app.caption, app.info, app.warning) for element in kind
    ).replace("\\", "")


def table(app: AppTest) -> Any:
    return next(t.value for t in app.table if list(t.value.index) == list(NAMES))


def test_the_table_and_the_sentence_say_what_the_simulation_came_to() -> None:
    app = opened()
    found = landscape.simulate(Scene(steps=80, T_0=20, particles=20, seeds=3))
    shown = table(app)
    for place, name in enumerate(NAMES):
        share = found.shares[place, :, WIDE]
        assert shown.loc[name, "ends in the wide basin"].startswith(f"{share.mean():.2%}".replace("%", " %"))
    for place, who in ((SGDR, "SGDR"), (STEP_DECAY, "Step decay, which has no restarts,")):
        compared = {
            "share that ends in the wide basin": (100 * found.shares[..., WIDE], 0.0051),
            "mean loss at the end": (found.loss, 0.00051),
        }
        for what, (values, rounding) in compared.items():
            paired = interval(values[place] - values[COSINE])
            said = re.search(
                rf"{who} minus one cosine, {what}: (\S+)(?: points)?, "
                r"95 % interval (\S+) to (\S+) over 3 seeds: ([a-z ]+)\.",
                texts(app),
            )
            assert said
            numbers = [float(number.replace("\N{MINUS SIGN}", "-")) for number in said.groups()[:3]]
            assert numbers == pytest.approx([float(paired.mean), float(paired.low), float(paired.high)], abs=rounding)
            assert said[4] == verdict(paired)


def signed(text: str) -> Decimal:
    return Decimal(text.replace("\N{MINUS SIGN}", "-"))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.title)
def test_whoever_subtracts_the_numbers_of_the_table_comes_to_the_differences_that_are_said(
    preset: landscape.Preset,
) -> None:
    land, found = Landscape(preset.scene.dimension, preset.scene.width), landscape.simulate(preset.scene)
    table = page.rows(land, found)
    shown = {
        title: [Decimal(row[title].split()[0]) for row in table]
        for title in table[0]
        if "ends in" in title or "loss" in title
    }
    for wide, narrow in zip(shown["ends in the wide basin"], shown["ends in the narrow basin"], strict=True):
        assert wide + narrow == 100
    differences = [signed(said.split(": ")[1].split()[0].rstrip(",")) for said in page.sentences(found)]
    titles = ("ends in the wide basin", "mean loss at the end")
    expected = [shown[title][place] - shown[title][COSINE] for place in (SGDR, STEP_DECAY) for title in titles]
    assert all(abs(a - b) <= Decimal(10) ** b.as_tuple().exponent for a, b in zip(differences, expected, strict=True))
    assert differences[::2] == expected[::2], "2,000 particles: two decimals of a percentage are exact"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.title)
def test_a_preset_is_one_click_and_says_its_verdict(preset: landscape.Preset) -> None:
    app = opened(noise=0.3)
    app.button_group(key="landscape.preset").set_value(preset.title).run()
    assert at_hand(app) == preset.scene
    said = re.search(
        r"SGDR minus one cosine, share that ends in the wide basin: \S+ points, "
        r"95 % interval (\S+) to (\S+) over 20 seeds",
        texts(app),
    )
    assert said
    low, high = (float(number.replace("\N{MINUS SIGN}", "-")) for number in said.groups())
    assert preset.low < low < high < preset.high
    slide(app, "landscape.noise", 0.3)
    assert at_hand(app).noise == 0.3
    assert app.button_group(key="landscape.preset").value is None, "other settings are none of the presets"


@pytest.mark.parametrize(("settings", "said"), [
    ({"T_0": 200}, "T_0 of 200 is longer than the run of 80 steps: nothing restarts"),
    ({"T_0": 80}, "SGDR is one cosine"),
    ({"noise": 0}, "particles that begin at one place do the same"),
    ({"particles": 1}, "the share of a seed is 0 or 100 %"),
    ({"seeds": 1}, "nothing can be concluded"),
    ({"peak": 60}, "SGDR: diverged at step "),
])  # fmt: skip
@pytest.mark.parametrize("dimension", [1, 2])
def test_settings_that_come_to_little_are_said_to(dimension: int, settings: dict[str, object], said: str) -> None:
    app = opened(dimension=dimension, **settings)
    assert said in texts(app)
    assert not re.search(r"\b(nan|inf)\b", texts(app) + table(app).to_csv())


def test_the_step_of_divergence_is_the_simulations() -> None:
    found = landscape.simulate(Scene(steps=80, T_0=20, particles=20, seeds=3, peak=23.0))
    steps = found.diverged[COSINE]
    assert 0 < steps.min() < steps.max(), "else this would not tell which of them is said"
    said = texts(opened(peak=23))
    assert (
        f"one cosine: diverged at step {steps.min()}. In the end {found.shares[COSINE, :, LOST].mean():.2%}".replace(
            "%", " % of all"
        )
        in said
    )


def test_where_nothing_is_left_nothing_is_compared() -> None:
    said = texts(opened(peak=60))
    assert "there is nothing to compare" in said
    assert "minus one cosine" not in said


def test_where_some_seeds_have_nothing_left_the_shares_are_compared_and_the_losses_are_not() -> None:
    said = texts(opened(peak=23, noise=4, particles=1))
    assert "SGDR minus one cosine, share" in said
    assert "there are seeds of which no particle is left" in said


@pytest.mark.parametrize(("peak", "noise", "losing"), [(20.5, 1.5, [False, True]), (20, 4, [True, True])])
def test_where_some_particles_diverged_the_mean_losses_of_the_others_are_not_compared(
    peak: float, noise: float, losing: list[bool]
) -> None:
    found = landscape.simulate(Scene(peak=peak, noise=noise))
    lost = found.shares[[SGDR, COSINE], :, LOST]
    assert lost.any(axis=1).tolist() == losing
    assert (lost < 1).all(), "else there are seeds of which nothing is left, which is another sentence"
    shares, losses = page.sentences(found)[:2]
    assert re.search(r"share .* 95 % interval .*: (higher|lower|no difference seen)\.", shares), (
        "of all particles, and so a comparison"
    )
    assert "no fair comparison" in losses
    assert not re.search("higher|lower|no difference|interval", losses)


def test_what_only_the_third_schedule_loses_does_not_hinder_the_comparison() -> None:
    found = landscape.simulate(Scene(steps=80, T_0=20, particles=20, seeds=3))
    shares = found.shares.copy()
    shares[STEP_DECAY] = [0.5, 0, 0.5]
    said = page.sentences(Simulation(**vars(found) | {"shares": shares}))
    assert said[:2] == page.sentences(found)[:2]
    assert "no fair comparison" in said[3]


def test_one_seed_has_no_interval() -> None:
    app = opened(seeds=1)
    differences = [
        line for element in app.markdown for line in element.value.splitlines() if "minus one cosine" in line
    ]
    assert len(differences) == 4
    assert not any("95" in said for said in differences)
    assert "(" not in table(app).to_csv()


def test_intervals_hold_nothing_impossible() -> None:
    settings = {"particles": 1, "seeds": 2, "peak": 0.08}
    found = landscape.simulate(Scene(steps=80, T_0=20, **settings))
    differences = found.shares[0, :, WIDE] - found.shares[1, :, WIDE]
    assert sorted(differences) == [0, 1], "else this would test nothing"
    app = opened(**settings)
    assert "+50.00 points, 95 % interval \N{MINUS SIGN}100.00 to +100.00 over 2 seeds: no difference seen." in texts(
        app
    )
    shares = table(app)[["ends in the wide basin", "ends in the narrow basin"]].to_numpy().ravel().tolist()
    assert "50.00 % (0.00 % to 100.00 %)" in shares
    assert set(shares) <= {"50.00 % (0.00 % to 100.00 %)", "0.00 % (all agree)", "100.00 % (all agree)"}


@pytest.mark.parametrize(("ends", "said"), [
    ((0.7, 0.0014, 1.3986), "+0.70, 95 % interval +0.001 to +1.40 over 20 seeds: higher."),
    ((-0.7, -1.3986, -0.0014), "-0.70, 95 % interval -1.40 to -0.001 over 20 seeds: lower."),
    ((0.7, 0.006, 1.394), "+0.70, 95 % interval +0.01 to +1.39 over 20 seeds: higher."),
    ((0.0, -1.0, 1.0), "+0.00, 95 % interval -1.00 to +1.00 over 20 seeds: no difference seen."),
])  # fmt: skip
def test_an_end_that_is_not_zero_does_not_read_zero(ends: tuple[float, float, float], said: str) -> None:
    mean, low, high = map(np.array, ends)
    assert page.worded(Interval(mean, low, high, 20), 2, "").replace("\N{MINUS SIGN}", "-") == said


@pytest.mark.parametrize("dimension", [1, 2])
def test_without_noise_no_mean_loss_lies_below_the_bottom_that_is_said(dimension: int) -> None:
    app = opened(noise=0, steps=420, T_0=60, dimension=dimension)
    bottom = re.search(r"narrow basin on the left, whose bottom lies at ([\d.]+),", texts(app))
    assert bottom
    losses = [float(said.split()[0]) for said in table(app)["mean loss at the end"]]
    assert set(table(app)["ends in the wide basin"]) == {"0.00 % (all agree)"}
    assert min(losses) >= float(bottom[1])


@pytest.mark.parametrize("width", [0.1, 0.2])
@pytest.mark.parametrize("noise", [0.0, 1.5])
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_the_text_says_whether_any_schedule_is_ever_above_the_rate_that_alone_carries_dots(
    width: float, noise: float, factor: float
) -> None:
    land = Landscape(1, width)
    app = opened(width=width, noise=noise, peak=factor * land.escape)
    above = max(landscape.last_above(landscape.rates(at_hand(app)), land.escape)) >= 0
    assert above == (factor > 1)
    assert ("Here every schedule begins above that" in texts(app)) == above
    assert (f"no schedule is ever above {land.escape:.3g}" in texts(app)) == (not above)
    assert ("there is no noise" in texts(app)) == (not above and noise == 0)
    assert (f"last step above {land.escape:.3g}" in table(app).columns) == above


def test_seeds_that_all_agree_give_no_interval() -> None:
    said = texts(opened(T_0=80))
    assert "share that ends in the wide basin: +0.00 points. All 3 seeds agree; that gives no interval." in said


def test_more_than_the_budget_is_refused_beside_the_field() -> None:
    app = opened(dimension=2, steps=1000, particles=1, seeds=40)
    slide(app, "landscape.particles", 200)
    said = "particles: 1,000 steps x 200 particles x 40 seeds x 2 dimensions are 16,000,000, and 10,000,000 is the most"
    assert complaint(app, "landscape.particles") == said
    assert at_hand(app).particles == 1


def test_a_second_dimension_beyond_the_budget_is_refused_too() -> None:
    app = opened(dimension=1, steps=1000, particles=126, seeds=40)
    write(app, "landscape.dimension", "2")
    assert "40 seeds x 2 dimensions are 10,080,000" in complaint(app, "landscape.dimension")
    assert at_hand(app).dimension == 1


def test_the_exercise_is_checked_by_the_simulation_on_the_page() -> None:
    app = opened()
    assert "The peak rate is 0.06, not 0.18" in texts(app)
    app = opened(peak=0.18, noise=5, steps=420, T_0=60, particles=100, seeds=20)
    paired = landscape.apart(landscape.simulate(Scene(peak=0.18, noise=5.0)))
    assert f"{paired.mean:+.2f} points, 95 % interval {paired.low:+.2f} to {paired.high:+.2f}: lower" in texts(app)


def order(app: AppTest) -> list[str]:
    """The section's animation, first and last slider, shares over the run and text, as they come on the page."""
    keys = ("landscape.chart", "landscape.noise", "landscape.seeds", "landscape.course")
    held = {name: _names(data) for of in ("chart", "panel") for name, data in components(app, of).values()}
    found: list[str] = []
    for element in app.main:
        if element.type == "bidi_component":
            found += [name for name in held.get(element.proto.id, []) if name in keys]
        elif element.type == "markdown" and "gradient descent with noise" in element.value:
            found.append("text")
    return found


def _names(data: dict[str, Any]) -> list[str]:
    """The name of a chart, or those of a panel's controls."""
    return [data["key"]] if data["is"] == "chart" else [node["id"] for node in flat(data["nodes"])]


def test_the_figure_stands_over_its_sliders_and_on_a_slide_before_the_text_too() -> None:
    """So that a class sees the figure and what moves it without scrolling."""
    figures = ["landscape.chart", "landscape.noise", "landscape.seeds", "landscape.course"]
    assert order(opened()) == ["text", *figures]
    alone = lesson_pages.opened("pages/sgdr.py", SMALL | {"present": "2"})
    assert order(alone) == [*figures, "text"]


def test_a_value_beyond_its_bounds_is_said_and_not_taken() -> None:
    app = opened(particles=5000)
    assert "landscape.particles: must be at most 500" in texts(app)
    assert at_hand(app).particles == 100


def test_the_address_holds_the_frame_at_which_the_animation_stands() -> None:
    app = opened(frame=7)
    assert at_hand(app).frame == 7
    assert app.query_params["landscape.frame"] in ("7", ["7"])


def test_open_in_tune_takes_the_real_schedules() -> None:
    app = opened()
    app.button(key="landscape.open").click().run()
    assert not app.exception
    assert app.session_state["experiment"] == landscape.experiment(Scene(steps=80, T_0=20, particles=20, seeds=3))


def test_the_file_holds_every_seed_in_full_precision() -> None:
    found = landscape.simulate(Scene(steps=80, T_0=20, particles=7, seeds=3, peak=23.0, noise=4.0))
    lines = list(csv.DictReader(io.StringIO(page.csv(found))))
    assert [(line["schedule"], line["seed"]) for line in lines] == [
        (name, str(seed)) for name in NAMES for seed in range(3)
    ]
    columns = {name: found.shares[..., place] for place, name in enumerate(BASINS)} | {
        "leaves": found.leaves,
        "loss": found.loss,
    }
    for name, values in columns.items():
        assert [float(line[name] or "inf") for line in lines] == values.ravel().tolist()
    assert {line["loss"] == "" for line in lines} == {False, True}
    assert [int(line["first_divergence"] or -1) for line in lines] == found.diverged.ravel().tolist()


def test_the_text_has_the_numbers_of_this_landscape() -> None:
    said = texts(opened(width=0.2, dimension=2))
    land = Landscape(2, 0.2)
    assert f"2 / curvature = {2 / land.sharpness:.3g}" in said
    assert f"up to a rate of {land.escape:.3g} (for a dot on the first axis" in said
    assert f"last step above {land.escape:.3g}" in table(opened(width=0.2, dimension=2, peak=0.5)).columns
    assert "a saddle" in said
    assert "a loss in two dimensions" in said
