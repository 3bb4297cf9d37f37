"""Lists handed in at the desk: kept aside, read in a limited process, placed when the person says so.

Belongs here: one folder an upload below the home folder, its states, its end. Stays out: reading (``reading_worker``),
the drops area (``vitrina.catalog.handing_in``), settings that are chosen for a list (``supplier_settings``), pages.
Nothing reaches the drops area before :func:`place`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from vitrina.catalog.drops import DROPS_PREFIX, SOURCE_FILE, SUCCESS_FILE, is_read, is_storable
from vitrina.catalog.handing_in import SOURCE_NAME, hand_in
from vitrina.config import PROJECT_ROOT, Settings
from vitrina.errors import PermanentError
from vitrina.objects import ObjectStore
from vitrina.workbench import supplier_settings
from vitrina.workbench.supplier_settings import Chosen, SettingsChanged

MOST_FILES = 20
KEPT = timedelta(hours=24)
READ_SECONDS = 180.0
#: Readings at once: a list may take a core and two gigabytes.
_AT_ONCE = threading.BoundedSemaphore(2)
_CHUNK = 1 << 20


class NotTaken(PermanentError):
    """The upload is not taken; the message is for the person, in their language."""


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it came: its name, which nobody trusts, and its bytes."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload and where it stands.

    Attributes:
        state: reading, read, unreadable, cut_off, placed.
        report: As of :func:`vitrina.feeds.preview.check_files`.
        problem: Why it is unreadable; ``hint``: what to do; ``fault``: of which kind (``vitrina.feeds.records.Fault``).
        files: (name, bytes, sha256).
        placed: Key in the drops area, and since when it lies there.
        seen: Columns (:class:`vitrina.feeds.seen_columns.Column`) as plain values, also of a list without title.
        format, encoding: Of a list that could not be read, as far as they are known.
        settings_text: ``source.yaml`` that it was read with; ``chosen``: what of it the person has chosen.
    """

    id: uuid.UUID
    source: str
    name: str
    files: list[tuple[str, int, str]]
    made_at: datetime
    state: str
    report: dict[str, Any] | None = None
    problem: str = ""
    hint: str = ""
    fault: str = ""
    placed: str = ""
    placed_at: datetime | None = None
    seen: list[dict[str, Any]] = field(default_factory=list)
    format: str = ""
    encoding: str = ""
    settings_text: str = ""
    chosen: Chosen = field(default_factory=Chosen)


def receive(
    given: Sequence[Given], *, source: str, name: str, owner: int, store: ObjectStore, settings: Settings
) -> uuid.UUID:
    """Keep files aside and begin to read them.

    Raises:
        NotTaken: No file, too many, or names that cannot be kept.
        VitrinaError: The object store does not answer.
    """
    sweep(settings)
    label = name or given[0].name if len(given) == 1 else name
    _check_names(given, source, label)
    config = supplier_settings.kept_settings(store, source)
    upload_id = uuid.uuid4()
    folder = folder_of(settings, upload_id)
    files = folder / "files"
    files.mkdir(parents=True, mode=0o700)
    try:
        kept = [_keep(one, files / one.name) for one in given]
        if config:
            (folder / supplier_settings.READ_WITH).write_bytes(config)
        asked = ask(folder, source, [one.name for one in given])
        made_at = datetime.now(UTC).isoformat()
        meta = {"owner": owner, "source": source, "name": name, "files": kept, "made_at": made_at}
        _write(folder / "upload.json", meta)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    start(folder, asked)
    return upload_id


def load(upload_id: uuid.UUID, *, owner: int, settings: Settings) -> Upload | None:
    """An upload of this person's; ``None`` where there is none (any more)."""
    folder = folder_of(settings, upload_id)
    meta = _json(folder / "upload.json")
    if meta is None or meta["owner"] != owner:
        return None
    made_at = datetime.fromisoformat(meta["made_at"])
    told = _json(folder / "report.json") or {}
    placed = _json(folder / "placed.json") or {}
    if placed:
        state = "placed"
    elif told:
        state = "read" if told.get("report") else "unreadable"
    else:
        asked = (_json(folder / "request.json") or {}).get("at", meta["made_at"])
        late = datetime.now(UTC) - datetime.fromisoformat(asked) > timedelta(seconds=2 * READ_SECONDS)
        state = "cut_off" if late else "reading"
    of = told.get("report") or told
    return Upload(
        upload_id, meta["source"], meta["name"], [tuple(one) for one in meta["files"]], made_at, state,
        told.get("report"), told.get("problem", ""), told.get("hint", ""), told.get("fault", ""),
        placed.get("key", ""),
        datetime.fromisoformat(placed["at"]) if placed else None, of.get("seen", []), of.get("format", ""),
        of.get("encoding", ""), supplier_settings.read_with(folder),
        supplier_settings.chosen_in(folder),
    )  # fmt: skip


