"""The ``serve-models`` process from its start to its end.

Belongs here: listening, saying where, ending when nobody asks any more or nobody is left who could. Stays out: what is
answered (``app``), who starts it (``starting``).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from starlette.applications import Starlette

from vitrina.errors import PermanentError
from vitrina.servers.locks import FileLock
from vitrina.servers.processes import MARK_VARIABLE, ProcessId
from vitrina.serving.app import ServedModels
from vitrina.serving.places import HOST, Places, Running

_log = logging.getLogger("vitrina.serve_models")
#: Between two looks at owners and clock.
_TICK_S = 0.25


def serve(places: Places, served: ServedModels, *, token: str, port: int, idle_s: float, owned: bool) -> None:
    """Serve until told to stop, until nobody has asked for ``idle_s`` seconds, or until all owners are gone.

    Args:
        idle_s: 0 never ends for idleness.
        owned: Whether to end with the last process that holds the owners' lock. A running platform ends all processes
            with its mark, so that there its models outlive single runs.

    Raises:
        PermanentError: Another one serves this home folder already, or the port is taken.
    """
    other = Running.load(places.record)
    if other is not None and other.alive:
        raise PermanentError(
            f"Process {other.process.pid} serves {places.home} already, on port {other.port}.",
            hint=f"Ask that one ({places.record}), or end it first.",
        )
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen(256)
        except OSError as error:
            raise PermanentError(
                f"Port {port} on {HOST} cannot be listened on: {error.strerror}.", hint="Give another --port."
            ) from error
        record = Running(ProcessId.of(os.getpid()), listening.getsockname()[1], token)
        config = uvicorn.Config(
            served.app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
        )  # fmt: skip
        server = uvicorn.Server(config)

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            watching = asyncio.create_task(_watch(places, record, server, served, idle_s, owned and not _in_a_stack()))
            yield
            watching.cancel()

        served.app.router.lifespan_context = lifespan
        record.save(places.record)
        _log.info("models are served on http://%s:%d/v1 for %s", HOST, record.port, places.home)
        try:
            server.run(sockets=[listening])
        finally:
            _withdraw(places, record)


async def _watch(
    places: Places, record: Running, server: uvicorn.Server, served: ServedModels, idle_s: float, owned: bool
) -> None:
    owners = FileLock(places.owners)
    while not server.should_exit:
        await asyncio.sleep(_TICK_S)
        why = ""
        if owned and owners.try_acquire():
            why = "nobody is left who could ask"
        elif idle_s and not served.busy and time.monotonic() - served.last > idle_s:
            why = f"nobody has asked for {idle_s:g} s"
        if why:
            _log.info("ending: %s", why)
            # First the record, so that who comes now starts another one and does not knock here.
            _withdraw(places, record)
            owners.release()
            server.should_exit = True


def _in_a_stack() -> bool:
    return bool(os.environ.get(MARK_VARIABLE))


def _withdraw(places: Places, record: Running) -> None:
    """Take the record away, if it is still ours."""
    with suppress(OSError):
        if Running.load(places.record) == record:
            places.record.unlink(missing_ok=True)
