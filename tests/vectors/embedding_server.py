"""An embedding endpoint on loopback with models of different length, and a catalogue to embed.

Belongs here: what the tests of dense vectors share. The server speaks the wire format by the platform's own service.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import uvicorn

from vitrina.llm.service.app import Embed, EmbeddedService

KINDS = [
    "Платье летнее",
    "Шампунь для волос",
    "Сироп от кашля",
    "Рубашка мужская",
    "Витамин C таблетки",
    "Крем для рук",
]


@dataclass
class Models:
    """Embedders by name with the length of their vectors; ``texts`` counts what was asked; ``before`` may fail."""

    dims: dict[str, int] = field(default_factory=lambda: {"small": 6, "large": 9})
    texts: list[str] = field(default_factory=list)
    before: Callable[[list[str]], None] = field(default=lambda texts: None)

    def names(self) -> list[str]:
        return sorted(self.dims)

    def find(self, name: str) -> tuple[str, Embed] | None:
        if name not in self.dims:
            return None

        def embed(texts: list[str]) -> list[list[float]]:
            self.before(texts)
            self.texts += texts
            return [direction(text, self.dims[name]) for text in texts]

        return name, embed


def direction(text: str, dim: int) -> list[float]:
    """The kind of goods as one direction, and a little of everything else."""
    digest = hashlib.sha256(text.encode()).digest()
    vector = [byte / 2550 for byte in digest[:dim]]
    for place, kind in enumerate(KINDS):
        if kind in text:
            vector[place] += 1.0
    return vector


@contextmanager
def serving(models: Models) -> Iterator[str]:
    """The base address of a running endpoint."""
    server = uvicorn.Server(
        uvicorn.Config(EmbeddedService({}, embedders=models).app, port=0, log_level="warning", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()


def titles(count: int) -> list[str]:
    """Different titles of six kinds of goods in turn."""
    return [f"{KINDS[n % len(KINDS)]} модель {n} цвет {n % 7}" for n in range(count)]


def stock(names: Sequence[str], drop: str = "one") -> list[int]:
    """Products of one drop; their ids."""
    from vitrina.catalog.models import Drop, Product, Source

    now = datetime.now(UTC)
    source, _ = Source.objects.get_or_create(slug="shop")
    made, _ = Drop.objects.get_or_create(
        key=f"shop__{drop}",
        defaults={"source": source, "name": drop, "path": f"drops/shop/{drop}.csv",
                                         "digest": "0" * 64, "stamp": "0" * 16, "modified_at": now},
    )  # fmt: skip
    rows = Product.objects.bulk_create(
        [
            Product(source=source, external_id=f"{drop}-{n}", identity="id", title=title, row_hash=uuid4(),
                    content_hash=uuid4(), drop=made, drop_time=now)
            for n, title in enumerate(names)
        ]
    )  # fmt: skip
    return [row.pk for row in rows]
