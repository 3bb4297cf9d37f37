"""Placing files as a drop: what ``vitrina drop add`` and the upload page do.

Belongs here: names and the order of writes. Stays out: reading the files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vitrina.catalog.drops import DROPS_PREFIX, SOURCE_FILE, SUCCESS_FILE, is_read, is_storable
from vitrina.errors import PermanentError
from vitrina.objects import ObjectStore

SOURCE_NAME = re.compile(r"[\w][\w.\-]{0,79}")


def hand_in(store: ObjectStore, files: Sequence[Path], *, source: str, name: str | None = None) -> str:
    """Place files below ``drops/<source>/`` and return the key of the drop.

    One file is a drop by itself. Several files, or a folder, are one drop: they go into a folder whose ``_SUCCESS`` is
    written last, so that the sensor never sees half of it.

    Raises:
        PermanentError: a bad source name, no files, two files of one name, a name that the sensor does not read.
    """
    if not SOURCE_NAME.fullmatch(source):
        raise PermanentError(f"{source!r} is no source name.", hint="Use letters, digits, dots, dashes, underscores.")
    folder = files[0] if len(files) == 1 and files[0].is_dir() else None
    parts = _parts(files, folder)
    single = len(parts) == 1 and folder is None
    several = folder.name if folder is not None else f"{files[0].stem}-and-{len(parts) - 1}-more"
    label = name or (parts[0][0] if single else several)
    for part in (label, *(part for relative, _ in parts for part in Path(relative).parts)):
        if not is_read(part) or "/" in part or part == "..":
            raise PermanentError(
                f"{part!r} is a name that is not read: hidden, unfinished or with a slash.",
                hint="Rename the file, or name the drop with --name.",
            )
    for relative in [label] if single else [f"{label}/{relative}" for relative, _ in parts]:
        if not is_storable(f"{DROPS_PREFIX}{source}/{relative}", source):
            shown = relative.encode("utf-8", "backslashreplace").decode()
            raise PermanentError(
                f"{shown!r} is a name that cannot be kept: it is no UTF-8 text, or too long.",
                hint="Rename the file; a single file can also be given a name with --name.",
            )
    if single:
        key = f"{DROPS_PREFIX}{source}/{label}"
        store.upload(key, parts[0][1])
        return key
    prefix = f"{DROPS_PREFIX}{source}/{label}/"
    # A folder of that name is replaced: without its mark nobody reads it until it is whole again.
    former = {info.key for info in store.list(prefix)}
    if prefix + SUCCESS_FILE in former:
        store.delete(prefix + SUCCESS_FILE)
    for relative, path in parts:
        store.upload(prefix + relative, path)
    for key in sorted(former - {prefix + relative for relative, _ in parts} - {prefix + SUCCESS_FILE}):
        store.delete(key)
    store.put(prefix + SUCCESS_FILE, b"")
    return prefix


def _parts(files: Sequence[Path], folder: Path | None) -> list[tuple[str, Path]]:
    if folder is not None:
        found = [(path.relative_to(folder).as_posix(), path) for path in sorted(folder.rglob("*")) if path.is_file()]
        found = [(name, path) for name, path in found if not any(p.startswith(".") for p in Path(name).parts)]
    else:
        if any(path.is_dir() for path in files):
            raise PermanentError("Give either files or one folder.")
        found = [(path.name, path) for path in files]
    found = [(name, path) for name, path in found if name not in {SUCCESS_FILE, SOURCE_FILE}]
    names = [name for name, _ in found]
    if not found:
        raise PermanentError("There are no files to hand in.")
    if len(set(names)) != len(names):
        raise PermanentError("Two files have the same name; a drop needs different ones.")
    return found
