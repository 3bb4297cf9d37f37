"""Fewer garbage collections while many calls are under way.

Belongs here: one context manager. Stays out: everything else.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

#: New objects before a collection of the young ones. A run with 400 requests under way has thousands that live until
#: their call ends: with the default of 700, 3,000 calls took 220 collections, 132 of 1,330 ms of processor time.
_YOUNG = 10_000

_LOCK = Lock()
_users = 0
_before = (0, 0, 0)


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Collects young objects less often for the time of a block, in all threads; former values stand again after it.

    A process that has set a higher limit, or none, keeps its own.
    """
    global _users, _before
    with _LOCK:
        if _users == 0:
            _before = gc.get_threshold()
            if 0 < _before[0] < _YOUNG:
                gc.set_threshold(_YOUNG, *_before[1:])
        _users += 1
    try:
        yield
    finally:
        with _LOCK:
            _users -= 1
            if _users == 0:
                gc.set_threshold(*_before)
