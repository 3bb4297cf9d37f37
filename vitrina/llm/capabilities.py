"""What an endpoint's model can do, and where that is remembered.

Belongs here: the records, the port of the store, and the stores in memory and in PostgreSQL.
Stays out: finding it out (``vitrina.llm.probe``), and living with it in traffic (``vitrina.llm.ladder``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import psycopg

from vitrina.llm.dialects import Rung
from vitrina.llm.outcomes import LedgerError

#: A probe is believed for a week; a way that traffic fell down to, for a day: servers are mended and updated.
PROBE_LIFE = timedelta(days=7)
DOWNGRADE_LIFE = timedelta(days=1)


@dataclass(slots=True, frozen=True)
class Known:
    """How requests to one model are put.

    Attributes:
        dialect: Name of the dialect, see :mod:`vitrina.llm.dialects`.
        rung: First way of asking for JSON by schema that works.
        quirks: Fields that the model refuses.
        reason: How it was found, or why it was lowered.
        until: Believed until then; ``None`` is for as long as this process lives.
    """

    dialect: str
    rung: Rung = Rung.JSON_SCHEMA
    quirks: frozenset[str] = frozenset()
    reason: str = ""
    probed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    until: datetime | None = None

    def believed(self, now: datetime) -> bool:
        """False once it is to be probed again."""
        return self.until is None or now < self.until

    def lowered(self, rung: Rung, reason: str, now: datetime) -> Known:
        """The same with another rung, for a day."""
        return replace(self, rung=rung, reason=reason, until=now + DOWNGRADE_LIFE)


@dataclass(slots=True, frozen=True)
class Capabilities:
    """What ``vitrina llm probe`` tells. ``None`` is "not found out".

    Attributes:
        rung: The best way of asking for JSON by schema that gave JSON by that schema; ``None`` when none did.
        rungs: Each way that was tried, and what came of it in a few words.
        tools: A forced function call works.
        vision: A picture is taken; ``sees`` that its colour was named rightly.
        embedding_size: Numbers in a vector, 0 when the endpoint refuses the embedding model.
        context_tokens: Where the server tells it.
        usage: Token counts are sent.
        streaming: Answers can be streamed.
        error: Why nothing could be found out, for a person.
    """

    endpoint: str
    model: str
    dialect: str
    rung: Rung | None = None
    rungs: Mapping[str, str] = field(default_factory=dict)
    quirks: tuple[str, ...] = ()
    tools: bool | None = None
    vision: bool | None = None
    sees: bool | None = None
    embedding_model: str | None = None
    embedding_size: int | None = None
    models: tuple[str, ...] = ()
    context_tokens: int | None = None
    usage: bool | None = None
    streaming: bool | None = None
    latency_ms: int | None = None
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


class CapabilityStore(Protocol):
    """Remembers :class:`Known` by endpoint and model. Methods block."""

    def load(self, endpoint: str, model: str) -> Known | None: ...

    def save(self, endpoint: str, model: str, known: Known) -> None: ...


class MemoryCapabilities:
    """For tests, and where there is no database."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Known] = {}

    def load(self, endpoint: str, model: str) -> Known | None:
        return self.rows.get((endpoint, model))

    def save(self, endpoint: str, model: str, known: Known) -> None:
        self.rows[endpoint, model] = known


_LOAD = """
SELECT dialect, rung, quirks, reason, probed_at, expires_at FROM llm_capability WHERE endpoint = %s AND model = %s
"""
_SAVE = """
INSERT INTO llm_capability (endpoint, model, dialect, rung, quirks, reason, probed_at, expires_at)
VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s, %s)
ON CONFLICT (endpoint, model) DO UPDATE SET dialect = excluded.dialect, rung = excluded.rung,
    quirks = excluded.quirks, reason = excluded.reason, probed_at = excluded.probed_at, expires_at = excluded.expires_at
"""


class PostgresCapabilities:
    """In the table ``llm_capability``; a connection for each of its few statements.

    Raises:
        LedgerError: From both methods, when the database cannot be reached.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def load(self, endpoint: str, model: str) -> Known | None:
        with _errors(), self._connect() as connection:
            row = connection.execute(_LOAD, (endpoint[:300], model[:200])).fetchone()
        if row is None or row[1] not in tuple(Rung):
            return None
        return Known(row[0], Rung(row[1]), frozenset(map(str, row[2])), row[3], row[4], row[5])

    def save(self, endpoint: str, model: str, known: Known) -> None:
        until = known.until or known.probed_at + PROBE_LIFE
        values = (
            endpoint[:300], model[:200], known.dialect, str(known.rung), json.dumps(sorted(known.quirks)),
            known.reason.replace("\x00", "")[:2_000], known.probed_at, until,
        )  # fmt: skip
        with _errors(), self._connect() as connection:
            connection.execute(_SAVE, values)

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._dsn, autocommit=True, application_name="vitrina-llm-capabilities")


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise LedgerError(f"What endpoints can do cannot be read or written ({type(error).__name__}).") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
