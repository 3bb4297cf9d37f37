"""Pictures that nobody names go after a while; what is on show stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.fakes.image_server import ImageHost, picture
from vitrina.config import Settings
from vitrina.objects import FolderStore

LATER = datetime.now(UTC) + timedelta(days=31)


def test_what_no_product_names_goes_after_its_time_and_comes_back_when_it_is_named_again(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Callable[..., int]
) -> None:
    from vitrina.catalog.models import Product
    from vitrina.images.cleaning import Cleaned, clean
    from vitrina.images.models import Picture, PictureUrl
    from vitrina.images.service import refresh_pictures

    kept, dropped = host.put("kept.jpg", picture(1)), host.put("dropped.jpg", picture(2))
    page = host.put("page.jpg", b"\xff\xd8\xff no picture" + bytes(600))
    product = make_product([kept, dropped, page])
    refresh_pictures(Product.objects.all(), store, asking)
    Product.objects.filter(pk=product).update(image_urls=[kept])
    refresh_pictures(Product.objects.all(), store, asking)
    assert clean(store, asking, datetime.now(UTC)) == Cleaned(0, 0, 0, 0), "not before its time"
    assert clean(store, asking, LATER) == Cleaned(2, 2, 4, 0)
    assert clean(store, asking, LATER) == Cleaned(0, 0, 0, 0)
    assert Picture.objects.get().urls.get().url == kept
    assert PictureUrl.objects.count() == 1
    assert len(list(store.list("products"))) == 4
    Product.objects.filter(pk=product).update(image_urls=[dropped])
    assert refresh_pictures(Product.objects.all(), store, asking).new_pictures == 1
    assert len(list(store.list("products"))) == 8


def test_a_picture_on_show_stays(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Callable[..., int]
) -> None:
    from tests.catalog.making import approve_all, day, parsed, take
    from vitrina.catalog.models import Product
    from vitrina.catalog.publishing import publish
    from vitrina.images.cleaning import clean
    from vitrina.images.models import Picture
    from vitrina.images.service import refresh_pictures

    take(day(1), [parsed("1", image_urls=[host.put("a.jpg", picture(1))])])
    approve_all()
    refresh_pictures(Product.objects.all(), store, asking)
    publish(asking)
    Product.objects.update(image_urls=[])
    refresh_pictures(Product.objects.all(), store, asking)
    assert clean(store, asking, LATER).pictures == 0
    publish(asking)
    assert clean(store, asking, LATER).pictures == 1
    assert not Picture.objects.exists()


def test_what_lies_in_temp_goes_after_its_time(asking: Settings, store: FolderStore) -> None:
    from vitrina.images.cleaning import clean

    store.put("temp/ai_processing/x/1.png", b"x")
    store.put("products/original/aa/other.jpg", b"x")
    assert clean(store, asking, datetime.now(UTC)).temporary == 0
    assert clean(store, asking, LATER).temporary == 1
    assert [info.key for info in store.list("")] == ["products/original/aa/other.jpg"]
