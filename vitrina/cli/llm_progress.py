"""Progress of a long run: a bar on a terminal, a line now and then elsewhere. Always on standard error.

Belongs here: showing it. Stays out: counting.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from vitrina.llm.gateway import Progress

#: Seconds between plain lines: a log of an hour's run has 120 of them.
_LINE_S = 30.0

#: Takes where a run stands, about once a second.
Show = Callable[[Progress], None]


@contextmanager
def shown(total: int, *, quiet: bool = False) -> Iterator[Show | None]:
    """Gives the function to hand to the gateway; ``None`` where nothing is shown.

    Args:
        total: Results that this run may bring.
    """
    if quiet or total == 0:
        yield None
    elif sys.stderr.isatty():
        columns = (
            TextColumn("asking"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        with Bar(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as bar:
            task = bar.add_task("", total=total, note="")
            yield lambda at: bar.update(task, completed=at.done, note=_note(at))
    else:
        began = told = time.monotonic()

        def line(at: Progress) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= _LINE_S:
                told = now
                note = _note(at)
                sys.stderr.write(f"{at.done} of {total}, {at.done / (now - began):.1f}/s{', ' if note else ''}{note}\n")
                sys.stderr.flush()

        yield line


def _note(at: Progress) -> str:
    parts = [f"{at.failed} failed"] if at.failed else []
    parts += [f"{at.cost_usd:.4f} USD"] if at.cost_usd else []
    parts += [at.waiting] if at.waiting else []
    return ", ".join(parts)
