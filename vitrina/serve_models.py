"""``python -m vitrina.serve_models``: trained models of a home folder over HTTP, on this machine alone.

Belongs here: options. Stays out: serving (``vitrina.serving``). The platform starts it by itself when a model is asked
for; by hand it is for looking at one.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import sys
from pathlib import Path

_TOLD = (
    "Serve the trained models of a home folder over HTTP, on this machine alone. The platform starts this by itself "
    "when a model is asked for; address and token of a running one stand in run/serve-models.json of the home folder."
)


def main(arguments: list[str] | None = None) -> int:
    """Serves until it is told to stop; 0 at a normal end, 1 where it cannot begin."""
    from vitrina.config import get_settings

    settings = get_settings()
    parser = argparse.ArgumentParser(prog="python -m vitrina.serve_models", description=_TOLD)
    parser.add_argument("--home", type=Path, default=settings.vitrina_home, help="home folder of the platform")
    parser.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    parser.add_argument(
        "--idle", type=float, default=0.0, metavar="SECONDS", help="end after so long without a request"
    )
    parser.add_argument("--owned", action="store_true", help="end with the last process that asked for it")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)

    from vitrina.errors import VitrinaError
    from vitrina.serving.app import ServedModels
    from vitrina.serving.places import TOKEN_VARIABLE, Places
    from vitrina.serving.running import serve
    from vitrina.serving.shelf import Shelf

    token = os.environ.pop(TOKEN_VARIABLE, "") or secrets.token_urlsafe(32)
    places = Places(given.home.absolute())
    served = ServedModels(Shelf(places.models), token=token, timeout_s=settings.serve_timeout_seconds)
    try:
        serve(places, served, token=token, port=given.port, idle_s=given.idle, owned=given.owned)
    except VitrinaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
