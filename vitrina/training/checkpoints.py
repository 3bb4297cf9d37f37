"""Checkpoints that are whole, or are not used.

What belongs here: sealing a checkpoint folder with the hashes of its files, and finding the newest one that verifies.
What stays out: what is in it.

A trainer writes its files in place, and goes on silently with a fresh optimiser when that file is missing. So a
checkpoint counts only when a manifest, written last and by rename, names each file with size and hash, and all agree.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

SEAL = "sealed.json"
_NAME = re.compile(r"checkpoint-(\d+)")


def step_of(folder: Path) -> int | None:
    """The step in the name of a checkpoint folder, or None for another folder."""
    found = _NAME.fullmatch(folder.name)
    return int(found[1]) if found and folder.is_dir() else None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SEAL)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seal(folder: Path, **facts: Any) -> None:
    """Write the manifest of a finished checkpoint: all its files, and facts such as the plan it belongs to."""
    listed = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": _hash(path)}
        for path in _files(folder)
    }
    waiting = folder / (SEAL + ".new")
    with waiting.open("w", encoding="utf-8") as stream:
        json.dump({"files": listed, **facts}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    waiting.replace(folder / SEAL)


def why_broken(folder: Path, **facts: Any) -> str | None:
    """What is wrong with a checkpoint, or None for a whole one whose facts are these."""
    try:
        sealed = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        files = sealed["files"]
    except FileNotFoundError:
        return "it was not finished"
    except (ValueError, KeyError, TypeError):
        return "its manifest is damaged"
    for name, value in facts.items():
        if sealed.get(name) != value:
            return f"it belongs to another {name}"
    for name, entry in files.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != entry["bytes"] or _hash(path) != entry["sha256"]:
            return f"{name} was changed"
    return None


def newest_whole(root: Path, **facts: Any) -> tuple[Path | None, list[tuple[str, str]]]:
    """The newest checkpoint that verifies. Newer ones that do not are removed: a trainer would write into them.

    Args:
        root: Folder of the ``checkpoint-N`` folders; may be missing.
        facts: What the manifest must say, as given to `seal`.

    Returns:
        The folder or None, and name and reason of each checkpoint that was removed.
    """
    if not root.is_dir():
        return None, []
    steps = sorted((step, path) for path in root.iterdir() if (step := step_of(path)) is not None)
    removed: list[tuple[str, str]] = []
    for _, folder in reversed(steps):
        reason = why_broken(folder, **facts)
        if reason is None:
            return folder, removed
        removed.append((folder.name, reason))
        shutil.rmtree(folder)
    return None, removed
