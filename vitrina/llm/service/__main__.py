"""``python -m vitrina.llm.service --port N``: the embedded service over HTTP.

Belongs here: the command. Stays out: the application.
"""

from __future__ import annotations

import argparse
import os

import uvicorn

from vitrina.llm.service.wiring import build_app

TOKEN_VARIABLE = "VITRINA_MODEL_SERVICE_TOKEN"  # noqa: S105 - the name of a variable, not a token


def main(argv: list[str] | None = None) -> None:
    """Serves until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m vitrina.llm.service", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=8090, help="port; 0 picks a free one")
    options = parser.parse_args(argv)
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token is None and options.host not in ("127.0.0.1", "::1", "localhost"):
        parser.error(f"set {TOKEN_VARIABLE} before serving to other machines")
    uvicorn.run(build_app(token=token), host=options.host, port=options.port, log_level="info", access_log=False)


if __name__ == "__main__":
    main()
