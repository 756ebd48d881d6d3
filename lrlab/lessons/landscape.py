"""Noisy gradient descent on a loss with a narrow and a wide basin: in which of them particles end under schedules that
use the same number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from lrlab import engine
from lrlab.document import Experiment, parse
from lrlab.lessons import exercises, intervals, paper
from lrlab.lessons.intervals import Interval, verdict
from lrlab.schedules.params import Control
from lrlab.settings import Settings, Wording

Floats = NDArray[np.float64]

BASINS = ("narrow", "wide", "diverged")
NARROW, WIDE, LOST = range(3)
SGDR, COSINE, STEP_DECAY = range(3)
NAMES = ("SGDR", "one cosine", "step decay")
FRAMES = 60
SIMULATIONS_KEPT = 16
"""So many simulations are remembered; each takes half a megabyte at most."""
PATHS_KEPT = 150
"""The paths of so many particles of the first seed are kept."""
REACH = 4.0
"""The picture shows the landscape from minus this to plus this."""
STARTING_BOX = ((-REACH, 0.0), (-1.0, 1.0))
"""The box in which particles begin, evenly spread over its part that belongs to the narrow basin. The second range is
for two dimensions only.
"""
DIVERGED_BEYOND = 1000.0
"""A particle beyond this, in any coordinate, has diverged."""

_BOWL = 0.1  # curvature of the bowl in which the basins lie
_CENTRE = 1.5  # the narrow basin lies at -_CENTRE, the wide one at _CENTRE, on the first axis
_DEPTHS = (0.8, 1.0)
_WIDTH = 1.0
_TRACE = (0.005, 8.0)  # with what step the border is followed, and how far
_BLOCK = 32  # the noise of so many steps is drawn at once
MOST_MOVES = 10_000_000
"""The most steps x particles x seeds x dimensions: they take about 1.5 s, for which a page waits."""


class Scene(Settings):
    """The settings of the section on the landscape; `frame` is the frame at which its animation stands."""

    key: ClassVar[str] = "landscape"
    dimension: Annotated[Literal[1, 2], Wording("Dimensions")] = 1
    noise: Annotated[
        float,
        Field(ge=0, le=10),
        Control(
            "number",
            label="Noise",
            help="standard deviation of what is added to each gradient",
            low=0.0,
            high=3.0,
            step=0.05,
        ),
    ] = 1.5
    peak: Annotated[
        float,
        Field(gt=0, le=100),
        Control(
            "rate", label="Peak rate", help="the rate that every schedule begins with", low=0.01, high=30.0, log=True
        ),
    ] = 0.06
    T_0: Annotated[
        int, Field(ge=1, le=2000), Control("number", label="T_0", help="steps of SGDR's first cycle", low=5, high=500)
    ] = 60
    T_mult: Annotated[
        int,
        Field(ge=1, le=10),
        Control("number", label="T_mult", help="each cycle is so many times longer than the one before", low=1, high=4),
    ] = 2
    steps: Annotated[
        int,
        Field(ge=1, le=1000),
        Control("number", label="Steps", help="the budget, the same for every schedule", low=20, high=600, step=10),
    ] = 420
    width: Annotated[
        float,
        Field(ge=0.05, le=0.5),
        Control(
            "number",
            label="Basin width",
            help="of the narrow basin; the wide one has width 1",
            low=0.05,
            high=0.5,
            step=0.01,
        ),
    ] = 0.1
    particles: Annotated[
        int, Field(ge=1, le=500), Control("number", label="Particles", help="of each seed", low=1, high=200)
    ] = 100
    seeds: Annotated[
        int,
        Field(ge=1, le=40),
        Control("number", label="Seeds", help="each with starts and noise of its own, the same for every schedule"),
    ] = 20
    frame: Annotated[int, Field(ge=0, le=FRAMES)] = FRAMES

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        work = self.steps * self.particles * self.seeds * self.dimension
        if work > MOST_MOVES:
            dimensions = f"{self.dimension} dimension{'s' * (self.dimension > 1)}"
            factors = f"{self.steps:,} steps x {self.particles:,} particles x {self.seeds:,} seeds x {dimensions}"
            msg = f"particles: {factors} are {work:,}, and {MOST_MOVES:,} is the most"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class Landscape:
    """A bowl with two wells, the narrow one to the left and 0.2 less deep; the loss at the bottom of the wide one is 0.

    Points are arrays (dimension, ...): the coordinates are the first axis.
    """

    dimension: int
    width: float

    def loss(self, points: Floats) -> Floats:
        """The loss at points: (...)."""
        return self._raw(points) - float(self._raw(self.minima[:, WIDE]))

    def gradient(self, points: Floats) -> Floats:
        """Its gradient: (dimension, ...)."""
        found: Floats = _BOWL * points
        for value, offset, width in self._wells(points):
            found += value / width**2 * offset
        return found

    def basin(self, points: Floats) -> NDArray[np.int64]:
        """Into which basin following the gradient leads from each point: NARROW or WIDE, (...)."""
        if self.dimension == 1:
            return np.where(points[0] < self.saddle[0], NARROW, WIDE)
        x, y = points[0], np.abs(points[1])
        border_x, border_y = self._border
        beyond = np.maximum(y / border_y[-1], 1.0)  # far out only the bowl has a gradient, and that leads to its centre
        return np.where(x < beyond * np.interp(y / beyond, border_y, border_x), NARROW, WIDE)

    @cached_property
    def minima(self) -> Floats:
        """The bottoms, (dimension, 2): NARROW, WIDE."""
        return self._on_axis(self._zeros[::2])

    @cached_property
    def saddle(self) -> Floats:
        """The pass between the basins, (dimension,): a saddle in two dimensions, in one the top between them."""
        return self._on_axis(self._zeros[1:2])[:, 0]

    @cached_property
    def sharpness(self) -> float:
        """The curvature at the bottom of the narrow basin. At a constant rate above 2 / curvature no particle comes to
        rest there, even without noise.
        """
        bottom = self._on_axis(self._zeros[:1])
        ahead, behind = (self.gradient(bottom + self._on_axis(np.array([d]))) for d in (1e-5, -1e-5))
        return float((ahead - behind)[0, 0] / 2e-5)

    @cached_property
    def escape(self) -> float:
        """The smallest constant rate at which, without noise, a particle on the first axis leaves the narrow basin.

        It is the smallest rate with which one step leads from some place left of the bottom over the pass. From right
        of the bottom every step leads to the left.
        """
        left = np.linspace(-2 * _CENTRE, self.minima[0, NARROW], 20_001)[:-1]
        return float(((self.saddle[0] - left) / -self.gradient(self._on_axis(left))[0]).min())

    def _wells(self, points: Floats) -> Iterator[tuple[Floats, Floats, float]]:
        for depth, width, centre in zip(_DEPTHS, (self.width, _WIDTH), (-_CENTRE, _CENTRE), strict=True):
            offset: Floats = points.copy()
            offset[0] -= centre
            yield depth * np.exp(np.einsum("i...,i...->...", offset, offset) * (-0.5 / width**2)), offset, width

    def _raw(self, points: Floats) -> Floats:
        found: Floats = 0.5 * _BOWL * np.einsum("i...,i...->...", points, points)
        for value, _, _ in self._wells(points):
            found = found - value
        return found

    def _on_axis(self, x: Floats) -> Floats:
        return np.stack([x, *[np.zeros_like(x)] * (self.dimension - 1)])

    @cached_property
    def _zeros(self) -> Floats:
        """Where the gradient vanishes, from left to right: all such points lie on the first axis."""
        x = np.linspace(-2 * _CENTRE, 2 * _CENTRE, 6001)
        slope = self.gradient(self._on_axis(x))[0]
        low = x[:-1][np.sign(slope[:-1]) != np.sign(slope[1:])]
        high, rising = low + (x[1] - x[0]), self.gradient(self._on_axis(low))[0] < 0
        for _ in range(50):
            middle = (low + high) / 2
            before = (self.gradient(self._on_axis(middle))[0] < 0) == rising
            low, high = np.where(before, middle, low), np.where(before, high, middle)
        return np.asarray(low)

    @cached_property
    def _border(self) -> tuple[Floats, Floats]:
        """The border between the basins above the first axis, as x and rising y.

        It is found by going uphill from the saddle. That is stable, since all ways up lead to the border.
        """
        length, reach = _TRACE
        at = self.saddle + np.array([0.0, 1e-6])
        points = [self.saddle, at]
        while np.hypot(*at) < reach:
            middle = at + length / 2 * _unit(self.gradient(at))
            at = at + length * _unit(self.gradient(middle))
            points.append(at)
        x, y = np.array(points).T
        return x, y


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.hypot(*vector))


@dataclass(frozen=True)
class Simulation:
    """What K schedules did to the particles of S seeds."""

    rates: Floats
    """(K, steps)"""
    shares: Floats
    """(K, S, 3): the shares of the particles that are in each of BASINS at the end."""
    leaves: Floats
    """(K, S): how often a particle left the narrow basin over the border, on average."""
    loss: Floats
    """(K, S): the mean loss at the end of the particles that have not diverged; infinite where none is left."""
    diverged: NDArray[np.int64]
    """(K, S): the first optimizer step that took a particle beyond DIVERGED_BEYOND; -1 where none did."""
    frames: NDArray[np.int64]
    """(F,): the optimizer steps made at each frame."""
    course: Floats
    """(K, S, F): the share in the wide basin at the frames."""
    paths: Floats
    """(K, F, n, dimension): the first seed's first PATHS_KEPT particles at the frames."""


