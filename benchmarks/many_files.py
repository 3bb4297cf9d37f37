"""Many small files placed at once, read to the end through the real daemon.

Run: ``python benchmarks/many_files.py [--files 10000] [--rows 2]``. A platform of its own is started in a temporary
folder and removed. The files are lists of different shops, some of them unreadable on purpose. Prints one JSON object:
seconds from the placing until the last intake run has ended, runs, the longest sensor tick, memory of all processes but
PostgreSQL
(sum of resident sets, samples of 2 s), and the proof that nothing was lost or doubled: each file one drop, each drop
asked for by one run, each row one product.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import psycopg

from vitrina.config import PROJECT_ROOT
from vitrina.servers.graphql import IN_PROGRESS, DagsterApi
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.processes import marked
from vitrina.servers.stack import Stack
from vitrina.servers.state import StackConfig

SOURCES = 20
UNREADABLE_EACH = 1000
LONGEST = 3600
_TICKS = """
query { sensorOrError(sensorSelector: {
  repositoryName: "__repository__", repositoryLocationName: "catalog", sensorName: "new_drops"}) {
  ... on Sensor { sensorState { ticks(limit: 1000) { timestamp endTimestamp status runIds } } } } }
"""


def place(home: Path, files: int, rows: int) -> int:
    """Write the files; returns how many of them cannot be read."""
    broken = 0
    for number in range(files):
        folder = home / "objects" / "drops" / f"shop-{number % SOURCES}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{number}-{row};Крем для рук {number} {row};{100 + row};RUB" for row in range(rows)]
        text = "id;name;price;currency\n" + "\n".join(lines) + "\n"
        if number % UNREADABLE_EACH == 7:
            text, broken = "\0\1\2 no list at all", broken + 1
        (folder / f"list-{number:05d}.csv").write_text(text, encoding="utf-8")
    return broken


def memory(mark: str) -> int:
    """Resident sets of all processes of the platform but PostgreSQL, in bytes."""
    total = 0
    for process in marked(mark):
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total


def states(dsn: str) -> Counter[str]:
    """Drops by state."""
    with psycopg.connect(dsn) as connection:
        return Counter(dict(connection.execute("SELECT state, count(*) FROM catalog_drop GROUP BY state").fetchall()))


def longest_tick(api: DagsterApi) -> float:
    """Seconds of the longest tick of the sensor."""
    ticks = api.ask(_TICKS)["sensorOrError"]["sensorState"]["ticks"]
    return max((tick["endTimestamp"] or time.time()) - tick["timestamp"] for tick in ticks)


def proof(dsn: str, api: DagsterApi) -> dict[str, Any]:
    """What the tables and the run storage say afterwards."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT (SELECT count(DISTINCT path) FROM catalog_drop), (SELECT count(*) FROM catalog_drop), "
            "(SELECT count(*) FROM catalog_product), (SELECT count(DISTINCT run_id) FROM catalog_drop)"
        ).fetchone()
    files, drops, products, runs = row or (0, 0, 0, 0)
    intake = [run for run in api.runs(limit=5000) if run.job == "intake"]
    keys = Counter(run.tags.get("dagster/run_key") for run in intake)
    return {
        "files": files,
        "drops": drops,
        "products": products,
        "runs_that_read": runs,
        "intake_runs": dict(Counter(run.status for run in intake)),
        "run_keys_twice": sum(1 for count in keys.values() if count > 1),
    }


def measure(home: Path, files: int, rows: int) -> dict[str, Any]:
    stack = Stack(StackConfig(home, PROJECT_ROOT, port=0, purpose="up"), say=lambda text: print(text, file=sys.stderr))  # noqa: T201
    try:
        state = stack.start()
        dsn = EmbeddedPostgres(home).connection().dsn_socket()
        began = time.monotonic()
        broken = place(home, files, rows)
        placed = time.monotonic() - began
        peak = 0
        while True:
            peak = max(peak, memory(state.mark))
            done = states(dsn)
            if done["parsed"] + done["unreadable"] == files:
                break
            if time.monotonic() - began > LONGEST:
                raise SystemExit(f"not read after {LONGEST} s: {done}")
            if int(time.time()) % 30 < 2:
                print(f"{time.monotonic() - began:.0f} s: {dict(done)}", file=sys.stderr)  # noqa: T201
            time.sleep(2)
        while any(run.job == "intake" for run in stack.api.runs(*IN_PROGRESS, limit=5000)):
            time.sleep(1)
        wall = time.monotonic() - began
        return {
            "files": files,
            "rows_each": rows,
            "broken_on_purpose": broken,
            "states": dict(done),
            "placing_s": round(placed, 1),
            "read_s": round(wall, 1),
            "files_per_s": round(files / wall, 1),
            "longest_tick_s": round(longest_tick(stack.api), 1),
            "memory_mb": peak // 2**20,
            "load": round(os.getloadavg()[0], 1),
            "proof": proof(dsn, stack.api),
        }
    finally:
        stack.stop()
        EmbeddedPostgres(home).remove_data()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrina-files-") as name:
        home = Path(name)
        home.chmod(0o711)
        print(json.dumps(measure(home, given.files, given.rows), ensure_ascii=False))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
