"""What Tune remembers beside the document, and how the address carries it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any, Literal

import streamlit as st
from pydantic import AfterValidator, Field

from lrlab.document.run import MAX_STEPS, Clock
from lrlab.document.sentences import short
from lrlab.exporters import EXPORTERS
from lrlab.exporters.base import Form, Loop
from lrlab.plans import budget
from lrlab.plans.resume import How, Stretch
from lrlab.schedules import KINDS, did_you_mean
from lrlab.schedules.params import Control
from lrlab.settings import Settings, Wording
from lrlab.ui import address, memory, state
from lrlab.ui.panel import Panel, controls
from lrlab.ui.panel.panel import Node
from lrlab.ui.widgets import WHOLE, offer

CALLERS: dict[str, tuple[Clock, str]] = {
    "step": ("step", "step() per optimizer step"),
    "epoch": ("epoch", "step() per epoch"),
    "micro_batch": ("micro_batch", "step() per micro-batch"),
    "process": ("process", "Accelerate: step() per process"),
    "split_batches": ("step", "Accelerate, split_batches=True"),
    "lightning_step": ("step", 'Lightning, interval="step"'),
    "lightning_epoch": ("epoch", 'Lightning, interval="epoch" (default)'),
    "trainer": ("step", "transformers Trainer"),
}
"""Who calls scheduler.step(), by the name in the address: the clock that this comes to, and how it is called on the
page. The first of each clock is what a document alone tells.
"""


def _known(target: str) -> str:
    if target not in EXPORTERS:
        msg = f"{short(repr(target), 80)} is no target{did_you_mean(target[:80], EXPORTERS)}"
        raise ValueError(msg)
    return target


Count = Annotated[int, Field(ge=0, le=MAX_STEPS)]
MOST_COUNTED = 10**9
"""Samples in a batch, tokens in a sequence, sequences in a step: at most so many."""
Many = Annotated[int, Field(ge=1, le=MOST_COUNTED)]


class Tune(Settings):
    """What is chosen and typed in the tabs; None: what fits the run, or the trial, at hand."""

    key = "tune"

    tab: Literal["Numbers", "Advice", "Restarts", "Resume", "Formula", "Code", "Share", "Import"] = "Numbers"
    asked: Annotated[Count | None, Control("updates", label="LR at step")] = None
    """The step whose rate the table of numbers tells."""
    durations: bool = False
    """Whether the lengths of nested schedules are shown in place of the steps where each begins."""
    callers: Annotated[str, Field(max_length=2000)] = ""
    """Who calls step(), by the trials' places, with commas between them; nothing where the clock alone tells."""
    target: Annotated[str, AfterValidator(_known)] = "pytorch"
    form: Form | None = None
    loop: Loop | None = None
    resume_step: Count | None = None
    resume_how: How | Literal["longer"] = "state"
    resume_length: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    resume_stretch: Stretch = "re-horizon"
    scale_rate: Annotated[
        float, Field(ge=1e-12, le=1e6), Control("rate", low=1e-8, high=10.0, log=True, label="a rate known to be good")
    ] = 0.1
    scale_batch: Annotated[Many, Control("number", label="for a batch of")] = 256
    scale_rule: Annotated[budget.Scaling, Wording("scaled")] = "linear"
    tokens: Annotated[
        float,
        Field(ge=1, le=1e18),
        Control("number", low=1e6, high=1e14, log=True, label="tokens", help="such as 3e11"),
    ] = 3e11
    token_length: Annotated[Many, Control("number", label="sequence length")] = 2048
    token_batch: Annotated[Many | None, Control("number", label="sequences in a step")] = None


def named(kinds: Iterable[str]) -> dict[str, str]:
    """What a list of schedules says: kind and name, the frameworks in the catalogue's order."""
    frameworks = list(dict.fromkeys(kind.partition(".")[0] for kind in KINDS))
    ordered = sorted(kinds, key=lambda kind: (frameworks.index(kind.partition(".")[0]), kind.lower()))
    return {kind: kind.replace(".", " · ", 1) for kind in ordered}


def chosen() -> Tune:
    """What is chosen now."""
    return memory.at_hand(Tune)


def choose(**changes: Any) -> None:
    """Remember another choice."""
    memory.put(chosen().replaced(**changes))


def link() -> dict[str, str]:
    """The entries of an address that open Tune like this; none beside an experiment that does not fit into one."""
    return chosen().replaced(callers=_callers()).written() if state.link() else {}


ADDRESS = address.Part("tune", lambda name: name.partition(".")[0] == Tune.key, link)


def take() -> list[str]:
    """Take up what the address asks for, where a person has gone there; what is wrong in it. A bare address, as the
    menu's links have it, leaves what is at hand.
    """
    if not ADDRESS.gone_to():
        return []
    problems: list[str] = []
    asked = ADDRESS.asked()
    if asked or state.LINK in st.query_params:
        problems = memory.read(asked, [Tune])
        names = [trial.name for trial in state.experiment().trials]
        st.session_state.callers = dict(zip(names, chosen().callers.split(","), strict=False))
    ADDRESS.taken()
    return problems


def caller(name: str, clock: Clock) -> str:
    """Who calls step() of the trial of this name: as the person said, or as its clock alone tells."""
    said = memory.recall("callers").get(name, "")
    first = next(known for known, (its, _) in CALLERS.items() if its == clock)
    return said if said in CALLERS and CALLERS[said][0] == clock else first


def set_caller(name: str, said: str) -> None:
    """Remember who calls step() of a trial."""
    memory.recall("callers")[name] = said


def _callers() -> str:
    """Who calls step(), as the address says it."""
    found = [(caller(trial.name, trial.clock), trial.clock) for trial in state.experiment().trials]
    return ",".join("" if said == clock else said for said, clock in found).rstrip(",")


def control(panel: Panel[Any], name: str, most: int | None = None, **how: Any) -> Node:
    """The control of a choice, in a panel. What is chosen is shown as `most` where it is more; `how` a number is shown:
    see `controls.a_number`.
    """
    known, put = getattr(chosen(), name), partial(memory.replaced, Tune, name)
    shown = chosen() if most is None or known is None else chosen().replaced(**{name: min(known, most)})
    return controls.of_settings(panel, f"tune.{name}", shown, name, put, memory.put, **how)


def show(key: str, name: str, value: Any) -> dict[str, Any]:
    """What makes a widget show a choice, and remember what a person makes of it: its key and its callback."""
    offer(key, value)
    return {"key": key, "on_change": lambda: choose(**{name: st.session_state[key]})}


def ask_whole(label: str, least: int, most: int, key: str, name: str, start: int) -> int:
    """A field for a whole number that is remembered; `start` where none was chosen, and what fits the bounds."""
    known = getattr(chosen(), name)
    offer(key, float(min(max(start if known is None else known, least), most)))

    def changed() -> None:
        if st.session_state[key] is not None:
            choose(**{name: int(st.session_state[key])})

    return int(st.number_input(label, float(least), float(most), step=1.0, key=key, format=WHOLE, on_change=changed))
