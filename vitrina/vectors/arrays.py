"""Model files without pickles: named numeric arrays and one JSON object in a single ``.npz``.

Belongs here: the container format (atomic write, checked read). Stays out: what the arrays mean.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vitrina.errors import PermanentError

_META = "meta"


class ModelFileError(PermanentError):
    """A model file is missing, of another kind or version, or damaged."""


def save_arrays(
    path: Path, kind: str, version: int, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray]
) -> None:
    """Write the file whole or not at all; the same content gives the same bytes.

    Args:
        kind, version: Checked again by :func:`load_arrays`.
        meta: Any JSON object.
        arrays: Numeric arrays; the name ``meta`` is taken.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"kind": kind, "version": version, **meta}, ensure_ascii=False, sort_keys=True)
    blob = np.frombuffer(text.encode(), dtype=np.uint8)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **{_META: blob}, **dict(arrays))  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_arrays(path: Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, npt.NDArray]]:
    """Read what :func:`save_arrays` wrote.

    Raises:
        ModelFileError: With what is wrong with the file. Object arrays (pickles) are refused.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays.pop(_META).tobytes().decode())
    except FileNotFoundError as error:
        raise ModelFileError(f"There is no model file {path}.", hint="Train the model first.") from error
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelFileError(
            f"{path} is not a readable model file ({error}).", hint="Delete it and train the model again."
        ) from error
    if meta.get("kind") != kind or meta.get("version") != version:
        raise ModelFileError(
            f"{path} holds {meta.get('kind')!r} version {meta.get('version')}, not {kind!r} version {version}.",
            hint="Train the model again with this version.",
        )
    return meta, arrays
