"""From addresses in the catalogue to stored derivatives, over a real server, store and database."""

from __future__ import annotations

from collections.abc import Callable

from tests.fakes.image_server import ImageHost, picture
from vitrina.config import Settings
from vitrina.objects import FolderStore


def objects(store: FolderStore) -> list[str]:
    return [info.key for info in store.list("")]


def refresh(store: FolderStore, settings: Settings, **options: object):
    from vitrina.catalog.models import Product
    from vitrina.images.service import refresh_pictures

    return refresh_pictures(Product.objects.all(), store, settings, **options)  # type: ignore[arg-type]


def test_a_picture_is_fetched_and_its_three_derivatives_are_stored(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Callable[..., int]
) -> None:
    from vitrina.images.models import Picture, ProductPicture

    make_product([host.put("a.jpg", picture(1, size=(2000, 1500)))])
    result = refresh(store, asking)
    assert result.states == {"stored": 1}
    [row] = Picture.objects.all()
    assert (row.width, row.height, row.shown_width, row.shown_height) == (2000, 1500, 1024, 768)
    assert sorted(objects(store)) == sorted([row.original_key, row.jpeg_key, row.webp_key, row.thumb_key])
    assert row.original_key.startswith("products/original/")
    assert row.jpeg_key.startswith("products/processed/")
    assert row.thumb_key.startswith("products/thumbs/")
    assert ProductPicture.objects.get().url.picture == row
