"""COPY and upsert on PostgreSQL: counts, silence about equal rows, every kind of value; then claims."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import psycopg
import pytest
from django.core.exceptions import FieldDoesNotExist
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg import DataError

from tests.catalog.making import START, drop_row, table_state, wal_of
from vitrina.catalog.models import Drop, Product, QuarantinedRow, Source
from vitrina.vectors.models import StoredVector
from vitrina.warehouse import UpsertResult, copy_upsert
from vitrina.warehouse.claims import CLAIM_GROUP, claimed, groups
from vitrina.warehouse.copy import insert_defaults
from vitrina.warehouse.text import storable

pytestmark = pytest.mark.usefixtures("database")

NAMES = (
    "source", "external_id", "identity", "title", "description", "price", "image_urls", "attributes", "available",
    "row_hash", "content_hash", "drop", "drop_time", "row_number",
)  # fmt: skip
HASH = uuid5(UUID(int=1), "товар")


@pytest.fixture
def drop() -> Any:
    return drop_row(START)


def row(drop: Any, external_id: str, **changes: Any) -> tuple[Any, ...]:
    values = {
        "source": drop.source_id, "external_id": external_id, "identity": "id", "title": f"Платье {external_id}",
        "description": None, "price": Decimal("1234.50"), "image_urls": ["https://a.example/1.jpg"],
        "attributes": {"Цвет": "синий", "вложено": [1, None, {"да": True}]}, "available": None, "row_hash": HASH,
        "content_hash": HASH, "drop": drop.pk, "drop_time": START, "row_number": 2,
    }  # fmt: skip
    return tuple((values | changes)[name] for name in NAMES)


def upsert(rows: Any, **options: Any) -> UpsertResult:
    return copy_upsert(Product, NAMES, rows, key=NAMES[:2], **options)


def test_inserted_updated_and_unchanged_rows_are_counted(drop):
    assert upsert([row(drop, str(n)) for n in range(5)]) == UpsertResult(5, 0, 0)
    mixed = [row(drop, "0"), row(drop, "1", title="Другое"), row(drop, "9"), row(drop, "2", price=None)]
    result = upsert(mixed)
    assert result == UpsertResult(1, 2, 1)
    assert result.total == len(mixed)
    assert result + UpsertResult(1, 1, 1) == UpsertResult(2, 3, 2)
    assert Product.objects.count() == 6
    assert Product.objects.get(external_id="2").price is None


def test_nothing_given_is_nothing_done(drop):
    assert upsert([]) == UpsertResult(0, 0, 0)


def test_the_same_rows_again_write_nothing(drop):
    rows = [row(drop, str(n), description="Очень длинный текст " * 40) for n in range(2000)]
    first = wal_of(lambda: upsert(rows))
    before = table_state("catalog_product")
    results: list[UpsertResult] = []
    again = wal_of(lambda: results.append(upsert(rows)))
    assert results == [UpsertResult(0, 0, 2000)]
    assert table_state("catalog_product") == before
    assert again < first / 10


def test_every_kind_of_value_comes_back_as_it_was(drop):
    kinds = {
        "title": "Ёлка «İğne» 👗 \t\n'\"\\ \\N",
        "description": "",
        "price": Decimal("999999999999.99"),
        "image_urls": [],
        "attributes": {"я": {"б": [1, 2.5, None, True, "в"]}, "": "", "\\u0041": '"'},
        "available": False,
    }
    upsert([row(drop, "Артикул-№1", **kinds), row(drop, "2", price=Decimal("0.01"), available=True)])
    found = Product.objects.get(external_id="Артикул-№1")
    assert {name: getattr(found, name) for name in kinds} == kinds
    assert (found.row_hash, found.drop_time, found.drop_id) == (HASH, START, drop.pk)
    other = Product.objects.get(external_id="2")
    assert (other.price, other.available, other.description) == (Decimal("0.01"), True, None)


@pytest.mark.parametrize("content", [None, [], [1.5, -0.25, 3e38]])
@pytest.mark.parametrize("numbers", [[], [1, -(2**62)]])
def test_arrays_and_null_are_kept(database, content, numbers):
    names = ("collection", "key", "point_id", "embedder_id", "fingerprint", "dense", "sparse_indices", "sparse_values")
    point = ("товары", "1", HASH, "e", "f", content, numbers, [n / 3 for n in numbers])
    assert copy_upsert(StoredVector, names, [point], key=names[:2]).inserted == 1
    assert copy_upsert(StoredVector, names, [point], key=names[:2]).unchanged == 1
    found = StoredVector.objects.get()
    assert found.dense == (None if content is None else np.asarray(content, "<f4").tobytes())
    assert (found.sparse_indices, found.sparse_values) == (numbers, [n / 3 for n in numbers])


@pytest.mark.parametrize("content", [None, b"", b"\x00\xff\x0a\\x41" * 100])
def test_bytes_are_kept(drop, content):
    names = ("key", "source", "modified_at", "confirmed")
    for _ in range(2):
        copy_upsert(Drop, names, [("other", drop.source_id, START, content)], key=names[:1])
    found = Drop.objects.get(key="other").confirmed
    assert (found if found is None else bytes(found)) == content


def test_null_and_empty_text_differ_and_null_equals_null(drop):
    upsert([row(drop, "1", description=None)])
    assert upsert([row(drop, "1", description=None)]).unchanged == 1
    assert upsert([row(drop, "1", description="")]).updated == 1


def test_equal_json_in_another_order_is_no_change(drop):
    upsert([row(drop, "1", attributes={"a": 1, "b": [1, 2]})])
    assert upsert([row(drop, "1", attributes={"b": [1, 2], "a": 1})]).unchanged == 1
    assert upsert([row(drop, "1", attributes={"b": [2, 1], "a": 1})]).updated == 1


def test_a_text_that_the_server_cannot_hold_loses_the_whole_call_and_storable_saves_it(drop):
    with pytest.raises(DataError):
        upsert([row(drop, "1"), row(drop, "2", title="до\0после")])
    assert Product.objects.count() == 0, "all or nothing"
    upsert([row(drop, "2", title=storable("до\0после"), attributes=storable({"a\0": ["\ud800", 1]}))])
    found = Product.objects.get()
    assert found.title == "до\ufffdпосле"
    assert found.attributes == {"a\ufffd": ["\ufffd", 1]}


def test_only_compared_fields_cause_a_write_but_a_write_brings_all(drop):
    upsert([row(drop, "1", row_number=2)])
    compare = ("title", "price")
    assert upsert([row(drop, "1", row_number=7)], compare=compare).unchanged == 1
    assert Product.objects.get().row_number == 2
    assert upsert([row(drop, "1", row_number=7, title="Новое")], compare=compare).updated == 1
    assert Product.objects.get().row_number == 7
    assert upsert([row(drop, "1", title="Ещё")], compare=()).unchanged == 1


def test_a_change_touches_the_time_and_only_when_asked(drop):
    upsert([row(drop, "1")])
    made = Product.objects.get().updated_at
    upsert([row(drop, "1", title="Б")], touch=())
    assert Product.objects.get().updated_at == made
    upsert([row(drop, "1", title="В")])
    found = Product.objects.get()
    assert found.updated_at > made
    assert found.created_at == made, "a change is no birth"


def test_defaults_of_python_reach_rows_that_copy_writes(drop):
    defaults = dict(insert_defaults(Product, NAMES))
    assert defaults["listed"] is True
    assert not {"id", "created_at", "updated_at", "title", "supplier"} & defaults.keys()
    upsert([row(drop, "1")])
    found = Product.objects.get()
    assert (found.listed, found.barcodes, found.field_drops, found.supplier) == (True, [], {}, None)
    Product.objects.update(listed=False)
    upsert([row(drop, "1", title="Другое")])
    assert Product.objects.get().listed is False, "defaults are for new rows alone"


def test_an_unknown_field_and_one_that_is_no_column_are_refused(drop):
    with pytest.raises(FieldDoesNotExist):
        copy_upsert(Source, ("slug", "colour"), [("a", "b")], key=("slug",))
    with pytest.raises(TypeError, match="not a column"):
        copy_upsert(Source, ("slug", "drops"), [("a", "b")], key=("slug",))


def test_a_call_with_the_key_alone_only_inserts(drop):
    assert copy_upsert(Source, ("slug",), [("shop",), ("новый",)], key=("slug",)) == UpsertResult(1, 0, 1)


_texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
_calls = st.lists(st.dictionaries(st.integers(0, 6), st.tuples(_texts, _texts), max_size=6), max_size=4)


@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=_calls)
def test_calls_in_a_row_agree_with_a_dict(database, calls):
    QuarantinedRow.objects.all().delete()
    drop = Drop.objects.first() or drop_row(START)
    model: dict[int, tuple[str, str]] = {}
    columns = ("drop", "ordinal", "number", "reason", "message", "raw")
    for call in calls:
        result = copy_upsert(
            QuarantinedRow, columns, [(drop.pk, k, 1, "test", *v) for k, v in call.items()], key=("drop", "ordinal")
        )
        same = sum(model.get(k) == v for k, v in call.items())
        fresh = len(call.keys() - model.keys())
        assert result == UpsertResult(fresh, len(call) - same - fresh, same)
        model |= call
        assert {q.ordinal: (q.message, q.raw) for q in QuarantinedRow.objects.all()} == model


def test_two_claimers_share_no_id_unless_they_want_different_things(database):
    with claimed(range(1, 11), "describe") as first, claimed(range(6, 16), "describe") as second:
        assert first == frozenset(range(1, 11))
        assert second == frozenset(range(11, 16))
        with claimed(range(1, 16), "moderate") as other:
            assert other == frozenset(range(1, 16))
    with claimed(range(1, 16), "describe") as later:
        assert later == frozenset(range(1, 16)), "given back at the end"


def test_claims_are_given_back_before_the_session_ends(database, monkeypatch):
    # A busy server ends a closed session some time later; here it never does.
    left_open = []
    monkeypatch.setattr(psycopg.Connection, "close", lambda self: left_open.append(self))
    with claimed([1, 2], "describe"):
        pass
    with claimed([1, 2], "describe") as again:
        assert again == {1, 2}
    monkeypatch.undo()
    for connection in left_open:
        connection.close()


def test_an_error_inside_gives_claims_back(database):
    with pytest.raises(ZeroDivisionError), claimed([1, 2], "describe"):
        _ = 1 / 0
    with claimed([1, 2], "describe") as again:
        assert again == {1, 2}


_HOLDER = """
import time
from vitrina.warehouse.claims import claimed
with claimed([1, 2, 3], "describe") as mine:
    print(sorted(mine), flush=True)
    time.sleep(600)
"""


def test_a_killed_holder_frees_its_claims(database):
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER], env=os.environ, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "[1, 2, 3]"
        with claimed([1, 2, 3, 4], "describe") as during:
            assert during == {4}
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate(timeout=120)
    watchdog = time.monotonic() + 120
    while time.monotonic() < watchdog:  # the server notices the closed socket by itself; nothing waits for a timeout
        with claimed([1, 2, 3, 4], "describe") as after:
            if len(after) == 4:
                return
    pytest.fail("claims of a dead process are still held")


def test_groups_cover_everything_once(database):
    ids = list(range(2 * CLAIM_GROUP + 1))
    parts = list(groups(ids))
    assert [len(part) for part in parts] == [CLAIM_GROUP, CLAIM_GROUP, 1]
    assert [pk for part in parts for pk in part] == ids
