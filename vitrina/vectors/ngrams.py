"""Hashed words and letter groups of short texts, for whole batches at once.

Belongs here: text normalisation for lexical features and the vectorised n-gram hashing that the sparse embedder, the
LSA embedder and the category classifier share. Stays out: weighting (TF-IDF), models, vocabularies.

Every feature is a substring of the normalised text, so one prefix hash gives all of them by array arithmetic: about
40,000 titles a second on one core, where a Python analyser (scikit-learn's) makes 3,000.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

#: Version of normalisation and hashing. It is part of every embedder id and model file: raise it with any change here.
NGRAM_VERSION = 1

#: Longer texts are cut: features are for titles and labels, and a hostile text must not take the memory.
MAX_CHARS = 4_000

_BATCH = 4_096
_NOT_WORD = re.compile(r"[\W_]+")
_LETTER_DIGIT = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
# Turkish casing (İ, I, ı) and ё are written either way in shop texts; № and ™ are signs, which NFKC would spell out.
_FOLD = str.maketrans({"№": " ", "™": " ", "℠": " ", "İ": "i", "ı": "i", "ё": "е", "Ё": "е", "\u0307": None})

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SPACE = 32


def normalise(text: str) -> str:
    """Lower case words of letters and digits, one space between; digits part from letters (``52р`` → ``52 р``)."""
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARS].translate(_FOLD)).casefold().translate(_FOLD)
    return " ".join(_LETTER_DIGIT.sub(" ", _NOT_WORD.sub(" ", folded)).split())


def title_key(text: str) -> str:
    """The letters and digits of a title alone: titles with one key are the same product text written differently."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text.translate(_FOLD)).casefold().translate(_FOLD))


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    # The splitmix64 finaliser: a polynomial hash alone has weak low bits.
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


def _prefix_hashes(codes: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    # sum(code_k * base^k) needs one cumulative sum; base is odd, so its inverse shifts any window back to position 0.
    size = codes.size + 1
    powers = np.full(size, _BASE, dtype=np.uint64)
    powers[0] = 1
    np.cumprod(powers, out=powers)
    prefix = np.zeros(size, dtype=np.uint64)
    np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers[:-1], out=prefix[1:])
    inverse = np.uint64(pow(int(_BASE), -1, 2**64))
    inverses = np.full(size, inverse, dtype=np.uint64)
    inverses[0] = 1
    np.cumprod(inverses, out=inverses)
    return prefix, inverses


def hashed_ngrams(
    texts: Sequence[str],
    *,
    chars: tuple[int, int] | None = (3, 5),
    words: tuple[int, int] | None = None,
    bits: int = 18,
    normalised: bool = False,
) -> csr_matrix:
    """Counts of hashed n-grams.

    Args:
        texts: Any length, the empty list too.
        chars: Lengths of letter groups inside words with their bounding spaces (scikit-learn's ``char_wb``).
        words: Numbers of neighbouring words.
        bits: The feature space has ``2**bits`` columns, at most 31.
        normalised: The texts went through :func:`normalise` already.

    Returns:
        ``(len(texts), 2**bits)`` float32 CSR with sorted indices and summed duplicates.
    """
    from scipy.sparse import csr_matrix, vstack

    if not 1 <= bits <= 31:
        raise ValueError("bits must be in 1…31")
    blocks = [
        _block(texts[start : start + _BATCH], chars, words, bits, normalised) for start in range(0, len(texts), _BATCH)
    ]
    if not blocks:
        return csr_matrix((0, 2**bits), dtype=np.float32)
    return blocks[0] if len(blocks) == 1 else vstack(blocks, format="csr")


def _block(
    texts: Sequence[str],
    chars: tuple[int, int] | None,
    words: tuple[int, int] | None,
    bits: int,
    normalised: bool,
) -> csr_matrix:
    from scipy.sparse import csr_matrix

    clean = list(texts) if normalised else [normalise(text) for text in texts]
    # Two spaces between texts: a window that crosses the border has a space inside, so it is never taken.
    joined = "".join(f" {text} " for text in clean) + " "
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(clean)), [len(text) + 2 for text in clean])
    prefix, inverses = _prefix_hashes(codes)
    spaces = np.concatenate([[0], np.cumsum(codes == _SPACE)])

    rows: list[npt.NDArray[np.int64]] = []
    columns: list[npt.NDArray[np.uint64]] = []

    def take(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], salt: int) -> None:
        hashes = (prefix[ends] - prefix[starts]) * inverses[starts] + np.uint64(salt)
        columns.append(_mix(hashes) >> np.uint64(64 - bits))
        rows.append(owner[starts])

    if chars is not None:
        for length in range(chars[0], chars[1] + 1):
            starts = np.arange(max(codes.size - 1 - length + 1, 0))
            # No space inside, and not two spaces side by side, which is the border between two texts.
            whole = (spaces[starts + length - 1] == spaces[starts + 1]) & (
                spaces[starts + length] - spaces[starts] < length
            )
            take(starts[whole], starts[whole] + length, length)
    if words is not None:
        gaps = np.flatnonzero(codes[:-1] == _SPACE)
        for count in range(words[0], words[1] + 1):
            if gaps.size <= count:
                break
            starts, ends = gaps[:-count] + 1, gaps[count:]
            # A border between texts is two gaps side by side: such a run of words has fewer letters than its gaps say.
            whole = (owner[starts - 1] == owner[ends]) & (ends > starts)
            take(starts[whole], ends[whole], 1_000 + count)
    if not rows:
        return csr_matrix((len(clean), 2**bits), dtype=np.float32)
    row, column = np.concatenate(rows), np.concatenate(columns).astype(np.int64)
    matrix = csr_matrix(
        (np.ones(row.size, dtype=np.float32), (row, column)), shape=(len(clean), 2**bits), dtype=np.float32
    )
    matrix.sum_duplicates()
    return matrix
