"""Writes docs/rules.md, every rule of the advice: python -m docs.rules."""

from __future__ import annotations

from pathlib import Path

from lrlab.advice import RULES, findings
from lrlab.document import parse

TARGET = Path(__file__).with_suffix(".md")
HEAD = """# The rules

<!-- written by `python -m docs.rules`; do not edit -->

What `python -m lrlab check` and the page look for in every trial. An error makes the run something else than was meant,
a warning loses something, a note is worth knowing. A finding has the numbers of the experiment at hand and, where there
is one answer, a fix; a trial that says `"dismissed": ["LR104"]` is not told again. The example under each rule is what
it says of its own bad example.

What hangs on more than a document holds is a preview or a calculator on the page: a resume with `last_epoch` alone or
with another length of the run (Resume), the optimizer's momentum, steps that mixed precision skipped, and
`warmup_ratio` by version of transformers (Advice).
"""


def page() -> str:
    """The whole file."""
    parts = [HEAD, "| code | | what is found |", "|---|---|---|"]
    parts += [f"| [{rule.code}](#{rule.code.lower()}) | {rule.severity} | {rule.title()} |" for rule in RULES]
    for rule in RULES:
        experiment = parse(rule.bad)
        found = next(f for f in findings(experiment.run, experiment.trials[0]) if f.code == rule.code)
        fix = f"\n>\n> Fix: {found.fix.title}." if found.fix else ""
        parts.append(
            f"\n## {rule.code}\n\n{rule.title()}\n\n**Why it hurts.** {rule.text('why')}\n\n"
            f"**Instead.** {rule.text('instead')}\n\n**Source.** {rule.text('source')}\n\n> {found.message}{fix}"
        )
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
