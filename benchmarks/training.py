"""How fast the lessons' training is: python -m benchmarks.training, with PyTorch installed.

Three schedules x five seeds x thirty epochs, all at once in numpy, against the same network in PyTorch's own loop,
which trains one at a time: one training is timed and counts fifteen times. Then the grid of the warmup lesson. Ratios
of one run; absolute times are this machine's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from lrlab.lessons.digits import digits
from lrlab.lessons.limit import Limit, axes, limit
from lrlab.lessons.network import Setup, task, train

SCHEDULES, SEEDS = 3, 5
REPEATS = 3


def fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest of a few runs: the one that least else disturbed."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def genuine(setup: Setup, rates: np.ndarray) -> None:
    """One training as one writes it in PyTorch, the test set looked at after every epoch."""
    pixels, targets = (torch.tensor(part) for part in task(setup))
    labels, test = targets.argmax(dim=1), torch.tensor(digits().test_x.astype(setup.dtype))
    hidden = setup.hidden[0]
    model = torch.nn.Sequential(torch.nn.Linear(64, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    step = 0
    for _ in range(setup.epochs):
        order = torch.randperm(setup.samples)
        for at in range(0, setup.samples, setup.batch_size):
            chosen = order[at : at + setup.batch_size]
            optimizer.param_groups[0]["lr"] = float(rates[step])
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(pixels[chosen]), labels[chosen]).backward()
            optimizer.step()
            step += 1
        with torch.no_grad():
            model(test).argmax(dim=1)


def main() -> None:
    """Print seconds and their ratio."""
    setup = Setup(epochs=30)
    rates = np.linspace(0.1, 0, setup.steps) * np.array([[1.0], [0.5], [0.1]])
    networks = SCHEDULES * SEEDS
    ours = fastest(lambda: [None for _ in train(setup, rates[:SCHEDULES], SEEDS)])
    torch.set_num_threads(1)  # the fastest for a network as small as this
    theirs = fastest(lambda: genuine(setup, rates[0])) * networks
    print(f"{SCHEDULES} schedules x {SEEDS} seeds x {setup.epochs} epochs ({setup.steps:,} steps each)")
    print(f"lrlab, all at once:           {ours:6.2f} s (the page says {setup.seconds(networks):.2f} s)")
    print(f"PyTorch, one after the other: {theirs:6.2f} s, {theirs / ours:.1f} times as long")
    for settings in (Limit(), Limit(optimizer="Adam")):
        warmups, peaks = axes(settings)
        cells = warmups.size * peaks.size * settings.seeds
        took = fastest(lambda grid=settings: [None for _ in limit(grid)])
        print(
            f"grid of warmups and peaks, {cells} networks, {settings.optimizer}: {took:.2f} s "
            f"(the page says {settings.setup.seconds(cells):.2f} s)"
        )


if __name__ == "__main__":
    main()
