"""What the SGDR paper measured: its Tables 1 and 2, test errors in percent after 200 epochs."""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from lrlab.settings import Settings, Wording

DATA = ("CIFAR-10", "CIFAR-100")
WIDE, WIDER = "WRN-28-10", "WRN-28-20"
COSINE, RESTARTS = "T_0 = 200, T_mult = 1", "T_0 = 10, T_mult = 2"
"""The one cosine over the whole run, and the restarts that the paper recommends."""


class Paper(Settings):
    """Which of the results are shown."""

    key: ClassVar[str] = "paper"

    data: Annotated[Literal["CIFAR-10", "CIFAR-100"], Wording("data set")] = "CIFAR-10"
    network: Annotated[
        Literal["both", "WRN-28-10", "WRN-28-20"], Wording("network", "wide residual networks; 28-20 is the wider one")
    ] = "both"


class Ensemble(NamedTuple):
    """An ensemble: so many snapshots of each of so many runs, with their predictions averaged; `errors` by data set."""

    runs: int
    snapshots: int
    errors: dict[str, float]

    @property
    def models(self) -> int:
        """How many networks predict together."""
        return self.runs * self.snapshots


class Tables(NamedTuple):
    """Both tables: `singles` by schedule, network and data set; and the ensembles, all of WRN-28-10 with T_0 = 10,
    T_mult = 2.
    """

    source: str
    networks: dict[str, str]
    singles: dict[str, dict[str, dict[str, float]]]
    ensembles: tuple[Ensemble, ...]

    def best(self, network: str, data: str) -> str:
        """The schedule whose single model makes the fewest errors."""
        return min(self.singles, key=lambda schedule: self.singles[schedule][network][data])


def step_decay(steps: int) -> dict[str, Any]:
    """The paper's baseline, for a run of so many steps: the rate times 0.2 after 60, 120 and 160 of 200 epochs."""
    return {
        "kind": "torch.MultiStepLR",
        "milestones": [round(share * steps) for share in (0.3, 0.6, 0.8)],
        "gamma": 0.2,
    }


@cache
def tables() -> Tables:
    """The tables as the paper has them."""
    text = (importlib.resources.files("lrlab.lessons") / "sgdr_paper.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    singles = {
        row["schedule"]: {network: dict(zip(DATA, errors, strict=True)) for network, errors in row["errors"].items()}
        for row in raw["singles"]
    }
    ensembles = tuple(
        Ensemble(row["runs"], row["snapshots"], dict(zip(DATA, row["errors"], strict=True))) for row in raw["ensembles"]
    )
    return Tables(raw["source"], raw["networks"], singles, ensembles)
