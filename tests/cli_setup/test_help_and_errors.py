"""Every option says what it is for, and a place that cannot be used is told without a stack trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from vitrina.cli.errors import explain
from vitrina.cli.main import app


def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from commands(found, f"{path} {name}")
        else:
            yield f"{path} {name}", found


def test_every_command_and_every_option_has_help() -> None:
    silent = [
        f"{name} {parameter.name if parameter else ''}"
        for name, command in commands(typer.main.get_command(app), "vitrina")
        for parameter in [None, *command.params]
        if not (command.help if parameter is None else parameter.help)
    ]
    assert silent == []


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file" / "below", tmp_path / "none" / "below", tmp_path, tmp_path / ("x" * 300)):
        with pytest.raises(OSError) as raised:
            place.write_text("y")
        assert str(place) in str(explain(raised.value))
    assert explain(OSError("a mistake of the program")) is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--version"], 0, "vitrina "),
        (["review", "list", "--kind", "foo"], 2, "price"),
        (["review", "list", "--priority", "9"], 2, "3"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(words: list[str], code: int, said: str) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code
    assert said in result.output
