"""The time of a drop: one of its own among the drops of its source, so that "newer" is never a tie.

Belongs here: the rule as plain functions of plain values. Stays out: rows (``registry``), what is done with the order
(``merging``).

A bucket tells times in whole seconds, and archives are unpacked with equal ones. Of two drops with the same time the
one that was seen later is the newer; microseconds carry that order, so that it stands in the row and is the same in
every run and backfill.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

_STEP = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)


def is_news(found: datetime, former: datetime, last: datetime) -> bool:
    """Whether bytes that lie where another drop lay since have come back.

    Args:
        found: Time of what lies there now.
        former: Time of the drop with the same bytes.
        last: Time of the newest drop that lay there.
    """
    return found > former or (found.microsecond == 0 and found == last.replace(microsecond=0))


class SourceClock:
    """Gives drops of one source times that no other drop of it has, in the order in which they are asked for."""

    def __init__(self, taken: Iterable[datetime] = ()) -> None:
        self._taken: set[datetime] = set()
        self._newest: dict[datetime, datetime] = {}
        for time in taken:
            self._take(time)

    def _take(self, time: datetime) -> datetime:
        self._taken.add(time)
        second = time.replace(microsecond=0)
        self._newest[second] = max(time, self._newest.get(second, time))
        return time

    def moment(self, found: datetime) -> datetime:
        """The time, or the next microsecond that is free; for whole seconds, one after all that the second has."""
        if found.microsecond == 0 and found in self._newest:
            return self._take(min(self._newest[found] + _STEP, found + _SECOND - _STEP))
        while found in self._taken:
            found += _STEP
        return self._take(found)
