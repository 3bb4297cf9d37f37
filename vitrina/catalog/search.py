"""Products as people look for them: by words, number, source, category, state and drop.

Belongs here: the filters as one bounded query, and the table of words behind it. Stays out: what is near to what
(``vitrina.vectors.similar``), pages.

Words are found by Russian stems and by how they begin, so that ``платье``, ``платья`` and ``плат`` find a dress.
Where the server has pg_trgm, a search that finds nothing is made once more by similar letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection
from django.db.models import BooleanField, Exists, FloatField, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from vitrina.catalog.models import Product, ProductWords, Publication, Source
from vitrina.categories.models import Category
from vitrina.content.models import ContentVersion, ProcessingLog
from vitrina.review.models import ReviewItem

#: Beyond these a search says "more than"; nobody reads the hundredth page.
COUNTED, REACHED = 1_000, 5_000
#: Most products whose words one search takes up: a second.
_TAKEN_UP = 10_000
_MOST_WORDS, _LONGEST = 12, 60
_WORD = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*")
#: Share of common letter groups from which a title counts as meant.
_ALIKE = 0.45


class State(StrEnum):
    """Where a product stands, as the list filters it."""

    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    DELISTED = "delisted"
    WAITS = "waits"
    NO_TEXT = "no_text"
    NO_CATEGORY = "no_category"
    FAILED = "failed"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person looks for; empty fields ask for nothing.

    Attributes:
        words: Words of title or brand, or the product's number in its source.
        source: Slug.
        category: Slug; what lies below it counts too.
        state: One of :class:`State`.
        drop: Key of the drop that a product's row came from.
    """

    words: str = ""
    source: str = ""
    category: str = ""
    state: str = ""
    drop: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of products, the newest first (a product of that very number before all).

    Attributes:
        total: How many there are, at most :data:`COUNTED`; ``more`` says that there are more.
        further: Whether another page follows.
        alike: Nothing had those words; these have similar letters.
        behind: Products whose words are not searchable yet.
    """

    ids: list[int]
    total: int
    more: bool
    further: bool
    alike: bool = False
    behind: int = 0


def find(wanted: Wanted, *, page: int = 1, size: int = 50) -> Found:
    """One page of what is looked for; a number of statements that does not depend on how much that is."""
    behind = keep_words() if wanted.words else 0
    rows = _narrowed(wanted)
    exact = _of_number(wanted.words, rows)
    query = _query(wanted.words)
    if query:
        rows = rows.filter(words__in=ProductWords.objects.filter(_matches(query)).values("pk")).exclude(pk__in=exact)
    elif wanted.words:
        rows = rows.none()
    ids, total, further = _page(rows, exact, page, size)
    if not ids and wanted.words and page == 1 and _has_trigrams():
        ids = list(_alike(_narrowed(wanted), wanted.words).values_list("pk", flat=True)[:size])
        return Found(ids, len(ids), more=False, further=False, alike=bool(ids), behind=behind)
    return Found(ids, min(total, COUNTED), more=total > COUNTED, further=further, behind=behind)


def narrowed(ids: Sequence[int], wanted: Wanted) -> list[int]:
    """Those among these that every filter but the words lets pass, in their order."""
    kept = set(_narrowed(wanted).filter(pk__in=ids).values_list("pk", flat=True))
    return [pk for pk in ids if pk in kept]


def keep_words() -> int:
    """Take up the words of products that are new or changed, so many at a time; returns how many are left for later."""
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [_TAKEN_UP])
        if cursor.rowcount < _TAKEN_UP:
            return 0
        cursor.execute(_BEHIND)
        (behind,) = cursor.fetchone()
    return int(behind)


_STALE = """
FROM catalog_product p LEFT JOIN catalog_productwords w ON w.product_id = p.id AND w.stamp = p.updated_at
WHERE w.product_id IS NULL
"""
_KEEP = f"""
INSERT INTO catalog_productwords (product_id, words, stamp)
SELECT p.id, to_tsvector('russian', t.text) || to_tsvector('simple', t.text), p.updated_at
FROM (SELECT p.id, p.title, p.brand, p.updated_at {_STALE} ORDER BY p.id DESC LIMIT %s) p
CROSS JOIN LATERAL (SELECT left(concat_ws(' ', p.title, p.brand), 4000) AS text) t
ON CONFLICT (product_id) DO UPDATE SET words = excluded.words, stamp = excluded.stamp
"""  # noqa: S608 - of constants
_BEHIND = f"SELECT count(*) {_STALE}"


def _page(rows: QuerySet[Product], exact: Sequence[int], page: int, size: int) -> tuple[list[int], int, bool]:
    start = (min(max(page, 1), REACHED // size) - 1) * size
    first = list(exact) if page <= 1 else []
    begin = max(0, start - len(exact)) if page > 1 else 0
    found = list(rows.order_by("-id").values_list("pk", flat=True)[begin : start + size + 1 - len(exact)])
    ids = [*first, *found]
    total = len(rows.order_by().values_list("pk", flat=True)[: COUNTED + 1]) + len(exact)
    return ids[:size], total, len(ids) > size and start + size < REACHED


def _narrowed(wanted: Wanted) -> QuerySet[Product]:
    rows = Product.objects.all()
    if wanted.source:
        rows = rows.filter(source__slug=wanted.source)
    if wanted.drop:
        rows = rows.filter(drop__key=wanted.drop)
    if wanted.category:
        rows = rows.filter(category__category__in=_below(wanted.category))
    return rows.filter(_in_state(wanted.state)) if wanted.state else rows


def _below(slug: str) -> list[int]:
    """A category and everything under it; the tree is small."""
    children: dict[int | None, list[int]] = {}
    chosen: list[int] = []
    for pk, parent, own in Category.objects.values_list("pk", "parent_id", "slug"):
        children.setdefault(parent, []).append(pk)
        if own == slug:
            chosen.append(pk)
    for pk in chosen:
        chosen += children.get(pk, [])
    return chosen


def _in_state(state: str) -> Q:
    shown = {name.value for name in Publication.State}
    if state in shown:
        return Q(publication__state=state)
    texts = ContentVersion.objects.filter(product=OuterRef("pk"))
    failures = ProcessingLog.objects.filter(
        product=OuterRef("pk"), status=ProcessingLog.Status.FAILED,
        processing_type=ProcessingLog.Type.DESCRIPTION_ONLY,
    )  # fmt: skip
    asked = ReviewItem.objects.filter(product=OuterRef("pk"), state=ReviewItem.State.OPEN)
    # For a second look no product waits: its text is on show.
    cases = asked.exclude(kind=ReviewItem.Kind.PAIR).exclude(look=ReviewItem.Look.SECOND)
    conditions = {
        State.WAITS.value: Q(Exists(cases)),
        State.NO_TEXT.value: ~Q(Exists(texts)) & Q(listed=True),
        State.NO_CATEGORY.value: Q(category__category__isnull=True, listed=True),
        State.FAILED.value: Q(Exists(failures)) & ~Q(Exists(texts)),
        State.NOT_YET.value: Q(publication__isnull=True, listed=True),
    }
    return conditions.get(state, Q(pk__in=[]))


def _of_number(words: str, rows: QuerySet[Product]) -> list[int]:
    """Products of that number in any source; the natural key has the source first."""
    number = words.strip()
    if not number or len(number) > 300:
        return []
    sources = list(Source.objects.values_list("pk", flat=True))
    return list(rows.filter(source__in=sources, external_id=number).order_by("pk").values_list("pk", flat=True)[:10])


def _query(words: str) -> list[str]:
    """The words, quoted for a text search query; they are of letters, digits, dots and dashes alone."""
    return [f"'{word[:_LONGEST]}'" for word in _WORD.findall(words)[:_MOST_WORDS]]


def _matches(words: Sequence[str]) -> Q:
    """All of the words, each by its stem or by how it begins."""
    condition = Q()
    for word in words:
        match = RawSQL(
            "catalog_productwords.words @@ (to_tsquery('russian', %s) || to_tsquery('simple', %s))",
            [word, f"{word}:*"],
            output_field=BooleanField(),
        )
        condition &= Q(match)
    return condition


def _has_trigrams() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')")
        return bool(cursor.fetchone()[0])


def _alike(rows: QuerySet[Product], words: str) -> QuerySet[Product]:
    likeness = RawSQL("word_similarity(%s, catalog_product.title)", [words[:200]], output_field=FloatField())
    return rows.annotate(likeness=likeness).filter(likeness__gte=_ALIKE).order_by("-likeness", "-id")
