"""The training loop of Accelerate, for the pytorch target."""

from __future__ import annotations

from lrlab.document.run import DataRun
from lrlab.exporters import loop, module
from lrlab.exporters.base import Job

_TRAIN = """
def train(model, loader, loss_function, <more>path="checkpoints", resume=0):
    <docstring>
    accelerator = Accelerator(<accumulate>)
    <processes>
    optimizer = make_optimizer(<parameters>)
    scheduler = make_scheduler(optimizer)
    <prepare>
    if resume:
        accelerator.load_state(f"{path}/{resume}")
    for epoch in range(resume, EPOCHS):
        for inputs, targets in <source>:
            with accelerator.accumulate(model):
                accelerator.backward(loss_function(model(inputs), targets))
                optimizer.step()
                optimizer.zero_grad()
                <each_step>
            <each_micro_batch>
        <each_epoch>
        accelerator.save_state(f"{path}/{epoch + 1}")
    return optimizer
"""
_SAYS = "Train for EPOCHS epochs; a checkpoint after each, `resume` being the number of the one to go on from."
_PREPARED = (
    "model, optimizer, loader, scheduler = accelerator.prepare(model, optimizer, loader, scheduler)"
    "  # step() then counts processes"
)
_ALONE = """
model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
accelerator.register_for_checkpointing(scheduler)  # not prepared: Accelerate would step it once per process
"""
_PROCESSES = """
if accelerator.num_processes != PROCESSES:
    raise ValueError(f"num_processes is {accelerator.num_processes}; the schedule was made for {PROCESSES}")
"""
_SYNCED = """
if accelerator.sync_gradients and not accelerator.optimizer_step_was_skipped:
    <step>
"""


def training(job: Job) -> str:
    """The training loop of Accelerate, as text.

    A scheduler that is stepped once per process is prepared. Any other is left alone, so that the number of processes
    does not matter to it.
    """
    clock = job.trial.clock
    step = loop.step_call(job)
    return module.fill(
        _TRAIN,
        more=loop.more_arguments(job),
        docstring=loop.docstring(job, _SAYS, loop.all_batches(job)),
        accumulate="gradient_accumulation_steps=ACCUMULATE" if job.run.accumulate > 1 else "",
        processes=_PROCESSES.strip("\n") if isinstance(job.run, DataRun) else "",
        parameters="parameters" if job.several else "model.parameters()",
        prepare=_PREPARED if clock == "process" else _ALONE.strip("\n"),
        source=loop.source(job).text,
        each_step=module.fill(_SYNCED, step=step) if clock in {"step", "process"} else "",
        each_micro_batch=step if clock == "micro_batch" else "",
        each_epoch=step if clock == "epoch" else "",
    )
