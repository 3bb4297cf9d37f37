"""From a drop's files to committed products, quarantine and counts: one transaction a drop.

Belongs here: the order of steps and their SQL. Stays out: parsing (``vitrina.feeds``), the merge rule (``merging``),
the list gate's rules (``list_gate``). Killed in the middle, nothing of the drop is written; started again, it is read
from the beginning.
"""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from vitrina.catalog import list_gate
from vitrina.catalog.merging import merge
from vitrina.catalog.models import Drop, Product, QuarantinedRow
from vitrina.catalog.registry import drop_files, source_config
from vitrina.catalog.rows import COLUMNS, DATA_FIELDS, database_rows, hashed
from vitrina.config import Settings
from vitrina.feeds.records import DropUnreadable, ReadDrop, SourceConfig
from vitrina.objects import ObjectStore
from vitrina.warehouse import column_names, copy_into, copy_upsert, identifiers

_RAW_LIMIT = 20_000


@dataclass(slots=True)
class IntakeResult:
    """What a drop did to the catalogue."""

    key: str
    rows: int = 0
    accepted: int = 0
    quarantined: int = 0
    merged: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    stale: int = 0
    delisted: int = 0
    gate: str = Drop.Gate.OPEN
    gate_reasons: list[dict[str, Any]] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    format: str = ""
    seconds: float = 0.0


def take_in(drop: Drop, store: ObjectStore, settings: Settings, *, run_id: str = "") -> IntakeResult:
    """Read a drop and commit what it says.

    Raises:
        DropUnreadable: nothing of it can be read; the reason is kept on the drop, the file stays.
    """
    from vitrina.feeds.reading import read_drop

    started = time.perf_counter()
    config = source_config(store, drop.source.slug)
    try:
        with drop_files(store, drop) as files:
            content = read_drop(files, config)
    except DropUnreadable as error:
        Drop.objects.filter(pk=drop.pk).update(
            state=Drop.State.UNREADABLE, message=str(error), parsed_at=datetime.now(UTC), run_id=run_id
        )
        raise
    result = write_drop(drop, content, config, settings)
    result.seconds = time.perf_counter() - started
    Drop.objects.filter(pk=drop.pk).update(seconds=result.seconds, run_id=run_id)
    return result


def write_drop(drop: Drop, content: ReadDrop, config: SourceConfig, settings: Settings) -> IntakeResult:
    """Commit a drop that has been read. The same content again changes no row."""
    report = content.report
    result = IntakeResult(
        drop.key, report.rows, report.accepted, report.quarantined, report.merged,
        reasons=dict(report.reasons), format=report.format,
    )  # fmt: skip
    source = drop.source
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One intake a source at a time: two drops of one source would otherwise race for the same products.
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, source.pk])
        newest = not Drop.objects.filter(
            source=source, state=Drop.State.PARSED, modified_at__gt=drop.modified_at
        ).exists()
        rows = database_rows(content.products, source_id=source.pk, drop_id=drop.pk, drop_time=drop.modified_at)
        incoming = _Incoming(copy_into(Product, COLUMNS, rows), drop, newest=newest)
        before = list_gate.state_before(incoming.table, source.pk)
        incoming.write(result)
        if config.full_list and newest:
            result.delisted = incoming.delist(before, settings, result)
        list_gate.judge_prices(before, settings, result)
        list_gate.open_case(drop, result)
        quarantine = [
            (
                drop.pk,
                n,
                row.file,
                row.number,
                str(row.reason),
                row.message,
                row.raw[:_RAW_LIMIT].replace("\0", "\ufffd"),
            )
            for n, row in enumerate(content.quarantine)
        ]
        copy_upsert(
            QuarantinedRow,
            ("drop", "ordinal", "file", "number", "reason", "message", "raw"),
            quarantine,
            key=("drop", "ordinal"),
        )
        QuarantinedRow.objects.filter(drop=drop, ordinal__gte=len(quarantine)).delete()
        _record(drop, content, config, result, incoming.confirmed)
    return result


_LOCK_CLASS = 0x76_69_74_72  # "vitr": keeps our advisory locks apart from other people's


