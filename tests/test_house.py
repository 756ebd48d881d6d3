"""The house stands: imports go down only, nothing evaluates text, and starting is light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import oracle
import pytest

import lrlab
from lrlab import exporters
from lrlab.schedules import KINDS, SCHEDULES, Schedule

FILES = sorted((oracle.ROOT / "lrlab").rglob("*.py"))
DOCUMENT = json.dumps(oracle.document({"kind": "deepspeed.WarmupLR"}))  # every target has a form of it
TORCH = json.dumps(oracle.document({"kind": "torch.CosineAnnealingLR", "T_max": None}))
TARGETS = list(exporters.EXPORTERS)
HEAVY = (
    "torch", "jax", "optax", "keras", "sympy", "pandas", "plotly", "streamlit", "transformers", "scipy", "joblib",
    "distributed", "matplotlib", "PIL",
)  # fmt: skip
ALLOWED = {
    "lrlab.integrations": {"torch", "jax", "keras"},
    "lrlab.charts.frames": {"PIL"},
    "lrlab.trees.latex": {"sympy"},
    "lrlab.lessons.intervals": {"scipy"},
    "lrlab.lessons.sweep": {"joblib", "distributed"},
}
INTEGRATIONS = ("torch_scheduler", "hf_scheduler", "optax_schedule", "keras_schedule")
FLOORS = (
    ("trees", "docstring"),
    ("schedules",),
    ("document",),
    ("engine", "families", "settings"),
    ("handles",),
    ("advice", "charts", "exporters", "readers", "plans", "lessons", "integrations"),
)
"""Who may import whom: every room itself and those above it in this list, but not its neighbours in a line."""


def module(path: Path) -> str:
    return ".".join(path.relative_to(oracle.ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    """Every module that a file imports, those for type checking only and those inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def room(name: str) -> str:
    """The part of lrlab that a dotted name belongs to, or nothing."""
    parts = name.split(".")
    return parts[1] if parts[0] == "lrlab" and len(parts) > 1 else ""


@pytest.mark.parametrize("path", FILES, ids=module)
def test_imports_go_down_only(path: Path) -> None:
    """A room knows itself and the floors below it; `ui` and the doors know all."""
    here = room(module(path))
    used = {room(name) for name in imports(path)} - {"", here}
    floor = next((i for i, rooms in enumerate(FLOORS) if here in rooms), None)
    if floor is not None:
        allowed = {name for rooms in FLOORS[:floor] for name in rooms}
        assert used <= allowed, f"{module(path)} imports {used - allowed}, which is not below it (tests/test_house.py)"


def test_every_room_has_its_floor() -> None:
    rooms = {room(module(path)) for path in FILES} - {""}
    unknown = rooms - {name for rooms in FLOORS for name in rooms} - {"ui", "__main__"}
    assert not unknown, f"say in tests/test_house.py on which floor {unknown} lives"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_only_the_ui_knows_streamlit_and_only_who_needs_it_the_heavy_ones(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    here = module(path)
    allowed = ALLOWED.get(here, set())
    if here.startswith("lrlab.ui"):
        allowed = {"streamlit", "pandas", "plotly"}
    assert not tops & set(HEAVY) - allowed, f"{here} imports {tops & set(HEAVY) - allowed}"
    if room(here) in ("trees", "schedules", "document") and here not in ALLOWED:
        assert tops <= {*sys.stdlib_module_names, "numpy", "pydantic", "pydantic_core", "lrlab"}, (
            f"{here} is on floor 0: numpy and pydantic only"
        )


@pytest.mark.parametrize("path", FILES, ids=module)
def test_nothing_evaluates_text(path: Path) -> None:
    forbidden = {"eval", "exec", "compile", "__import__"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in forbidden, f"{module(path)}:{node.lineno} calls {node.func.id}"
    tops = {name.split(".")[0] for name in imports(path)}
    assert not tops & {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml", "code", "codeop", "runpy"}, (
        f"{module(path)} imports {tops}"
    )
    reads_pickles = {
        "joblib",
        "joblib.load",
        "joblib.dump",
        "joblib.Memory",
    }  # by `joblib.load`; its workers get nothing but our own numbers
    assert not imports(path) & reads_pickles, (
        f"{module(path)}: of joblib, import Parallel, delayed and parallel_config only"
    )


def loaded(statement: str) -> set[str]:
    """The modules that a fresh Python holds after a statement."""
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=oracle.ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import lrlab",
        "import lrlab.__main__",
        "import lrlab.charts",
        (
            f"import lrlab; e = lrlab.loads({DOCUMENT!r}); lrlab.engine.curves(e); lrlab.advice.check(e); "
            f"[lrlab.exporters.export(e, t) for t in {TARGETS}]"
        ),
    ],
    ids=["lrlab", "the command line", "charts", "all of its use"],
)
def test_starting_loads_nothing_heavy(statement: str) -> None:
    assert not {name.split(".")[0] for name in loaded(statement)} & set(HEAVY)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import lrlab", set()),
        ("import lrlab; lrlab.engine, lrlab.advice, lrlab.exporters", set()),
        ("import lrlab.__main__, lrlab.charts", set()),
        (f"import lrlab; e = lrlab.loads({TORCH!r}); lrlab.engine.curves(e); lrlab.advice.check(e)", {"torch"}),
        (f"import lrlab; lrlab.exporters.export(lrlab.loads({TORCH!r}), 'pytorch')", {"torch"}),
        (f"import lrlab; lrlab.loads({DOCUMENT!r})", {"deepspeed"}),
    ],
    ids=["lrlab", "its parts", "the command line and charts", "curves and advice", "code", "another framework"],
)
def test_a_frameworks_schedules_are_loaded_when_one_is_named(statement: str, expected: set[str]) -> None:
    names = {name.split(".")[2] for name in loaded(statement) if name.startswith("lrlab.schedules.")}
    assert names & {schedule.__module__.split(".")[2] for schedule in SCHEDULES} == expected


