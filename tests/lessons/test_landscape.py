"""The landscape against finite differences, plain loops and the flow of the gradient; the presets' verdicts over fresh
seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from lrlab import engine
from lrlab.lessons import landscape
from lrlab.lessons.intervals import verdict
from lrlab.lessons.landscape import (
    COSINE,
    DIVERGED_BEYOND,
    LOST,
    NAMES,
    NARROW,
    PRESETS,
    SGDR,
    STEP_DECAY,
    WIDE,
    Landscape,
    Scene,
    Simulation,
)

FRESH = 10_000  # seeds that the page never shows
LANDSCAPES = [Landscape(dimension, width) for dimension in (1, 2) for width in (0.05, 0.1, 0.25, 0.5)]


def small(**changes: Any) -> Scene:
    return Scene(**({"steps": 90, "T_0": 20, "particles": 12, "seeds": 3} | changes))


def some_points(land: Landscape, n: int = 400, reach: float = 4.0) -> np.ndarray:
    return np.random.default_rng(7).uniform(-reach, reach, (land.dimension, n))


@pytest.mark.parametrize("land", LANDSCAPES, ids=str)
def test_the_gradient_is_the_slope_of_the_loss(land: Landscape) -> None:
    points, h = some_points(land), 1e-5
    for axis in range(land.dimension):
        shift = np.zeros((land.dimension, 1))
        shift[axis] = h
        slope = (land.loss(points + shift) - land.loss(points - shift)) / (2 * h)
        assert land.gradient(points)[axis] == pytest.approx(slope, abs=2e-6)


@pytest.mark.parametrize("land", LANDSCAPES, ids=str)
def test_the_bottoms_and_the_pass_are_where_they_are_said_to_be(land: Landscape) -> None:
    ring = np.array([[1.0], [0.0]])[: land.dimension]
    ways = np.concatenate([ring, -ring, *([ring[::-1], -ring[::-1]] if land.dimension == 2 else [])], axis=1) * 1e-3
    for basin in (NARROW, WIDE):
        bottom = land.minima[:, basin, None]
        assert np.abs(land.gradient(bottom)).max() < 1e-9
        assert (land.loss(bottom + ways) > land.loss(bottom)).all()
        assert land.basin(bottom) == basin
    saddle = land.saddle[:, None]
    assert np.abs(land.gradient(saddle)).max() < 1e-9
    assert (land.loss(saddle + ways[:, :2]) < land.loss(saddle)).all(), "down along the way from basin to basin"
    assert (land.loss(saddle + ways[:, 2:]) > land.loss(saddle)).all(), "up across it"
    assert land.loss(land.minima)[WIDE] == 0
    assert land.loss(land.minima)[NARROW] == pytest.approx(0.2, abs=0.01), "as the docstring says"


@pytest.mark.parametrize("land", LANDSCAPES, ids=str)
def test_basins_are_where_the_gradient_leads(land: Landscape) -> None:
    """Without noise, and in steps too short to jump, every point descends into the basin that it was said to be in.

    Takes about 5 seconds for the sharpest basin: the shorter the steps, the more of them.
    """
    points = some_points(land)
    said = land.basin(points)
    assert set(said.tolist()) == {NARROW, WIDE}
    rate = 0.2 / land.sharpness
    for _ in range(round(60 / rate)):
        points = points - rate * land.gradient(points)
    distances = np.linalg.norm(points[:, :, None] - land.minima[:, None], axis=0)
    assert distances.min(axis=1).max() < 0.05
    wrong = np.count_nonzero(distances.argmin(axis=1) != said)
    assert wrong <= len(said) // 200, "steps of finite length cross the border at the odd point beside it"


def test_far_out_the_border_goes_on() -> None:
    land = Landscape(2, 0.25)
    angles = np.linspace(0.1, math.pi - 0.1, 101)
    ring = np.array([np.cos(angles), np.sin(angles)])
    assert land.basin(7.9 * ring).tolist() == land.basin(500 * ring).tolist()


def test_curvature_says_at_which_rates_a_descent_comes_to_rest() -> None:
    land = Landscape(1, 0.1)
    for factor, rests in ((0.95, True), (1.05, False)):
        x = land.minima[:, [NARROW]] + 1e-6
        for _ in range(2000):
            x = x - factor * 2 / land.sharpness * land.gradient(x)
            assert land.basin(x) == NARROW, "it swings, but stays"
        assert (abs(float(x[0, 0] - land.minima[0, NARROW])) < 1e-6) == rests


@pytest.mark.parametrize("land", LANDSCAPES, ids=str)
def test_escape_is_the_rate_from_which_on_descents_leave_the_narrow_basin(land: Landscape) -> None:
    """On the first axis and without noise: a little below it no start within the basin ever leaves, a little above it
    every one does.
    """
    x = np.linspace(-landscape.REACH, land.saddle[0] - 1e-6, 801)
    for factor, leave in ((0.99, 0), (1.01, len(x))):
        points, left = np.stack([x, 0 * x])[: land.dimension], np.zeros(len(x), dtype=bool)
        for _ in range(2000):
            points = points - factor * land.escape * land.gradient(points)
            left |= land.basin(points) == WIDE
        assert np.count_nonzero(left) == leave
    assert land.escape > 2 / land.sharpness


# ---------------------------------------------------------------- the simulation


Point = tuple[float, ...]


def begun(scene: Scene, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A seed's starts (dimension, particles), those outside the narrow basin drawn again, and its noise (steps,
    dimension, particles).
    """
    generator, land = np.random.default_rng((scene.dimension, seed)), Landscape(scene.dimension, scene.width)
    low, high = np.array([(-4.0, 0.0), (-1.0, 1.0)][: scene.dimension]).T[..., None]
    found = np.empty((scene.dimension, 0))
    while found.shape[1] < scene.particles:
        drawn = generator.uniform(low, high, (scene.dimension, scene.particles))
        found = np.append(found, drawn[:, land.basin(drawn) == NARROW], axis=1)
    return found[:, : scene.particles], generator.standard_normal((scene.steps, scene.dimension, scene.particles))


