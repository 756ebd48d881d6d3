"""What a training loop is to do in a run, whatever the framework; and the loop that PyTorch and PaddlePaddle share."""

from __future__ import annotations

from dataclasses import dataclass

from lrlab.document.run import DataRun, StepRun
from lrlab.exporters import module
from lrlab.exporters.base import Job

EVALUATE = "`evaluate(model)`: the metric that the scheduler watches; it leaves the model as it was, training."
_TRAIN = """
def train(model, loader, loss_function, <more>path="<path>", resume=False):
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


def watches(job: Job) -> bool:
    """Whether the scheduler is shown the training's own metric."""
    return job.native and job.watched


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


def alone(job: Job, data: str = "loader") -> list[str]:
    """What a loop in one process lacks; `data`: what gives it its batches."""
    return (
        [f"the other devices: the loop is that of one, its `{data}` gives that one's share of the samples"]
        if job.run.devices > 1
        else []
    )


def more_arguments(job: Job, metric: str = "evaluate") -> str:
    """What `train` needs besides model, data and loss; `metric`: what gives the metric that the scheduler watches."""
    return "parameters, " * job.several + f"{metric}, " * watches(job)


def docstring(job: Job, says: str, data: str, metric: str = EVALUATE) -> str:
    """The docstring of `train`, with a word on each thing that it is given."""
    more = [data] + ["`parameters`: a list of them for each base rate."] * job.several + [metric] * watches(job)
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


@dataclass(frozen=True)
class Source:
    """What the batches of an epoch are taken from, and what it is written with."""

    text: str
    itertools: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    """The constants that it names."""


def source(job: Job) -> Source:
    """What the batches of an epoch are taken from."""
    if unbounded(job):
        text, tools = "islice(chain.from_iterable(repeat(loader)), TOTAL_STEPS)", ("chain", "islice", "repeat")
        return Source(text, tools, ("TOTAL_STEPS",))
    if partial(job):
        text = "islice(loader, TOTAL_STEPS - epoch * STEPS_PER_EPOCH)"
        return Source(text, ("islice",), ("TOTAL_STEPS", "STEPS_PER_EPOCH"))
    if job.loop == "accelerate" and drops(job):
        return Source("islice(loader, STEPS_PER_EPOCH * ACCUMULATE)", ("islice",), ("STEPS_PER_EPOCH",))
    return Source("loader")


def imports(job: Job) -> set[str]:
    """The import lines that the training loop needs."""
    used = source(job).itertools
    return {f"from itertools import {', '.join(used)}"} if used else set()


def constants(job: Job) -> dict[str, str]:
    """What the training loop counts with, besides epochs."""
    run, found = job.run, {}
    if run.accumulate > 1:
        found["ACCUMULATE"] = str(run.accumulate)
    counts = {"TOTAL_STEPS": run.steps, "STEPS_PER_EPOCH": run.updates}
    found |= {name: str(counts[name]) for name in source(job).counts}
    if job.trial.clock == "process":
        found["PROCESSES"] = str(run.devices)
    return found


def whole(job: Job) -> str:
    """The condition that the micro-batch of number i completes an optimizer step."""
    return "i % ACCUMULATE == 0" + " or i == len(loader)" * (getattr(job.run, "leftover", "step") == "step")


def train(
    job: Job,
    step: str,
    made: str,
    *,
    path: str = "checkpoint.pt",
    zero_grad: str = "optimizer.zero_grad()",
    counted: str = "",
    saved: str = "scheduler",
) -> str:
    """The function `train` as text, with `step` where the clock calls for it.

    `made` are the lines that make optimizer and scheduler; `counted` stands before the first epoch.
    """
    run, clock = job.run, job.trial.clock
    numbered = run.accumulate > 1
    update = f"optimizer.step()\n{zero_grad}" + (f"\n{step}" if clock in {"step", "process"} else "")
    return module.fill(
        _TRAIN,
        path=path,
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
        else f"for inputs, targets in {source(job).text}:",
        backward="(loss / ACCUMULATE).backward()" if numbered else "loss.backward()",
        update=f"if {whole(job)}:\n" + "\n".join(f"    {line}" for line in update.splitlines()) if numbered else update,
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