def test_what_is_not_asked_for_is_not_loaded() -> None:
    """Whatever the catalogue holds, `import lrlab` costs nothing: pydantic alone takes 200 ms for its first class."""
    assert not loaded("import lrlab") & {"numpy", "pydantic"}
    assert "lrlab.schedules" in loaded("import lrlab; lrlab.loads")
    assert "lrlab.integrations" in loaded("import lrlab; lrlab.integrations")
    assert not hasattr(lrlab, "nothing")


def test_the_package_makes_its_parts_reachable() -> None:
    for name in ("engine", "advice", "exporters", "load", "loads", "DocumentError", *INTEGRATIONS):
        assert hasattr(lrlab, name), f"import lrlab must give lrlab.{name} (DESIGN 3.2)"


@pytest.mark.parametrize("path", FILES, ids=module)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{module(path)} begins with no docstring"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{module(path)}.{node.name} has no docstring"


# ---------------------------------------------------------------- facts at home

ASKING = [
    path for path in FILES if room(module(path)) not in {"schedules", "trees"}
]  # a node of a tree has a kind of number
"""What may ask of a schedule what is true of it; schedules know it, and trees stand below them."""
NAMES = {"kind", "framework", "native", "__name__"}
"""What says which schedule it is: good to show to a person, no question to ask."""
ARGUMENTS = {name for kind in KINDS.values() for name in kind.model_fields}
SHARED = {"base", "params", "spans", "cycles", "facts", "rates"}
"""The modules of schedules that are no framework's."""
AT_HOME = (
    "this asks which schedule it is, and not what is true of it: give the fact a name and its usual value in "
    "lrlab/schedules/facts.py, say otherwise in the class of the schedule or of its framework, and ask for that here"
)


def of_frameworks(path: Path) -> set[str]:
    """The names of classes that a file imports from the modules of frameworks, and of those that watch a metric."""
    found = set()
    for name in imports(path):
        where, _, what = name.rpartition(".")
        theirs = where.startswith("lrlab.schedules.") and where.split(".")[2] not in SHARED
        if theirs or name == "lrlab.schedules.MetricDriven":
            found.add(what)
    return found


