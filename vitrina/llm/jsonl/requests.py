"""What a line of a request file says.

Belongs here: one line to one request, with every mistake in a sentence. Pure. Stays out: reading files, mistakes
between lines (``vitrina.llm.jsonl.scan``).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vitrina.llm.jsonl.schemas import AnswerSchema, BadSchema, answer_schema
from vitrina.llm.messages import ChatRequest, Message, canonical_json

FIELDS = ("id", "prompt", "messages", "model", "temperature", "max_tokens", "schema")
_ROLES = ("system", "developer", "user", "assistant", "tool")
_MAX_ID = 500
_MAX_TOKENS = 10_000_000


class BadLine(ValueError):
    """A line that is no request; the text says why, and holds nothing of the line but names."""


@dataclass(slots=True, frozen=True)
class FileRequest:
    """A question of the file.

    Attributes:
        id: As it stands in the file, a text or a whole number.
        digest: 8 bytes that change when the question does (prompt, settings, schema), not with its id or endpoint.
    """

    id: str | int
    messages: Sequence[Message]
    digest: bytes
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    schema: AnswerSchema | None = None

    @property
    def name(self) -> str:
        """The id as text: 7 and "7" are the same id."""
        return str(self.id)

    def chat(self, purpose: str, *, try_no: int = 0) -> ChatRequest:
        """The request for the gateway; it carries this record as its context."""
        schema = self.schema
        return ChatRequest(
            self.messages,
            purpose,
            item_id=self.name,
            model=self.model,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            schema=None if schema is None else schema.schema,
            schema_name="answer" if schema is None else schema.name,
            strict=schema is not None and schema.strict,
            try_no=try_no,
            context=self,
        )


def read_request(line: bytes, default_schema: AnswerSchema | None = None) -> FileRequest:
    """One line as a request.

    Args:
        default_schema: Of the whole file, for lines without a schema of their own.

    Raises:
        BadLine: It is none.
    """
    values = _object(line)
    ident = read_id(values)
    messages = _messages(values)
    schema = default_schema
    if (own := values.get("schema")) is not None:
        try:
            schema = answer_schema(own)
        except BadSchema as error:
            raise BadLine(f"'schema' cannot be used: {error}") from error
    asked = {name: values[name] for name in ("model", "temperature", "max_tokens") if values.get(name) is not None}
    _check_settings(asked)
    whole = {"messages": messages, "schema": None if schema is None else schema.schema, **asked}
    try:
        digest = hashlib.blake2b(canonical_json(whole), digest_size=8).digest()
    except TypeError as error:  # orjson reads 1,024 levels and writes 254
        raise BadLine("nested too deep") from error
    return FileRequest(ident, messages, digest, schema=schema, **asked)


def read_id(values: Mapping[str, Any]) -> str | int:
    """The id in an object of a request or answer file.

    Raises:
        BadLine: It is missing, empty, too long, or neither a text nor a whole number.
    """
    ident = values.get("id")
    if ident is None:
        raise BadLine("'id' is missing")
    if isinstance(ident, bool) or not isinstance(ident, str | int):
        raise BadLine("'id' must be a text or a whole number")
    if isinstance(ident, str) and not ident.strip():
        raise BadLine("'id' is empty")
    if len(str(ident)) > _MAX_ID:
        raise BadLine(f"'id' is longer than {_MAX_ID} characters")
    return ident


def _object(line: bytes) -> dict[str, Any]:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as wrong:
            raise BadLine(f"not UTF-8 (byte {wrong.start + 1} of the line); save the file as UTF-8") from error
        raise BadLine(f"not valid JSON: {error.msg} (column {error.colno})") from error
    if not isinstance(values, dict):
        raise BadLine("a JSON object is wanted, with 'id' and 'prompt' or 'messages'")
    unknown = [name for name in values if name not in FIELDS]
    if unknown:
        told = ", ".join(repr(name[:40]) for name in sorted(unknown)[:5])
        raise BadLine(f"unknown field{'s' if len(unknown) > 1 else ''} {told}; known are {', '.join(FIELDS)}")
    return values


def _messages(values: Mapping[str, Any]) -> Sequence[Message]:
    prompt, messages = values.get("prompt"), values.get("messages")
    if (prompt is None) == (messages is None):
        raise BadLine("neither 'prompt' nor 'messages'" if prompt is None else "both 'prompt' and 'messages'")
    if messages is None:
        if not isinstance(prompt, str) or not prompt.strip():
            raise BadLine("'prompt' must be a text, and not empty")
        return [{"role": "user", "content": prompt}]
    if not isinstance(messages, list) or not messages:
        raise BadLine("'messages' must be a list of messages, and not empty")
    for number, message in enumerate(messages, 1):
        if not isinstance(message, dict):
            raise BadLine(f"message {number} is not an object")
        if message.get("role") not in _ROLES:
            raise BadLine(f"message {number}: 'role' must be one of {', '.join(_ROLES)}")
        content = message.get("content")
        parts = isinstance(content, list) and content and all(isinstance(part, dict) for part in content)
        if not (parts or isinstance(content, str) or (content is None and message.get("tool_calls"))):
            raise BadLine(f"message {number}: 'content' must be a text or a list of parts")
        for part in content if isinstance(content, list) else ():
            _check_part(part, number)
    return messages


def _check_part(part: Mapping[str, Any], number: int) -> None:
    if part.get("type") == "text" and not isinstance(part.get("text"), str):
        raise BadLine(f"message {number}: 'text' of a part must be a text")
    if "image_url" in part or part.get("type") == "image_url":
        image = part.get("image_url")
        if not isinstance(image, dict) or not isinstance(image.get("url"), str):
            raise BadLine(f"message {number}: 'image_url' must be an object whose 'url' is a text")


def _check_settings(asked: Mapping[str, Any]) -> None:
    model, temperature, limit = (asked.get(name) for name in ("model", "temperature", "max_tokens"))
    if model is not None and (not isinstance(model, str) or not model.strip()):
        raise BadLine("'model' must be a text, and not empty")
    number = isinstance(temperature, int | float) and not isinstance(temperature, bool)
    if temperature is not None and not (number and math.isfinite(temperature) and 0 <= temperature <= 2):
        raise BadLine("'temperature' must be a number from 0 to 2")
    whole = isinstance(limit, int) and not isinstance(limit, bool)
    if limit is not None and not (whole and 1 <= limit <= _MAX_TOKENS):
        raise BadLine("'max_tokens' must be a whole number above 0")
