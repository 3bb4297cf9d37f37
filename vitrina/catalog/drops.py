"""Finding drops in the object store: plain functions of a listing.

Belongs here: what is a drop, when it is complete, its key. Stays out: partitions and runs (``sensors``), reading
(``vitrina.feeds``), tables (``vitrina.catalog.registry``).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vitrina.objects import ObjectInfo

DROPS_PREFIX = "drops/"
SOURCE_FILE = "source.yaml"
SUCCESS_FILE = "_SUCCESS"
#: Names that writers give to files they have not finished.
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", "~")
_KEY_NAME = re.compile(r"[^\w.\-]+|\.{2,}")
#: Partition keys end in URLs, file names and tags; Dagster refuses "..." and control characters in them.
_NAME_LIMIT = 80
#: What the tables hold: a source's folder is its slug, and an object key is kept whole.
SOURCE_LIMIT, PATH_LIMIT = 80, 1000

#: (path, stamp) → (key, digest) of a drop that was taken before.
Known = Mapping[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder that may be a drop.

    Attributes:
        source: First folder below ``drops/``.
        name: File or folder name.
        path: Object key of the file, or key prefix of the folder (ends with ``/``).
        objects: Its files, ``_SUCCESS`` left out, sorted by key.
        finished: A folder that holds ``_SUCCESS``.
    """

    source: str
    name: str
    path: str
    objects: tuple[ObjectInfo, ...]
    finished: bool = False

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")

    @property
    def modified(self) -> datetime:
        """The newest time of its files."""
        return max(info.modified for info in self.objects)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(info.size for info in self.objects)

    @property
    def stamp(self) -> str:
        """Changes when any file's size, time or ETag changes; costs no reading."""
        parts = [f"{o.key}:{o.size}:{o.etag or o.modified.timestamp()}" for o in self.objects]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class FoundDrop:
    """A complete drop with its key."""

    key: str
    digest: str
    candidate: Candidate


@dataclass(slots=True)
class Scan:
    """What one look at the store found.

    Attributes:
        found: Complete drops, oldest first.
        settling: Path → ``<stamp>@<seconds>`` of what may still be written: the stamp, and since when it stands. Given
            to the next look.
        ignored: Keys that are not read, because they are not in the folder of a source or their names cannot be kept.
        left_for_later: Complete drops beyond the limit of one look.
    """

    found: list[FoundDrop] = field(default_factory=list)
    settling: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    left_for_later: int = 0


def group(listing: Iterable[ObjectInfo]) -> tuple[list[Candidate], list[str]]:
    """Candidates of a listing of ``drops/``, oldest first, and keys that are not read (see :attr:`Scan.ignored`)."""
    files: list[Candidate] = []
    folders: dict[tuple[str, str], list[ObjectInfo]] = defaultdict(list)
    finished: set[tuple[str, str]] = set()
    ignored: list[str] = []
    for info in listing:
        parts = info.key.removeprefix(DROPS_PREFIX).split("/")
        name = parts[-1]
        if any(part.startswith(".") for part in parts) or not is_read(name):
            continue
        if len(parts) < 2 or not is_storable(info.key, parts[0]):
            ignored.append(info.key.encode("utf-8", "backslashreplace").decode())
        elif len(parts) == 2:
            if name not in {SOURCE_FILE, SUCCESS_FILE}:
                files.append(Candidate(parts[0], name, info.key, (info,)))
        elif parts[2:] == [SUCCESS_FILE]:
            finished.add((parts[0], parts[1]))
        elif name != SUCCESS_FILE:
            folders[parts[0], parts[1]].append(info)
    for (source, name), objects in folders.items():
        ordered = tuple(sorted(objects, key=lambda info: info.key))
        path = f"{DROPS_PREFIX}{source}/{name}/"
        files.append(Candidate(source, name, path, ordered, finished=(source, name) in finished))
    return sorted(files, key=lambda c: (c.modified, c.path)), ignored


def is_read(name: str) -> bool:
    """Whether a file of that name is looked at: not hidden, and not one that its writer has still to rename."""
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED)


def is_storable(key: str, source: str) -> bool:
    """Whether tables, partition keys and events can hold the names. File systems carry bytes that are no text."""
    fits = len(source) <= SOURCE_LIMIT and len(key) <= PATH_LIMIT
    return fits and not any("\ud800" <= character <= "\udfff" for character in key)


def drop_key(source: str, name: str, digest: str) -> str:
    """``<source>__<name>__<digest[:12]>`` in letters that partition keys, URLs and file names can carry."""
    return f"{_clean_name(source)}__{_clean_name(name)}__{digest[:12]}"


def _clean_name(name: str) -> str:
    """The name; where letters of it had to go, a mark of the whole name follows, so that two names stay two keys."""
    clean = _KEY_NAME.sub("-", name).strip("-")[:_NAME_LIMIT] or "drop"
    return clean if clean == name else f"{clean}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def combined_digest(parts: Iterable[tuple[str, str]]) -> str:
    """Digest of a folder from (name, digest) of its files."""
    joined = "\n".join(f"{name}\0{digest}" for name, digest in sorted(parts))
    return hashlib.sha256(joined.encode()).hexdigest()


def scan(
    listing: Iterable[ObjectInfo],
    *,
    now: datetime,
    settling: Mapping[str, str],
    known: Known,
    digest: Callable[[Candidate], str],
    file_settle: timedelta,
    folder_settle: timedelta,
    atomic_puts: bool,
    limit: int,
) -> Scan:
    """Complete drops of a listing.

    A file is complete when two looks at least ``file_settle`` apart see the same size and time; a folder when it holds
    ``_SUCCESS``, or when looks see no change for ``folder_settle``. File times alone prove nothing: copies that keep
    the time of the original look old while they are being written.

    Args:
        listing: Objects below ``drops/``.
        now: The time of the look.
        settling: :attr:`Scan.settling` of the look before.
        known: Drops taken before: their bytes are not read again.
        digest: Reads a candidate's bytes; called for at most ``limit`` new candidates.
        file_settle, folder_settle: How long nothing may have changed.
        atomic_puts: Objects appear whole (S3); a file in a folder may still be growing.
        limit: Most new drops taken in one look; the rest is left for the next.
    """
    result = Scan()
    candidates, result.ignored = group(listing)
    taken = 0
    for candidate in candidates:
        stamp = candidate.stamp
        memory = known.get((candidate.path, stamp))
        if memory is not None:
            result.found.append(FoundDrop(memory[0], memory[1], candidate))
            continue
        since = _standing_since(settling.get(candidate.path), stamp)
        settle = folder_settle if candidate.is_folder else file_settle
        complete = candidate.finished or (atomic_puts and not candidate.is_folder)
        complete = complete or (since is not None and now.timestamp() - since >= settle.total_seconds())
        if complete and taken < limit:
            taken += 1
            value = digest(candidate)
            result.found.append(FoundDrop(drop_key(candidate.source, candidate.name, value), value, candidate))
        else:
            result.settling[candidate.path] = f"{stamp}@{now.timestamp() if since is None else since:.3f}"
            result.left_for_later += complete
    return result


def _standing_since(memory: str | None, stamp: str) -> float | None:
    former, _, seconds = (memory or "").partition("@")
    return float(seconds) if former == stamp and seconds else None


def plan_batches(keys: list[str], *, each_below: int, range_size: int) -> list[list[str]]:
    """Runs for new drops: one each while they are few, contiguous ranges when they are many."""
    if len(keys) <= each_below:
        return [[key] for key in keys]
    return [keys[start : start + range_size] for start in range(0, len(keys), range_size)]
