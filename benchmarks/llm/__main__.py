"""All bars of the gateway in one run: ``python -m benchmarks.llm [S1 S2 …] [--quick] [--no-peers]``.

Belongs here: the command line, the table, ``benchmarks/out/llm.json``. A bar that is missed is said and is no error: a
busy machine misses bars of wall time, and its load stands in every row.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.llm.measure import Bench, Row
from benchmarks.llm.processes import OUT, Server, databases
from benchmarks.llm.scenarios import SCENARIOS

_COLUMNS = ("scenario", "client", "calls", "wall", "ratio", "CPU ms", "requests", "lost", "paid 2x", "load", "bars")


def cells(row: Row) -> list[str]:
    """A row of the table."""
    if "absent" in row:
        return [row["scenario"], row["client"], "", "", "", "", "", "", "", "", row["absent"]]
    missed = [f"{bar['name']} {bar['value']} > {bar['limit']:g}" for bar in row.get("bars", ()) if not bar["held"]]
    bars = "" if "bars" not in row else "missed: " + ", ".join(missed) if missed else "held"
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
    figures = (row["calls"], f"{row['wall_s']:.1f}", ratio, f"{row['cpu_ms']:.2f}", row["requests"], row["lost"])
    return [row["scenario"], row["client"], *map(str, figures), str(row["paid_twice"]), str(row["load"]), bars]


def table(rows: list[Row]) -> str:
    """All rows, as Markdown."""
    lines = [_COLUMNS, ["---"] * len(_COLUMNS), *(cells(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _say(row: Row) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Runs the scenarios that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.llm", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="a fifth of the calls, one round")
    parser.add_argument("--no-peers", action="store_true", help="only the gateway")
    given = parser.parse_args()
    names = [name.upper() for name in given.names] or list(SCENARIOS)
    if unknown := set(names) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    began, load = time.monotonic(), os.getloadavg()[0]
    with Server() as server, databases() as made:
        bench = Bench(server, made, _say, quick=given.quick, peers=not given.no_peers)
        for name in names:
            SCENARIOS[name](bench)
    told: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_s": round(time.monotonic() - began),
        "load_before": round(load, 1),
        "cores": os.cpu_count(),
        "quick": given.quick,
        "missed": sum(not bar["held"] for row in bench.rows for bar in row.get("bars", ())),
        "rows": bench.rows,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "llm.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stderr.write(table(bench.rows) + f"\n\n{told['took_s']} s, load {load:.1f} before; {OUT / 'llm.json'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
