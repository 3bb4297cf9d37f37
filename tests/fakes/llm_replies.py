"""Switches and replies of the fault-injecting server, and the draws that decide them. Stays out: sockets, state."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from dataclasses import dataclass
from typing import Any

#: Stands in every question of a capability probe; those are counted apart.
PROBE = b"vitrina_probe"
#: Stands in ``content`` for the product id of the request.
PRODUCT_ID = "__PRODUCT_ID__"
PRODUCT = re.compile(r"product_id\W{1,6}(\d+)")


@dataclass
class Faults:
    """Switches. Shares are of attempts, but for refusal, content filter and length, which stick to an item."""

    seed: int = 1
    latency_s: float = 0.0
    rate_429: float = 0.0
    retry_after: str | None = "0"
    rate_500: float = 0.0
    hang: float = 0.0
    cut: float = 0.0
    html: float = 0.0
    truncated_json: float = 0.0
    empty: float = 0.0
    length: float = 0.0
    needs_tokens: int = 500
    refusal: float = 0.0
    content_filter: float = 0.0
    filter_as_400: bool = False
    usage: bool = True
    status: int | None = None
    error: str = "refused"
    rps: float | None = None
    content: str | None = None
    contents: dict[str, str] | None = None
    redirect: str | None = None
    echo_headers: bool = False
    big: int = 0
    # Ways of asking for JSON that it takes (others get a 400), and those that it takes and ignores.
    rungs: str = "json_schema,tools,json_object,text"
    ignores: str = ""
    owner: str = "fake"
    wants_max_completion_tokens: bool = False
    no_temperature: bool = False
    # Embeddings: texts a request, characters a text, and whether base64 is sent when it is asked for.
    most_texts: int = 2048
    longest_text: int = 1_000_000
    takes_base64: bool = True
    # Ollama's own format: most prompt tokens that are read, the rest is cut in silence.
    reads_tokens: int = 1_000_000


def draw(seed: int, item: str, attempt: int) -> float:
    """The number from 0 to 1 that decides an attempt's fate (attempt 0: the item's)."""
    digest = hashlib.sha256(f"{seed}/{item}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def way(data: dict[str, Any]) -> str:
    """How JSON is asked for."""
    if "format" in data:
        return "json_object" if data["format"] == "json" else "json_schema"
    if "response_format" in data:
        return str(data["response_format"]["type"])
    if "tools" in data:
        return "tools"
    told = data.get("messages", [{}])[0].get("content")
    return "text" if isinstance(told, str) and "keeps this JSON schema" in told else "plain"


def as_ollama(reply: dict[str, Any], data: dict[str, Any], reads: int) -> dict[str, Any]:
    """A reply in the format of ``/api/chat``. A token is four characters here."""
    message = reply["choices"][0]["message"]
    calls = [
        {"function": {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}}
        for call in message.get("tool_calls", ())
    ]
    sent = sum(len(str(message["content"])) for message in data["messages"]) // 4
    return {
        "model": data["model"],
        "message": {"role": "assistant", "content": message["content"] or "", "tool_calls": calls},
        "done": True,
        "done_reason": reply["choices"][0]["finish_reason"],
        "prompt_eval_count": min(sent, reads, data["options"]["num_ctx"]),
        "eval_count": 12,
    }


def models(owner: str) -> bytes:
    row = {"id": "fake-1", "object": "model", "created": 0, "owned_by": owner, "max_model_len": 8192}
    return json.dumps({"object": "list", "data": [row]}).encode()


def take(draw: float, start: float, share: float) -> bool:
    return start <= draw < start + share


def error(message: str, code: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": code, "code": code}}).encode()


def embeddings(data: dict[str, Any], *, packed: bool = True) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for index, text in enumerate(data["input"]):
        digest = hashlib.sha256(text.encode()).digest()
        vector: Any = [byte / 256 for byte in digest[:8]]
        if packed and data.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack("<8f", *vector)).decode()
        rows.append({"object": "embedding", "index": index, "embedding": vector})
    rows.reverse()  # servers need not keep the order
    tokens = sum(len(text) for text in data["input"])
    return {"object": "list", "data": rows, "model": data["model"], "usage": {"prompt_tokens": tokens}}