def slope(point: Point, width: float) -> Point:
    """The gradient of 0.05 |p|^2 - 0.8 exp(-|p - n|^2 / 2 width^2) - exp(-|p - w|^2 / 2), n and w at -1.5 and 1.5 on
    the first axis.
    """
    total = [0.1 * p for p in point]
    for depth, w, centre in ((0.8, width, -1.5), (1.0, 1.0, 1.5)):
        away = [point[0] - centre, *point[1:]]
        pull = depth / w**2 * math.exp(-sum(d * d for d in away) / (2 * w**2))
        total = [t + pull * d for t, d in zip(total, away, strict=True)]
    return tuple(total)


def plain(scene: Scene, place: int, seed: int) -> list[list[Point]]:
    """A seed's particles under one schedule, a step and a coordinate at a time: where each is after every step, until
    it is beyond DIVERGED_BEYOND.
    """
    rate, (starts, noise) = landscape.rates(scene)[place], begun(scene, seed)
    found = []
    for particle in range(scene.particles):
        path = [tuple(map(float, starts[:, particle]))]
        for lr, xi in zip(rate, noise[..., particle], strict=True):
            down = slope(path[-1], scene.width)
            path.append(
                tuple(float(p - lr * (d + scene.noise * x)) for p, d, x in zip(path[-1], down, xi, strict=True))
            )
            if max(map(abs, path[-1])) > DIVERGED_BEYOND:
                break
        found.append(path)
    return found


@pytest.mark.parametrize("dimension", [1, 2])
def test_it_does_what_a_plain_loop_does(dimension: int) -> None:
    """Up to rounding, which rates that throw particles out of the narrow basin enlarge."""
    scene = small(dimension=dimension)
    land, found = Landscape(dimension, scene.width), landscape.simulate(scene)
    for place in range(len(NAMES)):
        for seed in range(scene.seeds):
            paths = np.array(plain(scene, place, seed)).transpose(2, 0, 1)  # (dimension, particles, steps + 1)
            basins, ends = land.basin(paths), paths[..., -1]
            narrow = basins == NARROW
            assert found.shares[place, seed] == pytest.approx([narrow[:, -1].mean(), 1 - narrow[:, -1].mean(), 0])
            assert found.loss[place, seed] == pytest.approx(land.loss(ends).mean(), abs=1e-4)
            assert found.leaves[place, seed] == pytest.approx((narrow[:, :-1] & ~narrow[:, 1:]).sum(axis=1).mean())
            if seed == 0:
                assert found.paths[place, -1] == pytest.approx(ends.T, abs=1e-3)


