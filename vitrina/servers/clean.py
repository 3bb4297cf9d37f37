"""Remove all data of this folder: ``python -m vitrina.servers.clean`` (``make clean-data``).

What belongs here: stopping the embedded server and removing what it and the platform made. What stays out: data of
an outside database or bucket, which are never touched.
"""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path

from vitrina.config import get_settings
from vitrina.errors import PermanentError, VitrinaError
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.state import running_stack


def remove_all(home: Path) -> None:
    """Remove the home folder with the database, also where that lies outside of it.

    Raises:
        PermanentError: the platform runs.
    """
    if (state := running_stack(home)) is not None:
        raise PermanentError(f"Vitrina runs (pid {state.supervisor.pid}).", hint="Stop it first.")
    server = EmbeddedPostgres(home)
    server.stop()
    server.remove_data()
    shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    """Entry point."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    home = get_settings().vitrina_home
    try:
        remove_all(home)
    except VitrinaError as error:
        logging.error("%s", error)
        sys.exit(1)
    logging.info("removed %s", home)


if __name__ == "__main__":
    main()
