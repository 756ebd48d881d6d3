"""The Python half of the panel: what the browser is told to draw, and what becomes of what a person does there.

Everything in a panel has a name of its own. A control is there with a function that makes a new value of the whole
thing that is being shaped (an experiment, a lesson's settings) of what was chosen or typed; so one function serves the
preview, which is drawn and forgotten, and the change, which is kept.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import streamlit as st
from pydantic import ValidationError

from lrlab.document import sentence
from lrlab.document.sentences import short
from lrlab.ui import browser, memory

T = TypeVar("T")
Node: TypeAlias = dict[str, Any]
"""Something that the browser draws: its "is" says what it is, `panel.js` knows how."""
MOST_EVENTS = 100  # of one message
MOST_NAME = 500  # characters of a control's name
LARGEST = sys.float_info.max


class Problem(ValueError):  # noqa: N818 (what is wrong with what a person did, in a sentence, and no fault of ours)
    """A sentence that says why something was not taken."""


class Taker(NamedTuple):
    """What becomes of a control's value: `put` makes a new whole of it, `read` makes a value of typed text."""

    put: Callable[[Any], Any]
    read: Callable[[str], Any]
    numbers: bool
    """Whether it takes numbers, those of a slider; else it takes text, or a truth value."""
    keep: Callable[[Any], None]


@dataclass
class Panel(Generic[T]):
    """One panel. `keep` takes a new whole over; `chart` is the key of the chart that previews are drawn in."""

    key: str
    keep: Callable[[T], None]
    chart: str = ""
    label: str = ""
    """What it is called for those who cannot see it."""
    takers: dict[str, Taker] = field(default_factory=dict)
    acts: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    """Beside which control the sentences of another one stand."""

    # ------------------------------------------------------------ what is in it

    def control(
        self,
        name: str,
        put: Callable[[Any], Any],
        read: Callable[[str], Any] = str,
        *,
        numbers: bool = False,
        keep: Callable[[Any], None] | None = None,
        of: str = "",
    ) -> Node:
        """The beginning of a control's node: its name, and why its last value was refused.

        With a `keep` of its own it makes a whole of another kind, which is not drawn before it is kept. What a handle
        is refused stands beside the control `of` its argument.
        """
        if of:
            self.beside[name] = of
        self.takers[name] = Taker(put, read, numbers, keep or self.keep)
        return {"id": name} | self._refused(name) | ({"still": True} if keep else {})

    def _refused(self, name: str) -> Node:
        refused = memory.recall("refused").get(f"{self.key}/{name}")
        return {"error": refused} if refused else {}

    def open(self, name: str) -> bool:
        """Whether what opens under this name is open; one thing is, at most."""
        return bool(memory.recall("unfolded") == f"{self.key}/{name}")

    def ask(self, name: str, do: Callable[[Any], None]) -> Node:
        """The beginning of the node of a button, or of a control that changes something else than the whole: what it
        does with what was chosen there. It says itself, in a Problem or beside it, what it does not take.
        """
        self.acts[name] = do
        return {"id": name} | self._refused(name)

    def show(self, nodes: Sequence[Node]) -> None:
        """Draw it. A control that is gone takes its sentence along."""
        memory.recall("panels")[self.key] = self
        refused, begin = memory.recall("refused"), f"{self.key}/"
        for where in [where for where in refused if where.startswith(begin)]:
            if where.removeprefix(begin) not in self.takers.keys() | self.acts.keys():
                del refused[where]
        data = {
            "is": "panel",
            "key": self.key,
            "label": self.label,
            "nodes": nodes,
            "chart": self.chart,
            "ack": memory.recall("acks").get(self.key, 0),
        }
        browser.component()(key=self.key, data=data, on_change_change=lambda: _heard(self.key))

    # ------------------------------------------------------------ what a person does

    def made(self, event: Any) -> T:
        """The new whole that an event of the browser asks for. Problem with a sentence where there is none."""
        name, value = _read(event)
        taker = self.takers.get(name)
        if taker is None:
            msg = f"{short(name, 80)}: this control is gone: the page has changed"
            raise Problem(msg)
        try:
            found: T = taker.put(_value(taker, value))
        except ValidationError as error:
            raise Problem(sentence(error).removeprefix(": ")) from None
        except ValueError as error:
            owner = name.rpartition(".")[0]  # the sentence stands beside the control: its own name is enough
            raise Problem(short(str(error).removeprefix(f"{owner}."))) from None
        return found

    def previewed(self, event: Any) -> T:
        """The same for a preview: only of a control whose whole is drawn."""
        taker = self.takers.get(_read(event)[0])
        if taker is not None and taker.keep is not self.keep:
            msg = "this is drawn when it is let go"
            raise Problem(msg)
        return self.made(event)

    def _at(self, name: str) -> str:
        """Where the sentence of a control is remembered."""
        return f"{self.key}/{self.beside.get(name, name)}"

    def take(self, event: Any) -> None:
        """Do what an event of the browser asks for. Where that cannot be, say why and keep what was there.

        What a field does not take stays in it, with its sentence, until the field is mended or a button is pressed:
        that may change which controls there are.
        """
        refused: dict[str, str] = memory.recall("refused")
        st.session_state.problem = None
        st.session_state.overtaken = True
        name = ""
        try:
            name, value = _read(event)
            st.session_state.more = event.get("more") is True
            if name in self.takers:
                refused.pop(self._at(name), None)
            if event.get("open") is not None:
                st.session_state.unfolded = f"{self.key}/{name}" if event["open"] is True else None
            elif name in self.acts:
                chosen = _chosen(value)
                refused.clear()
                st.session_state.unfolded = None
                self.acts[name](chosen)
            else:
                new = self.made(event)
                self.takers[name].keep(new)
        except Problem as problem:
            self._say(name, str(problem))
        except LookupError:  # a quick hand is ahead of the page
            self._say(name, "what this belongs to is gone: the page has changed")
        finally:
            st.session_state.more = False  # what is changed elsewhere is a change of its own

    def _say(self, name: str, problem: str) -> None:
        """Remember what is wrong: beside the control of this name, or above the page where there is none."""
        if name in self.takers or name in self.acts:
            memory.recall("refused")[self._at(name)] = problem
        else:
            st.session_state.problem = problem


