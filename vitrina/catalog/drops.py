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
_KEY_NAME = re.compile(r"[^\w.\-]+")
#: Partition keys end in URLs, file names and tags; Dagster refuses commas and ranges in them.
_NAME_LIMIT = 80

Stamp = tuple[int, str]


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
    """What one look at the store found: complete drops, and the stamps of those still settling."""

    found: list[FoundDrop] = field(default_factory=list)
    settling: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    left_for_later: int = 0


def group(listing: Iterable[ObjectInfo]) -> tuple[list[Candidate], list[str]]:
    """Candidates of a listing of ``drops/``, oldest first, and keys that are not in any source's folder."""
    files: list[Candidate] = []
    folders: dict[tuple[str, str], list[ObjectInfo]] = defaultdict(list)
    finished: set[tuple[str, str]] = set()
    ignored: list[str] = []
    for info in listing:
        parts = info.key.removeprefix(DROPS_PREFIX).split("/")
        name = parts[-1]
        if any(part.startswith(".") for part in parts) or name.lower().endswith(_UNFINISHED):
            continue
        if len(parts) < 2:
            ignored.append(info.key)
        elif len(parts) == 2:
            if name not in {SOURCE_FILE, SUCCESS_FILE}:
                files.append(Candidate(parts[0], name, info.key, (info,)))
        elif parts[2:] == [SUCCESS_FILE]:
            finished.add((parts[0], parts[1]))
        else:
            folders[parts[0], parts[1]].append(info)
    for (source, name), objects in folders.items():
        ordered = tuple(sorted(objects, key=lambda info: info.key))
        path = f"{DROPS_PREFIX}{source}/{name}/"
        files.append(Candidate(source, name, path, ordered, finished=(source, name) in finished))
    return sorted(files, key=lambda c: (c.modified, c.path)), ignored


def drop_key(source: str, name: str, digest: str) -> str:
    """``<source>__<name>__<digest[:12]>`` in letters that partition keys, URLs and file names can carry."""
    clean = _KEY_NAME.sub("-", name).strip("-")[:_NAME_LIMIT] or "drop"
    return f"{_KEY_NAME.sub('-', source)[:_NAME_LIMIT]}__{clean}__{digest[:12]}"


def combined_digest(parts: Iterable[tuple[str, str]]) -> str:
    """Digest of a folder from (name, digest) of its files."""
    joined = "\n".join(f"{name}\0{digest}" for name, digest in sorted(parts))
    return hashlib.sha256(joined.encode()).hexdigest()


def scan(
    listing: Iterable[ObjectInfo],
    *,
    now: datetime,
    settling: Mapping[str, str],
    known: Mapping[str, tuple[str, str, str]],
    digest: Callable[[Candidate], str],
    folder_settle: timedelta,
    atomic_puts: bool,
    limit: int,
) -> Scan:
    """Complete drops of a listing.

    Args:
        listing: Objects below ``drops/``.
        now: The time of the look.
        settling: Path → stamp of the look before, for what was not taken then.
        known: Path → (stamp, key, digest) of drops taken before: their bytes are not read again.
        digest: Reads a candidate's bytes; called for at most ``limit`` new candidates.
        folder_settle: A folder without ``_SUCCESS`` is complete when nothing in it changed for so long.
        atomic_puts: Objects appear whole (S3); a file in a folder may still be growing.
        limit: Most new drops taken in one look; the rest is left for the next.
    """
    result = Scan()
    candidates, result.ignored = group(listing)
    taken = 0
    for candidate in candidates:
        stamp = candidate.stamp
        memory = known.get(candidate.path)
        if memory is not None and memory[0] == stamp:
            result.found.append(FoundDrop(memory[1], memory[2], candidate))
            continue
        if candidate.is_folder:
            complete = candidate.finished or now - candidate.modified >= folder_settle
        else:
            complete = atomic_puts
        # Two looks that see the same size and time: nobody is writing any more.
        complete = complete or (not candidate.is_folder and settling.get(candidate.path) == stamp)
        if not complete:
            result.settling[candidate.path] = stamp
        elif taken >= limit:
            result.settling[candidate.path] = stamp
            result.left_for_later += 1
        else:
            taken += 1
            value = digest(candidate)
            result.found.append(FoundDrop(drop_key(candidate.source, candidate.name, value), value, candidate))
    return result


def plan_batches(keys: list[str], *, each_below: int, range_size: int) -> list[list[str]]:
    """Runs for new drops: one each while they are few, contiguous ranges when they are many."""
    if len(keys) <= each_below:
        return [[key] for key in keys]
    return [keys[start : start + range_size] for start in range(0, len(keys), range_size)]
