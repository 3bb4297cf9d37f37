"""Model folders: files with hashes in a manifest, complete or not there at all.

What belongs here: writing a folder under another name and renaming it, verifying it before use. What stays out: what
the files mean. Nothing in such a folder is code, and no file is a pickle.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError

FORMAT = "vitrina-reward-model"
VERSION = 1
MANIFEST = "manifest.json"
#: Written after the model and again with each judgement: no part of what is verified.
CARD, EVALUATION, REPORT = "README.md", "evaluation", "report.json"
#: Where a training that was interrupted left its checkpoints, beside the folder that it was to make.
_PARTIAL = ".partial"
_FORMER = ".former"


def partial_folder(out: Path) -> Path:
    """Where the folder `out` is put together."""
    return out.with_name(out.name + _PARTIAL)


def make_partial(out: Path) -> Path:
    """`partial_folder`, which is there afterwards.

    Raises:
        PermanentError: it cannot be made.
    """
    partial = partial_folder(out)
    try:
        partial.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PermanentError(f"{out} cannot be made: {error.strerror}.", hint="Name a folder of yours.") from error
    return partial


def ensure_free(out: Path, *, replace: bool = False) -> None:
    """Refuse to write over what is no model, or over a model unless asked to.

    Raises:
        PermanentError: the folder holds something.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / MANIFEST).is_file():
        raise PermanentError(f"{out} is there and is no reward model.", hint="Name a new or an empty folder.")
    if not replace:
        raise PermanentError(f"{out} holds a reward model already.", hint="Name another folder, or say --replace.")


def file_hash(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, described: Mapping[str, Any]) -> dict[str, Any]:
    """List all files of the folder with size and hash, and name the model after the weights.

    Returns:
        The manifest. `model_id` is the hex sha256 over names and hashes of the files below sub-folders: the same
        weights give the same id, whenever and wherever they were written.
    """
    files = {
        path.relative_to(folder).as_posix(): {"sha256": file_hash(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST and path != folder / CARD
    }
    weights = "\n".join(f"{name} {entry['sha256']}" for name, entry in files.items() if "/" in name)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "model_id": hashlib.sha256(weights.encode()).hexdigest(),
        **described,
        "files": files,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, allow_nan=False)
    waiting = folder / (MANIFEST + ".new")
    waiting.write_text(text + "\n", encoding="utf-8")
    waiting.replace(folder / MANIFEST)
    return manifest


def write_card(folder: Path, text: str) -> None:
    """The model card, by rename. A folder of a former version lists its card among what is verified, and keeps it."""
    path = folder / MANIFEST
    if path.is_file() and CARD in json.loads(path.read_text(encoding="utf-8"))["files"]:
        return
    waiting = folder / (CARD + ".new")
    waiting.write_text(text, encoding="utf-8")
    waiting.replace(folder / CARD)


def unverified(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Files that stand beside a model and are no part of what is verified: its card, its evaluation."""
    beside = [folder / CARD, *sorted((folder / EVALUATION).rglob("*"))]
    names = [path.relative_to(folder).as_posix() for path in beside if path.is_file() and not path.is_symlink()]
    return [name for name in names if name not in manifest["files"]]


def plots_of(folder: Path) -> list[str]:
    """Names of the evaluation's plots, as a card beside them links to them."""
    return [path.relative_to(folder).as_posix() for path in sorted((folder / EVALUATION).glob("*.png"))]


def clean(folder: Path, keep: Iterable[str]) -> None:
    """Remove what the training left beside the files of the model: checkpoints, tries, other kinds."""
    wanted = set(keep)
    for path in folder.iterdir():
        if path.name not in wanted:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def publish(partial: Path, out: Path) -> None:
    """Put a finished folder in its place. What stood there goes only when the new one stands."""
    out.parent.mkdir(parents=True, exist_ok=True)
    former = out.with_name(out.name + _FORMER)
    shutil.rmtree(former, ignore_errors=True)
    if out.exists():
        out.replace(former)
    partial.replace(out)
    shutil.rmtree(former, ignore_errors=True)


def read_manifest(folder: Path, *, verify: bool = True) -> dict[str, Any]:
    """The manifest of a model folder whose files are as they were written.

    Raises:
        PermanentError: no model, one of a newer version, or a file that is missing or changed.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        hint = "`vitrina reward train` makes one."
        if partial_folder(folder).is_dir():
            hint = "Its training was interrupted; the same `vitrina reward train` goes on with it."
        raise PermanentError(f"{folder} holds no reward model.", hint=hint) from None
    except ValueError as error:
        raise PermanentError(f"{folder / MANIFEST} is damaged: {error}.", hint="Train the model again.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise PermanentError(f"{folder} holds no reward model.", hint="`vitrina reward train` makes one.")
    if manifest.get("version") != VERSION:
        raise PermanentError(f"{folder} is of version {manifest.get('version')}; this program reads {VERSION}.")
    if verify:
        try:
            _verify(folder, manifest["files"])
        except (KeyError, TypeError, AttributeError) as error:
            hint = "Take the model from its source again."
            raise PermanentError(f"{folder / MANIFEST} is damaged: it lists no files.", hint=hint) from error
    return manifest


def _verify(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    for name, entry in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise PermanentError(f"The manifest of {folder} names {name!r}, which lies outside of it.")
        if not path.is_file() or path.stat().st_size != entry["bytes"] or file_hash(path) != entry["sha256"]:
            raise PermanentError(f"{path} is missing or was changed.", hint="Take the model from its source again.")
