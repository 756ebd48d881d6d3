"""Valid documents of every kind, drawn from what the fields declare; where a kind holds more than its fields say, that
is said here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from hypothesis import strategies as st

from lrlab.schedules import KINDS
from lrlab.schedules.params import MAX_COUNT, Described, PerGroup, describe, find

TICKS = 60
"""How long the drawn runs are, about; durations are drawn up to a third more."""

EXPRESSIONS = {
    1: [
        "1 / (1 + 0.05 * {0})", "lambda {0}: 0.95 ** {0}", "{0} // 7 % 3 / 2",
        "min(1, {0} / 5) if {0} < 30 else 0.5 ** (({0} - 30) // 4)", "0.5 * (1 + math.cos(math.pi * {0} / 40))",
        "math.exp(-{0} / 20) * (1 if {0} > 3 else 0.5)", "max(0, 1 - {0} / 50) ** 0.9", "{0} and 1 / {0} or 1",
    ],
    2: [
        "lambda {0}, {1}: ((1 + math.cos({0} * math.pi / {1})) / 2) * 0.8 + 0.2", "1 - 0.01 * {0} / abs({1})",
        "0.9 ** {0}",
    ],
}  # fmt: skip

COMPOSED = {"torch.SequentialLR", "torch.ChainedScheduler"}
LATER = [
    k
    for k in KINDS
    if k.startswith("torch.")
    and k not in {*COMPOSED, "torch.OneCycleLR", "torch.CyclicLR", "torch.ReduceLROnPlateau", "torch.MultiplicativeLR"}
]
"""What may follow a milestone, or another scheduler of a chain."""
FIRST = [*LATER, "torch.OneCycleLR", "torch.CyclicLR", "torch.MultiplicativeLR"]

rates = st.one_of(st.sampled_from([0.1, 0.001, 1.0]), st.floats(1e-6, 2.0))


@cache
def schedules(kind: str, groups: int | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of one schedule; `groups` None: base_lr is a number, so list arguments are absent."""
    nested = NESTED.get(kind)
    if nested is not None:
        return nested(groups)
    drawn = st.fixed_dictionaries({"kind": st.just(kind)}, optional={}).flatmap(
        lambda head: _fields(kind, groups).map(lambda rest: head | rest)
    )
    mended = MENDED.get(kind)
    return drawn if mended is None else drawn.map(mended)


def _fields(kind: str, groups: int | None) -> st.SearchStrategy[dict[str, Any]]:
    required, optional = {}, {}
    for name, field in KINDS[kind].model_fields.items():
        about = describe(field.annotation, field.metadata)
        value = values(about)
        if find(field.metadata, PerGroup) and groups is not None:
            value |= st.lists(value, min_size=groups, max_size=groups)
        if about.optional:
            value |= st.none()
        (required if field.is_required() else optional)[name] = value
    return st.fixed_dictionaries(required, optional=optional)


