"""Decoding in a limited process; the shared files as their lists say."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.fakes.image_server import picture
from tests.images.decoding import clean, encoded, near, opened
from vitrina.images.codec import derive
from vitrina.images.pool import Decoded, DecodePool
from vitrina.images.reasons import Reason


def through(pool: Callable[[], DecodePool], *files: bytes) -> list[Decoded]:
    async def work() -> list[Decoded]:
        async with pool() as running:
            return list(await asyncio.gather(*(running.decode(data) for data in files)))

    return asyncio.run(work())


def test_the_process_gives_what_the_codec_gives() -> None:
    data = picture(2, size=(500, 400))
    [made] = through(lambda: DecodePool(1, memory_mb=300, seconds=120), data)
    direct = derive(data)
    assert (made.jpeg, made.webp, made.thumb) == (direct.jpeg, direct.webp, direct.thumb)


def test_too_little_memory_is_a_reason_and_the_next_file_is_decoded() -> None:
    large = encoded(Image.new("RGB", (6000, 6000)), "PNG")
    refused, taken = through(lambda: DecodePool(1, memory_mb=64, seconds=120), large, picture())
    assert refused.reason is Reason.DECODE_TOO_MUCH_MEMORY
    assert taken.reason is None


def test_a_hanging_decoder_is_killed_and_replaced() -> None:
    async def work() -> tuple[Decoded, Decoded, int]:
        async with DecodePool(1, memory_mb=300, seconds=120) as pool:
            await pool.decode(picture())
            os.kill(pool._idle[0].process.pid, signal.SIGSTOP)
            pool.seconds = 0.5
            stopped = await pool.decode(picture())
            pool.seconds = 120
            return stopped, await pool.decode(picture()), pool.started

    stopped, after, started = asyncio.run(work())
    assert stopped.reason is Reason.DECODE_TOO_LONG
    assert after.reason is None
    assert started == 2


def test_a_decoder_that_was_killed_from_outside_costs_no_picture() -> None:
    async def work() -> Decoded:
        async with DecodePool(1, memory_mb=300, seconds=120) as pool:
            await pool.decode(picture())
            pool._idle[0].process.kill()
            return await pool.decode(picture())

    assert asyncio.run(work()).reason is None


def test_a_decoder_knows_no_secret_and_writes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "hush")

    async def work() -> tuple[str, str]:
        async with DecodePool(1, memory_mb=300, seconds=120) as pool:
            await pool.decode(picture())
            folder = Path(f"/proc/{pool._idle[0].process.pid}")
            return (folder / "environ").read_text(), (folder / "limits").read_text()

    environment, limits = asyncio.run(work())
    assert "hush" not in environment
    [size] = [line for line in limits.splitlines() if line.startswith("Max file size")]
    assert size.split()[3] == "0"


def test_the_nasty_files_are_taken_or_refused_as_their_list_says(shared_data: Path) -> None:
    """Two seconds of processor and 300 MB are enough for each, and none ends a process."""
    taken = {"JPEG", "MPO", "PNG", "WEBP", "GIF", "AVIF"}
    expected = {}
    for line in (shared_data / "images" / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 5 and cells[0].startswith(("nasty/", "exif_orientation/")):
            expected[cells[0]] = not cells[5].startswith("refused") and cells[5].split()[0] in taken

    async def work() -> tuple[dict[str, Decoded], int]:
        async with DecodePool(1, memory_mb=300, seconds=2) as pool:
            async with pool._worker():
                pool.seconds = 120  # by the clock: what the process was started with is what it may use of a processor
            made = {name: await pool.decode((shared_data / "images" / name).read_bytes()) for name in expected}
            return made, pool.started

    made, started = asyncio.run(work())
    assert {name: one.reason is None for name, one in made.items()} == expected
    assert started == 1
    for one in made.values():
        if one.reason is None:
            clean(one)
    assert made["nasty/decompression_bomb.gif"].reason is Reason.BOMB
    assert made["nasty/png_decompression_dos.png"].reason is Reason.BOMB
    assert made["nasty/truncated_jpeg.jpg"].reason is Reason.TRUNCATED
    assert made["nasty/hopper.ico"].reason is Reason.FORMAT_NOT_TAKEN


def test_one_photo_under_four_orientations_looks_the_same(shared_data: Path) -> None:
    files = sorted((shared_data / "images" / "exif_orientation").glob("*.jpg"))
    small = [opened(derive(path.read_bytes()).thumb).resize((8, 6)) for path in files]
    assert len({image.size for image in small}) == 1
    for image in small[1:]:
        assert all(
            near(one, other, 16)  # type: ignore[arg-type]
            for one, other in zip(image.get_flattened_data(), small[0].get_flattened_data(), strict=True)
        )
