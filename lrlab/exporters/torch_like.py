"""What the targets on PyTorch share: the curve over plain numbers, the optimizer, the training loop, checkpoints and
the self-check.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lrlab.document.run import DataRun, StepRun
from lrlab.exporters import floats, module
from lrlab.exporters.base import Job
from lrlab.schedules.recurrence import MetricDriven
from lrlab.trees.python import Flavour, Writer
from lrlab.trees.trace import symbol


class TorchLike(module.Module):
    """`BASE_LR` and `make_scheduler(optimizer)`, to be stepped by the trial's clock."""

    versions: ClassVar = {"torch": "2.13.0"}

    def written_in(self, job: Job) -> Flavour:
        return written_in(job)

    def imports(self, job: Job) -> set[str]:
        return {"import torch"} | loop_imports(job)

    def run_constants(self, job: Job) -> dict[str, str]:
        """Those that its loop counts with."""
        return super().run_constants(job) | loop_constants(job)


def loop_imports(job: Job) -> set[str]:
    """The import lines that the training loop needs."""
    used = [name for name in ("chain", "islice", "repeat") if f"{name}" in source(job)]
    return {f"from itertools import {', '.join(used)}"} if used else set()


def loop_constants(job: Job) -> dict[str, str]:
    """What the training loop counts with, besides epochs."""
    run, found = job.run, {}
    if run.accumulate > 1:
        found["ACCUMULATE"] = str(run.accumulate)
    if "TOTAL_STEPS" in source(job):
        found["TOTAL_STEPS"] = str(run.steps)
    if "STEPS_PER_EPOCH" in source(job):
        found["STEPS_PER_EPOCH"] = str(run.updates)
    if job.trial.clock == "process":
        found["PROCESSES"] = str(run.devices)
    return found


def written_in(job: Job) -> Flavour:
    """Plain numbers, unless they raise where numpy goes on to a rate."""
    return "numpy" if not job.native and floats.curve_raises(job.run, job.trial) else "math"


def curve_functions(job: Job, writer: Writer) -> list[str]:
    """The rate after so many ticks: one function, or one for each parameter group that has a curve of its own."""
    trees = module.curve_trees(job, symbol("tick"))
    arguments = "tick, base" if job.many else "tick"
    says = "The learning rate after `tick` calls of scheduler.step()."
    names = ["learning_rate"] if len(trees) == 1 else [f"learning_rate_{i}" for i in range(len(trees))]
    return [_function(f"def {name}({arguments}):", says, writer, tree) for name, tree in zip(names, trees, strict=True)]


def _function(head: str, says: str, writer: Writer, tree: Any) -> str:
    written = writer.body(tree)
    if not writer.arrays:
        return module.function(head, says, written.ending("return {}"))
    writer.imports.add("import numpy as np")
    floated = "tick = np.float64(tick)  # which goes on where a plain number would raise"
    whole = [floated, *written.ending("return float({})")]
    return '@np.errstate(all="ignore")\n' + module.function(head, says, whole)


def make_optimizer(job: Job, kind: str = "SGD", more: str = ", momentum=0.9") -> str:
    """The function that builds an optimizer with the right rates."""
    if not job.many:
        says = "An optimizer with the base rate; any other with lr=BASE_LR will do as well."
        return module.function(
            "def make_optimizer(parameters):", says, [f"return torch.optim.{kind}(parameters, lr=BASE_LR{more})"]
        )
    lines = [
        'groups = [{"params": params, "lr": lr} for params, lr in zip(parameters, BASE_LR, strict=True)]',
        f"return torch.optim.{kind}(groups, lr=BASE_LR[0]{more})",
    ]
    says = "An optimizer of one parameter group for each base rate; any other with such groups will do as well."
    return module.function("def make_optimizer(parameters):", says, lines)


