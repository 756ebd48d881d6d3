"""The command line: headless use, scripts and CI."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, get_args

from lrlab import advice
from lrlab.document import DocumentError, Experiment, load
from lrlab.exporters import EXPORTERS, export
from lrlab.exporters.base import Form, Loop
from lrlab.exporters.csv import rows
from lrlab.schedules import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CHARACTERS = 599  # characters of a message


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """One line and exit 2, like every other bad input."""
        raise DocumentError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m lrlab", description="Learning-rate schedules without a browser.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    commands.add_parser("kinds", help="the schedules that lrlab knows, one a line")
    commands.add_parser("schema", help="the JSON Schema of the document")
    curve = commands.add_parser("curve", help="every step as CSV")
    check = commands.add_parser("check", help="advice; exit 1 when a finding is an error")
    take = commands.add_parser("export", help="code or configuration")
    for command in (curve, check, take):
        command.add_argument("file", metavar="FILE.json")
    for command in (curve, take):
        command.add_argument("--trial", metavar="NAME", help="this trial only (export: instead of the first)")
    check.add_argument("--json", action="store_true", help="findings as JSON")
    take.add_argument("--to", required=True, metavar="TARGET", help=", ".join(EXPORTERS))
    take.add_argument(
        "--form",
        choices=get_args(Form),
        help="the framework's own constructor or a plain function, instead of native where that is exact",
    )
    take.add_argument("--loop", choices=get_args(Loop), help="for whose training loop (pytorch)")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "kinds":
        print("\n".join(KINDS))
        return 0
    if arguments.command == "schema":
        print(json.dumps(Experiment.model_json_schema(), indent=2))
        return 0
    experiment = load(arguments.file)
    if arguments.command == "export":
        written = export(experiment, arguments.to, arguments.trial, form=arguments.form, loop=arguments.loop)
        sys.stdout.buffer.write(written if isinstance(written, bytes) else written.encode())
        return 0
    if arguments.command == "curve":
        trials = (
            [experiment.trial(arguments.trial)]
            if arguments.trial is not None
            else experiment.trials or (experiment.trial(),)
        )
        for piece in rows(experiment.run, trials):
            sys.stdout.write(piece)
        return 0
    findings = advice.check(experiment)
    if arguments.json:
        print(json.dumps([finding.document() for finding in findings], indent=2))
    else:
        sys.stdout.writelines(f"{_line(finding)}\n" for finding in findings)
        print(_count(findings))
    return int(any(finding.severity == "error" for finding in findings))


def _line(finding: advice.Finding) -> str:
    """One finding, its message, and what would mend it."""
    # a terminal would obey control characters
    name = "".join(c if c.isprintable() else "?" for c in " ".join(finding.trial.split()))
    mend = f" [{finding.fix.title}]" if finding.fix else ""
    return f"{finding.severity} {finding.code} {name}: {finding.message}{mend}"


def _count(findings: Sequence[advice.Finding]) -> str:
    """How many there are of each severity."""
    counts = {severity: sum(f.severity == severity for f in findings) for severity in advice.SEVERITIES}
    return ", ".join(f"{n} {severity}{'s' * (n != 1)}" for severity, n in counts.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, 1 where `check` finds an error, or 2 after one line on stderr for bad input."""
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]  # the same bytes everywhere
    try:
        status = _run(_parser().parse_args(arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except DocumentError as error:
        line = " ".join(str(error).split())
        sys.stderr.write(f"{line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 3] + '...'}\n")
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
