"""While the index is busy PostgreSQL compares the vectors itself, and finds the same neighbours."""

from __future__ import annotations

import importlib
import logging
from typing import Any

import numpy as np
import pytest

from tests.catalog.making import catalogue, day, parsed, take
from vitrina.config import Settings
from vitrina.vectors.embedders import SparseEmbedder
from vitrina.vectors.index import PRODUCTS, SearchQuery

TITLES = [
    f"{thing} {quality} {shade}"
    for thing in ("Платье", "Блузка", "Крем для рук", "Шампунь", "Кеды", "Elbise")
    for quality in ("летнее", "из хлопка", "увлажняющий", "çiçekli")
    for shade in ("синий", "красный, 50 мл", "белый набор")
]
MODES = ("dense", "sparse", "hybrid")


class Busy:
    """An index that another process holds."""

    def search(self, *_: Any) -> Any:
        from vitrina.vectors.locking import IndexBusy

        raise IndexBusy("The embedded vector collection is in use by process 7.")


@pytest.fixture
def products(settings: Settings) -> dict[str, Any]:
    """A small shop with vectors of both kinds in table and index."""
    from vitrina.vectors.services import opened_index
    from vitrina.vectors.sources import refresh

    take(day(0), [parsed(f"V-{n}", title) for n, title in enumerate(TITLES)])
    with opened_index(settings) as index:
        refresh(PRODUCTS, index, settings)
    return catalogue()


