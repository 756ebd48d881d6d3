"""Keras 3: its own schedules where they give this very curve over the whole run, the curve over keras.ops otherwise."""

from __future__ import annotations

import math
import textwrap
from typing import ClassVar

import numpy as np

from lrlab.document import Trial
from lrlab.document.run import Run, calls
from lrlab.exporters import compiled, loop, module
from lrlab.exporters.base import Job
from lrlab.exporters.constructor import constructor, quoted, typed
from lrlab.schedules import Schedule
from lrlab.schedules.keras import (
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    KerasCallback,
    KerasSchedule,
    LearningRateScheduler,
    PolynomialDecay,
    ReduceLROnPlateau,
)
from lrlab.trees.python import Writer, fits

EXACT_LOGARITHMS = 4096
"""Up to here the logarithm of a power of two, divided by that of 2, is a whole number in every backend."""
_CLASS = '''
class <name>(keras.optimizers.schedules.LearningRateSchedule):
    """<says>"""

    def __call__(self, step):
        <body>

    def get_config(self):
        return {}  # what it is made from are the constants of this module
'''
_TRAIN = '''
def make_optimizer():
    """<optimizer>; any other will do as well."""
    return keras.optimizers.SGD(<rate>, momentum=0.9<accumulating>)


def train(model, data, loss, <validation>path="checkpoint.keras", resume=False):
    """Train for EPOCHS epochs on data, which is what fit takes; after each a checkpoint to `resume` from."""
    if resume:
        model = load(path)
    else:
        model.compile(optimizer=make_optimizer(), loss=loss<metrics>)
    start = <start>
    saving = <callbacks>
    <fit>
    return model


def load(path):
    """The model of a checkpoint, with its optimizer, whose count the schedule goes on from."""
    return keras.models.load_model(path<custom>)
'''
_PARTIAL = """
model.fit(data, <validated>initial_epoch=start, epochs=EPOCHS - 1, callbacks=saving)
if start < EPOCHS:  # the last epoch is no whole one
    last = TOTAL_STEPS - (EPOCHS - 1) * STEPS_PER_EPOCH
    model.fit(data, <validated>initial_epoch=EPOCHS - 1, epochs=EPOCHS, steps_per_epoch=last, callbacks=saving)
"""
_CHECK = '''
def check():
    """Print how far the schedule is from EXPECTED; whether that is too far."""
    largest = max(abs(float(schedule(step)) - lr) for step, lr in EXPECTED.items())
    print(f"largest deviation: {largest:.3g}")
    return largest > <tolerance> * max(map(abs, EXPECTED.values()))
'''
_CHECK_CALLBACK = '''
def check():
    """Print how far the callback takes the rate of an idle model from EXPECTED; whether that is too far."""
    <metrics>
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(optimizer=make_optimizer(), loss="mse")
    (callback,) = callbacks()
    callback.set_model(model)
    callback.on_train_begin()
    largest = 0.0
    for tick in range(max(EXPECTED) + 1):
        callback.on_epoch_begin(tick)
        if tick in EXPECTED:
            largest = max(largest, abs(float(model.optimizer.learning_rate) - EXPECTED[tick]))
        <end>
    print(f"largest deviation: {largest:.3g}")
    return largest > 1e-5 * max(map(abs, EXPECTED.values()))
'''
_SHOWN = """
if tick < len(metrics):
    callback.on_epoch_end(tick, {<monitor>: metrics[tick]})
"""