def values(about: Described) -> st.SearchStrategy[Any]:
    """Values of one field, its hard bounds among them."""
    if about.choices:
        return st.sampled_from(about.choices)
    if about.control is None:
        return st.booleans()
    unit = about.control.unit
    least = about.low if about.low is not None else -TICKS
    if unit == "metrics":
        return st.lists(
            st.floats(-2.0, 2.0).map(lambda x: round(x, 2)) | st.sampled_from([1.0, 1.0, 0.5, "nan"]), max_size=TICKS
        )
    if unit == "pairs":
        return st.dictionaries(
            st.integers(0, TICKS * 4 // 3).map(str), st.floats(0.0, 3.0).map(lambda x: round(x, 3)), max_size=4
        )
    if unit == "text":
        return st.sampled_from(["val_loss", "val_accuracy", "auc"])
    if about.many and not about.integer:
        return st.lists(rates, min_size=1, max_size=5)
    if about.many:
        return st.lists(st.integers(max(int(least), -3), TICKS * 4 // 3), max_size=5)
    if unit == "expression":
        names = about.control.arguments
        return st.sampled_from([text.format(*names) for text in EXPRESSIONS[len(names)]])
    if unit in ("ticks", "epochs", "updates") or about.integer:
        low = max(int(least), 0) + about.positive
        most = TICKS * 4 // 3 if unit != "number" else 6
        whole = st.integers(low, most)
        # halves only: at most other fractions torch's recursions divide by nearly nothing
        return whole | st.integers(2 * low + 1, 2 * most).map(lambda n: n / 2) if not about.integer else whole
    if unit == "rate":
        return rates | st.sampled_from([0.0, -0.01] if about.low is None else [0.0])
    low, high = (about.low if about.low is not None else -0.9), (about.high if about.high is not None else 1.2)
    if unit == "number":
        low = max(about.low if about.low is not None else -3.0, -3.0)
        high = min(30.0 if about.positive else 3.0, about.high if about.high is not None else 30.0)
    inner = st.floats(low + 1e-3 if about.positive else low, high - 1e-3 if about.below else high).map(
        lambda x: round(x, 6)
    )
    ends = [
        float(x)
        for x in (about.low if not about.positive else None, None if about.below else about.high)
        if x is not None
    ]
    ends = [end for end in ends if abs(end) < MAX_COUNT]  # a bound that only keeps numbers countable
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
    """CAWB's segments must have a length: a warmup inside the epochs, and no epoch_scale that takes a whole segment
    away.
    """
    schedule["epochs"] += 1
    if "warmup_epoch" in schedule:
        schedule["warmup_epoch"] %= schedule["epochs"]
    if schedule.get("epoch_scale", 1.0) <= 0:
        schedule["epoch_scale"] = 0.5 - schedule["epoch_scale"]
    return schedule


def _with_one_floor(schedule: dict[str, Any]) -> dict[str, Any]:
    """transformers wants one of min_lr and min_lr_rate."""
    if (schedule.get("min_lr") is None) == (schedule.get("min_lr_rate") is None):
        schedule.pop("min_lr", None)
        schedule["min_lr_rate"] = 0.1
    return schedule


def _with_a_stable_phase(schedule: dict[str, Any]) -> dict[str, Any]:
    if schedule.get("num_stable_steps") is None:
        schedule.setdefault("num_training_steps", None)
    return schedule


def _with_a_low_end(schedule: dict[str, Any]) -> dict[str, Any]:
    """lr_end lies below every rate that is drawn, and there is something to fall in."""
    if schedule["num_training_steps"] == 0:
        schedule["num_training_steps"] = 1
    return schedule | {"lr_end": 1e-7} if "lr_end" in schedule else schedule


def _with_bounds_in_order(schedule: dict[str, Any]) -> dict[str, Any]:
    low, high = schedule.get("lb", -7.0), schedule.get("ub", 3.0)
    return schedule | {"lb": min(low, high - 1.0), "ub": high}


def _with_growth(schedule: dict[str, Any]) -> dict[str, Any]:
    """Cycles grow by a power of two: at other factors the genuine code's logarithm misses some restarts by a tick."""
    for name in {"cycle_mul", "t_mul"} & schedule.keys():
        schedule[name] = 1.0 if schedule[name] < 1.5 else 2.0 if schedule[name] < 3 else 4.0
    return schedule


def _with_room_to_decay(schedule: dict[str, Any]) -> dict[str, Any]:
    """timm's decay fits into t_initial, and a stable function has a timescale."""
    if schedule["t_initial"] is not None:
        schedule["decay_t"] = min(schedule["decay_t"], schedule["t_initial"])
    timescale = schedule.get("stable_timescale")
    if timescale is None:
        timescale = schedule.get("warmup_t", 0) if schedule.get("stable_fn", "constant") != "constant" else 1.0
    if timescale <= 0:
        schedule["stable_timescale"] = 7.5
    return schedule


def _with_one_value_more(schedule: dict[str, Any]) -> dict[str, Any]:
    """A staircase has a level before each boundary and one after the last."""
    schedule["boundaries"] = schedule["boundaries"] or [TICKS // 2]
    schedule["values"] = (schedule["values"] * 7)[: len(schedule["boundaries"]) + 1]
    return schedule


def _with_a_positive_rate(schedule: dict[str, Any]) -> dict[str, Any]:
    """A negative number has no power of a fraction."""
    return schedule | {"decay_rate": abs(schedule["decay_rate"])}


def _with_a_decay(schedule: dict[str, Any]) -> dict[str, Any]:
    """optax counts the warmup in, and wants some decay after it."""
    if schedule["decay_steps"] is not None:
        schedule["decay_steps"] = max(schedule["decay_steps"], schedule["warmup_steps"] + 1)
    return schedule


def _with_a_tolerance(schedule: dict[str, Any]) -> dict[str, Any]:
    return schedule | {"atol": 0.01} if schedule.get("rtol", 1) == 0 and not schedule.get("atol") else schedule


def _with_rising_milestones(schedule: dict[str, Any]) -> dict[str, Any]:
    return schedule | {"milestones": sorted(set(schedule["milestones"]))}


def _with_a_rise(schedule: dict[str, Any]) -> dict[str, Any]:
    """paddle wants a decimal point in phase_pct, less than half of it with three phases, and no rise of exactly one
    step.
    """
    share = min(float(schedule.get("phase_pct", 0.3)), 0.45)
    return schedule | {"phase_pct": 0.437 if any(share * n == 1.0 for n in range(1, 10 * TICKS)) else share}


def _with_a_value_each(schedule: dict[str, Any]) -> dict[str, Any]:
    return schedule | {
        "lrs": (schedule["lrs"] * 7)[: max(len(schedule["steps"]), 1)],
        "steps": sorted(schedule["steps"]),
    }


def _with_a_point(schedule: dict[str, Any]) -> dict[str, Any]:
    return schedule | {name: float(schedule[name]) for name in ("exp_gamma",) if name in schedule}


def _with_few_powers(schedule: dict[str, Any]) -> dict[str, Any]:
    """A factor above 1 for every b samples grows beyond all numbers where b is a small part of a batch."""
    return schedule | {"learning_rate_decay_b": max(schedule["learning_rate_decay_b"], 25.0)}


def _with_segments_of_samples(schedule: dict[str, Any]) -> dict[str, Any]:
    return schedule | {"learning_rate_args": "320:1.0,640:0.9,500:0.5,1200:0.8"}


def _with_segments_of_passes(schedule: dict[str, Any]) -> dict[str, Any]:
    return schedule | {"learning_rate_args": "1:1.0,2:0.9,5:0.8"}


MENDED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "torch.OneCycleLR": _with_length,
    "cawb.CosineAnnealingWarmbootingLR": _with_segments,
    "transformers.get_cosine_with_min_lr_schedule_with_warmup": _with_one_floor,
    "transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate": _with_one_floor,
    "transformers.get_wsd_schedule": _with_a_stable_phase,
    "transformers.get_polynomial_decay_schedule_with_warmup": _with_a_low_end,
    "timm.CosineLRScheduler": _with_growth,
    "timm.PolyLRScheduler": _with_growth,
    "timm.TanhLRScheduler": lambda schedule: _with_growth(_with_bounds_in_order(schedule)),
    "timm.WSDLRScheduler": _with_room_to_decay,
    "optax.exponential_decay": _with_a_positive_rate,
    "optax.warmup_exponential_decay_schedule": _with_a_positive_rate,
    "optax.warmup_cosine_decay_schedule": _with_a_decay,
    "optax.contrib.reduce_on_plateau": _with_a_tolerance,
    "keras.ExponentialDecay": _with_a_positive_rate,
    "keras.InverseTimeDecay": _with_a_positive_rate,
    "keras.PiecewiseConstantDecay": _with_one_value_more,
    "keras.CosineDecayRestarts": _with_growth,
    "paddle.PiecewiseDecay": _with_one_value_more,
    "paddle.MultiStepDecay": _with_rising_milestones,
    "paddle.InverseTimeDecay": lambda schedule: schedule | {"gamma": abs(schedule["gamma"])},
    "paddle.OneCycleLR": _with_a_rise,
    "paddle.CyclicLR": _with_a_point,
    "paddle_v1.exp": _with_few_powers,
    "paddle_v1.discexp": _with_few_powers,
    "paddle_v1.manual": _with_segments_of_samples,
    "paddle_v1.pass_manual": _with_segments_of_passes,
    "paddlevideo.CustomPiecewiseDecay": _with_one_value_more,
    "paddlevideo.CustomWarmupPiecewiseDecay": _with_a_value_each,
}
"""What fields alone do not say of a kind."""


@st.composite
def sequences(
    draw: st.DrawFn, groups: int | None = None, first: str | None = None, later: str | None = None
) -> dict[str, Any]:
    """SequentialLR of two to four parts with rising milestones, before the run's start and repeated ones among them."""
    count = 1 if later is not None else draw(st.integers(0, 3))
    kinds = [first or draw(st.sampled_from(FIRST)), *(later or draw(st.sampled_from(LATER)) for _ in range(count))]
    kinds = [
        kind for i, kind in enumerate(kinds) if kind != "torch.SWALR" or kind not in kinds[:i]
    ]  # more than one is refused
    count = len(kinds) - 1
    milestones = sorted(draw(st.lists(st.integers(-2, TICKS), min_size=count, max_size=count)))
    if draw(st.booleans()):
        milestones = [milestones[0] for _ in milestones]
    parts = [draw(schedules(kind, groups)) for kind in kinds]
    for part in parts[1:]:  # torch divides by these at a milestone
        if part["kind"] in ("torch.LinearLR", "torch.PolynomialLR") and part.get("total_iters") == 0:
            part["total_iters"] = 1
    return {"kind": "torch.SequentialLR", "schedulers": parts, "milestones": milestones}


@st.composite
def chains(draw: st.DrawFn, groups: int | None = None, *, nested: bool = True) -> dict[str, Any]:
    """ChainedScheduler of one to three, a sequence and another chain among them."""
    parts = [draw(schedules(draw(st.sampled_from(FIRST)), groups))]
    for _ in range(draw(st.integers(0, 2))):
        inner = draw(st.integers(0, 5)) if nested else 5
        if inner == 0:
            parts.append(draw(sequences(groups, draw(st.sampled_from(LATER)))))
        elif inner == 1:
            parts.append(
                {
                    "kind": "torch.ChainedScheduler",
                    "schedulers": [draw(schedules(draw(st.sampled_from(LATER)), groups))],
                }
            )
        else:
            parts.append(draw(schedules(draw(st.sampled_from(LATER)), groups)))
    while str(parts).count("torch.SWALR") > 1:  # more than one is refused
        parts.pop()
    for part in parts:
        if part["kind"] == "torch.ConstantLR" and part.get("factor") == 0:  # torch divides by it
            part["factor"] = 0.25
    return {"kind": "torch.ChainedScheduler", "schedulers": parts}


@st.composite
def gradual(draw: st.DrawFn, groups: int | None = None) -> dict[str, Any]:
    """GradualWarmupScheduler with nothing, any torch schedule, or a plateau and its metrics after it."""
    drawn: dict[str, Any] = {
        "kind": "warmup_scheduler.GradualWarmupScheduler",
        "multiplier": draw(st.sampled_from([1, 1.0, 2.5, 8])),
    }
    drawn["total_epoch"] = draw(st.integers(1, TICKS) | st.sampled_from([2.5, 7.25]))
    after = draw(st.sampled_from([None, "torch.ReduceLROnPlateau", *FIRST]))
    if after is not None:
        drawn["after_scheduler"] = draw(schedules(after, groups))
        metrics = drawn["after_scheduler"].pop("metrics", None)
        if after == "torch.ReduceLROnPlateau":
            drawn["metrics"] = metrics
    return drawn


@st.composite
def joined(draw: st.DrawFn, groups: int | None = None, depth: int = 1) -> dict[str, Any]:
    """optax.join_schedules of one to three, another one among them."""
    plain = [k for k in KINDS if k.startswith("optax.") and k not in NESTED and k != "optax.contrib.reduce_on_plateau"]
    parts = [draw(schedules(draw(st.sampled_from(plain)), groups)) for _ in range(draw(st.integers(1, 3)))]
    if depth and draw(st.booleans()):
        parts.append(draw(joined(groups, depth - 1)))
    boundaries = sorted(draw(st.lists(st.integers(0, TICKS), min_size=len(parts) - 1, max_size=len(parts) - 1)))
    return {"kind": "optax.join_schedules", "schedules": parts, "boundaries": boundaries}


@st.composite
def sgdr(draw: st.DrawFn, groups: int | None = None) -> dict[str, Any]:
    """optax.sgdr_schedule of one to three cycles."""
    cycles = [draw(schedules("optax.warmup_cosine_decay_schedule", groups)) for _ in range(draw(st.integers(1, 3)))]
    for cycle in cycles:
        cycle.pop("kind")
        cycle["decay_steps"] = cycle["decay_steps"] or TICKS // 2
    return {"kind": "optax.sgdr_schedule", "cosine_kwargs": [_with_a_decay(cycle) for cycle in cycles]}


@st.composite
def warmed(draw: st.DrawFn, groups: int | None = None) -> dict[str, Any]:
    """paddle.LinearWarmup towards a number or any other of paddle's, another warmup among them."""
    kinds = [k for k in KINDS if k.startswith("paddle.") and k not in ("paddle.ReduceOnPlateau", "paddle.LinearWarmup")]
    inner = draw(rates | st.sampled_from(kinds).flatmap(lambda kind: schedules(kind, groups)))
    start = draw(rates)
    warmup = {"warmup_steps": draw(st.integers(1, TICKS)), "start_lr": start, "end_lr": start + draw(rates)}
    return {"kind": "paddle.LinearWarmup", "learning_rate": inner} | warmup


NESTED: dict[str, Callable[[int | None], st.SearchStrategy[dict[str, Any]]]] = {
    "torch.SequentialLR": sequences,
    "torch.ChainedScheduler": chains,
    "warmup_scheduler.GradualWarmupScheduler": gradual,
    "paddle.LinearWarmup": warmed,
    "optax.join_schedules": joined,
    "optax.sgdr_schedule": sgdr,
}
"""What holds other schedules."""


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
    return {
        "lrlab": 1,
        "run": run,
        "trials": [{"name": "t", "base_lr": base_lr, "clock": chosen, "schedule": schedule}],
    }


@st.composite
def data_runs(draw: st.DrawFn, epochs: int = 4) -> dict[str, Any]:
    """Runs over data with at least one optimizer step an epoch, every leftover among them."""
    batch, devices, accumulate = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    samples = draw(st.integers(batch * devices * accumulate, 60 + batch * devices * accumulate))
    leftover = {"leftover": draw(st.sampled_from(["step", "drop"]))} if draw(st.booleans()) else {}
    counts = {
        "samples": samples,
        "batch_size": batch,
        "devices": devices,
        "accumulate": accumulate,
        "epochs": draw(st.integers(1, epochs)),
    }
    return counts | {"drop_last": draw(st.booleans())} | leftover
