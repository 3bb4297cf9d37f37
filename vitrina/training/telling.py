"""What training processes have in common: telling what happens, and exit codes.

What belongs here: JSON lines on stderr, and messages to Dagster where it started the process. What stays out: what is
trained.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, PipesContext, open_dagster_pipes

from vitrina.errors import RetryableError, VitrinaError
from vitrina.reward.progress import Progress, silent
from vitrina.training.joining import alone, leave, processes

#: Exit codes: bad input or settings, stopped with a checkpoint, and an error that nobody foresaw, as Python's own.
BAD_INPUT, STOPPED, FAILED = 2, 75, 1


class Teller:
    """Says each stage on stderr, and to the orchestrator if there is one."""

    def __init__(self, pipes: PipesContext | None) -> None:
        self._pipes, self._began = pipes, time.monotonic()

    def __call__(self, stage: str, figures: Mapping[str, Any]) -> None:
        """A `Progress`."""
        message = {"stage": stage, "seconds": round(time.monotonic() - self._began, 2), **figures}
        sys.stderr.write(json.dumps(message, ensure_ascii=False, default=str) + "\n")
        sys.stderr.flush()
        if self._pipes is not None:
            self._pipes.report_custom_message(message)


def told(work: Callable[[Progress], None]) -> int:
    """Run the work and say how it went: 0, `BAD_INPUT`, or `STOPPED` when the same command would go on.

    Of several processes that train together only the first one tells. One of them that fails ends at once: Python
    would first take its group apart, which took 13 s after a peer was killed, and the others wait as long. Those that
    come to the end together, done or told to stop, leave their group first.
    """
    if processes() == 1:
        return _told(work)
    try:
        code = _told(work)
        if code != BAD_INPUT:
            leave()
            return code
    except Exception:  # noqa: BLE001 - whatever it was, it is told, and nobody above could mend it
        traceback.print_exc()
        code = FAILED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _told(work: Callable[[Progress], None]) -> int:
    # Without an orchestrator the library warns and gives a mock
    orchestrated = alone() and DAGSTER_PIPES_CONTEXT_ENV_VAR in os.environ
    with open_dagster_pipes() if orchestrated else nullcontext() as pipes:
        tell: Progress = Teller(pipes) if alone() else silent
        try:
            work(tell)
        except RetryableError as error:
            tell("stopped", {"why": str(error)})
            return STOPPED
        except VitrinaError as error:
            tell("refused", {"why": str(error)})
            return BAD_INPUT
    return 0
