"""Seeded damage to sample files: flipped bytes, cuts, doubled blocks, other encodings.

Belongs here: making damage and judging what reading it gives. Stays out: which files and how many (the test; or
``python -m tests.feeds.mutations 3000`` from the repository's root, which also takes the shared samples).
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from tests.feeds.samples import ALL
from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, DropUnreadable, SourceConfig

WATCHDOG_SECONDS = 60
_LARGEST = 400_000
_ENCODINGS = (
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1251",
    "cp1254",
    "koi8-r",
    "utf-8-sig",
    "cp866",
    "utf-32",
    "cp1250",
)
_PIECES = (
    b"\0", b'"', b"'", b"\r", b"\n", b"\xff\xfe", b"\xef\xbb\xbf", b";", b",", b"{", b"}", b"[", b"]", b"<", b"&",
    b"\\", b"]]>", b"\xed\xa0\x80", b"1e999999", b"NaN", b"-1", b"\x1a", b"PK\x03\x04", b"\x1f\x8b", b"&#0;", b"<!--",
    b"\t",
)  # fmt: skip

Damage = Callable[[random.Random, bytes], bytes]


def _flip(dice: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 3, 20, 200))):
        if changed:
            changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(dice: random.Random, content: bytes) -> bytes:
    place = dice.randrange(len(content) + 1)
    return content[:place] if dice.random() < 0.6 else content[place:]


def _double(dice: random.Random, content: bytes) -> bytes:
    start, size = dice.randrange(len(content) + 1), dice.choice((1, 10, 300, 5_000))
    return content[: start + size] + content[start : start + size] * dice.choice((1, 2, 50)) + content[start + size :]


def _leave_out(dice: random.Random, content: bytes) -> bytes:
    start = dice.randrange(len(content) + 1)
    return content[:start] + content[start + dice.choice((1, 7, 100, 3_000)) :]


def _insert(dice: random.Random, content: bytes) -> bytes:
    for _ in range(dice.choice((1, 1, 5, 40))):
        place = dice.randrange(len(content) + 1)
        content = content[:place] + dice.choice(_PIECES) * dice.choice((1, 1, 2, 300)) + content[place:]
    return content


def _encode_again(dice: random.Random, content: bytes) -> bytes:
    return content.decode("utf-8", "replace").encode(dice.choice(_ENCODINGS), "ignore")


def _mix(dice: random.Random, content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + _encode_again(dice, content[half:])


_DAMAGES: tuple[Damage, ...] = (_flip, _cut, _double, _leave_out, _insert, _encode_again, _mix)


def damaged(dice: random.Random, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a drop with one of them damaged in one to three ways."""
    result = dict(files)
    name = dice.choice(sorted(result))
    for _ in range(dice.choice((1, 1, 2, 3))):
        result[name] = dice.choice(_DAMAGES)(dice, result[name])[: 2 * _LARGEST]
    return result


def fault_of(files: Mapping[str, bytes], folder: Path, config: SourceConfig) -> str | None:
    """What is wrong with the reading of a drop; ``None`` when it ends in a balanced report or a clear refusal."""
    drop = []
    for number, (name, content) in enumerate(files.items()):
        path = folder / str(number)
        path.write_bytes(content)
        drop.append(DropFile(path, name))
    former = signal.signal(signal.SIGALRM, _late)
    signal.alarm(WATCHDOG_SECONDS)
    try:
        read = read_drop(drop, config)
    except DropUnreadable as refusal:
        return None if refusal.message and refusal.hint else f"a refusal without a hint: {refusal.message}"
    except Exception as error:  # noqa: BLE001 (any other exception is what is looked for)
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
    ids = {product.external_id for product in read.products}
    if (
        not read.report.balanced()
        or len(ids) != read.report.accepted
        or len(read.quarantine) != read.report.quarantined
    ):
        return f"not balanced: {read.report}"
    return None


def _late(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {WATCHDOG_SECONDS} s")


def small_files(folder: Path) -> list[tuple[str, dict[str, bytes]]]:
    """The files of a folder that are small enough to be damaged many times."""
    return [
        (path.name, {path.name: path.read_bytes()})
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".md" and path.stat().st_size <= _LARGEST
    ]


def main() -> int:
    """Damage samples as often as the first argument says; log every fault with its seed."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    times, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    drops = [(sample.name, dict(sample.files)) for sample in ALL]
    shared = os.environ.get("VITRINA_TEST_DATA")
    if shared:
        drops += small_files(Path(shared) / "drops")
    faults, longest = 0, (0.0, "")
    for seed in range(first, first + times):
        dice = random.Random(seed)
        name, files = dice.choice(drops)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            fault = fault_of(damaged(dice, files), Path(folder), SourceConfig())
            longest = max(longest, (time.perf_counter() - start, f"{name} seed {seed}"))
        if fault:
            faults += 1
            logging.info("%s seed %d: %s", name, seed, fault[:500])
    logging.info("%d drops damaged, %d faults, the longest %.1f s (%s)", times, faults, *longest)
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
