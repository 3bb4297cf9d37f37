"""Marts as dbt would have made them, for tests that read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal


def processings(rows: Iterable[tuple[str, int, str, int, int]]) -> None:
    """``marts.processing_by_day`` of today: (status, processings, known cost, of unknown cost, milliseconds)."""
    from django.db import connection

    today = datetime.now(UTC).date()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA marts")
        cursor.execute(
            """CREATE TABLE marts.processing_by_day (day date, processing_type text, status text, processings bigint,
            products bigint, known_cost_usd numeric, processings_of_unknown_cost bigint, processing_time_ms bigint)"""
        )
        cursor.execute("COMMENT ON TABLE marts.processing_by_day IS 'refreshed 2026-05-18T10:00:00+00:00'")
        for status, count, cost, unknown, ms in rows:
            cursor.execute(
                "INSERT INTO marts.processing_by_day VALUES (%s, 'full', %s, %s, %s, %s, %s, %s)",
                [today, status, count, count, Decimal(cost), unknown, ms],
            )