@pytest.mark.parametrize("land", LANDSCAPES, ids=str)
def test_particles_begin_evenly_in_the_narrow_basin(land: Landscape) -> None:
    found = landscape.starts(land, np.random.default_rng(3), 20_000)
    assert found.shape == (land.dimension, 20_000)
    assert (land.basin(found) == NARROW).all()
    low, high = np.array(landscape.STARTING_BOX[: land.dimension]).T[..., None]
    assert ((found >= low) & (found <= high)).all()
    places = np.meshgrid(*(np.linspace(*ends, 801) for ends in landscape.STARTING_BOX[: land.dimension]))
    grid = np.stack([axis.ravel() for axis in places])
    inside = grid[:, land.basin(grid) == NARROW]
    for axis in range(land.dimension):
        parts = np.quantile(inside[axis], [0.2, 0.4, 0.6, 0.8])
        assert np.bincount(np.searchsorted(parts, found[axis])) / 20_000 == pytest.approx(0.2, abs=0.015)


@pytest.mark.parametrize("dimension", [1, 2])
def test_without_noise_the_rate_alone_says_whether_particles_leave(dimension: int) -> None:
    scene = small(noise=0.0, steps=1000, dimension=dimension, width=0.3, particles=100)
    escape = Landscape(dimension, scene.width).escape
    found = landscape.descend(scene, np.outer([0.1, 1.1], np.full(scene.steps, escape)))
    assert (found.course[..., 0] == 0).all(), "all begin in the narrow basin"
    assert not found.leaves[0].any()
    assert not found.shares[0, :, WIDE].any()
    assert found.shares[1, :, WIDE] == pytest.approx(1)
    assert found.leaves[1] == pytest.approx(1)


def equal(one: Simulation, other: Simulation) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Simulation.__dataclass_fields__)


def schedule(found: Simulation, place: int) -> Simulation:
    """What one schedule did."""
    parts = {name: getattr(found, name) for name in Simulation.__dataclass_fields__}
    return Simulation(**{name: part if name == "frames" else part[place : place + 1] for name, part in parts.items()})


@pytest.mark.parametrize("dimension", [1, 2])
def test_schedules_are_paired_and_do_not_touch_each_other(dimension: int) -> None:
    scene = small(dimension=dimension)
    rate = landscape.rates(scene)
    together = landscape.simulate(scene)
    for place in range(len(NAMES)):
        assert equal(schedule(together, place), landscape.descend(scene, rate[place : place + 1]))
    twice = landscape.descend(scene, rate[[SGDR, SGDR]])
    assert equal(schedule(twice, 0), schedule(twice, 1))
    assert not equal(schedule(together, SGDR), schedule(together, COSINE))


def test_a_seed_is_the_same_whatever_stands_beside_it() -> None:
    few, many = landscape.simulate(small(seeds=1)), landscape.simulate(small(seeds=3))
    assert np.array_equal(few.shares[:, 0], many.shares[:, 0])
    later = landscape.descend(small(seeds=1), landscape.rates(small()), first_seed=2)
    assert np.array_equal(later.shares[:, 0], many.shares[:, 2])
    assert not np.array_equal(many.paths[0, 0], later.paths[0, 0])


def test_rates_are_those_of_the_experiment() -> None:
    scene = Scene(peak=0.3, steps=70, T_0=10)
    document = landscape.experiment(scene)
    assert [trial.name for trial in document.trials] == list(NAMES)
    rate = landscape.rates(scene)
    for row, trial in zip(rate, document.trials, strict=True):
        assert row.tolist() == engine.lr(document.run, trial, np.arange(70)).tolist()
    assert np.flatnonzero(np.diff(rate[SGDR]) > 0).tolist() == [9, 29], "cycles of 10, 20 and 40 steps"
    assert (rate[:, 0] == 0.3).all()
    assert np.unique(rate[STEP_DECAY]).size == 4
    assert landscape.last_above(rate, 0.29) == [max(i for i in range(70) if row[i] > 0.29) for row in rate]
    assert landscape.last_above(rate, 1.0) == [-1, -1, -1]


def test_frames_are_steps_of_the_run_and_the_last_is_its_end() -> None:
    for steps, most in ((420, 61), (20, 21), (1, 2)):
        found = landscape.simulate(small(steps=steps))
        assert (found.frames[0], found.frames[-1], len(found.frames)) == (0, steps, most)
        assert found.paths.shape == (3, most, 12, 1)
        assert found.course[..., -1] == pytest.approx(found.shares[..., WIDE])
    assert landscape.simulate(small(particles=200, dimension=2)).paths.shape == (3, 61, landscape.PATHS_KEPT, 2)


