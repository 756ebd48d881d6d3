"""One of several processes: trains by the Accelerate loop of every document in a folder, from the start and from a
checkpoint.

    python -m torch.distributed.run --standalone --nproc-per-node 2 tests/genuine/processes.py FOLDER

writes FOLDER/<rank>.txt: by document, the rates that each optimizer step of this process used, or what the loop said.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import drivers
import torch
from test_training import INTERRUPTED, Model, loss_function, recorded
from torch.utils.data import DataLoader, TensorDataset

import lrlab
from lrlab.exporters import export


def trained(path: Path) -> Any:
    experiment = lrlab.load(path)
    made = drivers.module(export(experiment, "pytorch", loop="accelerate"))
    data = TensorDataset(*torch.zeros(2, experiment.run.samples, 1))
    found = []
    for resume in (0, INTERRUPTED):
        loader = DataLoader(data, experiment.run.batch_size, drop_last=experiment.run.drop_last)
        try:
            with recorded() as steps:
                made["train"](Model(experiment), loader, loss_function, path=str(path.with_suffix("")), resume=resume)
        except ValueError as error:
            return str(error)
        found.append([step[0]["lr"] for step in steps])
    return found


folder = Path(sys.argv[1])
found = {path.stem: trained(path) for path in sorted(folder.glob("*.json"))}
(folder / f"{os.environ['RANK']}.txt").write_text(json.dumps(found))
torch.distributed.destroy_process_group()
