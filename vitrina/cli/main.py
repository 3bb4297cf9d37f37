"""The command ``vitrina``: one Typer application, sub-commands from their modules.

What belongs here: joining the sub-commands, and how an error is told. What stays out: what they do.
"""

from __future__ import annotations

import sys

import typer

from vitrina.cli.demo import demo
from vitrina.cli.doctor import doctor
from vitrina.cli.up import up
from vitrina.errors import VitrinaError

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="Parser drops become a published catalogue."
)
app.command("up")(up)
app.command("demo")(demo)
app.command("doctor")(doctor)


def main() -> None:
    """Entry point of the console script: what a person can act on is told without a stack trace."""
    try:
        app()
    except VitrinaError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
