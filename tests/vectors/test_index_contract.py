"""One behaviour of all vector back ends."""

from __future__ import annotations

import numpy as np
import pytest

from vitrina.vectors.embedders import SparseEmbedder, SparseVector, dense_to_bytes
from vitrina.vectors.index import (
    SearchQuery,
    VectorIndex,
    VectorIndexError,
    VectorPoint,
    VectorRecord,
    logical_name,
    physical_name,
    point_id,
)
from vitrina.vectors.rebuild import rebuild

TITLES = {
    "dress": "Платье летнее женское",
    "shampoo": "Шампунь для сухих волос",
    "syrup": "Сироп от кашля детский",
    "shirt": "Рубашка мужская хлопок",
}


def dense(*values: float) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


def points() -> list[VectorPoint]:
    sparse = SparseEmbedder().embed(list(TITLES.values()))
    return [
        VectorPoint(key, np.eye(4, dtype=np.float32)[place], vector, {"place": place, "kind": kind})
        for place, (key, vector, kind) in enumerate(zip(TITLES, sparse, ["wear", "care", "drug", "wear"], strict=True))
    ]


@pytest.fixture
def loaded(index: VectorIndex, name: str) -> VectorIndex:
    index.ensure(name, dense_dim=4, sparse=True)
    assert index.upsert(name, points()) == 4
    return index


def keys(index: VectorIndex, name: str, query: SearchQuery) -> list[str]:
    return [hit.key for hit in index.search(name, [query])[0]]


def test_dense_search_finds_the_nearest_first(loaded: VectorIndex, name: str) -> None:
    hits = loaded.search(name, [SearchQuery(dense=dense(0.1, 0.9, 0.3, 0), k=2)])[0]
    assert [hit.key for hit in hits] == ["shampoo", "syrup"]
    assert hits[0].score == pytest.approx(0.9 / np.sqrt(0.91), abs=1e-4)
    assert hits[0].payload == {"place": 1, "kind": "care"}


def test_sparse_search_finds_the_text_with_common_letter_groups(loaded: VectorIndex, name: str) -> None:
    query = SparseEmbedder().embed(["детские сиропы"])[0]
    assert keys(loaded, name, SearchQuery(sparse=query, k=1)) == ["syrup"]


def test_hybrid_search_fuses_both_rankings(loaded: VectorIndex, name: str) -> None:
    query = SparseEmbedder().embed(["рубашка"])[0]
    found = keys(loaded, name, SearchQuery(dense=dense(0, 0, 0, 1), sparse=query, k=3))
    assert found[0] == "shirt"


def test_rare_letter_groups_weigh_more_than_common_ones(index: VectorIndex, name: str) -> None:
    index.ensure(name, sparse=True)
    one = np.ones(1, np.float32)
    common = [VectorPoint(f"c{n}", sparse=SparseVector(np.array([1], np.uint32), one)) for n in range(9)]
    rare = VectorPoint("rare", sparse=SparseVector(np.array([2], np.uint32), one))
    index.upsert(name, [*common, rare])
    both = SparseVector(np.array([1, 2], np.uint32), np.ones(2, np.float32))
    hits = index.search(name, [SearchQuery(sparse=both, k=2)])[0]
    assert hits[0].key == "rare"
    assert hits[0].score > 2 * hits[1].score


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"kind": "wear"}, {"dress", "shirt"}),
        ({"kind": ["care", "drug"]}, {"shampoo", "syrup"}),
        ({"place": 2}, {"syrup"}),
    ],
)
def test_filters_keep_only_what_matches(loaded: VectorIndex, name: str, where: dict, expected: set[str]) -> None:
    query = SearchQuery(dense=dense(1, 1, 1, 1), k=10, where=where)
    assert set(keys(loaded, name, query)) == expected
    sparse = SparseEmbedder().embed([" ".join(TITLES.values())])[0]
    hybrid = SearchQuery(dense=dense(1, 1, 1, 1), sparse=sparse, k=10, where=where)
    assert set(keys(loaded, name, hybrid)) == expected


def test_many_queries_are_answered_in_their_order(loaded: VectorIndex, name: str) -> None:
    queries = [SearchQuery(dense=np.eye(4, dtype=np.float32)[place], k=1) for place in (3, 0, 2)]
    assert [answer[0].key for answer in loaded.search(name, queries)] == ["shirt", "dress", "syrup"]
    assert loaded.search(name, []) == []


