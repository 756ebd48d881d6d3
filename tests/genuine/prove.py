"""Writes lrlab/exporters/proof.json: every recorded case of every schedule, exported to every target in every form and
run in the genuine framework.

In the project's folder, with what .ci/frameworks installs: python tests/genuine/prove.py
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import drivers  # noqa: E402 (found by then)
import oracle  # noqa: E402

import lrlab  # noqa: E402
from lrlab.exporters import EXPORTERS, export, proof  # noqa: E402
from lrlab.schedules import KINDS  # noqa: E402

TARGETS = [target for target in EXPORTERS if target in drivers.DRIVERS]


def cases(kind: str) -> list[lrlab.Experiment]:
    """The recorded documents of a schedule."""
    return [lrlab.loads(json.dumps(row["document"])) for row in oracle.rows() if oracle.kind_of(row) == kind]


def measured(experiment: lrlab.Experiment, target: str) -> dict[str, float]:
    """The deviation of each form that a target has for a trial; that of the form it has by itself first."""
    exporter = EXPORTERS[target]
    if not exporter.forms:
        return {"values": drivers.off(drivers.rates(experiment, target), experiment)}
    found: dict[str, float] = {}
    for form in exporter.forms:
        try:
            code = export(experiment, target, form=form)
        except lrlab.DocumentError:
            continue
        found[form] = drivers.off(drivers.DRIVERS[target](experiment, code), experiment)
    if len(found) > 1 and lrlab.exporters.job(experiment, target, experiment.trials[0]).form == "portable":
        return dict(reversed(found.items()))
    return found


def proved(kind: str) -> dict[str, Any]:
    """What the file says of a schedule."""
    experiments = cases(kind)
    seen: dict[str, dict[str, tuple[int, float]]] = {target: {} for target in TARGETS}
    for target, forms in seen.items():
        for experiment in experiments:
            for form, off in measured(experiment, target).items():
                count, worst = forms.get(form, (0, 0.0))
                forms[form] = (count + 1, max(worst, float(f"{off:.2g}")))
    return {"cases": len(experiments), "seen": seen}


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = {kind: proved(kind) for kind in KINDS}
    text = ",\n".join(f"{json.dumps(kind)}: {json.dumps(about)}" for kind, about in table.items())
    (ROOT / "lrlab" / "exporters" / proof.FILE).write_text(f"{{\n{text}\n}}\n", encoding="utf-8")
