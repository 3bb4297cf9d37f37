"""Lines of batch files.

Belongs here: one request to one line, one line to one reading, the limits of a file. Stays out: sending them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from vitrina.llm.batch.store import Item
from vitrina.llm.outcomes import Outcome
from vitrina.llm.transport import Reply
from vitrina.llm.wire import Reading, read_chat

CHAT = "/v1/chat/completions"
#: OpenAI takes 50,000 requests and 200 MB a file.
MAX_REQUESTS = 50_000
MAX_BYTES = 190_000_000
#: The provider did not come to this row, and did not charge it.
_NOT_WORKED_ON = frozenset({"batch_expired", "batch_cancelled", "batch_canceled"})


@dataclass(slots=True, frozen=True)
class Line:
    """A row of an output or error file.

    Attributes:
        key: The ``custom_id``, which is the request key.
        reading: How it ended; ``None`` when the provider did not come to it: it is sent again.
        reply: The body in the form that the ledger keeps, empty for a row without one.
        status: HTTP status of the row, when it has one.
        request_id: The provider's id of the call.
    """

    key: str
    reading: Reading | None
    reply: bytes = b""
    status: int | None = None
    request_id: str = ""


class Part:
    """A file that is being filled."""

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.model = model
        self.file = path.open("wb")
        self.size = 0
        self.items: list[Item] = []

    def fits(self, size: int, most: int, most_bytes: int) -> bool:
        """Whether a line of ``size`` bytes may still go in."""
        return len(self.items) < most and self.size + size <= most_bytes

    def add(self, line: bytes, item: Item) -> None:
        """Writes a line."""
        self.file.write(line)
        self.size += len(line)
        self.items.append(item)


def request_line(key: str, body: bytes) -> bytes:
    """The line of a request, with its line end. ``body`` is the JSON as for an online call."""
    return orjson.dumps({"custom_id": key, "method": "POST", "url": CHAT, "body": orjson.Fragment(body)}) + b"\n"


def read_lines(raw: Iterable[bytes]) -> Iterator[Line]:
    """The rows of a file that can be read; a line that is no row of ours is passed over, and its request sent again."""
    for line in raw:
        if line.strip() and (row := read_line(line)) is not None:
            yield row


def read_line(raw: bytes) -> Line | None:
    """One row, or ``None`` for what is none."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    key = data.get("custom_id") if isinstance(data, Mapping) else None
    if not isinstance(key, str):
        return None
    response, error = data.get("response"), data.get("error")
    if isinstance(response, Mapping) and isinstance(status := response.get("status_code"), int):
        body = orjson.dumps(response.get("body"))
        request_id = response.get("request_id")
        reading = read_chat(Reply(status, {}, body))
        return Line(key, reading, body, status, request_id if isinstance(request_id, str) else "")
    error = error if isinstance(error, Mapping) else {}
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    if code in _NOT_WORKED_ON:
        return Line(key, None)
    told = message or "the provider gave neither answer nor reason"
    return Line(key, Reading(Outcome.SERVER, error=told[:500], error_class=code[:100] or "batch_row", charged=False))