class Keras(compiled.Compiled):
    """`BASE_LR` and `schedule`, a LearningRateSchedule."""

    target = "keras"
    title = "Keras"
    suffix = "_keras.py"
    flavour = "keras"
    versions: ClassVar = {"keras": "3.15.1"}
    groups = False
    doubles = 'keras.config.set_floatx("float64")'

    def not_native(self, run: Run, trial: Trial) -> str:
        if isinstance(trial.schedule, KerasCallback):
            if trial.clock != "epoch":
                return f"Keras calls it once per epoch, not once per {module.UNITS[trial.clock]}"
            raises = trial.bound(run)[0].raises_at()
            return f"it raises at epoch {raises:,.0f}" if math.isfinite(raises) else ""
        if not isinstance(trial.schedule, KerasSchedule):
            return super().not_native(run, trial)
        bound, ticks = trial.bound(run)[0], calls(run, trial.clock)
        return compiled.too_large(bound, ticks) or _compiled_otherwise(bound, ticks)

    def prefers_portable(self, run: Run, trial: Trial) -> str:
        if isinstance(trial.schedule, KerasCallback):
            return "it is a callback, which sets the rate of the optimizer, no schedule"
        return super().prefers_portable(run, trial)

    def off(self, job: Job) -> float:
        return 0.0 if _calls_back(job) else super().off(job)

    def counts_steps(self, job: Job) -> bool:
        return not _calls_back(job)

    def how(self, job: Job) -> str:
        if _calls_back(job):
            return "its own callback"
        return "its own schedule" if job.native else "the curve over keras.ops"

    def unit(self, job: Job) -> str:
        return "A tick is an epoch." if _calls_back(job) else super().unit(job)

    def lost(self, job: Job) -> list[str]:
        found = super().lost(job) + module.ends_of_epochs(job, self.title)
        found += loop.alone(job, "data")
        if loop.watches(job):
            found.append("what the callback remembers of the metric, from a checkpoint: Keras does not save it")
        return found

    def imports(self, job: Job) -> set[str]:
        return {"import keras"} if job.native else {"import keras", "from keras import ops"}

    def run_constants(self, job: Job) -> dict[str, str]:
        run, found = job.run, super().run_constants(job)
        if run.accumulate > 1:
            return found | {"ACCUMULATE": str(run.accumulate), "MICRO_BATCHES_PER_EPOCH": str(run.micro_batches)}
        return (
            found
            | {"STEPS_PER_EPOCH": str(run.updates)}
            | ({"TOTAL_STEPS": str(run.steps)} if run.steps % run.updates else {})
        )

    def defines(self, job: Job, writer: Writer) -> list[str]:
        return [*(_callback(job, writer) if _calls_back(job) else _schedule(job, writer)), *_training(job)]

    def check(self, job: Job) -> str:
        if not _calls_back(job):
            return module.fill(_CHECK, tolerance=self.tolerance(job))
        shown = module.fill(_SHOWN, monitor=quoted(_monitor(job))) if loop.watches(job) else ""
        return module.fill(_CHECK_CALLBACK, metrics=loop.metrics(job), end=shown)


def _calls_back(job: Job) -> bool:
    return job.native and isinstance(job.trial.schedule, KerasCallback)


def _compiled_otherwise(schedule: Schedule, ticks: int) -> str:
    """Why a compiled schedule is another curve within so many ticks."""
    match schedule:
        case ExponentialDecay() | InverseTimeDecay() if schedule.staircase:
            return compiled.late_says(schedule.decay_steps, ticks)
        case PolynomialDecay():
            jumps = compiled.late_says(schedule.decay_steps, ticks, after=True) if schedule.cycle else ""
            return jumps or (compiled.below_zero(schedule.power) if ticks > schedule.decay_steps else "")
        case CosineDecayRestarts() if schedule.t_mul == 1:
            return compiled.late_says(schedule.first_decay_steps, ticks)
        case CosineDecayRestarts() if missed := _missed(schedule, ticks):
            return f"it finds restarts by a logarithm, whose rounding can miss the one at tick {missed:,}"
    return ""


def _missed(schedule: CosineDecayRestarts, ticks: int) -> int:
    """A restart within so many ticks that a quotient of logarithms may miss by a tick; 0 where there is none.

    What it comes to hangs on who computes the logarithms. Those of small powers of two are exact everywhere, if what
    they are taken of is.
    """
    first, factor = float(schedule.first_decay_steps), float(schedule.t_mul)
    place, grown = first, factor
    while place <= ticks:
        for dtype in compiled.PRECISIONS:
            x = dtype(np.ceil(place))
            exact = all(
                dtype(1) - done * (dtype(1) - dtype(factor)) == grown
                for done in (x / dtype(first), x * (dtype(1) / dtype(first)))
            )
            if not exact or not 1 < grown <= EXACT_LOGARITHMS or not math.log2(grown).is_integer():
                return int(x)
        place += first * grown
        grown *= factor
    return 0


