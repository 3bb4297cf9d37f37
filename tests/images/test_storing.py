"""Pictures of products: fetched once, stored with their derivatives, looked at again when it is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.image_server import Answer, ImageHost, picture
from tests.images.stored import Make, everything, make_due, objects, refresh, shown, urls
from vitrina.config import Settings
from vitrina.objects import FolderStore


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Another version of the recipe, wherever it is named."""

    def change(version: str) -> None:
        from vitrina.images import keys, outcomes, service

        for module in (outcomes, service):
            monkeypatch.setattr(module, "RECIPE", version)
        for name in ("jpeg_key", "webp_key", "thumb_key"):
            monkeypatch.setattr(getattr(keys, name), "__defaults__", (version,))

    return change


def test_a_picture_is_fetched_and_its_three_derivatives_are_stored(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
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


def test_the_same_again_asks_for_nothing_and_changes_no_row_and_no_object(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    make_product([host.put("a.jpg", picture(1)), host.put("b.jpg", b"<html>"), host.url("gone.jpg"), "ftp://x/y"])
    refresh(store, asking)
    before, rows = objects(store), everything()
    asked = dict(host.asked)
    result = refresh(store, asking)
    assert (result.due, result.assigned.new_addresses, result.assigned.changed) == (0, 0, 0)
    assert objects(store) == before
    assert everything() == rows
    assert dict(host.asked) == asked


def test_one_bad_picture_leaves_the_others_of_its_product(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    good = picture(2)
    product = make_product(
        [host.url("gone.jpg"), host.put("page.jpg", b"<html>404"), host.put("half.jpg", good[: len(good) // 2]),
         "https://user:pw@a.com/x.jpg", host.put("good.jpg", good)]
    )  # fmt: skip
    result = refresh(store, asking)
    assert urls() == {
        "gone.jpg": ("gone", "not_found"), "page.jpg": ("refused", "not_an_image"),
        "half.jpg": ("refused", "truncated"), "x.jpg": ("refused", "bad_url"), "good.jpg": ("stored", ""),
    }  # fmt: skip
    assert [sha is not None for sha in shown(product)][-1]
    assert result.new_pictures == 1
    assert len(objects(store)) == 4, "nothing of a refused file is kept"


def test_a_picture_that_products_share_is_fetched_and_stored_once(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    body = picture(3)
    first, second = host.put("one.jpg", body), host.put("same.jpg", body)
    products = [make_product([first]), make_product([second, first]), make_product([first])]
    result = refresh(store, asking)
    assert (result.new_pictures, result.states["stored"]) == (1, 2)
    assert host.asked["/one.jpg"] == 1
    assert len(objects(store)) == 4
    assert len({sha for product in products for sha in shown(product)}) == 1


def test_five_pictures_are_fetched_for_a_product_and_the_order_is_kept(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    from vitrina.images.models import ProductPicture

    addresses = [host.put(f"{number}.jpg", picture(number)) for number in range(8)]
    product = make_product([addresses[0], *addresses])
    refresh(store, asking)
    rows = ProductPicture.objects.filter(product=product).order_by("position")
    assert [row.url.url for row in rows] == addresses[:5]
    assert sum(host.asked.values()) == 5


def test_a_changed_list_replaces_the_pictures(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    from vitrina.catalog.models import Product

    a, b, c = (host.put(f"{name}.jpg", picture(place)) for place, name in enumerate("abc"))
    product = make_product([a, b])
    refresh(store, asking)
    first = shown(product)
    Product.objects.filter(pk=product).update(image_urls=[c, a])
    result = refresh(store, asking)
    assert result.due == 1
    assert shown(product)[1] == first[0]
    assert shown(product)[0] not in first
    Product.objects.filter(pk=product).update(image_urls=[])
    refresh(store, asking)
    assert shown(product) == []


def test_a_backfill_asks_conditionally_and_replaces_what_changed(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    product = make_product([host.put("a.jpg", picture(1)), host.put("b.jpg", picture(2))])
    refresh(store, asking)
    before, sent = shown(product), host.bodies_sent
    result = refresh(store, asking, refresh=True)
    assert (result.unchanged, host.bodies_sent, shown(product)) == (2, sent, before)
    host.put("a.jpg", picture(7))
    result = refresh(store, asking, refresh=True)
    assert (result.unchanged, result.new_pictures) == (1, 1)
    assert shown(product)[0] != before[0]
    assert shown(product)[1] == before[1]


def test_a_stored_picture_stays_when_its_address_no_longer_has_it(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    product = make_product([host.put("a.jpg", picture(1))])
    refresh(store, asking)
    before = shown(product)
    for answer in (Answer(b"", 404), Answer(b"<html>"), Answer(b"\x89PNG\r\n\x1a\n" + bytes(600)), Answer(b"", 503)):
        host.answers["/a.jpg"] = answer
        refresh(store, asking, refresh=True)
        assert shown(product) == before
        assert urls()["a.jpg"] == ("stored", "")


def test_addresses_that_answered_long_ago_are_looked_at_again(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    from vitrina.images.models import PictureUrl

    make_product([host.put("a.jpg", picture(1)), host.url("gone.jpg")])
    refresh(store, asking)
    PictureUrl.objects.update(checked_at=datetime.now(UTC) - timedelta(days=31))
    host.put("gone.jpg", picture(2))
    result = refresh(store, asking)
    assert (result.unchanged, result.states) == (1, {"stored": 2})


def test_a_new_recipe_makes_the_derivatives_again_from_the_originals(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make, recipe: Callable[[str], None]
) -> None:
    from vitrina.images.models import Picture

    make_product([host.put("a.jpg", picture(1))])
    refresh(store, asking)
    before = Picture.objects.get()
    recipe("next")
    host.down = True
    assert refresh(store, asking).states == {"stored": 1}
    after = Picture.objects.get()
    assert after.original_key == before.original_key
    assert after.jpeg_key != before.jpeg_key
    assert {after.jpeg_key, after.webp_key, after.thumb_key} <= set(objects(store))
    assert refresh(store, asking).due == 0
    assert sum(host.asked.values()) == 1


def test_an_address_below_the_cdn_prefix_is_read_from_the_store(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    cdn = asking.model_copy(update={"cdn_prefix": "https://cdn.shop.example/"})
    store.put("pictures/платье 1.jpg", picture(1))
    product = make_product(["https://cdn.shop.example/pictures/платье 1.jpg", "https://cdn.shop.example/not/yet.jpg"])
    result = refresh(store, cdn)
    assert result.states == {"stored": 1, "waiting": 1}
    assert shown(product)[1] is None
    store.put("not/yet.jpg", picture(2))
    make_due()
    assert refresh(store, cdn).states == {"stored": 1}
    assert not host.asked


def test_products_that_are_delisted_are_not_fetched(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    make_product([host.put("a.jpg", picture(1))], listed=False)
    assert refresh(store, asking).due == 0


def test_two_runs_at_once_share_the_work(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    from vitrina.images.models import PictureUrl
    from vitrina.images.service import fetch_urls
    from vitrina.warehouse.claims import claimed

    make_product([host.put("a.jpg", picture(1)), host.put("b.jpg", picture(2))])
    from vitrina.images.assigning import assign
    from vitrina.images.running import rules_of

    assign([(1, [])], rules_of(asking), 5)
    from vitrina.catalog.models import Product

    assign(Product.objects.values_list("id", "image_urls"), rules_of(asking), 5)
    ids = list(PictureUrl.objects.order_by("id").values_list("id", flat=True))
    with claimed(ids[:1], "pictures"):
        result = fetch_urls(ids, store, asking)
    assert (result.busy, result.states) == (1, {"stored": 1})
