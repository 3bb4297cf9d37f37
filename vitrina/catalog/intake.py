"""From a drop's files to committed products, quarantine and counts: one transaction a drop.

Belongs here: the order of steps and the counts. Stays out: parsing (``vitrina.feeds``), what becomes of rows
(``incoming``), the list gate's rules (``list_gate``). Killed in the middle, nothing of the drop is written; started
again, it is read from the beginning.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import DataError, connection, transaction
from django.db.models import Q

from vitrina.catalog import list_gate
from vitrina.catalog.incoming import Incoming
from vitrina.catalog.models import Drop, Product, QuarantinedRow
from vitrina.catalog.registry import drop_files, source_config
from vitrina.catalog.rows import COLUMNS, EMPTY_OBJECT, WIRE, database_rows
from vitrina.config import Settings
from vitrina.errors import PermanentError, VitrinaError
from vitrina.feeds import reading
from vitrina.feeds.records import DropUnreadable, ReadDrop, SourceConfig
from vitrina.feeds.records import QuarantinedRow as QuarantinedFeedRow
from vitrina.objects import ObjectStore
from vitrina.warehouse import copy_into, copy_new, copy_upsert
from vitrina.warehouse.text import storable

_RAW_LIMIT = 20_000
_LOCK_CLASS = 0x76_69_74_72  # "vitr": keeps our advisory locks apart from other people's
_log = logging.getLogger(__name__)


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
        PermanentError: nothing of it can be taken in; the reason is kept on the drop, the file stays.
    """
    started = time.perf_counter()
    try:
        config = source_config(store, drop.source.slug)
        content = _read(drop, store, config)
        result = write_drop(drop, content, config, settings)
    except PermanentError as error:
        # What an earlier reading wrote stands, so the drop stays a parsed one; the message says what is wrong now.
        Drop.objects.filter(pk=drop.pk).exclude(state=Drop.State.PARSED).update(state=Drop.State.UNREADABLE)
        Drop.objects.filter(pk=drop.pk).update(
            message=storable(str(error)), run_id=run_id, **({} if drop.parsed_at else {"parsed_at": datetime.now(UTC)})
        )
        raise
    result.seconds = time.perf_counter() - started
    Drop.objects.filter(pk=drop.pk).update(seconds=result.seconds, run_id=run_id)
    return result


def _read(drop: Drop, store: ObjectStore, config: SourceConfig) -> ReadDrop:
    with drop_files(store, drop) as files:
        try:
            return reading.read_drop(files, config)
        except (VitrinaError, OSError, MemoryError):
            raise
        except Exception as error:
            # A reader's own fault must not take the other drops of the run with it.
            _log.exception("the reader failed on %s", drop.key)
            raise DropUnreadable(
                f"The file cannot be read: {type(error).__name__}: {str(error)[:500]}",
                hint="This is a fault of the reader: please report it with the file.",
            ) from error


def write_drop(drop: Drop, content: ReadDrop, config: SourceConfig, settings: Settings) -> IntakeResult:
    """Commit a drop that has been read. The same content again changes no row of the catalogue.

    Raises:
        DropUnreadable: a value of it is beyond what the tables hold.
    """
    report = content.report
    result = IntakeResult(
        drop.key, report.rows, report.accepted, report.quarantined, report.merged,
        reasons=dict(report.reasons), format=report.format,
    )  # fmt: skip
    try:
        with reading.rare_collections(), transaction.atomic():
            _write(drop, content, config, settings, result)
    except (DataError, psycopg.DataError, UnicodeEncodeError) as error:
        raise DropUnreadable(
            f"A value of the file is beyond what the catalogue holds: {' '.join(str(error).split())[:300]}",
            hint="Nothing of the drop was written.",
        ) from error
    return result


def _write(drop: Drop, content: ReadDrop, config: SourceConfig, settings: Settings, result: IntakeResult) -> None:
    source = drop.source
    with connection.cursor() as cursor:
        # One intake a source at a time: two drops of one source would otherwise race for the same products.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, source.pk])
    # A person may have decided on the drop since it was loaded.
    drop.gate = Drop.objects.select_for_update().values_list("gate", flat=True).get(pk=drop.pk)
    parsed = Drop.objects.filter(source=source, state=Drop.State.PARSED)
    overtaken = parsed.filter(
        Q(modified_at__gt=drop.modified_at) | Q(modified_at=drop.modified_at, key__gt=drop.key)
    ).exists()
    rows = database_rows(content.products, source_id=source.pk, drop_id=drop.pk, drop_time=drop.modified_at)
    confirmed = None
    if Product.objects.filter(source=source).exists():
        incoming = Incoming(copy_into(Product, COLUMNS, rows, wire=WIRE), drop)
        before = list_gate.state_before(incoming.table, source.pk, drop.pk)
        incoming.write(result)
        confirmed = incoming.confirmed
        if config.full_list and not overtaken:
            result.delisted = incoming.delist(before, settings, result)
        list_gate.judge_prices(before, settings, result)
    else:
        # The first rows of a source have nothing to be compared with.
        all_rows = ((*row, EMPTY_OBJECT, True) for row in rows)
        result.new = copy_new(Product, (*COLUMNS, "field_drops", "listed"), all_rows, wire=WIRE)
    list_gate.open_case(drop, result)
    _quarantine(drop, content.quarantine)
    _record(drop, content, config, result, confirmed)


def _quarantine(drop: Drop, rows: list[QuarantinedFeedRow]) -> None:
    copy_upsert(
        QuarantinedRow,
        ("drop", "ordinal", "file", "number", "reason", "message", "raw"),
        [
            (drop.pk, n, *storable((row.file[:500], row.number, str(row.reason), row.message, row.raw[:_RAW_LIMIT])))
            for n, row in enumerate(rows)
        ],
        key=("drop", "ordinal"),
    )
    QuarantinedRow.objects.filter(drop=drop, ordinal__gte=len(rows)).delete()


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
        columns=storable(report.columns),
        notes=storable(report.notes),
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
