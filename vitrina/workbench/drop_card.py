"""How far a drop has come: read, described, judged, on show. And the drop that an upload became.

Belongs here: counts of one drop by a few statements. Stays out: pages, the intake itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q

from vitrina.catalog.drops import DROPS_PREFIX, drop_key, group
from vitrina.catalog.models import Drop, Product, QuarantinedRow
from vitrina.catalog.registry import candidate_digest
from vitrina.content.models import ContentVersion, Verdict
from vitrina.objects import ObjectStore
from vitrina.review.models import ReviewItem
from vitrina.workbench.incoming import Upload

_FIRST = 20


@dataclass(frozen=True, slots=True)
class DropFigures:
    """Products whose row came from a drop, and how many of them have come how far."""

    products: int
    listed: int
    categorised: int
    described: int
    judged: int
    waiting: int
    on_show: int

    @property
    def going_on(self) -> bool:
        """Whether more is to come by itself."""
        return self.judged < self.listed


def figures_of(drop: Drop) -> DropFigures:
    """Counts now, by one statement."""
    texts = ContentVersion.objects.filter(product=OuterRef("pk"))
    verdicts = Verdict.objects.filter(version__product=OuterRef("pk"))
    cases = ReviewItem.objects.filter(product=OuterRef("pk"), state=ReviewItem.State.OPEN)
    rows = Product.objects.filter(drop=drop).annotate(
        in_list=F("listed"),
        has_text=Exists(texts),
        has_verdict=Exists(verdicts),
        has_case=Exists(cases.exclude(kind="pair").exclude(look=ReviewItem.Look.SECOND)),
    )
    return DropFigures(
        **rows.aggregate(
            products=Count("pk"), listed=Count("pk", filter=Q(in_list=True)),
            categorised=Count("pk", filter=Q(category__category__isnull=False)),
            described=Count("pk", filter=Q(has_text=True)),
            judged=Count("pk", filter=Q(has_verdict=True, in_list=True)),
            waiting=Count("pk", filter=Q(has_case=True)),
            on_show=Count("pk", filter=Q(publication__state="published")),
        )
    )  # fmt: skip


def quarantine_of(drop: Drop) -> list[QuarantinedRow]:
    """The first rows that are no products."""
    return list(drop.quarantine.order_by("ordinal")[:_FIRST])


def drop_of(upload: Upload) -> Drop | None:
    """The drop that an upload became; ``None`` while the sensor has not seen it. The same bytes are the former drop."""
    if not upload.placed or upload.placed_at is None:
        return None
    rows = Drop.objects.filter(path=upload.placed).select_related("source").order_by("-id")
    fresh = rows.filter(seen_at__gte=upload.placed_at - timedelta(seconds=5)).first()
    if fresh is not None:
        return fresh
    return rows.filter(digest=upload.files[0][2]).first() if len(upload.files) == 1 else None


def taken_before(store: ObjectStore, source: str, path: str) -> Drop | None:
    """The drop that what now lies at that path was taken in as before: the sensor does not ask for it again.

    Raises:
        VitrinaError: The object store does not answer.
    """
    found, _ignored = group(store.list(f"{DROPS_PREFIX}{source}/"))
    for candidate in found:
        if candidate.path == path:
            key = drop_key(source, candidate.name, candidate_digest(store, candidate))
            return Drop.objects.filter(key=key).exclude(state=Drop.State.FOUND).first()
    return None


def handed_in_before(upload: Upload) -> Drop | None:
    """A drop of that source with these very bytes under this very name."""
    if len(upload.files) != 1:
        return None
    name, _size, sha256 = upload.files[0]
    rows = Drop.objects.filter(source__slug=upload.source, name=upload.name or name, digest=sha256)
    return rows.order_by("-id").first()
