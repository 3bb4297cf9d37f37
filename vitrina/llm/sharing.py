"""What one gateway shares with the other processes: slots, breakers, stops, budgets.

Belongs here: joining and leaving. Stays out: each of the mechanisms, and what happens without a database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial

import psycopg

from vitrina.llm.board import Board, News
from vitrina.llm.budget import Budget
from vitrina.llm.config import GatewayConfig
from vitrina.llm.controls import Controls
from vitrina.llm.gate import Gate
from vitrina.llm.link import join
from vitrina.llm.purses import shared_budget
from vitrina.llm.slots import SharedSlots

log = logging.getLogger(__name__)

RESOURCE = "llm"
#: So long a start waits to hear of stops and open breakers.
_FIRST_LOOK_S = 6.0
_LAST_WORD_S = 5.0


class Shared:
    """A gateway's part in what processes share, over the database of the ledger.

    Args:
        dsn: Of a direct connection.
    """

    def __init__(self, config: GatewayConfig, dsn: str) -> None:
        self._config = config
        self._link = join(dsn)
        self._slots = SharedSlots(dsn, RESOURCE, config.concurrency)
        self.budget: Budget
        self.budget, self._till = shared_budget(config, self._link)
        self._board: Board | None = None

    async def controls(self) -> Controls:
        """The gateway's controls, on the running loop, after a first look at stops and breakers."""
        loop = asyncio.get_running_loop()
        controls = Controls(self._config, slots=self._slots, tell=self._tell)
        controls.holder = self._link.holder

        def on_stops(stops: Mapping[str, str]) -> None:
            _soon(loop, partial(controls.hear_stops, stops))

        def on_news(news: list[News]) -> None:
            for one in news:
                _soon(loop, partial(controls.hear, one.model, one.state, one.wait_s, one.reason))

        board = self._board = Board(self._config.endpoint, self._link.holder, on_stops=on_stops, on_news=on_news)
        look = self._link.submit(board.tick)
        try:
            await asyncio.wait_for(asyncio.wrap_future(look), _FIRST_LOOK_S)
        except (psycopg.Error, TimeoutError) as error:
            log.warning("Stops and breakers of other processes are not known yet (%s).", type(error).__name__)
        self._link.add(board)
        if self.budget.purses:
            self._link.add(self._till)
        return controls

    def close(self) -> None:
        """Books what was spent, gives back the rest, leaves."""
        if self._board is not None:
            self._link.remove(self._board)
        if self.budget.purses:
            self._link.remove(self._till)
            try:
                self._link.submit(self._till.close).result(timeout=_LAST_WORD_S)
            except (psycopg.Error, TimeoutError) as error:
                # The block stays reserved, and is settled against the ledger when this process is gone.
                log.warning("Spending was not booked at the end (%s).", type(error).__name__)
        self._slots.close()
        self._link.leave()

    def _tell(self, gate: Gate, wait_s: float) -> None:
        board, breaker = self._board, gate.breaker
        if board is None:
            return
        values = {
            "model": gate.model,
            "state": str(breaker.state),
            "reason": breaker.reason,
            "failures": breaker.told_failures,
            "samples": breaker.told_samples,
            "wait_s": wait_s,
        }
        told: Future[None] = self._link.submit(lambda connection: board.write(connection, values))
        told.add_done_callback(_unheard)


def _unheard(told: Future[None]) -> None:
    if (error := told.exception()) is not None:
        log.warning("Other processes were not told of a breaker (%s).", error)


def _soon(loop: asyncio.AbstractEventLoop, work: Callable[[], object]) -> None:
    try:
        loop.call_soon_threadsafe(work)
    except RuntimeError:
        log.debug("A gateway that was closed hears nothing more.")
