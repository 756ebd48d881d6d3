"""A plain numpy function of the optimizer step."""

from __future__ import annotations

from typing import Any, ClassVar

from lrlab.exporters import floats, module
from lrlab.exporters.base import Job
from lrlab.trees.facts import always_defined
from lrlab.trees.python import Writer
from lrlab.trees.tree import depends

_CHECK = '''
def check():
    """Print how far the function is from EXPECTED; whether that is too far."""
    wanted = np.array(list(EXPECTED.values())).T
    largest = np.abs(learning_rate(np.array(list(EXPECTED))) - wanted).max()
    print(f"largest deviation: {largest:.3g}")
    return bool(largest > 1e-9 * np.abs(wanted).max())
'''


class Numpy(module.Module):
    """`learning_rate(step)`, written from the curve itself."""

    target = "numpy"
    title = "numpy"
    suffix = "_numpy.py"
    forms = ("portable",)
    flavour = "numpy"
    versions: ClassVar = {"numpy": "2.4.6"}
    by_step = True

    def imports(self, job: Job) -> set[str]:
        return {"import numpy as np"}

    def run_constants(self, job: Job) -> dict[str, str]:
        return {}

    def defines(self, job: Job, writer: Writer) -> list[str]:
        argument, start, trees = module.over_steps(job, writer)
        if job.several:
            functions, call = _groups(writer, trees, argument)
            last = [f"return np.stack([{call}])"]
        else:
            functions, last = [], _statements(writer, trees[0], argument)
        quiet = all(map(always_defined, trees)) and not floats.curve_raises(job.run, job.trial)
        guard = "" if quiet else '@np.errstate(all="ignore")  # both sides of a where are computed\n'
        says = "The learning rate that optimizer step `step` (counted from 0; a number or an array) uses"
        shape = f"{says}; one row per parameter group." if job.several else f"{says}."
        body = ["step = np.asarray(step, dtype=np.float64)", *start, *last]
        return [*functions, guard + module.function("def learning_rate(step):", shape, body)]

    def check(self, job: Job) -> str:
        return _CHECK.strip("\n")


def _groups(writer: Writer, trees: list[Any], argument: str) -> tuple[list[str], str]:
    """A function for each distinct group, and the expressions that call them."""
    doc = f"The rate of one parameter group at each {argument}."
    names = ["rate"] if len(trees) == 1 else [f"rate_{i}" for i in range(len(trees))]
    functions = [
        module.function(f"def {name}({argument}, base):", doc, _statements(writer, tree, argument))
        for name, tree in zip(names, trees, strict=True)
    ]
    each = (
        "for base in BASE_LR"
        if len(trees) == 1
        else f"for rate, base in zip([{', '.join(names)}], BASE_LR, strict=True)"
    )
    return functions, f"rate({argument}, base) {each}"


def _statements(writer: Writer, tree: Any, argument: str) -> list[str]:
    written = writer.body(tree)
    if not depends(tree, argument):
        return written.ending(f"return np.full_like({argument}, {{}})[()]")
    return written.ending("return {}[()]" if written.named else "return ({})[()]")
