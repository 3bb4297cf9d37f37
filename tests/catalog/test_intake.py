"""From files to committed products: counts, idempotence, faults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest

from tests.catalog.making import catalogue, day, drop_row, parsed, place, read, table_state, take, wal_of
from vitrina.catalog import intake
from vitrina.catalog.intake import take_in, write_drop
from vitrina.catalog.models import Drop, Product, QuarantinedRow
from vitrina.catalog.registry import get_drop, look, register
from vitrina.errors import PermanentError
from vitrina.feeds.records import DropUnreadable, SourceConfig
from vitrina.feeds.records import QuarantinedRow as QuarantinedFeedRow
from vitrina.objects import open_store

pytestmark = pytest.mark.usefixtures("database")

CATALOGUE = ("catalog_product", "catalog_quarantinedrow")
LIST = "id;title;price;brand\n1;Платье;1 299,00;Нур\n2;Юбка;500;Нур\n2;Юбка;500;Нур\n;;;\n3;;100;\n4;Шарф;уточняйте;\n"


def noticed(settings):
    """Drops that two looks at the drops area find."""
    store = open_store(settings)
    settled = {path: f"{value.partition('@')[0]}@0" for path, value in look(store, settings, {}).settling.items()}
    register(look(store, settings, settled).found, each_below=9, range_size=9)
    return store, [get_drop(key) for key in Drop.objects.order_by("id").values_list("key", flat=True)]


def test_rows_are_accepted_quarantined_or_merged_and_counted(settings):
    place(settings, "shop/list.csv", LIST)
    store, [drop] = noticed(settings)
    result = take_in(drop, store, settings, run_id="r1")
    drop.refresh_from_db()
    assert (drop.rows, drop.accepted, drop.quarantined, drop.merged) == (5, 3, 1, 1)
    assert drop.rows == drop.accepted + drop.quarantined + drop.merged
    assert (result.new, drop.state, drop.format, drop.run_id) == (3, "parsed", "csv", "r1")
    [bad] = QuarantinedRow.objects.all()
    assert (bad.reason, bad.number, drop.reasons) == ("no_title", 6, {"no_title": 1})
    assert "100" in bad.raw
    assert str(catalogue()["1"].price) == "1299.00"
    assert (catalogue()["4"].price, catalogue()["4"].price_note) == (None, "filler")


def test_the_same_drop_again_changes_no_row_and_hardly_any_wal(settings):
    products = [
        parsed(str(n), price=n + 1, attributes={"Цвет": "синий"}, image_urls=["https://a.example"]) for n in range(3000)
    ]
    bad = [QuarantinedFeedRow(n, "no_title", "The record has no title.", f"raw {n}") for n in range(50)]
    drop = drop_row(day(1))
    write_drop(drop, read(products, bad), SourceConfig("shop"), settings)
    before = table_state(*CATALOGUE)
    again = []
    written = wal_of(lambda: again.append(write_drop(drop, read(products, bad), SourceConfig("shop"), settings)))
    assert table_state(*CATALOGUE) == before
    assert (again[0].new, again[0].changed, again[0].unchanged) == (0, 0, 3000)
    assert written < 200_000


def test_the_same_bytes_under_another_name_are_another_drop_that_costs_nothing(settings):
    place(settings, "shop/a.csv", LIST)
    place(settings, "shop/b.csv", LIST)
    store, [one, other] = noticed(settings)
    assert one.digest == other.digest
    take_in(one, store, settings)
    before = table_state(*CATALOGUE[:1])
    result = take_in(other, store, settings)
    assert (result.unchanged, table_state(*CATALOGUE[:1])) == (3, before)


def test_one_percent_of_changed_rows_changes_one_percent(settings):
    products = [parsed(str(n), price=1000) for n in range(1000)]
    take(day(1), products)
    before = {key: (p.row_hash, p.updated_at) for key, p in catalogue().items()}
    changed = [parsed(str(n), price=1100 if n % 100 == 0 else 1000) for n in range(1000)]
    _, result = take(day(2), changed)
    assert (result.changed, result.unchanged) == (10, 990)
    after = {key: (p.row_hash, p.updated_at) for key, p in catalogue().items()}
    assert sum(after[key] != before[key] for key in after) == 10


def test_a_new_price_leaves_the_content_hash_alone():
    take(day(1), [parsed("1", price=100)])
    before = catalogue()["1"].content_hash
    take(day(2), [parsed("1", price=120)])
    assert catalogue()["1"].content_hash == before
    take(day(3), [parsed("1", price=120, attributes={"Цвет": "синий"})])
    assert catalogue()["1"].content_hash != before


def test_fewer_quarantined_rows_after_a_mended_mapping_leave_none_behind(settings):
    drop = drop_row(day(1))
    bad = [QuarantinedFeedRow(n, "no_title", "x", "raw") for n in range(5)]
    write_drop(drop, read([parsed("1")], bad), SourceConfig("shop"), settings)
    write_drop(drop, read([parsed("1")], bad[:2]), SourceConfig("shop"), settings)
    assert QuarantinedRow.objects.count() == 2


def test_hostile_text_is_stored_or_set_aside_and_never_breaks_the_drop(settings):
    raw = "a\0b\ud800" + "я" * 50_000
    drop = drop_row(day(1))
    content = read([parsed("x" * 900, "=cmd|' /C calc'!A0", description="'; DROP TABLE catalog_product; --")],
                   [QuarantinedFeedRow(1, "broken_record", "m\0", raw, "файл\ud800.csv")])  # fmt: skip
    content.report.columns = {"кол\0онка": "title"}
    write_drop(drop, content, SourceConfig("shop"), settings)
    kept = QuarantinedRow.objects.get()
    assert (kept.raw[:4], len(kept.raw), kept.message) == ("a\ufffdb\ufffd", 20_000, "m\ufffd")
    assert len(Product.objects.get().external_id) <= 300
    take(drop, [parsed("x" * 900, "=cmd|' /C calc'!A0", description="'; DROP TABLE catalog_product; --")])
    assert Product.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"title": "a\0b"}, {"title": "\ud800"}, {"attributes": {"a": "\0"}}])
def test_a_value_that_no_table_holds_refuses_the_whole_drop_with_a_message(settings, wrong):
    product = parsed("2")
    for name, value in wrong.items():
        setattr(product, name, value)
    with pytest.raises(DropUnreadable, match="beyond what the catalogue holds"):
        write_drop(drop_row(day(1)), read([parsed("1"), product]), SourceConfig("shop"), settings)
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", ""),
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), ""),
        ("notitle.csv", b"a;b\n1;2\n3;4\n", ""),
    ],
)
def test_a_drop_that_cannot_be_read_keeps_its_message_and_its_file(settings, name, content, says):
    path = place(settings, f"shop/{name}", content)
    store, [drop] = noticed(settings)
    with pytest.raises(PermanentError):
        take_in(drop, store, settings, run_id="r1")
    drop.refresh_from_db()
    assert (drop.state, drop.run_id, path.exists()) == ("unreadable", "r1", True)
    assert len(drop.message) > 20
    assert "Traceback" not in drop.message


def test_a_fault_of_a_reader_fails_its_drop_alone(settings, monkeypatch):
    from vitrina.feeds import reading

    def broken(files, config):
        raise IndexError("list index out of range")

    place(settings, "shop/a.csv", LIST)
    store, [drop] = noticed(settings)
    monkeypatch.setattr(reading, "read_drop", broken)
    with pytest.raises(DropUnreadable, match="IndexError"):
        take_in(drop, store, settings)
    drop.refresh_from_db()
    assert drop.state == "unreadable"


def test_a_wrong_source_yaml_is_the_drops_message_until_it_is_mended(settings):
    place(settings, "shop/a.csv", LIST)
    config = place(settings, "shop/source.yaml", "nonsense: 1\n")
    store, [drop] = noticed(settings)
    with pytest.raises(PermanentError, match="nonsense"):
        take_in(drop, store, settings)
    drop.refresh_from_db()
    assert (drop.state, "nonsense" in drop.message) == ("unreadable", True)
    config.write_bytes("name: Лавка".encode("cp1251"))
    with pytest.raises(PermanentError, match=r"source\.yaml of shop is not UTF-8.*Save it as UTF-8"):
        take_in(get_drop(drop.key), store, settings)
    config.write_text("name: Лавка\nfull_list: true\n")
    take_in(get_drop(drop.key), store, settings)
    drop.refresh_from_db()
    assert (drop.state, drop.message, drop.source.name, drop.source.full_list) == ("parsed", "", "Лавка", True)


def test_a_file_that_vanished_or_was_replaced_fails_its_drop_and_keeps_what_was_parsed(settings):
    path = place(settings, "shop/a.csv", LIST)
    store, [drop] = noticed(settings)
    take_in(drop, store, settings)
    path.write_text(LIST.replace("1 299", "2 000"))
    with pytest.raises(PermanentError, match="has been replaced"):
        take_in(get_drop(drop.key), store, settings)
    path.unlink()
    with pytest.raises(PermanentError, match="no longer in the drops area"):
        take_in(get_drop(drop.key), store, settings)
    drop.refresh_from_db()
    assert (drop.state, drop.rows) == ("parsed", 5)
    assert "no longer" in drop.message


def test_a_folder_is_one_drop_whose_files_are_read_together(settings):
    place(settings, "shop/set/a.csv", "id;title;price\n1;Платье;10\n")
    place(settings, "shop/set/b.csv", "id;title;price\n2;Юбка;20\n1;Платье;10\n")
    place(settings, "shop/set/_SUCCESS", "")
    store, [drop] = noticed(settings)
    result = take_in(drop, store, settings)
    assert (result.accepted, result.merged, sorted(catalogue())) == (2, 1, ["1", "2"])


_KILLED = """
import sys, time
from vitrina.project.setup import setup_django
setup_django()
from vitrina.catalog import intake
from vitrina.catalog.models import Drop
from vitrina.config import get_settings
from vitrina.objects import open_store
def stop(*arguments):
    print("written", flush=True)
    time.sleep(600)