def test_writing_the_same_points_again_adds_none(loaded: VectorIndex, name: str) -> None:
    loaded.upsert(name, points())
    assert loaded.count(name) == 4


def test_a_point_written_again_has_its_new_payload_only(loaded: VectorIndex, name: str) -> None:
    loaded.upsert(name, [VectorPoint("dress", dense(1, 0, 0, 0), points()[0].sparse, {"fresh": True})])
    assert loaded.search(name, [SearchQuery(dense=dense(1, 0, 0, 0), k=1)])[0][0].payload == {"fresh": True}


def test_deleted_points_are_not_found_and_unknown_keys_are_no_error(loaded: VectorIndex, name: str) -> None:
    loaded.delete(name, ["dress", "never there"])
    assert loaded.count(name) == 3
    assert "dress" not in keys(loaded, name, SearchQuery(dense=dense(1, 0, 0, 0), k=10))


def test_ensure_twice_is_one_collection_and_another_shape_is_refused(loaded: VectorIndex, name: str) -> None:
    loaded.ensure(name, dense_dim=4, sparse=True)
    assert loaded.count(name) == 4
    with pytest.raises(VectorIndexError, match="exists as"):
        loaded.ensure(name, dense_dim=8, sparse=True)


def test_a_dense_vector_of_another_length_is_refused(loaded: VectorIndex, name: str) -> None:
    with pytest.raises(VectorIndexError):
        loaded.upsert(name, [VectorPoint("short", dense(1, 2), None)])
    assert loaded.count(name) == 4


def test_an_unknown_collection_is_said_to_be_unknown(index: VectorIndex, name: str) -> None:
    assert not index.exists(name)
    for call in (
        lambda: index.count(name),
        lambda: index.search(name, [SearchQuery(dense=dense(1))]),
        lambda: index.upsert(name, []),
        lambda: index.delete(name, ["a"]),
    ):
        with pytest.raises(VectorIndexError, match=name):
            call()
    index.drop(name)


def test_drop_removes_the_collection_and_it_can_be_made_again(loaded: VectorIndex, name: str) -> None:
    assert name in loaded.collections()
    loaded.drop(name)
    assert not loaded.exists(name)
    assert name not in loaded.collections()
    loaded.ensure(name, dense_dim=2)
    assert loaded.count(name) == 0


def test_empty_sparse_vectors_are_stored_and_searched_without_error(loaded: VectorIndex, name: str) -> None:
    empty = SparseEmbedder().embed(["!!!"])[0]
    loaded.upsert(name, [VectorPoint("empty", dense(0, 0, 0, 0), empty)])
    assert loaded.count(name) == 5
    assert keys(loaded, name, SearchQuery(sparse=empty, k=3)) == []


def test_rebuild_from_stored_records_gives_exactly_them(loaded: VectorIndex, name: str) -> None:
    records = [
        VectorRecord(p.key, dense_to_bytes(p.dense), (p.sparse.indices.tolist(), p.sparse.values.tolist()), p.payload)
        for p in points()[:3]
        if p.dense is not None and p.sparse is not None
    ]
    assert rebuild(loaded, name, iter([*records, records[0]]), dense_dim=4, sparse=True) == 3
    query = SparseEmbedder().embed(["шампунь"])[0]
    assert keys(loaded, name, SearchQuery(sparse=query, k=1)) == ["shampoo"]


def test_several_calls_may_share_one_opening(loaded: VectorIndex, name: str) -> None:
    with loaded.opened(name):
        loaded.delete(name, ["dress"])
        assert loaded.count(name) == 3


@pytest.mark.parametrize("bad", ["../outside", "UPPER", "", "a b", "a/b", "a" * 200])
def test_names_that_could_leave_the_folder_are_refused(index: VectorIndex, bad: str) -> None:
    with pytest.raises(VectorIndexError, match="no collection name"):
        index.ensure(bad, dense_dim=2)


def test_ids_stand_for_the_natural_key_and_not_for_the_embedder() -> None:
    one, other = physical_name("categories", "a", "b"), physical_name("categories", "a", "c")
    assert one != other
    assert physical_name("categories", "b", "a") == one
    assert logical_name(one) == "categories"
    assert point_id(one, "платья") == point_id(other, "платья")
    assert point_id(one, "платья") != point_id(physical_name("product_vectors", "a", "b"), "платья")


def test_a_search_without_a_vector_is_refused() -> None:
    with pytest.raises(VectorIndexError):
        SearchQuery()
    with pytest.raises(VectorIndexError):
        SearchQuery(dense=dense(1), k=0)
