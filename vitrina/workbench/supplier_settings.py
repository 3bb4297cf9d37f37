"""Settings of a source beside a list that was handed in: as they are kept, and with what a person has chosen.

Belongs here: ``source.yaml`` of the drops area, its two copies in an upload's folder, and when the second replaces the
first. Stays out: what may be chosen (``choosing``), the text of the file (``vitrina.feeds.source_edit``), pages.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vitrina.catalog.drops import DROPS_PREFIX, SOURCE_FILE
from vitrina.errors import PermanentError, VitrinaError
from vitrina.feeds import source_config
from vitrina.feeds.source_edit import Changes, edited
from vitrina.objects import ObjectMissing, ObjectStore
from vitrina.servers.locks import locked

_LIMIT = 1_000_000
#: In an upload's folder: the settings that the list is read with, those that the source has, what was chosen.
READ_WITH, _KEPT, _CHOICES = "source.yaml", "kept.yaml", "choices.json"
_LOCK = ".settings.lock"
_LOCK_SECONDS = 10.0


class SettingsChanged(PermanentError):
    """Somebody else has changed the settings of the source since the list was read."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person has chosen on top of the source's settings, and what comes of it.

    Attributes:
        kept: The source's ``source.yaml`` as it was when the list was read; empty where it has none.
        text: The file with the choices, which the list was read with.
        comments_lost: It was written anew, without its comments.
    """

    changes: Changes = field(default_factory=Changes)
    kept: str = ""
    text: str = ""
    comments_lost: bool = False

    def __bool__(self) -> bool:
        return self.text != self.kept

    @property
    def difference(self) -> list[tuple[str, str]]:
        """Changed lines with what stands around them: ``+``, ``-`` or a space, and the line."""
        before, after = self.kept.split("\n"), self.text.split("\n")
        lines = list(difflib.unified_diff(before, after, n=1, lineterm=""))[2:]
        return [(line[0], line[1:]) for line in lines if not line.startswith("@@")]


def kept_settings(store: ObjectStore, source: str) -> bytes:
    """The source's file as it is kept; empty where there is none."""
    try:
        return store.get(_key(source), limit=_LIMIT)
    except ObjectMissing:
        return b""


def read_with(folder: Path) -> str:
    """The file that the upload's list was read with; what is no text in it stands as a mark."""
    try:
        return (folder / READ_WITH).read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""


def chosen_in(folder: Path) -> Chosen:
    """What was chosen for the upload of that folder."""
    try:
        said = json.loads((folder / _CHOICES).read_text(encoding="utf-8"))
        kept = _text((folder / _KEPT).read_bytes())
        text = _text((folder / READ_WITH).read_bytes())
    except (OSError, ValueError):
        return Chosen()
    return Chosen(Changes(said["settings"], said["mapping"]), kept, text, said["comments_lost"])


def prepare(folder: Path, source: str, store: ObjectStore, changes: Changes) -> None:
    """Lay out the settings that the list is to be read with: those that are kept now, and the choices on top.

    Raises:
        SourceConfigError: What is kept is wrong, or would be with the choices.
        VitrinaError: The object store does not answer.
    """
    kept = kept_settings(store, source)
    if not changes:
        (folder / _CHOICES).unlink(missing_ok=True)
        (folder / READ_WITH).write_bytes(kept)
        return
    source_config.load(kept, source)
    result = edited(_text(kept), changes, source)
    (folder / _KEPT).write_bytes(kept)
    (folder / READ_WITH).write_bytes(result.text.encode())
    said = {**asdict(changes), "comments_lost": result.comments_lost}
    (folder / _CHOICES).write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def keep(folder: Path, source: str, store: ObjectStore) -> Callable[[], None]:
    """Give the source the settings that its list was read with; returns what takes that back.

    Nothing happens where nothing was chosen, and where the source has these very settings already.

    Raises:
        SettingsChanged: They are no longer those that the choices were made on.
        VitrinaError: The object store does not answer; then nothing is changed.
    """
    if not chosen_in(folder):
        return _nothing
    before, after = (folder / _KEPT).read_bytes(), (folder / READ_WITH).read_bytes()
    with locked(folder.parent / _LOCK, timeout_s=_LOCK_SECONDS):
        now = kept_settings(store, source)
        if now == after:
            return _nothing
        if now != before:
            raise SettingsChanged(f"The settings of {source} were changed meanwhile.")
        store.put(_key(source), after)

    def undo() -> None:
        with suppress(VitrinaError), locked(folder.parent / _LOCK, timeout_s=_LOCK_SECONDS):
            if kept_settings(store, source) != after:
                return
            if before:
                store.put(_key(source), before)
            else:
                store.delete(_key(source))

    return undo


def _nothing() -> None:
    """There is nothing to take back."""


def _key(source: str) -> str:
    return f"{DROPS_PREFIX}{source}/{SOURCE_FILE}"


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig")
