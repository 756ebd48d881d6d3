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

FILES = sorted((oracle.ROOT / "lrlab").rglob("*.py"))
DOCUMENT = json.dumps(oracle.document({"kind": "deepspeed.WarmupLR"}))  # every target has a form of it
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
    ("engine", "families"),
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
        assert tops <= {*sys.stdlib_module_names, "numpy", "pydantic", "lrlab"}, (
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
    return {name.split(".")[0] for name in done.stdout.split()}


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
    assert not loaded(statement) & set(HEAVY)


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
