"""Letter groups, sparse vectors, LSA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import PermanentError
from vitrina.vectors.arrays import ModelFileError
from vitrina.vectors.embedders import LsaEmbedder, SparseEmbedder, dense_from_bytes, dense_to_bytes
from vitrina.vectors.ngrams import hashed_ngrams, normalise, title_key

CORPUS = [
    f"{thing} {kind}"
    for thing in ("платье", "рубашка", "шампунь", "крем для лица", "витамины", "elbise", "gömlek", "shirt")
    for kind in ("синее", "белый 50 мл", "для детей", "kadın", "pamuk 42 beden")
]


def test_letter_groups_are_those_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    clean = [normalise(text) for text in CORPUS]
    ours = hashed_ngrams(CORPUS, chars=(3, 5), words=None, bits=31)
    theirs = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), lowercase=False).fit_transform(clean)
    assert ours.sum() == theirs.sum()
    assert len(set(ours.indices)) == theirs.shape[1]
    pairs = CountVectorizer(ngram_range=(1, 2), lowercase=False, token_pattern=r"\S+").fit_transform(clean)
    mine = hashed_ngrams(CORPUS, chars=None, words=(1, 2), bits=31)
    assert mine.sum() == pairs.sum()
    assert len(set(mine.indices)) == pairs.shape[1]


@given(st.lists(st.text(max_size=40), max_size=8))
def test_a_text_has_the_same_features_alone_and_in_any_batch(texts: list[str]) -> None:
    together = hashed_ngrams(texts, chars=(2, 4), words=(1, 3), bits=20)
    assert together.shape == (len(texts), 2**20)
    for place, text in enumerate(texts):
        alone = hashed_ngrams([text], chars=(2, 4), words=(1, 3), bits=20)
        assert (together[place] != alone).nnz == 0


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_turkish_capitals_and_yo_fold_to_one_writing() -> None:
    assert normalise("İPEK Şal ISPARTA") == normalise("ipek şal ısparta")
    assert normalise("Костюм тёплый, 52р.") == "костюм теплый 52 р"
    assert title_key("Крем «Ёж», 50 мл!") == title_key("крем ЕЖ 50мл")


def test_half_of_a_surrogate_pair_is_text_like_any_other() -> None:
    assert hashed_ngrams(["плат\ud800ье", "\udfff"]).shape[0] == 2


def test_a_very_long_text_is_cut_and_not_refused() -> None:
    assert hashed_ngrams(["а" * 3_000_000]).nnz < 100


def test_sparse_vectors_have_length_one_and_ascending_columns() -> None:
    vectors = SparseEmbedder().embed([*CORPUS, "", "?!"])
    for vector in vectors[:-2]:
        assert np.linalg.norm(vector.values) == pytest.approx(1.0, abs=1e-5)
        assert np.all(np.diff(vector.indices.astype(np.int64)) > 0)
        assert vector.indices.max() < 2**18
    assert vectors[-1].indices.size == vectors[-2].indices.size == 0


def test_lsa_finds_texts_of_the_same_thing() -> None:
    model = LsaEmbedder.fit(CORPUS, dim=16)
    vectors = model.embed(["платья", "платье вечернее", "шампуни"])
    assert vectors.shape == (3, 16)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert not model.embed(["漢字"]).any()


def test_the_same_fit_has_the_same_id_and_another_corpus_another(tmp_path: Path) -> None:
    model = LsaEmbedder.fit(CORPUS, dim=8)
    assert LsaEmbedder.fit(CORPUS, dim=8).id == model.id
    assert LsaEmbedder.fit([*CORPUS, "новый товар"], dim=8).id != model.id
    model.save(tmp_path / "lsa.npz")
    loaded = LsaEmbedder.load(tmp_path / "lsa.npz")
    assert loaded.id == model.id
    np.testing.assert_array_equal(loaded.embed(CORPUS), model.embed(CORPUS))


def test_a_corpus_that_is_too_small_is_refused_in_words() -> None:
    with pytest.raises(PermanentError, match="do not suffice"):
        LsaEmbedder.fit(["платье", "рубашка"])


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_a_damaged_model_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lsa.npz").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"lsa\.npz"):
        LsaEmbedder.load(tmp_path / "lsa.npz")
    with pytest.raises(ModelFileError, match="no model file"):
        LsaEmbedder.load(tmp_path / "none.npz")


def test_a_model_file_with_pickles_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "bad.npz").open("wb") as file:
        np.savez(file, meta=np.array([{"kind": "lsa"}], dtype=object))
    with pytest.raises(ModelFileError):
        LsaEmbedder.load(tmp_path / "bad.npz")


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=20))
def test_dense_vectors_go_through_bytes_unchanged(values: list[float]) -> None:
    vector = np.asarray(values, dtype=np.float32)
    np.testing.assert_array_equal(dense_from_bytes(dense_to_bytes(vector)), vector)
