"""The vector index on a Qdrant server, through qdrant-client.

Belongs here: the translation to the client's models and its errors. Stays out: the embedded engine (``edge``).

``location=":memory:"`` is the client's own imitation of a server, for tests. Its ``path=`` mode is never used: it
pickles points and commits once a point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from vitrina.errors import RetryableError
from vitrina.vectors.embedders import SparseVector
from vitrina.vectors.index import (
    DENSE,
    KEY,
    RRF_K,
    SPARSE,
    Filter,
    Hit,
    SearchQuery,
    VectorIndexError,
    VectorPoint,
    check_name,
    point_id,
)

_BATCH = 500
_PREFETCH = 4
_QUERIES = 64


class QdrantIndex:
    """``VectorIndex`` on a server.

    Args:
        url: ``http://host:6333``, or ``:memory:`` in tests.
        api_key: Sent to the server, never logged.
        timeout: Seconds for one request.
    """

    def __init__(self, url: str, *, api_key: str | None = None, timeout: int = 30) -> None:
        self._where = url
        if url == ":memory:":
            self._client = QdrantClient(location=url)
        else:
            with self._translated():
                self._client = QdrantClient(url=url, api_key=api_key, timeout=timeout, check_compatibility=False)

    def ensure(self, collection: str, *, dense_dim: int | None = None, sparse: bool = True) -> None:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        if dense_dim is None and not sparse:
            raise VectorIndexError("A collection needs dense or sparse vectors.")
        if not self.exists(collection):
            dense_part = (
                {DENSE: models.VectorParams(size=dense_dim, distance=models.Distance.COSINE)} if dense_dim else {}
            )
            sparse_part = {SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)} if sparse else None
            with self._translated():
                try:
                    self._client.create_collection(
                        collection, vectors_config=dense_part, sparse_vectors_config=sparse_part
                    )
                except UnexpectedResponse as error:
                    # 409: another process created it between the question and the request.
                    if error.status_code != 409:
                        raise
        with self._translated():
            params = self._client.get_collection(collection).config.params
        vectors = params.vectors if isinstance(params.vectors, dict) else {}
        found = {
            "dense_dim": vectors[DENSE].size if DENSE in vectors else None,
            "sparse": SPARSE in (params.sparse_vectors or {}),
        }
        wanted = {"dense_dim": dense_dim, "sparse": sparse}
        if found != wanted:
            raise VectorIndexError(
                f"Collection {collection} exists as {found}, wanted {wanted}.",
                hint="Vectors of another embedder go to a collection of their own; or drop this one.",
            )

    def upsert(self, collection: str, points: Iterable[VectorPoint]) -> int:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        self._known(collection)
        written = 0
        batch: list[models.PointStruct] = []
        for point in points:
            batch.append(_to_point(collection, point))
            if len(batch) == _BATCH:
                self._write(collection, batch)
                written, batch = written + len(batch), []
        if batch:
            self._write(collection, batch)
        return written + len(batch)

    def delete(self, collection: str, keys: Iterable[str]) -> None:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        self._known(collection)
        ids: list[models.ExtendedPointId] = [point_id(collection, key) for key in keys]
        for start in range(0, len(ids), _BATCH):
            with self._translated():
                self._client.delete(collection, models.PointIdsList(points=ids[start : start + _BATCH]), wait=True)

    def search(self, collection: str, queries: Sequence[SearchQuery]) -> list[list[Hit]]:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        if not queries:
            return []
        self._known(collection)
        hits: list[list[Hit]] = []
        for start in range(0, len(queries), _QUERIES):
            requests = [_to_request(query) for query in queries[start : start + _QUERIES]]
            with self._translated():
                answers = self._client.query_batch_points(collection, requests)
            hits += [[_to_hit(point.payload or {}, point.score) for point in answer.points] for answer in answers]
        return hits

    def count(self, collection: str) -> int:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        self._known(collection)
        with self._translated():
            return self._client.count(collection, exact=True).count

    def exists(self, collection: str) -> bool:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        with self._translated():
            return self._client.collection_exists(check_name(collection))

    def collections(self) -> list[str]:
        """See :class:`vitrina.vectors.index.VectorIndex`. Collections of other owners of the server are among them."""
        with self._translated():
            return sorted(item.name for item in self._client.get_collections().collections)

    def optimize(self, collection: str) -> None:
        """The server optimises by itself."""
        self._known(collection)

    def drop(self, collection: str) -> None:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        if self.exists(collection):
            with self._translated():
                self._client.delete_collection(collection)

    @contextmanager
    def opened(self, collection: str) -> Iterator[None]:
        """A server needs no opening."""
        self._known(collection)
        yield

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _write(self, collection: str, batch: list[models.PointStruct]) -> None:
        with self._translated():
            self._client.upsert(collection, batch, wait=True)

    def _known(self, collection: str) -> None:
        if not self.exists(collection):
            raise VectorIndexError(
                f"There is no vector collection {collection}.", hint="Build it: vitrina vectors rebuild"
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ResponseHandlingException as error:
            raise RetryableError(
                f"The Qdrant server at {self._where} cannot be reached ({error.source}).",
                hint="Check QDRANT_URL and that the server runs.",
            ) from error
        except UnexpectedResponse as error:
            text = f"The Qdrant server at {self._where} answers {error.status_code} {error.reason_phrase}"
            if error.status_code in (401, 403):
                raise VectorIndexError(f"{text}.", hint="Check QDRANT_API_KEY.") from error
            if error.status_code == 429 or (error.status_code or 0) >= 500:
                raise RetryableError(f"{text}.", hint="Try again later.") from error
            raise VectorIndexError(f"{text}: {error.content.decode(errors='replace')[:300]}") from error
        except ApiException as error:
            raise RetryableError(f"The Qdrant server at {self._where} fails: {error}") from error
        except ValueError as error:
            # The imitation in memory raises these for what a server answers with 4xx.
            raise VectorIndexError(f"Qdrant refuses: {error}") from error


def _to_sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())


def _to_point(collection: str, point: VectorPoint) -> models.PointStruct:
    vectors: dict[str, Any] = {}
    if point.dense is not None:
        vectors[DENSE] = point.dense.tolist()
    if point.sparse is not None:
        vectors[SPARSE] = _to_sparse(point.sparse)
    return models.PointStruct(
        id=point_id(collection, point.key), vector=vectors, payload={**point.payload, KEY: point.key}
    )


def _to_filter(where: Filter | None) -> models.Filter | None:
    if not where:
        return None
    must: list[models.Condition] = [
        models.FieldCondition(
            key=name,
            match=models.MatchValue(value=value)
            if isinstance(value, str | int | bool)
            else models.MatchAny(any=list(value)),  # type: ignore[arg-type]
        )
        for name, value in where.items()
    ]
    return models.Filter(must=must)


def _to_request(query: SearchQuery) -> models.QueryRequest:
    where = _to_filter(query.where)
    branches: list[tuple[str, Any]] = []
    if query.dense is not None:
        branches.append((DENSE, query.dense.tolist()))
    if query.sparse is not None:
        branches.append((SPARSE, _to_sparse(query.sparse)))
    if len(branches) == 1:
        name, vector = branches[0]
        return models.QueryRequest(query=vector, using=name, filter=where, limit=query.k, with_payload=True)
    stages = [
        models.Prefetch(query=vector, using=name, filter=where, limit=query.k * _PREFETCH) for name, vector in branches
    ]
    fusion = models.RrfQuery(rrf=models.Rrf(k=RRF_K))
    return models.QueryRequest(prefetch=stages, query=fusion, limit=query.k, with_payload=True)


def _to_hit(payload: dict[str, Any], score: float) -> Hit:
    values = dict(payload)
    key = values.pop(KEY, "")
    return Hit(str(key), float(score), values)
