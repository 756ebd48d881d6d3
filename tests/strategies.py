"""Valid documents of every kind, drawn from what the fields declare; where a kind holds more than its fields say, that is said here."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from lrlab.schedules import KINDS
from lrlab.schedules.base import is_horizon
from lrlab.schedules.params import Described, PerGroup, describe, find

TICKS = 60
"""How long the drawn runs are, about; durations are drawn up to a third more."""

EXPRESSIONS = {
    1: [
        "1 / (1 + 0.05 * {0})", "lambda {0}: 0.95 ** {0}", "{0} // 7 % 3 / 2", "min(1, {0} / 5) if {0} < 30 else 0.5 ** (({0} - 30) // 4)",
        "0.5 * (1 + math.cos(math.pi * {0} / 40))", "math.exp(-{0} / 20) * (1 if {0} > 3 else 0.5)", "max(0, 1 - {0} / 50) ** 0.9",
        "{0} and 1 / {0} or 1",
    ],
    2: ["lambda {0}, {1}: ((1 + math.cos({0} * math.pi / {1})) / 2) * 0.8 + 0.2", "1 - 0.01 * {0} / abs({1})", "0.9 ** {0}"],
}  # fmt: skip

LATER = [k for k in KINDS if k.startswith("torch.") and k not in ("torch.SequentialLR", "torch.OneCycleLR", "torch.CyclicLR")]
"""What may follow a milestone."""
FIRST = [*LATER, "torch.OneCycleLR", "torch.CyclicLR"]

rates = st.one_of(st.sampled_from([0.1, 0.001, 1.0]), st.floats(1e-6, 2.0))


def schedules(kind: str, groups: int | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of one schedule; `groups` None: base_lr is a number, so list arguments are absent."""
    if kind == "torch.SequentialLR":
        return sequences(groups)
    drawn = st.fixed_dictionaries({"kind": st.just(kind)}, optional={}).flatmap(lambda head: _fields(kind, groups).map(lambda rest: head | rest))
    special = {"torch.OneCycleLR": _with_length, "cawb.CosineAnnealingWarmbootingLR": _with_segments}.get(kind)
    return drawn if special is None else drawn.map(special)


def _fields(kind: str, groups: int | None) -> st.SearchStrategy[dict[str, Any]]:
    required, optional = {}, {}
    for name, field in KINDS[kind].model_fields.items():
        about = describe(field.annotation, field.metadata)
        value = values(about, horizon=is_horizon(field))
        if find(field.metadata, PerGroup) and groups is not None:
            value |= st.lists(value, min_size=groups, max_size=groups)
        if about.optional:
            value |= st.none()
        (required if field.is_required() else optional)[name] = value
    return st.fixed_dictionaries(required, optional=optional)


