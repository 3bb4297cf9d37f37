"""A few long-lived decoding processes, watched.

Belongs here: starting, feeding, killing and replacing them. Stays out: what they do (``worker``, ``codec``).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from vitrina.config import PROJECT_ROOT
from vitrina.errors import VitrinaError
from vitrina.images.reasons import Reason
from vitrina.images.worker import LENGTH, READY

_START_SECONDS = 60.0
#: Address space grows with fragmentation; a fresh process costs 0.15 s.
_FILES_EACH = 400
_PIPE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a worker said of one file: a reason why it is not taken, or its facts and derivatives, or its pixels."""

    reason: Reason | None = None
    message: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    shown_width: int = 0
    shown_height: int = 0
    jpeg: bytes = b""
    webp: bytes = b""
    thumb: bytes = b""
    rgb: bytes = b""


class DecoderUnavailable(VitrinaError):
    """No decoding process can be started: a fault of this machine, not of a file."""


class _Died(Exception):
    """The process ended in the middle of a file; ``code`` as ``subprocess`` gives it."""

    def __init__(self, code: int | None) -> None:
        super().__init__(str(code))
        self.code = code


class _Worker:
    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process was started without pipes")
        self.process, self.to, self.out = process, process.stdin, process.stdout
        self.files = 0

    @classmethod
    async def start(cls, memory_mb: int, seconds: float, side: int) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-s", "-m", "vitrina.images.worker", str(memory_mb), str(max(1, round(seconds))), str(side),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=_PIPE_BYTES,
            # Nothing of ours: a decoder that is taken over finds no password in its environment.
            env={"PYTHONPATH": str(PROJECT_ROOT), "PATH": os.defpath}, start_new_session=True,
        )  # fmt: skip
        worker = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                if await worker.out.readexactly(1) != READY:
                    raise DecoderUnavailable("A process that decodes pictures does not speak the protocol.")
        except (TimeoutError, asyncio.IncompleteReadError):
            await worker.kill()
            raise DecoderUnavailable(
                "A process that decodes pictures does not start.",
                hint="Try: python -m vitrina.images.worker 768 15 </dev/null",
            ) from None
        except BaseException:
            await worker.kill()
            raise
        with contextlib.suppress(OSError, AttributeError):  # Linux; elsewhere the pipe stays small
            fcntl.fcntl(worker.to.get_extra_info("pipe").fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return worker

    async def ask(self, data: bytes) -> Decoded:
        try:
            self.to.write(LENGTH.pack(len(data)))
            self.to.write(data)
            await self.to.drain()
            (size,) = LENGTH.unpack(await self.out.readexactly(LENGTH.size))
            told: dict[str, Any] = json.loads(await self.out.readexactly(size))
            blobs = [await self.out.readexactly(length) for length in told["blobs"]]
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Died(await self.process.wait()) from None
        self.files += 1
        if "reason" in told:
            return Decoded(Reason(told["reason"]), told["message"])
        facts = Decoded(None, "", told["format"], *told["size"], *told["shown"])
        if len(blobs) == 1:
            return replace(facts, rgb=blobs[0])
        jpeg, webp, thumb = blobs
        return replace(facts, jpeg=jpeg, webp=webp, thumb=thumb)

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        self.to.close()


class DecodePool:
    """``async with DecodePool(...) as pool: await pool.decode(data)``; as many files at once as there are processes.

    Args:
        side: Only the pixels are wanted, to fit a square of so many; 0 for the derivatives.
    """

    def __init__(self, workers: int, *, memory_mb: int, seconds: float, side: int = 0) -> None:
        self.memory_mb, self.seconds, self.side = memory_mb, seconds, side
        self._free = asyncio.Semaphore(workers)
        self._idle: list[_Worker] = []
        self.started = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._idle:
            await worker.kill()
        self._idle.clear()

    async def decode(self, data: bytes) -> Decoded:
        """Decode one file in a process; what kills or hangs the process is a reason like others.

        Raises:
            DecoderUnavailable: no process could be started.
        """
        for last in (False, True):
            try:
                async with self._free, self._worker() as worker, asyncio.timeout(self.seconds):
                    return await worker.ask(data)
            except TimeoutError:
                return Decoded(Reason.DECODE_TOO_LONG, f"Decoding took longer than {self.seconds:g} s.")
            except _Died as died:
                if died.code == -signal.SIGXCPU:
                    return Decoded(Reason.DECODE_TOO_LONG, f"Decoding took more than {self.seconds:g} s of processor.")
                if last:
                    return Decoded(Reason.DECODER_CRASHED, f"The decoder ended with code {died.code}, twice.")
        raise AssertionError("unreachable")

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[_Worker]:
        """An idle process or a new one; it goes back only after a whole answer."""
        if self._idle:
            worker = self._idle.pop()
        else:
            worker = await _Worker.start(self.memory_mb, self.seconds, self.side)
            self.started += 1
        try:
            yield worker
        except BaseException:
            await worker.kill()
            raise
        if worker.files < _FILES_EACH:
            self._idle.append(worker)
        else:
            await worker.kill()
