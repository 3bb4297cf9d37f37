"""Dense vectors of the catalogue: the embedder's own fit or a configured model, each text embedded once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.vectors.dense.searching import embedding_rows, found, refresh
from tests.vectors.embedding_server import KINDS, Models, stock, titles
from vitrina.config import Settings, get_settings
from vitrina.errors import PermanentError
from vitrina.llm.embeddings import EmbeddingError
from vitrina.llm.outcomes import GatewayConfigError
from vitrina.vectors.edge import EdgeIndex
from vitrina.vectors.index import PRODUCTS, VectorIndex


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
    from vitrina.vectors.searching import nearest
    from vitrina.vectors.services import Document, sync

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
    from vitrina.vectors.searching import nearest

    stock(titles(60))
    refresh(index, settings)
    hits = nearest(PRODUCTS, [titles(60)[4]], index)[0]
    assert 0.9 < hits[0].score <= 1.0
    assert all(0 < hit.score <= 1 for hit in hits)


def test_a_replay_asks_no_model_for_vectors_and_searches_by_words(edge: EdgeIndex, configure, models: Models) -> None:
    from vitrina.vectors.searching import nearest

    stock(titles(6))
    settings = configure("small")
    with pytest.raises(EmbeddingError, match="ledger"):
        refresh(edge, settings, mode="replay")
    assert models.texts == []
    refresh(edge, settings)
    before = list(models.texts)
    assert nearest(PRODUCTS, ["Платье"], edge, k=1, mode="replay")[0]
    assert models.texts == before
    nearest(PRODUCTS, ["Платье"], edge, k=1)
    assert models.texts == [*before, "Платье"]
