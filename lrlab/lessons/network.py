"""A small network on the handwritten digits, trained under many learning-rate schedules and from many seeds at once."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lrlab.lessons.digits import CLASSES, TEST, digits
from lrlab.lessons.optimizers import SGD, Adam, Array, Optimizer
from lrlab.schedules.params import Control
from lrlab.settings import Trained, Wording

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

DIVERGED_ABOVE = 1e3
"""A network has diverged when its loss is above this or is not a number. One that knows nothing has a loss of ln 10 =
2.3.
"""
STACK = 48
"""So many networks make their steps together; more would not fit into the processor's caches."""
ALONE = 2**18
"""OpenBLAS does a product of matrices of up to so many multiplications in one thread. It shares out larger ones, which
takes seconds where the cores are busy.
"""
PORTION = 25
"""So many test samples are multiplied at a time."""
OVERHEAD, SLOPE = 8e-6, 1.6e-10
"""What one step of one network takes on an idle core of about 2020, in seconds: at least the first, and the second for
each of its parameters and samples.
"""
LOOK = 0.45
"""How long a test sample takes, as a share of the time of a training sample, which needs its gradient too."""
PAUSE = 0.3
"""After so many seconds of work, by the estimate above, a training yields even within an epoch, so that it can be
stopped soon.
"""
MOMENTUM = 0.9
_SGD = SGD(MOMENTUM)
_NOISE = 1  # the seed of the wrong labels: they belong to the data set and are the same for all networks


@dataclass(frozen=True)
class Setup:
    """The network, its data and how long it trains.

    `hidden`: units of each hidden layer; `label_noise`: the share of training labels that are wrong; `gain`: a factor
    for He's first weights.

    With every label right, the task is nearly solved under any schedule; with a fifth of the labels wrong it is not.
    """

    hidden: tuple[int, ...] = (64,)
    batch_size: int = 32
    epochs: int = 30
    optimizer: Optimizer = _SGD
    samples: int = 1297
    label_noise: float = 0.2
    gain: float = 1.0
    dtype: Literal["float32", "float64"] = "float32"

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in an epoch; the last step may have a smaller batch."""
        return -(-self.samples // self.batch_size)

    @property
    def steps(self) -> int:
        """Optimizer steps in the whole training."""
        return self.epochs * self.steps_per_epoch

    @property
    def parameters(self) -> int:
        """Weights and biases of one network."""
        return sum((rows + 1) * columns for rows, columns in _shapes(self))

    @property
    def step_seconds(self) -> float:
        """About how long a core takes for a step of one network."""
        return OVERHEAD + SLOPE * self.parameters * self.samples / self.steps_per_epoch

    @property
    def look_seconds(self) -> float:
        """About how long a core takes to run one network on the test set."""
        return SLOPE * LOOK * self.parameters * TEST

    def seconds(self, networks: int, snapshots: int = 0) -> float:
        """About how long a core takes to train so many networks and to run them on the test set after each epoch and at
        each snapshot.
        """
        return networks * (self.steps * self.step_seconds + (self.epochs + snapshots) * self.look_seconds)


Named: TypeAlias = Literal["SGD", "SGD, Nesterov", "Adam"]


def optimizer(name: Named, momentum: float = MOMENTUM) -> Optimizer:
    """The optimizer of that name; `momentum` is beta1 of Adam."""
    return Adam(beta1=momentum) if name == "Adam" else SGD(momentum, nesterov=name != "SGD" and momentum > 0)


class Training(Trained):
    """The settings of the training: which schedules, and which network on which data."""

    key: ClassVar[str] = "network"

    schedules: Annotated[
        Literal["tune", "curve"],
        Wording(
            "Schedules", "Those that Tune shows, or the curves of the first section.", names=("of Tune", "of The curve")
        ),
    ] = "tune"
    epochs: Annotated[int, Field(ge=1, le=200), Control("epochs", label="Epochs", low=5, high=60)] = 30
    seeds: Annotated[
        int,
        Field(ge=5, le=20),
        Control(
            "number",
            label="Seeds",
            help="Networks under each schedule, each with its own first weights and order of samples.",
        ),
    ] = 10
    factor: Annotated[
        float,
        Field(ge=1e-4, le=1e4),
        Control(
            "number",
            label="Rate factor",
            help="Every rate of every schedule times this: the network wants other rates.",
            log=True,
        ),
    ] = 1.0
    noise: Annotated[
        float,
        Field(ge=0, le=0.9),
        Control(
            "number",
            label="Wrong labels",
            help="The share of training samples under a wrong label.",
            low=0.0,
            high=0.5,
            step=0.01,
        ),
    ] = 0.2
    optimizer: Annotated[Named, Wording("Optimizer")] = "SGD"
    momentum: Annotated[
        float, Field(ge=0, le=0.99), Control("number", label="Momentum", help="Of Adam: beta1.", step=0.01)
    ] = MOMENTUM
    batch: Annotated[int, Field(ge=4, le=256), Control("number", label="Batch size", low=8, high=128, step=4)] = 32
    hidden: Annotated[int, Field(ge=1, le=128), Control("number", label="Hidden units", low=8)] = 64
    samples: Annotated[int, Field(ge=10, le=1297), Control("number", label="Training samples", low=97, step=100)] = 1297

    @property
    def setup(self) -> Setup:
        """The network to train."""
        chosen = optimizer(self.optimizer, self.momentum)
        return Setup((self.hidden,), self.batch, self.epochs, chosen, samples=self.samples, label_noise=self.noise)


@dataclass(frozen=True)
class Outcome:
    """The results of K schedules x S seeds after E epochs.

    A network that diverged (see `Networks`) has zero weights from then on. Its later entries are those of a blind
    guess, and `diverged` tells which ones these are.
    """

    epochs: Counts
    """1 to E."""
    loss: Floats
    """(K, S, E): the mean training loss of the epoch's batches, each measured before its step."""
    accuracy: Floats
    """(K, S, E): the share of the test set that is classified right after the epoch."""
    snapshots: tuple[Counts, ...]
    """For each schedule the n steps so far after which the weights were kept."""
    snapshot_accuracy: tuple[Floats, ...]
    """For each schedule (S, n): test accuracy of each snapshot."""
    ensemble_accuracy: tuple[Floats, ...]
    """For each schedule (S, n): the test accuracy when the probabilities of the first 1 to n snapshots are averaged."""
    diverged: Counts
    """(K, S): the first optimizer step, from 0, whose loss was above DIVERGED_ABOVE; -1 where there was none."""


