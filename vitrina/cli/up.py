"""``vitrina up``: the whole platform on this machine until Ctrl-C.

What belongs here: options, words for a person, signals. What stays out: how the stack works (``vitrina.servers``).
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from vitrina.config import PROJECT_ROOT, Settings, get_settings
from vitrina.errors import VitrinaError
from vitrina.servers.stack import Stack
from vitrina.servers.state import AlreadyRunning, StackConfig

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
_AGAIN_S = 1.0


def stack_config(settings: Settings, *, port: int | None, purpose: str) -> StackConfig:
    """The stack that the settings describe."""
    dagster_url = settings.dagster_database_url
    return StackConfig(
        home=settings.vitrina_home.absolute(),
        project=PROJECT_ROOT,
        database_url=settings.database_url.get_secret_value() if settings.database_url else None,
        dagster_database_url=dagster_url.get_secret_value() if dagster_url else None,
        port=settings.vitrina_port if port is None else port,
        purpose=purpose,
        desk_port=settings.desk_port if purpose == "up" else None,
    )


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """INT, TERM and HUP raise KeyboardInterrupt, also where a shell had made INT ignored.

    An exception that is raised while Python runs a destructor or a collector's callback is swallowed there (seen once
    in some tens of starts: the platform came up and stayed). So it is raised again each second until somebody stops.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S, _AGAIN_S)
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    former = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in former.items():
            signal.signal(number, handler)


def stop_quietly(stack: Stack, *, let_runs_finish: bool = False) -> None:
    """Stop, deaf to further signals for as long as the ordinary way takes."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    if let_runs_finish:
        try:
            stack.stop(let_runs_finish=True)
        except KeyboardInterrupt:
            signal.setitimer(signal.ITIMER_REAL, 0)
            out.print("not waiting any longer")
            stack.abandon()
        return
    former = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        stack.stop()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def up(
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port of the UI; by default VITRINA_PORT, 3000.")
    ] = None,
    let_runs_finish: Annotated[
        bool,
        typer.Option("--let-runs-finish", help="At the end, wait for runs in progress; Ctrl-C again stops them."),
    ] = False,
) -> None:
    """Run the platform here until Ctrl-C: PostgreSQL, code locations, webserver, daemon."""
    stack = Stack(
        stack_config(get_settings(), port=port, purpose="up"),
        say=lambda text: out.print(f"· {text}", markup=False, soft_wrap=True),
    )
    code = 0
    with signals_interrupt():
        try:
            state = stack.start()
            out.print(f"\n[bold]Vitrina is up: {state.address}[/bold]")
            out.print(f"Review desk: http://127.0.0.1:{stack.config.desk_port}")
            out.print("Its first account: [bold]vitrina user add YOU@EXAMPLE.COM --role admin[/bold]")
            out.print(f"Logs: {stack.logs}", markup=False)
            out.print("Leave a drop with [bold]vitrina drop add FILE --source NAME[/bold]. Stop with Ctrl-C.\n")
            stack.wait()
        except KeyboardInterrupt:
            out.print("stopping …")
        except AlreadyRunning as running:
            err.print(str(running), markup=False, soft_wrap=True)
            code = 3
        except VitrinaError as error:
            err.print(str(error), style="red", markup=False, soft_wrap=True)
            code = 1
        finally:
            stop_quietly(stack, let_runs_finish=let_runs_finish and code == 0)
    if code == 0:
        out.print("stopped")
    raise typer.Exit(code)
