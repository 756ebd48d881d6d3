"""optax: its own schedules where they give this very curve over the whole run, the curve over jax.numpy otherwise."""

from __future__ import annotations

from typing import ClassVar

from lrlab.document import Trial
from lrlab.document.run import Run, calls
from lrlab.exporters import compiled, loop, module
from lrlab.exporters.base import Job
from lrlab.exporters.constructor import constructor
from lrlab.schedules.optax import ExponentialDecay, OptaxSchedule, PolynomialSchedule, WarmupExponentialDecaySchedule
from lrlab.trees.python import Writer

_OPTIMIZER = '''
def make_optimizer():
    """An optimizer with the schedule, whose count its state holds; any other will do as well."""
    return optax.sgd(schedule, momentum=0.9)
'''
_OPTIMIZER_OF_GROUPS = '''
def make_optimizer(labels):
    """An optimizer with a rate for each group; `labels`, shaped like the parameters, has the group of each of them."""
    groups = {i: optax.sgd(lambda count, i=i: schedule(count)[i], momentum=0.9) for i in range(len(BASE_LR))}
    return optax.partition(groups, labels)
'''
_TRAIN = '''
def train(params, <labels>loader, loss_function, <evaluate>path="checkpoint.npz", resume=False):
    """Train on loss_function(params, inputs, targets) for EPOCHS epochs; after each a checkpoint to `resume` from."""
    optimizer = make_optimizer(<passed>)
    state = <state>
    <gradient>

    @jax.jit
    def update(params, state, <arguments>):
        <gradients>
        <changed>
        return optax.apply_updates(params, updates), state

    start = 0
    if resume:
        params, state, start = load(path, params, state)
    for epoch in range(start, EPOCHS):
        <fresh>
        <head>
            <step>
            <each_micro_batch>
        <each_epoch>
        save(path, epoch + 1, params, state)
    return params, state


def save(path, epoch, params, state):
    """Write a checkpoint: a schedule goes on where it was only if the state is saved too, which holds the count."""
    with open(path, "wb") as file:
        np.savez(file, *jax.tree.leaves((params, state)), epoch=epoch)


def load(path, params, state):
    """The parameters and the state of a checkpoint, made like the ones given; and the epoch to go on with."""
    leaves, tree = jax.tree.flatten((params, state))
    with np.load(path) as saved:
        leaves = [jnp.asarray(saved[f"arr_{i}"].view(leaf.dtype)) for i, leaf in enumerate(leaves)]
        return *jax.tree.unflatten(tree, leaves), int(saved["epoch"])
'''
_GRADIENT = "gradient = jax.jit(jax.grad(loss_function))"
_ACCUMULATED = """
gradients = gradient(params, inputs, targets)
total = gradients if total is None else jax.tree.map(jnp.add, total, gradients)
if <whole>:
    params, state = update(params, state, jax.tree.map(lambda g: g / ACCUMULATE, total))
    total = None
    <each_step>
"""
_WATCHED = """
updates, moved = optimizer.update(gradients, state[0], params)
updates = optax.tree.scale(state[1].scale, updates)
state = (moved, state[1])
"""
_WATCH = "state = (state[0], watch(params, state[1], value=evaluate(params))[1])"
_CHECK = '''
def check():
    """Print how far the schedule, compiled, is from EXPECTED; whether that is too far."""
    wanted = np.array(list(EXPECTED.values()))
    rate = jax.jit(schedule)
    largest = np.abs(np.array([rate(step) for step in EXPECTED]) - wanted).max()
    print(f"largest deviation: {largest:.3g}")
    return bool(largest > <tolerance> * np.abs(wanted).max())
'''
_CHECK_WATCHED = '''
def check():
    """Print how far BASE_LR times the scale of `plateau` is from EXPECTED; whether that is too far."""
    <metrics>
    idle = jnp.zeros(1)
    state, rates = plateau.init(idle), []
    for tick in range(max(EXPECTED) + 1):
        if tick in EXPECTED:
            rates.append(np.multiply(BASE_LR, state.scale))
        if tick < len(metrics):
            state = watch(idle, state, value=metrics[tick])[1]
    wanted = np.array(list(EXPECTED.values()))
    largest = np.abs(np.array(rates) - wanted).max()
    print(f"largest deviation: {largest:.3g}")
    return bool(largest > 1e-5 * np.abs(wanted).max())
'''


