"""Who answers a chat request: the port, and the offline writer behind it.

Belongs here: what every chat model of the service looks like. Stays out: models with weights (``local``), HTTP
(``app``).
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vitrina.errors import VitrinaError
from vitrina.llm.service.wire import ApiError, ChatCall
from vitrina.llm.tokens import estimate_prompt_tokens, estimate_tokens

Skill = Callable[[dict[str, Any]], str]
InThread = Callable[[Callable[[], str]], Awaitable[str]]

#: Pieces of a streamed answer that stands already: a few words each.
_PIECE = re.compile(r".{1,40}(?:\s+|\Z)|.{1,40}", re.DOTALL)


@dataclass(slots=True, frozen=True)
class Piece:
    """A part of an answer. The last one has ``finish`` and the token counts."""

    text: str
    finish: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    schema_valid: bool | None = None


class ChatModel(Protocol):
    """Answers chat requests. The generator that is closed early ends the work for it."""

    name: str

    def answer(self, call: ChatCall) -> AsyncGenerator[Piece, None]:
        """The answer in pieces, the last with its end.

        Raises:
            ApiError: The request cannot be answered by this model.
        """
        ...


class OfflineWriter:
    """The skills of the platform: the name of the JSON schema chooses one.

    Args:
        skills: Schema name → function of the request's JSON object that returns the answer's text.
        in_thread: Runs a function that may be slow.
    """

    def __init__(self, name: str, skills: Mapping[str, Skill], in_thread: InThread) -> None:
        self.name = name
        self.skills = dict(skills)
        self._in_thread = in_thread

    async def answer(self, call: ChatCall) -> AsyncGenerator[Piece, None]:
        """See :class:`ChatModel`. The text is made whole and then handed out in pieces."""
        skill = self.skills.get(call.schema_name or "")
        if skill is None:
            known = ", ".join(sorted(self.skills)) or "none"
            asked = f"the answer {call.schema_name!r}" if call.schema_name else "a request without a JSON schema"
            told = f"This offline service has no skill for {asked}. It knows: {known}."
            raise ApiError(400, told, "unknown_skill")
        text = await self._in_thread(lambda: _checked(call, skill))
        for piece in _PIECE.findall(text):
            yield Piece(piece)
        yield Piece("", "stop", estimate_prompt_tokens(call.messages), estimate_tokens(text))


def _checked(call: ChatCall, skill: Skill) -> str:
    try:
        return skill(dict(call.body))
    except (ValueError, VitrinaError) as error:
        told = f"The skill {call.schema_name!r} cannot answer this request: {error}"
        raise ApiError(400, told, "invalid_request") from error