# ---------------------------------------------------------------- what goes wrong


def first_beyond(scene: Scene, place: int, seed: int) -> int:
    """The step at which a plain loop sees the first particle beyond DIVERGED_BEYOND."""
    steps = [len(path) - 2 for path in plain(scene, place, seed) if max(map(abs, path[-1])) > DIVERGED_BEYOND]
    return min(steps, default=-1)


@pytest.mark.parametrize("dimension", [1, 2])
def test_particles_that_diverge_are_counted_and_frozen(dimension: int) -> None:
    scene = small(peak=23.0, dimension=dimension)
    found = landscape.simulate(scene)
    expected = [[first_beyond(scene, place, seed) for seed in range(scene.seeds)] for place in range(len(NAMES))]
    assert found.diverged.tolist() == expected
    assert (found.diverged >= 0).all()
    assert (found.shares[..., LOST] > 0).all()
    assert (found.shares[..., WIDE] > 0).any()
    assert found.shares.sum(axis=-1) == pytest.approx(1)
    assert found.course[..., -1] == pytest.approx(found.shares[..., WIDE])
    assert np.abs(found.paths).max() <= DIVERGED_BEYOND


def test_no_settings_give_a_number_that_is_none() -> None:
    for changes in (
        {"peak": 100.0},
        {"peak": 19.0, "noise": 10.0},
        {"noise": 0.0},
        {"particles": 1, "seeds": 1},
        {"T_0": 2000},
        {"steps": 1},
    ):
        for dimension in (1, 2):
            found = landscape.simulate(small(dimension=dimension, **changes))
            for name in Simulation.__dataclass_fields__:
                values = getattr(found, name)
                assert not np.isnan(values).any(), name
                assert name == "loss" or np.isfinite(values).all(), name
            none_left = found.shares[..., LOST] == 1
            assert np.array_equal(np.isinf(found.loss), none_left)


def test_the_mean_loss_is_that_of_the_particles_that_are_left() -> None:
    scene = small(peak=22.0, noise=4.0)
    found = landscape.simulate(scene)
    some = (found.shares[..., LOST] > 0) & (found.shares[..., LOST] < 1)
    assert some.any()
    assert (found.loss[some] < Landscape(1, scene.width).loss(np.array([[DIVERGED_BEYOND]]))).all()


def test_a_first_cycle_longer_than_the_run_is_no_restart() -> None:
    found = landscape.simulate(small(T_0=90))
    assert np.array_equal(found.shares[SGDR], found.shares[COSINE])
    longer = landscape.rates(small(T_0=180))[SGDR]
    assert (np.diff(longer) < 0).all()
    assert longer[-1] > 0.4 * longer[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"noise": -1.0},
        {"peak": 0.0},
        {"dimension": 3},
        {"particles": 0},
        {"particles": 501},
        {"width": 0.0},
        {"seeds": 0},
    ],
)
def test_what_cannot_be_run_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Scene(**changes)


def dearest(limit: Callable[[str], float | None]) -> dict[str, int]:
    return {name: int(limit(name) or 0) for name in ("steps", "particles", "seeds")} | {"dimension": 2}


def test_the_sliders_stay_within_the_budget_and_what_does_not_is_refused_with_the_arithmetic() -> None:
    soft = dearest(lambda name: Scene.about(name).offered.high or Scene.about(name).high)
    assert landscape.MOST_MOVES * 0.9 < math.prod(soft.values()) <= landscape.MOST_MOVES
    Scene(**soft)
    hard = dearest(lambda name: Scene.about(name).high)
    said = "particles: 1,000 steps x 500 particles x 40 seeds x 2 dimensions are 40,000,000, and 10,000,000 is the most"
    with pytest.raises(ValidationError, match=said):
        Scene(**hard)
    read, problems = Scene.read({f"landscape.{name}": str(value) for name, value in hard.items()})
    assert (read, problems) == (Scene(), [f"landscape.{said}"])


# ---------------------------------------------------------------- the presets


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.title)
def test_a_preset_does_what_it_says_over_fresh_seeds(preset: landscape.Preset) -> None:
    """Over several blocks of as many seeds as the page shows, each on its own, and over the page's."""
    rate = landscape.rates(preset.scene)
    blocks = [
        landscape.descend(preset.scene, rate, first)
        for first in (0, *(FRESH + k * preset.scene.seeds for k in range(5)))
    ]
    for found in map(landscape.apart, blocks):
        assert preset.low < found.low < found.high < preset.high
    assert {verdict(landscape.difference(found.loss)) for found in blocks} == {"higher"}, (
        "the text: restarts leave a higher mean loss in all three"
    )
    if preset is PRESETS[0]:
        controls = [landscape.apart(found, STEP_DECAY) for found in blocks]
        assert {verdict(found) for found in controls} == {"higher"}, (
            "the text: step decay, without restarts, brings more dots too"
        )


