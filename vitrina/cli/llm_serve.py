"""``vitrina serve-models``: the embedded model service over HTTP (docs/model-service.md).

Belongs here: options, the database that the embedder's fits are named in. Stays out: the service.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from vitrina.config import Settings, get_settings


def serve_models(
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine a token is a must.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8090,
) -> None:
    """Serve the offline writer, the embedder and local models over the OpenAI protocol until Ctrl-C."""
    from vitrina.llm.service.serving import address_of, prepare

    settings = get_settings()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    server, listening = prepare(settings, host=host, port=port)
    with listening, _fits(settings):
        sys.stderr.write(f"Model service running on {address_of(listening)}/v1; stop with Ctrl-C\n")
        sys.stderr.flush()
        server.run(sockets=[listening])


@contextmanager
def _fits(settings: Settings) -> Iterator[None]:
    """The embedded database while the service runs, where there is one: it says which fit is the active one."""
    from vitrina.servers.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(settings.vitrina_home)
    if not settings.embedded_database or server.known_url() is None:
        yield
        return
    with server.session():
        yield
