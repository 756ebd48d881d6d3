"""SGD and Adam with the same arithmetic as in PyTorch, for many networks at once: parameters have leading axes, over
which the rate is broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
OptimizerState: TypeAlias = tuple[Array, ...]


@dataclass(frozen=True)
class SGD:
    """Down the gradient, with a velocity of which each step keeps the share `momentum`.

    Source: torch.optim.SGD, dampening 0: the first velocity is the gradient itself.
    """

    momentum: float = 0.9
    nesterov: bool = False

    def start(self, parameters: Array) -> OptimizerState:
        """The velocity, of the parameters' shape."""
        return (np.zeros_like(parameters),)

    def update(self, parameters: Array, gradients: Array, state: OptimizerState, rate: Array, count: int) -> None:
        """Step `count` (0-based), in place; the gradients are used up. `rate` has the parameters' leading axes, and
        ones behind them.
        """
        (velocity,) = state
        velocity *= self.momentum
        velocity += gradients
        if self.nesterov:
            gradients += self.momentum * velocity
            parameters -= np.multiply(rate, gradients, out=gradients)
        else:
            parameters -= np.multiply(rate, velocity, out=gradients)


@dataclass(frozen=True)
class Adam:
    """Down the running mean of the gradient, divided for each parameter by the root of the running mean of its square.
    Both means are corrected for having begun at zero.

    Source: torch.optim.Adam.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def start(self, parameters: Array) -> OptimizerState:
        """The two running means, of the parameters' shape."""
        return np.zeros_like(parameters), np.zeros_like(parameters)

    def update(self, parameters: Array, gradients: Array, state: OptimizerState, rate: Array, count: int) -> None:
        """Step `count` (0-based), in place; the gradients are used up. `rate` has the parameters' leading axes, and
        ones behind them.
        """
        mean, square = state
        mean += (1 - self.beta1) * (gradients - mean)
        square *= self.beta2
        gradients *= gradients
        gradients *= 1 - self.beta2
        square += gradients
        root = np.sqrt(square, out=gradients)
        root /= np.sqrt(1 - self.beta2 ** (count + 1))
        root += self.eps
        parameters -= (rate / (1 - self.beta1 ** (count + 1))) * np.divide(mean, root, out=root)


Optimizer: TypeAlias = SGD | Adam
