"""The gateway as a measured client.

Belongs here: ``memory``, the bare engine with a ledger in memory, and ``platform``, all that a run of the platform has
(ledger, cache, slots, breaker and budget over PostgreSQL) by its own settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.llm.client_common import MODEL, SCHEMA, WARM, Tally, Task, prompt, task
from vitrina.llm.config import GatewayConfig
from vitrina.llm.gateway import Gateway
from vitrina.llm.ledger import MemoryLedger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.structured import Contract, InvalidAnswerError


@contextmanager
def gateway(asked: Task) -> Iterator[Gateway]:
    """A gateway over the ledger that the task names."""
    if asked.how == "memory":
        config = GatewayConfig(
            base_url=asked.base_url, model=MODEL, concurrency=asked.concurrency, timeout_s=60, **asked.extra
        )
        with Gateway(config, MemoryLedger()) as made:
            yield made
        return
    os.environ |= {
        "OPENAI_BASE_URL": asked.base_url,
        "OPENAI_API_KEY": "sk-none",
        "AI_MODEL": MODEL,
        "AI_CONCURRENCY": str(asked.concurrency),
        "AI_TIMEOUT_SECONDS": "60",
        "AI_RUN_BUDGET_USD": "1000",
        **asked.extra,
    }
    from vitrina.llm.wiring import open_gateway

    with open_gateway(run_id="benchmark") as made:
        yield made


def _validate(request: ChatRequest, data: Any) -> Any:
    if not isinstance(data, dict) or data.get("item") != request.item_id:
        raise InvalidAnswerError(["not about the item"])
    return data


def _request(item: str) -> ChatRequest:
    messages = [{"role": "user", "content": prompt(item)}]
    return ChatRequest(messages, "benchmark", item_id=item, schema=SCHEMA, schema_name="answer")


def main() -> None:
    """Answers the task."""
    asked, tally = task(), Tally()
    contract = Contract(_validate)
    with gateway(asked) as made:
        made.ask(_request(WARM), contract=contract)
        with tally.measured():
            for result in made.run(map(_request, asked.items()), contract=contract):
                outcome = "ok, mended" if result.ok and result.repaired else str(result.outcome)
                tally.add(result.request.item_id, outcome, result.ok)
        summary = made.summary()
    tally.report(asked.calls, summary=summary)


if __name__ == "__main__":
    main()
