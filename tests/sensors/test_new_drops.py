"""The sensor ``new_drops`` on a real instance and a real database: nothing lost, nothing asked for twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.fakes.catalogue import Ticker, csv_drop, execute, goods, keys_of, put
from vitrina.config import get_settings

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def ticker(instance: dg.DagsterInstance) -> Ticker:
    return Ticker("new_drops", instance)


def partitions(ticker: Ticker) -> list[str]:
    return list(ticker.instance.get_dynamic_partitions("drops"))


def place(count: int, *, source: str = "shop", first: int = 1) -> None:
    for number in range(first, first + count):
        put(f"drops/{source}/{number:05}.csv", f"id,title,price\n{number},Товар {number},10\n".encode())


def asked(requests: list[dg.RunRequest], ticker: Ticker) -> list[str]:
    return [key for request in requests for key in keys_of(request, ticker.instance)]


def test_few_drops_get_a_run_each_and_their_source_as_a_tag(ticker: Ticker) -> None:
    place(3)
    requests = ticker.settle()
    assert [request.partition_key for request in requests] == partitions(ticker)
    assert all(request.tags["vitrina/source"] == "shop" for request in requests)
    assert all(int(request.tags["dagster/priority"]) > 0 for request in requests), "before what follows intake"
    assert len({request.run_key for request in requests}) == 3


def test_many_drops_share_contiguous_ranges(ticker: Ticker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "drop_range_size", 4)
    place(10)
    requests = ticker.settle()
    assert [len(keys_of(request, ticker.instance)) for request in requests] == [4, 4, 2]
    assert asked(requests, ticker) == partitions(ticker)


def test_a_cursor_that_is_lost_duplicates_and_loses_nothing(ticker: Ticker) -> None:
    place(3)
    first = ticker.settle()
    ticker.cursor = None
    assert ticker.settle() == []
    place(2, first=4)
    assert len(ticker.settle()) == 2
    assert len(first) == 3
    assert len(partitions(ticker)) == len(set(partitions(ticker))) == 5


def test_a_file_that_is_still_being_written_waits(ticker: Ticker) -> None:
    key = put("drops/shop/a.csv", b"id,title\n1,A\n")
    assert ticker.tick() == []
    put(key, b"id,title\n1,A\n2,B\n")
    assert ticker.tick() == []
    assert partitions(ticker) == []
    assert len(ticker.settle()) == 1


def test_names_of_unfinished_files_are_left_alone(ticker: Ticker) -> None:
    for name in ("a.csv.part", ".hidden.csv", "b.tmp"):
        put(f"drops/shop/{name}", b"id,title\n1,A\n")
    assert ticker.settle() == []


def test_a_folder_is_one_drop_when_it_says_so(ticker: Ticker) -> None:
    put("drops/shop/night/a.csv", b"id,title\n1,A\n")
    put("drops/shop/night/b.csv", b"id,title\n2,B\n")
    assert ticker.settle() == []
    put("drops/shop/night/_SUCCESS", b"")
    assert len(ticker.settle()) == 1


def test_a_tick_that_dies_before_the_partitions_is_made_good(ticker: Ticker, monkeypatch: pytest.MonkeyPatch) -> None:
    place(6)
    ticker.tick()

    def die(*_: object) -> None:
        raise ConnectionError("killed")

    monkeypatch.setattr(get_settings(), "drop_settle_seconds", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(type(ticker.instance), "add_dynamic_partitions", die)
        with pytest.raises(Exception, match="killed"):
            ticker.tick()
    assert partitions(ticker) == []
    place(6, first=100)
    # Older than all: in the listing they come first, among the partitions they must not part the first batch.
    put("drops/shop/old.csv", b"id,title\n0,Old\n", at=datetime.now(UTC) - timedelta(days=9))
    requests = ticker.settle()
    every = asked(requests, ticker)
    assert sorted(every) == sorted(partitions(ticker))
    assert len(every) == len(set(every)) == 13


def test_a_tick_that_dies_before_its_runs_is_made_good(ticker: Ticker) -> None:
    place(2)
    lost = ticker.settle()
    again = Ticker("new_drops", ticker.instance)  # its run requests never reached the daemon
    repeated = again.settle()
    assert [request.run_key for request in repeated] == [request.run_key for request in lost]


def test_a_drop_whose_file_went_away_still_becomes_a_partition(ticker: Ticker, monkeypatch: pytest.MonkeyPatch) -> None:
    from vitrina.objects import open_store

    place(1)
    monkeypatch.setattr(get_settings(), "drop_settle_seconds", 0.0)
    ticker.tick()
    with monkeypatch.context() as patch:
        patch.setattr(type(ticker.instance), "add_dynamic_partitions", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ticker.tick()
    open_store(get_settings()).delete("drops/shop/00001.csv")
    [request] = ticker.tick()
    assert [request.partition_key] == partitions(ticker)


def test_the_same_file_twice_is_one_partition_and_a_changed_one_is_another(ticker: Ticker) -> None:
    now = datetime.now(UTC)
    put("drops/shop/list.csv", csv_drop(goods(3)), at=now - timedelta(hours=3))
    assert len(ticker.settle()) == 1
    put("drops/shop/list.csv", csv_drop(goods(3)), at=now - timedelta(hours=2))
    assert ticker.settle() == []
    put("drops/shop/list.csv", csv_drop(goods(3, price=600)), at=now - timedelta(hours=1))
    assert len(ticker.settle()) == 1
    assert len(partitions(ticker)) == 2


def test_a_list_that_returns_to_a_former_state_wins_over_the_one_between(ticker: Ticker) -> None:
    from vitrina.catalog.models import Product

    now = datetime.now(UTC)
    for hours, price in ((3, 500), (2, 600), (1, 500)):
        put("drops/shop/list.csv", csv_drop(goods(3, price=price)), at=now - timedelta(hours=hours))
        [request] = ticker.settle()
        assert execute(request, ticker.instance).success
        assert Product.objects.get(external_id="A-1").price == price + 1
        assert ticker.settle() == []
    assert len(partitions(ticker)) == 2


def test_a_read_drop_is_never_asked_for_again(ticker: Ticker) -> None:
    place(1)
    [request] = ticker.settle()
    execute(request, ticker.instance)
    fresh = Ticker("new_drops", ticker.instance)
    assert fresh.settle() == []


def test_a_file_in_no_folder_of_a_source_is_named_in_the_log(ticker: Ticker) -> None:
    put("drops/lost.csv", b"id,title\n1,A\n")
    assert ticker.settle() == []
    assert partitions(ticker) == []