def _schedule(job: Job, writer: Writer) -> list[str]:
    """`schedule`, and what stands before it."""
    says = "The learning rate of each optimizer step, counted from 0."
    if not job.native:
        functions, start, last = compiled.statements(job, writer, groups=False)
        body = ["step = ops.cast(step, keras.config.floatx())", *start, *last]
        return [*functions, _class("Schedule", says, body), "schedule = Schedule()", *_accumulated(job)]
    call = module.native_call(job, writer)
    if job.trial.clock == "step":
        return [f"schedule = {call}", *_accumulated(job)]
    body = [f"return native({writer.text(module.tick_tree(job.run, job.trial))})"]
    return [f"native = {call}", _class("Schedule", says, body), "schedule = Schedule()", *_accumulated(job)]


def _class(name: str, says: str, body: list[str]) -> str:
    return module.fill(_CLASS, name=name, says=says, body="\n".join(body))


def _accumulated(job: Job) -> list[str]:
    """The schedule as an optimizer wants it that accumulates gradients, and shows it the count of micro-batches."""
    says = "The schedule for an optimizer that accumulates gradients: Keras shows it the count of micro-batches."
    return [_class("ByMicroBatch", says, ["return schedule(step // ACCUMULATE)"])] if job.run.accumulate > 1 else []


def _callback(job: Job, writer: Writer) -> list[str]:
    """`callbacks`, and a constant schedule."""
    schedule, plain, before = job.trial.schedule, Writer("math"), []
    if isinstance(schedule, LearningRateScheduler):
        [(names, tree)] = typed(schedule, "schedule")
        one = [f"return float({plain.text(tree)})"] if fits(tree) else plain.body(tree).ending("return float({})")
        before = [module.function(f"def rate({', '.join(names)}):", "The learning rate of an epoch.", one)]
        call = f"{schedule.module}.{schedule.called()}(rate)"
    else:
        call = constructor(plain, schedule, job.bound, "schedule")
    writer.imports |= plain.imports
    writer.constants |= plain.constants
    says = "The base rate. What becomes of it the callback says, which wants BASE_LR itself in the optimizer."
    constant = _class("Schedule", says, ["return keras.ops.convert_to_tensor(BASE_LR)"])
    says = "What fit is to be given: it sets the optimizer's rate."
    return [constant, "schedule = Schedule()", *before, module.function("def callbacks():", says, [f"return [{call}]"])]


def _monitor(job: Job) -> str:
    return job.trial.schedule.monitor if isinstance(job.trial.schedule, ReduceLROnPlateau) else ""


def _start(run: Run) -> str:
    """The epochs behind a checkpoint, which is written at the end of each; the last may be a part of one."""
    if run.accumulate > 1:
        return (
            "int(model.optimizer.variables[0]) // MICRO_BATCHES_PER_EPOCH  # micro-batches: `iterations` counts steps"
        )
    count = "int(model.optimizer.iterations)"
    return f"-(-{count} // STEPS_PER_EPOCH)" if run.steps % run.updates else f"{count} // STEPS_PER_EPOCH"


def _training(job: Job) -> list[str]:
    """The optimizer, the training loop, and what saves and loads."""
    run, watched, back = job.run, loop.watches(job), _calls_back(job)
    own = ["Schedule"] * (not job.native or job.trial.clock != "step") + ["ByMicroBatch"] * (run.accumulate > 1)
    custom = ", ".join(f'"{name}": {name}' for name in own)
    validated = "validation_data=validation, " * watched
    metric = _monitor(job).removeprefix("val_")
    text = module.fill(
        _TRAIN,
        optimizer="An optimizer with the base rate, which the callback changes"
        if back
        else "An optimizer with the schedule",
        rate="BASE_LR" if back else "ByMicroBatch()" if run.accumulate > 1 else "schedule",
        accumulating=", gradient_accumulation_steps=ACCUMULATE" * (run.accumulate > 1),
        validation="validation, " * watched,
        metrics=f", metrics=[{quoted(metric)}]" * (watched and metric != "loss"),
        start=_start(run),
        callbacks="[*callbacks(), keras.callbacks.ModelCheckpoint(path)]"
        if back
        else "[keras.callbacks.ModelCheckpoint(path)]",
        fit=module.fill(_PARTIAL, validated=validated)
        if run.steps % run.updates
        else f"model.fit(data, {validated}initial_epoch=start, epochs=EPOCHS, callbacks=saving)",
        custom=f", custom_objects={{{custom}}}" if own and not back else "",
    )
    return [textwrap.dedent(text)]