_TRAIN = """
def train(model, loader, loss_function, <more>path="checkpoint.pt", resume=False):
    <docstring>
    <made>
    start = load(path, model, optimizer, <saved>) if resume else 0
    <counted>
    for epoch in range(start, EPOCHS):
        <fresh>
        <head>
            loss = loss_function(model(inputs), targets)
            <backward>
            <update>
            <each_micro_batch>
        <each_epoch>
        save(path, epoch + 1, model, optimizer, <saved>)
    return optimizer
"""
EVALUATE = "`evaluate(model)`: the metric that the scheduler watches; it leaves the model as it was, training."
_CHECKPOINT = '''
def save(path, epoch, model, optimizer, scheduler):
    """Write a checkpoint: a schedule goes on where it was only if its scheduler is saved too."""
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    torch.save({"epoch": epoch} | {name: part.state_dict() for name, part in parts.items()}, path)


def load(path, model, optimizer, scheduler):
    """Put a checkpoint back into all three; the epoch to go on with."""
    saved = torch.load(path, weights_only=True)
    for name, part in {"model": model, "optimizer": optimizer, "scheduler": scheduler}.items():
        part.load_state_dict(saved[name])
    return saved["epoch"]
'''


def watches(job: Job) -> bool:
    """Whether the scheduler is shown the training's own metric."""
    return job.native and isinstance(job.trial.schedule, MetricDriven)


def unbounded(job: Job) -> bool:
    """Whether the run says nothing of epochs, so that the loader is begun anew until the last step."""
    return isinstance(job.run, StepRun) and job.run.steps_per_epoch is None


def partial(job: Job) -> bool:
    """Whether the run ends within an epoch."""
    return isinstance(job.run, StepRun) and job.run.steps % job.run.updates > 0


def drops(job: Job) -> bool:
    """Whether micro-batches are left over at the end of an epoch that make no step."""
    return (
        isinstance(job.run, DataRun) and job.run.leftover == "drop" and job.run.micro_batches % job.run.accumulate > 0
    )


def step_call(job: Job) -> str:
    """The call that moves the scheduler on."""
    early = job.trial.clock == "micro_batch" and job.run.accumulate > 1
    return (
        "scheduler.step(evaluate(model))"
        if watches(job)
        else "scheduler.step()" + "  # torch warns that the first precedes optimizer.step()" * early
    )


def checked_step(job: Job) -> str:
    """The same in the self-check, which shows a scheduler that watches a metric those of the preview."""
    return "if tick < len(metrics):\n    scheduler.step(metrics[tick])" if watches(job) else "scheduler.step()"


def alone(job: Job) -> list[str]:
    """What a loop in one process lacks."""
    return (
        ["the other devices: the loop is that of one, its `loader` gives that one's share of the samples"]
        if job.run.devices > 1
        else []
    )


def more_arguments(job: Job, metric: str = "evaluate") -> str:
    """What `train` needs besides model, data and loss; `metric`: what gives the metric that the scheduler watches."""
    return "parameters, " * job.many + f"{metric}, " * watches(job)


def docstring(job: Job, says: str, data: str, metric: str = EVALUATE) -> str:
    """That of `train`, with a word on what it is given."""
    more = [data] + ["`parameters`: a list of them for each base rate."] * job.many + [metric] * watches(job)
    return "\n".join([f'"""{says}', "", *more, '"""'])


def batches(job: Job) -> str:
    """The loader of one process."""
    if unbounded(job):
        return "`loader`: as many batches as there are; begun anew until there were TOTAL_STEPS."
    of = f" of {job.run.batch_size}" if isinstance(job.run, DataRun) else ""
    return f"`loader`: {job.run.micro_batches} batches{of} an epoch."


def all_batches(job: Job) -> str:
    """The loader whose batches a framework deals out to the processes."""
    run = job.run
    if isinstance(run, StepRun):
        return batches(job)
    return f"`loader`: all {run.samples} samples in batches of {run.batch_size}{', drop_last=True' * run.drop_last}."


def source(job: Job) -> str:
    """What the batches of an epoch are taken from."""
    if unbounded(job):
        return "islice(chain.from_iterable(repeat(loader)), TOTAL_STEPS)"
    if partial(job):
        return "islice(loader, TOTAL_STEPS - epoch * STEPS_PER_EPOCH)"
    return "islice(loader, STEPS_PER_EPOCH * ACCUMULATE)" if job.loop == "accelerate" and drops(job) else "loader"


