"""Near-duplicates: perceptual hashes and groups of pictures that look alike.

Belongs here: hashing, distance, grouping. Stays out: tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

#: Differing bits of 64 within which two pictures count as the same photo (another size, quality or a slight crop).
NEAR_BITS = 6
#: A flat picture's hash has nearly no bit set, or nearly all: it is like every other flat picture.
_LEAST_BITS, _MOST_BITS = 8, 56
#: Pairs looked at together; a bucket of many equal halves would else take memory by its square.
_CHUNK = 2048


def perceptual_hash(rgb: NDArray[np.uint8]) -> int:
    """DCT hash (ImageHash ``phash``) as a signed 64-bit integer, as PostgreSQL keeps it.

    ``rgb`` should be small: resampling a whole picture costs ten times the hash.
    """
    import imagehash
    from PIL import Image

    return _signed(int(str(imagehash.phash(Image.fromarray(rgb))), 16))


def bits_apart(first: int, second: int) -> int:
    """Differing bits of two hashes."""
    return ((first ^ second) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def near_groups(hashes: Mapping[str, int], *, bits: int = NEAR_BITS) -> list[list[str]]:
    """Names whose hashes lie within ``bits`` of each other, directly or by way of others; groups of two and more.

    Candidates are found by bands: hashes within ``bits`` agree in at least one of ``bits + 1`` bands.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    known = {name: value for name, value in sorted(hashes.items()) if _LEAST_BITS <= _count(value) <= _MOST_BITS}
    if not known:
        return []
    values, owner = np.unique(np.array(list(known.values()), dtype=np.int64), return_inverse=True)
    pairs = [pair for pair in _pairs(values.view(np.uint64), bits) if len(pair[0])]
    rows = np.concatenate([first for first, _ in pairs]) if pairs else np.empty(0, dtype=np.intp)
    columns = np.concatenate([second for _, second in pairs]) if pairs else np.empty(0, dtype=np.intp)
    graph = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(len(values), len(values)))
    _, component = connected_components(graph, directed=False)
    found: dict[int, list[str]] = {}
    for name, place in zip(known, owner, strict=True):
        found.setdefault(int(component[place]), []).append(name)
    return sorted((names for names in found.values() if len(names) > 1), key=lambda names: (-len(names), names))


def _pairs(values: NDArray[np.uint64], bits: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Places of values that are near each other, each pair at least once."""
    bands = bits + 1
    width = 64 // bands
    for band in range(bands):
        size = 64 - band * width if band == bands - 1 else width
        keys = (values >> np.uint64(band * width)) & np.uint64((1 << size) - 1)
        order = np.argsort(keys, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            for start in range(0, len(bucket) if len(bucket) > 1 else 0, _CHUNK):
                part = bucket[start : start + _CHUNK]
                near = np.bitwise_count(values[part][:, None] ^ values[bucket][None, :]) <= bits
                first, second = np.nonzero(near)
                yield part[first], bucket[second]


def _count(value: int) -> int:
    return (value & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def _signed(bits: int) -> int:
    return bits - (1 << 64) if bits >= 1 << 63 else bits