def values(about: Described, *, horizon: bool = False) -> st.SearchStrategy[Any]:
    """Values of one field, its hard bounds among them."""
    if about.choices:
        return st.sampled_from(about.choices)
    if about.control is None:
        return st.booleans()
    unit = about.control.unit
    least = about.low if about.low is not None else -TICKS
    if about.many:
        return st.lists(st.integers(max(int(least), -3), TICKS * 4 // 3), max_size=5)
    if unit == "expression":
        names = about.control.help.removeprefix("an expression of ").split(", ")
        return st.sampled_from([text.format(*names) for text in EXPRESSIONS[len(names)]])
    if unit in ("ticks", "epochs", "updates") or about.integer:
        low = max(int(least), 0) + about.positive
        most = TICKS * 4 // 3 if unit != "number" else 6
        whole = st.integers(low, most)
        # halves only: at most other fractions torch's recursions divide by nearly nothing
        return whole | st.integers(2 * low + 1, 2 * most).map(lambda n: n / 2) if (horizon or not about.integer) else whole
    if unit == "rate":
        return rates | st.sampled_from([0.0, -0.01] if about.low is None else [0.0])
    low, high = (about.low if about.low is not None else -0.9), (about.high if about.high is not None else 1.2)
    if unit == "number":
        low, high = (about.low if about.low is not None else -3.0), 30.0 if about.positive else 3.0
    inner = st.floats(low + 1e-3 if about.positive else low, high).map(lambda x: round(x, 6))
    ends = [float(x) for x in (about.low if not about.positive else None, about.high) if x is not None]
    return inner | st.sampled_from(ends) if ends else inner


def _with_length(schedule: dict[str, Any]) -> dict[str, Any]:
    """OneCycleLR takes whole steps, from one of two places, and a rise of exactly one step divides by zero."""
    if isinstance(schedule.get("total_steps"), float):
        schedule["total_steps"] = int(schedule["total_steps"]) + 1
    if schedule.get("epochs") is None or schedule.get("steps_per_epoch") is None:
        schedule.setdefault("total_steps", TICKS - 1)
    else:
        schedule["epochs"] = schedule["epochs"] % 7 + 1
        if schedule.get("total_steps") is None:  # native code multiplies the two, also beside an explicit null
            schedule.pop("total_steps", None)
    if any(schedule.get("pct_start", 0.3) * n == 1.0 for n in range(1, 10 * TICKS)):
        schedule["pct_start"] = 0.437
    return schedule


def _with_segments(schedule: dict[str, Any]) -> dict[str, Any]:
    """CAWB's segments must have a length: a warmup inside the epochs, and no epoch_scale that takes a whole segment away."""
    schedule["epochs"] += 1
    if "warmup_epoch" in schedule:
        schedule["warmup_epoch"] %= schedule["epochs"]
    if schedule.get("epoch_scale", 1.0) <= 0:
        schedule["epoch_scale"] = 0.5 - schedule["epoch_scale"]
    return schedule


@st.composite
def sequences(draw: st.DrawFn, groups: int | None = None, first: str | None = None, later: str | None = None) -> dict[str, Any]:
    """SequentialLR of two to four parts with rising milestones, before the run's start and repeated ones among them."""
    count = 1 if later is not None else draw(st.integers(0, 3))
    kinds = [first or draw(st.sampled_from(FIRST)), *(later or draw(st.sampled_from(LATER)) for _ in range(count))]
    milestones = sorted(draw(st.lists(st.integers(-2, TICKS), min_size=count, max_size=count)))
    if draw(st.booleans()):
        milestones = [milestones[0] for _ in milestones]
    parts = [draw(schedules(kind, groups)) for kind in kinds]
    for part in parts[1:]:  # torch divides by these at a milestone
        if part["kind"] in ("torch.LinearLR", "torch.PolynomialLR") and part.get("total_iters") == 0:
            part["total_iters"] = 1
    return {"kind": "torch.SequentialLR", "schedulers": parts, "milestones": milestones}


@st.composite
def documents(draw: st.DrawFn, kind: str, clock: str | None = None, *, lists: bool | None = None) -> dict[str, Any]:
    """A document of one trial of a kind on a small run, with a number or a list of base rates."""
    groups = draw(st.integers(1, 3)) if (draw(st.booleans()) if lists is None else lists) else None
    chosen = clock or draw(st.sampled_from(["step", "epoch", "micro_batch", "process"]))
    base_lr = draw(rates) if groups is None else [draw(rates) for _ in range(groups)]
    schedule = draw(schedules(kind, groups))
    if chosen == "step" or draw(st.booleans()):
        run: dict[str, Any] = {"total_steps": TICKS - 1, "steps_per_epoch": draw(st.integers(1, TICKS))}
    else:
        run = draw(data_runs(epochs=3))
    return {"lrlab": 1, "run": run, "trials": [{"name": "t", "base_lr": base_lr, "clock": chosen, "schedule": schedule}]}


@st.composite
def data_runs(draw: st.DrawFn, epochs: int = 4) -> dict[str, Any]:
    """Runs over data with at least one optimizer step an epoch, every leftover among them."""
    batch, devices, accumulate = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    samples = draw(st.integers(batch * devices * accumulate, 60 + batch * devices * accumulate))
    leftover = {"leftover": draw(st.sampled_from(["step", "drop"]))} if draw(st.booleans()) else {}
    counts = {"samples": samples, "batch_size": batch, "devices": devices, "accumulate": accumulate, "epochs": draw(st.integers(1, epochs))}
    return counts | {"drop_last": draw(st.booleans())} | leftover
