"""Seconds and runs of a backfill of many drops, launched as the UI does it, through a running daemon.

``python -m benchmarks.backfill [--drops 50]``. Starts a platform of its own in a temporary folder, hands in small
drops, waits until their chain has run by itself, then launches a backfill of the whole chain over all of them by
GraphQL and waits for its last run. The daemon looks for backfills every 30 s: most of the time is that wait.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vitrina.servers.graphql import IN_PROGRESS, DagsterApi
from vitrina.servers.postgres import EmbeddedPostgres
from vitrina.servers.stack import Stack
from vitrina.servers.state import StackConfig

REPOSITORY = Path(__file__).resolve().parents[1]
CHAIN = ("parsed_products", "product_vectors", "product_categories", "product_descriptions", "moderation")

_LAUNCH = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) { __typename
  ... on PartitionBackfill { status error { message } runs(limit: 500) { runId status startTime endTime } } } }"""
_KEYS = """query { assetNodes(assetKeys: [{path: ["moderation"]}]) {
  partitionKeys assetPartitionStatuses { ... on DefaultPartitionStatuses { materializedPartitions } } } }"""


def say(text: str) -> None:
    """Progress on stderr."""
    sys.stderr.write(f"{text}\n")


def place(home: Path, drops: int, rows: int) -> None:
    """The samples' reference data, and small drops of one source each."""
    for name in ("categories.yaml", "templates.yaml"):
        target = home / "objects" / "reference" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / "samples" / name, target)
    for number in range(drops):
        folder = home / "objects" / "drops" / f"shop-{number:03}"
        folder.mkdir(parents=True)
        lines = [
            f"{n},Футболка мужская хлопковая Vega {number} {n},Vega,{500 + n},RUB,хлопок,синий" for n in range(rows)
        ]
        (folder / "list.csv").write_text("id,title,brand,price,currency,material,color\n" + "\n".join(lines) + "\n")


def waited(what: str, seconds: float, ask: Any) -> Any:
    """Poll until there is an answer."""
    deadline = time.monotonic() + seconds
    while (answer := ask()) is None:
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not within {seconds:.0f} s")
        time.sleep(1)
    return answer


def made(api: DagsterApi, drops: int) -> list[str] | None:
    """All partition keys, once each drop has been moderated and nothing runs."""
    node = api.ask(_KEYS)["assetNodes"][0]
    done = node["assetPartitionStatuses"].get("materializedPartitions") or []
    return node["partitionKeys"] if len(done) == drops and not api.runs(*IN_PROGRESS) else None


def backfill(api: DagsterApi, keys: list[str]) -> dict[str, float | int | str]:
    """Launch and wait; seconds from launch to the end of the last run, and the number of runs."""
    began = time.time()
    params = {"partitionNames": keys, "assetSelection": [{"path": [name]} for name in CHAIN], "tags": []}
    launched = api.ask(_LAUNCH, params=params)["launchPartitionBackfill"]
    if launched["__typename"] != "LaunchBackfillSuccess":
        raise SystemExit(str(launched))

    def ended() -> dict[str, Any] | None:
        state = api.ask(_STATUS, id=launched["backfillId"])["partitionBackfillOrError"]
        return state if state["status"].startswith(("COMPLETED", "FAILED", "CANCELED")) else None

    state = waited("the backfill", 600, ended)
    runs = state["runs"]
    if state["status"] != "COMPLETED_SUCCESS":
        raise SystemExit(f"{state['status']}: {state['error']} {runs}")
    return {
        "status": state["status"],
        "runs": len(runs),
        "launch_to_first_start_s": round(min(run["startTime"] for run in runs) - began, 1),
        "launch_to_last_end_s": round(max(run["endTime"] for run in runs) - began, 1),
        "launch_to_status_s": round(time.time() - began, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drops", type=int, default=50)
    parser.add_argument("--rows", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrina-backfill-") as name:
        home = Path(name)
        home.chmod(0o711)
        place(home, given.drops, given.rows)
        stack = Stack(StackConfig(home, REPOSITORY, port=0, purpose="up"), say=say)
        try:
            began = time.monotonic()
            stack.start()
            up = time.monotonic() - began
            keys = waited("the first way through the chain", 900, lambda: made(stack.api, given.drops))
            first = time.monotonic() - began - up
            first_runs = len(stack.api.runs())
            result = backfill(stack.api, keys)
        finally:
            stack.stop()
            EmbeddedPostgres(home).remove_data()
    print(f"drops {given.drops}, rows each {given.rows}; stack up in {up:.0f} s")  # noqa: T201 - a benchmark's output
    print(f"by sensor and automation: {first:.0f} s, {first_runs} runs")  # noqa: T201
    print("backfill:", ", ".join(f"{key} {value}" for key, value in result.items()))  # noqa: T201


if __name__ == "__main__":
    main()
