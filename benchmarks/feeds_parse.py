"""How fast a text table becomes products, and how much memory that takes.

Run: ``python benchmarks/feeds_parse.py [FILE] [--rows 60000]``. Without a file, a list of the given length is made up
in the shape of a marketplace export (title, price text, reviews, delivery, link). Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, SourceConfig


def made_up(path: Path, rows: int) -> None:
    """Write a list in which every fifth row repeats an earlier product."""
    with path.open("w", encoding="utf-8") as stream:
        for number in range(rows):
            article = 100_000_000 + (number if number % 5 else number // 2)
            stream.write(
                f'"Рубашка мужская хлопковая, модель {number % 997}",{number % 900 + 99}\u2009₽,{number % 300} отзывов,'
                f'"Завтра доставит Ozon, продавец Лавка {number % 400}",'
                f"https://shop.example/product/rubashka-muzhskaya-hlopkovaya-{article}/?asb={'x' * 120}{number}\n"
            )


def main() -> int:
    """Measure three readings and report the best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=60_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file
        if path is None:
            path = Path(folder) / "made-up.csv"
            made_up(path, arguments.rows)
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            drop = read_drop([DropFile(path, path.name)], SourceConfig())
            best = min(best, time.perf_counter() - start)
    result = {
        "rows": drop.report.rows,
        "accepted": drop.report.accepted,
        "merged": drop.report.merged,
        "seconds": round(best, 3),
        "microseconds_per_row": round(best / drop.report.rows * 1e6, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
