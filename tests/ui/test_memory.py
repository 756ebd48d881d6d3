"""What Tune remembers: the link carries it, an address that is wrong in it says so, and all of it is declared."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import oracle
import pytest
from panels import captions, nodes, press, unfold, write
from streamlit.testing.v1 import AppTest
from test_page import at_hand, opened

from lrlab.document import parse
from lrlab.ui import address, memory
from lrlab.ui.tune.choices import Tune

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore")  # Streamlit's own

COSINE = {"kind": "torch.CosineAnnealingLR", "T_max": None}
UI = sorted((oracle.ROOT / "lrlab" / "ui").rglob("*.py"))


def entries(app: AppTest) -> dict[str, str]:
    """The address, but for the experiment."""
    found = {name: value[-1] if isinstance(value, list) else value for name, value in app.query_params.items()}
    return {name: text for name, text in found.items() if name != "s"}


def under(app: AppTest) -> AppTest:
    """The page freshly opened under another one's address, as somebody does who was sent the link."""
    other = AppTest.from_file(str(oracle.ROOT / "app.py"), default_timeout=60)
    for name, text in app.query_params.items():
        other.query_params[name] = text
    other.run()
    assert not other.exception
    return other


def asked(**wanted: str) -> AppTest:
    """Tune under entries of its own."""
    app = AppTest.from_file(str(oracle.ROOT / "app.py"), default_timeout=60)
    app.query_params["s"] = parse(oracle.document(COSINE)).link()
    for name, text in wanted.items():
        app.query_params[f"tune.{name}"] = text
    app.run()
    assert not app.exception
    return app


def warned(app: AppTest) -> str:
    return "\n".join(box.value.replace("\\", "") for box in app.warning)


def tab(app: AppTest, name: str) -> None:
    write(app, "tab", name)
    assert not app.exception


def set_to(app: AppTest, key: str, value: Any) -> None:
    """In the panel or in a widget of Streamlit's, whichever has it."""
    if key in nodes(app):
        write(app, key, value)
    else:
        app.get_by_key(key).set_value(value).run()
    assert not app.exception


def value_of(app: AppTest, key: str) -> Any:
    """What it shows."""
    panel = nodes(app)
    node = panel.get(key, {})
    return node["value"] if "value" in node else node["text"] if "text" in node else app.get_by_key(key).value


CHOICES: dict[str, tuple[str, str, Any, str]] = {
    "who calls step()": ("Numbers", "caller", "trainer", "tune.callers"),
    "who calls step() once an epoch": ("Numbers", "caller", "lightning_epoch", "tune.callers"),
    "the step of the numbers": ("Numbers", "tune.asked", "7", "tune.asked"),
    "durations": ("Numbers", "trials.0.schedule.schedulers/spans", "durations", "tune.durations"),
    "the target": ("Code", "target", "optax", "tune.target"),
    "the form": ("Code", "form/native", "portable", "tune.form"),
    "the loop": ("Code", "loop/plain", "accelerate", "tune.loop"),
    "the step of a resume": ("Resume", "resume.step", 9.0, "tune.resume_step"),
    "what is loaded": ("Resume", "resume.how", "last_epoch", "tune.resume_how"),
}


@pytest.mark.parametrize("what", CHOICES)
def test_a_choice_is_in_the_link_and_back_at_its_default_not(what: str) -> None:
    where, key, value, entry = CHOICES[what]
    app = opened()
    tab(app, where)
    before, first = entries(app), value_of(app, key)
    assert entry not in before
    set_to(app, key, value)
    assert entry in entries(app)
    other = under(app)
    assert value_of(other, key) == value
    assert entries(other) == entries(app)
    assert at_hand(other) == at_hand(app)
    if key != "resume.step":  # a number that was typed stands, though the run becomes longer
        set_to(app, key, first)
        assert entries(app) == before


CALCULATED = {
    "scale_rate": "0.05", "scale_batch": "512", "scale_rule": "square root", "tokens": "1e12", "token_length": "4096",
    "token_batch": "1000",
}  # fmt: skip
"""What is put into the calculators of the run, and the address says of it."""


@pytest.mark.parametrize("name", CALCULATED)
def test_a_number_of_a_calculator_is_in_the_link_and_back_at_its_default_not(name: str) -> None:
    form, key = "run.scale" if name.startswith("scale") else "run.tokens", f"tune.{name}"
    app = opened()
    unfold(app, form)
    before, first = entries(app), value_of(app, key)
    assert key not in before
    set_to(app, key, CALCULATED[name])
    assert float_or_word(entries(app)[key]) == float_or_word(CALCULATED[name])
    other = under(app)
    unfold(other, form)
    assert float_or_word(value_of(other, key)) == float_or_word(CALCULATED[name])
    set_to(app, key, "" if name == "token_batch" else first)
    assert entries(app) == before


