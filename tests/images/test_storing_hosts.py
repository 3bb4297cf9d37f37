"""Hosts that are dead, slow or ask for patience cost no picture and no other host its turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.image_server import Answer, ImageHost, picture
from tests.images.stored import Make, make_due, refresh, shown, urls
from vitrina.config import Settings
from vitrina.errors import RetryableError
from vitrina.images.reasons import Reason
from vitrina.objects import FolderStore


def test_what_a_host_does_not_answer_waits_and_is_completed_later(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    from vitrina.images.models import PictureUrl
    from vitrina.images.service import due_urls, fetch_urls

    product = make_product([host.put("a.jpg", picture(1))])
    host.down = True
    result = refresh(store, asking)
    assert urls() == {"a.jpg": ("waiting", "unreachable")}
    assert result.states == {"waiting": 1}
    row = PictureUrl.objects.get()
    assert row.attempts == 1
    assert timedelta(minutes=8) < row.next_try_at - datetime.now(UTC) < timedelta(minutes=12)
    assert not due_urls(asking, waiting_only=True).exists()
    assert refresh(store, asking).due == 0, "not before its time"
    make_due()
    host.down = False
    again = fetch_urls(list(due_urls(asking, waiting_only=True).values_list("id", flat=True)), store, asking)
    assert again.completed == [row.pk]
    assert shown(product) != [None]


def test_a_dead_host_is_left_alone_after_a_few_tries_and_remembered(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    from vitrina.images.models import ImageHost as HostRow
    from vitrina.images.models import PictureUrl

    make_product([])
    for number in range(60):
        make_product([host.put(f"{number}.jpg", picture(number))])
    host.down = True
    result = refresh(store, asking)
    assert sum(host.asked.values()) <= 20
    assert result.states == {"waiting": 60}
    assert result.reasons["host_down"] >= 50
    assert result.hosts_left_alone == [host.host]
    row = HostRow.objects.get()
    assert row.open_until is not None
    assert PictureUrl.objects.filter(next_try_at__lt=row.open_until).count() == 0
    assert PictureUrl.objects.filter(reason="host_down", attempts=0).count() == result.reasons["host_down"]

    host.down, before = False, sum(host.asked.values())
    PictureUrl.objects.update(next_try_at=datetime.now(UTC))
    assert refresh(store, asking).states == {"waiting": 60}
    assert sum(host.asked.values()) == before, "another run leaves it alone as well"

    make_due()
    assert refresh(store, asking).states == {"stored": 60}
    assert HostRow.objects.get().open_until is None


def test_a_dead_host_does_not_hold_back_the_others(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    dead = [f"http://127.0.0.1:9/{number}.jpg" for number in range(20)]
    for number in range(20):
        make_product([dead[number], host.put(f"{number}.jpg", picture(number))])
    allowed = asking.model_copy(update={"image_allow_hosts": f"{host.host},127.0.0.1:9"})
    result = refresh(store, allowed)
    assert result.states == {"stored": 20, "waiting": 20}


def test_after_eight_tries_an_address_is_given_up(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    from vitrina.images.models import ImageHost as HostRow
    from vitrina.images.models import PictureUrl

    make_product([host.put("a.jpg", picture(1))])
    host.down = True
    for number in range(1, 9):
        refresh(store, asking)
        row = PictureUrl.objects.get()
        assert row.attempts == number
        make_due()
        HostRow.objects.all().delete()
    assert (row.state, row.reason) == ("refused", "unreachable")
    assert "8 tries" in row.message
    assert refresh(store, asking).due == 0


def test_a_host_that_asks_for_patience_gets_it(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    url = host.put("a.jpg", picture(1))
    host.answers["/a.jpg"].first = [Answer(b"", 429, {"Retry-After": "1"})]
    make_product([url])
    assert refresh(store, asking).states == {"stored": 1}
    long = host.put("b.jpg", picture(2))
    host.answers["/b.jpg"].first = [Answer(b"", 429, {"Retry-After": "3600"})]
    make_product([long])
    refresh(store, asking)
    assert urls()["b.jpg"] == ("waiting", "rate_limited")
    assert host.asked["/b.jpg"] == 1


def test_a_hiccup_is_tried_again_at_once(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    for name, answer in (("a.jpg", Answer(b"", 500)), ("b.jpg", Answer(picture(2), cut=50))):
        make_product([host.put(name, picture(len(name)))])
        host.answers[f"/{name}"].first = [answer]
    assert refresh(store, asking).states == {"stored": 2}


def test_manners_hold_for_one_host(asking: Settings, store: FolderStore, host: ImageHost, make_product: Make) -> None:
    for number in range(12):
        make_product([host.put(f"{number}.jpg", picture(number), seconds=0.05)])
    refresh(store, asking.model_copy(update={"image_host_concurrency": 3}))
    assert host.at_once <= 3


def test_a_store_that_does_not_answer_costs_no_try(
    asking: Settings, store: FolderStore, host: ImageHost, make_product: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.images.models import PictureUrl

    make_product([host.put("a.jpg", picture(1))])

    def down(*_: object, **__: object) -> None:
        raise RetryableError("The bucket does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(store, "put", down)
        assert refresh(store, asking).reasons == {Reason.STORE_DOWN.value: 1}
    assert PictureUrl.objects.get().attempts == 0
    make_due()
    assert refresh(store, asking).states == {"stored": 1}


def test_an_inner_address_of_a_feed_is_never_asked(
    settings: Settings, store: FolderStore, host: ImageHost, make_product: Make
) -> None:
    make_product([host.put("a.jpg", picture(1)), "http://127.0.0.1/b.jpg", "http://169.254.169.254/c.jpg"])
    refresh(store, settings.model_copy(update={"image_workers": 1}))
    assert {state for state, _ in urls().values()} == {"refused"}
    assert {reason for _, reason in urls().values()} == {"forbidden_address"}
    assert not host.asked
