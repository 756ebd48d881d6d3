"""The lessons' networks against PyTorch: its layers, autograd, loss and optimizers, step by step."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from lrlab.lessons.network import Networks, Setup, layers, task, train
from lrlab.lessons.optimizers import SGD, Adam, Optimizer

OPTIMIZERS: list[Optimizer] = [
    SGD(0.0), SGD(0.9), SGD(0.9, nesterov=True), SGD(0.7, nesterov=True), Adam(), Adam(0.5, 0.9, 1e-3),
]  # fmt: skip
NAMES = [str(optimizer) for optimizer in OPTIMIZERS]


def genuine(optimizer: Optimizer, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
    """The optimizer of torch with the same arguments."""
    arguments = dataclasses.asdict(optimizer)
    if isinstance(optimizer, SGD):
        return torch.optim.SGD(parameters, lr=0.1, **arguments)
    betas = arguments.pop("beta1"), arguments.pop("beta2")
    return torch.optim.Adam(parameters, lr=0.1, betas=betas, **arguments)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=NAMES)
def test_an_optimizer_steps_as_torch_s_does_at_every_rate(optimizer: Optimizer) -> None:
    """Three networks with a rate each, zero among them; 60 steps down random gradients."""
    rng = np.random.default_rng(1)
    ours = rng.normal(size=(3, 2, 7))
    theirs = [torch.tensor(row) for row in ours]
    optimizers = [genuine(optimizer, [tensor]) for tensor in theirs]
    state = optimizer.start(ours)
    for step in range(60):
        gradients, rates = (
            rng.normal(size=ours.shape) * 10.0 ** rng.integers(-6, 3),
            np.append(rng.uniform(0, 0.3, 2), 0.0),
        )
        for tensor, gradient, rate, stepper in zip(theirs, gradients, rates, optimizers, strict=True):
            tensor.grad = torch.tensor(gradient)
            stepper.param_groups[0]["lr"] = float(rate)
            stepper.step()
        optimizer.update(ours, gradients, state, rates[:, None, None], step)
        np.testing.assert_allclose(ours, np.array([tensor.numpy() for tensor in theirs]), rtol=1e-9, atol=1e-15)


def sequential(setup: Setup, networks: Networks, schedule: int, seed: int) -> torch.nn.Sequential:
    """One of the networks, as torch would write it, with the same first weights."""
    modules: list[torch.nn.Module] = []
    for weights, biases in layers(setup, networks.parameters[schedule, seed]):
        linear = torch.nn.Linear(*weights.shape, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weights.T))
            linear.bias.copy_(torch.tensor(biases[0]))
        modules += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


@pytest.mark.parametrize("hidden", [(), (16,), (9, 8, 7)], ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=NAMES)
def test_a_training_is_torch_s_own_loop_step_by_step(optimizer: Optimizer, hidden: tuple[int, ...]) -> None:
    """Four networks of two schedules for three epochs, the last batch of each smaller: losses, weights and
    probabilities.
    """
    setup = Setup(hidden, 25, 3, optimizer, samples=110, dtype="float64")
    high = 0.01 if isinstance(optimizer, Adam) else 0.1
    rates = np.array([np.linspace(high, 0, setup.steps), high * (1 + np.sin(np.arange(setup.steps))) / 2])
    networks = Networks(setup, 2, 2)
    models = {(k, s): sequential(setup, networks, k, s) for k in range(2) for s in range(2)}
    steppers = {place: genuine(optimizer, list(model.parameters())) for place, model in models.items()}
    pixels, targets = (torch.tensor(part) for part in task(setup))
    for step in range(setup.steps):
        at = step % setup.steps_per_epoch * setup.batch_size
        order = networks.order() if at == 0 else order  # noqa: F821 (the first step makes it)
        chosen = order[:, at : at + setup.batch_size]
        ours = networks.step(chosen, rates[:, step])
        for (k, s), model in models.items():
            stepper = steppers[k, s]
            stepper.param_groups[0]["lr"] = float(rates[k, step])
            stepper.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(pixels[chosen[s]]), targets[chosen[s]].argmax(dim=1))
            loss.backward()
            stepper.step()
            np.testing.assert_allclose(ours[k, s], loss.item(), rtol=1e-9)
    test = torch.tensor(networks._test).reshape(500, 64)  # noqa: SLF001 (what it is tested with)
    for place, model in models.items():
        for (weights, biases), linear in zip(layers(setup, networks.parameters[place]), list(model)[::2], strict=True):
            np.testing.assert_allclose(weights, linear.weight.detach().numpy().T, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(biases[0], linear.bias.detach().numpy(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            networks.probabilities()[place], model(test).softmax(dim=1).detach().numpy(), rtol=1e-8, atol=1e-12
        )


def test_the_page_s_single_precision_comes_to_the_same_curves() -> None:
    """Not step by step, since rounding grows; the curves of an average over seeds."""
    outcomes = []
    for dtype in ("float32", "float64"):
        setup = Setup(epochs=5, dtype=dtype)  # type: ignore[arg-type]
        *_, (_, outcome) = train(setup, np.linspace(0.1, 0, setup.steps)[None], 8)
        outcomes.append(outcome)
    np.testing.assert_allclose(outcomes[0].loss.mean(axis=1), outcomes[1].loss.mean(axis=1), rtol=1e-2)
    np.testing.assert_allclose(outcomes[0].accuracy.mean(axis=1), outcomes[1].accuracy.mean(axis=1), atol=0.01)
