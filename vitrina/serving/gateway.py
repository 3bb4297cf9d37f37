"""A gateway to a trained policy: the ledger and the contract of every other writer, the process behind it on demand.

Belongs here: its configuration, and the transport that finds the process. Stays out: starting it (``starting``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from vitrina.config import Settings
from vitrina.errors import VitrinaError
from vitrina.llm.config import GatewayConfig, RetryPolicy
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger_postgres import PostgresLedger
from vitrina.llm.transport import HttpTransport, Reply, TransportError
from vitrina.serving.places import HOST
from vitrina.serving.starting import running

#: Answers are shared by model, whose name is a hash: the port is another one each time.
SCOPE = "serve-models/1"
#: As many as a small model writes at once.
_CONCURRENCY = 64


class ServedTransport:
    """Posts to the ``serve-models`` process, which is started at the first call and again when it has ended."""

    def __init__(self, config: GatewayConfig, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._http: HttpTransport | None = None
        self._finding = asyncio.Lock()

    async def post(self, path: str, body: bytes) -> Reply:
        """One call; a process that was gone is started again once.

        Raises:
            TransportError: It does not start, or does not answer.
        """
        http = await self._connected(None)
        try:
            return await http.post(path, body)
        except TransportError as error:
            if error.name not in ("connect", "cut"):
                raise
            return await (await self._connected(http)).post(path, body)

    async def close(self) -> None:
        """Ends connections; the process goes on for others."""
        if self._http is not None:
            await self._http.close()

    async def _connected(self, broken: HttpTransport | None) -> HttpTransport:
        async with self._finding:
            if self._http is None or self._http is broken:
                try:
                    server = await asyncio.to_thread(running, self._settings)
                except VitrinaError as error:
                    raise TransportError(str(error), name="serve-models", sent=False) from error
                if self._http is not None:
                    await self._http.close()
                address = f"http://{HOST}:{server.port}/v1"
                self._http = HttpTransport(replace(self._config, base_url=address, api_key=server.token))
            return self._http


@contextmanager
def served_gateway(settings: Settings, model: str, *, run_id: str = "") -> Iterator[Gateway]:
    """A gateway whose model is ``policy/<folder>``, over the platform's ledger; nothing of it costs money."""
    from vitrina.project.database import database_url, psycopg_dsn

    config = GatewayConfig(
        model=model,
        concurrency=_CONCURRENCY,
        timeout_s=settings.serve_timeout_seconds,
        # A policy has no more room than it was trained for, and asked again it says the same.
        retry=RetryPolicy(max_attempts=2, max_invalid=1, max_truncated=0, outage_patience_s=30, max_rephrased=0),
        cache_scope=SCOPE,
        run_id=run_id,
    )
    ledger = PostgresLedger(psycopg_dsn(database_url(settings)))
    try:
        with Gateway(config, ledger, transport=lambda own: ServedTransport(own, settings)) as gateway:
            yield gateway
    finally:
        ledger.close()
