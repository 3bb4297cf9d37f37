"""The embedded vector index: qdrant-edge, the Qdrant engine in this process.

Belongs here: folders, the lock and the translation to qdrant-edge's classes. Stays out: a Qdrant server (``qdrant``).

One shard is one folder is one collection, and the engine allows one opener. So every call opens the shard under a
file lock and closes it again (12 ms for a small shard, about 70 ms for 10,000 points); ``opened`` keeps it for more.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qdrant_edge as qe

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
from vitrina.vectors.locking import IndexBusy, exclusive

_SPEC = "vitrina.json"
_SHARD = "shard"
_BATCH = 500
#: Each branch of a hybrid search brings this many times k candidates into the fusion.
_PREFETCH = 4


class EdgeIndex:
    """``VectorIndex`` in a folder of this machine.

    Args:
        root: The folder of all collections.
        lock_timeout: Seconds to wait for another opener.
    """

    def __init__(self, root: Path, *, lock_timeout: float = 30.0) -> None:
        self._root = root
        self._timeout = lock_timeout
        self._held = threading.local()

    def ensure(self, collection: str, *, dense_dim: int | None = None, sparse: bool = True) -> None:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        if dense_dim is None and not sparse:
            raise VectorIndexError("A collection needs dense or sparse vectors.")
        wanted = {"dense_dim": dense_dim, "sparse": sparse}
        with self._locked(collection) as folder:
            spec = self._spec(folder)
            if spec is not None:
                if spec != wanted:
                    raise VectorIndexError(
                        f"Collection {collection} exists as {spec}, wanted {wanted}.",
                        hint="Vectors of another embedder go to a collection of their own; or drop this one.",
                    )
                return
            # Without its spec file a folder is what a killed creation left.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            dense_part = (
                {DENSE: qe.EdgeVectorParams(size=dense_dim, distance=qe.Distance.Cosine)} if dense_dim else None
            )
            sparse_part = {SPARSE: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)} if sparse else None
            config = qe.EdgeConfig(vectors=dense_part, sparse_vectors=sparse_part)
            qe.EdgeShard.create(str(folder / _SHARD), config).close()
            part = folder / f"{_SPEC}.part"
            part.write_text(json.dumps(wanted))
            part.replace(folder / _SPEC)

    def upsert(self, collection: str, points: Iterable[VectorPoint]) -> int:
        """See :class:`vitrina.vectors.index.VectorIndex`. A killed call leaves whole batches."""
        written = 0
        with self._shard(collection) as shard:
            batch: list[qe.Point] = []
            for point in points:
                batch.append(_to_point(collection, point))
                if len(batch) == _BATCH:
                    shard.update(qe.UpdateOperation.upsert_points(batch))
                    written, batch = written + len(batch), []
            if batch:
                shard.update(qe.UpdateOperation.upsert_points(batch))
            shard.flush()
        return written + len(batch)

    def delete(self, collection: str, keys: Iterable[str]) -> None:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        ids: list[qe.PointId] = [point_id(collection, key) for key in keys]
        with self._shard(collection) as shard:
            for start in range(0, len(ids), _BATCH):
                shard.update(qe.UpdateOperation.delete_points(ids[start : start + _BATCH]))
            shard.flush()

    def search(self, collection: str, queries: Sequence[SearchQuery]) -> list[list[Hit]]:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        if not queries:
            return []
        with self._shard(collection) as shard:
            answers = shard.query_batch(qe.QueryBatchRequest([_to_request(query) for query in queries]))
        return [[_to_hit(point.payload or {}, point.score) for point in answer] for answer in answers]

    def count(self, collection: str) -> int:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        with self._shard(collection) as shard:
            return int(shard.count(qe.CountRequest(exact=True)))

    def exists(self, collection: str) -> bool:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        return (self._root / check_name(collection) / _SPEC).is_file()

    def collections(self) -> list[str]:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        return sorted(spec.parent.name for spec in self._root.glob(f"*/{_SPEC}"))

    def optimize(self, collection: str) -> None:
        """See :class:`vitrina.vectors.index.VectorIndex`. Edge has no optimiser of its own in the background."""
        with self._shard(collection) as shard:
            shard.optimize()
            shard.flush()

    def drop(self, collection: str) -> None:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        with self._locked(collection) as folder:
            (folder / _SPEC).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def opened(self, collection: str) -> Iterator[None]:
        """See :class:`vitrina.vectors.index.VectorIndex`."""
        with self._shard(collection):
            yield

    def close(self) -> None:
        """Nothing stays open between calls."""

    @contextmanager
    def _locked(self, collection: str) -> Iterator[Path]:
        if self._open_shards().get(check_name(collection)) is not None:
            raise VectorIndexError(f"Collection {collection} is open in this thread; close it first.")
        lock = self._root / f"{collection}.lock"
        with exclusive(lock, timeout=self._timeout, what=f"The embedded vector collection {collection}"):
            yield self._root / collection

    @contextmanager
    def _shard(self, collection: str) -> Iterator[qe.EdgeShard]:
        """The open shard, of an outer block of this thread or opened now."""
        held = self._open_shards().get(collection)
        if held is not None:
            with _translated(collection):
                yield held
            return
        with self._locked(collection) as folder, _translated(collection):
            if self._spec(folder) is None:
                raise VectorIndexError(
                    f"There is no vector collection {collection}.", hint="Build it: vitrina vectors rebuild"
                )
            shard = qe.EdgeShard.load(str(folder / _SHARD))
            self._open_shards()[collection] = shard
            try:
                yield shard
            finally:
                del self._open_shards()[collection]
                shard.close()

    def _open_shards(self) -> dict[str, qe.EdgeShard]:
        if not hasattr(self._held, "shards"):
            self._held.shards = {}
        return self._held.shards

    @staticmethod
    def _spec(folder: Path) -> dict[str, object] | None:
        try:
            return json.loads((folder / _SPEC).read_text())
        except FileNotFoundError:
            return None


@contextmanager
def _translated(collection: str) -> Iterator[None]:
    # qdrant-edge raises bare Exception; only its text says which.
    try:
        yield
    except Exception as error:
        if type(error) is not Exception:
            raise
        if "WouldBlock" in str(error):
            raise IndexBusy(
                f"Collection {collection} is open in a process that does not keep the lock.",
                hint="End the other process, or set QDRANT_URL to a Qdrant server.",
            ) from error
        raise VectorIndexError(
            f"The embedded vector collection {collection} refuses: {error}",
            hint="If it is damaged, build it again: vitrina vectors rebuild",
        ) from error


def _to_sparse(vector: SparseVector) -> qe.SparseVector:
    return qe.SparseVector(vector.indices.tolist(), vector.values.tolist())


def _to_point(collection: str, point: VectorPoint) -> qe.Point:
    vectors: dict[str, qe.NamedVector] = {}
    if point.dense is not None:
        vectors[DENSE] = point.dense.tolist()
    if point.sparse is not None:
        vectors[SPARSE] = _to_sparse(point.sparse)
    return qe.Point(point_id(collection, point.key), vectors, {**point.payload, KEY: point.key})


def _to_filter(where: Filter | None) -> qe.Filter | None:
    if not where:
        return None
    must: list[qe.ConditionType] = [
        qe.FieldCondition(
            key=name,
            match=qe.MatchValue(value) if isinstance(value, str | int | bool) else qe.MatchAny(list(value)),  # type: ignore[arg-type]
        )
        for name, value in where.items()
    ]
    return qe.Filter(must=must)


def _to_request(query: SearchQuery) -> qe.QueryRequest:
    where = _to_filter(query.where)
    branches = []
    if query.dense is not None:
        branches.append(qe.Query.Nearest(query.dense.tolist(), using=DENSE))
    if query.sparse is not None:
        branches.append(qe.Query.Nearest(_to_sparse(query.sparse), using=SPARSE))
    if len(branches) == 1:
        return qe.QueryRequest(limit=query.k, query=branches[0], filter=where, with_payload=True)
    stages = [qe.Prefetch(limit=query.k * _PREFETCH, query=branch, filter=where) for branch in branches]
    fusion: Any = qe.Fusion.Rrf(k=RRF_K)  # the stub forgets that Rrf is a Fusion
    return qe.QueryRequest(limit=query.k, prefetches=stages, query=fusion, with_payload=True)


def _to_hit(payload: dict[str, object], score: float) -> Hit:
    key = payload.pop(KEY, "")
    return Hit(str(key), float(score), payload)
