"""Near-duplicates in the catalogue's tables: a MinHash signature a product, asked by the database.

Belongs here: keeping signatures, finding who shares a band, the exact comparison. Stays out: the method
(``duplicates``), the verdict (``verdicts``).

An index of all texts in memory took 1 ms a text at every pass over a drop, two minutes at 100,000. Signatures are made
once a text, and asking is one lookup in an inverted index.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from vitrina.content import html
from vitrina.content.duplicates import THRESHOLD, Duplicate, jaccard, shingle_hashes, signature
from vitrina.content.models import ContentVersion, TextSignature
from vitrina.warehouse import copy_upsert

#: Texts that share a band, at most: where more do, one text is repeated over and over, and more witnesses add nothing.
CANDIDATES = 100
#: Products of one question, and texts of one load: their hashes are in memory at the same time, 10 KB each.
_CHUNK = 1_000

_BEHIND = """
SELECT DISTINCT ON (v.product_id) v.id FROM content_contentversion v
LEFT JOIN content_textsignature s ON s.product_id = v.product_id
WHERE s.number IS NULL OR v.number > s.number
ORDER BY v.product_id, v.number DESC
"""
# The inner query is kept apart: with the LIMIT beside it, the planner may walk the whole table in order instead.
_CANDIDATES = """
SELECT asked.product_id, asked.version_id, other.product_id, other.version_id FROM content_textsignature asked
CROSS JOIN LATERAL (
    WITH found AS MATERIALIZED (
        SELECT product_id, version_id FROM content_textsignature s
        WHERE s.bands && asked.bands AND s.product_id <> asked.product_id
    )
    SELECT product_id, version_id FROM found ORDER BY product_id LIMIT %s
) other
WHERE asked.product_id = ANY(%s)
"""


def keep_signatures() -> int:
    """Signatures of the newest text of each product, where they lack or are of a former text; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND)
        behind = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(behind), _CHUNK):
        versions = ContentVersion.objects.filter(pk__in=behind[start : start + _CHUNK]).order_by("product_id")
        rows = [
            (product, version, number, signature(shingle_hashes(html.to_text(body))))
            for product, version, number, body in versions.values_list("product_id", "pk", "number", "body")
        ]
        copy_upsert(TextSignature, ("product", "version", "number", "bands"), rows, key=("product",))
    return len(behind)


def near_duplicates(product_ids: Sequence[int], threshold: float = THRESHOLD) -> dict[int, list[Duplicate]]:
    """Product → other products whose newest text is at or above the threshold, the most similar first.

    Texts as :func:`keep_signatures` saw them; products without near-duplicates are left out.
    """
    found: dict[int, list[Duplicate]] = {}
    for start in range(0, len(product_ids), _CHUNK):
        with transaction.atomic(), connection.cursor() as cursor:
            # The planner thinks that a scan of a small table costs less than the index, but comparing arrays does not:
            # 300 texts against 3,000 took 3.0 s that way.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(_CANDIDATES, [CANDIDATES, list(product_ids[start : start + _CHUNK])])
            pairs = cursor.fetchall()
        versions = {version for _, own, _, other in pairs for version in (own, other)}
        bodies = ContentVersion.objects.filter(pk__in=versions).values_list("pk", "body")
        hashes = {pk: shingle_hashes(html.to_text(body)) for pk, body in bodies.iterator()}
        for product, own, other, version in pairs:
            similarity = jaccard(hashes[own], hashes[version])
            if similarity >= threshold:
                found.setdefault(product, []).append(Duplicate(other, similarity))
    return {
        product: sorted(items, key=lambda item: (-item.similarity, str(item.key))) for product, items in found.items()
    }