def float_or_word(text: str) -> float | str:
    """A number, however it is written."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return text


def test_the_numbers_of_a_longer_run_are_in_the_link() -> None:
    app = opened(tab="Resume")
    set_to(app, "resume.how", "longer")
    set_to(app, "resume.length", 200.0)
    set_to(app, "resume.stretch", "restart")
    other = under(app)
    assert [other.get_by_key(f"resume.{name}").value for name in ("how", "length", "stretch")] == [
        "longer", 200.0, "restart",
    ]  # fmt: skip


def test_the_open_tab_is_in_the_link_and_nothing_is_written_of_a_page_that_nobody_touched() -> None:
    app = opened()
    assert entries(app) == {}
    tab(app, "Formula")
    assert entries(app) == {"tune.tab": "Formula"}
    assert nodes(under(app))["tab"]["value"] == "Formula"


def test_each_trial_has_its_own_caller_wherever_it_stands() -> None:
    app = opened()
    set_to(app, "chip", "1")
    set_to(app, "caller", "trainer")
    assert entries(app)["tune.callers"] == ",trainer"
    press(app, "earlier")
    assert entries(app)["tune.callers"] == "trainer"
    other = under(app)
    assert [trial.name for trial in at_hand(other).trials] == ["one cosine", "SGDR"]
    assert nodes(other)["caller"]["value"] == "trainer"
    press(app, "undo")
    assert entries(app)["tune.callers"] == ",trainer"


def test_a_trial_with_another_name_keeps_its_caller() -> None:
    app = opened()
    set_to(app, "caller", "trainer")
    write(app, "name", "another name")
    assert at_hand(app).trials[0].name == "another name"
    assert entries(app)["tune.callers"] == "trainer"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("target", "tensorflow"), ("target", "x" * 10**5), ("tab", "Nowhere"), ("form", "native "),
        ("resume_step", "-1"),
        ("resume_step", "1e99"), ("resume_step", "nan"), ("resume_step", "[" * 5000), ("resume_length", "0"),
        ("resume_how", "<script>"), ("durations", "perhaps"), ("callers", "," * 10**5), ("nothing", "1"),
        ("loop", "\0"), ("scale_rate", "0"), ("scale_batch", "0.5"), ("scale_rule", "cubic"), ("tokens", "inf"),
        ("token_length", "1e10"), ("token_batch", "none"),
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_what_is_wrong_in_a_link_is_at_its_default(name: str, text: str) -> None:
    app = asked(**{name: text, "asked": "5"})
    assert app.session_state["lesson.at_hand"]["tune"] == Tune(asked=5)
    assert entries(app) == {"tune.asked": "5"}, "what was right is taken, and the address is mended"
    assert len(warned(app)) < 600
    for where in ("Resume", "Code"):
        tab(app, where)


@pytest.mark.parametrize("name", ["target", "tab", "resume_how", "durations", "nothing", "resume_step"])
def test_what_is_wrong_in_a_link_is_said(name: str) -> None:
    assert f"tune.{name}: " in warned(asked(**{name: "-7"}))


def test_a_number_beyond_this_run_is_brought_into_it() -> None:
    app = asked(resume_step="999999", asked="999999", tab="Resume")
    last = at_hand(app).run.steps - 1
    assert app.get_by_key("resume.step").value == last
    tab(app, "Numbers")
    assert nodes(app)["tune.asked"]["at"] == last
    assert "Step 999,999 is beyond this run" in captions(app)


def test_a_run_that_becomes_shorter_keeps_the_page_alive() -> None:
    app = opened(tab="Resume")
    set_to(app, "resume.step", 60_000.0)
    set_to(app, "run.epochs", "2")
    assert app.get_by_key("resume.step").value == 2 * 391 - 1


@pytest.mark.parametrize("callers", ["nobody", ",,,,,,", "epoch", "trainer,trainer,trainer"])
def test_callers_that_do_not_fit_are_left_to_the_clock(callers: str) -> None:
    app = asked(callers=callers)
    fits = callers.startswith("trainer")
    assert nodes(app)["caller"]["value"] == ("trainer" if fits else "step")
    assert entries(app) == ({"tune.callers": "trainer"} if fits else {})


def test_an_old_link_opens_the_page_as_it_opens_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links that were handed out have the experiment and the chosen trial, and nothing else."""
    monkeypatch.setattr(address, "LAG", 0.0)
    app = opened(tab="Code")
    set_to(app, "target", "optax")
    app.query_params.clear()
    app.query_params["s"] = parse(oracle.document(COSINE)).link()
    app.run()
    assert not app.exception
    assert app.session_state["lesson.at_hand"]["tune"] == Tune()
    assert entries(app) == {}


def test_the_menu_s_bare_address_leaves_what_is_at_hand() -> None:
    app = opened(tab="Code")
    set_to(app, "target", "optax")
    app.switch_page("pages/gallery.py").run()
    app.query_params.clear()
    app.switch_page("app.py").run()
    assert not app.exception
    assert app.get_by_key("target").value == "optax"
    assert entries(app) == {"tune.tab": "Code", "tune.target": "optax"}


