"""Datasets as Parquet: writing rows, reading them back, hashing them.

Belongs here: schemas of the files and the bytes. Stays out: which rows, where the files lie.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vitrina.fingerprints import canonical

if TYPE_CHECKING:
    import pyarrow as pa

#: Raised when columns change: it is part of every version's hash.
SCHEMA_VERSION = 1
_TEXT, _NUMBER, _WHOLE, _FLAG, _TEXTS, _WHOLES, _FLAGS = "text", "number", "whole", "flag", "texts", "wholes", "flags"
_PROVENANCE = {
    "key": _TEXT, "source": _TEXT, "origin": _TEXT, "criterion": _TEXT, "contract": _TEXT, "category": _TEXT,
    "language": _TEXT, "product": _WHOLE, "prompt_group": _TEXT, "guidelines": _TEXTS, "annotators": _TEXTS,
    "decisions": _WHOLES, "flips": _FLAGS, "side": _TEXT,
}  # fmt: skip
PAIRS: Mapping[str, str] = {
    "prompt": _TEXT, "chosen": _TEXT, "rejected": _TEXT, "margin": _NUMBER, "agreement": _NUMBER,
    "probability": _NUMBER, "votes_for": _WHOLE, "votes_against": _WHOLE, "votes_tied": _WHOLE,
    "writer_chosen": _TEXT, "writer_rejected": _TEXT, "chosen_is_a": _FLAG, "chosen_characters": _WHOLE,
    "rejected_characters": _WHOLE, **_PROVENANCE,
}  # fmt: skip
TIES: Mapping[str, str] = {
    "prompt": _TEXT, "text_a": _TEXT, "text_b": _TEXT, "outcome": _TEXT, "label_a": _FLAG, "label_b": _FLAG,
    "agreement": _NUMBER, "writer_a": _TEXT, "writer_b": _TEXT, **_PROVENANCE,
}  # fmt: skip
LABELS: Mapping[str, str] = {
    "prompt": _TEXT, "text": _TEXT, "label": _FLAG, "reasons": _TEXTS, "annotator": _TEXT, "decision": _WHOLE,
    "writer": _TEXT, "key": _TEXT, "product": _WHOLE, "category": _TEXT, "language": _TEXT, "prompt_group": _TEXT,
    "side": _TEXT,
}  # fmt: skip
ASIDE: Mapping[str, str] = {"key": _TEXT, "reason": _TEXT, "detail": _TEXT}


def to_parquet(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> bytes:
    """Rows as one Parquet file with exactly these columns; equal rows give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _types()[kind]) for name, kind in columns.items()])
    table = pa.Table.from_pylist([{name: row[name] for name in columns} for row in rows], schema=schema)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def from_parquet(data: bytes) -> list[dict[str, Any]]:
    """Rows of a Parquet file."""
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(data)).to_pylist()
    return rows


def content_hash(files: Mapping[str, Iterable[Mapping[str, Any]]]) -> str:
    """sha256 (hex) over every row of every file: the same rows are the same version, whenever they were made."""
    digest = hashlib.sha256(canonical(["schema", SCHEMA_VERSION]))
    for name in sorted(files):
        digest.update(canonical(["file", name]))
        for row in files[name]:
            digest.update(canonical(dict(row)))
    return digest.hexdigest()


def _types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        _TEXT: pa.string(), _NUMBER: pa.float64(), _WHOLE: pa.int64(), _FLAG: pa.bool_(),
        _TEXTS: pa.list_(pa.string()), _WHOLES: pa.list_(pa.int64()), _FLAGS: pa.list_(pa.bool_()),
    }  # fmt: skip