def experiment(scene: Scene) -> Experiment:
    """The schedules as trials, by NAMES."""
    schedules = (
        {"kind": "torch.CosineAnnealingWarmRestarts", "T_0": scene.T_0, "T_mult": scene.T_mult},
        {"kind": "torch.CosineAnnealingLR", "T_max": None},
        paper.step_decay(scene.steps),
    )
    trials = [
        {"name": name, "base_lr": scene.peak, "schedule": schedule}
        for name, schedule in zip(NAMES, schedules, strict=True)
    ]
    return parse({"lrlab": 1, "run": {"total_steps": scene.steps}, "trials": trials})


def rates(scene: Scene) -> Floats:
    """The rate of every step, (K, steps)."""
    document = experiment(scene)
    return np.array([engine.lr(document.run, trial, np.arange(scene.steps)) for trial in document.trials])


def simulate(scene: Scene) -> Simulation:
    """The scene's own schedules, over its seeds. The result is remembered for all, so its arrays must not be written
    to.
    """
    return _simulated(scene.replaced(frame=FRAMES))


@lru_cache(SIMULATIONS_KEPT)
def _simulated(scene: Scene) -> Simulation:
    found = descend(scene, rates(scene))
    for values in vars(found).values():
        values.setflags(write=False)
    return found


