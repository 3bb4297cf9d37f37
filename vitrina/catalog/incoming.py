"""A drop's rows in a temporary table, and what becomes of each: new, equal, merged, or missing from a full list.

Belongs here: the SQL between that table and the catalogue. Stays out: the merge rule (``merging``), the transaction
and the counts of the drop (``intake``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection
from psycopg import sql
from psycopg.types.json import set_json_loads

from vitrina.catalog import list_gate
from vitrina.catalog.merging import LISTED, Spoken, merge
from vitrina.catalog.models import Drop, Product
from vitrina.catalog.provenance import confirmations, delist, packed
from vitrina.catalog.rows import COLUMNS, DATA_FIELDS, hashed
from vitrina.config import Settings
from vitrina.warehouse import column_names, copy_into, identifiers

if TYPE_CHECKING:
    from vitrina.catalog.intake import IntakeResult

_MERGED = ("id", *DATA_FIELDS, "row_hash", "content_hash", "drop", "drop_time", "field_drops", "listed", "row_number")
_CHUNK = 5000


class Incoming:
    """The rows of one drop.

    Attributes:
        table: The temporary table.
        confirmed: After :meth:`write`, the packed ids of products whose rows stood already as another drop's.
    """

    def __init__(self, table: str, drop: Drop) -> None:
        self.table = sql.Identifier(table)
        self.drop = drop
        self.spoken = Spoken(drop.modified_at, drop.key)
        self.confirmed: bytes | None = None
        with connection.connection.cursor() as cursor:
            # Autovacuum never sees temporary tables: without figures the planner takes nested loops.
            cursor.execute(sql.SQL("ANALYZE {}").format(self.table))

    def write(self, result: IntakeResult) -> None:
        """New rows by one INSERT, equal rows not at all, the rest through the merge rule."""
        with connection.connection.cursor() as cursor:
            # Rows of a refused list do not stand: the drop that says the same again takes them over.
            cursor.execute(
                sql.SQL(
                    "SELECT p.id, p.drop_id, p.row_hash = i.row_hash AND p.listed "
                    "AND (d.gate <> 'refused' OR d.id = %s) "
                    "FROM {} i JOIN catalog_product p USING (source_id, external_id) "
                    "INNER JOIN catalog_drop d ON d.id = p.drop_id"
                ).format(self.table),
                [self.drop.pk],
            )
            known = cursor.fetchall()
        self.confirmed = packed([product for product, main, stands in known if stands and main != self.drop.pk])
        different = [product for product, _, stands in known if not stands]
        result.unchanged = len(known) - len(different)
        for start in range(0, len(different), _CHUNK):
            self._merge(different[start : start + _CHUNK], result)
        columns = identifiers(Product, COLUMNS)
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
        said = self._said(ids)
        names = ("id", "row_hash", "row_number", "listed", "drop_id", "drop_time", "field_drops", "drop__key",
                 *DATA_FIELDS)  # fmt: skip
        rows = list(Product.objects.filter(id__in=ids).values(*names))
        later = confirmations(self.drop.source_id, {row["id"]: row["drop_time"] for row in rows}, but=self.drop.pk)
        updates = []
        for row in rows:
            *fields, row_hash, row_number = said[row["id"]]
            main = Spoken(row["drop_time"], row["drop__key"])
            spoken = max(main, later.get(row["id"], main))
            provenance = dict(row["field_drops"])
            gone = provenance.pop(LISTED, None)
            current = {name: row[name] for name in DATA_FIELDS}
            merged, is_main, others = merge(
                current, spoken, provenance, dict(zip(DATA_FIELDS, fields, strict=True)), self.spoken
            )
            newer = self.spoken >= spoken
            listed = row["listed"] or (newer and (gone is None or self.spoken >= Spoken.stored(gone)))
            if not listed and gone is not None:
                others[LISTED] = gone
            if merged == current and listed == row["listed"]:
                result.stale += not newer
                result.unchanged += newer
                # What a drop repeats is said again: without a note of it, one from in between would move it later.
                if not is_main and others == row["field_drops"]:
                    continue
            else:
                result.changed += 1
            standing = (row["row_hash"], row["drop_id"], row["drop_time"], row["row_number"])
            new_hash, drop_id, drop_time, number = (
                (row_hash, self.drop.pk, self.drop.modified_at, row_number) if is_main else standing
            )
            updates.append(
                (row["id"], *(merged[name] for name in DATA_FIELDS), new_hash, hashed(merged), drop_id, drop_time,
                 others, listed, number)
            )  # fmt: skip
        if updates:
            _update_products(updates)

    def _said(self, ids: list[int]) -> dict[int, tuple[Any, ...]]:
        """Product → its data fields, row hash and row number in this drop."""
        columns = sql.SQL(", ").join(
            sql.SQL("i.{}").format(sql.Identifier(name)) for name in (*DATA_FIELDS, "row_hash", "row_number")
        )
        with connection.connection.cursor() as cursor:
            # Django has its connection give JSON as text, for its fields to parse.
            set_json_loads(orjson.loads, cursor)
            cursor.execute(
                sql.SQL(
                    "SELECT p.id, {} FROM {} i JOIN catalog_product p USING (source_id, external_id) "
                    "WHERE p.id = ANY(%s)"
                ).format(columns, self.table),
                [ids],
            )
            return {row[0]: row[1:] for row in cursor.fetchall()}

    def delist(self, before: list_gate.Before, settings: Settings, result: IntakeResult) -> int:
        """Take products that the full list lacks out of the catalogue, unless the list gate holds it back.

        A person's answer for this drop stands: a released list is not judged again, a refused one delists nothing.
        """
        if self.drop.gate == Drop.Gate.REFUSED:
            return 0
        with connection.connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(
                    "SELECT p.id, p.external_id, p.brand, p.category_hint FROM catalog_product p "
                    "WHERE p.source_id = %s AND p.listed AND NOT EXISTS ("
                    "SELECT 1 FROM {} i WHERE i.source_id = p.source_id AND i.external_id = p.external_id) "
                    "ORDER BY p.id"
                ).format(self.table),
                [self.drop.source_id],
            )
            missing = [list_gate.Missing(*row) for row in cursor.fetchall()]
        released = self.drop.gate == Drop.Gate.RELEASED
        if not missing or (not released and list_gate.judge_missing(before, missing, settings, result)):
            return 0
        return delist([item.product_id for item in missing], self.drop)


def _update_products(updates: list[tuple[Any, ...]]) -> None:
    table = copy_into(Product, _MERGED, updates, prefix="merged")
    assignments = sql.SQL(", ").join(
        [sql.SQL("{0} = m.{0}").format(sql.Identifier(column)) for column in column_names(Product, _MERGED[1:])]
    )
    with connection.connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("UPDATE catalog_product p SET {}, updated_at = now() FROM {} m WHERE p.id = m.id").format(
                assignments, sql.Identifier(table)
            )
        )
