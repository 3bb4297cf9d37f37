"""Pixels of pictures that anyone handed in, decoded in a process with limits.

Belongs here: one decoding process for a worker of the queue, reasons as errors. Stays out: the process (``pool``,
``worker``), the queue. A file that needs too much memory or time, or breaks its decoder, ends that process alone.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError
from vitrina.images.pool import DecodePool, DecoderUnavailable
from vitrina.images.reasons import Reason

#: Cut-outs are larger than what a shop shows: people use them elsewhere.
FIT = 2048
_DAMAGED = (Reason.DAMAGED, Reason.TRUNCATED)


class Decoder:
    """``with Decoder(settings) as decoder: decoder.pixels(data)``; the process starts with the first picture."""

    def __init__(self, settings: Settings) -> None:
        self._pool = DecodePool(
            1, memory_mb=settings.image_decode_memory_mb, seconds=settings.image_decode_seconds, side=FIT
        )
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._runner:
            self._runner.run(self._pool.__aexit__(kind, error, trace))

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """Upright RGB on white, (height, width, 3), that fits :data:`FIT`.

        Raises:
            PermanentError: The file is no picture that can be decoded within the limits.
            RetryableError: No process can be started on this machine now.
        """
        try:
            decoded = self._runner.run(self._pool.decode(data))
        except DecoderUnavailable as error:
            raise RetryableError(str(error)) from error
        if decoded.reason in _DAMAGED:
            raise PermanentError(f"The picture is damaged: {decoded.message}")
        if decoded.reason is not None:
            raise PermanentError(decoded.message or f"The picture cannot be read ({decoded.reason}).")
        shape = decoded.shown_height, decoded.shown_width, 3
        return np.frombuffer(decoded.rgb, dtype=np.uint8).reshape(shape).copy()
