"""Lightning: `configure_optimizers`, with the interval that the clock asks for."""

from __future__ import annotations

from typing import ClassVar

from lrlab.document import Trial
from lrlab.document.run import DataRun, Run
from lrlab.exporters import loop, module, torch_like
from lrlab.exporters.base import Job
from lrlab.exporters.pytorch import raises, scheduler
from lrlab.schedules.torch.simple import TorchSchedule
from lrlab.trees.python import Writer

INTERVALS = {"step": "step", "epoch": "epoch"}
"""Lightning's interval for each clock that it has; the others are worked into the function."""

_CONFIGURE = '''
def configure_optimizers(parameters):
    """What a LightningModule's method of that name returns: Lightning steps the scheduler once per <each>."""
    optimizer = make_optimizer(parameters)
    scheduler = {"scheduler": make_scheduler(optimizer), "interval": "<interval>", "frequency": 1<monitor>}
    return {"optimizer": optimizer, "lr_scheduler": scheduler}


class Training(lightning.LightningModule):
    """A model trained on this schedule<validated>; checkpoints hold optimizer and scheduler."""

    def __init__(self, model, loss_function<argument>):
        super().__init__()
        self.model, self.loss_function = model, loss_function
        <kept>

    def training_step(self, batch, index):
        inputs, targets = batch
        return self.loss_function(self.model(inputs), targets)

    <methods>
    def configure_optimizers(self):
        return configure_optimizers(<parameters>)


def train(model, loader, loss_function, <more>path="checkpoints", resume=None):
    <docstring>
    trainer = lightning.Trainer(
        max_epochs=<epochs>,
        <limits>
        default_root_dir=path,
    )
    trainer.fit(Training(model, loss_function<passed>), loader, <validating>ckpt_path=resume)
    return trainer
'''
_VALIDATION = "`validation`: the loader that the metric is measured on."
_STEP = """
def validation_step(self, batch, index):
    inputs, targets = batch
    self.log("val_loss", self.loss_function(self.model(inputs), targets))

"""
_STOP = """
def on_train_batch_end(self, outputs, batch, index):
    self.trainer.should_stop = self.global_step == TOTAL_STEPS  # max_steps would resume epochs wrongly

"""


class Lightning(torch_like.TorchLike):
    """`BASE_LR` and `configure_optimizers(parameters)`."""

    target = "lightning"
    title = "Lightning"
    suffix = "_lightning.py"
    versions: ClassVar = {"lightning": "2.6.6", "torch": "2.13.0"}

    def not_native(self, run: Run, trial: Trial) -> str:
        if not isinstance(trial.schedule, TorchSchedule):
            return super().not_native(run, trial)
        if trial.clock not in INTERVALS:
            return f"Lightning has no interval of one step per {module.UNITS[trial.clock]}"
        return raises(run, trial)

    def how(self, job: Job) -> str:
        return "torch's own scheduler" if job.native else "one LambdaLR over the curve"

    def counts_steps(self, job: Job) -> bool:
        return job.trial.clock not in INTERVALS

    def lost(self, job: Job) -> list[str]:
        watches = loop.watches(job)
        late = ["in a checkpoint: the metric of its epoch, which Lightning shows the scheduler after writing it"]
        other = ["a metric to be maximised: validation_step logs the loss, put yours in its place"]
        highest = job.trial.schedule.wants_high
        return super().lost(job) + late * (watches and job.trial.clock == "epoch") + other * (watches and highest)

    def imports(self, job: Job) -> set[str]:
        return {"import lightning", "import torch"}

    def run_constants(self, job: Job) -> dict[str, str]:
        """The constants, with those that the Trainer is given."""
        told = {"PROCESSES": str(job.run.devices)} if isinstance(job.run, DataRun) else {}
        drops = {"STEPS_PER_EPOCH": str(job.run.updates)} if loop.drops(job) else {}
        pads = {"MICRO_BATCHES_PER_EPOCH": str(job.run.micro_batches)} if _pads(job) and not drops else {}
        return super().run_constants(job) | told | drops | pads

    def defines(self, job: Job, writer: Writer) -> list[str]:
        shown = loop.watches(job)
        interval = INTERVALS.get(job.trial.clock, "step")
        unbounded = loop.unbounded(job) and interval == "step"
        length = "TOTAL_STEPS optimizer steps" if unbounded else "EPOCHS epochs"
        configure = module.fill(
            _CONFIGURE,
            each="optimizer step" if interval == "step" else "epoch",
            interval=interval,
            monitor=', "monitor": "val_loss"' * shown,
            validated=", and validated for its metric" * shown,
            argument=", parameters" * job.several,
            kept="self.groups = parameters" if job.several else "",
            methods=_STEP.lstrip("\n") * shown + _STOP.lstrip("\n") * (loop.partial(job) or unbounded),
            epochs="-1" if unbounded else "EPOCHS",
            parameters="self.groups" if job.several else "self.model.parameters()",
            more=loop.more_arguments(job, "validation"),
            docstring=loop.docstring(
                job,
                f"Train for {length}; `resume`: the path of a checkpoint to go on from.",
                loop.all_batches(job),
                _VALIDATION,
            ),
            limits="\n".join(_limits(job)),
            passed=", parameters" * job.several,
            validating="validation, " * shown,
        )
        return [*scheduler(job, writer, by_step=self.counts_steps(job)), torch_like.make_optimizer(job), configure]

    def check(self, job: Job) -> str:
        return torch_like.check(job, loop.checked_step(job), by_step=self.counts_steps(job))


def _pads(job: Job) -> bool:
    """Whether Lightning makes another batch of samples that the run drops."""
    return isinstance(job.run, DataRun) and job.run.drop_last and job.run.devices > 1


def _limits(job: Job) -> list[str]:
    """What the Trainer is given to know about the run besides its epochs."""
    told = ["devices=PROCESSES,  # of one node"] if isinstance(job.run, DataRun) else []
    told += ["accumulate_grad_batches=ACCUMULATE,"] if job.run.accumulate > 1 else []
    if loop.drops(job):
        told.append("limit_train_batches=STEPS_PER_EPOCH * ACCUMULATE,  # the rest of an epoch makes no step")
    elif _pads(job):
        told.append("limit_train_batches=MICRO_BATCHES_PER_EPOCH,  # Lightning's sampler pads what the run drops")
    return told + (
        ["val_check_interval=1,  # an int: every micro-batch"]
        if loop.watches(job) and job.trial.clock == "step"
        else []
    )
