"""Bodies in the OpenAI wire format, good and bad.

Belongs here: what an answer says. Pure. Stays out: when which one is sent (``benchmarks.llm.server``).
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

_TEXT = "Мягкая хлопковая ткань, свободный крой, бережная стирка. " * 4
HTML = b"<html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"


def chat(request: dict[str, Any], item: str, *, kind: str = "", usage: bool = True, schema: bool = True) -> bytes:
    """A reply of ``/chat/completions``.

    Args:
        kind: Empty for a good one; ``refusal``, ``content_filter``, ``length`` or ``truncated_json``.
        schema: Whether ``response_format`` and ``tools`` are honoured.
    """
    content = orjson.dumps({"item": item, "text": _TEXT}).decode()
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    finish = "stop"
    if kind == "refusal":
        message |= {"content": None, "refusal": "I'm sorry, but I can't help with that."}
    elif kind == "content_filter":
        message["content"], finish = content[:20], "content_filter"
    elif kind == "length":
        message["content"], finish = content[: len(content) // 2], "length"
    elif kind == "truncated_json":
        message["content"] = content[: len(content) * 2 // 3]
    elif not schema and "response_format" in request:
        message["content"] = f"Конечно! Вот описание:\n```json\n{content}\n```"
    elif tools := request.get("tools"):
        call = {"name": tools[0]["function"]["name"], "arguments": content}
        message |= {"content": None, "tool_calls": [{"id": f"call-{item}", "type": "function", "function": call}]}
        finish = "tool_calls"
    reply: dict[str, Any] = {
        "id": f"chatcmpl-{item}",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": request.get("model"),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }
    if usage:
        reply["usage"] = {"prompt_tokens": 420, "completion_tokens": 120, "total_tokens": 540}
    return orjson.dumps(reply)


def embeddings(request: dict[str, Any], *, usage: bool = True) -> bytes:
    """A reply of ``/embeddings``: 16 numbers a text, in reverse order, since no server promises one."""
    texts = request.get("input") or []
    texts = [texts] if isinstance(texts, str) else texts
    rows = [
        {"object": "embedding", "index": index, "embedding": [byte / 255 for byte in _digest(str(text))]}
        for index, text in enumerate(texts)
    ]
    reply: dict[str, Any] = {"object": "list", "data": rows[::-1], "model": request.get("model")}
    if usage:
        tokens = sum(len(str(text)) for text in texts) // 4 + 1
        reply["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return orjson.dumps(reply)


def error(message: str, code: str) -> bytes:
    """The body of a status that is no 200."""
    return orjson.dumps({"error": {"message": message, "type": code, "param": None, "code": code}})


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
