"""What Dagster is doing now, asked over GraphQL in three questions.

What belongs here: turning its answers into the plain values of ``idle``. What stays out: judging them, showing them.
"""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.servers.graphql import IN_PROGRESS, DagsterApi, Run

_ASSETS = """{ assetNodes { assetKey { path } dependencyKeys { path } automationCondition { label }
  assetMaterializations(limit: 1) { timestamp } } }"""
_SENSORS = """{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name }
  sensors { name minIntervalSeconds sensorState { status ticks(limit: 8) { timestamp status } } } } } } }"""
_BACKFILLS = """{ partitionBackfillsOrError(limit: 20) {
  ... on PartitionBackfills { results { id status timestamp assetSelection { path } error { message } } } } }"""

BUSY_BACKFILLS = {"REQUESTED", "CANCELING", "FAILING"}
SLOWEST_SENSOR = 45  # seconds; those that look more rarely are not part of the main chain

STAND_IN = 12.0  # seconds; more than twice the interval of the sensors of the main chain


@dataclass(frozen=True, slots=True)
class Assets:
    """Assets of all locations by their key (parts joined by ``/``); times are seconds since the epoch."""

    made: dict[str, float | None]
    inputs: dict[str, tuple[str, ...]]
    automated: frozenset[str]


def assets(api: DagsterApi) -> Assets:
    """When each asset was last made, and from what."""
    made: dict[str, float | None] = {}
    inputs: dict[str, tuple[str, ...]] = {}
    automated = set()
    for node in api.ask(_ASSETS)["assetNodes"]:
        key = "/".join(node["assetKey"]["path"])
        events = node["assetMaterializations"]
        made[key] = max(made.get(key) or 0.0, int(events[0]["timestamp"]) / 1000) if events else made.get(key)
        inputs[key] = tuple("/".join(other["path"]) for other in node["dependencyKeys"]) or inputs.get(key, ())
        if node["automationCondition"] is not None:
            automated.add(key)
    return Assets(made, inputs, frozenset(automated))


def sensor_ticks(api: DagsterApi, *, since: float, now: float) -> dict[str, tuple[float, ...]]:
    """Start times of finished ticks of every running sensor that looks often.

    Dagster files ticks under the address that a location had when its sensor first ran, and shows none when that
    has changed; then the clock stands in, with a tick every ``STAND_IN`` seconds between ``since`` and ``now``.
    """
    clock = tuple(since + STAND_IN * n for n in range(1, int((now - since) / STAND_IN) + 1))
    found = {}
    for repository in api.ask(_SENSORS)["repositoriesOrError"].get("nodes", []):
        for sensor in repository["sensors"]:
            state = sensor["sensorState"]
            if state["status"] != "RUNNING" or (sensor["minIntervalSeconds"] or 30) > SLOWEST_SENSOR:
                continue
            ticks = tuple(float(tick["timestamp"]) for tick in state["ticks"] if tick["status"] != "STARTED")
            found[f"{repository['location']['name']}/{sensor['name']}"] = ticks or clock
    return found


def backfills_in_progress(api: DagsterApi) -> int:
    """Backfills that are not at an end."""
    results = api.ask(_BACKFILLS)["partitionBackfillsOrError"].get("results", [])
    return sum(backfill["status"] in BUSY_BACKFILLS for backfill in results)


def failed_backfills(api: DagsterApi, since: float) -> list[tuple[str, str, str]]:
    """Id, assets and message of backfills begun since then that failed before they made a run."""
    found = []
    for backfill in api.ask(_BACKFILLS)["partitionBackfillsOrError"].get("results", []):
        if backfill["status"] == "FAILED" and float(backfill["timestamp"]) >= since:
            names = ", ".join("/".join(key["path"]) for key in backfill["assetSelection"] or [])
            message = (backfill["error"] or {}).get("message") or "no message"
            found.append((str(backfill["id"]), names, message.strip().splitlines()[0][:500]))
    return found


def runs_in_progress(api: DagsterApi) -> list[Run]:
    """Queued runs and those that work."""
    return api.runs(*IN_PROGRESS)


def last_change(api: DagsterApi) -> float:
    """When a run last changed its state; 0 when there is none."""
    return max((run.updated or 0.0 for run in api.runs(limit=30)), default=0.0)


def failed_runs(api: DagsterApi, since: float) -> list[Run]:
    """Runs that failed since then and are not tried again."""
    failed = api.runs("FAILURE", updated_after=since)
    return [run for run in failed if run.tags.get("dagster/will_retry") != "true"]
