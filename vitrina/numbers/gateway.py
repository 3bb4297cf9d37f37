"""What holds model calls back now, for people: breakers, stops, places in flight, budgets, refusals for the pace.

Belongs here: gathering what the gateway's board says, and why in codes that pages put into words. Stays out: the
statements (``vitrina.llm.board``, ``vitrina.llm.overview``), changing anything (``vitrina llm stop``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from vitrina.config import get_settings
from vitrina.llm.board import BreakerState, Stop, breaker_states, stops
from vitrina.llm.breaker import State
from vitrina.llm.models import LlmAttempt
from vitrina.llm.outcomes import Outcome
from vitrina.llm.overview import shared_budgets, slot_states
from vitrina.project.database import database_url, psycopg_dsn
from vitrina.statistics.intervals import Interval, Undefined, wilson

#: A budget from here on is nearly used up.
NEARLY = Decimal("0.9")
MOST_MODELS = 20


@dataclass(frozen=True, slots=True)
class Slots:
    """Places among calls in flight: how many are held by how many living processes, of how many."""

    resource: str
    held: int
    limit: int
    processes: list[dict[str, Any]]

    @property
    def full(self) -> bool:
        """Whether whoever comes now waits."""
        return self.held >= self.limit


@dataclass(frozen=True, slots=True)
class Money:
    """A limit. ``reserved`` is set aside by processes for calls that may yet be made."""

    name: str
    limit: Decimal
    used: Decimal
    reserved: Decimal
    updated_at: Any

    @property
    def share(self) -> float:
        """Used and reserved, of the limit; 1 where the limit is nothing."""
        return float((self.used + self.reserved) / self.limit) if self.limit else 1.0

    @property
    def state(self) -> str:
        """``spent``, ``reserved`` (the rest is set aside), ``nearly`` or ``free``."""
        if self.used >= self.limit:
            return "spent"
        if self.used + self.reserved >= self.limit:
            return "reserved"
        return "nearly" if self.used + self.reserved >= self.limit * NEARLY else "free"


@dataclass(frozen=True, slots=True)
class Pace:
    """Attempts of a model within the last hour, and the share that was refused for its rate.

    The pace itself is measured inside each process and stands in the metadata of its run.
    """

    model: str
    attempts: int
    refused: Interval | Undefined


@dataclass(frozen=True, slots=True)
class Gateway:
    """The whole state."""

    endpoint: str
    model: str
    fallback: str
    breakers: list[BreakerState]
    stops: list[Stop]
    slots: list[Slots]
    budgets: list[Money]
    paces: list[Pace]

    @property
    def open_breakers(self) -> list[BreakerState]:
        """Those that let nothing, or only probes, through."""
        return [one for one in self.breakers if one.state is not State.CLOSED]

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped everything."""
        return any(not one.scope for one in self.stops)

    @property
    def flowing(self) -> bool:
        """Whether nothing holds calls back."""
        return not (self.open_breakers or self.stops or any(one.state == "spent" for one in self.budgets))


def gateway() -> Gateway:
    """Ask the board; short statements over small tables, and the ledger's last hour.

    Raises:
        LedgerError: The database is out of reach or not migrated.
    """
    settings = get_settings()
    dsn = psycopg_dsn(database_url(settings))
    limits = {"llm": settings.ai_concurrency, "image": settings.image_concurrency, "task": settings.task_concurrency}
    return Gateway(
        endpoint=settings.openai_base_url or "",
        model=settings.ai_model,
        fallback=settings.ai_fallback_model or "",
        breakers=breaker_states(dsn),
        stops=stops(dsn),
        slots=[
            Slots(name, sum(row["held"] for row in rows), limits[name], [row for row in rows if row["held"]])
            for name, rows in slot_states(dsn).items()
        ],
        budgets=[
            Money(row["name"], row["limit_usd"], row["used_usd"], row["reserved_usd"], row["updated_at"])
            for row in shared_budgets(dsn)
        ],
        paces=_paces(),
    )


def _paces() -> list[Pace]:
    recent = LlmAttempt.objects.filter(created_at__gte=datetime.now(UTC) - timedelta(hours=1)).order_by()
    counted = recent.values("model").annotate(
        attempts=Count("pk"), refused=Count("pk", filter=Q(status=Outcome.RATE_LIMIT.value))
    )
    return [
        Pace(row["model"], row["attempts"], wilson(row["refused"], row["attempts"]))
        for row in counted.order_by("-attempts")[:MOST_MODELS]
    ]