def descend(scene: Scene, rate: Floats, first_seed: int = 0) -> Simulation:
    """Particles under rates (K, steps), all from the same starts with the same noise, for the seeds first_seed,
    first_seed + 1, ...

    x <- x - rate * (gradient + noise * xi), xi standard normal. A particle that diverges stays where it was before.
    """
    land = Landscape(scene.dimension, scene.width)
    generators = [
        np.random.default_rng((scene.dimension, seed)) for seed in range(first_seed, first_seed + scene.seeds)
    ]
    begin = np.stack([starts(land, generator, scene.particles) for generator in generators], axis=1)
    points = np.repeat(begin[:, None], len(rate), axis=1)  # (dimension, K, S, P)
    gone, left = np.full(points.shape[1:], -1), np.zeros(points.shape[1:], dtype=np.int64)
    inside = land.basin(points) == NARROW
    frames = np.unique(np.rint(np.linspace(0, scene.steps, FRAMES + 1)).astype(np.int64))
    paths, course = [points[:, :, 0, :PATHS_KEPT]], [1.0 - inside.mean(axis=-1)]
    for step, xi in enumerate(_noise(generators, scene)):
        moved = points - rate[:, step, None, None] * (land.gradient(points) + scene.noise * xi[:, None])
        gone[(gone < 0) & (np.abs(moved) > DIVERGED_BEYOND).any(axis=0)] = step
        points = np.where(gone < 0, moved, points)
        was, inside = inside, land.basin(points) == NARROW
        left += was & ~inside
        if step + 1 in frames:
            paths.append(points[:, :, 0, :PATHS_KEPT])
            course.append((~inside & (gone < 0)).mean(axis=-1))
    shares, loss, diverged = _ends(land, points, gone)
    return Simulation(
        rate,
        shares,
        left.mean(axis=-1),
        loss,
        diverged,
        frames,
        np.stack(course, axis=-1),
        np.array(paths).transpose(2, 0, 3, 1),
    )


