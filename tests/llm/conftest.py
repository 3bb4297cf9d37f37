"""A fault-injecting server for the session, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.llm_server import RunningServer, running_server
from vitrina.llm.config import GatewayConfig, RetryPolicy
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import Ledger, MemoryLedger
from vitrina.llm.messages import ChatRequest

FAST = RetryPolicy(base_delay_s=0.01, max_delay_s=0.05)


@pytest.fixture(scope="session")
def _llm_process() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def llm_server(_llm_process: RunningServer) -> RunningServer:
    """The server without any fault; ``reset(rate_429=0.1)`` switches them on."""
    _llm_process.reset()
    return _llm_process


@pytest.fixture
def gateway(llm_server: RunningServer) -> Iterator[Callable[..., Gateway]]:
    """Makes gateways to the server, closed at the end; keywords are of :class:`GatewayConfig`."""
    made: list[Gateway] = []

    def make(ledger: Ledger | None = None, **values: Any) -> Gateway:
        values = {"base_url": llm_server.base_url, "model": "gpt-4o-mini", "retry": FAST, "timeout_s": 120.0, **values}
        made.append(Gateway(GatewayConfig(**values), ledger or MemoryLedger()))
        return made[-1]

    yield make
    for one in made:
        one.close()


def question(item: object, **values: Any) -> ChatRequest:
    """A request about an item."""
    messages = [{"role": "user", "content": f"Describe item:{item} in Russian."}]
    return ChatRequest(messages, **{"purpose": "test", "item_id": str(item), **values})
