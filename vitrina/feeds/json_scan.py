"""Cut a stream into JSON objects, whatever stands between them and whatever is broken inside one.

Belongs here: finding where records begin and end. Stays out: what a record means (``json_records``).

A JSON library stops at the first fault. Parsers append to a file for hours and are killed in the middle of a line, so
here a broken record costs only itself: a new line that opens an object with the indentation of the former records
begins a new record, even where the former was never closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

#: One record larger than this is not a product.
MAX_RECORD_BYTES = 8 * 1024 * 1024
_CHUNK = 256 * 1024

# A whole string (possessive: no backtracking on hostile input), a bracket, a line end, or a lone quote.
_TOKEN = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|[{}\[\]\n"]', re.DOTALL)
# What may stand between records without a word: white space, commas, and rulers of three or more equal signs.
_SEPARATOR = re.compile(rb"(?:[\s,;\x1e]|([*=#~_+.|-])\1{2,})*")
_INDENT = re.compile(rb"[ \t]*\{")


class Cut(StrEnum):
    """What a piece is."""

    RECORD = "record"
    UNFINISHED = "unfinished"
    TOO_LARGE = "too_large"
    BETWEEN = "between"


@dataclass(slots=True, frozen=True)
class Piece:
    """One object as bytes, or what stood between two."""

    kind: Cut
    data: bytes


def cut_objects(stream: IO[bytes], depth: int = 0) -> Iterator[Piece]:
    """Cut the objects that begin inside ``depth`` open brackets.

    Args:
        stream: UTF-8 bytes, positioned after a byte order mark.
        depth: 0 for objects one after another, 1 for a top-level list, 3 for ``{data: {products: [`` and so on.

    Yields:
        Pieces in file order. Text between records is given as ``BETWEEN`` when it is more than a separator; around the
        records of a deeper list (``depth`` > 0) only what stands between two of them is.
    """
    return _Cutter(stream, depth).run()


class _Cutter:
    def __init__(self, stream: IO[bytes], depth: int) -> None:
        self.stream, self.base = stream, depth
        self.buffer = b""
        self.position = 0  # everything before it has been looked at
        self.depth = 0
        self.start: int | None = None  # where the open record begins
        self.gap: int | None = 0 if depth == 0 else None  # where the text after the last record begins
        self.indent: bytes | None = None  # white space before the first record that began a line
        self.eof = False

    def run(self) -> Iterator[Piece]:
        while not self.eof:
            self._fill()
            yield from self._scan()
            if self.start is not None and self.position - self.start > MAX_RECORD_BYTES:
                yield Piece(Cut.TOO_LARGE, self.buffer[self.start : self.start + 20_000])
                self.start, self.depth, self.gap = None, self.base, None
        if self.start is not None:
            yield Piece(Cut.UNFINISHED, self.buffer[self.start :])
        elif self.base == 0 and self.gap is not None:
            yield from self._between(len(self.buffer))

    def _fill(self) -> None:
        keep = min(
            (mark for mark in (self.start, self.gap, self.position) if mark is not None),
            default=self.position,
        )
        if self.start is None and self.gap is not None and self.position - self.gap > MAX_RECORD_BYTES:
            self.gap = keep = self.position  # an endless gap: only its end is kept
        # What is not looked at yet is one long string: reading as much again keeps the work linear.
        chunk = self.stream.read(max(_CHUNK, len(self.buffer) - self.position))
        self.eof = not chunk
        self.buffer = self.buffer[keep:] + chunk
        self.position -= keep
        self.start = None if self.start is None else self.start - keep
        self.gap = None if self.gap is None else self.gap - keep

    def _scan(self) -> Iterator[Piece]:
        buffer, end = self.buffer, len(self.buffer)
        while match := _TOKEN.search(buffer, self.position):
            token, at = buffer[match.start() : match.start() + 1], match.start()
            unclosed = token == b'"' and match.end() == at + 1 and buffer.find(b"\n", at) < 0
            if unclosed and not self.eof and end - at < MAX_RECORD_BYTES:
                self.position = at  # the string goes on in the next chunk
                return
            if token == b"\n" and not self.eof and end - at < 256:
                self.position = at  # the indentation of the next line may be cut
                return
            self.position = match.end()
            if token == b"{":
                if self.depth == self.base and self.start is None:
                    yield from self._open(at)
                self.depth += 1
            elif token == b"[":
                self.depth += 1
            elif token in (b"}", b"]"):
                yield from self._close(token)
            elif token == b"\n" and self.start is not None and self.indent is not None:
                opening = _INDENT.match(buffer, self.position)
                if opening and opening.end() - 1 - self.position == len(self.indent):
                    yield Piece(Cut.UNFINISHED, buffer[self.start : self.position])
                    self.start, self.depth, self.gap = None, self.base, self.position
        else:
            self.position = end

    def _open(self, at: int) -> Iterator[Piece]:
        yield from self._between(at)
        line = self.buffer.rfind(b"\n", 0, at) + 1
        before = self.buffer[line:at]
        if self.indent is None and not before.strip():
            self.indent = before
        self.start, self.gap = at, None

    def _close(self, token: bytes) -> Iterator[Piece]:
        if self.depth <= self.base and self.base == 0:
            return  # a stray closing bracket stays in the gap
        self.depth -= 1
        if self.start is not None and self.depth <= self.base:
            kind = Cut.RECORD if token == b"}" else Cut.UNFINISHED
            if self.position - self.start > MAX_RECORD_BYTES:
                yield Piece(Cut.TOO_LARGE, self.buffer[self.start : self.start + 20_000])
            else:
                yield Piece(kind, self.buffer[self.start : self.position])
            self.start, self.gap, self.depth = None, self.position, self.base
        elif self.depth < self.base:
            self.gap = None  # the list has ended: what follows is its wrapper

    def _between(self, at: int) -> Iterator[Piece]:
        if self.gap is None:
            return
        text = self.buffer[self.gap : at]
        if not _SEPARATOR.fullmatch(text):
            yield Piece(Cut.BETWEEN, text.strip())
