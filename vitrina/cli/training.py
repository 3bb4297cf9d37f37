"""What commands that train have in common: several files after one option, and telling how far they are.

Belongs here: these. Stays out: the commands.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

_MANY = ("--train", "--test")


class ManyFiles(TyperCommand):
    """Options that take several files after one name, as a shell's ``*.jsonl`` gives them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Called by Typer: each further file gets the name of its option; so does what is no folder, to be refused as
        a file that is not there.
        """
        spread: list[str] = []
        option, taken = None, False
        for word in args:
            if word.startswith("-"):
                name, joined, _ = word.partition("=")
                option, taken = (name if name in _MANY else None), bool(joined)
            elif option and taken and not Path(word).is_dir():
                spread.append(option)
            spread.append(word)
            taken = taken or (option is not None and word != option)
        return super().parse_args(ctx, spread)


def progress(stage: str, figures: Mapping[str, Any]) -> None:
    """One line on stderr for each stage."""
    told = ", ".join(f"{name} {short(value)}" for name, value in figures.items())
    sys.stderr.write(f"{stage}: {told}\n" if told else f"{stage}\n")
    sys.stderr.flush()


def short(value: Any) -> str:
    """A value on a line: numbers with four digits."""
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{name} {short(each)}" for name, each in value.items()) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
