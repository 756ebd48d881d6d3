"""The contract of every rule; a failure says what a new rule still owes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lrlab import advice
from lrlab.advice.base import Case, Fix, percent
from lrlab.document import Experiment, parse
from lrlab.schedules import KINDS

RULES = {rule.code: rule for rule in advice.RULES}
THREAD = re.compile(r"\b[\w.-]+/[\w.-]+#\d+\b")
PAPER = re.compile(r"arXiv \d{4}\.\d{4,5}")
EXTRA = {"view": {"x": "epoch"}}


def on(code: str, which: str) -> Experiment:
    return parse(getattr(RULES[code], which))


def by(code: str, experiment: Experiment) -> list[advice.Finding]:
    return [finding for finding in advice.check(experiment) if finding.code == code]


def one(code: str) -> advice.Finding:
    found = by(code, on(code, "bad"))
    assert len(found) == 1, f"{code}: check() finds it {len(found)} times on its own bad example"
    return found[0]


def names_a_class(text: str) -> bool:
    """Whether a schedule is named by the dotted path of the genuine one."""
    return any(f".{kind.native}" in text or kind.native in text.split() for kind in KINDS.values())


# The list


def test_codes_are_unique_and_in_order() -> None:
    codes = [rule.code for rule in advice.RULES]
    assert len(set(codes)) == len(codes), "two rules have one code: codes are stable, take the next free one"
    assert codes == sorted(codes), "RULES says 'in the order of their codes': sort it by them"
    assert all(re.fullmatch(r"LR[12]\d\d", code) for code in codes)


def test_every_rule_is_in_the_list() -> None:
    def below(rule: type[advice.Rule]) -> set[type[advice.Rule]]:
        return {rule} | {inner for sub in rule.__subclasses__() for inner in below(sub)}

    missing = [
        rule.__name__
        for rule in below(advice.Rule)
        if hasattr(rule, "code") and rule not in {type(r) for r in advice.RULES}
    ]
    assert not missing, f"{missing}: put them into RULES at the end of their module"


# What a rule says of itself


@pytest.mark.parametrize("code", RULES)
def test_a_rule_explains_itself(code: str) -> None:
    rule = RULES[code]
    title = rule.title()
    assert title.endswith("."), f"{code}: begin its docstring with one sentence that says what is found"
    assert ": " not in title or len(title) < 300
    for part in ("why", "instead", "source"):
        text = rule.text(part)
        assert text, f"{code}: give it a docstring paragraph '{part.capitalize()}: ...'"
        assert text.endswith((")", ".")), f"{code}: {part.capitalize()} is a sentence: {text!r}"
    assert rule.severity in advice.SEVERITIES, f"{code}: severity is one of {advice.SEVERITIES}"


@pytest.mark.parametrize("code", RULES)
def test_a_rule_names_its_source(code: str) -> None:
    text = RULES[code].text("source")
    assert THREAD.search(text) or PAPER.search(text) or names_a_class(text), (
        f"{code}: name a thread (owner/repository#number), a paper (arXiv 1608.03983), or the genuine class: {text!r}"
    )


# On its two examples


@pytest.mark.parametrize("code", RULES)
def test_a_rule_fires_on_its_bad_example_and_not_on_its_good_one(code: str) -> None:
    assert one(code).trial == "trial"
    good = [f.message for f in by(code, on(code, "good"))]
    severity = [f.severity for f in by(code, on(code, "good"))]
    assert set(severity) <= {"note"}, f"{code} fires on its own good example: {good}"
    if one(code).severity == "note":
        assert not good, f"{code} fires on its own good example: {good}"


@pytest.mark.parametrize("code", RULES)
def test_no_rule_alarms_at_a_good_example(code: str) -> None:
    alarms = [(f.code, f.message) for f in advice.check(on(code, "good")) if f.severity != "note"]
    assert not alarms, f"the good example of {code} is not good: {alarms}"


@pytest.mark.parametrize("code", RULES)
@pytest.mark.parametrize("which", ["bad", "good"])
def test_rules_need_no_guard_on_examples(code: str, which: str) -> None:
    """`findings` swallows ValueError; here nothing does."""
    experiment = on(code, which)
    for rule in advice.RULES:
        rule.check(Case(experiment.run, experiment.trials[0]))


@pytest.mark.parametrize("code", RULES)
def test_messages_hold_the_numbers_of_the_document(code: str) -> None:
    """Somewhere in the sentence stands a number that was typed, or one that is worked out from such: other numbers,
    another sentence.
    """
    finding = one(code)
    assert re.search(r"\d", finding.message), f"{code}: say the numbers: {finding.message!r}"
    assert finding.message.endswith("."), f"{code}: end the sentence: {finding.message!r}"
    assert "  " not in finding.message
    assert not re.search(r"\b(nan|inf|None)\b", finding.message), finding.message


TYPED = {
    "LR101": ("5,000", "5 times", "0.1 %"), "LR102": ("1,000", "250,000"), "LR103": ("900", "1,000"),
    "LR104": ("2,000", "50 %"), "LR105": ("100", "1,000", "900"), "LR106": ("10", "110", "100"),
    "LR107": ("1,000", "4 processes", "250"), "LR108": ("4,000", "1,000", "25 %"),
    "LR109": ("5,000", "50", "101", "100"), "LR110": ("1,000", "1,001", "1,010"), "LR111": ("2", "0.1"),
    "LR112": ("0.95", "0.85"), "LR113": ("0.004", "0.1", "299", "4e-07", "1e-05"), "LR114": ("5", "160", "50"),
    "LR115": ("10", "20", "2.4 %"), "LR116": ("num_cycles = 1",), "LR119": ("500", "100", "20 %"),
    "LR121": ("100", "50"), "LR122": ("10", "11"), "LR123": ("50", "400"), "LR124": ("100", "1,000", "66.8 %"),
    "LR125": ("0.1", "100"), "LR201": ("0.5", "0.1"), "LR202": ("60", "80", "120"), "LR203": ("30", "0.01", "0.001"),
    "LR204": ("5,004",), "LR205": ("0.001", "0.0015"), "LR206": ("100", "0.099", "0.05"), "LR207": ("0.09755", "97.55"),
    "LR208": ("100", "10"),
}  # fmt: skip
"""What stands in the bad examples, or follows from them by the arithmetic of test_arithmetic.py."""


@pytest.mark.parametrize("code", RULES)
def test_messages_hold_these_numbers(code: str) -> None:
    if code == "LR120":
        return  # its number is 0, in its own words
    assert code in TYPED, f"{code}: say in TYPED which numbers of its bad example its message must hold"
    message = one(code).message
    for number in TYPED[code]:
        assert re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d])", message), f"{code}: {number} is not in {message!r}"


# Its fix


def mended() -> list[tuple[str, advice.Fix]]:
    found = [(code, one(code).fix) for code in RULES]
    return [(code, fix) for code, fix in found if fix is not None]


@pytest.mark.parametrize("code", [code for code, _ in mended()])
def test_a_fix_mends(code: str) -> None:
    finding, bad = one(code), on(code, "bad")
    fix = finding.fix
    assert fix is not None
    assert len(fix.title) < 120, f"{code}: a button has no room for {fix.title!r}"
    after = fix(bad)
    assert parse(json.loads(after.dumps())) == after
    assert after != bad
    still = [f for f in by(code, after) if f.severity != "note" or finding.severity == "note"]
    assert not still, f"{code}: {fix.title} leaves {still[0].message}"
    worse = {f.code for f in advice.check(after) if f.severity != "note"} - {
        f.code for f in advice.check(bad) if f.severity != "note"
    }
    allowed = {"LR208": {"LR122"}}.get(code, set())  # ten epochs have no room for a patience of ten
    if finding.severity != "note":
        assert worse <= allowed, f"{code}: {fix.title} brings {worse}"


def test_these_have_a_fix() -> None:
    """Wherever what to do is determined, it is a click."""
    without = {code for code in RULES if one(code).fix is None}
    assert without <= {"LR112", "LR113", "LR116", "LR122", "LR203", "LR205", "LR206"}, (
        f"{without}: offer the fix, if it is determined"
    )


@pytest.mark.parametrize("code", [code for code, _ in mended()])
def test_a_fix_touches_its_trial_only(code: str) -> None:
    document = json.loads(json.dumps(RULES[code].bad))
    other = {
        "name": "other",
        "base_lr": 0.3,
        "hidden": True,
        "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": 77},
    }
    document["trials"] = [other, *document["trials"], {**document["trials"][0], "name": "its twin"}]
    before = parse(document | EXTRA)
    finding = next(f for f in advice.check(before) if f.code == code and f.trial == "trial")
    assert finding.fix is not None
    after = finding.fix(before)
    assert after.trials[0] == before.trials[0]
    assert after.trials[2] == before.trials[2]
    assert after.view == before.view
    assert [t.name for t in after.trials] == [t.name for t in before.trials]
    assert after.trials[1] != before.trials[1] or after.run != before.run


@pytest.mark.parametrize("code", [code for code, _ in mended()])
def test_a_fix_finds_its_trial_where_it_now_stands(code: str) -> None:
    document: dict[str, Any] = json.loads(json.dumps(RULES[code].bad))
    other = {"name": "other", "base_lr": 0.3, "schedule": {"kind": "torch.CosineAnnealingLR", "T_max": 77}}
    fix = one(code).fix
    assert fix is not None
    want = fix(parse(document)).trials[0]
    moved = parse(document | {"trials": [other, {**other, "name": "third"}, *document["trials"]]})
    after = fix(moved)
    assert after.trials[2] == want
    assert after.trials[:2] == moved.trials[:2]
    renamed = parse(document | {"trials": [{**document["trials"][0], "name": "renamed"}, other]})
    assert fix(renamed) == renamed, "a fix for a trial that is gone changes nothing"
    after = next(f for f in advice.check(renamed) if f.code == code).fix(renamed)  # type: ignore[misc]
    assert after.trials[0].schedule == want.schedule
    assert after.trials[0].clock == want.clock


def test_a_fix_that_no_schedule_takes_is_not_offered() -> None:
    """A tenth of ten steps is one: torch divides by the length of the rise, which is none."""
    one_cycle = {"kind": "torch.OneCycleLR", "max_lr": 0.1, "total_steps": 9, "pct_start": 0.1}
    experiment = parse(
        {"lrlab": 1, "run": {"total_steps": 10}, "trials": [{"name": "t", "base_lr": 0.1, "schedule": one_cycle}]}
    )
    assert by("LR110", experiment)[0].fix is None


def test_a_fix_of_the_run_changes_the_run() -> None:
    experiment = on("LR103", "bad")
    after = Fix("Train for 9 epochs", "trial", ((("run", "epochs"), 9),))(experiment)
    assert after.run.steps == 900
    assert after.trials == experiment.trials


# What check() does with findings


@pytest.mark.parametrize("code", RULES)
def test_what_is_dismissed_is_left_out(code: str) -> None:
    document = json.loads(json.dumps(RULES[code].bad))
    document["trials"][0]["dismissed"] = [code]
    experiment = parse(document)
    assert not by(code, experiment)
    assert {f.code for f in advice.check(experiment)} == {f.code for f in advice.check(on(code, "bad"))} - {code}
    assert code in {f.code for f in advice.findings(experiment.run, experiment.trials[0])}, (
        "the page offers what was dismissed again"
    )


def test_errors_come_first() -> None:
    document = json.loads(json.dumps(RULES["LR116"].bad))
    document["trials"] += [{**RULES["LR101"].bad["trials"][0], "name": "second"}]
    severities = [
        advice.SEVERITIES.index(f.severity) for f in advice.check(parse(document | {"run": RULES["LR101"].bad["run"]}))
    ]
    assert severities == sorted(severities)
    assert severities[0] == 0


@pytest.mark.parametrize("code", RULES)
def test_a_finding_is_plain_values_too(code: str) -> None:
    plain = json.loads(json.dumps(one(code).document()))
    assert plain["code"] == code
    assert plain["message"] == one(code).message
    assert all(plain[name] for name in ("why", "instead", "source"))
    assert (plain["fix"] is None) == (one(code).fix is None)


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.unit])
def test_a_rule_of_units_gives_the_curve_that_was_meant(code: str) -> None:
    experiment = on(code, "bad")
    meant = advice.intended(experiment.run, experiment.trials[0])
    assert meant is not None
    assert meant == one(code).fix(experiment).trials[0]  # type: ignore[misc]
    lost = one(code).message.split(":")[0]
    assert re.search(r"\d", lost), f"{code}: its message begins with what is lost, up to a colon: {lost!r}"
    good = on(code, "good")
    assert advice.intended(good.run, good.trials[0]) is None


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.001, "0.1 %"), (0.778, "77.8 %"), (1.0, "100 %"), (0.0, "0 %"), (0.0003, "0.03 %"), (0.5, "50 %")],
)
def test_shares_are_shown_as_people_read_them(share: float, text: str) -> None:
    assert percent(share) == text
