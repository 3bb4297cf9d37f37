"""Seconds of each tick of ``new_drops`` while many files arrive at once; the limit of a tick is 60 s.

``python -m benchmarks.sensor_ticks [--files 10000]``. A PostgreSQL of its own for the platform and one for Dagster's
storage, the sensor's function called as the daemon calls it, until every file is a partition and stands in one run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    given = parser.parse_args()
    from vitrina.servers.testing import test_server

    with test_server() as server, tempfile.TemporaryDirectory(prefix="vitrina-ticks-") as name:
        home = Path(name)
        os.environ |= {"DATABASE_URL": server.fresh_dsn(), "VITRINA_HOME": name, "DROP_SETTLE_SECONDS": "0"}
        from tests.fakes.catalogue import Ticker, keys_of, postgres_instance
        from vitrina.project.setup import migrate

        migrate()
        for number in range(given.files):
            folder = home / "objects" / "drops" / f"shop-{number % 40}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number:06}.csv").write_text(f"id,title,price\n{number},Товар {number},{number + 1}\n")
        with postgres_instance(home / "dagster", server.fresh_dsn()) as instance:
            ticker = Ticker("new_drops", instance)
            asked: Counter[str] = Counter()
            ticks: list[float] = []
            runs = idle = 0
            while idle < 2:
                began = time.perf_counter()
                requests = ticker.tick()
                ticks.append(time.perf_counter() - began)
                runs += len(requests)
                for request in requests:
                    asked.update(keys_of(request, instance))
                idle = idle + 1 if len(asked) == given.files and not requests else 0
                told = (
                    f"tick {len(ticks)}: {ticks[-1]:.2f} s, {len(requests)} runs, cursor {len(ticker.cursor or '')} B"
                )
                print(told, file=sys.stderr)  # noqa: T201
                if len(ticks) > 100:
                    raise SystemExit("not all files were asked for")
        twice = sum(count > 1 for count in asked.values())
        print(  # noqa: T201 - a benchmark's output
            f"{given.files} files: {len(ticks)} ticks, the longest {max(ticks):.2f} s, the last (nothing new) "
            f"{ticks[-1]:.2f} s; {runs} runs, {len(asked)} drops asked for, {twice} twice"
        )


if __name__ == "__main__":
    main()
