"""What the targets on PyTorch share: the optimizer, checkpoints and the self-check."""

from __future__ import annotations

from typing import ClassVar

from lrlab.exporters import loop, module, plain
from lrlab.exporters.base import Job
from lrlab.trees.python import Flavour


class TorchLike(module.Module):
    """`BASE_LR` and `make_scheduler(optimizer)`, to be stepped by the trial's clock."""

    versions: ClassVar = {"torch": "2.13.0"}

    def written_in(self, job: Job) -> Flavour:
        return plain.written_in(job)

    def imports(self, job: Job) -> set[str]:
        return {"import torch"} | loop.imports(job)

    def run_constants(self, job: Job) -> dict[str, str]:
        """The constants with which its loop counts."""
        return super().run_constants(job) | loop.constants(job)


def make_optimizer(job: Job, kind: str = "SGD", more: str = ", momentum=0.9") -> str:
    """The function that builds an optimizer with the right rates."""
    if not job.several:
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


def training(job: Job, step: str, *, counted: str = "", state: str = "") -> list[str]:
    """The training loop, and what saves and loads.

    `state`: the lines that set `state`, which is then saved instead of the scheduler.
    """
    parameters = "parameters" if job.several else "model.parameters()"
    made = f"optimizer = make_optimizer({parameters})\nscheduler = make_scheduler(optimizer)\n{state}"
    return [
        loop.train(job, step, made, counted=counted, saved="state" if state else "scheduler"),
        _CHECKPOINT.strip("\n"),
    ]


_CHECK = '''
def check():
    """Print how far the scheduler's rates are from EXPECTED; whether that is too far."""
    <optimizer>
    scheduler = <maker>(optimizer)
    <metrics>
    largest = 0.0
    for <count> in range(max(EXPECTED) + 1):
        rates = [group["lr"] for group in optimizer.param_groups]
        if <count> in EXPECTED:
            <compare>
        optimizer.step()
        <step>
    print(f"largest deviation: {largest:.3g}")
    return largest > 1e-9 * <scale>
'''


def check(job: Job, step: str, *, by_step: bool = False, maker: str = "make_scheduler") -> str:
    """The self-check, as text: a scheduler that `maker` made is stepped on idle parameters.

    `step` moves it on, and may show it one of the `metrics` of the preview.
    """
    count = "step" if by_step else "tick"
    idle = "torch.nn.Parameter(torch.zeros(1))"
    return module.fill(
        _CHECK,
        count=count,
        maker=maker,
        optimizer=f"optimizer = make_optimizer([[{idle}] for _ in BASE_LR])"
        if job.several
        else f"optimizer = make_optimizer([{idle}])",
        metrics=loop.metrics(job, by_step=by_step),
        compare=f"largest = max(largest, *(abs(rate - lr) for rate, lr in zip(rates, EXPECTED[{count}], strict=True)))"
        if job.several
        else f"largest = max(largest, abs(rates[0] - EXPECTED[{count}]))",
        step=step,
        scale="max(abs(lr) for rates in EXPECTED.values() for lr in rates)"
        if job.several
        else "max(map(abs, EXPECTED.values()))",
    )
