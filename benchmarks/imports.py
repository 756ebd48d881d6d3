"""What starting costs: fresh processes that import lrlab, and open a document, beside ones that import numpy and
pydantic alone: python -m benchmarks.imports.

Time of the processor, which other programs disturb less than that of a clock. Much of what pydantic needs it loads
with the first class that is made of it, which is why such a class stands among the others.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from benchmarks.shared import ROOT, Row, show

TIMES = 11
AIM = 150
"""Milliseconds that `import lrlab` may take beyond the bare start."""
BARE = "import numpy, pydantic"
DOCUMENT = """lrlab.loads('''{"lrlab": 1, "run": {"total_steps": 1000}, "trials": [
    {"name": "a", "base_lr": 0.1, "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": null}}]}''')"""
STATEMENTS = {
    "a class of pydantic": f"{BARE}\nclass Number(pydantic.BaseModel): value: float",
    "import lrlab": "import lrlab",
    "import lrlab and read a document of torch": f"import lrlab; {DOCUMENT}",
    "... and its curves and advice": (
        f"import lrlab; experiment = {DOCUMENT}; lrlab.engine.curves(experiment); lrlab.advice.check(experiment)"
    ),
    "... and its code for torch": f"import lrlab; lrlab.exporters.export({DOCUMENT}, 'pytorch')",
    "every schedule's class": "import lrlab.schedules; lrlab.schedules.SCHEDULES",
}


def seconds(statement: str) -> float:
    """What a fresh Python takes of the processor for a statement, its own start and end included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=ROOT)  # noqa: S603 (ourselves)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure() -> list[Row]:
    """The lines of the table: milliseconds beyond the bare start, medians of processes that take turns."""
    turns = [[seconds(statement) for statement in (BARE, *STATEMENTS.values())] for _ in range(TIMES)]
    bare, *rest = (statistics.median(column) * 1e3 for column in zip(*turns, strict=True))
    rows = [Row(f"a bare start: {BARE}", bare, unit="ms")]
    for name, took in zip(STATEMENTS, rest, strict=True):
        rows.append(Row(f"more for {name}", took - bare, aim=AIM if name == "import lrlab" else None, unit="ms"))
    return rows


if __name__ == "__main__":
    show(measure())
