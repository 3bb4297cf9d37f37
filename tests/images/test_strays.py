"""Objects of pictures that nothing names go after a while, in a bucket too; what is named never does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from moto.server import ThreadedMotoServer

from tests.fakes.image_server import ImageHost, picture
from vitrina.config import Settings
from vitrina.images.keys import cutout_key, jpeg_key, original_key
from vitrina.objects import FolderStore, S3Store

SHA = "ab" * 32
OLD = ("products/processed/ab/" + SHA + "-r0.jpg", "products/thumbs/ab/" + SHA + "-r0.jpg", original_key(SHA, "png"))


@pytest.fixture
def bucket() -> Iterator[S3Store]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    name, port = server.get_host_and_port()
    store = S3Store(
        "shop", endpoint_url=f"http://{name}:{port}", access_key_id="a", secret_access_key="b", region="us-east-1"
    )
    store.client.create_bucket(Bucket="shop")
    yield store
    server.stop()


def after(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_what_nothing_names_goes_after_its_time_and_nothing_else_does(
    asking: Settings, bucket: S3Store, host: ImageHost, make_product: Callable[..., int]
) -> None:
    from vitrina.catalog.models import Product
    from vitrina.images.cleaning import clean
    from vitrina.images.models import Picture, StrayObject
    from vitrina.images.service import refresh_pictures

    make_product([host.put("a.jpg", picture(1))])
    refresh_pictures(Product.objects.all(), bucket, asking)
    kept = {info.key for info in bucket.list("products")}
    assert len(kept) == 4
    foreign = {"products/original/by-hand.jpg", "products/processed/ab/logo.png", "products/banners/ab/x.jpg"}
    for key in (*OLD, *foreign):
        bucket.put(key, b"x")
    assert clean(bucket, asking, after(0)).strays == 0
    assert set(StrayObject.objects.values_list("key", flat=True)) == set(OLD)
    assert clean(bucket, asking, after(29)).strays == 0
    assert clean(bucket, asking, after(31)).strays == 3
    assert {info.key for info in bucket.list("products")} == kept | foreign
    assert not StrayObject.objects.exists()
    assert clean(bucket, asking, after(99)).strays == 0
    # The picture is made under other names, as after a new recipe: the former ones are nobody's from then on.
    sha = Picture.objects.get().sha256
    Picture.objects.update(jpeg_key=jpeg_key(sha, "9"), original_key=original_key(sha, "png"))
    assert clean(bucket, asking, after(100)).strays == 0, "its time begins when it is found, however old it is"
    assert clean(bucket, asking, after(131)).strays == 2


def test_cut_outs_publications_and_addresses_of_feeds_name_objects_too(
    asking: Settings, store: FolderStore, make_product: Callable[..., int], database: str
) -> None:
    from tests.catalog.making import approve_all, day, parsed, take
    from vitrina.catalog.models import Publication
    from vitrina.catalog.publishing import publish
    from vitrina.images.assigning import assign
    from vitrina.images.background.models import BackgroundRequest
    from vitrina.images.cleaning import clean
    from vitrina.images.running import rules_of

    settings = asking.model_copy(update={"cdn_prefix": "https://cdn.shop.example/"})
    named = [*OLD, cutout_key(SHA, "grabcut-1")]
    for key in named:
        store.put(key, b"x")
    clean(store, settings, after(0))
    product = make_product([])
    assign([(product, [f"https://cdn.shop.example/{OLD[0]}"])], rules_of(settings), 5)
    take(day(1), [parsed("1")])
    approve_all()
    publish(settings)
    Publication.objects.update(pictures=[{"jpeg": "x", "thumb": OLD[1], "width": 1}])
    BackgroundRequest.objects.create(sha256=SHA, source_key="temp/x", result_key=named[-1])
    assert clean(store, settings, after(31)).strays == 1
    assert {info.key for info in store.list("products")} == {OLD[0], OLD[1], named[-1]}


def test_what_is_put_again_begins_anew_and_a_killed_pass_goes_on(
    asking: Settings, store: FolderStore, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.images.cleaning import clean
    from vitrina.images.models import StrayObject

    for key in OLD:
        store.put(key, b"x")
    clean(store, asking, after(-1))
    store.put(OLD[0], b"x")  # a run is about to write its row
    StrayObject.objects.filter(key=OLD[0]).update(found_at=after(-40))
    clean(store, asking, after(0))
    assert StrayObject.objects.get(key=OLD[0]).found_at > after(-1)
    assert [info.key for info in store.list("products")] == sorted(OLD)

    class Killed(BaseException):
        """What no handler of the platform catches."""

    with monkeypatch.context() as dying:
        real, count = store.delete, iter(range(9))

        def delete(key: str) -> None:
            if next(count):
                raise Killed
            real(key)

        dying.setattr(store, "delete", delete)
        with pytest.raises(Killed):
            clean(store, asking, after(31))
    assert len(list(store.list("products"))) == 2
    assert clean(store, asking, after(31)).strays == 3
    assert not list(store.list("products"))


def test_a_store_whose_originals_are_mostly_unknown_is_left_alone(
    asking: Settings,
    store: FolderStore,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from vitrina.images.cleaning import clean

    monkeypatch.setattr("vitrina.images.strays._FEW", 2)
    for number in range(3):
        store.put(original_key(f"{number:064x}", "png"), b"x")
    clean(store, asking, after(0))
    assert clean(store, asking, after(99)).strays == 0
    assert "another store" in caplog.text
    assert len(list(store.list("products"))) == 3
