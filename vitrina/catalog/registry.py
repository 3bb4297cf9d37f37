"""Drops as the database knows them: noticing new ones, remembering digests, which files they have.

Belongs here: the ``Drop`` and ``Source`` rows. Stays out: parsing (``intake``).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import transaction

from vitrina.catalog.drops import (
    DROPS_PREFIX,
    SOURCE_FILE,
    Candidate,
    FoundDrop,
    Scan,
    combined_digest,
    plan_batches,
    scan,
)
from vitrina.catalog.models import Drop, Source
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.feeds.records import DropFile, SourceConfig
from vitrina.objects import ObjectStore
from vitrina.objects.store import ObjectMissing

_CHUNK = 1 << 20


class UnknownDrop(PermanentError):
    """No drop has that key."""


@dataclass(frozen=True, slots=True)
class IntakeBatch:
    """An intake run to ask for: its run key and the contiguous drop keys."""

    run_key: str
    keys: tuple[str, ...]


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def candidate_digest(store: ObjectStore, candidate: Candidate) -> str:
    """Digest of the bytes in a folder store; of ETag and size on S3, without a download."""
    parts: list[tuple[str, str]] = []
    for info in candidate.objects:
        local = store.local_path(info.key)
        if local is not None:
            value = _file_digest(local)
        else:
            value = hashlib.sha256(f"{info.etag}:{info.size}".encode()).hexdigest()
        parts.append((info.key.removeprefix(candidate.path), value))
    return parts[0][1] if not candidate.is_folder else combined_digest(parts)


def look(store: ObjectStore, settings: Settings, settling: Mapping[str, str], *, now: datetime | None = None) -> Scan:
    """One look at the drops area, with what the database remembers of earlier looks."""
    rows = Drop.objects.values_list("path", "stamp", "key", "digest").order_by("id")
    return scan(
        store.list(DROPS_PREFIX),
        now=now or datetime.now(UTC),
        settling=settling,
        known={path: (stamp, key, digest) for path, stamp, key, digest in rows},
        digest=lambda candidate: candidate_digest(store, candidate),
        folder_settle=timedelta(seconds=settings.drop_folder_settle_seconds),
        atomic_puts=store.local_path(DROPS_PREFIX + "x") is None,
        limit=settings.drop_tick_limit,
    )


def register(found: Sequence[FoundDrop], *, each_below: int, range_size: int) -> list[IntakeBatch]:
    """Rows for drops that have none, in the order given; returns the intake runs that are due for them.

    A batch whose run never came about (the tick died in between) is returned again: its run key is the same, so that
    Dagster makes at most one run of it.
    """
    known = dict(Drop.objects.filter(key__in=[drop.key for drop in found]).values_list("key", "stamp"))
    for drop in found:
        if drop.key in known and known[drop.key] != drop.candidate.stamp:
            # Touched, not changed: remember the new look, so that its bytes are not read at every tick.
            Drop.objects.filter(key=drop.key).update(stamp=drop.candidate.stamp)
    fresh = list({drop.key: drop for drop in found if drop.key not in known}.values())
    with transaction.atomic():
        sources = {source.slug: source for source in Source.objects.all()}
        for slug in {drop.candidate.source for drop in fresh} - sources.keys():
            sources[slug], _ = Source.objects.get_or_create(slug=slug, defaults={"name": slug})
        batch_of: dict[str, str] = {}
        for keys in plan_batches([drop.key for drop in fresh], each_below=each_below, range_size=range_size):
            name = keys[0] if len(keys) == 1 else f"{keys[0]}+{len(keys) - 1}"
            name = f"intake:{name}:{hashlib.sha256(' '.join(keys).encode()).hexdigest()[:8]}"[-200:]
            batch_of |= dict.fromkeys(keys, name)
        Drop.objects.bulk_create(
            [_row(drop, sources[drop.candidate.source], batch_of[drop.key]) for drop in fresh], ignore_conflicts=True
        )
    recent = datetime.now(UTC) - timedelta(hours=1)
    waiting = Drop.objects.filter(state=Drop.State.FOUND, seen_at__gte=recent).exclude(batch="").order_by("id")
    batches: dict[str, list[str]] = {}
    for key, batch in waiting.values_list("key", "batch"):
        batches.setdefault(batch, []).append(key)
    return [IntakeBatch(batch, tuple(keys)) for batch, keys in batches.items()]


def _row(drop: FoundDrop, source: Source, batch: str) -> Drop:
    candidate = drop.candidate
    return Drop(
        key=drop.key,
        source=source,
        name=candidate.name,
        path=candidate.path,
        is_folder=candidate.is_folder,
        files=[{"key": o.key, "size": o.size, "etag": o.etag} for o in candidate.objects],
        digest=drop.digest,
        stamp=candidate.stamp,
        size=candidate.size,
        # A clock that runs ahead must not make a drop win over all later ones.
        modified_at=min(candidate.modified, datetime.now(UTC)),
        batch=batch,
    )


def get_drop(key: str) -> Drop:
    """The drop with its source.

    Raises:
        UnknownDrop: none has that key.
    """
    drop = Drop.objects.select_related("source").filter(key=key).first()
    if drop is None:
        raise UnknownDrop(f"No drop is known as {key}.", hint="`vitrina drop list` shows the keys.")
    return drop


def source_config(store: ObjectStore, source: str) -> SourceConfig:
    """``drops/<source>/source.yaml``, or the defaults.

    Raises:
        PermanentError: the file is there and wrong.
    """
    from vitrina.feeds import source_config as reader

    try:
        text = store.get(f"{DROPS_PREFIX}{source}/{SOURCE_FILE}")
    except ObjectMissing:
        return SourceConfig(source=source)
    return reader.load(text.decode("utf-8-sig"), source)


@contextmanager
def drop_files(store: ObjectStore, drop: Drop) -> Iterator[list[DropFile]]:
    """The drop's files on local disk; downloaded ones are removed afterwards."""
    prefix = drop.path if drop.is_folder else drop.path.rpartition("/")[0] + "/"
    with tempfile.TemporaryDirectory(prefix="vitrina-drop-") as folder:
        files = []
        for number, item in enumerate(drop.files):
            local = store.local_path(item["key"])
            if local is None:
                local = Path(folder) / str(number)
                store.download(item["key"], local)
            elif not local.exists():
                raise ObjectMissing(
                    f"{item['key']} is no longer in the drops area.", hint="Put the file back, then retry the drop."
                )
            files.append(DropFile(local, item["key"].removeprefix(prefix)))
        yield files