@functools.lru_cache(maxsize=8)
def task(setup: Setup) -> tuple[Array, Array]:
    """Training pixels (n, 64) and digits as rows of ten, one of them 1, (n, 10): the first `samples`, the same wrong
    labels for every seed.
    """
    pixels, labels = digits().train_x[: setup.samples], digits().train_y[: setup.samples].copy()
    rng = np.random.default_rng(_NOISE)
    wrong = rng.permutation(setup.samples)[: round(setup.label_noise * setup.samples)]
    labels[wrong] = (labels[wrong] + rng.integers(1, CLASSES, wrong.size)) % CLASSES
    return pixels.astype(setup.dtype), np.eye(CLASSES, dtype=setup.dtype)[labels]


def _shapes(setup: Setup) -> list[tuple[int, int]]:
    sizes = (digits().train_x.shape[1], *setup.hidden, CLASSES)
    return list(itertools.pairwise(sizes))


def initial(setup: Setup, rng: np.random.Generator) -> Floats:
    """One network's parameters (P,): for each layer its weights (inputs, outputs), normally distributed with deviation
    gain * sqrt(2 / inputs), and its biases, zero.
    """
    parts = [
        np.append(rng.normal(0, setup.gain * math.sqrt(2 / rows), rows * columns), np.zeros(columns))
        for rows, columns in _shapes(setup)
    ]
    return np.concatenate(parts)


def layers(setup: Setup, flat: Array) -> list[tuple[Array, Array]]:
    """Views of parameters (..., P): each layer's weights (..., inputs, outputs) and biases (..., 1, outputs)."""
    found, at = [], 0
    for rows, columns in _shapes(setup):
        middle = at + rows * columns
        end = middle + columns
        found.append((flat[..., at:middle].reshape(*flat.shape[:-1], rows, columns), flat[..., None, middle:end]))
        at = end
    return found


def softmax(logits: Array) -> Array:
    """Probabilities (..., 10). They are written over the logits."""
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return logits


