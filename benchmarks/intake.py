"""How long a drop takes from its file to committed products, against a bare COPY of its text.

Run: ``python benchmarks/intake.py [FILE] [--rounds 3]``. Without a file, a list in the shape of a marketplace export is
made up. A PostgreSQL of its own is started and removed. Prints one JSON object: seconds of the bare COPY of the file's
raw text into an unindexed table, of the first intake (keys, quarantine, fingerprints), their ratio, of the same file
again with the WAL it wrote, and the peak memory.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from vitrina.servers.testing import test_server


def bare_copy(dsn: str, path: Path) -> float:
    """Seconds of COPY of the lines as they are, decompression included."""
    opener = gzip.open if path.suffix == ".gz" else open
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS raw_lines")
        connection.execute("CREATE TABLE raw_lines (line text)")
        start = time.perf_counter()
        # Quote and delimiter are characters that no text has, so that every line is one value.
        statement = "COPY raw_lines FROM STDIN (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"
        with opener(path, "rb") as source, connection.cursor() as cursor, cursor.copy(statement) as copy:
            while chunk := source.read(1 << 20):
                copy.write(chunk)
        return time.perf_counter() - start


def wal(dsn: str) -> int:
    """Position in the WAL, in bytes."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint").fetchone()
    return int(row[0]) if row else 0


def measure(dsn: str, home: Path, file: Path, rounds: int) -> dict[str, Any]:
    """All figures of one file."""
    os.environ |= {"DATABASE_URL": dsn, "VITRINA_HOME": str(home)}
    from vitrina.config import get_settings
    from vitrina.objects import open_store
    from vitrina.project.setup import migrate

    get_settings.cache_clear()
    migrate()
    from django.db import connection

    from vitrina.catalog.intake import take_in
    from vitrina.catalog.models import Drop
    from vitrina.catalog.registry import look, register

    settings = get_settings()
    target = settings.objects_folder / "drops" / "bench" / file.name
    target.parent.mkdir(parents=True)
    shutil.copyfile(file, target)
    store = open_store(settings)
    first = look(store, settings, {})
    later = {path: f"{value.partition('@')[0]}@0" for path, value in first.settling.items()}
    register(look(store, settings, later).found, each_below=1, range_size=1)
    drop = Drop.objects.select_related("source").get()
    figures: dict[str, Any] = {"file_sha256": hashlib.sha256(file.read_bytes()).hexdigest()[:12]}
    copies, intakes, again = [], [], []
    written = 0
    for _ in range(rounds):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE catalog_product, catalog_quarantinedrow CASCADE")
            cursor.execute("CHECKPOINT")
        copies.append(bare_copy(dsn, file))
        start = time.perf_counter()
        result = take_in(drop, store, settings)
        intakes.append(time.perf_counter() - start)
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        position, start = wal(dsn), time.perf_counter()
        second = take_in(drop, store, settings)
        again.append(time.perf_counter() - start)
        written = max(written, wal(dsn) - position)
        if (second.new, second.changed) != (0, 0):
            raise SystemExit("the second intake changed rows")
    ratios = [i / c for i, c in zip(intakes, copies, strict=True)]
    return figures | {
        "rows": result.rows,
        "accepted": result.accepted,
        "bare_copy_s": round(median(copies), 3),
        "intake_s": round(median(intakes), 3),
        "ratio": round(median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "again_s": round(min(again), 3),
        "again_wal_bytes": written,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=60_000, help="rows of the made-up list")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, test_server() as server:
        file = arguments.file
        if file is None:
            from benchmarks.feeds_parse import made_up

            file = Path(folder) / "made-up.csv"
            made_up(file, arguments.rows)
        dsn = server.connection.dsn_socket(server.fresh_database())
        with psycopg.connect(dsn, autocommit=True) as session:
            session.execute("CREATE EXTENSION IF NOT EXISTS vector")
        sys.stdout.write(json.dumps(measure(dsn, Path(folder) / "home", file, arguments.rounds)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
