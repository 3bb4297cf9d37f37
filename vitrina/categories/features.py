"""From titles to the classifier's feature matrix.

Belongs here: TF-IDF over hashed words and letter groups, fitted on training titles. Stays out: the classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vitrina.vectors.ngrams import hashed_ngrams, normalise

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_CHARS = (2, 5)
_WORDS = (1, 2)
#: 16.8 million columns for some 90,000 features: about one in 200 shares its column with another.
_BITS = 24


def _counts(titles: Sequence[str], block: str) -> csr_matrix:
    clean = [normalise(title) for title in titles]
    chars, words = (_CHARS, None) if block == "chars" else (None, _WORDS)
    return hashed_ngrams(clean, chars=chars, words=words, bits=_BITS, normalised=True)


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of features: the columns that training saw, ascending, and their inverse document frequency."""

    name: str
    columns: npt.NDArray[np.uint32]
    idf: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, name: str, titles: Sequence[str]) -> Block:
        """Keep what at least two titles have, or everything where titles are few."""
        counts = _counts(titles, name)
        columns, frequency = np.unique(counts.indices, return_counts=True)
        kept = frequency >= (2 if len(titles) >= 1_000 else 1)
        idf = np.log((1.0 + len(titles)) / (1.0 + frequency[kept])) + 1.0
        return cls(name, columns[kept].astype(np.uint32), idf.astype(np.float32))

    def transform(self, titles: Sequence[str]) -> tuple[csr_matrix, npt.NDArray[np.float32]]:
        """Rows with L2 norm 1, and the share of each title's features that training knew."""
        from scipy.sparse import csr_matrix

        counts = _counts(titles, self.name)
        rows = np.repeat(np.arange(len(titles)), np.diff(counts.indptr))
        if self.columns.size == 0:
            return csr_matrix((len(titles), 0), dtype=np.float32), np.zeros(len(titles), np.float32)
        place = np.minimum(np.searchsorted(self.columns, counts.indices), self.columns.size - 1)
        known = self.columns[place] == counts.indices
        share = np.bincount(rows[known], minlength=len(titles)) / np.maximum(np.diff(counts.indptr), 1)
        rows, place = rows[known], place[known]
        values = (1.0 + np.log(counts.data[known])) * self.idf[place]
        norms = np.sqrt(np.bincount(rows, weights=values**2, minlength=len(titles)))
        values = (values / norms[rows]).astype(np.float32)
        matrix = csr_matrix((values, (rows, place)), shape=(len(titles), self.columns.size))
        return matrix, share.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Features:
    """Letter groups of 2 to 5 beside words and pairs of words."""

    chars: Block
    words: Block

    @classmethod
    def fit(cls, titles: Sequence[str]) -> Features:
        """Learn columns and weights from the training titles alone."""
        return cls(Block.fit("chars", titles), Block.fit("words", titles))

    @property
    def size(self) -> int:
        """Number of columns."""
        return int(self.chars.columns.size + self.words.columns.size)

    def transform(self, titles: Sequence[str]) -> tuple[csr_matrix, npt.NDArray[np.float32]]:
        """``(len(titles), size)`` float32, and the share of each title's words and pairs that training knew."""
        from scipy.sparse import hstack

        chars, _ = self.chars.transform(titles)
        words, share = self.words.transform(titles)
        return hstack([chars, words], format="csr", dtype=np.float32), share
