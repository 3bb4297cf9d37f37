"""One answer while a model writes it: prompt, tokens, stop texts, pieces for whoever waits.

Belongs here: the state of a request between the event loop and the model's thread. Stays out: the model (``causal``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from vitrina.llm.jsonl.schemas import AnswerSchema
from vitrina.llm.service.chat import Piece
from vitrina.llm.service.wire import ApiError, ChatCall
from vitrina.llm.structured import InvalidAnswerError, parse_json

_FLAT = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant: "


class Row:
    """A chat request on its way through a model. Made on the event loop; written to by the model's thread.

    Args:
        schema: What the answer is judged by at its end, ``None`` for any JSON object.
    """

    def __init__(self, call: ChatCall, schema: AnswerSchema | None) -> None:
        self.call = call
        self.pieces: asyncio.Queue[Piece | Exception] = asyncio.Queue()
        self.prompt: list[int] = []
        self.limit = 0
        self.tokens = 0
        self.done = False
        self._given_up = False
        self._schema = schema
        self._loop = asyncio.get_running_loop()
        self._held = ""
        self._whole: list[str] = []
        self._hold = max((len(stop) for stop in call.stop), default=1) - 1

    @property
    def given_up(self) -> bool:
        """The client went away: no further token is made for it."""
        return self._given_up

    def give_up(self) -> None:
        """Called on the event loop."""
        self._given_up = True

    def prepare(self, tokenizer: Any, *, context: int, most: int) -> None:
        """Makes the prompt.

        Raises:
            ApiError: It does not fit, or the model's template refuses the messages.
        """
        messages = chat_messages(self.call)
        try:
            template = None if tokenizer.chat_template else _FLAT
            ids = tokenizer.apply_chat_template(
                messages, chat_template=template, add_generation_prompt=True, tokenize=True, return_dict=False
            )
        except Exception as error:  # templates raise errors of their own kinds
            told = f"The model's chat template refuses these messages: {str(error)[:200]}"
            raise ApiError(400, told, "invalid_request") from error
        room = context - len(ids)
        if room < 1:
            told = f"The prompt has {len(ids)} tokens; this model takes {context}, answer included."
            raise ApiError(400, told, "context_length_exceeded")
        self.prompt = list(ids)
        self.limit = min(self.call.max_tokens or most, most, room)

    def push(self, text: str) -> None:
        """Takes up text; ends the row at a stop text. What may be the beginning of one is held back."""
        if self.done:
            return
        self._held += text
        found = [place for stop in self.call.stop if (place := self._held.find(stop)) >= 0]
        if found:
            self._held = self._held[: min(found)]
            self.finish("stop")
            return
        free = len(self._held) - self._hold
        if free > 0:
            self._send(self._held[:free])
            self._held = self._held[free:]

    def finish(self, reason: str) -> None:
        """Ends the answer: ``stop`` or ``length``."""
        if self.done:
            return
        self.done = True
        if self._held:
            self._send(self._held)
        valid = None if self.call.schema is None else self._valid("".join(self._whole))
        self._hand(Piece("", reason, len(self.prompt), self.tokens, valid))

    def fail(self, error: Exception) -> None:
        """Ends it with an error."""
        self.done = True
        self._hand(error)

    def _send(self, text: str) -> None:
        if self.call.schema is not None:
            self._whole.append(text)
        self._hand(Piece(text))

    def _hand(self, piece: Piece | Exception) -> None:
        if not self._given_up and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.pieces.put_nowait, piece)

    def _valid(self, text: str) -> bool:
        try:
            value, _ = parse_json(text, "stop")
        except InvalidAnswerError:
            return False
        return isinstance(value, dict) if self._schema is None else not self._schema.problems(value)


def chat_messages(call: ChatCall) -> list[dict[str, str]]:
    """Messages as chat templates take them: text alone, and the wanted form of the answer in the last one.

    Raises:
        ApiError: A message holds something else than text.
    """
    messages = [{"role": str(one.get("role") or "user"), "content": _text(one)} for one in call.messages]
    if call.schema is not None:
        wanted = "Answer with one JSON object alone, without any other text."
        if call.schema:
            wanted += f" It keeps this JSON schema:\n{orjson.dumps(call.schema).decode()}"
        messages[-1]["content"] += f"\n\n{wanted}"
    return messages


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    parts: Sequence[Any] = content if isinstance(content, list) else [None]
    texts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in parts]
    if not all(isinstance(text, str) for text in texts):
        raise ApiError(400, "Local models of this service read text alone, no pictures.", "unsupported")
    return "\n".join(str(text) for text in texts)