def test_an_earlier_address_brings_its_choices_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "LAG", 0.0)
    app = opened(tab="Code")
    before = dict(app.query_params)
    set_to(app, "target", "optax")
    app.query_params.clear()
    app.query_params.update(before)
    app.run()
    assert app.get_by_key("target").value == "pytorch"


def test_an_address_just_left_does_not_take_a_choice_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the browser does not yet know the new address, it still sends the one before."""
    monkeypatch.setattr(address, "LAG", 60.0)
    app = opened(tab="Code")
    before = dict(app.query_params)
    set_to(app, "target", "optax")
    app.query_params.clear()
    app.query_params.update(before)
    set_to(app, "trials.0.base_lr", "0.1")
    assert app.get_by_key("target").value == "optax"
    assert at_hand(app).trials[0].base_lr == 0.1
    assert entries(app)["tune.target"] == "optax"


def test_the_page_says_what_the_link_does_not_carry() -> None:
    app = opened(tab="Share")
    (text,) = [caption.value for caption in app.caption if "address bar" in caption.value]
    for words in [row.missed for row in memory.TABLE.values()] + list(memory.TYPED):
        assert words in text
    assert "whole" not in text


# ---------------------------------------------------------------- the table


def _constants(tree: ast.Module) -> dict[str, str]:
    """The names that a file gives to texts."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value.elts if isinstance(value, ast.Tuple) else [value]
            found |= {
                name.id: text.value
                for name, text in zip(names, values, strict=False)
                if isinstance(name, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str)
            }
    return found


def _text(node: ast.expr, names: dict[str, str]) -> str | None:
    """The text that stands somewhere, by itself or by its name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _is_state(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "session_state"


def _used(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every name of the session's state that is written out, with its line. A file may call that `state`."""
    names = _constants(tree)
    called_state = any(
        isinstance(node, ast.Assign) and any(map(_is_state, [node.value, *getattr(node.value, "elts", [])]))
        for node in ast.walk(tree)
    )

    def state(node: ast.expr) -> bool:
        return _is_state(node) or (called_state and isinstance(node, ast.Name) and node.id == "state")

    for node in ast.walk(tree):
        found = None
        if isinstance(node, ast.Attribute) and state(node.value) and node.attr not in ("get", "setdefault", "update"):
            found = node.attr
        elif isinstance(node, ast.Subscript) and state(node.value):
            found = _text(node.slice, names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and state(node.func.value):
            found = _text(node.args[0], names) if node.args else None
        if found is not None:
            yield found, node.lineno


def _widgets(tree: ast.Module, which: Callable[[ast.Call], bool]) -> set[str]:
    """The keys of widgets that are written out."""
    names = _constants(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and which(node)]
    keys = {_text(keyword.value, names) for call in calls for keyword in call.keywords if keyword.arg == "key"}
    return {key for key in keys if key is not None}


VALUES = {
    "number_input", "text_input", "text_area", "selectbox", "segmented_control", "pills", "slider", "select_slider",
    "toggle", "checkbox", "radio", "multiselect", "file_uploader", "date_input",
}  # fmt: skip


def _keeps_a_value(call: ast.Call) -> bool:
    """Whether it is a widget whose value is nowhere else than in the widget."""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in VALUES
        and not any(keyword.arg == "on_change" for keyword in call.keywords)
    )


@pytest.mark.parametrize("path", UI, ids=lambda path: path.stem)
def test_what_the_pages_remember_is_declared(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = {name for names in memory.TYPED.values() for name in names}
    widgets = _widgets(tree, lambda _: True) | {"undo", "redo", "tabs"}
    for name, line in _used(tree):
        assert name in memory.TABLE or name in widgets, (
            f"{path.name}:{line}: declare {name!r} in lrlab/ui/memory.py: at first, in the link or not"
        )
    undeclared = _widgets(tree, _keeps_a_value) - typed - set(memory.TABLE)
    assert not undeclared, f"{path.name}: say in lrlab/ui/memory.py whether the link carries {undeclared}"


def test_the_table_names_nothing_that_is_not_there() -> None:
    used = {name for path in UI for name, _ in _used(ast.parse(path.read_text(encoding="utf-8")))}
    text = "".join(path.read_text(encoding="utf-8") for path in UI if path.parent.stem != "ui" or path.stem != "memory")
    for name in memory.TABLE:
        assert name in used or f'"{name}"' in text or name == memory.AT_HAND, f"{name} is remembered by nothing"
    for names in memory.TYPED.values():
        for name in names:
            assert f'"{name}"' in text, f"{name} is no widget"


def test_no_widget_has_the_name_of_something_that_is_remembered() -> None:
    """Streamlit refuses to let a page write what a button of that name holds."""
    keys = {key for path in UI for key in re.findall(r'\bkey="([^"]+)"', path.read_text(encoding="utf-8"))}
    assert "gallery_search" in keys
    assert not keys & set(memory.TABLE)
