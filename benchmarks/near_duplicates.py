"""Near-duplicate texts of a drop against a large catalogue: signatures in tables, and an index in memory.

Run: ``python benchmarks/near_duplicates.py [--texts 100000] [--drop 1000]``. Texts of about 150 words are made up from
a vocabulary, one in fifty nearly the same as another. A PostgreSQL of its own is started and removed. Prints one JSON
object: seconds to keep the signatures of the whole catalogue (once), of a pass when nothing changed, of the search for
one drop, and of the index in memory that needs every text at every pass; the memory of both ways.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from vitrina.servers.testing import test_server

WORDS = 4_000
LENGTH = 150
NEARLY_EACH = 50


def texts(count: int) -> Iterator[str]:
    """Texts of words; every fiftieth repeats its predecessor but for one word."""
    rng = random.Random(7)
    vocabulary = ["".join(rng.choices("абвгдежзиклмнопрст", k=rng.randint(3, 9))) for _ in range(WORDS)]
    words: list[str] = []
    for number in range(count):
        if number % NEARLY_EACH == 1:
            words[LENGTH // 2] = vocabulary[number % WORDS]
        else:
            words = rng.choices(vocabulary, k=LENGTH)
        yield f"<p>{' '.join(words)}</p>"


def fill(count: int) -> None:
    """Products with one text each."""
    from vitrina.catalog.models import Drop, Product, Source
    from vitrina.content.models import ContentVersion

    now, nothing = datetime.now(UTC), UUID(int=0)
    source = Source.objects.create(slug="shop")
    drop = Drop.objects.create(
        key="shop__list", source=source, name="list", path="drops/shop/list", digest="0", modified_at=now
    )
    made = Product.objects.bulk_create(
        (
            Product(
                source=source, external_id=str(n), identity="id", title=f"Товар {n}", drop=drop, drop_time=now,
                row_hash=nothing, content_hash=nothing,
            )
            for n in range(count)
        ),
        batch_size=5_000,
    )  # fmt: skip
    ContentVersion.objects.bulk_create(
        (
            ContentVersion(
                product=product, number=1, origin="llm", title=product.title, body=body, input_hash="0",
                fingerprint="0", text_hash=hashlib.sha256(body.encode()).hexdigest(),
            )
            for product, body in zip(made, texts(count), strict=True)
        ),
        batch_size=5_000,
    )  # fmt: skip


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and the answer."""
    start = time.perf_counter()
    answer = action()
    return round(time.perf_counter() - start, 2), answer


def peak() -> int:
    """Most memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(count: int, drop: int) -> dict[str, Any]:
    from vitrina.catalog.models import Product
    from vitrina.content import html
    from vitrina.content.duplicates import DuplicateIndex
    from vitrina.content.kept_signatures import keep_signatures, near_duplicates
    from vitrina.content.models import ContentVersion

    fill(count)
    made = peak()
    first, _ = timed(keep_signatures)
    again, _ = timed(keep_signatures)
    ids = list(Product.objects.order_by("-id").values_list("id", flat=True)[:drop])
    search, found = timed(lambda: near_duplicates(ids))
    tables = peak()

    def in_memory() -> DuplicateIndex:
        index = DuplicateIndex()
        for product, body in ContentVersion.objects.values_list("product_id", "body").iterator():
            index.add(product, html.to_text(body))
        return index

    memory, _ = timed(in_memory)
    return {
        "texts": count,
        "drop": drop,
        "signatures_once_s": first,
        "signatures_unchanged_s": again,
        "search_of_the_drop_s": search,
        "drop_with_near_duplicates": len(found),
        "index_in_memory_s": memory,
        "memory_before_mb": made,
        "memory_tables_mb": tables,
        "memory_index_mb": peak(),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--drop", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrina-texts-") as name, test_server() as server:
        dsn = server.connection.dsn_socket(server.fresh_database())
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("CREATE EXTENSION IF NOT EXISTS vector")
        os.environ |= {"DATABASE_URL": dsn, "VITRINA_HOME": str(Path(name))}
        from vitrina.config import get_settings
        from vitrina.project.setup import migrate

        get_settings.cache_clear()
        migrate()
        print(json.dumps(measure(given.texts, given.drop)))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
