"""A drop that cannot be read fails its partition, and no check that has nothing to do with it."""

from __future__ import annotations

import dagster as dg

from tests.conftest import Processed
from tests.fakes.catalogue import Ticker, csv_drop, goods, keys_of, put, run


def test_checks_are_evaluated_although_a_drop_of_the_run_cannot_be_read(processed: Processed) -> None:
    put("drops/shop/good.csv", csv_drop(goods(2)))
    put("drops/shop/bad.csv", b"foo;bar\n1;2\n3;4\n")
    requests = Ticker("new_drops", processed.instance).settle()
    keys = [key for request in requests for key in keys_of(request, processed.instance)]
    result = run("intake", processed.instance, keys, ok=False)
    assert not result.success
    names = ["rows_are_accounted_for", "quarantine_share", "ids_are_unique", "products_are_whole", "gates_are_open"]
    wanted = [dg.AssetCheckKey(dg.AssetKey("parsed_products"), name) for name in names]
    latest = processed.instance.event_log_storage.get_latest_asset_check_execution_by_key(wanted)
    assert {key.name: record.status.value for key, record in latest.items()} == dict.fromkeys(names, "SUCCEEDED")
