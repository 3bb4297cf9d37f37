"""What a reply means, in the OpenAI chat wire format.

Belongs here: from status, headers and bytes to an outcome, text and usage. Pure functions.
Stays out: what is done about it (``vitrina.llm.engine``).
"""

from __future__ import annotations

import base64
import binascii
import email.utils
import math
import sys
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from vitrina.llm.outcomes import Outcome, Usage
from vitrina.llm.transport import Reply

_RETRY_STATUS = frozenset({408, 409, 425})
_FILTER_CODES = (
    "content_filter",
    "content_policy_violation",
    "moderation_blocked",
    "responsibleaipolicyviolation",
    "flagged",
)
_QUOTA_CODES = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")
#: Statuses after which nothing that is sent to this endpoint with this key can work.
_DEAD_ENDPOINT = frozenset({401, 402, 403})
#: With 403: the key is good, and this one model is not for it.
_MODEL_CODE = "model_not_found"
_ERROR_TEXT = 500


@dataclass(slots=True, frozen=True)
class Reading:
    """A reply, read.

    Attributes:
        retry_after_s: What the server asked for; ``None`` when it did not say.
        retry: ``False`` when the server says that trying again is useless.
        dead: Why nothing more can be sent: ``"endpoint"`` for all models, ``"model"`` for this one, else empty.
        charged: Whether the provider may have charged for it.
    """

    outcome: Outcome
    text: str | None = None
    finish_reason: str = ""
    model: str = ""
    usage: Usage | None = None
    error: str | None = None
    error_class: str = ""
    retry_after_s: float | None = None
    retry: bool = True
    dead: str = ""
    charged: bool = True
    data: Mapping[str, Any] | None = field(default=None, repr=False)


def read_chat(reply: Reply, *, now: Callable[[], float] = time.time) -> Reading:
    """Judges a reply of ``/chat/completions``."""
    if reply.status != 200:
        return read_error(reply, now=now)
    data = _object(reply.body)
    if data is None:
        return _no_answer("the body is not a JSON object", reply)
    if "choices" not in data and isinstance(data.get("message"), dict):
        data = _from_ollama(data)
    if "error" in data and "choices" not in data:
        return _no_answer(f"a reply without an answer: {_error_text(data)[0]}", reply)
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    finish = str(choice.get("finish_reason") or "") if isinstance(choice, dict) else ""
    if finish.startswith("content_filter"):  # Gemini: "content_filter: PROHIBITED_CONTENT", and no message at all
        message, finish = message or {}, "content_filter"
    if not isinstance(message, dict):
        return _no_answer("the reply holds no choice with a message", reply, usage=read_usage(data))
    text = _text(message.get("content"))
    if not (text or "").strip() and message.get("tool_calls"):
        text = _tool_arguments(message["tool_calls"]) or text
    refusal = message.get("refusal")
    outcome, error = Outcome.OK, None
    if isinstance(refusal, str) and refusal.strip():
        outcome, error, text = Outcome.REFUSAL, f"the model declined: {refusal[:_ERROR_TEXT]}", text or refusal
    elif finish == "content_filter":
        outcome, error = Outcome.FILTERED, "a content filter stopped the answer"
    elif finish == "length":
        outcome, error = Outcome.TRUNCATED, "the answer was cut at the token limit"
    elif not (text or "").strip():
        outcome, error = Outcome.INVALID, "the answer is empty"
    return Reading(
        outcome,
        text=text,
        finish_reason=finish,
        model=str(data.get("model") or ""),
        usage=read_usage(data),
        error=error,
        error_class="" if outcome is Outcome.OK else (finish if outcome is not Outcome.REFUSAL else "refusal"),
        data=data,
    )


def read_embeddings(reply: Reply, count: int, *, now: Callable[[], float] = time.time) -> Reading:
    """Judges a reply of ``/embeddings``: ``count`` vectors of one length, each index once, every number finite."""
    if reply.status != 200:
        return read_error(reply, now=now)
    data = _object(reply.body)
    rows = data.get("data") if data is not None else None
    if data is None or not isinstance(rows, list):
        return _no_answer("the body holds no list of embeddings", reply)
    usage = read_usage(data)
    rows = [_decoded(row) for row in rows]
    good = all(
        isinstance(row, Mapping) and isinstance(row.get("embedding"), list) and type(row.get("index")) is int
        for row in rows
    )
    if not good or sorted(row["index"] for row in rows) != list(range(count)):
        return _no_answer(f"{len(rows)} embeddings for {count} texts, or not lists of numbers", reply, usage=usage)
    lengths = {len(row["embedding"]) for row in rows}
    numbers = all(type(x) is float or type(x) is int for row in rows for x in row["embedding"])
    numbers = numbers and all(math.isfinite(sum(row["embedding"])) for row in rows)
    if len(lengths) != 1 or lengths == {0} or not numbers:
        return _no_answer("embeddings of different length, empty, or not numbers", reply, usage=usage)
    return Reading(Outcome.OK, model=str(data.get("model") or ""), usage=usage, data={**data, "data": rows})