class _Incoming:
    """The drop's rows in a temporary table, and what becomes of them."""

    def __init__(self, table: str, drop: Drop, *, newest: bool) -> None:
        self.table = sql.Identifier(table)
        self.drop = drop
        self.newest = newest
        self.confirmed: bytes | None = None

    def execute(self, statement: str, *values: Any) -> Any:
        """Run a statement in which ``{incoming}`` is the table; returns the cursor."""
        cursor = connection.connection.cursor()
        cursor.execute(sql.SQL(statement).format(incoming=self.table), values)  # type: ignore[arg-type]
        return cursor

    def write(self, result: IntakeResult) -> None:
        """New rows by one INSERT, equal rows not at all, the rest through the merge rule."""
        self.execute("ANALYZE {incoming}")
        columns = identifiers(Product, COLUMNS)
        same = self.execute(
            "SELECT p.id, p.drop_id FROM {incoming} i JOIN catalog_product p USING (source_id, external_id) "
            "WHERE p.row_hash = i.row_hash AND p.listed"
        ).fetchall()
        result.unchanged = len(same)
        elsewhere = sorted(product for product, main in same if main != self.drop.pk)
        self.confirmed = array("q", elsewhere).tobytes() if elsewhere else None
        different = self.execute(
            "SELECT p.id FROM {incoming} i JOIN catalog_product p USING (source_id, external_id) "
            "WHERE NOT (p.row_hash = i.row_hash AND p.listed)"
        ).fetchall()
        if different:
            self._merge([row[0] for row in different], result)
        with connection.connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(
                    "INSERT INTO catalog_product ({columns}, field_drops, listed) "
                    "SELECT {columns}, '{{}}'::jsonb, TRUE FROM {incoming} i WHERE NOT EXISTS (SELECT 1 FROM "
                    "catalog_product p WHERE p.source_id = i.source_id AND p.external_id = i.external_id)"
                ).format(columns=columns, incoming=self.table)
            )
            result.new = cursor.rowcount

    def _merge(self, ids: list[int], result: IntakeResult) -> None:
        names = ("id", "row_hash", "listed", "drop_id", "drop_time", "field_drops", *DATA_FIELDS)
        keys = dict(Drop.objects.filter(products__id__in=ids).values_list("id", "key").distinct())
        confirmed = {} if self.newest else _confirmed_times(self.drop)
        wanted = sql.SQL(", ").join(
            sql.SQL("i.{}").format(sql.Identifier(n)) for n in (*DATA_FIELDS, "row_hash", "row_number")
        )
        with connection.connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(
                    "SELECT p.id, {} FROM {} i JOIN catalog_product p USING (source_id, external_id) "
                    "WHERE p.id = ANY(%s)"
                ).format(wanted, self.table),
                [ids],
            )
            said = {row[0]: row[1:] for row in cursor.fetchall()}
        mine = (self.drop.key, self.drop.modified_at)
        updates = []
        for row in Product.objects.filter(id__in=ids).values(*names).iterator(chunk_size=2000):
            values = said[row["id"]]
            incoming = dict(zip(DATA_FIELDS, values, strict=False))
            since = max(row["drop_time"], confirmed.get(row["id"], row["drop_time"]))
            current = {name: row[name] for name in DATA_FIELDS}
            merged, main, others = merge(current, (keys[row["drop_id"]], since), row["field_drops"], incoming, mine)
            newer = self.drop.modified_at >= since
            listed = row["listed"] or newer
            if merged == current and listed == row["listed"]:
                result.stale += not newer
                result.unchanged += newer
                continue
            result.changed += 1
            is_main = main == mine
            updates.append(
                (
                    row["id"], *(merged[name] for name in DATA_FIELDS),
                    values[-2] if is_main else row["row_hash"], hashed(merged),
                    self.drop.pk if is_main else row["drop_id"], self.drop.modified_at if is_main else row["drop_time"],
                    others, listed, values[-1],
                )
            )  # fmt: skip
        if updates:
            _update_products(updates)

    def delist(self, before: list_gate.Before, settings: Settings, result: IntakeResult) -> int:
        """Take products that the full list lacks out of the catalogue, unless the list gate holds it back."""
        missing = self.execute(
            "SELECT p.id, p.external_id, p.brand, p.category_hint FROM catalog_product p WHERE p.source_id = %s "
            "AND p.listed AND NOT EXISTS (SELECT 1 FROM {incoming} i WHERE i.source_id = p.source_id "
            "AND i.external_id = p.external_id) ORDER BY p.id",
            self.drop.source_id,
        ).fetchall()
        if not missing:
            return 0
        if list_gate.judge_missing(before, [list_gate.Missing(*row) for row in missing], settings, result):
            return 0
        return Product.objects.filter(id__in=[row[0] for row in missing]).update(
            listed=False, updated_at=datetime.now(UTC)
        )


def _update_products(updates: list[tuple[Any, ...]]) -> None:
    names = ("id", *DATA_FIELDS, "row_hash", "content_hash", "drop", "drop_time", "field_drops", "listed", "row_number")
    table = copy_into(Product, names, updates, prefix="merged")
    assignments = sql.SQL(", ").join(
        [sql.SQL("{0} = m.{0}").format(sql.Identifier(column)) for column in column_names(Product, names[1:])]
    )
    with connection.connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("UPDATE catalog_product p SET {}, updated_at = now() FROM {} m WHERE p.id = m.id").format(
                assignments, sql.Identifier(table)
            )
        )


def _confirmed_times(drop: Drop) -> dict[int, datetime]:
    """Product → time of the newest drop that said the same as the catalogue has, among drops newer than this one."""
    times: dict[int, datetime] = {}
    newer = Drop.objects.filter(
        source_id=drop.source_id, modified_at__gt=drop.modified_at, confirmed__isnull=False, state=Drop.State.PARSED
    ).order_by("modified_at")
    for packed, moment in newer.values_list("confirmed", "modified_at"):
        ids = array("q")
        ids.frombytes(bytes(packed or b""))
        times.update(dict.fromkeys(ids, moment))
    return times


def _record(drop: Drop, content: ReadDrop, config: SourceConfig, result: IntakeResult, confirmed: bytes | None) -> None:
    """Keep the counts on the drop; a drop whose rows all stand keeps its row as well."""
    report = content.report
    source = drop.source
    if (source.full_list, source.name) != (config.full_list, config.name or source.slug):
        source.full_list, source.name = config.full_list, config.name or source.slug
        source.save(update_fields=["full_list", "name"])
    Drop.objects.filter(pk=drop.pk).update(
        state=Drop.State.PARSED,
        message="",
        format=report.format[:60],
        encoding=report.encoding[:60],
        rows=report.rows,
        accepted=report.accepted,
        quarantined=report.quarantined,
        merged=report.merged,
        reasons=report.reasons,
        columns=report.columns,
        notes=report.notes,
        new_products=result.new,
        changed_products=result.changed,
        unchanged_products=result.unchanged,
        stale_products=result.stale,
        delisted_products=result.delisted,
        gate=result.gate,
        gate_reasons=result.gate_reasons,
        confirmed=confirmed,
        parsed_at=datetime.now(UTC),
    )
