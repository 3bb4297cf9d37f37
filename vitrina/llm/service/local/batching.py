"""One thread for one model: requests that arrive together are worked on together.

Belongs here: gathering and the thread. Stays out: what is done with a group.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

_LOG = logging.getLogger(__name__)

#: So long a request waits for company. A step of a small model on a processor takes 10 ms and more.
GATHER_S = 0.01


class Ticket(Protocol):
    """A request in the queue."""

    @property
    def given_up(self) -> bool:
        """Nobody waits for it any more."""
        ...

    def fail(self, error: Exception) -> None:
        """Hands an error to whoever waits."""
        ...


T = TypeVar("T", bound=Ticket)


class Worker(Generic[T]):
    """Works on groups of up to ``max_batch`` tickets, in a thread that starts with the first one.

    Args:
        work: Gets a group; answers its tickets itself. An exception is handed to all of them.
        weight: What a ticket counts against ``max_batch``; a single one may weigh more.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[T]], None],
        *,
        max_batch: int,
        weight: Callable[[T], int] = lambda _: 1,
    ) -> None:
        self._name = name
        self._work = work
        self._max = max_batch
        self._weight = weight
        self._waiting: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._kept: T | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def put(self, ticket: T) -> None:
        """Hands in a ticket."""
        self._waiting.put(ticket)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"model-{self._name}", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            group = [ticket for ticket in self._gather() if not ticket.given_up]
            if not group:
                continue
            try:
                self._work(group)
            except Exception as error:  # noqa: BLE001 - each ticket gets it, the thread goes on
                _LOG.exception("the model %s failed", self._name)
                for ticket in group:
                    ticket.fail(error)

    def _gather(self) -> list[T]:
        first = self._kept if self._kept is not None else self._waiting.get()
        self._kept = None
        group, weight, deadline = [first], self._weight(first), time.monotonic() + GATHER_S
        while weight < self._max:
            try:
                ticket = self._waiting.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                break
            if weight + self._weight(ticket) > self._max:
                self._kept = ticket
                break
            group.append(ticket)
            weight += self._weight(ticket)
        return group