class Preview(NamedTuple, Generic[T]):
    """What is drawn while a control is dragged: the number under which the browser asked for it, and the whole with
    that value, or why there is none.
    """

    number: int
    whole: T | None
    error: str = ""


def preview(chart: str) -> Preview[Any] | None:
    """The preview that a chart was asked for in this run, if it was. It is drawn once and forgotten. Beside a change,
    which may come in the same message of Streamlit's, in any order, it is not drawn: the change is newer.
    """
    event = memory.recall("previews").pop(chart, None)
    overtaken, st.session_state.overtaken = memory.recall("overtaken"), False
    if overtaken or not isinstance(event, dict) or not isinstance(event.get("n"), int):
        return None
    panel: Panel[Any] | None = memory.recall("panels").get(str(event.get("panel")))
    if panel is None or panel.chart != chart:
        return Preview(event["n"], None, "this control is gone")
    try:
        return Preview(event["n"], panel.previewed(event))
    except Problem as problem:
        return Preview(event["n"], None, str(problem))


def _heard(key: str) -> None:
    """Take what came from the browser: a list of events, and the number under which the browser sent it. Streamlit
    drops the older of two messages that wait, so the browser sends along those that it has no answer to.
    """
    panel: Panel[Any] | None = memory.recall("panels").get(key)
    message = st.session_state[key].get("change")
    if panel is None or not isinstance(message, dict):
        return
    acks: dict[str, int] = memory.recall("acks")
    before = message.get("before")
    unanswered = _numbered(before if isinstance(before, list) else [], acks.get(key, 0))
    for number, events in [*unanswered, *_numbered([message])]:
        acks[key] = number
        for event in events[:MOST_EVENTS]:
            panel.take(event)


def _numbered(messages: list[Any], after: float = -math.inf) -> Iterator[tuple[int, list[Any]]]:
    """The messages that are some, with a number beyond this one: what they say, and their numbers."""
    for message in messages[:MOST_EVENTS]:
        if isinstance(message, dict):
            number, events = message.get("n"), message.get("events")
            if isinstance(number, int) and number > after and isinstance(events, list):
                yield number, events


def _read(event: Any) -> tuple[str, Any]:
    """The name in an event, and what it says: a value, or typed text."""
    name = event.get("id") if isinstance(event, dict) else None
    if not isinstance(name, str) or len(name) > MOST_NAME:
        msg = "the browser sent something that is no event of a control"
        raise Problem(msg)
    return name, event.get("text", event.get("value"))


def _chosen(said: Any) -> Any:
    """What was chosen: text, as a rule, and never a list or an object."""
    if isinstance(said, (list, dict)):
        msg = "text belongs here"
        raise Problem(msg)
    return said


def _value(taker: Taker, said: Any) -> Any:
    """The value that a control's event says; text is read as the control reads it."""
    if isinstance(said, str):
        return taker.read(said)
    if isinstance(said, bool) != taker.numbers and isinstance(said, (bool, int, float)) and abs(said) <= LARGEST:
        return said
    msg = "a number belongs here" if taker.numbers else "text belongs here"
    raise Problem(msg)
