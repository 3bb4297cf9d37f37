"""Texts that are asked for at about the same time are written together.

Belongs here: collecting questions that one call of a writer can answer. Stays out: models, HTTP. A small model writes
64 texts in hardly more time than one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

#: What one call answers in common.
Key = tuple[str, float, int, int | None]
Write = Callable[[Key, Sequence[str]], Awaitable[Sequence[Any]]]

#: Seconds that the first question of a batch waits for others.
_WAIT_S = 0.02
_MOST = 64


@dataclass(slots=True)
class _Waiting:
    key: Key
    prompt: str
    answer: asyncio.Future[Any]


class Batches:
    """Questions in the order in which they came; those with the key of the first go along with it.

    Args:
        write: Answers the prompts of one key, one each.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, key: Key, prompt: str) -> Any:
        """The answer to one prompt. Raises what writing raises."""
        one = _Waiting(key, prompt, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        try:
            return await one.answer
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(one)

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(_WAIT_S)
            if not self._waiting:
                break
            key = self._waiting[0].key
            batch = [one for one in self._waiting if one.key == key][:_MOST]
            self._waiting = [one for one in self._waiting if one not in batch]
            try:
                written = await self._write(key, [one.prompt for one in batch])
            except Exception as error:  # noqa: BLE001 - each of those who wait is told
                for one in batch:
                    if not one.answer.done():
                        one.answer.set_exception(error)
                continue
            for one, answer in zip(batch, written, strict=True):
                if not one.answer.done():
                    one.answer.set_result(answer)
