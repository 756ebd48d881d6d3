"""How many people one server process bears: python -m benchmarks.people.

Visitors without a browser speak Streamlit's protocol over websockets: each opens the page and moves a slider once a
second. Their number grows until the 95th percentile, from a move to the end of its answer, passes a second. Tune with
four trials on 100,000 steps and the smallest Streamlit app take turns, each on a fresh server. Then the memory of the
server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Protocol

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.shared import App, Row, Server, both, median, quantile, server, show

ROUNDS = 5
PATIENCE = 1.0
"""Seconds that the 95th percentile may take."""
GROWTH = 1.1
SHORTEST, WINDOW = 2.0, 8.0
"""Seconds until a new number of visitors has settled, and in which it is measured."""
MOVES = 10_000
CROWD = 20
AIM = 2.0
PATH, FIRST, VALUES = "trials.0.schedule.T_0", 6250, 200
LABELS = ("power", "T_0 · ticks")
DONE = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}
TRIGGERS = "$$STREAMLIT_INTERNAL_KEY_{}__events"
"""The widget that carries what a component reports; Streamlit's browser half makes this name."""


@dataclass(frozen=True)
class Control:
    """What a visitor moves: the panel's slider, or one of Streamlit's own."""

    id: str
    fragment: str
    panel: bool = False
    least: float = 0.0
    most: float = 1.0
    step: float = 1.0

    def state(self, move: int) -> WidgetState:
        """What the browser would report as the move with this number; no two in a row are alike."""
        if self.panel:
            heard = {"n": move, "events": [{"id": PATH, "value": FIRST + move % VALUES}]}
            triggers = [{"event": "change", "value": heard}]
            return WidgetState(id=TRIGGERS.format(self.id), json_trigger_value=json.dumps(triggers))
        stops = min(VALUES, int((self.most - self.least) / self.step))
        state = WidgetState(id=self.id)
        state.double_array_value.data.append(self.least + (1 + move % stops) * self.step)
        return state


def control(delta: Delta) -> Control | None:
    """The control that visitors move, if this message brings it: a panel has a key, a slider a label."""
    element, fragment = delta.new_element, delta.fragment_id
    if element.bidi_component.id.endswith("-panel"):
        return Control(element.bidi_component.id, fragment, panel=True)
    slider = element.slider
    if slider.label in LABELS:
        return Control(slider.id, fragment, least=slider.min, most=slider.max, step=slider.step or 1.0)
    return None


