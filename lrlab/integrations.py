"""A loaded experiment as a scheduler inside training code; the framework is imported only here, and only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lrlab.experiment import rates

if TYPE_CHECKING:
    from lrlab.experiment import Experiment


def torch_scheduler(optimizer: Any, experiment: Experiment, trial: str | None = None) -> Any:
    """A LambdaLR that gives the optimizer this trial's rates, to be stepped by the trial's clock.

    The optimizer needs as many parameter groups as the trial has; their own rates are replaced by the trial's.
    Raises DocumentError for an unknown trial, ValueError where the groups do not fit, ImportError without torch.
    """
    try:
        from torch.optim.lr_scheduler import LambdaLR  # noqa: PLC0415 (only who trains with torch needs it)
    except ImportError:
        msg = "torch_scheduler needs PyTorch: pip install torch"
        raise ImportError(msg) from None
    chosen = experiment.trial(trial)
    groups = chosen.bound(experiment.run)
    if len(optimizer.param_groups) != len(groups):
        msg = f"the optimizer has {len(optimizer.param_groups)} parameter groups, the trial {chosen.name!r} has {len(groups)}"
        raise ValueError(msg)
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] = 1.0  # the factors below are then the rates themselves

    def rate(index: int) -> Any:
        schedule, base_lr = groups[index], chosen.base_rates[index]
        return lambda tick: float(rates(schedule, base_lr, np.array([float(tick)]))[0])

    return LambdaLR(optimizer, [rate(i) for i in range(len(groups))])
