"""The OpenAI wire format as a server speaks it: requests in, replies, chunks and errors out.

Belongs here: reading bodies and chat requests, the forms of replies. Pure but for reading the stream. Stays out: routes
(``app``), models (``chat``, ``local``).
"""

from __future__ import annotations

import base64
import math
import struct
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

#: Pictures come as data URLs, so a body may be large; what no model could read is not kept in memory.
MAX_BODY = 16 * 1024 * 1024
MAX_STOPS = 4


class ApiError(Exception):
    """An answer in the OpenAI error shape.

    Args:
        retry: Whether trying again later may help.
        wait_s: Told to the client as ``Retry-After``.
    """

    def __init__(self, status: int, message: str, code: str, *, retry: bool = False, wait_s: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.retry, self.wait_s = status, message, code, retry, wait_s


@dataclass(slots=True, frozen=True)
class ChatCall:
    """A request of ``/v1/chat/completions``, checked.

    Attributes:
        body: As it came.
        schema: JSON schema that the answer is asked to keep; ``{}`` for any JSON object.
    """

    body: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]
    model: str = ""
    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    stream: bool = False
    stream_usage: bool = False
    schema: Mapping[str, Any] | None = None
    schema_name: str | None = None


@dataclass(slots=True)
class Reply:
    """One answer while it comes into being, whole or in chunks."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, finish: str, prompt: int, completion: int) -> dict[str, Any]:
        """The reply in one piece."""
        message = {"role": "assistant", "content": text, "refusal": None}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": usage(prompt, completion),
        }

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        """A part of the answer as a server-sent event."""
        return self._event([{"index": 0, "delta": delta, "finish_reason": finish}])

    def counts(self, prompt: int, completion: int) -> bytes:
        """The event that OpenAI sends at the end when ``stream_options.include_usage`` asks for it."""
        return self._event([], usage=usage(prompt, completion))

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        value = {
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "choices": choices, **more,
        }  # fmt: skip
        return event(value)


def event(value: Mapping[str, Any]) -> bytes:
    """A server-sent event."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


DONE = b"data: [DONE]\n\n"


def usage(prompt: int, completion: int = 0) -> dict[str, int]:
    """Token counts."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON reply."""
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


def error_value(error: ApiError) -> dict[str, Any]:
    """The error as OpenAI's clients read it."""
    kind = "invalid_request_error"
    if error.status >= 500:
        kind = "server_error"
    elif error.status == 429:
        kind = "rate_limit_error"
    return {"error": {"message": error.message, "type": kind, "code": error.code, "param": None}}


def error_response(error: ApiError) -> Response:
    """The reply that carries an error; clients are told whether to come again."""
    headers = {"x-should-retry": "true" if error.retry else "false"}
    if error.wait_s is not None:
        headers["Retry-After"] = str(error.wait_s)
    return json_response(error_value(error), error.status, headers)


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object of a request.

    Raises:
        ApiError: It is too large, no JSON, or no object.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise ApiError(413, f"The request is larger than {MAX_BODY} bytes.", "too_large")
        chunks.append(chunk)
    try:
        value = orjson.loads(b"".join(chunks))
    except orjson.JSONDecodeError as error:
        raise ApiError(400, f"The body is not valid JSON: {error}", "invalid_json") from error
    if not isinstance(value, dict):
        raise ApiError(400, "The body must be a JSON object.", "invalid_json")
    return value


def read_chat(body: dict[str, Any]) -> ChatCall:
    """A chat request.

    Raises:
        ApiError: A field is wrong, or asks for what this service does not do.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages) or not messages:
        raise _wrong("'messages' must be a list of objects, and not empty.")
    if body.get("n") not in (None, 1):
        raise ApiError(400, "This service gives one answer a request ('n').", "unsupported")
    limit = body.get("max_completion_tokens")
    limit = body.get("max_tokens") if limit is None else limit
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        raise _wrong("'max_tokens' must be a whole number above 0.")
    seed = body.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise _wrong("'seed' must be a whole number.")
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else (stop or [])
    if not isinstance(stops, list) or len(stops) > MAX_STOPS or not all(isinstance(one, str) and one for one in stops):
        raise _wrong(f"'stop' must be a text or up to {MAX_STOPS} of them, none empty.")
    options = body.get("stream_options")
    schema, name = _schema(body.get("response_format"))
    return ChatCall(
        body,
        messages,
        model=str(body.get("model") or ""),
        max_tokens=limit,
        temperature=_number(body, "temperature", 2.0),
        top_p=_number(body, "top_p", 1.0),
        seed=seed,
        stop=tuple(stops),
        stream=bool(body.get("stream")),
        stream_usage=isinstance(options, dict) and bool(options.get("include_usage")),
        schema=schema,
        schema_name=name,
    )


def _wrong(message: str) -> ApiError:
    return ApiError(400, message, "invalid_request")


def _number(body: Mapping[str, Any], name: str, most: float) -> float:
    value = body.get(name)
    if value is None:
        return 1.0
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise _wrong(f"'{name}' must be a number.")
    if not 0 <= value <= most:
        raise _wrong(f"'{name}' must be from 0 to {most:g}.")
    return float(value)


def _schema(form: Any) -> tuple[Mapping[str, Any] | None, str | None]:
    if not isinstance(form, dict) or form.get("type") == "text":
        return None, None
    if form.get("type") == "json_object":
        return {}, None
    wrapped = form.get("json_schema")
    if not isinstance(wrapped, dict):
        raise _wrong("'response_format' of type json_schema needs an object 'json_schema'.")
    schema, name = wrapped.get("schema"), wrapped.get("name")
    return (schema if isinstance(schema, dict) else {}), (name if isinstance(name, str) else None)


def encoded(vector: Sequence[float], form: str) -> list[float] | str:
    """A vector as ``float`` or ``base64`` (little-endian 32 bits)."""
    if form == "float":
        return [float(value) for value in vector]
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