def is_constant(node: ast.expr) -> bool:
    """Whether a side of a comparison is text, a list of texts, or a constant of a module."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(map(is_constant, node.elts))
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def attributes(node: ast.AST) -> set[str]:
    """The names after a point in a piece of code."""
    return {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def named_in(parts: list[ast.expr]) -> set[str]:
    """Every name in some pieces of code, alone or after a point."""
    nodes = [node for part in parts for node in ast.walk(part)]
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {n for part in parts for n in attributes(part)}


def asks(node: ast.AST, classes: set[str]) -> str:
    """What a node asks of a schedule that the schedule should say by itself; nothing where it asks no such thing."""
    match node:
        case ast.Compare():
            sides = [node.left, *node.comparators]
            named = NAMES & attributes(node)
            if named and any(map(is_constant, sides)):
                return f"compares {named.pop()} with what is written here"
            if isinstance(node.left, ast.Constant) and node.left.value in ARGUMENTS and isinstance(node.ops[0], ast.In):
                return f'looks for "{node.left.value}", an argument of some schedules'
            if isinstance(node.ops[0], ast.Is) and (names := named_in(sides) & classes):
                return f"asks for the class {names.pop()}"
        case ast.Match(subject=subject) if names := NAMES & attributes(subject):
            return f"chooses by {names.pop()}"
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith", value=text)) if names := NAMES & attributes(
            text
        ):
            return f"asks what {names.pop()} begins or ends with"
        case ast.Call(func=ast.Attribute(attr="get", value=ast.Dict()), args=[key, *_]) if names := NAMES & attributes(
            key
        ):
            return f"chooses by {names.pop()}"
        case ast.Subscript(value=ast.Dict(), slice=key) if names := NAMES & attributes(key):
            return f"chooses by {names.pop()}"
        case ast.Call(func=ast.Name(id="hasattr")):
            return "calls hasattr"
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=name), *_]) if name in ARGUMENTS:
            return f'asks for "{name}", an argument of some schedules'
        case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, kinds]):
            names = named_in([kinds])
            return f"asks for the class {(names & classes).pop()}" if names & classes else ""
        case ast.MatchClass(cls=ast.Name(id=name)) if name in classes:
            return f"chooses by the class {name}"
    return ""


@pytest.mark.parametrize("path", ASKING, ids=module)
def test_what_is_true_of_a_schedule_is_asked_of_the_schedule(path: Path) -> None:
    """An exporter's idioms may name the classes that they are for; whether a metric is watched, every schedule says."""
    classes = of_frameworks(path)
    if room(module(path)) == "exporters":
        classes &= {"MetricDriven", "Recurrence"}
    found = [(node.lineno, what) for node in ast.walk(ast.parse(path.read_text())) if (what := asks(node, classes))]
    assert not found, "\n".join(f"{module(path)}:{line} {what}: {AT_HOME}" for line, what in found)


@pytest.mark.parametrize(
    "line",
    [
        'schedule.framework == "keras"', "bound.framework in LAMBDAS",
        'case.schedule.kind in ("torch.StepLR", "torch.MultiStepLR")',
        '"HardRestarts" in type(schedule).__name__', 'hasattr(schedule, "cycle_limit")',
        'getattr(schedule, "cycle_mul", 1.0)',
        'getattr(case.schedule, "metrics", None)', "isinstance(schedule, MetricDriven)",
        "issubclass(kind, (str, MetricDriven))",
        '"metrics" in kind.model_fields', 'schedule.native != "ChainedScheduler"',
        "match schedule.kind:\n    case _: pass", "match schedule:\n    case MetricDriven(): pass",
        'schedule.kind.startswith("torch.")', "type(schedule) is MetricDriven",
        "isinstance(schedule, schedules.MetricDriven)", '{"torch": 1}.get(schedule.framework)',
        'match schedule.kind.split("."):\n    case _: pass', '{"torch": 1}[schedule.framework]',
    ],
)  # fmt: skip
def test_every_way_of_guessing_is_seen(line: str) -> None:
    assert any(asks(node, {"MetricDriven"}) for node in ast.walk(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "schedule.restarts()", "getattr(schedule, schedule.rises_by)", "proof.kind != trial.schedule.kind",
        "isinstance(trial.base_lr, tuple)",
        'getattr(run, "leftover", "step")', "f'{type(error).__name__}'", "st.markdown(kind.framework)",
        "framework in (None, kind.framework)",
    ],
)  # fmt: skip
def test_showing_is_not_asking(line: str) -> None:
    assert not any(asks(node, {"MetricDriven"}) for node in ast.walk(ast.parse(line)))


def test_no_fact_has_the_name_of_an_argument() -> None:
    """Of a schedule with such an argument the fact could not be asked."""
    assert not ARGUMENTS & {name for name in dir(Schedule) if not name.startswith("__")}, "give the fact another name"
