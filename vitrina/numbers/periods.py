"""The days that a page tells of: today (UTC) and those before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

CHOICES = (7, 30, 90)
DEFAULT = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, today among them."""

    days: int
    today: date

    @property
    def first(self) -> date:
        """The first day."""
        return self.today - timedelta(days=self.days - 1)

    @property
    def since(self) -> datetime:
        """The first moment."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def dates(self) -> list[date]:
        """Every day, the first one first."""
        return [self.first + timedelta(days=number) for number in range(self.days)]


def period(days: int = DEFAULT, *, now: datetime | None = None) -> Period:
    """The last ``days`` days."""
    return Period(days, (now or datetime.now(UTC)).astimezone(UTC).date())


def asked(text: str | None) -> Period:
    """The period of an address; what is none of the choices is the usual one."""
    return period(int(text) if text in {str(choice) for choice in CHOICES} else DEFAULT)
