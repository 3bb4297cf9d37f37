"""Pictures on show: they follow their products without asking anyone."""

from __future__ import annotations

import io
from typing import Any

import orjson
from PIL import Image

from tests.catalog.making import approve_all, catalogue, day, parsed, take
from tests.fakes.image_server import ImageHost, picture
from vitrina.config import Settings
from vitrina.objects import FolderStore


def exported(store: FolderStore, settings: Settings) -> list[dict[str, Any]]:
    from vitrina.storefront.export import export_storefront

    export_storefront(store, settings)
    return [orjson.loads(line) for line in store.get("exports/storefront/products.jsonl").splitlines()]


def refresh(store: FolderStore, settings: Settings) -> None:
    from vitrina.catalog.models import Product
    from vitrina.images.service import refresh_pictures

    refresh_pictures(Product.objects.all(), store, settings)


def test_what_is_stored_after_publication_is_shown_at_the_next_pass(
    asking: Settings, store: FolderStore, host: ImageHost
) -> None:
    from vitrina.catalog.models import Publication
    from vitrina.catalog.publication_marks import publication_mark
    from vitrina.catalog.publishing import publish
    from vitrina.review.models import ReviewItem

    settings = asking.model_copy(update={"cdn_prefix": "https://cdn.shop.example/"})
    urls = [host.put("a.jpg", picture(1)), host.url("gone.jpg"), host.put("same.jpg", picture(1))]
    take(day(1), [parsed("1", image_urls=urls), parsed("2")])
    approve_all()
    publish(settings)
    assert [item["image_urls"] for item in exported(store, settings)] == [urls, []], "until then the source's own"
    cases = ReviewItem.objects.count()

    refresh(store, settings)
    result = publish(settings)
    assert (result.updated, result.unchanged) == (1, 1)
    assert ReviewItem.objects.count() == cases
    [first, second] = exported(store, settings)
    [address] = first["image_urls"]
    assert address == f"https://cdn.shop.example/{first['pictures'][0]['jpeg']}"
    assert store.get(first["pictures"][0]["webp"])
    assert second["image_urls"] == []
    assert publish(settings).updated == 0
    for row in Publication.objects.all():
        assert row.fingerprint == publication_mark(row)


def test_nothing_that_leaves_leads_to_an_original(asking: Settings, store: FolderStore, host: ImageHost) -> None:
    from vitrina.catalog.publishing import publish
    from vitrina.images.background.cutouts import cutout_key
    from vitrina.images.keys import PUBLIC, public_url
    from vitrina.images.models import Picture

    settings = asking.model_copy(update={"cdn_prefix": "https://cdn.shop.example/"})
    exif = Image.Exif()
    exif[0x013B] = "Somebody by name"
    exif.get_ifd(0x8825).update({1: "N", 2: (41.0, 1.0, 2.0)})
    plain = Image.open(io.BytesIO(picture(1)))
    taken = io.BytesIO()
    plain.save(taken, "JPEG", exif=exif)
    take(day(1), [parsed("1", image_urls=[host.put("a.jpg", taken.getvalue())])])
    approve_all()
    refresh(store, settings)
    publish(settings)
    [item] = exported(store, settings)
    row = Picture.objects.get()
    assert store.get(row.original_key) == taken.getvalue(), "the file as it came is kept"
    for info in store.list("exports"):
        said = store.get(info.key)
        assert row.sha256.encode() not in said
        assert b"products/original" not in said
    for key in (item["pictures"][0][name] for name in ("jpeg", "webp", "thumb")):
        assert key.startswith(PUBLIC)
        with Image.open(io.BytesIO(store.get(key))) as shown:
            assert not shown.getexif()
            assert b"Somebody" not in store.get(key)
    assert row.sha256 not in cutout_key(row.sha256, "grabcut-1")
    assert public_url(row.original_key, settings.cdn_prefix) is None
    assert public_url("drops/shop/prices.xlsx", settings.cdn_prefix) is None


def test_without_a_public_address_the_sources_own_is_exported_and_the_keys_are_told(
    asking: Settings, store: FolderStore, host: ImageHost
) -> None:
    from vitrina.catalog.publishing import publish

    url = host.put("a.jpg", picture(1))
    take(day(1), [parsed("1", image_urls=[url])])
    approve_all()
    refresh(store, asking)
    publish(asking)
    [item] = exported(store, asking)
    assert item["image_urls"] == [url]
    assert item["pictures"][0]["jpeg"].startswith("products/processed/")
    assert catalogue()
