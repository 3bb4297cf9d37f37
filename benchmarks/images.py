"""How fast pictures come in: download and three derivatives, against a bare Pillow process pool.

Run: ``python -m benchmarks.images [--pictures 500] [--rounds 5]``. Both sides make the same JPEG, WebP and thumbnail
with the same settings on the same number of processes (one a core). The bare pool has every file in memory and throws
the results away; the platform fetches each from a server on loopback (a process of its own), checks it, decodes it in
a limited process, hashes, stores four objects and writes the rows to PostgreSQL. The sides take turns, so that a noisy
machine is noisy for both. Prints one JSON object; the bar is a ratio of 0.8. On a machine with other work the wall
flatters the side that has more processes: ``ratio_by_cpu`` compares processor seconds (this process, decoders and the
server of the files; without PostgreSQL's), which is what the wall comes down to when nothing else runs.

The files are drawn here: twenty photographs' worth of detail of 1 to 3 MB, each copied with a comment of its own, so
that all differ by hash and cost the same to decode.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

BASES = 20
SEED = 20261121


def draw(folder: Path, count: int) -> list[Path]:
    """Write ``count`` files of 1 to 3 MB that differ by hash."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(SEED)
    bases: list[bytes] = []
    for number in range(min(BASES, count)):
        width = 2400 + 160 * (number % 10)
        height = width * 3 // 4
        # Soft shapes and grain: about as many bytes a pixel as a photograph has at quality 90.
        shapes = Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize((width, height), 3)
        grain = rng.normal(0, 7 + number % 5, (height, width, 1))
        pixels = np.clip(np.asarray(shapes, dtype=np.float32) + grain, 0, 255).astype(np.uint8)
        for quality in (90, 85, 80, 75, 70, 60, 50):
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
            if buffer.tell() <= 3_000_000:
                break
        bases.append(buffer.getvalue())
    paths = []
    for number in range(count):
        comment = f"copy {number}".encode()
        body = bases[number % len(bases)]
        path = folder / f"{number}.jpg"
        path.write_bytes(body[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + body[2:])
        paths.append(path)
    return paths


def serve(folder: Path) -> None:
    """The server's process: files of a folder, its port on stdout."""
    import asyncio

    from aiohttp import web

    async def main() -> None:
        app = web.Application()
        app.router.add_static("/", folder)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(main())


_IN_MEMORY: list[bytes] = []


def bare(number: int) -> float:
    """The three derivatives of one file in memory, as anyone would write it; processor seconds."""
    from PIL import Image

    from vitrina.images import recipe

    began = time.process_time()
    with Image.open(io.BytesIO(_IN_MEMORY[number])) as image:
        image.thumbnail((recipe.SHOWN_SIDE,) * 2, Image.Resampling.LANCZOS, reducing_gap=2.0)
        shown = image.convert("RGB")
    jpeg, webp, thumb = io.BytesIO(), io.BytesIO(), io.BytesIO()
    shown.save(jpeg, "JPEG", quality=recipe.JPEG_QUALITY)
    shown.save(webp, "WEBP", quality=recipe.WEBP_QUALITY, method=recipe.WEBP_METHOD)
    shown.thumbnail((recipe.THUMB_SIDE,) * 2, Image.Resampling.LANCZOS, reducing_gap=2.0)
    shown.save(thumb, "JPEG", quality=recipe.THUMB_QUALITY)
    return time.process_time() - began


def bare_round(numbers: Sequence[int], paths: Sequence[Path], workers: int) -> tuple[float, float]:
    """Seconds of wall and of processor for these files; the pool is up and warm before the clock starts."""
    _IN_MEMORY[:] = [paths[number].read_bytes() for number in numbers]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        pool.map(bare, range(workers * 2), chunksize=1)
        began = time.perf_counter()
        used = sum(pool.map(bare, range(len(numbers)), chunksize=1))
        return time.perf_counter() - began, used


def platform_round(numbers: Sequence[int], port: int, workers: int) -> float:
    """Seconds for these files through the platform, everything included."""
    from uuid import uuid4

    from vitrina.catalog.models import Drop, Product, Source
    from vitrina.config import get_settings
    from vitrina.images.service import refresh_pictures
    from vitrina.objects import open_store

    settings = get_settings().model_copy(
        update={"image_allow_hosts": f"127.0.0.1:{port}", "image_host_interval_seconds": 0.0,
                "image_host_concurrency": 10, "image_workers": workers}
    )  # fmt: skip
    source, _ = Source.objects.get_or_create(slug="bench")
    key = f"bench__{numbers[0]}"
    drop = Drop.objects.create(
        key=key, source=source, name=key, path=key, digest=key, stamp="0", modified_at="2026-01-01T00:00:00Z"
    )
    Product.objects.bulk_create(
        Product(
            source=source, external_id=str(number), identity="id", title="-", row_hash=uuid4(), content_hash=uuid4(),
            drop=drop, drop_time="2026-01-01T00:00:00Z", image_urls=[f"http://127.0.0.1:{port}/{number}.jpg"],
        )
        for number in numbers
    )  # fmt: skip
    began = time.perf_counter()
    result = refresh_pictures(Product.objects.filter(drop=drop), open_store(settings), settings)
    took = time.perf_counter() - began
    if result.new_pictures != len(numbers):
        raise SystemExit(f"{result.new_pictures} of {len(numbers)} pictures came: {result.reasons}")
    return took


def children() -> float:
    """Processor seconds of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def of_process(pid: int) -> float:
    """Processor seconds of a running process."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def measure(count: int, rounds: int, workers: int) -> dict[str, object]:
    """Both sides in turns; figures for the report."""
    from vitrina.servers.testing import test_server

    with tempfile.TemporaryDirectory() as name, test_server() as server:
        folder = Path(name)
        files = folder / "files"
        files.mkdir()
        paths = draw(files, count)
        os.environ["DATABASE_URL"], os.environ["VITRINA_HOME"] = server.fresh_dsn(), str(folder / "home")
        from vitrina.project.setup import setup_django

        setup_django()
        from django.core.management import call_command

        call_command("migrate", interactive=False, verbosity=0)
        command = [sys.executable, "-m", "benchmarks.images", "--serve", str(files)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
            try:
                port = int((host.stdout or sys.stdin).readline())
                parts = [range(part, count, rounds) for part in range(rounds)]
                pairs, bare_cpu, own_cpu, all_cpu = [], 0.0, 0.0, 0.0
                for part in parts:
                    one, used = bare_round(part, paths, workers)
                    bare_cpu += used
                    before, own, server_cpu = children(), time.process_time(), of_process(host.pid)
                    pairs.append((one, platform_round(part, port, workers)))
                    own = time.process_time() - own
                    own_cpu += own
                    all_cpu += children() - before + own + of_process(host.pid) - server_cpu
            finally:
                host.terminate()
        sizes = [path.stat().st_size for path in paths]
    alone, whole = (sum(side) for side in zip(*pairs, strict=True))
    return {
        "pictures": count,
        "megabytes": f"{min(sizes) / 1e6:.1f} to {max(sizes) / 1e6:.1f}",
        "processes": workers,
        "bare_pool_per_second": round(count / alone, 2),
        "platform_per_second": round(count / whole, 2),
        "ratio": round(alone / whole, 3),
        "ratio_by_round": [round(bare_time / time_here, 3) for bare_time, time_here in pairs],
        "ratio_median": round(statistics.median(one / other for one, other in pairs), 3),
        "bare_cpu_ms_each": round(bare_cpu / count * 1000, 1),
        "platform_cpu_ms_each": round(all_cpu / count * 1000, 1),
        "of_which_this_process_ms": round(own_cpu / count * 1000, 1),
        "ratio_by_cpu": round(bare_cpu / all_cpu, 3),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--serve", type=Path)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.serve)
        return 0
    result = measure(arguments.pictures, arguments.rounds, arguments.processes)
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
