"""Drops as the database knows them: noticing new ones, remembering digests, which files they have.

Belongs here: the ``Drop`` and ``Source`` rows. Stays out: parsing (``intake``).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Count

from vitrina.catalog.drop_times import SourceClock, is_news
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
from vitrina.objects import ObjectMissing, ObjectStore


class UnknownDrop(PermanentError):
    """No drop has that key."""


class DropReplaced(PermanentError):
    """Other bytes lie where the drop's were."""


@dataclass(frozen=True, slots=True)
class IntakeBatch:
    """An intake run to ask for: its run key, the contiguous drop keys, their source where they share one."""

    run_key: str
    keys: tuple[str, ...]
    source: str = ""


def _file_digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _remote_digest(etag: str | None, size: int) -> str:
    return hashlib.sha256(f"{etag}:{size}".encode()).hexdigest()


def candidate_digest(store: ObjectStore, candidate: Candidate) -> str:
    """Digest of the bytes in a folder store; of ETag and size on S3, without a download."""
    parts: list[tuple[str, str]] = []
    for info in candidate.objects:
        local = store.local_path(info.key)
        value = _file_digest(local) if local is not None else _remote_digest(info.etag, info.size)
        parts.append((info.key.removeprefix(candidate.path), value))
    return parts[0][1] if not candidate.is_folder else combined_digest(parts)


def look(store: ObjectStore, settings: Settings, settling: Mapping[str, str], *, now: datetime | None = None) -> Scan:
    """One look at the drops area, with what the database remembers of earlier looks."""
    rows = Drop.objects.values_list("path", "stamp", "key", "digest").order_by("id")
    return scan(
        store.list(DROPS_PREFIX),
        now=now or datetime.now(UTC),
        settling=settling,
        known={(path, stamp): (key, digest) for path, stamp, key, digest in rows},
        digest=lambda candidate: candidate_digest(store, candidate),
        file_settle=timedelta(seconds=settings.drop_settle_seconds),
        folder_settle=timedelta(seconds=settings.drop_folder_settle_seconds),
        atomic_puts=store.local_path(DROPS_PREFIX + "x") is None,
        limit=settings.drop_tick_limit,
    )


def register(found: Sequence[FoundDrop], *, each_below: int, range_size: int) -> list[IntakeBatch]:
    """Rows for drops that have none, in the order given; returns the intake runs that are due for them.

    A batch whose run never came about (the tick died in between) is returned again: its run key is the same, so that
    Dagster makes at most one run of it.
    """
    known = {row.key: row for row in Drop.objects.filter(key__in=[drop.key for drop in found]).only(*_LOOK)}
    newest = _newest_of_path([drop.candidate.path for drop in found]) if known else {}
    touched = []
    for item in found:
        row = known.get(item.key)
        if row is None:
            continue
        last, last_time = newest.get(item.candidate.path, (row.key, row.modified_at))
        if last != row.key and is_news(item.candidate.modified, row.modified_at, last_time):
            _said_again(row, item)
        elif row.stamp != item.candidate.stamp:
            # Touched, not changed: remember the new look, so that its bytes are not read at every tick.
            row.stamp = item.candidate.stamp
            touched.append(row)
    Drop.objects.bulk_update(touched, ["stamp"], batch_size=1000)
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
        clocks = _clocks([(sources[drop.candidate.source].pk, drop.candidate.modified) for drop in fresh])
        Drop.objects.bulk_create(
            [
                _row(drop, owner := sources[drop.candidate.source], batch_of[drop.key], clocks[owner.pk])
                for drop in fresh
            ],
            ignore_conflicts=True,
        )
    recent = datetime.now(UTC) - timedelta(hours=1)
    waiting = Drop.objects.filter(state=Drop.State.FOUND, seen_at__gte=recent).exclude(batch="").order_by("id")
    batches: dict[str, list[str]] = {}
    whose: dict[str, set[str]] = {}
    for key, batch, source in waiting.values_list("key", "batch", "source__slug"):
        batches.setdefault(batch, []).append(key)
        whose.setdefault(batch, set()).add(source)
    return [
        IntakeBatch(batch, tuple(keys), next(iter(whose[batch])) if len(whose[batch]) == 1 else "")
        for batch, keys in batches.items()
    ]


_LOOK = ("key", "stamp", "modified_at", "source_id")


