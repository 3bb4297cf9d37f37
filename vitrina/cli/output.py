"""How sub-commands report: one JSON object on stdout, or tables for people.

Belongs here: the two ways out, and errors. Stays out: what is reported.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

#: ``--json`` of every reporting command.
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, logs on stderr.")]

# Into a pipe there is no terminal to fit: lines stay whole enough to grep.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)

# Names of files may be bytes that are no text; Python carries them as lone surrogates, which UTF-8 cannot hold.
_NO_TEXT = re.compile("[\ud800-\udfff]")


def _printable(value: Any) -> str:
    text = "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)  # no 0E-8
    return _NO_TEXT.sub("\ufffd", text)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if hasattr(value, "item"):  # numpy scalars
        return value.item()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def emit(data: Mapping[str, Any], as_json: bool, human: Callable[[], None]) -> None:
    """Write the object, or call ``human``."""
    if as_json:
        sys.stdout.write(_printable(json.dumps(data, ensure_ascii=False, default=_plain)) + "\n")
    else:
        human()


def say(text: str) -> None:
    """One line for people; markup in it is not read, because it may be scraped text."""
    console.print(_printable(text), markup=False, soft_wrap=True)


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people."""
    if not rows:
        say(f"{title}: none")
        return
    table = Table(title=_printable(title).replace("[", "\\["), title_justify="left", header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_printable(cell).replace("[", "\\[") for cell in row))
    console.print(table)


def facts(title: str, values: Mapping[str, Any]) -> None:
    """Name and value, a line each."""
    table = Table(title=_printable(title).replace("[", "\\["), title_justify="left", show_header=False)
    for name, value in values.items():
        table.add_row(name, _printable(value).replace("[", "\\["))
    console.print(table)
