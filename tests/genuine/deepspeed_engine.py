"""Trains a tiny model with the genuine engine of DeepSpeed, once for each case of the JSON on stdin; prints the rates
that its steps used, as JSON.

It runs from DeepSpeed's source, on the CPU, where nothing of it needs to be compiled: LRLAB_DEEPSPEED=folder python
tests/genuine/deepspeed_engine.py
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import torch


def followed(deepspeed: Any, case: dict[str, Any]) -> dict[str, Any]:
    """Rates, and first betas, of every optimizer step; a case: `config`, `steps`, `groups` (rates or null), `code` (of
    a scheduler) or nothing.
    """
    groups, more = case["groups"], {}
    model = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in groups or [None]))
    parameters: Any = list(model.parameters())
    if groups:
        parameters = [{"params": list(part.parameters()), "lr": rate} for part, rate in zip(model, groups, strict=True)]
    if case["code"]:
        names: dict[str, Any] = {"__name__": "exported"}
        exec(case["code"], names)  # noqa: S102 (exported code is to be run)
        more["lr_scheduler"] = names["make_scheduler"]
    case["config"]["optimizer"]["params"]["torch_adam"] = True  # its own is compiled
    engine, optimizer, _, scheduler = deepspeed.initialize(
        model=model, model_parameters=parameters, config=case["config"], **more
    )
    inputs = torch.ones(2, 2, dtype=next(engine.module.parameters()).dtype)
    rates, betas = [], []
    while len(rates) < case["steps"]:
        engine.backward(engine(inputs).sum())
        if engine.is_gradient_accumulation_boundary():
            rates.append([float(group["lr"]) for group in optimizer.param_groups])
            betas.append([float(group["betas"][0]) for group in optimizer.param_groups])
        engine.step()
    return {
        "optimizer": type(optimizer).__name__,
        "scheduler": type(scheduler).__name__,
        "rates": rates,
        "betas": betas,
    }


def main() -> None:
    """Read the cases, print what was followed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "DS_ACCELERATOR": "cpu",
    }
    cases, printed = json.load(sys.stdin), sys.stdout
    sys.stdout = sys.stderr  # what DeepSpeed logs
    with tempfile.TemporaryDirectory() as folder:
        source = next(Path(os.environ["LRLAB_DEEPSPEED"]).glob("deepspeed-*.tar.gz"))
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        sys.path.insert(0, str(next(Path(folder).iterdir())))
        import deepspeed  # noqa: PLC0415 (now it is there)

        deepspeed.ops.__compatible_ops__.clear()  # so that it compiles nothing
        print(json.dumps([followed(deepspeed, case) for case in cases]), file=printed)


if __name__ == "__main__":
    main()
