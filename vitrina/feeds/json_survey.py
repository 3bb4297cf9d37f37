"""What stands where in a JSON document.

Belongs here: one streaming look over the structure. Stays out: which of the places holds the products
(``json_places``), reading the records.

The look costs about a second per 20 MB and keeps only counts, so a document of any size fits. It also proves that the
syntax holds to the end before the first record is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import IO

import ijson

from vitrina.feeds.json_keys import WRAPPERS

#: Brackets inside brackets; real answers of shops have up to about 12.
MAX_DEPTH = 100
#: Longest text or row of numbers inside a document.
MAX_VALUE = 4 * 1024 * 1024
_MAX_LISTS = 2000
_SAMPLE = 50
#: What the parser may raise on hostile input.
SYNTAX_ERRORS = (ijson.JSONError, ArithmeticError, ValueError, UnicodeError)
# Python makes no integer of more digits. ijson (3.6, yajl2_c) goes on with the error set: a later value in the same
# chunk ends the process with a segmentation fault, so such a number must never come to it.
_TOO_MANY_DIGITS = re.compile(rb"[0-9]{4301}")

Path = tuple[str, ...]


@dataclass(slots=True)
class Found:
    """A place that holds objects.

    Attributes:
        path: Keys from the root to the container; ``item`` stands for "each element of a list".
        shape: ``list``, ``map`` (an object whose values are the records) or ``top`` (records are top-level values).
        objects: How many objects it holds (over all containers with this path).
        keys: Key → in how many of the sampled objects.
    """

    path: Path
    shape: str
    objects: int = 0
    sampled: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    found: frozenset[str] = frozenset()

    @property
    def depth(self) -> int:
        """Open brackets before a record of it."""
        return 0 if self.shape == "top" else len(self.path) + 1

    @property
    def where(self) -> str:
        """For messages: ``data.products``."""
        return ".".join(part for part in self.path if part != "item") or "the top level"


@dataclass(slots=True)
class Survey:
    """What was seen: the places with objects, the top-level values, and the fault if there is one."""

    places: list[Found]
    top: Counter[str]
    top_keys: list[str]
    error: str | None = None
    too_deep: bool = False


class _Guarded:
    """A stream that ends the look at one endless value, over which the parser takes quadratic time, and at a number
    that would crash it.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._run, self._digits = stream, 0, b""

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        seen = self._digits + chunk
        if _TOO_MANY_DIGITS.search(seen):
            raise ValueError("a number of more than 4,300 digits")
        self._digits = seen[len(seen.rstrip(b"0123456789")) :]
        quotes = chunk.count(b'"')
        self._run = 0 if quotes and quotes > chunk.count(b'\\"') else self._run + len(chunk)
        if self._run > MAX_VALUE:
            raise ValueError(f"one value of more than {MAX_VALUE // 1024**2} MB")
        return chunk


@dataclass(slots=True)
class _Frame:
    path: Path
    shape: str
    key: str = "item"
    keys: list[str] = field(default_factory=list)
    objects: int = 0
    others: int = 0
    child_keys: set[str] = field(default_factory=set)
    alike: bool = True


def survey(stream: IO[bytes]) -> Survey:
    """Look over a document (or several, one after another) to its end or to its first fault."""
    places: dict[tuple[Path, str], Found] = {}
    result = Survey([], Counter(), [])
    stack = [_Frame((), "top")]
    try:
        for event, value in ijson.basic_parse(_Guarded(stream), multiple_values=True):
            if event == "map_key":
                frame = stack[-1]
                frame.key = value
                if len(frame.keys) < 300:
                    frame.keys.append(value)
            elif event in ("start_map", "start_array"):
                parent = stack[-1]
                path = parent.path if parent.shape == "top" else (*parent.path, parent.key)
                stack.append(_Frame(path, "map" if event == "start_map" else "list"))
                if len(stack) > MAX_DEPTH:
                    result.too_deep = True
                    result.error = f"more than {MAX_DEPTH} brackets inside each other"
                    break
            elif event in ("end_map", "end_array"):
                _end(stack, places, result)
            else:
                stack[-1].others += 1
                if len(stack) == 1:
                    result.top[event] += 1
    except SYNTAX_ERRORS as error:
        result.error = _plain(error)
        while len(stack) > 1:  # what was open at the fault still counts: the salvage needs to know the list
            _end(stack, places, result)
    result.places = list(places.values())
    return result


def _end(stack: list[_Frame], places: dict[tuple[Path, str], Found], result: Survey) -> None:
    frame, parent = stack.pop(), stack[-1]
    if parent.shape == "top":
        result.top["object" if frame.shape == "map" else "list"] += 1
        if not result.top_keys:
            result.top_keys = frame.keys[:50]
    if frame.shape == "list":
        return
    if frame.objects >= 2 and frame.others == 0 and frame.alike and frame.child_keys:
        place = _place(places, frame.path, "map")
        if place:
            place.objects += frame.objects
            place.sampled += 1
            place.keys.update(frame.child_keys)
    keys = set(frame.keys)
    parent.objects += 1
    if parent.shape == "map":
        if parent.key in WRAPPERS and stack[-2].shape in ("list", "top"):
            _see_keys(_place(places, stack[-2].path, stack[-2].shape), keys)
        if not parent.child_keys:
            parent.child_keys = keys
        elif parent.alike:
            parent.alike = 2 * len(keys & parent.child_keys) >= len(keys | parent.child_keys)
        return
    place = _place(places, parent.path, parent.shape)
    if place:
        place.objects += 1
        _see_keys(place, keys)


def _see_keys(place: Found | None, keys: set[str]) -> None:
    if place and place.sampled < _SAMPLE:
        place.sampled += 1
        place.keys.update(keys)


def _place(places: dict[tuple[Path, str], Found], path: Path, shape: str) -> Found | None:
    place = places.get((path, shape))
    if place is None and len(places) < _MAX_LISTS:
        place = places[(path, shape)] = Found(path, shape)
    return place


def _plain(error: BaseException) -> str:
    """The library's message without its picture of the place."""
    text = str(error.args[0] if error.args else error)
    if isinstance(error, UnicodeError):
        return "bytes that are not UTF-8"
    if isinstance(error, ArithmeticError):
        return "a number that is out of every range"
    return text.removeprefix("b'").split("\n", 1)[0].split("\\n", 1)[0].strip() or type(error).__name__
