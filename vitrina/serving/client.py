"""Scores from the ``serve-models`` process.

Belongs here: asking for scores, in pieces, once more when the process ended in between. Stays out: starting it
(``starting``), texts (``gateway``).
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from typing import Any

from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError
from vitrina.serving.places import HOST, Running
from vitrina.serving.starting import running

#: Items and characters of one request.
_ITEMS, _CHARS = 500, 2_000_000


class ServedReward:
    """A reward model of any kind, asked over HTTP: the same scores as in one's own process.

    Args:
        model: Name of its verified folder below ``training/models`` of the home folder, or an absolute path.
    """

    def __init__(self, model: str, settings: Settings) -> None:
        self.model = model
        self._settings = settings

    def scores(self, prompts: Sequence[str], texts: Sequence[str]) -> list[float]:
        """A calibrated number for each text.

        Raises:
            PermanentError: No such model, a damaged one, or torch is not installed.
            RetryableError: The process does not start or does not answer.
        """
        found: list[float] = []
        for items in _pieces(list(zip(prompts, texts, strict=True))):
            answer = self._ask({"model": self.model, "items": items})
            scores = answer.get("scores")
            if not isinstance(scores, list) or len(scores) != len(items):
                raise RetryableError("The process that holds trained models gave another number of scores.")
            found += map(float, scores)
        return found

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        raw = json.dumps(body).encode()
        try:
            return self._post(running(self._settings), raw)
        except (OSError, http.client.HTTPException):  # it ended for idleness in this moment
            try:
                return self._post(running(self._settings), raw)
            except (OSError, http.client.HTTPException) as error:
                raise RetryableError(
                    f"The process that holds trained models does not answer ({type(error).__name__})."
                ) from error

    def _post(self, server: Running, raw: bytes) -> dict[str, Any]:
        connection = http.client.HTTPConnection(HOST, server.port, timeout=self._settings.serve_timeout_seconds)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"}
        try:
            connection.request("POST", "/v1/score", raw, headers)
            reply = connection.getresponse()
            status, content = reply.status, reply.read()
        finally:
            connection.close()
        if status == 200:
            answer: dict[str, Any] = json.loads(content)
            return answer
        told = _message(content)
        if status in (400, 401, 404, 413, 422, 501):
            raise PermanentError(told)
        raise RetryableError(told)


def _pieces(items: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    piece: list[tuple[str, str]] = []
    size = 0
    for item in items:
        length = len(item[0]) + len(item[1])
        if piece and (len(piece) >= _ITEMS or size + length > _CHARS):
            yield piece
            piece, size = [], 0
        piece.append(item)
        size += length
    if piece:
        yield piece


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "The process that holds trained models gave an answer that is none."
