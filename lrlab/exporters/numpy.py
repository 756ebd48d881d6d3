"""A plain numpy function of the optimizer step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lrlab.exporters import base
from lrlab.exporters.writer import Writer, always_defined
from lrlab.schedules.trace import Expr, symbol

if TYPE_CHECKING:
    from lrlab.experiment import Experiment, Trial


class Numpy(base.Exporter):
    """`learning_rate(step)`, written from the curve itself."""

    target = "numpy"
    title = "numpy function"
    language = "python"
    suffix = "_numpy.py"

    def write(self, experiment: Experiment, trial: Trial) -> str:
        writer = Writer("numpy")
        tick = base.tick_tree(experiment.run, trial)
        plain = isinstance(tick, Expr) and tick.op == "symbol"
        many = isinstance(trial.base_lr, tuple)
        trees = base.curve_trees(experiment.run, trial, tick if plain else symbol("tick"))
        moved = "" if plain else f"tick = {writer.text(tick)}"
        argument = "step" if plain else "tick"
        start = ["step = np.asarray(step, dtype=np.float64)", *filter(None, [moved])]
        if many:
            functions, call = _groups(writer, trees, argument)
            last = [f"return np.stack([{call}])"]
        else:
            functions, last = [], _statements(writer, trees[0], argument)
        guard = "" if all(map(always_defined, trees)) else '@np.errstate(all="ignore")  # both sides of a where are computed\n'
        says = "The learning rate that optimizer step `step` (counted from 0; a number or an array) uses"
        shape = f"{says}; one row per parameter group." if many else f"{says}."
        standard = "".join(f"{line}\n\n" for line in sorted(writer.imports - {"import numpy as np"}))
        head = f'"""The learning rate of {trial.schedule.kind} at any optimizer step, as a plain numpy function."""'
        return base.blocks(
            f"{head}\n\n{base.document_line(experiment, trial)}\n{base.metric_line(trial.schedule)}\n{standard}import numpy as np\n\n"
            f"BASE_LR = {base.base_lr_value(trial)}\n{base.constants(writer)}".rstrip(),
            *functions,
            guard + base.function("def learning_rate(step):", shape, [*start, *last]),
        )


def _groups(writer: Writer, trees: list[Any], argument: str) -> tuple[list[str], str]:
    """A function for each distinct group, and the expressions that call them."""
    doc = f"The rate of one parameter group at each {argument}."
    names = ["rate"] if len(trees) == 1 else [f"rate_{i}" for i in range(len(trees))]
    functions = [
        base.function(f"def {name}({argument}, base):", doc, _statements(writer, tree, argument)) for name, tree in zip(names, trees, strict=True)
    ]
    each = "for base in BASE_LR" if len(trees) == 1 else f"for rate, base in zip([{', '.join(names)}], BASE_LR)"
    return functions, f"rate({argument}, base) {each}"


def _statements(writer: Writer, tree: Any, argument: str) -> list[str]:
    *before, last = writer.body(tree)
    value = last.removeprefix("return ")
    if not before and not re.search(rf"\b{argument}\b", value):
        return [f"return np.full_like({argument}, {value})[()]"]
    return [*before, f"return ({value})[()]" if not value.isidentifier() else f"return {value}[()]"]