def _newest_of_path(paths: Sequence[str]) -> dict[str, tuple[str, datetime]]:
    """Path → key and time of the drop that was newest there, for paths where more than one drop has lain."""
    repeated = Drop.objects.values("path").annotate(drops=Count("id")).filter(drops__gt=1).values("path")
    here = set(paths)
    rows = (
        Drop.objects.filter(path__in=repeated).order_by("modified_at", "id").values_list("path", "key", "modified_at")
    )
    return {path: (key, time) for path, key, time in rows if path in here}


def _past(time: datetime) -> datetime:
    """A clock that runs ahead must not make a drop win over all later ones."""
    return min(time, datetime.now(UTC))


def _clocks(times: Sequence[tuple[int, datetime]]) -> dict[int, SourceClock]:
    """For drops given as (source id, time): clocks that know the times which drops of those sources have."""
    since: dict[int, datetime] = {}
    for source, time in times:
        since[source] = min(_past(time).replace(microsecond=0), since.get(source, time))
    return {
        source: SourceClock(
            Drop.objects.filter(source_id=source, modified_at__gte=start).values_list("modified_at", flat=True)
        )
        for source, start in since.items()
    }


def _said_again(row: Drop, drop: FoundDrop) -> None:
    """The bytes of an older drop have come back where another one lay since: they are today's news and are read again.

    Without it a price list that returns to a former state would leave the state between in the catalogue.
    """
    with transaction.atomic():
        found = _past(drop.candidate.modified)
        moment = _clocks([(row.source_id, found)])[row.source_id].moment(found)
        Drop.objects.filter(pk=row.pk).update(
            stamp=drop.candidate.stamp,
            files=[{"key": o.key, "size": o.size, "etag": o.etag} for o in drop.candidate.objects],
            path=drop.candidate.path,
            modified_at=moment,
            seen_at=datetime.now(UTC),
            state=Drop.State.FOUND,
            batch=f"intake:{row.key[-150:]}@{moment.timestamp():.6f}",
        )
        row.products.update(drop_time=moment)  # type: ignore[attr-defined]


def unknown_keys(found: Sequence[str], batches: Sequence[IntakeBatch], known: Container[str]) -> list[str]:
    """Keys that Dagster does not know yet, in the order of the drops' rows.

    That order, and no other, keeps the drops of a batch side by side when a tick died between rows and partitions.
    """
    wanted = {key for key in (*found, *(key for batch in batches for key in batch.keys)) if key not in known}
    rows = Drop.objects.filter(key__in=wanted) if wanted else Drop.objects.none()
    return list(rows.order_by("id").values_list("key", flat=True))


def _row(drop: FoundDrop, source: Source, batch: str, clock: SourceClock) -> Drop:
    candidate = drop.candidate
    return Drop(
        key=drop.key,
        source=source,
        name=candidate.name[:500],
        path=candidate.path,
        is_folder=candidate.is_folder,
        files=[{"key": o.key, "size": o.size, "etag": o.etag} for o in candidate.objects],
        digest=drop.digest,
        stamp=candidate.stamp,
        size=candidate.size,
        modified_at=clock.moment(_past(candidate.modified)),
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
        content = store.get(f"{DROPS_PREFIX}{source}/{SOURCE_FILE}")
    except ObjectMissing:
        return SourceConfig(source=source)
    return reader.load(content, source)


@contextmanager
def drop_files(store: ObjectStore, drop: Drop) -> Iterator[list[DropFile]]:
    """The drop's files on local disk; downloaded ones are removed afterwards.

    Raises:
        ObjectMissing: a file is gone.
        DropReplaced: a file's bytes are no longer those of the drop.
    """
    prefix = drop.path if drop.is_folder else drop.path.rpartition("/")[0] + "/"
    with tempfile.TemporaryDirectory(prefix="vitrina-drop-") as folder:
        files: list[DropFile] = []
        digests: list[tuple[str, str]] = []
        for number, item in enumerate(drop.files):
            key = item["key"]
            local = store.local_path(key)
            if local is None:
                local = Path(folder) / str(number)
                etag = store.download(key, local)
                digests.append((key.removeprefix(drop.path), _remote_digest(etag, local.stat().st_size)))
            elif not local.exists():
                raise ObjectMissing(
                    f"{key} is no longer in the drops area.", hint="Put the file back, then retry the drop."
                )
            else:
                digests.append((key.removeprefix(drop.path), _file_digest(local)))
            files.append(DropFile(local, key.removeprefix(prefix)))
        if drop.digest != (combined_digest(digests) if drop.is_folder else digests[0][1]):
            raise DropReplaced(
                f"{drop.path} has been replaced since: its bytes are no longer those of this drop.",
                hint="What stands there now is a drop of its own; put the former file back to read this one again.",
            )
        yield files
