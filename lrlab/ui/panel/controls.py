"""One control of a panel, described for the browser: made from the annotated type of a field and its value.

A number has a slider and an exact field; the field shows the exact value, the slider the nearest of its stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lrlab.document.typed import counted, number, written
from lrlab.schedules.params import COUNTED, Described
from lrlab.settings import Settings
from lrlab.ui.panel.panel import Node, Panel

Put = Callable[[Any], Any]
"""A function from a value to a new whole with that value in it."""
FOLLOWS, NOT_SET = "follows the run", "not set"
MOST_PILLS = 4  # choices beside each other; more go into a list
ITEMS = "numbers with commas between them"


def a_number(
    panel: Panel[Any],
    name: str,
    value: float | str | None,
    about: Described,
    put: Put,
    *,
    label: str,
    in_use: float | None = None,
    lasts: int | None = None,
    epoch: int | None = None,
    read: Callable[[str], Any] | None = None,
    empty: str = "",
    forms: Mapping[str, str] | None = None,
    stops: Sequence[float] = (),
    keep: Callable[[Any], None] | None = None,
) -> Node:
    """A slider and an exact field.

    `value` is the number, or the text of a duration whose number is `in_use`; None: it is not set, and `in_use`, where
    that is known, is what holds. `lasts` is the run's length in the field's unit, `epoch` the ticks of an epoch.
    `empty` says what an emptied field means, where that is a value of its own; else it goes back to what it had.
    `forms` are other ways to write the same duration, by what a button calls them. `stops` are the slider's, where they
    are not those of its range.
    """
    counts = about.integer or about.unit in COUNTED
    read = read or (counted if counts else number)

    def taken(found: Any) -> Any:
        return put(float(found) if type(found) is int and not counts else found)

    def typed(text: str) -> Any:
        if text.strip():
            return read(text)
        return None if empty else value

    at = in_use if value is None or isinstance(value, str) else value
    shown = "" if value is None else value if isinstance(value, str) else written(value)
    node = panel.control(name, taken, typed, numbers=True, keep=keep) | {
        "is": "number",
        "label": label,
        "unit": about.unit if about.unit in ("ticks", "epochs") and about.unit != label.lower() else "",
        "text": shown,
        "at": at,
        **({"stops": stops} if stops else _scale(about, at, lasts, epoch)),
    }
    if value is None:
        node["unset"] = f"{written(at)} (run)" if at is not None and empty == FOLLOWS else empty or NOT_SET
    if empty and value is not None:
        node["empty"] = empty
    if isinstance(value, str) and at is not None:
        node["means"] = f"{written(at)} {about.unit}"
    return node | _some(help=about.offered.help, forms=forms)


def _scale(about: Described, at: float | None, lasts: int | None, epoch: int | None) -> dict[str, Any]:
    """The slider's stops, or its ends and its step."""
    number_ = at if at is not None else about.offered.low
    stops = about.stops(reach=number_)
    if stops:
        return {"stops": stops}
    slider = about.slider(number_, lasts, epoch)
    scale: dict[str, Any] = slider._asdict()
    if about.below and about.high is not None and scale["high"] >= about.high:
        scale["high"] = about.high - slider.step  # which itself is refused
    if about.positive and isinstance(slider.low, int) and slider.low <= 0:
        scale["least"] = 1  # its stops are round numbers from 0 on, which itself is not allowed
    return scale


def a_list(
    panel: Panel[Any],
    name: str,
    values: Sequence[Any],
    put: Put,
    *,
    label: str,
    item: Callable[[str], Any] = number,
    help_: str = ITEMS,
) -> Node:
    """A field for numbers with commas between them."""

    def read(text: str) -> list[Any]:
        parts = [part.strip() for part in text.strip("[]() \t\n").replace(";", ",").split(",")]
        found = [_item(label, i, part, item) for i, part in enumerate(parts) if part]
        return found or list(values)

    shown = ", ".join(each if isinstance(each, str) else written(each) for each in values)
    return panel.control(name, put, read) | {"is": "text", "label": label, "text": shown, "help": help_}


def _item(label: str, place: int, text: str, item: Callable[[str], Any]) -> Any:
    try:
        return item(text)
    except ValueError as error:
        msg = f"{label}[{place}]: {error}"
        raise ValueError(msg) from None