def training(job: Job, step: str, *, counted: str = "", state: str = "") -> list[str]:
    """The training loop, and what saves and loads; `state`: what sets `state` to what is saved instead of the
    scheduler.
    """
    parameters = "parameters" if job.many else "model.parameters()"
    made = f"optimizer = make_optimizer({parameters})\nscheduler = make_scheduler(optimizer)\n{state}"
    return [loop(job, step, made, counted=counted, saved="state" if state else "scheduler"), _CHECKPOINT.strip("\n")]


def loop(
    job: Job,
    step: str,
    made: str,
    *,
    zero_grad: str = "optimizer.zero_grad()",
    counted: str = "",
    saved: str = "scheduler",
) -> str:
    """The training loop with `step` where the clock has it; `made`: optimizer and scheduler; `counted` is set before
    the first epoch.
    """
    run, clock = job.run, job.trial.clock
    numbered = run.accumulate > 1
    whole = "i % ACCUMULATE == 0" + " or i == len(loader)" * (getattr(run, "leftover", "step") == "step")
    update = f"optimizer.step()\n{zero_grad}" + (f"\n{step}" if clock in {"step", "process"} else "")
    return module.fill(
        _TRAIN,
        more=more_arguments(job),
        docstring=docstring(
            job, "Train for EPOCHS epochs; a checkpoint after each, from which `resume` goes on.", batches(job)
        ),
        made=made,
        saved=saved,
        counted=counted,
        fresh=zero_grad if numbered and getattr(run, "leftover", "") == "drop" else "",
        head="for i, (inputs, targets) in enumerate(loader, start=1):"
        if numbered
        else f"for inputs, targets in {source(job)}:",
        backward="(loss / ACCUMULATE).backward()" if numbered else "loss.backward()",
        update=f"if {whole}:\n" + "\n".join(f"    {line}" for line in update.splitlines()) if numbered else update,
        each_micro_batch=step if clock == "micro_batch" else "",
        each_epoch=step if clock == "epoch" else "",
    )


def metrics(job: Job, *, by_step: bool = False) -> str:
    """The statement that names the metrics a self-check shows, where the scheduler watches any."""
    shown = [
        f'float("{m}")' if isinstance(m, str) else repr(m) for m in job.metrics[: max(job.expected(by_step=by_step))]
    ]
    return (
        "# the metrics of the preview\n" + module.constant("metrics", f"[{', '.join(shown)}]") if watches(job) else ""
    )


_CHECK = '''
def check():
    """Print how far the scheduler's rates are from EXPECTED; whether that is too far."""
    <optimizer>
    scheduler = make_scheduler(optimizer)
    <metrics>
    largest = 0.0
    for tick in range(max(EXPECTED) + 1):
        rates = [group["lr"] for group in optimizer.param_groups]
        if tick in EXPECTED:
            <compare>
        optimizer.step()
        <step>
    print(f"largest deviation: {largest:.3g}")
    return largest > 1e-9 * <scale>
'''


def check(job: Job, step: str, *, by_step: bool = False) -> str:
    """The self-check: a scheduler on idle parameters, moved on by `step`, which may show it one of the `metrics` of the
    preview.
    """
    idle = "torch.nn.Parameter(torch.zeros(1))"
    text = module.fill(
        _CHECK,
        optimizer=f"optimizer = make_optimizer([[{idle}] for _ in BASE_LR])"
        if job.many
        else f"optimizer = make_optimizer([{idle}])",
        metrics=metrics(job, by_step=by_step),
        compare="largest = max(largest, *(abs(rate - lr) for rate, lr in zip(rates, EXPECTED[tick], strict=True)))"
        if job.many
        else "largest = max(largest, abs(rates[0] - EXPECTED[tick]))",
        step=step,
        scale="max(abs(lr) for rates in EXPECTED.values() for lr in rates)"
        if job.many
        else "max(map(abs, EXPECTED.values()))",
    )
    return text.replace("tick", "step") if by_step else text
