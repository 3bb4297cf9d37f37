"""The models of the ``serve-models`` process: opened at the first question, verified, a few kept open.

Belongs here: from a name to something that scores or writes. Stays out: HTTP (``app``). Opening a model that needs
torch is the only place where the process imports it.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vitrina.errors import PermanentError
from vitrina.llm.service.wire import ApiError
from vitrina.reward.models import ModelKind, open_model, require_torch
from vitrina.reward.storage import MANIFEST, read_manifest

#: Open at once; another one closes the one that was used longest ago.
_OPEN = 4
#: Below this many bytes of weights one thread is faster than two, which take 8 times the processor time.
_SMALL = 64 * 1024 * 1024
_NAME = re.compile(r"(?:policy/)?([0-9a-f]{8,64})")
WRITERS = ("policy", "sft")


class Scores(Protocol):
    """A reward model."""

    def scores(self, prompts: Sequence[str], answers: Sequence[str]) -> Any:
        """A calibrated number for each answer."""
        ...


class Writes(Protocol):
    """A trained writer, as ``vitrina.policy.writing`` opens it."""

    def write(
        self,
        prompts: Sequence[str],
        *,
        samples: int = 1,
        temperature: float = 1.0,
        seed: int = 0,
        max_new_tokens: int | None = None,
    ) -> Sequence[Sequence[Any]]:
        """For each prompt its texts, each with ``text`` and ``ended``."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """A model in memory."""

    model: Any
    kind: str
    model_id: str
    stamp: tuple[int, int]


class Shelf:
    """Models by name. Used by one thread at a time.

    Args:
        models: Folder of verified copies; a name is the name of a folder in it, or an absolute path.
        open_writer: Opens a folder of a model that writes; by default that of ``vitrina.policy``.
    """

    def __init__(self, models: Path, *, open_writer: Callable[[Path], Writes] | None = None) -> None:
        self._models = models
        self._open_writer = open_writer or _open_writer
        self._needs_torch = open_writer is None
        self._open: OrderedDict[Path, Opened] = OrderedDict()

    def names(self) -> list[str]:
        """Names of the models that are open."""
        return [folder.name for folder in self._open]

    def reward(self, name: str) -> Scores:
        """A model that scores.

        Raises:
            ApiError: There is none of this name, it is damaged, it does not score, or a library is missing.
        """
        found = self._get(name)
        if found.kind in WRITERS:
            raise ApiError(400, f"The model {name[:80]!r} is a {found.kind}: it writes and does not score.", "kind")
        scorer: Scores = found.model
        return scorer

    def writer(self, name: str) -> Writes:
        """A model that writes.

        Raises:
            ApiError: As :meth:`reward`.
        """
        found = self._get(name)
        if found.kind not in WRITERS:
            raise ApiError(400, f"The model {name[:80]!r} is a {found.kind}: it scores and does not write.", "kind")
        writer: Writes = found.model
        return writer

    def _get(self, name: str) -> Opened:
        folder = self._folder(name)
        stamp = _stamp(folder)
        standing = self._open.get(folder)
        if standing is None or standing.stamp != stamp:
            self._open.pop(folder, None)
            while len(self._open) >= _OPEN:
                self._open.popitem(last=False)
            standing = self._opened(folder, stamp)
            self._open[folder] = standing
        self._open.move_to_end(folder)
        return standing

    def _folder(self, name: str) -> Path:
        known = _NAME.fullmatch(name)
        folder = self._models / known[1] if known else Path(name)
        if not (folder.is_absolute() and (folder / MANIFEST).is_file()):
            raise ApiError(404, f"There is no model {name[:80]!r} here.", "model_not_found")
        return folder

    def _opened(self, folder: Path, stamp: tuple[int, int]) -> Opened:
        try:
            manifest = read_manifest(folder)
        except PermanentError as error:
            raise ApiError(422, str(error), "damaged") from error
        kind = str(manifest.get("kind", ""))
        model: Any
        try:
            if kind != ModelKind.LINEAR and (kind not in WRITERS or self._needs_torch):
                require_torch()
                _spread(sum(entry["bytes"] for entry in manifest["files"].values()))
        except PermanentError as error:
            raise ApiError(501, str(error), "not_installed") from error
        try:
            model = self._open_writer(folder) if kind in WRITERS else open_model(folder)
        except PermanentError as error:
            raise ApiError(422, str(error), "damaged") from error
        return Opened(model, kind, str(manifest.get("model_id", "")), stamp)


def _stamp(folder: Path) -> tuple[int, int]:
    found = (folder / MANIFEST).stat()
    return found.st_mtime_ns, found.st_size


def _open_writer(folder: Path) -> Writes:
    from vitrina.policy.writing import open_writer

    return open_writer(folder)


def _spread(size: int) -> None:
    import torch

    torch.set_num_threads(1 if size < _SMALL else len(os.sched_getaffinity(0)))
