"""What is a drop, when it is complete, and its key: plain functions of a listing, then two looks at a real folder."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest
from dagster._core.definitions.partitions.utils.base import INVALID_PARTITION_SUBSTRINGS
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.catalog.making import day, place
from vitrina.catalog import registry
from vitrina.catalog.drop_times import SourceClock
from vitrina.catalog.drops import drop_key, group, plan_batches, scan
from vitrina.catalog.handing_in import hand_in
from vitrina.catalog.models import Drop
from vitrina.errors import PermanentError
from vitrina.objects import ObjectInfo, open_store

NOW = day(10)


def info(key, *, size=10, modified=NOW, etag=None):
    return ObjectInfo(f"drops/{key}", size, modified, etag)


class Looker:
    """Looks at listings one after the other, as sensor ticks do; counts the digests it asks for."""

    def __init__(self, **options):
        self.settling, self.known, self.read, self.now = {}, {}, [], NOW
        self.options = {"atomic_puts": False, "limit": 100} | options

    def digest(self, candidate):
        self.read.append(candidate.path)
        return hashlib.sha256(repr([(o.key, o.size) for o in candidate.objects]).encode()).hexdigest()

    def look(self, *listing, later=5.0):
        self.now += timedelta(seconds=later)
        found = scan(
            listing, now=self.now, settling=self.settling, known=self.known, digest=self.digest,
            file_settle=timedelta(seconds=2), folder_settle=timedelta(seconds=60), **self.options,
        )  # fmt: skip
        self.settling = found.settling
        self.known |= {(drop.candidate.path, drop.candidate.stamp): (drop.key, drop.digest) for drop in found.found}
        return found

    def names(self, *listing, later=5.0):
        return [drop.candidate.name for drop in self.look(*listing, later=later).found]


def test_a_file_is_taken_when_two_looks_see_the_same_size_and_time():
    looker = Looker()
    assert looker.names(info("shop/a.csv", size=1)) == []
    assert looker.names(info("shop/a.csv", size=2)) == []
    assert looker.names(info("shop/a.csv", size=2), later=0.5) == []  # two looks too close prove nothing
    assert looker.names(info("shop/a.csv", size=2)) == ["a.csv"]


def test_a_file_with_an_old_time_is_not_believed_to_be_complete():
    looker = Looker()
    assert looker.names(info("shop/a.csv", size=1, modified=day(0))) == []
    assert looker.names(info("shop/a.csv", size=9, modified=day(0))) == []
    assert looker.names(info("shop/a.csv", size=9, modified=day(0))) == ["a.csv"]


def test_objects_of_a_bucket_appear_whole():
    assert Looker(atomic_puts=True).names(info("shop/a.csv", etag="x")) == ["a.csv"]


UNREAD = ["a.csv.part", "a.tmp", "A.CRDOWNLOAD", "a.csv~", ".a.csv", ".hidden/a.csv", "_SUCCESS", "source.yaml"]


@pytest.mark.parametrize("name", UNREAD)
def test_unfinished_hidden_and_service_files_are_no_drops(name):
    looker = Looker(atomic_puts=True)
    found = looker.look(info(f"shop/{name}"))
    assert (found.found, found.ignored) == ([], [])


def test_a_folder_is_taken_at_once_with_its_mark_and_after_its_time_without():
    files = (info("shop/set/a.csv", modified=day(0)), info("shop/set/deep/b.csv", modified=day(0)))
    looker = Looker()
    assert looker.names(*files) == []
    assert looker.names(*files, later=30) == []
    assert looker.names(*files, info("shop/set/c.csv"), later=31) == []  # something came: the time begins anew
    assert looker.names(*files, info("shop/set/c.csv"), later=61) == ["set"]
    [drop] = Looker().look(*files, info("shop/set/_SUCCESS"), info("shop/set/deep/_SUCCESS")).found
    assert [o.key for o in drop.candidate.objects] == ["drops/shop/set/a.csv", "drops/shop/set/deep/b.csv"]


def test_bytes_are_read_once_and_again_only_after_a_change():
    looker = Looker(atomic_puts=True)
    for _ in range(3):
        assert looker.names(info("shop/a.csv", etag="x")) == ["a.csv"]
    assert len(looker.read) == 1
    changed = looker.look(info("shop/a.csv", size=11, etag="y")).found
    assert (len(looker.read), len({key for key, _ in looker.known.values()})) == (2, 2)
    assert changed[0].key != looker.look(info("shop/a.csv", etag="x")).found[0].key
    assert len(looker.read) == 2  # the former bytes came back: known as well


def test_one_look_takes_no_more_than_its_limit_and_the_oldest_first():
    looker = Looker(atomic_puts=True, limit=2)
    files = [info(f"shop/{n}.csv", modified=day(9 - n), etag=str(n), size=n + 1) for n in range(5)]
    first = looker.look(*files)
    assert ([d.candidate.name for d in first.found], first.left_for_later) == (["4.csv", "3.csv"], 3)
    assert len(looker.look(*files).found) == 4
    assert (len(looker.look(*files).found), len(looker.read)) == (5, 5)


def test_keys_that_no_table_can_hold_are_told_and_do_not_stop_the_others():
    _, ignored = group(
        [info("loose.csv"), info("x" * 81 + "/a.csv"), info("shop/\udcff.csv"), info("shop/" + "y" * 1000)]
    )
    assert len(ignored) == 4
    assert "\\udcff" in ignored[2]
    assert all(key.encode() for key in ignored)
    assert group([info("loose.csv"), info("shop/a.csv")])[0][0].name == "a.csv"


@given(st.text(max_size=200), st.text(max_size=200))
@hypothesis_settings(max_examples=300, deadline=None)
def test_keys_fit_partitions_and_different_names_stay_different(one, other):
    one, other = (name.encode("utf-8", "ignore").decode() for name in (one, other))
    key = drop_key("shop", one, "0" * 64)
    assert len(key) <= 300
    assert not any(part in key for part in (*INVALID_PARTITION_SUBSTRINGS, ",", "/", " ", ".."))
    assert (key == drop_key("shop", other, "0" * 64)) == (one == other)


def test_a_plain_name_makes_the_documented_key():
    assert (
        drop_key("wildberries", "2026-05-18_list.json", "ab" * 32) == "wildberries__2026-05-18_list.json__abababababab"
    )


def test_few_drops_get_a_run_each_and_many_share_contiguous_ranges():
    keys = [str(n) for n in range(10)]
    assert plan_batches(keys[:4], each_below=4, range_size=3) == [["0"], ["1"], ["2"], ["3"]]
    batches = plan_batches(keys, each_below=4, range_size=3)
    assert [len(batch) for batch in batches] == [3, 3, 3, 1]
    assert [key for batch in batches for key in batch] == keys


def _two_looks(settings, store, **options):
    first = registry.look(store, settings, {})
    settled = {path: f"{value.partition('@')[0]}@0" for path, value in first.settling.items()}
    found = registry.look(store, settings, settled)
    return registry.register(found.found, each_below=4, range_size=3), found


def test_a_touched_file_is_the_same_drop_and_its_bytes_are_read_once_more_only(settings, monkeypatch):
    path = place(settings, "shop/a.csv", "title;price\nПлатье;1\n")
    store, reads = open_store(settings), []
    digest = registry.candidate_digest
    monkeypatch.setattr(registry, "candidate_digest", lambda s, c: reads.append(c.path) or digest(s, c))
    _two_looks(settings, store)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    for _ in range(3):
        _two_looks(settings, store)
    assert (Drop.objects.count(), len(reads)) == (1, 2)


def test_names_of_any_kind_become_drops(settings):
    names = ["Прайс, лист №1.csv", "a b.csv", "a-b.csv", "a..b....csv", "x" * 200 + ".csv", "%41?#&.csv", "ürün 💄.csv"]
    for name in names:
        place(settings, f"shop/{name}", "title;price\nПлатье;1\n")
    batches, _ = _two_looks(settings, open_store(settings))
    assert set(Drop.objects.values_list("name", flat=True)) == set(names)
    assert sorted(key for batch in batches for key in batch.keys) == sorted(Drop.objects.values_list("key", flat=True))


def test_a_batch_whose_run_never_came_about_is_asked_for_again_under_the_same_key(settings):
    place(settings, "shop/a.csv", "title;price\nПлатье;1\n")
    store = open_store(settings)
    [first], _ = _two_looks(settings, store)
    [again], _ = _two_looks(settings, store)
    assert again == first
    Drop.objects.update(state="parsed")
    assert _two_looks(settings, store)[0] == []


def test_a_clock_that_runs_ahead_gives_no_drop_the_last_word_for_ever(settings):
    path = place(settings, "shop/a.csv", "title;price\nПлатье;1\n")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    _two_looks(settings, open_store(settings))
    assert Drop.objects.get().modified_at <= datetime.now(UTC)


def test_drops_of_one_second_keep_the_order_in_which_they_were_seen():
    clock = SourceClock([day(1)])
    first, second = clock.moment(day(1)), clock.moment(day(1))
    assert day(1) < first < second < day(1) + timedelta(seconds=1)
    half = day(1) + timedelta(seconds=0.5)
    assert [clock.moment(half), clock.moment(half)] == [half, half + timedelta(microseconds=1)]
    assert clock.moment(day(1)) > half, "seen after it, in the same whole second"
    assert clock.moment(day(2)) == day(2)


@given(st.lists(st.integers(0, 3), max_size=30))
def test_no_two_drops_of_a_source_have_one_time(seconds):
    clock = SourceClock()
    given_times = [clock.moment(day(1) + timedelta(seconds=second)) for second in seconds]
    assert len(set(given_times)) == len(given_times)
    assert sorted(given_times) == [
        time for _, time in sorted(zip(seconds, given_times, strict=True), key=lambda p: p[0])
    ]


def test_several_files_are_handed_in_as_one_folder_with_its_mark_last(settings, tmp_path):
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        file.write_text("title;price\nПлатье;1\n")
    store = open_store(settings)
    prefix = hand_in(store, files, source="shop", name="май")
    assert sorted(o.key.removeprefix(prefix) for o in store.list(prefix)) == ["_SUCCESS", "a.csv", "b.csv"]
    folder = tmp_path / "май"
    folder.mkdir()
    (folder / "c.csv").write_text("title;price\nЮбка;2\n")
    hand_in(store, [folder], source="shop")
    assert sorted(o.key.removeprefix(prefix) for o in store.list(prefix)) == ["_SUCCESS", "c.csv"]


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "list.part", "~"])
def test_names_that_nobody_would_read_are_refused(settings, tmp_path, name):
    file = tmp_path / "a.csv"
    file.write_text("x")
    with pytest.raises(PermanentError, match="not read"):
        hand_in(open_store(settings), [file], source="shop", name=name)
