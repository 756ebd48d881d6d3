"""How fast each schedule is: python -m benchmarks.schedules, with tests/requirements-heavy.txt and PyTorch installed.

Nanoseconds a value over a million steps, against one pass of numpy.cos over the same array, and against looping the
genuine PyTorch scheduler. Each schedule has the arguments that the page gives a new one. Ratios of one run; absolute
times are this machine's.
"""

from __future__ import annotations

import importlib
import sys
import timeit
import warnings
from pathlib import Path

import numpy as np

from lrlab.document import Trial, parse
from lrlab.document.run import StepRun
from lrlab.schedules import KINDS
from lrlab.schedules.rates import rates
from lrlab.schedules.recurrence import Recurrence, followed

STEPS, UPDATES = 1_000_000, 1_000
LOOPED = 5_000  # steps of the genuine scheduler that are timed
REPEATS = 5


def fastest(work: object) -> float:
    """Seconds of the fastest of a few runs: the one that least else disturbed."""
    return min(timeit.repeat(work, number=1, repeat=REPEATS))  # type: ignore[arg-type]


def trial_of(kind: str) -> Trial:
    """A trial as the page adds it."""
    schedule = KINDS[kind].example(STEPS, STEPS // UPDATES, UPDATES)
    document = {
        "lrlab": 1,
        "run": {"total_steps": STEPS, "steps_per_epoch": UPDATES},
        "trials": [{"name": "t", "base_lr": 0.1, "schedule": schedule}],
    }
    return parse(document).trials[0]


def nanoseconds(kind: str, steps: np.ndarray) -> float:
    """Of one value, as the engine makes it."""
    schedule = trial_of(kind).bound(StepRun(total_steps=STEPS, steps_per_epoch=UPDATES))[0]

    def evaluate() -> None:
        followed.cache_clear()
        rates(schedule, 0.1, steps)

    return fastest(evaluate) / STEPS * 1e9


def looped(kind: str) -> float | None:
    """Nanoseconds of one step() of the genuine scheduler, where it is one of PyTorch's or made for it."""
    frameworks = importlib.import_module("frameworks")
    document = trial_of(kind).schedule.model_dump(mode="json", exclude_unset=True)
    optimizer = frameworks.sgd(0.1)
    if kind.startswith("torch."):
        scheduler = frameworks.torch_scheduler(optimizer, document, STEPS)
    elif kind.startswith("transformers."):
        scheduler = frameworks.transformers_scheduler(optimizer, document, STEPS)
    else:
        return None
    if hasattr(scheduler, "patience"):  # needs a metric: nothing to compare a curve without one with
        return None
    optimizer.step()
    return fastest(lambda: [scheduler.step() for _ in range(LOOPED)]) / LOOPED * 1e9


def main() -> None:
    """Print a table, the slowest first."""
    warnings.simplefilter("ignore")
    sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / "genuine")]
    steps = np.arange(STEPS, dtype=np.float64)
    cos = fastest(lambda: np.cos(steps)) / STEPS * 1e9
    print(f"numpy.cos: {cos:.2f} ns a value\n\n{'schedule':72} {'ns':>7} {'x cos':>7} {'step() / value':>15}")
    rows = sorted(((nanoseconds(kind, steps), kind) for kind in KINDS), reverse=True)
    for time, kind in rows:
        genuine = looped(kind)
        closed = "" if not issubclass(KINDS[kind], Recurrence) else "  follows, tick by tick"
        print(
            f"{kind:72} {time:7.2f} {time / cos:7.2f} {'' if genuine is None else f'{genuine / time:15,.0f}'}{closed}"
        )


if __name__ == "__main__":
    main()
