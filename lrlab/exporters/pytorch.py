"""PyTorch: its own constructors where they give this very curve over the whole run, one LambdaLR over the plain function otherwise."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from lrlab.exporters import base
from lrlab.exporters.constructor import constructor
from lrlab.exporters.writer import Writer
from lrlab.run import calls
from lrlab.schedules.recurrence import MetricDriven
from lrlab.schedules.torch import TorchSchedule
from lrlab.schedules.trace import symbol

if TYPE_CHECKING:
    from lrlab.experiment import Experiment, Trial
    from lrlab.run import Run

_OPTIMIZER = "torch.optim.SGD(model.parameters(), lr=BASE_LR, momentum=0.9)"
_GROUPS = "torch.optim.SGD([{'params': p, 'lr': lr} for p, lr in zip(parameter_groups, BASE_LR)], momentum=0.9)"
_LOOPS = {
    "step": """
        for epoch in range(epochs):
            for batch in loader:
                ...  # forward, backward
                optimizer.step()
                scheduler.step()  # once per optimizer step""",
    "epoch": """
        for epoch in range(epochs):
            for batch in loader:
                ...  # forward, backward
                optimizer.step()
            scheduler.step()  # once per epoch""",
    "micro_batch": """
        for epoch in range(epochs):
            for i, batch in enumerate(loader, start=1):
                ...  # forward, backward
                if i % accumulate == 0 or i == len(loader):
                    optimizer.step()
                scheduler.step()  # once per micro-batch""",
    "process": """
        for epoch in range(epochs):
            for batch in loader:
                ...  # forward, backward
                optimizer.step()
                scheduler.step()  # prepared by Accelerate: moves on once per process""",
}

_LOST_METRIC = "# Not carried over: the metrics that lrlab previews it with; here step() is called with those that the training gives.\n"


class PyTorch(base.Exporter):
    """`BASE_LR` and `make_scheduler(optimizer)`."""

    target = "pytorch"
    title = "PyTorch"
    language = "python"
    suffix = "_pytorch.py"

    def write(self, experiment: Experiment, trial: Trial) -> str:
        run = experiment.run
        native = is_native(run, trial)
        writer = Writer("math")
        body = [_native(writer, run, trial)] if native else _portable(writer, run, trial)
        if native:
            lost = _LOST_METRIC if isinstance(trial.schedule, MetricDriven) and trial.schedule.metrics else ""
        else:
            cycled = trial.bound(run)[0].momentum(0.0) is not None
            lost = base.metric_line(trial.schedule) + "# Not carried over: the momentum that this schedule cycles.\n" * cycled
        standard = sorted((line for line in writer.imports if not line.startswith("import torch")), reverse=True)
        imports = "\n".join([*standard, *([""] if standard else []), "import torch"])
        how = "its own scheduler" if native else "a LambdaLR over the curve"
        head = f'"""{trial.schedule.kind} in PyTorch, by {how}.\n{_usage(trial, native=native)}"""'
        top = (
            f"{head}\n\n{base.document_line(experiment, trial)}\n{lost}\n{imports}\n\nBASE_LR = {base.base_lr_value(trial)}\n{base.constants(writer)}"
        )
        return base.blocks(top.rstrip(), *body)


def is_native(run: Run, trial: Trial) -> bool:
    """Whether torch's own scheduler gives this curve at every tick of the run, the last call of step() included."""
    schedule = trial.bound(run)[0]
    return isinstance(schedule, TorchSchedule) and calls(run, trial.clock) < schedule.raises_at()


def _usage(trial: Trial, *, native: bool) -> str:
    optimizer = _GROUPS if isinstance(trial.base_lr, tuple) else _OPTIMIZER
    loop = textwrap.dedent(_LOOPS[trial.clock])
    if native and isinstance(trial.schedule, MetricDriven):
        loop = loop.replace("scheduler.step()", "scheduler.step(metric)")
    lines = f"optimizer = {optimizer}\nscheduler = make_scheduler(optimizer){loop}"
    return f"\n{textwrap.indent(lines, '    ')}\n"


def _native(writer: Writer, run: Run, trial: Trial) -> str:
    text = constructor(writer, trial.schedule, trial.bound(run)[0])
    return base.function("def make_scheduler(optimizer):", f"{_called(trial)}", [f"return {text}"])


def _called(trial: Trial) -> str:
    when = {"step": "optimizer step", "epoch": "epoch", "micro_batch": "micro-batch", "process": "optimizer step and process"}
    return f"The scheduler; call its step() once per {when[trial.clock]}."


def _portable(writer: Writer, run: Run, trial: Trial) -> list[str]:
    trees = base.curve_trees(run, trial, symbol("tick"))
    many = isinstance(trial.base_lr, tuple)
    says = "The learning rate after `tick` calls of scheduler.step()."
    arguments = "tick, base" if many else "tick"
    names = ["learning_rate"] if len(trees) == 1 else [f"learning_rate_{i}" for i in range(len(trees))]
    functions = [base.function(f"def {name}({arguments}):", says, writer.body(tree)) for name, tree in zip(names, trees, strict=True)]
    zero = not trial.schedule.own_rate and 0 in trial.base_rates  # a group at rate 0 stays there, whatever the factor
    if not many:
        factor = f"lambda tick: {'0.0' if zero else 'learning_rate(tick) / BASE_LR'}"
    else:
        guard = " if base else 0.0" if zero else ""
        each = "for base in BASE_LR" if len(trees) == 1 else f"for learning_rate, base in zip([{', '.join(names)}], BASE_LR)"
        held = "base=base" if len(trees) == 1 else "learning_rate=learning_rate, base=base"
        factor = f"[lambda tick, {held}: learning_rate(tick, base) / base{guard} {each}]"
    make = base.function("def make_scheduler(optimizer):", _called(trial), [f"return torch.optim.lr_scheduler.LambdaLR(optimizer, {factor})"])
    return [*functions, make]
