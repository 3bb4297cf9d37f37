"""What training processes have in common: telling what happens, and exit codes.

What belongs here: JSON lines on stderr, and messages to Dagster where it started the process. What stays out: what is
trained.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, open_dagster_pipes

from vitrina.errors import RetryableError, VitrinaError
from vitrina.reward.fitting import Progress, silent
from vitrina.training.reward import BAD_INPUT, STOPPED, Teller

#: Exit code of a process that ends with an error that nobody foresaw: as Python's own.
FAILED = 1


def told(work: Callable[[Progress], None]) -> int:
    """Run the work and say how it went: 0, `BAD_INPUT`, or `STOPPED` when the same command would go on.

    Of several processes that train together only the first one tells. One of them that fails ends at once: Python
    would first take its group apart, which took 13 s after a peer was killed, and the others wait as long. Those that
    come to the end together, done or told to stop, leave their group first.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return _told(work)
    try:
        code = _told(work)
        if code != BAD_INPUT:
            from vitrina.policy.joining import leave

            leave()
            return code
    except Exception:  # noqa: BLE001 - whatever it was, it is told, and nobody above could mend it
        traceback.print_exc()
        code = FAILED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _told(work: Callable[[Progress], None]) -> int:
    first = int(os.environ.get("RANK", "0")) == 0
    # Without an orchestrator the library warns and gives a mock
    orchestrated = first and DAGSTER_PIPES_CONTEXT_ENV_VAR in os.environ
    with open_dagster_pipes() if orchestrated else nullcontext() as pipes:
        tell: Progress = Teller(pipes) if first else silent
        try:
            work(tell)
        except RetryableError as error:
            tell("stopped", {"why": str(error)})
            return STOPPED
        except VitrinaError as error:
            tell("refused", {"why": str(error)})
            return BAD_INPUT
    return 0