def _product(left: Array, right: Array, out: Array) -> Array:
    """Multiply stacks of matrices into `out`, at a time only as many rows as one thread does."""
    rows = max(ALONE // (left.shape[-1] * right.shape[-1]), 1)
    for at in range(0, left.shape[-2], rows):
        np.matmul(left[..., at : at + rows, :], right, out=out[..., at : at + rows, :])
    return out


class Networks:
    """K x S networks during their training, as stacked arrays, with ReLU, softmax and cross entropy.

    Every seed has its own first weights and order of samples, the same for all K schedules. A network diverges at the
    first step whose loss is above DIVERGED_ABOVE or is not a number: its weights become zero at once, and stay zero.
    """

    def __init__(self, setup: Setup, schedules: int, seeds: int) -> None:
        self.setup = setup
        self.count = 0  # how many steps were made
        self.diverged = np.full((schedules, seeds), -1)
        self._rngs = [np.random.default_rng([seed]) for seed in range(seeds)]
        first = np.array([initial(setup, rng) for rng in self._rngs], dtype=setup.dtype)
        self.parameters = np.repeat(first[None], schedules, axis=0)
        self.gradients = np.zeros_like(self.parameters)
        self._state = setup.optimizer.start(self.parameters)
        self._layers, self._slopes = layers(setup, self.parameters), layers(setup, self.gradients)
        self._test = digits().test_x.astype(setup.dtype).reshape(-1, 1, 1, PORTION, digits().test_x.shape[1])

    def order(self) -> Counts:
        """The next epoch's order of samples of each seed: (S, n)."""
        return np.array([rng.permutation(self.setup.samples) for rng in self._rngs])

    def step(self, chosen: Counts, rates: Floats) -> Floats:
        """One optimizer step with the samples `chosen` (S, b) at a rate for each schedule (K,); returns the losses
        before the step, (K, S).
        """
        pixels, targets = (part[chosen] for part in task(self.setup))
        with np.errstate(all="ignore"):  # a network that overflows is set to zero below
            loss = self.backward(pixels, targets)
            loss = self._frozen(loss)
            rate = np.where(self.diverged < 0, rates[:, None], 0.0).astype(self.setup.dtype)
            self.setup.optimizer.update(self.parameters, self.gradients, self._state, rate[..., None], self.count)
        self.count += 1
        return loss

    def backward(self, pixels: Array, targets: Array) -> Floats:
        """The mean loss (K, S) over samples (S, b, 64) with targets (S, b, 10); the gradient is then in `gradients`."""
        inputs = self._forward(pixels)
        logits = inputs.pop()
        logits -= logits.max(axis=-1, keepdims=True)
        right = np.einsum("ksbc,sbc->ksb", logits, targets)
        np.exp(logits, out=logits)
        total = logits.sum(axis=-1)
        loss: Floats = np.asarray(np.mean(np.log(total) - right, axis=-1, dtype=np.float64))
        logits /= total[..., None]
        logits -= targets
        logits /= pixels.shape[1]
        slope = logits
        for place in range(len(inputs) - 1, -1, -1):
            weights, biases = self._slopes[place]
            _product(inputs[place].swapaxes(-1, -2), slope, weights)
            np.sum(slope, axis=-2, keepdims=True, out=biases)
            if place:
                slope = _product(slope, self._layers[place][0].swapaxes(-1, -2), np.empty_like(inputs[place]))
                slope *= inputs[place] > 0
        return loss

    def probabilities(self) -> Array:
        """The probability of each digit for each test sample: (K, S, 500, 10). A network whose weights are no longer
        numbers is set to zero first.
        """
        with np.errstate(all="ignore"):
            logits = np.moveaxis(self._forward(self._test)[-1], 0, 2)
            logits = logits.reshape(*self.diverged.shape, -1, CLASSES)
            broken = ~(np.abs(logits).max(axis=(-1, -2)) < DIVERGED_ABOVE**2)
            if broken.any():
                self._freeze(broken, self.count - 1)
                logits[broken] = 0
            return softmax(logits)

    def _forward(self, pixels: Array) -> list[Array]:
        """The inputs of each layer, and the logits that the last layer gives."""
        values = [pixels]
        for place, (weights, biases) in enumerate(self._layers):
            stack = np.broadcast_shapes(values[-1].shape[:-2], weights.shape[:-2])
            value = _product(
                values[-1], weights, np.empty((*stack, values[-1].shape[-2], weights.shape[-1]), weights.dtype)
            )
            value += biases
            if place < len(self._layers) - 1:
                np.maximum(value, 0, out=value)
            values.append(value)
        return values

    def _frozen(self, loss: Floats) -> Floats:
        """The losses, with DIVERGED_ABOVE for networks that diverge here, which are set to zero."""
        broken = ~(loss <= DIVERGED_ABOVE)
        if broken.any():
            self._freeze(broken, self.count)
        return np.where(broken, DIVERGED_ABOVE, loss)

    def _freeze(self, broken: NDArray[np.bool_], step: int) -> None:
        self.diverged[broken & (self.diverged < 0)] = step
        for part in (self.parameters, self.gradients, *self._state):
            part[broken] = 0


class _Kept:
    """The snapshots of one schedule: their steps, accuracies, and the sum of their probabilities."""

    def __init__(self, seeds: int) -> None:
        self.steps: list[int] = []
        self.single: list[Floats] = [np.empty((seeds, 0))]
        self.together: list[Floats] = [np.empty((seeds, 0))]
        self._sum: Array | float = 0.0

    def add(self, step: int, probabilities: Array) -> None:
        self._sum = self._sum + probabilities
        self.steps.append(step)
        self.single.append(_accuracy(probabilities)[:, None])
        self.together.append(_accuracy(self._sum)[:, None])


def _accuracy(probabilities: Array) -> Floats:
    """The share of the test set that is classified right, from probabilities (..., 500, 10)."""
    right: Floats = (probabilities.argmax(axis=-1) == digits().test_y).mean(axis=-1)
    return right


def train(
    setup: Setup, rates: Floats, seeds: int, snapshots: Sequence[Sequence[int]] = ()
) -> Iterator[tuple[float, Outcome | None]]:
    """Train K schedules x `seeds` networks: the share done, and the outcome after the epochs that are over, None before
    the first is.

    It yields after each epoch, and the last outcome once more whenever PAUSE has gone by within one, which changes no
    number. `rates` (K, setup.steps): the rate that each optimizer step uses. `snapshots`: for each schedule the steps,
    from 0, after which the weights are kept. Networks of one seed begin alike and see the samples in one order.
    ValueError where the rates have another shape.
    """
    if rates.ndim != 2 or rates.shape[1] != setup.steps:  # noqa: PLR2004 (schedules x steps)
        msg = f"the rates have the shape {rates.shape}, not (schedules, {setup.steps})"
        raise ValueError(msg)
    wanted = [frozenset(steps) for steps in snapshots] or [frozenset()] * len(rates)
    width = max(STACK // seeds, 1)
    stacks = [slice(at, min(at + width, len(rates))) for at in range(0, len(rates), width)]
    networks = [Networks(setup, part.stop - part.start, seeds) for part in stacks]
    kept = [_Kept(seeds) for _ in rates]
    loss, accuracy = np.empty((2, len(rates), seeds, setup.epochs))
    outcome = None
    for epoch in range(setup.epochs):
        spent = 0.0
        for part, stack in zip(stacks, networks, strict=True):
            for seconds, found in _epoch(stack, rates[part], wanted[part], kept[part]):
                loss[part, :, epoch] = found
                spent += seconds
                if spent >= PAUSE:
                    spent = 0.0
                    yield _share(networks), outcome
            accuracy[part, :, epoch] = _accuracy(stack.probabilities())
        outcome = Outcome(
            np.arange(1, epoch + 2),
            loss[..., : epoch + 1].copy(),
            accuracy[..., : epoch + 1].copy(),
            tuple(np.array(of.steps, dtype=np.int64) for of in kept),
            tuple(np.hstack(of.single) for of in kept),
            tuple(np.hstack(of.together) for of in kept),
            np.concatenate([stack.diverged for stack in networks]),
        )
        yield _share(networks), outcome


def _share(networks: Sequence[Networks]) -> float:
    """Which share of the training is done, where every step of every network counts alike."""
    sizes = [stack.diverged.size for stack in networks]
    return sum(stack.count * size for stack, size in zip(networks, sizes, strict=True)) / (
        networks[0].setup.steps * sum(sizes)
    )


def _epoch(
    networks: Networks, rates: Floats, wanted: Sequence[frozenset[int]], kept: Sequence[_Kept]
) -> Iterator[tuple[float, Floats]]:
    """One pass over the data. After each step it yields about how long the step took, in seconds, and the sum (K, S) of
    the losses of the samples so far, each as its share of the epoch's mean.
    """
    setup, size = networks.setup, networks.diverged.size
    step_seconds, look_seconds = size * setup.step_seconds, size * setup.look_seconds
    order = networks.order()
    total = np.zeros(networks.diverged.shape)
    for at in range(0, setup.samples, setup.batch_size):
        step = networks.count
        chosen = order[:, at : at + setup.batch_size]
        total += networks.step(chosen, rates[:, step]) * chosen.shape[1]
        due = [place for place, steps in enumerate(wanted) if step in steps]
        if due:
            probabilities = networks.probabilities()
            for place in due:
                kept[place].add(step, probabilities[place])
        yield step_seconds + bool(due) * look_seconds, total / setup.samples


def squeezed(length: int, steps: int) -> Counts:
    """Which steps of a run of `length` a training of `steps` takes its rates from: step i takes that of the step at the
    same share of the run.

    Step i uses step i * (length - 1) / (steps - 1), rounded, halves to the even one, so the first uses the first and
    the last the last. A training of one step uses the first. Where the training is the longer one, steps of the run are
    used more than once.
    """
    return np.rint(np.linspace(0, length - 1, steps)).astype(np.int64)


def kept_at(length: int, steps: int, snapshots: Sequence[int]) -> list[int]:
    """After which steps the squeezed training keeps its weights, for given steps of the run: after the last step whose
    rate comes from that step or an earlier one; each once.
    """
    at = np.searchsorted(squeezed(length, steps), np.array(snapshots, dtype=np.int64), side="right") - 1
    return sorted({int(step) for step in at if step >= 0})