class Optax(compiled.Compiled):
    """`BASE_LR` and `schedule`, a function of the count of updates."""

    target = "optax"
    title = "optax"
    suffix = "_optax.py"
    flavour = "jax"
    versions: ClassVar = {"optax": "0.2.8", "jax": "0.10.2"}
    doubles = 'jax.config.update("jax_enable_x64", True)'

    def not_native(self, run: Run, trial: Trial) -> str:
        if not isinstance(trial.schedule, OptaxSchedule):
            return super().not_native(run, trial)
        bound, ticks = trial.bound(run)[0], calls(run, trial.clock)
        return compiled.too_large(bound, ticks) or compiled.first_reason(
            bound, lambda schedule: _compiled_otherwise(schedule, ticks)
        )

    def prefers_portable(self, run: Run, trial: Trial) -> str:
        if trial.schedule.watches:
            return "it is a transformation of gradients, no schedule, and wants the metric"
        return super().prefers_portable(run, trial)

    def off(self, job: Job) -> float:
        return 0.0 if loop.watches(job) else super().off(job)

    def counts_steps(self, job: Job) -> bool:
        return not loop.watches(job)

    def lost(self, job: Job) -> list[str]:
        return super().lost(job) + loop.alone(job)

    def how(self, job: Job) -> str:
        if loop.watches(job):
            return "its own transformation"
        return "its own schedule" if job.native else "the curve over jax.numpy"

    def unit(self, job: Job) -> str:
        return (
            f"A tick is one update of `plateau`, made once per {module.UNITS[job.trial.clock]}."
            if loop.watches(job)
            else super().unit(job)
        )

    def imports(self, job: Job) -> set[str]:
        return {
            "import jax",
            "import jax.numpy as jnp",
            "import numpy as np",
            "import optax",
        } | loop.imports(job)

    def run_constants(self, job: Job) -> dict[str, str]:
        return super().run_constants(job) | loop.constants(job)

    def defines(self, job: Job, writer: Writer) -> list[str]:
        optimizer = _OPTIMIZER_OF_GROUPS if job.several else _OPTIMIZER
        return [*_schedule(job, writer), optimizer.strip("\n"), _training(job)]

    def check(self, job: Job) -> str:
        if loop.watches(job):
            return module.fill(_CHECK_WATCHED, metrics=loop.metrics(job))
        return module.fill(_CHECK, tolerance=self.tolerance(job))


def _compiled_otherwise(schedule: OptaxSchedule, ticks: int) -> str:
    """Why a compiled schedule is another curve within so many ticks."""
    match schedule:
        case ExponentialDecay() | WarmupExponentialDecaySchedule() if (
            schedule.staircase and schedule.transition_steps > 0
        ):
            return compiled.late_says(schedule.transition_steps, ticks)
        case PolynomialSchedule() if (
            schedule.transition_steps > 0 and ticks > schedule.transition_begin + schedule.transition_steps
        ):
            return compiled.below_zero(schedule.power)
    return ""


def _schedule(job: Job, writer: Writer) -> list[str]:
    """`schedule`, and what stands before it."""
    what, rows = "The learning rate of update `count`, counted from 0", "; one row per parameter group" * job.several
    if not job.native:
        says = f"{what}{rows or '; a number or an array'}."
        functions, start, last = compiled.statements(job, writer)
        return [
            *functions,
            module.function("def schedule(count):", says, ["step = jnp.asarray(count, float)", *start, *last]),
        ]
    if loop.watches(job):
        call = constructor(writer, job.trial.schedule, job.bound, "schedule")
        constant = "optax.constant_schedule(np.array(BASE_LR))" if job.several else "optax.constant_schedule(BASE_LR)"
        made = f"plateau = {call}  # scales what comes of the constant rate"
        return [f"{made}\nwatch = jax.jit(plateau.update)\nschedule = {constant}"]
    call = module.native_call(job, writer)
    if not job.several and job.trial.clock == "step":
        return [f"schedule = {call}"]
    tick = writer.text(module.tick_tree(job.run, job.trial, "count"))
    one = f"native({tick})"
    lines = [f"return jnp.stack([{one}] * len(BASE_LR))" if job.several else f"return {one}"]
    return [
        f"native = {call}",
        module.function("def schedule(count):", f"{what}{rows}.", lines),
    ]


def _training(job: Job) -> str:
    """The training loop, and what saves and loads."""
    watched, numbered = loop.watches(job), job.run.accumulate > 1
    watch = f"for _ in range(PROCESSES):\n    {_WATCH}" if job.trial.clock == "process" else _WATCH
    each = {
        clock: watch if watched and clock == job.trial.clock else ""
        for clock in ("step", "process", "micro_batch", "epoch")
    }
    each_step = each["step"] or each["process"]
    plain = "params, state = update(params, state, inputs, targets)" + f"\n{each_step}" * bool(each_step)
    changed = _WATCHED.strip("\n") if watched else "updates, state = optimizer.update(gradients, state, params)"
    return module.fill(
        _TRAIN,
        labels="labels, " * job.several,
        evaluate="evaluate, " * watched,
        passed="labels" if job.several else "",
        state="(optimizer.init(params), plateau.init(params))" if watched else "optimizer.init(params)",
        gradient=_GRADIENT if numbered else "",
        arguments="gradients" if numbered else "inputs, targets",
        gradients="" if numbered else "gradients = jax.grad(loss_function)(params, inputs, targets)",
        changed=changed,
        fresh="total = None" if numbered else "",
        head="for i, (inputs, targets) in enumerate(loader, start=1):"
        if numbered
        else f"for inputs, targets in {loop.source(job).text}:",
        step=module.fill(_ACCUMULATED, whole=loop.whole(job), each_step=each_step) if numbered else plain,
        each_micro_batch=each["micro_batch"],
        each_epoch=each["epoch"],
    )