@pytest.fixture
def without_pgvector(database: str) -> None:
    """The database of the test as a server without the extension has it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION vector")


def ranked(found: dict[int, float]) -> list[tuple[float, list[int]]]:
    """Products by score: of those that are equally near the order says nothing."""
    by_score: dict[float, list[int]] = {}
    for key, score in found.items():
        by_score.setdefault(round(score, 4), []).append(key)
    return [(score, sorted(keys)) for score, keys in sorted(by_score.items(), reverse=True)]


@pytest.mark.parametrize("mode", MODES)
def test_the_server_finds_what_the_index_finds(settings: Settings, products: dict[str, Any], mode: str) -> None:
    from vitrina.vectors.similar import By, similar_to_phrase, similar_to_product

    chosen = settings.model_copy(update={"vector_search": {PRODUCTS: mode}})
    everything = len(products)
    product = products["V-3"].pk
    for ask in (
        lambda **how: similar_to_product(product, chosen, k=everything, **how),
        lambda **how: similar_to_phrase("увлажняющий крем", chosen, k=everything, **how),
    ):
        by_index, by_server = ask(), ask(index=Busy())
        assert (by_index.by, by_server.by) == (By.INDEX, By.SERVER)
        assert "process 7" in by_server.busy
        assert by_index.scores
        if mode == "hybrid":
            # Ranks of equally near products are drawn differently, so a fused score may differ by a place.
            assert by_server.scores == pytest.approx(by_index.scores, abs=0.03)
        else:
            assert ranked(by_server.scores) == ranked(by_index.scores)


def test_the_server_and_this_process_find_the_same(settings: Settings, products: dict[str, Any]) -> None:
    from vitrina.vectors import pgvector, table
    from vitrina.vectors.embedders import dense_from_bytes
    from vitrina.vectors.models import StoredVector
    from vitrina.vectors.pointers import active_collection

    collection = active_collection(PRODUCTS)
    assert collection is not None
    row = StoredVector.objects.get(collection=collection.physical, key=str(products["V-0"].pk))
    assert row.dense is not None
    query = SearchQuery(dense_from_bytes(row.dense), None, k=len(products))
    here, there = (dict(found.nearest(collection.physical, query)) for found in (table, pgvector))
    assert there == pytest.approx(here, abs=1e-5)
    assert here[row.key] == pytest.approx(1, abs=1e-5)
    few = SearchQuery(query.dense, None, k=3)
    assert [key for key, _ in pgvector.nearest(collection.physical, few)] == list(there)[:3]


def test_nothing_in_common_and_rows_of_zeros_are_no_error(settings: Settings, products: dict[str, Any]) -> None:
    from vitrina.vectors import pgvector
    from vitrina.vectors.models import StoredVector
    from vitrina.vectors.pointers import active_collection

    collection = active_collection(PRODUCTS)
    assert collection is not None
    assert collection.dense_dim is not None
    [words] = SparseEmbedder().embed(["qqqqqq"])
    assert pgvector.nearest(collection.physical, SearchQuery(None, words)) == []
    assert pgvector.nearest("nothing__here", SearchQuery(np.ones(3, np.float32), words)) == []
    rows = StoredVector.objects.filter(collection=collection.physical)
    rows.update(dense=np.zeros(collection.dense_dim, "<f4").tobytes())
    wanted = np.ones(collection.dense_dim, np.float32)
    assert {score for _, score in pgvector.nearest(collection.physical, SearchQuery(wanted, None, k=3))} == {0.0}


@pytest.mark.usefixtures("without_pgvector")
def test_a_server_without_the_extension_is_compared_with_in_this_process(settings: Settings, database: str) -> None:
    from vitrina.cli.doctor import Level
    from vitrina.cli.doctor_checks import _ask_postgres
    from vitrina.vectors import pgvector
    from vitrina.vectors.services import opened_index
    from vitrina.vectors.similar import By, similar_to_phrase, similar_to_product
    from vitrina.vectors.sources import refresh

    assert not pgvector.available()
    take(day(0), [parsed(f"V-{n}", title) for n, title in enumerate(TITLES)])
    with opened_index(settings) as index:
        refresh(PRODUCTS, index, settings)
    product = catalogue()["V-0"].pk
    near = similar_to_product(product, settings, k=3, index=Busy())  # type: ignore[arg-type]
    assert near.by is By.TABLE
    assert [finding.level for finding in _ask_postgres("database", database, vector=True)] == [Level.WARNING]
    assert next(iter(near.scores)) == catalogue()["V-1"].pk
    letters = settings.model_copy(update={"vector_search": {PRODUCTS: "sparse"}})
    assert similar_to_phrase("шампунь", letters, k=2, index=Busy()).scores  # type: ignore[arg-type]


def test_vectors_of_before_become_numbers_and_bytes_again(database: str) -> None:
    from django.core.management import call_command
    from django.db import connection

    vector = np.array([0.25, -1.5, 3e-30], "<f4")
    call_command("migrate", "vectors", "0002", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO vectors_storedvector (collection, key, point_id, embedder_id, fingerprint, dense, "
            "sparse_indices, sparse_values, payload, indexed) SELECT 'c', n, gen_random_uuid(), 'e', 'f', "
            "CASE WHEN n = 1 THEN %s::bytea END, '{}', '{}', '{}', false FROM generate_series(1, 2) AS n",
            [vector.tobytes()],
        )
    call_command("migrate", "vectors", verbosity=0)
    from vitrina.vectors.models import StoredVector

    rows = StoredVector.objects.filter(collection="c").order_by("key")
    assert [row.dense for row in rows] == [vector.tobytes(), None]
    call_command("migrate", "vectors", "0002", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT dense FROM vectors_storedvector WHERE collection = 'c' ORDER BY key")
        assert [None if found is None else bytes(found) for (found,) in cursor.fetchall()] == [vector.tobytes(), None]
    call_command("migrate", "vectors", verbosity=0)


@pytest.mark.usefixtures("without_pgvector")
def test_a_role_that_may_not_create_the_extension_is_told_and_migrates_all_the_same(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import connection

    migration = importlib.import_module("vitrina.vectors.migrations.0003_vectors_compared_by_the_server")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE tenant")
        cursor.execute("SET ROLE tenant")
    try:
        with caplog.at_level(logging.WARNING), connection.schema_editor() as editor:
            migration.create_extension(None, editor)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP ROLE tenant")
    assert "pgvector stays out of this database" in caplog.text
    with connection.schema_editor() as editor:
        migration.create_extension(None, editor)
    from vitrina.vectors import pgvector

    assert pgvector.available()
