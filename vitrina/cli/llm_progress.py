"""Progress of a long run: a bar on a terminal, a line now and then elsewhere. Always on standard error.

Belongs here: showing it. Stays out: counting.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

#: Seconds between plain lines: a log of an hour's run has 120 of them.
_LINE_S = 30.0
_DRAW_S = 0.2

#: ``(done, failed, cost)`` of this run.
Show = Callable[[int, int, Decimal | None], None]


@contextmanager
def shown(total: int, *, quiet: bool = False) -> Iterator[Show]:
    """Gives the function to call after each result.

    Args:
        total: Results that this run may bring.
    """
    if quiet or total == 0:
        yield _silent
    elif sys.stderr.isatty():
        columns = (
            TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as progress:
            task, told = progress.add_task("", total=total, note=""), 0.0

            def draw(done: int, failed: int, cost: Decimal | None) -> None:
                nonlocal told
                if time.monotonic() - told >= _DRAW_S or done == total:
                    told = time.monotonic()
                    progress.update(task, completed=done, note=_note(failed, cost))

            yield draw
    else:
        began = told = time.monotonic()

        def line(done: int, failed: int, cost: Decimal | None) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= _LINE_S:
                told = now
                note = _note(failed, cost)
                rate = f"{done / (now - began):.1f}/s"
                sys.stderr.write(f"{done} of {total}, {rate}{', ' if note else ''}{note}\n")
                sys.stderr.flush()

        yield line


def _silent(done: int, failed: int, cost: Decimal | None) -> None:
    """Shows nothing."""


def _note(failed: int, cost: Decimal | None) -> str:
    parts = ([f"{failed} failed"] if failed else []) + ([f"{cost:.4f} USD"] if cost else [])
    return ", ".join(parts)
