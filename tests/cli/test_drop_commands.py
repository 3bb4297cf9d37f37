"""``vitrina drop``: a look before the import, handing files in, what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.command import refusal, report, vitrina
from tests.conftest import REPOSITORY, Processed
from vitrina.catalog.drops import FoundDrop
from vitrina.catalog.registry import look
from vitrina.config import Settings
from vitrina.objects import open_store

CHECKED = {"format", "encoding", "rows", "accepted", "quarantined", "merged", "reasons", "columns", "products"}
#: File of the shared drops → rows, as its README counts them.
ROWS = {
    "wb_search_tshirts.csv": 303,
    "bedlinen_bom.csv": 84,
    "trendyol_shoes.json": 1008,
    "market_yml_ecwid.xml": 77,
    "price_1c_phones.xls": 263,
    "commerceml_import.xml": 36,
    "grocery_delivery.jsonl.gz": 3998,
    "pos_nomenclature_cr_only.csv": 397,
    "trendyol_best_sellers_ar.csv": 149,
    "wb_catalog_api_old_prices.json": 100,
}


@pytest.fixture
def price_list(tmp_path: Path) -> Path:
    path = tmp_path / "price.csv"
    path.write_text("id,title,price\n1,Крем [50 мл],100\n2,,50\n3,Мыло,20\n3,Мыло,20\n", encoding="utf-8")
    return path


def seen_by_the_sensor(settings: Settings) -> list[FoundDrop]:
    """Two looks, an hour apart: everything has settled by the second."""
    store, now = open_store(settings), datetime.now(UTC)
    settling = look(store, settings, {}, now=now).settling
    return look(store, settings, settling, now=now + timedelta(hours=1)).found


def test_a_check_says_what_an_import_would_see_and_changes_nothing(never_started: Path, price_list: Path) -> None:
    seen = report("drop", "check", price_list)
    assert seen.keys() >= CHECKED
    assert (seen["format"], seen["encoding"]) == ("csv", "utf-8")
    assert [seen[name] for name in ("rows", "accepted", "quarantined", "merged")] == [4, 2, 1, 1]
    assert seen["reasons"] == {"no_title": 1}
    assert seen["columns"] == {"id": "id", "title": "title", "price": "price"}
    assert [product["title"] for product in seen["products"]] == ["Крем [50 мл]", "Мыло"]
    assert seen["quarantine"][0]["number"] == 3
    assert not never_started.exists()


def test_people_get_tables_with_brackets_as_they_are(never_started: Path, price_list: Path) -> None:
    ended = vitrina("drop", "check", price_list)
    assert ended.code == 0
    for said in ("Columns", "First products", "Крем [50 мл]", "First quarantined rows", "no_title"):
        assert said in ended.out


def test_a_name_that_is_no_text_can_be_shown(never_started: Path, price_list: Path) -> None:
    path = price_list.rename(price_list.with_name("price[\udcff].csv"))
    assert report("drop", "check", path)["files"] == ["price[\ufffd].csv"]
    assert "price[\ufffd].csv" in vitrina("drop", "check", path).out


def test_a_name_that_the_sensor_would_pass_by_is_not_placed(settings: Settings, price_list: Path) -> None:
    other = price_list.with_name("other.csv")
    other.write_bytes(price_list.read_bytes())
    path = price_list.rename(price_list.with_name("price\udcff.csv"))
    for files in ((path,), (path, other, "--name", "both"), (path, "--name", "x" * 1000)):
        assert "cannot be kept" in refusal("drop", "add", *files, "--source", "shop")
    assert seen_by_the_sensor(settings) == []
    assert report("drop", "add", path, "--source", "shop", "--name", "price.csv")["placed"] == "drops/shop/price.csv"


@pytest.mark.parametrize(("name", "rows"), ROWS.items(), ids=list(ROWS))
def test_a_check_counts_the_rows_of_real_files(never_started: Path, shared_data: Path, name: str, rows: int) -> None:
    seen = report("drop", "check", shared_data / "drops" / name)
    assert seen["rows"] == rows == seen["accepted"] + seen["quarantined"] + seen["merged"]
    assert seen["products"]
    assert all(product["title"] for product in seen["products"])


def test_a_file_that_cannot_be_read_brings_the_mapping_to_write(never_started: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text("foo;bar\nКрем;1\nМыло;3\n", encoding="utf-8")
    told = refusal("drop", "check", odd, "--source", "eczane")
    assert "drops/eczane/source.yaml" in told
    assert 'mapping: # "foo": title' in told
    config = tmp_path / "source.yaml"
    config.write_text("mapping:\n  foo: title\n  bar: price\n", encoding="utf-8")
    assert report("drop", "check", odd, "--config", config)["accepted"] == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"mapping: [", "not valid YAML"),
        (b"- title\n", "`key: value` lines"),
        (b"mappings: {}\n", "`mappings` is not a setting"),
        ("name: Цена".encode("cp1251"), "not UTF-8"),
    ],
)
def test_a_wrong_source_yaml_is_told(
    never_started: Path, price_list: Path, tmp_path: Path, content: bytes, said: str
) -> None:
    config = tmp_path / "source.yaml"
    config.write_bytes(content)
    assert said in refusal("drop", "check", price_list, "--config", config)
    known = never_started / "objects" / "drops" / "shop" / "source.yaml"
    known.parent.mkdir(parents=True)
    known.write_bytes(content)
    assert said in refusal("drop", "check", price_list, "--source", "shop")


def test_files_that_do_not_exist_are_named(never_started: Path, price_list: Path, tmp_path: Path) -> None:
    for arguments in (("check",), ("add", "--source", "shop"), ("check", price_list, "--config")):
        assert "absent" in refusal("drop", *arguments, tmp_path / "absent")


def test_what_is_handed_in_is_what_the_sensor_sees(settings: Settings, price_list: Path, tmp_path: Path) -> None:
    other = tmp_path / "stock.csv"
    other.write_text("id,title\n9,Шампунь\n", encoding="utf-8")
    folder = tmp_path / "week 21"
    (folder / "parts").mkdir(parents=True)
    (folder / "a.csv").write_bytes(price_list.read_bytes())
    (folder / "parts" / "b.csv").write_bytes(other.read_bytes())
    one = report("drop", "add", price_list, "--source", "shop")
    assert one == {"placed": "drops/shop/price.csv", "running": False}
    several = report("drop", "add", price_list, other, "--source", "shop", "--name", "both")
    whole = report("drop", "add", folder, "--source", "supplier")
    found = {drop.candidate.path: drop.candidate for drop in seen_by_the_sensor(settings)}
    assert found.keys() == {"drops/shop/price.csv", several["placed"], whole["placed"]}
    assert (several["placed"], whole["placed"]) == ("drops/shop/both/", "drops/supplier/week 21/")
    assert [item.key.removeprefix(whole["placed"]) for item in found[whole["placed"]].objects] == [
        "a.csv",
        "parts/b.csv",
    ]
    assert found["drops/shop/both/"].finished


def test_handing_in_tells_people_how_the_platform_is_started(settings: Settings, price_list: Path) -> None:
    ended = vitrina("drop", "add", price_list, "--source", "shop")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "Placed drops/shop/price.csv. Start the platform with `make up`: its sensor takes it.\n"


def test_names_that_make_no_drop_are_refused(settings: Settings, price_list: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "'../shop' is no source name" in refusal("drop", "add", price_list, "--source", "../shop")
    assert "no files" in refusal("drop", "add", empty, "--source", "shop")
    assert "either files or one folder" in refusal("drop", "add", price_list, empty, "--source", "shop")
    assert "same name" in refusal("drop", "add", price_list, price_list, "--source", "shop")
    assert "--name" in refusal("drop", "add", price_list, "--source", "shop", "--name", ".hidden")
    assert seen_by_the_sensor(settings) == []


def test_drops_are_listed_and_shown(processed: Processed) -> None:
    drops = report("drop", "list")["drops"]
    assert {drop["key"] for drop in drops} == set(processed.keys)
    assert all(drop["rows"] == drop["accepted"] + drop["quarantined"] + drop["merged"] for drop in drops)
    assert len(report("drop", "list", "--limit", 1)["drops"]) == 1
    assert report("drop", "list", "--source", "nobody")["drops"] == []
    assert refusal("drop", "list", "--limit", -1)
    worst = max(drops, key=lambda drop: drop["quarantined"])
    shown = report("drop", "show", worst["key"])
    assert shown.keys() >= {"key", "state", "path", "reasons", "columns", "notes", "gate", "gate_reasons", "run_id"}
    assert {name: shown[name] for name in worst} == worst
    assert len(shown["quarantine"]) == min(worst["quarantined"], 20)
    assert sum(shown["reasons"].values()) == worst["quarantined"]
    assert worst["key"] in vitrina("drop", "show", worst["key"]).out
    assert all(key in vitrina("drop", "list").out for key in processed.keys)


def test_a_retry_without_the_platform_says_how_to_start_it(processed: Processed) -> None:
    assert "`make up`" in refusal("drop", "retry", processed.keys[0])
    for command in ("show", "retry"):
        told = refusal("drop", command, "shop~none~0")
        assert "No drop is known as shop~none~0" in told
        assert "`vitrina drop list`" in told


def test_a_sample_checked_beforehand_counts_what_the_import_counted(processed: Processed) -> None:
    for drop in report("drop", "list")["drops"]:
        path = report("drop", "show", drop["key"])["path"]
        source = Path(path).parts[1]
        seen = report("drop", "check", REPOSITORY / "samples" / path, "--source", source)
        assert {name: seen[name] for name in ("rows", "accepted", "quarantined", "merged")} == {
            name: drop[name] for name in ("rows", "accepted", "quarantined", "merged")
        }
