"""Reading marts: whether they stand, when they were made, their rows.

Belongs here: the one way to a mart. Stays out: what is read (each page's own module), how marts are made
(``dbt_like_sql``). A mart that was never built is no error: pages say so, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import ProgrammingError, connection, transaction

_STANDING = """
SELECT c.relname, obj_description(c.oid, 'pg_class')
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'marts' AND c.relkind = 'r' AND c.relname = ANY(%s)
"""
_SAYS = "refreshed "


@dataclass(frozen=True, slots=True)
class Standing:
    """Which of the wanted marts are there.

    Attributes:
        missing: Names of those that were never built (or not since this page learnt of them).
        refreshed_at: When the oldest of the others was made; ``None`` where one does not say.
    """

    missing: tuple[str, ...]
    refreshed_at: datetime | None

    @property
    def whole(self) -> bool:
        """Whether all of them are there."""
        return not self.missing


def standing(*names: str) -> Standing:
    """Look which marts stand; one statement over the catalogue of tables."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [list(names)])
        found: dict[str, str | None] = dict(cursor.fetchall())
    moments = [_moment(comment) for comment in found.values()]
    known = [moment for moment in moments if moment is not None]
    oldest = min(known) if known and len(known) == len(moments) else None
    return Standing(tuple(name for name in names if name not in found), oldest)


def rows(statement: str, values: Mapping[str, Any] | Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Rows of a statement as dictionaries. Where the mart has gone or is older than the statement: none.

    A rebuild renames tables within one transaction, so a reader sees the old or the new one.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    except ProgrammingError:
        return []


def _moment(comment: str | None) -> datetime | None:
    if not comment or not comment.startswith(_SAYS):
        return None
    try:
        return datetime.fromisoformat(comment.removeprefix(_SAYS).strip())
    except ValueError:
        return None
