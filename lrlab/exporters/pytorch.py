"""PyTorch: its own scheduler where that gives the curve over the whole run, else a LambdaLR.

The LambdaLR calls the curve, written as a plain function.
"""

from __future__ import annotations

from lrlab.document import Trial
from lrlab.document.run import DataRun, Run, calls
from lrlab.exporters import accelerate, floats, loop, module, plain, torch_like
from lrlab.exporters.base import Job
from lrlab.schedules.torch.simple import TorchSchedule
from lrlab.trees.python import Writer

_PORTABLE = """
for group in optimizer.param_groups:
    group["lr"] = group["initial_lr"] = 1.0  # what the factors multiply: they are the rates themselves
return torch.optim.lr_scheduler.LambdaLR(optimizer, <factors>)
"""


class PyTorch(torch_like.TorchLike):
    """`BASE_LR` and `make_scheduler(optimizer)`."""

    target = "pytorch"
    title = "PyTorch"
    suffix = "_pytorch.py"
    loops = ("plain", "accelerate")

    def not_native(self, run: Run, trial: Trial) -> str:
        if not isinstance(trial.schedule, TorchSchedule):
            return super().not_native(run, trial)
        return raises(run, trial)

    def lost(self, job: Job) -> list[str]:
        return super().lost(job) + loop.alone(job) * (job.loop == "plain")

    def imports(self, job: Job) -> set[str]:
        return super().imports(job) | ({"from accelerate import Accelerator"} if job.loop == "accelerate" else set())

    def run_constants(self, job: Job) -> dict[str, str]:
        """With the number of processes, which Accelerate's loop compares with its own."""
        counted = job.loop == "accelerate" and isinstance(job.run, DataRun)
        return super().run_constants(job) | ({"PROCESSES": str(job.run.devices)} if counted else {})

    def how(self, job: Job) -> str:
        return "its own scheduler" if job.native else "one LambdaLR over the curve"

    def defines(self, job: Job, writer: Writer) -> list[str]:
        made = [*scheduler(job, writer), torch_like.make_optimizer(job)]
        if job.loop == "accelerate":
            return [*made, accelerate.training(job)]
        step = loop.step_call(job)
        if job.trial.clock == "process":
            step = f"for _ in range(PROCESSES):  # as a scheduler does that Accelerate prepared\n    {step}"
        return [*made, *torch_like.training(job, step)]

    def check(self, job: Job) -> str:
        return torch_like.check(job, loop.checked_step(job))


def raises(run: Run, trial: Trial) -> str:
    """Why the genuine scheduler does not get through the run; nothing where it does."""
    last = min(bound.raises_at() for bound in trial.bound(run))
    if calls(run, trial.clock) >= last:
        return f"it raises at call {last:,.0f} of step(), and the run makes {calls(run, trial.clock):,}"
    if floats.expression_raises(run, trial):
        return "its expression, written over floats, raises in plain Python, by an overflow or a division by zero"
    return ""


def scheduler(job: Job, writer: Writer, *, by_step: bool = False) -> list[str]:
    """`make_scheduler`, and before it the curve where torch has no such scheduler of its own.

    `by_step`: it is stepped once per optimizer step, whatever the clock.
    """
    says = f"The scheduler; call its step() once per {'optimizer step' if by_step else module.UNITS[job.trial.clock]}."
    if job.native:
        lines = [f"return {module.native_call(job, writer)}"]
        return [module.function("def make_scheduler(optimizer):", says, lines)]
    functions = plain.curve_functions(job, writer)
    lines = lambda_lr(job, len(functions), by_step=by_step)
    return [
        *functions,
        *([ticks(job, writer)] if by_step else []),
        module.function("def make_scheduler(optimizer):", says, lines),
    ]


def ticks(job: Job, writer: Writer) -> str:
    """The function that counts the clock's ticks, for a scheduler stepped once per optimizer step."""
    says = "How often the clock of the run has called scheduler.step() before optimizer step `step`."
    return module.function(
        "def ticks(step):", says, writer.body(module.tick_tree(job.run, job.trial)).ending("return {}")
    )


def lambda_lr(job: Job, functions: int, *, by_step: bool = False) -> list[str]:
    """The statements that return a LambdaLR over the functions of the curve.

    `by_step`: it is stepped once per optimizer step, whatever the clock.
    """
    count, at = ("step", "ticks(step)") if by_step else ("tick", "tick")
    names = [f"learning_rate_{i}" for i in range(functions)]
    if not job.several:
        return module.fill(
            _PORTABLE, factors="lambda step: learning_rate(ticks(step))" if by_step else "learning_rate"
        ).splitlines()
    if functions == 1:
        lines = [f"factors = [lambda {count}, base=base: learning_rate({at}, base) for base in BASE_LR]"]
    else:
        pairs = f"zip([{', '.join(names)}], BASE_LR, strict=True)"
        lines = [
            f"pairs = {pairs}",
            f"factors = [lambda {count}, rate=rate, base=base: rate({at}, base) for rate, base in pairs]",
        ]
    return lines + module.fill(_PORTABLE, factors="factors").splitlines()
