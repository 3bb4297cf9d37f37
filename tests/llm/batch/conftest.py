"""A provider's batch service, and gateways in batch mode that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.batch_server import BatchServer, running_batch_server
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger_postgres import PostgresLedger


@pytest.fixture(scope="package")
def _service() -> Iterator[BatchServer]:
    with running_batch_server() as server:
        yield server


@pytest.fixture
def service(_service: BatchServer) -> BatchServer:
    _service.reset()
    return _service


@pytest.fixture
def dsn(database: Any, settings: Any) -> str:
    from vitrina.project.database import database_url, psycopg_dsn

    return psycopg_dsn(database_url(settings))


@pytest.fixture
def make(service: BatchServer, dsn: str) -> Iterator[Callable[..., Gateway]]:
    """Makes gateways of batch mode over the test's database."""
    made: list[Any] = []

    def gateway(**values: Any) -> Gateway:
        values = {"mode": "batch", "model": "gpt-4o-mini", "batch_poll_s": 0.01, "batch_wait_s": 240.0, **values}
        ledger = PostgresLedger(dsn)
        made.append(Gateway(GatewayConfig(base_url=service.base_url, **values), ledger))
        made.append(ledger)
        return made[-2]

    yield gateway
    for one in made:
        one.close()
