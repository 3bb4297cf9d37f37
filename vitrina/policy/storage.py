"""Folders of models that write: as those of reward models, with other words.

What belongs here: putting a folder together, verifying one before use. What stays out: what the weights mean.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError
from vitrina.reward import storage

#: Weights, tokenizer and encoding.
FOLDER = "model"
GROUPS = "groups.json"
EVALUATION, REPORT = storage.EVALUATION, storage.REPORT
#: What a policy writes: the short card, never the full description.
CONTRACT = "card"
_LIBRARIES = ("vitrina", "torch", "transformers", "trl", "peft", "accelerate")


class WriterKind(StrEnum):
    """How a model learned to write."""

    SFT = "sft"
    POLICY = "policy"


def keep(partial: Path, out: Path, described: Mapping[str, Any], card: str, groups: Mapping[str, str]) -> None:
    """Make a finished folder of `partial`, whose weights lie in `FOLDER`, and put it in its place.

    Args:
        groups: Prompt groups that the training has seen, with their fold.
    """
    storage.clean(partial, [FOLDER])
    (partial / GROUPS).write_text(json.dumps(dict(sorted(groups.items())), indent=0), encoding="utf-8")
    for path in (partial / FOLDER).iterdir():
        path.chmod(0o644)
    storage.write_manifest(partial, described)
    storage.write_card(partial, card)
    storage.publish(partial, out)


def read(folder: Path, *, kind: WriterKind | None = None, verify: bool = True) -> dict[str, Any]:
    """The manifest of a model that writes, whose files are as they were written.

    Raises:
        PermanentError: no such model, or a file that is missing or changed.
    """
    if not (folder / storage.MANIFEST).is_file():
        unfinished = storage.partial_folder(folder).is_dir()
        hint = "Its training was interrupted; the same command goes on with it." if unfinished else None
        raise PermanentError(f"{folder} holds no model that writes.", hint=hint or "`vitrina policy train` makes one.")
    manifest = storage.read_manifest(folder, verify=verify)
    if manifest.get("kind") not in list(WriterKind):
        raise PermanentError(f"{folder} holds a model of kind {manifest.get('kind')}, which does not write.")
    if kind is not None and manifest["kind"] != kind:
        raise PermanentError(f"{folder} holds a model of kind {manifest['kind']}; {kind} is needed here.")
    return manifest


def trained_groups(folder: Path) -> dict[str, str]:
    """Prompt groups that the training has seen, with their fold."""
    path = folder / GROUPS
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def code() -> dict[str, str]:
    """Versions of what weights depend on."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
