"""The parameter groups of the trial being shaped: one rate, some rates, or rates that fall from layer to layer."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from lrlab.document import Experiment
from lrlab.document.trial import MAX_GROUPS
from lrlab.document.typed import number, written
from lrlab.schedules.params import Control
from lrlab.settings import Settings, Wording
from lrlab.ui import memory, state
from lrlab.ui.panel import Panel, controls
from lrlab.ui.panel.panel import Node

MOST_LISTED = 6  # rates that are listed before they are used
OPEN = "groups"

How = Literal["one", "two", "layers", "list"]


class Groups(Settings):
    """How the groups' rates are made from the largest one."""

    key = "groups"

    how: Annotated[How, Wording("Rates", names=("one group", "backbone and head", "layer-wise decay", "a list"))] = (
        "two"
    )
    share: Annotated[
        float, Field(ge=0, le=1), Control("factor", high=1, step=0.01, label="the backbone's share of the head's rate")
    ] = 0.1
    factor: Annotated[
        float, Field(ge=0.01, le=1), Control("factor", low=0.01, high=1, step=0.01, label="decay from layer to layer")
    ] = 0.75
    depth: Annotated[
        int, Field(ge=1, le=MAX_GROUPS - 1), Control("number", low=1, high=48, label="layers below the head")
    ] = 12
    rates: Annotated[str, Field(max_length=4000), Wording("rates", "with commas between them")] = ""


FIELDS: dict[str, tuple[str, ...]] = {"one": (), "two": ("share",), "layers": ("factor", "depth"), "list": ("rates",)}


def node(panel: Panel[Experiment]) -> Node:
    """A button that opens the ways to make groups."""
    form = controls.a_form(panel, OPEN, "Groups", "account_tree")
    if not form["open"]:
        return form
    settings = memory.at_hand(Groups)
    if len(state.trial().base_rates) > 1 and Groups.key not in memory.recall(memory.AT_HAND):
        settings = settings.replaced(how="one")
    nodes = [
        controls.of_settings(
            panel, f"groups/{name}", settings, name, partial(memory.replaced, Groups, name), memory.put
        )
        for name in ("how", *FIELDS[settings.how])
    ]
    try:
        wanted = _wanted(settings, max(state.trial().base_rates))
    except ValueError as error:
        nodes.append(controls.caption("groups/said", f"{error}: numbers with commas between them, such as 0.01, 0.1"))
        return form | {"nodes": nodes}
    listed = wanted if isinstance(wanted, list) else [wanted]
    text = ", ".join(written(float(f"{rate:.4g}")) for rate in listed[:MOST_LISTED])
    more = f" … {listed[-1]:.4g} ({len(listed)} groups)" if len(listed) > MOST_LISTED else ""
    use = controls.a_button(panel, "groups/use", partial(_use, wanted), "Use them", primary=True)
    return form | {"nodes": [*nodes, controls.caption("groups/said", f"base_lr: {text}{more}"), use]}


def _use(rates: float | list[float]) -> None:
    state.set_groups(rates)


def _wanted(settings: Groups, head: float) -> float | list[float]:
    """The rates that were asked for; the last group is the head."""
    if settings.how == "one":
        return head
    if settings.how == "list":
        return [number(part) for part in (settings.rates or f"{head:g}, {head:g}").split(",")]
    if settings.how == "two":
        return [_round(head * settings.share), head]
    depth = settings.depth
    return [_round(head * settings.factor ** (depth - layer)) for layer in range(depth)] + [head]


def _round(rate: float) -> float:
    return float(f"{rate:.12g}")
