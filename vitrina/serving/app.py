"""The HTTP face of ``serve-models``: scores, and texts over the OpenAI protocol.

Belongs here: routes, the token, what bad input is told, counting what is under way. Stays out: models (``shelf``), when
the process ends (``running``).
"""

from __future__ import annotations

import hmac
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vitrina.content import card
from vitrina.content.card import Card
from vitrina.content.prompts import RequestError, read_request
from vitrina.llm.service.limits import ClientGone, waited_for
from vitrina.llm.service.wire import ApiError, Reply, error_response, json_response, read_body, read_chat
from vitrina.llm.tokens import estimate_prompt_tokens, estimate_tokens
from vitrina.preferences.contracts import prompt_text
from vitrina.serving.batching import Batches, Key
from vitrina.serving.shelf import Shelf

T = TypeVar("T")

MAX_ITEMS = 10_000
_log = logging.getLogger(__name__)


class ServedModels:
    """The application.

    Attributes:
        busy: Requests under way.
        last: When the last one ended, by ``time.monotonic``.
    """

    def __init__(self, shelf: Shelf, *, token: str, timeout_s: float = 600.0) -> None:
        self.shelf = shelf
        self.busy = 0
        self.last = time.monotonic()
        self._token = token
        self._timeout_s = timeout_s
        # Models are used by one thread: torch spreads over the cores by itself, and its random stream is one.
        self._thread: anyio.CapacityLimiter | None = None
        self._batches = Batches(self._written)
        self.app = Starlette(
            routes=[
                Route("/v1/score", self._guarded(self._score), methods=["POST"]),
                Route("/v1/chat/completions", self._guarded(self._chat), methods=["POST"]),
                Route("/v1/models", self._guarded(self._models), methods=["GET"]),
                Route("/healthz", self._health, methods=["GET"]),
            ],
            exception_handlers={404: _nothing_here, 405: _nothing_here},
        )

    async def _score(self, request: Request) -> Response:
        body = await read_body(request)
        name, items = _name(body), body.get("items")
        if not isinstance(items, list) or not all(map(_is_pair, items)):
            raise ApiError(400, "'items' must be a list of [prompt, text].", "invalid_request")
        if len(items) > MAX_ITEMS:
            raise ApiError(413, f"At most {MAX_ITEMS} items a request; these are {len(items)}.", "too_many_items")
        prompts, texts = [item[0] for item in items], [item[1] for item in items]
        work = self._in_thread(lambda: [float(s) for s in self.shelf.reward(name).scores(prompts, texts)])
        scores = await waited_for(request, work, self._timeout_s)
        if not all(map(math.isfinite, scores)):
            raise ApiError(500, "The model gives scores that are no numbers.", "internal")
        return json_response({"model": name, "scores": scores})

    async def _chat(self, request: Request) -> Response:
        call = read_chat(await read_body(request))
        if call.schema_name != card.SCHEMA_NAME:
            raise ApiError(400, f"A trained writer answers the schema {card.SCHEMA_NAME!r} only.", "unknown_skill")
        if call.stream:
            raise ApiError(400, "A trained writer gives its answer whole, not streamed.", "unsupported")
        try:
            facts = read_request(call.messages)
        except RequestError as error:
            raise ApiError(400, str(error), "invalid_request") from error
        key: Key = (_name(dict(call.body)), call.temperature, call.seed or 0, call.max_tokens)
        work = self._batches.ask(key, prompt_text(facts, "card"))
        written = await waited_for(request, work, self._timeout_s)
        text = " ".join(written.text.split())
        answer = Card.model_construct(product_id=facts.product_id, language=facts.language, text=text)
        tokens = estimate_prompt_tokens(call.messages), estimate_tokens(text)
        finish = "stop" if written.ended else "length"
        return json_response(Reply(key[0]).whole(card.dump(answer), finish, *tokens))

    async def _written(self, key: Key, prompts: Sequence[str]) -> Sequence[Any]:
        name, temperature, seed, limit = key

        def write() -> list[Any]:
            writer = self.shelf.writer(name)
            texts = writer.write(prompts, temperature=temperature, seed=seed, max_new_tokens=limit)
            return [own[0] for own in texts]

        return await self._in_thread(write)

    async def _models(self, _: Request) -> Response:
        rows = [{"id": name, "object": "model", "created": 0, "owned_by": "vitrina"} for name in self.shelf.names()]
        return json_response({"object": "list", "data": rows})

    async def _health(self, _: Request) -> Response:
        return json_response({"status": "ok"})

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(work, limiter=self._thread)

    def _guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.busy += 1
            try:
                given = request.headers.get("authorization", "")
                if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                    raise ApiError(401, "The bearer token is missing or wrong.", "invalid_api_key")
                return await handler(request)
            except ApiError as error:
                return error_response(error)
            except ClientGone:
                return Response(status_code=499)
            except Exception as error:  # noqa: BLE001 - told to the client, with its trace in the log
                _log.exception("a request failed")
                return error_response(ApiError(500, f"The model failed: {type(error).__name__}: {error}", "internal"))
            finally:
                self.busy -= 1
                self.last = time.monotonic()

        return endpoint


def _name(body: dict[str, Any]) -> str:
    name = body.get("model")
    if not isinstance(name, str) or not name or "\0" in name:
        raise ApiError(400, "'model' must name a model.", "invalid_request")
    return name


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item)


async def _nothing_here(request: Request, error: Exception) -> Response:
    told = f"There is nothing at {request.method} {request.url.path[:80]}."
    return error_response(ApiError(getattr(error, "status_code", 404), told, "not_found"))
