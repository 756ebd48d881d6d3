"""What starting costs: fresh processes that import lrlab, and open a document, beside ones that import numpy and
pydantic alone: python -m benchmarks.imports.

Seconds of the processor, which other programs disturb less than those of a clock. Much of what pydantic needs it loads
with the first class that is made of it, which is why such a class stands among the others.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMES = 11
BARE = "import numpy, pydantic"
DOCUMENT = """lrlab.loads('''{"lrlab": 1, "run": {"total_steps": 1000}, "trials": [
    {"name": "a", "base_lr": 0.1, "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": null}}]}''')"""
STATEMENTS = {
    "a class of pydantic": f"{BARE}\nclass Number(pydantic.BaseModel): value: float",
    "import lrlab": "import lrlab",
    "... and read a document of torch": f"import lrlab; {DOCUMENT}",
    "... its curves and advice": (
        f"import lrlab; experiment = {DOCUMENT}; lrlab.engine.curves(experiment); lrlab.advice.check(experiment)"
    ),
    "... its code for torch": f"import lrlab; lrlab.exporters.export({DOCUMENT}, 'pytorch')",
    "every schedule's class": "import lrlab.schedules; lrlab.schedules.SCHEDULES",
}


def seconds(statement: str) -> float:
    """What a fresh Python takes of the processor for a statement, its own start and end included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=ROOT)  # noqa: S603 (ourselves)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print milliseconds beyond the bare start, and the ratio to it: medians of processes that take turns."""
    turns = [[seconds(statement) for statement in (BARE, *STATEMENTS.values())] for _ in range(TIMES)]
    bare, *rest = (statistics.median(column) for column in zip(*turns, strict=True))
    print(f"{BARE}: {bare * 1e3:.0f} ms")
    for name, took in zip(STATEMENTS, rest, strict=True):
        print(f"{name:34} {(took - bare) * 1e3:+6.0f} ms  {took / bare:.2f} times")


if __name__ == "__main__":
    main()
