"""The command ``vitrina`` in a test: run, and told as a terminal would see it.

Belongs here: running and reading answers. Stays out: what the commands should say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from vitrina.cli.errors import explain
from vitrina.cli.main import app


@dataclass(frozen=True)
class Ended:
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def vitrina(*arguments: object) -> Ended:
    """Run the command. An error that is not told in words, and would end in a stack trace, is raised."""
    # Wide enough that no box breaks a path, however long the temporary folder's name is.
    result = CliRunner(env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"}).invoke(app, [str(a) for a in arguments])
    error = result.exception
    if error is None or isinstance(error, SystemExit):
        return Ended(result.exit_code, result.stdout, result.stderr)
    told = explain(error)
    if told is None:
        raise error
    return Ended(1, result.stdout, f"{result.stderr}{told}\n")


def report(*arguments: object, code: int = 0) -> dict[str, Any]:
    """The one JSON object that ``--json`` writes: a single line, nothing before it and nothing after."""
    ended = vitrina(*arguments, "--json")
    assert ended.code == code, ended.err + ended.out
    assert ended.out.endswith("\n")
    assert ended.out.count("\n") == 1
    value = json.loads(ended.out)
    assert isinstance(value, dict)
    return value


def refusal(*arguments: object) -> str:
    """What a person is told when the command fails: words on standard error, and no stack trace."""
    ended = vitrina(*arguments)
    assert ended.code != 0, ended.out
    told = ended.err + ended.out
    assert told.strip()
    assert "Traceback" not in told
    return " ".join(told.split())
