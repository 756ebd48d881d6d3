"""What the targets on PyTorch share: the curve over plain numbers, the optimizer, the training loop, checkpoints and the self-check."""

from __future__ import annotations

from typing import ClassVar

from lrlab.exporters import module
from lrlab.exporters.base import Job
from lrlab.exporters.writer import Writer
from lrlab.run import StepRun
from lrlab.schedules.recurrence import MetricDriven
from lrlab.schedules.trace import symbol


class TorchLike(module.Module):
    """`BASE_LR` and `make_scheduler(optimizer)`, to be stepped by the trial's clock."""

    versions: ClassVar = {"torch": "2.13.0"}

    def imports(self, job: Job) -> set[str]:
        found = {"import torch"}
        return found | {"from itertools import islice"} if _partial(job) else found

    def run_constants(self, job: Job) -> dict[str, str]:
        """Those that its loop counts with."""
        run, found = job.run, super().run_constants(job)
        if run.accumulate > 1:
            found["ACCUMULATE"] = str(run.accumulate)
        if _partial(job):
            found |= {"TOTAL_STEPS": str(run.steps), "STEPS_PER_EPOCH": str(run.updates)}
        if job.trial.clock == "process":
            found["PROCESSES"] = str(run.devices)
        return found


def curve_functions(job: Job, writer: Writer) -> tuple[list[str], str]:
    """The rate after so many ticks, as functions; and what gives one function for all groups, or a list of one for each."""
    trees = module.curve_trees(job, symbol("tick"))
    arguments = "tick, base" if job.many else "tick"
    says = "The learning rate after `tick` calls of scheduler.step()."
    names = ["learning_rate"] if len(trees) == 1 else [f"learning_rate_{i}" for i in range(len(trees))]
    functions = [module.function(f"def {name}({arguments}):", says, writer.body(tree)) for name, tree in zip(names, trees, strict=True)]
    if not job.many:
        return functions, "learning_rate"
    if len(trees) == 1:
        return functions, "[lambda tick, base=base: learning_rate(tick, base) for base in BASE_LR]"
    pairs = f"zip([{', '.join(names)}], BASE_LR, strict=True)"
    return functions, f"[lambda tick, rate=rate, base=base: rate(tick, base) for rate, base in {pairs}]"


def make_optimizer(job: Job) -> str:
    """The function that builds an optimizer with the right rates."""
    if not job.many:
        lines = ["return torch.optim.SGD(parameters, lr=BASE_LR, momentum=0.9)"]
        return module.function("def make_optimizer(parameters):", "An optimizer with the base rate; any other will do as well.", lines)
    lines = [
        'groups = [{"params": params, "lr": lr} for params, lr in zip(parameters, BASE_LR, strict=True)]',
        "return torch.optim.SGD(groups, lr=BASE_LR[0], momentum=0.9)",
    ]
    says = "An optimizer of one parameter group for each base rate; any other will do as well."
    return module.function("def make_optimizer(parameters):", says, lines)


_TRAIN = '''
def train(model, loader, loss_function, <more>path="checkpoint.pt", resume=False):
    """Train for EPOCHS epochs<on>; a checkpoint after each, from which `resume` goes on."""
    optimizer = make_optimizer(<parameters>)
    scheduler = make_scheduler(optimizer)
    start = load(path, model, optimizer, scheduler) if resume else 0
    <counted>
    for epoch in range(start, EPOCHS):
        <fresh>
        <head>
            loss = loss_function(model(inputs), targets)
            <backward>
            <update>
            <each_micro_batch>
        <each_epoch>
        save(path, epoch + 1, model, optimizer, scheduler)
    return optimizer
'''
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


def _partial(job: Job) -> bool:
    """Whether the run ends within an epoch."""
    return isinstance(job.run, StepRun) and job.run.steps % job.run.updates > 0


def more_arguments(job: Job) -> str:
    """What `train` needs besides model, data and loss."""
    return "parameters, " * job.many + "evaluate, " * (job.native and isinstance(job.trial.schedule, MetricDriven))


def training(job: Job, step: str, counted: str = "") -> list[str]:
    """The training loop with `step` where the clock has it, and what saves and loads; `counted` is set before the first epoch."""
    run, clock = job.run, job.trial.clock
    numbered = run.accumulate > 1
    source = "islice(loader, TOTAL_STEPS - epoch * STEPS_PER_EPOCH)" if _partial(job) else "loader"
    whole = "i % ACCUMULATE == 0" + " or i == len(loader)" * (getattr(run, "leftover", "step") == "step")
    update = "optimizer.step()\noptimizer.zero_grad()" + (f"\n{step}" if clock in {"step", "process"} else "")
    text = module.fill(
        _TRAIN,
        more=more_arguments(job),
        on=", `parameters` being a list for each base rate" * job.many,
        parameters="parameters" if job.many else "model.parameters()",
        counted=counted,
        fresh="optimizer.zero_grad()" if numbered and getattr(run, "leftover", "") == "drop" else "",
        head="for i, (inputs, targets) in enumerate(loader, start=1):" if numbered else f"for inputs, targets in {source}:",
        backward="(loss / ACCUMULATE).backward()" if numbered else "loss.backward()",
        update=f"if {whole}:\n" + "\n".join(f"    {line}" for line in update.splitlines()) if numbered else update,
        each_micro_batch=step if clock == "micro_batch" else "",
        each_epoch=step if clock == "epoch" else "",
    )
    return [text, _CHECKPOINT.strip("\n")]


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


def check(job: Job, step: str) -> str:
    """The self-check: a scheduler on idle parameters, moved on by `step`."""
    shown = job.native and isinstance(job.trial.schedule, MetricDriven)
    metrics = [f'float("{m}")' if isinstance(m, str) else repr(m) for m in job.metrics[: max(job.expected(by_step=False))]]
    idle = "torch.nn.Parameter(torch.zeros(1))"
    return module.fill(
        _CHECK,
        optimizer=f"optimizer = make_optimizer([[{idle}] for _ in BASE_LR])" if job.many else f"optimizer = make_optimizer([{idle}])",
        metrics=f"metrics = [{', '.join(metrics)}]  # of the preview" if shown else "",
        compare="largest = max(largest, *(abs(rate - lr) for rate, lr in zip(rates, EXPECTED[tick], strict=True)))"
        if job.many
        else "largest = max(largest, abs(rates[0] - EXPECTED[tick]))",
        step=f"if tick < len(metrics):\n    {step}" if shown else step,
        scale="max(abs(lr) for rates in EXPECTED.values() for lr in rates)" if job.many else "max(map(abs, EXPECTED.values()))",
    )
