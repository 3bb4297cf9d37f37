"""The command ``vitrina``: one Typer application, sub-commands from their modules.

What belongs here: joining the sub-commands, and how an error is told. What stays out: what they do.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from vitrina import __version__
from vitrina.cli.demo import demo
from vitrina.cli.desk import app as desk_app
from vitrina.cli.doctor import doctor
from vitrina.cli.drops import app as drops_app
from vitrina.cli.errors import explain
from vitrina.cli.llm import app as llm_app
from vitrina.cli.llm_serve import serve_models
from vitrina.cli.policy import app as policy_app
from vitrina.cli.preferences import app as preferences_app
from vitrina.cli.reference import categories_app, templates_app, vectors_app
from vitrina.cli.reports import export, quality_app, status
from vitrina.cli.review import app as review_app
from vitrina.cli.reward import app as reward_app
from vitrina.cli.up import up
from vitrina.cli.users import app as users_app

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="Parser drops become a published catalogue."
)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"vitrina {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    _: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Parser drops become a published catalogue."""


app.command("up")(up)
app.command("demo")(demo)
app.command("doctor")(doctor)
app.command("status")(status)
app.command("export")(export)
app.command("serve-models")(serve_models)
app.add_typer(drops_app, name="drop")
app.add_typer(categories_app, name="categories")
app.add_typer(templates_app, name="templates")
app.add_typer(vectors_app, name="vectors")
app.add_typer(review_app, name="review")
app.add_typer(reward_app, name="reward")
app.add_typer(policy_app, name="policy")
app.add_typer(preferences_app, name="preferences")
app.add_typer(users_app, name="user")
app.add_typer(llm_app, name="llm")
app.add_typer(desk_app, name="desk")
app.add_typer(quality_app, name="quality")


def main() -> None:
    """Entry point of the console script: what a person can act on is told without a stack trace."""
    try:
        app()
    except Exception as error:
        if (told := explain(error)) is None:
            raise
        sys.stderr.write(f"{told}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
