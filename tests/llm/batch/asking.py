"""What tests of batches ask, and where it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vitrina.llm.gateway import Gateway
from vitrina.llm.messages import ChatRequest


def asked(item: object, **values: Any) -> ChatRequest:
    messages = [{"role": "user", "content": f"question {item}"}]
    return ChatRequest(messages, **{"purpose": "test", "item_id": str(item), "max_tokens": 100, **values})


def run(gateway: Gateway, count: int, **values: Any) -> dict[str, Any]:
    results = list(gateway.batches(list_lag=timedelta(0)).run_batch([asked(i) for i in range(count)], **values))
    assert len(results) == count
    return {result.request.item_id: result for result in results}


def rows() -> Any:
    from vitrina.llm.models import LlmAttempt

    return LlmAttempt.objects.all()
