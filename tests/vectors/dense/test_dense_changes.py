"""Going over from one embedder to another, indexes that are lost or made anew; searches all the while."""

from __future__ import annotations

import pytest

from tests.vectors.dense.searching import ANY, embedding_rows, found, nothing_is_mixed, refresh
from tests.vectors.embedding_server import Models, stock, titles
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.llm.embeddings import EmbeddingError
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import PRODUCTS, VectorIndex


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
