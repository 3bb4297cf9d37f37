"""One call that takes the background off, whichever back end does it.

Belongs here: back ends by name, which one is used, the PNG. Stays out: the queue, files.
"""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vitrina.errors import PermanentError
from vitrina.images.background import grabcut
from vitrina.images.background.grabcut import Cut

Backend = Literal["auto", "grabcut", "rembg"]
BACKENDS: tuple[Backend, ...] = ("auto", "grabcut", "rembg")
#: Below this the result wants a look before it is used.
SURE = 0.5
_MODEL = "u2net"


class BackendMissing(PermanentError):
    """The back end that was asked for is not installed, or its weights are not there."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A picture without its background.

    Attributes:
        rgba: (height, width, 4) of bytes.
        mask: (height, width), True for the product.
        confidence: 0 to 1; below :data:`SURE` look at it first.
        doubts: Why it is low.
        used: Back end and version.
    """

    rgba: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    confidence: float
    doubts: tuple[str, ...]
    used: str


def remove_background(rgb: NDArray[np.uint8], backend: Backend = "auto") -> Removed:
    """Takes the background off a decoded picture, (height, width, 3).

    ``auto`` is rembg where it is installed with its weights, else GrabCut. Nothing is ever downloaded.

    Raises:
        BackendMissing: the named back end cannot be used here.
        PermanentError: an unknown back end.
        ValueError: ``rgb`` is no picture.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise ValueError(f"A picture is (height, width, 3) of bytes, not {rgb.shape} of {rgb.dtype}.")
    used, cut = _backend(backend)
    found = cut(rgb)
    alpha = (found.alpha * 255).round().astype(np.uint8)
    rgba = np.dstack([rgb, alpha])
    # Where nothing is seen nothing is kept: files stay small, and no hidden picture travels along.
    rgba[alpha == 0] = 0
    return Removed(rgba, found.alpha > 0.5, found.confidence, found.doubts, used)


def version(backend: Backend = "auto") -> str:
    """Back end and version that would be used here.

    Raises:
        BackendMissing: the named back end cannot be used here.
    """
    return _backend(backend)[0]


def png(rgba: NDArray[np.uint8]) -> bytes:
    """A PNG with alpha."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def rembg_weights() -> Path | None:
    """The weights that rembg would use, when both are here."""
    if importlib.util.find_spec("rembg") is None:
        return None
    home = Path(os.environ.get("U2NET_HOME") or Path(os.environ.get("XDG_DATA_HOME", "~")).expanduser() / ".u2net")
    weights = home / f"{_MODEL}.onnx"
    return weights if weights.is_file() else None


def _backend(name: Backend) -> tuple[str, Callable[[NDArray[np.uint8]], Cut]]:
    if name not in BACKENDS:
        raise PermanentError(f"{name!r} takes no background off.", hint=f"One of {', '.join(BACKENDS)}.")
    weights = rembg_weights() if name != "grabcut" else None
    if name == "rembg" and weights is None:
        raise BackendMissing(
            "rembg is not installed, or its weights are not there.",
            hint=f"Install rembg and place {_MODEL}.onnx in U2NET_HOME, or use grabcut.",
        )
    return (f"rembg-{_MODEL}", _rembg) if weights is not None else (grabcut.VERSION, grabcut.cut)


@lru_cache(maxsize=1)
def _session() -> object:
    from rembg import new_session

    return new_session(_MODEL)


def _rembg(rgb: NDArray[np.uint8]) -> Cut:
    """Never tried here with real weights: none were at hand."""
    from PIL import Image
    from rembg import remove

    mask = remove(Image.fromarray(rgb), session=_session(), only_mask=True, post_process_mask=False)
    alpha = np.asarray(mask, dtype=np.float32) / np.float32(255)
    unsure = float(((alpha > 0.2) & (alpha < 0.8)).mean())
    share = float((alpha > 0.5).mean())
    confidence = 0.0 if not 0.005 <= share <= 0.97 else round(max(0.0, 1 - 8 * unsure), 3)
    return Cut(alpha, confidence, () if confidence >= SURE else ("the model is not sure of the edge",))