def place(upload: Upload, store: ObjectStore, settings: Settings) -> str:
    """Place the files where the sensor looks; returns the key of the drop. Asked twice, it places them once.

    What was chosen becomes the source's settings first: they say how the drop is read.

    Raises:
        NotTaken: It is placed already or gone; or the source's settings are others by now.
        VitrinaError: The object store does not answer; the upload stands and can be placed again.
    """
    folder = folder_of(settings, upload.id)
    files, taken = folder / "files", folder / "placing"
    try:
        files.rename(taken)  # one of two presses gets it
    except OSError as error:
        raise NotTaken(_("It has been placed or discarded already.")) from error
    begun = datetime.now(UTC)
    try:
        if not (folder / "report.json").exists() and upload.state != "cut_off":
            raise NotTaken(_("It is being read just now, or has been discarded already."))
        undo = supplier_settings.keep(folder, upload.source, store)
    except SettingsChanged as error:
        taken.rename(files)
        raise NotTaken(
            _("Somebody else has changed the settings of this supplier since the list was read. Look again with your "
              "choices, then place it.")
        ) from error  # fmt: skip
    except BaseException:
        taken.rename(files)
        raise
    try:
        paths = [taken / name for name, _size, _sha in upload.files]
        key = hand_in(store, paths, source=upload.source, name=upload.name or None)
    except BaseException:
        undo()
        taken.rename(files)
        raise
    _write(folder / "placed.json", {"key": key, "at": begun.isoformat()})
    shutil.rmtree(taken, ignore_errors=True)
    return key


def discard(upload: Upload, settings: Settings) -> None:
    """Remove an upload with all of it."""
    shutil.rmtree(folder_of(settings, upload.id), ignore_errors=True)


def sweep(settings: Settings) -> int:
    """Remove uploads that nobody placed or discarded within a day; returns how many."""
    swept = 0
    oldest = time.time() - KEPT.total_seconds()
    for folder in _root(settings).glob("*"):
        with suppress(OSError):
            if folder.is_dir() and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
    return swept


def _check_names(given: Sequence[Given], source: str, label: str) -> None:
    if not given:
        raise NotTaken(_("Choose a file first."))
    if len(given) > MOST_FILES:
        raise NotTaken(_("At most %(n)d files make one drop.") % {"n": MOST_FILES})
    if not SOURCE_NAME.fullmatch(source):
        raise NotTaken(_("A source is named by letters, digits, dots, dashes and underscores."))
    names = [one.name for one in given]
    if len(set(names)) != len(names):
        raise NotTaken(_("Two of the files have the same name."))
    for part in [*names, label] if label else names:
        key = f"{DROPS_PREFIX}{source}/{label}/{part}"
        bad = (
            part in {"", ".", "..", SOURCE_FILE, SUCCESS_FILE}
            or any(c in part for c in "/\\\0")
            or not part.isprintable()
        )
        if bad or not is_read(part) or not is_storable(key, source) or len(part.encode()) > 200:
            raise NotTaken(_("“%(name)s” is a name that is not read. Rename the file.") % {"name": part[:80]})


def _keep(one: Given, path: Path) -> tuple[str, int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as target:
        while chunk := one.stream.read(_CHUNK):
            digest.update(chunk)
            size += target.write(chunk)
    return one.name, size, digest.hexdigest()


def ask(folder: Path, source: str, files: list[str]) -> str:
    """Write down what is to be read; returns the moment, by which this reading is known."""
    asked = datetime.now(UTC).isoformat()
    _write(folder / "request.json", {"source": source, "files": files, "at": asked})
    return asked


def start(folder: Path, asked: str) -> None:
    """Read in the background."""
    threading.Thread(target=_read, args=(folder, asked), name=f"reading-{folder.name}", daemon=True).start()


def _read(folder: Path, asked: str) -> None:
    """Run the worker, and say it in its place when it is killed or hangs."""
    scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=folder))
    # Nothing of ours in its environment: a reader that is taken over finds no password there.
    variables = {"PYTHONPATH": str(PROJECT_ROOT), "PATH": os.defpath, "PYTHONUTF8": "1", "TMPDIR": str(scratch)}
    command = [sys.executable, "-s", "-m", "vitrina.workbench.reading_worker", str(folder)]
    problem = ""
    with _AT_ONCE:
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                command, cwd=scratch, env=variables, timeout=READ_SECONDS, check=False, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            if done.returncode:
                problem = "time" if done.returncode == -24 else "died"
        except subprocess.TimeoutExpired:
            problem = "time"
        except OSError:
            problem = "died"
    shutil.rmtree(scratch, ignore_errors=True)
    # The answer is there before its process has ended, and by then another reading may have been asked for.
    ours = (_json(folder / "request.json") or {}).get("at") == asked
    if ours and not (folder / "report.json").exists():
        _write(folder / "report.json", {"problem": problem or "died"})


def _root(settings: Settings) -> Path:
    return settings.vitrina_home / "uploads"


def folder_of(settings: Settings, upload_id: uuid.UUID) -> Path:
    """Where an upload lies."""
    return _root(settings) / str(upload_id)


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _write(path: Path, data: dict[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    part.replace(path)
