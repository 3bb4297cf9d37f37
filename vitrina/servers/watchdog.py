"""A process that cleans up when its supervisor was killed: ``python -m vitrina.servers.watchdog HOME MARK``.

What belongs here: waiting on a pipe, then ending every process with the mark and the embedded PostgreSQL. What
stays out: everything else; it must start in a blink and need nothing that could be broken.

A pipe and not PR_SET_PDEATHSIG: that reaches direct children alone, while runs are grandchildren, and the
postmaster is nobody's child. The watchdog inherits the supervisor's lock, so the next ``up`` waits until it is done.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

from vitrina.errors import VitrinaError
from vitrina.servers.pgconnection import write_file
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import end_marked

logger = logging.getLogger("vitrina.watchdog")
FAREWELL = b"."
"""What the supervisor writes when it has ended everything itself."""


def watch(home: Path, mark: str, *, embedded: bool, source: int = 0) -> bool:
    """Wait for the end of the pipe ``source``. True when the supervisor said farewell, False after a clean-up."""
    while True:
        said = os.read(source, 64)
        if FAREWELL in said:
            return True
        if not said:
            break
    logger.warning("the supervisor is gone without a word: ending its processes")
    count = end_marked(mark, grace_s=10, except_pids=[os.getpid()])
    stopped = False
    if embedded:
        try:
            stopped = EmbeddedPostgres(home).stop()
        except VitrinaError as error:
            logger.warning("%s", error)
    logger.warning("ended %d processes, PostgreSQL %s", count, "stopped" if stopped else "did not run")
    write_file(home / "run" / "interrupted", mark)
    return False


def main() -> None:
    """Entry point; signals meant for the supervisor's terminal are ignored."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    watch(Path(sys.argv[1]), sys.argv[2], embedded=sys.argv[3] == "embedded")


if __name__ == "__main__":
    main()