def starts(land: Landscape, generator: np.random.Generator, n: int) -> Floats:
    """Where n particles begin, (dimension, n): evenly over the part of STARTING_BOX that lies in the narrow basin."""
    low, high = np.array(STARTING_BOX[: land.dimension]).T[..., None]
    found = np.empty((land.dimension, 0))
    while found.shape[1] < n:
        points = generator.uniform(low, high, (land.dimension, n))
        found = np.concatenate([found, points[:, land.basin(points) == NARROW]], axis=1)
    return found[:, :n]


def _noise(generators: list[np.random.Generator], scene: Scene) -> Iterator[Floats]:
    """Each step's noise, (dimension, S, P). Every seed has a random stream of its own, so that its noise does not
    depend on the number of seeds.
    """
    for begin in range(0, scene.steps, _BLOCK):
        shape = min(_BLOCK, scene.steps - begin), scene.dimension, scene.particles
        yield from np.stack([generator.standard_normal(shape) for generator in generators], axis=2)


def _ends(land: Landscape, points: Floats, gone: NDArray[np.int64]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Shares, loss and the first step of divergence, from where particles are at the end and the steps at which they
    diverged.
    """
    kept = gone < 0
    ended = np.where(kept, land.basin(points), LOST)
    shares = np.stack([(ended == basin).mean(axis=-1) for basin in range(len(BASINS))], axis=-1)
    total, count = np.where(kept, land.loss(points), 0.0).sum(axis=-1), kept.sum(axis=-1)
    loss = np.where(count > 0, total / np.maximum(count, 1), np.inf)
    first = np.where(kept, np.iinfo(np.int64).max, gone).min(axis=-1)
    return shares, loss, np.where(kept.all(axis=-1), -1, first)


def difference(values: Floats, place: int = SGDR) -> Interval:
    """One schedule minus one cosine, paired by seed, of values (K, S)."""
    return intervals.difference(values[place], values[COSINE])


def apart(found: Simulation, place: int = SGDR) -> Interval:
    """One schedule minus one cosine in the share that ends in the wide basin, in percentage points: between -100 and
    100.
    """
    return difference(100 * found.shares[..., WIDE], place).clipped(-100, 100)


def last_above(rate: Floats, limit: float) -> list[int]:
    """For each schedule of rates (K, steps) the last step whose rate is above a limit; -1 where none is."""
    return [int(np.flatnonzero(row > limit).max(initial=-1)) for row in rate]


class Preset(NamedTuple):
    """Settings with a known outcome: all of the interval of `apart` lies between two numbers."""

    title: str
    scene: Scene
    low: float
    high: float


PRESETS = (
    Preset("more dots", Scene(), 0, np.inf),
    Preset("about as many", Scene(peak=0.18), -2, 2),
    Preset("fewer", Scene(peak=1.0), -np.inf, 0),
)
"""Settings in which more, as many or fewer particles end in the wide basin with restarts than with one cosine. They
differ in the peak rate only.
"""


def _worse(scene: Scene) -> exercises.Checked:
    """Whether settings other than the peak rate were changed so that restarts bring fewer dots into the wide basin."""
    peak = PRESETS[1].scene.peak
    if scene.peak != peak:
        return False, f"The peak rate is {scene.peak:g}, not {peak:g}."
    if scene.steps <= scene.T_0:
        return False, f"T_0 of {scene.T_0:,} steps is not shorter than the run of {scene.steps:,}: nothing restarts."
    found = apart(simulate(scene))
    said = f"SGDR minus one cosine: {found.mean:+.2f} points"
    if not found.bounded or found.agreed:
        return False, f"{said}, but {'all seeds agree' if found.agreed else 'one seed'}: that gives no interval."
    ends = f"95 % interval {found.low:+.2f} to {found.high:+.2f}"
    return verdict(found) == "lower", f"{said}, {ends}: {verdict(found)}."


EXERCISES = (exercises.Exercise("worse", "Make restarts bring fewer dots over", Scene, _worse),)
