"""An answer as server-sent events.

Belongs here: the order of events, errors before the first and after it. Stays out: their form (``wire``), deadlines and
clients that go away (``limits``).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from starlette.responses import StreamingResponse

from vitrina.llm.service.chat import Piece
from vitrina.llm.service.limits import ClientGone
from vitrina.llm.service.wire import DONE, ApiError, Reply, error_value, event

_LOG = logging.getLogger(__name__)


async def event_stream(
    reply: Reply, pieces: AsyncGenerator[Piece, None], *, counts: bool, done: Callable[[], None]
) -> StreamingResponse:
    """The response that sends pieces as they come; closes ``pieces``.

    Args:
        counts: Tell the token counts in an event of their own.
        done: Called at the end, whatever the end is.

    Raises:
        Exception: What ``pieces`` raises before its first piece, so that it gets a status of its own.
    """
    events = _events(reply, pieces, counts, done)
    first = await anext(events)
    return StreamingResponse(
        _joined(first, events), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _events(
    reply: Reply, source: AsyncGenerator[Piece, None], counts: bool, done: Callable[[], None]
) -> AsyncGenerator[bytes, None]:
    started = False
    try:
        async with aclosing(source) as pieces:
            async for piece in pieces:
                if not started:
                    started = True
                    yield reply.chunk({"role": "assistant", "content": ""})
                if piece.text:
                    yield reply.chunk({"content": piece.text})
                if piece.finish:
                    yield reply.chunk({}, piece.finish)
                    if counts:
                        yield reply.counts(piece.prompt_tokens, piece.completion_tokens)
        yield DONE
    except ClientGone:
        if not started:
            raise
    except Exception as error:
        if not started:
            raise
        if not isinstance(error, ApiError):
            _LOG.exception("the model service failed")
            error = ApiError(500, f"The service failed ({type(error).__name__}); its log says more.", "internal")
        yield event(error_value(error))  # the status is sent already
    finally:
        done()


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for one in rest:
            yield one
