"""The panels of a page in Streamlit's own test harness, which does not draw them: what they describe, and events as the
browser would send them.
"""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamlit.testing.v1 import AppTest

Node = dict[str, Any]
_NUMBERS = count(1)


def components(app: AppTest, what: str) -> dict[str, tuple[str, Node]]:
    """The components of one sort, "panel" or "chart": id and data, by key."""
    found = [(each.proto.id, json.loads(each.proto.json)) for each in app.get("bidi_component") if each.proto.json]
    return {data["key"]: (name, data) for name, data in found if data.get("is") == what}


def nodes(app: AppTest, key: str | None = None) -> dict[str, Node]:
    """What the panels hold, or the one of that key, by name: controls, buttons, captions, sections."""
    found: dict[str, Node] = {}
    for its, (_, data) in components(app, "panel").items():
        if key in (None, its):
            found |= {node["id"]: node for node in flat(data["nodes"])}
    return found


def flat(nodes_: list[Node]) -> Iterator[Node]:
    """These nodes and all that are in them, in order."""
    for node in nodes_:
        yield node
        yield from flat([*node.get("tools", []), *node.get("nodes", [])])


def send(app: AppTest, *events: Node, component: str | None = None, event: str = "change") -> AppTest:
    """Run the page with these events of one panel, the one that holds the first of them if none is named."""
    panels = components(app, "panel")
    if component is None:
        first = events[0]["id"]
        component = next(key for key, (_, data) in panels.items() if any(n["id"] == first for n in flat(data["nodes"])))
    return raw(app, panels[component][0], event, {"n": next(_NUMBERS), "events": list(events)})


def raw(app: AppTest, name: str, event: str, value: Any) -> AppTest:
    """Run the page with what the component of this id is told by the browser, whatever that is."""
    return together(app, (name, event, value))


def together(app: AppTest, *told: tuple[str, str, Any]) -> AppTest:
    """The same with several in one run, in this order, as Streamlit does with what waits."""
    states = app._tree.get_widget_states()  # noqa: SLF001 (the harness has no way for components)
    for name, event, value in told:
        trigger = json.dumps([{"event": event, "value": value}])
        states.widgets.append(WidgetState(id=_make_trigger_id(name, "events"), json_trigger_value=trigger))
    return app._run(states)  # noqa: SLF001


def slide(app: AppTest, name: str, value: Any) -> AppTest:
    """Let go of a slider."""
    assert name in nodes(app), f"no {name} among {sorted(nodes(app))}"
    return send(app, {"id": name, "value": value})


def write(app: AppTest, name: str, text: str) -> AppTest:
    """Type into an exact field, a field of text, or choose from a list."""
    assert name in nodes(app), f"no {name} among {sorted(nodes(app))}"
    return send(app, {"id": name, "text": text})


def switch(app: AppTest, name: str, *, on: bool) -> AppTest:
    """Switch something on or off."""
    return slide(app, name, on)


def press(app: AppTest, name: str) -> AppTest:
    """Press a button."""
    node = nodes(app)[name]
    assert not node.get("disabled"), f"{name} is disabled"
    return send(app, {"id": name})


def unfold(app: AppTest, name: str) -> AppTest:
    """Open a list or a form."""
    return send(app, {"id": name, "open": True})


def complaint(app: AppTest, name: str) -> str:
    """The sentence beside a control; nothing where there is none."""
    said: str = nodes(app)[name].get("error", "")
    return said


def complaints(app: AppTest) -> str:
    """All sentences that stand beside controls."""
    return "\n".join(node["error"] for node in nodes(app).values() if "error" in node)


def captions(app: AppTest) -> str:
    """All small text in the panels."""
    return "\n".join(node["text"] for node in nodes(app).values() if node["is"] == "caption")
