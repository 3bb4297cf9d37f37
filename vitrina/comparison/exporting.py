"""A batch's standing votes as CSV and JSON Lines.

Belongs here: one row a vote, under pseudonyms; cells that no spreadsheet runs. Stays out: preference data for training
(``vitrina.preferences``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import orjson

from vitrina.review.guidelines import pseudonyms
from vitrina.review.models import Batch, Decision
from vitrina.storefront.tables import safe_cell

COLUMNS = (
    "batch", "criterion", "guidelines", "pair", "product", "part", "expected", "prompt", "language", "text_a", "text_b",
    "choice", "tie_kind", "shown", "b_on_the_left", "reasons", "comment", "active_ms", "annotator", "decided_at",
)  # fmt: skip
_CHUNK = 1000


def votes(batch: Batch) -> Iterator[dict[str, Any]]:
    """Standing votes in their order: neither undone, superseded nor voided ones. Texts in the order of the table."""
    standing = Decision.objects.filter(
        item__batch=batch, action="compare", superseded_by=None, undone_at=None, voided_at=None
    )
    people = standing.exclude(decided_by=None).values_list("decided_by", flat=True).distinct()
    names = pseudonyms(pk for pk in people if pk is not None)
    rows = standing.select_related("item__pair", "guidelines").order_by("pk")
    for vote in rows.iterator(chunk_size=_CHUNK):
        pair = vote.item.pair
        if pair is None:
            continue
        yield {
            "batch": batch.name,
            "criterion": batch.criterion,
            "guidelines": str(vote.guidelines) if vote.guidelines is not None else "",
            "pair": pair.fingerprint,
            "product": pair.product_id,
            "part": vote.item.part,
            "expected": vote.item.expected,
            "prompt": pair.prompt,
            "language": pair.language,
            "text_a": pair.text_a,
            "text_b": pair.text_b,
            "choice": vote.choice,
            "tie_kind": vote.tie_kind,
            "shown": vote.shown,
            "b_on_the_left": vote.flip,
            "reasons": vote.reasons,
            "comment": vote.comment,
            "active_ms": vote.active_ms,
            "annotator": names.get(vote.decided_by_id or 0, ""),
            "decided_at": vote.created_at.isoformat(),
        }


def as_jsonl(batch: Batch) -> Iterator[bytes]:
    """One object a line."""
    for row in votes(batch):
        yield orjson.dumps(row) + b"\n"


def as_csv(batch: Batch) -> Iterator[bytes]:
    """UTF-8 with BOM, so that Excel reads Cyrillic."""
    yield b"\xef\xbb\xbf" + _line(COLUMNS)
    for row in votes(batch):
        yield _line([", ".join(row[name]) if name == "reasons" else row[name] for name in COLUMNS])


def _line(cells: Any) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue().encode()
