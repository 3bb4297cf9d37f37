"""The process that decodes: ``python -m vitrina.images.worker MEMORY_MB CPU_SECONDS [SIDE]``.

Belongs here: limits of the process and the loop over its pipes. Stays out: what is made (``codec``), who asks
(``pool``).

Protocol, both ways in big-endian 32-bit lengths: a request is a length and the file; an answer is a length, a JSON
object, and the blobs whose lengths stand in its ``blobs``: the three derivatives, or with SIDE the pixels alone, to fit
a square of so many. It lives for many files: a process for each would cost more
than the decoding of an ordinary picture (0.1 s to import Pillow against 0.1 s to decode and encode).
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from vitrina.images.reasons import Reason

LENGTH = struct.Struct(">I")
READY = b"\x01"
_MB = 1 << 20


def _limit(kind: int, value: int) -> None:
    """Lower a limit; systems that lack one (macOS and address space) go without."""
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def harden(memory_mb: int) -> None:
    """Room for one decode, no files to be written, no dump of memory."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_mb * _MB)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)


def _grant(seconds: int) -> None:
    """The soft limit of processor time counts from the start of the process: it moves on with every file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1)


def answer(data: bytes, side: int = 0) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """What became of one file: its facts and the three derivatives (with ``side`` its pixels), or a reason."""
    from vitrina.images.codec import Pixels, Refused, derive, pixels

    try:
        made = pixels(data, side) if side else derive(data)
    except Refused as refused:
        return {"reason": refused.reason.value, "message": refused.message}, ()
    except MemoryError:
        return {"reason": Reason.DECODE_TOO_MUCH_MEMORY.value, "message": "It needs too much memory to decode."}, ()
    facts = {
        "format": made.format,
        "size": [made.width, made.height],
        "shown": [made.shown_width, made.shown_height],
    }
    return facts, (made.rgb,) if isinstance(made, Pixels) else (made.jpeg, made.webp, made.thumb)


def serve(source: BinaryIO, target: BinaryIO, cpu_seconds: int, side: int = 0) -> None:
    """Answer until the other side closes."""
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        (size,) = LENGTH.unpack(head)
        _grant(cpu_seconds)
        facts, blobs = answer(source.read(size), side)
        told = json.dumps({**facts, "blobs": [len(blob) for blob in blobs]}).encode()
        target.write(LENGTH.pack(len(told)) + told)
        for blob in blobs:
            target.write(blob)
        target.flush()


def main() -> None:
    """Take the pipes away from what C libraries may print to, load the decoders, then give up what is not needed."""
    memory_mb, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    side = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    source = os.fdopen(os.dup(0), "rb", buffering=_MB)
    target = os.fdopen(os.dup(1), "wb", buffering=_MB)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    import vitrina.images.codec  # noqa: F401 - loaded before memory is limited

    harden(memory_mb)
    target.write(READY)
    target.flush()
    with suppress(BrokenPipeError):
        serve(source, target, cpu_seconds, side)


if __name__ == "__main__":
    main()
