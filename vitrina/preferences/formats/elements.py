"""The elements of a JSON array as bytes, one at a time, whatever is broken inside one of them.

What belongs here: where elements begin and end. What stays out: parsing them (`lines`).

A JSON library ends at the first fault, and with it all rows behind a single `NaN`. Brackets and strings are enough to
cut by: a faulty element costs only itself, as a faulty line of JSON Lines does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Protocol

_CHUNK = 1 << 18
_OUTSIDE = re.compile(rb'["\[\]{},]')
# What a string goes on with; it ends at its quote, and a string with a fault at the end of its line.
_INSIDE = re.compile(rb'(?:[^"\\\n]++|\\.)*+', re.DOTALL)
# Behind a key: its colon, and the bracket of a list of objects.
_OF_KEY = re.compile(rb"\s*:\s*(\[(?=\s*[{\]]))?")


class Readable(Protocol):
    """What has bytes to read."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to so many bytes; none at the end."""
        ...


def wrapped_array(head: bytes, names: Collection[bytes], others: Collection[bytes]) -> int | None:
    """Place of the bracket where rows begin that an object holds as a whole, ``{"data": [{…}, …]}``; None without one.

    Args:
        head: The first bytes of a file.
        names: Under which rows may stand.
        others: Names that only a row itself has: with one of them before, the object is no wrapper.
    """
    depth = position = 0
    while found := _OUTSIDE.search(head, position):
        token, position = found.group(), found.end()
        if token == b'"':
            end = _INSIDE.match(head, position).end()  # type: ignore[union-attr]
            if head[end : end + 1] != b'"':
                return None
            name, position = head[position:end], end + 1
            if depth == 1 and (value := _OF_KEY.match(head, position)):
                if name in names and value[1]:
                    return value.end() - 1
                if name in others:
                    return None
        elif token in b"{[":
            depth += 1
        elif token in b"}]":
            depth -= 1
            if depth <= 0:
                return None
    return None


def cut_elements(stream: Readable, limit: int, *, once: bool = False) -> Iterator[bytes | None]:
    """Elements of an array, or of several; objects that stand alone are elements too.

    Args:
        stream: UTF-8 without a byte order mark.
        limit: Bytes of the longest element.
        once: Nothing behind the first array is read.

    Yields:
        The element, or None for one that is longer than `limit`; never more of it than that is held.

    Raises:
        EOFError: the stream ends inside an array, an object or a string.
    """
    return _Cutter(stream, limit, once).run()


class _Cutter:
    def __init__(self, stream: Readable, limit: int, once: bool) -> None:
        self.stream, self.limit, self.once = stream, limit, once
        self.buffer, self.position = b"", 0
        self.depth = 0
        #: At what depth elements end: 1 inside an array, 0 where objects stand alone.
        self.base = 0
        self.start: int | None = None
        self.in_string = self.too_long = self.ended = False

    def run(self) -> Iterator[bytes | None]:
        while chunk := self.stream.read(_CHUNK):
            keep = self.position if self.start is None else self.start
            self.buffer = self.buffer[keep:] + chunk
            self.position -= keep
            self.start = None if self.start is None else 0
            yield from self._scan()
            if self.ended:
                return
            if self.start is not None and self.position - self.start > self.limit:
                self.too_long, self.start = True, self.position
        if self.depth or self.in_string:
            raise EOFError("the array is not closed")

    def _scan(self) -> Iterator[bytes | None]:
        while self.position < len(self.buffer):
            if self.in_string:
                self.position = _INSIDE.match(self.buffer, self.position).end()  # type: ignore[union-attr]
                following = self.buffer[self.position : self.position + 1]
                if following in (b"", b"\\"):  # the string or an escape in it goes on in the next chunk
                    return
                self.in_string = False
                self.position += 1
                continue
            found = _OUTSIDE.search(self.buffer, self.position)
            if found is None:
                self.position = len(self.buffer)
                return
            token, at = found.group(), found.start()
            self.position = at + 1
            if token == b'"':
                self.in_string = True
            elif token == b",":
                if self.depth == 1 == self.base:
                    yield from self._end(at)
                    self.start = self.position
            elif token in b"{[":
                if self.depth == 0:
                    self.base = 1 if token == b"[" else 0
                    self.start = at + self.base
                self.depth += 1
            elif self.depth:
                self.depth -= 1
                if self.depth == 0:
                    yield from self._end(at + 1 - self.base)
                    if self.once:
                        self.ended = True
                        return

    def _end(self, at: int) -> Iterator[bytes | None]:
        element = b"" if self.start is None else self.buffer[self.start : at].strip()
        if self.too_long or len(element) > self.limit:
            yield None
        elif element:
            yield element
        self.start, self.too_long = None, False
