"""Drops, products and texts for tests of the catalogue, straight into the tables."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from vitrina.catalog.intake import IntakeResult, write_drop
from vitrina.config import Settings, get_settings
from vitrina.feeds.records import FeedReport, ParsedProduct, QuarantinedRow, ReadDrop, SourceConfig

START = datetime(2026, 5, 1, tzinfo=UTC)
_numbers = itertools.count(1)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def parsed(external_id: str, title: str | None = None, price: Any = "100", **fields: Any) -> ParsedProduct:
    """A product as readers give it; ``price=None`` means that the file says nothing of prices."""
    if price is not None:
        fields = {"price": Decimal(str(price)), "currency": "RUB", **fields}
    else:
        fields = {"price_note": "missing", **fields}
    return ParsedProduct(external_id, "id", title or f"Товар {external_id}", **fields)


def read(products: Sequence[ParsedProduct], quarantine: Sequence[QuarantinedRow] = ()) -> ReadDrop:
    for number, product in enumerate(products, 2):
        product.number = product.number or number
    rows = len(products) + len(quarantine)
    report = FeedReport("csv", "utf-8", rows, len(products), len(quarantine))
    return ReadDrop(list(products), list(quarantine), report)


def drop_row(time: datetime, *, source: str = "shop", key: str | None = None, **fields: Any) -> Any:
    from vitrina.catalog.models import Drop, Source

    owner, _ = Source.objects.get_or_create(slug=source, defaults={"name": source})
    key = key or f"{source}__{next(_numbers):06d}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    path = f"drops/{source}/{key}.csv"
    return Drop.objects.create(
        key=key, source=owner, name=key, path=path, digest=digest, stamp=digest[:16], modified_at=time, **fields
    )


def take(
    time: datetime | Any, products: Sequence[ParsedProduct], *, full_list: bool = False, source: str = "shop",
    settings: Settings | None = None,
) -> tuple[Any, IntakeResult]:  # fmt: skip
    """Take in a new drop of that time, or an existing drop again; returns its row as it is then, and the result."""
    drop = drop_row(time, source=source) if isinstance(time, datetime) else time
    config = SourceConfig(source=drop.source.slug, full_list=full_list)
    result = write_drop(drop, read(products), config, settings or get_settings())
    drop.refresh_from_db()
    return drop, result


def catalogue(source: str = "shop") -> dict[str, Any]:
    """External id → product row."""
    from vitrina.catalog.models import Product

    return {p.external_id: p for p in Product.objects.filter(source__slug=source).select_related("drop")}


def wal_of(action: Any) -> int:
    """Bytes of WAL that a call writes through Django's connection; other tests use the same server."""
    from django.db import connection

    def written() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_force_next_flush()")
            cursor.execute("SELECT wal_bytes FROM pg_stat_get_backend_wal(pg_backend_pid())")
            return int(cursor.fetchone()[0])

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    before = written()
    action()
    return written() - before


def table_state(*tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row with the transaction that wrote it: equal states mean that nothing was written."""
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT xmin::text, t.* FROM {table} t ORDER BY id")
            found[table] = [tuple(map(str, row)) for row in cursor.fetchall()]
    return found


_WORDS = ("хлопок", "голубой", "мягкий", "рукав", "карман", "ткань", "турция", "размер", "летний", "свободный")


def text_of(number: int) -> str:
    """A body of its own for each number, without near-duplicates."""
    seed = hashlib.sha256(str(number).encode()).digest()
    return "<p>" + " ".join(f"{_WORDS[b % 10]}{number}{b}" for b in seed) + "</p>"


def _version(product: Any, number: int = 1, *, body: str | None = None, origin: str = "llm", **fields: Any) -> Any:
    from vitrina.content.facts import ProductFacts
    from vitrina.content.models import ContentVersion

    text = body if body is not None else text_of(product.pk * 100 + number)
    values: dict[str, Any] = {
        "product": product, "number": number, "origin": origin, "title": f"Текст {number} о {product.title}",
        "body": text, "facts": ProductFacts(product.pk, product.title).as_dict(),
        "input_hash": f"{product.pk}-{number}", "fingerprint": f"{product.pk}-{number}",
        "text_hash": hashlib.sha256(text.encode()).hexdigest(), "drop_id": product.drop_id,
    }  # fmt: skip
    return ContentVersion(**values | fields)


def version(product: Any, number: int = 1, **fields: Any) -> Any:
    """A text of a product."""
    made = _version(product, number, **fields)
    made.save()
    return made


def verdict(made: Any, *, approved: bool = True, by: str = "rules", reasons: Any = ()) -> Any:
    """What moderation said of a text."""
    from vitrina.content.models import Verdict

    values = {"approved": approved, "decided_by": by, "reasons": list(reasons), "fingerprint": "test"}
    return Verdict.objects.update_or_create(version=made, defaults=values)[0]


def approve_all(source: str = "shop") -> None:
    """An approved text for every product that has none."""
    from vitrina.catalog.models import Product
    from vitrina.content.models import ContentVersion, Verdict

    bare = Product.objects.filter(source__slug=source, versions__isnull=True)
    made = ContentVersion.objects.bulk_create([_version(product) for product in bare])
    Verdict.objects.bulk_create([Verdict(version=item, approved=True, fingerprint="test") for item in made])


def place(settings: Settings, relative: str, content: bytes | str) -> Path:
    """A file below the drops area of the folder store."""
    path = settings.objects_folder / "drops" / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