def read_error(reply: Reply, *, now: Callable[[], float] = time.time) -> Reading:
    """Judges any status but 200."""
    status, headers = reply.status, reply.headers
    data = _object(reply.body)
    message, code = _error_text(data) if data is not None else (_plain(reply.body), "")
    told = f"HTTP {status}" + (f": {message}" if message else "")
    common: dict[str, Any] = {"error_class": code or f"http_{status}", "charged": False, "data": data}
    lowered = f"{code} {message}".lower()
    wait = retry_after(headers, now=now)
    retry = headers.get("x-should-retry", "").lower() != "false"
    if status == 429:
        if any(word in lowered for word in _QUOTA_CODES):
            told = f"The account at the provider has no quota left ({told})."
            return Reading(Outcome.PERMANENT, error=told, dead="endpoint", retry=False, **common)
        return Reading(Outcome.RATE_LIMIT, error=told, retry_after_s=wait, **common)
    if status in (400, 403, 422) and any(word in lowered for word in _FILTER_CODES):
        return Reading(Outcome.FILTERED, error=told, **common)
    if status >= 500 or status in _RETRY_STATUS:
        return Reading(Outcome.SERVER, error=told, retry_after_s=wait, retry=retry, **common)
    dead = ""
    if status == 403 and _MODEL_CODE in lowered:
        dead, told = "model", f"The key may not use this model ({told}). Check AI_MODEL and the project's models."
    elif status in _DEAD_ENDPOINT:
        dead, told = "endpoint", f"The endpoint refuses the key or the account ({told}). Check OPENAI_API_KEY."
    elif status == 404:
        dead = "model"
        told = f"The endpoint does not know this model or address ({told}). Check AI_MODEL and OPENAI_BASE_URL."
    elif 300 <= status < 400:
        dead = "endpoint"
        told = (
            f"The endpoint sends elsewhere ({told}), which is not followed. Put the final address in OPENAI_BASE_URL."
        )
    return Reading(Outcome.PERMANENT, error=told, dead=dead, retry=False, **common)


def read_json(reply: Reply) -> dict[str, Any] | None:
    """The JSON object of a reply, or ``None``."""
    return _object(reply.body)


def retry_after(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that the server asks for: ``retry-after-ms``, then ``Retry-After`` in seconds or as a date."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) * scale
        except ValueError:
            continue
        if 0 <= seconds < 86_400:  # also false for nan
            return seconds
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, TypeError):
        return None
    return min(max(date.timestamp() - now(), 0.0), 86_400.0)


def read_usage(data: Mapping[str, Any]) -> Usage | None:
    """Token counts, or ``None`` when the server sent none that make sense."""
    usage = data.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if prompt == 0 and completion == 0:
        return None
    details, spent = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=_count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
        cache_write=_count(details.get("cache_write_tokens")) if isinstance(details, dict) else 0,
        reasoning=_count(spent.get("reasoning_tokens")) if isinstance(spent, dict) else 0,
    )


def _from_ollama(data: Mapping[str, Any]) -> dict[str, Any]:
    """A reply of ``/api/chat`` in the OpenAI form; what is kept in the ledger may be either."""
    return {
        "model": data.get("model"),
        "choices": [{"index": 0, "message": data["message"], "finish_reason": data.get("done_reason") or "stop"}],
        "usage": {"prompt_tokens": data.get("prompt_eval_count"), "completion_tokens": data.get("eval_count")},
    }


def _tool_arguments(calls: Any) -> str | None:
    """The arguments of the first function call: the answer, where the schema was sent as a function."""
    call = calls[0] if isinstance(calls, list) and calls else None
    function = call.get("function") if isinstance(call, Mapping) else None
    arguments = function.get("arguments") if isinstance(function, Mapping) else None
    if isinstance(arguments, Mapping):  # Ollama sends an object, the others a text
        return orjson.dumps(arguments).decode()
    return arguments if isinstance(arguments, str) else None


def _decoded(row: Any) -> Any:
    """An embedding that came as base64 of little-endian 32-bit floats, as a list of numbers."""
    packed = row.get("embedding") if isinstance(row, Mapping) else None
    if not isinstance(packed, str):
        return row
    try:
        numbers = array("f", base64.b64decode(packed, validate=True))
    except (binascii.Error, ValueError):
        return row
    if sys.byteorder == "big":
        numbers.byteswap()
    return {**row, "embedding": numbers.tolist() if math.isfinite(sum(numbers)) else []}


def _no_answer(why: str, reply: Reply, *, usage: Usage | None = None) -> Reading:
    shown = _plain(reply.body)
    error = f"{why}; it begins: {shown[:80]!r}" if shown else f"{why}; it is empty"
    return Reading(Outcome.INVALID, error=error, error_class="bad_reply", usage=usage)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _text(content: Any) -> str | None:
    if isinstance(content, list):  # some servers send parts
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else None


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(value, list) and len(value) == 1:  # Gemini puts its errors into a list
        value = value[0]
    return value if isinstance(value, dict) else None


def _error_text(data: Mapping[str, Any]) -> tuple[str, str]:
    error = data.get("error")
    if isinstance(error, Mapping):
        code = error.get("code") if isinstance(error.get("code"), str) else None  # llama.cpp and vLLM send the status
        kind = code or error.get("type") or error.get("status")
        return str(error.get("message") or "")[:_ERROR_TEXT], str(kind or "")[:100]
    return str(error or data.get("message") or data.get("detail") or "")[:_ERROR_TEXT], ""


def _plain(body: bytes) -> str:
    return " ".join(body[:_ERROR_TEXT].decode("utf-8", "replace").split())[:200]
