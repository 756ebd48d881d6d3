"""The section of the real network: the schedules of Tune train it, with many seeds at once, and the results are drawn
as they come.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from lrlab import engine
from lrlab.charts.panels import Line, Panel, panels
from lrlab.document import DocumentError, Trial
from lrlab.document.run import Run
from lrlab.lessons import compare, curve
from lrlab.lessons.curve import CurveSettings
from lrlab.lessons.digits import CLASSES, TEST
from lrlab.lessons.intervals import interval
from lrlab.lessons.network import Floats, Outcome, Training, kept_at, squeezed, train
from lrlab.plans import restarts
from lrlab.ui import chart, state
from lrlab.ui.lessons import fields, frame, jobs
from lrlab.ui.lessons.numbers import mean
from lrlab.ui.widgets import escape

MOST_SCHEDULES = 8
"""At most so many schedules are trained; more could not be told apart in the charts."""
MIN_CYCLE = 5
"""A cycle needs so many training steps: with fewer, the squeezed run misses its highest and lowest rates."""
POINTS_DRAWN = 1500  # so many points of the learning rate are drawn


class Entry(NamedTuple):
    """A trial as it is trained: its place in Tune, its name, the rate of each training step, and the ends of its
    cycles, where the weights are kept.
    """

    place: int
    name: str
    rates: Floats
    kept: list[int]


def show() -> None:
    """The whole section."""
    settings = frame.at_hand(Training)
    setup = settings.setup
    frame.text(
        "sgdr",
        "network",
        parameters=f"{setup.parameters:,}",
        steps=f"{setup.steps:,}",
        per_epoch=setup.steps_per_epoch,
        test=TEST,
    )
    fields.show(Training, "epochs", "seeds", "factor", "noise", switches=("schedules",))
    with st.expander("The network and its optimizer", icon=":material/tune:"):
        fields.show(Training, "optimizer", "momentum", "batch", "hidden", "samples")
    entries = _entries(settings)
    if settings.schedules == "tune" and entries:
        st.caption(
            "What is trained is what Tune shows, not what The curve above does: "
            f"{escape(', '.join(entry.name for entry in entries))}."
        )
    if not entries:
        st.info("There is no schedule to train: add one there, or show one that is hidden.", icon=":material/info:")
        return
    rates, kept = np.array([entry.rates for entry in entries]), [entry.kept for entry in entries]
    networks = len(entries) * settings.seeds

    def draw(outcome: Outcome, finished: bool) -> None:  # noqa: FBT001 (the panel's form)
        _draw(entries, settings, outcome, finished=finished)

    jobs.panel(
        settings,
        lambda: train(setup, rates, settings.seeds, kept),
        draw,
        more=rates.tobytes() + repr(kept).encode(),
        label=f"Train {len(entries)} schedule{'s' * (len(entries) > 1)} from {settings.seeds} seeds",
        cost=(
            f"{len(entries)} schedule{'s' * (len(entries) > 1)} x {settings.seeds} seeds are {networks} "
            f"networks of {setup.steps:,} steps each"
        ),
        seconds=setup.seconds(networks, len(set().union(*kept))),
    )


def _entries(settings: Training) -> list[Entry]:
    """The trials that Tune or the first section shows, squeezed to the length of the training; and sentences on why a
    trial is left out.
    """
    experiment = state.experiment() if settings.schedules == "tune" else curve.experiment(frame.at_hand(CurveSettings))
    shown = [(place, trial) for place, trial in enumerate(experiment.trials) if not trial.hidden]
    if len(shown) > MOST_SCHEDULES:
        st.caption(f"The first {MOST_SCHEDULES} of the {len(shown)} schedules that are shown.")
    found = []
    for place, trial in shown[:MOST_SCHEDULES]:
        try:
            found.append(_entry(experiment.run, place, trial, settings))
        except DocumentError as error:
            st.warning(f"Not trained: {escape(str(error))}.", icon=":material/error:")
    return found


def _entry(run: Run, place: int, trial: Trial, settings: Training) -> Entry:
    steps = settings.setup.steps
    rates = settings.factor * engine.first_group(engine.lr(run, trial, squeezed(run.steps, steps)))
    for said in _not_as_in_tune(trial):
        st.caption(f"{escape(trial.name)}: {said}.")
    plan = restarts.plan(run, trial)
    why_none = _no_snapshots(plan, run.steps, steps) if plan else ""
    if why_none:
        st.caption(f"No snapshots of {escape(trial.name)}: {why_none}.")
    kept = kept_at(run.steps, steps, [end.snapshot for end in plan.ends]) if plan and not why_none else []
    return Entry(place, trial.name, rates, kept)


def _not_as_in_tune(trial: Trial) -> list[str]:
    """What this training leaves out of a trial."""
    said = []
    if trial.schedule.watches:
        shown = (
            "the metric that Tune shows it, not this network's"
            if trial.schedule.shown
            else "no metric, so it never acts"
        )
        said.append(f"it watches {shown}")
    if isinstance(trial.base_lr, tuple):
        said.append("every layer is trained with the rate of its first parameter group")
    return said


def _no_snapshots(plan: restarts.Plan, length: int, steps: int) -> str:
    """Why a run of `length`, squeezed to so many steps, keeps no snapshots at the ends of its cycles; empty where it
    does.
    """
    if not plan.complete:
        return f"of its {plan.whole:,} whole cycles only the first {len(plan.ends)} are listed"
    begin = length * plan.begin / (plan.begin + plan.left)
    shortest = np.diff([begin, *(end.step for end in plan.ends)]).min(initial=np.inf) * steps / length
    return (
        f"its shortest cycle comes to {shortest:.1f} steps of this training, and takes {MIN_CYCLE} to be seen"
        if shortest < MIN_CYCLE
        else ""
    )


# ---------------------------------------------------------------- what came out


def _draw(entries: list[Entry], settings: Training, outcome: Outcome, *, finished: bool) -> None:
    broken = [compare.divergence(entry.name, outcome.diverged[k]) for k, entry in enumerate(entries)]
    if any(broken):
        lower = "A network that diverged is stopped there and counts in no mean; a lower rate factor may train it."
        st.warning(
            escape(". ".join(sentence for sentence in broken if sentence) + f". {lower}"), icon=":material/trending_up:"
        )
    chart.show(_curves(entries, settings, outcome), key="network.curves", height=620, alt=_in_words(entries, outcome))
    trained = [entry for k, entry in enumerate(entries) if compare.sound(outcome, k).any()]
    if any(entry.kept for entry in trained):
        chart.show(
            _anytime(entries, settings, outcome),
            key="network.anytime",
            height=500,
            alt=_kept_in_words(entries, outcome),
        )
        st.caption(
            "Strong: the weights at the end of the last whole cycle; the ensemble of all snapshots. "
            "Faint: the weights now; each snapshot alone."
        )
    if not finished:
        return
    if trained:
        _guesses(entries, outcome)
        _table(entries, outcome)
        _differences(entries, outcome)
    csv = "".join(compare.csv([entry.name for entry in entries], outcome, settings.setup.steps_per_epoch))
    st.download_button(
        "CSV of all networks",
        csv,
        "lrlab-training.csv",
        "text/csv",
        icon=":material/download:",
        key="network.csv",
        on_click="ignore",
    )


def _guesses(entries: list[Entry], outcome: Outcome) -> None:
    """Which networks know next to nothing at the end, though none of their losses was so high that they count as
    diverged.
    """
    said = [
        compare.guessing(entry.name, outcome.accuracy[k, compare.sound(outcome, k), -1])
        for k, entry in enumerate(entries)
    ]
    if any(said):
        why = (
            "Rates far too high or far too low bring this about without a divergence; these networks do "
            "count in the means."
        )
        st.warning(escape(". ".join(filter(None, said)) + f". {why}"), icon=":material/casino:")


def _mean(
    values: Floats,
    x: Floats,
    entry: Entry,
    name: str = "",
    *,
    most: float = 100,
    faint: bool = False,
    markers: bool = False,
) -> Line | None:
    """The line of the mean of (seeds, n), with its interval as a band, cut at what is possible; none where no seed
    trained or there are no values.
    """
    drawn = np.isfinite(values).all(axis=0)
    if not drawn.any() or not len(values):
        return None
    found = interval(values[:, drawn], axis=0).clipped(0, most)
    low, high = (found.low, found.high) if found.bounded and not faint else (None, None)
    return Line(
        name or entry.name,
        x[drawn],
        found.mean,
        entry.place,
        low,
        high,
        markers=markers,
        faint=faint,
        legend=entry.name,
    )


def _curves(entries: list[Entry], settings: Training, outcome: Outcome) -> dict[str, object]:
    """Training loss, test accuracy and, below them, the learning rate, over epochs."""
    epochs, per_epoch = outcome.epochs.astype(np.float64), settings.setup.steps_per_epoch
    rows = [(k, entry, compare.sound(outcome, k)) for k, entry in enumerate(entries)]
    loss = [_mean(outcome.loss[k, sound], epochs, entry, most=np.inf) for k, entry, sound in rows]
    accuracy = [_mean(100 * outcome.accuracy[k, sound], epochs, entry) for k, entry, sound in rows]
    rates = []
    for entry in entries:
        at = np.unique(
            np.concatenate(
                [
                    np.linspace(0, entry.rates.size - 1, POINTS_DRAWN).astype(np.int64),
                    np.array(entry.kept, dtype=np.int64),
                ]
            )
        )
        rates.append(Line(entry.name, at / per_epoch, entry.rates[at], entry.place))
    drawn = [
        Panel("training loss", [line for line in loss if line], log=True),
        Panel("test accuracy, %", [line for line in accuracy if line]),
        Panel("learning rate", rates, share=0.6),
    ]
    return panels([panel for panel in drawn if panel.lines], "epoch", filename="lrlab-training")


def _anytime(entries: list[Entry], settings: Training, outcome: Outcome) -> dict[str, object]:
    """What one could use at each moment: the weights as they are, those of the last whole cycle, and the ensemble of
    all such weights so far.
    """
    epochs, per_epoch = outcome.epochs.astype(np.float64), settings.setup.steps_per_epoch
    stops: list[Line | None] = []
    kept: list[Line | None] = []
    for k, entry in enumerate(entries):
        sound = compare.sound(outcome, k)
        now = 100 * outcome.accuracy[k, sound]
        if not entry.kept:
            stops.append(_mean(now, epochs, entry))
            continue
        last = 100 * compare.completed(outcome, k, per_epoch)[sound]
        stops += [
            _mean(last, epochs, entry, f"{entry.name}: last cycle"),
            _mean(now, epochs, entry, f"{entry.name}: now", faint=True),
        ]
        at = (outcome.snapshots[k] + 1) / per_epoch
        single, together = outcome.snapshot_accuracy[k][sound], outcome.ensemble_accuracy[k][sound]
        kept += [
            _mean(100 * single, at, entry, f"{entry.name}: snapshot", faint=True, markers=True),
            _mean(100 * together, at, entry, f"{entry.name}: ensemble", markers=True),
        ]
    return panels(
        [
            Panel("stopped here: test accuracy, %", [line for line in stops if line]),
            Panel("snapshots and their ensemble: test accuracy, %", [line for line in kept if line]),
        ],
        "epoch",
        filename="lrlab-anytime",
    )


def _in_words(entries: list[Entry], outcome: Outcome) -> str:
    said = [
        (
            f"{entry.name[:80]}: training loss {outcome.loss[k, sound, -1].mean():.3g}, test accuracy "
            f"{outcome.accuracy[k, sound, -1].mean():.1%}"
        )
        if (sound := compare.sound(outcome, k)).any()
        else f"{entry.name[:80]}: every network diverged"
        for k, entry in enumerate(entries)
    ]
    return f"Training loss, test accuracy and learning rate after {outcome.epochs[-1]} epochs. " + "; ".join(said)


def _kept_in_words(entries: list[Entry], outcome: Outcome) -> str:
    said = []
    for k, entry in enumerate(entries):
        sound, count = compare.sound(outcome, k), outcome.snapshots[k].size
        if count and sound.any():
            single, together = (
                part[k][sound, -1].mean() for part in (outcome.snapshot_accuracy, outcome.ensemble_accuracy)
            )
            said.append(f"{entry.name[:80]}: last of {count} snapshots {single:.1%}, their ensemble {together:.1%}")
    return "Test accuracy if the training stopped at each epoch, and of the snapshots. " + "; ".join(
        said or ["no cycle is whole yet"]
    )


def _table(entries: list[Entry], outcome: Outcome) -> None:
    """The numbers of the last epoch, each with its interval."""
    rows = []
    for k, entry in enumerate(entries):
        sound = compare.sound(outcome, k)
        loss, accuracy = outcome.loss[k, sound, -1], 100 * outcome.accuracy[k, sound, -1]
        single, together = (100 * part[k][sound] for part in (outcome.snapshot_accuracy, outcome.ensemble_accuracy))
        cycles = single.shape[1]
        rows.append(
            {
                "schedule": entry.name,
                "training loss": _between(loss, ".3f", np.inf),
                "test accuracy, %": _between(accuracy),
                "at the last whole cycle, %": _between(single[:, -1]) if cycles else "",
                "ensemble, %": _between(together[:, -1]) if cycles else "",
                "snapshots": str(cycles or ""),
                "diverged": int((~sound).sum()),
            }
        )
    st.markdown(
        "**After the last epoch**: means over the seeds, 95 % intervals in brackets where more than one is left",
        help=f"A blind guess is right in {100 / CLASSES:.0f} %.",
    )
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="network.table")


def _between(values: Floats, form: str = ".1f", most: float = 100) -> str:
    """A mean and its interval, cut at what is possible; nothing where there are no values."""
    return mean(interval(values).clipped(0, most), form) if values.size else ""


def _differences(entries: list[Entry], outcome: Outcome) -> None:
    """The difference of each pair of schedules, seed by seed; and the ensemble, and the last weights where they are no
    snapshot, each compared with the last snapshot.
    """
    names = [entry.name for entry in entries]
    accuracy = 100 * outcome.accuracy[..., -1]
    found = compare.differences(names, outcome, accuracy)
    cut = False
    for k, entry in enumerate(entries):
        sound = compare.sound(outcome, k)
        count = outcome.snapshots[k].size
        if not count or sound.sum() < compare.MIN_SEEDS:
            continue
        last, together = (100 * part[k][sound, -1] for part in (outcome.snapshot_accuracy, outcome.ensemble_accuracy))
        if count > 1:
            found.append(compare.paired(f"{entry.name}: ensemble of {count}", "last snapshot", together, last))
        if outcome.snapshots[k][-1] < entry.rates.size - 1:
            cut = True
            found.append(compare.paired(f"{entry.name}: last weights", "last snapshot", accuracy[k, sound], last))
    if not found:
        st.caption("No two schedules have two seeds with which both trained: there is nothing to compare.")
        return
    rows = [
        {
            "difference": f"{d.first} minus {d.second}",
            "points of test accuracy": mean(d.found, "+.1f"),
            "over seeds": d.found.n,
            "it is": d.verdict,
        }
        for d in found
    ]
    st.markdown("**Differences**, seed by seed: the same first weights, the same order of samples")
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="network.differences")
    if cut:
        st.caption(
            "Two schedules are compared by their last weights, which a cut last cycle leaves at a high "
            "rate: look at its last snapshot too."
        )
    if len(rows) > 1:
        st.caption(f"{len(rows)} intervals: about one in twenty misses the true difference by chance alone.")
