"""A host of pictures, products that name addresses, settings that let the host be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from tests.fakes.image_server import ImageHost, image_host
from vitrina.config import Settings
from vitrina.objects import FolderStore


@pytest.fixture
def host() -> Iterator[ImageHost]:
    """One host on loopback."""
    with image_host() as running:
        yield running


@pytest.fixture
def asking(settings: Settings, host: ImageHost, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings under which the host of the test may be asked, without manners that cost time."""
    monkeypatch.setattr("vitrina.images.downloading._AGAIN_SECONDS", 0.01)
    return settings.model_copy(
        update={
            "image_allow_hosts": host.host,
            "image_host_interval_seconds": 0.0,
            "image_workers": 1,
            "image_timeout_seconds": 120.0,
            "image_decode_seconds": 120.0,
        }
    )


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    """The local object store of the test."""
    return FolderStore(settings.objects_folder)


@pytest.fixture
def make_product(database: str) -> Callable[..., int]:
    """Makes a product that names these addresses; its id."""
    from vitrina.catalog.models import Drop, Product, Source

    def make(urls: Sequence[str], *, drop_key: str = "shop__a__1", listed: bool = True) -> int:
        source, _ = Source.objects.get_or_create(slug="shop")
        drop, _ = Drop.objects.get_or_create(
            key=drop_key,
            defaults={"source": source, "name": "a", "path": "drops/shop/a", "digest": "0", "stamp": "0",
                      "modified_at": datetime(2026, 1, 1, tzinfo=UTC), "state": "parsed"},
        )  # fmt: skip
        return Product.objects.create(
            source=source, external_id=uuid4().hex, identity="id", title="Платье", image_urls=list(urls),
            row_hash=uuid4(), content_hash=uuid4(), drop=drop, drop_time=drop.modified_at, listed=listed,
        ).pk  # fmt: skip

    return make
