"""The house itself: who may import whom, and what is never done."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*ROOT.glob("lrlab/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"])

GROUND = {"schedules", "run", "experiment"}
FLOORS = {"engine": 1, "advice": 1, "exporters": 1, "readers": 1, "formula": 1, "charts": 1, "integrations": 1, "ui": 2, "__main__": 2, "__init__": 2}
ORDER = ["run", "schedules", "experiment"]
"""The ground floor from bottom to top: each imports only those before it."""


def part(path: Path) -> str:
    """The room of a file: its name below lrlab, or "page"."""
    names = path.relative_to(ROOT).with_suffix("").parts
    return names[1] if names[0] == "lrlab" else "page"


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it; `from lrlab import x` counts as lrlab.x."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"lrlab.{alias.name}" for alias in node.names} if node.module == "lrlab" else {node.module}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    here = part(path)
    for module in imported(path):
        room = module.split(".")[1] if module.startswith("lrlab.") else None
        if room is None or room == here or here in ("page", "__main__", "__init__"):
            continue
        if here in GROUND:
            assert room in ORDER[: ORDER.index(here)], f"{path.name} is on the ground floor and imports lrlab.{room}, which stands above it"
        elif FLOORS[here] == 1:
            assert room in GROUND | {"engine"}, f"{path.name} stands beside lrlab.{room}: use engine or the ground floor instead"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_ui_and_pages_know_streamlit(path: Path) -> None:
    knows = any(module.split(".")[0] == "streamlit" for module in imported(path))
    assert not knows or part(path) in ("ui", "page"), f"{path} imports streamlit: only lrlab/ui and the pages may"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_executed_or_unpickled(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "compile", "__import__"}
    assert not imported(path) & {"pickle", "marshal", "shelve", "dill"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_read_in_one_sitting(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= (120 if part(path) == "page" else 500), f"{path.name} has {lines} lines: what in it is a thing of its own?"


def test_importing_lrlab_loads_nothing_heavy() -> None:
    script = "import sys, lrlab; print(' '.join({m.split('.')[0] for m in sys.modules} & {'torch', 'sympy', 'pandas', 'plotly', 'streamlit', 'jax'}))"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert answer.stdout.split() == []


def test_drawing_the_page_loads_neither_torch_nor_sympy() -> None:
    script = """
import sys
from streamlit.testing.v1 import AppTest
app = AppTest.from_file("app.py", default_timeout=60).run()
assert not app.exception
print(" ".join(m for m in ("torch", "sympy") if m in sys.modules))
"""
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert answer.stdout.split() == []
