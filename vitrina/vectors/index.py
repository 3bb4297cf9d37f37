"""The port to a vector index: its values, its protocol, its names.

Belongs here: what callers need to speak to any back end. Stays out: the back ends (``edge``, ``qdrant``), embedding,
and the pointer from a logical to a physical collection, which the database keeps.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vitrina.errors import PermanentError
from vitrina.vectors.embedders import SparseVector, dense_from_bytes

#: The logical collections of the catalogue.
CATEGORIES, TEMPLATES, PRODUCTS = "categories", "description_templates", "product_vectors"

#: Names of the two vectors of a point, and of the payload field that carries the natural key.
DENSE, SPARSE, KEY = "dense", "sparse", "_key"

#: Constant of reciprocal rank fusion (Cormack, Clarke, Buettcher 2009).
RRF_K = 60

_NAMESPACE = uuid.UUID("6f0a3c52-8a5e-5d0b-9a54-5f6f52b7d7c1")
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,119}")

Filter = Mapping[str, str | int | bool | Sequence[str] | Sequence[int]]
"""Payload field → the value it must have, or a list of which it must have one. All fields must hold."""


class VectorIndexError(PermanentError):
    """The index refuses: wrong name, unknown collection, vectors of another shape."""


def physical_name(logical: str, *embedder_ids: str) -> str:
    """The collection that holds vectors of exactly these embedders: ``categories__3f2a90c1d4e5``."""
    digest = hashlib.sha256("\n".join(sorted(embedder_ids)).encode()).hexdigest()[:12]
    return check_name(f"{logical}__{digest}")


def logical_name(physical: str) -> str:
    """The reverse, as far as it goes."""
    return physical.rsplit("__", 1)[0]


def check_name(collection: str) -> str:
    """A name is also a folder, so it is lower-case letters, digits and underscores; anything else is refused."""
    if not _NAME.fullmatch(collection):
        raise VectorIndexError(f"{collection!r} is no collection name.", hint="Use a-z, 0-9 and underscores.")
    return collection


def point_id(collection: str, key: str) -> str:
    """UUIDv5 of (logical collection, natural key): the same for every rebuild and every embedder."""
    return str(uuid.uuid5(_NAMESPACE, f"{logical_name(collection)}\n{key}"))


@dataclass(frozen=True, slots=True)
class VectorPoint:
    """A point to write. ``dense`` has the collection's length; ``payload`` is a JSON object without ``_key``."""

    key: str
    dense: npt.NDArray[np.float32] | None = None
    sparse: SparseVector | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """A vector as the database keeps it: ``dense`` is little-endian float32, ``sparse`` is (indices, values)."""

    key: str
    dense: bytes | None = None
    sparse: tuple[Sequence[int], Sequence[float]] | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

    def point(self) -> VectorPoint:
        """The same for the index."""
        sparse = None
        if self.sparse is not None:
            sparse = SparseVector(np.asarray(self.sparse[0], np.uint32), np.asarray(self.sparse[1], np.float32))
        dense = None if self.dense is None else dense_from_bytes(self.dense)
        return VectorPoint(self.key, dense, sparse, self.payload)


@dataclass(frozen=True, slots=True)
class Hit:
    """A found point. ``score`` is cosine (dense), weighted overlap (sparse) or fused rank (hybrid): not comparable."""

    key: str
    score: float
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Dense, sparse, or (with both) a hybrid by reciprocal rank fusion.

    Attributes:
        k: Most hits wanted.
        where: Filter on the payload.
    """

    dense: npt.NDArray[np.float32] | None = None
    sparse: SparseVector | None = None
    k: int = 5
    where: Filter | None = None

    def __post_init__(self) -> None:
        if self.dense is None and self.sparse is None:
            raise VectorIndexError("A search needs a dense vector, a sparse vector, or both.")
        if self.k < 1:
            raise VectorIndexError("A search wants at least one hit.")

    @property
    def fused(self) -> bool:
        """Whether two rankings are joined, so that scores are those of the fusion."""
        return self.dense is not None and self.sparse is not None


class VectorIndex(Protocol):
    """What every back end can do. Writes are visible to the next search.

    All methods raise ``RetryableError`` when the index is busy or cannot be reached, and ``VectorIndexError`` when the
    request itself is wrong.
    """

    def ensure(self, collection: str, *, dense_dim: int | None = None, sparse: bool = True) -> None:
        """Create the collection, or check that it has this shape. Dense is cosine, sparse has IDF in the index."""
        ...

    def upsert(self, collection: str, points: Iterable[VectorPoint]) -> int:
        """Write points in batches, replacing those with the same key; returns how many."""
        ...

    def delete(self, collection: str, keys: Iterable[str]) -> None:
        """Remove points; unknown keys are no error."""
        ...

    def search(self, collection: str, queries: Sequence[SearchQuery]) -> list[list[Hit]]:
        """Answers in the order of the queries, best hit first."""
        ...

    def count(self, collection: str) -> int:
        """Number of points, exactly."""
        ...

    def exists(self, collection: str) -> bool:
        """Whether the collection was created."""
        ...

    def collections(self) -> list[str]:
        """Names of all collections, sorted."""
        ...

    def optimize(self, collection: str) -> None:
        """Build search structures after a bulk load; does nothing where the server does it by itself."""
        ...

    def drop(self, collection: str) -> None:
        """Remove the collection; an unknown one is no error."""
        ...

    def opened(self, collection: str) -> AbstractContextManager[None]:
        """Keep the collection open for several calls of this thread. Others wait meanwhile: keep it short."""
        ...

    def close(self) -> None:
        """Let go of everything. The object is not used afterwards."""
        ...