def of_settings(
    panel: Panel[Any],
    name: str,
    settings: Settings,
    field: str,
    put: Put,
    keep: Callable[[Any], None] | None = None,
    **how: Any,
) -> Node:
    """The control of one field of settings: a switch, a text, a choice, or a number (`how` it is shown: `a_number`)."""
    about, wording = settings.about(field), settings.wording(field)
    value = getattr(settings, field)
    if isinstance(value, bool):
        return a_switch(panel.control(name, put, keep=keep), on=value, label=wording.label, help_=wording.help)
    if about.choices:
        names = dict(zip(about.choices, wording.names or about.choices, strict=True))
        begin = panel.control(name, put, _one_of(about.choices), keep=keep)
        shown = {str(choice): called for choice, called in names.items()}
        return a_choice(begin, str(value), shown, label=wording.label, help_=wording.help)
    if isinstance(value, str):
        return a_text(panel.control(name, put, keep=keep), value, label=wording.label, help_=wording.help)
    return a_number(panel, name, value, about, put, label=about.offered.label or field, keep=keep, **how)


def _one_of(choices: Sequence[Any]) -> Callable[[str], Any]:
    """The browser's text for a choice -> the choice, which may be a number."""
    known = {str(choice): choice for choice in choices}
    return lambda text: known.get(text, text)


def a_text(begin: Node, value: str, *, label: str, help_: str = "", code: bool = False, quiet: bool = False) -> Node:
    """A field for text; for an expression, where it is `code`. `begin` is how the panel begins a control."""
    return begin | {"is": "text", "label": label, "text": value} | _some(help=help_, code=code, quiet=quiet)


def a_switch(begin: Node, *, on: bool, label: str, help_: str = "") -> Node:
    """A switch that is on or off."""
    return begin | {"is": "switch", "label": label, "on": on} | _some(help=help_)


def a_choice(
    begin: Node, value: str, choices: Mapping[str, str], *, label: str, help_: str = "", quiet: bool = False
) -> Node:
    """One of some choices, each with what the page calls it. `quiet`: its label is only for those who cannot see it."""
    looks = {"is": "pills" if len(choices) <= MOST_PILLS else "choice", "label": label, "value": value}
    return begin | looks | {"options": list(choices.items())} | _some(help=help_, quiet=quiet)


def a_button(panel: Panel[Any], name: str, do: Callable[[], None], label: str, **looks: Any) -> Node:
    """A button. `looks`: icon, bare (its label is not seen), disabled, primary, a shortcut ("Alt+Z")."""
    return panel.ask(name, lambda _: do()) | {"is": "button", "label": label} | _some(**looks)


def a_menu(
    panel: Panel[Any],
    name: str,
    do: Callable[[Any], None],
    label: str,
    icon: str,
    options: Callable[[], Mapping[str, str]],
    *,
    go: str,
    nothing: str = "",
    also: tuple[str, Callable[[Any], None]] | None = None,
    notes: Callable[[], Mapping[str, str]] = dict,
) -> Node:
    """A button that opens a list to choose from, and `go`, the button that takes what was chosen; `nothing` is said
    where there is nothing to choose. `also` is a second such button, and what it does; `notes` tell more of each
    choice. What is offered is looked for only while it is open.
    """
    node = panel.ask(name, do) | {"is": "menu", "label": label, "icon": icon, "open": panel.open(name)}
    if node["open"]:
        node |= {"options": list(options().items()), "go": go, "nothing": nothing} | _some(notes=notes())
        if also:
            panel.beside[f"{name}/also"] = name
            node["also"] = panel.ask(f"{name}/also", also[1]) | {"label": also[0]}
    return node


def a_form(panel: Panel[Any], name: str, label: str, icon: str) -> Node:
    """A button that opens some controls, its "nodes", which are made only while it is "open"."""
    return panel.ask(name, lambda _: None) | {"is": "form", "label": label, "icon": icon, "open": panel.open(name)}


def a_table(name: str, rows: Sequence[Mapping[str, str]], label: str) -> Node:
    """A small table: a row for each mapping, whose keys are the heads of the columns."""
    cells = [list(row.values()) for row in rows]
    return {"is": "table", "id": name, "label": label, "heads": list(rows[0]), "rows": cells}


def caption(name: str, text: str) -> Node:
    """A small line of text."""
    return {"is": "caption", "id": name, "text": text}


def row(name: str, nodes: Sequence[Node]) -> Node:
    """Nodes beside each other."""
    return {"is": "row", "id": name, "nodes": list(nodes)}


def section(name: str, nodes: Sequence[Node], *, title: str = "", tools: Sequence[Node] = (), wide: int = 1) -> Node:
    """Nodes under a title, as wide as so many columns; `tools` stand beside the title."""
    return {"is": "section", "id": name, "title": title, "tools": list(tools), "nodes": list(nodes), "wide": wide}


def columns(name: str, nodes: Sequence[Node]) -> Node:
    """Nodes in as many columns as there is room for."""
    return {"is": "columns", "id": name, "nodes": list(nodes)}


def _some(**entries: Any) -> Node:
    """The entries that say anything."""
    return {name.removesuffix("_"): entry for name, entry in entries.items() if entry}
