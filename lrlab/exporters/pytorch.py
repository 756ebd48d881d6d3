"""PyTorch: its own constructors where they give this very curve over the whole run, one LambdaLR over the plain function otherwise."""

from __future__ import annotations

from lrlab.experiment import Trial
from lrlab.exporters import module, torch_like
from lrlab.exporters.base import Job, Loop
from lrlab.exporters.constructor import constructor
from lrlab.exporters.writer import Writer
from lrlab.run import Run, calls
from lrlab.schedules.recurrence import MetricDriven
from lrlab.schedules.torch import TorchSchedule

_PORTABLE = """
for group in optimizer.param_groups:
    group["lr"] = 1.0  # what the factors multiply: they are the rates themselves
return torch.optim.lr_scheduler.LambdaLR(optimizer, <factors>)
"""


class PyTorch(torch_like.TorchLike):
    """`BASE_LR` and `make_scheduler(optimizer)`."""

    target = "pytorch"
    title = "PyTorch"
    suffix = "_pytorch.py"
    loops = ("plain", "accelerate")

    def not_native(self, run: Run, trial: Trial, loop: Loop = "plain") -> str:
        return raises(run, trial) if isinstance(trial.schedule, TorchSchedule) else super().not_native(run, trial, loop)

    def how(self, job: Job) -> str:
        return "its own scheduler" if job.native else "one LambdaLR over the curve"

    def defines(self, job: Job, writer: Writer) -> list[str]:
        step = "scheduler.step(evaluate(model))" if job.native and isinstance(job.trial.schedule, MetricDriven) else "scheduler.step()"
        if job.trial.clock == "process":
            step = f"for _ in range(PROCESSES):  # as a scheduler does that Accelerate prepared\n    {step}"
        return [*scheduler(job, writer), torch_like.make_optimizer(job), *torch_like.training(job, step)]

    def check(self, job: Job) -> str:
        shown = job.native and isinstance(job.trial.schedule, MetricDriven)
        return torch_like.check(job, "scheduler.step(metrics[tick])" if shown else "scheduler.step()")


def raises(run: Run, trial: Trial) -> str:
    """Why the genuine scheduler does not get through the run; nothing where it does."""
    last = trial.bound(run)[0].raises_at()
    return f"it raises at call {last:,.0f} of step(), and the run makes {calls(run, trial.clock):,}" if calls(run, trial.clock) >= last else ""


def scheduler(job: Job, writer: Writer) -> list[str]:
    """`make_scheduler`, and the curve before it where torch has no scheduler of its own for it."""
    says = f"The scheduler; call its step() once per {module.UNITS[job.trial.clock]}."
    if job.native:
        return [module.function("def make_scheduler(optimizer):", says, [f"return {constructor(writer, job.trial.schedule, job.bound)}"])]
    functions, factors = torch_like.curve_functions(job, writer)
    return [*functions, module.function("def make_scheduler(optimizer):", says, module.fill(_PORTABLE, factors=factors).splitlines())]