intake._record = stop
intake.take_in(Drop.objects.select_related("source").get(), open_store(get_settings()), get_settings())
"""


def test_killed_in_the_middle_nothing_is_half_written_and_the_next_run_completes(settings, database):
    place(settings, "shop/list.csv", LIST)
    store, [drop] = noticed(settings)
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED], stdout=subprocess.PIPE, text=True, env=dict(os.environ),
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout.readline().strip() == "written"  # rows are in the open transaction
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    drop.refresh_from_db()
    assert (Product.objects.count(), QuarantinedRow.objects.count(), drop.state) == (0, 0, "found")
    take_in(get_drop(drop.key), store, settings)
    assert (Product.objects.count(), QuarantinedRow.objects.count()) == (3, 1)


def test_two_intakes_of_one_source_take_turns(settings, database, monkeypatch):
    drop = drop_row(day(1))
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("BEGIN")
        other.execute("SELECT pg_advisory_xact_lock(%s, %s)", [intake._LOCK_CLASS, drop.source_id])
        done = threading.Event()

        def work():
            from django.db import connection

            write_drop(drop, read([parsed("1")]), SourceConfig("shop"), settings)
            connection.close()
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        query = (
            "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database "
            "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        deadline = time.monotonic() + 120
        while other.execute(query).fetchone()[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not done.is_set()
        other.execute("COMMIT")
        thread.join(120)
    assert done.is_set()
    assert Product.objects.count() == 1


def test_a_decision_that_falls_while_a_drop_is_read_stands(settings):
    products = [parsed(str(n), price=100) for n in range(20)]
    take(day(1), products)
    wrong = [parsed(str(n), price=1000) for n in range(20)]
    stale, _ = take(day(2), wrong)
    Drop.objects.filter(pk=stale.pk).update(gate="released")
    assert write_drop(stale, read(wrong), SourceConfig("shop"), settings).gate == "released"
    stale.refresh_from_db()
    assert stale.gate == "released"


@pytest.mark.parametrize(
    "name",
    ["bedlinen_bom.csv", "trendyol_shoes.json", "market_yml_ecwid.xml", "wb_catalog_api_old_prices.json"],
)
def test_real_drops_add_up_and_their_second_reading_changes_nothing(shared_data, settings, name):
    place(settings, f"real/{name}", (shared_data / "drops" / name).read_bytes())
    store, [drop] = noticed(settings)
    first = take_in(drop, store, settings)
    drop.refresh_from_db()
    assert drop.rows == drop.accepted + drop.quarantined + drop.merged
    assert first.new == drop.accepted == Product.objects.count() > 0
    assert drop.quarantined == QuarantinedRow.objects.count()
    before = table_state(*CATALOGUE)
    second = take_in(get_drop(drop.key), store, settings)
    assert table_state(*CATALOGUE) == before
    assert (second.new, second.changed, asdict(second)["unchanged"]) == (0, 0, drop.accepted)
