"""The ASGI application: chat completions, embeddings, models, health.

Belongs here: routes, who may come in, errors. Stays out: the wire format (``wire``), which models there are
(``vitrina.llm.service.wiring``).
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vitrina.llm.config import EMBEDDED_MODEL
from vitrina.llm.service.chat import ChatModel, OfflineWriter, Piece, Skill
from vitrina.llm.service.limits import ClientGone, Places, streamed, waited_for
from vitrina.llm.service.streaming import event_stream
from vitrina.llm.service.wire import (
    ApiError,
    ChatCall,
    Reply,
    encoded,
    error_response,
    json_response,
    read_body,
    read_chat,
)
from vitrina.llm.tokens import estimate_tokens

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
_MAX_INPUTS = 2048
#: Skills are pure Python: more threads than this only fight for the interpreter.
_THREADS = 2


class EmbeddedService:
    """Answers chat requests: by a model of its own, or by the skill that the JSON schema's name stands for.

    Args:
        skills: Schema name → function of the request's JSON object that returns the answer's text. It may be slow:
            it runs in a thread. A ``ValueError`` or ``VitrinaError`` it raises is a fault of the request (400).
        embed: Texts → vectors of one length, whatever model a request names.
        embedders: Several embedders, by the name in the request. Without both there are no vectors.
        embedding_model: The name of ``embed``.
        token: Bearer token that is asked for over HTTP; calls in process need none.
        chat_models: Further models, chosen by the name in the request.
        queue: Requests under way at once over HTTP, the next ones get 429; ``None`` for no limit.
        timeout_s: Deadline of one request.
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
        chat_models: Sequence[ChatModel] = (),
        queue: int | None = None,
        timeout_s: float = 600.0,
    ) -> None:
        self.embedders = embedders if embed is None else _OneEmbedder(embedding_model, embed)
        self.model = model
        self.writer = OfflineWriter(model, skills, self._in_thread)
        self.chat_models: dict[str, ChatModel] = {one.name: one for one in chat_models}
        self._token = token
        self._places = Places(queue)
        self._timeout_s = timeout_s
        self._threads: anyio.CapacityLimiter | None = None
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._guarded(self._chat), methods=["POST"]),
                Route("/v1/embeddings", self._guarded(self._embeddings), methods=["POST"]),
                Route("/v1/models", self._guarded(self._models), methods=["GET"]),
                Route("/v1/models/{name:path}", self._guarded(self._model), methods=["GET"]),
                Route("/health", self._health, methods=["GET"]),
                Route("/healthz", self._health, methods=["GET"]),
            ],
            exception_handlers={404: _no_such_address, 405: _no_such_address},
        )

    async def _chat(self, request: Request) -> Response:
        call = read_chat(await read_body(request))
        model = self._chat_model(call.model, request)
        give = self._places.take(free=_in_process(request))
        if not call.stream:
            try:
                return await waited_for(request, self._whole(model, call), self._timeout_s)
            finally:
                give()
        pieces = streamed(request, model.answer(call), self._timeout_s)
        return await event_stream(Reply(model.name), pieces, counts=call.stream_usage, done=give)

    async def _whole(self, model: ChatModel, call: ChatCall) -> Response:
        texts, end = [], Piece("", "stop")
        async with aclosing(model.answer(call)) as pieces:
            async for piece in pieces:
                texts.append(piece.text)
                end = piece
        finish = end.finish or "stop"
        reply = Reply(model.name).whole("".join(texts), finish, end.prompt_tokens, end.completion_tokens)
        if end.schema_valid is not None:
            reply["schema_valid"] = end.schema_valid
        return json_response(reply)

    async def _embeddings(self, request: Request) -> Response:
        body = await read_body(request)
        embedders = self.embedders
        if embedders is None:
            raise ApiError(400, "This offline service has no embedder.", "unknown_skill")
        texts = [body["input"]] if isinstance(body.get("input"), str) else body.get("input")
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise ApiError(400, "'input' must be a text or a list of texts, and not empty.", "invalid_request")
        if len(texts) > _MAX_INPUTS:
            raise ApiError(400, f"At most {_MAX_INPUTS} texts a request; these are {len(texts)}.", "too_many_inputs")
        form = body.get("encoding_format") or "float"
        if form not in ("float", "base64"):
            raise ApiError(400, "'encoding_format' is float or base64.", "invalid_request")
        size = body.get("dimensions")
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
            raise ApiError(400, "'dimensions' must be a whole number above 0.", "invalid_request")
        wanted = str(body.get("model") or "")
        give = self._places.take(free=_in_process(request))
        try:
            return await waited_for(request, self._embedded(embedders, wanted, texts, form, size), self._timeout_s)
        finally:
            give()

    async def _embedded(
        self, embedders: Embedders, wanted: str, texts: list[str], form: str, size: int | None
    ) -> Response:
        found = await self._in_thread(lambda: embedders.find(wanted))
        if found is None:
            raise ApiError(404, f"This service has no embedder {wanted!r}; /v1/models lists them.", "model_not_found")
        name, embed = found
        vectors = await self._in_thread(lambda: embed(texts))
        if size is not None and size != len(vectors[0]):
            told = f"{name} gives {len(vectors[0])} numbers a vector; 'dimensions' cannot change that. Leave it out."
            raise ApiError(400, told, "unsupported")
        rows = [
            {"object": "embedding", "index": index, "embedding": encoded(vector, form)}
            for index, vector in enumerate(vectors)
        ]
        tokens = sum(estimate_tokens(text) for text in texts)
        counts = {"prompt_tokens": tokens, "total_tokens": tokens}
        return json_response({"object": "list", "model": name, "data": rows, "usage": counts})

    async def _models(self, _: Request) -> Response:
        return json_response({"object": "list", "data": [_row(name) for name in await self._names()]})

    async def _model(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in await self._names():
            raise ApiError(404, f"This service has no model {name[:80]!r}; /v1/models lists them.", "model_not_found")
        return json_response(_row(name))

    async def _health(self, _: Request) -> Response:
        told = {
            "status": "ok",
            "model": self.model,
            "skills": sorted(self.writer.skills),
            "models": [*self.chat_models],
        }
        return json_response(told)

    async def _names(self) -> list[str]:
        embedders = self.embedders
        vectors = [] if embedders is None else await self._in_thread(embedders.names)
        return [self.model, *self.chat_models, *vectors]

    def _chat_model(self, name: str, request: Request) -> ChatModel:
        if (found := self.chat_models.get(name)) is not None:
            return found
        # In process the platform's own questions come with whatever model the settings name.
        if name in ("", self.model) or _in_process(request):
            return self.writer
        known = ", ".join([self.model, *self.chat_models])
        raise ApiError(404, f"This service has no chat model {name[:80]!r}. It has: {known}.", "model_not_found")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    def _guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                self._authorise(request)
                return await handler(request)
            except ApiError as error:
                return error_response(error)
            except ClientGone:
                return Response(status_code=499)  # nobody reads it
            except Exception as error:  # noqa: BLE001 - told to the client, with its trace in the log
                # A fault of a skill is the same next time: x-should-retry tells clients so.
                _LOG.exception("the model service failed")
                told = f"The service failed ({type(error).__name__}); its log says more."
                return error_response(ApiError(500, told, "internal"))

        return endpoint

    def _authorise(self, request: Request) -> None:
        if self._token is None or _in_process(request):
            return
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise ApiError(401, "The bearer token is missing or wrong.", "invalid_api_key")


def _in_process(request: Request) -> bool:
    return bool(request.scope.get("vitrina.in_process"))


def _row(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "vitrina"}


async def _no_such_address(request: Request, error: Exception) -> Response:
    told = f"There is nothing at {request.method} {request.url.path[:80]}."
    return error_response(ApiError(getattr(error, "status_code", 404), told, "not_found"))


class _OneEmbedder:
    """The same embedder for every name."""

    def __init__(self, name: str, embed: Embed) -> None:
        self._name, self._embed = name, embed

    def names(self) -> list[str]:
        return [self._name]

    def find(self, name: str) -> tuple[str, Embed] | None:  # noqa: ARG002 - every name will do
        return self._name, self._embed
