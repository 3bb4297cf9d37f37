"""Figures of the demo from the database, and the samples it places.

What belongs here: reading counts, writing sample files to the object store. What stays out: waiting and printing.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.objects.store import ObjectMissing, ObjectStore, open_store

REFERENCE = {"categories.yaml": "reference/categories.yaml", "templates.yaml": "reference/templates.yaml"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over the whole catalogue; ``llm_calls`` and ``cost_usd`` since the demo began.

    ``cost_usd`` is what is known to have been paid; ``cost_unknown`` counts calls without a known price.
    """

    drops: int = 0
    unreadable: int = 0
    products: int = 0
    rows: int = 0
    accepted: int = 0
    quarantined: int = 0
    merged: int = 0
    descriptions: int = 0
    in_moderation: int = 0
    published: int = 0
    llm_calls: int = 0
    cost_usd: Decimal = Decimal(0)
    cost_unknown: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {**asdict(self), "cost_usd": str(self.cost_usd)}


def figures(since: datetime) -> Figures:
    """Count now. Django must be set up."""
    from django.db.models import Count, Q, Sum

    from vitrina.catalog.models import Drop, Product, Publication
    from vitrina.content.models import ContentVersion
    from vitrina.llm.models import LlmAttempt
    from vitrina.review.models import ReviewItem

    drops = Drop.objects.aggregate(
        drops=Count("id"),
        unreadable=Count("id", filter=Q(state=Drop.State.UNREADABLE)),
        rows=Sum("rows", default=0),
        accepted=Sum("accepted", default=0),
        quarantined=Sum("quarantined", default=0),
        merged=Sum("merged", default=0),
    )
    calls = LlmAttempt.objects.filter(created_at__gte=since, kind="chat").aggregate(
        llm_calls=Count("id"),
        cost_usd=Sum("cost_usd", default=Decimal(0)),
        cost_unknown=Count("id", filter=Q(cost_known=False)),
    )
    return Figures(
        **drops,
        **calls,
        products=Product.objects.count(),
        descriptions=ContentVersion.objects.count(),
        in_moderation=ReviewItem.objects.filter(state=ReviewItem.State.OPEN).count(),
        published=Publication.objects.filter(state=Publication.State.PUBLISHED).count(),
    )


def drops_waiting(paths: Iterable[str]) -> int:
    """How many of the placed files are neither parsed nor found unreadable. Django must be set up."""
    from vitrina.catalog.models import Drop

    wanted = set(paths)
    done = Drop.objects.filter(path__in=wanted).exclude(state=Drop.State.FOUND).values_list("path", flat=True)
    return len(wanted - set(done))


def _stands(store: ObjectStore, key: str, data: bytes) -> bool:
    with suppress(ObjectMissing):
        return store.get(key) == data
    return False


def _place(store: ObjectStore, files: Iterable[tuple[Path, str]]) -> list[str]:
    written = []
    for path, key in files:
        data = path.read_bytes()
        if not _stands(store, key, data):
            store.put(key, data)
            written.append(key)
    return written


def place_reference(settings: Settings) -> list[str]:
    """Put categories and templates where the platform looks for them; returns the keys that were written."""
    files = [(settings.vitrina_samples / name, key) for name, key in REFERENCE.items()]
    return _place(open_store(settings), [(path, key) for path, key in files if path.is_file()])


def place_sample_pictures(settings: Settings) -> int:
    """Draw the pictures that the samples name, where they are not there yet; returns how many were drawn."""
    from vitrina.sample_pictures.placing import place_pictures

    return place_pictures(settings, open_store(settings))


def place_drops(settings: Settings) -> tuple[list[str], list[str]]:
    """Put the samples where parsers would leave them; what stands already is not touched.

    Returns:
        Keys of the drops, and of all files that were written.

    Raises:
        PermanentError: there are no samples.
    """
    folder: Path = settings.vitrina_samples
    files = sorted(path for path in (folder / "drops").rglob("*") if path.is_file() and not path.name.startswith("."))
    if not files:
        raise PermanentError(
            f"{folder / 'drops'} holds no samples.", hint="Restore the folder, or set VITRINA_SAMPLES."
        )
    # source.yaml says how a drop is read, so it must be there before the drop is
    files.sort(key=lambda path: path.name != "source.yaml")
    keys = [(path, path.relative_to(folder).as_posix()) for path in files]
    drops = [key for path, key in keys if path.name != "source.yaml"]
    return drops, _place(open_store(settings), keys)


def export_place(settings: Settings) -> str | None:
    """Where the storefront export lies, as a person finds it; None when there is none."""
    store = open_store(settings)
    newest = max(store.list("exports/storefront/"), key=lambda info: info.modified, default=None)
    if newest is None:
        return None
    local = store.local_path(newest.key)
    return str(local.parent) if local else f"{store.describe()}/{newest.key.rsplit('/', 1)[0]}"
