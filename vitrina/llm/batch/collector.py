"""Taking the answers of batches that have ended.

Belongs here: what the open batches of an endpoint became, and their files into the ledger. Stays out: submitting and
waiting (``vitrina.llm.batch.runner``), what a row means (``vitrina.llm.batch.books``).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vitrina.llm.batch.books import Books
from vitrina.llm.batch.files import read_lines
from vitrina.llm.batch.remote import BatchApi, BatchGoneError, Remote
from vitrina.llm.batch.store import Batch, PostgresBatches
from vitrina.llm.config import GatewayConfig
from vitrina.llm.ledger import Attempt, Ledger
from vitrina.llm.stats import Stats

#: A batch whose creation was not heard of may appear in the provider's list a little later.
LIST_LAG = timedelta(seconds=60)
_ROWS = 1_000


class Collector:
    """Collects from one endpoint; the caller holds the store's lock.

    Attributes:
        remotes: The batches as last seen, by the provider's id.
    """

    def __init__(
        self,
        config: GatewayConfig,
        api: BatchApi,
        ledger: Ledger,
        store: PostgresBatches,
        books: Books,
        stats: Stats,
        *,
        sleep: Callable[[float], Awaitable[None]],
        list_lag: timedelta,
    ) -> None:
        self._config = config
        self._api = api
        self._ledger = ledger
        self._store = store
        self._books = books
        self._stats = stats
        self._sleep = sleep
        self._list_lag = list_lag
        self.remotes: dict[str, Remote] = {}

    async def collect(self) -> int:
        """See :meth:`vitrina.llm.batch.runner.BatchRunner.collect`."""
        ended = 0
        for batch in await asyncio.to_thread(self._store.open, self._config.endpoint):
            if batch.status == "prepared" and not await self._adopted(batch):
                continue
            remote = await self._retrieved(batch)
            if remote is None:
                continue
            self.remotes[batch.remote_id] = remote
            if remote.ended:
                ended += await self._take(batch, remote)
        return ended

    async def _adopted(self, batch: Batch) -> bool:
        """A batch whose process ended before it heard of it: the provider has it, or its requests are sent anew."""
        found = await self._api.find(str(batch.id))
        while found is None and datetime.now(UTC) - batch.created_at < self._list_lag:
            await self._sleep(min(2.0, self._list_lag.total_seconds()))
            found = await self._api.find(str(batch.id))
        if found is None:
            told = "Its process ended before the provider had it."
            await asyncio.to_thread(lambda: self._store.end(batch, status="failed", error=told))
            return False
        await asyncio.to_thread(self._store.submitted, batch, found.id, found.status)
        return True

    async def _retrieved(self, batch: Batch) -> Remote | None:
        """The batch as it stands; ``None`` when the account has it no more, and its requests are sent anew."""
        try:
            return await self._api.retrieve(batch.remote_id)
        except BatchGoneError:
            if (found := await self._api.find(str(batch.id))) is not None:
                return found
        told = "The provider does not know this batch any more."
        await asyncio.to_thread(lambda: self._store.end(batch, status="failed", error=told))
        return None

    async def _take(self, batch: Batch, remote: Remote) -> int:
        items = await asyncio.to_thread(self._store.items, batch)
        ended: list[str] = []
        paid: dict[str, Decimal | None] = {}
        for file_id in (remote.output_file_id, remote.error_file_id):
            if not file_id:
                continue
            with tempfile.TemporaryFile(prefix="vitrina-batch-") as file:
                await self._api.download(file_id, file)
                file.seek(0)
                rows: list[Attempt] = []
                for line in read_lines(self._clean(raw) for raw in file):
                    item = items.get(line.key)
                    if item is None or line.reading is None:  # none of ours, told twice, or not worked on
                        continue
                    del items[line.key]
                    row = self._books.row(batch, item, line, line.reading)
                    self._stats.attempt(row)
                    paid[line.key] = row.cost_usd
                    rows.append(row)
                    if row.ended:
                        ended.append(line.key)
                    if len(rows) >= _ROWS:
                        await asyncio.to_thread(self._ledger.record, rows)
                        rows = []
                if rows:
                    await asyncio.to_thread(self._ledger.record, rows)
        ends = [self._books.unanswered(batch, item, remote) for item in items.values()]
        if last := [end for end in ends if end is not None]:
            ended += [end.key for end in last]
            await asyncio.to_thread(self._ledger.record, last)
        status = "failed" if remote.status == "failed" else "collected"
        await asyncio.to_thread(
            lambda: self._store.end(
                batch, ended=ended, paid=paid, status=status, remote_status=remote.status, error=remote.error
            )
        )
        return len(ended)

    def _clean(self, raw: bytes) -> bytes:
        key = self._config.secret
        return raw.replace(key.encode(), b"***") if key else raw
