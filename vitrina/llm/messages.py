"""What is asked: the request record, its body on the wire, and its key.

Belongs here: the canonical form of a request. Stays out: sending it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Message = Mapping[str, Any]


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no blanks: equal values give equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@dataclass(slots=True, frozen=True)
class ChatRequest:
    """One question to a model.

    Attributes:
        messages: ``{"role": …, "content": …}`` in the OpenAI chat form (content parts for pictures included).
        purpose: What it is for (``product_description``); costs are summed by it.
        item_id: What it is about; part of the key. Empty: equal questions about anything are one question.
        model: ``None`` takes the gateway's model.
        schema, schema_name: JSON schema of the answer, sent as ``response_format``.
        sample: Number of the sample among several of the same question (best of n); part of the key.
        try_no: Raised by a caller who wants another answer to a question that was answered; part of the key.
        drop_key: The drop the item came with, for the ledger alone.
        extra: Further fields of the body (``seed``, ``top_p``), sent as they are.
        context: The caller's own; comes back with the result and is neither sent nor stored.
    """

    messages: Sequence[Message]
    purpose: str
    item_id: str = ""
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"
    strict: bool = True
    sample: int = 0
    try_no: int = 0
    drop_key: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    context: Any = None

    def body(
        self, default_model: str, *, max_tokens: int | None = None, limit_field: str = "max_tokens"
    ) -> dict[str, Any]:
        """The JSON object for ``/chat/completions``.

        Args:
            default_model: Used when the request names none.
            max_tokens: Overrides the request's own limit (more room after a truncated answer).
            limit_field: ``max_tokens``, or ``max_completion_tokens`` for endpoints that refuse the older name.
        """
        body: dict[str, Any] = dict(self.extra)
        body["model"] = self.model or default_model
        body["messages"] = [dict(message) for message in self.messages]
        if self.temperature is not None:
            body["temperature"] = self.temperature
        limit = max_tokens if max_tokens is not None else self.max_tokens
        if limit is not None:
            body[limit_field] = limit
        if self.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": self.schema_name, "strict": self.strict, "schema": dict(self.schema)},
            }
        return body


def request_key(
    body: Mapping[str, Any], *, scope: str = "", item_id: str = "", sample: int = 0, try_no: int = 0
) -> str:
    """The sha256 (hex) that names a call in cache, ledger, resume and coalescing.

    Args:
        body: The body as first sent; a retry with more room keeps the key of the request it belongs to.
        scope: Which endpoint family answers, so that one server's answer is not taken for another's.
        item_id, sample, try_no: What makes an equal body another call on purpose.
    """
    return hashlib.sha256(
        canonical_json({"body": body, "scope": scope, "item": item_id, "sample": sample, "try": try_no})
    ).hexdigest()
