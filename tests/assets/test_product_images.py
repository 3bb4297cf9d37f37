"""The asset of pictures, and the job that completes what waited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest

from tests.fakes.catalogue import Ticker, csv_drop, goods, keys_of, put, run
from tests.fakes.image_server import ImageHost, image_host, picture
from vitrina.config import get_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def host(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageHost]:
    with image_host() as running:
        monkeypatch.setenv("IMAGE_ALLOW_HOSTS", running.host)
        monkeypatch.setenv("IMAGE_HOST_INTERVAL_SECONDS", "0")
        get_settings.cache_clear()
        yield running


def taken_in(instance: dg.DagsterInstance, host: ImageHost, count: int) -> str:
    """A drop whose products have a picture each; its key."""
    rows = [{**row, "image": host.put(f"{n}.jpg", picture(n))} for n, row in enumerate(goods(count))]
    put("drops/shop/a.csv", csv_drop(rows))
    [request] = Ticker("new_drops", instance).settle()
    [key] = keys_of(request, instance)
    run("intake", instance, [key])
    return key


def metadata_of(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    [event] = result.asset_materializations_for_node("product_images")
    return {name: value.value for name, value in event.metadata.items()}


def test_a_drop_gets_its_pictures_and_a_second_run_makes_nothing(instance: dg.DagsterInstance, host: ImageHost) -> None:
    from vitrina.images.models import Picture

    key = taken_in(instance, host, 3)
    first = metadata_of(run("process_drop", instance, [key], select=["product_images"]))
    assert (first["asked"], first["stored"], first["new_pictures"]) == (3, 3, 3)
    assert Picture.objects.count() == 3
    asked = sum(host.asked.values())
    second = metadata_of(run("process_drop", instance, [key], select=["product_images"]))
    assert (second["asked"], second["new_pictures"]) == (0, 0)
    assert sum(host.asked.values()) == asked


def test_what_waited_is_completed_by_the_schedule_and_told_for_its_drop(
    instance: dg.DagsterInstance, host: ImageHost
) -> None:
    from vitrina.images.models import ImageHost as HostRow
    from vitrina.images.models import PictureUrl

    key = taken_in(instance, host, 2)
    host.down = True
    made = metadata_of(run("process_drop", instance, [key], select=["product_images"]))
    assert (made["stored"], made["waiting"]) == (0, 2)
    assert isinstance(asked_by_the_schedule(instance), dg.SkipReason), "nothing is due yet"
    PictureUrl.objects.update(next_try_at="2026-01-01T00:00:00Z")
    HostRow.objects.all().delete()
    host.down = False
    assert isinstance(asked_by_the_schedule(instance), dg.RunRequest)
    run("waiting_pictures", instance)
    assert set(PictureUrl.objects.values_list("state", flat=True)) == {"stored"}
    events = instance.fetch_materializations(dg.AssetKey("product_images"), limit=10).records
    assert [record.partition_key for record in events] == [key, key]
    run("waiting_pictures", instance)
    assert len(instance.fetch_materializations(dg.AssetKey("product_images"), limit=10).records) == 2


def asked_by_the_schedule(instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    from pipelines.picture_jobs import plan
    from vitrina.images.service import due_urls

    return plan(instance, due_urls(get_settings(), waiting_only=True).count())


def test_a_run_in_progress_is_not_doubled(instance: dg.DagsterInstance) -> None:
    from pipelines.picture_jobs import plan, waiting_pictures

    assert isinstance(plan(instance, 5), dg.RunRequest)
    run = instance.create_run_for_job(waiting_pictures)
    event = dg.DagsterEvent(event_type_value="PIPELINE_START", job_name=run.job_name)
    instance.report_dagster_event(event, run.run_id)
    assert isinstance(plan(instance, 5), dg.SkipReason)