def rerun(query: str, page: str = "", moved: Control | None = None, move: int = 0) -> bytes:
    """The message of a browser that opens the page, or moves the control on the page of this name."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_script_hash = page
    if moved is not None:
        message.rerun_script.fragment_id = moved.fragment
        message.rerun_script.widget_states.widgets.append(moved.state(move))
    return message.SerializeToString()


def draws(delta: Delta) -> bool:
    """Whether this message brings a chart."""
    element = delta.new_element
    return element.WhichOneof("type") == "plotly_chart" or element.bidi_component.id.endswith("-chart")


@dataclass
class Visitor:
    """One who has opened the page."""

    socket: ClientConnection
    query: str
    page: str = ""
    control: Control | None = None
    moves: int = 0
    times: list[float] = field(default_factory=list)
    leaving: bool = False

    async def answer(self) -> bool:
        """Read what the server says until it is done; whether a chart was among it."""
        drawn = False
        async for data in self.socket:
            message = ForwardMsg.FromString(data)
            match message.WhichOneof("type"):
                case "delta":
                    drawn |= draws(message.delta)
                    if not self.moves and (found := control(message.delta)):
                        self.control = found
                case "navigation":
                    self.page = message.navigation.page_script_hash
                case "page_info_changed":
                    self.query = message.page_info_changed.query_string
                case "script_finished" if message.script_finished in DONE:
                    return drawn
        sys.exit("the server has closed the connection")

    async def enter(self) -> None:
        """Open the page."""
        await self.socket.send(rerun(self.query))
        await self.answer()
        if self.control is None:
            sys.exit("the page has no control that this benchmark knows")

    async def move(self) -> float:
        """Seconds from a move to the end of its answer."""
        self.moves += 1
        begin = time.perf_counter()
        await self.socket.send(rerun(self.query, self.page, self.control, self.moves))
        if not await self.answer():
            sys.exit("a move was answered without a chart: the protocol has changed")
        return time.perf_counter() - begin

    async def stay(self, pause: float) -> None:
        """Move once in `pause` seconds, or when the last answer has come, until it is time to leave."""
        due = time.perf_counter()
        while not self.leaving:
            self.times.append(await self.move())
            due = max(due + pause, time.perf_counter())
            await asyncio.sleep(due - time.perf_counter())


class Served(Protocol):
    """Something that answers at an address: a server, or nginx before several."""

    @property
    def url(self) -> str:
        """The address."""


class Crowd:
    """The visitors of one server."""

    def __init__(self, process: Served, app: App) -> None:
        self.url, self.query = process.url.replace("http", "ws") + "/_stcore/stream", app.query.removeprefix("?")
        self.visitors: list[Visitor] = []
        self.stays: list[asyncio.Task[None]] = []

    async def grow(self, size: int, pause: float = 1.0) -> None:
        """Let visitors come until there are so many; who has come stays, and begins at a moment of its own."""
        while len(self.visitors) < size:
            socket = await connect(self.url, subprotocols=["streamlit"], max_size=None, compression=None)  # type: ignore[list-item]
            visitor = Visitor(socket, self.query)
            await visitor.enter()
            self.visitors.append(visitor)
            if pause < float("inf"):
                self.stays.append(asyncio.create_task(visitor.stay(pause)))

    def take(self) -> list[float]:
        """All times since the last look."""
        times = [time for visitor in self.visitors for time in visitor.times]
        for visitor in self.visitors:
            visitor.times.clear()
        return times

    async def settle(self) -> list[float]:
        """The times of all moves in a window."""
        await asyncio.sleep(SHORTEST)
        self.take()
        await asyncio.sleep(WINDOW)
        for stay in self.stays:
            if stay.done():
                stay.result()  # raises what has ended it
        return self.take()

    async def leave(self) -> None:
        """Everybody finishes the move at hand and goes."""
        for visitor in self.visitors:
            visitor.leaving = True
        await asyncio.gather(*self.stays)
        for visitor in self.visitors:
            await visitor.socket.close()


async def most(process: Served, app: App, begin: int) -> tuple[int, float]:
    """The most visitors that are answered in time, and the share of a processor that measuring took."""
    crowd = Crowd(process, app)
    size, borne, share = begin, 0, 0.0
    while True:
        await crowd.grow(size)
        clock, used = time.perf_counter(), time.process_time()
        p95 = quantile(await crowd.settle(), 0.95)
        share = (time.process_time() - used) / (time.perf_counter() - clock)
        if not p95 <= PATIENCE:
            break
        borne, size = size, max(size + 1, round(size * GROWTH))
    await crowd.leave()
    if not borne and begin > 1:
        return await most(process, app, begin // 2)
    return borne, share


async def memory(process: Server, app: App) -> tuple[float, float, float]:
    """Megabytes of the server with its first visitor, for each further one, and more after many moves."""
    crowd = Crowd(process, app)
    await crowd.grow(1, float("inf"))
    alone = process.megabytes
    await crowd.grow(1 + CROWD, float("inf"))
    together = process.megabytes

    async def hurry(visitor: Visitor) -> None:
        for _ in range(MOVES // len(crowd.visitors)):
            await visitor.move()

    await asyncio.gather(*map(hurry, crowd.visitors))
    await crowd.leave()
    return alone, (together - alone) / CROWD, process.megabytes - together


def measure() -> list[Row]:
    """The lines of the table."""
    borne: dict[str, list[int]] = {}
    shares = []
    with both() as apps:
        for _ in range(ROUNDS):
            for app in apps:
                before = borne.setdefault(app.name, [])
                with server(app.script) as process:
                    people, share = asyncio.run(most(process, app, max(2, round(min(before, default=10) * 0.7))))
                before.append(people)
                shares.append(share)
                print(f"{app.name}: {people} people at once; measuring took {share:.2f} of a core", flush=True)
        kept = {}
        for app in apps:
            with server(app.script) as process:
                kept[app.name] = asyncio.run(memory(process, app))
    smallest, tune = kept["smallest"], kept["Tune"]
    many = Row(
        "people at once on one process", median(borne["Tune"]), median(borne["smallest"]), AIM, more_is_better=True
    )
    return [
        many,
        Row("... of a core, taken by measuring itself (most)", max(shares)),
        Row("memory of the server with one visitor", tune[0], smallest[0], unit="MB"),
        Row("... for each further visitor", tune[1], smallest[1], unit="MB"),
        Row(f"... more after {MOVES:,} moves", tune[2], smallest[2], unit="MB"),
    ]


if __name__ == "__main__":
    show(measure())
