"""The controls of the arguments of a schedule and of those in it, made from the annotated types of its fields."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from lrlab.document import Experiment, Trial
from lrlab.document.duration import duration, in_epochs, in_percent, kept
from lrlab.document.typed import counted, number, written
from lrlab.schedules import Schedule, params
from lrlab.schedules.base import described, is_horizon
from lrlab.schedules.spans import Path, dotted
from lrlab.ui import state
from lrlab.ui.panel import Panel, controls
from lrlab.ui.panel.panel import Node
from lrlab.ui.tune import metric, nesting

COLUMNS = 4
TALL = 4  # so many arguments of one schedule stand in a column, as long as there is room for more columns
FEW = 4  # so many values of a list have a slider each


class Fields:
    """The controls of one trial's schedule, in a panel. `ticks` is how often its scheduler is called in the run."""

    def __init__(self, panel: Panel[Experiment], trial: Trial, path: Path, ticks: int) -> None:
        self.panel, self.trial, self.path, self.ticks = panel, trial, path, ticks
        self.run = state.experiment().run

    def nodes(self) -> list[Node]:
        """Every argument of the trial, base rate first; a section for each schedule that it holds."""
        schedule, path = self.trial.schedule, (*self.path, "schedule")
        own, *inner = self._sections(schedule, self.trial.bound(self.run)[0], path)
        if not schedule.own_rate:
            own["nodes"].insert(0, self._base_rate())
        if schedule.takes_metrics:
            own["nodes"] += metric.nodes(self.panel, schedule, path, self.ticks)
        if not inner:
            return [controls.columns("arguments", own["nodes"])]
        return [controls.columns("arguments", _spread([own | {"title": schedule.native}, *inner]))]

    def _sections(self, schedule: Schedule, bound: Schedule, path: Path, number: str = "") -> list[Node]:
        """The schedule's own section, then those of every schedule in it under its name; `bound` says how long a
        horizon is that is null.
        """
        own: list[Node] = []
        feet: list[Node] = []
        inner: list[Node] = []
        slots = nesting.slots(schedule, path, bound.ticks_left)
        joints = {slot.joints: slot for slot in slots.values()}
        for name, field in type(schedule).model_fields.items():
            about = described(type(schedule))[name]
            value, shown = getattr(schedule, name), getattr(bound, name)
            texts = {path: text for path, text in schedule.own_texts.items() if path.partition(".")[0] == name}
            if name in slots:
                inner += self._nested(slots[name], value, shown, number)
                feet += nesting.foot(self.panel, slots[name], value, about)
                if isinstance(value, (int, float)):
                    own.append(self._number(name, (*path, name), value, about))
            elif name in joints and nesting.durations():
                own += self._lengths(joints[name], value, about)
            elif name != metric.FIELD:
                whole = name in joints
                horizon = is_horizon(field)
                own += self._argument(name, (*path, name), value, shown, about, texts, horizon=horizon, fixed=whole)
        return [controls.section(dotted(path), [*own, *feet]), *inner]

    def _nested(self, slot: nesting.Slot, value: Any, shown: Any, number: str) -> list[Node]:
        """The sections of the schedules in one argument."""
        found: list[Node] = []
        many = isinstance(value, tuple)
        for index, (child, its) in enumerate(zip(value, shown, strict=True) if many else [(value, shown)]):
            if isinstance(child, Schedule):
                place = f"{number}{index + 1}."
                path = (*slot.path, index) if many else slot.path
                title = f"{place} {slot.name if slot.alike else child.native}"
                own, *inner = self._sections(child, its, path, place)
                tools = nesting.tools(self.panel, slot, index if many else None, len(value) if many else 1, title)
                found += [own | {"title": title, "tools": tools}, *inner]
        return found

    def _lengths(self, slot: nesting.Slot, joints: tuple[int, ...], about: params.Described) -> list[Node]:
        """Controls for how long each part lasts, instead of those for where the next one begins."""
        *parts, rest = nesting.lengths(list(joints), slot.span)
        path = (*slot.owner, slot.joints or "", "length")
        nodes = [
            self._number(
                f"{i + 1}. lasts", (*path, i), length, about, put=partial(nesting.with_length, slot, i), fixed=True
            )
            for i, length in enumerate(parts)
        ]
        if len(parts) > FEW:
            put = partial(nesting.with_lengths, slot)
            nodes = [controls.a_list(self.panel, dotted(path), parts, put, label="lengths", item=self._ticks)]
        said = f"{len(parts) + 1}. has the {rest:,} ticks that are left"
        return [*nodes, controls.caption(f"{dotted(path)}/rest", said)]

    def _base_rate(self) -> Node:
        """The trial's base rate; several of them as text."""
        field = Trial.model_fields["base_lr"]
        about, path = params.describe(field.annotation, field.metadata), (*self.path, "base_lr")
        rates = self.trial.base_lr
        if isinstance(rates, tuple):
            return controls.a_list(self.panel, dotted(path), rates, _put(path), label="base_lr")
        return self._number("base_lr", path, rates, about)

    def _argument(
        self,
        name: str,
        path: Path,
        value: Any,
        shown: Any,
        about: params.Described,
        texts: dict[str, str],
        *,
        horizon: bool,
        fixed: bool,
    ) -> list[Node]:
        """The controls of one argument; `texts` are those of its durations that are text, by their place in it."""
        key, put, help_ = dotted(path), _put(path), about.offered.help
        if about.choices:
            choices = {choice: choice for choice in about.choices}
            return [controls.a_choice(self.panel.control(key, put), value, choices, label=name)]
        if isinstance(value, bool):
            return [controls.a_switch(self.panel.control(key, put), on=value, label=name)]
        if about.unit == "expression":
            return [self._expression(name, key, value, about, put)]
        if about.unit == "pairs":
            text = ", ".join(f"{tick}: {number}" for tick, number in value or ())
            read = partial(_pairs, name, optional=about.optional)
            return [controls.a_text(self.panel.control(key, put, read), text, label=name, help_=help_)]
        if about.unit == "text":
            begin = self.panel.control(key, put, partial(_text, optional=about.optional))
            return [controls.a_text(begin, value or "", label=name, help_=help_)]
        if isinstance(value, tuple):
            return self._list(name, path, value, about, texts, fixed=fixed)
        return [self._number(name, path, value, about, shown=shown, horizon=horizon, text=texts.get(name, ""))]

    def _expression(self, name: str, key: str, value: Any, about: params.Described, put: controls.Put) -> Node:
        groups = isinstance(value, tuple)

        def read(text: str) -> Any:
            if about.optional and not text.strip():
                return None
            return [part.strip() for part in text.split(";")] if groups else text

        help_ = about.offered.help + ("; one per group, with semicolons" if groups else "")
        text = "; ".join(value) if groups else value or ""
        return controls.a_text(self.panel.control(key, put, read), text, label=name, help_=help_, code=True)

    def _list(
        self,
        name: str,
        path: Path,
        values: tuple[Any, ...],
        about: params.Described,
        texts: dict[str, str],
        *,
        fixed: bool,
    ) -> list[Node]:
        """A field for the whole list; a control for each of a few values too, or instead where the number is fixed."""
        counts = about.unit == "ticks"
        help_ = controls.ITEMS + "; 5ep are epochs, 10% are a share of the run" * counts
        item = self._kept if counts else counted if about.integer else number
        said = [texts.get(f"{name}.{i}", value) for i, value in enumerate(values)]
        whole = controls.a_list(self.panel, dotted(path), said, _put(path), label=name, item=item, help_=help_)
        if not about.many or len(values) > FEW:
            return [whole]
        single = [
            self._number(f"{name}[{i}]", (*path, i), value, about, text=texts.get(f"{name}.{i}", ""))
            for i, value in enumerate(values)
        ]
        return single if fixed else [whole, *single]

    def _number(
        self,
        name: str,
        path: Path,
        value: Any,
        about: params.Described,
        *,
        shown: Any = None,
        horizon: bool = False,
        put: controls.Put | None = None,
        text: str = "",
        fixed: bool = False,
    ) -> Node:
        """One number, or the `text` of a duration; where it is not set, the one that holds, if a run gives it. `fixed`:
        what is typed as text becomes a number at once.
        """
        whole_run = self.ticks == self.run.steps
        counts = about.unit == "ticks"
        return controls.a_number(
            self.panel,
            dotted(path),
            text or value,
            about,
            put or _put(path),
            label=name,
            in_use=value if text else shown if horizon else None,
            lasts=self._lasts(about),
            epoch=self.run.updates if whole_run else None,
            read=(self._ticks if fixed else self._kept) if counts else None,
            forms=self._forms(value) if counts and not fixed and value is not None else None,
            empty=(controls.FOLLOWS if horizon else controls.NOT_SET) if about.optional else "",
        )

    def _lasts(self, about: params.Described) -> int | None:
        """How long the run is in the field's unit; None where the unit does not count it."""
        run = self.run
        found = {"ticks": self.ticks, "epochs": max(run.steps // run.updates, 1), "updates": run.updates}
        return found.get(about.offered.unit)

    def _ticks(self, text: str) -> int | float:
        return duration(text, self.run, self.trial.clock)

    def _kept(self, text: str) -> int | float | str:
        return kept(text, self.run, self.trial.clock)

    def _forms(self, ticks: float) -> dict[str, str]:
        """The ways to write so many ticks: as a number, in epochs, as a share of the run."""
        epochs = in_epochs(ticks, self.run, self.trial.clock) if self.run.updates < self.run.steps else None
        share = in_percent(ticks, self.run, self.trial.clock)
        found = {"ticks": written(ticks), "epochs": epochs, "%": share}
        return {unit: said for unit, said in found.items() if said is not None} if epochs or share else {}


def _put(path: Path) -> Callable[[Any], Experiment]:
    return partial(state.changed, path)


def _spread(sections: list[Node]) -> list[Node]:
    """Sections beside each other. Where there is room, tall ones are wider."""
    while True:
        heights = [math.ceil(len(section["nodes"]) / section["wide"]) for section in sections]
        if sum(section["wide"] for section in sections) >= COLUMNS or max(heights) <= TALL:
            return sections
        sections[heights.index(max(heights))]["wide"] += 1


def _text(text: str, *, optional: bool) -> str | None:
    return None if optional and not text.strip() else text


def _pairs(name: str, text: str, *, optional: bool) -> dict[str, Any] | None:
    """Ticks with a number each, written like a dictionary."""
    parts = [part.strip() for part in text.strip("{} ").replace(";", ",").split(",") if part.strip()]
    read = [(tick.strip("\"' "), _float(number.strip())) for tick, _, number in (part.partition(":") for part in parts)]
    twice = [tick for i, (tick, _) in enumerate(read) if tick in dict(read[:i])]
    if twice:
        msg = f"{name}: {twice[0]} stands twice"
        raise ValueError(msg)
    return dict(read) if read or not optional else None


def _float(text: str) -> Any:
    """The number; where it is none, the text itself, which the document refuses and says where."""
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return text
