"""The first look at a request file: everything that is wrong with it, before anything is sent.

Belongs here: checking all lines and what holds between them. Stays out: a single line (``vitrina.llm.jsonl.requests``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from vitrina.errors import PermanentError
from vitrina.llm.jsonl.ids import IdIndex
from vitrina.llm.jsonl.lines import Source
from vitrina.llm.jsonl.requests import BadLine, FileRequest, read_request
from vitrina.llm.jsonl.schemas import AnswerSchema

#: More mistakes than these are counted and not kept: a file of another kind has one in each line.
MAX_PROBLEMS = 50


class ChangedFile(PermanentError):
    """The request file was written to while it was read."""


@dataclass(slots=True, frozen=True)
class Problem:
    """A mistake and its line, from 1."""

    line: int
    message: str


@dataclass(slots=True)
class Scan:
    """What stands in a request file.

    Attributes:
        problems: The first :data:`MAX_PROBLEMS` mistakes; ``bad`` counts all.
        state: Of the file while it was read, see :attr:`Source.state`.
    """

    index: IdIndex
    state: tuple[int, int]
    problems: list[Problem] = field(default_factory=list)
    bad: int = 0

    @property
    def count(self) -> int:
        """Requests in the file."""
        return len(self.index)


def scan(
    source: Source, schema: AnswerSchema | None = None, *, refuse: Callable[[FileRequest], str | None] = lambda _: None
) -> Scan:
    """Reads all lines.

    Args:
        schema: For lines without one of their own.
        refuse: A further reason, in a sentence, why a request cannot be sent.

    Raises:
        BadFile: The file cannot be read as lines.
    """
    found = Scan(IdIndex(), source.state)

    def problem(line: int, message: str) -> None:
        found.bad += 1
        if len(found.problems) < MAX_PROBLEMS:
            found.problems.append(Problem(line, message))

    for number, line in source.lines():
        try:
            request = read_request(line, schema)
        except BadLine as error:
            problem(number, str(error))
            continue
        found.index.add(request.name, number, request.digest)
        if (reason := refuse(request)) is not None:
            problem(number, reason)
    for duplicate in found.index.freeze():
        problem(duplicate.line, f"its 'id' stands already in line {duplicate.first_line}")
    found.problems.sort(key=lambda one: one.line)
    return found


def read_again(
    source: Source, found: Scan, schema: AnswerSchema | None = None, *, wanted: Callable[[int], bool] = lambda _: True
) -> Iterator[tuple[int, FileRequest]]:
    """The requests of a scanned file that has no mistakes, with their positions in the index.

    Args:
        wanted: Whether the request at a position is; others are passed over without being read (5 times as fast).

    Raises:
        ChangedFile: It is not the file that was scanned.
    """
    index = found.index
    for count, (number, line) in enumerate(source.lines()):
        position = index.nth(count)
        if position is not None and not wanted(position):
            continue
        try:
            request = read_request(line, schema)
        except BadLine:
            position = None
        if position is None or source.state != found.state or index.question(position) != request.digest:
            raise ChangedFile(f"{source.name} was changed while it was read (line {number}).", hint="Start again.")
        yield position, request
