"""transformers, version 5: `get_scheduler` and `TrainingArguments`, or one LambdaLR handed to the Trainer.

The LambdaLR calls the curve, written as a plain function.
"""

from __future__ import annotations

from typing import Any, ClassVar

from lrlab.document import Trial
from lrlab.document.run import DataRun, Run
from lrlab.exporters import loop, module, torch_like
from lrlab.exporters.base import Job
from lrlab.exporters.constructor import arguments, call, quoted
from lrlab.exporters.pytorch import lambda_lr, raises, scheduler, ticks
from lrlab.schedules.transformers import TransformersSchedule
from lrlab.trees.python import Writer

TYPES = {
    "get_constant_schedule": "constant",
    "get_constant_schedule_with_warmup": "constant_with_warmup",
    "get_linear_schedule_with_warmup": "linear",
    "get_cosine_schedule_with_warmup": "cosine",
    "get_cosine_with_hard_restarts_schedule_with_warmup": "cosine_with_restarts",
    "get_polynomial_decay_schedule_with_warmup": "polynomial",
    "get_inverse_sqrt_schedule": "inverse_sqrt",
    "get_cosine_with_min_lr_schedule_with_warmup": "cosine_with_min_lr",
    "get_cosine_with_min_lr_schedule_with_warmup_lr_rate": "cosine_warmup_with_min_lr",
    "get_wsd_schedule": "warmup_stable_decay",
    "get_reduce_on_plateau_schedule": "reduce_lr_on_plateau",
    "get_greedy_schedule": "greedy",
}
"""The function of each name that get_scheduler and lr_scheduler_type take."""
_LINE = 80  # characters of a dictionary that stays on one line
_DIRECT = ("num_warmup_steps", "num_training_steps")  # arguments of get_scheduler itself

_VALIDATION = "`validation`: the data set that the metric, its loss, is measured on."
_TRAIN = '''
def make_arguments(output_dir):
    """The run, <and_schedule>for the Trainer<devices>."""
    return TrainingArguments(
        output_dir,
        learning_rate=<rate>,
        max_steps=TOTAL_STEPS,
        save_strategy="epoch",
        <batch>
        <scheduler>
    )


def train(model, dataset, <more>output_dir="out", resume=False):
    <docstring>
    <made>
    trainer.train(resume_from_checkpoint=resume)
    return trainer
'''


class Transformers(torch_like.TorchLike):
    """`BASE_LR` and `make_scheduler(optimizer)`, and what the Trainer is given."""

    target = "transformers"
    title = "transformers"
    suffix = "_transformers.py"
    versions: ClassVar = {"transformers": "5.23.0", "accelerate": "1.15.0", "torch": "2.13.0"}

    def not_native(self, run: Run, trial: Trial) -> str:
        if not isinstance(trial.schedule, TransformersSchedule):
            return super().not_native(run, trial)
        if trial.clock != "step" and not (trial.clock == "epoch" and trial.schedule.watches):
            return "the Trainer steps once per optimizer step"
        return raises(run, trial)

    def how(self, job: Job) -> str:
        return "its own scheduler" if job.native else "one LambdaLR over the curve"

    def lost(self, job: Job) -> list[str]:
        stepped = ["an epoch's leftover micro-batches, which the run drops: the Trainer makes a step of them"]
        return super().lost(job) + stepped * loop.drops(job)

    def imports(self, job: Job) -> set[str]:
        return {"import torch", f"from transformers import Trainer, TrainingArguments{', get_scheduler' * job.native}"}

    def run_constants(self, job: Job) -> dict[str, str]:
        run, found = job.run, {"TOTAL_STEPS": str(job.run.steps)}
        if isinstance(run, DataRun):
            found["BATCH_SIZE"] = str(run.batch_size)
            if run.accumulate > 1:
                found["ACCUMULATE"] = str(run.accumulate)
        return found

    def defines(self, job: Job, writer: Writer) -> list[str]:
        if not job.native:
            made, chosen, by_hand = scheduler(job, writer), "", True
            if job.trial.clock != "step":
                says = "The same for the Trainer, which calls step() once per optimizer step."
                lines = lambda_lr(job, len(made) - 1, by_step=True)
                made += [ticks(job, writer), module.function("def make_trainer_scheduler(optimizer):", says, lines)]
        else:
            given = arguments(writer, job.trial.schedule, job.bound, "schedule")
            chosen = _chosen(job, given)
            by_hand = job.several or not chosen
            says = f"The scheduler; call its step() once per {module.UNITS[job.trial.clock]}."
            made = [module.function("def make_scheduler(optimizer):", says, [f"return {_get_scheduler(job, given)}"])]
        return [*made, torch_like.make_optimizer(job, "AdamW", ""), _train(job, chosen, by_hand=by_hand)]

    def counts_steps(self, job: Job) -> bool:
        return not job.native and job.trial.clock != "step"

    def unit(self, job: Job) -> str:
        """With the other scheduler, where the Trainer wants one."""
        tick = f"A tick is one call of scheduler.step(), made once per {module.UNITS[job.trial.clock]}."
        return (
            tick
            + "\nThe Trainer calls it once per optimizer step: it is given make_trainer_scheduler."
            * self.counts_steps(job)
        )

    def check(self, job: Job) -> str:
        by_step = self.counts_steps(job)
        maker = "make_trainer_scheduler" if by_step else "make_scheduler"
        return torch_like.check(job, loop.checked_step(job), by_step=by_step, maker=maker)


