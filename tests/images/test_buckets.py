"""Pictures in a bucket behind the S3 API (a moto server on loopback)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from moto.server import ThreadedMotoServer

from tests.fakes.image_server import ImageHost, picture
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.objects import S3Store


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def bucket(endpoint: str, name: str = "shop") -> S3Store:
    return S3Store(
        name, endpoint_url=endpoint, access_key_id="a", secret_access_key="b", region="us-east-1", prefix="vitrina"
    )


def test_derivatives_have_type_and_caching_and_a_second_run_puts_nothing(
    asking: Settings, host: ImageHost, make_product: Callable[..., int], endpoint: str
) -> None:
    from vitrina.catalog.models import Product
    from vitrina.images.models import Picture
    from vitrina.images.service import refresh_pictures

    store = bucket(endpoint)
    store.client.create_bucket(Bucket="shop")
    store.put("mine/1.png", picture(2, kind="PNG"))
    settings = asking.model_copy(update={"cdn_prefix": "https://cdn.shop.example/"})
    make_product([host.put("a.webp", picture(1, kind="WEBP")), "https://cdn.shop.example/mine/1.png"])
    assert refresh_pictures(Product.objects.all(), store, settings).states == {"stored": 2}
    kinds = set()
    for row in Picture.objects.all():
        for key in (row.original_key, row.jpeg_key, row.webp_key, row.thumb_key):
            head = store.client.head_object(Bucket="shop", Key=f"vitrina/{key}")
            private = "private, " if key == row.original_key else ""
            assert head["CacheControl"] == f"{private}max-age=31536000"
            kinds.add(head["ContentType"])
    assert kinds == {"image/jpeg", "image/webp", "image/png"}
    before = {info.key: info.modified for info in store.list("products")}
    assert len(before) == 8
    assert refresh_pictures(Product.objects.all(), store, settings).due == 0
    assert {info.key: info.modified for info in store.list("products")} == before


def test_a_bucket_that_is_not_there_ends_the_run_with_what_to_do(
    asking: Settings, host: ImageHost, make_product: Callable[..., int], endpoint: str
) -> None:
    from vitrina.catalog.models import Product
    from vitrina.images.models import PictureUrl
    from vitrina.images.service import refresh_pictures

    make_product([host.put("a.jpg", picture(1))])
    with pytest.raises(PermanentError, match="S3_BUCKET"):
        refresh_pictures(Product.objects.all(), bucket(endpoint, "elsewhere"), asking)
    assert PictureUrl.objects.get().state == "waiting"