def test_presets_differ_in_the_peak_rate_only_and_are_one_of_each_kind() -> None:
    assert {preset.scene.replaced(peak=1.0) for preset in PRESETS} == {Scene(peak=1.0)}
    assert [(preset.low, preset.high) for preset in PRESETS] == [(0, math.inf), (-2, 2), (-math.inf, 0)]


def test_a_difference_of_shares_is_paired_in_points_and_possible() -> None:
    found = landscape.simulate(small(particles=40))
    each = 100 * (found.shares[SGDR, :, WIDE] - found.shares[COSINE, :, WIDE])
    assert landscape.apart(found).mean == pytest.approx(each.mean())
    other = 100 * (found.shares[STEP_DECAY, :, WIDE] - found.shares[COSINE, :, WIDE])
    assert landscape.apart(found, STEP_DECAY).mean == pytest.approx(other.mean())
    two = Simulation(
        **vars(found) | {"shares": np.array([[[0, 1, 0], [0, 1, 0]], [[0, 1, 0], [1, 0, 0]]], dtype=float)}
    )
    assert landscape.apart(two)[:3] == (50, -100, 100), "Student's interval is -585 to +685"


# ---------------------------------------------------------------- the exercise


@pytest.mark.parametrize(("changes", "expected", "said"), [
    ({}, False, "The peak rate is 0.06, not 0.18."),
    ({"peak": 1.0}, False, "The peak rate is 1, not 0.18."),
    ({"peak": 0.18}, False, "no difference seen."),
    ({"peak": 0.18, "width": 0.2, "T_0": 100}, False, ": higher."),
    ({"peak": 0.18, "noise": 5.0}, True, ": lower."),
    ({"peak": 0.18, "noise": 5.0, "frame": 3}, True, ": lower."),
    (
        {"peak": 0.18, "noise": 3.0, "T_0": 2000}, False,
        "T_0 of 2,000 steps is not shorter than the run of 420: nothing restarts.",
    ),
    (
        {"peak": 0.18, "noise": 5.0, "T_0": 420}, False,
        "T_0 of 420 steps is not shorter than the run of 420: nothing restarts.",
    ),
    ({"peak": 0.18, "noise": 5.0, "T_0": 300}, True, ": lower."),
    ({"peak": 0.18, "noise": 5.0, "seeds": 1}, False, "one seed: that gives no interval."),
    ({"peak": 0.18, "noise": 0.0, "seeds": 2}, False, "all seeds agree: that gives no interval."),
])  # fmt: skip
def test_the_exercise_asks_for_an_interval_below_zero(changes: dict[str, Any], expected: object, said: str) -> None:
    exercise = landscape.EXERCISES[0]
    done, sentence = exercise.check(Scene(**changes))
    assert (done, sentence[-len(said) :]) == (expected, said)


def test_the_exercise_stays_solved_with_other_seeds_and_its_text_names_the_rate() -> None:
    scene = Scene(peak=0.18, noise=5.0, seeds=40)
    found = landscape.apart(landscape.descend(scene, landscape.rates(scene), FRESH))
    assert verdict(found) == "lower"
    assert f"peak rate of {PRESETS[1].scene.peak:g} " in landscape.EXERCISES[0].text("sgdr")


def test_a_simulation_is_remembered_whatever_its_frame_and_cannot_be_written_into() -> None:
    found = landscape.simulate(small())
    assert landscape.simulate(small(frame=3)) is found
    with pytest.raises(ValueError, match="read-only"):
        found.shares[:] = 0


def test_what_is_but_rounding_is_no_difference() -> None:
    values = np.array([[1.0, 1.0, 1.0], [1.0 + 1e-14, 1.0 + 2e-14, 1.0 + 3e-14], [0.0, 0.0, 0.0]])
    assert verdict(landscape.difference(values)) == "no difference seen"
    values[COSINE], values[STEP_DECAY] = 0.0, np.inf  # of which nothing is left
    assert verdict(landscape.difference(values)) == "all seeds agree", (
        "and what is more, is one, whatever the third schedule did"
    )
