"""Dense vectors of the catalogue: the embedder's own fit, a configured model, and going over from one to the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.vectors.embedding_server import KINDS, Models, serving, stock, titles
from vitrina.config import Settings, get_settings
from vitrina.errors import PermanentError
from vitrina.llm.embeddings import EmbeddingError
from vitrina.llm.outcomes import GatewayConfigError
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import PRODUCTS, VectorIndex
from vitrina.vectors.qdrant import QdrantIndex

PRICES = "models: {small: {input_per_mtok: '1000', output_per_mtok: '0'}}"
ANY = " ".join(KINDS)


@pytest.fixture(params=["edge", "memory"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    built: VectorIndex = EdgeIndex(tmp_path / "index") if request.param == "edge" else QdrantIndex(":memory:")
    yield built
    built.close()


@pytest.fixture
def edge(tmp_path: Path) -> EdgeIndex:
    return EdgeIndex(tmp_path / "index", lock_timeout=2)


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def configure(
    models: Models, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[[str | None], Settings]]:
    """Settings that name a model of the endpoint, or none."""
    (tmp_path / "prices.yaml").write_text(PRICES)
    with serving(models) as address:

        def name(model: str | None) -> Settings:
            monkeypatch.setenv("OPENAI_BASE_URL", address if model else "")
            monkeypatch.setenv("AI_EMBEDDING_MODEL", model or "")
            monkeypatch.setenv("AI_PRICES_FILE", str(tmp_path / "prices.yaml"))
            get_settings.cache_clear()
            return get_settings()

        yield name


def refresh(index: VectorIndex, settings: Settings, **values):
    from vitrina.vectors.sources import refresh as run

    return run(PRODUCTS, index, settings, **values)


def found(index: VectorIndex, text: str, k: int = 5) -> list[str]:
    from vitrina.catalog.models import Product
    from vitrina.vectors.services import nearest

    hits = nearest(PRODUCTS, [text], index, k=k)[0]
    names = {str(pk): title for pk, title in Product.objects.values_list("id", "title")}
    return [names[hit.key] for hit in hits]


def embedding_rows():
    from vitrina.llm.models import LlmAttempt

    return LlmAttempt.objects.filter(kind="embedding", purpose="embedding")


def nothing_is_mixed() -> bool:
    from vitrina.vectors.embedders import dense_from_bytes
    from vitrina.vectors.models import StoredVector, VectorCollection

    for collection in VectorCollection.objects.all():
        rows = StoredVector.objects.filter(collection=collection.physical)
        if set(rows.values_list("embedder_id", flat=True)) - {collection.embedder_id}:
            return False
        if {len(dense_from_bytes(row.dense)) if row.dense else None for row in rows} - {collection.dense_dim}:
            return False
    return True


def test_without_a_model_a_fit_of_the_catalogue_fills_the_dense_place(index: VectorIndex, settings: Settings) -> None:
    from vitrina.vectors.models import DenseModel
    from vitrina.vectors.pointers import active_collection

    stock(titles(120))
    result = refresh(index, settings, run_id="run-1")
    fit = DenseModel.objects.get()
    assert (result.embedded, result.indexed, result.dense, result.fitted_on) == (120, 120, fit.embedder_id, 120)
    assert active_collection(PRODUCTS).dense_id == fit.embedder_id
    assert (settings.objects_folder / f"models/embedder/{fit.embedder_id}.npz").is_file()
    row = embedding_rows().get()
    assert (row.model, row.endpoint, row.cost_usd, row.run_id) == (fit.embedder_id, "embedded", 0, "run-1")
    assert row.reply_body is None  # the table has the vectors: what costs nothing is not kept twice
    assert (result.calls, result.cost_usd) == (1, Decimal(0))
    assert all(title.startswith("Сироп") for title in found(index, "сиропы от кашля детские"))


def test_too_few_texts_make_no_fit_and_search_works_by_sparse_vectors(index: VectorIndex, settings: Settings) -> None:
    stock(titles(12))
    result = refresh(index, settings)
    assert (result.dense, result.calls) == (None, 0)
    assert found(index, "рубашка", k=1)[0].startswith("Рубашка")


def test_two_runs_at_once_fit_once(edge: EdgeIndex, settings: Settings) -> None:
    from django.db import connection

    from vitrina.vectors.dense import open_dense
    from vitrina.vectors.models import DenseModel

    read, ids = [], []

    def corpus() -> Iterator[str]:
        read.append(1)
        yield from titles(90)

    def one() -> None:
        with open_dense(settings, corpus=corpus) as dense:
            ids.append(dense.id if dense else None)
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(read), len(set(ids)), DenseModel.objects.count()) == (1, 1, 1)


def test_unchanged_texts_are_not_embedded_again(edge: EdgeIndex, configure, models: Models) -> None:
    from vitrina.catalog.models import Product

    pks = stock(titles(300))
    settings = configure("small")
    first = refresh(edge, settings)
    asked, rows = len(models.texts), embedding_rows().count()
    assert (first.embedded, first.calls, asked) == (300, 2, 301)  # with the one that told the length
    assert first.cost_usd
    second = refresh(edge, settings)
    assert (second.unchanged, second.embedded, second.calls, second.cost_usd) == (300, 0, 0, 0)
    Product.objects.filter(pk=pks[7]).update(title="Гель для душа")
    third = refresh(edge, settings)
    assert (third.unchanged, third.embedded, third.indexed) == (299, 1, 1)
    assert (len(models.texts), embedding_rows().count()) == (asked + 1, rows + 1)


def test_a_new_payload_alone_is_written_without_asking_the_model(index: VectorIndex, configure, models: Models) -> None:
    from vitrina.vectors.dense import open_dense
    from vitrina.vectors.services import Document, nearest, sync

    configure("small")
    with open_dense(get_settings(), corpus=tuple) as dense:
        for price, expected in ((1, (2, 0)), (2, (0, 2))):
            documents = [Document(key, key, {"price": price}) for key in KINDS[:2]]
            result = sync(PRODUCTS, documents, index, dense=dense, complete=True)
            assert (result.embedded, result.repaid) == expected
    assert models.texts.count(KINDS[0]) == 1
    assert nearest(PRODUCTS, [KINDS[0]], index, k=1)[0][0].payload == {"price": 2}


def test_the_same_text_of_two_products_is_paid_once(edge: EdgeIndex, configure, models: Models) -> None:
    stock(["Платье летнее"] * 5)
    assert refresh(edge, configure("small")).embedded == 5
    assert models.texts.count("Платье летнее") == 1


def test_another_embedder_fills_its_own_collection_before_searches_go_over(
    index: VectorIndex, configure, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.vectors import services
    from vitrina.vectors.pointers import active_collection

    monkeypatch.setattr(services, "_BATCH", 50)
    stock(titles(150), "one")
    stock(["Платье зимнее тёплое"], "two")
    seen: list[tuple[str, int]] = []
    history = [None, "small", "large", None, "small"]
    former = None
    for name in history:
        settings = configure(name)

        def look(done: int, former=former) -> None:
            # In the middle of filling: searches still read all that the former embedder has.
            if former is not None:
                seen.append((active_collection(PRODUCTS).physical, len(found(index, ANY, k=200))))

        models.before = lambda texts, look=look: None
        # Only the second drop is asked for: a new embedder takes in the whole catalogue all the same.
        part = None if former is None else ["shop__two"]
        result = refresh(index, settings, drop_keys=part, progress=look)
        assert result.total == 151
        assert result.searched
        assert active_collection(PRODUCTS).physical == result.physical
        assert nothing_is_mixed()
        if former is not None:
            assert {physical for physical, _ in seen} == {former}
            assert {count for _, count in seen} == {151}
        seen.clear()
        former = result.physical
        assert found(index, "Крем для рук питательный", k=1)[0].startswith("Крем")
    rows = embedding_rows()
    assert [rows.filter(model=name).count() for name in ("small", "large")] == [4, 4]  # each paid for it once


def test_search_never_meets_a_half_filled_collection_though_the_new_model_fails(
    index: VectorIndex, configure, models: Models
) -> None:
    from vitrina.vectors.pointers import active_collection

    stock(titles(150))
    first = refresh(index, configure(None))
    settings = configure("small")

    def fail(texts: list[str]) -> None:
        if len(texts) > 1:
            raise RuntimeError("out of memory")

    models.before = fail
    with pytest.raises(EmbeddingError):
        refresh(index, settings)
    assert active_collection(PRODUCTS).physical == first.physical
    # The fit is still there for the query, whatever the settings say now.
    assert len(found(index, ANY, k=200)) == 150
    models.before = lambda texts: None
    assert refresh(index, settings).physical != first.physical


def test_a_collection_of_an_endpoint_that_is_gone_is_searched_by_sparse_vectors(
    index: VectorIndex, configure, models: Models
) -> None:
    stock(titles(60))
    refresh(index, configure("small"))
    asked = len(models.texts)
    configure(None)
    assert found(index, "сироп", k=1)[0].startswith("Сироп")
    assert len(models.texts) == asked


def test_a_model_that_changed_behind_its_name_is_told_and_taken_anew_when_asked(
    edge: EdgeIndex, configure, models: Models
) -> None:
    from vitrina.vectors.sources import refit

    stock(titles(60))
    settings = configure("small")
    old = refresh(edge, settings)
    models.dims["small"] = 8
    stock(["Носки шерстяные"], "two")
    with pytest.raises(PermanentError, match="rebuild --refit"):
        refresh(edge, settings)
    [products] = [row for row in refit(edge, settings) if row.physical.startswith(PRODUCTS)]
    assert products.physical != old.physical
    assert products.dense.endswith("#8")
    assert nothing_is_mixed()


def test_a_new_fit_is_another_embedder_and_the_former_is_dropped_on_demand(index: VectorIndex, settings) -> None:
    from vitrina.vectors.models import DenseModel, StoredVector, VectorCollection
    from vitrina.vectors.pointers import prune
    from vitrina.vectors.sources import refit

    stock(titles(60))
    old = refresh(index, settings)
    stock([f"Носки шерстяные {n}" for n in range(40)], "two")
    assert refresh(index, settings).dense == old.dense  # a fit stands until a new one is asked for
    [products] = [row for row in refit(index, settings) if row.physical.startswith(PRODUCTS)]
    assert products.dense != old.dense
    assert list(DenseModel.objects.filter(is_active=True).values_list("embedder_id", flat=True)) == [products.dense]
    assert old.physical in prune(index)
    assert set(StoredVector.objects.values_list("collection", flat=True)) == {products.physical}
    assert set(index.collections()) == {row.index_name for row in VectorCollection.objects.filter(is_active=True)}
    assert prune(index) == []
    assert found(index, "носки", k=1)[0].startswith("Носки")


def test_delisted_products_leave_the_collection_with_the_next_drop_and_come_back(
    index: VectorIndex, settings: Settings
) -> None:
    from vitrina.catalog.models import Product

    pks = stock(titles(60), "one")
    refresh(index, settings)
    stock(["Носки шерстяные"], "two")
    Product.objects.filter(pk=pks[2]).update(listed=False)
    result = refresh(index, settings, drop_keys=["shop__two"])
    assert (result.embedded, result.removed, result.total) == (1, 1, 60)
    assert titles(60)[2] not in found(index, titles(60)[2], k=60)
    Product.objects.filter(pk=pks[2]).update(listed=True)
    assert refresh(index, settings, drop_keys=["shop__one"]).embedded == 1
    assert found(index, titles(60)[2], k=1) == [titles(60)[2]]


def test_an_index_that_was_lost_is_loaded_from_the_table_by_the_next_search(
    index: VectorIndex, settings: Settings
) -> None:
    from vitrina.vectors.pointers import active_collection

    stock(titles(60))
    refresh(index, settings)
    index.drop(active_collection(PRODUCTS).index_name)
    assert len(found(index, ANY, k=60)) == 60


def test_a_rebuild_under_readers_goes_to_the_next_load_and_drops_the_former(
    index: VectorIndex, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.vectors import pointers

    stock(titles(60))
    refresh(index, settings)
    former = pointers.active_collection(PRODUCTS).index_name
    real, counts = pointers.rebuild, []

    def slow(*args, **values) -> int:
        counts.append(len(found(index, ANY, k=60)))
        count = real(*args, **values)
        counts.append(len(found(index, ANY, k=60)))
        return count

    monkeypatch.setattr(pointers, "rebuild", slow)
    assert pointers.rebuild_collection(PRODUCTS, index) == 60
    assert counts == [60, 60]
    name = pointers.active_collection(PRODUCTS).index_name
    assert name != former
    assert index.collections() == [name]


def test_a_model_without_an_endpoint_is_a_clear_error(edge: EdgeIndex, settings, monkeypatch) -> None:
    monkeypatch.setenv("AI_EMBEDDING_MODEL", "text-embedding-3-small")
    get_settings.cache_clear()
    with pytest.raises(GatewayConfigError, match="OPENAI_BASE_URL"):
        refresh(edge, get_settings())


def test_a_model_that_the_endpoint_does_not_have_is_a_clear_error(edge: EdgeIndex, configure) -> None:
    from vitrina.vectors.models import DenseModel

    with pytest.raises(PermanentError, match="AI_EMBEDDING_MODEL"):
        refresh(edge, configure("tiny"))
    assert DenseModel.objects.count() == 0


def test_a_fit_whose_file_is_gone_says_how_to_make_another(edge: EdgeIndex, settings: Settings) -> None:
    from vitrina.vectors import fits

    stock(titles(60))
    key = f"models/embedder/{refresh(edge, settings).dense}.npz"
    (settings.objects_folder / key).unlink()
    fits._loaded.clear()
    stock(["Носки шерстяные"], "two")
    with pytest.raises(PermanentError, match="rebuild --refit"):
        refresh(edge, settings)


def test_scores_of_a_hybrid_search_lie_between_nought_and_one(index: VectorIndex, settings: Settings) -> None:
    from vitrina.vectors.services import nearest

    stock(titles(60))
    refresh(index, settings)
    hits = nearest(PRODUCTS, [titles(60)[4]], index)[0]
    assert 0.9 < hits[0].score <= 1.0
    assert all(0 < hit.score <= 1 for hit in hits)