def _get_scheduler(job: Job, given: dict[str, str]) -> str:
    """The call of get_scheduler."""
    rest = {name: text for name, text in given.items() if name not in _DIRECT}
    direct = [f"{name}={text}" for name, text in given.items() if name in _DIRECT]
    specific = [f"scheduler_specific_kwargs={_dictionary(rest)}"] if rest else []
    return call("get_scheduler", [quoted(TYPES[job.trial.schedule.native]), "optimizer", *direct, *specific])


def _dictionary(items: dict[str, str]) -> str:
    parts = [f'"{name}": {text}' for name, text in items.items()]
    flat = f"{{{', '.join(parts)}}}"
    return flat if len(flat) <= _LINE else "\n".join(["{", *(f"    {part}," for part in parts), "}"])


def _chosen(job: Job, given: dict[str, str]) -> str:
    """The lines of TrainingArguments that make this scheduler; nothing where they cannot.

    They cannot where the horizon is another: the Trainer counts it itself, in whole steps.
    """
    schedule: Any = job.bound
    total, warmup = schedule.counted_by_trainer()
    if (total is not None and total != job.run.steps) or not isinstance(warmup, int):
        return ""
    lines = []
    if not job.several or loop.watches(job):  # else the scheduler is handed over with the optimizer
        lines = [f'lr_scheduler_type="{TYPES[schedule.native]}",']
        lines += [f"warmup_steps={given['num_warmup_steps']},"] if warmup else []
        rest = {name: text for name, text in given.items() if name not in _DIRECT}
        lines += [f"lr_scheduler_kwargs={_dictionary(rest)},"] if rest else []
    if loop.watches(job):
        lines.append(
            'eval_strategy="epoch",' if job.trial.clock == "epoch" else 'eval_strategy="steps",\neval_steps=1,'
        )
    return "\n".join(lines)


def _train(job: Job, chosen: str, *, by_hand: bool) -> str:
    """What the Trainer is given; `by_hand`: optimizer and scheduler too."""
    run, shown = job.run, loop.watches(job)
    batch = []
    if isinstance(run, DataRun):
        batch = ["per_device_train_batch_size=BATCH_SIZE,"]
        batch += ["gradient_accumulation_steps=ACCUMULATE,"] if run.accumulate > 1 else []
        batch += ["dataloader_drop_last=True,"] if run.drop_last else []
    evaluated = ", eval_dataset=validation" * shown
    simple = f"trainer = Trainer(model, make_arguments(output_dir), train_dataset=dataset{evaluated})"
    make = "make_scheduler" if job.native or job.trial.clock == "step" else "make_trainer_scheduler"
    parameters = "parameters" if job.several else "model.parameters()"
    handed = (
        f"optimizer = make_optimizer({parameters})\noptimizers = (optimizer, {make}(optimizer))\n"
        f"trainer = Trainer(model, make_arguments(output_dir), train_dataset=dataset{evaluated}, optimizers=optimizers)"
    )
    data = (
        f"`dataset`: {run.samples} samples."
        if isinstance(run, DataRun)
        else f"`dataset`: {run.updates} batches an epoch."
    )
    return module.fill(
        _TRAIN,
        and_schedule="and the schedule, " * (not by_hand),
        devices=f" on {run.devices} devices, a process each" * (run.devices > 1),
        rate="BASE_LR[0]" if job.several else "BASE_LR",
        batch="\n".join(batch),
        scheduler=chosen,
        more=loop.more_arguments(job, "validation"),
        docstring=loop.docstring(
            job, "Train; a checkpoint after each epoch, from the last of which `resume` goes on.", data, _VALIDATION
        ),
        made=handed if by_hand else simple,
    )
