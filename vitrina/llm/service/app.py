"""The ASGI application: chat completions, embeddings, models, health.

Belongs here: the wire format. Stays out: which skills there are (``vitrina.llm.service.wiring``).
"""

from __future__ import annotations

import base64
import hmac
import logging
import struct
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vitrina.errors import VitrinaError
from vitrina.llm.config import EMBEDDED_MODEL
from vitrina.llm.tokens import estimate_prompt_tokens, estimate_tokens

Skill = Callable[[dict[str, Any]], str]
Embed = Callable[[list[str]], list[list[float]]]

T = TypeVar("T")


class Embedders(Protocol):
    """The embedders that a service has, by name. Both methods may be slow: they run in a thread."""

    def names(self) -> list[str]:
        """What ``/models`` lists."""
        ...

    def find(self, name: str) -> tuple[str, Embed] | None:
        """The embedder that a request's model names, with its full name; ``None`` when there is none."""
        ...


_LOG = logging.getLogger(__name__)
_MAX_BODY = 16 * 1024 * 1024
_MAX_INPUTS = 2048
#: Skills are pure Python: more threads than this only fight for the interpreter.
_THREADS = 2


class _ApiError(Exception):
    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class EmbeddedService:
    """Answers chat requests by the skill that the JSON schema's name stands for.

    Args:
        skills: Schema name → function of the request's JSON object that returns the answer's text. It may be slow:
            it runs in a thread. A ``ValueError`` or ``VitrinaError`` it raises is a fault of the request (400).
        embed: Texts → vectors of one length, whatever model a request names.
        embedders: Several embedders, by the name in the request. Without both there are no vectors.
        embedding_model: The name of ``embed``.
        token: Bearer token that is asked for over HTTP; calls in process need none.
    """

    def __init__(
        self,
        skills: Mapping[str, Skill],
        embed: Embed | None = None,
        *,
        embedders: Embedders | None = None,
        model: str = EMBEDDED_MODEL,
        embedding_model: str = f"{EMBEDDED_MODEL}-embedding",
        token: str | None = None,
    ) -> None:
        self.skills = dict(skills)
        self.embedders = embedders if embed is None else _OneEmbedder(embedding_model, embed)
        self.model = model
        self._token = token
        self._threads: anyio.CapacityLimiter | None = None
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._guarded(self._chat), methods=["POST"]),
                Route("/v1/embeddings", self._guarded(self._embeddings), methods=["POST"]),
                Route("/v1/models", self._guarded(self._models), methods=["GET"]),
                Route("/health", self._health, methods=["GET"]),
                Route("/healthz", self._health, methods=["GET"]),
            ]
        )

    async def _chat(self, request: Request) -> dict[str, Any]:
        body = await _body(request)
        messages = body.get("messages")
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages) or not messages:
            raise _ApiError(400, "'messages' must be a list of objects, and not empty.", "invalid_request")
        if body.get("stream"):
            raise _ApiError(400, "This service does not stream.", "unsupported")
        name = _schema_name(body)
        skill = self.skills.get(name or "")
        if skill is None:
            known = ", ".join(sorted(self.skills)) or "none"
            asked = f"the answer {name!r}" if name else "a request without a JSON schema"
            raise _ApiError(400, f"This offline service has no skill for {asked}. It knows: {known}.", "unknown_skill")
        text = await self._in_thread(lambda: _checked_skill(name, skill, body))
        prompt, answer = estimate_prompt_tokens(messages), estimate_tokens(text)
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": self.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer},
        }

    async def _embeddings(self, request: Request) -> dict[str, Any]:
        body = await _body(request)
        embedders = self.embedders
        if embedders is None:
            raise _ApiError(400, "This offline service has no embedder.", "unknown_skill")
        texts = [body["input"]] if isinstance(body.get("input"), str) else body.get("input")
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise _ApiError(400, "'input' must be a text or a list of texts, and not empty.", "invalid_request")
        if len(texts) > _MAX_INPUTS:
            raise _ApiError(400, f"At most {_MAX_INPUTS} texts a request; these are {len(texts)}.", "too_many_inputs")
        form = body.get("encoding_format", "float")
        if form not in ("float", "base64"):
            raise _ApiError(400, "'encoding_format' is float or base64.", "invalid_request")
        wanted = str(body.get("model") or "")
        found = await self._in_thread(lambda: embedders.find(wanted))
        if found is None:
            raise _ApiError(404, f"This service has no embedder {wanted!r}; /v1/models lists them.", "model_not_found")
        name, embed = found
        vectors = await self._in_thread(lambda: embed(texts))
        tokens = sum(estimate_tokens(text) for text in texts)
        return {
            "object": "list",
            "model": name,
            "data": [
                {"object": "embedding", "index": index, "embedding": _encoded(vector, form)}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }

    async def _models(self, _: Request) -> dict[str, Any]:
        embedders = self.embedders
        names = [self.model] + ([] if embedders is None else await self._in_thread(embedders.names))
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "vitrina"} for name in names]
        return {"object": "list", "data": rows}

    async def _health(self, _: Request) -> Response:
        return _json({"status": "ok", "model": self.model, "skills": sorted(self.skills)})

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    def _guarded(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                self._authorise(request)
                return _json(await handler(request))
            except _ApiError as error:
                return _error(error.status, error.message, error.code)
            except Exception as error:  # noqa: BLE001 - told to the client, with its trace in the log
                # A fault of a skill is the same next time: x-should-retry tells clients so.
                _LOG.exception("the model service failed")
                return _error(500, f"The service failed ({type(error).__name__}); its log says more.", "internal")

        return endpoint

    def _authorise(self, request: Request) -> None:
        if self._token is None or request.scope.get("vitrina.in_process"):
            return
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise _ApiError(401, "The bearer token is missing or wrong.", "invalid_api_key")


class _OneEmbedder:
    """The same embedder for every name."""

    def __init__(self, name: str, embed: Embed) -> None:
        self._name, self._embed = name, embed

    def names(self) -> list[str]:
        return [self._name]

    def find(self, name: str) -> tuple[str, Embed] | None:  # noqa: ARG002 - every name will do
        return self._name, self._embed


def _checked_skill(name: str | None, skill: Skill, body: dict[str, Any]) -> str:
    try:
        return skill(body)
    except (ValueError, VitrinaError) as error:
        raise _ApiError(400, f"The skill {name!r} cannot answer this request: {error}", "invalid_request") from error


def _schema_name(body: Mapping[str, Any]) -> str | None:
    form = body.get("response_format")
    schema = form.get("json_schema") if isinstance(form, dict) else None
    name = schema.get("name") if isinstance(schema, dict) else None
    return name if isinstance(name, str) else None


async def _body(request: Request) -> dict[str, Any]:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _MAX_BODY:
            raise _ApiError(413, f"The request is larger than {_MAX_BODY} bytes.", "too_large")
        chunks.append(chunk)
    try:
        value = orjson.loads(b"".join(chunks))
    except orjson.JSONDecodeError as error:
        raise _ApiError(400, f"The body is not valid JSON: {error}", "invalid_json") from error
    if not isinstance(value, dict):
        raise _ApiError(400, "The body must be a JSON object.", "invalid_json")
    return value


def _encoded(vector: list[float], form: str) -> list[float] | str:
    if form == "float":
        return [float(value) for value in vector]
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, media_type="application/json")


def _error(status: int, message: str, code: str) -> Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    value = {"error": {"message": message, "type": kind, "code": code, "param": None}}
    return _json(value, status, {"x-should-retry": "false"})
