"""The same sensor over a bucket: drops are found by ETag, read through a download, and never read twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import boto3
import dagster as dg
import pytest
from moto.server import ThreadedMotoServer

from tests.fakes.catalogue import Ticker, csv_drop, execute, goods, put, run, utc
from vitrina.config import get_settings

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def bucket(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    access = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=address, **access).create_bucket(Bucket="shop")
    for name, value in {
        "S3_BUCKET": "shop",
        "S3_ENDPOINT_URL": address,
        "S3_ACCESS_KEY_ID": "a",
        "S3_SECRET_ACCESS_KEY": "b",
        "S3_REGION": "us-east-1",
        "S3_PREFIX": "platform",
    }.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield address
    server.stop()


def test_drops_in_a_bucket_become_products(bucket: str, instance: dg.DagsterInstance) -> None:
    from vitrina.catalog.models import Drop, Product

    ticker = Ticker("new_drops", instance)
    put("drops/shop/a.csv", csv_drop(goods(5)))
    [request] = ticker.tick()
    assert execute(request, instance).success
    assert Product.objects.count() == 5
    assert Drop.objects.get().state == Drop.State.PARSED
    assert ticker.settle() == []
    put("drops/shop/a.csv", csv_drop(goods(5)))
    assert ticker.settle() == [], "the same bytes again"
    put("drops/shop/a.csv", csv_drop(goods(5, price=600)))
    [request] = ticker.settle()
    assert execute(request, instance).success
    assert Product.objects.get(external_id="A-1").price == 601
    put("drops/shop/a.csv", csv_drop(goods(5)))
    [request] = ticker.settle()
    assert execute(request, instance).success
    assert Product.objects.get(external_id="A-1").price == 501, "a list that returns to a former state"


def test_of_versions_within_one_second_the_one_seen_last_stands(
    bucket: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.catalog.models import Drop, Product
    from vitrina.objects.s3 import S3Store

    real = S3Store.list
    one_second = utc(2026, 5, 1, 12)
    monkeypatch.setattr(
        S3Store, "list", lambda self, prefix: (replace(o, modified=one_second) for o in real(self, prefix))
    )
    ticker = Ticker("new_drops", instance)
    for price in (500, 600, 500, 600, 700):
        put("drops/shop/a.csv", csv_drop(goods(2, price=price)))
        [request] = ticker.settle()
        assert execute(request, instance).success
        assert Product.objects.get(external_id="A-1").price == price + 1
        assert ticker.settle() == [], "nothing moved since"
    lying = Drop.objects.order_by("modified_at").last()
    assert lying is not None
    run("intake", instance, [lying.key])
    assert Product.objects.get(external_id="A-1").price == 701
    assert len(set(Drop.objects.values_list("modified_at", flat=True))) == Drop.objects.count() == 3


def test_an_object_that_went_away_is_a_red_partition(bucket: str, instance: dg.DagsterInstance) -> None:
    from vitrina.objects import open_store

    put("drops/shop/a.csv", csv_drop(goods(2)))
    [request] = Ticker("new_drops", instance).tick()
    open_store(get_settings()).delete("drops/shop/a.csv")
    result = execute(request, instance, ok=False)
    assert not result.success
    failure = next(e for e in result.all_events if e.is_step_failure)
    assert "There is no object drops/shop/a.csv" in str(failure.step_failure_data.user_failure_data.description)
