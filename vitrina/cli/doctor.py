"""``vitrina doctor``: every connection, version and setting, and what to mend.

What belongs here: the order of the checks and their table. What stays out: the checks (``doctor_checks``).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vitrina.cli.doctor_checks import Level, run_checks

_COLOURS = {Level.GOOD: "green", Level.WARNING: "yellow", Level.BAD: "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check every connection, version and setting, and say what to fix. Ends with 1 when something is broken."""
    findings = run_checks()
    good = all(finding.level is not Level.BAD for finding in findings)
    if as_json:
        report = {"good": good, "checks": [asdict(finding) for finding in findings]}
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
        raise typer.Exit(0 if good else 1)
    console = Console(highlight=False)
    table = Table(show_header=True, header_style="bold")
    for name in ("check", "", "found"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        mark = f"[{_COLOURS[finding.level]}]{finding.level}[/]"
        table.add_row(finding.name, mark, finding.found + (f"\n→ {finding.fix}" if finding.fix else ""))
    console.print(table)
    console.print("Everything that is needed works." if good else "Something is broken: see the arrows.")
    raise typer.Exit(0 if good else 1)
